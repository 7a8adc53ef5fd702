using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Live;

/// <summary>Pause reasons with minutes a day, and what of them is used.</summary>
[Trait("Category", "Slow")]
public sealed class PauseTests(ApiHost host) : IClassFixture<ApiHost>
{
    /// <summary>The pause is over after so long; the clock of the story does not wait for it.</summary>
    static AgentChanged Over(JournalEntry entry, TimeSpan paused) => (AgentChanged)entry with { Before_ms = (int)paused.TotalMilliseconds };

    [PostgresFact]
    public async Task Todays_use_is_shown_by_reason_to_the_agent_and_on_the_board_and_is_the_same_after_a_restart()
    {
        await using var story = await Story.BeginAsync(host);
        await using var anna = await host.SignInAsync("anna");
        await using var sara = await host.SignInAsync("sara");
        var (desk, board) = (await anna.OpenAsync(), await sara.OpenAsync());
        await story.WriteAsync(story.Agent(Seeds.Anna, AgentState.Paused, "101", null, "break"));
        foreach (var (next, paused_s) in new[] { ("lunch", 2.0), ("break", 3.5), (null, 1.0) })
            await story.WriteAsync(Over(story.Agent(Seeds.Anna, next is null ? AgentState.Ready : AgentState.Paused, "101", null, next), TimeSpan.FromSeconds(paused_s)));

        var today = (await desk.NextAsync<MyStateEvent>(e => e.State.State == "Ready")).Today;
        // By hand: break 2 + 1 s, lunch 3.5 s, shown in whole seconds.
        today.Pauses.Should().Equal(new PauseUseView("break", 3), new PauseUseView("lunch", 3));
        today.DayStart.Should().Be(host.Services.GetRequiredService<SiteClock>().DayStart);
        (await board.NextAsync<AgentEvent>(e => e.Agent.AgentId == Seeds.Anna && e.Agent.State == "Ready")).Agent.Pauses.Should().Equal(today.Pauses);
        await story.WrittenAsync(host);
        await host.RestartAsync();
        await using var again = await host.SignInAsync("anna");
        (await again.OpenAsync()).Answer.Desk!.Today.Pauses.Should().Equal(today.Pauses);
    }

    [PostgresFact]
    public async Task Of_a_pause_that_began_before_today_only_todays_part_counts()
    {
        await using var story = await Story.BeginAsync(host);
        await story.WriteAsync(story.Agent(Seeds.Luca, AgentState.Paused, "102", null, "break"));
        await story.WriteAsync(Over(story.Agent(Seeds.Luca, AgentState.Ready, "102", null), TimeSpan.FromHours(25)));
        await story.WrittenAsync(host);
        while (host.Feed.State.Seq < story.Last) await Task.Delay(20);
        var clock = host.Services.GetRequiredService<SiteClock>();
        var loaded = await host.Services.GetRequiredService<FeedLoader>().LoadAsync("main", CancellationToken.None);
        foreach (var state in new[] { host.Feed.State, loaded })
            state.Agent(Seeds.Luca).Today.Pauses!["break"].Should().BeCloseTo((long)(clock.Now - clock.DayStart).TotalMilliseconds, 30_000);
    }

    [PostgresFact]
    public async Task Each_domain_has_reasons_of_its_own_with_their_minutes()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("insert into domain (name) values ('other'); insert into pause_reason (domain, code, name) values ('other', 'siesta', 'Siesta'), ('other', 'break', 'Their break')");
        await using var ada = await host.SignInAsync("ada");
        await using var anna = await host.SignInAsync("anna");
        (await anna.GetAsync("api/catalog", ContractsJson.Default.CatalogView)).PauseReasons.Should().Equal(new PauseReasonView("break", "Break", 15));
        using (var answer = await ada.Http.PutAsJsonAsync("api/admin/pause-reasons", new CodesSave([new CodeSetup("lunch", "Lunch", null, 45), new CodeSetup("meeting", "Meeting")]), ContractsJson.Default.CodesSave))
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        (await anna.GetAsync("api/catalog", ContractsJson.Default.CatalogView)).PauseReasons.Should().Equal(new PauseReasonView("lunch", "Lunch", 45), new PauseReasonView("meeting", "Meeting"));
        (await ada.GetAsync("api/admin", ContractsJson.Default.AdminView)).PauseReasons.Select(r => (r.Code, r.Allowance_min)).Should().Equal(("lunch", 45), ("meeting", null));
        (await database.QueryAsync<(string, string)>("select code, name from pause_reason where domain = 'other' and not retired order by code")).Should().Equal(("break", "Their break"), ("siesta", "Siesta"));
        var change = (await ada.GetAsync("api/admin/changes?limit=1", ContractsJson.Default.ListPageSettingsChangeView)).Items.Single();
        (change.Who, change.Kind).Should().Be(("Ada Admin", "pause_reasons"));
        JsonDocument.Parse(change.Before!).RootElement.GetProperty("items")[0].GetProperty("allowance_min").GetInt32().Should().Be(15);
        await database.ExecuteAsync("update pause_reason set retired = code <> 'break' where domain = 'main'");
    }

    [PostgresTheory]
    [InlineData("pause-reasons", """{"code":"break","name":"Break","allowance_min":0}""")]
    [InlineData("pause-reasons", """{"code":"break","name":"Break","allowance_min":1441}""")]
    [InlineData("dispositions", """{"code":"sale","name":"Sale","outcome":"positive","allowance_min":5}""")]
    public async Task An_allowance_that_is_none_is_named(string list, string item)
    {
        await using var ada = await host.SignInAsync("ada");
        var (status, problem) = await ada.ProblemAsync(HttpMethod.Put, $"api/admin/{list}", $$"""{"items":[{{item}}]}""");
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.Errors!["items"].Should().Equal("an allowance of 1 to 1440 minutes a day, of pause reasons only");
    }
}
