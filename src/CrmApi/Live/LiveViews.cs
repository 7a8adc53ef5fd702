using System.Collections.Immutable;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Reports;
using CallCrm.Engine;
using Microsoft.Extensions.Options;
using Numbers = CallCrm.CallFlow.PhoneNumbers;

namespace CallCrm.CrmApi.Live;

/// <summary>State, names and cards become what the page shows.</summary>
internal sealed class LiveViews(LiveFacts facts, CallScripts scripts, RoleBook roles, SiteClock clock, IOptions<SiteOptions> site)
{
    readonly bool showsListeners = site.Value.Listening == Listening.Shown;

    LiveNames Names => facts.Names;

    public NamedCode? Campaign(string? code) => Names.Campaign(code);

    public PopView Pop(LiveOffer offer, LiveCall call, Dress dress)
    {
        var number = Names.Number(call.Dialled);
        var handed = offer.Rule is RouteRule.Transfer or RouteRule.Consult or RouteRule.TransferBack;
        DraftFieldView[] draft = handed ? [.. dress.DraftOf(call.Id, offer.Agent, Names)] : [];
        return new PopView(offer.Id, call.Id, facts.Number(call.Id), offer.At, offer.Ring_s, Seconds(offer.At - (call.QueuedAt ?? call.StartedAt)), Caller(call), Lookup(call),
            Names.Queue(offer.Queue), number?.Name, scripts.Greeting(call, offer.Agent, Card(call, offer.Agent, dress)), Reason(call.Decision, offer.Rule, offer.Agent),
            Card(call, offer.Agent, dress), Candidates(call, dress), scripts.For(call, offer.Agent, Card(call, offer.Agent, dress)), offer.Device, offer.CanAnswer, offer.CanHold, offer.Rang,
            handed ? Transfer(call, offer.Agent) : null, draft.Where(f => f.By is not null).ToArray() is { Length: > 0 } notes ? notes : null, draft.FirstOrDefault(f => f.Field == DraftStore.PathField)?.Value);
    }

    public LiveCallView Call(LiveState state, LiveCall call, Guid agentId, Dress dress)
    {
        // Who handed the call on wraps up while it goes on with another.
        var agent = state.Agent(agentId);
        var over = call.State == CallState.Ended || (agent.State == AgentState.WrapUp && agent.Call == call.Id);
        return new LiveCallView(call.Id, facts.Number(call.Id), call.Direction.ToString(), (over ? CallState.Ended : call is { State: CallState.Routing, ClientCalled: true } ? CallState.Ringing : call.State).ToString(), OtherSide(call, agent), Lookup(call),
            Names.Queue(call.Queue), Names.Number(call.Dialled)?.Name, call.StartedAt, call.AnsweredAt, over ? null : call.HeldSince, call.EndedAt ?? (over ? agent.Since : null),
            call.Outcome?.ToString(), call.By?.ToString(), CallFigures.Shown_s(call.Wait_ms ?? 0), call.Decision is { } decision ? Reason(decision, decision.Rule, decision.Agent) : null,
            Card(call, agentId, dress), Candidates(call, dress), scripts.For(call, agentId, Card(call, agentId, dress)), call.CanAnswer, call.Holders.ContainsValue(agentId), call.Recorded, [.. dress.DraftOf(call.Id, agentId, Names)], call.Node, call.Routed,
            scripts.Greeting(call, agentId, Card(call, agentId, dress)), Transfer(call, agentId),
            showsListeners && !over && call.Listeners.Length > 0 ? [.. call.Listeners.Select(l => Names.Person(l.By) ?? "…")] : null, Names.Campaign(call.Campaign));
    }

    TransferView? Transfer(LiveCall call, Guid agent) => call.Transfer is not { } t ? null : new TransferView(t.Step.ToString(), t.Transfer == TransferKind.Attended, t.FromAgent == agent,
        Names.Person(t.FromAgent), Names.Person(t.ToAgent), Names.Queue(t.ToQueue), t.Number is { } number ? Numbers.Format(number, "en") : null, t.Reason);

    /// <summary>A colleague whom they called, too.</summary>
    static CallerView OtherSide(LiveCall call, LiveAgent agent) =>
        call.Direction == CallDirection.Internal && call.Caller.Raw == agent.Extension && call.Dialled.Raw.Length > 0 ? Caller(call.Dialled, "") : Caller(call);

    public CardEvent CardChanged(LiveCall call, Guid agent, Dress dress, DateTimeOffset at) =>
        new(call.Id, Lookup(call), Card(call, agent, dress), Candidates(call, dress), scripts.For(call, agent, Card(call, agent, dress))) { At = at };

    public AgentStateView State(LiveAgent agent) => new(agent.State.ToString(), agent.Reason, agent.Node, agent.Extension, agent.Since, agent.Until, agent.Call,
        agent.State == AgentState.WrapUp && !agent.Extended, agent.Leaves);

    public TodayView Today(LiveState state, LiveAgent agent)
    {
        var today = state.Day == clock.Today ? agent.Today : default;
        return new TodayView(today.Calls, (int)(today.Talk_ms / 1000), (int)(today.WrapUp_ms / 1000), today.Missed,
            [.. (today.Pauses ?? ImmutableSortedDictionary<string, long>.Empty).Select(p => new PauseUseView(p.Key, (int)(p.Value / 1000)))], clock.DayStart);
    }

