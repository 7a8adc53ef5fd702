namespace CallCrm.Engine.Tests;

/// <summary>What follows a call: whose wrap-up it is, and what comes when its time is over.</summary>
public sealed class AfterCallTests
{
    private static EngineSettings Pauses(EngineSettings settings) => settings with { Queues = [.. settings.Queues.Select(q => q with { PauseAfterWrapUp = true })] };

    private static Scenario InWrapUp(Func<EngineSettings, EngineSettings>? change = null)
    {
        var story = Scenario.With("anna");
        if (change is not null)
            story.Change(change);
        return story.Inbound("1").TalksTo("1", "2", "PJSIP/101").At(10).Ends("1").Ends("2").Forget();
    }

    [Fact]
    public void At_zero_the_agent_is_ready_unless_the_queue_pauses()
    {
        InWrapUp().At(39.9).ExpectNothing().At(40).Expect("anna Ready");
        InWrapUp(Pauses).At(39.9).ExpectNothing().At(40).Expect("anna Paused (wrap_up_over)");
    }

    [Fact]
    public void Who_finishes_in_time_is_ready_in_every_queue()
    {
        var story = InWrapUp(Pauses);
        story.Does("anna", new AgentCommand.FinishWrapUp(story.Id("call1"))).Expect("""
            anna Ready
            cmd3 accepted
            """).At(60).ExpectNothing();
    }

    [Fact]
    public void A_pause_that_was_asked_for_keeps_its_reason_at_zero() =>
        InWrapUp(Pauses).Does("anna", new AgentCommand.Pause("lunch")).Forget().At(40).Expect("anna Paused (lunch)");

    [Fact]
    public void Nobody_gets_a_call_between_wrap_up_and_the_pause_after_it()
    {
        InWrapUp(Pauses).Inbound("5").Forget().At(40).Expect("anna Paused (wrap_up_over)").At(50).ExpectNone("offered");
        InWrapUp().Inbound("5").Mark("5").Forget().At(40).ExpectAmong("call5 offered call5/1 anna PJSIP/101 20s LeastBusy");
    }

    [Theory]
    [InlineData(20, "bruno WrapUp", "bruno Paused (wrap_up_over)")]
    [InlineData(-1, "", "bruno Paused (wrap_up_over)")]
    public void A_restart_keeps_what_the_queue_says_of_the_end(int left, string before, string at)
    {
        var story = new Scenario().Change(Pauses).At(1000);
        story.Send(new EngineInput.Restored(new RestoredState(501,
            [new RestoredAgent(story.Id("bruno"), Scenario.Node, "102", AgentState.WrapUp, null, story.Utc.AddSeconds(-10), story.Id("before"), [], story.Utc.AddSeconds(left), story.Id("sales"))],
            [])));
        if (before.Length > 0)
            story.AgentOf("bruno").State.Should().Be(AgentState.WrapUp);
        story.At(1021).ExpectAmong(at);
    }

    [Fact]
    public void Each_agent_of_a_transferred_call_wraps_up_their_own_leg()
    {
        var story = Scenario.With("anna", "bruno").Inbound("1").TalksTo("1", "2", "PJSIP/101").At(10)
            .Channel("3", "PJSIP/102", "1", number: "", dialled: "").Rings("3").Forget();
        story.Joins("b1", "3").At(12).Ends("2").ExpectAmong("""
            call1 leg 2 ended 16 anna talk 12000 hold 0
            anna WrapUp in call1
            """);
        story.AgentOf("bruno").State.Should().Be(AgentState.Talking);
        story.Does("bruno", new AgentCommand.FinishWrapUp(story.Id("call1"))).ExpectAmong("cmd5 refused not_in_wrap_up")
            .Does("anna", new AgentCommand.FinishWrapUp(story.Id("call1"))).ExpectAmong("anna Ready")
            .At(30).Ends("1", hungUp: true).Ends("3").ExpectAmong("bruno WrapUp in call1")
            .ExpectNone("anna WrapUp")
            .Does("bruno", new AgentCommand.FinishWrapUp(story.Id("call1"))).ExpectAmong("bruno Ready");
    }

    [Fact]
    public void Calls_that_never_reached_the_agent_have_no_wrap_up()
    {
        // Given up while it rang.
        var story = Scenario.With("anna").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").At(5).Ends("1", hungUp: true).Ends("2");
        story.ExpectNone("WrapUp").AgentOf("anna").State.Should().Be(AgentState.Ready);

        // Rung in vain, then answered by another.
        story = Scenario.With("anna", "bruno").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").At(20).DialEnds("1", "2", DialResult.NoAnswer).Ends("2").Asks("1", RequestState.Next, last: DialResult.NoAnswer).Takes("1")
            .TalksTo("1", "3", "PJSIP/102").At(30).Ends("1").Ends("3");
        story.ExpectNone("anna WrapUp").ExpectAmong("bruno WrapUp in call1");

        // Only dialled, or only heard the tone.
        Scenario.With("anna").Channel("5", "PJSIP/101", number: "101", dialled: "0612345678").At(3).Ends("5").ExpectNone("WrapUp");
    }

