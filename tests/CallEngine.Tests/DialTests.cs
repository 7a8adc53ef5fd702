namespace CallCrm.Engine.Tests;

/// <summary>Calls out, by click and by key: own phone, number, end; and all that can come between.</summary>
public sealed class DialTests
{
    private const string Number = "+390612345678";

    private static AgentCommand.Dial To(string number, Guid? client = null) =>
        new(number.StartsWith('+') ? new PhoneNumber(number, NumberKind.E164, number) : new PhoneNumber(number, NumberKind.Unparsed), client);

    /// <summary>Anna (command 3) or whoever has clicked.</summary>
    private static Guid CallOf(Scenario story, int command = 3) => DerivedId.From(story.Id($"cmd{command}"), DerivedId.DialledCall, 1);

    private static string OwnLeg(Scenario story, int command = 3) => $"callcrm-{CallOf(story, command):N}";

    private static Scenario Clicked(string number = Number) => Scenario.With("anna").Does("anna", To(number));

    /// <summary>The PBX rings the own phone.</summary>
    private static Scenario RingsAtHome(Scenario story, int command = 3, string device = "PJSIP/101")
    {
        var own = OwnLeg(story, command);
        return story.Channel(own, device, number: "101", dialled: "").Fact(new PbxFact.DialBegan(Scenario.Node, null, null, Scenario.Leg(own), device)).Rings(own);
    }

    private static Scenario Lifted(Scenario story) => RingsAtHome(story).DialEnds(null, OwnLeg(story), DialResult.Answered);

    private static Scenario Rings(Scenario story) => Lifted(story).Dial(OwnLeg(story), "6", "PJSIP/trunk").Rings("6");

