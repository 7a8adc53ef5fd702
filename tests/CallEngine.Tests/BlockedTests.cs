namespace CallCrm.Engine.Tests;

/// <summary>Callers who are not let through.</summary>
public sealed class BlockedTests
{
    const string Other = "+393339998888";

    static Func<EngineSettings, EngineSettings> Block(string number = Scenario.Caller, Guid? queue = null, DateTimeOffset? until = null) =>
        settings => settings with { Blocked = [.. settings.Blocked.IsDefault ? [] : settings.Blocked, new BlockedNumber(number, queue, until)] };

    static Func<EngineSettings, EngineSettings> Queues(Func<QueueSettings, QueueSettings> change) => settings => settings with { Queues = [.. settings.Queues.Select(change)] };

    [Fact]
    public void A_blocked_caller_gets_the_busy_tone_and_is_offered_to_nobody()
    {
        Scenario.With("anna").Change(Block()).Asks("1").Expect("""
            call1 started Inbound +393331112222 to 800100 routed
            call1 leg 1 client
            look up call1 +393331112222 late only
            call1 decided Blocked
            answer r1 reject 17
            """)
            .Takes("1").Ends("1", hungUp: true).ExpectAmong("call1 ended Blocked by Caller agent - wait 0 talk 0 hold 0");
    }

    [Fact]
    public void Whose_card_it_is_follows_but_none_is_made()
    {
        var story = Scenario.With("anna").Change(Block()).Asks("1").Takes("1").Ends("1").Forget();
        story.Known("call1").Expect("call1 is Known client late");
        story.All.OfType<EngineEffect.LookUp>().Should().ContainSingle().Which.MayCreate.Should().BeFalse();
    }

    [Theory]
    [InlineData(AfterWait.Reject, "", "reject 21")]
    [InlineData(AfterWait.Busy, "", "reject 17")]
    [InlineData(AfterWait.Play, "custom/not-here", "play custom/not-here")]
    [InlineData(AfterWait.Goto, "junk,s,in", "goto junk,s,in")]
    public void They_get_what_the_queue_says(AfterWait kind, string target, string answer)
    {
        Scenario.With("anna").Change(Queues(q => q with { WhenBlocked = new Overflow(kind, target) })).Change(Block()).Asks("1")
            .ExpectAmong($"answer r1 {answer}").Ends("1").ExpectAmong("call1 ended Blocked by System agent - wait 0 talk 0 hold 0");
    }

    [Fact]
    public void Of_one_queue_only_that_one_is_closed_to_them()
    {
        var story = Scenario.With("anna");
        story.ReadyAt("dario", "104").Change(Block(queue: story.Id("support"))).Forget();
        story.Inbound("1").ExpectAmong("answer r1 dial PJSIP/101 20s record after pop call1/1")
            .Asks("2", dialled: "39800200").ExpectAmong("answer r2 reject 17");
    }

    [Fact]
    public void A_block_ends_at_its_moment()
    {
        var story = Scenario.With("anna").Change(Block(until: Scenario.Start.AddSeconds(60)));
        story.At(59.999).Asks("1").ExpectAmong("answer r1 reject 17").Ends("1");
        story.At(60).Asks("2").Forget().Known("call2").ExpectAmong("answer r2 dial PJSIP/101 20s record after pop call2/1");
    }

    [Fact]
    public void Several_rows_of_a_number_all_count_and_others_are_let_through()
    {
        var story = Scenario.With("anna");
        story.Change(s => s with { Blocked = [new(Other, null, null), new(Scenario.Caller, story.Id("support"), null), new(Scenario.Caller, story.Id("sales"), null)] })
            .Asks("1").ExpectAmong("answer r1 reject 17")
            .Asks("2", number: "+393330000000").Forget().Known("call2").ExpectAmong("answer r2 dial PJSIP/101 20s record after pop call2/1");
    }

    [Fact]
    public void Withheld_numbers_are_blocked_where_the_queue_says_so()
    {
        Scenario.With("anna").Asks("1", caller: PhoneNumber.Withheld).ExpectAmong("answer r1 dial PJSIP/101 20s record after pop call1/1");
        Scenario.With("anna").Change(Queues(q => q with { BlockWithheld = true })).Asks("1", caller: PhoneNumber.Withheld)
            .ExpectAmong("""
                call1 is Withheld -
                call1 decided Blocked
                answer r1 reject 17
                """);
    }

    [Fact]
    public void Own_extensions_are_never_blocked()
    {
        Scenario.With("anna").Change(Queues(q => q with { BlockWithheld = true })).Change(Block("105"))
            .Asks("1", caller: new PhoneNumber("105", NumberKind.Extension)).ExpectAmong("answer r1 dial PJSIP/101 20s record after pop call1/1");
    }

