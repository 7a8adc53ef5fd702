using CallCrm.CallEngine.Tests;

namespace CallCrm.Engine.Tests;

/// <summary>Events doubled and moved within small windows, as no PBX should send them: survived at each step, and right after a resynchronisation.</summary>
[Trait("Category", "Slow")]
public sealed class DisorderTests
{
    public static TheoryData<string> Traces() => [.. PbxModelTraces.All];

    [Theory]
    [MemberData(nameof(Traces))]
    public void Doubled_events_are_the_same_calls(string scenario)
    {
        var events = PbxModelTraces.Events(scenario);
        foreach (var routed in new[] { false, true })
        {
            var clean = Calls(new TraceRun(routed).Play(events).Emptied());
            Calls(new TraceRun(routed).Play([.. events.SelectMany(e => new[] { e, e })]).Emptied()).Should().Be(clean, "each event twice");
        }
    }

    [Theory]
    [MemberData(nameof(Traces))]
    public void Events_in_the_wrong_order_leave_nobody_stuck(string scenario)
    {
        var events = PbxModelTraces.Events(scenario);
        for (var seed = 1; seed <= 5; seed++)
        {
            var run = new TraceRun(routed: seed % 2 == 0).Play(Mangled(events, seed)).Emptied();
            run.Nobody($"seed {seed}");
            run.Entries.Select(e => e.Seq).Should().Equal(Enumerable.Range(1, run.Entries.Count).Select(n => (long)n), $"seed {seed}");
        }
    }

    private static List<(double AtMs, PbxEvent Event)> Mangled(IReadOnlyList<(double AtMs, PbxEvent Event)> events, int seed)
    {
        var random = new Random(seed);
        var placed = new List<(int Place, (double, PbxEvent) Event)>();
        for (var i = 0; i < events.Count; i++)
        {
            placed.Add((i + random.Next(-3, 4), events[i]));
            if (random.Next(4) == 0)
                placed.Add((i + random.Next(8), events[i]));
        }

        return [.. placed.OrderBy(p => p.Place).Select(p => p.Event)];
    }

    private static int Calls(TraceRun run)
    {
        run.Nobody("after the resynchronisation");
        return run.Entries.OfType<CallStarted>().Count() - run.Entries.OfType<CallMerged>().Count();
    }
}
