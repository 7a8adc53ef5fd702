using CallCrm.CallFlow;
using CallCrm.DemoPbx;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CallRouter.Tests;

/// <summary>Two routers of one domain: one works, the other waits, whatever dies in whatever order.</summary>
[Trait("Category", "Slow")]
public sealed class TwoRoutersTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    public enum Fault { FirstStops, JournalLineCutIdle, JournalLineCutInACall, StandbyStops, LineCutTwice }

    [PostgresTheory]
    [InlineData(Fault.FirstStops)]
    [InlineData(Fault.JournalLineCutIdle)]
    [InlineData(Fault.JournalLineCutInACall)]
    [InlineData(Fault.StandbyStops)]
    [InlineData(Fault.LineCutTwice)]
    public async Task One_works_and_the_other_waits_until_it_must(Fault fault)
    {
        await using var split = new AgiSplit();
        await using var bench = await RouterBench.StartAsync(await postgres.NewDatabaseAsync(), split: split);
        await using var second = await bench.StartAnotherAsync("second");
        using var watch = new CancellationTokenSource();
        var most = MostAmiClientsAsync(bench, watch.Token);
        await bench.SignInAsync(RouterBench.Anna, "101");
        await bench.SignInAsync(RouterBench.Luca, "102");
        var first = await OfferAsync(bench, "+393471234571");
        (await bench.Pbx.Phone(first.Device).Answer()).Should().BeTrue();
        split.Answers.Should().Equal("first");

        await BreakAsync(bench, second, fault);
        if (fault is not Fault.StandbyStops)
            await HolderAsync(bench, second, fault == Fault.LineCutTwice ? null : "second");
        var next = await OfferAsync(bench, "+393471234572");

        split.Twice.Should().Be(0, "no question has two answers");
        split.Answers.Last().Should().Be(fault == Fault.StandbyStops ? "first" : fault == Fault.LineCutTwice ? split.Answers.Last() : "second");
        next.Agent.Should().NotBe(first.Agent, "whoever works knows that the first agent is taken");
        await watch.CancelAsync();
        (await most).Should().BeLessThanOrEqualTo(1, "who does not hold the domain has no line to the PBX");
        await using var database = await bench.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<string>("select count(*) || '/' || max(seq) from journal")).Should().Match(s => s.Split('/', StringSplitOptions.None)[0] == s.Split('/', StringSplitOptions.None)[1], "no gap and one writer");
        (await database.ExecuteScalarAsync<long>("select count(distinct call_id) from offer")).Should().Be(2);
        (await database.ExecuteScalarAsync<long>("select count(*) from (select from call_leg group by unique_id having count(*) > 1) twice")).Should().Be(0, "no channel is in two calls");
    }

    static async Task BreakAsync(RouterBench bench, WebApplication second, Fault fault)
    {
        switch (fault)
        {
            case Fault.FirstStops:
                await bench.StopRouterAsync();
                break;
            case Fault.StandbyStops:
                await second.StopAsync();
                break;
            case Fault.JournalLineCutIdle:
                await CutAsync(bench);
                break;
            case Fault.JournalLineCutInACall:
                // The very next thing it does is a route, not a look at its line.
                await CutAsync(bench);
                var caller = bench.Pbx.PlaceCall(new DemoCaller("+393471234599", RouterBench.Dialled));
                await caller.Reached(DemoCallPlace.Fallback).WaitAsync(TimeSpan.FromSeconds(20));
                break;
            case Fault.LineCutTwice:
                await CutAsync(bench);
                await HolderAsync(bench, second, "second");
                await Task.Delay(TimeSpan.FromSeconds(1.5));
                await CutAsync(bench);
                break;
        }
    }

    static async Task<CallOffered> OfferAsync(RouterBench bench, string number)
    {
        // A caller who comes in the moment of a change is served by the fallback, and calls again.
        for (var attempt = 1; ; attempt++)
        {
            var call = bench.Pbx.PlaceCall(new DemoCaller(number, RouterBench.Dialled));
            var reached = await Task.WhenAny(call.Reached(DemoCallPlace.Ringing), call.Reached(DemoCallPlace.Fallback)).WaitAsync(TimeSpan.FromSeconds(20));
            if (call.History.All(h => h.Place != DemoCallPlace.Fallback))
            {
                // Calls that went to the fallback before may have been adopted: this one is offered.
                return await bench.UntilAsync<CallOffered>(o => bench.Entries.OfType<CallStarted>().Any(s => s.Call == o.Call && s.Caller.Raw == number));
            }

            await reached;
            attempt.Should().BeLessThan(10, "somebody takes over");
            await call.Ended.WaitAsync(TimeSpan.FromSeconds(20));
        }
    }

    static async Task CutAsync(RouterBench bench)
    {
        await using var database = await bench.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            "select pg_terminate_backend(l.pid) from pg_locks l where l.locktype = 'advisory' and l.granted and l.classid = 1130458220 and l.database = (select oid from pg_database where datname = current_database())");
    }

    /// <summary>Until that one, or any, works.</summary>
    static async Task HolderAsync(RouterBench bench, WebApplication second, string? wanted)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var holder = second.Services.GetRequiredService<RouterSeat>().Current is not null ? "second" : bench.HoldsDomain ? "first" : null;
            if (holder is not null && (wanted is null || holder == wanted) && bench.Pbx.AmiClients == 1)
                return;
            TimeProvider.System.GetElapsedTime(since).TotalSeconds.Should().BeLessThan(30, "somebody takes over; {0}", KeptLog.Text());
            await Task.Delay(20);
        }
    }

    static async Task<int> MostAmiClientsAsync(RouterBench bench, CancellationToken cancel)
    {
        var most = 0;
        while (!cancel.IsCancellationRequested)
        {
            most = Math.Max(most, bench.Pbx.AmiClients);
            await Task.Delay(5, CancellationToken.None);
        }

        return most;
    }
}
