using CallCrm.CallFlow;
using CallCrm.Engine;

namespace CallCrm.TestKit.Chaos;

/// <summary>
/// A call center of eight agents on one simulated PBX, with its router, under faults, all from one seed. <see cref="Broken"/> is the first
/// thing that was wrong, or null.
/// </summary>
public sealed class ChaosWorld
{
    readonly SimClock _clock = new();
    readonly Random _random;
    readonly SimRouter _router;
    readonly SimPbx _pbx;
    readonly SimCheck _check;
    readonly EngineSettings _settings;
    int _faultsOn;
    bool _quiet;

    public ChaosWorld(int seed)
    {
        Seed = seed;
        _random = new Random(seed);
        var truth = new PbxTruth(SimPbx.Node);
        _settings = Settings();
        _router = new SimRouter(_clock, truth, _random, _settings, SimPbx.Node);
        _pbx = new SimPbx(_clock, truth, _random, _router);
        _check = new SimCheck(_clock, truth, _router, SimPbx.Agents);
        _pbx.AfterEvent = Look;
        _router.Launch();
        for (var i = 0; i < SimPbx.Agents.Count; i++)
        {
            _router.Send(new EngineInput.Command(_router.NewId(), AgentAt(i), new AgentCommand.SignIn(SimPbx.Node, $"{101 + i}")));
            _router.Send(new EngineInput.Command(_router.NewId(), AgentAt(i), new AgentCommand.Ready()));
        }

        Every(250, Look);
        Every(1_400, Traffic);
        Every(9_000, Agents);
    }

    public int Seed { get; }

    /// <summary>Faults so far.</summary>
    public int Cuts { get; private set; }

    /// <summary>Client calls so far.</summary>
    public int Calls => _check.Calls.Count;

    /// <summary>Of them those that nobody but the PBX saw: only its CEL can tell of them.</summary>
    public int Unseen { get; private set; }

    /// <summary>Those that ended while the line was silent, under a router that lived on.</summary>
    public int InSilence { get; private set; }

    /// <summary>An answer's way, and a step of the clock.</summary>
    static readonly TimeSpan OnItsWay = TimeSpan.FromMilliseconds(1600), Exact = TimeSpan.FromMilliseconds(5);

    public string? Broken { get; private set; }

    public int Events => _pbx.Said;

    /// <summary>Its snapshots are all empty: for the test of this test.</summary>
    public bool StaysBlind
    {
        set => _router.StaysBlind = value;
    }

    /// <summary>Everything that happens, as text: for one seed at a time.</summary>
    public Action<string>? Log
    {
        set => _router.Log = value;
    }

    /// <summary>Lets the world run for so many faults, then heals all, lets the calls end, and looks whether anything is left.</summary>
    public ChaosWorld Run(int faults)
    {
        Advance(faults == 0 ? 60 : 5);
        while (Cuts < faults && _router.Broken is null)
        {
            Fault();
            Advance(_random.NextDouble() * 6);
        }

        return Finish();
    }

    /// <summary>So many worlds of twenty faults each, on all cores.</summary>
    public static ChaosReport RunMany(int firstSeed, int worlds)
    {
        var report = new ChaosReport { FirstSeed = firstSeed, Worlds = worlds };
        Parallel.For(firstSeed, firstSeed + worlds, seed => report.Add(new ChaosWorld(seed).Run(faults: 20)));
        return report;
    }

    /// <summary>One fault at exactly this event of this seed's undisturbed life.</summary>
    public ChaosWorld RunWithFaultAt(int @event, SimFault fault)
    {
        _pbx.AfterEvent = () =>
        {
            if (_pbx.Said == @event)
                _clock.After(0, () => Fault(fault));
            Look();
        };
        Advance(60);
        return Finish();
    }

    ChaosWorld Finish()
    {
        _quiet = true;
        Advance(200);
        _clock.RunTo(_clock.Now + TimeSpan.FromSeconds(400), () => _router.Broken is null);
        _router.Send(EngineInput.Tick.Instance);
        Broken = _router.Broken ?? Stuck() ?? Journal();
        return this;
    }

    void Advance(double seconds) => _clock.RunTo(_clock.Now + TimeSpan.FromSeconds(seconds), () => _router.Broken is null);

    void Look() => _check.Look(_faultsOn > 0);

    void Every(int ms, Action what) => _clock.After(ms, () =>
    {
        what();
        if (!_quiet || ms < 1_000)
            Every(ms, what);
    });

    void Traffic()
    {
        switch (_random.Next(10))
        {
            case 0 or 1:
                _pbx.CallOut();
                break;
            case 2 or 3:
                _pbx.CallPast();
                break;
            default:
                _pbx.CallIn();
                break;
        }
    }

