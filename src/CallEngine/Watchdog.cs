namespace CallCrm.Engine;

/// <summary>
/// Checks in production what the tests check after each step: a tenth of all agents, calls and queues each second, the journal's numbers
/// at each step. A breach is told, mended here as far as the engine's own books go, and the PBX is asked for its snapshot, which
/// mends the rest.
/// </summary>
internal sealed class Watchdog(EngineState state, AgentBoard board, CallBook book, OfferDesk offers, RouteDesk routes)
{
    private const int Slices = 10;

    /// <summary>A conversation this long is told once an hour; it may be true.</summary>
    private static readonly TimeSpan LongCall = TimeSpan.FromHours(4);
    private static readonly TimeSpan LongCallAgain = TimeSpan.FromHours(1);

    /// <summary>The device is told idle and the leg alive for so long: one of them is wrong.</summary>
    private static readonly TimeSpan IdleInCall = TimeSpan.FromSeconds(9);

    private readonly List<Breach> _broken = [];
    private readonly Dictionary<Guid, TimeSpan> _idleInCall = [];
    private readonly Dictionary<Guid, TimeSpan> _longCalls = [];
    private int _slice;

    /// <summary>After each step: the journal has no gap.</summary>
    public void AfterStep()
    {
        _broken.Clear();
        Invariants.CheckSeq(state, _broken);
        foreach (var breach in _broken)
            Tell(breach);
    }

    /// <summary>Once a second.</summary>
    public void Turn()
    {
        _broken.Clear();
        _slice = (_slice + 1) % Slices;
        for (var i = _slice; i < state.AgentOrder.Count; i += Slices)
            Look(state.AgentOrder[i]);
        for (var i = _slice; i < state.QueueOrder.Count; i += Slices)
            Invariants.CheckQueue(state.QueueOrder[i], _broken);
        foreach (var call in CallsOfSlice())
            Look(call);
        if (_slice == 0 && state.OpenCallsInOrder() is var open && open.Count != state.OpenCalls)
        {
            Tell(new Breach("open_calls", $"{open.Count} open calls, {state.OpenCalls} counted"));
            state.OpenCalls = open.Count;
        }

        foreach (var breach in _broken)
        {
            Tell(breach);
            Mend(breach);
        }
    }

    private List<Call> CallsOfSlice()
    {
        var calls = new List<Call>();
        foreach (var (id, call) in state.Calls)
        {
            if (!call.Ended && id == call.Id && call.Order % Slices == _slice)
                calls.Add(call);
        }

        calls.Sort((a, b) => a.Order.CompareTo(b.Order));
        return calls;
    }

    private void Look(Agent agent)
    {
        Invariants.CheckAgent(state, agent, _broken);
        if (!TalksAtAnIdlePhone(agent))
        {
            _idleInCall.Remove(agent.Id);
        }
        else if (_idleInCall.TryAdd(agent.Id, state.Now.Stamp))
        {
            return;
        }
        else if (state.Now.Stamp - _idleInCall[agent.Id] >= IdleInCall)
        {
            _idleInCall[agent.Id] = state.Now.Stamp;
            _broken.Add(new Breach("idle_in_call", $"agent {agent.Id:N} is in call {agent.Legs[0].Call.Id:N}, and their phone is idle", agent, agent.Legs[0].Call));
        }
    }

    /// <summary>Two ways of the PBX to tell the same: the channel, and the device's state.</summary>
    private bool TalksAtAnIdlePhone(Agent agent)
    {
        if (agent.Legs.Count == 0)
            return false;
        foreach (var leg in agent.Legs)
        {
            if (!leg.Answered || !state.IsUp(leg.Id.Node) || state.FindDevice(leg.Id.Node, leg.Device)?.State != DeviceState.NotInUse)
                return false;
        }

        return true;
    }

    private void Look(Call call)
    {
        Invariants.CheckCall(state, call, _broken);
        var last = _longCalls.GetValueOrDefault(call.Id, call.StartedAt + LongCall - LongCallAgain);
        if (state.Now.Stamp - last < LongCallAgain)
            return;
        _longCalls[call.Id] = state.Now.Stamp;
        if (_longCalls.Count > state.OpenCalls + 100)
            ForgetEnded();
        _broken.Add(new Breach("call_does_not_end", $"call {call.Id:N} is open for {(state.Now.Stamp - call.StartedAt).TotalHours:F1} h", Call: call));
    }

    private void ForgetEnded()
    {
        foreach (var id in _longCalls.Keys.Where(id => !state.Calls.TryGetValue(id, out var call) || call.Ended).ToArray())
            _longCalls.Remove(id);
    }

    private void Tell(Breach breach)
    {
        var node = breach.Call?.Node ?? breach.Agent?.Extension?.Node;
        state.Out.Add(new EngineEffect.Breach(breach.Code, breach.Detail, breach.Call?.Id ?? breach.Agent?.Offer?.Call.Id, breach.Agent?.Id, node));
    }

    private void Mend(Breach breach)
    {
        switch (breach)
        {
            case { Code: "agent_dead_leg", Agent: { } agent }:
                agent.Legs.RemoveAll(l => !l.Live);
                board.Refresh(agent);
                break;
            case { Code: "offer_no_end", Agent: { Offer: { } offer } agent }:
                if (offer.Live)
                    offers.End(offer, OfferOutcome.Cancelled, null);
                agent.Offer = null;
                board.Refresh(agent);
                break;
            case { Code: "offer_one_sided", Call: { } call }:
                if (call.Offer is { Live: true } lone && !ReferenceEquals(lone.Agent.Offer, lone))
                    offers.End(lone, OfferOutcome.Cancelled, null);
                call.Offer = call.Offer is { Live: true } kept ? kept : null;
                foreach (var ring in call.Rings.Where(r => r.Live && !ReferenceEquals(r.Agent.Offer, r)).ToArray())
                    offers.End(ring, OfferOutcome.Cancelled, null);
                call.Rings.RemoveAll(r => !r.Live);
                break;
            case { Code: "wrap_up_no_end", Agent: { } agent }:
                board.EndWrapUp(agent);
                board.Refresh(agent);
                break;
            case { Code: "extension_holder", Agent: { Extension: { } extension } agent }:
                extension.Holder ??= agent;
                if (!ReferenceEquals(extension.Holder, agent))
                {
                    agent.Extension = null;
                    board.Refresh(agent);
                }

                break;
            case { Agent: { } agent }:
                board.Refresh(agent);
                break;
            case { Code: "call_no_leg", Call: { } call }:
                book.End(call, estimated: true);
                break;
            case { Code: "waits_outside", Call: { Queue: { } queue } call }:
                queue.Join(call);
                break;
            case { Code: "waits_dead", Call: { } call }:
                offers.LeaveLine(call);
                call.State = CallState.Routing;
                break;
            case { Code: "request_unknown" or "request_no_end", Call: { Request: { } request } call }:
                routes.Closed(request.Id);
                call.Request = null;
                break;
            case { Queue: { } queue }:
                Recount(queue);
                break;
        }
    }

    private void Recount(QueueState queue)
    {
        queue.Line.RemoveAll(c => c.State != CallState.Waiting || !ReferenceEquals(c.Queue, queue));
        queue.Line.Sort(LineOrder.Instance);
        queue.Reachable = queue.Members.Count(m => m.Agent.Reachable);
        // Rebuilt: in a set whose order is wrong a member may not be found.
        queue.Free.Clear();
        foreach (var member in queue.Members.Where(m => m.Agent.Free))
            queue.Free.Add(member);
    }
}
