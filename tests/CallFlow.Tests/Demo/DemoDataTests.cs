using System.Diagnostics;
using System.Text.Json;
using CallCrm.CallFlow.Demo;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.AspNetCore.DataProtection;
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
        var folder = Directory.CreateTempSubdirectory("callcrm-demo-files");
        var clock = Stopwatch.StartNew();
        var keeps = new DemoKeeps(new StoredFiles(folder.FullName), new EphemeralDataProtectionProvider());
        (await DemoData.SeedIfEmptyAsync(source, new DemoOptions(), TimeProvider.System, default, keeps)).Should().BeTrue();
        clock.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(60), "it takes some 5 s on an idle machine");
        (await DemoData.SeedIfEmptyAsync(source, new DemoOptions(), TimeProvider.System, default, keeps)).Should().BeFalse();

        await using var connection = await source.OpenConnectionAsync();
        (await connection.ExecuteScalarAsync<long>("select count(*) from client")).Should().Be(5000);
        (await connection.ExecuteScalarAsync<long>("select count(*) from call")).Should().BeInRange(9_000, 14_000);
        (await connection.ExecuteScalarAsync<long>("select count(*) from deal")).Should().BeInRange(900, 1500);
        (await connection.ExecuteScalarAsync<long>("select count(*) from client_phone p where is_main and exists (select from client_phone o where o.e164 = p.e164 and o.client_id <> p.client_id)")).Should().BeInRange(100, 400);
        (await connection.ExecuteScalarAsync<double>("select 100.0 * count(*) filter (where outcome in ('Abandoned', 'ShortAbandon')) / count(*) from call where direction = 'Inbound'")).Should().BeInRange(8, 25);

        (await connection.ExecuteScalarAsync<long>("select count(distinct number_id) from missed_call m where reached_at is null and kind <> 'Short' and not exists (select from missed_done d where d.number_id = m.number_id and d.at >= m.missed_at)")).Should().BeInRange(1, 40, "a few wait to be called back");

        // All that is wrong at once.
        using var all = new FluentAssertions.Execution.AssertionScope();
        foreach (var (what, sql) in Wrong) (await connection.ExecuteScalarAsync<long>($"select count(*) from ({sql}) wrong")).Should().Be(0, what);

        foreach (var (what, least, most, sql) in Alive) (await connection.ExecuteScalarAsync<long>($"select count(*) from {sql}")).Should().BeInRange(least, most, what);
        await OwnFieldsAreAsTheyWouldBeSavedAsync(connection);
        foreach (var (sha256, size) in await connection.QueryAsync<(string, long)>("select distinct sha256, size_bytes from file"))
        {
            var content = await File.ReadAllBytesAsync(keeps.Files!.PathOf(sha256));
            (Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content)), content.Length).Should().Be((sha256, (int)size));
        }

        var hash = await connection.ExecuteScalarAsync<string>("select password_hash from app_user where login = 'demo'");
        new PasswordHasher<object>().VerifyHashedPassword(new object(), hash!, "demo").Should().Be(PasswordVerificationResult.Success);
        folder.Delete(recursive: true);
        foreach (var number in await connection.QueryAsync<string>("select e164 from client_phone order by e164 limit 3000")) PhoneNumbers.ToE164(number, null).Should().Be(number);
    }

    /// <summary>Kinds of results and what is used as the administration would write them, values as people would save them.</summary>
    static async Task OwnFieldsAreAsTheyWouldBeSavedAsync(NpgsqlConnection connection)
    {
        var fields = (await connection.QueryAsync<(string, string, string, string, string?, string?, string?)>($"select {CustomField.Columns} from client_field"))
            .Select(f => CustomField.Of(f.Item1, f.Item2, f.Item3, f.Item4, f.Item5, f.Item6, f.Item7)).ToDictionary(f => f.Code);
        fields.Values.Select(f => f.Kind).Distinct().Should().BeEquivalentTo(CustomField.Kinds);
        fields.Values.Select(f => f.Target).OfType<string>().Distinct().Should().BeEquivalentTo(CustomField.Targets);
        var formulas = FormulaSet.Build([.. fields.Values], out var wrong);
        wrong.Should().BeNull();
        foreach (var code in formulas.Codes)
        {
            fields[code].Result.Should().Be(Formula.NameOf(formulas.KindOf(code)!.Value), code);
            (await connection.ExecuteScalarAsync<string[]>("select uses from client_field where code = @code", new { code })).Should().Equal(formulas.UsedBy(code), code);
        }

        var filled = (await connection.QueryAsync<(string Code, string Value)>("select distinct key, value::text from client, jsonb_each(custom)")).AsList();
        filled.Select(f => f.Code).Distinct().Should().BeEquivalentTo(fields.Values.Where(f => f.Kind != CustomField.Calculated).Select(f => f.Code));
        foreach (var (code, value) in filled)
        {
            var json = JsonDocument.Parse(value).RootElement;
            var read = fields[code].Read(json);
            read.Should().NotBeNull($"{code} {value}");
            if (fields[code].Kind != CustomField.Link) JsonElement.DeepEquals(JsonSerializer.SerializeToElement(read), json).Should().BeTrue($"{code} {value}");
        }

        foreach (var tax in await connection.QueryAsync<string>("select tax_id from client where tax_id <> ''")) TaxIds.Expected(tax).Should().BeNull(tax);
    }

    static readonly (string What, long Least, long Most, string Sql)[] Alive =
    [
        ("cards that calls made wait to be looked at", 10, 300, "client where not confirmed and hidden_at is null"), ("some have no name", 5, 300, "client where name = ''"),
        ("conversations that can be read", 10, 15, "transcript where state = 'done' and opening <> ''"), ("in three languages", 3, 3, "(select distinct language from transcript) l"), ("some lie in the bin", 3, 10, "client where deleted_at is not null"), ("mails", 50, 700, "client_mail"), ("both ways", 2, 2, "(select distinct direction from client_mail) m"), ("calls of a campaign", 100, 5000, "call where campaign = 'winter'"),
        ("new clients by it", 10, 3000, "client where source like '% · Winter offer'"), ("some want no calls", 5, 30, "client where do_not_call_at is not null"), ("junk", 2, 5, "blocked_number"),
        ("people of companies", 150, 1500, "client p join client c on c.id = p.company_id where c.kind = 'company'"), ("second addresses", 100, 800, "client_email"),
        ("deals that a call made", 20, 250, "call_stage_change where before = ''"), ("that a call closed", 20, 400, "call_stage_change where after in ('won', 'lost')"),
        ("that a call moved", 50, 600, "call_stage_change where before <> ''"), ("papers", 100, 900, "file"), ("layouts", 3, 3, "card_layout"), ("rules", 3, 3, "required_rule"), ("a webhook that is off", 1, 1, "webhook where not active"),
        ("and was told", 5, 40, "webhook_delivery"), ("changes", 10, 40, "settings_change"), ("files that were loaded", 3, 3, "import_run"), ("deals in every stage", 14, 14, "(select distinct deal_type, stage from deal) s"),
        ("answers in words, numbers and days", 1000, 9000, "wrap_up where (select count(*) from jsonb_object_keys(answers)) > 2"),
    ];

    static readonly (string What, string Sql)[] Wrong =
    [
        ("a campaign's calls come in to its number, while it runs", "select 1 from call c left join campaign k on k.code = c.campaign and c.started_at >= k.from_day where c.campaign is not null and (k.code is null or c.direction <> 'Inbound' or not exists (select from dialled_number n where n.campaign = k.code and n.number = c.dialled_raw))"),
        ("a mail was sent before now", "select 1 from client_mail where sent_at > now() or added_at > now()"),
        ("a call ends after it starts, before now", "select 1 from call where ended_at < started_at or ended_at > now() or state <> 'Ended'"),
        ("times and durations agree", "select 1 from call where answered_at is not null and abs(extract(epoch from ended_at - answered_at) * 1000 - talk_ms - hold_ms) > 2"),
        ("what was said was said in the call", "select 1 from transcript_line l join recording r on r.id = l.recording_id join call c on c.id = r.call_id where l.from_ms < c.wait_ms or l.to_ms > extract(epoch from c.ended_at - c.started_at) * 1000"),
        ("a transcript is of an answered call, recorded on the client's leg", "select 1 from transcript t join recording r on r.id = t.recording_id left join call c on c.id = r.call_id and c.answered_at is not null left join call_leg l on l.node = r.node and l.unique_id = r.pbx_unique_id and l.recorded and l.is_client where c.id is null or l.node is null"),
        ("waits agree", "select 1 from call where direction = 'Inbound' and abs(extract(epoch from coalesce(answered_at, ended_at) - queued_at) * 1000 - wait_ms) > 2"),
        ("an agent's leg has the talk of the call", "select 1 from call c where talk_ms <> (select coalesce(sum(talk_ms), 0) from call_leg l where l.call_id = c.id)"),
        ("answered calls have one answered offer", "select 1 from call c where direction = 'Inbound' and (outcome = 'Answered') <> ((select count(*) from offer o where o.call_id = c.id and o.outcome = 'Answered') = 1)"),
        ("an agent does one thing at a time", "select 1 from (select from_at, lag(from_at + make_interval(secs => span_ms / 1000.0)) over (partition by agent_id order by from_at) as before from agent_state_span) s where before > from_at + interval '5 ms'"),
        ("every client of a call exists before it", "select 1 from call c join client k on k.id = c.client_id where k.created_at > c.started_at"),
        ("every call has its client", "select 1 from call c where not exists (select from client k where k.id = c.client_id)"),
        ("every conversation is a call of that client", "select 1 from client_contact k join call c on c.id = k.call_id where c.client_id <> k.client_id or c.talk_ms <> k.talk_ms"),
        ("every client has a number", "select 1 from client c where not exists (select from client_phone p where p.client_id = c.id and p.is_main)"),
        ("who was spoken with later is not missed any more", "select 1 from missed_call m join call c on c.client_id = m.client_id and c.answered_at > m.missed_at where m.reached_at is null"),
        ("a deal stands where its last call brought it", "select 1 from (select distinct on (deal_id) deal_id, after, made_at from call_stage_change order by deal_id, made_at desc) m join deal d on d.id = m.deal_id where d.stage <> m.after or d.stage_since <> m.made_at"),
        ("that call was about it", "select 1 from call_stage_change m join call c on c.id = m.call_id where c.deal_id is distinct from m.deal_id"),
        ("a deal is the client's of its calls, and older", "select 1 from deal d join call c on c.deal_id = d.id where d.client_id <> c.client_id or d.created_at > c.ended_at + interval '2 minutes'"),
        ("a deal is open or has an end", "select 1 from deal d join stage s on s.deal_type = d.deal_type and s.code = d.stage where (s.outcome is null) <> (d.closed_at is null)"),
        ("who is in the bin has no calls or deals", "select 1 from client c where deleted_at is not null and (exists (select from call l where l.client_id = c.id) or exists (select from deal d where d.client_id = c.id))"),
        ("links lead somewhere", "select 1 from client c where not exists (select from client o where o.id::text = c.custom #>> '{recommended_by,id}') and c.custom ? 'recommended_by' or not exists (select from deal d where d.id::text = c.custom #>> '{reference_deal,id}' and d.deleted_at is null) and c.custom ? 'reference_deal' or not exists (select from app_user u where u.id::text = c.custom #>> '{technician,id}') and c.custom ? 'technician'"),
        ("mandatory fields of the first call are filled", "select 1 from client c where c.segment = 'vip' and c.language is null"),
        ("papers are younger than what they lie on", "select 1 from file f left join client c on c.id = f.object_id left join deal d on d.id = f.object_id where f.uploaded_at < coalesce(c.created_at, d.created_at) or f.uploaded_at > now()"),
        ("a company is older than who belongs to it", "select 1 from client p join client c on c.id = p.company_id where c.created_at >= p.created_at or p.kind <> 'person'"),
        ("decisions are readable", "select 1 from call where direction = 'Inbound' and decision ->> 'rule' is null"),
    ];

    [Fact]
    public void The_same_seed_gives_the_same_company()
    {
        static string Names() => string.Join('|', new DemoClients(new DemoRandom(7), new DemoOptions { Clients = 50 }, CallScript.Begin).Make().Select(c => c.Id + c.Name + c.E164));
        Names().Should().Be(Names());
    }
}
