namespace CallCrm.Engine.Tests;

public sealed class CommandTests
{
    [Fact]
    public void A_repeated_command_gets_its_first_answer_and_does_nothing_more()
    {
        var story = Scenario.With("anna");
        var pause = new EngineInput.Command(story.Id("twice"), story.Id("anna"), new AgentCommand.Pause("lunch"));
        story.Send(pause).Expect("""
            anna Paused (lunch)
            twice accepted
            """)
            .Does("anna", new AgentCommand.Ready()).Forget()
            .Send(pause).Expect("twice accepted");
        story.AgentOf("anna").State.Should().Be(AgentState.Ready);
    }

    [Fact]
    public void A_supervisor_pauses_readies_and_signs_out_and_the_agent_reads_who_did_it()
    {
        var story = Scenario.With("anna");
        story.Supervised("anna", new AgentCommand.Pause("lunch")).ExpectAmong("anna Paused (by_supervisor)")
            .Supervised("anna", new AgentCommand.Ready()).ExpectAmong("anna Ready")
            .Supervised("anna", new AgentCommand.SignOut()).ExpectAmong("anna SignedOut (by_supervisor)")
            .Supervised("anna", new AgentCommand.Ready()).ExpectAmong("cmd6 refused not_signed_in");
    }

    [Fact]
    public void A_supervisor_does_nothing_else_for_an_agent()
    {
        var story = Scenario.With("anna", "bruno").Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget();
        foreach (var what in new AgentCommand[] { new AgentCommand.Hold(story.Id("call1")), new AgentCommand.HangUp(story.Id("call1")), new AgentCommand.SignIn(Scenario.Node, "103") })
            story.Supervised("anna", what).ExpectAmong($"cmd{story.Commands} refused command_unknown");
        story.All.OfType<EngineEffect.Act>().Should().BeEmpty();
    }

    [Fact]
    public void A_supervisor_ends_a_call_client_first_so_that_nobody_else_is_rung()
    {
        var story = Scenario.With("anna", "bruno").Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget();
        story.Supervised("sara", new AgentCommand.EndCall(story.Id("call1"))).Expect("""
            act #1 hang up PJSIP/trunk-1 16
            act #2 hang up PJSIP/101-2 16
            look pbx
            cmd5 accepted
            """);
        story.At(5).Ends("1", 16, hungUp: true).Ends("2", 16, hungUp: true).ExpectAmong("call1 ended Answered by System agent anna wait 0 talk 5000 hold 0");
        story.Supervised("sara", new AgentCommand.EndCall(story.Id("call1"))).ExpectAmong("cmd6 refused no_such_call")
            .Does("anna", new AgentCommand.EndCall(story.Id("call1"))).ExpectAmong("cmd7 refused command_unknown");
    }

    [Fact]
    public void A_supervisor_ends_a_call_that_waits_or_rings_and_it_goes_to_nobody()
    {
        var story = Scenario.With("anna", "bruno").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").Forget();
        story.Supervised("sara", new AgentCommand.EndCall(story.Id("call1"))).ExpectAmong("act #1 hang up PJSIP/trunk-1 16");
        // Quicker than the hang-up, the dialplan asks for the next agent.
        story.Forget().Ends("2").Asks("1", RequestState.Next, last: DialResult.Cancelled).ExpectNone("offered").Ends("1", 16, hungUp: true).ExpectAmong("call1 ended Blocked by System agent - wait 0 talk 0 hold 0");
        story.AgentOf("anna").State.Should().Be(AgentState.Ready);

        story.PbxLost().Forget().Supervised("sara", new AgentCommand.EndCall(story.Id("nowhere"))).ExpectAmong($"cmd{story.Commands} refused no_such_call");
    }

    [Fact]
    public void Whose_page_is_gone_is_not_made_ready_by_a_supervisor()
    {
        var story = new Scenario(w => w.NeedsPage = true).PbxUp().Ready("anna").Pages("crm", "anna").At(10).Pages("crm").At(30).Pages("crm").At(50).Pages("crm").At(69.9).Pages("crm").At(75).Forget();
        story.AgentOf("anna").State.Should().Be(AgentState.Away);
        story.Supervised("anna", new AgentCommand.Ready()).ExpectAmong("cmd3 refused page_gone");
        story.AgentOf("anna").State.Should().Be(AgentState.Away);
    }

