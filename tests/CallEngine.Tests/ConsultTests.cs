using System.Collections.Immutable;

namespace CallCrm.Engine.Tests;

/// <summary>Calls handed on after the target was asked: ring, talk, swap, three together, back, over; and all who may hang up in between.</summary>
public sealed class ConsultTests
{
    private const string Number = "+390612345678";
    private const string Client = "PJSIP/trunk-1";
    private const string Anna = "PJSIP/101-2";
    private const string Bruno = "PJSIP/102-3";

    private static Scenario Talking(params string[] agents) => Scenario.With(agents.Length > 0 ? agents : ["anna", "bruno"]).Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget();

    private static Scenario Asks(Scenario story) => story.Does("anna", new AgentCommand.Consult(story.Id("call1"), new TransferTarget(Agent: story.Id("bruno"))));

    /// <summary>The client waits in the loop, Anna's leg is on its way to dial.</summary>
    private static Scenario Parted(Scenario story) => story.Done(1).Leaves("b1", "1", "2").Forget().Asks("1", RequestState.Redirected).Expect("answer r2 keep 20s").Takes("1").Waits("1").Forget();

    private static Scenario Ringing(Scenario? story = null) => Dials(Parted(Asks(story ?? Talking()))).Rings("3").Forget();

    /// <summary>What the sender's leg dials has the linked id of the call, as everything in it.</summary>
    private static Scenario Dials(Scenario story, string device = "PJSIP/102") => story.Channel("3", device, "1", number: "", dialled: "").Dial("2", "3", device);

    private static Scenario Consulting(Scenario? story = null) => Ringing(story).Answers("2", "3").ExpectAmong("call1 transfer Consulting Attended anna to bruno");

    private static Scenario WithClient() => Does(Consulting(), c => new AgentCommand.Swap(c)).ExpectAmong($"act #2 aside {Bruno} held")
        .Leaves("b2", "3", "2").Waits("3").ExpectNone("act").Waits("2").Expect($"act #3 bridge {Client} {Anna}").WaitsNoMore("1").WaitsNoMore("2").Joins("b3", "1", "2").ExpectAmong("call1 transfer WithClient Attended anna to bruno");

    private static Scenario Does(Scenario story, Func<Guid, AgentCommand> what, string agent = "anna") => story.Does(agent, what(story.Id("call1")));

    [Fact]
    public void The_target_is_rung_from_the_senders_own_phone_while_the_client_waits()
    {
        var story = Talking().At(10);
        Asks(story).Expect("""
            call1 transfer Ringing Attended anna to bruno
            call1 offered call1/2 bruno PJSIP/102 20s Consult
            bruno Reserved in call1
            act #1 consult PJSIP/trunk-1 PJSIP/101-2 PJSIP/102 after pop call1/2
            cmd5 accepted
            """);
        Dials(Parted(story)).Rings("3").ExpectAmong("bruno Ringing in call1").At(15).Answers("2", "3").ExpectAmong("""
            call1 transfer Consulting Attended anna to bruno
            call1/2 ended Answered 5000ms
            bruno Talking in call1
            """).ExpectNone("call1 answered bruno");
        story.Asks("1", RequestState.Held).ExpectAmong("answer r3 keep 20s");
    }

