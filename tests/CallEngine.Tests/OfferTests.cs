namespace CallCrm.Engine.Tests;

public sealed class OfferTests
{
    [Fact]
    public void Not_answered_goes_to_the_next_agent()
    {
        Scenario.With("anna", "bruno").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").Forget()
            .At(20).DialEnds("1", "2", DialResult.NoAnswer).Ends("2", 0).Asks("1", RequestState.Next, last: DialResult.NoAnswer)
            .Expect("""
                call1/1 ended NoAnswer 20000ms
                call1 leg 2 ended 0 anna talk 0 hold 0
                anna Ready
                call1 decided LeastBusy bruno of 2
                call1 offered call1/2 bruno PJSIP/102 20s LeastBusy
                bruno Reserved in call1
                answer r2 dial PJSIP/102 20s record after pop call1/2
                """);
    }

    [Theory]
    [InlineData(DialResult.Declined, 603, "Declined", null)]
    [InlineData(DialResult.Busy, 486, "Busy", "busy")]
    [InlineData(DialResult.DoNotDisturb, 480, "DoNotDisturb", "do_not_disturb")]
    public void A_refusal_by_the_phone_is_no_missed_offer_and_the_caller_goes_on(DialResult result, int tech, string outcome, string? reason)
    {
        var story = Scenario.With("anna", "bruno").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").At(2).Forget()
            .DialEnds("1", "2", result, tech).Ends("2", 21, tech).Asks("1", RequestState.Next, last: DialResult.NoAnswer)
            .ExpectAmong($"""
                call1/1 ended {outcome} ({tech}) 2000ms
                call1 offered call1/2 bruno PJSIP/102 20s LeastBusy
                """);
        story.AgentOf("anna").State.Should().Be(AgentState.Ready);
        story.AgentOf("anna").Reason.Should().Be(reason);
    }

    [Fact]
    public void A_decline_that_DIALSTATUS_calls_CHANUNAVAIL_is_a_decline()
    {
        Scenario.With("anna", "bruno").Inbound("1").Dial("1", "2", "PJSIP/101").At(0.01).Forget()
            .Asks("1", RequestState.Next, last: DialResult.Unreachable).ExpectNothing()
            .At(0.02).DialEnds("1", "2", DialResult.Declined, 603).ExpectAmong("call1/1 ended Declined (603)");
    }

    [Fact]
    public void A_phone_that_rang_has_declined_although_AMI_says_nothing()
    {
        Scenario.With("anna", "bruno").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").At(2).Forget()
            .Asks("1", RequestState.Next, last: DialResult.Unreachable).At(2.1).ExpectAmong("call1/1 ended Declined 2100ms");
    }

    [Fact]
    public void AGI_may_ask_for_the_next_agent_before_AMI_says_how_the_ring_ended()
    {
        Scenario.With("anna", "bruno").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").At(2).Forget()
            .Asks("1", RequestState.Next, last: DialResult.NoAnswer).ExpectNothing()
            .At(2.05).DialEnds("1", "2", DialResult.Declined, 603).ExpectAmong("""
                call1/1 ended Declined (603) 2050ms
                answer r2 dial PJSIP/102 20s record after pop call1/2
                """);
    }

    [Fact]
    public void AMI_that_says_nothing_does_not_keep_the_caller_waiting()
    {
        Scenario.With("anna", "bruno").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").At(2).Forget()
            .Asks("1", RequestState.Next, last: DialResult.NoAnswer).At(2.1).ExpectAmong("answer r2 dial PJSIP/102 20s record after pop call1/2");
    }

