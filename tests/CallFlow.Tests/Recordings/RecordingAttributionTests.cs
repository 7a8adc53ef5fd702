using System.Globalization;
using CallCrm.Engine;

namespace CallCrm.CallFlow.Tests;

/// <summary>Times in seconds since the call's start; the recording is on the client's leg c and starts at 1.</summary>
public sealed class RecordingAttributionTests
{
    static readonly DateTimeOffset Start = new(2026, 11, 27, 10, 0, 0, TimeSpan.Zero);
    static readonly Guid Anna = new("00000000-0000-7000-8000-00000000000a");
    static readonly Guid Bruno = new("00000000-0000-7000-8000-00000000000b");
    readonly List<CallSpan> spans = [];

    RecordingAttributionTests Span(string leg, SpanKind kind, string? bridge, double from, double to)
    {
        Guid? agent = leg[0] switch { 'a' => Anna, 'b' => Bruno, _ => null };
        spans.Add(new CallSpan("n1", leg, agent, kind, bridge, Start.AddSeconds(from), Start.AddSeconds(to)));
        return this;
    }

    IReadOnlyList<RecordingPiece> Pieces(double from, double to) => RecordingAttribution.Split("n1", "c", Start.AddSeconds(from), Start.AddSeconds(to), spans);

    static string Text(IEnumerable<RecordingPiece> pieces) => string.Join(", ", pieces.Select(p =>
        string.Create(CultureInfo.InvariantCulture, $"{p.From.TotalSeconds}-{p.To.TotalSeconds} {p.Kind?.ToString() ?? "-"}{string.Concat(p.With.Select(w => " " + w.UniqueId))}")));

    [Fact]
    public void Blind_transfer_splits_the_recording_between_the_two_agents()
    {
        Span("a", SpanKind.Ring, null, 1, 3).Span("a", SpanKind.Talk, "1", 3, 10).Span("c", SpanKind.Talk, "1", 3, 10)
            .Span("b", SpanKind.Ring, null, 11, 14).Span("b", SpanKind.Talk, "2", 14, 20).Span("c", SpanKind.Talk, "2", 14, 20);
        Text(Pieces(1, 21)).Should().Be("0-2 -, 2-9 Talk a, 9-13 -, 13-19 Talk b, 19-20 -");
        RecordingAttribution.TimeOfAgents(Pieces(1, 21)).Should().BeEquivalentTo(new Dictionary<Guid, TimeSpan> { [Anna] = TimeSpan.FromSeconds(7), [Bruno] = TimeSpan.FromSeconds(6) });
    }

    [Fact]
    public void Attended_transfer_gives_the_hold_to_nobody_and_no_word_of_the_consultation()
    {
        Span("a", SpanKind.Talk, "1", 3, 10).Span("c", SpanKind.Talk, "1", 3, 10)
            .Span("a", SpanKind.Hold, "1", 10, 16).Span("c", SpanKind.Hold, "1", 10, 16)
            .Span("a2", SpanKind.Talk, "2", 12, 16).Span("b", SpanKind.Talk, "2", 12, 20).Span("c", SpanKind.Talk, "2", 16, 20);
        Text(Pieces(1, 20)).Should().Be("0-2 -, 2-9 Talk a, 9-15 Hold, 15-19 Talk b");
        RecordingAttribution.TimeOfAgents(Pieces(1, 20))[Bruno].Should().Be(TimeSpan.FromSeconds(4), "he spoke with the client for four seconds, before that with his colleague");
    }

    [Fact]
    public void Two_agents_with_the_client_are_both_heard()
    {
        Span("c", SpanKind.Talk, "1", 2, 9).Span("a", SpanKind.Talk, "1", 2, 7).Span("b", SpanKind.Talk, "1", 4, 9);
        Text(Pieces(1, 9)).Should().Be("0-1 -, 1-3 Talk a, 3-6 Talk a b, 6-8 Talk b");
    }

    [Fact]
    public void A_recording_that_begins_late_and_ends_early_has_only_its_own_time()
    {
        Span("c", SpanKind.Talk, "1", 2, 9).Span("a", SpanKind.Talk, "1", 2, 9).Span("c", SpanKind.Park, null, 9, 12);
        Text(Pieces(5, 11)).Should().Be("0-4 Talk a, 4-6 Park");
        Pieces(5, 5).Should().BeEmpty();
    }

    [Fact]
    public void Another_call_in_the_same_seconds_at_another_PBX_is_not_heard()
    {
        Span("c", SpanKind.Talk, "1", 2, 9).Span("a", SpanKind.Talk, "1", 2, 9);
        spans.Add(new CallSpan("n2", "b", Bruno, SpanKind.Talk, "1", Start.AddSeconds(2), Start.AddSeconds(9)));
        Text(Pieces(2, 9)).Should().Be("0-7 Talk a");
    }

    [Fact]
    public void Whatever_the_spans_are_the_pieces_fill_the_recording()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            spans.Clear();
            foreach (var leg in new[] { "c", "a", "b", "x" })
            {
                var at = random.NextDouble() * 5;
                for (var i = random.Next(6); i > 0; i--)
                {
                    var to = at + 0.01 + (random.NextDouble() * 5);
                    Span(leg, (SpanKind)random.Next(7), $"{random.Next(2)}", at, to);
                    at = to + (random.Next(2) * random.NextDouble());
                }
            }

            var pieces = Pieces(1, 12);
            pieces[0].From.Should().Be(TimeSpan.Zero);
            pieces[^1].To.Should().Be(TimeSpan.FromSeconds(11));
            pieces.Zip(pieces.Skip(1)).All(p => p.First.To == p.Second.From && p.First.From < p.First.To).Should().BeTrue();
        }
    }
}
