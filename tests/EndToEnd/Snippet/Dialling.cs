using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Snippet;

/// <summary>deploy/asterisk/callcrm.conf on a real Asterisk: the action "dial".</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Dialling
{
    static readonly LabCallPlan Plan = new("+390240001") { Talk = TimeSpan.FromSeconds(3) };

    [LabFact]
    public async Task The_named_phone_rings_answers_and_the_caller_hangs_up()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Dial("PJSIP/101"));
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(500));
        await using var call = lab.Call(Plan with { From = "+390212345678", DisplayName = "Mario Rossi" });

        await call.StepAsync("answered");
        (await call.EndAsync()).Should().Be(0);

        var asked = agi.Asked.Should().ContainSingle().Subject;
        asked.State.Should().Be("new");
        asked.Dialled.Should().Be("+390240001");
        asked.DialStatus.Should().BeEmpty();
        asked.Environment["agi_callerid"].Should().Be("+390212345678");
        asked.Environment["agi_network_script"].Should().Be("route");
        (await phone.StepAsync("left")).Should().NotBeNull();
    }

    [LabFact]
    public async Task A_phone_that_does_not_answer_in_its_time_is_followed_by_the_next()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Dial("PJSIP/101", ringSeconds: 2), AgiAnswer.Dial("PJSIP/102"));
        await using var silent = await lab.PhoneAsync(LabPhoneKind.Silent, "101");
        await using var answering = await lab.PhoneAsync(LabPhoneKind.Answer, "102", ring: TimeSpan.FromMilliseconds(300));
        await using var call = lab.Call(Plan);

        await call.StepAsync("answered");

        (await agi.AskedAsync("next")).DialStatus.Should().Be("NOANSWER");
        var rang = (await silent.StepAsync("cancelled")).AtSeconds - (await silent.StepAsync("ringing")).AtSeconds;
        rang.Should().BeInRange(1.8, 2.6);
    }

    [LabTheory]
    [InlineData(LabPhoneKind.Busy, "BUSY|NOANSWER")]
    [InlineData(LabPhoneKind.Decline, "NOANSWER|CHANUNAVAIL")]
    [InlineData(LabPhoneKind.Dnd, "NOANSWER")]
    [InlineData(LabPhoneKind.Dead, "NOANSWER")]
    public async Task A_phone_that_refuses_or_is_dead_is_followed_by_the_next(LabPhoneKind kind, string status)
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Dial("PJSIP/101", ringSeconds: 2), AgiAnswer.Dial("PJSIP/102"));
        await using var refusing = await lab.PhoneAsync(kind, "101");
        await using var answering = await lab.PhoneAsync(LabPhoneKind.Answer, "102", ring: TimeSpan.FromMilliseconds(300));
        await using var call = lab.Call(Plan);

        await call.StepAsync("answered");

        (await agi.AskedAsync("next")).DialStatus.Should().BeOneOf(status.Split('|'));
    }

    [LabFact]
    public async Task A_decline_may_look_like_a_phone_that_is_not_there_but_for_its_TechCause()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Dial("PJSIP/101"), AgiAnswer.Reject(17));
        await using var declining = await lab.PhoneAsync(LabPhoneKind.Decline, "101");
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan);

        // DIALSTATUS is the one or the other, by whether Dial sees the cause in time; only TechCause, in the Hangup of the leg, tells.
        (await agi.AskedAsync("next")).DialStatus.Should().BeOneOf("NOANSWER", "CHANUNAVAIL");
        var hangup = await watch.EventAsync("Hangup", e => e["Channel"].StartsWith("PJSIP/101-", StringComparison.Ordinal));
        hangup["TechCause"].Should().Contain("603");
        (await watch.EventAsync("DialEnd"))["DialStatus"].Should().Be("NOANSWER");
    }

    [LabTheory]
    [InlineData("PJSIP/109")]
    [InlineData("PJSIP/nobody")]
    [InlineData("Nothing/109")]
    public async Task A_phone_that_is_not_there_is_told_at_once(string device)
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Dial(device), AgiAnswer.Reject(17));
        await using var call = lab.Call(Plan);

        var refused = await call.StepAsync("refused");

        agi.Asked[1].State.Should().Be("next");
        agi.Asked[1].DialStatus.Should().Be("CHANUNAVAIL");
        (refused.AtSeconds - (await call.StepAsync("invite")).AtSeconds).Should().BeLessThan(1);
    }

    [LabFact]
    public async Task A_phone_in_a_call_is_not_rung_but_told_busy()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Dial("PJSIP/101"), AgiAnswer.Dial("PJSIP/101"), AgiAnswer.Reject(17));
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(100));
        await using var first = lab.Call(Plan with { Talk = TimeSpan.FromSeconds(20) });
        await first.StepAsync("answered");

        await using var second = lab.Call(Plan);
        await second.StepAsync("refused");

        (await agi.AskedAsync("next")).DialStatus.Should().Be("BUSY");
        phone.Steps.Count(s => s.What == "ringing").Should().Be(1);
    }

    [LabFact]
    public async Task All_contacts_of_an_agent_ring_and_the_one_that_answers_ends_the_others()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Dial("PJSIP/101"));
        await using var desk = await lab.PhoneAsync(LabPhoneKind.Silent, "101");
        await using var headset = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(800));
        await using var call = lab.Call(Plan);

        await call.StepAsync("answered");

        await headset.StepAsync("answered");
        await desk.StepAsync("cancelled");
        agi.Asked.Should().ContainSingle();
    }

    [LabFact]
    public async Task A_router_that_names_a_dead_phone_for_ever_loses_the_caller_to_the_fallback()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Dial("PJSIP/109"));
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan);

        await watch.UserEventAsync("LabFallback");

        agi.Asked.Count.Should().Be(51);
        await call.StepAsync("answered");
    }

    [LabFact]
    public async Task An_agent_puts_the_client_on_hold_and_takes_them_back()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Dial("PJSIP/102"));
        await using var agent = await lab.SoftphoneAsync("102");
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan with { Talk = TimeSpan.FromSeconds(20) });
        await call.StepAsync("ringing");
        await agent.AcceptAsync();
        await call.StepAsync("answered");

        await agent.HoldAsync();
        (await watch.EventAsync("Hold"))["Channel"].Should().StartWith("PJSIP/102-");
        (await watch.EventAsync("MusicOnHoldStart"))["Channel"].Should().StartWith("PJSIP/trunk-");
        await agent.ResumeAsync();
        await watch.EventAsync("Unhold");
        await agent.HangupAsync();
        await call.StepAsync("left");
    }
}
