using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Calls;

/// <summary>Host and PBX killed or frozen in mid-call: no caller is lost, and what is shown afterwards is true.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Faults(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    static readonly LabCallPlan Plan = new(LabHost.Sales) { From = "+393471112244", Talk = TimeSpan.FromSeconds(40) };

    [LabFact]
    public async Task Killed_host_leaves_the_talk_alone_sends_new_callers_to_the_fallback_and_finds_the_call_again()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101,110", ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(60));
        await using (var page = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101"))
        {
            await using var call = lab.Call(Plan);
            await call.StepAsync("answered");
            await EventuallyAsync(async () => (await CallAsync(page)).State == "Talking", "the call is shown as talking");

            await host.KillAsync();
            await using var watch = await lab.WatchAsync();
            await using var second = lab.Call(Plan with { From = "+393471112245", Talk = TimeSpan.FromSeconds(2) });
            await watch.UserEventAsync("LabFallback", TimeSpan.FromSeconds(4));
            (await lab.ChannelsAsync()).Should().Contain(c => c.StartsWith("PJSIP/101", StringComparison.Ordinal), "the talk goes on without the host");
            await second.EndAsync();

            await host.StartAgainAsync();
            await using var again = await AgentPage.OpenAsync(host.Address, "anna", "demo");
            await EventuallyAsync(async () => again.Desk?.Call is { State: "Talking" } || (await CallAsync(again)).State == "Talking", "the live call is found again");
            await lab.CliAsync("channel request hangup all");
            await EventuallyAsync(async () => (await CallAsync(again)).Outcome == "Answered", "the call is closed with its outcome");
        }
    }

    [LabFact]
    public async Task Frozen_host_does_not_hold_callers()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "110", ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(2));
        await using var watch = await lab.WatchAsync();
        await host.FreezeAsync();
        try
        {
            await using var call = lab.Call(Plan with { From = "+393471112246", Talk = TimeSpan.FromSeconds(1) });
            var invite = await call.StepAsync("invite");
            var fallback = await watch.UserEventAsync("LabFallback", TimeSpan.FromSeconds(15));
            (LabAmi.AtSeconds(fallback) - invite.AtSeconds).Should().BeLessThan(2.5);
            (await call.EndAsync()).Should().Be(0);
        }
        finally
        {
            await host.ThawAsync();
        }

        await Task.Delay(TimeSpan.FromSeconds(1));
        await host.WaitReadyAsync(TimeSpan.FromSeconds(20));
    }

    [LabFact]
    public async Task Killed_asterisk_ends_its_calls_in_the_log_and_is_served_again()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(60));
        await using var page = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101");
        await using (var call = lab.Call(Plan with { From = "+393471112247" }))
        {
            await call.StepAsync("answered");
            await EventuallyAsync(async () => (await CallAsync(page)).State == "Talking", "the call is shown as talking");
            await lab.KillAsync();
            await lab.RestartAsync();
            await EventuallyAsync(async () => await CallAsync(page) is { State: "Ended", Estimated: true }, "the lost call is closed, marked as estimated");
        }

        await page.CommandAsync("ready");
        await phones.RegisterAgainAsync();
        await EventuallyAsync(async () => (await lab.CliAsync("pjsip show contacts")).Contains("101/sip:", StringComparison.Ordinal), "the phone is known after the restart");
        await using var next = await InvitedAsync(lab, Plan with { From = "+393471112248", Talk = TimeSpan.FromSeconds(1) });
        try
        {
            await next.StepAsync("answered", TimeSpan.FromSeconds(25));
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n{await lab.CliAsync("pjsip show contacts")}\n{await lab.CliAsync("core show channels verbose")}\n{host.Output}", e);
        }
    }

    /// <summary>A caller program that did not get as far as its INVITE tells nothing of the host: it is started again.</summary>
    static async Task<LabCall> InvitedAsync(AsteriskLab lab, LabCallPlan plan)
    {
        for (var attempt = 1; ; attempt++)
        {
            var call = lab.Call(plan);
            try
            {
                await call.StepAsync("invite", TimeSpan.FromSeconds(5));
                return call;
            }
            catch (TimeoutException) when (attempt < 3)
            {
                await call.DisposeAsync();
            }
        }
    }

    static async Task<Contracts.CallRow> CallAsync(AgentPage page)
    {
        var rows = await System.Net.Http.Json.HttpClientJsonExtensions.GetFromJsonAsync(page.Http, "api/calls?limit=1", Contracts.ContractsJson.Default.ListPageCallRow);
        return rows!.Items[0];
    }

    static async Task EventuallyAsync(Func<Task<bool>> ask, string what)
    {
        for (var left = 200; left > 0; left--)
        {
            if (await ask())
                return;
            await Task.Delay(100);
        }

        throw new TimeoutException($"Not within 20 s: {what}");
    }
}
