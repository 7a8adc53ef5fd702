using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Clients;

[Trait("Category", "Slow")]
public sealed class MergeTests(ApiHost host) : IClassFixture<ApiHost>
{
    static int last = 1000;

    /// <summary>A number that no other test uses.</summary>
    static string Number() => $"+39347555{Interlocked.Increment(ref last):0000}";

    static ClientSave Person(string name, params string[] phones) => new("person", name, "", "", "", "", null, null, null, [.. phones.Select((p, i) => new PhoneSave(p, "", i == 0))], 0);

    static async Task<ClientCardView> NewAsync(Page page, ClientSave save)
    {
        using var answer = await page.Http.PostAsJsonAsync("api/clients", new ClientCreate(Guid.CreateVersion7(), save), ContractsJson.Default.ClientCreate);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
    }

    static Task<ClientCardView> CardAsync(Page page, Guid id) => page.GetAsync($"api/clients/{id}", ContractsJson.Default.ClientCardView);

    static ClientSave Save(ClientCardView card) => new(card.Kind, card.Name, card.Company, card.Email, card.City, card.Note, card.Language, card.Segment, card.ResponsibleId,
        [.. card.Phones.Select(p => new PhoneSave(p.E164, p.Label, p.IsMain))], card.Version);

    static async Task<ClientCardView> SavedAsync(Page page, ClientCardView card, ClientSave save)
    {
        using var answer = await page.Http.PutAsJsonAsync($"api/clients/{card.Id}", save, ContractsJson.Default.ClientSave);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
    }

    static Task<HttpResponseMessage> PostMergeAsync(Page page, ClientCardView winner, ClientCardView loser, Guid id, params string[] taken) =>
        page.Http.PostAsJsonAsync($"api/clients/{winner.Id}/merge", new ClientMergeRequest(id, loser.Id, winner.Version, loser.Version, taken), ContractsJson.Default.ClientMergeRequest);