    [Fact]
    public void Handed_over_the_client_is_the_targets_and_the_sender_writes_up()
    {
        var story = Consulting(Talking().At(10)).At(20);
        Does(story, c => new AgentCommand.CompleteTransfer(c)).ExpectAmong($"act #2 bridge {Client} {Bruno}");
        story.WaitsNoMore("1").Leaves("b2", "3").Joins("b3", "1", "3").ExpectAmong($"""
            act #3 hang up {Anna} 16
            call1 transferred Attended anna to bruno (102)
            call1 transfer Done Attended anna to bruno
            call1 answered bruno by call1/2 wait 0
            """)
            .Leaves("b2", "2").Ends("2").ExpectAmong("anna WrapUp in call1")
            .At(30).Ends("1", hungUp: true).ExpectAmong("call1 leg 1 ended 16").Waits("3").ExpectAmong($"act #4 hang up {Bruno} 16").Ends("3").ExpectAmong("""
                bruno WrapUp in call1
                call1 ended Answered by Caller agent bruno wait 0 talk 40000 hold 0
                """);
        Total(story, "2", SpanKind.Talk).Should().Be(20_000);
        Total(story, "3", SpanKind.Talk).Should().Be(20_000, "ten of them with the client");
        Total(story, "1", SpanKind.Hold).Should().Be(10_000);
        Total(story, "1", SpanKind.Talk).Should().Be(20_000);
    }

    [Fact]
    public void The_target_who_hangs_up_on_the_client_ends_the_call_like_any_agent()
    {
        var story = Consulting();
        Does(story, c => new AgentCommand.CompleteTransfer(c)).WaitsNoMore("1").Leaves("b2", "3").Joins("b3", "1", "3").Leaves("b2", "2").Ends("2").Forget();
        story.At(30).Leaves("b3", "3", "1").Ends("3", hungUp: true).Forget().Asks("1", RequestState.Held).Expect("answer r3 reject 16");
    }

    [Fact]
    public void Swapped_the_target_waits_and_back_again()
    {
        var story = WithClient();
        Does(story, c => new AgentCommand.Swap(c)).ExpectAmong($"act #4 bridge {Anna} {Bruno}");
        story.WaitsNoMore("3").Leaves("b3", "2").Joins("b4", "2", "3").ExpectAmong("call1 transfer Consulting Attended anna to bruno").Leaves("b3", "1").Forget()
            .Asks("1", RequestState.Held).Expect("answer r3 keep 20s");
    }

    [Fact]
    public void Handed_over_while_talking_with_the_client()
    {
        var story = WithClient();
        Does(story, c => new AgentCommand.CompleteTransfer(c)).ExpectAmong($"act #4 bridge {Client} {Bruno}");
        story.WaitsNoMore("3").Leaves("b3", "1").Joins("b4", "1", "3").ExpectAmong("call1 transfer Done Attended anna to bruno");
    }

    [Fact]
    public void All_three_talk_and_who_leaves_leaves_the_others_together()
    {
        var story = Consulting();
        Does(story, c => new AgentCommand.Join(c)).ExpectAmong($"act #2 redirect {Client}");
        story.Done(2).WaitsNoMore("1").Forget().Asks("1", RequestState.Redirected).Expect($"answer r3 join {Anna}").Takes("1").Joins("b2", "1").ExpectAmong("call1 transfer Together Attended anna to bruno");
        Does(story, c => new AgentCommand.CompleteTransfer(c)).ExpectAmong($"act #3 hang up {Anna} 16");
        story.ExpectNothing().Leaves("b2", "2").Ends("2").ExpectAmong("anna WrapUp in call1").At(40).Leaves("b2", "3", "1").Ends("3", hungUp: true).Forget().Asks("1", RequestState.Held).Expect("answer r4 reject 16");
    }

    [Fact]
    public void The_client_joins_from_the_talk_with_the_sender_too()
    {
        var story = WithClient();
        Does(story, c => new AgentCommand.Join(c)).ExpectAmong($"act #4 bridge {Anna} {Bruno}");
        story.WaitsNoMore("3").Leaves("b3", "2").Joins("b4", "2", "3").Leaves("b3", "1").Forget().Asks("1", RequestState.Held).Expect($"answer r3 join {Anna}").Takes("1").Joins("b4", "1").ExpectAmong("call1 transfer Together Attended anna to bruno");
        Does(story, c => new AgentCommand.CancelTransfer(c)).ExpectAmong($"""
            act #5 hang up {Bruno} 16
            call1 transfer Cancelled Attended anna to bruno
            """);
    }

