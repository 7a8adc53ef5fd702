using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Clients;

[Trait("Category", "Slow")]
public sealed class ClientFieldTests(ApiHost host) : IClassFixture<ApiHost>
{
    static JsonElement Json(string json) => JsonDocument.Parse(json).RootElement;

    static ClientFieldSetup Field(string code, string kind, params NamedCode[] options) => new(code, "The " + code, kind, options, 10, false, 0);

    static async Task<HttpResponseMessage> PutAsync(Page page, ClientFieldSetup field) =>
        await page.Http.PutAsJsonAsync($"api/admin/client-fields/{field.Code}", field, ContractsJson.Default.ClientFieldSetup);

    static async Task<ClientFieldSetup> MakeAsync(Page admin, ClientFieldSetup field)
    {
        using var answer = await PutAsync(admin, field);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.AdminView))!.ClientFields!.Single(f => f.Code == field.Code);
    }

    static ClientSave Save(ClientCardView card, params (string Code, string Json)[] custom) => new(card.Kind, card.Name, card.Company, card.Email, card.City, card.Note, card.Language, card.Segment,
        card.ResponsibleId, [.. card.Phones.Select(p => new PhoneSave(p.E164, p.Label, p.IsMain))], card.Version, Custom: custom.ToDictionary(c => c.Code, c => Json(c.Json)));

    static async Task<ClientCardView> NewAsync(Page page, string name)
    {
        using var answer = await page.Http.PostAsJsonAsync("api/clients", new ClientCreate(Guid.CreateVersion7(), new ClientSave("person", name, "", "", "", "", null, null, null, [], 0)), ContractsJson.Default.ClientCreate);
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
    }

    static async Task<ClientCardView> SavedAsync(Page page, ClientCardView card, ClientSave save)
    {
        using var answer = await page.Http.PutAsJsonAsync($"api/clients/{card.Id}", save, ContractsJson.Default.ClientSave);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
    }

    static async Task<ProblemView> RefusedAsync(Page page, ClientCardView card, ClientSave save)
    {
        using var answer = await page.Http.PutAsJsonAsync($"api/clients/{card.Id}", save, ContractsJson.Default.ClientSave);
        answer.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!;
    }

    [PostgresFact]
    public async Task A_field_made_by_an_administrator_is_on_the_card_at_once_and_its_change_is_kept()
    {
        await using var admin = await host.SignInAsync("ada");
        await using var agent = await host.SignInAsync("anna");
        await MakeAsync(admin, Field("floors", "number"));
        await MakeAsync(admin, Field("roof", "choice", new NamedCode("flat", "Flat"), new NamedCode("gable", "Gable")));
        (await agent.GetAsync("api/catalog", ContractsJson.Default.CatalogView)).ClientFields!.Should().Contain(f => f.Code == "roof").Which.Options.Should().Equal(new NamedCode("flat", "Flat"), new NamedCode("gable", "Gable"));
        var card = await NewAsync(agent, "With Fields");
        card = await SavedAsync(agent, card, Save(card, ("floors", "\"3,5\""), ("roof", "\"flat\"")));
        card.Custom!["floors"].GetDecimal().Should().Be(3.5m);
        card.Custom["roof"].GetString().Should().Be("flat");
        // What is not named stays; null empties.
        card = await SavedAsync(agent, card, Save(card, ("roof", "null")));
        card.Custom!.Keys.Should().Equal("floors");
        var changes = await admin.GetAsync("api/admin/changes", ContractsJson.Default.ListPageSettingsChangeView);
        changes.Items.Should().Contain(c => c.Kind == "client_field" && c.Name == "The roof" && c.Before == null && c.Who == "Ada Admin");
    }

    [PostgresFact]
    public async Task A_value_that_does_not_fit_names_its_field_and_nothing_of_the_card_is_saved()
    {
        await using var admin = await host.SignInAsync("ada");
        await using var agent = await host.SignInAsync("anna");
        await MakeAsync(admin, Field("turnover", "money"));
        await MakeAsync(admin, Field("founded", "date"));
        var card = await NewAsync(agent, "Bad Values");
        var problem = await RefusedAsync(agent, card, Save(card, ("turnover", "12"), ("founded", "\"2026-02-30\""), ("nothing", "1")) with { City = "Bari" });
        problem.Errors!.Keys.Should().BeEquivalentTo("custom.turnover", "custom.founded", "custom.nothing");
        problem.Errors["custom.turnover"].Single().Should().Contain("12.50 EUR");
        (await agent.GetAsync($"api/clients/{card.Id}", ContractsJson.Default.ClientCardView)).Should().BeEquivalentTo(new { card.Version, City = "" });
    }

    [PostgresFact]
    public async Task A_field_changes_its_kind_only_when_every_value_fits()
    {
        await using var admin = await host.SignInAsync("ada");
        await using var agent = await host.SignInAsync("anna");
        var field = await MakeAsync(admin, Field("size", "text"));
        var first = await NewAsync(agent, "First Size");
        first = await SavedAsync(agent, first, Save(first, ("size", "\"12\"")));
        var others = new List<ClientCardView>();
        foreach (var size in new[] { "big", "bigger", "huge", "7 or 8" })
        {
            var other = await NewAsync(agent, "Size " + size);
            others.Add(await SavedAsync(agent, other, Save(other, ("size", JsonSerializer.Serialize(size)))));
        }

        using (var refused = await PutAsync(admin, field with { Kind = "number" }))
        {
            refused.StatusCode.Should().Be(HttpStatusCode.Conflict);
            var problem = (await refused.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!;
            (problem.ErrorId, problem.Errors!.Keys.Single()).Should().Be(("values_do_not_fit", "kind"));
            problem.Detail.Should().StartWith("4 stored values do not fit").And.Contain("“big”").And.Contain("“bigger”").And.Contain("“huge”").And.NotContain("7 or 8");
        }

        (await agent.GetAsync($"api/clients/{first.Id}", ContractsJson.Default.ClientCardView)).Custom!["size"].ValueKind.Should().Be(JsonValueKind.String);
        foreach (var other in others) await SavedAsync(agent, other, Save(other, ("size", "null")));
        field = await MakeAsync(admin, field with { Kind = "number" });
        field.Version.Should().Be(2);
        (await agent.GetAsync($"api/clients/{first.Id}", ContractsJson.Default.ClientCardView)).Custom!["size"].GetDecimal().Should().Be(12);
        // Whoever had the card open is told, not overwritten.
        using var late = await agent.Http.PutAsJsonAsync($"api/clients/{first.Id}", Save(first, ("size", "\"13\"")), ContractsJson.Default.ClientSave);
        late.StatusCode.Should().Be(HttpStatusCode.Conflict);
    }

    [PostgresFact]
    public async Task An_option_in_use_is_not_taken_away_and_an_archived_field_keeps_its_values()
    {
        await using var admin = await host.SignInAsync("ada");
        await using var agent = await host.SignInAsync("anna");
        var field = await MakeAsync(admin, Field("interests", "choices", new NamedCode("heat", "Heating"), new NamedCode("cool", "Cooling")));
        var card = await NewAsync(agent, "Interested");
        card = await SavedAsync(agent, card, Save(card, ("interests", "[\"cool\"]")));
        using (var refused = await PutAsync(admin, field with { Options = [field.Options[0]] }))
            (await refused.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!.Keys.Should().Equal("options");
        using (var archived = await admin.Http.DeleteAsync("api/admin/client-fields/interests")) archived.StatusCode.Should().Be(HttpStatusCode.OK);
        (await agent.GetAsync("api/catalog", ContractsJson.Default.CatalogView)).ClientFields!.Should().NotContain(f => f.Code == "interests");
        (await RefusedAsync(agent, card, Save(card, ("interests", "[\"heat\"]")))).Errors!.Keys.Should().Equal("custom.interests");
        card = await SavedAsync(agent, card, Save(card) with { City = "Lodi" });
        await MakeAsync(admin, field with { Version = 2 });
        (await agent.GetAsync($"api/clients/{card.Id}", ContractsJson.Default.ClientCardView)).Custom!["interests"][0].GetString().Should().Be("cool");
    }

    [PostgresTheory]
    [InlineData("Code", "code")]
    [InlineData("1a", "code")]
    public async Task A_bad_field_is_refused_by_name(string code, string field)
    {
        await using var admin = await host.SignInAsync("ada");
        var (status, problem) = await admin.ProblemAsync(HttpMethod.Put, $"api/admin/client-fields/{code}", JsonSerializer.Serialize(Field(code, "text"), ContractsJson.Default.ClientFieldSetup));
        (status, problem.Errors!.Keys.Single()).Should().Be((HttpStatusCode.BadRequest, field));
        (_, problem) = await admin.ProblemAsync(HttpMethod.Put, "api/admin/client-fields/odd", JsonSerializer.Serialize(Field("odd", "picture") with { Position = 0, Options = [new("x", "X")] }, ContractsJson.Default.ClientFieldSetup));
        problem.Errors!.Keys.Should().BeEquivalentTo("kind", "position", "options");
        (_, problem) = await admin.ProblemAsync(HttpMethod.Put, "api/admin/client-fields/odd", JsonSerializer.Serialize(Field("odd", "choice"), ContractsJson.Default.ClientFieldSetup));
        problem.Errors!.Keys.Should().BeEquivalentTo("options");
    }

    [PostgresFact]
    public async Task Two_administrators_do_not_overwrite_each_other()
    {
        await using var admin = await host.SignInAsync("ada");
        var field = await MakeAsync(admin, Field("area", "number"));
        await MakeAsync(admin, field with { Name = "Area, m²" });
        using var late = await PutAsync(admin, field with { Name = "Surface" });
        (late.StatusCode, (await late.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.ErrorId).Should().Be((HttpStatusCode.Conflict, "edit_conflict"));
    }

    [PostgresFact]
    public async Task Mails_tax_id_zone_address_and_tags_are_checked_and_kept_by_those_who_do_not_know_them()
    {
        await using var agent = await host.SignInAsync("anna");
        var card = await NewAsync(agent, "More Facts");
        var save = Save(card) with
        {
            Email = "main@example.com",
            Emails = [new EmailView("MAIN@example.com"), new EmailView("second@example.com", "office"), new EmailView("Second@example.com")],
            TaxId = " it 012 345 678 97 ",
            TimeZone = "Europe/Rome",
            Address = "Via Roma 1\n20100 Milano",
            Tags = ["Builder", " builder ", "North"],
        };
        card = await SavedAsync(agent, card, save);
        card.Should().BeEquivalentTo(new { TaxId = "IT01234567897", TimeZone = "Europe/Rome", Address = "Via Roma 1\n20100 Milano", Tags = new[] { "Builder", "North" }, Emails = new[] { new EmailView("second@example.com", "office") } });
        // A page of before knows none of this.
        card = await SavedAsync(agent, card, Save(card) with { Custom = null, City = "Milano" });
        card.Should().BeEquivalentTo(new { TaxId = "IT01234567897", City = "Milano", Tags = new[] { "Builder", "North" }, Emails = new[] { new EmailView("second@example.com", "office") } });
        // The second address becomes the main one: it does not stand twice.
        (await SavedAsync(agent, card, Save(card) with { Email = "second@example.com" })).Emails.Should().BeEmpty();
        var problem = await RefusedAsync(agent, card, Save(card) with { Emails = [new EmailView("nobody")], TaxId = "?", TimeZone = "Mars/Base", Tags = ["a,b"] });
        problem.Errors!.Keys.Should().BeEquivalentTo("emails[0].address", "taxId", "timeZone", "tags");
        (await agent.GetAsync("api/clients?tag=North", ContractsJson.Default.ListPageClientRow)).Items.Should().ContainSingle(c => c.Id == card.Id).Which.Tags.Should().Equal("Builder", "North");
        (await agent.GetAsync("api/clients?tag=north&query=Facts", ContractsJson.Default.ListPageClientRow)).Items.Should().BeEmpty();
    }

    [PostgresFact]
    public async Task A_card_has_two_tax_ids_and_is_found_by_each()
    {
        await using var agent = await host.SignInAsync("anna");
        var card = await NewAsync(agent, "Two Ids");
        card = await SavedAsync(agent, card, Save(card) with { TaxId = "01114601006", SecondTaxId = " rssmra85t10a562s " });
        (card.TaxId, card.SecondTaxId).Should().Be(("01114601006", "RSSMRA85T10A562S"));
        // A page of before knows of one.
        card = await SavedAsync(agent, card, Save(card) with { City = "Milano" });
        (card.TaxId, card.SecondTaxId).Should().Be(("01114601006", "RSSMRA85T10A562S"));
        (await agent.GetAsync("api/clients?query=rssmra85", ContractsJson.Default.ListPageClientRow)).Items.Should().ContainSingle(c => c.Id == card.Id);
        foreach (var (tax, second) in new[] { ("RSSMRA85T10A562S", ""), ("", "01114601006") })
        {
            using var found = await agent.Http.PostAsJsonAsync("api/clients/duplicates/check", new DuplicateAsk(null, "", "", "", [], [], tax, second), ContractsJson.Default.DuplicateAsk);
            (await found.Content.ReadFromJsonAsync(ContractsJson.Default.IReadOnlyListDuplicateView))!.Should().ContainSingle(d => d.Id == card.Id && d.Reasons.Contains("tax_id"));
        }

        (await RefusedAsync(agent, card, Save(card) with { SecondTaxId = "RSSMRA85T10A562A" })).Errors!.Keys.Should().Equal("secondTaxId");
        // Ten digits: of a Polish client no INN, of a Russian one that and no other.
        card = await SavedAsync(agent, card, Save(card) with { Language = "pl", TaxId = "5260250995", SecondTaxId = "5260250995" });
        (card.TaxId, card.SecondTaxId).Should().Be(("5260250995", ""), "the same once more is no second");
        (await RefusedAsync(agent, card, Save(card) with { Language = "ru", TaxId = "5260250995" })).Errors!.Keys.Should().Equal("taxId");
        card = await SavedAsync(agent, card, Save(card) with { Language = "ru", TaxId = "PL5260250995", SecondTaxId = "1027700132195" });
        (card.TaxId, card.SecondTaxId).Should().Be(("PL5260250995", "1027700132195"));
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<string>("select detail ->> 'after' from audit where object = 'client' and object_id = @Id::text and action = 'client.changed' order by id desc limit 1", new { card.Id })).Should().Contain("secondTaxId").And.Contain("1027700132195");
    }

    [PostgresFact]
    public async Task Saves_during_a_change_of_the_kind_leave_no_value_of_the_former()
    {
        await using var admin = await host.SignInAsync("ada");
        await using var agent = await host.SignInAsync("anna");
        var field = await MakeAsync(admin, Field("code_word", "text"));
        var cards = new List<ClientCardView>();
        for (var n = 0; n < 12; n++) cards.Add(await NewAsync(agent, "Word " + n));
        var saving = cards.Select(c => agent.Http.PutAsJsonAsync($"api/clients/{c.Id}", Save(c, ("code_word", "\"5\"")), ContractsJson.Default.ClientSave)).ToArray();
        var changing = PutAsync(admin, field with { Kind = "number" });
        foreach (var save in await Task.WhenAll(saving)) save.Dispose();
        using (var changed = await changing) changed.StatusCode.Should().Be(HttpStatusCode.OK, await changed.Content.ReadAsStringAsync());
        await using var database = await host.Database.OpenConnectionAsync();
        var kinds = await database.QueryAsync<string>("select distinct jsonb_typeof(custom -> 'code_word') from client where custom ? 'code_word'");
        kinds.Should().Equal("number");
    }
}