    [Fact]
    public void Who_waits_in_line_leaves_it_when_they_are_blocked()
    {
        Scenario.With("anna").Does("anna", new AgentCommand.Pause("lunch")).Inbound("1").Mark("1").Forget()
            .At(5).Change(Block()).ExpectAmong("""
                call1 decided Blocked
                act #1 redirect PJSIP/trunk-1
                """)
            .Asks("1", RequestState.Redirected).ExpectAmong("answer r2 reject 17")
            .Takes("1").Ends("1").ExpectAmong("call1 ended Blocked by System agent - wait 5000 talk 0 hold 0");
    }

    [Fact]
    public void Whom_the_block_does_not_concern_stays_in_line()
    {
        Scenario.With("anna").Does("anna", new AgentCommand.Pause("lunch")).Inbound("1").Mark("1").Forget().At(5).Change(Block(Other)).ExpectNothing();
    }

    [Fact]
    public void Overflow_into_a_queue_that_blocks_them_is_the_end()
    {
        var story = Scenario.With("anna");
        var support = story.Id("support");
        story.ReadyAt("dario", "104").Does("anna", new AgentCommand.Pause("lunch"))
            .Change(Queues(q => q with { AfterMaxWait = new Overflow(AfterWait.Queue, support.ToString()), MaxWait = TimeSpan.FromSeconds(30) }))
            .Change(Block(queue: support)).Inbound("1").Mark("1").Forget()
            .At(31).ExpectAmong("""
                call1 decided MaxWait target support
                call1 decided Blocked
                act #1 redirect PJSIP/trunk-1
                """)
            .ExpectNone("offered");
    }

    [Fact]
    public void Whom_an_agent_spoke_with_is_let_through_again()
    {
        var story = Scenario.With("anna", "bruno").Change(Without.WrapUp).Inbound("1").TalksTo("1", "1a", "PJSIP/101").Change(Block());
        story.At(10).Ends("1a").Forget().Asks("1", dialled: "800100").ExpectNone("reject").ExpectAmong("answer r2 dial PJSIP/102 20s record after pop call1/2");
    }

    [Fact]
    public void A_number_that_leads_to_no_queue_stays_with_the_dialplan()
    {
        Scenario.With("anna").Change(Block()).Asks("1", dialled: "999999").Known("call1").ExpectAmong("answer r1 fallback");
    }

    [Fact]
    public void Turned_away_while_it_rings_the_caller_is_gone_and_nobody_else_rings()
    {
        var story = Scenario.With("anna", "bruno").Inbound("1").Dial("1", "1a", "PJSIP/101").Rings("1a").Forget();
        story.Does("anna", new AgentCommand.TurnAway(story.Id("call1"))).Expect("""
            call1 decided Blocked anna
            act #1 hang up PJSIP/trunk-1 17
            cmd5 accepted
            """);
        story.At(1).DialEnds("1", "1a", DialResult.Cancelled).Ends("1a").Ends("1", 17, hungUp: true)
            .ExpectAmong("""
                call1/1 ended Cancelled 1000ms
                call1 ended Blocked by Agent agent - wait 1000 talk 0 hold 0
                """)
            .ExpectNone("bruno");
        story.AgentOf("anna").State.Should().Be(AgentState.Ready);
    }

    [Fact]
    public void Turned_away_but_quicker_than_the_hang_up_the_dialplan_asks_again()
    {
        var story = Scenario.With("anna", "bruno").Inbound("1").Dial("1", "1a", "PJSIP/101").Rings("1a");
        story.Does("anna", new AgentCommand.TurnAway(story.Id("call1"))).Forget()
            .Ends("1a").Asks("1", RequestState.Next, last: DialResult.Declined).ExpectAmong("answer r2 reject 17").ExpectNone("offered");
    }

    [Fact]
    public void Turned_away_in_talk_is_a_hang_up_like_any()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "1a", "PJSIP/101").Forget();
        story.Does("anna", new AgentCommand.TurnAway(story.Id("call1"))).Expect("""
            act #1 hang up PJSIP/101-1a 16
            cmd3 accepted
            """);
        story.At(3).Ends("1a", hungUp: true).Ends("1").ExpectAmong("call1 ended Answered by Agent agent anna wait 0 talk 3000 hold 0");
    }

    [Fact]
    public void Only_who_has_the_call_turns_it_away()
    {
        var story = Scenario.With("anna", "bruno").Inbound("1").Dial("1", "1a", "PJSIP/101").Rings("1a").Forget();
        story.Does("bruno", new AgentCommand.TurnAway(story.Id("call1"))).Expect("cmd5 refused not_your_call")
            .Does("anna", new AgentCommand.TurnAway(story.Id("nowhere"))).Expect("cmd6 refused no_such_call")
            .PbxLost().Forget().Does("anna", new AgentCommand.TurnAway(story.Id("call1"))).Expect("cmd7 refused pbx_away");
    }
}