    [Fact]
    public void Taken_back_while_it_rings()
    {
        var story = Ringing();
        Does(story, c => new AgentCommand.CancelTransfer(c)).ExpectAmong($"""
            act #2 aside {Anna}
            call1/2 ended Cancelled
            """);
        story.DialEnds("2", "3", DialResult.Cancelled).Ends("3").Waits("2").ExpectAmong($"act #3 bridge {Client} {Anna}").WaitsNoMore("1").WaitsNoMore("2").Joins("b3", "1", "2").ExpectAmong("call1 transfer Cancelled Attended anna to bruno");
        story.AgentOf("bruno").State.Should().Be(AgentState.Ready);
        story.AgentOf("anna").State.Should().Be(AgentState.Talking);
        Asks(story).ExpectAmong($"act #4 consult {Client} {Anna} PJSIP/102 after pop call1/3");
    }

    [Fact]
    public void Taken_back_from_the_talk_with_the_target()
    {
        var story = Consulting();
        Does(story, c => new AgentCommand.CancelTransfer(c)).ExpectAmong($"act #2 hang up {Bruno} 16");
        story.Leaves("b2", "3", "2").Ends("3").Waits("2").ExpectAmong($"act #3 bridge {Client} {Anna}").WaitsNoMore("1").WaitsNoMore("2").Joins("b3", "1", "2").ExpectAmong("call1 transfer Cancelled Attended anna to bruno")
            .ExpectNone("bruno WrapUp").At(60).Leaves("b3", "2", "1").Ends("2", hungUp: true).Forget().Asks("1", RequestState.Held).Expect("answer r3 reject 16");
    }

    [Theory]
    [InlineData(DialResult.Busy, 486, "busy")]
    [InlineData(DialResult.Declined, 603, "declined")]
    [InlineData(DialResult.NoAnswer, null, "no_answer")]
    public void Nobody_takes_it_there_and_sender_and_client_are_together_again(DialResult result, int? tech, string reason)
    {
        Ringing().At(20).DialEnds("2", "3", result, tech).Ends("3").Waits("2").ExpectAmong($"act #2 bridge {Client} {Anna}").WaitsNoMore("1").WaitsNoMore("2").Joins("b3", "1", "2")
            .ExpectAmong($"call1 transfer Failed Attended anna to bruno ({reason})");
    }

    [Fact]
    public void A_phone_that_is_not_there_and_one_that_does_not_ring()
    {
        Parted(Asks(Talking())).DialEnds("2", null, DialResult.Unreachable).Waits("2").ExpectAmong($"act #2 bridge {Client} {Anna}").WaitsNoMore("1").WaitsNoMore("2").Joins("b3", "1", "2")
            .ExpectAmong("call1 transfer Failed Attended anna to bruno (unreachable)");
        Dials(Parted(Asks(Talking()))).At(3).ExpectAmong($"""
            call1/2 ended Unreachable
            act #2 aside {Anna}
            """);
    }

    [Fact]
    public void The_target_hangs_up_and_sender_and_client_are_together_again()
    {
        Consulting().Leaves("b2", "3", "2").Ends("3", hungUp: true).Waits("2").ExpectAmong($"act #2 bridge {Client} {Anna}").WaitsNoMore("1").WaitsNoMore("2").Joins("b3", "1", "2")
            .ExpectAmong("call1 transfer Failed Attended anna to bruno (left)");
    }

    [Fact]
    public void The_sender_hangs_up_and_the_client_is_the_targets()
    {
        var story = Consulting().Leaves("b2", "2", "3").Ends("2", hungUp: true).ExpectAmong("anna WrapUp in call1").Waits("3").ExpectAmong($"act #2 bridge {Client} {Bruno}");
        story.WaitsNoMore("1").WaitsNoMore("3").Joins("b3", "1", "3").ExpectAmong("call1 transfer Done Attended anna to bruno");
    }