    [Fact]
    public void A_phone_that_does_not_ring_within_three_seconds_is_unreachable_and_the_caller_goes_on_at_once()
    {
        var story = Scenario.With("anna", "bruno").Inbound("1").Dial("1", "2", "PJSIP/101").Forget()
            .At(2.999).ExpectNothing()
            .At(3).Expect("""
                call1/1 ended Unreachable
                anna Ready (unreachable) in call1
                act #1 redirect PJSIP/trunk-1 unless bridged
                """)
            .DialEnds("1", "2", DialResult.Cancelled).Ends("2", 16).Asks("1", RequestState.Redirected)
            .ExpectAmong("call1 offered call1/2 bruno PJSIP/102 20s LeastBusy");
        story.AgentOf("anna").Free.Should().BeFalse();
        story.At(33).AgentOf("anna").Free.Should().BeTrue();
    }

    [Fact]
    public void An_unregistered_phone_is_unreachable_and_free_again_when_it_registers()
    {
        var story = Scenario.With("anna", "bruno").Inbound("1").Forget()
            .Asks("1", RequestState.Next, last: DialResult.Unreachable)
            .ExpectAmong("""
                call1/1 ended Unreachable
                anna Ready (unreachable)
                call1 offered call1/2 bruno PJSIP/102 20s LeastBusy
                """);
        story.Device("101", DeviceState.Unavailable).Device("101", DeviceState.NotInUse).ExpectAmong("anna Ready");
        story.AgentOf("anna").Free.Should().BeTrue();
    }

    [Fact]
    public void Two_offers_in_a_row_rung_for_the_full_time_pause_the_agent()
    {
        Scenario.With("anna").Inbound("1").Dial("1", "1a", "PJSIP/101").Rings("1a").At(20).DialEnds("1", "1a", DialResult.NoAnswer).Ends("1a", 0).Ends("1").Forget()
            .At(30).Inbound("2").Dial("2", "2a", "PJSIP/101").Rings("2a").At(50).DialEnds("2", "2a", DialResult.NoAnswer)
            .ExpectAmong("call2/1 ended NoAnswer 20000ms")
            .Ends("2a", 0).Expect("""
                call2 leg 2a ended 0 anna talk 0 hold 0
                anna Paused (no_answer)
                """);
    }

    [Fact]
    public void An_answer_between_two_missed_offers_counts_anew()
    {
        Scenario.With("anna").Change(Without.WrapUp).Inbound("1").Dial("1", "1a", "PJSIP/101").Rings("1a").At(20).DialEnds("1", "1a", DialResult.NoAnswer).Ends("1a", 0).Ends("1")
            .Inbound("2").TalksTo("2", "2a", "PJSIP/101").At(30).Ends("2a", hungUp: true).Ends("2").Forget()
            .Inbound("3").Dial("3", "3a", "PJSIP/101").Rings("3a").At(50).DialEnds("3", "3a", DialResult.NoAnswer).Ends("3a", 0)
            .ExpectAmong("anna Ready").ExpectNone("Paused");
    }

    [Theory]
    [InlineData(DialResult.Declined, 603)]
    [InlineData(DialResult.Busy, 486)]
    public void Who_declines_or_is_busy_between_two_missed_offers_is_at_the_phone_and_counts_anew(DialResult result, int tech)
    {
        var story = Scenario.With("anna").Inbound("1").Dial("1", "1a", "PJSIP/101").Rings("1a").At(20).DialEnds("1", "1a", DialResult.NoAnswer).Ends("1a", 0).Ends("1")
            .At(30).Inbound("2").Dial("2", "2a", "PJSIP/101").Rings("2a").At(32).DialEnds("2", "2a", result, tech).Ends("2a", 21, tech).Ends("2")
            .At(60).Inbound("3").Dial("3", "3a", "PJSIP/101").Rings("3a").At(80).DialEnds("3", "3a", DialResult.NoAnswer).Ends("3a", 0).Ends("3");
        story.AgentOf("anna").State.Should().Be(AgentState.Ready);
        story.At(90).Inbound("4").Dial("4", "4a", "PJSIP/101").Rings("4a").At(110).DialEnds("4", "4a", DialResult.NoAnswer).Ends("4a", 0).ExpectAmong("anna Paused (no_answer)");
    }

