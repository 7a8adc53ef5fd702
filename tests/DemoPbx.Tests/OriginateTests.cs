using System.Text.RegularExpressions;
using CallCrm.TestKit;

namespace CallCrm.DemoPbx.Tests;

/// <summary>Click-to-dial: the agent's phone first, then the customer.</summary>
public sealed class OriginateTests
{
    [Fact]
    public async Task Agent_and_customer_talk_as_asterisk_tells_it()
    {
        await using var bench = await Bench.StartAsync([], o => o.CustomerAnswersAfter = TimeSpan.FromMilliseconds(50));
        (await OriginateAsync(bench))["Message"].Should().Be("Originate successfully queued");
        await bench.Ami.EventAsync("DialState");
        await bench.Pbx.Phone("PJSIP/101").Answer();
        await bench.Ami.EventAsync("BridgeEnter", m => m["BridgeNumChannels"] == "2");
        await bench.Pbx.Phone("PJSIP/101").HangUp();
        await EndAsync(bench, hangups: 2);
        var (told, asterisk) = (TraceStory.Of(bench.Ami), TraceStory.OfTrace("13i"));
        told.Plot.Should().Equal(WithoutRecording(asterisk.Plot));
        told.ByChannel["A"].Should().Equal(WithoutRecording(asterisk.ByChannel["A"]));
        told.ByChannel["B"].Should().Equal(asterisk.ByChannel["B"]);
        told.ByDevice.SelectMany(d => d.Value).Should().Equal(asterisk.ByDevice.SelectMany(d => d.Value));
        told.DialStatuses.Should().Equal(asterisk.DialStatuses);
        told.Records.Should().Equal(asterisk.Records);
        SameResponse(bench, "13i");
    }

    [Fact]
    public async Task An_agent_who_declines_is_told_as_asterisk_tells_it()
    {
        await using var bench = await Bench.StartAsync([]);
        await bench.Pbx.Phone("PJSIP/101").Behave(DemoPhoneBehaviour.Decline);
        await OriginateAsync(bench);
        await EndAsync(bench, hangups: 1);
        var (told, asterisk) = (TraceStory.Of(bench.Ami), TraceStory.OfTrace("13k"));
        told.Plot.Select(Unnamed).Should().Equal(asterisk.Plot.Select(Unnamed));
        told.Records.Should().Equal(asterisk.Records);
        SameResponse(bench, "13k");
    }

    [Fact]
    public async Task A_busy_customer_ends_the_agents_call()
    {
        await using var bench = await Bench.StartAsync([], o => o.CustomerBehaviour = DemoPhoneBehaviour.Busy);
        await OriginateAsync(bench);
        await bench.Ami.EventAsync("DialState");
        await bench.Pbx.Phone("PJSIP/101").Answer();
        await EndAsync(bench, hangups: 2);
        var asterisk = TraceStory.OfTrace("13j");
        TraceStory.Of(bench.Ami).DialStatuses.Should().Equal(asterisk.DialStatuses);
        TraceStory.Of(bench.Ami).ByChannel["B"].Select(Unnamed).Should().Equal(asterisk.ByChannel["B"].Select(Unnamed));
        TraceStory.Of(bench.Ami).ByChannel["A"][^1].Should().EndWith("Cause=17 Cause-txt=User busy TechCause=486");
    }

    [Fact]
    public async Task A_phone_that_is_away_fails_without_a_channel()
    {
        await using var bench = await Bench.StartAsync([]);
        await OriginateAsync(bench, "PJSIP/109");
        var response = await bench.Ami.EventAsync("OriginateResponse");
        (response["Response"], response["Reason"], response["Uniqueid"]).Should().Be(("Failure", "0", "<unknown>"));
        await bench.Ami.CaughtUpAsync();
        bench.Ami.Events("Newchannel").Should().BeEmpty();
    }

    [Fact]
    public async Task A_phone_that_nobody_answers_runs_into_the_time_out_without_a_dial_end()
    {
        await using var bench = await Bench.StartAsync([]);
        await OriginateAsync(bench, more: ("Timeout", "100"));
        (await bench.Ami.EventAsync("OriginateResponse"))["Reason"].Should().Be("3");
        var end = await bench.Ami.EventAsync("Hangup");
        (end["Cause"], end["TechCause"]).Should().Be(("19", "480"));
        await bench.Ami.CaughtUpAsync();
        bench.Ami.Events("DialEnd").Should().BeEmpty();
    }

