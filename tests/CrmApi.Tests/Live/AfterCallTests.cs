using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.Engine;
using CallCrm.TestKit;

namespace CallCrm.CrmApi.Tests.Live;

/// <summary>What shall follow a call: asked for, taken back, and shown, also after a restart.</summary>
[Trait("Category", "Slow")]
public sealed class AfterCallTests(ApiHost host) : IClassFixture<ApiHost>
{
    [PostgresFact]
    public async Task Sign_out_after_the_call_and_its_taking_back_go_to_the_router_for_agents_alone()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var sara = await host.SignInAsync("sara");
        var ids = new[] { Guid.CreateVersion7(), Guid.CreateVersion7() };
        foreach (var (id, kind) in ids.Zip(["sign_out_after", "keep_on"]))
        {
            using var answer = await anna.Http.PostAsJsonAsync("api/commands", new CommandRequest(id, kind), ContractsJson.Default.CommandRequest);
            (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.CommandAnswer))!.Accepted.Should().BeTrue();
            var (_, problem) = await sara.ProblemAsync(HttpMethod.Post, $"api/agents/{Seeds.Anna}/commands", $$"""{"id":"{{Guid.NewGuid()}}","kind":"{{kind}}"}""");
            problem.Errors!.Keys.Should().Equal("kind");
        }

        host.Router.Commands.Where(c => ids.Contains(c.Id)).Select(c => (c.Agent, c.Command.Kind)).Should().Equal((Seeds.Anna, "sign_out_after"), (Seeds.Anna, "keep_on"));
    }

    [PostgresFact]
    public async Task The_page_shows_that_the_agent_leaves_and_still_does_after_a_restart()
    {
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await using var story = await Story.BeginAsync(host);
        await using var anna = await host.SignInAsync("anna");
        var desk = await anna.OpenAsync();
        await story.WriteAsync([.. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, Seeds.Anna, "101"), .. story.Answers(call, offer, Seeds.Anna, "101"),
            story.Agent(Seeds.Anna, AgentState.Talking, "101", call, "break", leaves: true)]);
        (await desk.NextAsync<MyStateEvent>(e => e.State.Leaves)).State.Reason.Should().Be("break");
        await story.WrittenAsync(host);
        await host.RestartAsync();
        await using var again = await host.SignInAsync("anna");
        (await again.OpenAsync()).Answer.Desk!.State.Should().BeEquivalentTo(new { State = "Talking", Reason = "break", Leaves = true });
        await story.WriteAsync(story.Ends(call, Seeds.Anna, "101", Seeds.Rossi));
        await story.WriteAsync(story.Agent(Seeds.Anna, AgentState.SignedOut, null, null, "after_call"));
        await story.WrittenAsync(host);
    }
}
