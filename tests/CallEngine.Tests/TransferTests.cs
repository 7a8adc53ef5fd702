namespace CallCrm.Engine.Tests;

/// <summary>Calls handed on from the desk at once: to an agent, a queue, a number; and what comes of it when nobody takes them there.</summary>
public sealed class TransferTests
{
    private const string Number = "+390612345678";

    private static TransferTarget To(Scenario story, string agent) => new(Agent: story.Id(agent));

    private static TransferTarget ToNumber(string number) => new(Number: number.StartsWith('+') ? new PhoneNumber(number, NumberKind.E164, number) : new PhoneNumber(number, NumberKind.Unparsed));

    /// <summary>Anna talks with the caller of call1; Bruno is free.</summary>
    private static Scenario Talking(params string[] agents) => Scenario.With(agents.Length > 0 ? agents : ["anna", "bruno"]).Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget();

    private static Scenario Sends(Scenario story, TransferTarget to) => story.Does("anna", new AgentCommand.Transfer(story.Id("call1"), to));

    /// <summary>The PBX moves the client: the sender is out, and the client asks.</summary>
    private static Scenario Moved(Scenario story) => story.Done(1).Leaves("b1", "1", "2").Ends("2").Forget().Asks("1", RequestState.Redirected);

    [Fact]
    public void An_agent_is_shown_the_card_before_the_client_is_moved_and_each_writes_up_their_own_talk()
    {
        var story = Talking().At(10);
        Sends(story, To(story, "bruno")).Expect("""
            call1 transfer Ringing Blind anna to bruno
            call1 transferred Blind anna to bruno (102)
            call1 offered call1/2 bruno PJSIP/102 20s Transfer
            bruno Reserved in call1
            act #1 redirect PJSIP/trunk-1 after pop call1/2
            cmd5 accepted
            """);
        story.Done(1).Leaves("b1", "1", "2").Ends("2").ExpectAmong("""
            call1 leg 2 ended 16 anna talk 10000 hold 0
            anna WrapUp in call1
            """)
            .Asks("1", RequestState.Redirected).Expect("answer r2 dial PJSIP/102 20s record").Takes("1")
            .At(12).Dial("1", "3", "PJSIP/102").Rings("3").At(15).Answers("1", "3").ExpectAmong("""
                call1 transfer Done Blind anna to bruno
                call1/2 ended Answered 3000ms
                bruno Talking in call1
                call1 answered bruno by call1/2 wait 0
                """)
            .At(20).Ends("1", hungUp: true).Ends("3").ExpectAmong("""
                bruno WrapUp in call1
                call1 ended Answered by Caller agent bruno wait 0 talk 15000 hold 0
                """);
    }

    [Theory]
    [InlineData(DialResult.Busy, 486, "busy")]
    [InlineData(DialResult.Declined, 603, "declined")]
    [InlineData(DialResult.NoAnswer, null, "no_answer")]
    [InlineData(DialResult.Congestion, null, "unreachable")]
    public void Nobody_takes_it_there_and_the_sender_gets_the_client_back(DialResult result, int? tech, string reason)
    {
        var story = Talking();
        Moved(Sends(story, To(story, "bruno"))).Takes("1").Dial("1", "3", "PJSIP/102").Rings("3").At(20).DialEnds("1", "3", result, tech).Ends("3").Forget()
            .Asks("1", RequestState.Next, last: result).ExpectAmong($"""
                call1 transfer Returning Blind anna to bruno ({reason})
                call1 offered call1/3 anna PJSIP/101 20s TransferBack
                answer r3 dial PJSIP/101 20s record after pop call1/3
                """)
            .Takes("1").TalksTo("1", "4", "PJSIP/101").ExpectAmong($"""
                call1 transfer Failed Blind anna to bruno ({reason})
                call1/3 ended Answered
                anna Talking in call1
                """);
    }

