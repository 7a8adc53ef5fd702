using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Deals;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Deals;

[Trait("Category", "Slow")]
public sealed class DealTests(ApiHost host) : IClassFixture<ApiHost>
{
    static Task<HttpResponseMessage> PostAsync(Page page, DealCreate deal) => page.Http.PostAsJsonAsync("api/deals", deal, ContractsJson.Default.DealCreate);

    static Task<HttpResponseMessage> PutAsync(Page page, Guid id, DealSave save) => page.Http.PutAsJsonAsync($"api/deals/{id}", save, ContractsJson.Default.DealSave);

    static async Task<DealDetailView> ReadAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
            return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.DealDetailView))!;
        }
    }

    static async Task<ProblemView> RefusedAsync(HttpResponseMessage answer, HttpStatusCode status)
    {
        using (answer)
        {
            answer.StatusCode.Should().Be(status, await answer.Content.ReadAsStringAsync());
            return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!;
        }
    }

    static async Task<DealDetailView> NewAsync(Page page, string title, decimal? amount = null, string? stage = null, Guid? client = null, Guid? responsible = null) =>
        await ReadAsync(await PostAsync(page, new DealCreate(Guid.CreateVersion7(), client ?? Seeds.Bianchi, "order", title, amount, ResponsibleId: responsible, Stage: stage)));

    static async Task<List<DealDetailView>> AllAsync(Page page, string filter)
    {
        var (all, cursor) = (new List<DealDetailView>(), "");
        do
        {
            var list = await page.GetAsync($"api/deals?limit=2&{filter}{cursor}", ContractsJson.Default.ListPageDealDetailView);
            all.AddRange(list.Items);
            cursor = list.Next is { } next ? $"&cursor={next}" : "";
        }
        while (cursor.Length > 0);
        return all;
    }

    [PostgresFact]
    public async Task A_deal_is_made_once_changed_moved_and_each_change_is_kept()
    {
        await using var sara = await host.SignInAsync("sara");
        var create = new DealCreate(Guid.CreateVersion7(), Seeds.Bianchi, "order", "  Pumps ", 99.5m, "USD", Guid.Empty);
        var made = await ReadAsync(await PostAsync(sara, create));
        made.Should().BeEquivalentTo(new { Title = "Pumps", Amount = 99.5m, Currency = "USD", Stage = "open", ResponsibleId = (Guid?)null, ClientName = "Giulia Bianchi", Version = 1 });
        (await ReadAsync(await PostAsync(sara, create))).Should().BeEquivalentTo(made);

        var saved = await ReadAsync(await PutAsync(sara, made.Id, new DealSave("Two pumps", 120m, ResponsibleId: Seeds.Luca, Stage: "negotiation", Version: 1)));
        saved.Should().BeEquivalentTo(new { Title = "Two pumps", Amount = 120m, Currency = "USD", Stage = "negotiation", ResponsibleName = "Luca Neri" });
        saved.StageSince.Should().BeAfter(made.StageSince);
        var card = await sara.GetAsync($"api/clients/{Seeds.Bianchi}", ContractsJson.Default.ClientCardView);
        card.OpenDeals.Should().ContainSingle(d => d.Id == made.Id && d.Title == "Two pumps" && d.Version == saved.Version);
        (await sara.GetAsync($"api/clients/{Seeds.Bianchi}/timeline", ContractsJson.Default.ListPageTimelineItem)).Items.Should().Contain(i => i.Id == made.Id.ToString() && i.Title == "Two pumps");
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QueryAsync<(string, string, string)>("select action, detail ->> 'before', detail ->> 'after' from audit where object = 'deal' and object_id = @id order by id", new { id = made.Id.ToString() })).Should().Equal(
            ("deal.created", "", "open"), ("deal.moved", "open", "negotiation"),
            ("deal.changed", """{"title":"Pumps","amount":"99.50","currency":"USD","responsible":""}""", $$"""{"title":"Two pumps","amount":"120.00","currency":"USD","responsible":"{{Seeds.Luca}}"}"""));
    }

    [PostgresFact]
    public async Task Two_who_change_one_are_told_and_nothing_is_overwritten()
    {
        await using var sara = await host.SignInAsync("sara");
        var deal = await NewAsync(sara, "Contended");
        await ReadAsync(await PutAsync(sara, deal.Id, new DealSave("First", null, Version: 1)));
        (await RefusedAsync(await PutAsync(sara, deal.Id, new DealSave("Second", null, Version: 1)), HttpStatusCode.Conflict)).Deal!.Title.Should().Be("First");
        (await RefusedAsync(await sara.Http.DeleteAsync($"api/deals/{deal.Id}?version=1"), HttpStatusCode.Conflict)).ErrorId.Should().Be("edit_conflict");
        using var move = await sara.Http.PutAsJsonAsync($"api/deals/{deal.Id}/stage", new DealMove("negotiation", 1), ContractsJson.Default.DealMove);
        move.StatusCode.Should().Be(HttpStatusCode.Conflict);
        (await sara.GetAsync($"api/deals/{deal.Id}", ContractsJson.Default.DealDetailView)).Should().BeEquivalentTo(new { Title = "First", Stage = "open", Version = 2 });
    }

    [PostgresFact]
    public async Task Each_filter_leaves_what_it_names_and_each_order_sorts()
    {
        await using var sara = await host.SignInAsync("sara");
        var client = Seeds.Ivanov;
        var (cheap, dear, none) = (await NewAsync(sara, "Filter Alfa", 10m, client: client), await NewAsync(sara, "Filter Beta 100%", 2000m, "negotiation", client, Seeds.Luca), await NewAsync(sara, "Filter gamma", null, client: client));
        await using (var database = await host.Database.OpenConnectionAsync())
        {
            await database.ExecuteAsync(
                "update deal set created_at = '2026-01-05', stage_since = '2026-02-05' where id = @Cheap; update deal set created_at = '2026-01-06', stage_since = '2026-02-04', closed_at = now() where id = @Dear; update deal set created_at = '2026-01-07', stage_since = '2026-02-06' where id = @None",
                new { Cheap = cheap.Id, Dear = dear.Id, None = none.Id });
        }

        async Task<string> FoundAsync(string filter) => string.Join(' ', (await AllAsync(sara, $"client={client}&{filter}")).Select(d => d.Id == cheap.Id ? "cheap" : d.Id == dear.Id ? "dear" : d.Id == none.Id ? "none" : d.Title));
        (await FoundAsync("")).Should().Be("none dear cheap");
        (await FoundAsync("sort=created")).Should().Be("cheap dear none");
        (await FoundAsync("sort=stage_since")).Should().Be("dear cheap none");
        (await FoundAsync("sort=-stage_since")).Should().Be("none cheap dear");
        (await FoundAsync("sort=amount")).Should().Be("none cheap dear");
        (await FoundAsync("sort=-amount")).Should().Be("dear cheap none");
        (await FoundAsync("sort=title")).Should().Be("cheap dear none");
        (await FoundAsync("stage=negotiation")).Should().Be("dear");
        (await FoundAsync("type=order&sort=title")).Should().Be("cheap dear none");
        (await FoundAsync("type=none")).Should().Be("");
        (await FoundAsync($"responsible={Seeds.Luca}")).Should().Be("dear");
        (await FoundAsync("state=open")).Should().Be("none cheap");
        (await FoundAsync("state=closed")).Should().Be("dear");
        (await FoundAsync("amountFrom=10&sort=amount")).Should().Be("cheap dear");
        (await FoundAsync("amountTo=10")).Should().Be("cheap");
        (await FoundAsync("createdFrom=2026-01-06T00:00:00Z&sort=created")).Should().Be("dear none");
        (await FoundAsync("createdTo=2026-01-06T00:00:00Z")).Should().Be("cheap");
        (await FoundAsync("stageFrom=2026-02-06T00:00:00Z")).Should().Be("none");
        (await FoundAsync("stageTo=2026-02-05T00:00:00Z")).Should().Be("dear");
        (await FoundAsync("query=BETA")).Should().Be("dear");
        (await FoundAsync("query=100%25")).Should().Be("dear");
        (await FoundAsync("query=_lfa")).Should().Be("");
        (await FoundAsync($"query=%23{cheap.Number}")).Should().Be("cheap");
        (await sara.ProblemAsync(HttpMethod.Get, "api/deals?sort=colour")).Problem.Errors!.Keys.Should().Equal("sort");
        (await sara.ProblemAsync(HttpMethod.Get, "api/deals?state=lost")).Problem.Errors!.Keys.Should().Equal("state");
        (await sara.ProblemAsync(HttpMethod.Get, "api/deals?amountFrom=much")).Problem.Errors!.Keys.Should().Equal("amountFrom");
    }

    [PostgresTheory]
    [InlineData("created")]
    [InlineData("-created")]
    [InlineData("amount")]
    [InlineData("-title")]
    public async Task Pages_neither_miss_nor_repeat_a_row_when_deals_are_added_meanwhile(string sort)
    {
        await using var sara = await host.SignInAsync("sara");
        var ids = new List<Guid>();
        for (var n = 0; n < 7; n++) ids.Add((await NewAsync(sara, "Договор " + new string((char)('a' + n), 190), 5m * (n % 3), client: Seeds.Twin2)).Id);
        var (seen, cursor) = (new List<Guid>(), "");
        do
        {
            var list = await sara.GetAsync($"api/deals?client={Seeds.Twin2}&limit=3&sort={sort}{cursor}", ContractsJson.Default.ListPageDealDetailView);
            seen.AddRange(list.Items.Select(d => d.Id));
            cursor = list.Next is { } next ? $"&cursor={next}" : "";
            await NewAsync(sara, "Договор a", 0m, client: Seeds.Twin2);
            await NewAsync(sara, "Договор z", 50m, client: Seeds.Twin2);
        }
        while (cursor.Length > 0 && seen.Count < 60);
        seen.Should().OnlyHaveUniqueItems();
        seen.Should().Contain(ids);
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("delete from deal where client_id = @Twin2", new { Seeds.Twin2 });
    }

    [PostgresFact]
    public async Task A_deleted_deal_counts_nowhere_until_it_is_restored()
    {
        await using var sara = await host.SignInAsync("sara");
        var deal = await NewAsync(sara, "Zanzibarian crates", client: Seeds.Twin1);
        async Task<int> CountAsync() =>
            (await sara.GetAsync($"api/clients/{Seeds.Twin1}", ContractsJson.Default.ClientCardView)).OpenDeals.Count(d => d.Id == deal.Id)
            + (await sara.GetAsync($"api/clients/{Seeds.Twin1}/timeline", ContractsJson.Default.ListPageTimelineItem)).Items.Count(i => i.Id == deal.Id.ToString())
            + (await sara.GetAsync("api/clients?query=Zanzibarian", ContractsJson.Default.ListPageClientRow)).Items.Count
            + (await sara.GetAsync($"api/clients?query=%23{deal.Number}", ContractsJson.Default.ListPageClientRow)).Items.Count(c => c.Id == Seeds.Twin1)
            + (await AllAsync(sara, "query=Zanzibarian")).Count;
        (await CountAsync()).Should().Be(5);
        using (var files = await sara.Http.GetAsync($"api/files?kind=deal&object={deal.Id}")) files.StatusCode.Should().Be(HttpStatusCode.OK);
        (await ReadAsync(await sara.Http.DeleteAsync($"api/deals/{deal.Id}?version=1"))).DeletedAt.Should().NotBeNull();
        (await ReadAsync(await sara.Http.DeleteAsync($"api/deals/{deal.Id}?version=1"))).DeletedAt.Should().NotBeNull();
        (await CountAsync()).Should().Be(0);
        using (var files = await sara.Http.GetAsync($"api/files?kind=deal&object={deal.Id}")) files.StatusCode.Should().Be(HttpStatusCode.NotFound);
        await RefusedAsync(await PutAsync(sara, deal.Id, new DealSave("Late", null, Version: 2)), HttpStatusCode.NotFound);
        (await sara.GetAsync("api/deals/bin", ContractsJson.Default.ListPageDealBinRow)).Items.Should().ContainSingle(b => b.Id == deal.Id).Which.Should().BeEquivalentTo(new { Title = "Zanzibarian crates", Who = "Sara Conti", ClientName = "Paolo Twin" });
        await using (var anna = await host.SignInAsync("anna")) (await anna.ProblemAsync(HttpMethod.Get, $"api/deals/{deal.Id}")).Status.Should().Be(HttpStatusCode.NotFound);
        (await ReadAsync(await sara.Http.PostAsync($"api/deals/{deal.Id}/restore", null))).Should().BeEquivalentTo(new { Title = "Zanzibarian crates", DeletedAt = (DateTimeOffset?)null, Version = 3 });
        (await CountAsync()).Should().Be(5);
    }

    [PostgresFact]
    public async Task After_thirty_days_in_the_bin_a_deal_is_erased()
    {
        await using var sara = await host.SignInAsync("sara");
        var (old, young) = (await NewAsync(sara, "Old secret", 7m), await NewAsync(sara, "Young"));
        foreach (var deal in new[] { old, young }) await ReadAsync(await sara.Http.DeleteAsync($"api/deals/{deal.Id}?version=1"));
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update deal set deleted_at = now() - interval '31 days' where id = @Id; update deal set deleted_at = now() - interval '29 days' where id = @Young", new { old.Id, Young = young.Id });
        (await host.Services.GetRequiredService<DealStore>().EraseAsync(default)).Should().Be(1);
        (await database.QuerySingleAsync<(string, decimal?)>("select title, amount from deal where id = @Id", new { old.Id })).Should().Be(("", null));
        (await sara.ProblemAsync(HttpMethod.Post, $"api/deals/{old.Id}/restore")).Status.Should().Be(HttpStatusCode.NotFound);
        (await sara.GetAsync("api/deals/bin", ContractsJson.Default.ListPageDealBinRow)).Items.Select(b => b.Id).Should().Contain(young.Id).And.NotContain(old.Id);
        (await ReadAsync(await sara.Http.PostAsync($"api/deals/{young.Id}/restore", null))).Title.Should().Be("Young");
    }

    [PostgresFact]
    public async Task What_must_be_filled_before_a_stage_is_left_holds_for_a_saved_deal_too()
    {
        await using var sara = await host.SignInAsync("sara");
        var deal = await NewAsync(sara, "Held up", client: Seeds.Twin1);
        await using var database = await host.Database.OpenConnectionAsync();
        var rule = Guid.CreateVersion7();
        await database.ExecuteAsync("insert into required_rule (id, name, occasion, deal_type, deal_stage, fields, active) values (@rule, 'Stage needs a tax id', 'stage', 'order', 'open', '{taxId}', true)", new { rule });
        var missing = await RefusedAsync(await PutAsync(sara, deal.Id, new DealSave("Renamed", null, Stage: "negotiation", Version: 1)), HttpStatusCode.BadRequest);
        (missing.ErrorId, missing.Client).Should().Be(("fields_missing", Seeds.Twin1));
        missing.Errors!.Keys.Should().Equal("taxId");
        (await sara.GetAsync($"api/deals/{deal.Id}", ContractsJson.Default.DealDetailView)).Title.Should().Be("Held up", "either all of it is saved or nothing");
        (await ReadAsync(await PutAsync(sara, deal.Id, new DealSave("Renamed", null, Stage: "open", Version: 1)))).Title.Should().Be("Renamed");
        await database.ExecuteAsync("delete from required_rule where id = @rule", new { rule });
    }

    [PostgresFact]
    public async Task Who_may_not_is_told_so()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        await using var sara = await host.SignInAsync("sara");
        // Rossi is Anna's: Luca reads the card, and does not save it.
        (await RefusedAsync(await PostAsync(luca, new DealCreate(Guid.CreateVersion7(), Seeds.Rossi, "order", "Not mine")), HttpStatusCode.Forbidden)).ErrorId.Should().Be("not_allowed");
        var own = await ReadAsync(await PostAsync(anna, new DealCreate(Guid.CreateVersion7(), Seeds.Rossi, "order", "Mine")));
        own.ResponsibleId.Should().Be(Seeds.Anna);
        await RefusedAsync(await PutAsync(luca, own.Id, new DealSave("Taken", null, Version: 1)), HttpStatusCode.Forbidden);
        (await anna.ProblemAsync(HttpMethod.Delete, $"api/deals/{own.Id}?version=1")).Status.Should().Be(HttpStatusCode.Forbidden);
        (await anna.ProblemAsync(HttpMethod.Get, "api/deals/bin")).Status.Should().Be(HttpStatusCode.Forbidden);
        // Somebody else's deal of a client in nobody's name: it may be edited, not taken.
        var others = await NewAsync(sara, "Sara's", responsible: Seeds.Sara);
        await RefusedAsync(await PutAsync(anna, others.Id, new DealSave("Sara's", null, ResponsibleId: Seeds.Anna, Version: 1)), HttpStatusCode.Forbidden);
        (await ReadAsync(await PutAsync(sara, own.Id, new DealSave("Mine", null, ResponsibleId: Seeds.Luca, Version: 1)))).ResponsibleId.Should().Be(Seeds.Luca);
    }

    [PostgresTheory]
    [InlineData("""{"id":"{0}","clientId":"{1}","dealType":"order","title":"  "}""", "title")]
    [InlineData("""{"id":"{0}","clientId":"{1}","dealType":"order","title":"x","amount":-1}""", "amount")]
    [InlineData("""{"id":"{0}","clientId":"{1}","dealType":"order","title":"x","amount":1.005}""", "amount")]
    [InlineData("""{"id":"{0}","clientId":"{1}","dealType":"order","title":"x","currency":"euro"}""", "currency")]
    [InlineData("""{"id":"{0}","clientId":"{1}","dealType":"none","title":"x"}""", "dealType")]
    [InlineData("""{"id":"{0}","clientId":"{1}","dealType":"order","title":"x","stage":"none"}""", "stage")]
    [InlineData("""{"id":"{0}","clientId":"{0}","dealType":"order","title":"x"}""", "clientId")]
    [InlineData("""{"id":"{0}","clientId":"{1}","dealType":"order","title":"x","responsibleId":"{0}"}""", "responsibleId")]
    [InlineData("""{"id":"00000000-0000-0000-0000-000000000000","clientId":"{1}","dealType":"order","title":"x"}""", "id")]
    [InlineData("""{"id":"{0}","clientId":"{1}","dealType":"order"}""", "title")]
    public async Task Bad_input_names_the_field(string json, string field)
    {
        await using var sara = await host.SignInAsync("sara");
        var (status, problem) = await sara.ProblemAsync(HttpMethod.Post, "api/deals", json.Replace("{0}", Guid.CreateVersion7().ToString()).Replace("{1}", Seeds.Bianchi.ToString()));
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.Errors!.Keys.Should().Equal(field);
    }
}
