using CallCrm.TestKit;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Snippet;

/// <summary>deploy/asterisk/callcrm.conf on a real Asterisk: calls made from the page, as the router asks for them.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class CallingOut
{
    const string Number = "+390699998888";

    static Task<IReadOnlyDictionary<string, string>> OriginateAsync(LabAmi ami, string id, string number, bool record = true, bool isInternal = false) => ami.SendAsync("Originate",
        ("Channel", "PJSIP/101"), ("ChannelId", id), ("Context", "callcrm-out"), ("Exten", number), ("Priority", "1"), ("CallerID", $"<{number}>"), ("Timeout", "30000"), ("Async", "true"),
        ("Variable", "__CALLCRM_CALLID=lab"), ("Variable", $"__CALLCRM_RECORD={(record ? "1" : "0")}"), ("Variable", "CALLCRM_FROM=101"), ("Variable", $"CALLCRM_INTERNAL={(isInternal ? "1" : "0")}"));

    static bool IsTrunk(IReadOnlyDictionary<string, string> e) => e["Channel"].StartsWith("PJSIP/trunk-", StringComparison.Ordinal);

    [LabFact]
    public async Task The_phone_rings_first_then_the_number_and_the_recording_sits_on_the_called_leg()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(60));
        await using var client = await lab.PhoneAsync(LabPhoneKind.Answer, "trunk", ring: TimeSpan.FromMilliseconds(500), talk: TimeSpan.FromSeconds(4));
        await using var watch = await lab.WatchAsync();
        var id = $"callcrm-{Guid.NewGuid():N}";
        (await OriginateAsync(watch, id, Number))["Response"].Should().Be("Success");

        var own = await watch.EventAsync("Newchannel", e => e["Channel"].StartsWith("PJSIP/101-", StringComparison.Ordinal));
        own["Uniqueid"].Should().Be(id, "by it the engine knows its channel again");
        var trunk = await watch.EventAsync("Newchannel", IsTrunk);
        trunk["Linkedid"].Should().Be(id);
        (await watch.EventAsync("MixMonitorStart"))["Uniqueid"].Should().Be(trunk["Uniqueid"]);
        (await watch.EventAsync("DialBegin", e => e["DestUniqueid"] == trunk["Uniqueid"]))["CallerIDNum"].Should().Be("101", "the site decides what the called party sees");
        await watch.EventAsync("DialEnd", e => e["DestUniqueid"] == trunk["Uniqueid"] && e["DialStatus"] == "ANSWER");
        await watch.EventAsync("Hangup", IsTrunk, TimeSpan.FromSeconds(20));
        var stem = Path.Combine(lab.RecordingFolder, $"lab-{trunk["Uniqueid"]}");
        await Eventually.BeAsync(() => File.Exists(stem + ".done"), TimeSpan.FromSeconds(10), stem + ".done");
        var (heard, said) = (Sound.ReadWav(stem + "-in.wav"), Sound.ReadWav(stem + "-out.wav"));
        Sound.Likeness(heard, Sound.ReadUlaw("/var/cache/callcrm/lab/media/client.ulaw")).Should().BeGreaterThan(0.8);
        Sound.Likeness(said, Sound.ReadUlaw("/var/cache/callcrm/lab/media/agent.ulaw")).Should().BeGreaterThan(0.5);
    }

    [LabFact]
    public async Task A_busy_number_ends_the_call_and_nothing_is_recorded_that_shall_not_be()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var phone = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(100), talk: TimeSpan.FromSeconds(60));
        await using var client = await lab.PhoneAsync(LabPhoneKind.Busy, "trunk");
        await using var watch = await lab.WatchAsync();
        await OriginateAsync(watch, $"callcrm-{Guid.NewGuid():N}", Number, record: false);

        (await watch.EventAsync("DialEnd", e => e["DestChannel"].StartsWith("PJSIP/trunk-", StringComparison.Ordinal)))["DialStatus"].Should().Be("BUSY");
        (await watch.EventAsync("Hangup", e => e["Channel"].StartsWith("PJSIP/101-", StringComparison.Ordinal)))["Cause"].Should().Be("17");
        watch.Events.Should().NotContain(e => e["Event"] == "MixMonitorStart");
    }

    [LabFact]
    public async Task A_colleague_is_rung_and_no_trunk_is_used()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101,102", ring: TimeSpan.FromMilliseconds(200), talk: TimeSpan.FromSeconds(2));
        await using var watch = await lab.WatchAsync();
        await OriginateAsync(watch, $"callcrm-{Guid.NewGuid():N}", "102", isInternal: true);

        await watch.EventAsync("DialEnd", e => e["DestChannel"].StartsWith("PJSIP/102-", StringComparison.Ordinal) && e["DialStatus"] == "ANSWER");
        watch.Events.Where(e => e["Event"] == "Newchannel").Should().NotContain(e => IsTrunk(e));
    }

    [LabFact]
    public async Task What_is_no_number_is_refused_before_anything_rings()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var watch = await lab.WatchAsync();
        foreach (var number in new[] { "s", "h", "sales", "*8" })
            (await OriginateAsync(watch, $"callcrm-{Guid.NewGuid():N}", number))["Response"].Should().Be("Error", number);
    }
}
