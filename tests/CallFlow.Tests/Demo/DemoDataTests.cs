using System.Diagnostics;
using CallCrm.CallFlow.Demo;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.AspNetCore.Identity;
using Npgsql;

namespace CallCrm.CallFlow.Tests;

[Trait("Category", "Slow")]
public sealed class DemoDataTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [PostgresFact]
    public async Task An_empty_database_is_filled_once_with_figures_that_agree()
    {
        await using var source = NpgsqlDataSource.Create(await postgres.NewDatabaseAsync());
        var clock = Stopwatch.StartNew();
        (await DemoData.SeedIfEmptyAsync(source, new DemoOptions(), TimeProvider.System, default)).Should().BeTrue();
        clock.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(60), "it takes some 5 s on an idle machine");
        (await DemoData.SeedIfEmptyAsync(source, new DemoOptions(), TimeProvider.System, default)).Should().BeFalse();

        await using var connection = await source.OpenConnectionAsync();
        (await connection.ExecuteScalarAsync<long>("select count(*) from client")).Should().Be(5000);
        (await connection.ExecuteScalarAsync<long>("select count(*) from call")).Should().BeInRange(9_000, 14_000);
        (await connection.ExecuteScalarAsync<long>("select count(*) from deal")).Should().BeInRange(900, 1500);
        (await connection.ExecuteScalarAsync<long>("select count(*) from client_phone p where is_main and exists (select from client_phone o where o.e164 = p.e164 and o.client_id <> p.client_id)")).Should().BeInRange(100, 400);
        (await connection.ExecuteScalarAsync<double>("select 100.0 * count(*) filter (where outcome in ('Abandoned', 'ShortAbandon')) / count(*) from call where direction = 'Inbound'")).Should().BeInRange(8, 25);

        (await connection.ExecuteScalarAsync<long>("select count(distinct number_id) from missed_call where reached_at is null and kind <> 'Short'")).Should().BeInRange(1, 40, "a few wait to be called back");

        foreach (var (what, sql) in Wrong) (await connection.ExecuteScalarAsync<long>($"select count(*) from ({sql}) wrong")).Should().Be(0, what);

        var hash = await connection.ExecuteScalarAsync<string>("select password_hash from app_user where login = 'demo'");
        new PasswordHasher<object>().VerifyHashedPassword(new object(), hash!, "demo").Should().Be(PasswordVerificationResult.Success);
        foreach (var number in await connection.QueryAsync<string>("select e164 from client_phone order by e164 limit 3000")) PhoneNumbers.ToE164(number, null).Should().Be(number);
    }

    static readonly (string What, string Sql)[] Wrong =
    [
        ("a call ends after it starts, before now", "select 1 from call where ended_at < started_at or ended_at > now() or state <> 'Ended'"),
        ("times and durations agree", "select 1 from call where answered_at is not null and abs(extract(epoch from ended_at - answered_at) * 1000 - talk_ms - hold_ms) > 2"),
        ("waits agree", "select 1 from call where direction = 'Inbound' and abs(extract(epoch from coalesce(answered_at, ended_at) - queued_at) * 1000 - wait_ms) > 2"),
        ("an agent's leg has the talk of the call", "select 1 from call c where talk_ms <> (select coalesce(sum(talk_ms), 0) from call_leg l where l.call_id = c.id)"),
        ("answered calls have one answered offer", "select 1 from call c where direction = 'Inbound' and (outcome = 'Answered') <> ((select count(*) from offer o where o.call_id = c.id and o.outcome = 'Answered') = 1)"),
        ("an agent does one thing at a time", "select 1 from (select from_at, lag(from_at + make_interval(secs => span_ms / 1000.0)) over (partition by agent_id order by from_at) as before from agent_state_span) s where before > from_at + interval '5 ms'"),
        ("every client of a call exists before it", "select 1 from call c join client k on k.id = c.client_id where k.created_at > c.started_at"),
        ("every call has its client", "select 1 from call c where not exists (select from client k where k.id = c.client_id)"),
        ("every conversation is a call of that client", "select 1 from client_contact k join call c on c.id = k.call_id where c.client_id <> k.client_id or c.talk_ms <> k.talk_ms"),
        ("every client has a number", "select 1 from client c where not exists (select from client_phone p where p.client_id = c.id and p.is_main)"),
        ("who was spoken with later is not missed any more", "select 1 from missed_call m join call c on c.client_id = m.client_id and c.answered_at > m.missed_at where m.reached_at is null"),
        ("decisions are readable", "select 1 from call where direction = 'Inbound' and decision ->> 'rule' is null"),
    ];

    [Fact]
    public void The_same_seed_gives_the_same_company()
    {
        static string Names() => string.Join('|', new DemoClients(new DemoRandom(7), new DemoOptions { Clients = 50 }, CallScript.Begin).Make().Select(c => c.Id + c.Name + c.E164));
        Names().Should().Be(Names());
    }
}
