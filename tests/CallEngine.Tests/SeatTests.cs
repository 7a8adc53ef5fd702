namespace CallCrm.Engine.Tests;

/// <summary>Who sits where: a free place is taken, a held one is asked for.</summary>
public sealed class SeatTests
{
    [Fact]
    public void A_free_place_is_taken_and_a_held_one_is_not_and_its_holder_is_named()
    {
        var story = Scenario.With("anna");
        story.SignsIn("bruno", "101").Expect("cmd3 refused extension_taken (anna)")
            .SignsIn("bruno", "102").Expect("""
                bruno Paused (signed_in)
                cmd4 accepted
                """);
        story.AgentOf("anna").State.Should().Be(AgentState.Ready);
    }

    [Fact]
    public void The_holder_is_asked_and_allows_and_both_change()
    {
        var story = Asked(out var ask);
        story.Does("anna", new AgentCommand.AnswerSeat(ask, Allows: true)).Expect("""
            ask cmd3 of bruno to anna for 101 ended Allowed
            anna SignedOut (taken_over)
            bruno Paused (signed_in)
            cmd4 accepted
            """)
            .At(100).ExpectNothing();
        story.Engine.Seats().Single(s => s.Number == "101").Should().BeEquivalentTo(new { Holder = story.Id("bruno"), HolderState = AgentState.Paused, Asker = (Guid?)null });
    }

    [Fact]
    public void The_holder_refuses_and_stays_and_may_be_asked_again()
    {
        var story = Asked(out var ask);
        story.Does("anna", new AgentCommand.AnswerSeat(ask, Allows: false)).Expect("""
            ask cmd3 of bruno to anna for 101 ended Refused
            cmd4 accepted
            """)
            .Does("anna", new AgentCommand.AnswerSeat(ask, Allows: true)).Expect("cmd5 refused no_such_ask")
            .Does("bruno", Wants(story, "anna")).ExpectAmong("cmd6 accepted");
        story.AgentOf("anna").State.Should().Be(AgentState.Ready);
    }

    [Fact]
    public void Who_does_not_answer_in_time_gives_the_place()
    {
        Asked(out _).At(29.9).ExpectNothing().At(30).Expect("""
            ask cmd3 of bruno to anna for 101 ended Unanswered
            anna SignedOut (taken_over)
            bruno Paused (signed_in)
            """);
    }

    [Fact]
    public void A_holder_without_a_page_is_not_waited_for()
    {
        var story = Scenario.With("anna").Pages("crm", "bruno").Forget();
        story.Does("bruno", Wants(story, "anna")).Expect("""
            ask cmd3 of bruno to anna for 101 ended NobodyThere
            anna SignedOut (taken_over)
            bruno Paused (signed_in)
            cmd3 accepted
            """);
    }

    [Fact]
    public void A_live_call_stays_with_its_agent_who_is_not_asked()
    {
        var story = Scenario.With("anna").Pages("crm", "anna", "bruno").Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget();
        story.Does("bruno", Wants(story, "anna")).Expect("cmd3 refused holder_in_call (anna)");
        // A ring is one, too, page or not.
        story = Scenario.With("anna").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").Forget();
        story.Does("bruno", Wants(story, "anna")).Expect("cmd3 refused holder_in_call (anna)");
    }

    [Fact]
    public void A_call_that_is_answered_while_the_question_is_open_ends_it()
    {
        Asked(out var ask).At(5).Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").ExpectNone("ask ").Forget()
            .Does("anna", new AgentCommand.AnswerSeat(ask, Allows: true)).Expect("cmd4 refused in_call")
            .Answers("1", "2").ExpectAmong("ask cmd3 of bruno to anna for 101 ended InCall");
    }

    [Fact]
    public void A_ring_at_the_end_of_the_time_keeps_the_place_too() =>
        Asked(out _).At(25).Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").Forget().At(30).Expect("ask cmd3 of bruno to anna for 101 ended InCall");