    public AgentTileView? Tile(LiveState state, Guid id)
    {
        if (!Names.People.TryGetValue(id, out var person)) return null;
        var agent = state.Agent(id);
        var call = agent.Call is { } callId ? state.Calls.GetValueOrDefault(callId) : null;
        var today = Today(state, agent);
        var listeners = call?.Listeners.Where(l => l.Agent == id).Select(l => new ListenerView(l.By, Names.Person(l.By) ?? "…")).ToArray() ?? [];
        var heard = state.Calls.Values.SelectMany(c => c.Listeners).FirstOrDefault(l => l.By == id).Agent;
        return new AgentTileView(id, person.Name, agent.State.ToString(), agent.Reason, agent.Extension, agent.Since, agent.Call, facts.ClientName(call?.Client), person.Queues, today.Calls, agent.Node,
            call is { Routed: false } && agent.State is AgentState.Talking or AgentState.Ringing, today.Pauses, today.DayStart,
            listeners.Length > 0 ? listeners : null, Names.Person(heard));
    }

    public SeatAskView SeatAsk(LiveSeatAsk ask) => new(ask.Id, ask.Node, ask.Extension, ask.Agent, Names.Person(ask.Agent) ?? "…", ask.Holder, Names.Person(ask.Holder) ?? "…", ask.Until);

    public PbxEventView Pbx(LivePbx pbx) => new(pbx.Node, pbx.Connected, pbx.Since, pbx.Reason) { At = pbx.Since };

    public DeskView Desk(LiveState state, Guid agentId, Dress dress, bool routerAway)
    {
        var agent = state.Agent(agentId);
        var offer = state.OfferOf(agentId);
        var pop = offer is not null && state.Calls.TryGetValue(offer.Call, out var offered) ? Pop(offer, offered, dress) : null;
        var call = state.CallOf(agentId) is { } mine ? Call(state, mine, agentId, dress) : null;
        return new DeskView(State(agent), Today(state, agent), pop, call, [.. state.Pbxs.Values.Select(Pbx)], routerAway,
            [.. state.SeatAsks.Values.Where(a => a.Agent == agentId || a.Holder == agentId).OrderBy(a => a.Until).Select(SeatAsk)]);
    }

    public IReadOnlyList<WaitingCallView> Waiting(LiveState state) =>
    [
        .. state.Calls.Values.Where(c => c.Waits).OrderBy(c => c.QueuedAt).ThenBy(c => c.Id).Select(c => new WaitingCallView(
            c.Id, facts.Number(c.Id), Caller(c), facts.ClientName(c.Client), Names.Queue(c.Queue), c.QueuedAt ?? c.StartedAt, c.Place, c.State.ToString())),
    ];

    public IReadOnlyList<AgentTileView> Tiles(LiveState state) =>
        [.. state.Agents.Values.Where(a => a.State != AgentState.SignedOut).Select(a => Tile(state, a.Id)).OfType<AgentTileView>().OrderBy(t => t.Name, StringComparer.CurrentCulture).ThenBy(t => t.AgentId)];

    /// <summary>The other party: of a call that an agent dialled, whom they dialled.</summary>
    public static CallerView Caller(LiveCall call) => call.Direction == CallDirection.Outbound ? Caller(call.Dialled, "") : Caller(call.Caller, call.CallerName);

    public static CallerView Caller(PhoneNumber number, string name) => new(
        number.Kind switch { NumberKind.E164 => Numbers.Format(number.E164!, "en"), NumberKind.Withheld => null, _ => number.Raw },
        number.Kind.ToString(), name, number.E164 is { } e164 ? Numbers.Country(e164) : null);

    public ReasonView Reason(RouteDecided? decision, RouteRule rule, Guid? chosen) => decision is null
        ? new ReasonView(rule.ToString(), Names.Person(chosen), null, null, null, null, [], 0)
        : new ReasonView(rule.ToString(), Names.Person(chosen), Names.Person(decision.Preferred), decision.PreferredBy?.ToString(), decision.PreferredState?.ToString(), decision.LastContactAt,
            [.. (decision.Candidates.IsDefault ? [] : decision.Candidates).Select(c => new ReasonCandidateView(Names.Person(c.Agent) ?? "…", c.Level, c.LoadPercent, c.Idle_s))], decision.CandidateCount);

    static string Lookup(LiveCall call) => (call.Lookup ?? LookupOutcome.Unknown).ToString();

    /// <summary>The call lends the card; what its links lead to is as far as the agent's own rights reach.</summary>
    ClientCardView? Card(LiveCall call, Guid agent, Dress dress)
    {
        if ((call.Client is { } id ? dress.Cards.GetValueOrDefault(id) : null) is not { } card || card.Links.Count + card.Linked.Count == 0) return call.Client is { } known ? dress.Cards.GetValueOrDefault(known) : null;
        var grants = Names.People.TryGetValue(agent, out var person) ? roles.OfNow(agent, person.Role, person.Department) : Grants.None;
        return CardLinks.Named(card, grants.Of(Rights.WorkWithClients), grants.Of(Rights.SeeDeals));
    }

    static CandidateView[] Candidates(LiveCall call, Dress dress) =>
        call.Candidates.Length > 1 ? [.. call.Candidates.Select(dress.Candidates.GetValueOrDefault).OfType<CandidateView>()] : [];

    static int Seconds(TimeSpan span) => (int)Math.Max(0, span.TotalSeconds);
}
