using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Clients;

/// <summary>Formulas over the client or deal that a link leads to: they follow it, and tell nobody what they may not see.</summary>
[Trait("Category", "Slow")]
public sealed class LinkedFormulaTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    static readonly Guid Reader = Seeds.Id(302);

    public async Task InitializeAsync()
    {
        await using (var database = await host.Database.OpenConnectionAsync())
        {
            await database.ExecuteAsync(
                """
                insert into role (code, name, model, builtin) values ('narrow', 'Narrow', 'agent', false) on conflict do nothing;
                insert into role_right (role, right_code, scope) select 'narrow', right_code, case when right_code in ('client.view', 'client.edit', 'deal.view') then 'own' else scope end from role_right where role = 'agent' on conflict do nothing;
                insert into app_user (id, login, name, password_hash, role, language, is_agent, domain, security_stamp, created_at, active)
                select @Reader, 'narrower', 'Nora Narrow', password_hash, 'narrow', 'en', true, 'main', @Reader, created_at, true from app_user where login = 'anna' on conflict do nothing;
                update access_version set version = version + 1;
                """, new { Reader });
        }

        await using var admin = await host.SignInAsync("ada");
        if ((await admin.GetAsync("api/catalog", ContractsJson.Default.CatalogView)).ClientFields!.Any(f => f.Code == "parent")) return;
        foreach (var field in new[]
        {
            new ClientFieldSetup("limit", "The limit", "number", [], 10, false, 0), new("parent", "The parent", "link", [], 10, false, 0, "client"), new("order", "The order", "link", [], 10, false, 0, "deal"),
            new("half", "The half", "calculated", [], 11, false, 0, Expression: "custom.parent.custom.limit * 0.5"), new("share", "The share", "calculated", [], 12, false, 0, Expression: "custom.half & \" of \" & custom.order.title"),
            new("doubled", "The double", "calculated", [], 13, false, 0, Expression: "custom.limit * 2"),
        })
        {
            using var answer = await PutFieldAsync(admin, field);
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        }
    }

    public Task DisposeAsync() => Task.CompletedTask;

    static Task<HttpResponseMessage> PutFieldAsync(Page admin, ClientFieldSetup field) => admin.Http.PutAsJsonAsync($"api/admin/client-fields/{field.Code}", field, ContractsJson.Default.ClientFieldSetup);

    static async Task<ClientCardView> NewAsync(Page page, string name, Guid? responsible = null, params (string Code, object? Value)[] custom)
    {
        using var answer = await page.Http.PostAsJsonAsync("api/clients", new ClientCreate(Guid.CreateVersion7(), new ClientSave("person", name, "", "", "", "", null, null, responsible, [], 0,
            Custom: custom.ToDictionary(c => c.Code, c => JsonSerializer.SerializeToElement(c.Value)))), ContractsJson.Default.ClientCreate);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
    }

    static async Task<ClientCardView> SetAsync(Page page, Guid id, params (string Code, object? Value)[] custom)
    {
        var card = await CardAsync(page, id);
        using var answer = await page.Http.PutAsJsonAsync($"api/clients/{id}", new ClientSave(card.Kind, card.Name, card.Company, card.Email, card.City, card.Note, card.Language, card.Segment, card.ResponsibleId,
            [.. card.Phones.Select(p => new PhoneSave(p.E164, p.Label, p.IsMain))], card.Version, Custom: custom.ToDictionary(c => c.Code, c => JsonSerializer.SerializeToElement(c.Value))), ContractsJson.Default.ClientSave);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
    }

    static Task<ClientCardView> CardAsync(Page page, Guid id) => page.GetAsync($"api/clients/{id}", ContractsJson.Default.ClientCardView);

    static string? Of(ClientCardView card, string code) => card.Custom!.TryGetValue(code, out var value) ? value.ToString() : null;

    static async Task BecomesAsync(Page page, Guid id, string code, string? expected)
    {
        string? now = null;
        for (var n = 0; n < 150; n++)
        {
            if ((now = Of(await CardAsync(page, id), code)) == expected) return;
            await Task.Delay(100);
        }

        now.Should().Be(expected);
    }

    async Task UntilAsync(string count, object values)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        long left = -1;
        for (var n = 0; n < 300 && left != 0; n++)
        {
            left = await database.ExecuteScalarAsync<long>(count, values);
            if (left != 0) await Task.Delay(100);
        }

        left.Should().Be(0);
    }

    [PostgresFact]
    public async Task A_value_follows_the_client_and_the_deal_that_links_lead_to()
    {
        await using var page = await host.SignInAsync("ada");
        var parent = await NewAsync(page, "Parent Works", null, ("limit", 100));
        var card = await NewAsync(page, "Child Works", null, ("parent", parent.Id.ToString()), ("order", Seeds.RossiDeal.ToString()));
        (Of(card, "half"), Of(card, "share"), Of(card, "doubled")).Should().Be(("50", "50 of New boilers", null), "what is saved is calculated in the same breath");
        await SetAsync(page, parent.Id, ("limit", 300.5));
        await BecomesAsync(page, card.Id, "half", "150.25");
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update deal set title = 'Old boilers' where id = @RossiDeal", new { Seeds.RossiDeal });
        await host.Services.GetRequiredService<ChangeHints>().AddAsync("deal", Seeds.RossiDeal.ToString());
        await BecomesAsync(page, card.Id, "share", "150.25 of Old boilers");
        // A merged parent is the card that it went into; in the bin it is none.
        var into = await NewAsync(page, "Parent Holding", null, ("limit", 8));
        using (var merged = await page.Http.PostAsJsonAsync($"api/clients/{into.Id}/merge", new ClientMergeRequest(Guid.CreateVersion7(), parent.Id, into.Version, (await CardAsync(page, parent.Id)).Version, []), ContractsJson.Default.ClientMergeRequest))
            merged.StatusCode.Should().Be(HttpStatusCode.OK, await merged.Content.ReadAsStringAsync());
        await BecomesAsync(page, card.Id, "half", "4");
        await SetAsync(page, into.Id, ("limit", 10));
        await BecomesAsync(page, card.Id, "half", "5");
        (await page.Http.DeleteAsync($"api/clients/{into.Id}?version={(await CardAsync(page, into.Id)).Version}")).IsSuccessStatusCode.Should().BeTrue();
        await UntilAsync("select count(*) from client where id = @Id and linked ? 'half'", new { card.Id });
        Of(await SetAsync(page, card.Id, ("parent", null)), "half").Should().BeNull();
    }

    [PostgresFact]
    public async Task Many_cards_that_lead_to_one_client_follow_also_when_the_host_stops_and_a_second_time_writes_nothing()
    {
        await using var page = await host.SignInAsync("ada");
        var parent = await NewAsync(page, "Parent of Many", null, ("limit", 2));
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("insert into client (id, kind, name, confirmed, created_at, updated_at, custom) select gen_random_uuid(), 'person', 'Led ' || n, true, now(), now(), jsonb_build_object('parent', jsonb_build_object('id', @Id)) from generate_series(1, 2500) n", new { Id = parent.Id.ToString() });
        await SetAsync(page, parent.Id, ("limit", 6));
        await host.RestartAsync();
        const string Behind = "select count(*) from client where name like 'Led %' and linked ->> 'half' is distinct from @half";
        await UntilAsync(Behind, new { half = "3" });
        await UntilAsync("select count(*) from client_link_change", new { });
        (await database.ExecuteScalarAsync<long>("select count(*) from client where name like 'Led %' and custom ? 'half'")).Should().Be(0, "it stands apart");
        const string Written = "select max(xmin::text::bigint) from client where name like 'Led %'";
        var written = await database.ExecuteScalarAsync<long>(Written);
        await database.ExecuteAsync("insert into client_link_change (kind, target) values ('client', @Id)", new { parent.Id });
        await UntilAsync("select count(*) from client_link_change", new { });
        (await database.ExecuteScalarAsync<long>(Written)).Should().Be(written);
    }

    [PostgresFact]
    public async Task Who_may_not_see_the_other_record_sees_nothing_that_comes_from_it()
    {
        await using var admin = await host.SignInAsync("ada");
        var foreign = await NewAsync(admin, "Foreign Parent", Seeds.Luca, ("limit", 7171));
        var own = await NewAsync(admin, "Own Parent", Reader, ("limit", 40));
        var card = await NewAsync(admin, "Card of Nora", Reader, ("parent", foreign.Id.ToString()));
        Of(await CardAsync(admin, card.Id), "half").Should().Be("3585.5");
        await using var narrow = await host.SignInAsync("narrower");
        async Task HiddenAsync()
        {
            using var answer = await narrow.Http.GetAsync($"api/clients/{card.Id}");
            var text = await answer.Content.ReadAsStringAsync();
            answer.StatusCode.Should().Be(HttpStatusCode.OK);
            text.Should().Contain("Card of Nora").And.NotContain("3585").And.NotContain("\"half\"").And.NotContain("\"share\"");
        }

        await HiddenAsync();
        (await narrow.GetAsync("api/clients?query=3585", ContractsJson.Default.ListPageClientRow)).Items.Should().BeEmpty();
        (await narrow.GetAsync("api/clients?query=card%203585", ContractsJson.Default.ListPageClientRow)).Items.Should().BeEmpty();
        (await narrow.ProblemAsync(HttpMethod.Get, "api/clients?custom.half=3585.5")).Problem.Errors!.Keys.Should().Equal("custom.half");
        (await narrow.ProblemAsync(HttpMethod.Get, "api/clients?without=custom.half")).Problem.Errors!.Keys.Should().Equal("without");
        foreach (var query in new[] { "query=3585", "custom.half=3585.5", "custom.half.from=3585&custom.half.below=3586" })
            (await admin.GetAsync($"api/clients?{query}", ContractsJson.Default.ListPageClientRow)).Items.Select(c => c.Id).Should().Equal([card.Id], "who sees all clients and deals sees whatever it comes from: {0}", query);
        (await admin.GetAsync("api/clients?without=custom.half&query=Card%20of%20Nora", ContractsJson.Default.ListPageClientRow)).Items.Should().BeEmpty();
        var report = await admin.GetAsync("api/reports/clients?by=custom.half&period=today", ContractsJson.Default.ClientsReportView);
        report.Rows.Sum(r => r.Figures.Clients).Should().BeGreaterThan(0);
        report.Rows.Should().Contain(r => r.Kind == "value" && r.From <= 3585.5m);
        // What they save answers no more than what they read.
        using (var saved = await narrow.Http.PutAsJsonAsync($"api/clients/{card.Id}", new ClientSave("person", "Card of Nora", "", "", "Bari", "", null, null, Reader, [], (await CardAsync(narrow, card.Id)).Version), ContractsJson.Default.ClientSave))
            (await saved.Content.ReadAsStringAsync()).Should().Contain("Bari").And.NotContain("3585");
        // Led to their own client they see it; and no more when that one is given to another.
        (Of(await SetAsync(admin, card.Id, ("parent", own.Id.ToString())), "half"), Of(await CardAsync(narrow, card.Id), "half")).Should().Be(("20", "20"));
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update client set responsible_id = @Luca where id = @Id", new { Seeds.Luca, own.Id });
        Of(await CardAsync(narrow, card.Id), "half").Should().BeNull();
        await database.ExecuteAsync("update client set responsible_id = @Reader where id = @Id", new { Reader, own.Id });
        // Of two links both must be theirs to see.
        await SetAsync(admin, card.Id, ("order", Seeds.RossiDeal.ToString()));
        (Of(await CardAsync(admin, card.Id), "share") is not null, Of(await CardAsync(narrow, card.Id), "half"), Of(await CardAsync(narrow, card.Id), "share")).Should().Be((true, "20", null));
    }

    [PostgresFact]
    public async Task What_a_link_does_not_lead_to_is_refused_and_what_a_formula_needs_is_not_taken_from_under_it()
    {
        await using var admin = await host.SignInAsync("ada");
        async Task<IReadOnlyDictionary<string, string[]>> RefusedAsync(ClientFieldSetup field)
        {
            var (status, problem) = await admin.ProblemAsync(HttpMethod.Put, $"api/admin/client-fields/{field.Code}", JsonSerializer.Serialize(field, ContractsJson.Default.ClientFieldSetup));
            status.Should().Be(HttpStatusCode.BadRequest);
            return problem.Errors!;
        }

        ClientFieldSetup Formula(string expression) => new("tried", "Tried", "calculated", [], 20, false, 0, Expression: expression);
        (await RefusedAsync(Formula("1 + custom.nobody.limit")))["expression"].Should().Equal("at character 5, a link to a client or a deal in front of its field, not custom.nobody");
        (await RefusedAsync(Formula("custom.parent.custom.doubled")))["expression"].Should().Equal("at character 1, a field that people fill of what custom.parent leads to, not custom.doubled");
        (await RefusedAsync(Formula("custom.parent.custom.half")))["expression"].Should().Equal("at character 1, a field that people fill of what custom.parent leads to, not custom.half");
        (await RefusedAsync(Formula("custom.parent.city * 2")))["expression"].Should().Equal("at character 1, a number");
        var fields = (await admin.GetAsync("api/admin", ContractsJson.Default.AdminView)).ClientFields!;
        (await RefusedAsync(fields.Single(f => f.Code == "parent") with { Archived = true })).Should().ContainKey("archived");
        (await RefusedAsync(fields.Single(f => f.Code == "limit") with { Archived = true })).Should().ContainKey("archived");
        var card = await NewAsync(admin, "Tried Upon", null, ("parent", (await NewAsync(admin, "Tried Parent", null, ("limit", 12))).Id.ToString()));
        using var tried = await admin.Http.PostAsJsonAsync("api/admin/client-fields/tried/try", new FormulaTry(Formula("custom.parent.custom.limit + 1"), card.Id), ContractsJson.Default.FormulaTry);
        (await tried.Content.ReadFromJsonAsync(ContractsJson.Default.FormulaTryView))!.Value!.Value.GetDecimal().Should().Be(13);
    }

    [PostgresFact]
    public async Task What_is_sensitive_on_one_card_is_so_on_the_cards_that_look_at_it()
    {
        await using var admin = await host.SignInAsync("ada");
        using (var made = await PutFieldAsync(admin, new ClientFieldSetup("taxed", "Taxed", "calculated", [], 30, false, 0, Expression: "custom.parent.taxId"))) made.StatusCode.Should().Be(HttpStatusCode.OK);
        var parent = await NewAsync(admin, "Taxed Parent");
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update client set tax_id = 'XY77' where id = @Id", new { parent.Id });
        var card = await NewAsync(admin, "Taxed Child", null, ("parent", parent.Id.ToString()));
        await using (var before = await host.SignInAsync("anna")) Of(await CardAsync(before, card.Id), "taxed").Should().Be("XY77");
        await database.ExecuteAsync("insert into sensitive_field (field) values ('taxId') on conflict do nothing; delete from role_right where role = 'agent' and right_code = 'client.sensitive'; update access_version set version = version + 1");
        await using var agent = await host.SignInAsync("anna");
        Of(await CardAsync(agent, card.Id), "taxed").Should().BeNull();
        Of(await CardAsync(admin, card.Id), "taxed").Should().Be("XY77");
        await database.ExecuteAsync("delete from sensitive_field where field = 'taxId'; update access_version set version = version + 1");
    }
}