    [Fact]
    public void Of_two_who_ask_at_once_one_waits_and_the_other_is_told_who()
    {
        var story = Asked(out var ask);
        story.Does("carla", Wants(story, "anna")).Expect("cmd4 refused extension_asked (bruno)")
            .Does("bruno", Wants(story, "anna")).Expect("cmd5 accepted")
            .Does("anna", new AgentCommand.AnswerSeat(ask, Allows: true)).Forget()
            // They saw Anna there: Bruno is not asked in her place.
            .Does("carla", Wants(story, "anna")).Expect("cmd7 refused extension_taken (bruno)");
    }

    [Fact]
    public void Of_two_who_take_an_abandoned_place_at_once_the_second_is_told_by_whom()
    {
        var story = Scenario.With("anna").Pages("crm", "bruno", "carla").Forget();
        story.Does("bruno", Wants(story, "anna")).Forget().Does("carla", Wants(story, "anna")).Expect("cmd4 refused extension_taken (bruno)");
    }

    [Fact]
    public void Who_asked_has_the_place_when_the_holder_goes()
    {
        Asked(out _).Does("anna", new AgentCommand.SignOut()).Expect("""
            anna SignedOut
            cmd4 accepted
            ask cmd3 of bruno to anna for 101 ended Left
            bruno Paused (signed_in)
            """);
        Asked(out _).SignsIn("anna", "103").ExpectAmong("""
            cmd4 accepted
            ask cmd3 of bruno to anna for 101 ended Left
            bruno Paused (signed_in)
            """);
    }

    [Fact]
    public void Who_asked_may_want_it_no_more()
    {
        var story = Asked(out var ask);
        story.Does("carla", new AgentCommand.WithdrawSeat(ask)).Expect("cmd4 refused no_such_ask")
            .Does("bruno", new AgentCommand.WithdrawSeat(ask)).Expect("""
                ask cmd3 of bruno to anna for 101 ended Withdrawn
                cmd5 accepted
                """)
            .At(100).ExpectNothing();
        // So is who sits down elsewhere, or asks for another place.
        Asked(out _).SignsIn("bruno", "104").ExpectAmong("ask cmd3 of bruno to anna for 101 ended Withdrawn");
        story = Asked(out _).ReadyAt("dario", "105");
        story.Does("bruno", Wants(story, "dario", "105")).ExpectAmong("""
            ask cmd3 of bruno to anna for 101 ended Withdrawn
            ask cmd6 of bruno to dario for 105 ended NobodyThere
            """);
    }

    [Fact]
    public void A_place_that_is_left_for_another_goes_to_who_waits_for_it()
    {
        var story = Scenario.With("anna", "bruno").Pages("crm", "anna", "bruno", "carla").Forget();
        story.Does("carla", Wants(story, "bruno", "102")).Does("bruno", Wants(story, "anna")).Forget()
            .Does("anna", new AgentCommand.AnswerSeat(story.Id("cmd6"), Allows: true)).Expect("""
                ask cmd6 of bruno to anna for 101 ended Allowed
                anna SignedOut (taken_over)
                bruno Paused (signed_in)
                cmd7 accepted
                ask cmd5 of carla to bruno for 102 ended Left
                carla Paused (signed_in)
                """);
    }

    [Fact]
    public void Nobody_is_put_out_for_one_who_has_gone_or_is_in_a_call()
    {
        new Scenario(w => w.NeedsPage = true).PbxUp().Ready("anna").Pages("crm", "anna", "bruno").Does("bruno", new AgentCommand.TakeOver(Scenario.Node, "101", new Guid(1, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0)))
            .ExpectAmong("ask cmd3 of bruno to anna for 101 until 09:00:30").At(10).Pages("crm", "anna").At(20).Pages("crm", "anna").Forget()
            .At(30).Expect("ask cmd3 of bruno to anna for 101 ended Withdrawn");
        var story = Scenario.With("anna").ReadyAt("bruno", "102").Pages("crm", "anna", "bruno").Does("anna", new AgentCommand.Pause("lunch"));
        story.Does("bruno", Wants(story, "anna")).Inbound("1").TalksTo("1", "2", "PJSIP/102").Forget()
            .Does("anna", new AgentCommand.AnswerSeat(story.Id("cmd6"), Allows: true)).Expect("""
                ask cmd6 of bruno to anna for 101 ended Withdrawn
                cmd7 accepted
                """);
        story.AgentOf("anna").State.Should().Be(AgentState.Paused);
    }

