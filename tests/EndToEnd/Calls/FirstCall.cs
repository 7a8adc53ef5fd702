using CallCrm.TestKit;
using CallCrm.TestKit.Lab;
using Microsoft.Playwright;

namespace CallCrm.EndToEnd.Calls;

/// <summary>The whole way once: sipp calls, Asterisk asks, the browser pops, a SIP phone answers, the talk is recorded and played.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class FirstCall(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [LabFact]
    public async Task Card_is_painted_before_the_phone_rings_and_the_talk_can_be_played_afterwards()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "110", ring: TimeSpan.FromMilliseconds(1500), talk: TimeSpan.FromSeconds(30));
        await using var desk = await Desk.OpenAsync(host.Address, "demo");
        await desk.SitDownAsync("110");

        await using var call = lab.Call(new LabCallPlan(LabHost.Sales) { From = "+393471112233", DisplayName = "Giulia <b>Ferri</b>", Talk = TimeSpan.FromSeconds(6) });
        await desk.See("pop").WaitForAsync();
        // A desk phone is not answered from the page.
        await desk.See("lift-receiver").WaitForAsync();
        (await desk.See("pop-name").TextContentAsync()).Should().Contain("<b>", "a caller's name is text, whatever it holds");
        var rang = await phone.StepAsync("ringing");
        (await desk.PopPaintedAtAsync()).Should().BeLessThan(rang.AtSeconds, "the pop is painted before the phone rings");

        await call.StepAsync("answered");
        await desk.See("hang-up").WaitForAsync();
        await desk.See("note").FillAsync("Wants an offer for twenty seats.");
        (await call.EndAsync()).Should().Be(0);
        await desk.See("wrap-up").WaitForAsync();
        await desk.See("disposition").ClickAsync();
        await desk.Page.Keyboard.PressAsync("Control+Enter");
        await desk.Page.Locator("[data-test=presence][data-state=Ready]").WaitForAsync();

        await desk.Page.GotoAsync(new Uri(host.Address, "calls").ToString());
        var row = desk.See("call-row");
        (await row.TextContentAsync()).Should().Contain("Answered");
        await row.ClickAsync();
        var play = desk.See("player-play");
        await Assertions.Expect(play).ToBeVisibleAsync(new LocatorAssertionsToBeVisibleOptions { Timeout = 60_000 });
        await play.ClickAsync();
        await Assertions.Expect(desk.See("player-time")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^0:0[1-9] / 0:0[4-9]"), new LocatorAssertionsToHaveTextOptions { Timeout = 20_000 });
    }

    [LabFact]
    public async Task A_browser_killed_in_talk_is_back_in_the_call_with_what_was_typed()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "110", ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(60));
        LabCall call;
        await using (var killed = await Desk.OpenAsync(host.Address, "demo"))
        {
            await killed.SitDownAsync("110");
            call = lab.Call(new LabCallPlan(LabHost.Sales) { From = "+393471112234", Talk = TimeSpan.FromSeconds(25) });
            await killed.See("hang-up").WaitForAsync();
            var saved = killed.Page.WaitForResponseAsync(r => r.Url.EndsWith("/draft/note", StringComparison.Ordinal) && r.Ok);
            await killed.See("note").FillAsync("Calls again on Friday.");
            await saved;
        }

        await using var ends = call;
        await using var back = await Desk.OpenAsync(host.Address, "demo");
        await back.See("hang-up").WaitForAsync();
        (await back.See("note").InputValueAsync()).Should().Be("Calls again on Friday.");
        (await call.EndAsync(TimeSpan.FromSeconds(60))).Should().Be(0, "nobody at the telephone noticed");
        await back.See("wrap-up").WaitForAsync();
    }
}
