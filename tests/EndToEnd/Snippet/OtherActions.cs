using CallCrm.TestKit;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Snippet;

/// <summary>deploy/asterisk/callcrm.conf on a real Asterisk: goto, play, reject, and what the router is told about the caller.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class OtherActions
{
    static readonly LabCallPlan Plan = new("+390240001") { Talk = TimeSpan.FromSeconds(5) };

    [LabTheory]
    [InlineData("lab-voicemail,s,start")]
    [InlineData("lab-voicemail,s,1")]
    public async Task Goto_reaches_a_place_of_the_site(string place)
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Goto(place));
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan);

        await watch.UserEventAsync("LabVoicemail");
    }

    [LabFact]
    public async Task A_message_after_the_tone_is_recorded_marked_and_ends_with_its_caller()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Goto("callcrm-message,s,1"));
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan with { Talk = TimeSpan.FromSeconds(20) });

        var mark = await watch.UserEventAsync("CallCrmMessage", TimeSpan.FromSeconds(15));
        await watch.EventAsync("MixMonitorStart", e => e["Channel"] == mark["Channel"]);
        await call.EndAsync();

        var stem = Path.Combine(lab.RecordingFolder, $"lab-{mark["Uniqueid"]}");
        await TestKit.Eventually.BeAsync(() => File.Exists(stem + ".done"), TimeSpan.FromSeconds(10), stem + ".done");
        new FileInfo(stem + "-in.wav").Length.Should().BeGreaterThan(8000 * 2, "the caller's own sound");
        lab.Cel().Should().Contain(r => r.Event == "CALLCRM_MESSAGE");
    }

    [LabFact]
    public async Task Play_says_its_message_and_hangs_up()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Play("sorry"));
        await using var call = lab.Call(Plan with { Talk = TimeSpan.FromSeconds(15) });

        await call.StepAsync("answered");
        await call.StepAsync("left");
    }

    [LabFact]
    public async Task Reject_refuses_a_caller_who_was_not_answered()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Reject(17));
        CelRow[] Ends() => [.. lab.Cel().Where(r => r.Event == "HANGUP" && r.Channel.StartsWith("PJSIP/trunk", StringComparison.Ordinal))];
        var before = Ends().Length;
        await using var call = lab.Call(Plan);

        await call.StepAsync("refused");
        call.Steps.Should().NotContain(s => s.What == "answered");
        // Asterisk writes its record a moment after the answer.
        await Eventually.BeAsync(() => Ends().Length > before, TimeSpan.FromSeconds(10), "the end of the call in the CEL");
        var end = Ends()[before];
        end.Extra.Should().Contain("\"hangupcause\":17");
    }

    [LabFact]
    public async Task Reject_plays_the_tone_to_a_caller_who_was_held()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Hold(1), AgiAnswer.Reject(34));
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan with { Talk = TimeSpan.FromSeconds(20) });

        await call.StepAsync("answered");
        var left = await call.StepAsync("left", TimeSpan.FromSeconds(12));

        (left.AtSeconds - (await call.StepAsync("answered")).AtSeconds).Should().BeInRange(4.5, 7);
    }

    [LabTheory]
    [InlineData("+390240001", "+390240001")]
    [InlineData("5", "5")]
    [InlineData("sales", "")]
    [InlineData("12%22%2C%24%7BSHELL(id)%7D", "12")]
    [InlineData("00000000000000000000000000000000000000000000000000000000000000001", "0000000000000000000000000000000000000000")]
    public async Task The_dialled_number_is_told_without_anything_that_is_no_digit(string dialled, string told)
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Reject(17));
        await using var call = lab.Call(Plan with { To = dialled });

        var asked = await agi.AskedAsync("new");

        asked.Dialled.Should().Be(told);
        asked.Environment["agi_network_script"].Should().Be("route");
    }

    [LabTheory]
    [InlineData("12%29%3A1%24%7BEXTEN%7D%26PJSIP/101")]
    [InlineData("12%2C%24%7BGLOBAL(CALLCRM_AGI)%7D")]
    [InlineData("12%29%7D%24%7BSHELL(touch%20/hacked)%7D")]
    [InlineData("12%2C1)%24%5B1/0%5D")]
    public async Task A_dialled_number_that_is_dialplan_is_not_run(string dialled)
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Reject(17));
        await using var call = lab.Call(Plan with { To = dialled });

        var asked = await agi.AskedAsync("new");

        asked.Dialled.Should().MatchRegex("^[0-9+*#]{0,40}$");
        File.Exists(Path.Combine(lab.Folder, "../../hacked")).Should().BeFalse();
        (await lab.ChannelsAsync()).Should().NotContain(c => c.StartsWith("PJSIP/101", StringComparison.Ordinal));
        await call.StepAsync("refused");
    }

    [LabFact]
    public async Task A_withheld_number_is_told_as_withheld()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Reject(17));
        await using var call = lab.Call(Plan with { Withheld = true });

        var asked = await agi.AskedAsync("new");

        asked.Environment["agi_callingpres"].Should().Be("32");
    }
}
