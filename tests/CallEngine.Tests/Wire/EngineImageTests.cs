using CallCrm.CallEngine.Tests;
using CallCrm.Engine.Wire;

namespace CallCrm.Engine.Tests.Wire;

/// <summary>An engine that is written and read back is the same engine, and goes on as the same.</summary>
[Trait("Category", "Slow")]
public sealed class EngineImageTests
{
    public static TheoryData<string> Traces() => [.. PbxModelTraces.All];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_inputs_go_on_alike_after_any_point(int batch)
    {
        for (var seed = batch * 100; seed < (batch * 100) + 12; seed++)
        {
            var run = new ChaosRun(seed);
            run.Go(steps: 300);
            var random = new Random(seed);
            GoesOnAlike(run.Inputs, [random.Next(run.Inputs.Count), random.Next(run.Inputs.Count), random.Next(run.Inputs.Count)], $"seed {seed}");
        }
    }

    [Theory]
    [MemberData(nameof(Traces))]
    public void Traces_go_on_alike_after_any_point(string scenario)
    {
        foreach (var routed in new[] { true, false })
        {
            var inputs = TraceInputs.Of(PbxModelTraces.Events(scenario), routed);
            var random = new Random(scenario.Length);
            GoesOnAlike(inputs, [.. Enumerable.Range(0, 3).Select(_ => random.Next(inputs.Count))], scenario);
        }
    }

    [Fact]
    public void Every_field_of_every_type_of_the_state_can_be_written()
    {
        WireFile.CurrentText.Should().Contain("CallEngine ").And.Contain("PbxModel+Leg ");
        WireTypes.Current.All.Select(t => t.Name).Should().OnlyHaveUniqueItems();
        foreach (var type in WireTypes.Current.All)
            type.Fields.Select(WireType.NameOf).Should().OnlyHaveUniqueItems(type.Name);
    }

    [Fact]
    public void Two_engines_that_saw_different_things_differ()
    {
        var run = new ChaosRun(5);
        run.Go(steps: 200);
        var engine = new CallEngine("main");
        var hashes = new HashSet<string>();
        foreach (var (at, input) in run.Inputs)
        {
            engine.Handle(at, input);
            hashes.Add(Convert.ToHexString(EngineImage.Hash(engine)));
        }

        hashes.Count.Should().BeGreaterThan(run.Inputs.Count * 9 / 10, "time alone changes the state, and nothing is left out");
    }

    [Fact]
    public void What_is_no_state_is_refused()
    {
        var engine = new CallEngine("main");
        var image = EngineImage.Of(engine);
        var types = WireFile.Of(WireFile.CurrentText);
        for (var length = 0; length < image.Length; length += 1 + image.Length / 200)
        {
            var act = () => EngineImage.Read(image.AsMemory(0, length), types);
            act.Should().Throw<WireException>($"{length} of {image.Length} bytes");
        }
    }

    /// <summary>Goes through all inputs, leaves a copy at each of the points, and lets the copies live the rest.</summary>
    private static void GoesOnAlike(IReadOnlyList<(Moment At, EngineInput Input)> inputs, int[] points, string which)
    {
        var types = WireFile.Of(WireFile.CurrentText);
        var engines = new List<CallEngine> { new("main") };
        for (var i = 0; i < inputs.Count; i++)
        {
            var said = engines.ConvertAll(e => WireText.Of(e.Handle(inputs[i].At, inputs[i].Input).Effects));
            foreach (var copy in said.Skip(1))
            {
                if (!copy.SequenceEqual(said[0]))
                    copy.Should().Equal(said[0], "{0}, input {1}", which, i);
            }

            if (!points.Contains(i) && i != inputs.Count - 1)
                continue;
            var images = engines.ConvertAll(EngineImage.Of);
            foreach (var copy in images.Skip(1))
                copy.AsSpan().SequenceEqual(images[0]).Should().BeTrue("{0}, after input {1}", which, i);
            engines.Add(EngineImage.Read(images[0], types));
            EngineImage.Of(engines[^1]).AsSpan().SequenceEqual(images[0]).Should().BeTrue("{0}, read back after input {1}", which, i);
            engines[^1].CheckInvariants().Should().BeEquivalentTo(engines[0].CheckInvariants());
        }
    }
}
