using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Snippet;

/// <summary>deploy/asterisk/callcrm.conf on a real Asterisk: no caller is lost because CallCrm is.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Fallback
{
    static readonly LabCallPlan Plan = new("+390240001") { Talk = TimeSpan.FromSeconds(1) };

    public static TheoryData<string> Faults =>
    [
        "frozen", "slow", "closes at once", "resets", "talks rubbish", "half an answer",
        "no action", "unknown action", "closes between two commands", "frozen between two commands",
    ];

    [LabFact]
    public async Task Nobody_listens()
    {
        var lab = await AsteriskLab.SharedAsync();
        await FallsBackAsync(lab);
    }

    [LabTheory]
    [MemberData(nameof(Faults))]
    public async Task A_server_that_misbehaves(string fault)
    {
        var lab = await AsteriskLab.SharedAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, fault switch
        {
            "frozen" => new AgiAnswer { Freeze = true },
            "slow" => AgiAnswer.Dial("PJSIP/101") with { After = TimeSpan.FromSeconds(5) },
            "closes at once" => AgiAnswer.Nothing(),
            "resets" => new AgiAnswer { Reset = true },
            "talks rubbish" => new AgiAnswer { Raw = "HTTP/1.1 400 Bad Request\r\n\r\n\0\u0001\"\"\"" + new string('x', 5000) + "\n" },
            "half an answer" => new AgiAnswer(("CALLCRM_DEVICE", "PJSIP/101"), ("CALLCRM_RING", "10")),
            "no action" => new AgiAnswer(("CALLCRM_ACTION", "")),
            "unknown action" => new AgiAnswer(("CALLCRM_ACTION", "sing")),
            "closes between two commands" => new AgiAnswer { Raw = "SET VARIABLE CALLCRM_DEVICE \"PJSIP/101\"\nSET VARIA" },
            "frozen between two commands" => new AgiAnswer { Raw = "SET VARIABLE CALLCRM_ACTION \"dial\"\n", Freeze = true },
            _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, null),
        });

        await FallsBackAsync(lab);
    }

    [LabTheory]
    [InlineData("PJSIP/101&PJSIP/102")]
    [InlineData("Local/00441234@from-agents")]
    [InlineData("PJSIP/trunk/sip:00441234@127.0.0.2")]
    [InlineData("PJSIP/101,20,T")]
    [InlineData("PJSIP/")]
    [InlineData("PJSIP/10\"1")]
    [InlineData("PJSIP/${SHELL(id)}")]
    public async Task A_device_that_is_more_than_a_device_is_not_dialled(string device)
    {
        var lab = await AsteriskLab.SharedAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Dial(device));
        // The lab is shared, and the doctor's own check is a Local channel.
        var earlier = lab.Cel().Count;
        await FallsBackAsync(lab);
        lab.Cel().Skip(earlier).Should().NotContain(r => r.Channel.StartsWith("Local/", StringComparison.Ordinal));
    }

    [LabTheory]
    [InlineData("lab-voicemail,s,nowhere")]
    [InlineData("lab-voicemail,t,1")]
    [InlineData("no-such-context,s,1")]
    [InlineData("lab-voicemail")]
    [InlineData("lab-voicemail,s,start,more")]
    public async Task A_place_in_the_dialplan_that_does_not_exist(string place)
    {
        var lab = await AsteriskLab.SharedAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Goto(place));
        await FallsBackAsync(lab);
    }

    [LabTheory]
    [InlineData("no-such-sound")]
    [InlineData("../../etc/passwd")]
    public async Task A_message_that_does_not_exist(string sound)
    {
        var lab = await AsteriskLab.SharedAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Play(sound));
        await FallsBackAsync(lab);
    }

    [LabFact]
    public async Task A_site_without_a_fallback_of_its_own_still_answers()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await lab.CliAsync("dialplan remove context callcrm-fallback");
        try
        {
            await using var watch = await lab.WatchAsync();
            await using var call = lab.Call(Plan);
            await call.StepAsync("answered", TimeSpan.FromSeconds(8));
            await watch.EventAsync("Newexten", e => e["Application"] == "Playback" && e["AppData"] == "sorry&please-try-call-later");
        }
        finally
        {
            await lab.CliAsync("dialplan reload");
        }
    }

    /// <summary>One call; it must stand in the site's fallback within 2.5 s of its channel, by the PBX's own clock, alive, and be answered there.</summary>
    static async Task FallsBackAsync(AsteriskLab lab)
    {
        await lab.QuietAsync();
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan);
        var began = await watch.EventAsync("Newchannel", e => e["Channel"].StartsWith("PJSIP/trunk-", StringComparison.Ordinal));
        var fallback = await watch.UserEventAsync("LabFallback", TimeSpan.FromSeconds(20));
        (LabAmi.AtSeconds(fallback) - LabAmi.AtSeconds(began)).Should().BeLessThan(2.5);
        await call.StepAsync("answered", TimeSpan.FromSeconds(20));
        (await call.EndAsync()).Should().Be(0);
        call.Steps.Should().Contain(s => s.What == "hung-up").And.NotContain(s => s.What == "left");
    }
}