    [Fact]
    public void A_sender_who_does_not_take_it_back_leaves_it_to_the_queue()
    {
        var story = Talking("anna", "bruno", "carla");
        Moved(Sends(story, To(story, "bruno"))).Takes("1").DialEnds("1", null, DialResult.Unreachable).Asks("1", RequestState.Next, last: DialResult.Unreachable).ExpectAmong("call1 offered call1/3 anna PJSIP/101 20s TransferBack")
            .Takes("1").Dial("1", "4", "PJSIP/101").Rings("4").At(20).DialEnds("1", "4", DialResult.NoAnswer).Ends("4").Forget().Asks("1", RequestState.Next, last: DialResult.NoAnswer).ExpectAmong("""
                call1 transfer Failed Blind anna to bruno (unreachable)
                call1 queued sales place 1
                answer r4 dial PJSIP/103 20s record after pop call1/4
                """);
    }

    [Fact]
    public void A_phone_that_refuses_before_the_senders_is_free_again_still_gives_the_client_back()
    {
        var story = Talking();
        story.Device("101", DeviceState.InUse);
        Moved(Sends(story, To(story, "bruno"))).Takes("1").Dial("1", "3", "PJSIP/102").DialEnds("1", "3", DialResult.Busy, 486).Ends("3", 17, 486).Forget()
            .Asks("1", RequestState.Next, last: DialResult.Busy).ExpectAmong("answer r3 keep 1s").Device("101", DeviceState.NotInUse).At(11).Forget()
            .Asks("1", RequestState.Held).ExpectAmong("""
                call1 transfer Returning Blind anna to bruno (busy)
                answer r4 dial PJSIP/101 20s record after pop call1/3
                """);
        var never = Talking();
        never.Device("101", DeviceState.InUse);
        Moved(Sends(never, To(never, "bruno"))).Takes("1").Dial("1", "3", "PJSIP/102").DialEnds("1", "3", DialResult.Busy, 486).Ends("3", 17, 486);
        for (var turn = 0; turn < 3; turn++)
            never.Forget().Asks("1", turn == 0 ? RequestState.Next : RequestState.Held, last: turn == 0 ? DialResult.Busy : null).ExpectAmong($"answer r{3 + turn} keep 1s");
        never.Forget().Asks("1", RequestState.Held).ExpectAmong("call1 transfer Failed Blind anna to bruno (busy)");
    }

    [Fact]
    public void A_sender_who_is_in_another_call_meanwhile_leaves_it_to_the_queue()
    {
        var story = Talking("anna", "bruno", "carla");
        Moved(Sends(story, To(story, "bruno"))).Takes("1").Dial("1", "3", "PJSIP/102").Rings("3").Forget();
        story.Channel("9", "PJSIP/101", number: "101", dialled: "600").DialEnds("1", "3", DialResult.Busy, 486).Ends("3").Forget()
            .Asks("1", RequestState.Next, last: DialResult.Busy).ExpectAmong("""
                call1 transfer Failed Blind anna to bruno (busy)
                answer r3 dial PJSIP/103 20s record after pop call1/3
                """);
    }

    [Fact]
    public void A_queue_takes_it_like_a_new_caller_but_not_straight_back_to_who_sent_it()
    {
        var story = Talking("anna").ReadyAt("dario", "104").Forget();
        Sends(story, new TransferTarget(Queue: story.Id("support"))).ExpectAmong("""
            call1 transfer Ringing Blind anna to support
            act #1 redirect PJSIP/trunk-1
            """);
        Moved(story).ExpectAmong("""
            call1 transfer Done Blind anna to support
            call1 queued support place 1
            call1 offered call1/2 dario PJSIP/104 20s LeastBusy
            answer r2 dial PJSIP/104 20s record after pop call1/2
            """);
        var own = Talking("anna");
        Moved(Sends(own, new TransferTarget(Queue: own.Id("sales")))).Does("anna", new AgentCommand.Ready()).ExpectAmong("answer r2 hold 20s place 1").ExpectNone("offered");
    }

    [Fact]
    public void A_number_outside_is_called_for_the_client_who_stays_the_one_client()
    {
        var story = Talking();
        Sends(story, ToNumber(Number)).ExpectAmong($"""
            call1 transfer Ringing Blind anna to {Number}
            act #1 redirect PJSIP/trunk-1
            """);
        Moved(story).Expect($"answer r2 call {Number} from 101 45s").Takes("1").Dial("1", "3", "PJSIP/trunk").ExpectAmong("call1 leg 3").Rings("3").At(5).Answers("1", "3").ExpectAmong($"call1 transfer Done Blind anna to {Number}")
            .At(60).Ends("1", hungUp: true).Ends("3").ExpectAmong("call1 ended Answered by Caller agent anna wait 0 talk 0 hold 0");
    }