    void Agents()
    {
        var device = SimPbx.Agents[_random.Next(SimPbx.Agents.Count)];
        _pbx.Register(device, registered: _random.Next(3) > 0);
        var agent = AgentAt(_random.Next(SimPbx.Agents.Count));
        _router.Send(new EngineInput.Command(_router.NewId(), agent, _random.Next(4) == 0 ? new AgentCommand.Pause("lunch") : new AgentCommand.Ready()));
        for (var i = 0; i < SimPbx.Agents.Count; i++)
        {
            if (_random.Next(3) == 0)
                _router.Send(new EngineInput.Command(_router.NewId(), AgentAt(i), new AgentCommand.Ready()));
        }
    }

    void Fault() => Fault((SimFault)_random.Next(Enum.GetValues<SimFault>().Length));

    void Fault(SimFault fault)
    {
        Cuts++;
        _faultsOn++;
        _router.Log?.Invoke($"{_clock.Now} FAULT {fault}");
        var length_ms = _random.Next(4) == 0 ? _random.Next(1, 30_000) : _random.Next(1, 3_000);
        // The PBX itself tells its router.
        if (fault == SimFault.Crash)
            _pbx.Crash();
        else
            _router.Suffer(fault, fault == SimFault.Slow ? _random.Next(1, 4_000) : 0);
        if (fault == SimFault.HalfOpen)
            _clock.After(length_ms * 0.7, _router.Cut);
        _clock.After(length_ms, () => Heal(fault));
    }

    void Heal(SimFault fault)
    {
        _faultsOn--;
        if (fault == SimFault.Slow)
            _router.Delay_ms = 0;
        if (fault == SimFault.Database)
            _router.DatabaseAway = false;
        if (fault == SimFault.KillUncommitted)
            _router.Kill();
        // A router never starts without its database.
        if (!_router.DatabaseAway)
            _router.Launch();
        _router.Connect();
    }

    string? Stuck()
    {
        if (_router.Engine is not { } engine)
            return "no router at the end";
        var view = engine.Snapshot();
        if (view.OpenCalls > 0)
            return $"{view.OpenCalls} calls never ended";
        if (view.Agents.FirstOrDefault(a => a.State is not (AgentState.Ready or AgentState.Paused)) is { Agent: var id } stuck && id != default)
            return $"agent {id} is stuck: {stuck.State} {stuck.Reason}";
        var state = engine.State;
        return state.Legs.Count + state.Links.Count + state.Requests.Count + state.Redirects.Count + state.Bridges.Count + state.Calls.Count == 0 ? null
            : $"left behind: {state.Calls.Count} calls, {state.Legs.Count} legs, {state.Links.Count} links, {state.Requests.Count} requests, {state.Redirects.Count} redirects, {state.Bridges.Count} bridges";
    }

    /// <summary>Each client's call that was seen stands in the journal once, ended, and answered when it was.</summary>
    string? Journal()
    {
        var byLeg = _router.Journal.Calls.SelectMany(c => c.Legs.Select(l => (l.UniqueId, c))).ToLookup(p => p.UniqueId, p => p.c);
        foreach (var call in _check.Calls.Values.OrderBy(c => c.BornAt))
        {
            var found = byLeg[call.UniqueId].Distinct().ToArray();
            if (found.Length > 1)
                return $"call {call.UniqueId} stands {found.Length} times in the journal";
            if (found.Length == 0 && call.Seen)
                return $"call {call.UniqueId} is lost";
            Unseen += found.Length == 0 ? 1 : 0;
            if (found is not [{ Call: var row }])
                continue;
            if (row.State != CallState.Ended)
                return $"call {call.UniqueId} is {row.State} for ever";
            var isAnswered = row.Outcome == CallOutcome.Answered || (row.Outcome == CallOutcome.Observed && row.AnsweredAt is not null);
            if (call.SeenTalking && !isAnswered)
                return $"call {call.UniqueId} was answered, and is logged as {row.Outcome}";
            if (!call.Talked && isAnswered)
                return $"call {call.UniqueId} was never answered, and is logged as {row.Outcome}";
            if (EndOf(call, row) is { } late)
                return late;
        }

        return _router.Journal.Calls.Select(Times).FirstOrDefault(t => t is not null);
    }

    /// <summary>Who hung up while the line was silent ended, as far as anybody knows, when it was last heard: not when that was noticed, nor when it was back.</summary>
    string? EndOf(SimCall call, CallRow row)
    {
        if (call.EndedAt is not { } gone || _router.Silences.FirstOrDefault(s => s.Heard < gone && s.Back > gone) is not { Healed: not null, Forgotten: false } silence)
            return null;
        // FastAGI is a stream of its own: who asked meanwhile was alive.
        if (call.BornAt >= silence.Heard || _router.AskedAt.GetValueOrDefault(call.UniqueId) >= silence.Heard - OnItsWay)
            return null;
        // Nor is undone what was booked of the call before anybody noticed: a ring that ran out, say.
        var booked = _router.Journal.Entries.Take(silence.Entries).Where(e => e.Call == row.Id).Select(e => e is LegSpan span ? span.ToAt : e.At).DefaultIfEmpty(DateTimeOffset.MinValue).Max();
        InSilence++;
        var told = row.EndedAt!.Value;
        if (told > _router.UtcOf(gone) + Exact && told > booked)
            return $"call {call.UniqueId} ended at {gone} in the silence from {silence.Heard} (noticed {silence.Noticed}), and is logged until {told - _router.UtcOf(TimeSpan.Zero)}";
        return row.Estimated ? null : $"call {call.UniqueId} ended unseen, and its end is not marked as estimated";
    }