    [Fact]
    public void The_sender_hangs_up_while_it_rings_and_it_rings_on_for_the_client()
    {
        var story = Ringing().Ends("2", hungUp: true).ExpectAmong($"""
            call1/2 ended Cancelled
            call1 transferred Blind anna to bruno (102)
            call1 transfer Ringing Blind anna to bruno
            act #2 redirect {Client}
            """);
        story.Done(2).WaitsNoMore("1").Forget().Asks("1", RequestState.Redirected).Expect("answer r3 keep 1s").Takes("1").DialEnds("2", "3", DialResult.Cancelled).Ends("3").Forget()
            .Asks("1", RequestState.Held).ExpectAmong("""
                call1 offered call1/3 bruno PJSIP/102 20s Transfer
                answer r4 dial PJSIP/102 20s record after pop call1/3
                """);
    }

    [Fact]
    public void The_client_hangs_up_and_the_two_may_go_on_talking()
    {
        Consulting().At(30).Ends("1", hungUp: true).ExpectAmong("call1 transfer Cancelled Attended anna to bruno (client_gone)").ExpectNone("hang up").At(40).Leaves("b2", "2", "3").Ends("3").Ends("2").ExpectAmong("anna WrapUp in call1");
        WithClient().At(30).Ends("1", hungUp: true).ExpectAmong($"act #4 hang up {Bruno} 16").Leaves("b3", "2").Waits("2").ExpectAmong($"act #5 hang up {Anna} 16");
    }

    [Fact]
    public void A_number_outside_is_asked_like_a_colleague_and_is_no_client()
    {
        var story = Talking();
        story.Does("anna", new AgentCommand.Consult(story.Id("call1"), new TransferTarget(Number: new PhoneNumber(Number, NumberKind.E164, Number)))).ExpectAmong($"act #1 consult {Client} {Anna} {Number}");
        Dials(Parted(story), "PJSIP/trunk").ExpectAmong("call1 leg 3").Rings("3").Answers("2", "3").ExpectAmong($"call1 transfer Consulting Attended anna to {Number}");
        Does(story, c => new AgentCommand.CompleteTransfer(c)).ExpectAmong($"act #2 bridge {Client} PJSIP/trunk-3");
        story.WaitsNoMore("1").Leaves("b2", "3").Joins("b3", "1", "3").ExpectAmong($"call1 transfer Done Attended anna to {Number}").Leaves("b2", "2").Ends("2").Forget()
            .At(50).Ends("1", hungUp: true).ExpectAmong("call1 leg 1 ended 16").Waits("3").ExpectAmong("act #4 hang up PJSIP/trunk-3 16").Ends("3").ExpectAmong("call1 ended Answered by Caller agent anna wait 0 talk 0 hold 0");
        var busy = Talking();
        busy.Does("anna", new AgentCommand.Consult(busy.Id("call1"), new TransferTarget(Number: new PhoneNumber(Number, NumberKind.E164, Number))));
        Dials(Parted(busy), "PJSIP/trunk").DialEnds("2", "3", DialResult.Busy, 486).Ends("3").Waits("2").WaitsNoMore("1").WaitsNoMore("2").Joins("b3", "1", "2").ExpectAmong($"call1 transfer Failed Attended anna to {Number} (busy)");
    }

    [Fact]
    public void A_queue_is_asked_by_its_best_free_agent_and_refused_when_there_is_none()
    {
        var story = Talking("anna", "bruno", "carla");
        story.Does("anna", new AgentCommand.Consult(story.Id("call1"), new TransferTarget(Queue: story.Id("sales")))).ExpectAmong("call1 transfer Ringing Attended anna to bruno sales");
        var alone = Talking("anna");
        alone.Does("anna", new AgentCommand.Consult(alone.Id("call1"), new TransferTarget(Queue: alone.Id("sales")))).ExpectAmong($"cmd{alone.Commands} refused nobody_free");
    }