    [Fact]
    public void Who_asked_to_leave_is_signed_out_after_the_wrap_up_and_offered_nothing_before()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget()
            .Does("anna", new AgentCommand.SignOutAfter()).Expect("""
                anna Talking leaves in call1
                cmd3 accepted
                """)
            .Inbound("5").Mark("5").Forget()
            .At(10).Ends("1").Ends("2").ExpectAmong("anna WrapUp leaves in call1")
            .At(39.9).ExpectNone("anna").Forget()
            .At(40).ExpectAmong("anna SignedOut (after_call)").At(60);
        story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<CallOffered>().Should().ContainSingle("only the call they were in");
    }

    [Fact]
    public void Finishing_the_wrap_up_signs_out_who_asked_in_it()
    {
        var story = InWrapUp();
        story.Does("anna", new AgentCommand.SignOutAfter()).ExpectAmong("anna WrapUp leaves in call1")
            .Does("anna", new AgentCommand.FinishWrapUp(story.Id("call1"))).ExpectAmong("anna SignedOut (after_call)");
    }

    [Fact]
    public void Without_wrap_up_the_hang_up_signs_out() =>
        Scenario.With("anna").Change(Without.WrapUp).Inbound("1").TalksTo("1", "2", "PJSIP/101").Does("anna", new AgentCommand.SignOutAfter()).Ends("1").Forget().Ends("2")
            .ExpectAmong("anna SignedOut (after_call)").ExpectNone("anna Ready");

    [Fact]
    public void Who_asked_while_it_rang_leaves_when_the_caller_gives_up() =>
        Scenario.With("anna").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").Does("anna", new AgentCommand.SignOutAfter()).Forget()
            .At(5).Ends("1", hungUp: true).Ends("2").ExpectAmong("anna SignedOut (after_call)");

    [Fact]
    public void What_was_to_follow_can_be_taken_back()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget()
            .Does("anna", new AgentCommand.KeepOn()).Expect("cmd3 refused nothing_after")
            .Does("anna", new AgentCommand.SignOutAfter()).Does("anna", new AgentCommand.KeepOn()).ExpectAmong("""
                anna Talking leaves in call1
                cmd4 accepted
                anna Talking in call1
                cmd5 accepted
                """)
            .Does("anna", new AgentCommand.Pause("lunch")).Does("anna", new AgentCommand.KeepOn()).ExpectAmong("""
                anna Talking (lunch) in call1
                anna Talking in call1
                """);
        story.At(10).Ends("1").Ends("2").At(40).ExpectAmong("anna Ready");
    }

    [Fact]
    public void The_last_wish_counts()
    {
        Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").Does("anna", new AgentCommand.SignOutAfter()).Does("anna", new AgentCommand.Pause("lunch")).At(10).Ends("1").Ends("2").At(40)
            .ExpectAmong("anna Paused (lunch)");
        Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").Does("anna", new AgentCommand.Pause("lunch")).Does("anna", new AgentCommand.SignOutAfter()).At(10).Ends("1").Ends("2").At(40)
            .ExpectAmong("anna SignedOut (after_call)");
    }

    [Fact]
    public void In_no_call_there_is_nothing_to_leave_after()
    {
        Scenario.With("anna").Does("anna", new AgentCommand.SignOutAfter()).Expect("cmd3 refused not_in_call").Does("anna", new AgentCommand.KeepOn()).Expect("cmd4 refused nothing_after");
        Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget().Supervised("anna", new AgentCommand.SignOutAfter()).Expect("cmd3 refused command_unknown");
    }

    [Fact]
    public void A_caller_does_not_wait_for_a_manager_who_leaves()
    {
        // Anna had the last conversation; patience would hold the caller for her, but she goes.
        var story = Scenario.With("anna", "bruno").Change(With.Patience(60)).Inbound("1").TalksTo("1", "2", "PJSIP/101").Does("anna", new AgentCommand.SignOutAfter()).Forget();
        story.Asks("5").Known("call5", contacts: [("anna", 1, 60)]).ExpectAmong("call5 offered call5/1 bruno PJSIP/102 20s LeastBusy");
    }

    [Fact]
    public void A_restart_keeps_the_wish_and_the_live_call()
    {
        var story = new Scenario().At(1000);
        var call = story.Id("old");
        story.Send(new EngineInput.Restored(new RestoredState(501,
            [
                new RestoredAgent(story.Id("anna"), Scenario.Node, "101", AgentState.WrapUp, null, story.Utc.AddSeconds(-10), call, [], story.Utc.AddSeconds(20), story.Id("sales"), Leaves: true),
                new RestoredAgent(story.Id("bruno"), Scenario.Node, "102", AgentState.WrapUp, null, story.Utc.AddSeconds(-90), call, [], story.Utc.AddSeconds(-1), story.Id("sales"), Leaves: true),
            ], []))).ExpectNone("SignedOut");
        story.PbxUp().ExpectAmong("bruno SignedOut (after_call)").At(1019).ExpectNothing().At(1020).Expect("anna SignedOut (after_call)");
    }

    [Fact]
    public void While_the_PBX_is_out_of_sight_nobody_is_signed_out_of_a_call_that_may_live()
    {
        var story = InWrapUp().Does("anna", new AgentCommand.SignOutAfter()).PbxLost().Forget().At(50).ExpectNone("SignedOut").Inbound("5").ExpectNone("offered");
        story.Forget().PbxUp().ExpectAmong("anna SignedOut (after_call)");
    }
}
