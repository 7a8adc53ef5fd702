using CallCrm.CallEngine.Tests;
using CallCrm.CallRouter.Flight;
using CallCrm.Engine;
using CallCrm.Engine.Tests;
using CallCrm.Engine.Tests.Wire;
using CallCrm.Engine.Wire;
using CallCrm.TestKit.Load;
using FsCheck;
using FsCheck.Fluent;

namespace CallCrm.CallRouter.Tests.Flight;

/// <summary>What was recorded is told again: the same inputs, effects byte for byte, and state.</summary>
[Trait("Category", "Slow")]
public sealed class ReplayTests
{
    public static TheoryData<string> Traces() => [.. PbxModelTraces.All];

    [Fact]
    public void Random_inputs_are_replayed_to_the_same_effects_and_state() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(40), Prop.ForAll(Gen.Choose(1, 1_000_000).ToArbitrary(), seed =>
        {
            var run = new ChaosRun(seed);
            run.Go(steps: 250);
            Same(run.Inputs);
            return true;
        }));

    [Theory]
    [MemberData(nameof(Traces))]
    public void Traces_are_replayed_to_the_same_effects_and_state(string scenario) => Same(TraceInputs.Of(PbxModelTraces.Events(scenario)));

    [Fact]
    public void A_replay_may_start_at_any_file()
    {
        using var recording = new Recording();
        recording.Run(Site(minutes: 20, agents: 20), recording.Options with { FileAge = TimeSpan.FromMinutes(3) });
        recording.Files.Should().HaveCountGreaterThan(5);
        foreach (var path in recording.Files)
        {
            using var file = FlightFile.Open(path);
            var result = new FlightReplay(file).Run();
            result.Difference.Should().BeNull();
            result.Checked.Should().BeGreaterThanOrEqualTo(2, "each minute, and at the end");
            file.Ending.Should().Be(FlightEnding.Complete);
        }

        var (code, output, _) = recording.Command("replay");
        code.Should().Be(0, output);
        output.Should().Contain($"{recording.Files.Count} files: {recording.Files.Count} the same, 0 differ, 0 damaged");
    }

    [Fact]
    public void The_first_entry_that_differs_is_printed()
    {
        using var recording = new Recording();
        var inputs = Site(minutes: 3, agents: 5).ToList();
        recording.Run(inputs);
        var copy = Path.Combine(recording.Folder, "copy.flight");
        CopyWith(recording.Files[0], copy, e => e is CallQueued queued ? queued with { Place = queued.Place + 7 } : e);

        var (code, output, _) = recording.Command("replay", copy);
        code.Should().Be(1);
        output.Should().Contain("DIFFERS").And.Contain("\"place\":8").And.Contain("\"place\":1").And.Contain("call_queued");
    }

    [Fact]
    public void A_state_that_differs_without_an_entry_is_found_by_its_hash()
    {
        using var recording = new Recording();
        recording.Run(Site(minutes: 3, agents: 5));
        var (whole, copy) = (recording.Files[0], Path.Combine(recording.Folder, "copy.flight"));
        // Who has a page open matters to nobody here: no entry tells of it.
        CopyWith(whole, copy, e => e, i => i is EngineInput.PagesReported ? EngineInput.Tick.Instance : i);

        recording.Command("replay", whole).Code.Should().Be(0);
        var (code, output, _) = recording.Command("replay", copy);
        code.Should().Be(1);
        output.Should().Contain("the state's hash was").And.Contain("all entries up to there are the same");
    }

    [Fact]
    public void Another_engine_version_is_compared_by_entries_alone()
    {
        using var recording = new Recording();
        recording.Run(Site(minutes: 3, agents: 5));
        var copy = Path.Combine(recording.Folder, "copy.flight");
        CopyWith(recording.Files[0], copy, e => e, i => i is EngineInput.PagesReported ? EngineInput.Tick.Instance : i, engine: "0.0.9+other");

        var (code, output, _) = recording.Command("replay", copy);
        code.Should().Be(0, output);
        output.Should().Contain("written by 0.0.9+other").And.Contain("the same entries");
    }

    static void Same(IReadOnlyList<(Moment At, EngineInput Input)> inputs)
    {
        using var recording = new Recording();
        recording.Run(inputs);
        using var file = FlightFile.Open(recording.Files.Single());
        var n = 0;
        var (then, now) = (new WireWriter(), new WireWriter());
        var engine = file.Engine();
        var result = new FlightReplay(file).Run(engine, (_, at, input, effects) =>
        {
            at.Should().Be(inputs[n++].At);
            foreach (var effect in effects)
                now.Record(effect);
        });
        foreach (var effect in recording.Effects)
            then.Record(effect);
        n.Should().Be(inputs.Count);
        result.Difference.Should().BeNull();
        result.Checked.Should().BeGreaterThan(0);
        now.Written.SequenceEqual(then.Written).Should().BeTrue();
        EngineImage.Of(engine).AsSpan().SequenceEqual(EngineImage.Of(recording.Engine)).Should().BeTrue();
    }

    /// <summary>A small site with pages that report, so that there is state no entry tells of.</summary>
    internal static IEnumerable<(Moment At, EngineInput Input)> Site(int minutes, int agents, double callsPerSecond = 0.15, int seed = 1)
    {
        var inputs = new List<(Moment, EngineInput)>();
        var load = new SiteLoad(agents, TimeSpan.FromSeconds(40), seed) { Before = (at, input) => inputs.Add((at, input)) };
        load.Open(queues: 2);
        load.Run(TimeSpan.FromMinutes(minutes), _ => callsPerSecond);
        var (at, _) = inputs[inputs.Count / 2];
        inputs.Insert(inputs.Count / 2, (at, new EngineInput.PagesReported("crm", [Guid.Empty])));
        return inputs;
    }

    static void CopyWith(string path, string to, Func<JournalEntry, JournalEntry> entry, Func<EngineInput, EngineInput>? input = null, string? engine = null)
    {
        using var file = FlightFile.Open(path);
        using var copy = FlightFileWriter.Begin(File.Create(to), file.Head with { Engine = engine ?? file.Head.Engine }, file.State);
        var still = file.Engine();
        while (file.Next())
        {
            switch (file.Kind)
            {
                case RecordKind.Input:
                    still.Handle(file.At, file.Input!);
                    copy.Input(file.At, input?.Invoke(file.Input!) ?? file.Input!);
                    break;
                case RecordKind.Entry:
                    copy.Entry(entry(file.Entry!));
                    break;
                case RecordKind.Mark:
                    copy.Mark(EngineImage.Of(still));
                    break;
            }
        }

        copy.End();
    }
}
