namespace CallCrm.Engine.Tests;

/// <summary>A PBX, callers and agents gone mad, from one seed.</summary>
internal sealed class ChaosRun
{
    private static readonly DateTimeOffset Start = new(2026, 3, 29, 0, 30, 0, TimeSpan.Zero);
    private static readonly string[] Devices = ["PJSIP/trunk", "PJSIP/101", "PJSIP/102", "PJSIP/103", "PJSIP/104", "PJSIP/nobody", "Local/101@q-1;1", "Local/101@q-1;2"];
    private static readonly DialResult[] Results = Enum.GetValues<DialResult>();
    private readonly Random _random;
    private readonly Guid[] _agents = [.. Enumerable.Range(1, 6).Select(Id)];
    private readonly Guid[] _queues = [.. Enumerable.Range(11, 2).Select(Id)];
    private readonly List<Guid> _requests = [];
    private readonly List<Guid> _calls = [];
    private readonly List<Guid> _asks = [];
    private readonly List<(LegId Leg, string Device)> _legs = [];
    private readonly Queue<(LegId Leg, string Device)> _dialled = new();
    private TimeSpan _now;
    private TimeSpan _pbxAhead;
    private int _ids = 100;
    private int _legCount;

    public ChaosRun(int seed)
    {
        _random = new Random(seed);
        Send(new EngineInput.SettingsChanged(Settings(1)));
        foreach (var agent in _agents.Take(4))
        {
            Send(new EngineInput.Command(NewId(), agent, new AgentCommand.SignIn("pbx", $"{101 + Array.IndexOf(_agents, agent)}")));
            Send(new EngineInput.Command(NewId(), agent, new AgentCommand.Ready()));
        }
    }

    public CallEngine Engine { get; } = new("main");

    public List<EngineEffect> Effects { get; } = [];

    public List<(Moment At, EngineInput Input)> Inputs { get; } = [];

    /// <summary>The first broken invariant, with what led to it.</summary>
    public string? Broken { get; private set; }

    public void Go(int steps)
    {
        for (var i = 0; i < steps && Broken is null; i++)
        {
            _now += TimeSpan.FromMilliseconds(_random.Next(6) switch { 0 => 0, 1 => _random.Next(50), 2 => _random.Next(30_000), _ => _random.Next(1_500) });
            Send(Any());
        }
    }

    /// <summary>The PBX comes back empty, and so much time passes that nothing is awaited any more.</summary>
    public void Clear()
    {
        Send(new EngineInput.Fact(new PbxFact.Connected("pbx", null, "22")));
        Send(new EngineInput.Fact(new PbxFact.Snapshot("pbx", null, [], [.. Devices.Select(d => KeyValuePair.Create(d, DeviceState.NotInUse))]), NewId()));
        foreach (var request in _requests)
            Send(new EngineInput.RouteClosed(request));
        for (var i = 0; i < 25; i++)
        {
            _now += TimeSpan.FromMinutes(1);
            Send(EngineInput.Tick.Instance);
        }
    }

    /// <summary>No gap; every call starts once and ends at most once; every shown offer ends exactly once after it was made.</summary>
    public string? CheckJournal()
    {
        long seq = 0;
        var started = new HashSet<Guid>();
        var ended = new HashSet<Guid>();
        var offers = new Dictionary<Guid, bool>();
        var asks = new HashSet<Guid>();
        foreach (var entry in Effects.OfType<EngineEffect.Write>().Select(w => w.Entry))
        {
            if (entry.Seq != ++seq)
                return $"seq {entry.Seq}, expected {seq}";
            if (entry is CallStarted && !started.Add(entry.Call!.Value))
                return $"{entry.Call} started twice";
            if (entry is CallEnded && !ended.Add(entry.Call!.Value))
                return $"{entry.Call} ended twice";
            if (entry is CallOffered offered && !offers.TryAdd(offered.Offer, false))
                return $"offer {offered.Offer} twice";
            if (entry is OfferEnded over && (!offers.TryGetValue(over.Offer, out var isOver) || isOver))
                return $"offer {over.Offer} ended twice or never made";
            if (entry is OfferEnded done)
                offers[done.Offer] = true;
            if (entry is SeatAsked asked && !asks.Add(asked.Ask))
                return $"ask {asked.Ask} twice";
            if (entry is SeatAnswered { Outcome: not SeatOutcome.NobodyThere } answered && !asks.Remove(answered.Ask))
                return $"ask {answered.Ask} ended twice or never made";
            if (entry is AgentChanged change && change.State != change.Before && !AgentRules.May(change.Before, change.State))
                return $"agent {change.Agent} {change.Before} to {change.State}";
            if (entry.Call is { } call && !started.Contains(call) && entry is not AgentChanged)
                return $"{entry.GetType().Name} before the call's start";
        }

        return CheckSpans();
    }

