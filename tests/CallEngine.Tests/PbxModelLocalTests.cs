using CallCrm.Engine;

namespace CallCrm.CallEngine.Tests;

/// <summary>Local channels make no facts: the phone behind one is dialled by the person before it, and they talk in one bridge.</summary>
public sealed class PbxModelLocalTests
{
    readonly PbxModelCalls _calls = new();

    /// <summary>Caller .1, halves .2 (;1) and .3 (;2), phone .4.</summary>
    PbxModelCalls QueueMember(string both = "Local/101@from-queue-00000001")
    {
        _calls.Inbound("1").New("2", both + ";1", "1").New("3", both + ";2", "1", "4").DialBegin("1", "2").Phone("4", "101", "1");
        _calls.Said().Should().HaveCount(2, "the halves say nothing");
        return _calls;
    }

    [Fact]
    public void Phone_behind_a_Local_queue_member_is_dialled_by_the_caller()
    {
        QueueMember().DialBegin("3", "4").State("4", "5").State("2", "5").Said()
            .Should().Equal("dial       .1 -> .4 PJSIP/101", "rang       .4");

        _calls.State("4", "6").DialEnd("3", "4", "ANSWER").State("2", "6").DialEnd("1", "2", "ANSWER").State("3", "6").Said()
            .Should().Equal("up         .4", "dial ended .1 -> .4 Answered");
    }

    [Fact]
    public void Caller_is_found_by_the_linked_id_when_the_phone_is_dialled_first()
    {
        _calls.Inbound("1").New("2", "Local/101@q-00000001;1", "1").New("3", "Local/101@q-00000001;2", "1", "4").Phone("4", "101", "1").Said();

        _calls.DialBegin("3", "4").DialBegin("1", "2").Said().Should().Equal("dial       .1 -> .4 PJSIP/101");
    }

    [Theory]
    [InlineData("4 3 2 1")]
    [InlineData("2 1 4 3")]
    [InlineData("1 4 3 2")]
    [InlineData("4 1 2 3")]
    public void Two_bridges_with_a_Local_channel_between_are_one(string order)
    {
        QueueMember().DialBegin("3", "4").DialEnd("3", "4", "ANSWER").DialEnd("1", "2", "ANSWER").Said();

        foreach (var id in order.Split(' '))
            _calls.Enter(id, id is "1" or "2" ? "near" : "far");

        var joined = _calls.Facts.OfType<PbxFact.LegJoined>().GroupBy(f => f.Leg.UniqueId).ToDictionary(g => g.Key, g => g.Last().BridgeId);
        joined.Keys.Should().BeEquivalentTo(["1.1", "1.4"]);
        joined.Values.Distinct().Should().ContainSingle();
        _calls.Leave("1", "near").Leave("2", "near").Leave("3", "far").Leave("4", "far").Hangup("2").Hangup("3").Hangup("4").Hangup("1");
        _calls.Said();
        _calls.Model.Counters.Should().Match<PbxModelCounters>(c => c.Legs == 0 && c.Bridges == 0);
    }

    [Fact]
    public void Optimisation_moves_the_phone_and_nobody_stops_talking()
    {
        QueueMember().DialBegin("3", "4").DialEnd("3", "4", "ANSWER").DialEnd("1", "2", "ANSWER").Said();
        _calls.Enter("4", "far").Enter("3", "far").Enter("2", "near").Enter("1", "near").Said();

        _calls.Send("LocalOptimizationBegin", "LocalOneUniqueid: 1.2", "LocalTwoUniqueid: 1.3", "SourceUniqueid: 1.4")
            .Leave("4", "far").Leave("2", "near").Enter("4", "near", "SwapUniqueid: 1.2")
            .Send("LocalOptimizationEnd", "LocalOneUniqueid: 1.2", "LocalTwoUniqueid: 1.3", "Success: No")
            .Leave("3", "far").Hangup("3").Hangup("2");

        _calls.Said().Should().BeEmpty();
        _calls.Leave("1", "near").Leave("4", "near").Said().Should().Equal("left       .1 bridge A", "left       .4 bridge A");
    }

    [Fact]
    public void Bridge_whose_id_went_on_elsewhere_gets_another_one()
    {
        QueueMember().DialBegin("3", "4").DialEnd("3", "4", "ANSWER").Phone("5", "105", "5").Said();
        _calls.Enter("4", "far").Enter("3", "far").Enter("2", "near").Enter("1", "near").Leave("4", "far").Leave("2", "near").Said();

        // .1 is alone in "near", still shown as before; another enters "far", whose id that was.
        _calls.Enter("5", "far");

        _calls.Facts.OfType<PbxFact.LegJoined>().Should().ContainSingle().Which.BridgeId.Should().NotBe("far");
        _calls.Leave("5", "far").Leave("1", "near").Said().Should().HaveCount(3);
    }

    [Fact]
    public void Busy_phone_behind_a_Local_member_gives_one_result() =>
        QueueMember().DialBegin("3", "4").Refuse("4", "17", "486").DialEnd("3", "4", "BUSY").Hangup("4", "17", "486")
            .DialEnd("1", "2", "BUSY").Hangup("3", "17").Hangup("2", "17").Said()
            .Should().Equal("dial       .1 -> .4 PJSIP/101", "dial ended .1 -> .4 Busy (SIP 486)", "ended      .4 cause 17 (SIP 486), hung up itself");

    [Fact]
    public void Unregistered_phone_behind_a_Local_member_is_a_failed_try_of_the_caller() =>
        QueueMember().Send("VarSet", [.. _calls.Of("3"), "Variable: DIALSTATUS", "Value: CHANUNAVAIL"]).Said()
            .Should().Equal("dial ended .1 -> nobody Unreachable");

    [Fact]
    public void Two_Local_channels_in_a_row_are_seen_through()
    {
        _calls.Inbound("1").New("2", "Local/q@a-00000001;1", "1").New("3", "Local/q@a-00000001;2", "1", "4").DialBegin("1", "2")
            .New("5", "Local/101@b-00000002;1", "1").New("6", "Local/101@b-00000002;2", "1", "4").DialBegin("3", "5").Phone("7", "101", "1").Said();

        _calls.DialBegin("6", "7").DialEnd("6", "7", "ANSWER").Said().Should().Equal("dial       .1 -> .7 PJSIP/101", "dial ended .1 -> .7 Answered");

        foreach (var (id, bridge) in new[] { ("7", "c"), ("6", "c"), ("5", "b"), ("3", "b"), ("2", "a"), ("1", "a") })
            _calls.Enter(id, bridge);
        _calls.Facts.OfType<PbxFact.LegJoined>().GroupBy(f => f.Leg.UniqueId).Select(g => g.Last().BridgeId).Distinct().Should().ContainSingle();
        _calls.Said();
    }

    [Theory]
    [InlineData("OutgoingSpoolFailed")]
    [InlineData("Surrogate/PJSIP/101-00000001")]
    [InlineData("AsyncGoto/PJSIP/101-00000001")]
    [InlineData("Message/ast_msg_queue")]
    [InlineData("CBAnn/8000-00000000;1")]
    [InlineData("Local/101@x-00000001;1")]
    public void Channels_without_a_line_make_no_facts(string channel) =>
        _calls.New("1", channel, "1").State("1", "6").Enter("1", "b").Send("Hold", _calls.Of("1")).Hangup("1").Said().Should().BeEmpty();
}
