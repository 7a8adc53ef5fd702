using CallCrm.Engine;

namespace CallCrm.CallEngine.Tests;

public sealed class PbxModelBridgeTests
{
    readonly PbxModelCalls _calls = new();

    public PbxModelBridgeTests()
    {
        _calls.Inbound("1").Phone("2", "101", "1").Inbound("3");
        _calls.Said();
    }

    [Fact]
    public void Who_is_swapped_out_has_left_though_its_BridgeLeave_comes_late() =>
        _calls.Enter("1", "b").Enter("2", "b").Enter("3", "b", "SwapUniqueid: 1.2").Leave("2", "b").Said()
            .Should().Equal("joined     .1 bridge A", "joined     .2 bridge A", "left       .2 bridge A", "joined     .3 bridge A");

    [Fact]
    public void Entering_another_bridge_leaves_the_first() =>
        _calls.Enter("1", "b").Enter("1", "b").Enter("1", "c").Leave("1", "b").Leave("1", "c").Leave("1", "c").Said()
            .Should().Equal("joined     .1 bridge A", "left       .1 bridge A", "joined     .1 bridge B", "left       .1 bridge B");

    [Fact]
    public void Parked_callers_share_a_bridge_and_do_not_hear_each_other() =>
        _calls.Enter("1", "b").Send("BridgeEnter", [.. _calls.Of("1"), "BridgeUniqueid: p", "BridgeTechnology: holding_bridge"])
            .Send("BridgeEnter", [.. _calls.Of("3"), "BridgeUniqueid: p", "BridgeTechnology: holding_bridge"]).Leave("1", "p").Said()
            .Should().Equal("joined     .1 bridge A", "left       .1 bridge A", "waits      .1 Music", "waits      .3 Music", "wait ended .1");

    [Fact]
    public void Destroyed_bridge_holds_nobody() =>
        _calls.Enter("1", "b").Enter("2", "b").Send("BridgeDestroy", "BridgeUniqueid: b").Said().Skip(2)
            .Should().BeEquivalentTo("left       .1 bridge A", "left       .2 bridge A");

    [Fact]
    public void Merged_bridge_moves_its_legs_without_a_gap() =>
        _calls.Enter("1", "b").Enter("2", "c").Send("BridgeMerge", "ToBridgeUniqueid: b", "FromBridgeUniqueid: c").Leave("2", "c").Enter("2", "b").Said().Skip(2)
            .Should().Equal("left       .2 bridge B", "joined     .2 bridge A");

    [Fact]
    public void Leg_that_hangs_up_leaves_first() =>
        _calls.Enter("1", "b").Hangup("1").Leave("1", "b").Said().Skip(1).Should().Equal("left       .1 bridge A", "ended      .1 cause 16");

    [Theory]
    [InlineData("Success", 1)]
    [InlineData("Fail", 0)]
    [InlineData("Invalid", 0)]
    public void Only_a_transfer_that_worked_is_one(string result, int count)
    {
        _calls.Send("BlindTransfer", "TransfererUniqueid: 1.2", "TransfereeUniqueid: 1.1", "Extension: 102", "Result: " + result);
        _calls.Send("AttendedTransfer", "OrigTransfererUniqueid: 1.2", "TransfereeUniqueid: 1.1", "DestApp: Queue", "Result: " + result);

        _calls.Facts.OfType<PbxFact.Transferred>().Should().HaveCount(2 * count);
    }

    [Fact]
    public void Transfer_out_of_a_conference_names_no_single_transferee() =>
        _calls.Send("BlindTransfer", "TransfererUniqueid: 1.2", "Extension: 102", "Result: Success").Said().Should().Equal("transfer   Blind by .2 of nobody to '102'");
}
