using Bunit;
using CallCrm.AgentWeb.Frame;

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
}
