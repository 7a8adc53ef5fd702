using System.Collections.Immutable;

namespace CallCrm.Engine;

/// <summary>The agents a caller should rather speak with.</summary>
internal readonly record struct Preference(Agent? LastContacted, DateTimeOffset? LastContactAt, Agent? Responsible)
{
    public Agent? First => LastContacted ?? Responsible;

    public RouteRule? By => LastContacted is not null ? RouteRule.LastContacted : Responsible is not null ? RouteRule.Responsible : null;

    public bool Has(Agent agent) => ReferenceEquals(agent, LastContacted) || ReferenceEquals(agent, Responsible);
}

/// <param name="Wait">Nobody now, though some are free: the preferred one is waited for.</param>
internal readonly record struct Choice(Agent? Agent, RouteRule Rule, bool Wait);

/// <summary>Last-contacted → responsible → least busy skilled → hold.</summary>
internal static class AgentChoice
{
    private const int Shown = 20;

    public static Preference Prefer(EngineState state, Call call, QueueState queue)
    {
        if (call.Lookup is not { } lookup || lookup.Candidates.IsDefaultOrEmpty)
            return default;
        var settings = queue.Settings;
        Agent? last = null;
        DateTimeOffset? at = null;
        Agent? responsible = null;
        foreach (var candidate in lookup.Candidates)
        {
            if (responsible is null && candidate.Responsible is { } id)
                responsible = Serving(state, id, queue);
            if (candidate.Contacts.IsDefaultOrEmpty)
                continue;
            foreach (var contact in candidate.Contacts)
            {
                if (contact.Talk < settings.LastContactTalk || contact.At < state.Now.Utc - settings.LastContactWithin || (at is { } best && contact.At <= best))
                    continue;
                if (Serving(state, contact.Agent, queue) is not { } agent)
                    continue;
                last = agent;
                at = contact.At;
            }
        }

        return new Preference(last, at, responsible);
    }

    /// <param name="again">Agents who refused this call may be asked again (it came round once more, nobody else is free).</param>
    public static Choice Choose(EngineState state, Call call, QueueState queue, Preference preferred, bool again)
    {
        if (IsFor(call, preferred.LastContacted))
            return new Choice(preferred.LastContacted, RouteRule.LastContacted, Wait: false);
        if (IsFor(call, preferred.Responsible))
            return new Choice(preferred.Responsible, RouteRule.Responsible, Wait: false);
        if (call.PatienceUntil is { } until && state.Now.Stamp < until && (IsComing(preferred.LastContacted) || IsComing(preferred.Responsible)))
            return new Choice(null, RouteRule.Hold, Wait: true);
        Agent? refused = null;
        foreach (var membership in queue.Free)
        {
            var agent = membership.Agent;
            if (!SameNode(call, agent))
                continue;
            if (call.RefusedBy(agent) is null)
                return new Choice(agent, RouteRule.LeastBusy, Wait: false);
            refused ??= agent;
        }

        return again && refused is not null ? new Choice(refused, RouteRule.LeastBusy, Wait: false) : new Choice(null, RouteRule.Hold, Wait: false);
    }

    /// <summary>Whether a freed agent may have this waiting call.</summary>
    public static bool MayTake(EngineState state, Call call, QueueState queue, Agent agent)
    {
        if (call.State != CallState.Waiting || call.Offer is not null || call.Plan is not null || call.Redirect is not null || call.MarkLate || !SameNode(call, agent))
            return false;
        if (call.RefusedBy(agent) is { } refusal && (state.Now.Stamp - refusal.At < state.Options.HoldTurn || OtherIsFree(state, call, queue, agent)))
            return false;
        return IsTheirs(state, call, queue, agent);
    }

    /// <summary>One who has not refused it and may have it; freed in the same step, too.</summary>
    private static bool OtherIsFree(EngineState state, Call call, QueueState queue, Agent agent)
    {
        foreach (var membership in queue.Free)
        {
            var other = membership.Agent;
            if (!ReferenceEquals(other, agent) && SameNode(call, other) && call.RefusedBy(other) is null && IsTheirs(state, call, queue, other))
                return true;
        }

        return false;
    }

    /// <summary>The preferred agent is not waited for any more, or it is they.</summary>
    private static bool IsTheirs(EngineState state, Call call, QueueState queue, Agent agent)
    {
        if (call.PatienceUntil is not { } until || state.Now.Stamp >= until)
            return true;
        var preferred = Prefer(state, call, queue);
        return preferred.Has(agent) || !(IsComing(preferred.LastContacted) || IsComing(preferred.Responsible));
    }

    public static ImmutableArray<RouteCandidate> Figures(EngineState state, QueueState? queue)
    {
        if (queue is null || queue.Free.Count == 0)
            return [];
        var figures = ImmutableArray.CreateBuilder<RouteCandidate>(Math.Min(Shown, queue.Free.Count));
        foreach (var membership in queue.Free)
        {
            if (figures.Count == figures.Capacity)
                break;
            figures.Add(new RouteCandidate(membership.Agent.Id, membership.Level, new decimal(membership.LoadTenths, 0, 0, false, 1),
                (int)(state.Now.Stamp - membership.IdleSince).TotalSeconds));
        }

        return figures.MoveToImmutable();
    }

    private static Agent? Serving(EngineState state, Guid id, QueueState queue) =>
        state.Agents.TryGetValue(id, out var agent) && agent.In(queue) is not null ? agent : null;

    private static bool IsFor(Call call, Agent? agent) => agent is { Free: true } && SameNode(call, agent) && call.RefusedBy(agent) is null;

    private static bool IsComing(Agent? agent) =>
        agent is { State: AgentState.Reserved or AgentState.Ringing or AgentState.Talking or AgentState.WrapUp, Pause: null, Leaves: false };

    private static bool SameNode(Call call, Agent agent) => string.Equals(agent.Extension?.Node, call.Node, StringComparison.Ordinal);
}