    [Fact]
    public void A_click_rings_the_own_phone_then_the_number_and_is_written_up_like_any_call()
    {
        var story = Clicked().Expect("""
            cmd3's started Outbound 101 to +390612345678 observed
            cmd3's leg callcrm-X anna
            look up cmd3's +390612345678 only
            act #1 ring PJSIP/101 for 30s from 101 then call +390612345678 record
            anna Talking in cmd3's
            cmd3 accepted
            """.Replace("callcrm-X", OwnLeg(Scenario.With("anna")), StringComparison.Ordinal));
        var own = OwnLeg(story);
        story.Send(new EngineInput.LookupArrived(CallOf(story), new LookupResult(LookupOutcome.Unknown, []))).Expect("cmd3's is Unknown -");
        RingsAtHome(story.At(0.1)).Expect($"act #2 answer PJSIP/101 PJSIP/101-{own}");
        story.At(1).DialEnds(null, own, DialResult.Answered).ExpectNothing()
            .Dial(own, "6", "PJSIP/trunk").Rings("6").Expect("cmd3's leg 6 client")
            .Fact(new PbxFact.RecordingBegan(Scenario.Node, null, Scenario.Leg("6"))).Expect("cmd3's recorded on 6")
            .At(5).Answers(own, "6").Expect("cmd3's answered anna by - wait 5000")
            .At(15).Ends("6", hungUp: true).Ends(own).Expect($"""
                cmd3's leg 6 ended 16
                cmd3's leg {own} ended 16 anna talk 10000 hold 0
                anna WrapUp in cmd3's
                cmd3's ended Answered by Caller agent anna wait 5000 talk 10000 hold 0
                """);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_call_to_a_colleague_is_recorded_only_where_the_site_wants_that(bool wanted)
    {
        var story = new Scenario(w => w.RecordInternal = wanted).PbxUp().Ready("anna", "bruno").Does("anna", To("102"));
        story.All.OfType<EngineEffect.Act>().Select(a => a.What).OfType<PbxAction.Originate>().Single().Record.Should().Be(wanted);
        RingsAtHome(story, story.Commands).DialEnds(null, OwnLeg(story, story.Commands), DialResult.Answered).Dial(OwnLeg(story, story.Commands), "6", "PJSIP/102").Forget()
            .Fact(new PbxFact.RecordingBegan(Scenario.Node, null, Scenario.Leg("6")));
        if (wanted)
            story.ExpectAmong($"cmd{story.Commands}'s recorded on 6");
        else
            story.ExpectNothing();
    }

    [Fact]
    public void One_dialled_on_the_phone_too_and_a_recording_of_the_PBXs_own_at_an_agents_leg_never_counts_in_a_clients_call()
    {
        var story = new Scenario(w => w.RecordInternal = true).PbxUp().Ready("anna", "bruno")
            .Channel("1", "PJSIP/101", number: "101", dialled: "102").Dial("1", "2", "PJSIP/102").Rings("2").Forget()
            .Fact(new PbxFact.RecordingBegan(Scenario.Node, null, Scenario.Leg("2")));
        story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<RecordingStarted>().Should().ContainSingle().Which.UniqueId.Should().Be("2");
        story.Ends("2").Ends("1").Channel("3", "PJSIP/101", number: "101", dialled: "+390612345678").Dial("3", "4", "PJSIP/trunk").Fact(new PbxFact.RecordingBegan(Scenario.Node, null, Scenario.Leg("3")));
        story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<RecordingStarted>().Should().ContainSingle();
    }

    /// <summary>Dialled on Anna's own phone, recorded by the PBX, talked for 10 s; then both have hung up.</summary>
    private static Scenario Keyed(Action<World> world, LookupResult found, Action<Scenario>? meanwhile = null)
    {
        var story = new Scenario(world).PbxUp().Ready("anna").Channel("5", "PJSIP/101", number: "101", dialled: "0612345678").Dial("5", "6", "PJSIP/trunk")
            .Fact(new PbxFact.RecordingBegan(Scenario.Node, null, Scenario.Leg("6"))).Arrives("observed-5", found).At(5).Answers("5", "6");
        meanwhile?.Invoke(story);
        return story.Forget().At(15).Ends("6", hungUp: true).Ends("5");
    }

    private static readonly LookupResult s_unknown = new(LookupOutcome.Unknown, []);

    [Fact]
    public void A_number_nobody_has_dialled_on_the_phone_is_work_and_its_recording_kept() =>
        Keyed(_ => { }, s_unknown).ExpectAmong("anna WrapUp in observed-5").ExpectNone("not kept");

    [Fact]
    public void Where_the_site_says_so_it_is_private_and_the_recording_not_kept() =>
        Keyed(w => w.UnknownPrivate = true, s_unknown).ExpectAmong("""
            anna Ready
            observed-5 recording on 6 not kept
            """);

    [Fact]
    public void Private_it_is_no_more_when_a_client_was_attached_or_has_the_number()
    {
        Keyed(w => w.UnknownPrivate = true, s_unknown, s => s.Does("anna", new AgentCommand.AttachClient(s.Id("observed-5"), s.Id("mario")))).ExpectAmong("anna WrapUp in observed-5").ExpectNone("not kept");
        Keyed(w => w.UnknownPrivate = true, new LookupResult(LookupOutcome.Known, [new ClientMatch(new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), null, null, [])]))
            .ExpectAmong("anna WrapUp in observed-5").ExpectNone("not kept");
    }

    [Theory]
    [InlineData(LookupOutcome.Failed)]
    [InlineData(LookupOutcome.TimedOut)]
    [InlineData(null)]
    public void Nothing_is_private_that_no_look_up_has_said(LookupOutcome? outcome)
    {
        var story = new Scenario(w => w.UnknownPrivate = true).PbxUp().Ready("anna").Channel("5", "PJSIP/101", number: "101", dialled: "0612345678").Dial("5", "6", "PJSIP/trunk")
            .Fact(new PbxFact.RecordingBegan(Scenario.Node, null, Scenario.Leg("6"))).At(5).Answers("5", "6");
        if (outcome is { } failed)
            story.Arrives("observed-5", new LookupResult(failed, [], Late: true));
        story.Forget().At(15).Ends("6", hungUp: true).Ends("5").ExpectAmong("anna WrapUp in observed-5").ExpectNone("not kept");
    }

