using CallCrm.CallFlow;
using CallCrm.Engine;
using CallCrm.TestKit;

namespace CallCrm.CallRouter.Tests;

/// <summary>Phones and PBXs out of sight, over real sockets.</summary>
[Trait("Category", "Slow")]
public sealed class SightTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [PostgresFact]
    public async Task An_unregistered_phone_is_told_gets_no_offer_and_is_back_when_it_registers()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101");
        await bench.SignInAsync(RouterBench.Luca, "102");
        await bench.Pbx.Phone("PJSIP/101").Unregister();
        (await bench.UntilAsync<AgentChanged>(e => e.Reason == "unreachable")).Should().BeEquivalentTo(new { Agent = RouterBench.Anna, State = AgentState.Ready });
        bench.Pbx.PlaceCall(new DemoPbx.DemoCaller("+393471234570", RouterBench.Dialled));
        (await bench.UntilAsync<CallOffered>()).Agent.Should().Be(RouterBench.Luca);
        await bench.Pbx.Phone("PJSIP/101").Register();
        (await bench.UntilAsync<AgentChanged>(e => e.Agent == RouterBench.Anna && e is { State: AgentState.Ready, Reason: null, Before: AgentState.Ready })).Extension.Should().Be("101");
    }

    [PostgresFact]
    public async Task A_PBX_that_restarts_is_away_until_its_snapshot_is_in()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101");
        await bench.Pbx.RestartAsync(kill: true);
        var lost = await bench.UntilAsync<PbxChanged>(e => !e.Connected);
        (await bench.UntilAsync<PbxChanged>(e => e.Connected && e.Seq > lost.Seq)).Node.Should().Be(lost.Node);
        // Once for each login, and only when all that followed from it can be read in the tables.
        await Eventually.BeAsync(() => Whole().Count == 2, TimeSpan.FromSeconds(20), "the whole picture after the second login");
        Whole().Should().OnlyContain(l => l.Contains("after the login of", StringComparison.Ordinal));

        IReadOnlyList<string> Whole() => [.. bench.Said.Where(l => l.Contains("whole again", StringComparison.Ordinal))];
    }

    [PostgresFact]
    public async Task A_PBX_that_cannot_be_reached_from_the_start_is_told_as_away_with_the_reason()
    {
        await using var bench = await RouterBench.StartAsync(postgres, new Dictionary<string, string?> { ["Pbx:0:Secret"] = "wrong" }, inSight: false);
        (await bench.UntilAsync<PbxChanged>()).Should().BeEquivalentTo(new { Connected = false, Reason = "LoginRefused" });
    }
}