    [Fact]
    public void What_is_not_yet_possible_is_refused()
    {
        var story = Ringing();
        Does(story, c => new AgentCommand.Swap(c)).ExpectAmong($"cmd{story.Commands} refused not_answered_yet");
        Does(story, c => new AgentCommand.CompleteTransfer(c)).ExpectAmong($"cmd{story.Commands} refused not_answered_yet");
        Does(story, c => new AgentCommand.Join(c)).ExpectAmong($"cmd{story.Commands} refused not_answered_yet");
        Does(story, c => new AgentCommand.CancelTransfer(c), "bruno").ExpectAmong($"cmd{story.Commands} refused not_your_call");
        Asks(story).ExpectAmong($"cmd{story.Commands} refused not_talking");
        var talking = Talking();
        Does(talking, c => new AgentCommand.Swap(c)).ExpectAmong($"cmd{talking.Commands} refused no_transfer");
    }

    [Fact]
    public void An_action_that_shows_nothing_is_tried_again_and_in_the_end_the_client_goes_its_own_way_back()
    {
        var story = Ringing().At(10).DialEnds("2", "3", DialResult.Busy, 486).Ends("3").Waits("2").ExpectAmong($"act #2 bridge {Client} {Anna}");
        story.At(12).Expect($"act #3 bridge {Client} {Anna}").At(14).Expect($"act #4 bridge {Client} {Anna}").At(16).Expect($"act #5 bridge {Client} {Anna}").At(18).ExpectAmong($"""
            act #6 hang up {Anna} 16
            report transfer_stuck
            act #7 redirect {Client}
            """)
            .WaitsNoMore("2").Ends("2").Forget().Asks("1", RequestState.Redirected).ExpectAmong("call1 offered call1/3 anna PJSIP/101 20s TransferBack");
    }

    [Fact]
    public void While_the_PBX_is_out_of_sight_the_client_is_kept_for_a_while_and_then_served_by_the_queue()
    {
        var story = Consulting(Talking("anna", "bruno", "carla")).PbxLost().Forget();
        story.Asks("1", RequestState.Held).ExpectAmong("answer r3 keep 20s").Takes("1").At(20).Asks("1", RequestState.Held).ExpectAmong("answer r4 keep 20s").Takes("1").At(40).Asks("1", RequestState.Held).ExpectAmong("answer r5 keep 20s").Takes("1")
            .At(60).Asks("1", RequestState.Held).ExpectAmong("""
                call1 transfer Failed Attended anna to bruno
                call1 queued sales place 1
                """);
    }

    private static Scenario OnHold(string phone = "101", bool notifies = true) => new Scenario().PbxUp().Send(new EngineInput.PbxRights(Scenario.Node, notifies)).ReadyAt("anna", phone).ReadyAt("bruno", "102")
        .Inbound("1").TalksTo("1", "2", $"PJSIP/{phone}").Fact(new PbxFact.HoldBegan(Scenario.Node, null, Scenario.Leg("2"))).Forget();

    private static Scenario Resumes(Scenario story) => story.Fact(new PbxFact.HoldEnded(Scenario.Node, null, Scenario.Leg("2")));

