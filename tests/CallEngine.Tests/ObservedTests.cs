namespace CallCrm.Engine.Tests;

public sealed class ObservedTests
{
    [Fact]
    public void An_inbound_call_the_PBX_serves_by_itself_is_shown_and_left_alone()
    {
        Scenario.With("anna").At(10).Channel("1", "PJSIP/trunk").At(10.3).Forget()
            .Dial("1", "2", "PJSIP/101").Rings("2").Expect("""
                observed-1 leg 2 anna
                observed-1 is Unknown -
                observed-1 offered observed-1/1 anna PJSIP/101 60s Observed
                anna Reserved in observed-1
                observed-1/1 rang
                anna Ringing in observed-1
                """)
            .At(14).Answers("1", "2").Expect("""
                observed-1/1 ended Answered 3700ms
                anna Talking in observed-1
                observed-1 answered anna by observed-1/1 wait 4000
                """)
            .At(24).Ends("1", hungUp: true).Ends("2").Expect("""
                observed-1 leg 1 ended 16
                observed-1 leg 2 ended 16 anna talk 10000 hold 0
                anna WrapUp in observed-1
                observed-1 ended Answered by Caller agent anna wait 4000 talk 10000 hold 0
                """)
            .At(54).Expect("anna Ready");
    }

    /// <summary>A trunk's call whose presentation is told, as the dialplan's first steps do.</summary>
    private static Scenario Calls(string number, params string[] agents) =>
        Scenario.With(agents).Fact(new PbxFact.LegCreated(Scenario.Node, null, Scenario.Leg("1"), "1", "PJSIP/trunk-1", "PJSIP/trunk", number, "Ada", "600", "ext-group", false, PresentationTold: true), "observed-1").Forget();

    private static List<string> Pops(Scenario story) => [.. story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<CallOffered>().Select(o => story.Name(o.Agent))];

    [Fact]
    public void A_ring_group_pops_once_at_each_and_closes_with_the_name_of_who_answered()
    {
        var story = Calls(Scenario.Caller, "anna", "bruno", "carla").Dial("1", "2", "PJSIP/101").Dial("1", "3", "PJSIP/102").Dial("1", "4", "PJSIP/103").Rings("2").Rings("3").Rings("4");
        Pops(story).Should().Equal("anna", "bruno", "carla");
        story.ExpectAmong("look up observed-1 +393331112222");
        story.At(0.1).Known("observed-1").Expect("observed-1 is Known client");
        story.At(4).DialEnds("1", "3", DialResult.Answered).Expect("""
            observed-1/1 ended AnsweredElsewhere 4000ms by bruno
            observed-1/2 ended Answered 4000ms
            bruno Talking in observed-1
            observed-1/3 ended AnsweredElsewhere 4000ms by bruno
            """)
            .DialEnds("1", "2", DialResult.AnsweredElsewhere).Ends("2", 26).DialEnds("1", "4", DialResult.AnsweredElsewhere).Ends("4", 26).ExpectAmong("""
                anna Ready
                carla Ready
                """)
            .Joins("b", "3", "1").ExpectAmong("observed-1 answered bruno by observed-1/2 wait 4000")
            .At(10).Ends("1", hungUp: true).Ends("3").ExpectAmong("bruno WrapUp in observed-1");
        story.AgentOf("anna").State.Should().Be(AgentState.Ready, "only who answered writes up");
    }

    [Fact]
    public void Cancelled_before_the_answer_is_told_it_still_closes_with_the_name_and_without_one_soon_after()
    {
        var story = Calls(Scenario.Caller, "anna", "bruno").Dial("1", "2", "PJSIP/101").Dial("1", "3", "PJSIP/102").Rings("2").Rings("3").Forget();
        story.At(4).DialEnds("1", "2", DialResult.AnsweredElsewhere).Ends("2", 26).At(4.1).DialEnds("1", "3", DialResult.Answered).ExpectAmong("observed-1/1 ended AnsweredElsewhere 4100ms by bruno");

        var outside = Calls(Scenario.Caller, "anna").Dial("1", "2", "PJSIP/101").Rings("2").Forget();
        outside.At(4).DialEnds("1", "2", DialResult.AnsweredElsewhere).Ends("2", 26).At(4.2);
        outside.AgentOf("anna").State.Should().Be(AgentState.Ringing);
        outside.At(4.4).ExpectAmong("observed-1/1 ended AnsweredElsewhere 4300ms");
    }