    [Fact]
    public void A_number_that_is_busy_gives_the_client_back()
    {
        var story = Talking();
        Moved(Sends(story, ToNumber(Number))).Takes("1").Dial("1", "3", "PJSIP/trunk").DialEnds("1", "3", DialResult.Busy, 486).Ends("3", 17, 486).Forget()
            .Asks("1", RequestState.Next, last: DialResult.Busy).ExpectAmong($"""
                call1 transfer Returning Blind anna to {Number} (busy)
                answer r3 dial PJSIP/101 20s record after pop call1/2
                """);
    }

    [Fact]
    public void An_extension_means_who_sits_there_and_a_phone_without_anybody_is_rung_as_it_is()
    {
        var story = Talking();
        Sends(story, ToNumber("102")).ExpectAmong("call1 offered call1/2 bruno PJSIP/102 20s Transfer");
        var kitchen = Talking();
        Moved(Sends(kitchen, ToNumber("105"))).Expect("answer r2 dial PJSIP/105 25s");
    }

    [Fact]
    public void A_call_that_an_agent_made_is_handed_on_and_stays_what_it_is()
    {
        var story = Scenario.With("anna", "bruno").Channel("5", "PJSIP/101", number: "101", dialled: "0612345678").Dial("5", "6", "PJSIP/trunk");
        story.Arrives("observed-5", new LookupResult(LookupOutcome.Known, [new ClientMatch(story.Id("client"), null, null, [])], Number: new PhoneNumber("0612345678", NumberKind.E164, Number)));
        story.At(5).Answers("5", "6").Forget().Does("anna", new AgentCommand.Transfer(story.Id("observed-5"), To(story, "bruno"))).ExpectAmong("act #1 redirect PJSIP/trunk-6 after pop observed-5/1");
        story.Done(1).Leaves("b1", "5", "6").Ends("5").ExpectAmong("anna WrapUp in observed-5")
            .Asks("6", RequestState.Redirected).ExpectAmong($"""
                observed-5 routed 101 to {Number}
                answer r1 dial PJSIP/102 20s
                """)
            .Takes("6").TalksTo("6", "7", "PJSIP/102").At(20).Ends("6", hungUp: true).Ends("7").ExpectAmong("""
                bruno WrapUp in observed-5
                observed-5 ended Answered by Caller agent bruno wait 5000 talk 15000 hold 0
                """);
    }

    [Fact]
    public void What_the_PBX_refuses_leaves_the_talk_as_it_is()
    {
        var story = Talking();
        Sends(story, To(story, "bruno")).Done(1, ok: false, "Channel does not exist").ExpectAmong("""
            call1/2 ended Cancelled
            bruno Ready
            call1 transfer Failed Blind anna to bruno (pbx_refused)
            """);
        story.AgentOf("anna").State.Should().Be(AgentState.Talking);
        Sends(story, To(story, "bruno")).ExpectAmong("act #2 redirect PJSIP/trunk-1 after pop call1/3");
    }

    [Fact]
    public void What_the_PBX_seemed_to_refuse_and_did_gives_the_client_back()
    {
        var story = Talking();
        Sends(story, To(story, "bruno")).At(1).ExpectAmong("call1 transfer Failed Blind anna to bruno (pbx_refused)")
            .Leaves("b1", "1", "2").Ends("2").Forget().Asks("1", RequestState.Redirected).ExpectAmong("""
                call1 transfer Returning Blind anna to bruno (pbx_refused)
                answer r2 dial PJSIP/101 20s record after pop call1/3
                """);
    }

    [Fact]
    public void A_client_who_hangs_up_on_the_way_ends_the_call_as_answered()
    {
        var story = Talking().At(10);
        Moved(Sends(story, To(story, "bruno"))).Takes("1").Dial("1", "3", "PJSIP/102").Rings("3").Forget().At(14).Ends("1", hungUp: true).Ends("3").ExpectAmong("""
            call1/2 ended CallerGaveUp 4000ms
            call1 ended Answered by Caller agent anna wait 0 talk 10000 hold 0
            """);
        story.AgentOf("bruno").State.Should().Be(AgentState.Ready);
    }