    [Fact]
    public void At_a_phone_where_nobody_sits_nothing_is_private() =>
        new Scenario(w => w.UnknownPrivate = true).PbxUp().Channel("5", "PJSIP/101", number: "101", dialled: "0612345678").Dial("5", "6", "PJSIP/trunk")
            .Fact(new PbxFact.RecordingBegan(Scenario.Node, null, Scenario.Leg("6"))).At(5).Answers("5", "6").At(15).Ends("6", hungUp: true).Ends("5").ExpectNone("not kept");

    [Fact]
    public void What_is_set_while_they_talk_holds_from_the_next_call_on()
    {
        static EngineSettings Unrecorded(EngineSettings settings) => settings with { Queues = [.. settings.Queues.Select(q => q with { Record = false })], RecordOut = false };
        Keyed(_ => { }, s_unknown, s => s.Change(Unrecorded)).ExpectNone("not kept");
        Keyed(_ => { }, s_unknown, s => s.Change(settings => Unrecorded(settings) with { Agents = [.. settings.Agents.Where(a => a.Name != "anna")] })).ExpectNone("not kept");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_clicked_call_is_work_also_after_a_restart_of_the_router(bool clicked)
    {
        var story = new Scenario(w => w.UnknownPrivate = true).At(1000);
        var call = story.Id("old");
        var (began, answered) = (story.Utc.AddSeconds(-70), story.Utc.AddSeconds(-60));
        story.Send(new EngineInput.Restored(new RestoredState(501, [], [new RestoredCall(call, new PhoneNumber("101", NumberKind.Extension), "", new PhoneNumber(Number, NumberKind.E164, Number),
            CallDirection.Outbound, Routed: false, null, null, began, null, answered, CallState.Talking,
            [
                new RestoredLeg(Scenario.Leg(clicked ? $"callcrm-{call:N}" : "11"), story.Id("anna"), "PJSIP/101-11", false, began, answered),
                new RestoredLeg(Scenario.Leg("12"), null, "PJSIP/trunk-12", true, began, answered),
            ],
            s_unknown)])));
        // It ended meanwhile.
        story.Fact(new PbxFact.Connected(Scenario.Node, null, "22")).SnapshotOf().At(1060);
        var told = story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).ToList();
        told.OfType<CallEnded>().Should().ContainSingle();
        told.OfType<RecordingUnkept>().Should().HaveCount(clicked ? 0 : 1);
    }

    [Fact]
    public void At_zero_the_queue_whose_wrap_up_it_was_says_ready_or_paused() =>
        Keyed(w => w.Queue("sales", q => q with { PauseAfterWrapUp = true }), s_unknown).Forget().At(44.9).ExpectNothing().At(45.1).ExpectAmong("anna Paused (wrap_up_over)");

    [Fact]
    public void What_no_queue_of_hers_records_is_not_kept_either() =>
        Keyed(w => w.Queue("sales", q => q with { Record = false }), s_unknown).ExpectAmong("""
            anna WrapUp in observed-5
            observed-5 recording on 6 not kept
            """);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_serves_no_queue_is_recorded_and_writes_up_as_the_site_says(bool recorded)
    {
        void World(World w)
        {
            w.RecordOut = recorded;
            w.Queue("sales", q => q with { Agents = [] });
        }

        var clicked = new Scenario(World).PbxUp().Ready("anna").Does("anna", To(Number));
        clicked.All.OfType<EngineEffect.Act>().Select(a => a.What).OfType<PbxAction.Originate>().Single().Record.Should().Be(recorded);
        var keyed = Keyed(World, s_unknown);
        if (recorded)
            keyed.ExpectNone("not kept");
        keyed.ExpectAmong(recorded ? "anna WrapUp in observed-5" : """
            anna WrapUp in observed-5
            observed-5 recording on 6 not kept
            """);
        keyed.AgentOf("anna").State.Should().Be(AgentState.WrapUp);
        keyed.Forget().At(26.9).ExpectNothing().At(27.1).ExpectAmong("anna Ready");
    }

