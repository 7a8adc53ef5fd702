using Bunit;
using CallCrm.AgentWeb.Frame;
using CallCrm.AgentWeb.Live;
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
        menu.Click("[data-test=presence]");
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
        menu.Click("[data-test=presence]");
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
        menu.Click("[data-test=presence]");
        menu.FindAll("[data-test=presence-keep-on]").Should().BeEmpty();
        menu.Find("[role=menu]").TextContent.Should().Contain("Pause after this call");
        menu.Click("[data-test=presence-sign-out-after]");
        menu.WaitForAssertion(() => Sent.Should().Equal("sign_out_after"));
        Feed.Take(Some.Message(Me("Talking", leaves: true)));
        menu.WaitForAssertion(() => menu.Find("[data-test=presence-after]").TextContent.Should().Contain("then sign out"));
        menu.Click("[data-test=presence]");
        menu.FindAll("[data-test=presence-sign-out-after]").Should().BeEmpty();
        menu.Click("[data-test=presence-keep-on]");
        menu.WaitForAssertion(() => Sent.Should().Equal("sign_out_after", "keep_on"));
    }

    [Fact]
    public async Task A_pause_after_the_call_has_its_name_in_the_chip_through_the_wrap_up()
    {
        var menu = await InCallMenuAsync();
        menu.Click("[data-test=presence]");
        menu.Click("[data-test=presence-pause]");
        menu.WaitForAssertion(() => Sent.Should().Equal("pause break"));
        foreach (var state in new[] { "Talking", "WrapUp" })
        {
            Feed.Take(Some.Message(Me(state, "break")));
            menu.WaitForAssertion(() => menu.Find("[data-test=presence-after]").TextContent.Should().Contain("then pause: Break"));
        }

        Feed.Take(Some.Message(Me("Paused", "break")));
        menu.WaitForAssertion(() => menu.FindAll("[data-test=presence-after]").Should().BeEmpty());
        menu.Click("[data-test=presence]");
        menu.FindAll("[data-test=presence-sign-out-after],[data-test=presence-keep-on]").Should().BeEmpty();
    }

    [Fact]
    public async Task The_menu_shows_what_is_used_of_a_pause_and_what_is_left()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk() with { Today = Some.Today with { Pauses = [new PauseUseView("break", 300)] } }));
        var menu = Render<PresenceMenu>();
        menu.FindAll("[data-test=pause-use]").Should().BeEmpty();
        menu.Click("[data-test=presence]");
        menu.Find("[data-test=pause-use]").TextContent.Should().Be("5:00 used, 10:00 left");
    }

    [Fact]
    public async Task A_pause_that_runs_is_counted_on_and_shown_when_it_is_over_its_minutes_and_goes_on()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk() with { State = Some.State("Paused", "break"), Today = Some.Today with { Pauses = [new PauseUseView("break", 300)] } }));
        var menu = Render<PresenceMenu>();
        Time.Advance(TimeSpan.FromMinutes(9));
        menu.WaitForAssertion(() => menu.Find("[data-test=pause-use]").TextContent.Should().Be("14:00 used, 1:00 left"));
        Time.Advance(TimeSpan.FromSeconds(90));
        menu.WaitForAssertion(() => menu.Find("[data-test=pause-use]").TextContent.Should().Contain("0:30 over"));
        menu.Find("[data-test=pause-use]").GetAttribute("data-over").Should().Be("true");
        Server.Asked.Should().NotContain(a => a.Path == "api/commands", "exceeding is shown, never forced");
    }

    [Theory]
    [InlineData(-20, 15)]
    [InlineData(-5, 10)]
    public void Of_a_pause_over_midnight_only_the_rest_counts(int dayBegan_min, int used_min) =>
        PauseAllowance.Of(new PauseReasonView("break", "Break", 15), null, "Paused", "break", Some.Noon.AddMinutes(-15), Some.Noon.AddMinutes(dayBegan_min), Some.Noon.AddMinutes(dayBegan_min == -5 ? 5 : 0))
            .Used.Should().Be(TimeSpan.FromMinutes(used_min));
}
