using System.Net;
using CallCrm.Contracts;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.Engine;
using CallCrm.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Live;

/// <summary>Who listens to a live call: told to the board, and to the agent as the site wants it.</summary>
[Trait("Category", "Slow")]
public sealed class ListeningTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    Story story = null!;

    public async Task InitializeAsync() => story = await Story.BeginAsync(host);

    public async Task DisposeAsync() => await story.DisposeAsync();

    async Task<Guid> TalkAsync()
    {
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi), .. story.Answers(call, offer, Seeds.Anna, "101")]);
        return call;
    }

    async Task<IReadOnlyList<string>> ToldInTimelineAsync(Page page, Guid call)
    {
        await story.WrittenAsync(host);
        return [.. (await page.GetAsync($"api/calls/{call}/timeline", ContractsJson.Default.CallTimelineView)).Events.Where(e => e.Kind == "call_listened").Select(e => $"{e.Code} {e.Who} {e.Other}")];
    }

    [PostgresFact]
    public async Task The_agent_and_the_board_see_who_listens_until_it_is_over()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var sara = await host.SignInAsync("sara");
        var (desk, board) = (await anna.OpenAsync(), await sara.OpenAsync());
        var call = await TalkAsync();
        await story.WriteAsync(story.Listens(call, Seeds.Sara, Seeds.Anna, "ear-1", true));
        (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.ListenedBy is not null)).Call.ListenedBy.Should().Equal("Sara Conti");
        (await board.NextAsync<AgentEvent>(e => e.Agent.ListenedBy is not null)).Agent.Should().BeEquivalentTo(new { Name = "Anna Verdi", ListenedBy = new[] { new ListenerView(Seeds.Sara, "Sara Conti") } });
        (await board.NextAsync<AgentEvent>(e => e.Agent.AgentId == Seeds.Sara)).Agent.ListensTo.Should().Be("Anna Verdi");
        (await host.Services.GetRequiredService<FeedLoader>().LoadAsync("main", default)).Calls[call].Listeners.Should().Equal(new LiveListener("ear-1", Seeds.Sara, Seeds.Anna));
        await story.WriteAsync(story.Listens(call, Seeds.Sara, Seeds.Anna, "ear-1", false));
        (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.ListenedBy is null)).Call.State.Should().Be("Talking");
        (await board.NextAsync<AgentEvent>(e => e.Agent.AgentId == Seeds.Anna && e.Agent.ListenedBy is null)).Agent.State.Should().Be("Talking");
        (await host.Services.GetRequiredService<FeedLoader>().LoadAsync("main", default)).Calls[call].Listeners.Should().BeEmpty();
        (await ToldInTimelineAsync(anna, call)).Should().Equal("begins Sara Conti Anna Verdi", "ends Sara Conti Anna Verdi");
        await story.WriteAsync(story.Ends(call, Seeds.Anna, "101", Seeds.Rossi));
    }

    [PostgresFact]
    public async Task A_site_that_hides_it_tells_the_leads_alone_and_one_that_has_it_off_lets_nobody()
    {
        try
        {
            host.Settings["Site:Listening"] = "Hidden";
            await host.RestartAsync();
            await using var anna = await host.SignInAsync("anna");
            await using var sara = await host.SignInAsync("sara");
            (await sara.GetAsync("api/session", ContractsJson.Default.SessionView)).Listening.Should().Be("hidden");
            var (desk, board) = (await anna.OpenAsync(), await sara.OpenAsync());
            var call = await TalkAsync();
            await story.WriteAsync(story.Listens(call, Seeds.Sara, Seeds.Anna, "ear-2", true));
            (await board.NextAsync<AgentEvent>(e => e.Agent.ListenedBy is not null)).Agent.AgentId.Should().Be(Seeds.Anna);
            await story.WriteAsync(story.Ends(call, Seeds.Anna, "101", Seeds.Rossi));
            await desk.NextAsync<CallEvent>(e => e.Call is { State: "Ended" } && e.Call.CallId == call);
            desk.Events.OfType<CallEvent>().Should().NotContain(e => e.Call.ListenedBy != null);
            (await ToldInTimelineAsync(anna, call)).Should().BeEmpty();
            (await ToldInTimelineAsync(sara, call)).Should().Equal("begins Sara Conti Anna Verdi");

            host.Settings["Site:Listening"] = "Off";
            await host.RestartAsync();
            (await sara.GetAsync("api/session", ContractsJson.Default.SessionView)).Listening.Should().BeNull();
            var (status, problem) = await sara.ProblemAsync(HttpMethod.Post, $"api/agents/{Seeds.Anna}/listening", $$"""{"id":"{{Guid.NewGuid()}}","callId":"{{call}}","listens":true}""");
            (status, problem.ErrorId).Should().Be((HttpStatusCode.Forbidden, "listening_off"));
        }
        finally
        {
            host.Settings.Clear();
            await host.RestartAsync();
        }
    }
}