    /// <summary>The spans of one leg follow each other, and those of an ended one sum to what it is booked with.</summary>
    private string? CheckSpans()
    {
        var legs = new Dictionary<string, (DateTimeOffset Until, double Talk_ms, double Hold_ms)>();
        foreach (var entry in Effects.OfType<EngineEffect.Write>().Select(w => w.Entry))
        {
            if (entry is LegSpan span)
            {
                var (until, talk_ms, hold_ms) = legs.GetValueOrDefault(span.UniqueId);
                if (span.FromAt < until || span.ToAt <= span.FromAt)
                    return $"{span} after {until:O}";
                var length_ms = (span.ToAt - span.FromAt).TotalMilliseconds;
                legs[span.UniqueId] = (span.ToAt, talk_ms + (span.What is SpanKind.Talk or SpanKind.Conference ? length_ms : 0), hold_ms + (span.What == SpanKind.Hold ? length_ms : 0));
            }
            else if (entry is LegEnded ended)
            {
                // The same id may be met again as another leg once it is forgotten.
                legs.Remove(ended.UniqueId, out var sums);
                var (_, talk_ms, hold_ms) = sums;
                if (ended.Agent is not null && (Math.Abs(talk_ms - ended.Talk_ms) > 1.01 || Math.Abs(hold_ms - ended.Hold_ms) > 1.01))
                    return $"{ended} has spans of talk {talk_ms} hold {hold_ms}";
            }
        }

        return null;
    }

    private void Send(EngineInput input)
    {
        Inputs.Add((new Moment(_now, Start + _now), input));
        var step = Engine.Handle(new Moment(_now, Start + _now), input);
        Effects.AddRange(step.Effects);
        _asks.AddRange(step.Effects.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<SeatAsked>().Select(a => a.Ask));
        foreach (var dial in step.Effects.OfType<EngineEffect.Act>().Select(a => a.What).OfType<PbxAction.Originate>())
        {
            _dialled.Enqueue((new LegId("pbx", dial.ChannelId), dial.Device));
            _legs.Add((new LegId("pbx", dial.ChannelId), dial.Device));
            _calls.Add(dial.Call);
        }

        var broken = Engine.CheckInvariants();
        if (broken.Count > 0)
            Broken ??= $"{string.Join("; ", broken)} after {input} at {_now}";
        if (step.NextDeadline is { } due && due < _now)
            Broken ??= $"deadline {due} is past at {_now}";
    }

