using CallCrm.Contracts;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.Engine;
using CallCrm.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Live;

/// <summary>A PBX out of sight, phones that cannot ring, calls that are not ours: what agents and the board are told.</summary>
[Trait("Category", "Slow")]
public sealed class SightTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    Story story = null!;

    public async Task InitializeAsync() => story = await Story.BeginAsync(host);

    public async Task DisposeAsync() => await story.DisposeAsync();

    [PostgresFact]
    public async Task Everyone_hears_that_a_PBX_is_away_since_when_and_that_it_is_back()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var sara = await host.SignInAsync("sara");
        var (desk, board) = (await anna.OpenAsync(), await sara.OpenAsync());
        await story.WriteAsync([story.Pbx(true)]);
        await story.WriteAsync([story.Pbx(false)]);
        var lost = await desk.NextAsync<PbxEventView>(e => !e.Connected);
        lost.Should().BeEquivalentTo(new { Node = "pbx", Reason = "connection lost" });
        (await board.NextAsync<PbxEventView>(e => !e.Connected)).Since.Should().Be(lost.Since);
        // A router that starts while it is still away says so again: away since the first word.
        await Task.Delay(20);
        await story.WriteAsync([story.Pbx(false)]);
        await using var luca = await host.SignInAsync("luca");
        (await luca.OpenAsync()).Answer.Desk!.Pbxs.Single().Should().BeEquivalentTo(new { Connected = false, lost.Since });
        (await host.Services.GetRequiredService<FeedLoader>().LoadAsync("main", default)).Pbxs["pbx"].Since.Should().BeCloseTo(lost.Since, TimeSpan.FromMilliseconds(1));
        await story.WriteAsync([story.Pbx(true)]);
        (await desk.NextAsync<PbxEventView>(e => e.Connected && e.Since > lost.Since)).Reason.Should().BeNull();
    }

    [PostgresFact]
    public async Task Who_is_ready_at_a_phone_that_cannot_ring_is_told_why_and_not_counted_as_ready()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var sara = await host.SignInAsync("sara");
        var (desk, board) = (await anna.OpenAsync(), await sara.OpenAsync());
        await story.WriteAsync([story.Agent(Seeds.Anna, AgentState.Ready, "101", null), story.Agent(Seeds.Luca, AgentState.Ready, "102", null)]);
        await board.NextAsync<BoardEvent>(e => e.Figures is { AgentsReady: 2 });
        foreach (var reason in new[] { "unreachable", "busy" })
        {
            await story.WriteAsync([story.Agent(Seeds.Anna, AgentState.Ready, "101", null, reason)]);
            (await desk.NextAsync<MyStateEvent>(e => e.State.Reason == reason)).State.State.Should().Be("Ready");
            (await board.NextAsync<AgentEvent>(e => e.Agent.Reason == reason)).Agent.Should().BeEquivalentTo(new { Name = "Anna Verdi", State = "Ready", Node = "pbx", OwnCall = false });
            await board.NextAsync<BoardEvent>(e => e.Figures is { AgentsReady: 1, AgentsSignedIn: 2 });
        }

        await story.WriteAsync([story.Agent(Seeds.Anna, AgentState.Ready, "101", null)]);
        await desk.NextAsync<MyStateEvent>(e => e.State is { State: "Ready", Reason: null } && e.At > desk.Events.OfType<MyStateEvent>().Last(m => m.State.Reason == "busy").At);
    }

    [PostgresFact]
    public async Task An_agents_own_call_is_shown_as_such_and_as_theirs_when_it_came_through_us()
    {
        await using var mila = await host.SignInAsync("mila");
        await using var sara = await host.SignInAsync("sara");
        var (desk, board) = (await mila.OpenAsync(), await sara.OpenAsync());
        var call = Guid.CreateVersion7();
        await story.WriteAsync([story.Agent(Seeds.Mila, AgentState.Ready, "103", null), .. story.Dials(call, Seeds.Mila, "103")]);
        (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call)).Call.Should().BeEquivalentTo(new { Routed = false, Node = "pbx", Direction = "Outbound" });
        (await board.NextAsync<AgentEvent>(e => e.Agent is { State: "Talking", Name: "Mila Orlova" })).Agent.OwnCall.Should().BeTrue();
        (await host.Services.GetRequiredService<FeedLoader>().LoadAsync("main", default)).Calls[call].Routed.Should().BeFalse();
        await story.WriteAsync([story.Abandons(call, 0), story.Agent(Seeds.Mila, AgentState.Ready, "103", null)]);
        (await board.NextAsync<AgentEvent>(e => e.Agent is { State: "Ready", Name: "Mila Orlova", CallId: null } && !e.Agent.OwnCall)).Agent.Reason.Should().BeNull();
    }
}
