using static CallCrm.DemoPbx.Tests.AgiAnswerer;

namespace CallCrm.DemoPbx.Tests;

/// <summary>What callers get when the router is down, slow or talks nonsense; and what they get at each answer.</summary>
[Trait("Category", "Slow")]
public sealed class RouterTroubleTests
{
    /// <summary>No caller waits longer for a router that does not answer.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2.5);

    /// <summary>Runs at a fifth of the speed, so that what this machine adds to the call's own time is a fifth of what it takes.</summary>
    private static readonly FasterTime Slow = new(0.2);

    [Fact]
    public async Task A_router_that_is_away_loses_no_caller()
    {
        await using var bench = await Bench.StartAsync([], o => o.AgiAddress = "agi://127.0.0.1:1/route", Slow);
        await FallsBackAsync(bench);
    }

    [Fact]
    public async Task A_router_that_thinks_for_ever_loses_no_caller()
    {
        await using var bench = await Bench.StartAsync([Silent], o => o.AgiTimeout = TimeSpan.FromSeconds(2), Slow);
        var took = await FallsBackAsync(bench);
        took.Should().BeGreaterThan(TimeSpan.FromSeconds(1.8));
        var talk = bench.Agi.Talks.Single();
        await talk.Done.Task.WaitAsync(TimeSpan.FromSeconds(5));
        talk.Received.Should().Equal("HANGUP", "HANGUP");
    }

    [Fact]
    public async Task A_router_that_closes_at_once_loses_no_caller()
    {
        await using var bench = await Bench.StartAsync([CloseAtOnce], time: Slow);
        await FallsBackAsync(bench);
    }

    [Fact]
    public async Task A_router_that_resets_loses_no_caller()
    {
        await using var bench = await Bench.StartAsync([Reset], time: Slow);
        await FallsBackAsync(bench);
    }