    [Fact]
    public async Task Without_async_the_answer_waits_and_the_channel_id_is_kept()
    {
        await using var bench = await Bench.StartAsync([]);
        var asking = bench.Ami.DoAsync("Originate", ("Channel", "PJSIP/101"), ("Context", "callcrm-out"), ("Exten", "55510"), ("Priority", "1"), ("ChannelId", "own-1"));
        var channel = await bench.Ami.EventAsync("Newchannel");
        (channel["Uniqueid"], channel["Linkedid"]).Should().Be(("own-1", "own-1"));
        asking.IsCompleted.Should().BeFalse();
        await bench.Ami.EventAsync("DialState");
        await bench.Pbx.Phone("PJSIP/101").Answer();
        (await asking)["Message"].Should().Be("Originate successfully queued");
    }

    [Fact]
    public async Task From_the_page_the_called_leg_is_recorded_and_the_caller_is_the_extension_again()
    {
        var folder = Directory.CreateTempSubdirectory("recordings").FullName;
        await using var bench = await Bench.StartAsync([], o => (o.CustomerAnswersAfter, o.RecordingFolder) = (TimeSpan.FromMilliseconds(50), folder));
        await ClickAsync(bench, "+390699998888");
        await bench.Ami.EventAsync("DialState");
        await bench.Pbx.Phone("PJSIP/101").Answer();
        await bench.Ami.EventAsync("BridgeEnter", m => m["BridgeNumChannels"] == "2");
        await bench.Ami.CaughtUpAsync();
        var trunk = bench.Ami.Events("Newchannel").Single(m => m["Channel"]!.StartsWith("PJSIP/trunk", StringComparison.Ordinal));
        bench.Ami.Events("MixMonitorStart").Should().ContainSingle().Which["Uniqueid"].Should().Be(trunk["Uniqueid"]);
        bench.Ami.Events("NewCallerid").Select(m => m["CallerIDNum"]).Should().Equal("+390699998888", "101", "+390699998888");
        trunk["Linkedid"].Should().Be("callcrm-1");
        await bench.Pbx.Phone("PJSIP/101").HangUp();
        await EndAsync(bench, hangups: 2);
        for (var i = 0; i < 500 && Directory.GetFiles(folder, "*.done").Length == 0; i++)
        {
            await Task.Delay(10);
        }

        Directory.GetFiles(folder, $"*{trunk["Uniqueid"]}-in.wav").Should().ContainSingle();
    }

    [Fact]
    public async Task From_the_page_a_colleague_is_called_at_their_phone()
    {
        await using var bench = await Bench.StartAsync([]);
        await ClickAsync(bench, "102");
        await bench.Ami.EventAsync("DialState");
        await bench.Pbx.Phone("PJSIP/101").Answer();
        await bench.Ami.EventAsync("Newstate", m => m["Channel"]!.StartsWith("PJSIP/102", StringComparison.Ordinal) && m["ChannelStateDesc"] == "Ringing");
        await bench.Pbx.Phone("PJSIP/102").Answer();
        await bench.Ami.EventAsync("BridgeEnter", m => m["BridgeNumChannels"] == "2");
    }

    [Fact]
    public async Task Some_customers_are_not_at_home()
    {
        await using var bench = await Bench.StartAsync([], o => (o.CustomerAbsentPercent, o.CustomerRing) = (100, TimeSpan.FromMilliseconds(100)));
        await ClickAsync(bench, "+390699998888");
        await bench.Ami.EventAsync("DialState");
        await bench.Pbx.Phone("PJSIP/101").Answer();
        await EndAsync(bench, hangups: 2);
        bench.Ami.Events("DialEnd").Select(m => m["DialStatus"]).Should().Equal("ANSWER", "NOANSWER");
    }