    private EngineInput Any() => _random.Next(24) switch
    {
        0 or 1 => Fact(Created()),
        2 or 3 => Asked(),
        4 or 5 => new EngineInput.LookupArrived(Call(), Lookup()),
        6 => new EngineInput.RouteTaken(Request()),
        7 => new EngineInput.RouteClosed(Request()),
        8 => new EngineInput.ActionDone(_random.Next(1, 30), _random.Next(2) == 0, "x"),
        9 or 10 => Command(),
        11 => _random.Next(4) == 0 ? Whole() : new EngineInput.PagesReported($"crm{_random.Next(2)}", [.. _agents.Where(_ => _random.Next(3) > 0)]),
        12 => _random.Next(5) == 0 ? new EngineInput.SettingsChanged(Settings(_random.Next(1, 100_000))) : EngineInput.Tick.Instance,
        13 => Fact(new PbxFact.DeviceChanged("pbx", null, Devices[_random.Next(Devices.Length)], (DeviceState)_random.Next(9))),
        14 => Fact(_random.Next(4) == 0 ? new PbxFact.FellBack("pbx", null, Leg()) : new PbxFact.HoldMarked("pbx", null, Leg())),
        15 => Fact(_random.Next(2) == 0 ? new PbxFact.HoldBegan("pbx", null, Leg()) : new PbxFact.HoldEnded("pbx", null, Leg())),
        16 => Fact(new PbxFact.DialBegan("pbx", null, _random.Next(5) == 0 ? null : Leg(), Leg(), Devices[_random.Next(Devices.Length)])),
        17 => Fact(new PbxFact.LegRang("pbx", null, Leg())),
        18 => Fact(new PbxFact.DialEnded("pbx", null, _random.Next(4) == 0 ? null : Leg(), _random.Next(4) == 0 ? null : Leg(), Results[_random.Next(Results.Length)], _random.Next(2) == 0 ? 603 : null)),
        19 or 20 => Fact(new PbxFact.LegJoined("pbx", null, Leg(), $"b{_random.Next(4)}")),
        21 => Fact(new PbxFact.LegLeft("pbx", null, Leg(), $"b{_random.Next(4)}")),
        22 => Fact(new PbxFact.LegEnded("pbx", null, Leg(), _random.Next(30), null, _random.Next(2) == 0)),
        _ => Fact(Rare()),
    };

    private PbxFact Rare() => _random.Next(12) switch
    {
        0 => new PbxFact.Connected("pbx", null, "22"),
        1 => new PbxFact.Lost("pbx", null, "cut"),
        2 => new PbxFact.LegLinked("pbx", null, Leg(), Leg().UniqueId),
        3 => new PbxFact.Transferred("pbx", null, (TransferKind)_random.Next(2), Leg(), Leg(), "102"),
        4 => new PbxFact.RecordingBegan("pbx", null, Leg()),
        5 => new PbxFact.LegUp("pbx", null, Leg()),
        6 or 7 => new PbxFact.LegJoined("pbx", null, Leg(), $"c{_random.Next(2)}", Conference: true),
        8 => _random.Next(2) == 0 ? new PbxFact.WaitBegan("pbx", null, Leg(), (WaitKind)_random.Next(4)) : new PbxFact.WaitEnded("pbx", null, Leg()),
        9 => _random.Next(3) > 0 ? new PbxFact.ListenBegan("pbx", null, Leg(), Leg()) : new PbxFact.ListenEnded("pbx", null, Leg()),
        10 => new PbxFact.LegHungUp("pbx", null, Leg()),
        _ => new PbxFact.LegEnded("pbx", null, Leg(), 16, null, true),
    };

    private EngineInput.Fact Whole()
    {
        var legs = _legs.Where(_ => _random.Next(3) > 0).TakeLast(12).Select(l => new SnapshotLeg(l.Leg, _random.Next(2) == 0 ? l.Leg.UniqueId : Leg().UniqueId,
            l.Device, l.Device, "+39333", "", "800", "callcrm-route", _random.Next(2) == 0 ? "MusicOnHold" : "Dial", true, _random.Next(2) == 0,
            _random.Next(2) == 0 ? $"b{_random.Next(4)}" : null, TimeSpan.FromSeconds(_random.Next(100)), _random.Next(4) == 0 ? Call().ToString("N") : null));
        return new EngineInput.Fact(new PbxFact.Snapshot("pbx", null, [.. legs], [.. Devices.Select(d => KeyValuePair.Create(d, (DeviceState)_random.Next(9)))]), NewId());
    }