    [Fact]
    public void An_offer_cut_short_is_no_missed_one()
    {
        Scenario.With("anna").Inbound("1").Dial("1", "1a", "PJSIP/101").Rings("1a").At(5).Ends("1", 127, hungUp: true).Ends("1a", 127)
            .Inbound("2").Dial("2", "2a", "PJSIP/101").Rings("2a").At(10).Ends("2", 127, hungUp: true).Ends("2a", 127).ExpectNone("Paused");
    }

    [Fact]
    public void The_only_agent_who_declined_is_asked_again_when_the_caller_comes_round()
    {
        Scenario.With("anna").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").At(2).DialEnds("1", "2", DialResult.Declined, 603).Ends("2", 21, 603).Forget()
            .Asks("1", RequestState.Next, last: DialResult.NoAnswer).ExpectAmong("answer r2 hold 20s place 1").Takes("1").Mark("1").ExpectNothing()
            .At(22).Asks("1", RequestState.Held).ExpectAmong("answer r3 dial PJSIP/101 20s record after pop call1/2");
    }

    [Fact]
    public void Who_declined_is_not_offered_again_while_another_is_free()
    {
        Scenario.With("anna", "bruno").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").At(2).DialEnds("1", "2", DialResult.Declined, 603).Ends("2", 21, 603)
            .Asks("1", RequestState.Next, last: DialResult.NoAnswer).Takes("1").Dial("1", "3", "PJSIP/102").Rings("3").DialEnds("1", "3", DialResult.Declined, 603).Ends("3", 21, 603)
            .ReadyAt("carla", "103").Forget()
            .Asks("1", RequestState.Next, last: DialResult.NoAnswer).ExpectAmong("call1 offered call1/3 carla PJSIP/103 20s LeastBusy");
    }

    /// <summary>Anna and Bruno talk with others, Anna has declined call1, which waits.</summary>
    private static Scenario Declined()
    {
        var story = Scenario.With("anna", "bruno").Change(Without.WrapUp).Channel("9", "PJSIP/102", number: "102", dialled: "600").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2")
            .At(2).DialEnds("1", "2", DialResult.Declined, 603).Ends("2", 21, 603).Channel("8", "PJSIP/101", number: "101", dialled: "600");
        story.Asks("1", RequestState.Next, last: DialResult.NoAnswer).Takes("1").Mark("1").At(22).Asks("1", RequestState.Held).Takes("1").Mark("1");
        return story.At(30).Forget();
    }

    [Fact]
    public void Who_declined_long_ago_and_becomes_free_leaves_the_call_to_a_colleague_who_is_free()
    {
        // The snapshot shows neither of their calls any more: both are free in one step, and who declined is looked at first.
        Declined().PbxLost().Forget().SnapshotOf(Scenario.Seen("1", "1", "PJSIP/trunk", age: 30)).ExpectNone("anna Reserved").ExpectAmong("bruno Reserved in call1")
            .Mark("1").ExpectAmong("call1 offered call1/2 bruno PJSIP/102 20s LeastBusy");
    }

    [Fact]
    public void Who_declined_long_ago_and_is_alone_gets_the_call()
    {
        Declined().Ends("8").ExpectAmong("call1 offered call1/2 anna PJSIP/101 20s LeastBusy");
    }

    [Fact]
    public void An_answer_that_did_not_arrive_releases_the_agent()
    {
        var story = Scenario.With("anna").Asks("1").Known("call1").Forget().Closes("1").Expect("""
            call1/1 ended Cancelled
            anna Ready
            """);
        story.At(30).Ends("1", hungUp: true).ExpectAmong("call1 ended Fallback by Caller agent - wait 30000 talk 0 hold 0");
    }

    [Fact]
    public void A_reservation_ends_three_seconds_after_the_ring_time_whatever_happens()
    {
        Scenario.With("anna").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").Forget()
            .At(22.999).ExpectNothing()
            .At(23).Expect("call1/1 ended NoAnswer 23000ms");
    }

    [Fact]
    public void While_AMI_is_away_a_reservation_ends_by_its_time_and_is_no_missed_offer()
    {
        new Scenario().Ready("anna").Inbound("1").Forget().At(23).Expect("""
            call1/1 ended Cancelled
            anna Ready
            """);
    }

