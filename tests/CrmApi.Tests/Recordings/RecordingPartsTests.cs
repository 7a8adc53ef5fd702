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

    static string Parts(CallTimeline timeline, double start, int duration_ms) => string.Join(", ",
        RecordingParts.Of(timeline, Begin.AddSeconds(start), duration_ms, a => a == Anna ? "anna" : "luca").Select(p => $"{p.From_ms}–{p.To_ms} {p.Kind} {p.Agent}".TrimEnd()));

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
