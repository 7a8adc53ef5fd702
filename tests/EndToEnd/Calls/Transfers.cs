using CallCrm.TestKit;
using CallCrm.TestKit.Lab;
using Microsoft.Playwright;

namespace CallCrm.EndToEnd.Calls;

/// <summary>Two people at two browsers with two SIP phones: a client is handed on, asked about, brought back; and never hangs in the air.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Transfers(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    static Task StepAsync(Desk desk, string step) => desk.Page.Locator($"[data-test=transfer-strip][data-step={step}]").WaitForAsync();

    /// <summary>By keyboard alone: the sheet, the name, the way.</summary>
    static async Task HandOnAsync(Desk desk, string whom, string key)
    {
        await desk.Page.Keyboard.PressAsync("F6");
        await desk.See("transfer-search").WaitForAsync();
        await desk.Page.Keyboard.TypeAsync(whom);
        await Assertions.Expect(desk.Page.Locator("[data-test=transfer-row]")).ToHaveCountAsync(1);
        await desk.Page.Keyboard.PressAsync(key);
        await Assertions.Expect(desk.See("transfer-sheet")).ToBeHiddenAsync();
    }

    [LabFact]
    public async Task Asked_swapped_three_together_and_handed_over_and_each_writes_up()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "110", ring: TimeSpan.FromMilliseconds(600), talk: TimeSpan.FromSeconds(120));
        await using var other = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(1500), talk: TimeSpan.FromSeconds(120));
        await using var demo = await Desk.OpenAsync(host.Address, "demo");
        await demo.SitDownAsync("110");
        await using var call = lab.Call(new LabCallPlan(LabHost.Sales) { From = "+393471112233", DisplayName = "Giulia Ferri", Talk = TimeSpan.FromSeconds(60), Patience = TimeSpan.FromSeconds(60) });
        await call.StepAsync("answered", TimeSpan.FromSeconds(20));
        await demo.See("hang-up").WaitForAsync();
        await demo.See("note").FillAsync("Wants an offer for twenty seats.");
        await using var anna = await Desk.OpenAsync(host.Address, "anna");
        await anna.SitDownAsync("101");

        await demo.See("call-band").ClickAsync();
        await HandOnAsync(demo, "anna", "Enter");
        await StepAsync(demo, "Ringing");
        await Assertions.Expect(anna.See("pop-transfer")).ToContainTextAsync("about Giulia Ferri");
        await Assertions.Expect(anna.See("pop-note")).ToContainTextAsync("twenty seats");
        await StepAsync(demo, "Consulting");
        await anna.See("transfer-asked").WaitForAsync();
        await demo.See("transfer-swap").ClickAsync();
        await StepAsync(demo, "WithClient");
        await demo.See("transfer-swap").ClickAsync();
        await StepAsync(demo, "Consulting");
        await demo.See("transfer-join").ClickAsync();
        await StepAsync(demo, "Together");
        await demo.See("transfer-complete").ClickAsync();
        await demo.See("wrap-up").WaitForAsync();
        await Assertions.Expect(anna.See("transfer-asked")).ToBeHiddenAsync();
        await Assertions.Expect(anna.See("call-band")).ToContainTextAsync("Giulia Ferri");
        await anna.See("transfer").WaitForAsync();
        await demo.See("disposition").ClickAsync();
        await demo.Page.Keyboard.PressAsync("Control+Enter");
        await demo.Page.Locator("[data-test=presence][data-state=Ready]").WaitForAsync();

        (await lab.ChannelsAsync()).Should().HaveCount(2, "client and target");
        (await call.EndAsync(TimeSpan.FromSeconds(90))).Should().Be(0, "the client was never dropped");
        await anna.See("wrap-up").WaitForAsync();
        await Eventually.BeAsync(() => lab.ChannelsAsync().GetAwaiter().GetResult().Count == 0, TimeSpan.FromSeconds(15), "all channels to end");
    }

    [LabFact]
    public async Task A_busy_colleague_gives_the_client_back_and_one_who_is_asked_gets_them_at_once_when_the_phone_is_hung_up()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "110", ring: TimeSpan.FromMilliseconds(1500), talk: TimeSpan.FromSeconds(120));
        await using var demo = await Desk.OpenAsync(host.Address, "demo");
        await demo.SitDownAsync("110");
        await using var call = lab.Call(new LabCallPlan(LabHost.Sales) { From = "+393471112234", DisplayName = "Marco Blu", Talk = TimeSpan.FromSeconds(60), Patience = TimeSpan.FromSeconds(60) });
        await call.StepAsync("answered", TimeSpan.FromSeconds(20));
        await demo.See("hang-up").WaitForAsync();
        await using var anna = await Desk.OpenAsync(host.Address, "anna");
        await using (await lab.PhoneAsync(LabPhoneKind.Busy, "101"))
        {
            await anna.SitDownAsync("101");
            await HandOnAsync(demo, "anna", "Control+Enter");
            await Assertions.Expect(demo.See("pop-transfer")).ToContainTextAsync("busy");
            await demo.See("transfer-failed").WaitForAsync();

            // Asked first, the two are simply together again.
            await anna.Page.Locator("[data-test=presence][data-state=Ready]").WaitForAsync();
            await using var watch = await lab.WatchAsync();
            await HandOnAsync(demo, "anna", "Enter");
            await watch.EventAsync("DialEnd", e => e["DestChannel"].StartsWith("PJSIP/101-", StringComparison.Ordinal) && e["DialStatus"] != "ANSWER");
            await watch.EventAsync("BridgeEnter", e => e["Channel"].StartsWith("PJSIP/110-", StringComparison.Ordinal) && e["BridgeTechnology"] == "simple_bridge");
            await demo.See("transfer-failed").WaitForAsync();
            await demo.See("transfer").WaitForAsync();
        }

        await using var other = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(800), talk: TimeSpan.FromSeconds(120));
        await Eventually.BeAsync(() => lab.CliAsync("pjsip show contacts").GetAwaiter().GetResult().Contains("101/", StringComparison.Ordinal), TimeSpan.FromSeconds(10), "the phone to be there");
        await HandOnAsync(demo, "anna", "Enter");
        await StepAsync(demo, "Consulting");
        await demo.See("hang-up").ClickAsync();
        await demo.See("wrap-up").WaitForAsync();
        await anna.See("transfer").WaitForAsync();
        (await lab.ChannelsAsync()).Should().HaveCount(2, "client and target");
        (await call.EndAsync(TimeSpan.FromSeconds(90))).Should().Be(0, "the client was never dropped");
        await anna.See("wrap-up").WaitForAsync();
    }
}