    [Fact]
    public void The_caller_may_leave_while_it_rings()
    {
        Scenario.With("anna").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").Forget()
            .At(7).DialEnds("1", "2", DialResult.Cancelled).Ends("2", 127, 500).Ends("1", 127, 487, hungUp: true)
            .Expect("""
                call1/1 ended CallerGaveUp 7000ms
                call1 leg 2 ended 127 anna talk 0 hold 0
                anna Ready
                call1 leg 1 ended 127
                call1 ended Abandoned by Caller agent - wait 7000 talk 0 hold 0
                """);
    }

    [Theory]
    [InlineData(4.999, "ShortAbandon")]
    [InlineData(5, "Abandoned")]
    public void Who_leaves_within_five_seconds_is_a_short_abandon(double at, string outcome) =>
        Scenario.With("anna").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").At(at).Forget().Ends("1", hungUp: true).Ends("2")
            .ExpectAmong($"call1 ended {outcome} by Caller agent - wait {(int)(at * 1000)} talk 0 hold 0");

    [Fact]
    public void A_caller_who_leaves_inside_AGI_is_abandoned()
    {
        Scenario.With("anna").Asks("1").Forget().At(0.1).Closes("1").Ends("1", hungUp: true)
            .Expect("""
                call1 leg 1 ended 16
                call1 ended ShortAbandon by Caller agent - wait 100 talk 0 hold 0
                """);
    }

    [Fact]
    public void A_pickup_moves_pop_talk_and_wrap_up_to_who_answered()
    {
        Scenario.With("anna", "bruno").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").At(4)
            .Channel("7", "PJSIP/102", number: "102", dialled: "*8101").Forget()
            .Ends("2", 26).DialEnds("1", "7", DialResult.Answered)
            .ExpectAmong("""
                call1/1 ended AnsweredElsewhere 4000ms
                call1 offered call1/2 bruno PJSIP/102 20s Pickup
                call1/2 ended Answered
                """)
            .Joins("b", "7", "1").ExpectAmong("call1 answered bruno by call1/2 wait 4000")
            .At(14).Ends("1", hungUp: true).Ends("7").ExpectAmong("bruno WrapUp in call1");
    }

    [Fact]
    public void Any_device_of_the_extension_answers_the_offer()
    {
        new Scenario().PbxUp().ReadyAt("anna", "106").Inbound("1").Dial("1", "2", "PJSIP/106").Rings("2").Channel("3", "PJSIP/106m", "1", "").Forget()
            .At(3).Answers("1", "3").ExpectAmong("""
                call1/1 ended Answered 3000ms
                anna Talking in call1
                call1 answered anna by call1/1 wait 3000
                """);
    }

    [Fact]
    public void All_contacts_of_a_device_ring_and_one_that_declines_does_not_end_the_offer()
    {
        Scenario.With("anna", "bruno").Inbound("1").Dial("1", "2", "PJSIP/101").Dial("1", "3", "PJSIP/101").Rings("2").Rings("3").Forget()
            .At(2).DialEnds("1", "2", DialResult.Busy, 486).Ends("2", 17, 486).Expect("call1 leg 2 ended 17 anna talk 0 hold 0")
            .At(4).Answers("1", "3").ExpectAmong("""
                call1/1 ended Answered 4000ms
                call1 answered anna by call1/1 wait 4000
                """);
        Scenario.With("anna", "bruno").Inbound("1").Dial("1", "2", "PJSIP/101").Dial("1", "3", "PJSIP/101").Rings("2").Rings("3").At(2)
            .DialEnds("1", "2", DialResult.Declined, 603).Ends("2", 21, 603).Forget().DialEnds("1", "3", DialResult.Declined, 603).ExpectAmong("call1/1 ended Declined (603) 2000ms");
    }

