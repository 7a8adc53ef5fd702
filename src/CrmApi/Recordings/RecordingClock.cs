using CallCrm.CallFlow;
using CallCrm.Engine;

namespace CallCrm.CrmApi.Recordings;

/// <summary>
/// From the call's time to the recording's. While neither side sends sound the PBX writes none, so a file may be shorter than the time it was made
/// in; then it is fitted piecewise, between its beginning, the bridges, holds and waits, and the end of its channel: what is missing is taken to
/// be where sound is least to be expected. Pure.
/// </summary>
/// <param name="Missing_ms">How much longer the recorded time is than the file (less than nothing: shorter), beyond the ringing before anybody
/// was there; 0 up to <see cref="Tolerance"/>, and where begin or end are not known.</param>
internal sealed record RecordingClock(IReadOnlyList<RecordingClock.Piece> Pieces, int Duration_ms, int Missing_ms)
{
    /// <summary>Between what the PBX says and what it writes; more is shown.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(100);

    /// <summary>A stretch of the call and where it lies in the file.</summary>
    internal sealed record Piece(DateTimeOffset From, DateTimeOffset To, double From_ms, double To_ms);

    /// <summary>Where sound is missing, in this order.</summary>
    enum Silence { BeforeAnybody, NobodyThere, Waiting, OnHold, Talking }

    public static RecordingClock From(DateTimeOffset start, int duration_ms) => new([new Piece(start, start.AddMilliseconds(duration_ms), 0, duration_ms)], duration_ms, 0);

    /// <param name="fileStart">By the file's end and length.</param>
    /// <param name="uniqueId">The channel it sits on.</param>
    public static RecordingClock Of(CallTimeline timeline, DateTimeOffset? fileStart, int duration_ms, string uniqueId)
    {
        var plain = From(RecordingParts.Start(timeline, fileStart, duration_ms, uniqueId), duration_ms);
        var entries = timeline.Events.Select(e => e.Entry);
        var start = entries.OfType<RecordingStarted>().FirstOrDefault(r => r.UniqueId == uniqueId)?.At;
        var end = entries.OfType<LegEnded>().FirstOrDefault(l => l.UniqueId == uniqueId && !l.Estimated)?.At;
        if (start is not { } from || end is not { } to || to <= from) return plain;
        var missing = to - from - TimeSpan.FromMilliseconds(duration_ms);
        if (missing <= Tolerance) return missing < -Tolerance ? plain with { Missing_ms = (int)missing.TotalMilliseconds } : plain;
        return Fit(Stretches(timeline, from, to), missing.TotalMilliseconds, duration_ms);
    }

    public int At(DateTimeOffset at)
    {
        var piece = Pieces.FirstOrDefault(p => at < p.To) ?? Pieces[^1];
        var length = (piece.To - piece.From).TotalMilliseconds;
        var share = length > 0 ? (at - piece.From).TotalMilliseconds / length : 0;
        return (int)Math.Clamp(Math.Round(piece.From_ms + share * (piece.To_ms - piece.From_ms)), 0, Duration_ms);
    }

    /// <summary>Within one kind each stretch loses its share.</summary>
    static RecordingClock Fit(List<(DateTimeOffset From, DateTimeOffset To, Silence Kind)> stretches, double missing_ms, int duration_ms)
    {
        var keeps = new Dictionary<Silence, double>();
        var (left, unexplained) = (missing_ms, 0d);
        foreach (var kind in Enum.GetValues<Silence>())
        {
            var length = stretches.Where(s => s.Kind == kind).Sum(s => (s.To - s.From).TotalMilliseconds);
            var taken = Math.Min(length, left);
            keeps[kind] = length > 0 ? 1 - taken / length : 1;
            left -= taken;
            if (kind != Silence.BeforeAnybody) unexplained += taken;
        }

        var pieces = new List<Piece>();
        var at = 0d;
        foreach (var (from, to, kind) in stretches)
        {
            var next = at + (to - from).TotalMilliseconds * keeps[kind];
            pieces.Add(new Piece(from, to, at, next));
            at = next;
        }

        return new RecordingClock(pieces, duration_ms, unexplained > Tolerance.TotalMilliseconds ? (int)unexplained : 0);
    }

    static List<(DateTimeOffset From, DateTimeOffset To, Silence Kind)> Stretches(CallTimeline timeline, DateTimeOffset from, DateTimeOffset to)
    {
        var bars = timeline.Lanes.SelectMany(l => l.Bars).Where(b => KindOf(b.Kind) is not null)
            .Select(b => (From: Within(b.From), To: Within(b.To ?? to), Kind: KindOf(b.Kind)!.Value)).Where(b => b.To > b.From).ToList();
        // A caller whom nobody has answered yet waits as well, in silence: an agent or our own music answers.
        var first = Within(bars.Where(b => b.Kind != Silence.Waiting).Select(b => b.From).Concat(timeline.Events.Where(e => e.Entry is RouteDecided { Rule: RouteRule.Hold }).Select(e => e.Entry.At)).Append(to).Min());
        var cuts = bars.SelectMany(b => new[] { b.From, b.To }).Append(from).Append(first).Append(to).Distinct().Order().ToList();
        return [.. cuts.Zip(cuts.Skip(1), (a, b) => (a, b, Kind(a, b)))];

        DateTimeOffset Within(DateTimeOffset at) => at < from ? from : at > to ? to : at;

        Silence Kind(DateTimeOffset a, DateTimeOffset b)
        {
            if (b <= first) return Silence.BeforeAnybody;
            var here = bars.FindAll(s => s.From <= a && s.To >= b);
            return here.Count > 0 ? here.Max(s => s.Kind) : Silence.NobodyThere;
        }
    }

    static Silence? KindOf(TimelineKind kind) => kind switch
    {
        TimelineKind.Talk or TimelineKind.Conference or TimelineKind.Message => Silence.Talking,
        TimelineKind.Hold => Silence.OnHold,
        TimelineKind.Wait or TimelineKind.Park => Silence.Waiting,
        _ => null,
    };
}
