using CallCrm.CallEngine.Tests;

namespace CallCrm.Engine.Tests;

/// <summary>What the simulated faults found: a story for each.</summary>
public sealed class HealingFaultTests
{
    [Fact]
    public void A_channel_that_AMI_told_of_and_the_snapshot_lacks_is_over_at_once_however_young() =>
        Scenario.With("anna").Channel("1", "PJSIP/trunk").TalksTo("1", "2", "PJSIP/101").At(1).PbxLost().Forget().At(2).PbxUp()
            .ExpectAmong("anna WrapUp in observed-1");

    [Fact]
    public void A_second_snapshot_without_it_ends_the_doubt() =>
        Scenario.With("anna").At(100).Inbound("1").At(100.01).SnapshotOf().At(100.5).Forget().SnapshotOf()
            .ExpectAmong("call1 ended Lost by Unknown agent - wait 500 talk 0 hold 0 estimated");

    [Fact]
    public void A_caller_who_takes_our_answer_lives_whatever_the_lists_before_lack() =>
        Scenario.With("anna").At(100).Asks("1").At(100.01).SnapshotOf().Known("call1").At(100.2).Takes("1").At(105).ExpectNone("ended");

    [Fact]
    public void An_agent_who_calls_out_is_talking_also_after_a_restart_and_in_whatever_order_the_channels_are_listed()
    {
        var story = Scenario.With("anna").At(100)
            .SnapshotOf(Scenario.Seen("8", "7", "PJSIP/trunk") with { Up = false, Ringing = true, Application = "AppDial" }, Scenario.Seen("7", "7", "PJSIP/101", app: "Dial") with { Up = false });
        story.AgentOf("anna").State.Should().Be(AgentState.Talking);

        var again = new Scenario().At(1000);
        var call = again.Id("old");
        again.Send(new EngineInput.Restored(new RestoredState(7, [new RestoredAgent(again.Id("anna"), Scenario.Node, "101", AgentState.Talking, null, again.Utc, call, [])],
            [new RestoredCall(call, new PhoneNumber("101", NumberKind.Extension), "", new PhoneNumber("0039", NumberKind.Unparsed), CallDirection.Outbound, false, null, null, again.Utc, null, null, CallState.Routing,
                [new RestoredLeg(Scenario.Leg("7"), again.Id("anna"), "PJSIP/101-7", false, again.Utc, null)], null)])));
        again.Fact(new PbxFact.Connected(Scenario.Node, null, "22")).SnapshotOf(Scenario.Seen("7", "7", "PJSIP/101", app: "Dial") with { Up = false }).AgentOf("anna").State.Should().Be(AgentState.Talking);
    }

    [Fact]
    public void A_phone_rung_by_a_call_we_saw_end_rings_and_does_not_dial()
    {
        var story = Scenario.With("anna").Channel("9", "PJSIP/101", linked: "older").At(1);
        story.AgentOf("anna").State.Should().NotBe(AgentState.Talking);
    }

    [Fact]
    public void A_phone_that_the_PBX_rings_by_itself_rings_also_where_the_ring_was_not_heard()
    {
        var story = Scenario.With("anna").Channel("9", "PJSIP/101");
        story.AgentOf("anna").State.Should().Be(AgentState.Talking, "a first channel from a phone dials");
        story.SnapshotOf(Scenario.Seen("9", "9", "PJSIP/101", age: 0, app: "AppDial2") with { Up = false, Ringing = true });
        story.AgentOf("anna").State.Should().Be(AgentState.Ringing, "the snapshot shows that the PBX called it");
    }

    [Fact]
    public void Who_still_speaks_in_a_call_that_had_ended_is_no_new_call_after_a_restart()
    {
        var story = new Scenario().At(1000);
        var call = story.Id("old");
        story.Send(new EngineInput.Restored(new RestoredState(7, [new RestoredAgent(story.Id("anna"), Scenario.Node, "101", AgentState.Talking, null, story.Utc, call, [])],
            [new RestoredCall(call, new PhoneNumber(Scenario.Caller, NumberKind.E164, Scenario.Caller), "", new PhoneNumber("800100", NumberKind.Unparsed), CallDirection.Inbound, false, null, null, story.Utc, null, story.Utc, CallState.Ended,
                [new RestoredLeg(Scenario.Leg("8"), story.Id("anna"), "PJSIP/101-8", false, story.Utc, story.Utc)], null)])));
        story.Fact(new PbxFact.Connected(Scenario.Node, null, "22")).SnapshotOf(Scenario.Seen("8", "7", "PJSIP/101", "b"), Scenario.Seen("9", "7", "PJSIP/102", "b"));
        story.AgentOf("anna").State.Should().Be(AgentState.Talking);
        story.Engine.Snapshot().OpenCalls.Should().Be(1, "the colleague's alone, whom the last router did not know");
        story.At(1010).Ends("8").ExpectAmong("old leg 8 ended 16 anna talk 10000 hold 0");
        story.All.OfType<EngineEffect.Write>().Count(w => w.Entry is CallEnded && w.Entry.Call == call).Should().Be(0, "it ended before");
    }

