using CallCrm.Engine;

namespace CallCrm.CallRouter.Flight;

/// <summary>
/// What an excerpt needs beside the call itself: the queues it was in, their members, and the other calls of those queues and
/// people, because they decide who is free for it.
/// </summary>
sealed class BundleScope(Guid call)
{
    readonly HashSet<Guid> _queues = [];
    readonly HashSet<Guid> _agents = [];

    /// <summary>Learns from the first pass where the call was.</summary>
    public void Learn(CallEngine engine, IReadOnlyList<EngineEffect> effects)
    {
        foreach (var effect in effects)
        {
            if (effect is not EngineEffect.Write { Entry: { Call: { } of } entry } || of != call)
                continue;
            Add(entry switch { CallQueued e => e.Queue, RouteDecided e => e.Queue, CallOffered e => e.Queue, CallEnded e => e.Queue, _ => null }, engine);
            if (entry is CallOffered { Agent: var offered })
                _agents.Add(offered);
            if (entry is LegStarted { Agent: { } own })
                _agents.Add(own);
            if (entry is RouteDecided { Preferred: { } preferred })
                _agents.Add(preferred);
        }
    }

    /// <summary>Asked before the engine handles the input, for its calls are known then, and after, for the ones that it began.</summary>
    public bool Needs(CallEngine engine, EngineInput input) => input switch
    {
        EngineInput.PbxSaid { Event: { Name: "DeviceStateChange" } e } => engine.State.FindDevice(e.Node, e["Device"] ?? "")?.Extension is { } extension && (extension.Holder is null || _agents.Contains(extension.Holder.Id)),
        EngineInput.PbxSaid { Event: { Name: "ExtensionStatus" or "ContactStatus" } } => true,
        EngineInput.PbxSaid said => IsNear(CallWatch.CallOf(engine.State, said.Event)),
        EngineInput.RouteAsked asked => IsNear(CallWatch.CallOf(engine.State, asked.Leg)),
        EngineInput.RouteTaken taken => IsNear(engine.State.Requests.GetValueOrDefault(taken.Request)?.Call),
        EngineInput.RouteClosed closed => IsNear(engine.State.Requests.GetValueOrDefault(closed.Request)?.Call),
        EngineInput.ActionDone done => IsNear(engine.State.Redirects.GetValueOrDefault(done.Action)?.Call ?? DialledBy(engine, done.Action)),
        EngineInput.LookupArrived arrived => IsNear(engine.State.Calls.GetValueOrDefault(arrived.Call)),
        EngineInput.Command command => _agents.Contains(command.Agent),
        // Connections, lists, settings, pages and time concern everybody.
        _ => true,
    };

    static Call? DialledBy(CallEngine engine, long action) => engine.State.AgentOrder.SelectMany(a => a.Legs).FirstOrDefault(l => l.Clicked && l.Action == action)?.Call;

    bool IsNear(Call? other)
    {
        if (other is null)
            return false;
        if (other.Id == call || other.Merged.Contains(call) || (other.Queue is { } queue && _queues.Contains(queue.Id)) || (other.Offer is { } offer && _agents.Contains(offer.Agent.Id)))
            return true;
        return other.Legs.Exists(l => l.Agent is { } agent && _agents.Contains(agent.Id));
    }

    void Add(Guid? id, CallEngine engine)
    {
        if (id is not { } queue || !_queues.Add(queue) || !engine.State.Queues.TryGetValue(queue, out var known))
            return;
        foreach (var member in known.Members)
            _agents.Add(member.Agent.Id);
    }
}
