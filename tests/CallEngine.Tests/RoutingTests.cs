namespace CallCrm.Engine.Tests;

public sealed class RoutingTests
{
    [Fact]
    public void Last_contacted_comes_before_responsible_and_least_busy()
    {
        Scenario.With("anna", "bruno", "carla").Asks("1").Forget()
            .Known("call1", responsible: "bruno", contacts: [("carla", 3, 60), ("anna", 10, 300)])
            .ExpectAmong("call1 decided LastContacted carla rather carla (LastContacted, Ready) of 3");
    }

    [Fact]
    public void Responsible_comes_next_when_the_last_contacted_is_busy()
    {
        Scenario.With("anna", "bruno", "carla").Asks("1").Known("call1", contacts: [("carla", 3, 60)]).Asks("2").Forget()
            .Known("call2", responsible: "bruno", contacts: [("carla", 3, 60)])
            .ExpectAmong("call2 decided Responsible bruno rather carla (LastContacted, Reserved) of 2");
    }

    [Theory]
    [InlineData(89, 20, "LastContacted")]
    [InlineData(91, 20, "LeastBusy")]
    [InlineData(89, 19, "LeastBusy")]
    public void A_conversation_too_old_or_too_short_prefers_nobody(double daysAgo, double talk, string rule) =>
        Scenario.With("anna", "bruno").Asks("1").Forget().Known("call1", contacts: [("bruno", daysAgo, talk)])
            .All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<RouteDecided>().Single().Rule.ToString().Should().Be(rule);

    [Fact]
    public void A_preferred_agent_who_does_not_serve_the_queue_is_not_preferred()
    {
        new Scenario().PbxUp().ReadyAt("dario", "104").ReadyAt("anna", "101").Asks("1").Forget()
            .Known("call1", responsible: "dario", contacts: [("dario", 1, 60)]).ExpectAmong("call1 decided LeastBusy anna of 1");
    }

    [Fact]
    public void With_patience_the_busy_preferred_agent_is_waited_for()
    {
        Scenario.With("anna", "bruno").Change(With.Patience(15)).Change(Without.WrapUp).Inbound("1").TalksTo("1", "1a", "PJSIP/101").Forget()
            .At(5).Asks("2").Known("call2", contacts: [("anna", 1, 60)])
            .ExpectAmong("""
                call2 decided Hold rather anna (LastContacted, Talking) of 1 place 1
                answer r2 hold 15s place 1
                """)
            .Takes("2").Mark("2").ExpectNothing()
            .At(12).Ends("1", hungUp: true).Ends("1a")
            .ExpectAmong("call2 offered call2/1 anna PJSIP/101 20s LastContacted");
    }

    [Fact]
    public void When_patience_ends_the_least_busy_gets_the_call()
    {
        Scenario.With("anna", "bruno").Change(With.Patience(15)).Inbound("1").TalksTo("1", "1a", "PJSIP/101")
            .At(5).Asks("2").Known("call2", contacts: [("anna", 1, 60)]).Takes("2").Mark("2").Forget()
            .At(19.999).ExpectNothing()
            .At(20).ExpectAmong("""
                call2 decided LeastBusy bruno rather anna (LastContacted, Talking) of 1
                act #1 redirect PJSIP/trunk-2 after pop call2/1
                """);
    }

    [Fact]
    public void Patience_does_not_wait_for_one_who_is_paused_or_signed_out()
    {
        Scenario.With("anna", "bruno").Change(With.Patience(15)).Does("anna", new AgentCommand.Pause("lunch")).Asks("1").Forget()
            .Known("call1", contacts: [("anna", 1, 60)]).ExpectAmong("call1 decided LeastBusy bruno rather anna (LastContacted, Paused) of 1");
    }