    private PbxFact.LegCreated Created()
    {
        // The PBX tells of a channel that it was asked for; or never does.
        if (_random.Next(2) == 0 && _dialled.TryDequeue(out var asked))
            return new PbxFact.LegCreated("pbx", null, asked.Leg, asked.Leg.UniqueId, $"{asked.Device}-1", asked.Device, "101", "", "", "in", false, Called: true);
        var device = Devices[_random.Next(Devices.Length)];
        var leg = new LegId("pbx", $"{_legCount++}");
        _legs.Add((leg, device));
        return new PbxFact.LegCreated("pbx", null, leg, _random.Next(2) == 0 ? leg.UniqueId : Leg().UniqueId, device, device, "+393331112222", "", _random.Next(2) == 0 ? "800" : "102", "in", _random.Next(5) == 0);
    }

    private EngineInput.RouteAsked Asked()
    {
        var leg = Leg();
        if (_random.Next(2) == 0)
            _legs.Add((leg = new LegId("pbx", $"{_legCount++}"), "PJSIP/trunk"));
        var request = NewId();
        _requests.Add(request);
        var kind = (NumberKind)_random.Next(4);
        var caller = kind == NumberKind.Withheld ? PhoneNumber.Withheld : new PhoneNumber("+393331112222", kind, kind == NumberKind.E164 ? "+393331112222" : null);
        var call = NewId();
        _calls.Add(call);
        return new EngineInput.RouteAsked(request, call, leg, "PJSIP/trunk-1", (RequestState)_random.Next(4), caller, "x", new PhoneNumber(_random.Next(6) == 0 ? "9" : "800", NumberKind.Unparsed),
            _random.Next(2) == 0 ? null : Results[_random.Next(Results.Length)]);
    }

    private EngineInput.Command Command()
    {
        var call = Call();
        AgentCommand what = _random.Next(21) switch
        {
            0 => new AgentCommand.SignIn("pbx", $"{_random.Next(101, 106)}"),
            1 => new AgentCommand.SignOut(),
            2 or 3 or 4 => new AgentCommand.Ready(),
            5 => _random.Next(3) switch { 0 => new AgentCommand.SignOutAfter(), 1 => new AgentCommand.KeepOn(), _ => new AgentCommand.Pause("lunch") },
            6 => new AgentCommand.Answer(call),
            7 => new AgentCommand.HangUp(call),
            8 => _random.Next(2) == 0 ? new AgentCommand.Hold(call) : new AgentCommand.Resume(call),
            9 => new AgentCommand.FinishWrapUp(call),
            10 => new AgentCommand.ExtendWrapUp(call),
            18 => new AgentCommand.TakeOver("pbx", $"{_random.Next(101, 106)}", _agents[_random.Next(_agents.Length)]),
            19 => new AgentCommand.AnswerSeat(Ask(), _random.Next(2) == 0),
            20 => new AgentCommand.WithdrawSeat(Ask()),
            11 or 12 => new AgentCommand.Dial(_random.Next(3) == 0 ? new PhoneNumber($"{_random.Next(101, 106)}", NumberKind.Unparsed) : new PhoneNumber("+390612345678", NumberKind.E164, "+390612345678"), _random.Next(2) == 0 ? Id(77) : null),
            13 => new AgentCommand.AttachClient(call, Id(77)),
            14 => new AgentCommand.Transfer(call, Target()),
            15 => new AgentCommand.Consult(call, Target()),
            16 => _random.Next(2) == 0 ? new AgentCommand.Swap(call) : new AgentCommand.Join(call),
            _ => _random.Next(2) == 0 ? new AgentCommand.CancelTransfer(call) : new AgentCommand.CompleteTransfer(call),
        };
        return new EngineInput.Command(_random.Next(20) == 0 ? Id(100) : NewId(), _agents[_random.Next(_agents.Length)], what);
    }