    static async Task<(Guid Merge, ClientCardView Card)> MergeAsync(Page page, ClientCardView winner, ClientCardView loser, params string[] taken)
    {
        var id = Guid.CreateVersion7();
        using var answer = await PostMergeAsync(page, winner, loser, id, taken);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (id, (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!);
    }

    static async Task<ClientUnmergedView> UndoAsync(Page page, Guid merge)
    {
        using var answer = await page.Http.PostAsync($"api/clients/merges/{merge}/undo", null);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientUnmergedView))!;
    }

    static async Task<IReadOnlyList<DuplicateView>> CheckAsync(Page page, DuplicateAsk ask)
    {
        using var answer = await page.Http.PostAsJsonAsync("api/clients/duplicates/check", ask, ContractsJson.Default.DuplicateAsk);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.IReadOnlyListDuplicateView))!;
    }

    static DuplicateAsk Ask(string name = "", Guid? id = null, string company = "", string city = "", string phone = "", string email = "", string tax = "") =>
        new(id, name, company, city, phone.Length > 0 ? [phone] : [], email.Length > 0 ? [email] : [], tax);

    [PostgresFact]
    public async Task Each_reason_finds_the_card_and_nothing_finds_itself()
    {
        await using var agent = await host.SignInAsync("anna");
        var number = Number();
        var card = await NewAsync(agent, Person("Evaristo Belloni", number) with { Company = "Belloni Marmi", City = "Massa", Email = "eva@belloni.example", Emails = [new EmailView("office@belloni.example")], TaxId = "IT 0777" });
        (await CheckAsync(agent, Ask(phone: number[3..]))).Should().ContainSingle(d => d.Id == card.Id).Which.Reasons.Should().Equal("phone");
        (await CheckAsync(agent, Ask(email: "EVA@belloni.example"))).Single().Reasons.Should().Equal("email");
        (await CheckAsync(agent, Ask(email: "Office@Belloni.example"))).Single().Reasons.Should().Equal("email");
        (await CheckAsync(agent, Ask(tax: "it0777"))).Single().Reasons.Should().Equal("tax_id");
        var alike = (await CheckAsync(agent, Ask("Evaristo Beloni", company: "belloni marmi", city: "Massa"))).Single();
        alike.Reasons.Should().Equal("name", "company", "city");
        alike.AlikePercent.Should().BeInRange(55, 99);
        (await CheckAsync(agent, Ask("Giuseppe Verdi"))).Should().BeEmpty();
        (await CheckAsync(agent, Ask("Eva", phone: "not a number", email: "none"))).Should().BeEmpty();
        (await CheckAsync(agent, Ask("Evaristo Belloni", card.Id, phone: number, tax: "IT0777"))).Should().BeEmpty();
    }

    [PostgresFact]
    public async Task A_merged_card_s_number_calls_deals_and_tasks_are_the_winner_s()
    {
        await using var story = await Story.BeginAsync(host);
        await using var lead = await host.SignInAsync("sara");
        var (first, second) = (Number(), Number());
        var winner = await NewAsync(lead, Person("Winner One", first) with { Tags = ["a"], Email = "w@one.example" });
        var loser = await NewAsync(lead, Person("Loser One", second) with { City = "Pisa", Tags = ["A", "b"], Email = "l@one.example", TaxId = "77" });
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, Story.From(second), LookupOutcome.Known, loser.Id), .. story.Offers(call, offer, Seeds.Anna, "101", loser.Id),
            .. story.Answers(call, offer, Seeds.Anna, "101"), .. story.Ends(call, Seeds.Anna, "101", loser.Id), story.Agent(Seeds.Anna, AgentState.Ready, "101", null)]);
        await story.WrittenAsync(host);
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into deal (id, client_id, deal_type, stage, title, stage_since, created_at) values (gen_random_uuid(), @Id, 'order', 'open', 'Their deal', @Then, @Then);
            insert into task (id, client_id, user_id, title, due_at, created_at) values (gen_random_uuid(), @Id, @Anna, 'Their task', @Then, @Then);
            """, new { loser.Id, Seeds.Then, Seeds.Anna });

        var (_, card) = await MergeAsync(lead, winner, loser, "city", "taxId");
        card.Should().BeEquivalentTo(new { winner.Id, Name = "Winner One", City = "Pisa", TaxId = "77", Email = "w@one.example", Tags = new[] { "a", "b" }, Emails = new[] { new EmailView("l@one.example") } });
        card.Phones.Select(p => (p.E164, p.IsMain)).Should().Equal((first, true), (second, false));
        card.OpenDeals.Should().ContainSingle(d => d.Title == "Their deal");
        card.LastCall!.CallId.Should().Be(call);
        (await CardAsync(lead, loser.Id)).Id.Should().Be(winner.Id);
        var timeline = await lead.GetAsync($"api/clients/{winner.Id}/timeline", ContractsJson.Default.ListPageTimelineItem);
        timeline.Items.Select(i => i.Kind).Should().BeEquivalentTo("call", "deal", "task", "merge");
        timeline.Items.Single(i => i.Kind == "merge").Should().BeEquivalentTo(new { Title = "Loser One", AgentName = "Sara Conti" });
        (await database.ExecuteScalarAsync<Guid>("select client_id from call where id = @call", new { call })).Should().Be(loser.Id);

        // Who calls from the loser's number is the winner, with the talk of before.
        var directory = host.Services.GetRequiredService<ClientDirectory>();
        var found = await directory.IdentifyAsync(new PhoneNumber(second, NumberKind.E164, second), "", null, false, default);
        found.Candidates.Should().ContainSingle().Which.Client.Should().Be(winner.Id);
        found.Candidates[0].Contacts.Should().ContainSingle(c => c.Agent == Seeds.Anna);
        (await database.ExecuteScalarAsync<long>("select count(*) from audit where action = 'client.merged' and object_id = @id", new { id = winner.Id.ToString() })).Should().Be(1);
    }

    [PostgresTheory]
    [InlineData("A|X", "X|", "taxId", "X|A", "the winner's own first goes where the chosen one stood")]
    [InlineData("A|X", "X|B", "taxId", "X|A", "of three the winner's own goes before")]
    [InlineData("|X", "X|B", "taxId", "X|B", "the free place is the other card's")]
    [InlineData("|X", "X|", "taxId", "X|", "there is no other")]
    [InlineData("X|B", "A|X", "secondTaxId", "X|B", "the winner's own second stays")]
    [InlineData("X|", "A|X", "secondTaxId", "X|A", "the winner had none: the loser's first is not lost")]
    [InlineData("X|", "|X", "secondTaxId", "X|", "")]
    [InlineData("A|X", "X|B", "taxId secondTaxId", "X|B", "both of one card are as they were there")]
    [InlineData("A|X", "X|B", "", "A|X", "")]
    [InlineData("A|B", "C|D", "taxId", "C|B", "nothing is twice: the choice holds")]
    public async Task Tax_ids_that_are_chosen_crosswise_are_never_one_id_in_both_places_and_an_undo_brings_all_back(string winners, string losers, string taken, string become, string because)
    {
        await using var lead = await host.SignInAsync("sara");
        ClientSave With(string ids) => Person("Crosswise", Number()) with { TaxId = ids.Split('|')[0], SecondTaxId = ids.Split('|')[1] };
        static string Ids(ClientCardView card) => $"{card.TaxId}|{card.SecondTaxId}";
        var (winner, loser) = (await NewAsync(lead, With(winners)), await NewAsync(lead, With(losers)));
        var (merge, card) = await MergeAsync(lead, winner, loser, taken.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Ids(card).Should().Be(become, because);
        await UndoAsync(lead, merge);
        Ids(await CardAsync(lead, winner.Id)).Should().Be(winners);
        Ids(await CardAsync(lead, loser.Id)).Should().Be(losers);
    }

    [PostgresFact]
    public async Task An_undo_after_an_edit_and_a_save_that_gives_the_second_as_the_first_leave_no_id_twice()
    {
        await using var lead = await host.SignInAsync("sara");
        var (winner, loser) = (await NewAsync(lead, Person("Twice", Number()) with { TaxId = "A", SecondTaxId = "B" }), await NewAsync(lead, Person("Twice", Number()) with { TaxId = "C", SecondTaxId = "D" }));
        var (merge, card) = await MergeAsync(lead, winner, loser, "taxId");
        (await SavedAsync(lead, card, Save(card) with { TaxId = "C", SecondTaxId = "A" })).Should().BeEquivalentTo(new { TaxId = "C", SecondTaxId = "A" });
        await UndoAsync(lead, merge);
        card = await CardAsync(lead, winner.Id);
        card.Should().BeEquivalentTo(new { TaxId = "A", SecondTaxId = "" });
        card = await SavedAsync(lead, card, Save(card) with { SecondTaxId = "E" });
        (await SavedAsync(lead, card, Save(card) with { TaxId = "E" })).Should().BeEquivalentTo(new { TaxId = "E", SecondTaxId = "" }, "nothing was said of the second");
    }

    [PostgresFact]
    public async Task An_undo_restores_both()
    {
        await using var lead = await host.SignInAsync("sara");
        var (first, second) = (Number(), Number());
        var winner = await NewAsync(lead, Person("Winner Two", first) with { City = "Lucca", Tags = ["x"], Email = "w@two.example" });
        var loser = await NewAsync(lead, Person("Loser Two", second) with { Company = "Two Srl", City = "Prato", Tags = ["y"], Email = "l@two.example" });
        var (merge, merged) = await MergeAsync(lead, winner, loser, "name", "company", "city", "email");
        merged.Should().BeEquivalentTo(new { Name = "Loser Two", Company = "Two Srl", City = "Prato", Email = "l@two.example", Emails = new[] { new EmailView("w@two.example") } });
        (await lead.GetAsync($"api/clients/{winner.Id}/merges", ContractsJson.Default.IReadOnlyListClientMergeView)).Single().Should().BeEquivalentTo(new { Id = merge, Who = "Sara Conti", OtherId = loser.Id, OtherName = "Loser Two" });

        var undone = await UndoAsync(lead, merge);
        (undone.Kept.Count, undone.Calls, undone.Deals, undone.Tasks).Should().Be((0, 0, 0, 0));
        undone.Client.Should().BeEquivalentTo(winner, o => o.Excluding(c => c.Version));
        undone.Other.Should().BeEquivalentTo(loser, o => o.Excluding(c => c.Version));
        var (status, problem) = await lead.ProblemAsync(HttpMethod.Post, $"api/clients/merges/{merge}/undo");
        (status, problem.ErrorId).Should().Be((HttpStatusCode.Conflict, "was_undone"));
        (await lead.GetAsync($"api/clients/{winner.Id}/timeline", ContractsJson.Default.ListPageTimelineItem)).Items.Select(i => i.Kind).Should().Equal("unmerge", "merge");
        (await host.Services.GetRequiredService<ClientDirectory>().IdentifyAsync(new PhoneNumber(second, NumberKind.E164, second), "", null, false, default)).Candidates.Single().Client.Should().Be(loser.Id);
    }

    [PostgresFact]
    public async Task An_undo_after_later_edits_says_what_it_could_not_part()
    {
        await using var admin = await host.SignInAsync("ada");
        await using var lead = await host.SignInAsync("sara");
        foreach (var code in new[] { "merge_a", "merge_b" })
        {
            using var made = await admin.Http.PutAsJsonAsync($"api/admin/client-fields/{code}", new ClientFieldSetup(code, code, "text", [], 1, false, 0), ContractsJson.Default.ClientFieldSetup);
            made.StatusCode.Should().Be(HttpStatusCode.OK);
        }

        static Dictionary<string, JsonElement> Custom(params (string, string)[] values) => values.ToDictionary(v => v.Item1, v => JsonDocument.Parse($"\"{v.Item2}\"").RootElement);
        var (first, second) = (Number(), Number());
        var winner = await NewAsync(lead, Person("Winner Three", first) with { City = "Siena", Custom = Custom(("merge_a", "mine")) });
        var loser = await NewAsync(lead, Person("Loser Three", second) with { City = "Arezzo", Note = "Theirs", Custom = Custom(("merge_a", "theirs"), ("merge_b", "theirs too")) });
        var (merge, card) = await MergeAsync(lead, winner, loser, "name", "city", "note", "custom.merge_a", "custom.merge_b");
        card = await SavedAsync(lead, card, Save(card) with { City = "Grosseto", Language = "it", Custom = Custom(("merge_b", "edited")) });
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("insert into task (id, client_id, user_id, title, due_at, created_at) values (gen_random_uuid(), @Id, @Anna, 'Since', now(), now())", new { winner.Id, Seeds.Anna });

        var undone = await UndoAsync(lead, merge);
        undone.Kept.Should().Equal("city", "custom.merge_b");
        undone.Tasks.Should().Be(1);
        undone.Client.Should().BeEquivalentTo(new { Name = "Winner Three", City = "Grosseto", Note = "", Language = "it" });
        undone.Client.Custom!.ToDictionary(c => c.Key, c => c.Value.GetString()).Should().BeEquivalentTo(new Dictionary<string, string> { ["merge_a"] = "mine", ["merge_b"] = "edited" });
        undone.Client.Phones.Select(p => p.E164).Should().Equal(first);
        undone.Other.Should().BeEquivalentTo(new { Name = "Loser Three", City = "Arezzo", Note = "Theirs" });
        undone.Other.Phones.Select(p => p.E164).Should().Equal(second);
    }

    [PostgresFact]
    public async Task A_stale_merge_is_refused_a_repeated_one_does_nothing_and_a_chain_is_undone_from_its_end()
    {
        await using var lead = await host.SignInAsync("marco");
        var (a, b, c) = (await NewAsync(lead, Person("Chain A", Number())), await NewAsync(lead, Person("Chain B", Number())), await NewAsync(lead, Person("Chain C", Number())));
        using (var stale = await PostMergeAsync(lead, a with { Version = 9 }, b, Guid.CreateVersion7()))
        {
            stale.StatusCode.Should().Be(HttpStatusCode.Conflict);
            (await stale.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Card!.Id.Should().Be(a.Id);
        }

        var (ab, merged) = await MergeAsync(lead, b, a);
        using (var again = await PostMergeAsync(lead, b, a, ab)) again.StatusCode.Should().Be(HttpStatusCode.OK);
        // Whoever still has the merged card open is led to the one it went into.
        using (var late = await lead.Http.PutAsJsonAsync($"api/clients/{a.Id}", Save(a) with { Version = a.Version + 1 }, ContractsJson.Default.ClientSave))
        {
            late.StatusCode.Should().Be(HttpStatusCode.Conflict);
            (await late.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Card!.Id.Should().Be(b.Id);
        }

        var (bc, _) = await MergeAsync(lead, c, merged);
        (await CardAsync(lead, a.Id)).Id.Should().Be(c.Id);
        (await lead.ProblemAsync(HttpMethod.Post, $"api/clients/merges/{ab}/undo")).Problem.ErrorId.Should().Be("merged_further");
        (await UndoAsync(lead, bc)).Other.Phones.Should().HaveCount(2);
        (await UndoAsync(lead, ab)).Other.Id.Should().Be(a.Id);
        (await lead.ProblemAsync(HttpMethod.Post, $"api/clients/{a.Id}/merge", JsonSerializer.Serialize(new ClientMergeRequest(Guid.CreateVersion7(), a.Id, 1, 1, ["age"]), ContractsJson.Default.ClientMergeRequest))).Problem.Errors!.Keys.Should().BeEquivalentTo("other", "taken");
        (await lead.ProblemAsync(HttpMethod.Post, $"api/clients/{a.Id}/merge", JsonSerializer.Serialize(new ClientMergeRequest(Guid.CreateVersion7(), Guid.NewGuid(), 1, 1, []), ContractsJson.Default.ClientMergeRequest))).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [PostgresFact]
    public async Task Merging_while_the_call_runs_shows_the_winner_s_card_in_the_call()
    {
        await using var story = await Story.BeginAsync(host);
        await using var lead = await host.SignInAsync("sara");
        await using var agent = await host.SignInAsync("anna");
        var live = await agent.OpenAsync();
        var (first, second) = (Number(), Number());
        var (winner, loser) = (await NewAsync(lead, Person("Winner Live", first)), await NewAsync(lead, Person("Loser Live", second)));
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, Story.From(second), LookupOutcome.Known, loser.Id), .. story.Offers(call, offer, Seeds.Anna, "101", loser.Id), .. story.Answers(call, offer, Seeds.Anna, "101")]);
        (await live.NextAsync<CallEvent>(e => e.Call.CallId == call)).Call.Card!.Id.Should().Be(loser.Id);
        await MergeAsync(lead, winner, loser);
        (await live.NextAsync<CardEvent>(e => e.CallId == call && e.Card?.Id == winner.Id)).Card!.Name.Should().Be("Winner Live");
        await story.WriteAsync([.. story.Ends(call, Seeds.Anna, "101", loser.Id), story.Agent(Seeds.Anna, AgentState.Ready, "101", null)]);
    }

    [PostgresFact]
    public async Task Pairs_are_listed_with_their_reasons_until_they_are_merged()
    {
        await using var lead = await host.SignInAsync("sara");
        var number = Number();
        var older = await NewAsync(lead, Person("Pair Older", number) with { Email = "pair@pair.example" });
        var newer = await NewAsync(lead, Person("Pair Newer", number) with { Emails = [new EmailView("PAIR@pair.example")] });
        var namesake = await NewAsync(lead, Person("pair older") with { City = "Enna" });
        async Task<List<DuplicatePair>> AllAsync()
        {
            var (all, cursor) = (new List<DuplicatePair>(), (string?)null);
            do
            {
                var part = await lead.GetAsync($"api/clients/duplicates?limit=2{(cursor is null ? "" : "&cursor=" + cursor)}", ContractsJson.Default.ListPageDuplicatePair);
                all.AddRange(part.Items);
                cursor = part.Next;
            }
            while (cursor is not null);
            return all;
        }

        var before = await AllAsync();
        before.Should().ContainSingle(p => p.Newer.Id == newer.Id && p.Older.Id == older.Id).Which.Older.Reasons.Should().BeEquivalentTo("phone", "email");
        before.Should().NotContain(p => p.Newer.Id == namesake.Id, "nothing but the name is the same");
        before.Should().Contain(p => p.Newer.Id == Seeds.Twin2 && p.Older.Id == Seeds.Twin1);
        await MergeAsync(lead, older, newer);
        (await AllAsync()).Should().NotContain(p => p.Newer.Id == newer.Id || p.Older.Id == newer.Id);
    }

    [PostgresFact]
    public async Task A_number_of_several_clients_stays_a_choice()
    {
        await using var lead = await host.SignInAsync("sara");
        var number = Number();
        var (a, b, c) = (await NewAsync(lead, Person("Shared A", number)), await NewAsync(lead, Person("Shared B", number)), await NewAsync(lead, Person("Shared C", Number())));
        await MergeAsync(lead, a, c);
        var found = await host.Services.GetRequiredService<ClientDirectory>().IdentifyAsync(new PhoneNumber(number, NumberKind.E164, number), "", null, false, default);
        found.Outcome.Should().Be(LookupOutcome.Several);
        found.Candidates.Select(m => m.Client).Should().BeEquivalentTo([a.Id, b.Id]);
    }

    [PostgresFact]
    public async Task Addresses_become_those_of_both_and_part_again()
    {
        await using var page = await host.SignInAsync("ada");
        var (via, corso, depot) = (new AddressView("actual", "Via Uno 1", "Lodi", "26900"), new AddressView("legal", "Corso Due 2"), new AddressView("delivery", "Depot 3"));
        var one = await NewAsync(page, Person("Placed One", Number()) with { Addresses = [via, depot] });
        var other = await NewAsync(page, Person("Placed Other", Number()) with { Addresses = [corso, depot] });
        (one.Address, other.Address).Should().Be(("Via Uno 1, 26900 Lodi", "Corso Due 2"));
        var (merge, card) = await MergeAsync(page, one, other, "address");
        card.Addresses.Should().Equal(corso, depot, via);
        card.Address.Should().Be("Corso Due 2");
        // What was added since stays.
        card = await SavedAsync(page, card, Save(card) with { Addresses = [.. card.Addresses!, new AddressView("other", "Since 4")] });
        var undone = await UndoAsync(page, merge);
        undone.Client.Addresses.Should().BeEquivalentTo([via, depot, new AddressView("other", "Since 4")]);
        undone.Client.Address.Should().Be("Via Uno 1, 26900 Lodi");
        undone.Other.Addresses.Should().Equal(corso, depot);

        // Who knows one address only changes the first; who says nothing of them leaves them.
        card = await SavedAsync(page, undone.Other, Save(undone.Other) with { Address = "Corso Due 22" });
        card.Addresses.Should().Equal(corso with { Line = "Corso Due 22" }, depot);
        card = await SavedAsync(page, card, Save(card));
        card.Addresses.Should().HaveCount(2);
        card = await SavedAsync(page, card, Save(card) with { Address = "" });
        card.Addresses.Should().Equal(depot);
        card.Address.Should().Be("Depot 3");
        using var wrong = await page.Http.PutAsJsonAsync($"api/clients/{card.Id}", Save(card) with { Addresses = [new AddressView("palace", "x")] }, ContractsJson.Default.ClientSave);
        (await wrong.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!.Keys.Should().Equal("addresses[0].kind");
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<string>("select detail ->> 'after' from audit where action = 'client.changed' and object_id = @id order by id desc limit 1", new { id = card.Id.ToString() })).Should().Contain("delivery: Depot 3");
    }
}
