using CallCrm.Engine;

namespace CallCrm.CallEngine.Tests;

public sealed class PbxModelDialTests
{
    readonly PbxModelCalls _calls = new();

    PbxModelCalls Ringing(bool rings = true)
    {
        _calls.Inbound("1").Phone("2", "101", "1").DialBegin("1", "2");
        if (rings)
            _calls.State("2", "5");
        _calls.Said();
        return _calls;
    }

    [Fact]
    public void Ringing_before_the_dial_is_said_after_it()
    {
        _calls.Inbound("1").Phone("2", "101", "1").State("2", "5");
        _calls.Said().Should().HaveCount(2, "nobody is known to dial it yet");

        _calls.DialBegin("1", "2").State("2", "5").Said().Should().Equal("dial       .1 -> .2 PJSIP/101", "rang       .2");
    }

    [Theory]
    // What a phone said itself: known before the DialEnd, so said with it.
    [InlineData(false, "BUSY", "17", "486", DialResult.Busy)]
    [InlineData(false, "BUSY", "17", "600", DialResult.Busy)]
    [InlineData(false, "NOANSWER", "19", "480", DialResult.DoNotDisturb)]
    [InlineData(false, "NOANSWER", "21", "603", DialResult.Declined)]
    [InlineData(false, "NOANSWER", "1", "404", DialResult.Unreachable)]
    [InlineData(false, "CONGESTION", "34", "503", DialResult.Congestion)]
    // The reject key of many phones sends 486, and their own ring time ends in 480.
    [InlineData(true, "BUSY", "17", "486", DialResult.Declined)]
    [InlineData(true, "NOANSWER", "19", "480", DialResult.NoAnswer)]
    [InlineData(true, "NOANSWER", "21", "603", DialResult.Declined)]
    // Without a SIP status (other channel drivers, Asterisk 18) the cause tells.
    [InlineData(false, "BUSY", "17", null, DialResult.Busy)]
    [InlineData(false, "NOANSWER", "19", null, DialResult.DoNotDisturb)]
    [InlineData(true, "NOANSWER", "21", null, DialResult.Declined)]
    public void Phone_that_refuses_is_known_at_the_DialEnd(bool rang, string status, string cause, string? sip, DialResult result)
    {
        Ringing(rang).Refuse("2", cause, sip).DialEnd("1", "2", status);

        _calls.Facts.Should().ContainSingle().Which.Should().BeOfType<PbxFact.DialEnded>().Which.Result.Should().Be(result);
        _calls.Hangup("2", cause, sip);
        _calls.Facts.OfType<PbxFact.DialEnded>().Should().ContainSingle();
        _calls.Facts.OfType<PbxFact.LegEnded>().Should().ContainSingle().Which.HungUp.Should().BeTrue();
        _calls.Said();
    }

    [Theory]
    [InlineData(true, "NOANSWER", "0", null, DialResult.NoAnswer)]
    [InlineData(false, "NOANSWER", "0", null, DialResult.Unreachable)]
    [InlineData(true, "CANCEL", "26", null, DialResult.AnsweredElsewhere)]
    [InlineData(true, "CANCEL", "127", "500", DialResult.Cancelled)]
    [InlineData(true, "CANCEL", "16", null, DialResult.Cancelled)]
    // HangupRequest filtered away: the Hangup says the same.
    [InlineData(false, "NOANSWER", "19", "480", DialResult.DoNotDisturb)]
    [InlineData(false, "BUSY", "17", "486", DialResult.Busy)]
    [InlineData(false, "BUSY", "17", null, DialResult.Busy)]
    [InlineData(false, "NOANSWER", "21", "603", DialResult.Declined)]
    public void Without_a_word_of_the_phone_the_result_waits_for_the_cause_of_the_Hangup(bool rang, string status, string cause, string? sip, DialResult result)
    {
        Ringing(rang).DialEnd("1", "2", status);
        _calls.Facts.Should().BeEmpty();

        _calls.Hangup("2", cause, sip);

        _calls.Facts.OfType<PbxFact.DialEnded>().Should().ContainSingle().Which.Result.Should().Be(result);
        _calls.Said().Last().Should().StartWith("ended      .2");
    }