    [Fact]
    public void A_place_that_is_removed_is_asked_for_no_more() =>
        Asked(out _).Change(s => s with { Extensions = [.. s.Extensions.Where(e => e.Number != "101")] }).Expect("""
            anna SignedOut (extension_removed)
            ask cmd3 of bruno to anna for 101 ended Withdrawn
            """);

    [Fact]
    public void Wrap_up_is_no_call_and_may_be_asked_into()
    {
        var story = Scenario.With("anna").Pages("crm", "anna", "bruno").Inbound("1").TalksTo("1", "2", "PJSIP/101").Ends("1").Ends("2").Forget();
        story.Does("bruno", Wants(story, "anna")).ExpectAmong("cmd3 accepted")
            .Does("anna", new AgentCommand.AnswerSeat(story.Id("cmd3"), Allows: true)).ExpectAmong("""
                anna SignedOut (taken_over)
                bruno Paused (signed_in)
                """);
    }

    [Fact]
    public void Refusals_have_stable_codes()
    {
        var story = Asked(out var ask);
        story.Does("bruno", new AgentCommand.TakeOver(Scenario.Node, "999", story.Id("anna"))).Expect("cmd4 refused extension_unknown")
            .Does("bruno", new AgentCommand.AnswerSeat(ask, Allows: true)).Expect("cmd5 refused not_your_extension")
            .Does("anna", new AgentCommand.AnswerSeat(story.Id("other"), Allows: true)).Expect("cmd6 refused no_such_ask")
            .Does("anna", Wants(story, "anna")).Expect("cmd7 accepted");
        story.AgentOf("anna").State.Should().Be(AgentState.Ready);
    }

    [Fact]
    public void A_place_that_became_free_meanwhile_is_simply_taken()
    {
        var story = Scenario.With("anna").Does("anna", new AgentCommand.SignOut()).Forget();
        story.Does("bruno", Wants(story, "anna")).Expect("""
            bruno Paused (signed_in)
            cmd4 accepted
            """);
    }

    [Theory]
    [InlineData(10, "ask cmd3 of bruno to anna for 101 ended Unanswered")]
    [InlineData(-5, "ask cmd3 of bruno to anna for 101 ended Unanswered")]
    public void A_question_outlives_the_router(double left_s, string end)
    {
        var story = new Scenario(restored: s => new RestoredState(50,
            [new RestoredAgent(s.Id("anna"), Scenario.Node, "101", AgentState.Ready, null, Scenario.Start.AddHours(-1), null, [])], [],
            [new RestoredSeatAsk(s.Id("cmd3"), Scenario.Node, "101", s.Id("bruno"), s.Id("anna"), Scenario.Start.AddSeconds(left_s))]));
        story.At(Math.Max(0, left_s)).ExpectAmong($"""
            {end}
            anna SignedOut (taken_over)
            bruno Paused (signed_in)
            """);
    }

    [Fact]
    public void A_question_whose_holder_is_gone_at_the_restart_is_over()
    {
        new Scenario(restored: s => new RestoredState(50, [], [], [new RestoredSeatAsk(s.Id("cmd3"), Scenario.Node, "101", s.Id("bruno"), s.Id("anna"), Scenario.Start.AddSeconds(9))]))
            .Expect("ask cmd3 of bruno to anna for 101 ended Withdrawn");
    }

    [Fact]
    public void Nobody_becomes_ready_at_a_phone_that_is_not_registered()
    {
        var story = new Scenario().PbxUp().Device("101", DeviceState.Unavailable).SignsIn("anna", "101").Forget();
        story.Does("anna", new AgentCommand.Ready()).Expect("cmd2 refused phone_unregistered")
            .Does("anna", new AgentCommand.Ready(Anyway: true)).Expect("cmd3 refused phone_unregistered")
            .Supervised("anna", new AgentCommand.Ready()).Expect("cmd4 refused phone_unregistered");
        Registered(story, "101").Should().BeFalse();
        story.Device("101", DeviceState.NotInUse).Does("anna", new AgentCommand.Ready()).ExpectAmong("anna Ready");
        Registered(story, "101").Should().BeTrue();
        Registered(story, "105").Should().BeNull("the PBX has not said");
    }

