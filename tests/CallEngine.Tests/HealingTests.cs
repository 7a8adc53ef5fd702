using System.Collections.Immutable;

namespace CallCrm.Engine.Tests;

public sealed class HealingTests
{
    private static Scenario Talk() => Scenario.With("anna", "bruno").Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget();

    /// <summary>Since when, in the story's seconds.</summary>
    private static double LastSight(Scenario story) => (story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<PbxChanged>().Last().At - Scenario.Start).TotalSeconds;

    [Fact]
    public void A_lost_PBX_is_told_and_states_are_kept()
    {
        var story = Talk().At(10).PbxLost().Expect("pbx pbx lost closed");
        story.AgentOf("anna").State.Should().Be(AgentState.Talking);
        story.PbxLost().ExpectNothing();
    }

    [Fact]
    public void A_PBX_is_out_of_sight_since_it_was_last_heard_and_so_are_its_calls()
    {
        var story = Talk().At(10);
        story.Send(new EngineInput.PbxLost(Scenario.Node, "KeepAlive", TimeSpan.FromSeconds(4)));
        LastSight(story).Should().Be(6);
        story.At(15).Forget().PbxUp().ExpectAmong("call1 ended Answered by Unknown agent anna wait 0 talk 6000 hold 0 estimated");
    }

    [Fact]
    public void What_was_said_last_stands_however_late_it_was_handled()
    {
        var story = Talk().At(10);
        story.Send(new EngineInput.PbxSaid(new PbxEvent(Scenario.Node, "DeviceStateChange", [new("Device", "PJSIP/102"), new("State", "INUSE")], null))).At(11);
        story.Send(new EngineInput.PbxLost(Scenario.Node, "KeepAlive", TimeSpan.FromSeconds(4)));
        LastSight(story).Should().Be(10);
    }

