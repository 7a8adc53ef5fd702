using CallCrm.Engine;

namespace CallCrm.CallFlow.Tests.Timeline;

/// <summary>Calls of which the PBX's own record told, drawn as they were.</summary>
public sealed class TimelineCelTests
{
    static readonly Guid Call = Id(1), Client = Id(2), Anna = Id(3), Luca = Id(4), Sales = Id(6);
    static readonly Dictionary<Guid, string> Names = new() { [Client] = "Mario", [Anna] = "anna", [Luca] = "luca", [Sales] = "sales" };

    static Guid Id(int n) => new(n, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0);

    static DateTimeOffset At(double seconds) => CallScript.Begin.AddSeconds(seconds);

    static string Text(CallScript script, params TimelineSpan[] spans) =>
        new TimelineText(id => Names.GetValueOrDefault(id) ?? id.ToString()).Of(CallTimeline.Of(Call, script.Entries, spans));

    static string Lanes(CallScript script, params TimelineSpan[] spans) => string.Join('\n', Text(script, spans).Split('\n').TakeWhile(l => !char.IsAsciiDigit(l[0])));

    static TimelineSpan Span(string unique, Guid? agent, TimelineKind kind, double from, double? to) => new("n1", unique, agent, kind, null, At(from), to is { } t ? At(t) : null);

    static ImportedLeg Leg(string unique, Guid? agent, double from, double? answered, double to, double talk) =>
        new(unique, agent is null ? "PJSIP/trunk-1" : "PJSIP/101-2", agent, agent is null, At(from), answered is { } a ? At(a) : null, At(to), 16, (int)(talk * 1000));

    static CallScript Imported(bool estimated = false, params ImportedLeg[] legs) => new CallScript().After(1500).Say(
        new CallImported("n1", "9.1", CallDirection.Inbound, CallScript.Caller, CallScript.Dialled, "", At(0), legs.Select(l => l.AnsweredAt).Max(), At(20), legs.Length > 1 ? CallOutcome.Fallback : CallOutcome.Abandoned,
            EndedBy.Caller, 16, legs.Length > 1 ? Anna : null, Client, LookupOutcome.Known, [Client], 5000, legs.Sum(l => l.Talk_ms), true, estimated, [.. legs])
        { Seq = 0, At = default }, Call);

    static CallScript Corrected(CallScript script, double end, double? answered, bool estimated, params ImportedLeg[] legs) => script.Say(
        new CallCorrected(answered is null ? CallOutcome.Abandoned : CallOutcome.Answered, EndedBy.Caller, 16, answered is null ? null : Anna, answered is { } a ? At(a) : null, At(end), 8000, legs.Sum(l => l.Talk_ms),
            estimated, [.. legs])
        { Seq = 0, At = default }, Call);

    [Fact]
    public void An_imported_call_is_told_as_any_other_at_its_own_times() =>
        Text(Imported(false, Leg("9.1", null, 0, null, 20, 0), Leg("9.2", Anna, 1, 5, 20, 15))).Should().Be("""
            client: Talk 0:05.000–0:20.000 with anna
            anna: Talk 0:05.000–0:20.000
            0:00.000 not seen: told from the PBX's own record
            0:00.000 Inbound call from +390212345678 to 0200000
            0:00.000 identified: Known Mario
            0:00.000 leg PJSIP/trunk-1 of the client
            0:01.000 leg PJSIP/101-2 of anna
            0:05.000 anna answered after 5.0 s
            0:20.000 leg ended, cause 16
            0:20.000 leg ended, cause 16 anna talk 15.0 s hold 0.0 s
            0:20.000 ended: Fallback by Caller, wait 5.0 s talk 15.0 s hold 0.0 s
            """);

    [Fact]
    public void An_imported_call_that_nobody_took_lasts_as_long_as_it_did()
    {
        var timeline = CallTimeline.Of(Call, Imported(false, Leg("9.1", null, 0, null, 20, 0)).Entries, []);
        (timeline.From, timeline.To, timeline.Estimated, timeline.Lanes.Sum(l => l.Bars.Count)).Should().Be((At(0), At(20), false, 0));
    }

