using CallCrm.CallFlow;
using CallCrm.CrmApi.Recordings;
using CallCrm.Engine;

namespace CallCrm.CrmApi.Tests.Recordings;

public sealed class RecordingPartsTests
{
    static readonly DateTimeOffset Begin = new(2026, 11, 27, 9, 0, 0, TimeSpan.Zero);
    static readonly Guid Anna = new("00000000-0000-7000-8000-000000000001"), Luca = new("00000000-0000-7000-8000-000000000002");

    static TimelineBar Bar(TimelineKind kind, double from, double? to) => new(kind, Begin.AddSeconds(from), to is { } t ? Begin.AddSeconds(t) : null);

    static CallTimeline Timeline(params (Guid Agent, TimelineBar[] Bars)[] lanes) =>
        new(Guid.Empty, Begin, null, false, [.. lanes.Select(l => new TimelineLane($"agent.{l.Agent:N}", LaneKind.Agent, l.Agent, null, l.Bars))], []);

    static string Parts(CallTimeline timeline, double start, int duration_ms) =>
        Parts(timeline, RecordingClock.From(Begin.AddSeconds(start), duration_ms));

    static string Parts(CallTimeline timeline, RecordingClock clock) => string.Join(", ",
        RecordingParts.Of(timeline, clock, a => a == Anna ? "anna" : "luca").Select(p => $"{p.From_ms}–{p.To_ms} {p.Kind} {p.Agent}".TrimEnd()));

    [Fact]
    public void Talk_hold_and_transfer_each_have_their_part_and_no_millisecond_is_nobodys() =>
        Parts(Timeline((Anna, [Bar(TimelineKind.Ring, 3, 5), Bar(TimelineKind.Talk, 5, 20), Bar(TimelineKind.Hold, 20, 25), Bar(TimelineKind.Talk, 25, 30)]), (Luca, [Bar(TimelineKind.Talk, 33, 60), Bar(TimelineKind.WrapUp, 60, 90)])), 1, 59_000)
            .Should().Be("0–4000 wait, 4000–19000 talk anna, 19000–24000 hold anna, 24000–29000 talk anna, 29000–32000 wait, 32000–59000 talk luca");

    [Fact]
    public void Two_who_talk_at_once_share_it_and_one_who_holds_has_it_only_while_nobody_talks() =>
        Parts(Timeline((Anna, [Bar(TimelineKind.Hold, 0, 10)]), (Luca, [Bar(TimelineKind.Talk, 4, 6), Bar(TimelineKind.Conference, 8, 12)]), (Guid.NewGuid(), [])), 0, 12_000)
            .Should().Be("0–4000 hold anna, 4000–6000 talk luca, 6000–8000 hold anna, 8000–12000 talk luca");

    [Fact]
    public void A_recording_longer_than_the_call_known_and_a_running_talk_end_with_the_recording()
    {
        Parts(Timeline((Anna, [Bar(TimelineKind.Talk, 2, 4)])), -1, 8_000).Should().Be("0–3000 wait, 3000–5000 talk anna, 5000–8000 wait");
        Parts(Timeline((Anna, [Bar(TimelineKind.Talk, 2, null)])), 0, 5_000).Should().Be("0–2000 wait, 2000–5000 talk anna");
        Parts(Timeline(), 0, 5_000).Should().Be("0–5000 wait");
    }

    /// <summary>Rings 0–4, Anna talks 4–10, rings at Luca 10–14, Luca talks 14–20; the recording is begun at 0.2 and ends with the channel at 20.</summary>
    static CallTimeline HandedOn => Timeline((Anna, [Bar(TimelineKind.Ring, 1, 4), Bar(TimelineKind.Talk, 4, 10)]), (Luca, [Bar(TimelineKind.Ring, 10, 14), Bar(TimelineKind.Talk, 14, 20)])) with
    {
        Events = [new TimelineEvent(null, new RecordingStarted("pbx", "1.1") { Seq = 1, At = Begin.AddSeconds(0.2) }), new TimelineEvent(null, new LegEnded("pbx", "1.1", null, 16, null, 0, 0, false) { Seq = 2, At = Begin.AddSeconds(20) })],
    };

