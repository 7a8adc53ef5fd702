using Bunit;
using CallCrm.AgentWeb.Frame;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class PresenceMenuTests : PageContext
{
    [Fact]
    public async Task An_open_menu_makes_room_for_a_call_that_comes()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk()));
        var menu = Render<PresenceMenu>();
        Feed.Take(Some.Message(Some.Me("Ready")));
        menu.Find("[data-test=presence]").Click();
        menu.Find("[role=menu]");
        Feed.Take(Some.Message(Some.Me("Ready")));
        menu.WaitForAssertion(() => menu.Find("[role=menu]"));
        Feed.Take(Some.Message(Some.Me("Reserved")));
        menu.WaitForAssertion(() => menu.FindAll("[role=menu]").Should().BeEmpty());
    }

    [Fact]
    public async Task A_menu_opened_while_it_rings_stays_open()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk("Ringing", Some.Pop())));
        var menu = Render<PresenceMenu>();
        Feed.Take(Some.Message(Some.Me("Ringing")));
        menu.Find("[data-test=presence]").Click();
        Feed.Take(Some.Message(Some.Me("Ringing")));
        menu.WaitForAssertion(() => menu.Find("[role=menu]"));
    }

    static MyStateEvent Me(string state, string? reason = null, bool leaves = false) => new(Some.State(state, reason) with { Leaves = leaves }, Some.Today);

    async Task<IRenderedComponent<PresenceMenu>> InCallMenuAsync()
    {
        await InCallAsync();
        return Render<PresenceMenu>();
    }

    IEnumerable<string> Sent => Server.Asked.Where(a => a.Path == "api/commands").Select(a => System.Text.Json.JsonSerializer.Deserialize(a.Body, ContractsJson.Default.CommandRequest)!).Select(c => c.Reason is null ? c.Kind : $"{c.Kind} {c.Reason}");

    [Fact]
    public async Task In_a_call_pause_and_sign_out_are_for_after_it_and_shown_in_the_chip()
    {
        var menu = await InCallMenuAsync();
        menu.FindAll("[data-test=presence-after]").Should().BeEmpty();
        menu.Find("[data-test=presence]").Click();
        menu.FindAll("[data-test=presence-keep-on]").Should().BeEmpty();
        menu.Find("[role=menu]").TextContent.Should().Contain("Pause after this call");
        menu.Find("[data-test=presence-sign-out-after]").Click();
        menu.WaitForAssertion(() => Sent.Should().Equal("sign_out_after"));
        Feed.Take(Some.Message(Me("Talking", leaves: true)));
        menu.WaitForAssertion(() => menu.Find("[data-test=presence-after]").TextContent.Should().Contain("then sign out"));
        menu.Find("[data-test=presence]").Click();
        menu.FindAll("[data-test=presence-sign-out-after]").Should().BeEmpty();
        menu.Find("[data-test=presence-keep-on]").Click();
        menu.WaitForAssertion(() => Sent.Should().Equal("sign_out_after", "keep_on"));
    }

    [Fact]
    public async Task A_pause_after_the_call_has_its_name_in_the_chip_through_the_wrap_up()
    {
        var menu = await InCallMenuAsync();
        menu.Find("[data-test=presence]").Click();
        menu.Find("[data-test=presence-pause]").Click();
        menu.WaitForAssertion(() => Sent.Should().Equal("pause break"));
        foreach (var state in new[] { "Talking", "WrapUp" })
        {
            Feed.Take(Some.Message(Me(state, "break")));
            menu.WaitForAssertion(() => menu.Find("[data-test=presence-after]").TextContent.Should().Contain("then Break"));
        }

        Feed.Take(Some.Message(Me("Paused", "break")));
        menu.WaitForAssertion(() => menu.FindAll("[data-test=presence-after]").Should().BeEmpty());
        menu.Find("[data-test=presence]").Click();
        menu.FindAll("[data-test=presence-sign-out-after],[data-test=presence-keep-on]").Should().BeEmpty();
    }
}