    [Fact]
    public void While_dialling_no_caller_is_offered_and_afterwards_one_is()
    {
        var story = Clicked();
        story.Inbound("1").ExpectAmong("answer r1 hold 20s place 1").ExpectNone("offered");
        RingsAtHome(story).Mark("1").ExpectNone("offered")
            .DialEnds(null, OwnLeg(story), DialResult.Declined).Ends(OwnLeg(story), 21, 603, hungUp: true).ExpectAmong("""
                anna Ready
                cmd3's ended Cancelled by Agent agent - wait 0 talk 0 hold 0
                """);
        story.AgentOf("anna").State.Should().NotBe(AgentState.Ready, "the waiting caller is offered now");
    }

    [Theory]
    [InlineData(DialResult.Busy, 17, 486, "Busy")]
    [InlineData(DialResult.Declined, 21, 603, "Busy")]
    [InlineData(DialResult.NoAnswer, 0, null, "NoAnswer")]
    [InlineData(DialResult.Congestion, 34, 503, "Failed")]
    [InlineData(DialResult.Unreachable, 1, 404, "Failed")]
    public void Nobody_takes_it(DialResult result, int cause, int? tech, string outcome)
    {
        var story = Clicked();
        Rings(story).DialEnds(OwnLeg(story), "6", result, tech).Ends("6", cause, tech, hungUp: tech is not null).Ends(OwnLeg(story), cause)
            .ExpectAmong($"cmd3's ended {outcome} by {(tech is null ? "Unknown" : "Caller")} agent - wait 0 talk 0 hold 0");
        story.AgentOf("anna").State.Should().Be(AgentState.Ready, "there is nothing to write up");
    }

    [Fact]
    public void Given_up_while_it_rings_there_it_is_cancelled_by_the_agent()
    {
        var story = Clicked();
        Rings(story).At(4).Forget().Does("anna", new AgentCommand.HangUp(CallOf(story))).Expect($"""
            act #3 hang up PJSIP/101-{OwnLeg(story)} 16
            cmd4 accepted
            """)
            .DialEnds(OwnLeg(story), "6", DialResult.Cancelled).Ends("6", 127).Ends(OwnLeg(story)).ExpectAmong("cmd3's ended Cancelled by Agent agent - wait 4000 talk 0 hold 0");
    }

    [Fact]
    public void Given_up_on_the_phone_it_is_cancelled_by_the_agent_too()
    {
        var story = Clicked();
        Rings(story).Ends(OwnLeg(story), hungUp: true).DialEnds(OwnLeg(story), "6", DialResult.Cancelled).Ends("6", 127)
            .ExpectAmong("cmd3's ended Cancelled by Agent agent - wait 0 talk 0 hold 0");
    }

    [Fact]
    public void Given_up_before_the_PBX_has_told_of_it_it_is_hung_up_as_soon_as_it_does()
    {
        var story = Clicked().Forget();
        story.Does("anna", new AgentCommand.HangUp(CallOf(story))).Expect("cmd4 accepted")
            .Channel(OwnLeg(story), "PJSIP/101", number: "101", dialled: "").Expect($"act #2 hang up PJSIP/101-{OwnLeg(story)} 16")
            .Ends(OwnLeg(story)).ExpectAmong("cmd3's ended Cancelled by Agent agent - wait 0 talk 0 hold 0");
    }

