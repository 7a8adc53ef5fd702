using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using CallCrm.CallEngine.Tests;

namespace CallCrm.Engine.Tests.Wire;

/// <summary>The engine holds the PBX models: what they say reaches it as facts did, from events cut to what is read.</summary>
public sealed partial class PbxInputTests
{
    public static TheoryData<string> Traces() => [.. PbxModelTraces.All];

    [Theory]
    [MemberData(nameof(Traces))]
    public void Events_to_the_engine_give_what_their_facts_give(string scenario)
    {
        var (by, model) = (new CallEngine("main"), new PbxModel(PbxModelTraces.Node));
        var expected = new List<string>();
        foreach (var (at, input) in TraceInputs.Of(PbxModelTraces.Events(scenario), cut: false))
        {
            if (input is not EngineInput.PbxSaid said)
                expected.AddRange(WireText.Of(by.Handle(at, input).Effects));
            else
                expected.AddRange(model.Handle(said.Event).SelectMany(f => WireText.Of(by.Handle(at, new EngineInput.Fact(f, said.NewCall)).Effects)).ToArray());
        }

        var engine = new CallEngine("main");
        string.Join('\n', TraceInputs.Of(PbxModelTraces.Events(scenario)).SelectMany(i => WireText.Of(engine.Handle(i.At, i.Input).Effects))).Should().Be(string.Join('\n', expected));
    }

    [Theory]
    [MemberData(nameof(Traces))]
    public void Events_cut_to_what_is_read_give_the_same_facts(string scenario)
    {
        foreach (var connection in PbxModelTraces.Connections(scenario))
        {
            var (whole, cut) = (new PbxModel(PbxModelTraces.Node), new PbxModel(PbxModelTraces.Node));
            foreach (var (_, e) in PbxModelTraces.Events(scenario, connection))
                cut.Handle(e with { Fields = PbxModelHeaders.Cut(e.Fields) }).Should().Equal(whole.Handle(e));
            cut.Counters.Should().Be(whole.Counters);
        }
    }

    [Fact]
    public void Lists_cut_to_what_is_read_give_the_same_snapshot()
    {
        var channels = PbxModelTraces.Events("19-lists-0-1-3-calls").Select(e => e.Event).Where(e => e.Name == "CoreShowChannel").ToArray();
        channels.Should().NotBeEmpty();
        var whole = new PbxModel(PbxModelTraces.Node).TakeSnapshot(channels, []);
        var cut = new PbxModel(PbxModelTraces.Node).TakeSnapshot([.. channels.Select(e => e with { Fields = PbxModelHeaders.Cut(e.Fields) })], []);
        cut.Legs.Should().Equal(whole.Legs);
    }

    [Fact]
    public void Every_header_that_the_model_reads_is_kept()
    {
        var read = Directory.GetFiles(Source(), "PbxModel*.cs").Where(f => !f.EndsWith("PbxModelHeaders.cs", StringComparison.Ordinal)).Select(File.ReadAllText)
            .SelectMany(text => Header().Matches(text).Select(m => m.Groups[1].Value)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        read.Should().HaveCountGreaterThan(40).And.BeSubsetOf(PbxModelHeaders.Names);
    }

    static string Source([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "src", "CallEngine");

    [GeneratedRegex("""(?:\b(?:e|line)\[|Is\(key, |Equals\(key, )"([A-Za-z-]+)"(?=[\],])""")]
    private static partial Regex Header();
}
