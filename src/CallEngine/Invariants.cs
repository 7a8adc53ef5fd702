namespace CallCrm.Engine;

/// <summary>What must hold after every step, whatever came in.</summary>
internal static class Invariants
{
    public static IReadOnlyList<string> Check(EngineState state)
    {
        var broken = new List<string>();
        CheckSeq(state, broken);
        foreach (var agent in state.AgentOrder)
            CheckAgent(state, agent, broken);
        var open = state.OpenCallsInOrder();
        if (open.Count != state.OpenCalls)
            broken.Add($"{open.Count} open calls, {state.OpenCalls} counted");
        foreach (var call in open)
            CheckCall(state, call, broken);
        foreach (var queue in state.QueueOrder)
            CheckQueue(queue, broken);
        return broken;
    }

    private static void CheckSeq(EngineState state, List<string> broken)
    {
        long? last = null;
        foreach (var effect in state.Out.Effects)
        {
            if (effect is not EngineEffect.Write { Entry: var entry })
                continue;
            if (last is { } before && entry.Seq != before + 1)
                broken.Add($"seq {entry.Seq} after {before}");
            last = entry.Seq;
        }

        if (last is { } end && end != state.Out.NextSeq - 1)
            broken.Add($"seq ends at {end}, next is {state.Out.NextSeq}");
    }

    private static void CheckAgent(EngineState state, Agent agent, List<string> broken)
    {
        var derived = AgentRules.Derive(agent);
        if (derived != agent.State)
            broken.Add($"agent {agent.Id:N} is {agent.State}, facts say {derived}");
        Call? talks = null;
        foreach (var leg in agent.Legs)
        {
            if (!leg.Live)
                broken.Add($"agent {agent.Id:N} has the ended leg {leg.Id}");
            if (leg.Doing is not { Kind: SpanKind.Talk or SpanKind.Conference })
                continue;
            if (talks is not null && !ReferenceEquals(talks, leg.Call))
                broken.Add($"agent {agent.Id:N} talks in two calls");
            talks = leg.Call;
        }

        if (agent.State == AgentState.Talking && agent.Legs.Count == 0)
            broken.Add($"agent {agent.Id:N} talks without a leg");
        if (agent.Offer is { } offer && (!offer.Live || !ReferenceEquals(offer.Call.Offer, offer) || offer.EndTimer is not { IsSet: true } || offer.Call.Ended))
            broken.Add($"agent {agent.Id:N} is reserved by an offer that does not end ({offer.Stage})");
        if (agent.WrapUp is not null && agent.WrapUpTimer is not { IsSet: true })
            broken.Add($"agent {agent.Id:N} wraps up for ever");
        if (agent.Extension is { } extension && !ReferenceEquals(extension.Holder, agent))
            broken.Add($"agent {agent.Id:N} does not hold {extension.Number}");
        if (agent.Free != AgentRules.IsFree(agent, agent.Extension is not null && state.IsUp(agent.Extension.Node)))
            broken.Add($"agent {agent.Id:N} is listed {(agent.Free ? "free" : "not free")}");
    }

    private static void CheckCall(EngineState state, Call call, List<string> broken)
    {
        if (!call.HasLiveLeg)
            broken.Add($"call {call.Id:N} is open without a live leg");
        foreach (var leg in call.Legs)
        {
            if (leg.Doing != DoingRules.Of(state, leg))
                broken.Add($"leg {leg.Id} does {leg.Doing}, facts say {DoingRules.Of(state, leg)}");
        }

        if (call.State == CallState.Waiting && (call.Queue is null || !call.Queue.Line.Contains(call)))
            broken.Add($"call {call.Id:N} waits outside of a line");
        if (call.State == CallState.Waiting && call.Client is not { Live: true })
            broken.Add($"call {call.Id:N} waits without a living channel");
        if (call.Offer is { } offer && (!offer.Live || !ReferenceEquals(offer.Agent.Offer, offer)))
            broken.Add($"call {call.Id:N} has an offer that its agent does not have");
        if (call.Request is { } request && !ReferenceEquals(state.Requests.GetValueOrDefault(request.Id), request))
            broken.Add($"call {call.Id:N} has a request nobody knows");
        if (call.Request is { Stage: not RequestStage.Answered, DueTimer: not { IsSet: true } })
            broken.Add($"call {call.Id:N} has a request that is never answered");
    }

    private static void CheckQueue(QueueState queue, List<string> broken)
    {
        for (var i = 0; i < queue.Line.Count; i++)
        {
            if (queue.Line[i].State != CallState.Waiting || !ReferenceEquals(queue.Line[i].Queue, queue))
                broken.Add($"queue {queue.Id:N} lines up {queue.Line[i].Id:N}, which is {queue.Line[i].State}");
            if (i > 0 && LineOrder.Instance.Compare(queue.Line[i - 1], queue.Line[i]) >= 0)
                broken.Add($"queue {queue.Id:N} is out of order at {i}");
        }

        var reachable = queue.Members.Count(m => m.Agent.Reachable);
        if (reachable != queue.Reachable)
            broken.Add($"queue {queue.Id:N} counts {queue.Reachable} reachable, {reachable} are");
        if (queue.Free.Count != queue.Members.Count(m => m.Agent.Free))
            broken.Add($"queue {queue.Id:N} lists {queue.Free.Count} free");
    }
}
