using CallCrm.CallEngine.Tests;

namespace CallCrm.Engine.Tests.Wire;

/// <summary>A captured trace as the router gives it to the engine: settings, the PBX's lists, agents at ten phones, events cut, requests of callers from the trunk.</summary>
internal static class TraceInputs
{
    private static readonly DateTimeOffset Start = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);

    public static List<(Moment At, EngineInput Input)> Of(IReadOnlyList<(double AtMs, PbxEvent Event)> events, bool routed = true, bool cut = true)
    {
        var inputs = new List<(Moment, EngineInput)>();
        var (ids, now) = (1000, TimeSpan.Zero);
        foreach (var input in Opening(NewId))
            Add(input);
        foreach (var (at, said) in events)
        {
            now = TimeSpan.FromMilliseconds(Math.Max(at, now.TotalMilliseconds));
            var e = cut ? said with { Fields = PbxModelHeaders.Cut(said.Fields) } : said;
            if (PbxModel.EventNames.Contains(e.Name))
                Add(new EngineInput.PbxSaid(e, NewId()));
            if (!routed || e.Name != "Newchannel" || e["Channel"]?.StartsWith("PJSIP/trunk", StringComparison.Ordinal) != true || e["Uniqueid"] != e["Linkedid"])
                continue;
            var (request, call) = (NewId(), NewId());
            Add(new EngineInput.RouteAsked(request, call, new LegId(PbxModelTraces.Node, e["Uniqueid"]!), e["Channel"]!, RequestState.New,
                new PhoneNumber("+420777123456", NumberKind.E164, "+420777123456"), "Alice", new PhoneNumber("560001", NumberKind.Unparsed), null));
            Add(new EngineInput.LookupArrived(call, new LookupResult(LookupOutcome.Unknown, [])));
            Add(new EngineInput.RouteTaken(request));
        }

        now += TimeSpan.FromSeconds(5);
        Add(EngineInput.Tick.Instance);
        return inputs;

        void Add(EngineInput input) => inputs.Add((new Moment(now, Start + now), input));
        Guid NewId() => TraceRun.AgentAt(++ids);
    }

    private static IEnumerable<EngineInput> Opening(Func<Guid> id)
    {
        var numbers = Enumerable.Range(101, 10).ToArray();
        var over = new Overflow(AfterWait.Reject, "");
        var queue = new QueueSettings(id(), "q", TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(1), TimeSpan.Zero, TimeSpan.FromMinutes(5), over, over, over, null,
            TimeSpan.FromDays(90), TimeSpan.FromSeconds(20), true, [.. numbers.Select(n => new QueueAgent(TraceRun.AgentAt(n), n - 100))]);
        yield return new EngineInput.SettingsChanged(new EngineSettings(1, "main", [queue], [.. numbers.Select(n => new AgentSettings(TraceRun.AgentAt(n), $"{n}", false))],
            [.. numbers.Select(n => new ExtensionSettings(PbxModelTraces.Node, $"{n}", [new DeviceSettings($"PJSIP/{n}", true, true)]))], [],
            [new PbxSettings(PbxModelTraces.Node, ["PJSIP/trunk"], queue.Id)], new EngineOptions()));
        yield return new EngineInput.PbxLists(PbxModelTraces.Node, [], [], id());
        foreach (var number in numbers)
        {
            yield return new EngineInput.Command(id(), TraceRun.AgentAt(number), new AgentCommand.SignIn(PbxModelTraces.Node, $"{number}"));
            yield return new EngineInput.Command(id(), TraceRun.AgentAt(number), new AgentCommand.Ready());
        }
    }
}