    [Fact]
    public void A_phone_of_which_the_PBX_makes_no_channel_fails_the_call_after_three_seconds_and_a_late_one_is_hung_up()
    {
        var story = Clicked().Done(1);
        story.Send(new EngineInput.LookupArrived(CallOf(story), new LookupResult(LookupOutcome.Unknown, []))).Forget().At(2.9).ExpectNothing().At(3).Expect($"""
            cmd3's leg {OwnLeg(Scenario.With("anna"))} ended 0 anna talk 0 hold 0
            anna Ready
            cmd3's ended Failed by Pbx agent - wait 3000 talk 0 hold 0
            """);
        story.At(5).Channel(OwnLeg(story), "PJSIP/101", number: "101", dialled: "").Expect($"act #2 hang up PJSIP/101-{OwnLeg(story)} 16");
        story.Ends(OwnLeg(story)).ExpectNothing();
        story.AgentOf("anna").State.Should().Be(AgentState.Ready);
    }

    [Fact]
    public void What_the_PBX_refuses_fails_at_once()
    {
        Clicked().Done(1, ok: false, "Extension does not exist.").ExpectAmong("report dial_refused")
            .At(0.3).ExpectAmong("""
                anna Ready
                cmd3's ended Failed by Pbx agent - wait 300 talk 0 hold 0
                """);
    }

    [Fact]
    public void A_line_that_breaks_in_the_middle_leaves_it_to_the_snapshot_what_came_of_it()
    {
        var story = Clicked().PbxLost().Done(1, ok: false, "connection lost").At(20).ExpectNone("ended").Forget();
        story.AgentOf("anna").State.Should().Be(AgentState.Talking);
        var own = OwnLeg(story);
        story.Fact(new PbxFact.Connected(Scenario.Node, null, "22"))
            .SnapshotOf(Scenario.Seen(own, own, "PJSIP/101", age: 20, app: "AppDial2") with { Up = false, Ringing = true, CallerNumber = "101", DialledNumber = "" }).ExpectNone("ended").Forget();
        story.Does("anna", new AgentCommand.HangUp(CallOf(story))).ExpectAmong($"act #2 hang up PJSIP/101-{own} 16")
            .Ends(own).ExpectAmong("cmd3's ended Cancelled by Agent agent - wait 20000 talk 0 hold 0");
    }

    [Fact]
    public void A_line_that_breaks_in_the_middle_and_a_PBX_that_has_nothing_of_it_end_the_call()
    {
        var story = Clicked().PbxLost().At(20).Fact(new PbxFact.Connected(Scenario.Node, null, "22")).SnapshotOf().At(22)
            .ExpectAmong("cmd3's ended Failed by Unknown agent - wait 0 talk 0 hold 0 estimated");
        story.AgentOf("anna").State.Should().Be(AgentState.Ready);
    }

    [Fact]
    public void A_talk_that_began_while_the_line_was_cut_is_found_by_the_snapshot()
    {
        var story = Clicked();
        var own = OwnLeg(story);
        Lifted(story.At(1)).PbxLost().At(10).Forget().Fact(new PbxFact.Connected(Scenario.Node, null, "22"))
            .SnapshotOf(Scenario.Seen(own, own, "PJSIP/101", "b", age: 10) with { CallerNumber = "101" }, Scenario.Seen("6", own, "PJSIP/trunk", "b", age: 8)).ExpectAmong("cmd3's leg 6 client estimated")
            .At(20).Ends("6", hungUp: true).Ends(own).ExpectAmong("""
                anna WrapUp in cmd3's
                cmd3's ended Answered by Caller agent anna wait 10000 talk 10000 hold 0 estimated
                """);
    }

    [Fact]
    public void The_client_whose_number_was_clicked_is_shown_at_once()
    {
        var story = Scenario.With("anna");
        story.Does("anna", To(Number, story.Id("client"))).ExpectAmong("cmd3's is Known client").ExpectNone("look up");
    }

    [Fact]
    public void Who_has_the_number_is_known_when_the_look_up_comes()
    {
        var story = Clicked().Forget();
        story.Send(new EngineInput.LookupArrived(CallOf(story), new LookupResult(LookupOutcome.Several, [Match(story, "one"), Match(story, "two")]))).Expect("cmd3's is Several - of 2");
        story.Does("anna", new AgentCommand.AttachClient(CallOf(story), story.Id("two"))).ExpectAmong("cmd3's is Known two by anna");
    }

