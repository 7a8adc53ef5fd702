using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Snippet;

/// <summary>deploy/asterisk/callcrm.conf on a real Asterisk: who calls from outside cannot make it dial.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class TollFraud
{
    static readonly LabCallPlan Plan = new("+390240001");

    [LabTheory]
    [InlineData("##,102")]
    [InlineData("##,0039024000123#")]
    [InlineData("*2,102")]
    [InlineData("*1,*2,##,#,*3,#72")]
    [InlineData("*3")]
    public async Task Transfer_codes_pressed_by_the_caller_reach_nobody(string keys)
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Dial("PJSIP/101"));
        await using var agent = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(100));
        await using var other = await lab.PhoneAsync(LabPhoneKind.Answer, "102", ring: TimeSpan.FromMilliseconds(100));
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan with { Keys = keys, Talk = TimeSpan.FromSeconds(4) });

        (await call.EndAsync()).Should().Be(0);

        watch.Events.Count(e => e["Event"] == "DTMFEnd" && e["Direction"] == "Received").Should().BeGreaterThanOrEqualTo(keys.Count(k => k != ','), "the keys must have been heard");
        other.Steps.Should().BeEmpty();
        watch.Events.Where(e => e["Event"] == "Newchannel").Select(e => e["Channel"].Split('-')[0])
            .Should().BeEquivalentTo("PJSIP/trunk", "PJSIP/101");
        watch.Events.Should().NotContain(e => e["Event"] == "BlindTransfer" || e["Event"] == "AttendedTransfer" || e["Event"] == "ParkedCall" || e["Event"] == "MixMonitorStart");
        // The caller hung up in the end, nobody else did: the keys did not even cut the talk.
        call.Steps.Should().Contain(s => s.What == "hung-up");
    }

    [LabFact]
    public async Task Transfer_codes_pressed_on_hold_reach_nobody()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Hold(5));
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan with { Keys = "##,102,*2,#", Talk = TimeSpan.FromSeconds(4) });

        (await call.EndAsync()).Should().Be(0);

        watch.Events.Count(e => e["Event"] == "Newchannel").Should().Be(1);
    }

    [LabTheory]
    [InlineData("102", true)]
    [InlineData("0039024000123", false)]
    [InlineData("*8", false)]
    [InlineData("600", false)]
    public async Task A_transfer_goes_to_extensions_only(string target, bool exists)
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Hold(20), AgiAnswer.Hold(20));
        await using var other = await lab.PhoneAsync(LabPhoneKind.Answer, "102", ring: TimeSpan.FromMilliseconds(100));
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan with { Talk = TimeSpan.FromSeconds(15) });
        var mark = await watch.UserEventAsync("CallCrmHold");

        // What a blind transfer does to the client's channel: it goes to the target in TRANSFER_CONTEXT.
        await watch.SendAsync("Redirect", ("Channel", mark["Channel"]), ("Context", "callcrm-agents"), ("Exten", target), ("Priority", "1"));

        if (exists)
            await other.StepAsync("answered");
        else
            await Task.Delay(TimeSpan.FromSeconds(1));
        watch.Events.Where(e => e["Event"] == "Newchannel").Select(e => e["Channel"].Split('-')[0])
            .Should().BeEquivalentTo(exists ? ["PJSIP/trunk", "PJSIP/102"] : new[] { "PJSIP/trunk" });
    }

    [LabFact]
    public async Task A_client_whose_transfer_nobody_takes_comes_back_to_the_router()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Hold(20), AgiAnswer.Hold(20));
        await using var busy = await lab.PhoneAsync(LabPhoneKind.Busy, "102");
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan with { Talk = TimeSpan.FromSeconds(15) });
        var mark = await watch.UserEventAsync("CallCrmHold");

        await watch.SendAsync("Redirect", ("Channel", mark["Channel"]), ("Context", "callcrm-agents"), ("Exten", "102"), ("Priority", "1"));

        (await agi.AskedAsync("next")).DialStatus.Should().Be("BUSY");
    }

    [LabTheory]
    [InlineData("103", "PJSIP/103")]
    [InlineData("0039024000123", null)]
    [InlineData("600", null)]
    public async Task An_agent_s_blind_transfer_reaches_extensions_only(string target, string? reached)
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Dial("PJSIP/102", record: true), AgiAnswer.Hold(20));
        await using var colleague = await lab.PhoneAsync(LabPhoneKind.Answer, "103", ring: TimeSpan.FromMilliseconds(200));
        await using var agent = await lab.SoftphoneAsync("102");
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan with { Talk = TimeSpan.FromSeconds(20) });
        await call.StepAsync("ringing");
        await agent.AcceptAsync();
        await call.StepAsync("answered");

        await agent.TransferAsync($"sip:{target}@127.0.0.1:{lab.SipPort}");

        if (reached is not null)
            await colleague.StepAsync("answered");
        else if (target.Length == 3)
            (await agi.AskedAsync("next")).DialStatus.Should().Be("CHANUNAVAIL", "a client sent to an extension that is not there comes back");
        else
            await watch.EventAsync("Hangup", e => e["Channel"].StartsWith("PJSIP/102-", StringComparison.Ordinal), TimeSpan.FromSeconds(5));
        watch.Events.Where(e => e["Event"] == "Newchannel").Select(e => e["Channel"].Split('-')[0])
            .Should().BeEquivalentTo(new[] { "PJSIP/trunk", "PJSIP/102", reached }.Where(c => c is not null));
        watch.Events.Count(e => e["Event"] == "MixMonitorStart").Should().Be(1);
    }
}
