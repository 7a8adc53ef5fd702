using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class ClientCardTests : PageContext
{
    static readonly string NameField = $"card.{Some.ClientId:N}_name";

    IRenderedComponent<ClientCard> Card(Guid? call) => Render<ClientCard>(p => p.Add(c => c.Client, Some.Card()).Add(c => c.Call, call));

    [Fact]
    public async Task What_is_typed_into_the_card_is_kept_in_the_calls_draft()
    {
        await InCallAsync();
        var card = Card(Some.CallId);
        card.Click("[data-test=client-edit]");
        card.Input("[data-test=client-name-input]", "Ilaria Gentile Rossi");
        Drafts.Value(Some.CallId, NameField).Should().Be("Ilaria Gentile Rossi");
        Drafts.Values(Some.CallId, "card.").Should().ContainSingle();
    }

    [Fact]
    public async Task After_a_reload_the_edit_goes_on_and_cancel_forgets_it()
    {
        await InCallAsync(draft: Some.Field(NameField, "Half a na", 1));
        var card = Card(Some.CallId);
        card.Find("[data-test=client-name-input]").GetAttribute("value").Should().Be("Half a na");
        card.Click("[data-test=client-cancel]");
        card.FindAll("[data-test=client-name-input]").Should().BeEmpty();
        Drafts.Value(Some.CallId, NameField).Should().BeEmpty();
    }

    [Fact]
    public async Task Both_tax_ids_are_typed_saved_and_shown()
    {
        await InCallAsync();
        Server.Answer = r => r.Method == HttpMethod.Put && r.RequestUri!.AbsolutePath.StartsWith("/api/clients/", StringComparison.Ordinal)
            ? FakeServer.Json(JsonSerializer.Serialize(Some.Card("Ilaria", 2) with { TaxId = "01114601006", SecondTaxId = "RSSMRA85T10A562S" }, ContractsJson.Default.ClientCardView)) : null;
        var card = Card(Some.CallId);
        card.Click("[data-test=client-edit]");
        card.Input("[data-test=client-tax-input]", "01114601006");
        card.Input("[data-test=client-tax2-input]", "RSSMRA85T10A562S");
        Drafts.Value(Some.CallId, $"card.{Some.ClientId:N}_tax2").Should().Be("RSSMRA85T10A562S");
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => card.Markup.Should().Contain("01114601006, RSSMRA85T10A562S"));
        var save = JsonSerializer.Deserialize(Server.Asked.Last(a => a.Method == "PUT").Body, ContractsJson.Default.ClientSave)!;
        (save.TaxId, save.SecondTaxId).Should().Be(("01114601006", "RSSMRA85T10A562S"));
    }

    [Fact]
    public async Task A_saved_card_shows_and_its_draft_is_gone()
    {
        await InCallAsync(draft: Some.Field(NameField, "New Name", 1));
        Server.Answer = r => r.Method == HttpMethod.Put && r.RequestUri!.AbsolutePath.StartsWith("/api/clients/", StringComparison.Ordinal)
            ? FakeServer.Json(JsonSerializer.Serialize(Some.Card("New Name", 2), ContractsJson.Default.ClientCardView)) : null;
        var card = Card(Some.CallId);
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => card.Find("[data-test=client-name]").TextContent.Should().Be("New Name"));
        Drafts.Value(Some.CallId, NameField).Should().BeEmpty();
    }

    [Fact]
    public async Task Somebody_elses_save_meanwhile_keeps_the_text()
    {
        await InCallAsync();
        Server.Answer = r => r.Method == HttpMethod.Put && r.RequestUri!.AbsolutePath.StartsWith("/api/clients/", StringComparison.Ordinal)
            ? FakeServer.Json("""{"errorId":"edit_conflict","detail":"newer"}""", System.Net.HttpStatusCode.Conflict)
            : r.RequestUri!.AbsolutePath == $"/api/clients/{Some.ClientId}" ? FakeServer.Json(JsonSerializer.Serialize(Some.Card("Theirs", 7), ContractsJson.Default.ClientCardView)) : null;
        var card = Card(Some.CallId);
        card.Click("[data-test=client-edit]");
        card.Input("[data-test=client-name-input]", "Mine");
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => card.Find("[role=alert]").TextContent.Should().NotBeEmpty());
        card.Find("[data-test=client-name-input]").GetAttribute("value").Should().Be("Mine");
    }

    [Fact]
    public async Task What_a_colleague_saved_meanwhile_stands_where_nobody_typed_and_a_second_save_does_not_take_it_back()
    {
        var theirs = Some.Card("Theirs", 7) with { City = "Lecco", Tags = ["vip"] };
        await InCallAsync();
        Server.Answer = r => r.Method == HttpMethod.Put && r.RequestUri!.AbsolutePath.StartsWith("/api/clients/", StringComparison.Ordinal)
            ? FakeServer.Json("""{"errorId":"edit_conflict","detail":"newer"}""", System.Net.HttpStatusCode.Conflict)
            : r.RequestUri!.AbsolutePath == $"/api/clients/{Some.ClientId}" ? FakeServer.Json(JsonSerializer.Serialize(theirs, ContractsJson.Default.ClientCardView)) : null;
        var card = Card(Some.CallId);
        card.Click("[data-test=client-edit]");
        card.Input("[data-test=client-name-input]", "Mine");
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => card.Find("[data-test=client-newer]").TextContent.Should().Contain("City, Tags"));
        card.Find("[data-test=client-newer-both][data-field=name]").TextContent.Should().Contain("“Theirs”");
        card.FindAll("[data-test=client-newer-both]").Should().ContainSingle();
        card.Find("#c-city").GetAttribute("value").Should().Be("Lecco");

        await card.Find("form").SubmitAsync();
        var sent = JsonSerializer.Deserialize(Server.Asked.Last(a => a.Method == "PUT").Body, ContractsJson.Default.ClientSave)!;
        (sent.Name, sent.City, sent.Version).Should().Be(("Mine", "Lecco", 7));
        sent.Tags.Should().Equal("vip");
    }

    [Fact]
    public async Task A_colleagues_save_is_told_while_the_card_is_edited_and_is_not_kept_as_if_it_were_typed_here()
    {
        await InCallAsync();
        var card = Card(Some.CallId);
        card.Click("[data-test=client-edit]");
        card.Input("#c-note", "Typed here");
        card.FindAll("[data-test=client-newer]").Should().BeEmpty();
        card.Render(p => p.Add(c => c.Client, Some.Card("Theirs", 2) with { City = "Lecco", Custom = new Dictionary<string, JsonElement>(StringComparer.Ordinal) { ["unknown"] = JsonSerializer.SerializeToElement("x") } }));
        card.Find("[data-test=client-newer]").TextContent.Should().Contain("Name, City");
        card.Find("[data-test=client-name-input]").GetAttribute("value").Should().Be("Theirs");
        card.Find("#c-note").GetAttribute("value").Should().Be("Typed here");

        card.Input("#c-note", "Typed here, too");
        Drafts.Values(Some.CallId, "card.").Should().ContainSingle(d => d.Value.Length > 0).Which.Value.Should().Be("Typed here, too");
        Drafts.Value(Some.CallId, NameField).Should().BeEmpty();

        // A save that changed nothing of the card's boxes is nobody's business.
        card.Click("[data-test=client-cancel]");
        card.FindAll("[data-test=client-newer]").Should().BeEmpty();
        card.Click("[data-test=client-edit]");
        card.Render(p => p.Add(c => c.Client, Some.Card("Theirs", 3) with { City = "Lecco", Custom = new Dictionary<string, JsonElement>(StringComparer.Ordinal) { ["unknown"] = JsonSerializer.SerializeToElement("x") } }));
        card.FindAll("[data-test=client-newer]").Should().BeEmpty();
    }

    [Fact]
    public async Task An_edit_that_goes_on_after_a_reload_is_told_what_a_colleague_saved_since()
    {
        var key = $"card-version:{Some.CallId}:{Some.ClientId}";
        await InCallAsync(draft: [Some.Field(NameField, "Typed before", 1), Some.Field($"card.{Some.ClientId:N}_city", "Como", 2)]);
        JSInterop.Setup<string?>("callcrm.load", key).SetResult("1");
        var card = Render<ClientCard>(p => p.Add(c => c.Client, Some.Card("Theirs", 2) with { City = "Como" }).Add(c => c.Call, Some.CallId));
        card.WaitForAssertion(() => card.Find("[data-test=client-newer-both]").TextContent.Should().Contain("“Theirs”"));
        card.FindAll("[data-test=client-newer-both]").Should().ContainSingle("the city is what it was typed as");
        card.Find("[data-test=client-name-input]").GetAttribute("value").Should().Be("Typed before");
        JSInterop.Invocations["callcrm.save"].Last().Arguments.Should().Equal([key, "2"]);
        card.Click("[data-test=client-cancel]");
        JSInterop.Invocations["callcrm.save"].Last().Arguments.Should().Equal([key, null]);
    }

    [Fact]
    public async Task An_edit_that_goes_on_over_the_card_it_began_with_is_told_nothing()
    {
        await InCallAsync(draft: Some.Field(NameField, "Typed before", 1));
        JSInterop.Setup<string?>("callcrm.load", $"card-version:{Some.CallId}:{Some.ClientId}").SetResult("1");
        var card = Card(Some.CallId);
        card.Input("[data-test=client-name-input]", "Typed on");
        card.FindAll("[data-test=client-newer]").Should().BeEmpty();
        card.Find("[data-test=client-name-input]").GetAttribute("value").Should().Be("Typed on");
    }

    [Fact]
    public void What_is_calculated_or_only_called_otherwise_is_nobodys_change()
    {
        var (company, roof) = (Guid.NewGuid(), Guid.NewGuid());
        ClientDraft Draft(string belongs, string link, string sum) => new() { Belongs = belongs, Custom = { ["roof"] = link, ["sum"] = sum } };
        var mine = Draft($"{company}", $"{roof}", "1");
        NewerCard.Into(mine, Draft($"{company}", $"{roof}", "1"), Draft($"{company}|Rossi", $"{roof}|Roof", "2"), [new ClientFieldView("sum", "Sum", "calculated", [])]).IsNothing.Should().BeTrue();
        (mine.Belongs, mine.Custom["sum"]).Should().Be(($"{company}", "2"));

        var other = Guid.NewGuid();
        NewerCard.Into(mine, Draft($"{company}", $"{roof}", "2"), Draft($"{other}|Verdi", $"{roof}", "2"), []).Taken.Should().Equal("companyId");
        mine.Belongs.Should().Be($"{other}|Verdi");
    }

    [Fact]
    public async Task A_card_merged_meanwhile_is_saved_into_the_one_it_went_into()
    {
        var winner = Some.Card("Winner", 9) with { Id = Guid.Parse("0190b000-0000-7000-8000-000000000077") };
        await InCallAsync();
        Server.Answer = r => r.Method == HttpMethod.Put && r.RequestUri!.AbsolutePath == $"/api/clients/{Some.ClientId}"
            ? FakeServer.Json("""{"errorId":"edit_conflict","detail":"merged"}""", System.Net.HttpStatusCode.Conflict)
            : r.RequestUri!.AbsolutePath.StartsWith("/api/clients/0190b000", StringComparison.Ordinal) ? FakeServer.Json(JsonSerializer.Serialize(winner, ContractsJson.Default.ClientCardView)) : null;
        var card = Card(null);
        card.Click("[data-test=client-edit]");
        card.Input("[data-test=client-name-input]", "Mine");
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => card.Find("[role=alert]").TextContent.Should().NotBeEmpty());
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT" && a.Path == $"api/clients/{winner.Id}"));
        var sent = JsonSerializer.Deserialize(Server.Asked.Last(a => a.Method == "PUT").Body, ContractsJson.Default.ClientSave)!;
        (sent.Name, sent.Version).Should().Be(("Mine", 9));
    }

    [Fact]
    public async Task On_the_clients_own_page_nothing_goes_into_a_call()
    {
        await InCallAsync();
        var card = Card(null);
        card.Click("[data-test=client-edit]");
        card.Input("[data-test=client-name-input]", "Typed");
        Drafts.Unsaved.Should().BeFalse();
    }

    static readonly ClientFieldView Roof = new("roof", "Roof", "choices", [new NamedCode("flat", "Flat"), new NamedCode("gable", "Gable")]);
    static readonly ClientFieldView Budget = new("budget", "Budget", "money", []);

    async Task WithFieldsAsync(Func<HttpRequestMessage, HttpResponseMessage?>? then = null, params DraftFieldView[] draft)
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/catalog"
            ? FakeServer.Json(JsonSerializer.Serialize(Some.Catalog with { ClientFields = [Roof, Budget] }, ContractsJson.Default.CatalogView)) : then?.Invoke(r);
        await InCallAsync(draft: draft);
    }

    [Fact]
    public async Task The_sites_own_fields_are_kept_in_the_draft_and_saved_in_their_form()
    {
        await WithFieldsAsync(r => r.Method == HttpMethod.Put && r.RequestUri!.AbsolutePath.StartsWith("/api/clients/", StringComparison.Ordinal)
            ? FakeServer.Json(JsonSerializer.Serialize(Some.Card("New Name", 2), ContractsJson.Default.ClientCardView)) : null);
        var card = Card(Some.CallId);
        card.Click("[data-test=client-edit]");
        card.Find("[data-test=custom-roof] input[type=checkbox]").Change(true);
        card.Input("[data-test=custom-budget]", "1200,50");
        Drafts.Value(Some.CallId, $"card.{Some.ClientId:N}_c_roof").Should().Be("flat");
        Drafts.Value(Some.CallId, $"card.{Some.ClientId:N}_c_budget").Should().Be("1200,50 EUR");
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => Drafts.Value(Some.CallId, $"card.{Some.ClientId:N}_c_roof").Should().BeEmpty());
        var sent = JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "PUT" && a.Path.StartsWith("api/clients/", StringComparison.Ordinal)).Body, ContractsJson.Default.ClientSave)!;
        sent.Custom!.ToDictionary(c => c.Key, c => c.Value.GetRawText()).Should().BeEquivalentTo(new Dictionary<string, string> { ["roof"] = "[\"flat\"]", ["budget"] = "\"1200,50 EUR\"" });
    }

    [Fact]
    public async Task A_field_half_typed_before_a_reload_goes_on_and_its_error_stands_beside_it()
    {
        await WithFieldsAsync(r => r.Method == HttpMethod.Put && r.RequestUri!.AbsolutePath.StartsWith("/api/clients/", StringComparison.Ordinal)
            ? FakeServer.Json("""{"errorId":"invalid_input","errors":{"custom.budget":["expected an amount"]}}""", System.Net.HttpStatusCode.BadRequest) : null,
            Some.Field($"card.{Some.ClientId:N}_c_budget", "a lot EUR", 1));
        var card = Card(Some.CallId);
        card.Find("[data-test=custom-budget]").GetAttribute("value").Should().Be("a lot");
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => card.FindAll(".field .error").Select(e => e.TextContent).Should().Contain("Expected: an amount"));
        card.Find("[data-test=custom-budget]").GetAttribute("value").Should().Be("a lot");
    }

    static readonly ClientFieldView Friend = new("friend", "Friend", "link", [], "client");
    static readonly ClientFieldView Worth = new("worth", "Worth", "calculated", [], Result: "number", Expression: "openDealsSum * 2");

    [Fact]
    public async Task A_link_opens_what_it_leads_to_and_what_is_calculated_is_read_only_and_says_how()
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath switch
        {
            "/api/catalog" => FakeServer.Json(JsonSerializer.Serialize(Some.Catalog with { ClientFields = [Friend, Worth] }, ContractsJson.Default.CatalogView)),
            "/api/links" => FakeServer.Json(JsonSerializer.Serialize([new LinkChoice(Guid.Parse("00000000-0000-7000-8000-0000000000aa"), "Giulia Bianchi", "#7")], ContractsJson.Default.IReadOnlyListLinkChoice)),
            _ when r.Method == HttpMethod.Put && r.RequestUri!.AbsolutePath.StartsWith("/api/clients/", StringComparison.Ordinal) => FakeServer.Json(JsonSerializer.Serialize(Some.Card("New Name", 2), ContractsJson.Default.ClientCardView)),
            _ => null,
        };
        await InCallAsync();
        using var values = JsonDocument.Parse("""{"friend":{"id":"00000000-0000-7000-8000-000000000001","name":"Mario Rossi"},"worth":2500}""");
        var client = Some.Card() with { Custom = values.RootElement.EnumerateObject().ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal) };
        var card = Render<ClientCard>(p => p.Add(c => c.Client, client));
        (card.Find("[data-test=shown-friend] a").GetAttribute("href"), card.Find("[data-test=shown-friend] a").TextContent).Should().Be(("clients/00000000-0000-7000-8000-000000000001", "Mario Rossi"));
        card.Find("[data-test=shown-worth]").GetAttribute("title").Should().Contain("openDealsSum * 2");
        card.Click("[data-test=client-edit]");
        card.Find("[data-test=custom-worth]").HasAttribute("readonly").Should().BeTrue();
        card.Click("[data-test=link-none]");
        card.Input("[data-test=custom-friend]", "giu");
        card.WaitForAssertion(() => card.Find("[data-test=link-choice]"));
        card.Click("[data-test=link-choice]");
        card.Find("[data-test=custom-friend]").TextContent.Should().Contain("Giulia Bianchi");
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT" && a.Path.StartsWith("api/clients/", StringComparison.Ordinal)));
        var sent = JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "PUT" && a.Path.StartsWith("api/clients/", StringComparison.Ordinal)).Body, ContractsJson.Default.ClientSave)!;
        sent.Custom!.ToDictionary(c => c.Key, c => c.Value.GetRawText()).Should().BeEquivalentTo(new Dictionary<string, string> { ["friend"] = "\"00000000-0000-7000-8000-0000000000aa\"" });
    }

    [Fact]
    public async Task Who_may_not_see_what_a_link_leads_to_is_told_so()
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/catalog" ? FakeServer.Json(JsonSerializer.Serialize(Some.Catalog with { ClientFields = [Friend] }, ContractsJson.Default.CatalogView)) : null;
        await InCallAsync();
        using var values = JsonDocument.Parse("""{"friend":{"id":"00000000-0000-7000-8000-000000000001"}}""");
        var card = Render<ClientCard>(p => p.Add(c => c.Client, Some.Card() with { Custom = values.RootElement.EnumerateObject().ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal) }));
        card.FindAll("[data-test=shown-friend] a").Should().BeEmpty();
        card.Find("[data-test=shown-friend] dd").TextContent.Should().Be("Not there, or not visible to you");
    }

    [Fact]
    public async Task Values_show_with_the_names_of_options_and_a_value_of_a_former_kind_as_it_stands()
    {
        await WithFieldsAsync();
        using var values = JsonDocument.Parse("""{"roof":["flat","gable"],"budget":"much"}""");
        var client = Some.Card() with { Custom = values.RootElement.EnumerateObject().ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal), Tags = ["North & South"] };
        var card = Render<ClientCard>(p => p.Add(c => c.Client, client));
        card.Find("[data-test=shown-roof] dd").TextContent.Should().Be("Flat, Gable");
        card.Find("[data-test=shown-budget] dd").TextContent.Should().Be("much");
        card.Find("[data-test=tag]").GetAttribute("href").Should().Be("clients?tag=North%20%26%20South");
    }

    [Fact]
    public async Task A_person_s_company_and_roles_are_chosen_and_sent()
    {
        var company = Guid.Parse("0190b000-0000-7000-8000-000000000055");
        await InCallAsync();
        Server.Answer = r => r.RequestUri!.Query.Contains("kind=company", StringComparison.Ordinal)
            ? FakeServer.Json(JsonSerializer.Serialize(new ListPage<ClientRow>([new ClientRow(company, 5, "Acme", "Acme Spa", null, null, null, null, true)], null), ContractsJson.Default.ListPageClientRow))
            : r.Method == HttpMethod.Put && r.RequestUri!.AbsolutePath.StartsWith("/api/clients/", StringComparison.Ordinal) ? FakeServer.Json(JsonSerializer.Serialize(Some.Card("A", 2), ContractsJson.Default.ClientCardView)) : null;
        var card = Card(Some.CallId);
        card.Click("[data-test=client-edit]");
        card.Input("[data-test=belongs-search]", "acm");
        card.WaitForElement("[data-test=candidate]");
        card.Click("[data-test=candidate]");
        card.Find("[data-test=belongs]").TextContent.Should().Be("Acme Spa");
        card.Find("[data-test=role-partner]").Change(true);
        Drafts.Value(Some.CallId, $"card.{Some.ClientId:N}_belongs").Should().Be($"{company}|Acme Spa");
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT" && a.Path == $"api/clients/{Some.ClientId}"));
        var sent = JsonSerializer.Deserialize(Server.Asked.Last(a => a.Method == "PUT" && a.Path == $"api/clients/{Some.ClientId}").Body, ContractsJson.Default.ClientSave)!;
        sent.Should().BeEquivalentTo(new { Kind = "person", CompanyId = company, Roles = new[] { "partner" } });
    }

    [Fact]
    public async Task A_company_shows_its_people()
    {
        await InCallAsync();
        var card = Render<ClientCard>(p => p.Add(c => c.Client, Some.Card() with { Kind = "company", Contacts = [new ContactView(Some.OfferId, "Bea", "+39 02 1")] }));
        card.Find("[data-test=contact] a").GetAttribute("href").Should().Be($"clients/{Some.OfferId}");
    }

    [Fact]
    public async Task A_field_that_a_rule_asks_for_is_marked_with_the_rule_and_gets_the_focus()
    {
        await InCallAsync();
        Server.Answer = r => r.Method == HttpMethod.Put && r.RequestUri!.AbsolutePath.StartsWith("/api/clients/", StringComparison.Ordinal)
            ? FakeServer.Json("""{"errorId":"fields_missing","errors":{"note":["a value, as the rule “All” asks"],"segment":["a value, as the rule “All” asks"]}}""", System.Net.HttpStatusCode.BadRequest) : null;
        var card = Card(Some.CallId);
        card.Click("[data-test=client-edit]");
        await card.Find("form").SubmitAsync();
        card.WaitForAssertion(() => card.FindAll(".field .error").Should().HaveCount(2).And.OnlyContain(e => e.TextContent.Contains("“All”")));
        card.Find(".field:has(.error) .input").Id.Should().Be("c-segment");
        JSInterop.Invocations.Should().Contain(i => i.Identifier == "callcrm.focus" && ((string)i.Arguments[0]!).Contains(":has(.error)"));
    }
}
