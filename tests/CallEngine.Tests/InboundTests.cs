namespace CallCrm.Engine.Tests;

public sealed class InboundTests
{
    [Fact]
    public void A_call_is_identified_offered_answered_ended_and_wrapped_up()
    {
        Scenario.With("anna")
            .At(10).Asks("1")
            .Expect("""
                call1 started Inbound +393331112222 to 800100 routed
                call1 leg 1 client
                look up call1 +393331112222 source web
                """)
            .At(10.01).Known("call1")
            .Expect("""
                call1 is Known client
                call1 queued sales place 1
                call1 decided LeastBusy anna of 1
                call1 offered call1/1 anna PJSIP/101 20s LeastBusy
                anna Reserved in call1
                answer r1 dial PJSIP/101 20s record after pop call1/1
                """)
            .At(10.1).Takes("1").ExpectNothing()
            .At(10.2).Dial("1", "2", "PJSIP/101").Expect("call1 leg 2 anna")
            .At(10.3).Rings("2")
            .Expect("""
                call1/1 rang
                anna Ringing in call1
                """)
            .At(13.3).DialEnds("1", "2", DialResult.Answered)
            .Expect("""
                call1/1 ended Answered 3000ms
                anna Talking in call1
                """)
            .Joins("b", "2").ExpectNothing()
            .At(13.5).Joins("b", "1").Expect("call1 answered anna by call1/1 wait 3490")
            .At(73.5).Leaves("b", "2", "1").Ends("1", hungUp: true)
            .Expect("call1 leg 1 ended 16")
            .Ends("2")
            .Expect("""
                call1 leg 2 ended 16 anna talk 60000 hold 0
                anna WrapUp in call1
                call1 ended Answered by Caller agent anna wait 3490 talk 60000 hold 0
                """)
            .At(103.4).ExpectNothing()
            .At(103.5).Expect("anna Ready");
    }

    [Fact]
    public void AMI_may_see_the_call_before_it_asks()
    {
        Scenario.With("anna")
            .At(10).Channel("1", "PJSIP/trunk").ExpectNothing()
            .At(10.002).Asks("1")
            .Expect("""
                observed-1 started Inbound +393331112222 to 800100 routed
                observed-1 leg 1 client
                look up observed-1 +393331112222 source web
                """);
    }

    [Fact]
    public void A_call_that_asks_after_a_menu_of_the_PBX_becomes_routed()
    {
        Scenario.With("anna")
            .At(10).Channel("1", "PJSIP/trunk")
            .At(10.3).Expect("""
                observed-1 started Inbound +393331112222 to 800100 observed
                observed-1 leg 1 client
                """)
            .At(20).Asks("1").Expect("""
                observed-1 routed +393331112222 to 800100
                look up observed-1 +393331112222 source web
                """);
    }

    [Fact]
    public void AGI_alone_suffices_while_AMI_is_away()
    {
        new Scenario().Ready("anna")
            .At(10).Asks("1").Known("call1").ExpectAmong("answer r1 dial PJSIP/101 20s record after pop call1/1")
            .Takes("1").At(30.5).Asks("1", RequestState.Next, last: DialResult.NoAnswer)
            .ExpectAmong("""
                call1/1 ended NoAnswer
                call1 decided Hold of 1 place 1
                answer r2 hold 20s place 1
                """);
    }

    [Fact]
    public void The_answer_may_be_seen_by_AMI_before_AGI_confirms_it()
    {
        Scenario.With("anna").Asks("1").Known("call1").Dial("1", "2", "PJSIP/101").Rings("2").Takes("1").Forget()
            .Answers("1", "2").ExpectAmong("call1 answered anna by call1/1 wait 0")
            .ExpectNone("report");
    }

    [Fact]
    public void Ringing_may_be_seen_before_the_dial_began()
    {
        Scenario.With("anna").Inbound("1").Channel("2", "PJSIP/101", "1").Rings("2").Forget()
            .At(1).Dial("1", "2", "PJSIP/101").At(10).ExpectNone("Unreachable");
    }

