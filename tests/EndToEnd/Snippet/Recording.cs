using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Snippet;

/// <summary>deploy/asterisk/callcrm.conf on a real Asterisk: both sides of the client's channel, once in a call.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Recording
{
    static readonly LabCallPlan Plan = new("+390240001") { Talk = TimeSpan.FromSeconds(4) };

    [LabFact]
    public async Task The_in_file_holds_the_client_and_the_out_file_the_agent()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Dial("PJSIP/101", record: true));
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(300));
        var files = await RecordAsync(lab);

        var heard = Sound.ReadWav(files.In);
        var said = Sound.ReadWav(files.Out);
        var client = Sound.ReadUlaw("/var/cache/callcrm/lab/media/client.ulaw");
        var agent = Sound.ReadUlaw("/var/cache/callcrm/lab/media/agent.ulaw");

        Sound.Likeness(heard, client).Should().BeGreaterThan(0.8);
        Sound.Likeness(heard, agent).Should().BeLessThan(0.4);
        Sound.Likeness(said, agent).Should().BeGreaterThan(0.8);
        Sound.Likeness(said, client).Should().BeLessThan(0.4);
        heard.Length.Should().BeCloseTo(said.Length, 400);
        (heard.Length / 8000.0).Should().BeApproximately(4, 0.5);
    }

    [LabFact]
    public async Task One_recording_goes_on_through_a_second_phone()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Dial("PJSIP/101", ringSeconds: 1, record: true), AgiAnswer.Dial("PJSIP/102", record: true));
        await using var silent = await lab.PhoneAsync(LabPhoneKind.Silent, "101");
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "102", ring: TimeSpan.FromMilliseconds(300));
        await using var watch = await lab.WatchAsync();
        await RecordAsync(lab);

        watch.Events.Count(e => e["Event"] == "MixMonitorStart").Should().Be(1);
    }

    [LabFact]
    public async Task Nothing_is_recorded_unless_the_router_says_so()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Dial("PJSIP/101", record: false));
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(100));
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan with { Talk = TimeSpan.FromSeconds(1) });
        (await call.EndAsync()).Should().Be(0);

        watch.Events.Should().NotContain(e => e["Event"] == "MixMonitorStart");
    }

    /// <summary>One call from start to end; its files, named after the node and the channel's Uniqueid.</summary>
    static async Task<(string In, string Out)> RecordAsync(AsteriskLab lab)
    {
        await using var watch = await lab.WatchAsync();
        await using var call = lab.Call(Plan);
        (await call.EndAsync()).Should().Be(0);
        var channel = await watch.EventAsync("Newchannel", e => e["Channel"].StartsWith("PJSIP/trunk-", StringComparison.Ordinal));
        var stem = Path.Combine(lab.RecordingFolder, $"lab-{channel["Uniqueid"]}");
        await TestKit.Eventually.BeAsync(() => File.Exists(stem + ".done"), TimeSpan.FromSeconds(10), stem + ".done");
        return (stem + "-in.wav", stem + "-out.wav");
    }
}
