namespace CallCrm.Engine.Tests;

public sealed class ObservedTests
{
    [Fact]
    public void An_inbound_call_the_PBX_serves_by_itself_is_shown_and_left_alone()
    {
        Scenario.With("anna").At(10).Channel("1", "PJSIP/trunk").At(10.3).Forget()
            .Dial("1", "2", "PJSIP/101").Rings("2").Expect("""
                observed-1 leg 2 anna
                anna Ringing in observed-1
                """)
            .At(14).Answers("1", "2").Expect("""
                anna Talking in observed-1
                observed-1 answered anna by - wait 4000
                """)
            .At(24).Ends("1", hungUp: true).Ends("2").Expect("""
                observed-1 leg 1 ended 16
                observed-1 leg 2 ended 16 anna talk 10000 hold 0
                anna Ready
                observed-1 ended Answered by Caller agent anna wait 4000 talk 10000 hold 0
                """);
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
