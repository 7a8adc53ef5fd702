using CallCrm.Engine;

namespace CallCrm.CallFlow.Tests.Timeline;

/// <summary>Entries in, the picture out, as text.</summary>
public sealed class CallTimelineTests
{
    static readonly Guid Call = Id(1), Client = Id(2), Anna = Id(3), Luca = Id(4), Mila = Id(5), Sales = Id(6), Support = Id(7), Younger = Id(8);
    static readonly Dictionary<Guid, string> Names = new() { [Client] = "Mario", [Anna] = "anna", [Luca] = "luca", [Mila] = "mila", [Sales] = "sales", [Support] = "support" };

    static Guid Id(int n) => new(n, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0);

    static CallTimeline Of(CallScript script, params TimelineSpan[] spans) => CallTimeline.Of(Call, [.. script.Entries.Where(e => e.Call is not null)], spans);

    static string[] Lines(CallTimeline timeline) => new TimelineText(id => Names.GetValueOrDefault(id) ?? id.ToString()).Of(timeline).Split('\n');

    static string Lanes(CallTimeline timeline) => string.Join('\n', Lines(timeline).Take(timeline.Lanes.Count));

    static void Draws(CallTimeline timeline, string expected) => Lanes(timeline).Should().Be(expected.Trim());

    static TimelineSpan Span(string unique, Guid? agent, TimelineKind kind, double from, double? to) =>
        new("n1", unique, agent, kind, null, CallScript.Begin.AddSeconds(from), to is { } t ? CallScript.Begin.AddSeconds(t) : null);

    [Fact]
    public void A_call_from_the_line_to_the_wrap_up_in_whole()
    {
        var timeline = Of(new CallScript().WholeCall(Call, Client, Anna, Sales), new TimelineSpan("", "", Anna, TimelineKind.WrapUp, null, CallScript.Begin.AddSeconds(78), CallScript.Begin.AddSeconds(98)));
        string.Join('\n', Lines(timeline)).Should().Be("""
            client: Wait 0:00.000–0:08.000 sales, Talk 0:08.000–0:28.000 with anna, Hold 0:28.000–0:38.000 with anna, Talk 0:38.000–1:18.000 with anna
            anna: Ring 0:03.000–0:08.000 Answered, Talk 0:08.000–0:28.000, Hold 0:28.000–0:38.000, Talk 0:38.000–1:18.000, WrapUp 1:18.000–1:38.000
            0:00.000 Inbound call from +390212345678 to 0200000
            0:00.000 leg PJSIP/trunk-1 of the client
            0:00.000 identified: Known Mario
            0:00.000 entered queue sales at place 1
            0:03.000 routed by LeastBusy to anna of 1: anna level 1 load 12.5 % idle 60 s
            0:03.000 offered to anna at 101 (PJSIP/101), attempt 1
            0:03.000 rings at anna
            0:03.000 leg PJSIP/101-2 of anna
            0:08.000 offer to anna ended: Answered
            0:08.000 anna answered after 8.0 s
            0:08.000 recording began
            0:28.000 on hold by anna
            0:38.000 off hold by anna
            1:18.000 leg ended, cause 16
            1:18.000 leg ended, cause 16 anna talk 60.0 s hold 10.0 s
            1:18.000 ended: Answered by Caller, wait 8.0 s talk 60.0 s hold 10.0 s
            1:18.000 anna wraps up
            """);
        (timeline.To - timeline.From, timeline.Estimated).Should().Be((TimeSpan.FromSeconds(98), false));
        timeline.Lanes[1].Total(TimelineKind.Talk, default).Should().Be(TimeSpan.FromSeconds(60));
    }

    static CallScript Begins() => new CallScript().Start(Call).Say(new CallQueued(Sales, 1) { Seq = 0, At = default }, Call);

    static CallScript Leg(CallScript script, string unique, string channel, Guid? agent, bool client = false) =>
        script.Say(new LegStarted("n1", unique, channel, agent, client, false) { Seq = 0, At = default }, Call);

