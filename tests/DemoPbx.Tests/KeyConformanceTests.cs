using CallCrm.TestKit;
using static CallCrm.DemoPbx.Tests.AgiAnswerer;

namespace CallCrm.DemoPbx.Tests;

/// <summary>The lines inside the messages: the same keys in the same order as Asterisk's.</summary>
public sealed class KeyConformanceTests
{
    private static readonly string[] Traces = ["02", "03", "04", "05", "05b", "07", "12", "14", "19", "19f", "20b", "25", "13i"];

    /// <summary>Lines that depend on manager.conf: time stamps, the system's name, the site's channel variables.</summary>
    private static readonly HashSet<string> Configured =
        ["Timestamp", "SystemName", "ChanVariable", "DestChanVariable", "EventList", "ActionID", "Variable"];

    [Fact]
    public async Task Every_event_has_the_keys_of_asterisk_in_their_order()
    {
        var known = Traces.SelectMany(t => TraceLibrary.Load(t).Messages()).Where(m => m.Kind == "event").Select(m => Shape(m.Headers)).ToHashSet();
        await using var bench = await EventfulAsync();
        foreach (var message in bench.Ami.Messages.Where(m => m.IsEvent && m.Name != "UserEvent"))
        {
            known.Should().Contain(Shape(message.Lines), "{0}", message);
        }
    }

    [Fact]
    public async Task Every_live_event_carries_its_time_the_system_and_the_call_id()
    {
        await using var bench = await EventfulAsync();
        var about = bench.Ami.Messages.Where(m => m.IsEvent && m["Uniqueid"] is not null && m["ActionID"] is null).ToList();
        about.Should().NotBeEmpty().And.OnlyContain(m => m.Lines[2].Key == "Timestamp" && m.Lines[3].Value == "demo");
        about.Should().OnlyContain(m => m.All("ChanVariable").Count() == 2);
        var answer = about.First(m => m.Name == "BridgeEnter");
        answer["Uniqueid"].Should().MatchRegex("^demo-[0-9]{10}\\.[0-9]+$");
        answer.All("ChanVariable").Should().Equal("CALLCRM_CALLID=c0ffee", "CALLERID(num-pres)=allowed_not_screened");
    }