    [Fact]
    public void A_target_who_signs_out_while_it_rings_gives_the_client_back()
    {
        var story = Talking();
        Moved(Sends(story, To(story, "bruno"))).Takes("1").Dial("1", "3", "PJSIP/102").Rings("3").Forget().Does("bruno", new AgentCommand.SignOut()).ExpectAmong("act #2 redirect PJSIP/trunk-1 unless bridged")
            .DialEnds("1", "3", DialResult.Cancelled).Ends("3").Asks("1", RequestState.Redirected).ExpectAmong("call1 transfer Returning Blind anna to bruno (cancelled)");
    }

    [Fact]
    public void Refusals_are_clear_and_change_nothing()
    {
        var story = Talking("anna", "bruno");
        void Refused(TransferTarget to, string reason) => Sends(story.Forget(), to).ExpectAmong($"cmd{story.Commands} refused {reason}");
        Refused(To(story, "anna"), "to_oneself");
        Refused(ToNumber("101"), "to_oneself");
        Refused(To(story, "carla"), "target_signed_out");
        Refused(To(story, "nobody"), "target_unknown");
        Refused(new TransferTarget(), "target_missing");
        Refused(ToNumber("hello"), "number_not_understood");
        Refused(new TransferTarget(Queue: story.Id("nowhere")), "target_unknown");
        Refused(new TransferTarget(Queue: story.Id("support")), "queue_empty");
        story.Device("102", DeviceState.InUse);
        Refused(To(story, "bruno"), "target_busy");
        story.Device("102", DeviceState.Unavailable);
        Refused(To(story, "bruno"), "target_unreachable");
        story.Device("102", DeviceState.NotInUse).Device("105", DeviceState.InUse);
        Refused(ToNumber("105"), "target_busy");
        story.Forget().Does("bruno", new AgentCommand.Transfer(story.Id("call1"), To(story, "carla"))).ExpectAmong($"cmd{story.Commands} refused not_your_call");
        story.Forget().Does("anna", new AgentCommand.Transfer(story.Id("none"), To(story, "bruno"))).ExpectAmong($"cmd{story.Commands} refused no_such_call");
        story.Forget().Supervised("anna", new AgentCommand.Transfer(story.Id("call1"), To(story, "bruno"))).ExpectAmong($"cmd{story.Commands} refused command_unknown");
        story.PbxLost();
        Refused(To(story, "bruno"), "pbx_away");
        story.All.OfType<EngineEffect.Act>().Should().BeEmpty();
    }

    [Fact]
    public void A_closed_queue_and_a_full_one_are_refused()
    {
        var closed = new Scenario(w => w.Queue("support", q => q with { OpenSpans = [] })).PbxUp().ReadyAt("anna", "101").ReadyAt("dario", "104").Inbound("1").TalksTo("1", "2", "PJSIP/101").Forget();
        Sends(closed, new TransferTarget(Queue: closed.Id("support"))).ExpectAmong($"cmd{closed.Commands} refused queue_closed");
        var full = new Scenario(w => w.Queue("support", q => q with { MostWaiting = 1 })).PbxUp().ReadyAt("anna", "101").ReadyAt("dario", "104").Inbound("1").TalksTo("1", "2", "PJSIP/101");
        full.Inbound("5", "39800200").TalksTo("5", "6", "PJSIP/104").Inbound("7", "39800200").Forget();
        Sends(full, new TransferTarget(Queue: full.Id("support"))).ExpectAmong($"cmd{full.Commands} refused queue_full");
    }

