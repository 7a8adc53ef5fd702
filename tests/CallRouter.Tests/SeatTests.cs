using CallCrm.CallFlow;
using CallCrm.Engine;
using CallCrm.TestKit;

namespace CallCrm.CallRouter.Tests;

/// <summary>Places over real sockets: who sits there, which phone is registered, and a question for one.</summary>
[Trait("Category", "Slow")]
public sealed class SeatTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [PostgresFact]
    public async Task A_place_is_asked_for_given_and_seen_by_who_looks()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101");
        await bench.Road.ReportPagesAsync("page", [RouterBench.Anna, RouterBench.Luca], default);
        var ask = Guid.CreateVersion7();
        (await bench.Road.CommandAsync(ask, RouterBench.Luca, new RoadCommand("sign_in", Node: "pbx1", Extension: "101"), default)).Should().Be(new RoadAnswer(false, "extension_taken", RouterBench.Anna));
        ask = Guid.CreateVersion7();
        (await bench.Road.CommandAsync(ask, RouterBench.Luca, new RoadCommand("take_over", Node: "pbx1", Extension: "101", AgentId: RouterBench.Anna), default)).Accepted.Should().BeTrue();
        (await bench.UntilAsync<SeatAsked>()).Should().BeEquivalentTo(new { Ask = ask, Agent = RouterBench.Luca, Holder = RouterBench.Anna, Extension = "101" });
        (await bench.Road.SeatsAsync(default)).Items.Single(s => s.Number == "101").Should().BeEquivalentTo(new RoadSeat("pbx1", "101", RouterBench.Anna, "Ready", false, true, true, RouterBench.Luca, [new RoadSeatPhone("PJSIP/101", true)]));
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("seat_allow", AskId: ask));
        (await bench.UntilAsync<SeatAnswered>()).Outcome.Should().Be(SeatOutcome.Allowed);
        (await bench.UntilAsync<AgentChanged>(e => e.Agent == RouterBench.Luca && e.State == AgentState.Paused)).Extension.Should().Be("101");
        (await bench.Road.SeatsAsync(default)).Items.Single(s => s.Number == "101").Holder.Should().Be(RouterBench.Luca);
    }

    [PostgresFact]
    public async Task An_open_question_outlives_the_router_and_is_over_in_time()
    {
        await using var bench = await RouterBench.StartAsync(postgres, new Dictionary<string, string?> { ["Router:SeatAnswerWithin"] = "00:00:05" });
        await bench.SignInAsync(RouterBench.Anna, "101");
        await bench.Road.ReportPagesAsync("page", [RouterBench.Anna, RouterBench.Luca], default);
        await bench.DoAsync(RouterBench.Luca, new RoadCommand("take_over", Node: "pbx1", Extension: "101", AgentId: RouterBench.Anna));
        await bench.UntilAsync<SeatAsked>();
        await bench.StopRouterAsync();
        await bench.StartRouterAsync();
        (await bench.UntilAsync<SeatAnswered>()).Outcome.Should().Be(SeatOutcome.Unanswered);
        (await bench.UntilAsync<AgentChanged>(e => e.Agent == RouterBench.Anna && e.State == AgentState.SignedOut)).Reason.Should().Be("taken_over");
    }

    [PostgresTheory]
    [InlineData(false, "phone_unregistered", false)]
    [InlineData(true, "phone_unregistered_sure", true)]
    public async Task At_a_phone_that_is_not_registered_nobody_becomes_ready_unless_the_site_allows_it_and_they_say_so(bool allowed, string code, bool accepted)
    {
        await using var bench = await RouterBench.StartAsync(postgres, new Dictionary<string, string?> { ["Router:ReadyWithoutPhone"] = allowed.ToString() });
        await bench.Pbx.Phone("PJSIP/101").Unregister();
        await bench.SignInAsync(RouterBench.Anna, "101", ready: false);
        for (var since = TimeProvider.System.GetTimestamp(); (await bench.Road.SeatsAsync(default)).Items.Single(s => s.Number == "101").Registered != false;)
        {
            TimeProvider.System.GetElapsedTime(since).Should().BeLessThan(TimeSpan.FromSeconds(10));
            await Task.Delay(30);
        }

        (await bench.Road.CommandAsync(Guid.CreateVersion7(), RouterBench.Anna, new RoadCommand("ready"), default)).Should().Be(new RoadAnswer(false, code));
        (await bench.Road.CommandAsync(Guid.CreateVersion7(), RouterBench.Anna, new RoadCommand("ready", Anyway: true), default)).Accepted.Should().Be(accepted);
        await bench.Pbx.Phone("PJSIP/101").Register();
        await bench.UntilAsync<AgentChanged>(e => e.Agent == RouterBench.Anna && e.State == AgentState.Paused);
        for (var since = TimeProvider.System.GetTimestamp(); (await bench.Road.SeatsAsync(default)).Items.Single(s => s.Number == "101").Registered != true;)
        {
            TimeProvider.System.GetElapsedTime(since).Should().BeLessThan(TimeSpan.FromSeconds(10));
            await Task.Delay(30);
        }

        await bench.DoAsync(RouterBench.Anna, new RoadCommand("ready"));
    }
}