    [Theory]
    [InlineData("hold mark")]
    [InlineData("next dial")]
    [InlineData("dial starts")]
    [InlineData("bridge")]
    [InlineData("caller ends")]
    public void Result_whose_Hangup_was_lost_is_said_when_the_caller_goes_on(string how)
    {
        Ringing().DialEnd("1", "2", "NOANSWER");
        _calls.Said().Should().BeEmpty();

        _ = how switch
        {
            "hold mark" => _calls.Send("UserEvent", [.. _calls.Of("1"), "UserEvent: CallCrmHold"]),
            "next dial" => _calls.Phone("3", "102", "1").DialBegin("1", "3"),
            "dial starts" => _calls.Send("VarSet", [.. _calls.Of("1"), "Variable: DIALSTATUS", "Value: "]),
            "bridge" => _calls.Enter("1", "b"),
            _ => _calls.Hangup("1"),
        };

        _calls.Facts.OfType<PbxFact.DialEnded>().Should().ContainSingle().Which.Result.Should().Be(DialResult.NoAnswer);
        _calls.Hangup("2", "0");
        _calls.Facts.OfType<PbxFact.DialEnded>().Should().ContainSingle();
        _calls.Said();
    }

    [Fact]
    public void Answer_is_said_at_once_and_once() =>
        Ringing().State("2", "6").DialEnd("1", "2", "ANSWER").DialEnd("1", "2", "ANSWER").Hangup("2").Said()
            .Should().Equal("up         .2", "dial ended .1 -> .2 Answered", "ended      .2 cause 16");

    [Fact]
    public void Queue_says_DialEnd_twice_and_the_first_counts() =>
        Ringing().DialEnd("1", "2", "NOANSWER").DialEnd("1", "2", "CANCEL").Hangup("2", "0").Said()
            .Should().Equal("dial ended .1 -> .2 NoAnswer", "ended      .2 cause 0");

    [Theory]
    // Asterisk's own 480: the Originate ran into its time-out, the phone said nothing.
    [InlineData(true, false, "19", "480", DialResult.NoAnswer)]
    [InlineData(false, false, "19", "480", DialResult.Unreachable)]
    [InlineData(false, true, "19", "480", DialResult.DoNotDisturb)]
    [InlineData(false, true, "21", "603", DialResult.Declined)]
    [InlineData(true, false, "26", null, DialResult.AnsweredElsewhere)]
    [InlineData(true, false, "16", null, DialResult.Cancelled)]
    public void Ring_without_a_DialEnd_ends_with_the_leg(bool rang, bool refused, string cause, string? sip, DialResult result)
    {
        Ringing(rang);
        if (refused)
            _calls.Refuse("2", cause, sip);

        _calls.Hangup("2", cause, sip);

        _calls.Facts.OfType<PbxFact.DialEnded>().Should().ContainSingle().Which.Result.Should().Be(result);
        _calls.Said();
    }

    [Fact]
    public void Leg_that_is_up_when_it_ends_had_answered_though_its_DialEnd_was_lost() =>
        Ringing().State("2", "6").Hangup("2").Said().Should().Equal("up         .2", "dial ended .1 -> .2 Answered", "ended      .2 cause 16");

    [Fact]
    public void Leg_that_is_up_and_enters_a_bridge_has_answered_though_its_DialEnd_was_lost() =>
        Ringing().State("2", "6").Enter("2", "b").DialEnd("1", "2", "ANSWER").Said()
            .Should().Equal("up         .2", "dial ended .1 -> .2 Answered", "joined     .2 bridge A");