    [Fact]
    public void Neither_a_ring_nor_a_talk_among_colleagues_is_handed_on()
    {
        var story = Scenario.With("anna", "bruno").Inbound("1").Dial("1", "2", "PJSIP/101").Rings("2").Forget();
        Sends(story, To(story, "bruno")).ExpectAmong($"cmd{story.Commands} refused not_talking");
        var colleagues = Scenario.With("anna", "bruno", "carla").Channel("5", "PJSIP/101", number: "101", dialled: "102").TalksTo("5", "6", "PJSIP/102").Forget();
        colleagues.Does("anna", new AgentCommand.Transfer(colleagues.Id("observed-5"), To(colleagues, "carla"))).ExpectAmong($"cmd{colleagues.Commands} refused no_client");
    }

    private static Func<EngineSettings, EngineSettings> Queue(string name, Func<QueueSettings, QueueSettings> change) =>
        settings => settings with { Queues = [.. settings.Queues.Select(q => q.Name == name ? change(q) : q)] };

    private static QueueSettings HangsUp(QueueSettings queue, AfterWait kind = AfterWait.Reject)
    {
        var away = new Overflow(kind, kind == AfterWait.Play ? "closed" : "");
        return queue with { WhenClosed = away, WhenNobody = away, AfterMaxWait = away, MaxWait = TimeSpan.FromSeconds(60) };
    }

    /// <summary>Anna has sent the client of call1 to support, where Dario talks with somebody else and the longest wait ends at 60 s with a hang-up.</summary>
    private static Scenario WaitsInSupport(AfterWait kind = AfterWait.Reject, params string[] agents)
    {
        var story = Talking(agents).ReadyAt("dario", "104").Change(Queue("support", q => HangsUp(q, kind))).Inbound("5", "39800200").TalksTo("5", "6", "PJSIP/104").Forget();
        Moved(Sends(story, new TransferTarget(Queue: story.Id("support")))).ExpectAmong("answer r3 hold 20s place 1");
        return story.Takes("1").Mark("1").Forget();
    }

    /// <summary>Comes round, turn by turn, up to that moment.</summary>
    private static Scenario Turns(Scenario story, int from, int to)
    {
        for (var at = from; at <= to; at += 20)
            story.At(at).Asks("1", RequestState.Held).Takes("1").Mark("1");
        return story.Forget();
    }

    [Theory]
    [InlineData(AfterWait.Reject)]
    [InlineData(AfterWait.Busy)]
    [InlineData(AfterWait.Play)]
    public void Whom_a_queue_would_hang_up_on_after_the_longest_wait_goes_back_to_the_sender(AfterWait kind)
    {
        var story = Turns(WaitsInSupport(kind), 20, 40);
        story.At(60).Expect("""
            call1 decided MaxWait
            call1 decided TransferBack anna
            call1 offered call1/2 anna PJSIP/101 20s TransferBack
            anna Reserved in call1
            act #2 redirect PJSIP/trunk-1 after pop call1/2
            """)
            .Done(2).Asks("1", RequestState.Redirected).Expect("answer r6 dial PJSIP/101 20s record").Takes("1")
            .Dial("1", "7", "PJSIP/101").Rings("7").At(63).Answers("1", "7").ExpectAmong("""
                call1 transfer Failed Blind anna to support (no_answer)
                call1/2 ended Answered 3000ms
                anna Talking in call1
                """);
    }

    [Fact]
    public void Between_two_turns_the_sender_is_kept_for_them_and_at_a_turn_rung_at_once()
    {
        var story = Turns(WaitsInSupport(), 20, 20).At(40).Asks("1", RequestState.Held).Takes("1").Forget();
        story.At(60).Expect("""
            call1 decided MaxWait
            anna Reserved in call1
            """).Asks("1", RequestState.Held).ExpectAmong("""
            call1 decided TransferBack anna
            answer r6 dial PJSIP/101 20s record after pop call1/2
            """);
        var away = Turns(WaitsInSupport(), 20, 40).PbxLost().Forget();
        away.At(60).ExpectNone("redirect").Forget().Asks("1", RequestState.Held).ExpectAmong("answer r6 dial PJSIP/101 20s record after pop call1/2");
    }

