namespace CallCrm.Engine.Tests;

public sealed class InboundTests
{
    private static Scenario Open(params string[] agents)
    {
        var story = new Scenario().PbxUp();
        var extension = 101;
        foreach (var agent in agents)
            story.ReadyAt(agent, $"{extension++}");
        return story.Forget();
    }

    [Fact]
    public void A_call_is_identified_offered_answered_ended_and_wrapped_up()
    {
        Open("anna")
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
}
