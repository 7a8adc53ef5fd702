using CallCrm.TestKit;
using static CallCrm.DemoPbx.Tests.AgiAnswerer;

namespace CallCrm.DemoPbx.Tests;

/// <summary>Plays the captured scenarios on the demo PBX and compares what AMI tells with what Asterisk told.</summary>
[Trait("Category", "Slow")]
public sealed class ConformanceTests
{
    [Fact]
    public async Task Inbound_answered_and_ended_by_the_caller_tells_what_asterisk_tells()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101", record: true)], Recording);
        var call = await TalkAsync(bench, "PJSIP/101");
        call.HangUp();
        await SameStoryAsync(bench, call, "02");
    }

    [Fact]
    public async Task Inbound_answered_and_ended_by_the_agent_tells_what_asterisk_tells()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101", record: true)], Recording);
        var call = await TalkAsync(bench, "PJSIP/101");
        await bench.Pbx.Phone("PJSIP/101").HangUp();
        await SameStoryAsync(bench, call, "03");
    }

    [Fact]
    public async Task Hold_then_redirect_tells_what_asterisk_tells()
    {
        await using var bench = await Bench.StartAsync([Hold(), Dial("PJSIP/102", record: true)], Recording);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Hold);
        (await RedirectAsync(bench, call)).Name.Should().Be("Success");
        await call.Reached(DemoCallPlace.Ringing, "PJSIP/102");
        await bench.Pbx.Phone("PJSIP/102").Answer();
        await call.Reached(DemoCallPlace.Talking);
        call.HangUp();
        await SameStoryAsync(bench, call, "04");
        bench.Agi.Talks.Select(t => t.Arguments).Should().Equal("new|560001|", "redirected|560001|");
    }

    [Fact]
    public async Task Abandon_on_hold_tells_what_asterisk_tells()
    {
        await using var bench = await Bench.StartAsync([Hold()]);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Hold);
        call.HangUp();
        await SameStoryAsync(bench, call, "05");
    }

    [Fact]
    public async Task Abandon_while_ringing_tells_what_asterisk_tells()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101", record: true)], Recording);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Ringing);
        call.HangUp();
        await SameStoryAsync(bench, call, "05b");
    }

    [Fact]
    public async Task No_answer_then_the_next_agent_tells_what_asterisk_tells()
    {
        await using var bench = await Bench.StartAsync(
            [Dial("PJSIP/101", ring: 1, record: true), Dial("PJSIP/102", ring: 120, record: true)], Recording, new FasterTime(5));
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Ringing, "PJSIP/102");
        await bench.Pbx.Phone("PJSIP/102").Answer();
        await call.Reached(DemoCallPlace.Talking);
        call.HangUp();
        await SameStoryAsync(bench, call, "06");
        bench.Agi.Talks.Select(t => t.Arguments).Should().Equal("new|560001|", "next|560001|NOANSWER");
    }

    [Theory]
    [InlineData(DemoPhoneBehaviour.Busy, "07", "next|560001|BUSY")]
    [InlineData(DemoPhoneBehaviour.DoNotDisturb, "07b", "next|560001|NOANSWER")]
    [InlineData(DemoPhoneBehaviour.Decline, "07c", "next|560001|CHANUNAVAIL")]
    public async Task A_phone_that_refuses_tells_what_asterisk_tells(DemoPhoneBehaviour behaviour, string trace, string asksAgain)
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101", record: true), Reject()], Recording);
        await bench.Pbx.Phone("PJSIP/101").Behave(behaviour);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await SameStoryAsync(bench, call, trace);
        bench.Agi.Talks.Last().Arguments.Should().Be(asksAgain);
    }

    [Fact]
    public async Task An_unregistered_phone_then_the_fallback_tells_what_asterisk_tells()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/109", record: true), CloseAtOnce], o =>
        {
            Recording(o);
            o.FallbackDevice = "PJSIP/110";
        });
        await FallbackAnswersAsync(bench, "08");
        bench.Agi.Talks.Last().Arguments.Should().Be("next|560001|CHANUNAVAIL");
    }

    [Fact]
    public async Task An_unknown_endpoint_tells_what_asterisk_tells()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/nosuch", record: true), Reject()], Recording);
        await SameStoryAsync(bench, bench.Pbx.PlaceCall(Bench.Alice()), "08b");
    }

    [Fact]
    public async Task A_phone_without_power_tells_what_asterisk_tells()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/108", ring: 1, record: true), Reject()], o =>
        {
            Recording(o);
            o.Phones.Add(new DemoPhoneOptions { Name = "PJSIP/108", Display = "Agent 108", Behaviour = DemoPhoneBehaviour.Vanished });
        }, new FasterTime(5));
        var call = bench.Pbx.PlaceCall(Bench.Alice());

        // The last record's disposition is FAILED there, as Asterisk forgets the dialled leg that never rang.
        await SameStoryAsync(bench, call, "08c", compareRecords: false);
    }

    [Fact]
    public async Task A_dead_router_tells_what_asterisk_tells()
    {
        await using var bench = await Bench.StartAsync([], o =>
        {
            o.AgiAddress = "agi://127.0.0.1:1/route";
            o.FallbackDevice = "PJSIP/110";
        });
        await FallbackAnswersAsync(bench, "08d");
    }

    [Fact]
    public async Task Hold_and_unhold_by_the_phone_tell_what_asterisk_tells()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101", record: true)], Recording);
        var call = await TalkAsync(bench, "PJSIP/101");
        var phone = bench.Pbx.Phone("PJSIP/101");
        (await phone.Hold()).Should().BeTrue();
        call.WhereAmI.Should().Be(DemoCallPlace.Held);
        (await phone.Unhold()).Should().BeTrue();
        (await phone.Hold()).Should().BeTrue();
        call.HangUp();
        await SameStoryAsync(bench, call, "12");
    }

    [Fact]
    public async Task Redirect_out_of_a_bridge_tells_what_asterisk_tells()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101", record: true), Dial("PJSIP/102", record: true)], Recording);
        var call = await TalkAsync(bench, "PJSIP/101");
        (await RedirectAsync(bench, call)).Name.Should().Be("Success");
        await call.Reached(DemoCallPlace.Ringing, "PJSIP/102");
        await bench.Pbx.Phone("PJSIP/102").Answer();
        await call.Reached(DemoCallPlace.Talking, "PJSIP/102");
        call.HangUp();
        await SameStoryAsync(bench, call, "24");
    }

    [Fact]
    public async Task A_caller_who_leaves_while_the_router_thinks_tells_what_asterisk_tells()
    {
        await using var bench = await Bench.StartAsync([Silent]);
        var call = bench.Pbx.PlaceCall(Bench.Alice() with { Name = "AGI Tester" });
        await WaitForTalkAsync(bench);
        call.HangUp();
        await SameStoryAsync(bench, call, "23");
        var talk = bench.Agi.Talks.Single();
        await talk.Done.Task.WaitAsync(TimeSpan.FromSeconds(5));

        // AGIEXITONHANGUP=yes: twice, then the socket is closed (trace 23e).
        talk.Received.Should().Equal(TraceLibrary.Load("23e").AgiDialogues[0].Commands
            .Where(l => l.Direction == '<' && l.Text == "HANGUP").Select(l => l.Text));
    }

    [Fact]
    public async Task Keys_pressed_in_a_bridge_tell_what_asterisk_tells()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101")]);
        var call = await TalkAsync(bench, "PJSIP/101");
        call.PressDigits("5");
        await bench.Ami.EventAsync("DTMFEnd", m => m["Direction"] == "Sent");
        var expected = TraceLibrary.Load("20b").Messages().Where(m => m.Name.StartsWith("DTMF", StringComparison.Ordinal)).Take(4)
            .Select(m => $"{m.Name} {m.Get("Channel")![..9]} {m.Get("Digit")} {m.Get("Direction")}");
        bench.Ami.Messages.Where(m => m.Name.StartsWith("DTMF", StringComparison.Ordinal))
            .Select(m => $"{m.Name} {m["Channel"]![..9]} {m["Digit"]} {m["Direction"]}").Should().Equal(expected);
    }

    internal static void Recording(DemoPbxOptions options) => options.RecordingFolder = TestFolders.Recordings;

    internal static async Task<DemoCall> TalkAsync(Bench bench, string phone)
    {
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Ringing, phone);
        await bench.Pbx.Phone(phone).Answer();
        await call.Reached(DemoCallPlace.Talking, phone);
        return call;
    }

    internal static Task<AmiReceived> RedirectAsync(Bench bench, DemoCall call, string priority = "callcrm") => bench.Ami.DoAsync("Redirect",
        ("Channel", call.Channel!), ("Context", "callcrm-route"), ("Exten", "s"), ("Priority", priority));

    internal static async Task WaitForTalkAsync(Bench bench)
    {
        for (var i = 0; i < 500 && bench.Agi.Talks.IsEmpty; i++)
        {
            await Task.Delay(10);
        }
    }

    private static async Task FallbackAnswersAsync(Bench bench, string trace)
    {
        var call = bench.Pbx.PlaceCall(Bench.Alice() with { Name = TraceLibrary.Load(trace).Messages().First(m => m.Name == "Newchannel").Get("CallerIDName") });
        await call.Reached(DemoCallPlace.Fallback, "PJSIP/110");
        await bench.Pbx.Phone("PJSIP/110").Answer();
        await bench.Ami.EventAsync("BridgeEnter", m => m["BridgeNumChannels"] == "2");
        call.HangUp();
        await SameStoryAsync(bench, call, trace);
        bench.Pbx.FallbackCalls.Should().Be(1);
    }

    private static async Task SameStoryAsync(Bench bench, DemoCall call, string trace, bool compareRecords = true)
    {
        await call.Ended.WaitAsync(TimeSpan.FromSeconds(15));
        await bench.Pbx.SettleAsync();
        await bench.Ami.DoAsync("Ping");
        var (told, asterisk) = (TraceStory.Of(bench.Ami), TraceStory.OfTrace(trace));
        told.Plot.Should().Equal(asterisk.Plot);
        told.ByChannel.Keys.Should().Equal(asterisk.ByChannel.Keys);
        foreach (var (channel, events) in asterisk.ByChannel)
        {
            told.ByChannel[channel].Should().Equal(events, "these are channel {0}'s events in trace {1}", channel, trace);
        }

        told.ByDevice.Keys.Should().Equal(asterisk.ByDevice.Keys);
        foreach (var (device, states) in asterisk.ByDevice)
        {
            told.ByDevice[device].Should().Equal(states, "these are {0}'s states in trace {1}", device, trace);
        }

        told.DialStatuses.Should().Equal(asterisk.DialStatuses);
        ModelFacts.Of(bench.Ami).Should().Equal(ModelFacts.OfTrace(trace), "the router must not tell the two apart");
        if (compareRecords)
        {
            told.Records.Should().BeEquivalentTo(asterisk.Records);
        }
    }
}
