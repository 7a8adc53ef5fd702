using CallCrm.Engine;

namespace CallCrm.CallFlow;

/// <summary>A row of <c>call_span</c>, as far as it tells whose a second of a recording is.</summary>
/// <param name="Bridge">Spans of one bridge that overlap in time were with each other.</param>
public sealed record CallSpan(string Node, string UniqueId, Guid? AgentId, SpanKind Kind, string? Bridge, DateTimeOffset FromAt, DateTimeOffset ToAt);

/// <summary>Somebody at the other side of the recorded leg: an agent, or a leg without one (a mobile, a second client).</summary>
public readonly record struct RecordedParty(string UniqueId, Guid? AgentId);

/// <summary>A stretch of a recording in which nothing changes.</summary>
/// <param name="From">Since the start of the recording.</param>
/// <param name="Kind">What the recorded leg did; null: nothing we know of (before the answer, in the dialplan, between two agents).</param>
/// <param name="With">Talk and Conference: who could be heard, in the order of their leg ids.</param>
public sealed record RecordingPiece(TimeSpan From, TimeSpan To, SpanKind? Kind, IReadOnlyList<RecordedParty> With);

/// <summary>
/// Says of each moment of a recording whose it is. The recording sits on the client's leg and runs through every transfer, so
/// its file belongs to the call; its pieces belong to the agents who spoke in them.
/// </summary>
public static class RecordingAttribution
{
    /// <summary>The pieces fill the recording from its start to its end without a gap and in order; neighbours differ.</summary>
    public static IReadOnlyList<RecordingPiece> Split(string node, string uniqueId, DateTimeOffset start, DateTimeOffset end, IReadOnlyList<CallSpan> spans)
    {
        ArgumentNullException.ThrowIfNull(spans);
        if (end <= start) return [];
        var pieces = new List<RecordingPiece>();
        var own = spans.Where(s => s.Node == node && s.UniqueId == uniqueId).ToArray();
        var others = spans.Where(s => s.Node == node && s.UniqueId != uniqueId && IsTalk(s.Kind)).ToArray();
        DateTimeOffset[] cuts = [.. own.Concat(others).SelectMany(s => new[] { s.FromAt, s.ToAt }).Where(t => t > start && t < end).Append(start).Append(end).Distinct().Order()];
        for (var i = 1; i < cuts.Length; i++)
        {
            var (from, to) = (cuts[i - 1], cuts[i]);
            var doing = Array.Find(own, s => s.FromAt <= from && s.ToAt >= to);
            Add(pieces, new RecordingPiece(from - start, to - start, doing?.Kind, doing is not null && IsTalk(doing.Kind) ? With(others, doing.Bridge, from, to) : []));
        }

        return pieces;
    }

    /// <summary>How long each agent is heard in it.</summary>
    public static IReadOnlyDictionary<Guid, TimeSpan> TimeOfAgents(IEnumerable<RecordingPiece> pieces) =>
        pieces.SelectMany(p => p.With.Where(w => w.AgentId is not null).Select(w => w.AgentId!.Value).Distinct(), (p, agent) => (agent, Length: p.To - p.From))
            .GroupBy(p => p.agent).ToDictionary(g => g.Key, g => TimeSpan.FromTicks(g.Sum(p => p.Length.Ticks)));

    static bool IsTalk(SpanKind kind) => kind is SpanKind.Talk or SpanKind.Conference;

    static RecordedParty[] With(CallSpan[] others, string? bridge, DateTimeOffset from, DateTimeOffset to) =>
        [.. others.Where(s => s.Bridge == bridge && s.FromAt <= from && s.ToAt >= to).Select(s => new RecordedParty(s.UniqueId, s.AgentId)).OrderBy(w => w.UniqueId, StringComparer.Ordinal)];

    static void Add(List<RecordingPiece> pieces, RecordingPiece next)
    {
        if (pieces.Count > 0 && pieces[^1] is var last && last.Kind == next.Kind && last.With.SequenceEqual(next.With)) pieces[^1] = last with { To = next.To };
        else pieces.Add(next);
    }
}
