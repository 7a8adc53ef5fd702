using CallCrm.CallFlow;
using CallCrm.CallRouter.Flight;
using CallCrm.DemoPbx;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CallRouter.Tests;

/// <summary>The block list from the table to the PBX's answer.</summary>
[Trait("Category", "Slow")]
public sealed class BlockedTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    const string Junk = "+393471234599";

    static Task BlockAsync(RouterBench bench) => bench.ChangeAsync("insert into blocked_number (id, domain, e164, queue_id, reason, made_by, made_at) select gen_random_uuid(), domain, @Junk, @Sales, 'spam', @Anna, now() from queue where id = @Sales", new { Junk, RouterBench.Anna, RouterBench.Sales });

    [PostgresFact]
    public async Task A_number_blocked_while_the_router_runs_hears_the_busy_tone_and_leaves_no_card_and_no_miss()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101");
        await BlockAsync(bench);

        var call = bench.Pbx.PlaceCall(new DemoCaller(Junk, RouterBench.Dialled) { Name = "Lamps" });
        var decided = await bench.UntilAsync<RouteDecided>();
        var ended = await bench.UntilAsync<CallEnded>();
        await call.Ended;

        decided.Should().BeEquivalentTo(new { Rule = RouteRule.Blocked, Queue = (Guid?)RouterBench.Sales, Agent = (Guid?)null });
        call.Cause.Should().Be(17);
        (await bench.UntilAsync<CallIdentified>()).Should().BeEquivalentTo(new { Outcome = LookupOutcome.Unknown, Client = (Guid?)null });
        ended.Outcome.Should().Be(CallOutcome.Blocked);
        await using var database = await bench.Database.OpenConnectionAsync();
        (await database.QuerySingleAsync<(long, long, long, string)>(
            "select (select count(*) from client), (select count(*) from missed_call), (select count(*) from offer), (select concat_ws(' ', outcome, queue_id = @Sales, queued_at is null) from call)", new { RouterBench.Sales }))
            .Should().Be((0, 0, 0, "Blocked t t"));

        await bench.ChangeAsync("update blocked_number set removed_at = now()");
        bench.Pbx.PlaceCall(new DemoCaller(Junk, RouterBench.Dialled));
        (await bench.UntilAsync<CallOffered>()).Agent.Should().Be(RouterBench.Anna, "taken off the list they ring again");
    }

    [PostgresFact]
    public async Task Turned_away_while_it_rings_the_caller_is_gone_and_the_agent_free_for_the_next_one()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101");
        await bench.SignInAsync(RouterBench.Luca, "102");
        var call = bench.Pbx.PlaceCall(new DemoCaller(Junk, RouterBench.Dialled));
        var offered = await bench.UntilAsync<CallOffered>();
        await bench.UntilAsync<OfferRang>();

        await bench.DoAsync(offered.Agent, new RoadCommand("turn_away", offered.Call));

        var ended = await bench.UntilAsync<CallEnded>();
        await call.Ended;
        call.Cause.Should().Be(17);
        ended.Should().BeEquivalentTo(new { Outcome = CallOutcome.Blocked, By = EndedBy.Agent });
        (await bench.UntilAsync<OfferEnded>()).Outcome.Should().Be(OfferOutcome.Cancelled);
        await bench.UntilAsync<AgentChanged>(e => e.Agent == offered.Agent && e is { State: AgentState.Ready, Before: AgentState.Ringing });
        await using var database = await bench.Database.OpenConnectionAsync();
        (await database.QuerySingleAsync<(long, long)>("select (select count(*) from missed_call), (select count(*) from offer)")).Should().Be((0, 1), "nobody else rang");
    }

    [PostgresFact]
    public async Task The_flight_recorder_tells_it_again_and_an_excerpt_keeps_the_reason_without_the_number()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101");
        await BlockAsync(bench);
        var call = bench.Pbx.PlaceCall(new DemoCaller(Junk, RouterBench.Dialled));
        var ended = await bench.UntilAsync<CallEnded>();
        await call.Ended;
        await bench.UntilAsync<CallIdentified>();
        await bench.StopAsync();

        var output = new StringWriter();
        FlightCommand.Replay([], bench.FlightFolder, output, output).Should().Be(0, output.ToString());
        var bundle = Path.Combine(bench.FlightFolder, "excerpt.bundle");
        FlightCommand.WriteBundle(["--call", ended.Call.ToString()!, "-o", bundle], bench.FlightFolder, output, output).Should().Be(0, output.ToString());
        using var file = FlightFile.Open(bundle);
        Bundle.Check(file).Should().BeNull("the caller is still blocked when all numbers are others");
        System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(bundle)).Should().NotContain(Junk[1..]);
    }
}
