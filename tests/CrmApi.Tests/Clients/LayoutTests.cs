using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Clients;

[Trait("Category", "Slow")]
public sealed class LayoutTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    public async Task InitializeAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            delete from card_layout;
            insert into deal_type (code, name) values ('repair', 'Repair') on conflict do nothing;
            insert into stage (deal_type, code, name, position) values ('repair', 'open', 'Open', 1) on conflict do nothing;
            insert into client_field (code, name, kind, position) values ('roof', 'Roof', 'text', 1) on conflict do nothing;
            """);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    static CardLayout Layout(string? role, string? type, params CardField[] fields) => new(role, type, [new CardGroup("Main", fields)], 0);

    static async Task<(HttpStatusCode Status, AdminView? View)> SaveAsync(Page page, CardLayout layout)
    {
        using var answer = await page.Http.PutAsJsonAsync("api/admin/card-layouts", layout, ContractsJson.Default.CardLayout);
        return (answer.StatusCode, answer.StatusCode == HttpStatusCode.OK ? await answer.Content.ReadFromJsonAsync(ContractsJson.Default.AdminView) : null);
    }

    static ClientSave As(ClientCardView card) => new(card.Kind, card.Name, card.Company, card.Email, card.City, card.Note, card.Language, card.Segment, card.ResponsibleId,
        [.. card.Phones.Select(p => new PhoneSave(p.Display, p.Label, p.IsMain))], card.Version, null, card.Emails, card.TaxId, card.TimeZone ?? "", card.Address, card.Tags, null, card.CompanyId, card.Roles);

    static Task<ClientCardView> CardAsync(Page page) => page.GetAsync($"api/clients/{Seeds.Rossi}", ContractsJson.Default.ClientCardView);

    /// <returns>The fields that were refused; none: it is saved.</returns>
    static async Task<IEnumerable<string>> PutAsync(Page page, ClientSave save)
    {
        using var answer = await page.Http.PutAsJsonAsync($"api/clients/{Seeds.Rossi}", save, ContractsJson.Default.ClientSave);
        if (answer.StatusCode == HttpStatusCode.OK) return [];
        answer.StatusCode.Should().Be(HttpStatusCode.BadRequest, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!.Keys;
    }

    [Fact]
    public void The_most_specific_layout_holds_and_of_several_deals_the_first_that_has_one()
    {
        CardLayout[] all = [new(null, null, [], 1), new("agent", null, [], 2), new(null, "order", [], 3), new("agent", "order", [], 4), new("agent", "repair", [], 5), new(null, "rent", [], 6)];
        int? Of(string role, params string[] types) => CardLayouts.For(all, role, types)?.Version;
        (Of("agent", "order"), Of("agent", "repair", "order"), Of("agent", "rent", "order"), Of("agent", "rent"), Of("agent")).Should().Be((4, 5, 4, 2, 2));
        (Of("head", "order"), Of("head", "repair", "rent", "order"), Of("head", "repair"), Of("head")).Should().Be((3, 6, 1, 1));
        CardLayouts.For([], "agent", ["order"]).Should().BeNull();
    }

    [Fact]
    public void Every_field_has_its_place_once_whatever_the_layout_names()
    {
        foreach (var layout in new[] { null, Layout(null, null, new CardField("custom.gone"), new CardField("note", CardLayouts.Hidden), new CardField("custom.roof")) })
        {
            var fields = CardLayouts.Groups(layout, ["roof", "new"]).SelectMany(g => g.Fields).Select(f => f.Code).ToArray();
            fields.Should().BeEquivalentTo([.. CardLayouts.Fields, "custom.roof", "custom.new"]);
            if (layout is not null) fields.Take(2).Should().Equal("note", "custom.roof");
        }
    }

    [PostgresFact]
    public async Task What_is_read_only_or_hidden_is_not_changed_by_that_role_and_by_others_it_is()
    {
        await using var ada = await host.SignInAsync("ada");
        await using var anna = await host.SignInAsync("anna");
        await using var sara = await host.SignInAsync("sara");
        var each = CardLayouts.Fields.Where(f => f != "name").Append("custom.roof").Select((f, n) => new CardField(f, n % 2 == 0 ? CardLayouts.ReadOnly : CardLayouts.Hidden));
        (await SaveAsync(ada, Layout("agent", null, [new CardField("name"), .. each]))).Status.Should().Be(HttpStatusCode.OK);
        var card = await CardAsync(anna);
        (await PutAsync(anna, As(card) with { Name = card.Name + "!" })).Should().BeEmpty("all else is as it was");
        card = await CardAsync(anna);
        var changed = As(card) with
        {
            Kind = "person",
            Company = "x",
            Email = "x@example.com",
            City = "x",
            Note = "x",
            Language = "de",
            Segment = "new",
            ResponsibleId = Seeds.Luca,
            CompanyId = Seeds.Bianchi,
            TaxId = "X1",
            TimeZone = "Europe/Berlin",
            Address = "x",
            Roles = ["supplier"],
            Tags = ["x"],
            Emails = [new EmailView("y@example.com")],
            Phones = [new PhoneSave("+44 20 7946 0958", "", true)],
            Custom = new Dictionary<string, JsonElement> { ["roof"] = JsonSerializer.SerializeToElement("flat", ContractsJson.Default.String) },
        };
        (await PutAsync(anna, changed)).Should().BeEquivalentTo([.. CardLayouts.Fields.Where(f => f != "name"), "custom.roof"]);
        (await CardAsync(anna)).Version.Should().Be(card.Version);
        (await PutAsync(sara, As(card) with { City = "Lodi", Custom = changed.Custom })).Should().BeEmpty("another role has no such layout");
    }

    [PostgresFact]
    public async Task The_layout_of_the_clients_deal_goes_before_the_roles_own()
    {
        await using var ada = await host.SignInAsync("ada");
        await using var anna = await host.SignInAsync("anna");
        await SaveAsync(ada, Layout("agent", null, new CardField("city", CardLayouts.ReadOnly)));
        (await PutAsync(anna, As(await CardAsync(anna)) with { City = "Pavia" })).Should().Equal("city");
        await SaveAsync(ada, Layout("agent", "order", new CardField("note", CardLayouts.ReadOnly)));
        (await PutAsync(anna, As(await CardAsync(anna)) with { City = "Pavia" })).Should().BeEmpty();
        (await PutAsync(anna, As(await CardAsync(anna)) with { Note = "new" })).Should().Equal("note");
        var known = (await anna.GetAsync("api/catalog", ContractsJson.Default.CatalogView)).CardLayouts!;
        known.Select(l => (l.Role, l.DealType)).Should().Equal(("agent", null), ("agent", "order"));
        await using var sara = await host.SignInAsync("sara");
        (await sara.GetAsync("api/catalog", ContractsJson.Default.CatalogView)).CardLayouts.Should().BeEmpty();
        using var gone = await ada.Http.DeleteAsync("api/admin/card-layouts?role=agent&dealType=order&version=1");
        gone.StatusCode.Should().Be(HttpStatusCode.OK);
        (await PutAsync(anna, As(await CardAsync(anna)) with { City = "Monza" })).Should().Equal("city");
    }

    [PostgresFact]
    public async Task A_layout_that_cannot_be_is_refused_with_its_fault_and_two_administrators_do_not_overwrite_each_other()
    {
        await using var ada = await host.SignInAsync("ada");
        async Task<string> RefusedAsync(CardLayout layout)
        {
            var (status, problem) = await ada.ProblemAsync(HttpMethod.Put, "api/admin/card-layouts", JsonSerializer.Serialize(layout, ContractsJson.Default.CardLayout));
            status.Should().Be(HttpStatusCode.BadRequest);
            return problem.Errors!.Single().Key;
        }

        (await RefusedAsync(Layout("pilot", null, new CardField("name")))).Should().Be("role");
        (await RefusedAsync(Layout(null, "moon", new CardField("name")))).Should().Be("dealType");
        (await RefusedAsync(new CardLayout(null, null, [], 0))).Should().Be("groups");
        (await RefusedAsync(new CardLayout(null, null, [new CardGroup(new string('x', 61), [])], 0))).Should().Be("groups");
        foreach (var fields in new CardField[][] { [new("nose")], [new("custom.none")], [new("city"), new("city")], [new("city", "gold")], [new("name", CardLayouts.Hidden)] })
            (await RefusedAsync(Layout(null, null, fields))).Should().Be("fields");
        var made = (await SaveAsync(ada, Layout(null, "repair", new CardField("note"), new CardField("city", CardLayouts.ReadOnly)))).View!.CardLayouts!.Single();
        made.Should().BeEquivalentTo(Layout(null, "repair", new CardField("note"), new CardField("city", CardLayouts.ReadOnly)) with { Version = 1 });
        (await SaveAsync(ada, made with { Version = 0 })).Status.Should().Be(HttpStatusCode.Conflict);
        (await SaveAsync(ada, made)).View!.CardLayouts!.Single().Version.Should().Be(2);
        (await SaveAsync(ada, made)).Status.Should().Be(HttpStatusCode.Conflict);
        (await ada.ProblemAsync(HttpMethod.Delete, "api/admin/card-layouts?dealType=repair&version=1")).Status.Should().Be(HttpStatusCode.Conflict);
        (await ada.GetAsync("api/admin/changes", ContractsJson.Default.ListPageSettingsChangeView)).Items.Should().Contain(c => c.Kind == "card_layout" && c.Name == "repair");
    }
}