    [Fact]
    public void Of_an_imported_call_talk_that_the_record_does_not_cover_is_marked_and_one_cut_off_is_estimated()
    {
        Lanes(Imported(false, Leg("9.1", null, 0, null, 20, 0), Leg("9.2", Anna, 1, 5, 20, 9))).Should().Contain("anna: Talk 0:05.000–0:20.000 estimated");
        var cut = CallTimeline.Of(Call, Imported(true, Leg("9.1", null, 0, null, 20, 0), Leg("9.2", Anna, 1, 5, 20, 15)).Entries, []);
        (cut.Estimated, cut.Lanes[1].Bars[0].Estimated).Should().Be((true, true));
    }

    /// <summary>Answered at 8 s, out of sight until 300 s, when all is closed by estimate.</summary>
    static CallScript LostInTalk() => new CallScript().Start(Call).Say(new CallQueued(Sales, 1) { Seq = 0, At = default }, Call).After(3).Offer(Call, Id(51), Anna, Sales)
        .Say(new OfferRang(Id(51), Anna) { Seq = 0, At = default }, Call).Say(new LegStarted("n1", "1.2", "PJSIP/101-2", Anna, false, false) { Seq = 0, At = default }, Call).After(5)
        .Say(new OfferEnded(Id(51), Anna, OfferOutcome.Answered, null, 5000) { Seq = 0, At = default }, Call).Say(new CallAnswered(Id(51), Anna, "n1", "1.2", 8000) { Seq = 0, At = default }, Call).After(292)
        .Say(new LegEnded("n1", "1.2", Anna, 0, null, 292_000, 0, true) { Seq = 0, At = default }, Call).Say(new LegEnded("n1", "1.1", null, 0, null, 0, 0, true) { Seq = 0, At = default }, Call)
        .Say(new CallEnded(CallOutcome.Lost, EndedBy.Unknown, 0, Anna, Client, Sales, 8000, 292_000, 0, true) { Seq = 0, At = default }, Call).After(30);

    static readonly ImportedLeg[] TalkLegs = [Leg("1.1", null, 0, 8, 66, 0), Leg("1.2", Anna, 3, 8, 66, 58)];

    [Fact]
    public void A_corrected_call_ends_when_it_ended_and_is_no_estimate_any_more() =>
        Text(Corrected(LostInTalk(), 66, 8, false, TalkLegs)).Should().Be("""
            client: Wait 0:00.000–0:08.000 sales, Talk 0:08.000–1:06.000 with anna
            anna: Ring 0:03.000–0:08.000 Answered, Talk 0:08.000–1:06.000
            0:00.000 Inbound call from +390212345678 to 0200000
            0:00.000 leg PJSIP/trunk-1 of the client
            0:00.000 entered queue sales at place 1
            0:03.000 offered to anna at 101 (PJSIP/101), attempt 1
            0:03.000 rings at anna
            0:03.000 leg PJSIP/101-2 of anna
            0:08.000 offer to anna ended: Answered
            0:08.000 anna answered after 8.0 s
            1:06.000 leg ended, cause 16 anna talk 58.0 s hold 0.0 s
            1:06.000 leg ended, cause 16
            1:06.000 ended: Answered by Caller, wait 8.0 s talk 58.0 s hold 0.0 s
            5:30.000 its end was not seen: corrected from the PBX's own record
            """);

    [Fact]
    public void Without_the_correction_it_lasts_until_the_estimate() => Lanes(LostInTalk()).Should().Contain("anna: Ring 0:03.000–0:08.000 Answered, Talk 0:08.000–5:00.000 estimated");

    [Fact]
    public void A_correction_that_is_itself_cut_off_stays_an_estimate() =>
        Lanes(Corrected(LostInTalk(), 66, 8, true, TalkLegs)).Should().Be("""
            client: Wait 0:00.000–0:08.000 sales, Talk 0:08.000–1:06.000 with anna estimated
            anna: Ring 0:03.000–0:08.000 Answered, Talk 0:08.000–1:06.000 estimated
            """);

    [Fact]
    public void Spans_that_the_estimate_closed_are_cut_and_those_that_stop_before_are_gone_on_with()
    {
        var script = Corrected(LostInTalk(), 66, 8, false, TalkLegs);
        // The router lived: it closed the talk when the PBX came back.
        Lanes(script, Span("1.2", Anna, TimelineKind.Talk, 8, 300), Span("1.1", null, TimelineKind.Talk, 8, 300)).Should().Be("""
            client: Wait 0:00.000–0:08.000 sales, Talk 0:08.000–1:06.000 with anna
            anna: Ring 0:03.000–0:08.000 Answered, Talk 0:08.000–1:06.000
            """);
        // The router died: only what was over before is there.
        Lanes(script, Span("1.2", Anna, TimelineKind.Talk, 8, 28), Span("1.1", null, TimelineKind.Talk, 8, 28)).Should().Be("""
            client: Wait 0:00.000–0:08.000 sales, Talk 0:08.000–0:28.000 with anna, Talk 0:28.000–1:06.000 with anna
            anna: Ring 0:03.000–0:08.000 Answered, Talk 0:08.000–0:28.000, Talk 0:28.000–1:06.000
            """);
    }