    [Fact]
    public void A_colleague_is_called_without_a_card_a_recording_and_a_write_up()
    {
        var story = Clicked("102").Expect($"""
            cmd3's started Internal 101 to 102 observed
            cmd3's leg {OwnLeg(Scenario.With("anna"))} anna
            cmd3's is Internal -
            act #1 ring PJSIP/101 for 30s from 101 then call 102
            anna Talking in cmd3's
            cmd3 accepted
            """);
        Lifted(story).Dial(OwnLeg(story), "6", "PJSIP/102").Rings("6").Answers(OwnLeg(story), "6").At(10).Ends("6", hungUp: true).Ends(OwnLeg(story))
            .ExpectAmong("cmd3's ended Observed by Unknown agent - wait 10000 talk 10000 hold 0");
        story.AgentOf("anna").State.Should().Be(AgentState.Ready);
    }

    [Fact]
    public void A_colleague_who_is_busy_is_told()
    {
        var story = Clicked("102");
        Lifted(story).Dial(OwnLeg(story), "6", "PJSIP/102").DialEnds(OwnLeg(story), "6", DialResult.Busy, 486).Ends("6", 17, 486, hungUp: true).Ends(OwnLeg(story), 17)
            .ExpectAmong("cmd3's ended Busy by Unknown agent - wait 0 talk 0 hold 0");
    }

    [Theory]
    [InlineData("112")]
    [InlineData("4242")]
    [InlineData("892000")]
    public void Emergency_and_other_short_numbers_are_dialled_as_typed(string number)
    {
        var story = Clicked(number);
        story.All.OfType<EngineEffect.Act>().Select(a => a.What).OfType<PbxAction.Originate>().Single().Number.Should().Be(new PhoneNumber(number, NumberKind.Unparsed));
        story.ExpectAmong($"cmd3's started Outbound 101 to {number} observed");
        story.Send(new EngineInput.LookupArrived(CallOf(story), new LookupResult(LookupOutcome.Unknown, [])));
        var own = OwnLeg(story);
        Rings(story).Answers(own, "6").Forget().At(15).Ends("6", hungUp: true).Ends(own)
            .ExpectAmong("anna WrapUp in cmd3's");
    }

    [Theory]
    [InlineData("11")]
    [InlineData("8920001")]
    [InlineData("0039")]
    [InlineData("11a")]
    [InlineData("1,2")]
    [InlineData("*112")]
    [InlineData("١١٢")]
    public void What_is_neither_a_number_nor_a_short_one_is_dialled_nowhere(string number)
    {
        var story = Clicked(number).Expect("cmd3 refused number_not_understood");
        story.All.OfType<EngineEffect.Act>().Should().BeEmpty();
    }

    [Fact]
    public void Refusals_have_stable_codes_and_call_nobody()
    {
        var story = Scenario.With("anna");
        story.Does("bruno", To(Number)).Expect("cmd3 refused not_signed_in")
            .Does("anna", To("hello")).Expect("cmd4 refused number_not_understood")
            .Does("anna", To("101")).Expect("cmd5 refused own_extension")
            .Device("101", DeviceState.InUse).Does("anna", To(Number)).ExpectAmong("cmd6 refused phone_busy")
            .Device("101", DeviceState.Unavailable).Does("anna", To(Number)).ExpectAmong("cmd7 refused phone_unreachable")
            .Device("101", DeviceState.NotInUse).PbxLost().Does("anna", To(Number)).ExpectAmong("cmd8 refused pbx_away");
        story.All.OfType<EngineEffect.Act>().Should().BeEmpty();
    }

