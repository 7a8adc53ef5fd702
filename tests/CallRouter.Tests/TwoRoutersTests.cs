using System.Net.Sockets;
using CallCrm.CallFlow;
using CallCrm.DemoPbx;
using CallCrm.Engine;
using CallCrm.TestKit;
using CallCrm.TestKit.Lab;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

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

    /// <summary>The network parts the first from PostgreSQL alone: it would go on as if the server were down, and the second gets the lock.</summary>
    [PostgresFact]
    public async Task Who_alone_does_not_reach_the_database_hears_by_the_PBX_that_the_other_took_over()
    {
        var straight = await postgres.NewDatabaseAsync();
        await using var wire = Wire(straight);
        await using var split = new AgiSplit();
        await using var bench = await RouterBench.StartAsync(straight, split: split, through: router => router == "first" ? Over(wire, straight) : straight);
        await using var second = await bench.StartAnotherAsync("second");
        await bench.SignInAsync(RouterBench.Anna, "101");
        await bench.SignInAsync(RouterBench.Luca, "102");
        var before = await OfferAsync(bench, "+393471234571");
        (await bench.Pbx.Phone(before.Device).Answer()).Should().BeTrue();
        await bench.UntilAsync<OfferEnded>();

        wire.Cut();
        await HolderAsync(bench, second, "second");
        // It hears it with the other's login at the PBX, which comes a moment after its start.
        await Eventually.BeAsync(() => !bench.HoldsDomain && bench.Pbx.AmiClients == 1, TimeSpan.FromSeconds(20), "who has the higher number has the domain");
        var next = await OfferAsync(bench, "+393471234572");

        (next.Agent, split.Answers.Last()).Should().Be((before.Agent == RouterBench.Anna ? RouterBench.Luca : RouterBench.Anna, "second"));
        await using var database = await bench.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<long>("select router_epoch from domain where name = 'main'")).Should().Be(2);
        wire.Mend();
        await second.StopAsync();
        await Eventually.BeAsync(() => bench.HoldsDomain, TimeSpan.FromSeconds(30), "the first works again when the second is gone");
    }

    [PostgresFact]
    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    public async Task A_database_that_is_away_for_both_leaves_the_domain_where_it_is()
    {
        await using var server = await StoppablePostgres.StartAsync();
        await using var split = new AgiSplit();
        await using var bench = await RouterBench.StartAsync(server.ConnectionString, split: split);
        await using var second = await bench.StartAnotherAsync("second");
        await bench.SignInAsync(RouterBench.Anna, "101");

        await server.StopAsync();
        var call = bench.Pbx.PlaceCall(new DemoCaller("+393471234571", RouterBench.Dialled));
        await call.Reached(DemoCallPlace.Ringing, "PJSIP/101").WaitAsync(TimeSpan.FromSeconds(20));
        await server.StartAgainAsync();
        await bench.UntilAsync<CallOffered>();

        bench.HoldsDomain.Should().BeTrue();
        second.Services.GetRequiredService<RouterSeat>().Current.Should().BeNull();
        split.Answers.Should().Equal("first");
    }

    /// <summary>To the database's socket, by TCP.</summary>
    static TcpRelay Wire(string connection) => new(new UnixDomainSocketEndPoint(Path.Combine(new NpgsqlConnectionStringBuilder(connection).Host!, ".s.PGSQL.5432")));

    static string Over(TcpRelay wire, string connection) => new NpgsqlConnectionStringBuilder(connection) { Host = "127.0.0.1", Port = wire.Port, SslMode = SslMode.Disable }.ConnectionString;

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
