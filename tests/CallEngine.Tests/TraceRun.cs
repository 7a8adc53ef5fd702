using CallCrm.CallEngine.Tests;

namespace CallCrm.Engine.Tests;

/// <summary>
/// Events of a capture through <see cref="PbxModel"/> and the engine, with an agent at each phone. Routed: each caller from the trunk
/// asks us when the channel comes and again when a ring ended without an answer, as the dialplan does.
/// </summary>
internal sealed class TraceRun
{
    public static readonly DateTimeOffset Start = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);
    private readonly PbxModel _model = new(PbxModelTraces.Node);
    private readonly CallEngine _engine = new("main");
    private readonly HashSet<LegId> _living = [];
    private readonly bool _routed;
    private readonly Random? _busy;
    private readonly TimeSpan? _disposedAfter;
    private readonly Queue<(TimeSpan Due, Guid Agent, Guid Call)> _disposals = [];
    private TimeSpan _late;
    private TimeSpan _now;
    private int _ids = 1000;

    /// <param name="busySeed">
    /// The PBX's events carry its Timestamp, by a clock that is 7 hours off, and the host comes round to them late: each up
    /// to 3 s after it happened, in bursts.
    /// </param>
    /// <param name="wrapUp">Of the queue; default 1 s.</param>
    /// <param name="disposedAfter">Each agent says what came of the call so long after it; null: nobody says anything.</param>
    public TraceRun(bool routed, int? busySeed = null, TimeSpan? wrapUp = null, TimeSpan? disposedAfter = null)
    {
        (_routed, _disposedAfter, WrapUp) = (routed, disposedAfter, wrapUp ?? TimeSpan.FromSeconds(1));
        _busy = busySeed is { } seed ? new Random(seed) : null;
        var numbers = Enumerable.Range(101, 10).ToArray();
        var queue = new QueueSettings(NewId(), "q", TimeSpan.FromSeconds(20), WrapUp, TimeSpan.Zero, TimeSpan.FromMinutes(5), new Overflow(AfterWait.Reject, ""),
            new Overflow(AfterWait.Reject, ""), new Overflow(AfterWait.Reject, ""), null, TimeSpan.FromDays(90), TimeSpan.FromSeconds(20), true,
            [.. numbers.Select(n => new QueueAgent(AgentAt(n), n - 100))]);
        Send(new EngineInput.SettingsChanged(new EngineSettings(1, "main", [queue], [.. numbers.Select(n => new AgentSettings(AgentAt(n), $"{n}", false))],
            [.. numbers.Select(n => new ExtensionSettings(PbxModelTraces.Node, $"{n}", [new DeviceSettings($"PJSIP/{n}", true, true)]))], [],
            [new PbxSettings(PbxModelTraces.Node, ["PJSIP/trunk"], queue.Id)], new EngineOptions())));
        Send(new EngineInput.Fact(new PbxFact.Snapshot(PbxModelTraces.Node, null, [], []), NewId()));
        foreach (var number in numbers)
        {
            Send(new EngineInput.Command(NewId(), AgentAt(number), new AgentCommand.SignIn(PbxModelTraces.Node, $"{number}")));
            Send(new EngineInput.Command(NewId(), AgentAt(number), new AgentCommand.Ready()));
        }
    }

    public TimeSpan WrapUp { get; }

    public List<JournalEntry> Entries { get; } = [];

    public List<EngineEffect.Report> Reports { get; } = [];

    public static Guid AgentAt(int number) => new(number, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0);

    public static int NumberOf(Guid agent) => BitConverter.ToInt32(agent.ToByteArray(), 0);

    public TraceRun Play(IReadOnlyList<(double AtMs, PbxEvent Event)> events)
    {
        Hear(events);
        Go(_now + TimeSpan.FromSeconds(10));
        Send(EngineInput.Tick.Instance);
        return this;
    }

    /// <summary>A trace with all its connections: between two of them the line was cut, and the PBX came back without a channel.</summary>
    public TraceRun PlayAll(string name)
    {
        if (PbxModelTraces.Captures.Contains(name))
            return Play(PbxModelTraces.Capture(name));
        var connections = PbxModelTraces.Connections(name);
        for (var i = 0; i < connections.Count; i++)
        {
            var events = PbxModelTraces.Events(name, connections[i]);
            if (i > 0 && events.Count > 0)
                ComeBack(name, events[0].AtMs);
            Hear(events);
        }

        return Play([]);
    }

    /// <summary>When the socket closed, by the README of the trace.</summary>
    private static readonly Dictionary<string, double> s_lostAt_ms = new()
    {
        ["19c-core-restart-now-with-call"] = 2843,
        ["19e-crash-kill-9"] = 1726,
    };

    private void ComeBack(string name, double backAt_ms)
    {
        _now = TimeSpan.FromMilliseconds(Math.Max(_now.TotalMilliseconds, s_lostAt_ms.GetValueOrDefault(name)));
        Send(new EngineInput.Fact(_model.Reset("closed")));
        _now = TimeSpan.FromMilliseconds(Math.Max(_now.TotalMilliseconds, backAt_ms));
        Send(new EngineInput.Fact(new PbxFact.Connected(PbxModelTraces.Node, null, "22.10.1")));
        Send(new EngineInput.Fact(_model.TakeSnapshot([], []), NewId()));
        _living.Clear();
    }

    private void Hear(IReadOnlyList<(double AtMs, PbxEvent Event)> events)
    {
        if (_busy is not null)
            Send(new EngineInput.Fact(new PbxFact.DeviceChanged(PbxModelTraces.Node, PbxTime(_now.TotalMilliseconds), "PJSIP/none", DeviceState.Unknown)));
        foreach (var (at, happened) in events)
        {
            var e = _busy is null ? happened : happened with { PbxTime = PbxTime(at) };
            if (_busy is { } random && random.Next(12) == 0)
                _late = TimeSpan.FromMilliseconds(random.Next(3000));
            Go(TimeSpan.FromMilliseconds(Math.Max(at + _late.TotalMilliseconds, _now.TotalMilliseconds)));
            foreach (var fact in _model.Handle(e).ToArray())
                Take(fact);
        }
    }

    /// <summary>Until then, with what the agents do meanwhile.</summary>
    private void Go(TimeSpan to)
    {
        while (_disposals.TryPeek(out var next) && next.Due <= to)
        {
            _disposals.Dequeue();
            _now = next.Due;
            Send(new EngineInput.Command(NewId(), next.Agent, new AgentCommand.FinishWrapUp(next.Call)));
        }

        _now = to;
    }

    private static DateTimeOffset PbxTime(double at_ms) => Start.AddHours(7).AddMilliseconds(at_ms);

    /// <summary>A resynchronisation after which the PBX has nothing any more, and the time that decides doubts.</summary>
    public TraceRun Emptied()
    {
        _living.Clear();
        _now += TimeSpan.FromSeconds(11);
        Send(new EngineInput.Fact(_model.TakeSnapshot([], []), NewId()));
        _now += TimeSpan.FromSeconds(40);
        Send(EngineInput.Tick.Instance);
        return this;
    }

    /// <summary>No call without a channel, nobody busy without one, every call once begun and at most once ended.</summary>
    public void CheckEnd()
    {
        var view = _engine.Snapshot();
        if (_living.Count == 0)
        {
            view.OpenCalls.Should().Be(0);
            view.Agents.Should().OnlyContain(a => a.State == AgentState.Ready || a.State == AgentState.Paused);
        }

        Entries.OfType<CallStarted>().Select(e => e.Call).Should().OnlyHaveUniqueItems();
        Entries.OfType<CallEnded>().Select(e => e.Call).Should().OnlyHaveUniqueItems();
        Reports.Where(r => r.Code is not "route_for_ended_call" and not "nobody_asked").Should().BeEmpty();
    }

    /// <summary>No call is open, and nobody is busy.</summary>
    public void Nobody(string because)
    {
        var view = _engine.Snapshot();
        view.OpenCalls.Should().Be(0, because);
        view.Agents.Should().OnlyContain(a => a.State == AgentState.Ready || a.State == AgentState.Paused, because);
        Entries.OfType<CallStarted>().Select(e => e.Call).Should().OnlyHaveUniqueItems(because);
        Entries.OfType<CallEnded>().Select(e => e.Call).Should().OnlyHaveUniqueItems(because);
    }

    private void Take(PbxFact fact)
    {
        Send(new EngineInput.Fact(fact, NewId()));
        switch (fact)
        {
            case PbxFact.LegCreated created:
                _living.Add(created.Leg);
                if (_routed && created is { Device: "PJSIP/trunk" } && created.LinkedId == created.Leg.UniqueId)
                    Ask(created.Leg, created.ChannelName, RequestState.New, null);
                break;
            case PbxFact.LegEnded ended:
                _living.Remove(ended.Leg);
                break;
            case PbxFact.DialEnded { Result: not DialResult.Answered and not DialResult.AnsweredElsewhere and not DialResult.Cancelled, Caller: { } caller } over when _routed && _living.Contains(caller)
                && _engine.State.Legs.GetValueOrDefault(caller) is { Call: { Routed: true, Client: { } client } } leg && ReferenceEquals(client, leg):
                Ask(caller, leg.ChannelName, RequestState.Next, over.Result);
                break;
        }
    }

    private void Ask(LegId leg, string channel, RequestState state, DialResult? last)
    {
        var (request, call) = (NewId(), NewId());
        var caller = new PhoneNumber("+420777123456", NumberKind.E164, "+420777123456");
        Send(new EngineInput.RouteAsked(request, call, leg, channel, state, caller, "Alice", new PhoneNumber("560001", NumberKind.Unparsed), last));
        if (_engine.State.Legs.GetValueOrDefault(leg) is { Call: { LookupPending: true } waiting })
            Send(new EngineInput.LookupArrived(waiting.Id, new LookupResult(LookupOutcome.Unknown, [])));
        Send(new EngineInput.RouteTaken(request));
    }

    private void Send(EngineInput input)
    {
        foreach (var effect in _engine.Handle(new Moment(_now, Start + _now), input).Effects)
        {
            if (effect is EngineEffect.Write write)
                Entries.Add(write.Entry);
            else if (effect is EngineEffect.Report report)
                Reports.Add(report);
            if (_disposedAfter is { } length && effect is EngineEffect.Write { Entry: AgentChanged { State: AgentState.WrapUp, Before: not AgentState.WrapUp, Call: { } call } wraps })
                _disposals.Enqueue((_now + length, wraps.Agent, call));
        }

        _engine.CheckInvariants().Should().BeEmpty($"after {input} at {_now}");
    }

    private Guid NewId() => AgentAt(++_ids);
}
