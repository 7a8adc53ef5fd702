using CallCrm.EndToEnd.Calls;
using CallCrm.TestKit;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Days;

/// <summary>Two people and one real phone: who sits there gets the calls, and without a phone nobody is ready.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class HotDesk(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [LabFact]
    public async Task A_place_is_asked_for_and_given_and_the_next_call_comes_to_who_sits_there_now()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "110", ring: TimeSpan.FromMilliseconds(500), talk: TimeSpan.FromSeconds(10));
        await using var holder = await Desk.OpenAsync(host.Address, "demo");
        await holder.SitDownAsync("110");
        await using var asker = await Desk.OpenAsync(host.Address, "anna");
        await asker.Page.Locator("[data-test=sit][data-extension='110']").ClickAsync();
        await asker.See("seat-ask-do").ClickAsync();
        await holder.See("seat-question").WaitForAsync();
        await holder.See("seat-give").ClickAsync();
        await asker.Page.Locator("[data-test=presence][data-state=Ready]").WaitForAsync();
        await holder.Page.Locator("[data-test=presence][data-state=SignedOut]").WaitForAsync();

        await using var call = lab.Call(new LabCallPlan(LabHost.Sales) { From = "+393471112233", Talk = TimeSpan.FromSeconds(3) });
        await asker.See("pop").WaitForAsync();
        (await holder.See("pop").IsVisibleAsync()).Should().BeFalse("the place is Anna's now");
        await call.StepAsync("answered");
        await asker.See("hang-up").WaitForAsync();
    }

    [LabFact]
    public async Task Without_a_registered_phone_nobody_becomes_ready_until_it_is_there()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var desk = await Desk.OpenAsync(host.Address, "demo");
        await desk.Page.Locator("[data-test=sit][data-extension='110']").ClickAsync();
        await desk.See("ready-again").WaitForAsync();
        (await desk.See("presence").GetAttributeAsync("data-state")).Should().Be("Paused");
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "110", ring: TimeSpan.FromMilliseconds(500));
        for (var tries = 0; tries < 20 && await desk.See("presence").GetAttributeAsync("data-state") != "Ready"; tries++)
        {
            if (await desk.See("ready-again").IsVisibleAsync())
                await desk.See("ready-again").ClickAsync();
            await Task.Delay(500);
        }

        await desk.Page.Locator("[data-test=presence][data-state=Ready]").WaitForAsync();
    }
}
