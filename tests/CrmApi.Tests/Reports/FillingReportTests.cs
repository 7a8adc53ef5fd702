using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Reports;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Reports;

/// <summary>
/// By hand: Luca has 25 cards, all with the same mail; 21 share a number, 3 have the note "ok", 5 a longer one that is the same, 22 the same contract; 10 are 100 days old
/// and were never saved again, of which one was. He wrapped up three calls: in 2 s with "ok", in 5 s with a note, one of which no time is known without a note.
/// </summary>
[Trait("Category", "Slow")]
public sealed class FillingReportTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    async Task ExecuteAsync(string sql, object? values = null)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(sql, values);
    }

    public Task InitializeAsync() => ExecuteAsync(
        """
        insert into client_field (code, name, kind, position) values ('contract', 'Contract', 'text', 10) on conflict do nothing;
        delete from client_phone where client_id in (select id from client where responsible_id = @Luca);
        delete from client where responsible_id = @Luca;
        insert into client (id, name, email, tax_id, note, custom, responsible_id, version, created_at, updated_at, contact_changed_at)
        select gen_random_uuid(), 'Client ' || n, 'Same@luca.example', case when n <= 4 then 'X' || n else '' end, case when n <= 3 then ' ok ' when n <= 8 then 'a longer note' else '' end,
          case when n <= 22 then '{"contract": "N/A"}'::jsonb else '{}' end, @Luca, case when n <= 2 then 2 else 1 end, now() - case when n <= 10 then interval '100 days' else interval '1 day' end, now(), case when n = 1 then now() end
        from generate_series(1, 25) n;
        insert into client_phone (client_id, e164, raw, is_main, added_at) select id, '+390299999999', '', true, now() from client where responsible_id = @Luca order by name limit 21;
        update client set contact_changed_at = null where responsible_id = @Luca and name = 'Client 2';
        delete from wrap_up; delete from call_leg; delete from call;
        insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, dialled_raw, started_at, ended_at, last_seq)
        select ('00000000-0000-7000-8000-0000000009' || n)::uuid, 'main', 'pbx', 'Inbound', 'Ended', true, '', 'Withheld', '1', now(), now(), 1 from generate_series(10, 12) n;
        insert into call_leg (node, unique_id, call_id, channel, agent_id, is_client, started_at, wrap_up_ms)
        select 'pbx', n::text, ('00000000-0000-7000-8000-0000000009' || n)::uuid, 'PJSIP/1', @Luca, false, now(), case n when 10 then 2000 when 11 then 5000 end from generate_series(10, 12) n;
        insert into wrap_up (call_id, agent_id, disposition, note, created_at)
        select ('00000000-0000-7000-8000-0000000009' || n)::uuid, @Luca, 'sale', case n when 10 then 'ok' when 11 then 'wants seats' else '' end, now() from generate_series(10, 12) n;
        """, new { Seeds.Luca });

    public Task DisposeAsync() => Task.CompletedTask;

    static Task<FillingView> ReadAsync(Page page) => page.GetAsync("api/reports/filling?period=last_7_days", ContractsJson.Default.FillingView);

    [PostgresFact]
    public async Task Each_persons_cards_are_counted_by_field_and_what_is_filled_for_show()
    {
        await using var sara = await host.SignInAsync("sara");
        var view = await ReadAsync(sara);
        var luca = view.People.Single(p => p.Id == Seeds.Luca);
        (luca.Name, luca.Cards, luca.NeverChanged, luca.ShortCardNotes).Should().Be(("Luca Neri", 25, 9, 3));
        // Mails on 25, numbers on 21, contracts on 22; the five notes are too few to tell.
        luca.SameValue.Should().Be(25 + 21 + 22);
        (luca.WrapUps, luca.ShortNotes, luca.QuickWrapUps).Should().Be((3, 1, 1));
        long Filled(string field) => luca.Filled[view.Fields.ToList().IndexOf(field)];
        (Filled("name"), Filled("email"), Filled("taxId"), Filled("phones"), Filled("note"), Filled("custom.contract"), Filled("city"), Filled("responsibleId")).Should().Be((25, 25, 4, 21, 8, 22, 0, 25));
        view.Same.Where(s => s.Id == Seeds.Luca).Select(s => (s.Field, s.Value, s.Cards)).Should().BeEquivalentTo([("email", "same@luca.example", 25L), ("custom.contract", "n/a", 22L), ("phones", "+39 02 9999 9999", 21L)]);
        view.People.Single(p => p.Id is null).Should().BeEquivalentTo(new { Name = (string?)null, Cards = 5L });
        var anna = view.People.Single(p => p.Id == Seeds.Anna);
        (anna.Cards, anna.Filled[view.Fields.ToList().IndexOf("company")], anna.SameValue).Should().Be((1, 1, 0));
        view.Own.Should().Equal(new NamedCode("contract", "Contract"));
    }

    [PostgresFact]
    public async Task A_save_of_anything_but_numbers_mails_and_addresses_leaves_a_card_never_changed()
    {
        await using var page = await host.SignInAsync("ada");
        var made = Guid.CreateVersion7();
        ClientSave With(int version, string name, string phone = "+390277777701", string email = "", string more = "more@luca.example", string street = "Via Uno 1") => new("person", name, "", email, "", "", null, null, Seeds.Luca, [new PhoneSave(phone, "", true)], version,
            Emails: [new EmailView(more)], Addresses: [new AddressView("actual", street, "", "", "", "")]);
        using (var answer = await page.Http.PostAsJsonAsync("api/clients", new ClientCreate(made, With(0, "Before")), ContractsJson.Default.ClientCreate)) answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        var version = 1;
        async Task<bool> ChangedAfterAsync(ClientSave save)
        {
            using var answer = await page.Http.PutAsJsonAsync($"api/clients/{made}", save with { Version = version }, ContractsJson.Default.ClientSave);
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
            version++;
            await using var database = await host.Database.OpenConnectionAsync();
            return await database.ExecuteScalarAsync<bool>("with was as (select contact_changed_at from client where id = @made) update client set contact_changed_at = null where id = @made returning (select contact_changed_at is not null from was)", new { made });
        }

        (await ChangedAfterAsync(With(1, "After"))).Should().BeFalse("a name is no contact");
        (await ChangedAfterAsync(With(2, "After", phone: "+390277777702"))).Should().BeTrue();
        (await ChangedAfterAsync(With(3, "After", phone: "+390277777702", more: "other@luca.example"))).Should().BeTrue();
        (await ChangedAfterAsync(With(4, "After", phone: "+390277777702", more: "other@luca.example", email: "main@luca.example"))).Should().BeTrue();
        (await ChangedAfterAsync(With(5, "After", phone: "+390277777702", more: "other@luca.example", email: "main@luca.example", street: "Via Due 2"))).Should().BeTrue();
        (await ChangedAfterAsync(With(6, "Once more", phone: "+390277777702", more: "other@luca.example", email: "main@luca.example", street: "Via Due 2"))).Should().BeFalse();
    }

    [PostgresFact]
    public async Task The_file_has_a_row_per_person_and_taking_it_is_audited()
    {
        await using var sara = await host.SignInAsync("sara");
        var lines = (await sara.Http.GetStringAsync("api/reports/filling/csv?period=today")).TrimStart('\ufeff').Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        lines[0].Should().StartWith("person,cards,name,company,").And.Contain(",custom.contract,same_value_cards,");
        lines.Should().ContainSingle(l => l.StartsWith("Luca Neri,25,25,0,", StringComparison.Ordinal)).Which.Should().EndWith(",22,68,3,9,3,1,1");
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<long>("select count(*) from audit where action = 'export' and object_id like 'filling %' and user_id = @Sara", new { Seeds.Sara })).Should().BeGreaterThan(0);
    }

    [PostgresFact]
    public async Task Who_sees_a_department_sees_its_people_alone_and_an_agent_nothing()
    {
        await ExecuteAsync(
            """
            insert into department (id, name) values (@Team, 'Team') on conflict do nothing;
            update app_user set department_id = @Team where id = @Luca;
            insert into app_user (id, login, name, password_hash, role, is_agent, domain, security_stamp, created_at, department_id)
            select gen_random_uuid(), 'hanna', 'Hanna Head', password_hash, 'head', false, 'main', gen_random_uuid(), now(), @Team from app_user where login = 'anna' on conflict do nothing;
            update access_version set version = version + 1;
            """, new { Team = Seeds.Id(901), Seeds.Luca });
        await using var hanna = await host.SignInAsync("hanna");
        var view = await ReadAsync(hanna);
        view.People.Select(p => p.Id).Should().Equal(Seeds.Luca);
        view.Same.Should().OnlyContain(s => s.Id == Seeds.Luca);
        await using var anna = await host.SignInAsync("anna");
        (await anna.ProblemAsync(HttpMethod.Get, "api/reports/filling")).Status.Should().Be(HttpStatusCode.Forbidden);
    }

    [PostgresFact]
    public async Task What_takes_too_long_ends_with_a_clear_word()
    {
        await using var sara = await host.SignInAsync("sara");
        (await sara.ProblemAsync(HttpMethod.Get, "api/reports/filling?period=never")).Problem.Errors!.Keys.Should().Equal("period");
        var report = host.Services.GetRequiredService<FillingReport>();
        var patience = report.Patience;
        await using var blocking = await host.Database.OpenConnectionAsync();
        await using var held = await blocking.BeginTransactionAsync();
        await blocking.ExecuteAsync("lock table client in access exclusive mode", transaction: held);
        try
        {
            report.Patience = TimeSpan.FromMilliseconds(300);
            var (status, problem) = await sara.ProblemAsync(HttpMethod.Get, "api/reports/filling?period=today");
            (status, problem.ErrorId).Should().Be((HttpStatusCode.ServiceUnavailable, "report_too_slow"));
        }
        finally
        {
            report.Patience = patience;
        }
    }
}