    [Fact]
    public void A_caller_waiting_for_their_own_agent_does_not_block_those_behind()
    {
        Scenario.With("anna", "bruno").Change(With.Patience(60)).Change(Without.WrapUp)
            .Inbound("1").TalksTo("1", "1a", "PJSIP/101").Inbound("2").TalksTo("2", "2a", "PJSIP/102")
            .At(5).Asks("3").Known("call3", contacts: [("anna", 1, 60)]).Takes("3").Mark("3")
            .At(6).Inbound("4").Mark("4").Forget()
            .At(10).Ends("2", hungUp: true).Ends("2a").ExpectAmong("call4 offered call4/1 bruno PJSIP/102 20s LeastBusy");
    }

    [Fact]
    public void Least_busy_is_by_load_then_by_longest_idle()
    {
        // Anna spoke 60 s; Bruno and Carla did nothing, Bruno became ready first.
        Scenario.With("bruno", "carla").At(5).ReadyAt("anna", "103").Change(Without.WrapUp)
            .Change(s => s with { Queues = [.. s.Queues.Select(q => q with { Agents = [.. q.Agents.Select(a => a with { Level = 1 })] })] })
            .Does("bruno", new AgentCommand.Pause("x")).Does("carla", new AgentCommand.Pause("x"))
            .Inbound("1").TalksTo("1", "1a", "PJSIP/103").At(65).Ends("1", hungUp: true).Ends("1a")
            .Does("bruno", new AgentCommand.Ready()).At(66).Does("carla", new AgentCommand.Ready()).Forget()
            .At(70).Inbound("2").ExpectAmong("call2 decided LeastBusy bruno of 3").Inbound("3").ExpectAmong("call3 decided LeastBusy carla of 2")
            .Inbound("4").ExpectAmong("call4 decided LeastBusy anna of 1");
    }

    [Fact]
    public void The_figures_of_all_candidates_are_kept()
    {
        var story = Scenario.With("anna", "bruno").Change(Without.WrapUp).Inbound("1").TalksTo("1", "1a", "PJSIP/101").At(90).Ends("1", hungUp: true).Ends("1a").At(100).Inbound("2");
        var decided = story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<RouteDecided>().Last();
        decided.Candidates.Should().Equal(
            new RouteCandidate(story.Id("bruno"), 1, 0m, 100),
            // 90 s of talk ÷ 15 min.
            new RouteCandidate(story.Id("anna"), 1, 10m, 10));
    }

    [Fact]
    public void A_higher_level_is_offered_only_when_nobody_of_a_lower_one_is_free()
    {
        new Scenario(w => w.Queue("sales", q => q with { Agents = [w.Member("anna", 2), w.Member("bruno", 1)] })).PbxUp().Ready("anna", "bruno")
            .Inbound("1").ExpectAmong("call1 decided LeastBusy bruno of 2").Inbound("2").ExpectAmong("call2 decided LeastBusy anna of 1");
    }

    [Fact]
    public void A_freed_agent_of_two_queues_takes_who_waits_longest()
    {
        new Scenario(w => w.Queue("support", q => q with { Agents = [w.Member("anna", 2)], WrapUpTime = TimeSpan.Zero }).Queue("sales", q => q with { WrapUpTime = TimeSpan.Zero }))
            .PbxUp().Ready("anna").Inbound("1").TalksTo("1", "1a", "PJSIP/101")
            .At(1).Inbound("2", "+39800200").Mark("2").At(2).Inbound("3").Mark("3").Forget()
            .At(10).Ends("1", hungUp: true).Ends("1a").ExpectAmong("call2 offered call2/1 anna PJSIP/101 20s LeastBusy");
    }

    [Theory]
    [InlineData("800100")]
    [InlineData("+800100")]
    [InlineData("00800100")]
    public void A_dialled_number_is_compared_by_its_digits(string dialled) =>
        Scenario.With("anna").Asks("1", dialled: dialled).Forget().Known("call1").ExpectAmong("call1 queued sales place 1");

    [Fact]
    public void An_unknown_number_goes_to_the_default_queue_of_its_PBX() =>
        new Scenario(w => w.DefaultQueue = "support").PbxUp().Asks("1", dialled: "999").Forget().Known("call1").ExpectAmong("call1 queued support place 1");

