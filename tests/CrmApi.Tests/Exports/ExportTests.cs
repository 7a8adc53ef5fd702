using System.Net;
using System.Text;
using CallCrm.CrmApi.Imports;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Exports;

[Trait("Category", "Slow")]
public sealed class ExportTests(ApiHost host) : IClassFixture<ApiHost>
{
    static async Task<List<IReadOnlyList<string>>> ReadAsync(Page page, string path)
    {
        using var answer = await page.Http.GetAsync(path);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        answer.Content.Headers.ContentDisposition!.DispositionType.Should().Be("attachment");
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(file, await answer.Content.ReadAsByteArrayAsync());
            return [.. TableFile.Open(file, new TableReading()).Rows().Select(r => r.Cells)];
        }
        finally
        {
            File.Delete(file);
        }
    }

    [PostgresTheory]
    [InlineData("csv", "en")]
    [InlineData("csv", "ru")]
    [InlineData("xlsx", "it")]
    public async Task The_list_of_clients_is_a_file_that_runs_nothing_and_can_be_loaded_again(string format, string language)
    {
        await using (var connection = await host.Database.OpenConnectionAsync()) await connection.ExecuteAsync("update client set note = '=HYPERLINK(\"http://x\")', city = '-2+3' where id = @Bianchi; truncate audit", new { Seeds.Bianchi });
        await using var page = await host.SignInAsync("marco");
        var rows = await ReadAsync(page, $"api/clients/export?format={format}&language={language}");
        rows.Should().HaveCount(7);
        rows[0].Should().HaveCount(21);
        var rossi = rows.Single(r => r[2] == "Mario Rossi");
        rossi.Skip(1).Take(19).Should().Equal(language switch { "ru" => "компания", "it" => "azienda", _ => "company" }, "Mario Rossi", "Rossi Impianti", "+39 02 1234 5678", "", "Milano", "VIP", "Anna Verdi", "", "web", "", "", "", "", "", "", "", "", "2026-03-02 10:00:00");
        var bianchi = rows.Single(r => r[2] == "Giulia Bianchi");
        (bianchi[6], bianchi[11]).Should().Be(("'-2+3", "'=HYPERLINK(\"http://x\")"));
        ImportGuess.Columns(rows[0], [], null, "IT").Select(c => c.Target).Should().Equal("kind", "name", "company", "phone", "email", "city", "segment", "responsible", "language", "source", "note", "tax_id", "second_tax_id", "company_tax_id", "addresses", "tags", "roles", "time_zone");
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QuerySingleAsync<(Guid, string, string)>("select user_id, object, object_id from audit where action = 'export'")).Should().Be((Seeds.Marco, "client", format));
    }

    [PostgresFact]
    public async Task Only_what_the_query_finds_is_in_the_file()
    {
        await using var page = await host.SignInAsync("sara");
        (await ReadAsync(page, "api/clients/export?query=twin")).Skip(1).Select(r => r[2]).Should().BeEquivalentTo("Paolo Twin", "Piera Twin");
        (await ReadAsync(page, "api/clients/export?query=nobody%20at%20all&format=xlsx")).Should().ContainSingle();
        (await page.ProblemAsync(HttpMethod.Get, "api/clients/export?format=pdf")).Problem.Errors!.Keys.Should().Equal("format");
        (await page.ProblemAsync(HttpMethod.Get, "api/clients/export?language=xx")).Problem.Errors!.Keys.Should().Equal("language");
    }

    [PostgresFact]
    public async Task A_csv_file_is_told_to_be_UTF_8_by_its_first_bytes()
    {
        await using var page = await host.SignInAsync("sara");
        (await page.Http.GetByteArrayAsync("api/clients/export")).Take(3).Should().Equal(Encoding.UTF8.Preamble.ToArray());
    }

    [PostgresFact]
    public async Task The_call_log_is_a_file_as_it_is_filtered_however_long_it_is()
    {
        await using (var connection = await host.Database.OpenConnectionAsync())
        {
            await connection.ExecuteAsync(
                """
                insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, caller_e164, caller_name, dialled_raw, client_id, started_at, ended_at, outcome, wait_ms, last_seq)
                select gen_random_uuid(), 'main', 'pbx', 'Inbound', 'Ended', true, '0212345678', 'E164', '+390212345678', '=cmd()', '390233334444', @Rossi, timestamptz '2026-03-02 09:00Z' + n * interval '1 minute',
                  timestamptz '2026-03-02 09:01Z' + n * interval '1 minute', case when n % 2 = 0 then 'Answered' else 'Abandoned' end, 2000, 1 from generate_series(1, 1201) n
                """, new { Seeds.Rossi });
        }

        await using var page = await host.SignInAsync("sara");
        var rows = await ReadAsync(page, "api/calls/export?language=en");
        rows.Should().HaveCount(1202);
        rows.Skip(1).Select(r => r[0]).Should().OnlyHaveUniqueItems();
        rows[^1].Skip(1).Take(6).Should().Equal("2026-03-02 10:01:00", "Inbound", "+39 02 1234 5678", "'=cmd()", "Mario Rossi", "Web site");
        (await ReadAsync(page, "api/calls/export?outcome=answered&format=xlsx")).Should().HaveCount(601);
        (await page.ProblemAsync(HttpMethod.Get, "api/calls/export?outcome=maybe")).Problem.Errors!.Keys.Should().Equal("outcome");
    }

    [PostgresFact]
    public async Task Deals_and_tasks_are_files_as_they_are_filtered_of_those_whose_one_may_export()
    {
        await using var sara = await host.SignInAsync("sara");
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            truncate audit;
            insert into deal (id, client_id, deal_type, stage, title, amount, currency, stage_since, created_at, responsible_id)
            select gen_random_uuid(), case n % 2 when 0 then @Rossi else @Bianchi end, 'order', 'open', '=Exported ' || n, n, 'EUR', '2026-03-02 09:00+00', '2026-03-01 09:00+00', @Luca from generate_series(1, 620) n;
            insert into task (id, user_id, client_id, kind, title, due_at, created_at) values (gen_random_uuid(), @Sara, @Rossi, 'callback', 'Exported task', '2026-03-02 09:00+00', '2026-03-01 09:00+00');
            """, new { Seeds.Rossi, Seeds.Bianchi, Seeds.Luca, Seeds.Sara });
        var deals = await ReadAsync(sara, "api/deals/export?query=exported&sort=amount&state=open");
        deals[0].Should().Equal("Number", "Title", "Client", "Type", "Stage", "Amount", "Currency", "Responsible", "In this stage since", "Closed", "Created");
        deals.Should().HaveCount(621);
        deals[3].Skip(1).Should().Equal("'=Exported 3", "Giulia Bianchi", "Order", "Open", "3.00", "EUR", "Luca Neri", "2026-03-02 10:00:00", "", "2026-03-01 10:00:00");
        (await ReadAsync(sara, $"api/deals/export?responsible={Seeds.Mila}&query=exported&format=xlsx")).Should().ContainSingle("the header stands there all the same");
        (await ReadAsync(sara, "api/tasks/export?query=EXPORTED&state=open&language=it")).Skip(1).Single().Should().Equal("richiamata", "Exported task", "2026-03-02 10:00:00", "", "Sara Conti", "Mario Rossi", "2026-03-01 10:00:00");
        (await database.QueryAsync<(string, string)>("select object, object_id from audit where action = 'export' order by id")).Should().Equal(("deal", "csv   open exported"), ("deal", "xlsx    exported"), ("task", "csv  open EXPORTED"));

        foreach (var (path, field) in new[] { ("deals/export?format=pdf", "format"), ("deals/export?state=moon", "state"), ("deals/export?sort=moon", "sort"), ("tasks/export?kind=moon", "kind"), ("tasks/export?language=xx", "language"), ("tasks?state=moon", "state") })
            (await sara.ProblemAsync(HttpMethod.Get, $"api/{path}")).Problem.Errors!.Keys.Should().Equal([field], path);
        await using var anna = await host.SignInAsync("anna");
        (await anna.ProblemAsync(HttpMethod.Get, "api/deals/export")).Status.Should().Be(HttpStatusCode.Forbidden);

        // As far as the own ones, only Sara's deals and tasks leave.
        await database.ExecuteAsync(
            """
            update deal set responsible_id = @Sara where client_id = @Bianchi and title like '=Exported%';
            insert into task (id, user_id, client_id, kind, title, due_at, created_at) values (gen_random_uuid(), @Luca, @Rossi, 'task', 'Exported, too', '2026-03-02 09:00+00', '2026-03-01 09:00+00');
            update role_right set scope = 'own' where role = 'supervisor' and right_code in ('deal.export', 'task.export'); update access_version set version = version + 1;
            """, new { Seeds.Bianchi, Seeds.Rossi, Seeds.Luca, Seeds.Sara });
        try
        {
            (await ReadAsync(sara, "api/deals/export?query=exported")).Skip(1).Select(r => r[2]).Distinct().Should().Equal("Giulia Bianchi");
            (await ReadAsync(sara, "api/tasks/export?query=exported")).Skip(1).Single()[4].Should().Be("Sara Conti");
        }
        finally
        {
            await database.ExecuteAsync("update role_right set scope = 'all' where role = 'supervisor' and right_code in ('deal.export', 'task.export'); update access_version set version = version + 1; delete from deal where title like '=Exported%'; delete from task where title = 'Exported task'");
        }
    }
}