    static CallScript Answers(CallScript script, Guid offer, Guid agent, string unique) => script
        .Say(new OfferEnded(offer, agent, OfferOutcome.Answered, null, 0) { Seq = 0, At = default }, Call)
        .Say(new CallAnswered(offer, agent, "n1", unique, 0) { Seq = 0, At = default }, Call);

    static CallScript Hangs(CallScript script, Guid? agent, string unique, double talk, double hold = 0) =>
        script.Say(new LegEnded("n1", unique, agent, 16, null, (int)(talk * 1000), (int)(hold * 1000), false) { Seq = 0, At = default }, Call);

    static CallScript Ends(CallScript script, CallOutcome outcome = CallOutcome.Answered) =>
        script.Say(new CallEnded(outcome, EndedBy.Caller, 16, null, null, Sales, 0, 0, 0, false) { Seq = 0, At = default }, Call);

    [Fact]
    public void A_caller_who_gives_up_has_a_wait_and_what_rang_in_vain()
    {
        var script = Begins().After(2).Offer(Call, Id(51), Anna, Sales).After(3)
            .Say(new OfferEnded(Id(51), Anna, OfferOutcome.Unreachable, null, 0) { Seq = 0, At = default }, Call)
            .Offer(Call, Id(52), Luca, Sales, 2).After(0.5).Say(new OfferRang(Id(52), Luca) { Seq = 0, At = default }, Call).After(4);
        Draws(Of(Ends(Hangs(script, null, "1.1", 0).Say(new OfferEnded(Id(52), Luca, OfferOutcome.CallerGaveUp, null, 4000) { Seq = 0, At = default }, Call), CallOutcome.Abandoned)), """
            client: Wait 0:00.000–0:09.500 sales
            anna: Offer 0:02.000–0:05.000 Unreachable
            luca: Ring 0:05.500–0:09.500 CallerGaveUp
            """);
    }

    [Fact]
    public void Three_agents_one_after_the_other_each_have_their_own_talk()
    {
        var script = Answers(Leg(Begins().After(1).Offer(Call, Id(51), Anna, Sales), "1.2", "PJSIP/101-2", Anna).After(2), Id(51), Anna, "1.2").After(10);
        script = Leg(script.Say(new CallTransferred(TransferKind.Blind, Anna, Luca, "102") { Seq = 0, At = default }, Call), "1.3", "PJSIP/102-3", Luca);
        script = Hangs(script, Anna, "1.2", 10).After(4).Say(new CallAnswered(null, Luca, "n1", "1.3", 3000) { Seq = 0, At = default }, Call).After(20);
        script = Hangs(script.Say(new CallQueued(Support, 1) { Seq = 0, At = default }, Call), Luca, "1.3", 20).After(6);
        script = Answers(Leg(script, "1.4", "PJSIP/103-4", Mila), Id(53), Mila, "1.4").After(30);
        Draws(Of(Ends(Hangs(Hangs(script, Mila, "1.4", 30), null, "1.1", 0))), """
            client: Wait 0:00.000–0:03.000 sales, Talk 0:03.000–0:13.000 with anna, Talk 0:17.000–0:37.000 with luca, Wait 0:37.000–0:43.000 support, Talk 0:43.000–1:13.000 with mila
            anna: Offer 0:01.000–0:03.000 Answered, Talk 0:03.000–0:13.000
            luca: Talk 0:17.000–0:37.000
            mila: Talk 0:43.000–1:13.000
            """);
    }

    [Fact]
    public void A_running_call_has_open_bars_and_no_end()
    {
        var script = Answers(Leg(Begins().After(1).Offer(Call, Id(51), Anna, Sales), "1.2", "PJSIP/101-2", Anna).After(2), Id(51), Anna, "1.2").After(5).Say(new CallHeld(Anna) { Seq = 0, At = default }, Call);
        var timeline = Of(script);
        timeline.To.Should().BeNull();
        Draws(timeline, """
            client: Wait 0:00.000–0:03.000 sales, Talk 0:03.000–0:08.000 with anna, Hold 0:08.000–… with anna
            anna: Offer 0:01.000–0:03.000 Answered, Talk 0:03.000–0:08.000, Hold 0:08.000–…
            """);
        timeline.Lanes[1].Total(TimelineKind.Hold, CallScript.Begin.AddSeconds(60)).Should().Be(TimeSpan.FromSeconds(52));
    }