    /// <summary>The router starts at 20 s, in the midst of the talk, and the PBX is killed with it later.</summary>
    [Fact]
    public void A_call_adopted_in_talk_is_told_from_its_true_beginning_and_its_spans_sum_up_to_its_talk()
    {
        var script = new CallScript().After(20)
            .Say(new CallStarted("n1", "1.1", "1.1", CallDirection.Inbound, CallScript.Caller, CallScript.Dialled, "", true, true) { Seq = 0, At = default }, Call)
            .Say(new LegStarted("n1", "1.1", "PJSIP/trunk-1", null, true, true) { Seq = 0, At = default }, Call)
            .Say(new LegStarted("n1", "1.2", "PJSIP/101-2", Anna, false, true) { Seq = 0, At = default }, Call)
            .Say(new CallAnswered(null, Anna, "n1", "1.2", 0, Estimated: true) { Seq = 0, At = default }, Call).After(30)
            .Say(new LegEnded("n1", "1.2", Anna, 0, null, 30_000, 0, true) { Seq = 0, At = default }, Call).Say(new LegEnded("n1", "1.1", null, 0, null, 0, 0, true) { Seq = 0, At = default }, Call)
            .Say(new CallEnded(CallOutcome.Answered, EndedBy.Unknown, 0, Anna, Client, null, 0, 30_000, 0, true) { Seq = 0, At = default }, Call).After(30)
            .Say(new CallCorrected(CallOutcome.Answered, EndedBy.Caller, 16, Anna, At(8), At(66), 8000, 58_000, false, [.. TalkLegs], At(0)) { Seq = 0, At = default }, Call);
        Text(script, Span("1.2", Anna, TimelineKind.Talk, 20, 50), Span("1.1", null, TimelineKind.Talk, 20, 50)).Should().Be("""
            client: Talk 0:08.000–0:50.000 with anna, Talk 0:50.000–1:06.000 with anna
            anna: Talk 0:08.000–0:50.000, Talk 0:50.000–1:06.000
            0:00.000 Inbound call from +390212345678 to 0200000
            0:00.000 leg PJSIP/trunk-1 of the client
            0:03.000 leg PJSIP/101-2 of anna
            0:08.000 anna answered after 8.0 s
            1:06.000 leg ended, cause 16 anna talk 58.0 s hold 0.0 s
            1:06.000 leg ended, cause 16
            1:06.000 ended: Answered by Caller, wait 8.0 s talk 58.0 s hold 0.0 s
            1:20.000 its end was not seen: corrected from the PBX's own record
            """);
        var timeline = CallTimeline.Of(Call, script.Entries, [Span("1.2", Anna, TimelineKind.Talk, 20, 50), Span("1.1", null, TimelineKind.Talk, 20, 50)]);
        timeline.Lanes.Should().OnlyContain(l => l.Bars.Sum(b => (b.To!.Value - b.From).TotalMilliseconds) == 58_000);
    }