    [Fact]
    public void Agent_hangs_up()
    {
        Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget()
            .At(30).Ends("2", hungUp: true).Ends("1")
            .Expect("""
                call1 leg 2 ended 16 anna talk 30000 hold 0
                anna WrapUp in call1
                call1 leg 1 ended 16
                call1 ended Answered by Agent agent anna wait 0 talk 30000 hold 0
                """);
    }

    [Fact]
    public void Hold_by_the_phone_is_counted_apart_from_talk()
    {
        Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget()
            .At(10).Fact(new PbxFact.HoldBegan(Scenario.Node, null, Scenario.Leg("2"))).Expect("call1 held by anna")
            .At(14).Fact(new PbxFact.HoldEnded(Scenario.Node, null, Scenario.Leg("2"))).Expect("call1 resumed by anna")
            .At(20).Ends("1", hungUp: true).Ends("2")
            .ExpectAmong("""
                call1 leg 2 ended 16 anna talk 16000 hold 4000
                call1 ended Answered by Caller agent anna wait 0 talk 16000 hold 4000
                """);
    }

    [Fact]
    public void An_unhold_without_a_hold_says_nothing() =>
        Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget()
            .Fact(new PbxFact.HoldEnded(Scenario.Node, null, Scenario.Leg("2"))).ExpectNothing();

    [Fact]
    public void A_caller_who_hangs_up_while_held_needs_no_unhold()
    {
        Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101")
            .At(10).Fact(new PbxFact.HoldBegan(Scenario.Node, null, Scenario.Leg("2"))).Forget()
            .At(15).Ends("1", hungUp: true).Ends("2")
            .ExpectAmong("call1 ended Answered by Caller agent anna wait 0 talk 10000 hold 5000");
    }

    [Fact]
    public void The_recording_is_told_once_and_only_for_the_clients_leg()
    {
        Scenario.With("anna").Inbound("1").Dial("1", "2", "PJSIP/101").Forget()
            .Fact(new PbxFact.RecordingBegan(Scenario.Node, null, Scenario.Leg("1"))).Expect("call1 recorded on 1")
            .Fact(new PbxFact.RecordingBegan(Scenario.Node, null, Scenario.Leg("1"))).ExpectNothing()
            .Fact(new PbxFact.RecordingBegan(Scenario.Node, null, Scenario.Leg("2"))).ExpectNothing();
    }

    [Fact]
    public void A_call_ends_without_its_other_legs_two_seconds_after_the_client_left()
    {
        Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget()
            .At(10).Ends("1", hungUp: true).Expect("call1 leg 1 ended 16")
            .At(11.999).ExpectNothing()
            .At(12).Expect("call1 ended Answered by Caller agent anna wait 0 talk 10000 hold 0")
            .At(13).Ends("2").Expect("""
                call1 leg 2 ended 16 anna talk 10000 hold 0
                anna WrapUp in call1
                """);
    }

    [Fact]
    public void A_blind_transfer_pops_for_the_second_agent_and_both_wrap_up()
    {
        Scenario.With("anna", "bruno").Inbound("1").TalksTo("1", "2", "PJSIP/101").At(10)
            .Forget()
            .Fact(new PbxFact.Transferred(Scenario.Node, null, TransferKind.Blind, Scenario.Leg("2"), Scenario.Leg("1"), "102"))
            .Expect("call1 transferred Blind anna to bruno (102)")
            .Leaves("b1", "2", "1").Ends("2")
            .Expect("""
                call1 leg 2 ended 16 anna talk 10000 hold 0
                anna WrapUp in call1
                """)
            .Dial("1", "3", "PJSIP/102").ExpectAmong("call1 offered call1/2 bruno PJSIP/102 20s Transfer")
            .Rings("3").At(15).Answers("1", "3").ExpectAmong("""
                call1/2 ended Answered 5000ms
                bruno Talking in call1
                call1 answered bruno by call1/2 wait 0
                """)
            .At(25).Ends("1", hungUp: true).Ends("3").ExpectAmong("""
                bruno WrapUp in call1
                call1 ended Answered by Caller agent bruno wait 0 talk 20000 hold 0
                """);
    }
}