    [Fact]
    public void Without_a_default_queue_an_unknown_number_is_the_dialplans()
    {
        Scenario.With("anna").Asks("1", dialled: "999").Forget().Known("call1").Expect("""
            call1 is Known client
            call1 decided UnknownNumber
            answer r1 fallback
            """).At(30).Ends("1", hungUp: true).ExpectAmong("call1 ended Fallback by Caller agent - wait 30000 talk 0 hold 0");
    }

    [Theory]
    [InlineData(-0.001, "play closed")]
    [InlineData(0, "hold")]
    [InlineData(3599.999, "hold")]
    [InlineData(3600, "play closed")]
    public void A_queue_is_open_from_the_first_to_just_before_the_last_instant_of_a_span(double offset, string answer)
    {
        var story = Scenario.With("anna").Inbound("9").TalksTo("9", "9a", "PJSIP/101");
        var open = story.Utc.AddHours(1);
        story.Change(s => s with { Queues = [.. s.Queues.Select(q => q with { OpenSpans = [new OpenSpan(open, open.AddHours(1))] })] });
        story.At(3600 + offset).Asks("1").Forget().Known("call1");
        story.All.OfType<EngineEffect.AnswerRoute>().Last().Answer.Should().Match<RouteAnswer>(a => answer == "hold" ? a is RouteAnswer.Hold : a is RouteAnswer.Play);
    }

    [Fact]
    public void A_closed_call_ends_as_closed()
    {
        var story = Scenario.With("anna").Change(s => s with { Queues = [.. s.Queues.Select(q => q with { OpenSpans = [] })] }).Asks("1").Forget().Known("call1")
            .ExpectAmong("""
                call1 queued sales place 1
                call1 decided QueueClosed target closed
                answer r1 play closed
                """);
        story.Takes("1").At(8).Ends("1").ExpectAmong("call1 ended Closed by System agent - wait 8000 talk 0 hold 0");
    }

    [Fact]
    public void Nobody_signed_in_means_no_hold()
    {
        new Scenario().PbxUp().Forget().Asks("1").Known("call1").ExpectAmong("""
            call1 decided NobodySignedIn
            answer r1 reject 21
            """).Takes("1").Ends("1", 21).ExpectAmong("call1 ended Rejected by System agent - wait 0 talk 0 hold 0");
    }

    [Fact]
    public void Paused_agents_are_signed_in_so_callers_are_held() =>
        Scenario.With("anna").Does("anna", new AgentCommand.Pause("lunch")).Asks("1").Forget().Known("call1").ExpectAmong("answer r1 hold 20s place 1");

    [Fact]
    public void A_queue_that_the_settings_lose_sends_its_callers_to_the_fallback()
    {
        Scenario.With("anna").Inbound("1").At(1).Inbound("2").Mark("2").Forget()
            .Change(s => s with { Queues = [.. s.Queues.Where(q => q.Name != "sales")] }).ExpectAmong("""
                call2 decided Fallback target queue removed
                act #1 redirect PJSIP/trunk-2
                """)
            .Asks("2", RequestState.Redirected).Expect("answer r3 fallback");
    }

    [Fact]
    public void A_second_request_from_the_start_keeps_who_it_is()
    {
        Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").At(10).Leaves("b1", "2", "1").Ends("2").Forget()
            .Asks("1", dialled: "+39800200").ExpectAmong("""
                call1 queued support place 1
                call1 decided NobodySignedIn
                """).ExpectNone("look up");
    }

    [Fact]
    public void Only_agents_at_the_calls_own_PBX_can_be_dialled()
    {
        var story = new Scenario();
        story.Change(s => s with { Extensions = s.Extensions.Add(new ExtensionSettings("other", "201", [new DeviceSettings("PJSIP/201", true, true)])) })
            .PbxUp().Does("anna", new AgentCommand.SignIn("other", "201")).Does("anna", new AgentCommand.Ready()).Asks("1").Forget().Known("call1").ExpectAmong("answer r1 hold 20s place 1");
    }
}