    [Fact]
    public void A_phone_found_in_use_by_the_dialplan_is_free_again_when_it_hangs_up()
    {
        var story = Scenario.With("anna").Inbound("1").Device("101", DeviceState.InUse).Asks("1", RequestState.Next, last: DialResult.Busy);
        story.AgentOf("anna").Reason.Should().Be("busy");
        story.Device("101", DeviceState.NotInUse).AgentOf("anna").Free.Should().BeTrue();
    }

    [Fact]
    public void An_extension_rings_its_first_reachable_device() =>
        new Scenario().PbxUp().Device("106", DeviceState.Unavailable).ReadyAt("anna", "106").Forget().Inbound("1")
            .ExpectAmong("call1 offered call1/1 anna PJSIP/106m 20s LeastBusy");

    [Fact]
    public void A_leg_that_is_not_the_agents_device_never_counts_as_answered()
    {
        Scenario.With("anna").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").Channel("8", "PJSIP/voicemail", "1", "").Forget()
            .At(3).DialEnds("1", "8", DialResult.Answered).ExpectAmong("call1/1 ended AnsweredElsewhere 3000ms")
            .Joins("b", "8", "1").ExpectNone("answered anna")
            .At(9).Ends("8", 16).Ends("2", 16).Ends("1", hungUp: true).ExpectAmong("call1 ended Fallback by Caller agent - wait 9000 talk 0 hold 0");
    }

    [Fact]
    public void Signing_out_while_it_rings_sends_the_caller_on()
    {
        Scenario.With("anna", "bruno").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").Forget()
            .Does("anna", new AgentCommand.SignOut()).ExpectAmong("""
                call1/1 ended Cancelled
                act #1 redirect PJSIP/trunk-1 unless bridged
                anna SignedOut in call1
                """)
            .DialEnds("1", "2", DialResult.Cancelled).Ends("2", 16).Asks("1", RequestState.Redirected).ExpectAmong("answer r2 dial PJSIP/102 20s record after pop call1/2");
    }

    [Fact]
    public void An_offered_agent_is_offered_nothing_else()
    {
        Scenario.With("anna").Inbound("1").Forget().Inbound("2").ExpectAmong("answer r2 hold 20s place 1").ExpectNone("anna");
    }

    private static Scenario LiftsByItself(bool lifts = true) => Scenario.With("anna", "bruno")
        .Change(s => s with { Extensions = [.. s.Extensions.Select(e => e with { Devices = [.. e.Devices.Select(d => d with { AutoAnswer = lifts })] })] })
        .Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").At(2).Forget();

    [Fact]
    public void A_phone_that_answers_by_itself_is_rung_anew_within_the_same_offer()
    {
        var story = LiftsByItself();
        story.Does("anna", new AgentCommand.Answer(story.Id("call1"))).Expect("""
            act #1 redirect PJSIP/trunk-1 unless bridged
            cmd5 accepted
            """)
            .Does("anna", new AgentCommand.Answer(story.Id("call1"))).Expect("cmd6 accepted")
            .Done(1).DialEnds("1", "2", DialResult.Cancelled).Ends("2").ExpectNone("ended NoAnswer").ExpectAmong("call1 leg 2 ended 16 anna talk 0 hold 0")
            .Asks("1", RequestState.Redirected).Expect("answer r2 dial PJSIP/101 20s record lift").Takes("1")
            .Dial("1", "3", "PJSIP/101").Rings("3").At(2.2).Forget().DialEnds("1", "3", DialResult.Answered).ExpectAmong("call1/1 ended Answered 2200ms")
            .Joins("b", "3", "1").ExpectAmong("call1 answered anna by call1/1 wait 2200");
        story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<CallOffered>().Should().ContainSingle("it is one offer");
    }