    [Fact]
    public void A_sender_who_has_signed_out_leaves_them_waiting_on_at_the_same_place_while_somebody_may_come()
    {
        var story = Turns(WaitsInSupport(), 20, 40).Does("anna", new AgentCommand.SignOut()).Does("bruno", new AgentCommand.SignOut()).Forget();
        story.At(60).ExpectNothing().Asks("1", RequestState.Held).Expect("answer r6 hold 20s place 1").Takes("1").Mark("1");
        Turns(story, 80, 100).At(120).ExpectNothing().Asks("1", RequestState.Held).Expect("answer r9 hold 20s place 1").Takes("1").Mark("1")
            .At(125).Ends("5", hungUp: true).Ends("6").Does("dario", new AgentCommand.FinishWrapUp(story.Id("call5")))
            .ExpectAmong("call1 offered call1/2 dario PJSIP/104 20s LeastBusy");
    }

    [Fact]
    public void A_sender_in_another_call_leaves_them_to_another_queue_of_theirs_that_is_open_and_staffed()
    {
        var story = Turns(WaitsInSupport(), 20, 40).Channel("9", "PJSIP/101", number: "101", dialled: "600").Forget();
        story.At(60).ExpectAmong("""
            call1 decided MaxWait target sales
            call1 queued sales place 1
            call1 decided LeastBusy bruno of 1
            act #2 redirect PJSIP/trunk-1 after pop call1/2
            """).Done(2).Asks("1", RequestState.Redirected).ExpectAmong("answer r6 dial PJSIP/102 20s record");
        var closed = Turns(WaitsInSupport(), 20, 40).Channel("9", "PJSIP/101", number: "101", dialled: "600").Change(Queue("sales", q => q with { OpenSpans = [] })).Forget();
        closed.At(60).ExpectNone("call1 ").Forget().Asks("1", RequestState.Held).Expect("answer r6 hold 20s place 1");
    }

    [Fact]
    public void A_sender_who_does_not_take_them_back_is_asked_again_only_after_another_longest_wait()
    {
        var story = Turns(WaitsInSupport(AfterWait.Reject, "anna"), 20, 40).Change(Queue("sales", q => q with { OpenSpans = [] })).At(60).Done(2).Asks("1", RequestState.Redirected).Takes("1");
        story.Dial("1", "7", "PJSIP/101").Rings("7").At(65).DialEnds("1", "7", DialResult.Declined, 603).Ends("7", 21, 603).Forget()
            .Asks("1", RequestState.Next, last: DialResult.NoAnswer).ExpectAmong("answer r7 hold 20s place 1").ExpectNone("anna").Takes("1").Mark("1");
        Turns(story, 85, 105).At(124.9).ExpectNothing().At(125).ExpectAmong("call1 offered call1/3 anna PJSIP/101 20s TransferBack");
    }

    [Fact]
    public void A_queue_that_its_last_agent_leaves_gives_them_back_and_with_nobody_left_they_are_the_dialplans()
    {
        WaitsInSupport().At(10).Does("dario", new AgentCommand.SignOut()).ExpectAmong("""
            call1 decided NobodySignedIn
            call1 offered call1/2 anna PJSIP/101 20s TransferBack
            act #2 redirect PJSIP/trunk-1 after pop call1/2
            """);
        var story = WaitsInSupport().At(10).Does("anna", new AgentCommand.SignOut()).Does("bruno", new AgentCommand.SignOut()).Forget();
        story.Does("dario", new AgentCommand.SignOut()).ExpectAmong("""
            call1 decided Fallback target transfer
            act #2 redirect PJSIP/trunk-1
            """).Done(2).Asks("1", RequestState.Redirected).Expect("answer r4 fallback");
    }

    [Fact]
    public void A_queue_that_closes_or_empties_while_they_are_on_the_way_gives_them_back()
    {
        foreach (var empties in new[] { true, false })
        {
            var story = Talking().ReadyAt("dario", "104").Change(Queue("support", q => HangsUp(q))).Forget();
            Sends(story, new TransferTarget(Queue: story.Id("support"))).Done(1).Leaves("b1", "1", "2").Ends("2");
            story = empties ? story.Does("dario", new AgentCommand.SignOut()) : story.Change(Queue("support", q => q with { OpenSpans = [] }));
            story.Forget().Asks("1", RequestState.Redirected).ExpectAmong($"""
                call1 transfer Done Blind anna to support
                call1 decided {(empties ? "NobodySignedIn" : "QueueClosed")}
                call1 offered call1/2 anna PJSIP/101 20s TransferBack
                answer r2 dial PJSIP/101 20s record after pop call1/2
                """);
            story.Takes("1").Dial("1", "7", "PJSIP/101").Rings("7").At(5).DialEnds("1", "7", DialResult.Declined, 603).Ends("7", 21, 603).Forget()
                .Asks("1", RequestState.Next, last: DialResult.NoAnswer).ExpectAmong("""
                    call1 queued sales place 1
                    answer r3 dial PJSIP/102 20s record after pop call1/3
                    """);
        }
    }