    [Fact]
    public void A_number_as_the_trunk_sent_it_is_looked_up_and_one_that_may_be_withheld_is_not()
    {
        var story = Calls("3331112222", "anna").Dial("1", "2", "PJSIP/101").ExpectAmong("look up observed-1 3331112222");
        story.Arrives("observed-1", new LookupResult(LookupOutcome.Created, [new ClientMatch(story.Id("client"), null, null, [])], Number: new PhoneNumber("3331112222", NumberKind.E164, Scenario.Caller))).Expect("""
            observed-1 is from +393331112222
            observed-1 is Created client
            """);
        Scenario.With("anna").Channel("1", "PJSIP/trunk").Dial("1", "2", "PJSIP/101").ExpectNone("look up");
    }

    [Fact]
    public void Nobody_is_judged_by_a_ring_of_the_PBXs_own()
    {
        var story = Calls(Scenario.Caller, "anna");
        foreach (var leg in new[] { "2", "3", "4" })
            story.Dial("1", leg, "PJSIP/101").Rings(leg).After(20).DialEnds("1", leg, DialResult.NoAnswer).Ends(leg, 0);
        Pops(story).Should().Equal(["anna", "anna", "anna"], "each ring pops");
        story.AgentOf("anna").State.Should().Be(AgentState.Ready, "she was not asked by us");
        story.ExpectAmong("observed-1/3 ended NoAnswer 20000ms");
        story.All.OfType<EngineEffect.Act>().Should().BeEmpty();
        story.All.OfType<EngineEffect.AnswerRoute>().Should().BeEmpty();
    }

    [Theory]
    [InlineData(DialResult.Declined, 603, "Declined (603)")]
    [InlineData(DialResult.Busy, 486, "Busy (486)")]
    [InlineData(DialResult.DoNotDisturb, 480, "DoNotDisturb (480)")]
    [InlineData(DialResult.Cancelled, null, "Cancelled")]
    public void One_who_does_not_take_it_is_out_and_the_others_ring_on(DialResult result, int? tech, string outcome)
    {
        var story = Calls(Scenario.Caller, "anna", "bruno").Dial("1", "2", "PJSIP/101").Dial("1", "3", "PJSIP/102").Rings("2").Rings("3").At(2).Forget()
            .DialEnds("1", "2", result, tech).ExpectAmong($"observed-1/1 ended {outcome} 2000ms").ExpectNone("observed-1/2");
        story.Ends("2").Forget().At(5).Ends("1", hungUp: true).ExpectAmong("observed-1/2 ended CallerGaveUp 5000ms");
        story.AgentOf("anna").Reason.Should().BeNull("its phone rang for the PBX, not for us");
    }

    [Fact]
    public void A_mobile_that_answers_and_has_not_confirmed_takes_it_from_nobody()
    {
        var story = Calls(Scenario.Caller, "anna").Dial("1", "2", "PJSIP/101").Rings("2").Dial("1", "9", "PJSIP/trunk").Forget()
            .At(3).DialEnds("1", "9", DialResult.Answered).ExpectNone("ended");
        story.At(6).DialEnds("1", "9", DialResult.Cancelled).Ends("9").Forget().Answers("1", "2").ExpectAmong("observed-1/1 ended Answered 6000ms");
    }

    [Fact]
    public void Who_takes_it_from_another_phone_has_it_and_the_ringing_ones_read_who()
    {
        var story = Calls(Scenario.Caller, "anna", "bruno").Dial("1", "2", "PJSIP/101").Rings("2").At(3).Channel("5", "PJSIP/102", number: "102", dialled: "*8").Forget()
            .DialEnds("1", "5", DialResult.Answered).ExpectAmong("observed-1/1 ended AnsweredElsewhere 3000ms by bruno");
        story.Ends("2", 26).Joins("b", "5", "1").ExpectAmong("observed-1 answered bruno by - wait 3000");
    }

    [Fact]
    public void A_second_device_of_one_agent_is_the_same_pop_and_the_last_of_them_ends_it()
    {
        var story = Calls(Scenario.Caller).SignsIn("anna", "106").Does("anna", new AgentCommand.Ready()).Dial("1", "2", "PJSIP/106").Dial("1", "3", "PJSIP/106m").Rings("3");
        Pops(story).Should().Equal("anna");
        story.Forget().DialEnds("1", "2", DialResult.Declined, 603).Ends("2").ExpectNone("ended Declined").DialEnds("1", "3", DialResult.NoAnswer).ExpectAmong("observed-1/1 ended NoAnswer");
    }

