using CallCrm.Engine;

namespace CallCrm.TestKit.Chaos;

/// <summary>
/// The events of a capture, with one fault at one of them: what the router hears afterwards is a snapshot of what the PBX then had, and the
/// rest (of a PBX that was killed, nothing). An agent sits at each phone; the calls are only observed.
/// </summary>
public sealed class TraceWorld
{
    readonly SimClock _clock = new();
    readonly PbxTruth _truth = new(SimPbx.Node);
    readonly SimRouter _router;
    readonly SimCheck _check;
    bool _overflown;
    bool _pbxIsDead;

    TraceWorld(int seed)
    {
        string[] phones = [.. Enumerable.Range(101, 10).Select(n => $"PJSIP/{n}")];
        var agents = phones.Select((_, n) => new Guid(n + 1, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0)).ToArray();
        var queue = new QueueSettings(new Guid(90, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0), "q", TimeSpan.FromSeconds(20), TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromMinutes(5), new Overflow(AfterWait.Reject, ""),
            new Overflow(AfterWait.Reject, ""), new Overflow(AfterWait.Reject, ""), null, TimeSpan.FromDays(90), TimeSpan.FromSeconds(20), true, [.. agents.Select(a => new QueueAgent(a, 1))]);
        var settings = new EngineSettings(1, "main", [queue], [.. agents.Select(a => new AgentSettings(a, "a", NeedsPage: false))],
            [.. phones.Select(d => new ExtensionSettings(SimPbx.Node, d["PJSIP/".Length..], [new DeviceSettings(d, true, true)]))], [], [new PbxSettings(SimPbx.Node, [SimPbx.Trunk], queue.Id)], new EngineOptions());
        _router = new SimRouter(_clock, _truth, new Random(seed), settings, SimPbx.Node);
        _check = new SimCheck(_clock, _truth, _router, phones);
        _router.Launch();
        _clock.RunTo(TimeSpan.FromMilliseconds(100), () => true);
        for (var i = 0; i < agents.Length; i++)
        {
            _router.Send(new EngineInput.Command(_router.NewId(), agents[i], new AgentCommand.SignIn(SimPbx.Node, $"{101 + i}")));
            _router.Send(new EngineInput.Command(_router.NewId(), agents[i], new AgentCommand.Ready()));
        }
    }

    /// <summary>The first thing that was wrong, or null.</summary>
    public string? Broken { get; private set; }

    public Action<string>? Log { set => _router.Log = value; }

    /// <param name="at">The fault comes right before this event.</param>
    /// <param name="lost">So many events are not heard.</param>
    public static TraceWorld Play(IReadOnlyList<(double AtMs, PbxEvent Event)> events, SimFault? fault = null, int at = 0, int lost = 0, Action<string>? log = null)
    {
        var world = new TraceWorld(at) { Log = log };
        for (var i = 0; i < events.Count; i++)
        {
            var (index, happened) = (i, events[i].Event with { Node = SimPbx.Node });
            world._clock.At(TimeSpan.FromMilliseconds(1000 + Math.Max(events[i].AtMs, 0)), () => world.Happen(happened, fault, index - at, lost));
        }

        var end = TimeSpan.FromMilliseconds(1000 + events[^1].AtMs);
        world._clock.RunTo(end, () => world._router.Broken is null);
        world.Heal();
        world.Look();
        world._clock.RunTo(end + TimeSpan.FromSeconds(5), () => world._router.Broken is null);
        world.Look();
        world.Broken = world._router.Broken ?? world.Journal();
        return world;
    }

    void Happen(PbxEvent e, SimFault? fault, int since, int lost)
    {
        if (fault is { } now && since == 0)
            Fail(now, lost);
        if (fault is not null && since == lost)
            Heal();
        if (_pbxIsDead)
            return;
        _truth.Apply(e, _clock.Now);
        _router.Hear(e);
        Look();
        _clock.After(1_100, Look);
    }

    void Fail(SimFault fault, int lost)
    {
        if (fault == SimFault.Crash)
        {
            _pbxIsDead = true;
            _truth.Crash();
        }

        // The queue overflows where what is lost ends: until then nothing of it is heard.
        _overflown = fault == SimFault.Overflow;
        _router.Suffer(_overflown ? SimFault.HalfOpen : fault, 50 + (lost * 150));
    }

    /// <summary>Whatever it was; where nothing was, nothing changes.</summary>
    void Heal()
    {
        if (_router.HalfOpen && _overflown)
        {
            _router.HalfOpen = false;
            _router.Overflow();
        }
        else if (_router.HalfOpen)
        {
            _router.Cut();
        }

        if (_router.DieUncommitted)
            _router.Kill();
        (_router.Delay_ms, _router.DatabaseAway) = (0, false);
        _router.Launch();
        _router.Connect();
    }

    void Look() => _check.Look(disturbed: false);

    string? Journal()
    {
        var legs = _router.Journal.Calls.SelectMany(c => c.Legs.Select(l => (l.UniqueId, c))).ToLookup(l => l.UniqueId, l => l.c);
        foreach (var twice in legs.Where(l => l.Distinct().Count() > 1))
            return $"channel {twice.Key} stands in {twice.Distinct().Count()} calls";
        var living = _truth.Legs.Select(c => c.UniqueId).ToHashSet(StringComparer.Ordinal);
        foreach (var call in _router.Journal.Calls.Where(c => c.Call.State != CallState.Ended && !c.Legs.Exists(l => l.EndedAt is null && living.Contains(l.UniqueId))))
            return $"call of {call.Legs.FirstOrDefault()?.UniqueId} is {call.Call.State} and has no channel";
        return null;
    }
}