    /// <summary>What the rows say of one call must fit together.</summary>
    static string? Times(CallAggregate found)
    {
        var call = found.Call;
        if (call.EndedAt < call.StartedAt || call.AnsweredAt < call.StartedAt || (call.AnsweredAt is { } talked && call.EndedAt < talked))
            return $"call {call.Id} began {call.StartedAt:O}, was answered {call.AnsweredAt:O} and ended {call.EndedAt:O}";
        foreach (var leg in found.Legs)
        {
            if (leg.EndedAt < leg.StartedAt || leg.AnsweredAt > leg.EndedAt)
                return $"leg {leg.UniqueId} began {leg.StartedAt:O}, was answered {leg.AnsweredAt:O} and ended {leg.EndedAt:O}";
            if (leg.EndedAt is { } end && (leg.TalkMs ?? 0) + (leg.HoldMs ?? 0) > (end - leg.StartedAt).TotalMilliseconds + 2)
                return $"leg {leg.UniqueId} lived from {leg.StartedAt:O} to {end:O}, and has talk {leg.TalkMs} and hold {leg.HoldMs}";
        }

        return found.Offers.FirstOrDefault(o => o.EndedAt < o.OfferedAt || o.RingMs < 0) is { } offer ? $"offer {offer.Id} from {offer.OfferedAt:O} to {offer.EndedAt:O} rang {offer.RingMs}" : null;
    }

    static Guid AgentAt(int n) => new(n + 1, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0);

    static EngineSettings Settings()
    {
        var agents = Enumerable.Range(0, SimPbx.Agents.Count).Select(AgentAt).ToArray();
        var queue = new QueueSettings(new Guid(90, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0), "q", TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(40),
            new Overflow(AfterWait.Goto, "voicemail,s,1"), new Overflow(AfterWait.Reject, ""), new Overflow(AfterWait.Play, "closed"), null, TimeSpan.FromDays(90), TimeSpan.FromSeconds(20), Record: true,
            [.. agents.Select((a, i) => new QueueAgent(a, 1 + (i / 4)))]);
        return new EngineSettings(1, "main", [queue], [.. agents.Select(a => new AgentSettings(a, "a", NeedsPage: false))],
            [.. SimPbx.Agents.Select(d => new ExtensionSettings(SimPbx.Node, d["PJSIP/".Length..], [new DeviceSettings(d, true, true)]))],
            [new DialledNumberSettings("800100", "Sales", queue.Id, "web", "it")], [new PbxSettings(SimPbx.Node, [SimPbx.Trunk], null)], new EngineOptions());
    }
}

/// <summary>What came of many worlds.</summary>
public sealed class ChaosReport
{
    readonly Lock _lock = new();

    public int FirstSeed { get; init; }

    public int Worlds { get; init; }

    /// <summary>Faults in worlds without a breach.</summary>
    public int Cuts { get; private set; }

    public int Calls { get; private set; }

    public int Unseen { get; private set; }

    /// <summary>Calls that ended while the line was silent, each of which was logged until it was last heard.</summary>
    public int InSilence { get; private set; }

    public long Events { get; private set; }

    /// <summary>The seed and the first thing that was wrong in its world.</summary>
    public SortedDictionary<int, string> Broken { get; } = [];

    public void Add(ChaosWorld world)
    {
        lock (_lock)
        {
            if (world.Broken is { } what)
                Broken.Add(world.Seed, what);
            else
                Cuts += world.Cuts;
            (Calls, Unseen, InSilence, Events) = (Calls + world.Calls, Unseen + world.Unseen, InSilence + world.InSilence, Events + world.Events);
        }
    }

    public override string ToString() =>
        $"seeds {FirstSeed} to {FirstSeed + Worlds - 1}: {Cuts} faults without a breach, {Calls} calls ({Unseen} seen by the PBX alone, {InSilence} ended while the line was silent), {Events} events"
        + string.Concat(Broken.Select(b => $"\nseed {b.Key}: {b.Value}"));
}

/// <summary>What goes wrong.</summary>
public enum SimFault
{
    Cut,

    /// <summary>The line is dead, noticed only later.</summary>
    HalfOpen,

    /// <summary>Events arrive seconds late, then all at once.</summary>
    Slow,

    Overflow,

    Kill,

    /// <summary>Killed between a decision and its commit.</summary>
    KillUncommitted,

    /// <summary>The PBX itself is killed.</summary>
    Crash,

    /// <summary>PostgreSQL is away: no look-ups, and no restart until it is back.</summary>
    Database,
}
