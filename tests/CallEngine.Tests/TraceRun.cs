using CallCrm.CallEngine.Tests;

namespace CallCrm.Engine.Tests;

/// <summary>
/// Events of a capture through <see cref="PbxModel"/> and the engine, with an agent at each phone. Routed: each caller from the trunk
/// asks us when the channel comes and again when a ring ended without an answer, as the dialplan does.
/// </summary>
internal sealed class TraceRun
{
    private static readonly DateTimeOffset Start = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);
    private readonly PbxModel _model = new(PbxModelTraces.Node);
    private readonly CallEngine _engine = new("main");
    private readonly HashSet<LegId> _living = [];
    private readonly bool _routed;
    private TimeSpan _now;
    private int _ids = 1000;

    public TraceRun(bool routed)
    {
        _routed = routed;
        var numbers = Enumerable.Range(101, 10).ToArray();
        var queue = new QueueSettings(NewId(), "q", TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(1), TimeSpan.Zero, TimeSpan.FromMinutes(5), new Overflow(AfterWait.Reject, ""),
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

    public List<JournalEntry> Entries { get; } = [];

    public List<EngineEffect.Report> Reports { get; } = [];

    public static Guid AgentAt(int number) => new(number, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0);

    public TraceRun Play(IReadOnlyList<(double AtMs, PbxEvent Event)> events)
    {
        foreach (var (at, happened) in events)
        {
            _now = TimeSpan.FromMilliseconds(Math.Max(at, _now.TotalMilliseconds));
            foreach (var fact in _model.Handle(happened).ToArray())
                Take(fact);
        }

        _now += TimeSpan.FromSeconds(5);
        Send(EngineInput.Tick.Instance);
        return this;
    }

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
        }

        _engine.CheckInvariants().Should().BeEmpty($"after {input} at {_now}");
    }

    private Guid NewId() => AgentAt(++_ids);
}
