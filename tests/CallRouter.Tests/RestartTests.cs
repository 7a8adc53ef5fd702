using CallCrm.CallFlow;
using CallCrm.DemoPbx;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CallRouter.Tests;

/// <summary>The router ends and starts again under living calls.</summary>
[Trait("Category", "Slow")]
public sealed class RestartTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [PostgresFact]
    public async Task A_talk_is_found_again_with_its_client_agent_start_and_recording()
    {
        await using var bench = await RouterBench.StartAsync(postgres, phones: o => o.RecordingFolder = Directory.CreateTempSubdirectory("recordings").FullName);
        await bench.SignInAsync(RouterBench.Anna, "101");
        var call = bench.Pbx.PlaceCall(new DemoCaller("+393471234571", RouterBench.Dialled));
        var offered = await bench.UntilAsync<CallOffered>();
        await bench.UntilAsync<OfferRang>();
        await bench.Pbx.Phone("PJSIP/101").Answer();
        await bench.UntilAsync<CallAnswered>();
        await bench.UntilAsync<RecordingStarted>();
        const string Picture = "select concat_ws(' ', c.id, c.client_id, c.agent_id, c.started_at, c.answered_at, l.recorded, l.unique_id) from call c join call_leg l on l.call_id = c.id and l.is_client";
        await using var database = await bench.Database.OpenConnectionAsync();
        var before = await database.QuerySingleAsync<string>(Picture);

        await bench.StopRouterAsync();
        await bench.StartRouterAsync();
        await bench.UntilAsync<PbxChanged>(e => e.Connected && bench.Entries.OfType<PbxChanged>().Count(p => p.Connected) == 2);
        await Task.Delay(TimeSpan.FromSeconds(1));
        (await database.QuerySingleAsync<string>(Picture)).Should().Be(before);
        bench.Entries.OfType<CallStarted>().Should().ContainSingle();
        bench.Entries.OfType<CallEnded>().Should().BeEmpty();

        call.HangUp();
        var ended = await bench.UntilAsync<CallEnded>();
        ended.Should().BeEquivalentTo(new { offered.Call, Outcome = CallOutcome.Answered, By = EndedBy.Caller, Agent = (Guid?)RouterBench.Anna, Estimated = false });
        ended.Talk_ms.Should().BeGreaterThan(1000, "the talk before the restart counts");
    }

    [PostgresFact]
    public async Task Waiting_callers_are_served_in_their_old_order()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101", ready: false);
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("pause", Reason: "lunch"));
        string[] numbers = ["+393471234571", "+393471234572", "+393471234573"];
        foreach (var number in numbers)
        {
            var call = bench.Pbx.PlaceCall(new DemoCaller(number, RouterBench.Dialled));
            await call.Reached(DemoCallPlace.Hold).WaitAsync(TimeSpan.FromSeconds(20));
        }

        await bench.StopRouterAsync();
        await bench.StartRouterAsync();
        await bench.UntilAsync<PbxChanged>(e => e.Connected && bench.Entries.OfType<PbxChanged>().Count(p => p.Connected) == 2);
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("ready"));
        for (var served = 1; served <= numbers.Length; served++)
        {
            var offers = bench.Entries.OfType<CallOffered>().ToList();
            var next = await bench.UntilAsync<CallOffered>(o => bench.Entries.OfType<CallOffered>().Select(x => x.Call).Distinct().Count() == served
                && o.Call == bench.Entries.OfType<CallOffered>().Last().Call, TimeSpan.FromSeconds(40));
            bench.Entries.OfType<CallStarted>().Single(s => s.Call == next.Call).Caller.E164.Should().Be(numbers[served - 1]);
            await bench.UntilAsync<OfferRang>(r => bench.Entries.OfType<CallOffered>().Any(o => o.Offer == r.Offer && o.Call == next.Call));
            (await bench.Pbx.Phone("PJSIP/101").Answer()).Should().BeTrue();
            await bench.UntilAsync<CallAnswered>(a => a.Call == next.Call);
            await bench.DoAsync(RouterBench.Anna, new RoadCommand("hang_up", next.Call));
            await bench.UntilAsync<AgentChanged>(a => a is { State: AgentState.WrapUp } && a.Call == next.Call);
            await bench.DoAsync(RouterBench.Anna, new RoadCommand("finish_wrap_up", next.Call));
        }

        bench.Pbx.FallbackCalls.Should().Be(0);
    }
}