    [Fact]
    public async Task An_answer_of_an_earlier_request_does_not_count_again()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101"), CloseAtOnce], time: Slow);
        await bench.Pbx.Phone("PJSIP/101").Behave(DemoPhoneBehaviour.Busy);
        await FallsBackAsync(bench);
    }

    public static TheoryData<(string Name, string Value)[]> Nonsense => new()
    {
        { [("CALLCRM_ACTION", "dance")] },
        { [("CALLCRM_ACTION", "dial")] },
        { [("CALLCRM_DEVICE", "PJSIP/101&PJSIP/102"), ("CALLCRM_ACTION", "dial")] },
        { [("CALLCRM_DEVICE", "Local/x@from-trunk/n"), ("CALLCRM_ACTION", "dial")] },
        { [("CALLCRM_GOTO", "nowhere,s,1"), ("CALLCRM_ACTION", "goto")] },
        { [("CALLCRM_GOTO", "a b,s,1"), ("CALLCRM_ACTION", "goto")] },
        { [("CALLCRM_PLAY", "../etc/passwd"), ("CALLCRM_ACTION", "play")] },
    };

    [Theory]
    [MemberData(nameof(Nonsense))]
    public async Task Nonsense_leads_to_the_fallback((string Name, string Value)[] answer)
    {
        await using var bench = await Bench.StartAsync([Say(answer)], time: Slow);
        await FallsBackAsync(bench);
    }

    [Fact]
    public async Task Play_and_goto_play_their_message_and_end()
    {
        await using var bench = await Bench.StartAsync(
            [Say(("CALLCRM_PLAY", "closed"), ("CALLCRM_ACTION", "play")), Say(("CALLCRM_GOTO", "voicemail,s,1"), ("CALLCRM_ACTION", "goto"))]);
        foreach (var context in (string[])["callcrm-route", "voicemail"])
        {
            var call = bench.Pbx.PlaceCall(Bench.Alice());
            await call.Reached(DemoCallPlace.Playing);
            await call.Ended;
            call.Cause.Should().Be(16);
            (await bench.Ami.EventAsync("Hangup", m => m["Channel"] == call.Channel))["Context"].Should().Be(context);
        }

        bench.Pbx.FallbackCalls.Should().Be(0);
    }

    [Fact]
    public async Task Who_is_asked_for_a_message_speaks_and_hangs_up()
    {
        var folder = Path.Combine(TestFolders.Recordings, Guid.NewGuid().ToString("N"));
        await using var bench = await Bench.StartAsync([Say(("CALLCRM_GOTO", "callcrm-message,s,1"), ("CALLCRM_ACTION", "goto"))],
            options => (options.RecordingFolder, options.MessageTime) = (folder, TimeSpan.FromSeconds(20)), new FasterTime(20));
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Message);
        await call.Ended;
        (await bench.Ami.EventAsync("UserEvent"))["UserEvent"].Should().Be("CallCrmMessage");
        (await bench.Ami.EventAsync("MixMonitorStart"))["Channel"].Should().Be(call.Channel);
        await bench.Pbx.RecordingsWrittenAsync();
        Directory.GetFiles(folder).Select(Path.GetExtension).Should().BeEquivalentTo(".wav", ".wav", ".done");
        new FileInfo(Directory.GetFiles(folder, "*-in.wav").Single()).Length.Should().BeGreaterThan(8000 * 2 * 15);
    }

    [Theory]
    [InlineData(17, "486")]
    [InlineData(34, "503")]
    public async Task Reject_ends_the_call_with_the_cause_of_the_router(int cause, string sip)
    {
        await using var bench = await Bench.StartAsync([Reject(cause)]);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Ended;
        call.Cause.Should().Be(cause);
        (await bench.Ami.EventAsync("Hangup"))["TechCause"].Should().Be(sip);
    }

    [Fact]
    public async Task Hold_comes_round_and_asks_again()
    {
        await using var bench = await Bench.StartAsync([Hold(1), Hold(1), Dial("PJSIP/101")], time: new FasterTime(10));
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Ringing);
        bench.Agi.Talks.Select(t => t.Arguments).Should().Equal("new|560001|", "held|560001|", "held|560001|");
        await bench.Ami.CaughtUpAsync();
        bench.Ami.Events("UserEvent").Should().HaveCount(2);
        bench.Ami.Events("MusicOnHoldStop").Should().HaveCount(2);
    }

    [Fact]
    public async Task Hold_never_lasts_longer_than_twenty_seconds_a_turn()
    {
        await using var bench = await Bench.StartAsync([Hold(3600), Hold(3600)], time: new FasterTime(100));
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await bench.Ami.WaitAsync(m => m.Name == "MusicOnHoldStop");
        await bench.Ami.WaitAsync(_ => bench.Agi.Talks.Count == 2);
        call.WhereAmI.Should().BeOneOf(DemoCallPlace.Agi, DemoCallPlace.Hold);
    }

    [Fact]
    public async Task A_phone_in_use_is_not_rung_a_second_time()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101"), Dial("PJSIP/101"), Hold()]);
        await ConformanceTests.TalkAsync(bench, "PJSIP/101");
        var second = bench.Pbx.PlaceCall(new DemoCaller("420777000000", "560002"));
        await second.Reached(DemoCallPlace.Hold);
        bench.Agi.Talks.Last().Arguments.Should().Be("next|560002|BUSY");
        await bench.Ami.CaughtUpAsync();
        bench.Ami.Events("DialBegin").Should().ContainSingle();
        bench.Ami.Events("VarSet").Should().Contain(m => m["Variable"] == "DIALSTATUS" && m["Value"] == "BUSY" && m["Channel"] == second.Channel);
    }

    [Fact]
    public async Task A_declined_call_goes_on_to_the_next_agent()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101"), Dial("PJSIP/102")]);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Ringing, "PJSIP/101");
        (await bench.Pbx.Phone("PJSIP/101").Decline()).Should().BeTrue();
        await call.Reached(DemoCallPlace.Ringing, "PJSIP/102");
        (await bench.Ami.EventAsync("Hangup"))["TechCause"].Should().Be("603");
        await bench.Ami.CaughtUpAsync();
        bench.Ami.Events("Newstate").First()["ChannelStateDesc"].Should().Be("Ringing");
    }

    [Fact]
    public async Task A_caller_gives_up_when_the_patience_is_over()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101"), Hold()], time: new FasterTime(10));
        var rung = bench.Pbx.PlaceCall(Bench.Alice(patience: TimeSpan.FromSeconds(2)));
        await rung.Ended.WaitAsync(TimeSpan.FromSeconds(5));
        rung.Cause.Should().Be(127);
        var held = bench.Pbx.PlaceCall(Bench.Alice() with { HoldPatience = TimeSpan.FromSeconds(2) });
        await held.Ended.WaitAsync(TimeSpan.FromSeconds(5));
        held.Cause.Should().Be(0);
    }

    private static async Task<TimeSpan> FallsBackAsync(Bench bench)
    {
        var start = Slow.GetTimestamp();
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Fallback);
        var took = Slow.GetElapsedTime(start);
        took.Should().BeLessThan(LongestWait);
        await call.Ended;
        bench.Pbx.FallbackCalls.Should().Be(1);
        call.Cause.Should().Be(16);
        return took;
    }
}
