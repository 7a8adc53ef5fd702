using System.Collections.Immutable;
using CallCrm.Engine;

namespace CallCrm.Benchmarks.Engine;

/// <summary>
/// Calls through the engine as the PBX would bring them: each is a request for a route, a look-up result, the offer answered and
/// the end, with the queue's figures of the given number of agents.
/// </summary>
sealed class EngineLoad
{
    const string Node = "pbx";
    static readonly DateTimeOffset s_start = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);
    static readonly PhoneNumber s_caller = new("+393331112222", NumberKind.E164, "+393331112222");
    static readonly PhoneNumber s_dialled = new("800100", NumberKind.Unparsed);
    readonly CallEngine _engine = new("main");
    readonly Dictionary<Guid, string> _devices = [];
    readonly LookupResult _lookup;
    readonly Queue<(TimeSpan At, LegId Client, LegId Agent)> _talks = new();
    readonly TimeSpan _talk;
    readonly TimeSpan _between;
    TimeSpan _now;
    int _calls;

    public EngineLoad(int agents)
    {
        // Eight of ten agents free on average: calls of 90 s, begun at a tenth of the agents a minute and a half.
        _talk = TimeSpan.FromSeconds(90);
        _between = TimeSpan.FromTicks(_talk.Ticks / Math.Max(1, agents / 5));
        var ids = Enumerable.Range(1, agents).Select(Id).ToArray();
        _lookup = new LookupResult(LookupOutcome.Known, [new ClientMatch(Id(2_000_001), ids[0], null, [new Contact(ids[1], s_start.AddDays(-3), TimeSpan.FromMinutes(2))])]);
        var queue = new QueueSettings(Id(1_000_001), "sales", TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(10), TimeSpan.Zero, TimeSpan.FromMinutes(5),
            new Overflow(AfterWait.Reject, ""), new Overflow(AfterWait.Reject, ""), new Overflow(AfterWait.Reject, ""), null, TimeSpan.FromDays(90), TimeSpan.FromSeconds(20), true,
            [.. ids.Select(a => new QueueAgent(a, 1))]);
        Send(new EngineInput.SettingsChanged(new EngineSettings(1, "main", [queue], [.. ids.Select(a => new AgentSettings(a, "a", NeedsPage: false))],
            [.. Enumerable.Range(1, agents).Select(n => new ExtensionSettings(Node, $"{n}", [new DeviceSettings($"PJSIP/{n}", true, true)]))],
            [new DialledNumberSettings("800100", "Sales", queue.Id, "web", "it")], [new PbxSettings(Node, ["PJSIP/trunk"], null)], new EngineOptions())));
        Send(new EngineInput.Fact(new PbxFact.Connected(Node, null, "22")));
        Send(new EngineInput.Fact(new PbxFact.Snapshot(Node, null, [], []), Id(3_000_001)));
        for (var i = 0; i < agents; i++)
        {
            _devices.Add(ids[i], $"PJSIP/{i + 1}");
            Send(new EngineInput.Command(Id(4_000_000 + i), ids[i], new AgentCommand.SignIn(Node, $"{i + 1}")));
            Send(new EngineInput.Command(Id(5_000_000 + i), ids[i], new AgentCommand.Ready()));
        }
    }

    /// <summary>
    /// Mean time of a decision (request and look-up result), without the slowest twentieth, in which other processes took the core.
    /// </summary>
    public TimeSpan Run(int calls)
    {
        var decisions = new long[calls];
        for (var i = 0; i < calls; i++)
        {
            _now += _between;
            EndDue();
            var n = ++_calls;
            var leg = new LegId(Node, $"{n}.1");
            var phone = new LegId(Node, $"{n}.2");
            var call = new Guid(n, 1, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0);
            var asked = new EngineInput.RouteAsked(new Guid(n, 2, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0), call, leg, "PJSIP/trunk-1", RequestState.New, s_caller, "Ada", s_dialled, null);
            var found = new EngineInput.LookupArrived(call, _lookup);
            var from = System.Diagnostics.Stopwatch.GetTimestamp();
            Send(asked);
            var device = DeviceOf(Send(found));
            decisions[i] = System.Diagnostics.Stopwatch.GetTimestamp() - from;
            if (device is null)
                throw new InvalidOperationException($"call {n} was not dialled");
            var created = new PbxFact.LegCreated(Node, null, phone, leg.UniqueId, device + "-1", device, "", "", "", "", false);
            EngineInput[] answer =
            [
                new EngineInput.RouteTaken(asked.Request),
                new EngineInput.Fact(created), new EngineInput.Fact(new PbxFact.DialBegan(Node, null, leg, phone, device)), new EngineInput.Fact(new PbxFact.LegRang(Node, null, phone)),
                new EngineInput.Fact(new PbxFact.DialEnded(Node, null, leg, phone, DialResult.Answered, null)),
                new EngineInput.Fact(new PbxFact.LegJoined(Node, null, phone, leg.UniqueId)), new EngineInput.Fact(new PbxFact.LegJoined(Node, null, leg, leg.UniqueId)),
            ];
            foreach (var input in answer)
                Send(input);
            _talks.Enqueue((_now + _talk, leg, phone));
        }

        Array.Sort(decisions);
        return System.Diagnostics.Stopwatch.GetElapsedTime(0, (long)decisions.AsSpan(0, calls * 19 / 20).ToArray().Average());
    }

    void EndDue()
    {
        while (_talks.TryPeek(out var talk) && talk.At <= _now)
        {
            _talks.Dequeue();
            Send(new EngineInput.Fact(new PbxFact.LegEnded(Node, null, talk.Client, 16, null, true)));
            Send(new EngineInput.Fact(new PbxFact.LegEnded(Node, null, talk.Agent, 16, null, false)));
        }
    }

    IReadOnlyList<EngineEffect> Send(EngineInput input) => _engine.Handle(new Moment(_now, s_start + _now), input).Effects;

    static string? DeviceOf(IReadOnlyList<EngineEffect> effects)
    {
        foreach (var effect in effects)
        {
            if (effect is EngineEffect.AnswerRoute { Answer: RouteAnswer.Dial dial })
                return dial.Device;
        }

        return null;
    }

    static Guid Id(int n) => new(n, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0);
}
