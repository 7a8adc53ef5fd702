using CallCrm.TestKit.Chaos;
using Xunit.Abstractions;

namespace CallCrm.CallEngine.Tests;

/// <summary>A simulated PBX with its truth against model and engine, with every seam between them breaking.</summary>
[Trait("Category", "Slow")]
public sealed class SimulationTests(ITestOutputHelper output)
{
    [Fact]
    public void Without_a_fault_the_state_is_the_PBX_s_truth_at_every_moment()
    {
        for (var seed = 1; seed <= 10; seed++)
        {
            var world = new ChaosWorld(seed).Run(faults: 0);
            world.Broken.Should().BeNull($"seed {seed}");
            world.Unseen.Should().Be(0);
            world.Calls.Should().BeGreaterThan(10);
        }
    }

    [Fact]
    public void Random_faults_leave_nobody_stuck_and_no_call_lost_or_doubled() => Run(firstSeed: 1_000, worlds: 25);

    [Fact]
    [Trait("Category", "Long")]
    public void Ten_thousand_random_faults_leave_nobody_stuck_and_no_call_lost_or_doubled() => Run(firstSeed: 1_000_000, worlds: 600);

    [Theory]
    [InlineData(SimFault.Cut)]
    [InlineData(SimFault.HalfOpen)]
    [InlineData(SimFault.Overflow)]
    [InlineData(SimFault.Kill)]
    [InlineData(SimFault.KillUncommitted)]
    [InlineData(SimFault.Crash)]
    public void A_fault_at_any_event_of_a_minute_leaves_nobody_stuck(SimFault fault)
    {
        // Not each event by each fault: that is for the random ones of the long tier.
        for (var at = 20 + (int)fault; at < 420; at += 16)
            new ChaosWorld(seed: 7).RunWithFaultAt(at, fault).Broken.Should().BeNull($"{fault} at event {at}");
    }

    /// <summary>The eyes are open: a router that never takes a snapshot is found out.</summary>
    [Fact]
    public void A_router_that_stays_blind_is_found_out() =>
        new ChaosWorld(seed: 1) { StaysBlind = true }.Run(faults: 5).Broken.Should().NotBeNull();

    void Run(int firstSeed, int worlds)
    {
        var report = ChaosWorld.RunMany(firstSeed, worlds);
        output.WriteLine(report.ToString());
        report.Broken.Should().BeEmpty();
        report.InSilence.Should().BeGreaterThan(worlds / 2, "calls end while the line is silent, too");
    }
}