    [Fact]
    public void A_client_whom_the_senders_phone_holds_is_taken_back_first_so_that_the_sender_hears_the_target()
    {
        var story = OnHold();
        Asks(story).Expect("""
            call1 transfer Ringing Attended anna to bruno
            call1 offered call1/2 bruno PJSIP/102 20s Consult
            bruno Reserved in call1
            act #1 answer PJSIP/101 PJSIP/101-2
            cmd5 accepted
            """);
        Resumes(story.At(0.2).ExpectNothing()).ExpectAmong("""
            call1 resumed by anna
            act #2 consult PJSIP/trunk-1 PJSIP/101-2 PJSIP/102 after pop call1/2
            """);
        story.Done(2).Leaves("b1", "1", "2").Forget().Asks("1", RequestState.Redirected).Expect("answer r2 keep 20s").Takes("1").Waits("1");
        Dials(story).Rings("3").Forget().Answers("2", "3").ExpectAmong("call1 transfer Consulting Attended anna to bruno").At(30).ExpectNone("pbx_refused");
        var kitchen = OnHold();
        kitchen.Does("anna", new AgentCommand.Consult(kitchen.Id("call1"), new TransferTarget(Number: new PhoneNumber("105", NumberKind.Unparsed)))).ExpectAmong("act #1 answer PJSIP/101 PJSIP/101-2");
        Resumes(kitchen).ExpectAmong("act #2 consult PJSIP/trunk-1 PJSIP/101-2 PJSIP/105");
    }

    [Fact]
    public void A_phone_that_does_not_take_the_client_back_asks_nobody()
    {
        var story = OnHold();
        Asks(story).At(1.999).ExpectNone("Failed").At(2).ExpectAmong("""
            call1/2 ended Cancelled
            bruno Ready
            call1 transfer Failed Attended anna to bruno (pbx_refused)
            """);
        Resumes(story).ExpectNone("consult");
        Asks(story.Forget()).ExpectAmong("act #2 consult PJSIP/trunk-1 PJSIP/101-2 PJSIP/102 after pop call1/3");
        var lost = OnHold();
        Asks(lost).PbxLost().Forget().At(2).ExpectAmong("call1 transfer Failed Attended anna to bruno (pbx_refused)");
    }

    [Fact]
    public void Taken_back_before_the_phone_has_resumed_nobody_is_asked()
    {
        var story = OnHold();
        Asks(story).Forget();
        Does(story, c => new AgentCommand.CancelTransfer(c)).ExpectAmong("""
            call1 transfer Cancelled Attended anna to bruno
            call1/2 ended Cancelled
            """);
        Resumes(story).ExpectNone("consult").At(5).ExpectNone("Failed");
    }

    [Fact]
    public void Where_the_page_cannot_end_the_hold_the_agent_is_told_to_and_handing_over_at_once_needs_no_resume()
    {
        var desk = OnHold("104");
        Asks(desk).Expect($"cmd{desk.Commands} refused held_resume_first");
        var mute = OnHold(notifies: false);
        Asks(mute).Expect($"cmd{mute.Commands} refused held_resume_first");
        Asks(Resumes(mute).Forget()).ExpectAmong("act #1 consult PJSIP/trunk-1 PJSIP/101-2 PJSIP/102 after pop call1/2");
        desk.Does("anna", new AgentCommand.Transfer(desk.Id("call1"), new TransferTarget(Agent: desk.Id("bruno")))).ExpectAmong("act #1 redirect PJSIP/trunk-1 after pop call1/2");
    }

    private static Scenario HoldsOther(string phone = "101")
    {
        var story = new Scenario().PbxUp().Send(new EngineInput.PbxRights(Scenario.Node, true)).ReadyAt("anna", phone).ReadyAt("bruno", "102").Inbound("1").TalksTo("1", "2", $"PJSIP/{phone}").Forget();
        return Consulting(story).Fact(new PbxFact.HoldBegan(Scenario.Node, null, Scenario.Leg("2"))).Forget();
    }

