namespace CallCrm.Engine;

/// <summary>What must hold after every step, whatever came in.</summary>
internal static class Invariants
{
    public static IReadOnlyList<string> Check(EngineState state)
    {
        var broken = new List<Breach>();
        CheckSeq(state, broken);
        foreach (var agent in state.AgentOrder)
            CheckAgent(state, agent, broken);
        var open = state.OpenCallsInOrder();
        if (open.Count != state.OpenCalls)
            broken.Add(new("open_calls", $"{open.Count} open calls, {state.OpenCalls} counted"));
        foreach (var call in open)
            CheckCall(state, call, broken);
        foreach (var queue in state.QueueOrder)
            CheckQueue(queue, broken);
        foreach (var ask in state.SeatAsks)
            CheckAsk(state, ask, broken);
        return [.. broken.Select(b => b.Detail)];
    }

    public static void CheckSeq(EngineState state, List<Breach> broken)
    {
        long? last = null;
        foreach (var effect in state.Out.Effects)
        {
            if (effect is not EngineEffect.Write { Entry: var entry })
                continue;
            if (last is { } before && entry.Seq != before + 1)
                broken.Add(new("journal_gap", $"seq {entry.Seq} after {before}"));
            last = entry.Seq;
        }

        if (last is { } end && end != state.Out.NextSeq - 1)
            broken.Add(new("journal_gap", $"seq ends at {end}, next is {state.Out.NextSeq}"));
    }

    public static void CheckAgent(EngineState state, Agent agent, List<Breach> broken)
    {
        var derived = AgentRules.Derive(agent);
        if (derived != agent.State)
            broken.Add(new("agent_state", $"agent {agent.Id:N} is {agent.State}, facts say {derived}", Agent: agent));
        Call? talks = null;
        foreach (var leg in agent.Legs)
        {
            if (!leg.Live)
                broken.Add(new("agent_dead_leg", $"agent {agent.Id:N} has the ended leg {leg.Id}", Agent: agent));
            if (leg.Doing is not { Kind: SpanKind.Talk or SpanKind.Conference })
                continue;
            if (talks is not null && !ReferenceEquals(talks, leg.Call))
                broken.Add(new("agent_two_calls", $"agent {agent.Id:N} talks in two calls", Agent: agent));
            talks = leg.Call;
        }

        if (agent.State == AgentState.Talking && agent.Legs.Count == 0)
            broken.Add(new("agent_no_leg", $"agent {agent.Id:N} talks without a leg", Agent: agent));
        if (agent.Offer is { } offer && (!offer.Live || !(offer.Observed ? offer.Call.Rings.Contains(offer) : ReferenceEquals(offer.Call.Offer, offer)) || offer.EndTimer is not { IsSet: true } || offer.Call.Ended))
            broken.Add(new("offer_no_end", $"agent {agent.Id:N} is reserved by an offer that does not end ({offer.Stage})", Agent: agent));
        if (agent.WrapUp is not null && agent.WrapUpTimer is not { IsSet: true })
            broken.Add(new("wrap_up_no_end", $"agent {agent.Id:N} wraps up for ever", Agent: agent));
        if (agent.Leaves && !AgentRules.IsInCall(agent) && (agent.Extension is null || state.IsUp(agent.Extension.Node)))
            broken.Add(new("agent_stays", $"agent {agent.Id:N} asked to leave and is still here", Agent: agent));
        if (agent.Extension is { } extension && !ReferenceEquals(extension.Holder, agent))
            broken.Add(new("extension_holder", $"agent {agent.Id:N} does not hold {extension.Number}", Agent: agent));
        if (agent.Free != AgentRules.IsFree(agent, agent.Extension is not null && state.IsUp(agent.Extension.Node)))
            broken.Add(new("agent_listed", $"agent {agent.Id:N} is listed {(agent.Free ? "free" : "not free")}", Agent: agent));
    }

    public static void CheckCall(EngineState state, Call call, List<Breach> broken)
    {
        if (!call.HasLiveLeg)
            broken.Add(new("call_no_leg", $"call {call.Id:N} is open without a live leg", Call: call));
        foreach (var leg in call.Legs)
        {
            if (leg.Doing != DoingRules.Of(state, leg))
                broken.Add(new("leg_doing", $"leg {leg.Id} does {leg.Doing}, facts say {DoingRules.Of(state, leg)}", Call: call));
        }

        if (call.State == CallState.Waiting && (call.Queue is null || !call.Queue.Line.Contains(call)))
            broken.Add(new("waits_outside", $"call {call.Id:N} waits outside of a line", Call: call));
        if (call.State == CallState.Waiting && call.Client is not { Live: true })
            broken.Add(new("waits_dead", $"call {call.Id:N} waits without a living channel", Call: call));
        if (call.Offer is { } offer && (!offer.Live || !ReferenceEquals(offer.Agent.Offer, offer)))
            broken.Add(new("offer_one_sided", $"call {call.Id:N} has an offer that its agent does not have", Call: call));
        foreach (var ring in call.Rings)
        {
            if (!ring.Live || !ReferenceEquals(ring.Agent.Offer, ring))
                broken.Add(new("offer_one_sided", $"call {call.Id:N} has a ring that its agent does not have", Call: call));
        }

        if (call.Request is { } request && !ReferenceEquals(state.Requests.GetValueOrDefault(request.Id), request))
            broken.Add(new("request_unknown", $"call {call.Id:N} has a request nobody knows", Call: call));
        if (call.Request is { Stage: not RequestStage.Answered, DueTimer: not { IsSet: true } })
            broken.Add(new("request_no_end", $"call {call.Id:N} has a request that is never answered", Call: call));
    }

    private static void CheckAsk(EngineState state, SeatAsk ask, List<Breach> broken)
    {
        if (ask.Timer is not { IsSet: true })
            broken.Add(new("ask_no_end", $"ask {ask.Id:N} waits for ever"));
        if (!ReferenceEquals(ask.Extension.Holder, ask.Holder))
            broken.Add(new("ask_no_holder", $"ask {ask.Id:N} waits for one who does not hold {ask.Extension.Number}"));
        if (state.SeatAsks.Exists(a => !ReferenceEquals(a, ask) && (ReferenceEquals(a.Extension, ask.Extension) || ReferenceEquals(a.Asker, ask.Asker))))
            broken.Add(new("ask_twice", $"ask {ask.Id:N} is not the only one for {ask.Extension.Number}, or of {ask.Asker.Id:N}"));
    }

    public static void CheckQueue(QueueState queue, List<Breach> broken)
    {
        for (var i = 0; i < queue.Line.Count; i++)
        {
            if (queue.Line[i].State != CallState.Waiting || !ReferenceEquals(queue.Line[i].Queue, queue))
                broken.Add(new("line_wrong", $"queue {queue.Id:N} lines up {queue.Line[i].Id:N}, which is {queue.Line[i].State}", Queue: queue));
            if (i > 0 && LineOrder.Instance.Compare(queue.Line[i - 1], queue.Line[i]) >= 0)
                broken.Add(new("line_order", $"queue {queue.Id:N} is out of order at {i}", Queue: queue));
        }

        var reachable = queue.Members.Count(m => m.Agent.Reachable);
        if (reachable != queue.Reachable)
            broken.Add(new("queue_reachable", $"queue {queue.Id:N} counts {queue.Reachable} reachable, {reachable} are", Queue: queue));
        if (queue.Free.Count != queue.Members.Count(m => m.Agent.Free))
            broken.Add(new("queue_free", $"queue {queue.Id:N} lists {queue.Free.Count} free", Queue: queue));
    }
}