    [Fact]
    public void A_caller_who_asked_while_AMI_was_silent_was_there_then()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "1a", "PJSIP/101").At(1).Channel("2", "PJSIP/trunk").At(5).Asks("2").Known("observed-2").Takes("2").At(6);
        story.Send(new EngineInput.PbxLost(Scenario.Node, "KeepAlive", TimeSpan.FromSeconds(4)));
        story.At(8).Forget().PbxUp().ExpectAmong("observed-2 ended Lost by Unknown agent - wait 3000 talk 0 hold 0 estimated");
    }

    [Fact]
    public void So_was_a_held_one_who_asked_again_then()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "1a", "PJSIP/101").At(1).Inbound("2").Mark("2").At(12).Asks("2", RequestState.Held).Takes("2").At(14);
        story.Send(new EngineInput.PbxLost(Scenario.Node, "KeepAlive", TimeSpan.FromSeconds(4)));
        story.At(16).Forget().PbxUp().ExpectAmong("call2 ended Lost by Unknown agent - wait 15000 talk 0 hold 0 estimated");
    }

    [Fact]
    public void A_call_that_is_still_there_goes_on()
    {
        Talk().At(10).PbxLost().At(15).Forget()
            .Fact(new PbxFact.Connected(Scenario.Node, null, "22.10.1")).ExpectNothing()
            .SnapshotOf(Scenario.Seen("1", "1", "PJSIP/trunk", "b1"), Scenario.Seen("2", "1", "PJSIP/101", "b1")).Expect("pbx pbx connected")
            .At(20).Ends("1", hungUp: true).Ends("2").ExpectAmong("call1 ended Answered by Caller agent anna wait 0 talk 20000 hold 0");
    }

    [Fact]
    public void A_call_that_vanished_is_ended_as_well_as_we_know()
    {
        Talk().At(10).PbxLost().At(15).Forget().PbxUp().Expect("""
            call1 leg 1 ended 0 estimated
            call1 leg 2 ended 0 anna talk 10000 hold 0 estimated
            anna WrapUp in call1
            call1 ended Answered by Unknown agent anna wait 0 talk 10000 hold 0 estimated
            pbx pbx connected
            """);
    }

    [Fact]
    public void A_waiting_caller_who_vanished_is_lost() =>
        Scenario.With("anna").Inbound("1").At(1).Inbound("2").PbxLost().At(30).Forget()
            .Fact(new PbxFact.Connected(Scenario.Node, null, "22")).SnapshotOf(Scenario.Seen("1", "1", "PJSIP/trunk"))
            .ExpectAmong("call2 ended Lost by Unknown agent - wait 0 talk 0 hold 0 estimated");

    [Fact]
    public void A_caller_who_asked_while_the_snapshot_was_made_is_not_taken_for_gone()
    {
        Scenario.With("anna").At(100).Inbound("1").Forget().At(100.01).SnapshotOf().ExpectNothing()
            .At(100.02).Channel("1", "PJSIP/trunk").At(120).ExpectNone("ended Lost").ExpectNone("leg 1 ended");
        Scenario.With("anna").At(100).Inbound("1").Forget().At(100.01).SnapshotOf().ExpectNothing()
            .At(100.92).ExpectAmong("""
                call1 leg 1 ended 0 estimated
                call1 ended Lost by Unknown agent - wait 910 talk 0 hold 0 estimated
                """);
    }

    [Fact]
    public void An_unknown_trunk_channel_is_adopted_as_an_observed_call()
    {
        Scenario.With("anna").At(100).SnapshotOf(Scenario.Seen("7", "7", "PJSIP/trunk", "x", age: 40) with { Context = "from-trunk" }, Scenario.Seen("8", "7", "PJSIP/101", "x", age: 35))
            .Expect("""
                snap100+1 started Inbound +393331112222 to 800100 observed estimated
                snap100+1 leg 7 client estimated
                snap100+1 leg 8 anna estimated
                anna Talking in snap100+1
                snap100+1 answered anna by - wait 40000 estimated
                """);
    }

    [Fact]
    public void An_answer_that_was_missed_is_seen_in_the_snapshot()
    {
        Scenario.With("anna").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").At(5).PbxLost().Forget().At(9)
            .Fact(new PbxFact.Connected(Scenario.Node, null, "22")).SnapshotOf(Scenario.Seen("1", "1", "PJSIP/trunk", "b"), Scenario.Seen("2", "1", "PJSIP/101", "b"))
            .ExpectAmong("""
                call1/1 ended Answered 9000ms
                anna Talking in call1
                call1 answered anna by call1/1 wait 9000 estimated
                """);
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("the agent")]
    public void A_talk_whose_beginning_was_missed_is_an_estimate_at_its_end(string seen)
    {
        var story = Scenario.With("anna").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").At(5);
        if (seen == "the agent")
            story.Joins("b", "2");
        story.PbxLost().Forget().At(9)
            .Fact(new PbxFact.Connected(Scenario.Node, null, "22")).SnapshotOf(Scenario.Seen("1", "1", "PJSIP/trunk", "b"), Scenario.Seen("2", "1", "PJSIP/101", "b"))
            .ExpectAmong("call1 answered anna by call1/1 wait 9000 estimated")
            .At(20).Ends("1", hungUp: true).Ends("2").At(25).ExpectAmong("call1 ended Answered by Caller agent anna wait 9000 talk 11000 hold 0 estimated");
    }

    [Fact]
    public void Callers_whose_hold_mark_was_missed_can_be_fetched_again()
    {
        var story = Scenario.With("anna").Inbound("1").TalksTo("1", "1a", "PJSIP/101").Change(Without.WrapUp).At(1).Inbound("2").PbxLost().Forget().At(15)
            .Fact(new PbxFact.Connected(Scenario.Node, null, "22"));
        story.SnapshotOf(Scenario.Seen("2", "2", "PJSIP/trunk", app: "MusicOnHold")).ExpectAmong("""
            call1 ended Answered by Unknown agent anna wait 0 talk 1000 hold 0 estimated
            call2 offered call2/1 anna PJSIP/101 20s LeastBusy
            act #1 redirect PJSIP/trunk-2 after pop call2/1
            """);
    }

    [Fact]
    public void A_call_routed_by_AGI_while_AMI_was_away_is_recognised()
    {
        new Scenario().Ready("anna").Inbound("1").Forget().At(4)
            .Fact(new PbxFact.Connected(Scenario.Node, null, "22"))
            .SnapshotOf(Scenario.Seen("1", "1", "PJSIP/trunk", "b"), Scenario.Seen("2", "1", "PJSIP/101", "b"))
            .ExpectAmong("call1 answered anna by call1/1 wait 4000 estimated").ExpectNone("started");
    }

    [Fact]
    public void Devices_of_the_snapshot_free_their_agents()
    {
        var story = Scenario.With("anna").Device("101", DeviceState.InUse);
        story.AgentOf("anna").Free.Should().BeFalse();
        story.SnapshotOf([new KeyValuePair<string, DeviceState>("PJSIP/101", DeviceState.NotInUse)], []).AgentOf("anna").Free.Should().BeTrue();
    }

    private static KeyValuePair<string, DeviceState>[] PhoneIs(DeviceState deviceState) => [new("PJSIP/101", deviceState)];

    /// <summary>The PBX was killed and is back; it has not yet asked anna's phone whether it is there.</summary>
    private static Scenario Restarted() => Scenario.With("anna").Device("101", DeviceState.NotInUse).At(10).PbxLost().At(12)
        .Fact(new PbxFact.Connected(Scenario.Node, null, "22")).SnapshotOf(PhoneIs(DeviceState.Unavailable)).Forget();

    [Fact]
    public void After_a_restart_of_the_PBX_callers_wait_for_its_phones()
    {
        Restarted().At(13).Asks("1").Known("call1").ExpectAmong("answer r1 hold 20s place 1").Takes("1").Mark("1").Forget()
            .At(14).Device("101", DeviceState.NotInUse).ExpectAmong("""
                call1 offered call1/1 anna PJSIP/101 20s LeastBusy
                act #1 redirect PJSIP/trunk-1 after pop call1/1
                """);
    }

    [Fact]
    public void A_phone_that_does_not_come_back_after_a_restart_of_the_PBX_is_gone()
    {
        Restarted().At(13).Asks("1").Known("call1").Takes("1").Mark("1").Forget()
            .At(42.1).ExpectAmong("call1 decided NobodySignedIn");
        Restarted().At(43).Asks("1").Known("call1").ExpectNone("hold 20s");
    }

    [Fact]
    public void A_phone_that_was_gone_before_the_restart_of_the_PBX_is_not_waited_for() =>
        Scenario.With("anna").Device("101", DeviceState.Unavailable).At(10).PbxLost().At(12)
            .Fact(new PbxFact.Connected(Scenario.Node, null, "22")).SnapshotOf(PhoneIs(DeviceState.Unavailable))
            .At(13).Asks("1").Known("call1").ExpectNone("hold 20s");

    [Fact]
    public void A_phone_that_the_PBX_does_not_list_any_more_does_not_stay_busy()
    {
        var story = Scenario.With("anna").Device("101", DeviceState.InUse).PbxLost().At(5).Fact(new PbxFact.Connected(Scenario.Node, null, "22"));
        story.SnapshotOf().AgentOf("anna").Free.Should().BeTrue();
    }

    [Fact]
    public void A_hold_before_a_restart_is_not_booked_as_talk_after_it()
    {
        var story = new Scenario().At(1000);
        var call = story.Id("old");
        var leg = new RestoredLeg(Scenario.Leg("11"), story.Id("anna"), "PJSIP/101-11", false, story.Utc.AddSeconds(-65), story.Utc.AddSeconds(-60),
            story.Utc.AddSeconds(-20), Talk_ms: 25_000, Hold_ms: 15_000);
        story.Send(new EngineInput.Restored(new RestoredState(501,
            [new RestoredAgent(story.Id("anna"), Scenario.Node, "101", AgentState.Talking, null, story.Utc.AddSeconds(-60), call, [])],
            [Row(story, call, "10", CallState.Talking, -70, -60, [leg])])));
        story.Fact(new PbxFact.Connected(Scenario.Node, null, "22")).SnapshotOf(Scenario.Seen("10", "10", "PJSIP/trunk", "b"), Scenario.Seen("11", "10", "PJSIP/101", "b"))
            .At(1010).Ends("10", hungUp: true).Ends("11").ExpectAmong("old leg 11 ended 16 anna talk 55000 hold 15000");
    }

    [Fact]
    public void A_restart_puts_calls_and_agents_back_and_goes_on_numbering()
    {
        var story = new Scenario().At(1000);
        var call = story.Id("old");
        var waiting = story.Id("waiting");
        story.Send(new EngineInput.Restored(new RestoredState(501,
            [
                new RestoredAgent(story.Id("anna"), Scenario.Node, "101", AgentState.Talking, null, story.Utc.AddSeconds(-60), call, [new LoadMinute(30_000, 60_000)]),
                new RestoredAgent(story.Id("bruno"), Scenario.Node, "102", AgentState.WrapUp, null, story.Utc.AddSeconds(-10), story.Id("before"), [], story.Utc.AddSeconds(20)),
                new RestoredAgent(story.Id("carla"), null, null, AgentState.SignedOut, null, story.Utc.AddHours(-1), null, []),
            ],
            [
                Row(story, waiting, "20", CallState.Waiting, -30, null, []),
                Row(story, call, "10", CallState.Talking, -70, -60, [new RestoredLeg(Scenario.Leg("11"), story.Id("anna"), "PJSIP/101-11", false, story.Utc.AddSeconds(-65), story.Utc.AddSeconds(-60))]),
            ]))).ExpectNothing();
        story.AgentOf("anna").LoadPercent.Should().BeApproximately(3.3m, 0.1m);
        story.Fact(new PbxFact.Connected(Scenario.Node, null, "22"))
            .SnapshotOf(Scenario.Seen("10", "10", "PJSIP/trunk", "b"), Scenario.Seen("11", "10", "PJSIP/101", "b"), Scenario.Seen("20", "20", "PJSIP/trunk", app: "MusicOnHold")).Expect("pbx pbx connected");
        ((EngineEffect.Write)story.All[^1]).Entry.Seq.Should().Be(501);
        story.At(1020).ExpectAmong("""
            bruno Ready
            waiting offered waiting/3 bruno PJSIP/102 20s LeastBusy
            act #1 redirect PJSIP/trunk-20 after pop waiting/3
            """)
            .Ends("10", hungUp: true).Ends("11").ExpectAmong("old ended Answered by Caller agent anna wait 10000 talk 80000 hold 0");
    }

    [Fact]
    public void An_offer_that_rang_when_the_router_ended_is_ended()
    {
        var story = new Scenario().At(1000);
        var row = Row(story, story.Id("old"), "10", CallState.Ringing, -10, null, []) with { Offer = new RestoredOffer(story.Id("offer"), story.Id("anna")) };
        story.Send(new EngineInput.Restored(new RestoredState(7, [new RestoredAgent(story.Id("anna"), Scenario.Node, "101", AgentState.Ringing, null, story.Utc, story.Id("old"), [])], [row])))
            .Expect("""
                offer ended Cancelled
                anna Ready
                """);
    }

    [Fact]
    public void What_is_restored_may_come_before_the_settings()
    {
        var world = new Scenario();
        var engine = new CallEngine("main");
        var restored = new RestoredState(9, [new RestoredAgent(world.Id("anna"), Scenario.Node, "101", AgentState.Ready, null, world.Utc, null, [])], []);
        engine.Handle(new Moment(TimeSpan.Zero, world.Utc), new EngineInput.Restored(restored));
        engine.Handle(new Moment(TimeSpan.Zero, world.Utc), new EngineInput.SettingsChanged(world.Settings)).Effects.Should().BeEmpty();
        engine.Snapshot().Agents.Single(a => a.Agent == world.Id("anna")).Free.Should().BeTrue();
        engine.CheckInvariants().Should().BeEmpty();
    }

    [Fact]
    public void An_agent_who_left_the_settings_meanwhile_is_signed_out()
    {
        var story = new Scenario().At(10);
        story.Send(new EngineInput.Restored(new RestoredState(3, [new RestoredAgent(story.Id("gone"), Scenario.Node, "101", AgentState.Ready, null, story.Utc, null, [])], [])))
            .Expect("gone SignedOut (removed)");
    }

    [Fact]
    public void Restoring_twice_is_refused() =>
        Scenario.With("anna").Inbound("1").Forget().Send(new EngineInput.Restored(new RestoredState(1, [], []))).Expect("report restored_late");

    private static RestoredCall Row(Scenario story, Guid id, string leg, CallState state, double since, double? answered, ImmutableArray<RestoredLeg> more) => new(
        id, new PhoneNumber(Scenario.Caller, NumberKind.E164, Scenario.Caller), "Ada", new PhoneNumber("800100", NumberKind.Unparsed), CallDirection.Inbound, true,
        story.Id("sales"), story.Id("client"), story.Utc.AddSeconds(since), story.Utc.AddSeconds(since), answered is { } at ? story.Utc.AddSeconds(at) : null, state,
        [new RestoredLeg(Scenario.Leg(leg), null, $"PJSIP/trunk-{leg}", true, story.Utc.AddSeconds(since), null), .. more], null, Attempts: 2);
}
