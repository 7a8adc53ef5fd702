namespace CallCrm.Engine.Tests;

public sealed class AgentTests
{
    [Fact]
    public void Signing_in_is_not_yet_being_ready()
    {
        new Scenario().PbxUp().Forget().SignsIn("anna", "101").Expect("""
            anna Paused (signed_in)
            cmd1 accepted
            """)
            .Does("anna", new AgentCommand.Ready()).Expect("""
                anna Ready
                cmd2 accepted
                """);
    }

    [Fact]
    public void Who_is_signed_out_in_a_call_keeps_it_and_the_next_one_may_sit_down()
    {
        Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget()
            .At(10).Does("anna", new AgentCommand.SignOut()).SignsIn("bruno", "101").Expect("""
                anna SignedOut in call1
                cmd3 accepted
                bruno Paused (signed_in)
                cmd4 accepted
                """)
            .At(20).Ends("1", hungUp: true).Ends("2").Expect("""
                call1 leg 1 ended 16
                call1 leg 2 ended 16 anna talk 20000 hold 0
                call1 ended Answered by Caller agent anna wait 0 talk 20000 hold 0
                """);
    }

    [Fact]
    public void A_pause_during_a_call_follows_the_wrap_up()
    {
        Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget()
            .Does("anna", new AgentCommand.Pause("lunch")).Expect("""
                anna Talking (lunch) in call1
                cmd3 accepted
                """)
            .At(10).Ends("1").Ends("2").ExpectAmong("anna WrapUp (lunch) in call1")
            .At(40).Expect("anna Paused (lunch)");
    }

