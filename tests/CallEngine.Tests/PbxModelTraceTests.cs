using System.Runtime.CompilerServices;
using CallCrm.Engine;

namespace CallCrm.CallEngine.Tests;

/// <summary>
/// Each captured scenario against its table in <c>PbxModelFacts</c>. The tables were read against what was done in the
/// scenario; to write new ones set CALLCRM_APPROVE=1, and read them again.
/// </summary>
public sealed class PbxModelTraceTests
{
    public static TheoryData<string> Small => [.. PbxModelTraces.All.Where(s => s != "21-load")];

    public static TheoryData<string> Captures => [.. PbxModelTraces.Captures];

    public static TheoryData<string> Every => [.. PbxModelTraces.All];

    [Theory]
    [MemberData(nameof(Small))]
    public void Scenario_gives_the_facts_of_its_table(string scenario)
    {
        Approve(scenario, PbxModelTable.Of(scenario));
    }

    static void Approve(string scenario, string table)
    {
        var file = TableFile(scenario);
        if (Environment.GetEnvironmentVariable("CALLCRM_APPROVE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, table);
        }

        table.Should().Be(File.ReadAllText(file), "{0} says so", Path.GetFileName(file));
    }

    /// <summary>Asterisk 22.10.1 too, with <c>channelvars=CALLCRM_CALLID,CALLERID(num-pres)</c>; headers that the model never reads are left out.</summary>
    [Theory]
    [MemberData(nameof(Captures))]
    public void Capture_gives_the_facts_of_its_table_and_leaves_nothing_behind(string capture)
    {
        var events = PbxModelTraces.Capture(capture);
        Approve(capture, PbxModelTable.Of(events));

        var model = new PbxModel(PbxModelTraces.Node);
        var order = new PbxModelOrder();
        foreach (var (_, e) in events)
            order.Add(model.Handle(e));
        order.Broken.Should().BeEmpty();
        order.Ended.Should().BeEquivalentTo(order.Created);
        model.Counters.Should().Match<PbxModelCounters>(c => c.Legs == 0 && c.Bridges == 0 && c.UnknownLeg == 0);
    }

    [Fact]
    public void Every_table_belongs_to_a_scenario() =>
        Directory.GetFiles(Path.GetDirectoryName(TableFile("x"))!).Select(f => Path.GetFileNameWithoutExtension(f)!)
            .Should().BeSubsetOf(PbxModelTraces.All.Concat(PbxModelTraces.Captures));

    [Theory]
    [MemberData(nameof(Every))]
    public void Every_trace_keeps_the_order_of_facts_and_ends_what_hangs_up(string scenario)
    {
        var model = new PbxModel(PbxModelTraces.Node);
        foreach (var connection in PbxModelTraces.Connections(scenario))
        {
            model.Reset("test");
            var check = new PbxModelOrder();
            var hungUp = new HashSet<string>();
            foreach (var (_, e) in PbxModelTraces.Events(scenario, connection))
            {
                check.Add(model.Handle(e));
                if (e.Name == "Hangup")
                    hungUp.Add(e["Uniqueid"]!);
            }

            check.Broken.Should().BeEmpty();
            check.Created.Where(hungUp.Contains).Should().BeSubsetOf(check.Ended);
            check.Ended.Should().BeSubsetOf(hungUp);
        }
    }

    [Fact]
    public void Load_of_300_calls_is_counted_as_the_callers_counted_it()
    {
        var model = new PbxModel(PbxModelTraces.Node);
        var facts = PbxModelTraces.Events("21-load").SelectMany(e => model.Handle(e.Event)).ToArray();

        facts.OfType<PbxFact.LegCreated>().Should().HaveCount(600);
        facts.OfType<PbxFact.LegEnded>().Should().HaveCount(600);
        facts.OfType<PbxFact.DialEnded>().CountBy(f => f.Result).Should().BeEquivalentTo(
            new Dictionary<DialResult, int> { [DialResult.Answered] = 285, [DialResult.Cancelled] = 15 });
        facts.OfType<PbxFact.LegRang>().Should().HaveCount(300);
        facts.OfType<PbxFact.LegJoined>().Should().HaveCount(570);
        facts.OfType<PbxFact.LegLeft>().Should().HaveCount(570);
        facts.OfType<PbxFact.RecordingBegan>().Should().HaveCount(300);
        model.Counters.Should().Match<PbxModelCounters>(c => c.Legs == 0 && c.Bridges == 0 && c.UnknownLeg == 0 && c.AfterEnd == 0 && c.Malformed == 0);
    }

    static string TableFile(string scenario, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "PbxModelFacts", scenario + ".txt");
}
