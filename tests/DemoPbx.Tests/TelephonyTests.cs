using CallCrm.Telephony.Ami;
using CallCrm.Telephony.FastAgi;

namespace CallCrm.DemoPbx.Tests;

/// <summary>The router's own AMI client and FastAGI server against the demo PBX.</summary>
[Trait("Category", "Slow")]
public sealed class TelephonyTests
{
    [Fact]
    public async Task The_routers_own_client_and_server_lead_a_call_over_a_restart()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var requests = new List<string>();
        await using var agi = new AgiServer(new AgiServerOptions { Port = 0 }, async (session, cancel) =>
        {
            requests.Add(string.Join('|', session.Request.Arguments));
            await session.SetVariableAsync("__CALLCRM_CALLID", "c0ffee", cancel);
            await session.SetVariableAsync("CALLCRM_HOLD", "20", cancel);
            await session.SetVariableAsync("CALLCRM_DEVICE", "PJSIP/101", cancel);
            await session.SetVariableAsync("CALLCRM_ACTION", requests.Count == 1 ? "hold" : "dial", cancel);
        });
        agi.Start();
        var options = Bench.Options();
        options.AgiAddress = $"agi://127.0.0.1:{agi.LocalEndPoint.Port}/route";
        await using var pbx = new DemoPbxServer(options);
        await pbx.StartAsync(stop.Token);
        var ami = new AmiClient(new AmiClientOptions
        {
            Port = pbx.AmiPort,
            User = "callcrm",
            Secret = "demo-secret",
            ServerFilters = ["!^Event: (Newexten|AGIExec)"],
            BootWait = TimeSpan.FromSeconds(2),
        });
        var running = ami.RunAsync(stop.Token);
        var first = await NextAsync<AmiConnected>(ami, stop.Token);
        (first.SystemName, first.FullyBooted).Should().Be(("demo", true));

        var call = pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Hold);
        (await NextAsync<AmiEvent>(ami, stop.Token, e => e.Name == "UserEvent"))["CallId"].Should().Be("c0ffee");
        (await ami.SendAsync(AmiActions.Redirect(call.Channel!, "callcrm-route", "s", "callcrm"), stop.Token)).IsSuccess.Should().BeTrue();
        await call.Reached(DemoCallPlace.Ringing, "PJSIP/101");
        var leg = await NextAsync<AmiEvent>(ami, stop.Token, e => e.Name == "DialBegin");
        (await ami.SendAsync(AmiActions.PjsipNotify(leg["DestChannel"]!, "talk"), stop.Token)).IsSuccess.Should().BeTrue();
        await call.Reached(DemoCallPlace.Talking, "PJSIP/101");
        (await ami.SendListAsync(AmiActions.CoreShowChannels(), stop.Token)).Items.Should().HaveCount(2);
        (await ami.SendListAsync(AmiActions.DeviceStateList(), stop.Token)).Items.Should().HaveCount(5);
        (await NextAsync<AmiEvent>(ami, stop.Token, e => e.Name == "BridgeEnter")).Timestamp.Should().NotBeNull();

        await pbx.RestartAsync(kill: true);
        (await NextAsync<AmiLost>(ami, stop.Token)).Reason.Should().BeOneOf(AmiLostReason.ClosedByPbx, AmiLostReason.Broken);
        (await NextAsync<AmiConnected>(ami, stop.Token)).SessionNumber.Should().Be(2);
        (await ami.SendListAsync(AmiActions.CoreShowChannels(), stop.Token)).Items.Should().BeEmpty();
        requests.Should().Equal("new|560001|", "redirected|560001|");
        await stop.CancelAsync();
        await running;
    }

    private static async Task<T> NextAsync<T>(AmiClient ami, CancellationToken cancel, Func<T, bool>? wanted = null)
        where T : AmiSignal
    {
        await foreach (var signal in ami.Signals.ReadAllAsync(cancel))
        {
            if (signal is T found && wanted?.Invoke(found) != false)
            {
                return found;
            }
        }

        throw new InvalidOperationException("The signals ended.");
    }
}
