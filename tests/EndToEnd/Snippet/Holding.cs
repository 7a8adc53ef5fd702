using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Snippet;

/// <summary>deploy/asterisk/callcrm.conf on a real Asterisk: the hold loop, and the way out of it by AMI Redirect.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Holding
{
    static readonly LabCallPlan Plan = new("+390240001") { Talk = TimeSpan.FromSeconds(30) };

    [LabFact]
    public async Task A_held_caller_is_marked_and_asked_for_on_every_turn()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Hold(1));
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan);

        await agi.AskedAsync("held", index: 2);

        var mark = await watch.UserEventAsync("CallCrmHold", index: 2);
        mark["CallId"].Should().Be("0123456789abcdef0123456789abcdef");
        mark["Channel"].Should().StartWith("PJSIP/trunk-");
        (await watch.EventAsync("MusicOnHoldStart", index: 2)).Should().NotBeNull();
        agi.Asked.Skip(1).Should().OnlyContain(a => a.State == "held" && a.Dialled == "+390240001");
        call.Steps.Should().NotContain(s => s.What == "left");
    }

    [LabFact]
    public async Task A_redirect_by_label_takes_the_caller_to_an_agent()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Hold(20), AgiAnswer.Dial("PJSIP/102", record: true));
        await using var watch = await lab.WatchAsync();
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "102", ring: TimeSpan.FromMilliseconds(300));
        await using var call = lab.Call(Plan);
        var mark = await watch.UserEventAsync("CallCrmHold");

        var answer = await watch.SendAsync("Redirect",
            ("Channel", mark["Channel"]), ("Context", "callcrm-route"), ("Exten", "s"), ("Priority", "callcrm"));

        answer["Response"].Should().Be("Success");
        await agi.AskedAsync("redirected");
        await phone.StepAsync("answered");
        await watch.EventAsync("BridgeEnter", e => e["Channel"] == mark["Channel"]);
        (await watch.EventAsync("MusicOnHoldStop")).Should().NotBeNull("the client must not hear music under the agent's voice");
    }

    [LabFact]
    public async Task A_redirect_to_a_missing_label_leaves_the_caller_unharmed()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Hold(2));
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan);
        var mark = await watch.UserEventAsync("CallCrmHold");

        var answer = await watch.SendAsync("Redirect",
            ("Channel", mark["Channel"]), ("Context", "callcrm-route"), ("Exten", "s"), ("Priority", "no-such-label"));

        answer["Response"].Should().Be("Error");
        await agi.AskedAsync("held", index: 1);
        (await lab.ChannelsAsync()).Should().Contain(mark["Channel"]);
    }

    [LabFact]
    public async Task A_redirect_out_of_a_frozen_agi_lands_and_is_not_taken_for_a_hangup()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Hold(1), new AgiAnswer { Freeze = true }, AgiAnswer.Hold(20));
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan);
        var mark = await watch.UserEventAsync("CallCrmHold");
        await agi.AskedAsync("held");

        await watch.SendAsync("Redirect",
            ("Channel", mark["Channel"]), ("Context", "callcrm-route"), ("Exten", "s"), ("Priority", "callcrm"));

        await agi.AskedAsync("redirected");
        await watch.UserEventAsync("CallCrmHold", index: 1);
        // The absolute timeout of the frozen request must not follow the caller here.
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        (await lab.ChannelsAsync()).Should().Contain(mark["Channel"]);
        watch.Events.Should().NotContain(e => e["Event"] == "UserEvent" && e["UserEvent"] == "LabFallback");
    }

    [LabFact]
    public async Task The_place_in_line_is_told_when_it_is_new_only()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Hold(1, place: 2), AgiAnswer.Hold(1, place: 2), AgiAnswer.Hold(1, place: 1), AgiAnswer.Hold(20));
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan);

        await watch.UserEventAsync("CallCrmHold", TimeSpan.FromSeconds(25), index: 3);

        var told = watch.Events
            .Where(e => e["Event"] == "Newexten" && e["Application"] is "Playback" or "SayNumber")
            .Select(e => e["AppData"]);
        told.Should().Equal("queue-thereare", "2", "queue-callswaiting", "queue-youarenext");
    }

    [LabFact]
    public async Task A_held_caller_reaches_the_fallback_when_CallCrm_is_gone()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Hold(2));
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan);
        await watch.UserEventAsync("CallCrmHold");

        await agi.DisposeAsync();

        (await watch.UserEventAsync("LabFallback", TimeSpan.FromSeconds(8)))["State"].Should().Be("held");
        call.Steps.Should().NotContain(s => s.What == "left");
    }
}
