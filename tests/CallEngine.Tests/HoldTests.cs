namespace CallCrm.Engine.Tests;

public sealed class HoldTests
{
    /// <summary>Anna talks in call 1; calls 2 and 3 wait, in the hold loop, in this order.</summary>
    private static Scenario TwoWait()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "1a", "PJSIP/101");
        return story.At(5).Inbound("2").Mark("2").At(8).Inbound("3").Mark("3").Forget();
    }

    [Fact]
    public void Nobody_free_means_hold_with_a_place_in_line()
    {
        Scenario.With("anna").Inbound("1").TalksTo("1", "1a", "PJSIP/101").Forget()
            .At(5).Asks("2").Known("call2").ExpectAmong("""
                call2 queued sales place 1
                call2 decided Hold place 1
                answer r2 hold 20s place 1
                """)
            .At(6).Asks("3").Known("call3").ExpectAmong("answer r3 hold 20s place 2")
            .At(25).Asks("2", RequestState.Held).Expect("answer r4 hold 20s place 1");
    }

    [Fact]
    public void The_first_in_line_is_fetched_by_redirect_when_the_agent_is_ready_again()
    {
        TwoWait()
            .At(30).Ends("1", hungUp: true).Ends("1a").Forget()
            .At(60).Expect("""
                anna Ready
                call2 decided LeastBusy anna of 1
                call2 offered call2/1 anna PJSIP/101 20s LeastBusy
                anna Reserved in call2
                act #1 redirect PJSIP/trunk-2 after pop call2/1
                """)
            .At(60.1).Done(1).ExpectNothing()
            .Asks("2", RequestState.Redirected).Expect("answer r4 dial PJSIP/101 20s record")
            .Takes("2").Dial("2", "2a", "PJSIP/101").Rings("2a").At(63).Answers("2", "2a")
            .ExpectAmong("call2 answered anna by call2/1 wait 58000")
            .At(64).Asks("3", RequestState.Held).Expect("answer r5 hold 20s place 1");
    }

    [Fact]
    public void An_agent_freed_between_two_turns_waits_for_the_hold_mark()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "1a", "PJSIP/101").Change(Without.WrapUp)
            .At(5).Inbound("2").Forget();
        story.At(10).Ends("1", hungUp: true).Ends("1a").ExpectAmong("anna Reserved in call2").ExpectNone("redirect")
            .At(10.5).Mark("2").ExpectAmong("""
                call2 offered call2/1 anna PJSIP/101 20s LeastBusy
                act #1 redirect PJSIP/trunk-2 after pop call2/1
                """);
    }

    [Fact]
    public void A_mark_that_does_not_come_frees_the_agent_for_the_next_in_line()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "1a", "PJSIP/101").Change(Without.WrapUp)
            .At(5).Inbound("2").At(6).Inbound("3").Mark("3").Forget();
        story.At(10).Ends("1", hungUp: true).Ends("1a").ExpectAmong("anna Reserved in call2")
            .At(12).ExpectAmong("""
                anna Ready
                call3 offered call3/1 anna PJSIP/101 20s LeastBusy
                """)
            .Done(1).Asks("3", RequestState.Redirected).ExpectAmong("answer r4 dial PJSIP/101 20s record")
            .At(25).Asks("2", RequestState.Held).ExpectAmong("answer r5 hold 20s place 1");
    }

    [Fact]
    public void A_caller_who_comes_round_meanwhile_gets_the_kept_agent_directly()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "1a", "PJSIP/101").Change(Without.WrapUp)
            .At(5).Inbound("2").At(24.9).Ends("1", hungUp: true).Ends("1a").Forget();
        story.At(25).Asks("2", RequestState.Held).Expect("""
            call2 decided LeastBusy anna
            call2 offered call2/1 anna PJSIP/101 20s LeastBusy
            answer r3 dial PJSIP/101 20s record after pop call2/1
            """);
    }

    [Fact]
    public void A_turn_that_ends_while_a_redirect_is_on_its_way_is_parked_and_closes()
    {
        TwoWait().Change(Without.WrapUp)
            .At(24.9).Ends("1", hungUp: true).Ends("1a").ExpectAmong("act #1 redirect PJSIP/trunk-2 after pop call2/1")
            .At(24.95).Asks("2", RequestState.Held).ExpectNothing()
            .Done(1).ExpectNothing()
            .Closes("2").ExpectNothing()
            .Asks("2", RequestState.Redirected).Expect("answer r5 dial PJSIP/101 20s record");
    }

    [Fact]
    public void A_parked_caller_is_answered_directly_when_the_redirect_is_refused()
    {
        TwoWait().Change(Without.WrapUp)
            .At(24.9).Ends("1", hungUp: true).Ends("1a").Asks("2", RequestState.Held).Forget()
            .Done(1, ok: false, "Channel does not exist").Expect("answer r4 dial PJSIP/101 20s record");
    }

    [Fact]
    public void A_parked_caller_is_answered_directly_when_the_redirect_gets_no_answer()
    {
        TwoWait().Change(Without.WrapUp)
            .At(24.9).Ends("1", hungUp: true).Ends("1a").Asks("2", RequestState.Held).Forget()
            .At(25.89).ExpectNothing()
            .At(25.9).Expect("answer r4 dial PJSIP/101 20s record");
    }

    [Fact]
    public void A_refused_redirect_frees_the_agent_and_keeps_the_place()
    {
        TwoWait().Change(Without.WrapUp)
            .At(20).Ends("1", hungUp: true).Ends("1a").Forget()
            .Done(1, ok: false, "Channel does not exist").ExpectAmong("""
                call2/1 ended Cancelled
                anna Ready
                call3 offered call3/1 anna PJSIP/101 20s LeastBusy
                """)
            .Done(2).Asks("3", RequestState.Redirected).ExpectAmong("answer r4 dial PJSIP/101 20s record")
            .At(25).Asks("2", RequestState.Held).ExpectAmong("answer r5 hold 20s place 1");
    }

    [Fact]
    public void Without_AMI_a_caller_takes_a_free_agent_when_they_come_round_in_order()
    {
        TwoWait().PbxLost().Forget()
            .Does("bruno", new AgentCommand.SignIn(Scenario.Node, "102")).Does("bruno", new AgentCommand.Ready()).ExpectNone("redirect").Forget()
            .At(10).Asks("4").Known("call4").ExpectAmong("answer r4 hold 20s place 3")
            .At(24).Asks("2", RequestState.Held).ExpectAmong("answer r5 dial PJSIP/102 20s record after pop call2/1");
    }

    [Fact]
    public void Without_AMI_a_caller_ahead_who_never_comes_round_blocks_nobody()
    {
        TwoWait().PbxLost()
            .Does("bruno", new AgentCommand.SignIn(Scenario.Node, "102")).Does("bruno", new AgentCommand.Ready()).Forget()
            .At(29).Asks("3", RequestState.Held).ExpectAmong("answer r4 hold 20s place 2")
            .At(49).Asks("3", RequestState.Held).ExpectAmong("answer r5 dial PJSIP/102 20s record after pop call3/1");
    }

    [Fact]
    public void A_turn_of_hold_ends_with_the_longest_wait()
    {
        Scenario.With("anna").Inbound("1").TalksTo("1", "1a", "PJSIP/101").Change(With.MaxWait(30)).At(5).Inbound("2").Forget()
            .At(25).Asks("2", RequestState.Held).Expect("answer r3 hold 10s place 1").Takes("2").Mark("2")
            .At(34.999).ExpectNothing()
            .At(35).Expect("""
                call2 decided MaxWait target voicemail,s,1
                act #1 redirect PJSIP/trunk-2
                """)
            .Done(1).Asks("2", RequestState.Redirected).Expect("answer r4 goto voicemail,s,1")
            .Takes("2").At(60).Ends("2", hungUp: true).ExpectAmong("call2 ended Overflow by Caller agent - wait 55000 talk 0 hold 0");
    }

    [Fact]
    public void Without_AMI_the_longest_wait_ends_at_the_next_turn()
    {
        new Scenario().Ready("anna").Inbound("1").Change(With.MaxWait(30)).At(5).Inbound("2").PbxLost()
            .At(25).Asks("2", RequestState.Held).Takes("2").Forget()
            .At(35).Asks("2", RequestState.Held).ExpectAmong("answer r4 goto voicemail,s,1");
    }

    [Fact]
    public void A_ringing_caller_is_left_to_ring_past_the_longest_wait()
    {
        Scenario.With("anna").Change(With.MaxWait(10)).Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").Forget()
            .At(15).ExpectNothing()
            .At(20).DialEnds("1", "2", DialResult.NoAnswer).Ends("2", 0).Asks("1", RequestState.Next, last: DialResult.NoAnswer)
            .ExpectAmong("""
                call1 decided MaxWait target voicemail,s,1
                answer r2 goto voicemail,s,1
                """);
    }

    [Fact]
    public void A_queue_left_by_its_last_agent_holds_nobody()
    {
        TwoWait().At(10).Does("anna", new AgentCommand.SignOut()).Expect("""
            anna SignedOut in call1
            cmd3 accepted
            call2 decided NobodySignedIn
            act #1 redirect PJSIP/trunk-2
            call3 decided NobodySignedIn
            act #2 redirect PJSIP/trunk-3
            """)
            .Done(1).Asks("2", RequestState.Redirected).Expect("answer r4 reject 21");
    }

    [Fact]
    public void A_phone_that_vanishes_is_nobody_too() =>
        TwoWait().At(10).Device("101", DeviceState.Unavailable).ExpectAmong("call2 decided NobodySignedIn");

    [Fact]
    public void Overflow_to_another_queue_goes_on_there_with_its_own_clock()
    {
        Scenario.With("anna").ReadyAt("dario", "103").Inbound("1").TalksTo("1", "1a", "PJSIP/101").Inbound("9", "+39800200").TalksTo("9", "9a", "PJSIP/103")
            .Change(s => With.MaxWait(30)(s) with { Queues = [.. With.MaxWait(30)(s).Queues.Select(q => q.Name == "sales" ? q with { AfterMaxWait = new Overflow(AfterWait.Queue, s.Queues.Single(x => x.Name == "support").Id.ToString()) } : q)] })
            .At(5).Inbound("2").Mark("2").Forget()
            .At(35).Expect("""
                call2 decided MaxWait target support
                call2 queued support place 1
                call2 decided Hold place 1
                """)
            .At(64.9).ExpectNothing()
            .At(65).ExpectAmong("call2 decided MaxWait target voicemail,s,1");
    }

    [Fact]
    public void Queues_that_overflow_into_each_other_end_in_the_fallback()
    {
        new Scenario(w => w
                .Queue("sales", q => q with { WhenNobody = new Overflow(AfterWait.Queue, "00000006-0000-7000-8000-000000000000") })
                .Queue("support", q => q with { WhenNobody = new Overflow(AfterWait.Queue, q.Id == default ? "" : "00000005-0000-7000-8000-000000000000") }))
            .PbxUp().Forget().Asks("1").Known("call1")
            .ExpectAmong("answer r1 fallback");
    }

    [Fact]
    public void A_waiting_caller_who_leaves_is_abandoned_and_frees_the_place()
    {
        TwoWait().At(20).Ends("2", 0, hungUp: true).Expect("""
            call2 leg 2 ended 0
            call2 ended Abandoned by Caller agent - wait 15000 talk 0 hold 0
            """)
            .At(28).Asks("3", RequestState.Held).Expect("answer r4 hold 20s place 1");
    }

    [Fact]
    public void A_caller_who_leaves_after_the_redirect_was_sent_frees_the_agent()
    {
        TwoWait().Change(Without.WrapUp).At(20).Ends("1", hungUp: true).Ends("1a").Forget()
            .Ends("2", 0, hungUp: true).ExpectAmong("""
                call2/1 ended CallerGaveUp
                call2 ended Abandoned by Caller agent - wait 15000 talk 0 hold 0
                call3 offered call3/1 anna PJSIP/101 20s LeastBusy
                """)
            .Done(1, ok: false, "Channel does not exist").ExpectAmong("report action_failed");
    }
}