    [Fact]
    public void What_the_legs_spans_say_counts_for_more_and_the_open_end_is_still_drawn()
    {
        var script = Answers(Leg(Begins().After(1).Offer(Call, Id(51), Anna, Sales), "1.2", "PJSIP/101-2", Anna).After(2), Id(51), Anna, "1.2");
        Draws(Of(script, Span("1.2", Anna, TimelineKind.Talk, 3.02, 9), Span("1.2", Anna, TimelineKind.Park, 9, 15), Span("1.1", null, TimelineKind.Talk, 3.02, 9), Span("1.1", null, TimelineKind.Park, 9, null)), """
            client: Wait 0:00.000–0:03.000 sales, Talk 0:03.020–0:09.000 with anna, Park 0:09.000–… with anna
            anna: Offer 0:01.000–0:03.000 Answered, Talk 0:03.020–0:09.000, Park 0:09.000–0:15.000, Talk 0:15.000–…
            """);
    }

    [Fact]
    public void A_span_of_a_wait_or_ring_keeps_the_queues_name_and_how_it_ended()
    {
        var script = Begins().After(2).Offer(Call, Id(51), Luca, Sales).After(0.5).Say(new OfferRang(Id(51), Luca) { Seq = 0, At = default }, Call).After(4)
            .Say(new OfferEnded(Id(51), Luca, OfferOutcome.Declined, 603, 4000) { Seq = 0, At = default }, Call).After(1);
        Draws(Of(Ends(script, CallOutcome.Abandoned), Span("1.1", null, TimelineKind.Wait, 0.1, 7.4), Span("9.9", Luca, TimelineKind.Ring, 2.45, 6.48)), """
            client: Wait 0:00.100–0:07.400 sales
            luca: Ring 0:02.450–0:06.480 Declined
            """);
    }

    [Fact]
    public void A_sum_that_the_bars_do_not_explain_marks_them_as_estimated() =>
        Draws(Of(Ends(Hangs(Answers(Leg(Begins(), "1.2", "PJSIP/101-2", Anna), Id(51), Anna, "1.2").After(60), Anna, "1.2", 40, 20))), """
            client: Talk 0:00.000–1:00.000 with anna estimated
            anna: Talk 0:00.000–1:00.000 estimated
            """);

    [Fact]
    public void A_merged_calls_events_stand_in_one_picture_and_halves_of_local_channels_in_none()
    {
        var script = Leg(Leg(Begins(), "1.5", "Local/101@from-queue-00000001;1", null), "1.6", "Local/101@from-queue-00000001;2", null);
        script.After(1).Say(new LegStarted("n1", "1.9", "PJSIP/205-9", null, false, false) { Seq = 0, At = default }, Younger).Say(new CallMerged(Younger) { Seq = 0, At = default }, Call).After(4);
        Draws(Of(Ends(script, CallOutcome.Abandoned)), """
            client: Wait 0:00.000–0:05.000 sales
            PJSIP/205:
            """);
    }

    [Fact]
    public void Nothing_recorded_is_an_empty_picture()
    {
        var timeline = CallTimeline.Of(Call, [], []);
        (timeline.Lanes.Count, timeline.Events.Count).Should().Be((0, 0));
    }

    [Fact]
    public void A_clock_put_back_an_hour_keeps_the_order_and_draws_no_bar_backwards()
    {
        var script = Answers(Leg(Begins(), "1.2", "PJSIP/101-2", Anna).After(2), Id(51), Anna, "1.2").After(-3600);
        var timeline = Of(Ends(Hangs(script, Anna, "1.2", 10)));
        timeline.Events.Select(e => e.Kind).Should().EndWith(["call_answered", "leg_ended", "call_ended"]);
        timeline.Lanes.SelectMany(l => l.Bars).Should().OnlyContain(b => b.To > b.From);
    }
}
