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
        var (of, none) = (await CalledAsync(story, "winter"), await CalledAsync(story, null));
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

    /// <summary>A call of Rossi's that Anna took; over.</summary>
    async Task<Guid> CalledAsync(Story story, string? campaign)
    {
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([
            .. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi, campaign: campaign), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi),
            .. story.Answers(call, offer, Seeds.Anna, "101"), .. story.Ends(call, Seeds.Anna, "101", Seeds.Rossi), story.Agent(Seeds.Anna, AgentState.Ready, "101", null),
        ]);
        await story.WrittenAsync(host);
        return call;
    }

    async Task<(HttpStatusCode Status, string Body, CallFlow.RoadCommand? Sent)> DialAsync(string? campaign = null, Guid? callBackOf = null, string kind = "dial")
    {
        var id = Guid.CreateVersion7();
        using var answer = await anna.Http.PostAsJsonAsync("api/commands", new CommandRequest(id, kind, Number: kind == "dial" ? "+390699998888" : null, Campaign: campaign, CallBackOf: callBackOf), ContractsJson.Default.CommandRequest);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(), host.Router.Commands.SingleOrDefault(c => c.Id == id)?.Command);
    }

    [PostgresFact]
    public async Task A_call_out_is_for_a_campaign_that_runs_and_for_no_other()
    {
        host.Router.Answer = _ => new CallFlow.RoadAnswer(true, null);
        var today = host.Services.GetRequiredService<SiteClock>().Today;
        await SaveAsync(Winter with { From = today, To = today }, Spring, new CampaignSetup("over", "Over", To: today.AddDays(-1)), new CampaignSetup("coming", "Coming", From: today.AddDays(1)), new CampaignSetup("away", "Away", Retired: true));
        (await DialAsync("winter")).Sent!.Campaign.Should().Be("winter", "on its only day");
        (await DialAsync("spring")).Sent!.Campaign.Should().Be("spring", "it has no days");
        (await DialAsync()).Sent.Should().Match<CallFlow.RoadCommand>(c => c.Campaign == null);
        foreach (var code in new[] { "over", "coming", "away", "nowhere", "Winter", "" })
        {
            var (status, body, sent) = await DialAsync(code);
            (status, sent).Should().Be((HttpStatusCode.BadRequest, null), code);
            JsonSerializer.Deserialize(body, ContractsJson.Default.ProblemView)!.Errors!["campaign"].Should().Equal("the code of a campaign that runs now");
        }

        (await DialAsync("winter", kind: "ready")).Sent!.Campaign.Should().BeNull("only calls are for one");
        var told = (await anna.GetAsync("api/catalog", ContractsJson.Default.CatalogView)).Campaigns!;
        var now = TimeProvider.System.GetUtcNow();
        told.Where(c => c.RunsAt(now)).Select(c => c.Code).Should().Equal("winter", "spring");
        told.Single(c => c.Code == "winter").Should().Match<CampaignView>(c => c.Until - c.From >= TimeSpan.FromHours(23) && c.Until - c.From <= TimeSpan.FromHours(25));
    }

    [PostgresFact]
    public async Task Who_calls_back_calls_for_the_campaign_of_that_call_while_it_runs()
    {
        host.Router.Answer = _ => new CallFlow.RoadAnswer(true, null);
        var today = host.Services.GetRequiredService<SiteClock>().Today;
        await SaveAsync(Winter, Spring);
        await using var story = await Story.BeginAsync(host);
        var (of, none) = (await CalledAsync(story, "winter"), await CalledAsync(story, null));
        (await DialAsync(callBackOf: of)).Sent!.Campaign.Should().Be("winter");
        (await DialAsync("spring", of)).Sent!.Campaign.Should().Be("spring", "what the agent says goes before");
        (await DialAsync(callBackOf: none)).Sent!.Campaign.Should().BeNull();
        (await DialAsync(callBackOf: Guid.CreateVersion7())).Should().Match<(HttpStatusCode Status, string Body, CallFlow.RoadCommand? Sent)>(a => a.Status == HttpStatusCode.OK && a.Sent!.Campaign == null, "a call that is not kept any more is no reason not to call");
        await using (var database = await host.Database.OpenConnectionAsync())
        {
            // It was found to be part of another one.
            await database.ExecuteAsync("update call set merged_into = @of where id = @none", new { of, none });
            (await DialAsync(callBackOf: none)).Sent!.Campaign.Should().Be("winter");
            await database.ExecuteAsync("update call set merged_into = null where id = @none", new { none });
        }

        await SaveAsync(Winter with { From = today.AddDays(-9), To = today.AddDays(-1) });
        (await DialAsync(callBackOf: of)).Sent!.Campaign.Should().BeNull("it is over");
    }

    [PostgresFact]
    public async Task A_call_out_has_its_campaign_on_the_desk_in_the_log_and_at_wrap_up()
    {
        await SaveAsync(Winter);
        await using var story = await Story.BeginAsync(host);
        await using var page = await anna.OpenAsync();
        var call = Guid.CreateVersion7();
        await story.WriteAsync([.. story.Dials(call, Seeds.Anna, "101", "winter"), story.Recognises(call, Seeds.Rossi), story.Reaches(call)]);
        (await page.NextAsync<CallEvent>(e => e.Call.CallId == call)).Call!.Campaign!.Code.Should().Be("winter");
        await story.WriteAsync([.. story.Ends(call, Seeds.Anna, "101", Seeds.Rossi), story.Agent(Seeds.Anna, AgentState.Ready, "101", null)]);
        await story.WrittenAsync(host);
        (await anna.GetAsync("api/calls?limit=100&campaign=winter&direction=outbound", ContractsJson.Default.ListPageCallRow)).Items.Should().ContainSingle().Which.Id.Should().Be(call);
        var report = await (await ada.Http.GetAsync("api/reports?by=campaign&step=whole&of=winter&period=today")).Content.ReadFromJsonAsync(ContractsJson.Default.ReportView);
        report!.Rows.Should().ContainSingle().Which.Figures.Should().BeEquivalentTo(new { OutboundMade = 1L, OutboundTalk_s = 60L });
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