    /// <summary>Bruno, the only other one in sales, refuses whom Anna sends him; then sales is as the change says.</summary>
    private static Scenario Refused(Func<EngineSettings, EngineSettings> change, Action<Scenario>? meanwhile = null)
    {
        var story = Talking().Change(Queue("sales", q => HangsUp(q)));
        Moved(Sends(story, To(story, "bruno"))).Takes("1").Dial("1", "3", "PJSIP/102").Rings("3").Change(change);
        meanwhile?.Invoke(story);
        return story.At(5).DialEnds("1", "3", DialResult.Declined, 603).Ends("3", 21, 603).Forget().Asks("1", RequestState.Next, last: DialResult.NoAnswer);
    }

    [Fact]
    public void After_a_failed_transfer_a_closed_queue_in_which_somebody_still_sits_keeps_whom_the_sender_does_not_take_back()
    {
        var story = Refused(Queue("sales", q => q with { OpenSpans = [] })).ExpectAmong("answer r3 dial PJSIP/101 20s record after pop call1/3").Takes("1");
        story.Dial("1", "4", "PJSIP/101").Rings("4").At(25).DialEnds("1", "4", DialResult.NoAnswer).Ends("4", 0).Forget().Asks("1", RequestState.Next, last: DialResult.NoAnswer).ExpectAmong("""
            call1 transfer Failed Blind anna to bruno (declined)
            call1 queued sales place 1
            answer r4 dial PJSIP/102 20s record after pop call1/4
            """);
        var signedOut = Refused(Queue("sales", q => q with { OpenSpans = [] }), s => s.Does("anna", new AgentCommand.SignOut())).ExpectAmong("call1 transfer Failed Blind anna to bruno (declined)");
        signedOut.All.OfType<EngineEffect.AnswerRoute>().Last().Answer.Should().BeOfType<RouteAnswer.Dial>();
    }

    [Fact]
    public void After_a_failed_transfer_another_queue_of_the_sender_takes_them_from_a_closed_one()
    {
        var story = Refused(s => Queue("support", q => q with { Agents = [.. q.Agents, new QueueAgent(s.Agents[0].Id, 1)] })(Queue("sales", q => q with { OpenSpans = [] })(s)), s =>
        {
            s.ReadyAt("dario", "104");
            s.Channel("9", "PJSIP/101", number: "101", dialled: "600");
        });
        story.ExpectAmong("""
            call1 transfer Failed Blind anna to bruno (declined)
            call1 queued sales place 1
            call1 decided QueueClosed target support
            call1 queued support place 1
            answer r3 dial PJSIP/104 20s record after pop call1/3
            """);
    }

    [Fact]
    public void After_a_failed_transfer_with_nobody_there_any_more_they_are_the_dialplans()
    {
        var story = Refused(s => s, s => s.Does("anna", new AgentCommand.SignOut()).Device("102", DeviceState.Unavailable));
        story.ExpectAmong("""
            call1 transfer Failed Blind anna to bruno (declined)
            call1 decided Fallback target transfer
            answer r3 fallback
            """);
        story.All.OfType<EngineEffect.AnswerRoute>().Should().NotContain(a => a.Answer is RouteAnswer.Reject);
    }

    [Fact]
    public void Whom_a_phone_sent_to_an_empty_queue_goes_back_to_who_spoke_with_them()
    {
        Talking().At(10).Leaves("b1", "2", "1").Ends("2").Forget().Asks("1", dialled: "+39800200").ExpectAmong("""
            call1 decided NobodySignedIn
            answer r2 dial PJSIP/101 20s record after pop call1/2
            """);
    }
}
