using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Admin;

/// <summary>Campaigns made and put away by administrators; numbers, calls and dispositions that belong to them.</summary>
[Trait("Category", "Slow")]
public sealed class CampaignTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    static readonly CampaignSetup Winter = new("winter", "Winter offer", From: new DateOnly(2026, 11, 1), To: new DateOnly(2027, 2, 28), Description: "Half price"), Spring = new("spring", "Spring");

    Page ada = null!, anna = null!;

    public async Task InitializeAsync() => (ada, anna) = (await host.SignInAsync("ada"), await host.SignInAsync("anna"));

    public async Task DisposeAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update dialled_number set campaign = null; update disposition set campaigns = '{}'; delete from campaign");
        await ada.DisposeAsync();
        await anna.DisposeAsync();
    }

    Task<AdminView> SettingsAsync() => ada.GetAsync("api/admin", ContractsJson.Default.AdminView);

    async Task<CampaignList> SaveAsync(params CampaignSetup[] items)
    {
        using var answer = await ada.Http.PutAsJsonAsync("api/admin/campaigns", new CampaignList(items, (await SettingsAsync()).Campaigns!.Version), ContractsJson.Default.CampaignList);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.AdminView))!.Campaigns!;
    }

    async Task<(HttpStatusCode Status, ProblemView Problem)> RefusedAsync(params CampaignSetup[] items) =>
        await ada.ProblemAsync(HttpMethod.Put, "api/admin/campaigns", JsonSerializer.Serialize(new CampaignList(items, (await SettingsAsync()).Campaigns!.Version), ContractsJson.Default.CampaignList));

    async Task NumberAsync(string? campaign)
    {
        var number = (await SettingsAsync()).Numbers.Single() with { Campaign = campaign };
        using var answer = await ada.Http.PutAsJsonAsync($"api/admin/numbers/{number.Number}", number, ContractsJson.Default.NumberSetup);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.AdminView))!.Numbers.Single().Campaign.Should().Be(campaign);
    }

    [PostgresFact]
    public async Task Campaigns_are_kept_in_order_told_in_the_catalog_and_what_is_left_out_is_put_away()
    {
        (await SaveAsync(Winter with { Name = " Winter offer " }, Spring)).Items.Should().Equal(Winter, Spring);
        (await SaveAsync(Spring with { Name = "Easter" })).Items.Should().Equal(Spring with { Name = "Easter" }, Winter with { Retired = true });
        (await anna.GetAsync("api/catalog", ContractsJson.Default.CatalogView)).Campaigns!.Select(c => (c.Code, c.Name, c.Retired)).Should().Equal(("spring", "Easter", false), ("winter", "Winter offer", true));
        (await SaveAsync(Winter, Spring)).Items.Should().Equal(Winter, Spring);
        var change = (await ada.GetAsync("api/admin/changes", ContractsJson.Default.ListPageSettingsChangeView)).Items[0];
        (change.Kind, change.Who, change.Before!.Contains("Easter", StringComparison.Ordinal)).Should().Be(("campaigns", "Ada Admin", true));
    }

    [PostgresFact]
    public async Task What_cannot_be_is_refused_and_an_older_list_too()
    {
        (await RefusedAsync(new CampaignSetup("Winter", "x"))).Problem.Errors!["items"].Should().ContainMatch("codes of*");
        (await RefusedAsync(Winter, Winter)).Problem.Errors!["items"].Should().Contain("each code once").And.Contain("each name once");
        (await RefusedAsync(Winter with { Name = " " })).Problem.Errors!.Should().ContainKey("items");
        (await RefusedAsync(Winter with { To = new DateOnly(2026, 10, 31) })).Problem.Errors!["items"].Should().Equal("a last day that is not before the first");
        (await RefusedAsync(Winter with { From = new DateOnly(26, 1, 1) })).Problem.Errors!["items"].Should().Equal("days from 2000 to 2100");
        (await RefusedAsync(Winter with { Description = new string('x', 501) })).Problem.Errors!["items"].Should().Equal("descriptions of at most 500 characters");
        var version = (await SettingsAsync()).Campaigns!.Version;
        await SaveAsync(Winter);
        var (status, problem) = await ada.ProblemAsync(HttpMethod.Put, "api/admin/campaigns", $$"""{"items":[],"version":{{version}}}""");
        (status, problem.ErrorId).Should().Be((HttpStatusCode.Conflict, "edit_conflict"));
        (await SettingsAsync()).Campaigns!.Items.Should().Equal(Winter);
        (await anna.ProblemAsync(HttpMethod.Put, "api/admin/campaigns", $$"""{"items":[],"version":{{version + 1}}}""")).Status.Should().Be(HttpStatusCode.Forbidden);
    }

    [PostgresFact]
    public async Task One_that_numbers_and_dispositions_name_is_not_put_away_and_they_name_none_that_is_not_there()
    {
        await SaveAsync(Winter, Spring);
        await NumberAsync("winter");
        (await RefusedAsync(Spring)).Problem.Errors!["items"].Should().Equal("“Winter offer” kept while numbers belong to it: 390233334444");
        await NumberAsync(null);
        var dispositions = (await SettingsAsync()).Dispositions;
        async Task<HttpResponseMessage> LimitAsync(string code) =>
            await ada.Http.PutAsJsonAsync("api/admin/dispositions", new CodesSave([.. dispositions, new CodeSetup("booked", "Booked", "positive", Campaigns: [code])]), ContractsJson.Default.CodesSave);
        using (var wrong = await LimitAsync("nowhere")) (await wrong.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!["items"].Should().Equal("campaigns that there are");
        using (var right = await LimitAsync("spring"))
            (await right.Content.ReadFromJsonAsync(ContractsJson.Default.AdminView))!.Dispositions.Single(d => d.Code == "booked").Campaigns.Should().Equal("spring");
        (await RefusedAsync(Winter)).Problem.Errors!["items"].Should().Equal("“Spring” kept while dispositions are for it: Booked");
        // One of a campaign alone is none for the calls that are of none.
        var (status, problem) = await ada.ProblemAsync(HttpMethod.Put, "api/admin/dispositions", """{"items":[{"code":"booked","name":"Booked","outcome":"positive","campaigns":["spring"]}]}""");
        (status, problem.Errors!["items"].Single()).Should().Be((HttpStatusCode.BadRequest, "at least one disposition for every queue"));
        using (var back = await ada.Http.PutAsJsonAsync("api/admin/dispositions", new CodesSave(dispositions), ContractsJson.Default.CodesSave)) back.StatusCode.Should().Be(HttpStatusCode.OK);
        await SaveAsync(Winter);
        var number = (await SettingsAsync()).Numbers.Single();
        using var gone = await ada.Http.PutAsJsonAsync($"api/admin/numbers/{number.Number}", number with { Campaign = "spring" }, ContractsJson.Default.NumberSetup);
        (await gone.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!["campaign"].Should().Equal("a campaign that is not put away");
    }

    [PostgresFact]
    public async Task A_call_shows_its_campaign_is_found_by_it_and_takes_the_dispositions_that_are_for_it()
    {
        await SaveAsync(Winter, Spring);
        await NumberAsync("winter");
        var dispositions = (await SettingsAsync()).Dispositions;
        using (var saved = await ada.Http.PutAsJsonAsync("api/admin/dispositions",
            new CodesSave([.. dispositions, new CodeSetup("winter_things", "Winter things", Group: true, Campaigns: ["winter"]), new CodeSetup("booked", "Booked", "positive", Parent: "winter_things")]), ContractsJson.Default.CodesSave))
            saved.StatusCode.Should().Be(HttpStatusCode.OK, await saved.Content.ReadAsStringAsync());
        await using var story = await Story.BeginAsync(host);
        async Task<Guid> EndedAsync(string? campaign)
        {
            var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
            await story.WriteAsync([
                .. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi, campaign: campaign), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi),
                .. story.Answers(call, offer, Seeds.Anna, "101"), .. story.Ends(call, Seeds.Anna, "101", Seeds.Rossi), story.Agent(Seeds.Anna, AgentState.Ready, "101", null),
            ]);
            await story.WrittenAsync(host);
            return call;
        }

        var (of, none) = (await EndedAsync("winter"), await EndedAsync(null));
        // The number goes to another campaign; what was called for the first stays its.
        await NumberAsync("spring");
        (await anna.GetAsync($"api/calls/{of}", ContractsJson.Default.CallDetailView)).Call.Campaign.Should().Be(new NamedCode("winter", "Winter offer"));
        (await anna.GetAsync($"api/calls/{none}", ContractsJson.Default.CallDetailView)).Call.Campaign.Should().BeNull();
        async Task<Guid[]> FoundAsync(string campaign) => [.. (await anna.GetAsync($"api/calls?limit=100&campaign={campaign}", ContractsJson.Default.ListPageCallRow)).Items.Select(c => c.Id)];
        (await FoundAsync("winter")).Should().Equal(of);
        (await FoundAsync("spring")).Should().BeEmpty();
        (await (await ada.Http.GetAsync("api/calls/export?campaign=winter")).Content.ReadAsStringAsync()).TrimEnd().Split('\n').Should().HaveCount(2).And.Contain(l => l.Contains("Winter offer"));

        var say = JsonSerializer.Serialize(new WrapUpSave("booked", "", "", false, "p", Guid.Empty), ContractsJson.Default.WrapUpSave);
        (await anna.ProblemAsync(HttpMethod.Put, $"api/calls/{none}/wrap-up", say)).Problem.Errors!.Keys.Should().Equal("disposition");
        using (var given = await anna.Http.PutAsJsonAsync($"api/calls/{of}/wrap-up", new WrapUpSave("booked", "", "", false, "p", Guid.Empty), ContractsJson.Default.WrapUpSave)) given.StatusCode.Should().Be(HttpStatusCode.OK);
        using var back = await ada.Http.PutAsJsonAsync("api/admin/dispositions", new CodesSave(dispositions), ContractsJson.Default.CodesSave);
        back.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [PostgresFact]
    public async Task The_agents_page_is_told_the_campaign_of_its_call_also_after_a_restart()
    {
        await SaveAsync(Winter);
        // The settings' hint brings the name.
        for (var n = 0; host.Services.GetRequiredService<LiveFacts>().Names.Campaign("winter")!.Name != Winter.Name; n++)
        {
            n.Should().BeLessThan(500);
            await Task.Delay(20);
        }

        await using var story = await Story.BeginAsync(host);
        await using var page = await anna.OpenAsync();
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([
            .. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi, campaign: "winter"), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi), .. story.Answers(call, offer, Seeds.Anna, "101"),
        ]);
        (await page.NextAsync<CallEvent>(e => e.Call.CallId == call)).Call!.Campaign.Should().Be(new NamedCode("winter", "Winter offer"));
        await story.WrittenAsync(host);
        (await host.Services.GetRequiredService<FeedLoader>().LoadAsync("main", default)).Calls[call].Campaign.Should().Be("winter");
        await story.WriteAsync([.. story.Ends(call, Seeds.Anna, "101", Seeds.Rossi), story.Agent(Seeds.Anna, AgentState.Ready, "101", null)]);
        await story.WrittenAsync(host);
    }
}
