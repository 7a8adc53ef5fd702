using System.Net;
using System.Net.Sockets;
using static CallCrm.DemoPbx.Tests.AgiAnswerer;

namespace CallCrm.DemoPbx.Tests;

/// <summary>Redirect, Hangup, the phone's remote control, restarts.</summary>
public sealed class ControlTests
{
    [Fact]
    public async Task Redirect_to_a_missing_label_harms_nobody()
    {
        await using var bench = await Bench.StartAsync([Hold()]);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Hold);
        (await ConformanceTests.RedirectAsync(bench, call, "nosuch"))["Message"].Should().Be("Priority is invalid");
        call.WhereAmI.Should().Be(DemoCallPlace.Hold);
        bench.Ami.Events("MusicOnHoldStop").Should().BeEmpty();
    }

    [Fact]
    public async Task Redirect_to_a_missing_extension_by_number_says_success_and_loses_the_caller()
    {
        await using var bench = await Bench.StartAsync([Hold()]);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Hold);
        var answer = await bench.Ami.DoAsync("Redirect", ("Channel", call.Channel!), ("Context", "nowhere"), ("Exten", "1"), ("Priority", "1"));
        answer["Message"].Should().Be("Redirect successful");
        await call.Ended.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Redirect_of_a_dead_channel_says_so()
    {
        await using var bench = await Bench.StartAsync([Hold()]);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Hold);
        call.HangUp();
        await call.Ended;
        (await ConformanceTests.RedirectAsync(bench, call))["Message"].Should().Be($"Channel does not exist: {call.Channel}");
    }

    [Fact]
    public async Task Redirect_of_a_caller_inside_agi_ends_the_dialogue_but_not_the_call()
    {
        await using var bench = await Bench.StartAsync([Silent, Dial("PJSIP/101")]);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await ConformanceTests.WaitForTalkAsync(bench);
        (await ConformanceTests.RedirectAsync(bench, call)).Name.Should().Be("Success");
        await call.Reached(DemoCallPlace.Ringing, "PJSIP/101");
        bench.Agi.Talks.Select(t => t.Arguments).Should().Equal("new|560001|", "redirected|560001|");
        bench.Agi.Talks.First().Received.Should().Equal("HANGUP", "HANGUP");
    }

    [Fact]
    public async Task Redirect_pulls_the_caller_from_a_ringing_phone()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101"), Dial("PJSIP/102")]);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Ringing, "PJSIP/101");
        await ConformanceTests.RedirectAsync(bench, call);
        await call.Reached(DemoCallPlace.Ringing, "PJSIP/102");
        (await bench.Ami.EventAsync("DialEnd"))["DialStatus"].Should().Be("CANCEL");
        (await bench.Ami.EventAsync("Hangup"))["Cause"].Should().Be("16");
        (await bench.Pbx.Phone("PJSIP/101").Answer()).Should().BeFalse();
    }

    [Fact]
    public async Task A_caller_redirected_from_hold_who_gives_up_while_it_rings_ends_with_cause_0()
    {
        await using var bench = await Bench.StartAsync([Hold(), Dial("PJSIP/101")]);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Hold);
        await ConformanceTests.RedirectAsync(bench, call);
        await call.Reached(DemoCallPlace.Ringing);
        call.HangUp();
        await call.Ended;
        call.Cause.Should().Be(0);
        (await bench.Ami.EventAsync("Hangup", m => m["Channel"]!.StartsWith("PJSIP/101", StringComparison.Ordinal)))["Cause"].Should().Be("16");
    }

    [Fact]
    public async Task Hangup_of_the_agents_leg_ends_the_call_with_the_cause_given()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101")]);
        var call = await ConformanceTests.TalkAsync(bench, "PJSIP/101");
        var leg = bench.Pbx.LiveChannels.Single(c => c.Name != call.Channel).Name;
        (await bench.Ami.DoAsync("Hangup", ("Channel", leg), ("Cause", "17")))["Message"].Should().Be("Channel Hungup");
        await call.Ended;
        call.Cause.Should().Be(16);
        var end = await bench.Ami.EventAsync("Hangup", m => m["Channel"] == leg);
        (end["Cause"], end["TechCause"]).Should().Be(("17", "486"));
        await bench.Ami.CaughtUpAsync();
        bench.Ami.Events("HangupRequest").Should().BeEmpty();
    }

    [Fact]
    public async Task Hangup_of_the_caller_ends_it_wherever_it_is()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101"), Hold(), Dial("PJSIP/102"), Silent]);
        foreach (var place in (DemoCallPlace[])[DemoCallPlace.Ringing, DemoCallPlace.Hold, DemoCallPlace.Talking, DemoCallPlace.Agi])
        {
            var call = bench.Pbx.PlaceCall(Bench.Alice());
            if (place == DemoCallPlace.Talking)
            {
                await call.Reached(DemoCallPlace.Ringing);
                await bench.Pbx.Phone("PJSIP/102").Answer();
            }

            await call.Reached(place);
            await bench.Ami.DoAsync("Hangup", ("Channel", call.Channel!));
            await call.Ended.WaitAsync(TimeSpan.FromSeconds(5));
            await bench.Pbx.SettleAsync();
            bench.Pbx.LiveChannels.Should().BeEmpty();
        }
    }

    [Fact]
    public async Task Notify_answers_holds_and_takes_back()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/110")]);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Ringing);
        (await NotifyAsync("Event=talk"))["Message"].Should().Be("NOTIFY sent");
        await call.Reached(DemoCallPlace.Talking, "PJSIP/110");
        await NotifyAsync("Event=hold");
        call.WhereAmI.Should().Be(DemoCallPlace.Held);
        await NotifyAsync("Event=hold");
        call.WhereAmI.Should().Be(DemoCallPlace.Talking);
        await NotifyAsync("Event=hold");
        call.WhereAmI.Should().Be(DemoCallPlace.Held);
        // As CallCrm's own "resume" does.
        await NotifyAsync("Event=talk");
        call.WhereAmI.Should().Be(DemoCallPlace.Talking);
        await NotifyAsync("Event=talk");
        call.WhereAmI.Should().Be(DemoCallPlace.Talking);
        await NotifyAsync("Event=check-sync");
        (await bench.Ami.DoAsync("PJSIPNotify", ("Endpoint", "nosuch"), ("Variable", "Event=talk"))).Name.Should().Be("Error");
        bench.Ami.Messages.Select(m => m.Name).Should().ContainInOrder("Hold", "MusicOnHoldStart", "Unhold", "MusicOnHoldStop");

        async Task<AmiReceived> NotifyAsync(string variable)
        {
            // The answer says that the NOTIFY was sent, not that the phone did something.
            var answer = await bench.Ami.DoAsync("PJSIPNotify", ("Endpoint", "110"), ("Variable", variable));
            await bench.Pbx.SettleAsync();
            return answer;
        }
    }

    [Fact]
    public async Task Registration_is_told_and_a_phone_away_is_unavailable()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101"), Hold()]);
        await bench.Pbx.Phone("PJSIP/101").Unregister();
        (await bench.Ami.EventAsync("DeviceStateChange"))["State"].Should().Be("UNAVAILABLE");
        (await bench.Ami.EventAsync("PeerStatus"))["PeerStatus"].Should().Be("Unreachable");
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Hold);
        await bench.Ami.CaughtUpAsync();
        bench.Ami.Events("DialBegin").Should().BeEmpty();
        bench.Agi.Talks.Last().Arguments.Should().Be("next|560001|CHANUNAVAIL");
    }

    [Fact]
    public async Task A_kill_drops_everything_without_a_word_and_the_counters_start_again()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101"), Silent, Hold()]);
        var talking = await ConformanceTests.TalkAsync(bench, "PJSIP/101");
        var asking = bench.Pbx.PlaceCall(Bench.Alice());
        await asking.Reached(DemoCallPlace.Agi);
        var port = bench.Pbx.AmiPort;
        var before = bench.Ami.Messages.Count(m => m.Name == "Hangup");

        await bench.Pbx.RestartAsync(kill: true);
        await bench.Ami.Closed.Task.WaitAsync(TimeSpan.FromSeconds(5));
        await talking.Ended.WaitAsync(TimeSpan.FromSeconds(5));
        await asking.Ended.WaitAsync(TimeSpan.FromSeconds(5));
        bench.Ami.Messages.Count(m => m.Name == "Hangup").Should().Be(before);
        bench.Pbx.LiveChannels.Should().BeEmpty();
        bench.Pbx.AmiPort.Should().Be(port);

        await using var again = await AmiProbe.LogInAsync(port);
        (await again.ListAsync("CoreShowChannels")).Should().ContainSingle();
        (await again.ListAsync("DeviceStateList")).Should().Contain(e => e["Device"] == "PJSIP/101" && e["State"] == "NOT_INUSE");
        var fresh = bench.Pbx.PlaceCall(Bench.Alice());
        await fresh.Reached(DemoCallPlace.Hold);
        fresh.Channel.Should().Be("PJSIP/trunk-00000000");
        fresh.Uniqueid.Should().EndWith(".0");
    }

    [Fact]
    public async Task A_polite_restart_hangs_up_and_says_goodbye()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101", ring: 120)], time: new FasterTime(5));
        var call = await ConformanceTests.TalkAsync(bench, "PJSIP/101");
        await bench.Pbx.RestartAsync(kill: false);
        await call.Ended;
        await bench.Ami.Closed.Task.WaitAsync(TimeSpan.FromSeconds(5));
        bench.Ami.Events("Hangup").Should().HaveCount(2).And.OnlyContain(m => m["Cause"] == "16");
        bench.Ami.Messages[^1].Name.Should().Be("Shutdown");
        await using var again = await AmiProbe.LogInAsync(bench.Pbx.AmiPort);
    }

    [Fact]
    public async Task A_port_in_use_is_a_clear_error()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var options = Bench.Options();
        options.AmiPort = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var pbx = new DemoPbxServer(options);
        var start = () => pbx.StartAsync();
        await start.Should().ThrowAsync<SocketException>();
    }
}