    [Fact]
    public void Wrap_up_can_be_finished_early_and_extended_once()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").At(10).Ends("1").Ends("2").Forget();
        var call = story.Id("call1");
        story.Does("anna", new AgentCommand.ExtendWrapUp(call)).Expect("""
            anna wrap-up extended to 09:01:10
            cmd3 accepted
            """)
            .Does("anna", new AgentCommand.ExtendWrapUp(call)).Expect("cmd4 refused already_extended")
            .At(69.9).ExpectNothing()
            .Does("anna", new AgentCommand.FinishWrapUp(call)).Expect("""
                anna Ready
                cmd5 accepted
                """)
            .Does("anna", new AgentCommand.FinishWrapUp(call)).Expect("cmd6 refused not_in_wrap_up");
    }

    [Fact]
    public void A_queue_without_wrap_up_makes_ready_at_once() =>
        Scenario.With("anna").Change(Without.WrapUp).Inbound("1").TalksTo("1", "2", "PJSIP/101").Ends("1").Forget().Ends("2").ExpectAmong("anna Ready");

    [Fact]
    public void A_device_in_use_is_not_offered_until_it_is_idle()
    {
        Scenario.With("anna").Device("101", DeviceState.InUse).Inbound("1").Mark("1").Forget()
            .At(5).Device("101", DeviceState.NotInUse).ExpectAmong("call1 offered call1/1 anna PJSIP/101 20s LeastBusy");
    }

    [Fact]
    public void A_private_call_makes_the_agent_busy_and_has_no_wrap_up()
    {
        var story = new Scenario(w => w.UnknownPrivate = true).PbxUp().Ready("anna").At(1).Channel("5", "PJSIP/101", number: "101", dialled: "0612345678").Expect("anna Talking in observed-5");
        story.At(2).Dial("5", "6", "PJSIP/trunk").Expect("""
            observed-5 started Outbound 101 to 0612345678 observed
            observed-5 leg 5 anna
            observed-5 leg 6 client
            look up observed-5 0612345678 only
            """)
            .Arrives("observed-5", new LookupResult(LookupOutcome.Unknown, [])).Expect("observed-5 is Unknown -");
        story.Inbound("1").ExpectAmong("answer r1 hold 20s place 1")
            .At(8).Answers("5", "6").Expect("observed-5 answered anna by - wait 7000")
            .At(18).Ends("6", hungUp: true).Ends("5").Expect("""
                observed-5 leg 6 ended 16
                observed-5 leg 5 ended 16 anna talk 10000 hold 0
                anna Ready
                observed-5 recording on 6 not kept
                observed-5 ended Answered by Caller agent anna wait 7000 talk 10000 hold 0
                anna Reserved in call1
                """);
    }

    [Fact]
    public void An_agent_whose_last_page_is_gone_for_a_minute_is_away_and_back_with_the_page()
    {
        new Scenario(w => w.NeedsPage = true).PbxUp().Ready("anna")
            .At(0).Pages("crm", "anna").At(10).Pages("crm").At(30).Pages("crm").At(50).Pages("crm").ExpectNothing()
            .At(69.9).Pages("crm").ExpectNothing()
            .At(70).Expect("anna Away (page_gone)")
            .At(71).Inbound("1").ExpectAmong("call1 decided NobodySignedIn")
            .At(75).Pages("crm", "anna").Expect("anna Ready");
    }

    [Fact]
    public void A_page_that_comes_back_in_time_changes_nothing() =>
        new Scenario(w => w.NeedsPage = true).PbxUp().Ready("anna").Pages("crm", "anna").At(10).Pages("crm").At(65).Pages("crm", "anna").At(200).ExpectNothing();

    [Fact]
    public void A_reporter_that_falls_silent_takes_nobody_away() =>
        new Scenario(w => w.NeedsPage = true).PbxUp().Ready("anna").Pages("crm", "anna").At(1000).ExpectNothing();

    [Fact]
    public void A_new_reporter_that_lacks_an_agent_of_a_silent_one_starts_the_minute()
    {
        new Scenario(w => w.NeedsPage = true).PbxUp().Ready("anna").Pages("old", "anna")
            .At(20).Pages("new").At(24).Pages("old", "anna").At(30).Pages("new").At(40).Pages("new").At(50).Pages("new").ExpectNothing()
            .At(70).Pages("new").At(90).Pages("new").At(109).Pages("new").ExpectNothing()
            .At(110).Expect("anna Away (page_gone)");
    }

    [Fact]
    public void A_page_that_was_being_reloaded_when_the_reporter_died_makes_nobody_away()
    {
        var story = new Scenario(w => w.NeedsPage = true).PbxUp().Ready("anna").Pages("old", "anna").At(10).Pages("old").At(100).ExpectNothing();
        story.AgentOf("anna").State.Should().Be(AgentState.Ready);
        // The next process has the whole minute for her page to come back, however late it starts.
        story.Pages("new").At(120).Pages("new").At(140).Pages("new").At(159.9).Pages("new").ExpectNothing()
            .At(160).Expect("anna Away (page_gone)").At(165).Pages("new", "anna").Expect("anna Ready");
    }

    [Fact]
    public void A_reporter_that_is_back_just_before_the_minute_ends_begins_it_anew()
    {
        new Scenario(w => w.NeedsPage = true).PbxUp().Ready("anna").Pages("old", "anna").At(10).Pages("old")
            .At(69).Pages("new").At(75).ExpectNothing().Pages("new", "anna").At(200).ExpectNothing();
        new Scenario(w => w.NeedsPage = true).PbxUp().Ready("anna").Pages("old", "anna").At(10).Pages("old")
            .At(34).Pages("new").At(50).Pages("new").At(69).Pages("new").ExpectNothing().At(70).Expect("anna Away (page_gone)");
    }

    [Fact]
    public void One_of_two_pages_is_enough() =>
        new Scenario(w => w.NeedsPage = true).PbxUp().Ready("anna").Pages("a", "anna").Pages("b").At(10).Pages("a", "anna").Pages("b").At(20).Pages("a", "anna").Pages("b").At(75).ExpectNothing();

    [Fact]
    public void A_page_that_goes_during_a_call_leaves_the_call_alone_and_shows_after_it()
    {
        new Scenario(w => w.NeedsPage = true).PbxUp().Ready("anna").Change(Without.WrapUp).Inbound("1").TalksTo("1", "2", "PJSIP/101").Pages("crm").Forget()
            .At(20).Pages("crm").At(40).Pages("crm").At(60).Pages("crm").At(100).Pages("crm").ExpectNothing()
            .Ends("1").Ends("2").ExpectAmong("anna Away (page_gone)");
    }

    [Fact]
    public void People_who_work_by_phone_alone_need_no_page() =>
        Scenario.With("anna").Pages("crm").At(100).Pages("crm").ExpectNothing();

    [Fact]
    public void Removed_agents_and_extensions_are_signed_out()
    {
        Scenario.With("anna", "bruno")
            .Change(s => s with { Agents = [.. s.Agents.Where(a => a.Name != "anna")] }).Expect("anna SignedOut (removed)")
            .Change(s => s with { Extensions = [.. s.Extensions.Where(e => e.Number != "102")] }).Expect("bruno SignedOut (extension_removed)");
    }

    [Fact]
    public void Settings_that_are_older_than_ours_are_ignored()
    {
        var story = Scenario.With("anna");
        story.Send(new EngineInput.SettingsChanged(EngineSettings.Empty("main"))).Expect("report settings_older");
        story.AgentOf("anna").State.Should().Be(AgentState.Ready);
    }

    [Fact]
    public void Ring_talk_hold_and_wrap_up_are_load_and_pause_is_in_neither()
    {
        // 10 s ring, 80 s talk, 30 s wrap-up = 120 s in 1,200 s signed in and not paused.
        var story = Scenario.With("anna").At(1050).Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").At(1060).Answers("1", "2").At(1140).Ends("1").Ends("2").At(1170)
            .At(1200).Does("anna", new AgentCommand.Pause("lunch"));
        story.AgentOf("anna").LoadPercent.Should().Be(10.0m);
        story.At(1500).Does("anna", new AgentCommand.Ready()).AgentOf("anna").LoadPercent.Should().Be(10.0m);
    }
}
