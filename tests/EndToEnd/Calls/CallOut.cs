using CallCrm.TestKit;
using CallCrm.TestKit.Lab;
using Microsoft.Playwright;

namespace CallCrm.EndToEnd.Calls;

/// <summary>A number typed at the desk: the own SIP phone rings, Asterisk calls out, the talk is recorded on the client's channel and written up.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class CallOut(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [LabFact]
    public async Task A_number_typed_at_the_desk_is_called_recorded_and_written_up_and_a_busy_one_says_so()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "110", ring: TimeSpan.FromMilliseconds(800), talk: TimeSpan.FromSeconds(60));
        await using var desk = await Desk.OpenAsync(host.Address, "demo");
        await desk.SitDownAsync("110");
        await using (await lab.PhoneAsync(LabPhoneKind.Answer, "trunk", ring: TimeSpan.FromSeconds(1), talk: TimeSpan.FromSeconds(6)))
        {
            await desk.See("dial-number").FillAsync("347 111 2299");
            await desk.See("dial-call").ClickAsync();
            await desk.See("lift-own").WaitForAsync();
            await phone.StepAsync("ringing");
            await Assertions.Expect(desk.See("call-band")).ToContainTextAsync("347 111 2299");
            await Assertions.Expect(desk.See("call-band")).ToContainTextAsync("Talking");
            await desk.See("wrap-up").WaitForAsync();
            await desk.See("disposition").ClickAsync();
            await desk.Page.Keyboard.PressAsync("Control+Enter");
            await desk.Page.Locator("[data-test=presence][data-state=Ready]").WaitForAsync();
        }

        await using (await lab.PhoneAsync(LabPhoneKind.Busy, "trunk"))
        {
            await desk.See("dial-number").FillAsync("+39 06 9999 8888");
            await desk.See("dial-call").ClickAsync();
            await Assertions.Expect(desk.See("last-out")).ToContainTextAsync("Busy");
            await desk.Page.Locator("[data-test=presence][data-state=Ready]").WaitForAsync();
        }

        await desk.Page.GotoAsync(new Uri(host.Address, "calls").ToString());
        var rows = desk.Page.Locator("[data-test=call-row]");
        await Assertions.Expect(rows.Nth(0)).ToContainTextAsync("Busy");
        await Assertions.Expect(rows.Nth(1)).ToContainTextAsync("Answered");
        await rows.Nth(1).ClickAsync();
        await Assertions.Expect(desk.See("player-play")).ToBeVisibleAsync(new LocatorAssertionsToBeVisibleOptions { Timeout = 60_000 });
    }
}