    [Fact]
    public async Task Some_customers_are_busy()
    {
        await using var bench = await Bench.StartAsync([], o => o.CustomerBusyPercent = 100);
        await ClickAsync(bench, "+390699998888");
        await bench.Ami.EventAsync("DialState");
        await bench.Pbx.Phone("PJSIP/101").Answer();
        await EndAsync(bench, hangups: 2);
        bench.Ami.Events("DialEnd").Select(m => m["DialStatus"]).Should().Equal("ANSWER", "BUSY");
    }

    [Theory]
    [InlineData("PJSIP/102")]
    [InlineData("PJSIP/101")]
    public async Task Who_listens_hears_until_either_side_hangs_up(string hangsUp)
    {
        await using var bench = await Bench.StartAsync([], o => o.CustomerAnswersAfter = TimeSpan.FromMilliseconds(50));
        await OriginateAsync(bench);
        await bench.Ami.EventAsync("DialState");
        await bench.Pbx.Phone("PJSIP/101").Answer();
        var heard = (await bench.Ami.EventAsync("BridgeEnter", m => m["Channel"]!.StartsWith("PJSIP/101", StringComparison.Ordinal)))["Channel"]!;
        await bench.Ami.DoAsync("Originate", ("Channel", "PJSIP/102"), ("ChannelId", "callcrm-listen-1"), ("Context", "callcrm-listen"), ("Exten", "s"), ("Priority", "1"), ("Async", "true"), ("Variable", $"CALLCRM_HEARD={heard}"));
        await bench.Ami.EventAsync("DialBegin", m => m["DestUniqueid"] == "callcrm-listen-1");
        await bench.Pbx.Phone("PJSIP/102").Answer();
        var spies = await bench.Ami.EventAsync("ChanSpyStart");
        (spies["SpyerUniqueid"], spies["SpyeeChannel"]).Should().Be(("callcrm-listen-1", heard));
        await bench.Pbx.Phone(hangsUp).HangUp();
        await bench.Ami.EventAsync("ChanSpyStop");
        await bench.Ami.EventAsync("Hangup", m => m["Uniqueid"] == "callcrm-listen-1");
    }

    /// <summary>As the router asks.</summary>
    private static async Task ClickAsync(Bench bench, string number) => (await bench.Ami.DoAsync("Originate",
        ("Channel", "PJSIP/101"), ("ChannelId", "callcrm-1"), ("Context", "callcrm-out"), ("Exten", number), ("Priority", "1"), ("CallerID", $"<{number}>"), ("Timeout", "30000"), ("Async", "true"),
        ("Variable", "__CALLCRM_CALLID=1"), ("Variable", "__CALLCRM_RECORD=1"), ("Variable", "CALLCRM_FROM=101")))["Message"].Should().Be("Originate successfully queued");

    private static Task<AmiReceived> OriginateAsync(Bench bench, string device = "PJSIP/101", params (string, string)[] more) => bench.Ami.DoAsync("Originate",
    [
        ("Channel", device), ("Context", "callcrm-click"), ("Exten", "55510"), ("Priority", "1"), ("CallerID", "\"Alice Novak\" <420777123456>"),
        ("Variable", "CALLCRM_CALLID=click-0001"), ("Async", "true"), .. more,
    ]);

    private static async Task EndAsync(Bench bench, int hangups)
    {
        for (var i = 0; i < 500 && bench.Ami.Events("Hangup").Count < hangups; i++)
        {
            await Task.Delay(10);
        }

        await bench.Pbx.SettleAsync();
        await bench.Ami.DoAsync("Ping");
    }

    private static void SameResponse(Bench bench, string trace)
    {
        var asterisk = TraceLibrary.Load(trace).Messages().First(m => m.Get("Event") == "OriginateResponse");
        var told = bench.Ami.Events("OriginateResponse").Should().ContainSingle().Subject;
        string[] compared = ["Response", "Context", "Exten", "Reason", "CallerIDNum", "CallerIDName"];
        compared.Select(k => told[k]).Should().Equal(compared.Select(k => asterisk.Get(k)));
    }

    private static IEnumerable<string> WithoutRecording(IEnumerable<string> story) =>
        story.Where(line => !line.StartsWith("MixMonitor", StringComparison.Ordinal));

    /// <summary>The caller id of that Originate was another.</summary>
    private static string Unnamed(string line) => Regex.Replace(line, " (Caller|Connected)\\w+=\\S+( Novak| 101)?", "", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
}
