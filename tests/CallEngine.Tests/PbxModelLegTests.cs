using CallCrm.Engine;

namespace CallCrm.CallEngine.Tests;

public sealed class PbxModelLegTests
{
    readonly PbxModelCalls _calls = new();

    [Theory]
    [InlineData("PJSIP/101-0000002a", "PJSIP/101")]
    [InlineData("PJSIP/anna-desk-0000002a", "PJSIP/anna-desk")]
    [InlineData("SIP/trunk-a-00ffab12", "SIP/trunk-a")]
    [InlineData("IAX2/branch-5501", "IAX2/branch")]
    [InlineData("DAHDI/1-1", "DAHDI/1")]
    [InlineData("DAHDI/i1/0420777-3f", "DAHDI/i1/0420777")]
    [InlineData("PJSIP/no-suffix", "PJSIP/no-suffix")]
    [InlineData("PJSIP/101-", "PJSIP/101-")]
    public void Device_is_the_channel_without_its_suffix(string channel, string device) =>
        _calls.New("1", channel, "1").Facts.Should().ContainSingle().Which.Should().BeOfType<PbxFact.LegCreated>().Which.Device.Should().Be(device);

    [Theory]
    [InlineData(@"Žaneta \\\""Žany\\\"" O\'Brien, 🙂 <x>: \\\\ tel", @"Žaneta \""Žany\"" O'Brien, 🙂 <x>: \\ tel")]
    [InlineData(@"who\?", "who?")]
    [InlineData(@"a\nb\tc", "a b c")]
    [InlineData("a\u0007b", "a b")]
    [InlineData(@"ends with \", @"ends with \")]
    [InlineData("<unknown>", "")]
    [InlineData("", "")]
    public void Names_lose_the_escaping_of_AMI_and_nothing_else(string sent, string name) =>
        Created("CallerIDName: " + sent).CallerName.Should().Be(name);

    [Fact]
    public void Endless_names_and_numbers_are_cut_between_characters()
    {
        var created = Created("CallerIDName: " + string.Concat(Enumerable.Repeat("🙂", 500)), "CallerIDNum: " + new string('4', 500));

        created.CallerName.Should().HaveLength(200).And.EndWith("🙂");
        created.CallerNumber.Should().HaveLength(128);
    }

    [Theory]
    [InlineData("allowed_not_screened", false)]
    [InlineData("prohib_passed_screen", true)]
    [InlineData("prohib", true)]
    [InlineData("unavailable", false)]
    public void Withheld_number_that_the_network_shows_goes_no_further(string presentation, bool restricted)
    {
        var created = Created("CallerIDNum: 420777999888", "CallerIDName: Eve", "ChanVariable: CALLCRM_CALLID=", "ChanVariable: CALLERID(num-pres)=" + presentation);

        created.Should().Match<PbxFact.LegCreated>(f => f.NumberRestricted == restricted && f.PresentationTold == restricted, "allowed is said of every new channel");
        (created.CallerNumber + created.CallerName).Should().Be(restricted ? "" : "420777999888Eve");
    }

    [Theory]
    [InlineData("anonymous")]
    [InlineData("Anonymous")]
    public void Literal_anonymous_is_a_withheld_number(string number) =>
        Created("CallerIDNum: " + number, "CallerIDName: Anonymous").Should()
            .Match<PbxFact.LegCreated>(f => f.NumberRestricted && f.CallerNumber == "" && f.CallerName == "" && f.PresentationTold);

    [Fact]
    public void Presentation_that_is_known_late_is_told_at_once()
    {
        _calls.Inbound("1", "ChanVariable: CALLERID(num-pres)=allowed_not_screened").Said();

        Newstate("prohib_passed_screen").Should().Equal("caller     .1 is (withheld), certain");
        Newstate("prohib_passed_screen").Should().BeEmpty();
        NewCallerid("0 (Presentation Allowed, Not Screened)").Should().Equal("caller     .1 is '420777123456' \"Alice\", certain");
        NewCallerid("35 (Presentation Prohibited, Network Number)").Should().Equal("caller     .1 is (withheld), certain");

        IEnumerable<string> Newstate(string presentation) =>
            _calls.Send("Newstate", [.. _calls.Of("1", "1", "4"), "CallerIDNum: 420777123456", "ChanVariable: CALLERID(num-pres)=" + presentation]).Said();

        IEnumerable<string> NewCallerid(string presentation) =>
            _calls.Send("NewCallerid", [.. _calls.Of("1"), "CallerIDNum: 420777123456", "CallerIDName: Alice", "CID-CallingPres: " + presentation]).Said();
    }

    [Fact]
    public void Number_of_a_caller_is_certain_once_an_event_after_the_first_says_so()
    {
        _calls.Inbound("1").Phone("2", "101", "1").Said();

        foreach (var id in new[] { "1", "2" })
        {
            for (var i = 0; i < 2; i++)
                _calls.Send("Newstate", [.. _calls.Of(id), "CallerIDNum: 420777123456", "CallerIDName: Alice", "ChanVariable: CALLERID(num-pres)=allowed"]);
        }

        _calls.Said().Should().Equal(["caller     .1 is '420777123456' \"Alice\", certain"], "a dialled phone is no caller");
    }

    [Fact]
    public void Linked_id_that_changed_silently_is_told_by_the_next_event_and_an_old_picture_does_not_turn_it_back()
    {
        _calls.Inbound("1").Phone("2", "101", "2").Said();

        _calls.Send("Newstate", _calls.Of("2", "1", "0")).Send("Hold", _calls.Of("2", "2")).Send("Unhold", _calls.Of("2", "1")).Said()
            .Should().Equal("linked     .2 now .1", "hold       by .2", "hold ended by .2");
    }

    [Fact]
    public void Unhold_with_nothing_held_and_a_second_Hold_say_nothing()
    {
        _calls.Inbound("1").Said();

        _calls.Send("Unhold", _calls.Of("1")).Send("Hold", _calls.Of("1")).Send("Hold", _calls.Of("1")).Hangup("1").Said()
            .Should().Equal("hold       by .1", "hold ended by .1", "ended      .1 cause 16");
    }

    [Fact]
    public void Hold_mark_is_said_on_every_turn_of_the_loop() =>
        _calls.Inbound("1").Send("UserEvent", [.. _calls.Of("1"), "UserEvent: CallCrmHold"]).Send("UserEvent", [.. _calls.Of("1"), "userevent: callcrmhold"])
            .Send("UserEvent", [.. _calls.Of("1"), "UserEvent: Other"]).Send("UserEvent", "UserEvent: CallCrmHold").Said().Skip(1)
            .Should().Equal("hold mark  .1", "hold mark  .1");

    [Fact]
    public void Who_goes_to_the_fallback_is_said_and_waits_for_nobody_of_ours() =>
        _calls.Inbound("1").Send("UserEvent", [.. _calls.Of("1"), "UserEvent: CallCrmMessage"]).Send("UserEvent", [.. _calls.Of("1"), "UserEvent: CallCrmFallback"]).Said().Skip(1)
            .Should().Equal("waits      .1 Message", "wait ended .1", "fallback   .1");

    [Fact]
    public void A_message_after_the_tone_is_said_until_the_caller_is_elsewhere_or_gone()
    {
        string[] message = [.. _calls.Of("1"), "UserEvent: CallCrmMessage"], hold = [.. _calls.Of("1"), "UserEvent: CallCrmHold"];
        _calls.Inbound("1").Send("UserEvent", message).Send("UserEvent", message).Send("UserEvent", hold).Send("UserEvent", message).Hangup("1").Said().Skip(1)
            .Should().Equal("waits      .1 Message", "wait ended .1", "hold mark  .1", "waits      .1 Message", "wait ended .1", "ended      .1 cause 16");
    }

    [Fact]
    public void Recording_is_said_once_however_many_run() =>
        _calls.Inbound("1").Send("MixMonitorStart", _calls.Of("1")).Send("MixMonitorStart", _calls.Of("1")).Send("MixMonitorStop", _calls.Of("1"))
            .Send("MixMonitorStart", _calls.Of("1")).Said().Skip(1).Should().Equal("recording  .1", "recording  .1");

    [Fact]
    public void Hangup_without_a_cause_has_cause_0() =>
        _calls.Inbound("1").Send("Hangup", _calls.Of("1")).Said().Last().Should().Be("ended      .1 cause 0");

    [Fact]
    public void Renamed_channel_is_the_same_leg_under_another_device()
    {
        _calls.Inbound("1").Phone("2", "101", "1").Send("Rename", "Uniqueid: 1.2", "Channel: PJSIP/101-00000002", "Newname: PJSIP/102-00000009").Said();

        _calls.DialBegin("1", "2").Said().Should().Equal("dial       .1 -> .2 PJSIP/102");
    }

    [Fact]
    public void Case_of_the_keys_does_not_matter() =>
        _calls.Send("Newchannel", "CHANNEL: PJSIP/101-00000001", "uniqueid: 1.1", "LINKEDID: 1.1", "channelstate: 4", "CALLERIDNUM: 7", "exten: 5", "CONTEXT: c",
            "chanvariable: callerid(NUM-PRES)=prohib").Facts.Should().ContainSingle()
            .Which.Should().Match<PbxFact.LegCreated>(f => f.Device == "PJSIP/101" && f.NumberRestricted && f.DialledNumber == "5" && f.Context == "c");

    [Fact]
    public void Ended_leg_does_not_come_back_by_a_doubled_event_until_the_connection_is_lost()
    {
        _calls.Inbound("1").Hangup("1").Inbound("1").Hangup("1").Said().Should().HaveCount(2);
        _calls.Model.Counters.Should().Match<PbxModelCounters>(c => c.AfterEnd == 2 && c.Legs == 0);

        _calls.Model.Reset("connection lost").Should().Be(new PbxFact.Lost(PbxModelTraces.Node, null, "connection lost"));
        _calls.Model.Handle(PbxModelTraces.Event("Newchannel", "Channel: PJSIP/trunk-1", "Uniqueid: 1.1")).Should().ContainSingle("a restarted PBX counts again");
    }

    [Fact]
    public void Lost_Hangups_cannot_fill_the_memory()
    {
        var calls = new PbxModelCalls(maxLegs: 3);
        calls.Inbound("1").Phone("2", "101", "1").DialBegin("1", "2").Enter("1", "b").Inbound("3").Said();

        calls.Inbound("4").Said().Should().Equal("created    .4 PJSIP/trunk of '420777123456' \"Alice\" to '560001' in from-trunk, linked .4",
            "left       .1 bridge A", "ended      .1 cause 0");
        calls.Hangup("1").Said().Should().BeEmpty();
        calls.Model.Counters.Should().Match<PbxModelCounters>(c => c.Evicted == 1 && c.Legs == 3 && c.AfterEnd == 1 && c.Bridges == 0);
    }

    [Fact]
    public void Long_life_beside_many_short_ones_leaks_nothing()
    {
        var model = new PbxModel(PbxModelTraces.Node);
        model.Handle(PbxModelTraces.Event("Newchannel", "Channel: PJSIP/old-1", "Uniqueid: old"));
        for (var i = 0; i < 20_000; i++)
        {
            model.Handle(PbxModelTraces.Event("Newchannel", "Channel: PJSIP/x-1", $"Uniqueid: {i}"));
            model.Handle(PbxModelTraces.Event("Hangup", $"Uniqueid: {i}"));
        }

        model.Counters.Should().Match<PbxModelCounters>(c => c.Legs == 1 && c.Facts == 40_001);
    }

    PbxFact.LegCreated Created(params string[] more) =>
        _calls.New("1", "PJSIP/trunk-00000001", "1", "4", more).Facts.OfType<PbxFact.LegCreated>().Single();
}
