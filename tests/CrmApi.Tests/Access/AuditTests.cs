using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Access;

public sealed class AuditTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    static readonly Guid Head = Seeds.Id(351), Narrow = Seeds.Id(352);

    /// <summary>A head of a department of nobody else, and somebody who exports and sees only their own deals.</summary>
    public async Task InitializeAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into role (code, name, model, builtin) values ('own_deals', 'Own deals', 'agent', false) on conflict do nothing;
            insert into role_right (role, right_code, scope) select 'own_deals', code, scope from (values ('client.view', 'all'), ('deal.view', 'own'), ('client.export', 'all'), ('audit.view', 'all')) r (code, scope) on conflict do nothing;
            insert into app_user (id, login, name, password_hash, role, language, is_agent, domain, security_stamp, created_at, active)
            select u.id, u.login, u.login, a.password_hash, u.role, 'en', false, 'main', u.id, a.created_at, true from app_user a
            cross join (values (@Head, 'audit.head', 'head'), (@Narrow, 'audit.narrow', 'own_deals')) u (id, login, role) where a.login = 'anna' on conflict do nothing;
            update access_version set version = version + 1;
            """, new { Head, Narrow });
        await using var admin = await host.SignInAsync("ada");
        if ((await admin.GetAsync("api/catalog", ContractsJson.Default.CatalogView)).ClientFields!.Any(f => f.Code == "plan")) return;
        using var made = await admin.Http.PutAsJsonAsync("api/admin/client-fields/plan", new ClientFieldSetup("plan", "Plan", "text", [], 10, false, 0), ContractsJson.Default.ClientFieldSetup);
        made.StatusCode.Should().Be(HttpStatusCode.OK, await made.Content.ReadAsStringAsync());
    }

    public Task DisposeAsync() => Task.CompletedTask;

    static async Task<ClientCardView> NewAsync(Page page, string name)
    {
        var create = new ClientCreate(Guid.CreateVersion7(), new ClientSave("person", name, "", "", "Pisa", "", null, null, null, [], 0));
        using var answer = await page.Http.PostAsJsonAsync("api/clients", create, ContractsJson.Default.ClientCreate);
        using var again = await page.Http.PostAsJsonAsync("api/clients", create, ContractsJson.Default.ClientCreate);
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
    }

    static Task<HttpResponseMessage> SaveAsync(Page page, ClientCardView card, string city, string name, params (string Code, string Value)[] own) => page.Http.PutAsJsonAsync($"api/clients/{card.Id}",
        new ClientSave(card.Kind, name, card.Company, card.Email, city, card.Note, card.Language, card.Segment, card.ResponsibleId, [new PhoneSave("+39 02 5551234", "office", true)], card.Version,
            Custom: own.ToDictionary(o => o.Code, o => JsonSerializer.SerializeToElement(o.Value))), ContractsJson.Default.ClientSave);

    static Task<ListPage<AuditView>> ReadAsync(Page page, string query) => page.GetAsync($"api/audit?{query}", ContractsJson.Default.ListPageAuditView);

    [PostgresFact]
    public async Task A_card_made_and_changed_leaves_each_field_with_what_it_was_and_is_once()
    {
        await using var ada = await host.SignInAsync("ada");
        var card = await NewAsync(ada, "Audited Ann");
        using (var saved = await SaveAsync(ada, card, "Lucca", card.Name, ("plan", "gold"))) saved.StatusCode.Should().Be(HttpStatusCode.OK, await saved.Content.ReadAsStringAsync());
        // Neither a save of an older version nor one that is refused, nor one that changes nothing leaves a line.
        using (var stale = await SaveAsync(ada, card, "Roma", card.Name)) stale.StatusCode.Should().Be(HttpStatusCode.Conflict);
        var now = await ada.GetAsync($"api/clients/{card.Id}", ContractsJson.Default.ClientCardView);
        using (var wrong = await SaveAsync(ada, now, "Roma", "")) wrong.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        using (var same = await SaveAsync(ada, now, now.City, now.Name, ("plan", "gold"))) same.StatusCode.Should().Be(HttpStatusCode.OK);
        var lines = (await ReadAsync(ada, $"kind=client&object={card.Id}")).Items;
        lines.Where(l => l.Action is "client.created" or "client.changed").Select(l => l.Action).Should().Equal("client.changed", "client.created");
        var changed = lines.Single(l => l.Action == "client.changed");
        changed.Should().BeEquivalentTo(new { Kind = "client", ObjectId = card.Id, Name = "Audited Ann", Who = ada.Session.Name });
        changed.Changes.Select(c => (c.Field, c.Before, c.After)).Should().BeEquivalentTo([("phones", "", "+39025551234 office"), ("city", "Pisa", "Lucca"), ("custom.plan", "", "gold")]);
        lines.Single(l => l.Action == "client.created").Changes.Select(c => (c.Field, c.After)).Should().Contain([("name", "Audited Ann"), ("city", "Pisa")]);
        lines.Should().Contain(l => l.Action == "client.viewed");
        var file = await ada.Http.GetStringAsync($"api/audit/export?kind=client&object={card.Id}");
        file.Should().Contain("city,Pisa,Lucca").And.Contain(",,gold,");
        (await ReadAsync(ada, "action=export")).Items.Should().Contain(l => l.Kind == "audit");
    }

    [PostgresFact]
    public async Task Pages_hold_each_line_once_and_filters_hold()
    {
        await using var ada = await host.SignInAsync("ada");
        var card = await NewAsync(ada, "Paged Pia");
        for (var n = 0; n < 4; n++)
        {
            using var saved = await SaveAsync(ada, await ada.GetAsync($"api/clients/{card.Id}", ContractsJson.Default.ClientCardView), $"City {n}", card.Name);
        }

        var (all, cursor) = (new List<AuditView>(), (string?)null);
        do
        {
            var part = await ReadAsync(ada, $"kind=client&object={card.Id}&limit=2{(cursor is null ? "" : "&cursor=" + cursor)}");
            all.AddRange(part.Items);
            cursor = part.Next;
        }
        while (cursor is not null);
        all.Select(l => l.Id).Should().OnlyHaveUniqueItems().And.BeInDescendingOrder().And.HaveCount(6);
        (await ReadAsync(ada, $"kind=client&object={card.Id}&action=client.changed")).Items.Should().HaveCount(4);
        (await ReadAsync(ada, $"kind=client&object={card.Id}&user={Seeds.Anna}")).Items.Should().BeEmpty();
        (await ReadAsync(ada, $"kind=client&object={card.Id}&to=2020-01-01T00:00:00Z")).Items.Should().BeEmpty();
        (await ReadAsync(ada, $"kind=client&object={card.Id}&from=2020-01-01T00:00:00Z")).Items.Should().HaveCount(6);
        using var wrong = await ada.Http.GetAsync("api/audit?kind=moon");
        wrong.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await wrong.Content.ReadAsStringAsync()).Should().Contain("kind").And.Contain("client, deal, call");
        using var noKind = await ada.Http.GetAsync($"api/audit?object={card.Id}");
        noKind.StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }

    [PostgresFact]
    public async Task Only_those_with_the_right_read_it_and_a_head_only_of_their_own_people()
    {
        await using var ada = await host.SignInAsync("ada");
        var card = await NewAsync(ada, "Scoped Sam");
        await using var anna = await host.SignInAsync("anna");
        using (var refused = await anna.Http.GetAsync("api/audit")) refused.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        await using var narrow = await host.SignInAsync("audit.narrow");
        using (var refused = await narrow.Http.GetAsync("api/audit/export")) refused.StatusCode.Should().Be(HttpStatusCode.Forbidden, "the file needs the right to export reports as well");
        await using var head = await host.SignInAsync("audit.head");
        (await ReadAsync(head, $"kind=client&object={card.Id}")).Items.Should().BeEmpty();
        var seen = (await ReadAsync(head, "")).Items;
        seen.Should().NotBeEmpty().And.OnlyContain(l => l.UserId == Head);
    }

    [PostgresFact]
    public async Task What_is_hidden_from_the_reader_stays_hidden_in_the_audit()
    {
        await using var ada = await host.SignInAsync("ada");
        var card = await NewAsync(ada, "Hidden Hal");
        using (var saved = await SaveAsync(ada, card, "Secretville", card.Name)) saved.StatusCode.Should().Be(HttpStatusCode.OK);
        using (var set = await ada.Http.PutAsJsonAsync("api/admin/sensitive-fields", new SensitiveFieldsSave(["city"], []), ContractsJson.Default.SensitiveFieldsSave)) set.StatusCode.Should().Be(HttpStatusCode.OK);
        await using var narrow = await host.SignInAsync("audit.narrow");
        using var answer = await narrow.Http.GetAsync($"api/audit?kind=client&object={card.Id}&action=client.changed");
        var text = await answer.Content.ReadAsStringAsync();
        text.Should().NotContain("Secretville").And.NotContain("5551234").And.NotContain("Pisa");
        JsonSerializer.Deserialize(text, ContractsJson.Default.ListPageAuditView)!.Items.Single().Changes.Single(c => c.Field == "city").Hidden.Should().BeTrue();
    }

    [PostgresFact]
    public async Task Nobody_finds_a_client_by_a_deal_that_they_may_not_see()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        var number = await database.ExecuteScalarAsync<long>("update deal set number = 911640 where id = @RossiDeal returning number", new { Seeds.RossiDeal });
        await using var ada = await host.SignInAsync("ada");
        await using var narrow = await host.SignInAsync("audit.narrow");
        foreach (var query in new[] { "new%20boilers", $"%23{number}" })
        {
            (await ada.GetAsync($"api/clients?query={query}", ContractsJson.Default.ListPageClientRow)).Items.Should().ContainSingle().Which.Name.Should().Be("Mario Rossi");
            (await narrow.GetAsync($"api/clients?query={query}", ContractsJson.Default.ListPageClientRow)).Items.Should().BeEmpty();
            (await ada.Http.GetStringAsync($"api/clients/export?query={query}")).Should().Contain("Mario Rossi");
            (await narrow.Http.GetStringAsync($"api/clients/export?query={query}")).Should().NotContain("Mario Rossi");
        }

        (await narrow.GetAsync("api/clients?query=rossi", ContractsJson.Default.ListPageClientRow)).Items.Should().ContainSingle("the card itself is seen");
    }
}
