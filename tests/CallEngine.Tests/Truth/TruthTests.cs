using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using CallCrm.CallEngine.Tests;

namespace CallCrm.Engine.Tests;

/// <summary>
/// What the README of each trace says happened, as the engine tells it from AMI alone. The texts in <c>Expected</c> were held
/// against README, SIP and AMI of their trace by a reader; to write new ones set CALLCRM_APPROVE=1, and read them again.
/// </summary>
[Trait("Category", "Slow")]
public sealed partial class TruthTests
{
    public static TheoryData<string> Small => [.. PbxModelTraces.All.Where(s => s != "21-load"), .. PbxModelTraces.Captures];

    public static TheoryData<string> Every => [.. PbxModelTraces.All, .. PbxModelTraces.Captures];

    [Theory]
    [MemberData(nameof(Small))]
    public void The_conversation_is_told_as_it_was(string scenario)
    {
        var told = TruthText.Of(new TraceRun(routed: false).PlayAll(scenario));
        var file = ExpectedFile(scenario);
        if (Environment.GetEnvironmentVariable("CALLCRM_APPROVE") == "1")
            File.WriteAllText(file, told);
        told.Should().Be(File.ReadAllText(file), "{0} says so", Path.GetFileName(file));
    }

    [Theory]
    [MemberData(nameof(Small))]
    public void A_host_that_is_busy_for_seconds_tells_the_same(string scenario)
    {
        for (var seed = 1; seed <= 3; seed++)
        {
            // Where the line was cut the host knows only when it noticed.
            if (PbxModelTraces.All.Contains(scenario) && PbxModelTraces.Connections(scenario).Count > 1)
                return;
            var told = TruthText.Of(new TraceRun(routed: false, seed).PlayAll(scenario));
            ShouldBeNear(told, File.ReadAllText(ExpectedFile(scenario)));
        }
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void Observed_times_add_up(string scenario) => TruthSums.Check(new TraceRun(routed: false).PlayAll(scenario).Entries);

    [Theory]
    [MemberData(nameof(Every))]
    public void Routed_times_add_up(string scenario) => TruthSums.Check(new TraceRun(routed: true).PlayAll(scenario).Entries);

    [Theory]
    [MemberData(nameof(Every))]
    public void Talk_and_hold_are_the_time_that_the_bridges_show(string scenario)
    {
        if (PbxModelTraces.Captures.Contains(scenario) || PbxModelTraces.Connections(scenario).Count > 1)
            return;
        TruthSums.CheckAgainstBridges(new TraceRun(routed: false).PlayAll(scenario).Entries, PbxModelTraces.Events(scenario));
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void Who_spoke_with_a_client_wraps_up_from_the_end_of_their_leg_on_as_long_as_the_settings_say(string scenario)
    {
        foreach (var routed in new[] { false, true })
        {
            foreach (var wrapUp in new[] { 1.0, 4.5 })
            {
                var run = new TraceRun(routed, wrapUp: TimeSpan.FromSeconds(wrapUp)).PlayAll(scenario);
                TruthWrapUps.Check(run.Entries, run.WrapUp);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void Or_until_they_say_what_came_of_it(string scenario)
    {
        foreach (var routed in new[] { false, true })
        {
            var run = new TraceRun(routed, wrapUp: TimeSpan.FromSeconds(4.5), disposedAfter: TimeSpan.FromMilliseconds(300)).PlayAll(scenario);
            TruthWrapUps.Check(run.Entries, run.WrapUp, TimeSpan.FromMilliseconds(300));
        }
    }

    /// <summary>Nothing above may hold because nobody ever wrapped up.</summary>
    [Theory]
    [InlineData("02-inbound-answered", false, 1)]
    [InlineData("02-inbound-answered", true, 1)]
    [InlineData("10-attended-transfer-refer-replaces", false, 2)]
    [InlineData("05b-abandon-while-ringing", true, 0)]
    public void So_many_wrap_up_in_these_traces(string scenario, bool routed, int wrapUps)
    {
        var run = new TraceRun(routed).PlayAll(scenario);
        TruthWrapUps.Check(run.Entries, run.WrapUp).Should().Be(wrapUps);
    }

    /// <summary>Who is routed by us does the same at the PBX; only its wait is told by us as well.</summary>
    [Theory]
    [MemberData(nameof(Every))]
    public void Routed_calls_have_the_same_talk_as_observed_ones(string scenario)
    {
        static string[] Spans(TraceRun run) => [.. run.Entries.OfType<LegSpan>().Where(s => s.What != SpanKind.Wait).Select(s => $"{s.UniqueId} {s.What} {s.Other} {s.FromAt:O} {s.ToAt:O}")];
        Spans(new TraceRun(routed: true).PlayAll(scenario)).Should().BeEquivalentTo(Spans(new TraceRun(routed: false).PlayAll(scenario)));
    }

    /// <summary>
    /// The same story, each time within 5 ms: what happened in one moment may be told in another order, and the caller's name
    /// may be read after the call was announced.
    /// </summary>
    private static void ShouldBeNear(string told, string expected)
    {
        var (a, b) = (Lines(told), Lines(expected));
        string.Join('\n', a.Select(l => l.Skeleton)).Should().Be(string.Join('\n', b.Select(l => l.Skeleton)));
        foreach (var (mine, theirs) in a.SelectMany(l => l.Figures).Zip(b.SelectMany(l => l.Figures)))
            mine.Should().BeApproximately(theirs, 0.005, "{0}", told);
    }

    private static List<(string Skeleton, double[] Figures)> Lines(string text) =>
    [
        // A call that is another one is only told of when it was announced before.
        .. text.Split('\n').Where(l => !l.EndsWith("is this one", StringComparison.Ordinal)).Select(l => l.StartsWith("call", StringComparison.Ordinal) ? string.Join(' ', l.Split(' ')[..3]) : l)
            .Select(l => (Figure().Replace(l, "#"), Figure().Matches(l).Select(m => double.Parse(m.Value, CultureInfo.InvariantCulture)).ToArray()))
            .OrderBy(l => l.Item1, StringComparer.Ordinal).ThenBy(l => l.Item2.FirstOrDefault()),
    ];

    [GeneratedRegex(@"\d+\.\d{3}")]
    private static partial Regex Figure();

    private static string ExpectedFile(string scenario, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "Expected", scenario + ".txt");
}