    [Fact]
    public void What_was_adopted_while_it_rang_rings_and_waits_from_its_true_beginning_on()
    {
        var script = new CallScript().After(5)
            .Say(new CallStarted("n1", "1.1", "1.1", CallDirection.Inbound, CallScript.Caller, CallScript.Dialled, "", true, true) { Seq = 0, At = default }, Call)
            .Say(new LegStarted("n1", "1.1", "PJSIP/trunk-1", null, true, true) { Seq = 0, At = default }, Call)
            .Say(new LegStarted("n1", "1.2", "PJSIP/101-2", Anna, false, true) { Seq = 0, At = default }, Call).After(3)
            .Say(new CallAnswered(null, Anna, "n1", "1.2", 8000) { Seq = 0, At = default }, Call).After(22)
            .Say(new LegEnded("n1", "1.2", Anna, 0, null, 22_000, 0, true) { Seq = 0, At = default }, Call).Say(new LegEnded("n1", "1.1", null, 0, null, 0, 0, true) { Seq = 0, At = default }, Call)
            .Say(new CallEnded(CallOutcome.Answered, EndedBy.Unknown, 0, Anna, Client, null, 8000, 22_000, 0, true) { Seq = 0, At = default }, Call).After(60)
            .Say(new CallCorrected(CallOutcome.Answered, EndedBy.Caller, 16, Anna, At(8), At(66), 8000, 58_000, false, [.. TalkLegs], At(0)) { Seq = 0, At = default }, Call);
        Lanes(script, Span("1.1", null, TimelineKind.Wait, 5, 8), Span("1.1", null, TimelineKind.Talk, 8, 30), Span("1.2", Anna, TimelineKind.Ring, 5, 8), Span("1.2", Anna, TimelineKind.Talk, 8, 30)).Should().Be("""
            client: Wait 0:00.000–0:08.000, Talk 0:08.000–0:30.000 with anna, Talk 0:30.000–1:06.000 with anna
            anna: Ring 0:03.000–0:08.000, Talk 0:08.000–0:30.000, Talk 0:30.000–1:06.000
            """);
    }

    [Fact]
    public void An_answer_that_nobody_saw_ends_the_ring_and_the_wait_and_begins_the_talk()
    {
        var script = new CallScript().Start(Call).Say(new CallQueued(Sales, 1) { Seq = 0, At = default }, Call).After(3).Offer(Call, Id(51), Anna, Sales)
            .Say(new OfferRang(Id(51), Anna) { Seq = 0, At = default }, Call).Say(new LegStarted("n1", "1.2", "PJSIP/101-2", Anna, false, false) { Seq = 0, At = default }, Call).After(297)
            .Say(new OfferEnded(Id(51), Anna, OfferOutcome.CallerGaveUp, null, 297_000) { Seq = 0, At = default }, Call)
            .Say(new LegEnded("n1", "1.2", Anna, 0, null, 0, 0, true) { Seq = 0, At = default }, Call).Say(new LegEnded("n1", "1.1", null, 0, null, 0, 0, true) { Seq = 0, At = default }, Call)
            .Say(new CallEnded(CallOutcome.Lost, EndedBy.Unknown, 0, null, Client, Sales, 300_000, 0, 0, true) { Seq = 0, At = default }, Call).After(30);
        var whole = """
            client: Wait 0:00.000–0:08.000 sales, Talk 0:08.000–1:06.000 with anna
            anna: Ring 0:03.000–0:08.000 Answered, Talk 0:08.000–1:06.000
            """;
        Lanes(Corrected(script, 66, 8, false, TalkLegs)).Should().Be(whole);
        Lanes(Corrected(script, 66, 8, false, TalkLegs), Span("1.2", Anna, TimelineKind.Ring, 3, 300), Span("1.1", null, TimelineKind.Wait, 0, 300)).Should().Be(whole);
    }

    [Fact]
    public void A_caller_who_gave_up_unseen_waited_until_then_and_a_leg_never_seen_has_its_lane()
    {
        var script = new CallScript().Start(Call).Say(new CallQueued(Sales, 1) { Seq = 0, At = default }, Call).After(300)
            .Say(new LegEnded("n1", "1.1", null, 0, null, 0, 0, true) { Seq = 0, At = default }, Call)
            .Say(new CallEnded(CallOutcome.Lost, EndedBy.Unknown, 0, null, Client, Sales, 300_000, 0, 0, true) { Seq = 0, At = default }, Call);
        Lanes(Corrected(script, 40, null, false, Leg("1.1", null, 0, null, 40, 0))).Should().Be("client: Wait 0:00.000–0:40.000 sales");
        Lanes(Corrected(script, 66, 30, false, Leg("1.1", null, 0, 30, 66, 0), Leg("1.7", Luca, 25, 30, 66, 36))).Should().Be("""
            client: Wait 0:00.000–0:30.000 sales, Talk 0:30.000–1:06.000 with luca
            luca: Talk 0:30.000–1:06.000
            """);
    }

    [Fact]
    public void A_dialled_number_is_told() =>
        Text(new CallScript().Start(Call).Say(new CallDialled(CallDirection.Outbound, CallScript.Dialled) { Seq = 0, At = default }, Call)).Should().Contain("the PBX dials 0200000");
}