    private TransferTarget Target() => _random.Next(4) switch
    {
        0 => new TransferTarget(Queue: _queues[_random.Next(2)]),
        1 => new TransferTarget(Number: new PhoneNumber("+390612345678", NumberKind.E164, "+390612345678")),
        2 => new TransferTarget(Number: new PhoneNumber($"{_random.Next(101, 106)}", NumberKind.Unparsed)),
        _ => new TransferTarget(Agent: _agents[_random.Next(_agents.Length)]),
    };

    private LookupResult Lookup() => new((LookupOutcome)_random.Next(8),
        [new ClientMatch(Id(77), _random.Next(2) == 0 ? _agents[_random.Next(6)] : null, null, [new Contact(_agents[_random.Next(6)], Start, TimeSpan.FromMinutes(1))])], _random.Next(4) == 0);

    private EngineSettings Settings(long version)
    {
        Overflow Then() => _random.Next(5) switch
        {
            0 => new Overflow(AfterWait.Queue, _queues[_random.Next(2)].ToString()),
            1 => new Overflow(AfterWait.Goto, "vm,s,1"),
            2 => new Overflow(AfterWait.Play, "closed"),
            3 => new Overflow(AfterWait.Reject, ""),
            _ => new Overflow(AfterWait.Queue, "nonsense"),
        };

        var queues = _queues.Where(_ => version == 1 || _random.Next(4) > 0).Select(q => new QueueSettings(q, "q", TimeSpan.FromSeconds(_random.Next(1, 20)), TimeSpan.FromSeconds(_random.Next(2) * 10),
            TimeSpan.FromSeconds(_random.Next(3) * 10), TimeSpan.FromSeconds(_random.Next(5, 90)), Then(), Then(), Then(), null, TimeSpan.FromDays(90), TimeSpan.FromSeconds(20), true,
            [.. _agents.Where(_ => _random.Next(3) > 0).Select(a => new QueueAgent(a, _random.Next(1, 3)))], PauseAfterWrapUp: version % 2 == 0));
        return new EngineSettings(version, "main", [.. queues], [.. _agents.Where(_ => version == 1 || _random.Next(6) > 0).Select(a => new AgentSettings(a, "a", _random.Next(2) == 0))],
            [.. Enumerable.Range(101, 4).Select(n => new ExtensionSettings("pbx", $"{n}", [new DeviceSettings($"PJSIP/{n}", true, true)]))],
            [new DialledNumberSettings("800", "x", _queues[0], "web", "it")], [new PbxSettings("pbx", ["PJSIP/trunk"], _queues[1])], new EngineOptions());
    }

    private EngineInput.Fact Fact(PbxFact fact)
    {
        var id = NewId();
        if (fact is PbxFact.LegCreated)
            _calls.Add(id);
        // Some happened a while ago, by a clock that jumps now and then.
        if (_random.Next(60) == 0)
            _pbxAhead = TimeSpan.FromMinutes(_random.Next(-90, 90));
        var told = _random.Next(3) == 0 ? (DateTimeOffset?)null : Start + _now + _pbxAhead - TimeSpan.FromMilliseconds(_random.Next(4) == 0 ? _random.Next(3_000) : 0);
        return new EngineInput.Fact(fact with { PbxTime = told }, id);
    }

    private LegId Leg() => _legs.Count == 0 || _random.Next(30) == 0 ? new LegId("pbx", "unknown") : _legs[Math.Max(0, _legs.Count - 1 - _random.Next(8))].Leg;

    private Guid Ask() => _asks.Count == 0 ? Id(97) : _asks[Math.Max(0, _asks.Count - 1 - _random.Next(3))];

    private Guid Call() => _calls.Count == 0 ? Id(99) : _calls[Math.Max(0, _calls.Count - 1 - _random.Next(8))];

    private Guid Request() => _requests.Count == 0 ? Id(98) : _requests[Math.Max(0, _requests.Count - 1 - _random.Next(4))];

    private Guid NewId() => Id(++_ids);

    private static Guid Id(int n) => new(n, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0);
}
