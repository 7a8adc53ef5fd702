using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Clients;

[Trait("Category", "Slow")]
public sealed class RequiredFieldTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    Story story = null!;

    public async Task InitializeAsync() => story = await Story.BeginAsync(host);

    public async Task DisposeAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("delete from required_rule; update deal set stage = 'negotiation', version = 1");
        await story.DisposeAsync();
    }

    static RequiredRuleSetup Rule(string name, string occasion, params string[] fields) => new(Guid.CreateVersion7(), name, occasion, null, null, null, null, fields, true, 0);

    static Task<HttpResponseMessage> PutAsync(Page page, RequiredRuleSetup rule) => page.Http.PutAsJsonAsync($"api/admin/required-rules/{rule.Id}", rule, ContractsJson.Default.RequiredRuleSetup);

    async Task<RequiredRuleSetup> MakeAsync(RequiredRuleSetup rule)
    {
        await using var admin = await host.SignInAsync("ada");
        using var answer = await PutAsync(admin, rule);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.AdminView))!.RequiredRules!.Single(r => r.Id == rule.Id);
    }

    static async Task FieldAsync(Page admin, string code)
    {
        using var answer = await admin.Http.PutAsJsonAsync($"api/admin/client-fields/{code}", new ClientFieldSetup(code, "The " + code, "text", [], 10, false, 0), ContractsJson.Default.ClientFieldSetup);
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    static ClientSave Save(ClientCardView card) => new(card.Kind, card.Name, card.Company, card.Email, card.City, card.Note, card.Language, card.Segment, card.ResponsibleId,
        [.. card.Phones.Select(p => new PhoneSave(p.E164, p.Label, p.IsMain))], card.Version);

    static async Task<ClientCardView> CardAsync(Page page, Guid client) => await page.GetAsync($"api/clients/{client}", ContractsJson.Default.ClientCardView);

    /// <summary>The card saved, or what of it is missing.</summary>
    static async Task<(HttpStatusCode Status, ProblemView? Problem)> TryAsync(Page page, Guid client, ClientSave save)
    {
        using var answer = await page.Http.PutAsJsonAsync($"api/clients/{client}", save, ContractsJson.Default.ClientSave);
        return (answer.StatusCode, answer.IsSuccessStatusCode ? null : await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView));
    }

    static async Task<(HttpStatusCode Status, ProblemView? Problem)> WrapUpAsync(Page page, Guid call)
    {
        using var answer = await page.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", new WrapUpSave("sale", "sold", "", false, "p", Guid.Empty), ContractsJson.Default.WrapUpSave);
        return (answer.StatusCode, answer.IsSuccessStatusCode ? null : await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView));
    }

    async Task<Guid> EndedAsync(Guid agent, string extension, Guid client, string number)
    {
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([
            .. story.Arrives(call, Story.From(number), LookupOutcome.Known, client), .. story.Offers(call, offer, agent, extension, client),
            .. story.Answers(call, offer, agent, extension), .. story.Ends(call, agent, extension, client),
        ]);
        await story.WrittenAsync(host);
        return call;
    }

    [PostgresFact]
    public async Task A_card_is_saved_when_every_field_that_a_rule_names_is_filled_and_the_answer_names_field_and_rule()
    {
        await using var admin = await host.SignInAsync("ada");
        await using var anna = await host.SignInAsync("anna");
        await FieldAsync(admin, "contract");
        await MakeAsync(Rule("Companies pay", "save", "taxId", "custom.contract", "email") with { Segment = "vip" });
        await MakeAsync(Rule("Where they are", "save", "city", "email"));
        var card = await CardAsync(anna, Seeds.Rossi);
        var (status, problem) = await TryAsync(anna, card.Id, Save(card) with { Note = "typed" });
        (status, problem!.ErrorId, problem.Client).Should().Be((HttpStatusCode.BadRequest, "fields_missing", card.Id));
        problem.Errors!.Keys.Should().BeEquivalentTo("taxId", "custom.contract", "email");
        problem.Errors["taxId"].Should().Equal("a value, as the rule “Companies pay” asks");
        problem.Errors["email"].Should().HaveCount(2);
        (await CardAsync(anna, card.Id)).Should().BeEquivalentTo(new { card.Version, card.Note });

        // What is saved counts, not what was there.
        var whole = Save(card) with { Email = "m@rossi.example", TaxId = "01114601006", Custom = new Dictionary<string, JsonElement> { ["contract"] = JsonDocument.Parse("\"K-1\"").RootElement } };
        (await TryAsync(anna, card.Id, whole)).Status.Should().Be(HttpStatusCode.OK);
        card = await CardAsync(anna, Seeds.Rossi);
        (await TryAsync(anna, card.Id, Save(card) with { City = "" })).Problem!.Errors!.Keys.Should().Equal("city");
        // Of another segment the first rule does not hold.
        (await TryAsync(anna, card.Id, Save(card) with { Segment = "new", TaxId = "" })).Status.Should().Be(HttpStatusCode.OK);
        card = await CardAsync(anna, Seeds.Rossi);
        (await TryAsync(anna, card.Id, Save(card) with { Segment = "vip" })).Problem!.Errors!.Keys.Should().Equal("taxId");

        using var made = await anna.Http.PostAsJsonAsync("api/clients", new ClientCreate(Guid.CreateVersion7(), new ClientSave("person", "No Town", "", "", "", "", null, null, null, [], 0)), ContractsJson.Default.ClientCreate);
        (await made.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!.Keys.Should().BeEquivalentTo("city", "email");
        // A field that was put away is asked for no more.
        using (await admin.Http.DeleteAsync("api/admin/client-fields/contract"))
        {
            card = await CardAsync(anna, Seeds.Rossi);
            (await TryAsync(anna, card.Id, Save(card) with { Segment = "vip", TaxId = "01114601006", Custom = new Dictionary<string, JsonElement>() })).Status.Should().Be(HttpStatusCode.OK);
        }
    }

    [PostgresFact]
    public async Task A_rule_holds_for_its_role_and_for_clients_with_an_open_deal_of_its_type_and_stage()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var sara = await host.SignInAsync("sara");
        await MakeAsync(Rule("Agents ask the language", "save", "language") with { Role = "agent" });
        await MakeAsync(Rule("Orders need an address", "save", "address") with { DealType = "order", DealStage = "negotiation" });
        var card = await CardAsync(anna, Seeds.Bianchi);
        (await TryAsync(anna, card.Id, Save(card))).Problem!.Errors!.Keys.Should().Equal("language");
        (await TryAsync(sara, card.Id, Save(card))).Status.Should().Be(HttpStatusCode.OK);
        card = await CardAsync(anna, Seeds.Rossi);
        (await TryAsync(sara, card.Id, Save(card))).Problem!.Errors!.Keys.Should().Equal("address");
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update deal set stage = 'open'");
        (await TryAsync(sara, card.Id, Save(card))).Status.Should().Be(HttpStatusCode.OK);
    }

    [PostgresFact]
    public async Task A_deal_leaves_its_stage_when_the_card_has_what_the_stage_asks_for()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        await MakeAsync(Rule("Before the offer", "stage", "timeZone") with { DealType = "order", DealStage = "negotiation" });
        await MakeAsync(Rule("Elsewhere", "stage", "address") with { DealType = "order", DealStage = "open" });
        Task<(HttpStatusCode, ProblemView)> RefusedAsync(Page page, string stage, int version) => page.ProblemAsync(HttpMethod.Put, $"api/deals/{Seeds.RossiDeal}/stage", $$"""{"stage":"{{stage}}","version":{{version}}}""");
        var (status, problem) = await RefusedAsync(anna, "open", 1);
        (status, problem.ErrorId).Should().Be((HttpStatusCode.BadRequest, "fields_missing"));
        problem.Errors!.Keys.Should().Equal("timeZone");
        (await RefusedAsync(luca, "open", 1)).Item1.Should().Be(HttpStatusCode.Forbidden, "the card is Anna's");
        var card = await CardAsync(anna, Seeds.Rossi);
        (await TryAsync(anna, card.Id, Save(card) with { TimeZone = "Europe/Rome" })).Status.Should().Be(HttpStatusCode.OK);
        (await RefusedAsync(anna, "nowhere", 1)).Item2.Errors!.Keys.Should().Equal("stage");
        (await RefusedAsync(anna, "open", 7)).Item2.ErrorId.Should().Be("edit_conflict");
        using var moved = await anna.Http.PutAsJsonAsync($"api/deals/{Seeds.RossiDeal}/stage", new DealMove("open", 1), ContractsJson.Default.DealMove);
        moved.StatusCode.Should().Be(HttpStatusCode.OK, await moved.Content.ReadAsStringAsync());
        (await moved.Content.ReadFromJsonAsync(ContractsJson.Default.DealView))!.Should().BeEquivalentTo(new { Stage = "open", StageName = "Open", Version = 2 });
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<string>("select detail ->> 'before' from audit where action = 'deal.moved' and object_id = @id", new { id = Seeds.RossiDeal.ToString() })).Should().Be("negotiation");
    }

    [PostgresFact]
    public async Task A_call_is_wrapped_up_when_its_client_s_card_is_filled_and_what_was_typed_stays()
    {
        await using var anna = await host.SignInAsync("anna");
        await MakeAsync(Rule("Ask the town", "wrap_up", "tags"));
        var call = await EndedAsync(Seeds.Anna, "101", Seeds.Rossi, "+390212345678");
        using (await anna.Http.PutAsJsonAsync($"api/calls/{call}/draft/note", new DraftWrite("wants 20 seats", "p"), ContractsJson.Default.DraftWrite))
        {
            var (status, problem) = await WrapUpAsync(anna, call);
            (status, problem!.ErrorId, problem.Client).Should().Be((HttpStatusCode.BadRequest, "fields_missing", Seeds.Rossi));
            problem.Errors!.Keys.Should().Equal("tags");
        }

        // It runs out: the call waits under unfinished with what was typed, the agent is free.
        await story.WriteAsync(story.Agent(Seeds.Anna, AgentState.Ready, "101", null));
        await story.WrittenAsync(host);
        (await anna.GetAsync("api/wrap-ups/unfinished", ContractsJson.Default.UnfinishedView)).Items.Should().ContainSingle(i => i.CallId == call).Which.Typed.Should().Be("wants 20 seats");
        (await WrapUpAsync(anna, call)).Problem!.Errors!.Keys.Should().Equal("tags");
        var card = await CardAsync(anna, Seeds.Rossi);
        (await TryAsync(anna, card.Id, Save(card) with { Tags = ["Builder"] })).Status.Should().Be(HttpStatusCode.OK);
        (await WrapUpAsync(anna, call)).Status.Should().Be(HttpStatusCode.OK);
    }

    [PostgresFact]
    public async Task A_deal_leaves_its_stage_when_it_has_what_is_asked_of_it_itself()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update deal set amount = null, responsible_id = @Anna where id = @RossiDeal", new { Seeds.Anna, Seeds.RossiDeal });
        await MakeAsync(Rule("Worth and whose", "stage", "deal.amount", "deal.responsibleId") with { DealType = "order" });
        var (status, problem) = await anna.ProblemAsync(HttpMethod.Put, $"api/deals/{Seeds.RossiDeal}/stage", """{"stage":"open","version":1}""");
        (status, problem.ErrorId).Should().Be((HttpStatusCode.BadRequest, "fields_missing"));
        problem.Errors!.Keys.Should().Equal("deal.amount");
        // What is saved along with the stage counts.
        using (var whole = await anna.Http.PutAsJsonAsync($"api/deals/{Seeds.RossiDeal}", new DealSave("Boilers", null, Stage: "open", Version: 1), ContractsJson.Default.DealSave))
            whole.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        using (var whole = await anna.Http.PutAsJsonAsync($"api/deals/{Seeds.RossiDeal}", new DealSave("Boilers", 10m, Stage: "open", Version: 1), ContractsJson.Default.DealSave))
            whole.StatusCode.Should().Be(HttpStatusCode.OK, await whole.Content.ReadAsStringAsync());
        // Nobody is asked to name a responsible who may name none.
        await database.ExecuteAsync("update deal set responsible_id = null where id = @RossiDeal", new { Seeds.RossiDeal });
        await using var ada = await host.SignInAsync("ada");
        var version = await database.ExecuteScalarAsync<int>("select version from deal where id = @RossiDeal", new { Seeds.RossiDeal });
        (await ada.ProblemAsync(HttpMethod.Put, $"api/deals/{Seeds.RossiDeal}/stage", $$"""{"stage":"negotiation","version":{{version}}}""")).Item2.Errors!.Keys.Should().Equal("deal.responsibleId");
    }

    [PostgresFact]
    public async Task A_call_about_a_deal_is_wrapped_up_when_the_deal_has_what_is_asked_of_it()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update deal set amount = null, responsible_id = @Anna where id = @RossiDeal", new { Seeds.Anna, Seeds.RossiDeal });
        await MakeAsync(Rule("Worth", "wrap_up", "deal.amount"));
        var call = await EndedAsync(Seeds.Anna, "101", Seeds.Rossi, "+390212345678");
        async Task<(HttpStatusCode Status, ProblemView? Problem)> SaveAsync(WrapUpSave save)
        {
            using var answer = await anna.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", save, ContractsJson.Default.WrapUpSave);
            return (answer.StatusCode, answer.IsSuccessStatusCode ? null : await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView));
        }

        var save = new WrapUpSave("sale", "sold", "", false, "p", Guid.Empty);
        var made = Guid.CreateVersion7();
        (await SaveAsync(save with { Deal = Seeds.RossiDeal })).Problem!.Errors!.Keys.Should().Equal("deal.amount");
        (await SaveAsync(save with { NewDeal = new DealNew(made, "order", "Pipes") })).Problem!.Errors!.Keys.Should().Equal("deal.amount");
        (await database.ExecuteScalarAsync<long>("select count(*) from deal where id = @made", new { made })).Should().Be(0, "what is refused makes nothing");
        (await SaveAsync(save with { DealAmount = 5m })).Problem!.Errors!.Keys.Should().Equal("dealAmount");
        (await SaveAsync(save with { Deal = Seeds.RossiDeal, DealAmount = -1m })).Problem!.Errors!.Keys.Should().Equal("dealAmount");
        (await SaveAsync(save with { Deal = Seeds.RossiDeal, DealAmount = 990.5m })).Status.Should().Be(HttpStatusCode.OK);
        (await database.ExecuteScalarAsync<decimal>("select amount from deal where id = @RossiDeal", new { Seeds.RossiDeal })).Should().Be(990.5m);
        (await SaveAsync(save with { NewDeal = new DealNew(made, "order", "Pipes"), DealAmount = 70m })).Status.Should().Be(HttpStatusCode.OK);
        (await database.ExecuteScalarAsync<decimal>("select amount from deal where id = @made", new { made })).Should().Be(70m);
        // Without a deal there is nothing that it could lack.
        (await SaveAsync(save)).Status.Should().Be(HttpStatusCode.OK);
    }

    async Task LentAsync(bool lent)
    {
        for (var n = 0; n < 500 && CardLoans.Lender(host.Feed.State, Seeds.Luca, Seeds.Rossi) is not null != lent; n++) await Task.Delay(20);
        (CardLoans.Lender(host.Feed.State, Seeds.Luca, Seeds.Rossi) is not null).Should().Be(lent);
    }

    [PostgresFact]
    public async Task Nobody_is_asked_for_what_they_cannot_fill()
    {
        await using var luca = await host.SignInAsync("luca");
        await MakeAsync(Rule("All of it", "wrap_up", "address"));
        // Anna's client: while the call lends Luca the card he is asked, afterwards it is closed to him.
        var call = await EndedAsync(Seeds.Luca, "102", Seeds.Rossi, "+390212345678");
        await LentAsync(true);
        (await WrapUpAsync(luca, call)).Problem!.Errors!.Keys.Should().Equal("address");
        await story.WriteAsync(story.Agent(Seeds.Luca, AgentState.Ready, "102", null));
        await LentAsync(false);
        (await WrapUpAsync(luca, call)).Status.Should().Be(HttpStatusCode.OK);
    }

    [PostgresFact]
    public async Task A_rule_is_kept_with_its_versions_and_a_wrong_one_is_refused_by_field()
    {
        await using var admin = await host.SignInAsync("ada");
        await using var sara = await host.SignInAsync("sara");
        var rule = await MakeAsync(Rule("Contact", "save", "email", "email"));
        (rule.Version, rule.Fields.Count).Should().Be((1, 1));
        var second = await MakeAsync(rule with { Fields = ["phones"] });
        second.Version.Should().Be(2);
        using (var late = await PutAsync(admin, rule)) late.StatusCode.Should().Be(HttpStatusCode.Conflict);
        using (var refused = await PutAsync(sara, second)) refused.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        async Task<IEnumerable<string>> WrongAsync(RequiredRuleSetup wrong)
        {
            using var answer = await PutAsync(admin, wrong);
            return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!.Keys;
        }

        (await WrongAsync(Rule("", "never", "shoe") with { Role = "king", DealStage = "open" })).Should().BeEquivalentTo("name", "occasion", "fields", "role", "dealStage");
        (await WrongAsync(Rule("Empty", "save"))).Should().Equal("fields");
        (await WrongAsync(Rule("No deal here", "save", "city", "deal.amount"))).Should().Equal("fields");
        (await WrongAsync(Rule("Contact", "save", "city"))).Should().Equal("name");
        (await WrongAsync(Rule("S", "save", "city") with { Segment = "none" })).Should().Equal("segment");
        (await WrongAsync(Rule("T", "save", "city") with { DealType = "none" })).Should().Equal("dealType");
        (await WrongAsync(Rule("D", "save", "city") with { DealType = "order", DealStage = "none" })).Should().Equal("dealStage");
        using (await admin.Http.DeleteAsync($"api/admin/required-rules/{rule.Id}"))
        using (var again = await admin.Http.DeleteAsync($"api/admin/required-rules/{rule.Id}")) again.StatusCode.Should().Be(HttpStatusCode.Conflict);
        var changes = (await admin.GetAsync("api/admin/changes", ContractsJson.Default.ListPageSettingsChangeView)).Items.Where(c => c.Kind == "required_rule" && c.Name == "Contact").ToList();
        changes.Should().HaveCount(3);
        (changes[0].After, changes[^1].Before).Should().Be((null, null));
    }
}