    [Fact]
    public void Refusals_have_stable_codes()
    {
        var story = Scenario.With("anna");
        var nowhere = story.Id("nowhere");
        story.Does("nobody", new AgentCommand.Ready()).ExpectAmong("cmd3 refused agent_unknown")
            .Does("bruno", new AgentCommand.Ready()).Expect("cmd4 refused not_signed_in")
            .Does("bruno", new AgentCommand.SignIn(Scenario.Node, "999")).Expect("cmd5 refused extension_unknown")
            .Does("anna", new AgentCommand.Answer(nowhere)).Expect("cmd6 refused no_such_call")
            .Does("anna", new AgentCommand.HangUp(nowhere)).Expect("cmd7 refused no_such_call")
            .Does("anna", new AgentCommand.Hold(nowhere)).Expect("cmd8 refused no_such_call")
            .Does("anna", new AgentCommand.AttachClient(nowhere, nowhere)).Expect("cmd9 refused no_such_call");
        story.Inbound("1").Forget();
        var call = story.Id("call1");
        story.SignsIn("bruno", "102").Forget()
            .Does("anna", new AgentCommand.Answer(call)).Expect("cmd11 refused not_ringing")
            .Does("anna", new AgentCommand.SignIn(Scenario.Node, "103")).Expect("cmd12 refused in_call")
            .Does("bruno", new AgentCommand.Answer(call)).Expect("cmd13 refused not_your_call")
            .Does("bruno", new AgentCommand.HangUp(call)).Expect("cmd14 refused not_your_call")
            .Does("bruno", new AgentCommand.AttachClient(call, nowhere)).Expect("cmd15 refused not_your_call")
            .Does("anna", new AgentCommand.AttachClient(call, Guid.Empty)).Expect("cmd16 refused client_missing");
    }

    [Fact]
    public void Answer_hold_resume_and_hang_up_act_at_the_PBX()
    {
        var story = Scenario.With("anna").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").Forget();
        var call = story.Id("call1");
        story.Does("anna", new AgentCommand.Answer(call)).Expect("""
            act #1 answer PJSIP/101 PJSIP/101-2
            cmd3 accepted
            """)
            .Answers("1", "2").Forget()
            .Does("anna", new AgentCommand.Hold(call)).Expect("""
                act #2 hold PJSIP/101 PJSIP/101-2
                cmd4 accepted
                """)
            .Fact(new PbxFact.HoldBegan(Scenario.Node, null, Scenario.Leg("2"))).Forget()
            .Does("anna", new AgentCommand.Hold(call)).Expect("cmd5 refused not_talking")
            .Does("anna", new AgentCommand.Resume(call)).Expect("""
                act #3 answer PJSIP/101 PJSIP/101-2
                cmd6 accepted
                """)
            .Does("anna", new AgentCommand.HangUp(call)).Expect("""
                act #4 hang up PJSIP/101-2 16
                cmd7 accepted
                """)
            .Ends("1").Ends("2").ExpectAmong("call1 ended Answered by Agent agent anna wait 0 talk 0 hold 0");
    }

    [Fact]
    public void Hanging_up_a_ringing_call_declines_it() =>
        Ringing(out var call).Does("anna", new AgentCommand.HangUp(call)).Expect("""
            act #1 hang up PJSIP/101-2 21
            cmd3 accepted
            """);

    [Fact]
    public void A_desk_phone_cannot_be_answered_or_held_from_the_page()
    {
        var story = new Scenario().PbxUp().ReadyAt("anna", "104").Inbound("1").Dial("1", "2", "PJSIP/104").Rings("2").Forget();
        story.Does("anna", new AgentCommand.Answer(story.Id("call1"))).Expect("cmd3 refused not_possible_here")
            .Answers("1", "2").Forget().Does("anna", new AgentCommand.Hold(story.Id("call1"))).Expect("cmd4 refused not_possible_here");
    }

    [Fact]
    public void While_the_PBX_is_away_nothing_is_done_there() =>
        Ringing(out var call).PbxLost().Forget().Does("anna", new AgentCommand.Answer(call)).Expect("cmd3 refused pbx_away")
            .Does("anna", new AgentCommand.HangUp(call)).Expect("cmd4 refused pbx_away");

    [Fact]
    public void A_client_can_be_attached_in_wrap_up_long_after_the_call()
    {
        var story = Scenario.With("anna").Change(s => s with { Queues = [.. s.Queues.Select(q => q with { WrapUpTime = TimeSpan.FromMinutes(10) })] })
            .Inbound("1").TalksTo("1", "2", "PJSIP/101").Ends("1").Ends("2").At(400).Forget();
        story.Does("anna", new AgentCommand.AttachClient(story.Id("call1"), story.Id("ada"))).ExpectAmong("call1 is Known ada by anna");
    }

    [Fact]
    public void A_refused_action_is_reported() => Scenario.With("anna").Done(77, ok: false, "no").Expect("report action_failed");

    private static Scenario Ringing(out Guid call)
    {
        var story = Scenario.With("anna").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").Forget();
        call = story.Id("call1");
        return story;
    }
}