    [Fact]
    public void Whom_the_senders_phone_holds_in_the_consultation_is_taken_back_before_it_comes_to_the_client()
    {
        var story = HoldsOther();
        Does(story, c => new AgentCommand.Swap(c)).ExpectAmong($"""
            act #2 answer PJSIP/101 {Anna}
            act #3 aside {Bruno} held
            """);
        story.Leaves("b2", "3", "2").Waits("3").Waits("2").ExpectAmong($"act #4 bridge {Client} {Anna}").ExpectNone("answer PJSIP/101");
        Resumes(story.WaitsNoMore("1").WaitsNoMore("2").Joins("b3", "1", "2")).ExpectAmong("call1 resumed by anna");

        // And held again, the client, on the way back.
        story.Fact(new PbxFact.HoldBegan(Scenario.Node, null, Scenario.Leg("2"))).Forget();
        Does(story, c => new AgentCommand.Swap(c)).ExpectAmong($"""
            act #5 answer PJSIP/101 {Anna}
            act #6 bridge {Anna} {Bruno}
            """);
        Does(HoldsOther(), c => new AgentCommand.Join(c)).ExpectAmong($"act #2 answer PJSIP/101 {Anna}");
        Does(HoldsOther(), c => new AgentCommand.CancelTransfer(c)).ExpectAmong($"act #2 answer PJSIP/101 {Anna}");
        Does(HoldsOther(), c => new AgentCommand.CompleteTransfer(c)).ExpectAmong($"act #2 bridge {Client} {Bruno}").ExpectNone("answer PJSIP/101");
    }

    [Fact]
    public void A_target_who_leaves_while_held_gives_the_client_a_phone_that_is_heard()
    {
        HoldsOther().Leaves("b2", "3", "2").Ends("3", hungUp: true).Waits("2").ExpectAmong($"""
            act #2 answer PJSIP/101 {Anna}
            act #3 bridge {Client} {Anna}
            """);
    }

    [Fact]
    public void Where_only_the_phone_can_end_its_hold_nobody_is_brought_to_it_but_handing_over_goes_on()
    {
        foreach (var what in new Func<Guid, AgentCommand>[] { c => new AgentCommand.Swap(c), c => new AgentCommand.Join(c), c => new AgentCommand.CancelTransfer(c) })
        {
            var desk = HoldsOther("104");
            Does(desk, what).Expect($"cmd{desk.Commands} refused phone_holds");
            Does(Resumes(desk).Forget(), what).ExpectAmong($"cmd{desk.Commands} accepted");
        }

        Does(HoldsOther("104"), c => new AgentCommand.CompleteTransfer(c)).ExpectAmong($"act #2 bridge {Client} {Bruno}");
    }

    /// <summary>A router that starts on what the last one left in the middle of a consultation; the client is in the loop.</summary>
    private static Scenario Restarted(RestoredConsult? consult = null, bool held = false, params string[] bridges)
    {
        var story = new Scenario().At(1000);
        RestoredAgent At(string agent, string extension) => new(story.Id(agent), Scenario.Node, extension, AgentState.Talking, null, story.Utc.AddSeconds(-60), story.Id("call1"), []);
        RestoredLeg Leg(string leg, string device, string? agent) =>
            new(Scenario.Leg(leg), agent is null ? null : story.Id(agent), $"{device}-{leg}", agent is null, story.Utc.AddSeconds(-65), agent is null ? null : story.Utc.AddSeconds(-60));
        ImmutableArray<RestoredLeg> legs = [Leg("1", "PJSIP/trunk", null), Leg("2", "PJSIP/101", "anna"), .. bridges.Length > 2 ? [Leg("3", "PJSIP/102", "bruno")] : Array.Empty<RestoredLeg>()];
        story.Send(new EngineInput.Restored(new RestoredState(501, [At("anna", "101"), .. bridges.Length > 2 ? [At("bruno", "102")] : Array.Empty<RestoredAgent>()], [new RestoredCall(story.Id("call1"),
            new PhoneNumber(Scenario.Caller, NumberKind.E164, Scenario.Caller), "Ada", new PhoneNumber("800100", NumberKind.Unparsed), CallDirection.Inbound, true, story.Id("sales"), story.Id("client"),
            story.Utc.AddSeconds(-70), story.Utc.AddSeconds(-70), story.Utc.AddSeconds(-60), CallState.Talking, legs, null, Attempts: 2, Consult: consult, Held: held)])));
        string[] devices = ["PJSIP/trunk", "PJSIP/101", "PJSIP/102"];
        return story.Fact(new PbxFact.Connected(Scenario.Node, null, "22")).SnapshotOf([.. bridges.Select((b, n) => b == "-"
            ? Scenario.Seen($"{n + 1}", "1", devices[n], app: "BridgeWait") with { Waits = WaitKind.Music }
            : b == "gone" ? null : Scenario.Seen($"{n + 1}", "1", devices[n], b, app: n == 1 ? "Dial" : "AppDial")).OfType<SnapshotLeg>()]);
    }

