using System.Net;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Tests.Access;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using static CallCrm.CrmApi.Tests.Exports.ExportTests;

namespace CallCrm.CrmApi.Tests.Exports;

/// <summary>What is set up goes out as lists that are read outside: names instead of ids, and no secret.</summary>
public sealed class SettingsExportTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    static readonly Guid House = Seeds.Id(501), Office = Seeds.Id(502), Hook = Seeds.Id(503);
    static readonly DateTimeOffset Nine = new(2026, 11, 28, 9, 0, 0, TimeSpan.Zero);

    public async Task InitializeAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        if (await database.ExecuteScalarAsync<bool>("select exists (select from department)")) return;
        await database.ExecuteAsync(
            """
            insert into department (id, name, parent_id) values (@House, '=House', null), (@Office, 'Office', @House);
            update app_user set department_id = @Office where login in ('anna', 'gone');
            insert into client_field (code, name, kind, options, position) values ('size', 'Size', 'choice', '[{"code":"s","name":"Small"},{"code":"l","name":"Large"}]', 3);
            insert into sensitive_field (field) values ('custom.size');
            insert into webhook (id, domain, url, secret, events, created_at) values (@Hook, 'main', 'https://hooks.example/in', 'sealed-secret', '{client.saved,deal.moved}', @Nine);
            insert into webhook_delivery (id, webhook_id, event, body, created_at, attempts, next_at, delivered_at, status, error) values
              (gen_random_uuid(), @Hook, 'client.saved', '{"card":"body-of-it"}', @Nine, 1, null, @Nine, 200, null), (gen_random_uuid(), @Hook, 'deal.moved', '{}', @Nine + interval '1 minute', 9, null, null, 500, '=said so');
            insert into web_form (code, domain, name, queue_id, fields, duplicates, makes, created_at) values ('contact', 'main', 'Contact', @Sales, '[{"name":"your-name","to":"name"}]', 'skip', 'task', @Nine);
            insert into skill (code, name, position) values ('it', 'Italian', 1);
            insert into agent_skill (user_id, skill, level) values (@Anna, 'it', 2);
            insert into required_rule (id, name, occasion, segment, fields) values (@Hook, 'Names', 'save', 'vip', '{name,city}');
            update access_version set version = version + 1;
            """, new { House, Office, Hook, Nine, Seeds.Sales, Seeds.Anna });
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [PostgresFact]
    public async Task Queues_places_and_numbers_go_out_by_their_names()
    {
        await using var ada = await host.SignInAsync("ada");
        var queues = await ReadAsync(ada, "api/admin/queues/export");
        queues[0].Should().Equal("Name", "Members (level)", "Skills (at least)", "Rings, s", "Wrap-up, s", "Longest wait, s", "Service level, s", "Hours", "Time zone", "Holidays", "Recorded", "Numbers");
        queues.Skip(1).Select(q => q[0]).Should().Equal("Sales", "Support");
        (queues[1][1], queues[1][6], queues[1][7], queues[1][11]).Should().Be(("Anna Verdi (1); Luca Neri (1)", "20", "always", "390233334444"));
        (await ReadAsync(ada, "api/admin/queues/export?language=ru"))[1][7].Should().Be("всегда");
        (await ReadAsync(ada, "api/admin/extensions/export?format=xlsx&language=it")).Skip(1).Should().BeEquivalentTo(new[]
        {
            new[] { "101", "", "PJSIP/101", "sì", "sì", "pbx" }, ["102", "", "PJSIP/102", "sì", "sì", "pbx"], ["103", "", "PJSIP/103", "no", "no", "pbx"],
        });
        (await ReadAsync(ada, "api/admin/numbers/export")).Skip(1).Single().Take(4).Should().Equal("390233334444", "Web site", "Sales", "web");
    }

    [PostgresFact]
    public async Task Roles_departments_and_fields_go_out_with_who_and_what_is_in_them()
    {
        await using var ada = await host.SignInAsync("ada");
        var roles = await ReadAsync(ada, "api/admin/roles/export");
        roles.Skip(1).Select(r => r[0]).Should().BeEquivalentTo(RightCatalog.BuiltinRoles);
        var agent = roles.Single(r => r[0] == "agent");
        agent[3].Split("; ").Should().BeEquivalentTo(RightCatalog.All.Where(r => r.Defaults.ContainsKey("agent")).Select(r => $"{r.Code}={RightCatalog.NameOf(r.Defaults["agent"])}"));
        agent[4].Split("; ").Should().BeEquivalentTo("Anna Verdi", "Luca Neri", "Mila Orlova");
        (await ReadAsync(ada, "api/admin/departments/export")).Skip(1).Should().BeEquivalentTo(new[] { new[] { "'=House", "", "" }, ["Office", "'=House", "Anna Verdi"] }, "who has left is in none");
        (await ReadAsync(ada, "api/admin/client-fields/export")).Skip(1).Single().Should().Equal("size", "Size", "choice", "Small; Large", "", "", "3", "yes", "no");
    }

    [PostgresFact]
    public async Task What_agents_choose_from_goes_out_in_words()
    {
        await using var ada = await host.SignInAsync("ada");
        (await ReadAsync(ada, "api/admin/dispositions/export?language=it")).Skip(1).Select(d => string.Join(',', d)).Should().Equal("sale,Sale,,no,positivo,,,,,,no", "callback,Call back,,no,neutro,,,,,,no");
        (await ReadAsync(ada, "api/admin/pause-reasons/export")).Skip(1).Single().Should().Equal("break", "Break", "15");
        (await ReadAsync(ada, "api/admin/segments/export?format=xlsx")).Skip(1).Select(s => string.Join(',', s)).Should().BeEquivalentTo("vip,VIP,no", "new,New,no");
        (await ReadAsync(ada, "api/admin/deal-types/export")).Skip(1).Select(s => string.Join(',', s)).Should().Equal("order,Order,open,Open,,no", "order,Order,negotiation,Negotiation,,no");
        (await ReadAsync(ada, "api/admin/skills/export")).Skip(1).Single().Should().Equal("it", "Italian", "Anna Verdi (2)", "no");
        (await ReadAsync(ada, "api/admin/required-rules/export?language=ru")).Skip(1).Single().Should().Equal("Names", "сохранить карточку", "vip", "", "", "", "name; city", "да");
    }

    [PostgresFact]
    public async Task Programs_go_out_without_what_they_keep_secret()
    {
        await using var ada = await host.SignInAsync("ada");
        var made = await ApiKeyTests.MakeAsync(ada, Seeds.Anna, null, (Rights.WorkWithClients, "own"));
        var keys = await ReadAsync(ada, "api/admin/keys/export");
        keys.Skip(1).Single().Take(3).Should().Equal("Site", "Anna Verdi", "client.view=own");
        (await ReadAsync(ada, "api/admin/webhooks/export")).Skip(1).Single().Take(3).Should().Equal("https://hooks.example/in", "client.saved; deal.moved", "yes");
        var told = await ReadAsync(ada, $"api/admin/webhooks/{Hook}/deliveries/export");
        told[0].Should().Equal("When", "Event", "State", "Attempts", "Delivered", "Next attempt", "Answer", "Error");
        told.Skip(1).Select(d => string.Join(',', d.Skip(1).Take(3).Concat(d.Skip(6)))).Should().Equal("deal.moved,given up,9,500,'=said so", "client.saved,arrived,1,200,");
        (await ReadAsync(ada, "api/admin/web-forms/export")).Skip(1).Single().Take(7).Should().Equal("contact", "Contact", "your-name → name", "task", "", "Sales", "yes");
        foreach (var list in new[] { "keys", "webhooks", $"webhooks/{Hook}/deliveries" })
            (await ada.Http.GetStringAsync($"api/admin/{list}/export")).Should().NotContainAny(made.Secret, made.Key.Hint, "sealed-secret", "body-of-it");
        (await ada.ProblemAsync(HttpMethod.Get, $"api/admin/webhooks/{Guid.NewGuid()}/deliveries/export")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [PostgresFact]
    public async Task Each_list_is_audited_and_only_for_who_sets_up()
    {
        var lists = new[] { "queues", "roles", "departments", "extensions", "numbers", "client-fields", "keys", "webhooks", $"webhooks/{Hook}/deliveries", "web-forms", "dispositions", "pause-reasons", "segments", "deal-types", "skills", "required-rules" };
        await using var ada = await host.SignInAsync("ada");
        await using var sara = await host.SignInAsync("sara");
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("truncate audit");
        foreach (var list in lists)
        {
            (await sara.ProblemAsync(HttpMethod.Get, $"api/admin/{list}/export")).Status.Should().Be(HttpStatusCode.Forbidden, list);
            (await ada.ProblemAsync(HttpMethod.Get, $"api/admin/{list}/export?format=pdf")).Problem.Errors!.Keys.Should().Equal("format");
            await ReadAsync(ada, $"api/admin/{list}/export?format=xlsx&language=ru");
        }

        (await database.QueryAsync<string>("select object || ' ' || object_id from audit where action = 'export' order by id")).Should().Equal("queue xlsx", "role xlsx", "department xlsx", "extension xlsx", "number xlsx", "client_field xlsx",
            "api_key xlsx", "webhook xlsx", $"webhook xlsx {Hook}", "web_form xlsx",
            "disposition xlsx", "pause_reason xlsx", "segment xlsx", "deal_type xlsx", "skill xlsx", "required_rule xlsx");
    }
}
