using System.Net;
using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Check;
using CallCrm.AgentWeb.Frame;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

/// <summary>The check before the first call: what it finds, what it asks for, and when it is quiet.</summary>
public sealed class DayCheckTests : PageContext
{
    TimeSpan _serverBehind;
    TimeSpan _way;
    bool? _registered = true;
    bool _away;
    IReadOnlyList<SeatPhoneView>? _phones;

    public DayCheckTests()
    {
        JSInterop.Setup<string?>("callcrm.notifyState").SetResult("granted");
        Server.Answer = r =>
        {
            Time.Advance(_way);
            return _away ? throw new HttpRequestException("no line") : r.RequestUri!.AbsolutePath switch
            {
                "/api/clock" => FakeServer.Json(JsonSerializer.Serialize(new ClockView(Time.GetUtcNow() - (_way / 2) - _serverBehind), ContractsJson.Default.ClockView)),
                "/api/seats" => FakeServer.Json(JsonSerializer.Serialize(new SeatsView([new SeatView("pbx", "110", "", Some.Session.UserId, "Alex Romano", "Ready", false, true, _registered, null, true, _phones)]), ContractsJson.Default.SeatsView)),
                _ => null,
            };
        };
    }

    string Key => $"check:{Some.Session.UserId:N}";

    async Task<IRenderedComponent<CheckPanel>> OpenAsync(string state = "Ready")
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(state == "SignedOut" ? Some.Desk() with { State = Some.State("SignedOut") with { Node = null, Extension = null } } : Some.Desk(state)));
        return Render<CheckPanel>();
    }

    static string? StateOf(IRenderedComponent<CheckPanel> panel, string name) => panel.Find($"[data-test=check-{name}]").GetAttribute("data-state");

    static string TextOf(IRenderedComponent<CheckPanel> panel, string name) => panel.Find($"[data-test=check-{name}]").TextContent;

    [Fact]
    public async Task All_is_well_once_the_ring_was_heard()
    {
        JSInterop.Setup<string?>("callcrm.tryRing").SetResult("playing");
        var panel = await OpenAsync();
        panel.WaitForAssertion(() => new[] { "phone", "notify", "clock", "line" }.Select(n => StateOf(panel, n)).Should().AllBe("good"));
        (StateOf(panel, "sound"), StateOf(panel, "mic")).Should().Be(("ask", "note"));
        panel.Click("[data-test=check-play]");
        TextOf(panel, "sound").Should().Contain("Did you hear it?");
        panel.Click("[data-test=check-heard]");
        StateOf(panel, "sound").Should().Be("good");
        panel.Find("[data-test=day-check]").TextContent.Should().Contain("All is well.");
    }

    [Theory]
    [InlineData(true, "button", true, true, "good", "The page’s Answer works. Hold works.")]
    [InlineData(true, "itself", false, true, "good", "Your phone answers by itself when the page asks it to. Hold is done on the phone itself.")]
    [InlineData(true, "no", null, false, "good", "Lift the receiver to answer: this phone does not let the page do it. The PBX does not let CallCrm press the phone’s keys")]
    [InlineData(true, "at_once", null, true, "ask", "It was answered before anything was tried.")]
    [InlineData(false, null, null, true, "bad", "Your phone did not ring.")]
    public async Task The_own_phone_is_tried_when_asked_for_and_what_works_is_said(bool rang, string? answers, bool? hold, bool notifies, string state, string words)
    {
        var (usual, looks) = (Server.Answer, 0);
        Server.Answer = r => r.RequestUri!.AbsolutePath != "/api/seats/phone-test" ? usual!(r) : FakeServer.Json(JsonSerializer.Serialize(
            r.Method == HttpMethod.Get && ++looks > 1 ? new PhoneTestView("done", "PJSIP/110", notifies, rang, answers, hold) : new PhoneTestView("ringing", "PJSIP/110", notifies, false, null, null), ContractsJson.Default.PhoneTestView));
        var panel = await OpenAsync();
        StateOf(panel, "buttons").Should().Be("note");
        panel.WaitForAssertion(() => panel.Find("[data-test=check-phone-test]").HasAttribute("disabled").Should().BeFalse());
        panel.Click("[data-test=check-phone-test]");
        panel.WaitForAssertion(() => TextOf(panel, "buttons").Should().Contain("do not touch it"));
        for (var i = 0; i < 2; i++)
        {
            var before = looks;
            panel.WaitForAssertion(() =>
            {
                Time.Advance(TimeSpan.FromSeconds(1));
                looks.Should().BeGreaterThan(before);
            });
        }

        panel.WaitForAssertion(() => TextOf(panel, "buttons").Should().Contain(words));
        StateOf(panel, "buttons").Should().Be(state);
    }

    [Fact]
    public async Task Of_several_phones_one_is_chosen_and_what_cannot_be_tried_says_so()
    {
        _phones = [new("DAHDI/3", true, "none"), new("PJSIP/110", false, "notify"), new("SIP/110", true, "header"), new("PJSIP/120", true, "notify")];
        var (usual, tried) = (Server.Answer, new List<string>());
        Server.Answer = r =>
        {
            if (r.RequestUri!.AbsolutePath != "/api/seats/phone-test") return usual!(r);
            tried.Add(Uri.UnescapeDataString(r.RequestUri.Query));
            return FakeServer.Json(JsonSerializer.Serialize(new PhoneTestView("done", "SIP/110", false, true, "no", null), ContractsJson.Default.PhoneTestView));
        };
        var panel = await OpenAsync();
        panel.WaitForAssertion(() => panel.FindAll("[data-test=check-phone-which] option").Select(o => (o.TextContent, o.HasAttribute("disabled"))).Should()
            .Equal(("DAHDI/3: no order from the page", true), ("PJSIP/110: not registered", true), ("SIP/110", false), ("PJSIP/120", false)));
        panel.Click("[data-test=check-phone-test]");
        panel.WaitForAssertion(() => TextOf(panel, "buttons").Should().Contain("This kind of phone (chan_sip) takes no keys from the page"));
        panel.Find("[data-test=check-phone-which]").Change("PJSIP/120");
        panel.Click("[data-test=check-phone-test]");
        panel.WaitForAssertion(() => tried.Should().Equal("?device=SIP/110", "?device=PJSIP/120"));
    }

    [Fact]
    public async Task A_test_that_is_refused_says_why()
    {
        var usual = Server.Answer;
        Server.Answer = r => r.RequestUri!.AbsolutePath != "/api/seats/phone-test" ? usual!(r) : FakeServer.Text("""{"status":409,"errorId":"in_call","detail":"x"}""", "application/problem+json", HttpStatusCode.Conflict);
        var panel = await OpenAsync();
        panel.WaitForAssertion(() => panel.Find("[data-test=check-phone-test]").HasAttribute("disabled").Should().BeFalse());
        panel.Click("[data-test=check-phone-test]");
        panel.WaitForAssertion(() => TextOf(panel, "buttons").Should().Contain("Not in a call: end it first."));
        StateOf(panel, "buttons").Should().Be("bad");
    }

    [Theory]
    [InlineData("playing", "Turn the volume up")]
    [InlineData("blocked", "lets this page make no sound")]
    public async Task A_ring_that_is_not_heard_says_what_to_do(string ring, string words)
    {
        JSInterop.Setup<string?>("callcrm.tryRing").SetResult(ring);
        var panel = await OpenAsync();
        panel.Click("[data-test=check-play]");
        if (ring == "playing")
            panel.Click("[data-test=check-not-heard]");
        panel.WaitForAssertion(() => TextOf(panel, "sound").Should().Contain(words));
        StateOf(panel, "sound").Should().Be("bad");
        panel.FindAll("[data-test=check-play]").Should().ContainSingle("it can be tried again");
    }

    [Fact]
    public async Task A_ring_that_is_switched_off_is_switched_on_here()
    {
        JSInterop.Setup<string?>("callcrm.load", "muted").SetResult("1");
        var panel = await OpenAsync();
        panel.WaitForAssertion(() => TextOf(panel, "sound").Should().Contain("switched off"));
        panel.Click("[data-test=check-unmute]");
        StateOf(panel, "sound").Should().Be("ask");
        JSInterop.VerifyInvoke("callcrm.save").Arguments.Should().BeEquivalentTo(new object?[] { "muted", null }, o => o.WithStrictOrdering());
    }

    [Fact]
    public async Task Notifications_are_asked_for_by_a_button_and_blocked_ones_explained()
    {
        JSInterop.Setup<string?>("callcrm.notifyState").SetResult("default");
        JSInterop.Setup<string>("callcrm.askToNotify").SetResult("denied");
        var panel = await OpenAsync();
        panel.WaitForAssertion(() => StateOf(panel, "notify").Should().Be("ask"));
        panel.Click("[data-test=check-notify-ask]");
        panel.WaitForAssertion(() => StateOf(panel, "notify").Should().Be("bad"));
        TextOf(panel, "notify").Should().Contain("Click the icon left of the address");
        panel.FindAll("[data-test=check-notify-ask]").Should().BeEmpty();
    }

    [Theory]
    [InlineData(3, "This computer is 0:03 ahead")]
    [InlineData(-75, "This computer is 1:15 behind")]
    [InlineData(2, null)]
    public async Task A_clock_more_than_two_seconds_off_is_shown(int ahead_s, string? words)
    {
        _serverBehind = TimeSpan.FromSeconds(ahead_s);
        var panel = await OpenAsync();
        panel.WaitForAssertion(() => StateOf(panel, "clock").Should().Be(words is null ? "good" : "bad"));
        if (words is not null)
            TextOf(panel, "clock").Should().Contain(words);
    }

    [Fact]
    public async Task A_slow_way_is_no_wrong_clock_and_is_said()
    {
        (_way, _serverBehind) = (TimeSpan.FromMilliseconds(800), TimeSpan.FromSeconds(2.3));
        var panel = await OpenAsync();
        panel.WaitForAssertion(() => (StateOf(panel, "line"), StateOf(panel, "clock")).Should().Be(("ask", "good")));
        TextOf(panel, "line").Should().Contain("800 ms").And.Contain("cable");
    }

    [Fact]
    public async Task A_server_that_does_not_answer_and_a_line_that_is_down_are_said()
    {
        var panel = await OpenAsync();
        panel.WaitForAssertion(() => StateOf(panel, "line").Should().Be("good"));
        Feed.LineChanged(online: false);
        panel.WaitForAssertion(() => TextOf(panel, "line").Should().Contain("live line to the server is down"));
        _away = true;
        panel.Click("[data-test=check-again]");
        panel.WaitForAssertion(() => (StateOf(panel, "line"), StateOf(panel, "clock")).Should().Be(("bad", "bad")));
        TextOf(panel, "line").Should().Contain("The server does not answer");
    }

    [Fact]
    public async Task The_phone_is_looked_at_again_as_one_sits_down_and_as_it_comes()
    {
        _registered = false;
        var panel = await OpenAsync("SignedOut");
        panel.WaitForAssertion(() => TextOf(panel, "phone").Should().Contain("Choose your extension first"));
        Feed.Take(Some.Message(Some.Me("Paused")));
        panel.WaitForAssertion(() => TextOf(panel, "phone").Should().Contain("110 is not registered").And.Contain("Restart it"));
        StateOf(panel, "phone").Should().Be("bad");
        _registered = null;
        Feed.Take(Some.Message(Some.Me("Paused")));
        panel.WaitForAssertion(() => StateOf(panel, "phone").Should().Be("wait"));
        _registered = true;
        Feed.Take(Some.Message(Some.Me("Paused")));
        panel.WaitForAssertion(() => StateOf(panel, "phone").Should().Be("good"));
    }

    [Fact]
    public async Task It_is_quiet_for_the_rest_of_the_day_in_this_browser_and_opens_from_the_menu()
    {
        JSInterop.Setup<string?>("callcrm.load", Key).SetResult(Time.GetLocalNow().ToString("yyyy-MM-dd"));
        var panel = await OpenAsync();
        panel.FindAll("[data-test=day-check]").Should().BeEmpty();
        Server.Asked.Should().NotContain(a => a.Path == "api/clock");
        var menu = Render<PresenceMenu>();
        menu.Click("[data-test=presence]");
        menu.Click("[data-test=presence-check]");
        panel.WaitForAssertion(() => panel.Find("[data-test=day-check]"));
        menu.FindAll("[role=menu]").Should().BeEmpty();
        panel.Click("[data-test=check-close]");
        panel.FindAll("[data-test=day-check]").Should().BeEmpty();
        JSInterop.Invocations["callcrm.save"].Last().Arguments.Should().Equal(Key, Time.GetLocalNow().ToString("yyyy-MM-dd"));
    }

    [Fact]
    public async Task Yesterdays_check_does_not_count_and_a_call_hides_it()
    {
        JSInterop.Setup<string?>("callcrm.load", Key).SetResult(Time.GetLocalNow().AddDays(-1).ToString("yyyy-MM-dd"));
        var panel = await OpenAsync();
        panel.Find("[data-test=day-check]");
        Feed.Take(Some.Message(new PopEvent(Some.Pop())));
        panel.WaitForAssertion(() => panel.FindAll("[data-test=day-check]").Should().BeEmpty());
        Feed.Take(Some.Message(new OfferEvent(Some.OfferId, Some.CallId, false, "Cancelled", null)));
        panel.WaitForAssertion(() => panel.Find("[data-test=day-check]"));
    }
}
