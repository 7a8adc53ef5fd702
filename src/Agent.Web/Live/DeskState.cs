using System.Collections.Immutable;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Live;

/// <summary>All that the live feed has told this page. Pure: a message in, the next state out.</summary>
/// <param name="Draft">Fields of the running call's draft, newest version of each.</param>
/// <param name="DoneElsewhere">What another tab of the same person did last, until the next call.</param>
sealed record DeskState(
    AgentStateView? Me, TodayView? Today, PopView? Pop, LiveCallView? Call, ImmutableDictionary<string, DraftFieldView> Draft,
    DoneElsewhereEvent? DoneElsewhere, OfferEvent? LastOffer, ImmutableDictionary<string, PbxEventView> Pbxs,
    BoardFiguresView? Figures, ImmutableArray<WaitingCallView> Waiting, ImmutableSortedDictionary<string, AgentTileView> Agents, bool RouterAway)
{
    /// <summary>They were set away while no page of theirs was there; the return makes them ready at once, so it is told until they have read it or take a call.</summary>
    public bool WentAway { get; init; }

    /// <summary>The last call out that nobody took, until the next call.</summary>
    public CallOutEvent? LastOut { get; init; }

    /// <summary>Open questions for extensions, of which this person is one side.</summary>
    public ImmutableDictionary<Guid, SeatAskView> SeatAsks { get; init; } = ImmutableDictionary<Guid, SeatAskView>.Empty;

    /// <summary>How the last one ended, until the next.</summary>
    public SeatEvent? LastSeat { get; init; }

    /// <summary>The script that came last, and of which call: events of that call do not repeat it.</summary>
    public (Guid Call, ScriptChoiceView Script)? LastScript { get; init; }

    /// <summary>A script that is said to be here is not: only a snapshot brings it.</summary>
    public bool NeedsSnapshot => Call is { ScriptKept: true, Script: null };

    public static DeskState Empty { get; } = new(
        null, null, null, null, ImmutableDictionary<string, DraftFieldView>.Empty, null, null, ImmutableDictionary<string, PbxEventView>.Empty,
        null, [], ImmutableSortedDictionary<string, AgentTileView>.Empty.WithComparers(StringComparer.Ordinal), false);

    /// <summary>True once the first snapshot is in: before it the page shows the shape of what comes.</summary>
    public bool Loaded => Me is not null;

    /// <summary>The other tab has answered or refused what rings here.</summary>
    public bool PopTaken => Pop is { } pop && DoneElsewhere is { Action: "answer" or "hang_up" } done && done.CallId == pop.CallId;

    /// <summary>What the other tab did about where this person sits and whether calls come: it concerns no call.</summary>
    public bool PresenceElsewhere => DoneElsewhere is { Action: "sign_in" or "take_over" or "sign_out" or "sign_out_after" or "keep_on" or "ready" or "pause" };

    /// <summary>They have read that they were set away.</summary>
    public DeskState AwayRead() => this with { WentAway = false };

    /// <summary>They do something here: what the other tab did before is of the past.</summary>
    public DeskState ActsHere() => PresenceElsewhere ? this with { DoneElsewhere = null } : this;

    public DeskState Apply(FeedMessage message)
    {
        var next = message.Snapshot ? FromSnapshot(message) : this;
        foreach (var e in message.Events)
            next = next.Apply(e);
        return next;
    }

    DeskState FromSnapshot(FeedMessage message)
    {
        var desk = message.Desk;
        var board = message.Board;
        return Empty with
        {
            Me = desk?.State,
            Today = desk?.Today,
            Pop = desk?.Pop,
            Call = desk?.Call,
            Draft = Fields(desk?.Call, keep: Call?.CallId == desk?.Call?.CallId ? Draft : null),
            RouterAway = desk?.RouterAway ?? false,
            WentAway = (WentAway || IsAway(desk?.State)) && desk?.Call is null or { State: "Ended" },
            SeatAsks = (desk?.SeatAsks ?? []).ToImmutableDictionary(a => a.AskId),
            Pbxs = (board?.Pbxs ?? desk?.Pbxs ?? []).ToImmutableDictionary(p => p.Node, StringComparer.Ordinal),
            Figures = board?.Figures,
            Waiting = [.. board?.Waiting ?? []],
            Agents = (board?.Agents ?? []).ToImmutableSortedDictionary(Key, a => a, StringComparer.Ordinal),
        };
    }

    DeskState Apply(LiveEvent e) => e switch
    {
        // A pop that comes after its call was taken has nothing to offer any more.
        PopEvent { Pop: var pop } when Call is { State: "Talking" } && Call.CallId == pop.CallId => this with { LastScript = Came(pop.CallId, pop.Script) },
        PopEvent { Pop: var pop } => this with { Pop = pop, LastScript = Came(pop.CallId, pop.Script), LastOffer = null, LastOut = null, DoneElsewhere = null },
        OfferEvent offer => Take(offer),
        CallEvent { Call: var call } => Take(call),
        CallOutEvent over => this with { LastOut = over, LastOffer = null, Call = Call?.CallId == over.CallId ? null : Call },
        MyStateEvent me => this with
        {
            Me = me.State,
            Today = me.Today,
            WentAway = WentAway || IsAway(me.State),
            Call = IsFree(me.State) ? null : Call,
            // Who sits elsewhere now need not read any more that they did not get a place.
            LastSeat = LastSeat is { Outcome: "Refused" or "InCall" or "Withdrawn" } && me.State.Extension != Me?.Extension ? null : LastSeat,
        },
        CardEvent card => Take(card),
        DraftEvent draft when draft.CallId == Call?.CallId => this with { Draft = Newest(Draft, draft.Field) },
        DoneElsewhereEvent done => this with { DoneElsewhere = done },
        SeatEvent { Outcome: null, Ask: var ask } => this with { SeatAsks = SeatAsks.SetItem(ask.AskId, ask), LastSeat = null },
        SeatEvent seat => this with { SeatAsks = SeatAsks.Remove(seat.Ask.AskId), LastSeat = seat },
        AgentEvent { Agent: var agent } => this with { Agents = Agents.SetItem(Key(agent), agent) },
        BoardEvent board => this with { Figures = board.Figures, Waiting = [.. board.Waiting] },
        PbxEventView pbx => this with { Pbxs = Pbxs.SetItem(pbx.Node, pbx) },
        _ => this,
    };

    DeskState Take(OfferEvent offer)
    {
        if (Pop?.OfferId != offer.OfferId)
            return this;
        return offer.Outcome is null
            ? this with { Pop = Pop with { Ringing = offer.Ringing }, LastOffer = offer }
            : this with { Pop = null, LastOffer = offer };
    }

    (Guid, ScriptChoiceView)? Came(Guid call, ScriptChoiceView? script) => script is null ? LastScript : (call, script);

    ScriptChoiceView? Kept(Guid call) => LastScript?.Call == call ? LastScript?.Script : Call?.CallId == call ? Call.Script : Pop?.CallId == call ? Pop.Script : null;

    DeskState Take(LiveCallView call)
    {
        var same = Call?.CallId == call.CallId;
        return this with
        {
            Call = call.ScriptKept ? call with { Script = Kept(call.CallId) } : call,
            LastScript = Came(call.CallId, call.Script),
            LastOut = null,
            WentAway = WentAway && call.State == "Ended",
            Pop = Pop?.CallId == call.CallId && call.State is "Talking" or "Ended" ? null : Pop,
            Draft = Fields(call, same ? Draft : null),
            DoneElsewhere = DoneElsewhere?.CallId == call.CallId ? DoneElsewhere : null,
        };
    }

    DeskState Take(CardEvent card) => this with
    {
        Pop = Pop?.CallId == card.CallId ? Pop with { Lookup = card.Lookup, Card = card.Card, Candidates = card.Candidates, Script = card.Script ?? Pop.Script } : Pop,
        Call = Call?.CallId == card.CallId ? Call with { Lookup = card.Lookup, Card = card.Card, Candidates = card.Candidates, Script = card.Script ?? Call.Script } : Call,
        LastScript = Came(card.CallId, card.Script),
    };

    static bool IsAway(AgentStateView? state) => state is { State: "Away", Reason: "page_gone" };

    static bool IsFree(AgentStateView state) => state.State is "Ready" or "Paused" or "Away" or "SignedOut";

    static string Key(AgentTileView agent) => $"{agent.Name}\0{agent.AgentId:N}";

    static ImmutableDictionary<string, DraftFieldView> Fields(LiveCallView? call, ImmutableDictionary<string, DraftFieldView>? keep)
    {
        var fields = keep ?? ImmutableDictionary<string, DraftFieldView>.Empty;
        foreach (var field in call?.Draft ?? [])
            fields = Newest(fields, field);
        return fields;
    }

    /// <summary>Versions grow on the server: an older one that comes late never wins.</summary>
    static ImmutableDictionary<string, DraftFieldView> Newest(ImmutableDictionary<string, DraftFieldView> fields, DraftFieldView field) =>
        fields.TryGetValue(field.Field, out var known) && known.Version >= field.Version ? fields : fields.SetItem(field.Field, field);
}
