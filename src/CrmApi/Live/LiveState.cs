using System.Collections.Immutable;
using CallCrm.Engine;

namespace CallCrm.CrmApi.Live;

/// <summary>
/// What the feed knows of the present: open calls (and ended ones that someone still wraps up), offers, agents, PBXs, as of one journal number.
/// Immutable, so a snapshot is a reference: state and position always belong together.
/// </summary>
internal sealed record LiveState(long Seq, DateOnly Day, ImmutableDictionary<Guid, LiveCall> Calls, ImmutableDictionary<Guid, LiveOffer> Offers,
    ImmutableDictionary<Guid, LiveAgent> Agents, ImmutableSortedDictionary<string, LivePbx> Pbxs)
{
    /// <summary>When that day began, in the site's zone.</summary>
    public DateTimeOffset DayStart { get; init; }

    public static LiveState Empty(DateOnly day) => new(0, day, ImmutableDictionary<Guid, LiveCall>.Empty, ImmutableDictionary<Guid, LiveOffer>.Empty,
        ImmutableDictionary<Guid, LiveAgent>.Empty, ImmutableSortedDictionary.Create<string, LivePbx>(StringComparer.Ordinal));

    /// <summary>Open questions for extensions.</summary>
    public ImmutableDictionary<Guid, LiveSeatAsk> SeatAsks { get; init; } = ImmutableDictionary<Guid, LiveSeatAsk>.Empty;

    public LiveAgent Agent(Guid id) => Agents.TryGetValue(id, out var agent) ? agent : LiveAgent.SignedOut(id);

    public LiveState With(LiveAgent agent) => this with { Agents = Agents.SetItem(agent.Id, agent) };

    public LiveState With(LiveCall call) => this with { Calls = Calls.SetItem(call.Id, call) };

    /// <summary>The call on this agent's desk: talking, or wrapping up.</summary>
    public LiveCall? CallOf(Guid agent) => Agent(agent).Call is { } id && Calls.TryGetValue(id, out var call) && call.Agents.Contains(agent) ? call : null;

    public LiveOffer? OfferOf(Guid agent)
    {
        if (Agent(agent).Call is { } id && Calls.TryGetValue(id, out var call) && call.Offer is { } offer && Offers.TryGetValue(offer, out var found) && found.Agent == agent)
            return found;
        // The offer is journaled a moment before the agent's own state names its call.
        return Offers.Values.FirstOrDefault(o => o.Agent == agent);
    }
}

/// <param name="Agents">Whose desk shows this call as theirs.</param>
/// <param name="Spoke">Who has talked with the client in it.</param>
internal sealed record LiveCall(Guid Id, string Node, CallDirection Direction, CallState State, PhoneNumber Caller, string CallerName, PhoneNumber Dialled, DateTimeOffset StartedAt)
{
    /// <summary>It asked us for its way; else it is only watched: an agent's own call, or one the PBX serves by itself.</summary>
    public bool Routed { get; init; } = true;
    public Guid? Queue { get; init; }

    /// <summary>By its code, as it was when the call began.</summary>
    public string? Campaign { get; init; }
    public LookupOutcome? Lookup { get; init; }
    public Guid? Client { get; init; }
    public ImmutableArray<Guid> Candidates { get; init; } = [];
    public Guid? Deal { get; init; }
    public Guid? Offer { get; init; }
    public bool CanAnswer { get; init; }

    /// <summary>Whose own phones in it the page may hold, by their channels' ids.</summary>
    public ImmutableDictionary<string, Guid> Holders { get; init; } = ImmutableDictionary<string, Guid>.Empty;
    public int? Place { get; init; }
    public DateTimeOffset? QueuedAt { get; init; }
    public DateTimeOffset? AnsweredAt { get; init; }
    public DateTimeOffset? HeldSince { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public CallOutcome? Outcome { get; init; }
    public EndedBy? By { get; init; }
    public int? Wait_ms { get; init; }
    public RouteDecided? Decision { get; init; }
    public bool Recorded { get; init; }

    /// <summary>How far its last transfer from a desk is.</summary>
    public TransferChanged? Transfer { get; init; }

    /// <summary>A call out: the number itself is being called; before that the agent's own phone.</summary>
    public bool ClientCalled { get; init; }

    /// <summary>Who made it, of a call that did not come from outside.</summary>
    public Guid? Dialler { get; init; }

    /// <summary>Supervisors who hear it now.</summary>
    public ImmutableArray<LiveListener> Listeners { get; init; } = [];

    public ImmutableHashSet<Guid> Agents { get; init; } = [];
    public ImmutableHashSet<Guid> Spoke { get; init; } = [];

    /// <summary>Also who was spoken with, and handed on to a queue.</summary>
    public bool Waits => QueuedAt is not null && (State is CallState.Routing or CallState.Waiting or CallState.Ringing) && (AnsweredAt is null || Transfer is { Step: TransferStep.Done, ToQueue: not null, ToAgent: null });
}

/// <param name="Channel">The listener's own, which names the listening.</param>
/// <param name="Agent">Whose talk is heard.</param>
internal readonly record struct LiveListener(string Channel, Guid By, Guid? Agent);

internal sealed record LiveOffer(Guid Id, Guid Call, Guid Agent, string Node, string Extension, string Device, Guid? Queue, DateTimeOffset At, int Ring_s, RouteRule Rule,
    bool CanAnswer, bool CanHold, bool Rang);

/// <param name="Extended">This wrap-up was extended already.</param>
/// <param name="Leaves">Signed out when the call and its wrap-up are over.</param>
internal sealed record LiveAgent(Guid Id, AgentState State, string? Reason, string? Node, string? Extension, DateTimeOffset Since, DateTimeOffset? Until, Guid? Call, bool Extended, LiveToday Today, bool Leaves = false)
{
    public static LiveAgent SignedOut(Guid id) => new(id, AgentState.SignedOut, null, null, null, default, null, null, false, default);
}

/// <summary>An agent's own day, in the site's zone.</summary>
/// <param name="Pauses">Milliseconds of pauses that are over, by reason; null: none.</param>
internal readonly record struct LiveToday(int Calls, long Talk_ms, long WrapUp_ms, int Missed, ImmutableSortedDictionary<string, long>? Pauses = null)
{
    public LiveToday WithPause(string reason, long span_ms)
    {
        var pauses = Pauses ?? ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal);
        return this with { Pauses = pauses.SetItem(reason, pauses.GetValueOrDefault(reason) + span_ms) };
    }
}

/// <param name="Agent">Who wants it.</param>
internal sealed record LiveSeatAsk(Guid Id, string Node, string Extension, Guid Agent, Guid Holder, DateTimeOffset Until);

internal sealed record LivePbx(string Node, bool Connected, DateTimeOffset Since, string? Reason);
