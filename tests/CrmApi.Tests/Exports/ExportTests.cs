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
    internal static async Task<List<IReadOnlyList<string>>> ReadAsync(Page page, string path)
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

    async Task DoAsync(string sql, object? values = null)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(sql, values);
    }

    async Task<List<string>> AuditedAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        return [.. await database.QueryAsync<string>("select object || ' ' || object_id from audit where action = 'export' order by id")];
    }

    static readonly DateTimeOffset Nine = new(2026, 11, 28, 9, 0, 0, TimeSpan.Zero);

    [PostgresFact]
    public async Task Missed_callers_are_a_file_of_the_state_and_queue_that_are_shown()
    {
        var (now, number) = (TimeProvider.System.GetUtcNow(), Guid.NewGuid());
        await DoAsync(
            """
            truncate audit;
            insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, caller_e164, caller_name, dialled_raw, queue_id, client_id, started_at, ended_at, outcome, last_seq)
            values (@call, 'main', 'pbx', 'Inbound', 'Ended', true, '0212345678', 'E164', '+390212345678', '=cmd()', '390233334444', @Sales, @Rossi, @at, @at, 'Abandoned', 1);
            insert into missed_call (call_id, domain, number_id, e164, queue_id, client_id, missed_at, kind) values (@call, 'main', @number, '+390212345678', @Sales, @Rossi, @at, 'Abandoned')
            """, new { call = Guid.NewGuid(), number, Seeds.Sales, Seeds.Rossi, at = now.AddMinutes(-5) });
        await using var sara = await host.SignInAsync("sara");
        var rows = await ReadAsync(sara, "api/missed/export");
        rows[0].Should().Equal("Number", "Caller name", "Client", "Queue", "What happened", "Times", "First missed", "Last missed", "Taken by", "Closed at", "Closed how", "Closed by", "Note");
        rows.Skip(1).Should().ContainSingle().Which.Take(6).Should().Equal("+39 02 1234 5678", "'=cmd()", "Mario Rossi", "Sales", "gave up waiting", "1");
        (await ReadAsync(sara, $"api/missed/export?queue={Seeds.Support}")).Should().ContainSingle("the header stands there all the same");
        (await ReadAsync(sara, "api/missed/export?state=mine&format=xlsx")).Should().ContainSingle();
        (await sara.Http.PostAsync($"api/missed/{number}/done", new StringContent("""{"reason":"other","note":"=1+1"}""", Encoding.UTF8, "application/json"))).StatusCode.Should().Be(HttpStatusCode.OK);
        (await ReadAsync(sara, "api/missed/export")).Should().ContainSingle();
        var closed = (await ReadAsync(sara, "api/missed/export?state=closed&format=xlsx&language=it")).Skip(1).Single();
        closed.Skip(4).Take(1).Concat(closed.Skip(10)).Should().Equal("ha rinunciato", "altro", "Sara Conti", "'=1+1");
        (await AuditedAsync()).Should().Equal("missed csv open", $"missed csv open {Seeds.Support}", "missed xlsx mine", "missed csv open", "missed xlsx closed");
        foreach (var (path, field) in new[] { ("state=moon", "state"), ("format=pdf", "format"), ("language=xx", "language"), ("stat=open", "stat") })
            (await sara.ProblemAsync(HttpMethod.Get, $"api/missed/export?{path}")).Problem.Errors!.Keys.Should().Equal(field);
        (await AuditedAsync()).Should().HaveCount(5, "what was refused took nothing out");
        // An agent works on missed calls, and takes none out.
        await using var anna = await host.SignInAsync("anna");
        (await anna.ProblemAsync(HttpMethod.Get, "api/missed/export")).Status.Should().Be(HttpStatusCode.Forbidden);
    }

    [PostgresFact]
    public async Task Blocked_numbers_are_a_file_of_those_that_are_looked_for()
    {
        await DoAsync(
            """
            truncate audit;
            insert into blocked_number (id, domain, e164, queue_id, reason, note, made_by, made_at, until) values
              (gen_random_uuid(), 'main', '+393200000001', null, 'robot', '=IMPORTXML()', @Sara, @Nine, null), (gen_random_uuid(), 'main', '+393200000002', @Sales, 'spam', 'rings at night', @Sara, @Nine - interval '1 day', null)
            """, new { Seeds.Sara, Seeds.Sales, Nine });
        await using var sara = await host.SignInAsync("sara");
        var rows = await ReadAsync(sara, "api/blocks/export");
        rows.Should().HaveCount(3);
        rows[1].Should().Equal("+39 320 000 0001", "", "all queues", "recorded voice", "'=IMPORTXML()", "Sara Conti", "2026-11-28 10:00:00", "", "0", "");
        (await ReadAsync(sara, "api/blocks/export?query=night&format=xlsx&language=ru")).Skip(1).Single().Skip(2).Take(3).Should().Equal("Sales", "спам", "rings at night");
        (await AuditedAsync()).Should().Equal("blocked_number csv", "blocked_number xlsx night");
        await using var marco = await host.SignInAsync("marco");
        (await marco.ProblemAsync(HttpMethod.Get, "api/blocks/export")).Status.Should().Be(HttpStatusCode.Forbidden, "he exports calls, and has nothing to do with blocks");
        await DoAsync("delete from blocked_number");
    }

    [PostgresFact]
    public async Task Unconfirmed_cards_and_pairs_are_files_of_those_whom_one_may_export()
    {
        var mine = Guid.CreateVersion7();
        await DoAsync(
            """
            truncate audit;
            insert into client (id, kind, name, responsible_id, confirmed, source, created_at, updated_at) values (@mine, 'person', '@Fresh', @Sara, false, 'web', @Nine, @Nine), (gen_random_uuid(), 'person', 'Nobody''s fresh', null, false, '', @Nine, @Nine);
            insert into client_phone (client_id, e164, extension, raw, is_main, added_at) values (@mine, '+393200000003', '12', 'x', true, @Nine)
            """, new { mine, Seeds.Sara, Nine });
        await using var sara = await host.SignInAsync("sara");
        try
        {
            var rows = await ReadAsync(sara, "api/clients/unconfirmed/export");
            rows.Should().HaveCount(3);
            rows.Single(r => r[1] == "'@Fresh").Skip(1).Should().Equal("'@Fresh", "", "'+39 320 000 0003 ext. 12", "web", "2026-11-28 10:00:00", "0", "0", "", "");
            var pairs = await ReadAsync(sara, "api/clients/duplicates/export?format=xlsx");
            pairs.Skip(1).Single(p => p.Contains("Paolo Twin")).Should().Contain(["Piera Twin", "+39 031 111 1111", "Como", "number"]);
            (await AuditedAsync()).Should().Equal("client csv unconfirmed", "client xlsx duplicates");
            await DoAsync("update role_right set scope = 'own' where role = 'supervisor' and right_code = 'client.export'; update access_version set version = version + 1");
            (await ReadAsync(sara, "api/clients/unconfirmed/export")).Skip(1).Select(r => r[1]).Should().Equal("'@Fresh");
            (await ReadAsync(sara, "api/clients/duplicates/export")).Should().ContainSingle("both cards of a pair must be theirs");
        }
        finally
        {
            await DoAsync("update role_right set scope = 'all' where role = 'supervisor' and right_code = 'client.export'; update access_version set version = version + 1; delete from client_phone where client_id = @mine; delete from client where not confirmed", new { mine });
        }
    }

    [PostgresFact]
    public async Task What_lies_in_the_bin_is_a_file_of_each_kind_as_far_as_one_brings_it_back_and_exports_it()
    {
        var (theirs, nobodys, mail) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await DoAsync(
            """
            truncate audit;
            insert into client (id, kind, name, responsible_id, confirmed, source, created_at, updated_at, deleted_at, deleted_by) values
              (@theirs, 'person', '=Binned', @Sara, true, '', @Nine, @Nine, @Nine, @Ada), (@nobodys, 'person', 'Nobody''s', null, true, '', @Nine, @Nine, @Nine, @Ada);
            insert into deal (id, client_id, deal_type, stage, title, amount, currency, stage_since, created_at, responsible_id, deleted_at, deleted_by) values (@theirs, @Rossi, 'order', 'open', '+Binned deal', 1, 'EUR', @Nine, @Nine, @Sara, @Nine, @Ada), (@nobodys, @Rossi, 'order', 'open', 'Nobody''s deal', 1, 'EUR', @Nine, @Nine, null, @Nine, @Ada);
            insert into task (id, user_id, client_id, kind, title, due_at, created_at, deleted_at, deleted_by) values (@theirs, @Sara, @Rossi, 'callback', '-Binned task', @Nine, @Nine, @Nine, @Ada), (@nobodys, @Luca, @Rossi, 'task', 'Luca''s task', @Nine, @Nine, @Nine, @Ada);
            insert into client_mail (id, client_id, message_id, direction, from_addr, to_addrs, subject, sent_at, text, added_by, added_at, deleted_at, deleted_by) values
              (@theirs, @Rossi, 'binned', 'in', 'mario@rossi.example', 'us@example.org', '=Binned mail', @Nine, 'x', @Anna, @Nine, @Nine, @Ada), (@mail, @Rossi, 'there', 'out', 'us@example.org', 'mario@rossi.example', 'There', @Nine, '=1+1', @Anna, @Nine, null, null)
            """, new { theirs, nobodys, mail, Seeds.Sara, Seeds.Ada, Seeds.Luca, Seeds.Anna, Seeds.Rossi, Nine });
        await using var sara = await host.SignInAsync("sara");
        string[] bins = ["clients", "deals", "tasks", "mails"];
        try
        {
            (await ReadAsync(sara, "api/clients/bin/export")).Skip(1).Select(r => r[1]).Should().BeEquivalentTo("'=Binned", "Nobody's");
            (await ReadAsync(sara, "api/deals/bin/export?format=xlsx")).Skip(1).Single(r => r[1] == "'+Binned deal").Skip(1).Should().Equal("'+Binned deal", "Mario Rossi", "2026-11-28 10:00:00", "Ada Admin", "2026-12-28 10:00:00");
            (await ReadAsync(sara, "api/tasks/bin/export?language=it")).Skip(1).Single(r => r[1] == "'-Binned task").Should().Equal("richiamata", "'-Binned task", "Sara Conti", "2026-11-28 10:00:00", "Ada Admin", "2026-12-28 10:00:00");
            (await ReadAsync(sara, "api/mails/bin/export")).Skip(1).Single().Should().Equal("'=Binned mail", "mario@rossi.example", "Mario Rossi", "2026-11-28 10:00:00", "2026-11-28 10:00:00", "Ada Admin", "2026-12-28 10:00:00");
            (await ReadAsync(sara, "api/mails/export?direction=out&language=ru")).Skip(1).Single().Should().Equal("2026-11-28 10:00:00", "отправлено", "", "us@example.org", "mario@rossi.example", "", "There", "'=1+1", "Mario Rossi", "Anna Verdi", "2026-11-28 10:00:00");
            (await ReadAsync(sara, "api/mails/export?direction=in")).Should().ContainSingle("the other one lies in the bin");
            (await sara.ProblemAsync(HttpMethod.Get, "api/mails/export?direction=moon")).Problem.Errors!.Keys.Should().Equal("direction");
            (await AuditedAsync()).Should().Equal("client csv bin", "deal xlsx bin", "task csv bin", "mail csv bin", "mail csv out", "mail csv in");
            await using (var anna = await host.SignInAsync("anna"))
                foreach (var kind in bins) (await anna.ProblemAsync(HttpMethod.Get, $"api/{kind}/bin/export")).Status.Should().Be(HttpStatusCode.Forbidden, kind);

            // Of all that may be brought back, only the own ones may leave.
            await DoAsync("update role_right set scope = 'own' where role = 'supervisor' and right_code in ('client.export', 'deal.export', 'task.export'); update access_version set version = version + 1");
            (await ReadAsync(sara, "api/clients/bin/export")).Skip(1).Select(r => r[1]).Should().Equal("'=Binned");
            (await ReadAsync(sara, "api/deals/bin/export")).Skip(1).Select(r => r[1]).Should().Equal("'+Binned deal");
            (await ReadAsync(sara, "api/tasks/bin/export")).Skip(1).Select(r => r[1]).Should().Equal("'-Binned task");
            (await ReadAsync(sara, "api/mails/bin/export")).Should().ContainSingle("it is Anna's client");
            (await ReadAsync(sara, "api/mails/export")).Should().ContainSingle();
            // And who does not see mail addresses takes no mails out.
            await DoAsync("update role_right set scope = 'all' where role = 'supervisor' and right_code = 'client.export'; delete from role_right where role = 'supervisor' and right_code = 'client.sensitive'; insert into sensitive_field (field) values ('email'); update access_version set version = version + 1");
            (await ReadAsync(sara, "api/mails/bin/export")).Should().ContainSingle();
            (await ReadAsync(sara, "api/mails/export")).Should().ContainSingle();
        }
        finally
        {
            await DoAsync(
                """
                delete from sensitive_field; insert into role_right (role, right_code, scope) values ('supervisor', 'client.sensitive', 'all') on conflict do nothing;
                update role_right set scope = 'all' where role = 'supervisor' and right_code in ('client.export', 'deal.export', 'task.export'); update access_version set version = version + 1;
                delete from deal where id in (@theirs, @nobodys); delete from task where id in (@theirs, @nobodys); delete from client where id in (@theirs, @nobodys); delete from client_mail
                """, new { theirs, nobodys });
        }
    }

    [PostgresFact]
    public async Task Imports_are_a_file_of_those_whom_one_may_export_and_for_who_sees_no_numbers_of_ones_own()
    {
        await DoAsync(
            """
            truncate audit;
            insert into import_run (id, user_id, file_name, format, size_bytes, state, created_at) values (gen_random_uuid(), @Sara, '=fair.csv', 'csv', 10, 'uploaded', @Nine), (gen_random_uuid(), @Marco, 'calls +39 320 0000004.csv', 'csv', 10, 'uploaded', @Nine - interval '1 day')
            """, new { Seeds.Sara, Seeds.Marco, Nine });
        await using var sara = await host.SignInAsync("sara");
        try
        {
            var rows = await ReadAsync(sara, "api/imports/export");
            rows.Should().HaveCount(3);
            rows[1].Take(4).Should().Equal("'=fair.csv", "not begun", "Sara Conti", "2026-11-28 10:00:00");
            (await ReadAsync(sara, "api/imports/export?format=xlsx&language=ru"))[2].Take(3).Should().Equal("calls +39 320 0000004.csv", "не начата", "Marco Riva");
            (await AuditedAsync()).Should().Equal("import csv", "import xlsx");
            await DoAsync("delete from role_right where role = 'supervisor' and right_code = 'client.numbers'; update access_version set version = version + 1");
            (await ReadAsync(sara, "api/imports/export")).Skip(1).Select(r => r[2]).Should().Equal("Sara Conti");
            await using var anna = await host.SignInAsync("anna");
            (await anna.ProblemAsync(HttpMethod.Get, "api/imports/export")).Status.Should().Be(HttpStatusCode.Forbidden);
        }
        finally
        {
            await DoAsync("insert into role_right (role, right_code, scope) values ('supervisor', 'client.numbers', 'all') on conflict do nothing; update access_version set version = version + 1; delete from import_run");
        }
    }

    [PostgresFact]
    public async Task The_list_of_files_of_a_client_a_deal_or_a_call_is_a_file_for_who_may_export_that()
    {
        var call = Guid.CreateVersion7();
        await DoAsync(
            """
            truncate audit; delete from file;
            insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, dialled_raw, client_id, started_at, ended_at, outcome, last_seq) values (@call, 'main', 'pbx', 'Inbound', 'Ended', true, 'x', 'Withheld', '39', @Rossi, @Nine, @Nine, 'Answered', 1);
            insert into file (id, object_kind, object_id, name, size_bytes, sha256, kind, content_type, uploaded_by, uploaded_at, deleted_at, deleted_by)
            select gen_random_uuid(), f.kind, f.of, f.name, 12, repeat('a', 64), 'pdf', 'application/pdf', @Anna, @Nine, case when f.gone then @Nine end, case when f.gone then @Anna end
            from (values ('client', @Rossi, '=offer.pdf', false), ('client', @Rossi, 'old.pdf', true), ('deal', @RossiDeal, 'plan.pdf', false), ('call', @call, 'said.pdf', false)) f (kind, of, name, gone)
            """, new { call, Seeds.Rossi, Seeds.RossiDeal, Seeds.Anna, Nine });
        await using var sara = await host.SignInAsync("sara");
        async Task<List<string>> NamesAsync(string asked) => [.. (await ReadAsync(sara, $"api/files/export?{asked}")).Skip(1).Select(r => r[0])];
        try
        {
            (await ReadAsync(sara, $"api/files/export?kind=client&object={Seeds.Rossi}")).Single(r => r[0] == "'=offer.pdf").Should().Equal("'=offer.pdf", "", "pdf", "12", "Anna Verdi", "2026-11-28 10:00:00", "");
            (await NamesAsync($"kind=client&object={Seeds.Rossi}&format=xlsx")).Should().BeEquivalentTo("'=offer.pdf", "plan.pdf");
            (await NamesAsync($"kind=client&object={Seeds.Rossi}&bin=true")).Should().Equal("old.pdf");
            (await NamesAsync($"kind=deal&object={Seeds.RossiDeal}")).Should().Equal("plan.pdf");
            (await NamesAsync($"kind=call&object={call}&language=ru")).Should().Equal("said.pdf");
            (await AuditedAsync()).Should().Equal($"file csv client {Seeds.Rossi}", $"file xlsx client {Seeds.Rossi}", $"file csv client {Seeds.Rossi} bin", $"file csv deal {Seeds.RossiDeal}", $"file csv call {call}");
            (await sara.ProblemAsync(HttpMethod.Get, $"api/files/export?kind=task&object={call}")).Problem.Errors!.Keys.Should().Equal("kind");
            (await sara.ProblemAsync(HttpMethod.Get, $"api/files/export?kind=client&object={Guid.NewGuid()}")).Status.Should().Be(HttpStatusCode.NotFound);
            await using (var anna = await host.SignInAsync("anna"))
                foreach (var of in new[] { $"client&object={Seeds.Rossi}", $"deal&object={Seeds.RossiDeal}" }) (await anna.ProblemAsync(HttpMethod.Get, $"api/files/export?kind={of}")).Problem.ErrorId.Should().Be("not_allowed", of);
            await DoAsync("update role_right set scope = 'own' where role = 'supervisor' and right_code in ('client.export', 'deal.export'); update access_version set version = version + 1");
            (await sara.ProblemAsync(HttpMethod.Get, $"api/files/export?kind=client&object={Seeds.Rossi}")).Problem.ErrorId.Should().Be("not_allowed", "it is Anna's client");
            await DoAsync("update role_right set scope = 'all' where role = 'supervisor' and right_code = 'client.export'; update access_version set version = version + 1");
            (await NamesAsync($"kind=client&object={Seeds.Rossi}")).Should().Equal(["'=offer.pdf"], "the deal is Anna's");
        }
        finally
        {
            await DoAsync("update role_right set scope = 'all' where role = 'supervisor' and right_code in ('client.export', 'deal.export'); update access_version set version = version + 1; delete from file; delete from call where id = @call", new { call });
        }
    }

    [PostgresFact]
    public async Task People_campaigns_and_changes_of_settings_are_files_for_who_sets_up_and_exports()
    {
        await DoAsync(
            """
            truncate audit; delete from campaign;
            insert into campaign (code, name, description, from_day, to_day, position) values ('spring', '=Spring', '-2+3', '2026-03-01', null, 1);
            insert into settings_change (domain, user_id, at, kind, key, name, before, after) values ('main', @Ada, @Nine, 'queue', 'x', '@Sales', null, '{"ring":20}')
            """, new { Seeds.Ada, Nine });
        await using var ada = await host.SignInAsync("ada");
        var people = await ReadAsync(ada, "api/admin/users/export");
        people[0].Should().Equal("Name", "Login", "Role", "Department", "Takes calls", "Language", "Time zone", "Active", "Second factor", "Last seen");
        people.Single(p => p[1] == "gone").Take(9).Should().Equal("Gone Away", "gone", "agent", "", "yes", "en", "Europe/Rome", "no", "no");
        (await ReadAsync(ada, "api/admin/campaigns/export?format=xlsx&language=it")).Skip(1).Single().Should().Equal("spring", "'=Spring", "'-2+3", "2026-03-01", "", "no");
        (await ReadAsync(ada, "api/admin/changes/export")).Single(c => c[3] == "'@Sales").Should().Equal("2026-11-28 10:00:00", "Ada Admin", "queue", "'@Sales", "", """{"ring": 20}""");
        (await AuditedAsync()).Should().Equal("app_user csv", "campaign xlsx", "settings_change csv");
        await using var sara = await host.SignInAsync("sara");
        foreach (var list in new[] { "users", "campaigns", "changes" }) (await sara.ProblemAsync(HttpMethod.Get, $"api/admin/{list}/export")).Status.Should().Be(HttpStatusCode.Forbidden, list);
        await DoAsync("delete from campaign");
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