    [Fact]
    public async Task A_user_event_of_the_hold_loop_names_the_call()
    {
        await using var bench = await Bench.StartAsync([Hold()]);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Hold);
        var mark = await bench.Ami.EventAsync("UserEvent");
        mark["UserEvent"].Should().Be("CallCrmHold");
        mark["CallId"].Should().Be("c0ffee");
        mark["Channel"].Should().Be(call.Channel);
        await bench.Ami.EventAsync("MusicOnHoldStart");
        bench.Ami.Messages.Select(m => m.Name).Should().ContainInOrder("UserEvent", "MusicOnHoldStart");
    }

    [Fact]
    public async Task A_withheld_number_the_trunk_knows_stands_in_clear_and_only_the_presentation_tells()
    {
        await using var bench = await Bench.StartAsync([Hold()]);
        var call = bench.Pbx.PlaceCall(new DemoCaller("420777999888", "560001") { Presentation = DemoPresentation.WithheldButKnown });
        await call.Reached(DemoCallPlace.Hold);
        var fresh = await bench.Ami.EventAsync("Newchannel");
        var asterisk = TraceLibrary.Load("02b").Messages().First(m => m.Name == "Newchannel");
        fresh["CallerIDNum"].Should().Be(asterisk.Get("CallerIDNum"));
        fresh["CallerIDName"].Should().Be(asterisk.Get("CallerIDName"));
        fresh.All("ChanVariable").Should().Contain("CALLERID(num-pres)=allowed_not_screened", "Asterisk is late to tell");
        (await bench.Ami.EventAsync("Newexten")).All("ChanVariable").Should().Contain("CALLERID(num-pres)=prohib_not_screened");
        var environment = TraceLibrary.Load("02b").AgiDialogues[0].Environment.ToDictionary(e => e.Key, e => e.Value);
        bench.Agi.Talks.Single()["callingpres"].Should().Be(environment["agi_callingpres"]);
        bench.Agi.Talks.Single()["calleridname"].Should().Be(environment["agi_calleridname"]);
    }

    [Fact]
    public async Task An_anonymous_caller_reads_as_with_asterisk()
    {
        await using var bench = await Bench.StartAsync([Hold()]);
        var call = bench.Pbx.PlaceCall(new DemoCaller("secret", "560001") { Presentation = DemoPresentation.Anonymous });
        await call.Reached(DemoCallPlace.Hold);
        var asterisk = TraceLibrary.Load("02c").Messages().First(m => m.Name == "Newchannel");
        var fresh = await bench.Ami.EventAsync("Newchannel");
        fresh["CallerIDNum"].Should().Be(asterisk.Get("CallerIDNum"));
        fresh["CallerIDName"].Should().Be(asterisk.Get("CallerIDName"));
        bench.Agi.Talks.Single()["callerid"].Should().Be("anonymous");
    }

    [Fact]
    public async Task A_name_with_quotes_and_emoji_is_escaped_as_asterisk_escapes_it()
    {
        await using var bench = await Bench.StartAsync([Hold()]);
        var agi = TraceLibrary.Load("02d").AgiDialogues[0].Environment.First(e => e.Key == "agi_calleridname").Value;
        var call = bench.Pbx.PlaceCall(Bench.Alice() with { Name = agi });
        await call.Reached(DemoCallPlace.Hold);
        (await bench.Ami.EventAsync("Newchannel"))["CallerIDName"]
            .Should().Be(TraceLibrary.Load("02d").Messages().First(m => m.Name == "Newchannel").Get("CallerIDName"));
        bench.Agi.Talks.Single()["calleridname"].Should().Be(agi);
    }

    [Fact]
    public async Task A_caller_cannot_smuggle_lines_into_ami_or_agi()
    {
        await using var bench = await Bench.StartAsync([Hold()]);
        var call = bench.Pbx.PlaceCall(new DemoCaller("1\r\nEvent: Hangup", "560001\r\nX: y") { Name = "a\r\n\r\nEvent: Hangup\nagi_arg_1: held" });
        await call.Reached(DemoCallPlace.Hold);
        await bench.Ami.EventAsync("MusicOnHoldStart");
        await bench.Ami.CaughtUpAsync();
        bench.Ami.Events("Hangup").Should().BeEmpty();
        bench.Agi.Talks.Single().Arguments.Should().Be("new|560001|");
    }

    [Fact]
    public async Task The_agi_environment_is_that_of_asterisk()
    {
        await using var bench = await Bench.StartAsync([Hold()]);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Hold);
        var told = bench.Agi.Talks.Single().Environment;
        var asterisk = TraceLibrary.Load("02").AgiDialogues[0].Environment;
        told.Select(e => e.Key).Should().Equal(asterisk.Select(e => e.Key));

        // What differs by nature: addresses, ids, the place in the dialplan, arguments.
        string[] own = ["agi_network_script", "agi_request", "agi_channel", "agi_uniqueid", "agi_context", "agi_extension", "agi_priority", "agi_threadid"];
        told.Where(e => !own.Contains(e.Key) && !e.Key.StartsWith("agi_arg", StringComparison.Ordinal))
            .Should().Equal(asterisk.Where(e => !own.Contains(e.Key) && !e.Key.StartsWith("agi_arg", StringComparison.Ordinal)));
        told.Should().Contain(KeyValuePair.Create("agi_uniqueid", call.Uniqueid!));
    }

    [Fact]
    public async Task Agi_commands_get_the_replies_of_asterisk()
    {
        string[] commands =
        [
            "BOGUS COMMAND", "", "GET VARIABLE NOSUCH", "GET FULL VARIABLE ${NOSUCH}", "EXEC NoSuchApp x", "EXEC NoOp \"a b\"",
            "set variable lower \"case\"", "SET VARIABLE UTF \"žluťoučký 🙂\"", "GET VARIABLE UTF",
            "SET VARIABLE Q \"a \\\"b\\\" c\\\\d, e;f ${EXTEN}\"", "GET VARIABLE Q", "SET VARIABLE NL \"line1\\nline2\"", "GET VARIABLE NL",
            "GET VARIABLE CALLERID(all)", "CHANNEL STATUS", "CHANNEL STATUS PJSIP/none-1", "NOOP",
        ];
        var replies = new List<string>();
        await using var bench = await Bench.StartAsync([async talk =>
        {
            foreach (var command in commands)
            {
                replies.Add(await talk.SendAsync(command));
            }

            await Hold()(talk);
        }]);
        var call = bench.Pbx.PlaceCall(Bench.Alice() with { Name = "AGI Tester" });
        await call.Reached(DemoCallPlace.Hold);
        var asterisk = TraceLibrary.Load("23f").AgiDialogues[0].Commands.ToList();
        var expected = commands.Select(command =>
        {
            var asked = asterisk.FindIndex(l => l.Direction == '>' && l.Text == command);
            return asterisk.Skip(asked).First(l => l.Direction == '<').Text;
        });
        replies.Should().Equal(expected);
    }

    /// <summary>A call with everything: hold, talk, held by the phone, keys, a muted recording, a refused phone, registrations, lists.</summary>
    private static async Task<Bench> EventfulAsync()
    {
        var bench = await Bench.StartAsync([Dial("PJSIP/102"), Hold(), Dial("PJSIP/101", record: true)], ConformanceTests.Recording);
        await bench.Pbx.Phone("PJSIP/102").Behave(DemoPhoneBehaviour.Busy);
        await bench.Pbx.Phone("PJSIP/110").Unregister();
        await bench.Pbx.Phone("PJSIP/110").Register();
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Hold);
        await ConformanceTests.RedirectAsync(bench, call);
        await call.Reached(DemoCallPlace.Ringing, "PJSIP/101");
        await bench.Pbx.Phone("PJSIP/101").Answer();
        await call.Reached(DemoCallPlace.Talking);
        await bench.Pbx.Phone("PJSIP/101").Hold();
        await bench.Pbx.Phone("PJSIP/101").Unhold();
        await bench.Ami.DoAsync("MixMonitorMute", ("Channel", call.Channel!), ("Direction", "both"), ("State", "1"));
        call.PressDigits("5");
        await bench.Ami.EventAsync("DTMFEnd", m => m["Direction"] == "Sent");
        await bench.Ami.ListAsync("CoreShowChannels");
        await bench.Ami.ListAsync("Status");
        await bench.Ami.ListAsync("DeviceStateList");
        call.HangUp();
        await call.Ended;
        var declined = bench.Pbx.PlaceCall(Bench.Alice());
        await declined.Reached(DemoCallPlace.Ringing);
        declined.HangUp();
        await declined.Ended;
        await bench.Ami.DoAsync("Ping");
        return bench;
    }

    private static string Shape(IEnumerable<KeyValuePair<string, string>> lines)
    {
        var all = lines.ToList();
        return all[0].Value + ": " + string.Join(",", all.Skip(1).Select(l => l.Key).Where(k => !Configured.Contains(k)));
    }
}