    [Fact]
    public void Who_talks_sees_no_pop_and_no_pop_is_left_when_the_agent_signs_out_or_the_caller_comes_to_us()
    {
        var busy = Calls(Scenario.Caller, "anna").Inbound("7").TalksTo("7", "8", "PJSIP/101").Forget().Dial("1", "2", "PJSIP/101").Rings("2");
        Pops(busy).Should().HaveCount(1, "that of the call she is in");
        Calls(Scenario.Caller, "anna").Dial("1", "2", "PJSIP/101").Rings("2").Forget().Does("anna", new AgentCommand.SignOut()).ExpectAmong("observed-1/1 ended Cancelled").ExpectNone("redirect");
        Calls(Scenario.Caller, "anna", "bruno").Dial("1", "2", "PJSIP/101").Rings("2").Forget().Asks("1").ExpectAmong("""
            observed-1/1 ended Cancelled
            observed-1 routed +393331112222 to 800100
            """);
    }

    [Fact]
    public void A_snapshot_shows_who_rings_and_what_was_answered_unseen()
    {
        var story = Calls(Scenario.Caller, "anna", "bruno").Dial("1", "2", "PJSIP/101").Rings("2").PbxLost().At(3).Forget();
        story.SnapshotOf(Scenario.Seen("1", "1", "PJSIP/trunk", bridge: "b"), Scenario.Seen("2", "1", "PJSIP/101", bridge: "b")).ExpectAmong("observed-1/1 ended Answered 3000ms");
        var fresh = Scenario.With("anna").SnapshotOf(Scenario.Seen("1", "1", "PJSIP/trunk") with { Context = "ext-group" }, Scenario.Seen("2", "1", "PJSIP/101") with { Up = false, Ringing = true });
        Pops(fresh).Should().Equal("anna");
    }

    [Theory]
    [InlineData("800999", 3, "Observed")]
    [InlineData("800100", 3, "ShortAbandon")]
    [InlineData("800100", 30, "Abandoned")]
    public void An_unanswered_observed_call_is_only_that_unless_it_was_for_a_number_of_ours(string dialled, double gaveUp, string outcome) =>
        Scenario.With("anna").Channel("1", "PJSIP/trunk", dialled: dialled).At(gaveUp).Forget().Ends("1", hungUp: true)
            .ExpectAmong($"observed-1 ended {outcome} by Caller agent - wait {gaveUp * 1000} talk 0 hold 0");

    [Fact]
    public void A_withheld_number_is_not_shown_though_the_network_tells_it() =>
        Scenario.With("anna").Channel("1", "PJSIP/trunk", restricted: true).At(1).ExpectAmong("observed-1 started Inbound withheld to 800100 observed");

    [Fact]
    public void An_internal_call_is_between_two_extensions()
    {
        Scenario.With("anna", "bruno").Channel("5", "PJSIP/101", number: "101", dialled: "102").Dial("5", "6", "PJSIP/102").Rings("6").Answers("5", "6")
            .Expect("""
                anna Talking in observed-5
                observed-5 started Internal 101 to 102 observed
                observed-5 leg 5 anna
                observed-5 leg 6 bruno
                bruno Ringing in observed-5
                bruno Talking in observed-5
                """);
    }

    [Fact]
    public void The_number_is_taken_as_the_dialplan_left_it() =>
        Scenario.With("anna").Channel("1", "PJSIP/trunk").Fact(new PbxFact.CallerChanged(Scenario.Node, null, Scenario.Leg("1"), "", "", true, true)).At(1)
            .ExpectAmong("observed-1 started Inbound withheld to 800100 observed");

    [Theory]
    [InlineData("Mario Rossi", "Sales:Mario Rossi", "Mario Rossi")]
    [InlineData("", "Sales:", "Sales:")]
    [InlineData("ROSSI M", "Mario Rossi", "Mario Rossi")]
    public void A_name_is_the_dialplans_but_without_what_it_only_put_before_it(string sent, string shown, string name)
    {
        var story = Scenario.With("anna").Fact(new PbxFact.LegCreated(Scenario.Node, null, Scenario.Leg("1"), "1", "PJSIP/trunk-1", "PJSIP/trunk", Scenario.Caller, sent, "600", "ext-group", false, PresentationTold: true), "observed-1")
            .Fact(new PbxFact.CallerChanged(Scenario.Node, null, Scenario.Leg("1"), Scenario.Caller, shown, false, true)).At(1);
        story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<CallStarted>().Single().CallerName.Should().Be(name);
    }

