namespace CallCrm.Engine.Tests;

/// <summary>What the states of an agent's phone mean for offers, and what the agent and the board are told of them.</summary>
public sealed class PhoneTests
{
    [Fact]
    public void A_phone_that_is_gone_gets_no_offer_and_its_agent_is_told_until_it_is_back()
    {
        var story = Scenario.With("anna", "bruno").Device("101", DeviceState.Unavailable).At(1.9).ExpectNothing().At(2).Expect("anna Ready (unreachable)");
        story.Inbound("1").ExpectAmong("call1 offered call1/1 bruno PJSIP/102 20s LeastBusy").ExpectNone("anna PJSIP/101");
        story.At(10).Device("101", DeviceState.NotInUse).Expect("anna Ready");
        story.AgentOf("anna").Free.Should().BeTrue();
    }

    [Fact]
    public void With_the_only_phone_gone_a_queue_holds_nobody_although_its_agent_is_signed_in() =>
        Scenario.With("anna").Device("101", DeviceState.Unavailable).At(5).Forget().Inbound("1").ExpectAmong("call1 decided NobodySignedIn");

    [Theory]
    [InlineData(DeviceState.InUse)]
    [InlineData(DeviceState.Busy)]
    [InlineData(DeviceState.OnHold)]
    [InlineData(DeviceState.RingInUse)]
    public void A_phone_in_use_outside_what_we_see_makes_the_agent_busy_and_says_so(DeviceState state)
    {
        var story = Scenario.With("anna").Device("101", state).At(2).Expect("anna Ready (busy)");
        story.AgentOf("anna").Free.Should().BeFalse();
        story.Inbound("1").ExpectAmong("answer r1 hold 20s place 1").Mark("1").Forget()
            .At(30).Device("101", DeviceState.NotInUse).ExpectAmong("anna Ready").ExpectNone("(busy)");
    }

    [Fact]
    public void A_state_that_passes_by_is_not_told()
    {
        // The order of a phone's hang-up and of its device's state is nobody's to rely on.
        Scenario.With("anna").Change(Without.WrapUp).Inbound("1").TalksTo("1", "2", "PJSIP/101").Device("101", DeviceState.InUse).Forget()
            .At(10).Ends("1").Ends("2").ExpectNone("(busy)").Forget().At(10.2).Device("101", DeviceState.NotInUse).At(20).ExpectNothing();
        Scenario.With("anna").Device("101", DeviceState.Unavailable).At(1.5).Device("101", DeviceState.NotInUse).At(20).ExpectNothing();
    }

    [Fact]
    public void One_of_two_phones_that_is_there_is_enough()
    {
        var story = new Scenario().PbxUp().ReadyAt("anna", "106").Forget().Device("106", DeviceState.Unavailable).At(5).ExpectNothing();
        story.AgentOf("anna").Free.Should().BeTrue();
        story.Device("106m", DeviceState.Unavailable).At(7).Expect("anna Ready (unreachable)")
            .Device("106m", DeviceState.NotInUse).Expect("anna Ready");
    }

    [Fact]
    public void Whoever_sits_down_at_a_phone_in_use_is_told_when_they_become_ready()
    {
        new Scenario().PbxUp().Device("101", DeviceState.InUse).SignsIn("anna", "101").At(10).Forget()
            .Does("anna", new AgentCommand.Ready()).Expect("""
                anna Ready (busy)
                cmd2 accepted
                """);
    }

    [Fact]
    public void One_trouble_that_becomes_another_is_told_at_once() =>
        Scenario.With("anna").Device("101", DeviceState.InUse).At(2).Forget().Device("101", DeviceState.Unavailable).Expect("anna Ready (unreachable)");

    [Fact]
    public void While_the_PBX_is_out_of_sight_nothing_is_said_of_phones_and_after_it_what_the_snapshot_says()
    {
        Scenario.With("anna").Device("101", DeviceState.Unavailable).At(2).Forget()
            .PbxLost().Expect("""
                pbx pbx lost closed
                anna Ready
                """)
            .At(10).Fact(new PbxFact.Connected(Scenario.Node, null, "22.10.1")).ExpectNothing()
            .SnapshotOf([KeyValuePair.Create("PJSIP/101", DeviceState.Unavailable)]).Expect("pbx pbx connected")
            .At(12).Expect("anna Ready (unreachable)");
    }

    [Fact]
    public void A_private_call_seen_on_the_phone_makes_busy_by_itself() =>
        Scenario.With("anna").At(1).Device("101", DeviceState.InUse).Channel("5", "PJSIP/101", number: "101", dialled: "0612345678")
            .At(10).ExpectAmong("anna Talking in observed-5").ExpectNone("(busy)");

    [Fact]
    public void A_PBX_that_was_never_reached_is_told_once_and_again_when_it_is_there()
    {
        new Scenario().Forget().PbxLost().Expect("pbx pbx lost closed").PbxLost().ExpectNothing()
            .At(5).PbxUp().Expect("pbx pbx connected").SnapshotOf().ExpectNothing();
    }
}
