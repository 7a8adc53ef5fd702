using System.Net;
using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Frame;
using CallCrm.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.Agent.Web.Tests;

/// <summary>The guide that <c>?</c> opens.</summary>
public sealed class HelpSheetTests : PageContext
{
    bool _broken;

    async Task<IRenderedComponent<MainFrame>> FrameAsync(string role, bool isAgent)
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath switch
        {
            "/api/session" => FakeServer.Json(JsonSerializer.Serialize(Some.As(role) with { IsAgent = isAgent, Language = "it" }, ContractsJson.Default.SessionView)),
            _ when _broken => FakeServer.Json("{}", HttpStatusCode.ServiceUnavailable),
            "/api/guides/supervisor" => Guide("supervisor"),
            "/api/guides/agent" => Guide("agent"),
            "/api/guides/admin" => Guide("admin"),
            _ => null,
        };
        JSInterop.Setup<Dictionary<string, string>>("callcrm.drafts", _ => true).SetResult([]);
        await Session.LoadAsync();
        Feed.Take(new FeedMessage("1", [], Snapshot: true, Desk: Some.Desk()));
        return Render<MainFrame>();
    }

    static HttpResponseMessage Guide(string role) => FakeServer.Json(JsonSerializer.Serialize(new GuideView(role, "it", $"<h1>Guide of {role}</h1><p><strong>x</strong></p>"), ContractsJson.Default.GuideView));

    [Fact]
    public async Task The_key_opens_the_guide_of_ones_role_in_ones_language_and_Escape_closes_it()
    {
        var frame = await FrameAsync("supervisor", isAgent: true);
        Services.GetRequiredService<Browser>().OnKey("help");

        frame.WaitForAssertion(() => frame.Find("[data-test=guide] h1").TextContent.Should().Be("Guide of supervisor"));
        frame.Find("[data-test=guide]").GetAttribute("lang").Should().Be("it");
        frame.Find("[data-test=guide]").GetAttribute("tabindex").Should().Be("0", "the arrow keys move through it");
        frame.Find("[data-test=help-sheet]").GetAttribute("role").Should().Be("dialog");

        frame.Find("[data-test=help-agent]").Click();
        frame.WaitForAssertion(() => frame.Find("[data-test=guide] h1").TextContent.Should().Be("Guide of agent", "who takes calls has the agents' too"));

        Services.GetRequiredService<Browser>().OnKey("escape");
        frame.WaitForAssertion(() => frame.FindAll("[data-test=help-sheet]").Should().BeEmpty());
    }

    [Fact]
    public async Task The_button_in_the_bar_opens_it_and_who_takes_no_calls_has_one_guide()
    {
        var frame = await FrameAsync("admin", isAgent: false);
        frame.Find("[data-test=help]").Click();
        frame.WaitForAssertion(() => frame.Find("[data-test=guide] h1").TextContent.Should().Be("Guide of admin"));
        frame.FindAll("[data-test=help-agent]").Should().BeEmpty();
    }

    [Fact]
    public async Task A_guide_that_does_not_come_says_so_and_can_be_asked_for_again()
    {
        var frame = await FrameAsync("supervisor", isAgent: false);
        _broken = true;
        frame.Find("[data-test=help]").Click();
        frame.WaitForAssertion(() => frame.Find("[data-test=help-sheet] [role=alert]"));
        _broken = false;
        frame.Find("[data-test=help-sheet] [role=alert] button").Click();
        frame.WaitForAssertion(() => frame.Find("[data-test=guide] h1").TextContent.Should().Be("Guide of supervisor"));
    }
}