    [Fact]
    public void An_originated_phone_rings_before_its_agent_talks()
    {
        Scenario.With("anna").Channel("5", "PJSIP/101", number: "101", dialled: "").Fact(new PbxFact.DialBegan(Scenario.Node, null, null, Scenario.Leg("5"), "PJSIP/101")).Rings("5")
            .ExpectAmong("anna Ringing in observed-5")
            .DialEnds(null, "5", DialResult.Answered).Expect("anna Talking in observed-5")
            .Dial("5", "6", "PJSIP/trunk").ExpectAmong("observed-5 leg 6 client").Answers("5", "6").ExpectAmong("observed-5 answered anna by - wait 0");
    }

    [Fact]
    public void Calls_that_come_to_share_a_bridge_become_the_older_one()
    {
        Scenario.With("anna", "bruno").Inbound("1").TalksTo("1", "2", "PJSIP/101").At(10)
            .Channel("5", "PJSIP/101", number: "101", dialled: "102").Dial("5", "6", "PJSIP/102").Rings("6").At(12).Answers("5", "6").Forget()
            .At(20).Joins("b1", "6").Ends("2", hungUp: true).Ends("5").ExpectAmong("""
                call1 merged from observed-5
                call1 answered bruno by - wait 0
                call1 leg 2 ended 16 anna talk 12000 hold 8000
                call1 leg 5 ended 16 anna talk 8000 hold 0
                """)
            .At(30).Ends("1", hungUp: true).Ends("6").ExpectAmong("""
                call1 leg 6 ended 16 bruno talk 18000 hold 0
                bruno WrapUp in call1
                call1 ended Answered by Caller agent bruno wait 0 talk 38000 hold 8000
                """);
    }

    [Fact]
    public void Two_outside_callers_in_one_conference_stay_two_calls() =>
        Scenario.With("anna").Channel("1", "PJSIP/trunk").Channel("2", "PJSIP/trunk").Meets("8000", "1", "2").ExpectNone("merged");

    [Fact]
    public void Two_outside_callers_whom_a_transfer_connects_are_one_call() =>
        Scenario.With("anna").Channel("1", "PJSIP/trunk").Channel("2", "PJSIP/trunk").Joins("b", "1", "2").ExpectAmong("observed-1 merged from observed-2");

    [Fact]
    public void A_changed_linked_id_makes_two_calls_one()
    {
        Scenario.With("anna", "bruno").Inbound("1").At(1).Channel("5", "PJSIP/102", number: "102", dialled: "*8").At(2).Forget()
            .Fact(new PbxFact.LegLinked(Scenario.Node, null, Scenario.Leg("5"), "1")).Expect("call1 merged from observed-5");
    }

    [Fact]
    public void Commands_for_a_merged_call_reach_the_one_it_became()
    {
        var story = Scenario.With("anna", "bruno").Inbound("1").TalksTo("1", "2", "PJSIP/101").At(1).Channel("5", "PJSIP/102", number: "102", dialled: "*8").At(2).Joins("b1", "5").Forget();
        story.Does("bruno", new AgentCommand.HangUp(story.Id("observed-5"))).ExpectAmong("act #1 hang up PJSIP/102-5 16");
    }

    [Fact]
    public void Facts_about_unknown_or_ended_channels_are_ignored()
    {
        Scenario.With("anna").Rings("x").DialEnds("x", "y", DialResult.Answered).Joins("b", "x").Leaves("b", "x").Ends("x").Mark("x").ExpectNothing()
            .Inbound("1").Ends("1").Forget().Ends("1").Joins("b", "1").Mark("1").Rings("1").ExpectNothing()
            .Asks("1", RequestState.Next).Expect("""
                report route_for_ended_call
                answer r2 fallback
                """);
    }

    [Fact]
    public void An_ended_call_is_forgotten_after_a_minute_and_its_channel_id_may_come_again() =>
        Scenario.With("anna").Inbound("1").Ends("1").At(61).Forget().Channel("1", "PJSIP/trunk").At(62).ExpectAmong("observed-1 started Inbound +393331112222 to 800100 observed");
}
