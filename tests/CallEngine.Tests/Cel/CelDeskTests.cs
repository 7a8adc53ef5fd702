namespace CallCrm.Engine.Tests;

/// <summary>What was closed by estimate gets its true end, what nobody saw is added once, and what lives or is known is left alone.</summary>
public sealed class CelDeskTests
{
    private const string Fallback = """
        0 START 1 PJSIP/trunk num=+393331112222
        0 CALLCRM_CALL 1 PJSIP/trunk extra=allowed:800100 num=+393331112222 context=callcrm-route
        0 CALLCRM_FALLBACK 1 PJSIP/trunk context=callcrm-route
        1 START 2 PJSIP/101 1
        3 ENTER 2 PJSIP/101 1 bridge=b
        3 ENTER 1 PJSIP/trunk bridge=b
        13 HANGUP 1 PJSIP/trunk source=PJSIP/trunk-00000001
        13 END 1 PJSIP/trunk
        13 END 2 PJSIP/101 1
        """;

    [Fact]
    public void A_call_nobody_saw_is_added_once_as_served_by_the_fallback()
    {
        var story = Scenario.With("anna").At(100);
        var input = Read(story, Fallback, known: null);
        story.Send(input).Expect("new imported Inbound +393331112222 to 800100 Fallback by Caller agent anna client mario wait 3000 talk 10000 legs 2");
        story.Send(input).ExpectNothing();
        story.Engine.Snapshot().OpenCalls.Should().Be(0);
        story.AgentOf("anna").State.Should().Be(AgentState.Ready, "it is over");
    }

    [Fact]
    public void What_AMI_tells_late_of_an_added_call_is_not_a_second_call()
    {
        var story = Scenario.With("anna").At(100);
        story.Send(Read(story, Fallback, null)).Forget();
        story.Channel(CelRows.Id("1"), "PJSIP/trunk").Asks(CelRows.Id("1")).ExpectNone("started");
        story.Engine.Snapshot().OpenCalls.Should().Be(0);
        story.At(300);
        story.Engine.State.Calls.Should().BeEmpty();
        story.Engine.State.Legs.Should().BeEmpty();
    }

    [Fact]
    public void A_living_call_is_left_alone()
    {
        var story = Scenario.With("anna").Channel(CelRows.Id("1"), "PJSIP/trunk").At(10).Forget();
        story.Send(Read(story, Fallback, null)).ExpectNothing();
    }

    [Fact]
    public void A_call_closed_by_estimate_gets_its_true_end_by_our_clock()
    {
        var story = Scenario.With("anna").At(100);
        // Our clock is 7 s ahead of the PBX's; 2 s of hold were seen before the line was lost.
        var ours = CelRows.Start.AddSeconds(7);
        var known = new CelKnown(story.Id("old"), Estimated: true, Routed: true, ours, ours.AddSeconds(0.5), ours.AddSeconds(3), Wait_ms: 2500, Hold_ms: 2000,
            [new CelKnownLeg(CelRows.Id("1"), null, ours, Estimated: false), new CelKnownLeg(CelRows.Id("2"), story.Id("anna"), ours.AddSeconds(1), Estimated: true)]);
        story.Send(Read(story, Fallback, known)).Expect("old corrected Answered by Caller agent anna wait 2500 talk 8000 legs 2");
        var entry = (CallCorrected)((EngineEffect.Write)story.All[^1]).Entry;
        entry.EndedAt.Should().Be(ours.AddSeconds(13));
        entry.Legs[1].EndedAt.Should().Be(ours.AddSeconds(13));
        entry.Estimated.Should().BeFalse();
    }

    [Fact]
    public void A_talk_first_seen_when_it_ran_already_gets_its_true_beginning()
    {
        var story = Scenario.With("anna").At(100);
        var start = CelRows.Start;
        var known = new CelKnown(story.Id("old"), Estimated: true, Routed: true, start, start, AnsweredAt: start.AddSeconds(6), Wait_ms: 6000, Hold_ms: 0,
            [new CelKnownLeg(CelRows.Id("1"), null, start, Estimated: false), new CelKnownLeg(CelRows.Id("2"), story.Id("anna"), start.AddSeconds(6), Estimated: true)]);
        story.Send(Read(story, Fallback, known)).Expect("old corrected Answered by Caller agent anna wait 3000 talk 10000 legs 2");
        ((CallCorrected)((EngineEffect.Write)story.All[^1]).Entry).AnsweredAt.Should().Be(start.AddSeconds(3));
    }