    [Fact]
    public void Where_the_site_allows_it_one_goes_on_by_choice()
    {
        new Scenario(w => w.Options = new EngineOptions { ReadyWithoutPhone = true }).PbxUp().Device("101", DeviceState.Unavailable).SignsIn("anna", "101").At(10).Forget()
            .Does("anna", new AgentCommand.Ready()).Expect("cmd2 refused phone_unregistered_sure")
            .Does("anna", new AgentCommand.Ready(Anyway: true)).Expect("""
                anna Ready (unreachable)
                cmd3 accepted
                """);
    }

    [Fact]
    public void What_nobody_knows_of_a_phone_keeps_nobody_from_being_ready()
    {
        var story = new Scenario().PbxUp().Device("101", DeviceState.Unavailable).SignsIn("anna", "101").PbxLost().Forget();
        story.Does("anna", new AgentCommand.Ready()).ExpectAmong("anna Ready");
        Registered(story, "101").Should().BeNull();
        // One of two devices is enough; of the other nothing was heard.
        new Scenario().PbxUp().Device("106", DeviceState.Unavailable).SignsIn("anna", "106").Forget().Does("anna", new AgentCommand.Ready()).ExpectAmong("anna Ready");
    }

    [Fact]
    public void In_a_call_ready_means_to_go_on_after_it_whatever_the_phone_is_said_to_be() =>
        Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").Does("anna", new AgentCommand.Pause("lunch")).Device("101", DeviceState.Unavailable).Forget()
            .Does("anna", new AgentCommand.Ready()).ExpectAmong("cmd4 accepted");

    [Fact]
    public void Who_looks_for_a_place_sees_all_of_it()
    {
        var story = Asked(out _).Device("101", DeviceState.NotInUse).Device("102", DeviceState.Unavailable);
        story.Engine.Seats().Take(2).SelectMany(s => s.Phones).Should().Equal(new SeatPhone("PJSIP/101", true), new SeatPhone("PJSIP/102", false));
        story.Engine.Seats().Take(2).Select(s => s with { Phones = default }).Should().Equal(
            new SeatView(Scenario.Node, "101", story.Id("anna"), AgentState.Ready, false, true, true, story.Id("bruno")),
            new SeatView(Scenario.Node, "102", null, null, false, false, false, null));
        story.Inbound("1");
        story.Engine.Seats()[0].InCall.Should().BeTrue();
    }

    [Fact]
    public void Practice_is_a_pause_no_call_is_offered_in_it_and_it_is_no_load()
    {
        var story = Scenario.With("anna").Does("anna", new AgentCommand.Pause("practice")).Expect("""
            anna Paused (practice)
            cmd3 accepted
            """);
        story.Inbound("1").ExpectAmong("answer r1 hold 20s place 1").ExpectNone("offered");
        story.At(600).AgentOf("anna").LoadPercent.Should().Be(0);
        story.Forget().Does("anna", new AgentCommand.Ready()).ExpectAmong("anna Ready");
    }

    private static bool? Registered(Scenario story, string extension) => story.Engine.Seats().Single(s => s.Number == extension).Registered;

    /// <summary>Anna sits at 101, both have a page, Bruno asks.</summary>
    private static Scenario Asked(out Guid ask)
    {
        var story = Scenario.With("anna").Pages("crm", "anna", "bruno", "carla").Forget();
        story.Does("bruno", Wants(story, "anna")).Expect("""
            ask cmd3 of bruno to anna for 101 until 09:00:30
            cmd3 accepted
            """);
        ask = story.Id("cmd3");
        return story;
    }

    private static AgentCommand.TakeOver Wants(Scenario story, string holder, string extension = "101") => new(Scenario.Node, extension, story.Id(holder));
}