    [Fact]
    public void Pickup_ends_the_ring_of_the_one_and_is_the_answer_of_the_other()
    {
        Ringing().New("3", "PJSIP/102-00000003", "3", "4", "Exten: *8").Said();

        _calls.Hangup("2", "26");
        _calls.Send("Newstate", _calls.Of("3", "3", "6"));
        _calls.Send("DialEnd", [.. _calls.Of("1", "1"), "DestUniqueid: 1.3", "DestLinkedid: 1.1", "DestChannelState: 6", "DialStatus: ANSWER"]);

        _calls.Said().Should().Equal("dial ended .1 -> .2 AnsweredElsewhere", "ended      .2 cause 26", "up         .3", "linked     .3 now .1",
            "dial ended .1 -> .3 Answered");
    }

    [Fact]
    public void Pickup_by_the_feature_code_ends_the_ring_with_cause_16_after_the_answer()
    {
        Ringing().New("3", "PJSIP/102-00000003", "3", "4", "Exten: *8").Said();

        _calls.Send("Pickup", [.. _calls.Of("3"), "TargetUniqueid: 1.2"]).State("3", "6").DialEnd("1", "3", "ANSWER").Hangup("2").Said()
            .Should().Equal("up         .3", "dial ended .1 -> .3 Answered", "dial ended .1 -> .2 AnsweredElsewhere", "ended      .2 cause 16");
    }

    [Fact]
    public void Answer_of_an_earlier_round_says_nothing_of_a_later_ring()
    {
        // As Queue rings: without DIALSTATUS.
        Ringing().State("2", "6").DialEnd("1", "2", "ANSWER").Enter("2", "b").Enter("1", "b").Leave("2", "b").Hangup("2").Leave("1", "b").Phone("3", "102", "1").Said();

        _calls.DialBegin("1", "3").State("3", "5").DialEnd("1", "3", "CANCEL").Hangup("3", "16").Said().Should()
            .Equal("dial       .1 -> .3 PJSIP/102", "rang       .3", "dial ended .1 -> .3 Cancelled", "ended      .3 cause 16");
    }

    [Fact]
    public void Sound_before_the_answer_counts_as_ringing()
    {
        Ringing(false).Send("DialState", [.. _calls.Of("1"), "DestUniqueid: 1.2", "DialStatus: PROGRESS"]);

        _calls.DialEnd("1", "2", "NOANSWER").Hangup("2", "0").Said().First().Should().Be("dial ended .1 -> .2 NoAnswer");
    }

    [Theory]
    [InlineData("CHANUNAVAIL", "dial ended .1 -> nobody Unreachable")]
    [InlineData("CONGESTION", "dial ended .1 -> nobody Congestion")]
    [InlineData("BUSY", "dial ended .1 -> nobody Busy")]
    public void Phone_that_never_became_a_channel_is_told_by_the_callers_variable_once(string value, string said)
    {
        _calls.Inbound("1").Said();
        Dialstatus("").Should().BeEmpty();
        Dialstatus(value).Should().Equal(said);
        Dialstatus(value).Should().BeEmpty();
        Dialstatus("").Should().BeEmpty();
        Dialstatus(value).Should().Equal([said], "the next Dial is another try");
    }

    [Theory]
    [InlineData("NOANSWER")]
    [InlineData("CANCEL")]
    [InlineData("INVALIDARGS")]
    public void Other_words_of_DIALSTATUS_tell_nothing_of_their_own(string value)
    {
        _calls.Inbound("1").Said();
        Dialstatus(value).Should().BeEmpty();
    }

    [Fact]
    public void CHANUNAVAIL_after_a_603_is_no_second_result()
    {
        _calls.Inbound("1").Said();
        Dialstatus("");
        _calls.Phone("2", "101", "1").DialBegin("1", "2").Refuse("2", "21", "603").DialEnd("1", "2", "NOANSWER").Said().Last()
            .Should().Be("dial ended .1 -> .2 Declined (SIP 603)");

        Dialstatus("CHANUNAVAIL").Should().BeEmpty();
    }

    IEnumerable<string> Dialstatus(string value) => _calls.Send("VarSet", [.. _calls.Of("1"), "Variable: DIALSTATUS", "Value: " + value]).Said();
}