    [Fact]
    public void AGI_may_be_ahead_of_AMI_when_the_phone_is_rung_anew()
    {
        var story = LiftsByItself();
        story.Does("anna", new AgentCommand.Answer(story.Id("call1"))).Forget()
            .Asks("1", RequestState.Redirected).Expect("answer r2 dial PJSIP/101 20s record lift").Takes("1")
            .DialEnds("1", "2", DialResult.Cancelled).Ends("2").ExpectNone("ended CallerGaveUp").Done(1)
            .Dial("1", "3", "PJSIP/101").At(2.2).Forget().DialEnds("1", "3", DialResult.Answered).ExpectAmong("call1/1 ended Answered 2200ms");
    }

    [Fact]
    public void A_caller_who_gives_up_between_the_rings_has_given_up()
    {
        var story = LiftsByItself();
        story.Does("anna", new AgentCommand.Answer(story.Id("call1"))).Done(1).DialEnds("1", "2", DialResult.Cancelled).Ends("2").Forget()
            .Ends("1", hungUp: true).ExpectAmong("call1/1 ended CallerGaveUp 2000ms");
        story.AgentOf("anna").State.Should().Be(AgentState.Ready);
    }

    [Fact]
    public void Where_the_caller_cannot_be_fetched_the_phone_rings_on_and_may_be_lifted()
    {
        var story = LiftsByItself();
        story.Does("anna", new AgentCommand.Answer(story.Id("call1"))).Done(1, ok: false, message: "the channel talks").ExpectAmong("report lift_refused")
            .Answers("1", "2").ExpectAmong("call1/1 ended Answered 2000ms");
        var again = LiftsByItself();
        again.Does("anna", new AgentCommand.Answer(again.Id("call1"))).Done(1, ok: false).Does("anna", new AgentCommand.Answer(again.Id("call1"))).ExpectAmong("act #2 redirect PJSIP/trunk-1 unless bridged");
        again.Done(2).DialEnds("1", "2", DialResult.Cancelled).Ends("2").Asks("1", RequestState.Redirected).Takes("1").Dial("1", "3", "PJSIP/101").Forget()
            .At(30).DialEnds("1", "3", DialResult.NoAnswer).Ends("3", 0).Asks("1", RequestState.Next, last: DialResult.NoAnswer).ExpectAmong("call1 offered call1/2 bruno PJSIP/102 20s LeastBusy");
    }

    [Fact]
    public void What_the_page_may_hold_is_the_agents_own_phone()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101");
        story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<LegStarted>().Select(l => (l.UniqueId, l.CanHold)).Should().Contain([("1", false), ("2", true)]);
    }

    [Fact]
    public void Where_the_PBX_lets_nobody_notify_phones_answering_and_holding_are_not_offered()
    {
        var story = Scenario.With("anna").Send(new EngineInput.PbxRights(Scenario.Node, Notifies: false)).Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").Forget();
        story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<CallOffered>().Should().ContainSingle().Which.Should().BeEquivalentTo(new { CanAnswer = false, CanHold = false });
        story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<LegStarted>().Should().NotContain(l => l.CanHold);
        story.Does("anna", new AgentCommand.Answer(story.Id("call1"))).Expect("cmd3 refused not_possible_here")
            .Answers("1", "2").Forget().Does("anna", new AgentCommand.Hold(story.Id("call1"))).Expect("cmd4 refused not_possible_here");
        story.Send(new EngineInput.PbxRights(Scenario.Node, Notifies: true)).Does("anna", new AgentCommand.Hold(story.Id("call1"))).ExpectAmong("act #1 hold PJSIP/101 PJSIP/101-2");
    }

    [Fact]
    public void Ringing_anew_needs_no_right_to_notify_and_a_clicked_call_lifts_its_own_phone()
    {
        var story = LiftsByItself().Send(new EngineInput.PbxRights(Scenario.Node, Notifies: false));
        story.Does("anna", new AgentCommand.Answer(story.Id("call1"))).ExpectAmong("act #1 redirect PJSIP/trunk-1 unless bridged");
        story.Forget().Does("bruno", new AgentCommand.Dial(new PhoneNumber("+390612345678", NumberKind.E164, "+390612345678"))).ExpectAmong("act #2 ring PJSIP/102 for 30s from 102 then call +390612345678 record lift");
    }
}
