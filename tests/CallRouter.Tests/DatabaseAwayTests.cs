using System.Runtime.Versioning;
using CallCrm.CallFlow;
using CallCrm.CallRouter.Identity;
using CallCrm.DemoPbx;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CallRouter.Tests;

/// <summary>PostgreSQL away under a working router: calls are routed from memory, everything that happened is journaled once and in order when it is back.</summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "Slow")]
public sealed class DatabaseAwayTests
{
    static readonly Guid Mario = Guid.Parse("00000000-0000-7000-8000-00000000c001");
    const string MariosNumber = "+390212345678";

    public enum Away { Frozen, Stopped }

    [PostgresTheory]
    [InlineData(Away.Frozen)]
    [InlineData(Away.Stopped)]
    public async Task Calls_are_routed_from_memory_and_journaled_when_it_is_back(Away how)
    {
        await using var postgres = await StoppablePostgres.StartAsync();
        await using var bench = await RouterBench.StartAsync(postgres.ConnectionString);
        await bench.SignInAsync(RouterBench.Anna, "101");
        await bench.SignInAsync(RouterBench.Luca, "102");
        await MarioSpokeWithLucaAsync(bench);
        await bench.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<CallerMemoryWorker>().Single().RefreshAsync(DateTimeOffset.UnixEpoch, CancellationToken.None);

        await (how == Away.Frozen ? postgres.FreezeAsync() : postgres.StopAsync());
        var known = bench.Pbx.PlaceCall(new DemoCaller(MariosNumber, RouterBench.Dialled));
        await known.Reached(DemoCallPlace.Ringing, "PJSIP/102").WaitAsync(TimeSpan.FromSeconds(20));
        await bench.Pbx.Phone("PJSIP/102").Answer();
        var unknown = bench.Pbx.PlaceCall(new DemoCaller("+393471234570", RouterBench.Dialled) { Name = "Nina" });
        await unknown.Reached(DemoCallPlace.Ringing, "PJSIP/101").WaitAsync(TimeSpan.FromSeconds(20));
        await bench.Pbx.Phone("PJSIP/101").Answer();
        await Task.Delay(TimeSpan.FromSeconds(1.2));
        unknown.HangUp();
        known.HangUp();
        await unknown.Ended;
        await Task.Delay(TimeSpan.FromSeconds(3));
        await (how == Away.Frozen ? postgres.ThawAsync() : postgres.StartAgainAsync());

        var card = await bench.UntilAsync<CallIdentified>(e => e.Outcome == LookupOutcome.Created, TimeSpan.FromSeconds(60));
        var ended = await bench.UntilAsync<CallEnded>(e => e.Client == Mario, TimeSpan.FromSeconds(60));
        (ended.Outcome, ended.Agent).Should().Be((CallOutcome.Answered, RouterBench.Luca));
        bench.Entries.OfType<RouteDecided>().Single(d => d.Call == ended.Call).Rule.Should().Be(RouteRule.LastContacted, "Luca was last contacted, from memory");
        card.Late.Should().BeTrue();
        bench.Pbx.FallbackCalls.Should().Be(0);
        bench.Entries.Select(e => e.Seq).Should().Equal(Enumerable.Range(1, bench.Entries.Count).Select(n => (long)n), "no gap, nothing twice, in order");
        bench.Database.Clear();
        await using var database = await bench.Database.OpenConnectionAsync();
        (await database.QueryAsync<string>("select concat_ws(' ', c.outcome, k.name) from call c join client k on k.id = c.client_id order by c.started_at")).Should().Equal("Answered Mario", "Answered Nina");
        (await database.ExecuteScalarAsync<long>("select count(*) from client_phone where e164 = '+393471234570'")).Should().Be(1);
        (await database.ExecuteScalarAsync<long>("select count(*) from journal where kind = 'call_started'")).Should().Be(2);
    }

    /// <summary>Two callers at a time all the while, each answered, talked with and wrapped up.</summary>
    [PostgresFact]
    [Trait("Category", "Long")]
    public async Task Ten_minutes_away_and_every_call_of_them_is_in_the_log_once_and_right()
    {
        await using var postgres = await StoppablePostgres.StartAsync();
        await using var bench = await RouterBench.StartAsync(postgres.ConnectionString, phones: options =>
        {
            foreach (var phone in options.Phones)
                (phone.AnswerAfterMin, phone.TalkMin, phone.TalkMax) = (TimeSpan.FromSeconds(0.3), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        });
        await bench.SignInAsync(RouterBench.Anna, "101");
        await bench.SignInAsync(RouterBench.Luca, "102");

        await postgres.StopAsync();
        var (since, placed) = (TimeProvider.System.GetTimestamp(), new List<DemoCall>());
        while (TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromMinutes(10))
        {
            DemoCall[] pair = [.. Enumerable.Range(placed.Count, 2).Select(n => bench.Pbx.PlaceCall(new DemoCaller($"+39347{8_000_000 + n}", RouterBench.Dialled)))];
            await Task.WhenAll(pair.Select(c => c.Ended)).WaitAsync(TimeSpan.FromSeconds(100));
            placed.AddRange(pair);
            // Where the agent's own end comes later than this, the next pair waits for the time of the wrap-up.
            await Task.Delay(TimeSpan.FromSeconds(1));
            foreach (var (call, agent) in pair.SelectMany(c => new[] { (c, RouterBench.Anna), (c, RouterBench.Luca) }))
                await bench.Road.CommandAsync(Guid.CreateVersion7(), agent, new RoadCommand("finish_wrap_up", CallId: Guid.Parse(call.CallId!)), CancellationToken.None);
            await Task.Delay(TimeSpan.FromSeconds(1));
        }

        await postgres.StartAgainAsync();
        var calls = placed.Select(c => Guid.Parse(c.CallId!)).ToArray();
        await Eventually.BeAsync(() => bench.Entries.OfType<CallEnded>().Count() >= calls.Length, TimeSpan.FromMinutes(2), "the end of every call in the journal");

        bench.Pbx.FallbackCalls.Should().Be(0);
        bench.Entries.Select(e => e.Seq).Should().Equal(Enumerable.Range(1, bench.Entries.Count).Select(n => (long)n), "no gap, nothing twice, in order");
        var ended = bench.Entries.OfType<CallEnded>().ToArray();
        ended.Select(e => e.Call!.Value).Should().OnlyHaveUniqueItems().And.BeEquivalentTo(calls);
        ended.Should().OnlyContain(e => e.Outcome == CallOutcome.Answered && e.Agent != null);
        bench.Database.Clear();
        await using var database = await bench.Database.OpenConnectionAsync();
        (await database.QueryAsync<Guid>("select id from call where outcome = 'Answered' and talk_ms > 0")).Should().BeEquivalentTo(calls);
        await Eventually.BeAsync(() => database.ExecuteScalar<long>("select count(distinct client_id) from call where client_id is not null") == calls.Length, TimeSpan.FromMinutes(2), "a card for every new caller");
    }

    static async Task MarioSpokeWithLucaAsync(RouterBench bench)
    {
        await using var database = await bench.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into client (id, name, created_at, updated_at) values (@Mario, 'Mario', now(), now());
            insert into client_phone (client_id, e164, raw, added_at) values (@Mario, @MariosNumber, '', now());
            insert into client_contact (client_id, call_id, agent_id, at, talk_ms) values (@Mario, gen_random_uuid(), @Luca, now() - interval '1 day', 60000);
            """,
            new { Mario, MariosNumber, RouterBench.Luca });
    }
}