    [Fact]
    public void A_waiting_caller_whom_the_fallback_took_is_in_no_line()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "1a", "PJSIP/101").At(1).Inbound("2").PbxLost().At(30).Forget()
            .Fact(new PbxFact.Connected(Scenario.Node, null, "22")).SnapshotOf(Scenario.Seen("1", "1", "PJSIP/trunk", "b", age: 30), Scenario.Seen("1a", "1", "PJSIP/101", "b", age: 29),
                Scenario.Seen("2", "2", "PJSIP/trunk", age: 29, app: "Playback") with { Context = "callcrm-fallback" });
        story.Engine.Snapshot().Queues.SelectMany(q => q.Waiting).Should().BeEmpty();
        story.At(40).Ends("2", hungUp: true).ExpectAmong("call2 ended Fallback by Caller agent - wait 39000 talk 0 hold 0");
    }

    [Fact]
    public void A_caller_found_in_the_fallback_was_served_by_the_fallback() =>
        Scenario.With("anna").At(100).SnapshotOf(Scenario.Seen("7", "7", "PJSIP/trunk", "x", age: 4) with { Context = "callcrm-fallback" }, Scenario.Seen("8", "7", "PJSIP/nobody", "x", age: 3))
            .At(105).Ends("7", hungUp: true).Ends("8").ExpectAmong("snap100+1 ended Fallback by Caller agent - wait 9000 talk 0 hold 0 estimated");

    [Fact]
    public void A_call_is_what_its_first_channel_says_wherever_the_PBX_lists_that() =>
        Scenario.With("anna").At(100).SnapshotOf(Scenario.Seen("8", "7", "PJSIP/nobody", "x", age: 3) with { Context = "from-agents" }, Scenario.Seen("7", "7", "PJSIP/trunk", "x", age: 4) with { Context = "callcrm-fallback" })
            .At(105).Ends("7", hungUp: true).Ends("8").ExpectAmong("snap100+1 ended Fallback by Caller agent - wait 9000 talk 0 hold 0 estimated");

    [Theory]
    [InlineData("", "Fallback")]
    [InlineData("Dial", "Observed")]
    public void A_caller_found_on_the_way_to_us_whom_we_never_answered_was_served_by_the_fallback(string app, string outcome) =>
        Scenario.With("anna").At(100).SnapshotOf(Scenario.Seen("7", "7", "PJSIP/trunk", age: 0, app: app) with { Context = "from-trunk", Up = false })
            .At(101).TalksTo("7", "8", "PJSIP/nobody").At(105).Ends("7", hungUp: true).Ends("8").ExpectAmong($"snap100+1 ended {outcome} by Caller agent - wait 5000 talk 0 hold 0");

    [Fact]
    public void A_caller_found_asking_us_who_gives_up_has_abandoned() =>
        Scenario.With("anna").At(100).SnapshotOf(Scenario.Seen("7", "7", "PJSIP/trunk", age: 2, app: "AGI")).At(106).Ends("7", hungUp: true).ExpectAmong("snap100+1 ended Abandoned by Caller agent - wait 8000 talk 0 hold 0");

    [Fact]
    public void The_last_channel_of_a_call_that_is_just_ending_is_no_call_of_its_own()
    {
        var story = Scenario.With("anna").At(100).SnapshotOf(Scenario.Seen("8", "7", "PJSIP/101", app: "AppDial")).At(100.05).Ends("8");
        story.All.OfType<EngineEffect.Write>().Where(w => w.Entry is CallStarted or LegStarted or LegEnded or CallEnded).Should().BeEmpty();
        story.AgentOf("anna").State.Should().Be(AgentState.Ready);
    }

    [Fact]
    public void A_channel_that_stays_alone_is_a_call_after_all() =>
        Scenario.With("anna").At(100).SnapshotOf(Scenario.Seen("8", "7", "PJSIP/101", app: "AppDial")).At(101).ExpectAmong("snap100+1 leg 8 anna estimated").At(110).Ends("8").ExpectAmong("snap100+1 leg 8 ended 16 anna talk 0 hold 0");

    [Fact]
    public void A_ring_that_ended_unseen_frees_its_agent_at_once()
    {
        var story = Scenario.With("anna").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").At(5).PbxLost().At(9).Forget()
            .Fact(new PbxFact.Connected(Scenario.Node, null, "22")).SnapshotOf(Scenario.Seen("1", "1", "PJSIP/trunk", "b"), Scenario.Seen("3", "1", "PJSIP/nobody", "b")).ExpectAmong("""
                call1/1 ended Cancelled 5000ms
                anna Ready
                """);
        story.AgentOf("anna").Free.Should().BeTrue();
    }

    [Fact]
    public void A_dial_that_nobody_saw_and_that_is_over_keeps_no_agent() =>
        Scenario.With("anna").Inbound("1").PbxLost().At(9).Forget().Fact(new PbxFact.Connected(Scenario.Node, null, "22"))
            .SnapshotOf(Scenario.Seen("1", "1", "PJSIP/trunk", app: "VoiceMail") with { Context = "voicemail" }).ExpectAmong("""
                call1/1 ended Cancelled
                anna Ready
                """);

    [Fact]
    public void Who_resumes_after_a_cut_is_not_on_hold_for_ever()
    {
        var model = new PbxModel(PbxModelTraces.Node);
        model.TakeSnapshot([PbxModelTraces.Event("CoreShowChannel", "Uniqueid: 1.1", "Channel: PJSIP/101-00000001", "ChannelState: 6")], []);
        model.Handle(PbxModelTraces.Event("Unhold", "Uniqueid: 1.1")).Should().ContainSingle().Which.Should().BeOfType<PbxFact.HoldEnded>();
        model.Handle(PbxModelTraces.Event("Unhold", "Uniqueid: 1.1")).Should().BeEmpty();
    }

    /// <summary>The line is dead from 10 s on. The agent's phone ended unseen, the caller asks again by AGI at 13 s, and gives up unseen.</summary>
    [Fact]
    public void Nobody_talks_on_after_their_leg_with_a_caller_who_asked_while_the_line_was_silent()
    {
        var story = Scenario.With("anna").Channel("1", "PJSIP/trunk", call: "call1").Inbound("1").TalksTo("1", "2", "PJSIP/101").At(10).Asks("1", RequestState.Next).At(13).Asks("1", RequestState.Held).Takes("1")
            .At(20).PbxLost(silence_s: 10).At(25).PbxUp();
        var leg = Entries<LegEnded>(story).Single(e => e.UniqueId == "2");
        leg.At.Should().Be(Scenario.Start.AddSeconds(10), "it was there when the line was last heard");
        leg.Talk_ms.Should().Be(10_000);
        Entries<LegEnded>(story).Single(e => e.UniqueId == "1").At.Should().Be(Scenario.Start.AddSeconds(25), "who asked since then is known to be gone only now");
        Entries<CallEnded>(story).Single().Should().BeEquivalentTo(new { Talk_ms = 10_000, Estimated = true });
    }

    /// <summary>The line is dead from 10 s on, and nobody has noticed: the caller on hold has hung up when they are given to an agent.</summary>
    [Fact]
    public void An_offer_that_was_made_to_a_caller_already_gone_does_not_end_before_it_began()
    {
        var story = Scenario.With("anna").Does("anna", new AgentCommand.Pause("lunch")).Channel("1", "PJSIP/trunk", call: "call1").Inbound("1").Mark("1").At(12).Does("anna", new AgentCommand.Ready())
            .ExpectAmong("act #1 redirect PJSIP/trunk-1 after pop call1/1").Done(1).At(12.5).PbxLost(silence_s: 2.5).At(12.8).PbxUp();
        var (made, ended) = (Entries<CallOffered>(story).Single(), Entries<OfferEnded>(story).Single());
        made.At.Should().Be(Scenario.Start.AddSeconds(12));
        ended.Should().BeEquivalentTo(new { made.At, Ring_ms = 0 });
        Entries<CallEnded>(story).Single().At.Should().Be(made.At, "until then they waited, as far as is booked");
    }

    /// <summary>The client has gone at 10 s, and that was the last word of the line: how long the two who are left went on nobody knows.</summary>
    [Fact]
    public void Who_is_left_when_the_line_falls_silent_is_booked_until_then()
    {
        var story = Scenario.With("anna").Channel("1", "PJSIP/trunk", call: "call1").Inbound("1").TalksTo("1", "2", "PJSIP/101").Channel("3", "PJSIP/102", linked: "1").Joins("b1", "3")
            .At(10).Ends("1", hungUp: true).At(11).PbxLost(silence_s: 1).At(14).PbxUp();
        Entries<LegEnded>(story).Where(e => e.UniqueId is "2" or "3").Select(e => e.At).Should().Equal(Scenario.Start.AddSeconds(10), Scenario.Start.AddSeconds(10));
        Entries<LegEnded>(story).Single(e => e.UniqueId == "2").Talk_ms.Should().Be(10_000);
        story.Spans.Should().HaveCountGreaterThan(2);
        story.Spans.Should().OnlyContain(s => s.ToAt <= Scenario.Start.AddSeconds(10));
    }

    static IEnumerable<T> Entries<T>(Scenario story) where T : JournalEntry => story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<T>();

    [Fact]
    public void An_answer_that_AMI_told_of_too_late_makes_the_phone_reachable_again()
    {
        var story = Scenario.With("anna").Inbound("1").Dial("1", "2", "PJSIP/101").Forget().At(4)
            .ExpectAmong("act #1 redirect PJSIP/trunk-1 unless bridged").Done(1, ok: false, "the channel talks").Answers("1", "2").At(30).Ends("1", hungUp: true).Ends("2").At(70);
        story.AgentOf("anna").Free.Should().BeTrue();
    }
}