    [Fact]
    public void A_second_click_and_a_click_in_a_call_are_refused()
    {
        var story = Clicked().Forget();
        story.Does("anna", To("+390699998888")).Expect("cmd4 refused in_call");
        Rings(story).Forget().Does("anna", To("+390699998888")).Expect("cmd5 refused in_call");
        var other = Scenario.With("anna").Inbound("1").Forget();
        other.Does("anna", To(Number)).Expect("cmd3 refused in_call");
        other.TalksTo("1", "2", "PJSIP/101").Forget().Does("anna", To(Number)).Expect("cmd4 refused in_call");
    }

    [Fact]
    public void The_same_command_again_gets_its_first_answer_and_dials_once()
    {
        var story = Scenario.With("anna");
        var dial = new EngineInput.Command(story.Id("twice"), story.Id("anna"), To(Number));
        story.Send(dial).ExpectAmong("twice accepted").Send(dial).Expect("twice accepted");
        story.All.OfType<EngineEffect.Act>().Should().ContainSingle();
    }

    [Fact]
    public void A_supervisor_dials_for_nobody() =>
        Scenario.With("anna").Supervised("anna", To(Number)).Expect("cmd3 refused command_unknown");

    [Fact]
    public void Paused_and_writing_up_agents_may_call_and_are_that_again_afterwards()
    {
        var story = Scenario.With("anna").Does("anna", new AgentCommand.Pause("lunch")).Forget();
        story.Does("anna", To(Number)).ExpectAmong("anna Talking (lunch) in cmd4's");
        RingsAtHome(story, 4).DialEnds(null, OwnLeg(story, 4), DialResult.NoAnswer).Ends(OwnLeg(story, 4), 19).ExpectAmong("anna Paused (lunch)");
        var writing = Scenario.With("anna").Inbound("1").TalksTo("1", "2", "PJSIP/101").Ends("1").Ends("2").Forget();
        writing.Does("anna", To(Number)).ExpectAmong("anna Talking in cmd3's");
        RingsAtHome(writing).Ends(OwnLeg(writing), 19).ExpectAmong("anna WrapUp in call1");
    }

    [Fact]
    public void A_phone_that_the_page_cannot_answer_is_left_to_ring()
    {
        var story = new Scenario().PbxUp().ReadyAt("dario", "104").Forget().Does("dario", To(Number));
        RingsAtHome(story, 3, "PJSIP/104").ExpectNone("answer PJSIP");
    }

    [Fact]
    public void A_number_tried_over_a_second_line_is_one_call()
    {
        var story = Clicked();
        Rings(story).DialEnds(OwnLeg(story), "6", DialResult.Congestion, 503).Ends("6", 34, 503, hungUp: true).At(1)
            .Dial(OwnLeg(story), "7", "PJSIP/trunk").Rings("7").At(6).ExpectNone("ended Failed").Answers(OwnLeg(story), "7").ExpectAmong("cmd3's answered anna by - wait 6000")
            .At(16).Ends("7", hungUp: true).Ends(OwnLeg(story)).ExpectAmong("cmd3's ended Answered by Caller agent anna wait 6000 talk 10000 hold 0");
    }

    [Fact]
    public void Dialled_on_the_phone_the_client_is_looked_up_by_what_was_dialled_and_the_call_is_written_up()
    {
        var story = Scenario.With("anna").Channel("5", "PJSIP/101", number: "101", dialled: "0612345678").Forget().Dial("5", "6", "PJSIP/trunk").ExpectAmong("look up observed-5 0612345678 only");
        story.Arrives("observed-5", new LookupResult(LookupOutcome.Known, [Match(story, "client")], Number: new PhoneNumber("0612345678", NumberKind.E164, Number))).Expect("""
            observed-5 is Outbound to +390612345678
            observed-5 is Known client
            """)
            .At(5).Answers("5", "6").At(15).Ends("6", hungUp: true).Ends("5").ExpectAmong("anna WrapUp in observed-5");
    }

    private static ClientMatch Match(Scenario story, string client) => new(story.Id(client), null, null, []);
}
