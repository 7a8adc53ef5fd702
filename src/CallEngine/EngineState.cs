namespace CallCrm.Engine;

/// <summary>All that the engine remembers; its desks share it and each changes its own part.</summary>
internal sealed class EngineState(string domain)
{
    private long _callOrder;

    public string Domain { get; } = domain;

    public Moment Now { get; set; }

    /// <summary>When that happened which is handled now: earlier than <see cref="Now"/> for a fact that was read late. All that is measured is measured by it.</summary>
    public Moment Happened { get; set; }

    public Outbox Out { get; } = new();

    public TimerHeap Timers { get; } = new();

    public SettingsIndex Settings { get; set; } = new(EngineSettings.Empty(domain));

    public EngineOptions Options => Settings.Options;

    /// <summary>Open and lately ended calls; a merged call's id leads to the one it became.</summary>
    public Dictionary<Guid, Call> Calls { get; } = [];

    public int OpenCalls { get; set; }

    public Dictionary<LegId, Leg> Legs { get; } = [];

    /// <summary>Linked ids of one PBX that name a call.</summary>
    public Dictionary<NodeKey, Call> Links { get; } = [];

    /// <summary>Who is in which bridge, in the order they joined.</summary>
    public Dictionary<NodeKey, List<Leg>> Bridges { get; } = [];

    public Dictionary<Guid, Agent> Agents { get; } = [];

    /// <summary>The same by id, for whatever walks through all.</summary>
    public List<Agent> AgentOrder { get; } = [];

    public Dictionary<Guid, QueueState> Queues { get; } = [];

    public List<QueueState> QueueOrder { get; } = [];

    public Dictionary<NodeKey, Extension> Extensions { get; } = [];

    public Dictionary<NodeKey, Device> Devices { get; } = [];

    /// <summary>Questions for extensions that wait for their holders' answer, in the order they were asked.</summary>
    public List<SeatAsk> SeatAsks { get; } = [];

    public SortedDictionary<string, PbxNode> Nodes { get; } = new(StringComparer.Ordinal);

    public Dictionary<Guid, RouteRequest> Requests { get; } = [];

    public Dictionary<long, Redirect> Redirects { get; } = [];

    /// <summary>Agents who became free in this step, in order; callers in line are matched to them at its end.</summary>
    public Queue<Agent> Freed { get; } = new();

    /// <summary>Queues whose last reachable agent left in this step.</summary>
    public Queue<QueueState> Emptied { get; } = new();

    /// <summary>Calls in which something changed that decides what their legs do.</summary>
    public Queue<Call> Touched { get; } = new();

    public Dictionary<string, PbxClock> Clocks { get; } = new(StringComparer.Ordinal);

    public void Touch(Call call)
    {
        if (call.Touched)
            return;
        call.Touched = true;
        Touched.Enqueue(call);
    }

    /// <summary>The leg's call, and those of who is in its bridge: an ended call, or one in the same conference.</summary>
    public void TouchBridge(Leg leg)
    {
        Touch(leg.Call);
        foreach (var member in LegsIn(leg))
            Touch(member.Call);
    }

    public PbxClock ClockOf(string node)
    {
        if (!Clocks.TryGetValue(node, out var clock))
            Clocks.Add(node, clock = new PbxClock());
        return clock;
    }

    public long NextCallOrder() => ++_callOrder;

    public bool IsUp(string node) => Nodes.TryGetValue(node, out var pbx) && pbx.Up;

    /// <summary>The page may answer it now. By ringing anew only calls that we route: those of the PBX are not ours to move.</summary>
    public bool CanAnswer(string node, Device device, bool routed = true) => device.CanAnswer && (device.AutoAnswer ? routed : Notifies(node));

    public bool CanHold(string node, Device device) => device.CanHold && Notifies(node);

    /// <summary>The PBX lets us send SIP NOTIFY; believed as long as it has not said otherwise.</summary>
    private bool Notifies(string node) => !Nodes.TryGetValue(node, out var pbx) || pbx.Notifies;

    public Device? FindDevice(string node, string name) => Devices.GetValueOrDefault(new NodeKey(node, name));

    public void JoinBridge(Leg leg, string bridge)
    {
        LeaveBridge(leg);
        leg.Bridge = bridge;
        var key = new NodeKey(leg.Id.Node, bridge);
        if (!Bridges.TryGetValue(key, out var legs))
            Bridges.Add(key, legs = new List<Leg>(2));
        legs.Add(leg);
        TouchBridge(leg);
    }

    public void LeaveBridge(Leg leg)
    {
        if (leg.Bridge is null)
            return;
        var key = new NodeKey(leg.Id.Node, leg.Bridge);
        (leg.LastBridge, leg.Bridge) = (leg.Bridge, null);
        Touch(leg.Call);
        if (!Bridges.TryGetValue(key, out var legs))
            return;
        legs.Remove(leg);
        foreach (var member in legs)
            Touch(member.Call);
        if (legs.Count == 0)
            Bridges.Remove(key);
    }

    public IReadOnlyList<Leg> LegsIn(Leg leg) =>
        leg.Bridge is not null && Bridges.TryGetValue(new NodeKey(leg.Id.Node, leg.Bridge), out var legs) ? legs : [];

    /// <summary>Also those of calls that ended before their last leg.</summary>
    public List<Leg> LiveLegsInOrder(string node)
    {
        var legs = new List<Leg>();
        foreach (var leg in Legs.Values)
        {
            if (leg.Live && string.Equals(leg.Id.Node, node, StringComparison.Ordinal))
                legs.Add(leg);
        }

        legs.Sort((a, b) => a.Call.Order != b.Call.Order ? a.Call.Order.CompareTo(b.Call.Order) : a.Call.Legs.IndexOf(a).CompareTo(b.Call.Legs.IndexOf(b)));
        return legs;
    }

    /// <summary>Open calls in the order they became known.</summary>
    public List<Call> OpenCallsInOrder()
    {
        var calls = new List<Call>(OpenCalls);
        foreach (var (id, call) in Calls)
        {
            if (!call.Ended && id == call.Id)
                calls.Add(call);
        }

        calls.Sort((a, b) => a.Order.CompareTo(b.Order));
        return calls;
    }
}

/// <summary>A name that means something at one PBX only: an extension, a device, a linked id.</summary>
internal readonly record struct NodeKey(string Node, string Name);

/// <summary>What we know of one PBX's AMI.</summary>
internal sealed class PbxNode(string name)
{
    public string Name { get; } = name;

    public bool Connected { get; set; }

    /// <summary>Connected, and its snapshot taken in: its state can be trusted and actions make sense.</summary>
    public bool Up { get; set; }

    /// <summary>When its line was cut: the last moment at which what we believe of it was known. Null while it is connected.</summary>
    public Moment? LostAt { get; set; }

    public string? Version { get; set; }

    /// <summary>Our login there may use PJSIPNotify (write class system).</summary>
    public bool Notifies { get; set; } = true;

    public EngineTimer? PhonesTimer { get; set; }

    /// <summary>What the journal was told last: in sight (and its version) or not; null before the first word.</summary>
    public bool? ToldUp { get; set; }

    public string? ToldVersion { get; set; }
}