    [Fact]
    public void A_call_adopted_on_its_way_gets_its_true_beginning_and_wait()
    {
        var story = Scenario.With("anna").At(100);
        var start = CelRows.Start;
        var known = new CelKnown(story.Id("old"), Estimated: true, Routed: true, start.AddSeconds(2.5), null, null, null, 0, [new CelKnownLeg(CelRows.Id("1"), null, start.AddSeconds(2.5), Estimated: true)]);
        story.Send(Read(story, "0 START 1 PJSIP/trunk\n7 HANGUP 1 PJSIP/trunk source=PJSIP/trunk-00000001\n7 END 1 PJSIP/trunk", known)).Expect("old corrected Abandoned by Caller agent - wait 7000 talk 0 legs 1");
        ((CallCorrected)((EngineEffect.Write)story.All[^1]).Entry).StartedAt.Should().Be(start);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_was_adopted_of_a_call_after_a_restart_goes_back_into_it(bool estimated)
    {
        var story = Scenario.With("anna").At(100);
        var start = CelRows.Start;
        var old = new CelKnown(story.Id("old"), estimated, Routed: true, start, start, AnsweredAt: start.AddSeconds(3), Wait_ms: 3000, Hold_ms: 0, [new CelKnownLeg(CelRows.Id("1"), null, start, Estimated: false)]);
        var rest = new CelKnown(story.Id("rest"), Estimated: true, Routed: false, start.AddSeconds(9), null, null, null, 0, [new CelKnownLeg(CelRows.Id("2"), story.Id("anna"), start.AddSeconds(9), Estimated: true)]);
        var read = Read(story, Fallback, null);
        story.Send(read with { Findings = [read.Findings[0] with { Known = [old, rest] }] })
            .Expect("old merged from rest" + (estimated ? "\nold corrected Answered by Caller agent anna wait 3000 talk 10000 legs 2" : ""));
    }

    [Theory]
    [InlineData("callcrm-route", "Abandoned")]
    [InlineData("callcrm-fallback", "Fallback")]
    [InlineData("ring-group", "Fallback")]
    public void Who_hangs_up_on_the_way_to_the_fallback_was_not_served_by_it(string at, string outcome)
    {
        var story = Scenario.With("anna").At(100);
        story.Send(Read(story, $"0 START 1 PJSIP/trunk num=+393331112222\n0 CALLCRM_CALL 1 PJSIP/trunk extra=allowed:800100 num=+393331112222 context=callcrm-route\n10 CALLCRM_FALLBACK 1 PJSIP/trunk context=callcrm-route\n20 HANGUP 1 PJSIP/trunk source=PJSIP/trunk-00000001 context={at}\n20 END 1 PJSIP/trunk", null))
            .ExpectAmong($"new imported Inbound +393331112222 to 800100 {outcome} by Caller agent - client mario wait 20000 talk 0 legs 1");
    }

    [Theory]
    [InlineData(2, "ShortAbandon")]
    [InlineData(30, "Abandoned")]
    public void A_waiting_caller_who_vanished_and_hung_up_was_not_lost(double left, string outcome)
    {
        var story = Scenario.With("anna").At(100);
        var known = new CelKnown(story.Id("old"), Estimated: true, Routed: true, CelRows.Start, CelRows.Start, null, null, 0, [new CelKnownLeg(CelRows.Id("1"), null, CelRows.Start, false)]);
        story.Send(Read(story, $"0 START 1 PJSIP/trunk\n{left} HANGUP 1 PJSIP/trunk source=PJSIP/trunk-00000001\n{left} END 1 PJSIP/trunk", known))
            .Expect($"old corrected {outcome} by Caller agent - wait {left * 1000} talk 0 legs 1");
    }

    [Fact]
    public void A_waiting_caller_whom_the_fallback_took_meanwhile_is_marked_so()
    {
        var story = Scenario.With("anna").At(100);
        var known = new CelKnown(story.Id("old"), Estimated: true, Routed: true, CelRows.Start, CelRows.Start, null, null, 0, [new CelKnownLeg(CelRows.Id("1"), null, CelRows.Start, false)]);
        story.Send(Read(story, Fallback, known)).Expect("old corrected Fallback by Caller agent anna wait 3000 talk 10000 legs 2");
    }

    [Fact]
    public void Calls_of_colleagues_have_no_client_and_calls_past_our_dialplan_are_observed()
    {
        var story = Scenario.With("anna").At(100);
        story.Send(Read(story, "0 START 1 PJSIP/103 exten=104\n2 START 2 PJSIP/104 1 exten=s\n5 END 2 PJSIP/104 1\n5 END 1 PJSIP/103", null, client: false))
            .ExpectAmong("new imported Internal +393331112222 to 800100 Observed by Unknown agent - client - wait 5000 talk 0 legs 2");
    }

    [Theory]
    [InlineData("", "Abandoned")]
    [InlineData("1 ANSWER 1 PJSIP/trunk\n", "Observed")]
    public void Who_gave_up_while_our_number_rang_has_abandoned_and_who_left_a_menu_has_not(string picked, string outcome)
    {
        var story = Scenario.With("anna").At(100);
        story.Send(Read(story, $"0 START 1 PJSIP/trunk num=+393331112222 exten=800100 context=from-trunk\n{picked}20 HANGUP 1 PJSIP/trunk source=PJSIP/trunk-00000001\n20 END 1 PJSIP/trunk", null, client: false))
            .ExpectAmong($"new imported Inbound +393331112222 to 800100 {outcome} by Caller agent - client - wait 20000 talk 0 legs 1");
    }

    private const string Out = """
        0 START 1 PJSIP/101 num=101 exten=0612345678
        1 START 2 PJSIP/trunk 1
        3 ENTER 2 PJSIP/trunk 1 bridge=b
        3 ENTER 1 PJSIP/101 bridge=b
        13 HANGUP 1 PJSIP/101 source=PJSIP/101-00000001
        13 END 1 PJSIP/101
        13 END 2 PJSIP/trunk 1
        """;

    [Theory]
    [InlineData(LookupOutcome.Unknown, true, true)]
    [InlineData(LookupOutcome.Unknown, false, false)]
    [InlineData(LookupOutcome.Known, true, false)]
    [InlineData(LookupOutcome.Failed, true, false)]
    [InlineData(null, true, false)]
    public void The_recording_of_an_unseen_call_out_is_not_kept_only_where_it_was_private_for_sure(LookupOutcome? found, bool unknownPrivate, bool unkept)
    {
        var story = new Scenario(w => w.UnknownPrivate = unknownPrivate).PbxUp().Ready("anna").At(100).Forget();
        story.Send(WithClient(Read(story, Out, null), found is { } outcome ? new LookupResult(outcome, outcome == LookupOutcome.Known ? [new ClientMatch(story.Id("mario"), null, null, [])] : []) : null));
        Unkept(story).Should().Be(unkept ? CelRows.Id("2") : null);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Nor_where_no_queue_of_its_agent_is_recorded_and_of_an_unknown_agents_nothing_is_thrown_away(bool known)
    {
        var story = new Scenario(w => w.Queue("sales", q => q with { Record = false })).PbxUp().Ready("anna").At(100).Forget();
        var read = WithClient(Read(story, Out, null), new LookupResult(LookupOutcome.Unknown, []));
        var finding = read.Findings[0];
        if (!known)
            finding = finding with { Call = finding.Call with { Legs = [.. finding.Call.Legs.Select(l => l.Agent is null ? l : l with { Agent = Guid.NewGuid() })] } };
        story.Send(read with { Findings = [finding] });
        Unkept(story).Should().Be(known ? CelRows.Id("2") : null);
    }

    private static string? Unkept(Scenario story) => story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<RecordingUnkept>().SingleOrDefault()?.UniqueId;

    private static EngineInput.CelRead WithClient(EngineInput.CelRead read, LookupResult? client) => read with { Findings = [read.Findings[0] with { Client = client }] };

    private static EngineInput.CelRead Read(Scenario story, string rows, CelKnown? known, bool client = true)
    {
        var call = CelRows.Read(CelRows.Book(rows).Stories.Single())!;
        call = call with { Legs = [.. call.Legs.Select(l => l.Device == "PJSIP/101" ? l with { Agent = story.Id("anna") } : l)] };
        return new EngineInput.CelRead(Scenario.Node, [new CelFinding(call, story.Id("new"), new PhoneNumber(Scenario.Caller, NumberKind.E164, Scenario.Caller), new PhoneNumber("800100", NumberKind.Unparsed),
            client ? new LookupResult(LookupOutcome.Known, [new ClientMatch(story.Id("mario"), null, null, [])]) : null, known is null ? [] : [known])]);
    }
}