    private static RestoredConsult Asked(TransferStep step)
    {
        var names = new Scenario();
        return new RestoredConsult(step, names.Id("anna"), names.Id("bruno"), null, null);
    }

    [Fact]
    public void A_router_that_starts_in_the_middle_of_it_goes_on_from_there()
    {
        var story = Restarted(Asked(TransferStep.Consulting), held: false, "-", "b2", "b2");
        story.Forget().Asks("1", RequestState.Held).Expect("answer r1 keep 20s").Takes("1").Waits("1").Forget();
        Does(story, c => new AgentCommand.CompleteTransfer(c)).ExpectAmong($"act #1 bridge {Client} {Bruno}");
        story.WaitsNoMore("1").Leaves("b2", "3").Joins("b3", "1", "3").ExpectAmong($"""
            act #2 hang up {Anna} 16
            call1 transferred Attended anna to bruno (102)
            call1 transfer Done Attended anna to bruno
            """);
        Does(Restarted(Asked(TransferStep.Consulting), held: false, "-", "b2", "b2"), c => new AgentCommand.Swap(c)).ExpectAmong($"act #1 aside {Bruno} held");
        Does(Restarted(Asked(TransferStep.WithClient), held: false, "b2", "b2", "-"), c => new AgentCommand.Swap(c)).ExpectAmong($"act #1 bridge {Anna} {Bruno}");
        Does(Restarted(Asked(TransferStep.Together), held: false, "b2", "b2", "b2"), c => new AgentCommand.CompleteTransfer(c)).ExpectAmong($"act #1 hang up {Anna} 16");
    }

    [Fact]
    public void Who_was_gone_when_the_router_started_again_keeps_no_client_waiting()
    {
        Restarted(Asked(TransferStep.Consulting), held: false, "-", "-", "gone").ExpectAmong($"act #1 bridge {Client} {Anna}")
            .WaitsNoMore("1").WaitsNoMore("2").Joins("b3", "1", "2").ExpectAmong("call1 transfer Failed Attended anna to bruno (left)");
        Restarted(Asked(TransferStep.Consulting), held: false, "-", "gone", "-").ExpectAmong($"act #1 bridge {Client} {Bruno}")
            .WaitsNoMore("1").WaitsNoMore("3").Joins("b3", "1", "3").ExpectAmong("call1 transfer Done Attended anna to bruno");

        // It rang: answered meanwhile, and given up.
        Restarted(Asked(TransferStep.Ringing), held: false, "-", "b2", "b2").ExpectAmong("call1 transfer Consulting Attended anna to bruno");
        Restarted(Asked(TransferStep.Ringing), held: false, "-", "-").ExpectAmong($"act #1 bridge {Client} {Anna}");
    }

    [Fact]
    public void A_client_on_hold_while_the_router_started_again_is_taken_back_by_the_page()
    {
        var story = Restarted(null, held: true, "b1", "b1");
        story.Does("anna", new AgentCommand.Resume(story.Id("call1"))).ExpectAmong($"act #1 answer PJSIP/101 {Anna}");
        Resumes(story).ExpectAmong("call1 resumed by anna");
    }

    private static int Total(Scenario story, string leg, SpanKind kind) => (int)story.Spans.Where(s => s.UniqueId == leg && s.What == kind).Sum(s => (s.ToAt - s.FromAt).TotalMilliseconds);
}
