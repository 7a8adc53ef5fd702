using System.Text;
using System.Text.Json;
using Xunit.Abstractions;

namespace CallCrm.Engine.Tests;

/// <summary>Inputs in any order and at any time: nothing throws, the invariants hold, every call ends once, and the same inputs give the same bytes.</summary>
[Trait("Category", "Slow")]
public sealed class ChaosTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Any_sequence_of_inputs_keeps_the_invariants(int batch)
    {
        for (var seed = batch * 1000; seed < (batch * 1000) + 40; seed++)
        {
            output.WriteLine($"seed {seed}");
            var run = new ChaosRun(seed);
            run.Go(steps: 400);
            run.Broken.Should().BeNull($"seed {seed}");
            run.CheckJournal().Should().BeNull($"seed {seed}");
        }
    }

    /// <summary>A pickup by an agent who had signed out made no offer, and its end was looked for.</summary>
    [Theory]
    [InlineData(361803)]
    public void Seeds_that_once_threw_go_through(int seed)
    {
        var run = new ChaosRun(seed);
        run.Go(steps: 250);
        run.Broken.Should().BeNull();
    }

    [Fact]
    public void When_all_channels_are_gone_and_time_passes_nobody_is_stuck()
    {
        for (var seed = 1; seed <= 60; seed++)
        {
            var run = new ChaosRun(seed);
            run.Go(steps: 300);
            run.Clear();
            run.Broken.Should().BeNull($"seed {seed}");
            var view = run.Engine.Snapshot();
            view.OpenCalls.Should().Be(0, $"seed {seed}");
            view.Queues.Where(q => q.Waiting.Length > 0).Should().BeEmpty();
            view.Agents.Select(a => a.State).Should().OnlyContain(s => s == AgentState.Ready || s == AgentState.Paused || s == AgentState.SignedOut || s == AgentState.Away, $"seed {seed}");
            run.Engine.State.Calls.Should().BeEmpty();
            run.Engine.State.Legs.Should().BeEmpty();
            run.Engine.State.Links.Should().BeEmpty();
            run.Engine.State.Requests.Should().BeEmpty();
            run.Engine.State.Redirects.Should().BeEmpty();
            run.Engine.State.Bridges.Should().BeEmpty();
            run.CheckJournal().Should().BeNull($"seed {seed}");
        }
    }

    [Fact]
    public void The_same_inputs_give_the_same_bytes()
    {
        for (var seed = 1; seed <= 5; seed++)
            Bytes(seed).Should().Equal(Bytes(seed), $"seed {seed}");
    }

    private static byte[] Bytes(int seed)
    {
        var run = new ChaosRun(seed);
        run.Go(steps: 400);
        var text = new StringBuilder();
        foreach (var effect in run.Effects)
            text.Append(effect is EngineEffect.Write w ? JsonSerializer.Serialize(w.Entry, JournalJson.Default.JournalEntry) : effect.ToString()).Append('\n');
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
