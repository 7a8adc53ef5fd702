using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Clients;

[Trait("Category", "Slow")]
public sealed class ClientTests(ApiHost host) : IClassFixture<ApiHost>
{
    [PostgresTheory]
    [InlineData("ross", "Mario Rossi")]
    [InlineData("rossi mario", "Mario Rossi")]
    [InlineData("IMPIANTI", "Mario Rossi")]
    [InlineData("анов", "Иван Иванов")]
    [InlineData("234567", "Mario Rossi,Иван Иванов")]
    [InlineData("02 1234", "Mario Rossi")]
    [InlineData("+39 333 111", "Giulia Bianchi")]
    [InlineData("020 7946", Seeds.EvilName)]
    [InlineData("1111111", "Paolo Twin,Piera Twin")]
    [InlineData("'; drop", Seeds.EvilName)]
    [InlineData("100%", "")]
    [InlineData("_____", "")]
    [InlineData("\\", "")]
    [InlineData("nobody at all", "")]
    [InlineData("milano", "Mario Rossi")]
    [InlineData("new boil", "Mario Rossi")]
    [InlineData("ro mi", "Mario Rossi")]
    [InlineData("ом", "")]
    [InlineData("ив", "Иван Иванов")]
    [InlineData(".*", "")]
    public async Task A_client_is_found_by_any_fragment(string query, string expected)
    {
        await using var page = await host.SignInAsync("anna");
        var found = await page.GetAsync($"api/clients?query={Uri.EscapeDataString(query)}", ContractsJson.Default.ListPageClientRow);
        found.Items.Select(c => c.Name).Order(StringComparer.Ordinal).Should().Equal(expected.Split(',', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [PostgresFact]
    public async Task Pages_of_the_list_hold_everyone_once()
    {
        await using var page = await host.SignInAsync("anna");
        var all = new List<long>();
        string? cursor = null;
        do
        {
            var part = await page.GetAsync($"api/clients?limit=2{(cursor is null ? "" : "&cursor=" + cursor)}", ContractsJson.Default.ListPageClientRow);
            all.AddRange(part.Items.Select(c => c.Number));
            cursor = part.Next;
        }
        while (cursor is not null);
        all.Should().OnlyHaveUniqueItems().And.BeInDescendingOrder().And.HaveCountGreaterThanOrEqualTo(6);
        (await page.GetAsync("api/clients?limit=1000", ContractsJson.Default.ListPageClientRow)).Items.Should().HaveCountGreaterThanOrEqualTo(6);
    }

    [PostgresFact]
    public async Task Two_who_save_the_same_card_do_not_overwrite_each_other()
    {
        await using var page = await host.SignInAsync("sara");
        var card = await page.GetAsync($"api/clients/{Seeds.Evil}", ContractsJson.Default.ClientCardView);
        card.Name.Should().Be(Seeds.EvilName);
        var save = new ClientSave("person", card.Name, "First", "", "", "note with <b>markup</b>", "it", "vip", Seeds.Luca, [new PhoneSave("020 7946 0000", "", true), new PhoneSave("+39 347 1234567", "mobile", false)], card.Version);
        using (var first = await page.Http.PutAsJsonAsync($"api/clients/{card.Id}", save with { Phones = [new PhoneSave("+442079460000", "office", true), save.Phones[1]] }, ContractsJson.Default.ClientSave))
        {
            var saved = (await first.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
            saved.Should().BeEquivalentTo(new { Company = "First", Note = "note with <b>markup</b>", SegmentName = "VIP", ResponsibleName = "Luca Neri", Confirmed = true, Version = card.Version + 1 });
            saved.Phones.Select(p => (p.E164, p.Display, p.Label, p.IsMain)).Should().Equal(("+442079460000", "+44 20 7946 0000", "office", true), ("+393471234567", "+39 347 123 4567", "mobile", false));
        }

        using var second = await page.Http.PutAsJsonAsync($"api/clients/{card.Id}", save with { Company = "Second", Phones = [new PhoneSave("+442079460000", "", true)] }, ContractsJson.Default.ClientSave);
        second.StatusCode.Should().Be(HttpStatusCode.Conflict);
        var problem = (await second.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!;
        (problem.ErrorId, problem.Card!.Company).Should().Be(("edit_conflict", "First"));
    }

    [PostgresFact]
    public async Task A_bad_card_names_its_fields()
    {
        await using var page = await host.SignInAsync("anna");
        var bad = new ClientCreate(Guid.CreateVersion7(), new ClientSave("person", "", "", "", "", "", null, "no-such-segment", null, [new PhoneSave("twelve", "", true)], 0));
        using var answer = await page.Http.PostAsJsonAsync("api/clients", bad, ContractsJson.Default.ClientCreate);
        answer.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!.Keys.Should().Contain(["name", "segment", "phones[0].number"]);
    }

    [PostgresFact]
    public async Task A_new_card_made_in_a_call_is_given_to_the_call_by_the_router()
    {
        await using var story = await Story.BeginAsync(host);
        await using var page = await host.SignInAsync("anna");
        var live = await page.OpenAsync();
        var (call, offer, client) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, PhoneNumber.Withheld, LookupOutcome.Withheld, null), .. story.Offers(call, offer, Seeds.Anna, "101"), .. story.Answers(call, offer, Seeds.Anna, "101")]);
        await live.NextAsync<CallEvent>(e => e.Call.CallId == call);
        var create = new ClientCreate(client, new ClientSave("person", "New Person", "", "", "", "", null, null, null, [], 0, call));
        for (var repeat = 0; repeat < 2; repeat++)
        {
            using var answer = await page.Http.PostAsJsonAsync("api/clients", create, ContractsJson.Default.ClientCreate);
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        }

        var attach = host.Router.Commands.First(c => c.Command.Kind == "attach_client");
        (attach.Agent, attach.Command.CallId, attach.Command.ClientId).Should().Be((Seeds.Anna, call, client));
        await story.WriteAsync([.. story.Ends(call, Seeds.Anna, "101", null), story.Agent(Seeds.Anna, AgentState.Ready, "101", null)]);
    }

    [PostgresFact]
    public async Task The_timeline_is_newest_first_and_pages_through()
    {
        await using var story = await Story.BeginAsync(host);
        await using var page = await host.SignInAsync("anna");
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi),
            .. story.Answers(call, offer, Seeds.Anna, "101"), .. story.Ends(call, Seeds.Anna, "101", Seeds.Rossi), story.Agent(Seeds.Anna, AgentState.Ready, "101", null)]);
        await story.WrittenAsync(host);
        var items = new List<TimelineItem>();
        string? cursor = null;
        do
        {
            var part = await page.GetAsync($"api/clients/{Seeds.Rossi}/timeline?limit=1{(cursor is null ? "" : "&cursor=" + cursor)}", ContractsJson.Default.ListPageTimelineItem);
            items.AddRange(part.Items);
            cursor = part.Next;
        }
        while (cursor is not null);
        items.Select(i => i.Kind).Should().Equal("call", "task", "deal");
        items[0].Call.Should().BeEquivalentTo(new { Id = call, AgentName = "Anna Verdi", Talk_s = 60, Wait_s = 4, Outcome = "Answered", DialledName = "Web site", ClientName = "Mario Rossi" });
        (items[1].Title, items[2].Title, items[2].Text).Should().Be(("Send the offer", "New boilers", "Negotiation"));
    }

    [PostgresFact]
    public async Task A_merged_card_leads_to_the_one_it_went_into()
    {
        var old = Guid.CreateVersion7();
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("insert into client (id, name, merged_into, created_at, updated_at) values (@old, 'Old', @Rossi, now(), now())", new { old, Seeds.Rossi });
        await using var page = await host.SignInAsync("anna");
        (await page.GetAsync($"api/clients/{old}", ContractsJson.Default.ClientCardView)).Id.Should().Be(Seeds.Rossi);
        (await page.GetAsync("api/clients?query=Old", ContractsJson.Default.ListPageClientRow)).Items.Should().BeEmpty();
    }

    [PostgresFact]
    public async Task Everything_on_the_card_finds_it()
    {
        await using var admin = await host.SignInAsync("ada");
        using (var made = await admin.Http.PutAsJsonAsync("api/admin/client-fields/contract", new ClientFieldSetup("contract", "Contract", "text", [], 1, false, 0), ContractsJson.Default.ClientFieldSetup))
            made.StatusCode.Should().Be(HttpStatusCode.OK);
        var save = new ClientSave("company", "Everything Found", "Omnia Srl", "main@omnia.example", "Ferrara", "", null, null, null, [new PhoneSave("+39 347 8901234", "", true)], 0,
            Emails: [new EmailView("ordini@altrove.example")], TaxId: "IT0987", Tags: ["Fornitori"], Custom: new Dictionary<string, System.Text.Json.JsonElement> { ["contract"] = System.Text.Json.JsonDocument.Parse("\"K-7733\"").RootElement });
        var id = Guid.CreateVersion7();
        using (var made = await admin.Http.PostAsJsonAsync("api/clients", new ClientCreate(id, save), ContractsJson.Default.ClientCreate))
            made.StatusCode.Should().Be(HttpStatusCode.OK, await made.Content.ReadAsStringAsync());
        await using var database = await host.Database.OpenConnectionAsync();
        var deal = await database.ExecuteScalarAsync<long>("insert into deal (id, client_id, deal_type, stage, title, stage_since, created_at) values (gen_random_uuid(), @id, 'order', 'open', 'Solar roof', now(), now()) returning number + 0 * setval('deal_number_seq', 90000)", new { id });
        foreach (var query in new[] { "verything fou", "omnia", "@omnia.ex", "@altrove", "t0987", "ferrar", "fornit", "k-77", "K-7733 omnia", "solar", "8901", "347 890", "#" + deal })
            (await admin.GetAsync($"api/clients?query={Uri.EscapeDataString(query)}", ContractsJson.Default.ListPageClientRow)).Items.Should().Contain(c => c.Id == id, query);
        (await admin.GetAsync("api/clients?query=omnia%20milano", ContractsJson.Default.ListPageClientRow)).Items.Should().BeEmpty();
    }
}