    [Theory]
    [InlineData(19_800, "0–3800 wait, 3800–9800 talk anna, 9800–13800 wait, 13800–19800 talk luca", 0)]
    [InlineData(19_720, "0–3720 wait, 3720–9720 talk anna, 9720–13720 wait, 13720–19720 talk luca", 0)] // What the PBX says and writes is never quite the same.
    [InlineData(18_000, "0–2000 wait, 2000–8000 talk anna, 8000–12000 wait, 12000–18000 talk luca", 0)] // Ringing: who is not answered yet sends no sound.
    [InlineData(16_000, "0–6000 talk anna, 6000–10000 wait, 10000–16000 talk luca", 0)]
    [InlineData(13_000, "0–6000 talk anna, 6000–7000 wait, 7000–13000 talk luca", 3000)] // And then the silence between the two.
    [InlineData(12_000, "0–6000 talk anna, 6000–12000 talk luca", 4000)]
    [InlineData(9_000, "0–4500 talk anna, 4500–9000 talk luca", 7000)] // Talk last, each its share.
    public void What_is_missing_is_missing_where_nobody_sent_sound(int duration_ms, string parts, int missing_ms)
    {
        var clock = RecordingClock.Of(HandedOn, Begin.AddSeconds(20).AddMilliseconds(-duration_ms), duration_ms, "1.1");
        Parts(HandedOn, clock).Should().Be(parts);
        clock.Missing_ms.Should().Be(missing_ms);
    }

    [Fact]
    public void Hold_goes_before_talk_and_music_before_hold()
    {
        var timeline = Timeline((Anna, [Bar(TimelineKind.Talk, 0, 5), Bar(TimelineKind.Hold, 5, 10), Bar(TimelineKind.Talk, 10, 15), Bar(TimelineKind.Wait, 15, 20)])) with { Events = HandedOn.Events };
        string Of(int duration_ms) => Parts(timeline, RecordingClock.Of(timeline, null, duration_ms, "1.1"));
        Of(16_000).Should().Be("0–4800 talk anna, 4800–9800 hold anna, 9800–14800 talk anna, 14800–16000 wait");
        Of(13_000).Should().Be("0–4800 talk anna, 4800–8000 hold anna, 8000–13000 talk anna");
    }

    [Fact]
    public void A_file_that_is_longer_than_its_channel_lived_says_so_and_where_begin_or_end_are_not_known_nothing_is_said()
    {
        RecordingClock.Of(HandedOn, Begin, 21_000, "1.1").Missing_ms.Should().Be(-1200);
        RecordingClock.Of(HandedOn, Begin, 9_000, "1.2").Missing_ms.Should().Be(0);
        var estimated = HandedOn with { Events = [HandedOn.Events[0], new TimelineEvent(null, new LegEnded("pbx", "1.1", null, 16, null, 0, 0, true) { Seq = 2, At = Begin.AddSeconds(20) })] };
        RecordingClock.Of(estimated, Begin.AddSeconds(8), 9_000, "1.1").Should().BeEquivalentTo(RecordingClock.From(Begin.AddSeconds(8), 9_000));
    }

    [Fact]
    public void A_caller_who_waits_unanswered_sends_no_sound_and_one_whom_music_answered_does()
    {
        var queued = Timeline((Anna, [Bar(TimelineKind.Talk, 14, 20)])) with { Events = HandedOn.Events };
        queued = queued with { Lanes = [new TimelineLane("client.1", LaneKind.Client, null, null, [Bar(TimelineKind.Wait, 0, 14)]), .. queued.Lanes] };
        var hold = new TimelineEvent(null, new RouteDecided(RouteRule.Hold, null, null, null, null, null, null, null, [], 0, 1) { Seq = 3, At = Begin.AddSeconds(4.2) });
        RecordingClock.Of(queued, null, 6_000, "1.1").Missing_ms.Should().Be(0);
        var held = queued with { Events = [.. queued.Events, hold] };
        RecordingClock.Of(held, null, 15_800, "1.1").Missing_ms.Should().Be(0, "it rang for four seconds before the music");
        RecordingClock.Of(held, null, 6_000, "1.1").Missing_ms.Should().Be(9_800, "and of the music nothing is there");
    }

    [Fact]
    public void A_file_that_was_closed_late_ends_with_its_channel() =>
        RecordingParts.Start(Timeline() with { Events = [new TimelineEvent(null, new LegEnded("pbx", "1.1", null, 16, null, 0, 0, false) { Seq = 1, At = Begin.AddSeconds(60) })] }, Begin.AddSeconds(11), 50_000, "1.1")
            .Should().Be(Begin.AddSeconds(10));

    [Theory]
    [InlineData(1.5, 2.0, 1.5)] // The file's own begin, when it fits what the PBX said.
    [InlineData(3600.0, 2.0, 2.0)] // A file server an hour off.
    [InlineData(null, 2.0, 2.0)]
    [InlineData(1.5, null, 1.5)]
    [InlineData(null, null, 0.0)]
    public void Where_the_file_begins_in_the_call(double? file, double? pbx, double expected)
    {
        var events = pbx is { } at ? [new TimelineEvent(null, new RecordingStarted("pbx", "1.1") { Seq = 1, At = Begin.AddSeconds(at) })] : Array.Empty<TimelineEvent>();
        RecordingParts.Start(Timeline() with { Events = events }, file is { } f ? Begin.AddSeconds(f) : null, 60_000, "1.1").Should().Be(Begin.AddSeconds(expected));
    }
}
