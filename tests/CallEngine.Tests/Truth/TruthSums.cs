namespace CallCrm.Engine.Tests;

/// <summary>What must hold of the spans of any journal: they add up to the figures, and each is inside of its leg's life.</summary>
internal static class TruthSums
{
    private static readonly TimeSpan Rounding = TimeSpan.FromMilliseconds(1);

    public static void Check(IReadOnlyList<JournalEntry> entries)
    {
        var journal = new TruthJournal(entries, TraceRun.Start);
        foreach (var leg in entries.OfType<LegSpan>().GroupBy(s => (s.Node, s.UniqueId)))
            CheckLeg(entries, [.. leg]);
        foreach (var call in journal.Calls)
            CheckCall(call);
        foreach (var bridge in entries.OfType<LegSpan>().Where(TruthJournal.IsTalk).Select(s => s.Bridge!).Distinct())
        {
            foreach (var stretch in TruthJournal.Stretches(journal.TalkIn(bridge)))
                stretch.Spans.Should().HaveCountGreaterThan(1, "nobody talks to nobody: {0}", stretch.Spans[0]);
        }

        foreach (var agent in entries.OfType<LegSpan>().Where(s => s.Agent is not null && TruthJournal.IsTalk(s)).GroupBy(s => s.Agent))
            TruthJournal.Stretches([.. agent]).Should().OnlyContain(s => s.Spans.Count == 1, "nobody is in two talks at once");
        foreach (var rang in entries.OfType<OfferEnded>().Where(o => o is { Ring_ms: > 0, Outcome: OfferOutcome.Answered or OfferOutcome.Declined or OfferOutcome.NoAnswer }))
            entries.OfType<LegSpan>().Should().Contain(s => s.What == SpanKind.Ring && s.Agent == rang.Agent && Near(s.ToAt, rang.At) && Math.Abs((s.ToAt - s.FromAt).TotalMilliseconds - rang.Ring_ms) <= 2, "{0}", rang);
    }

    /// <summary>Talk, hold and conference of each leg is the time for which AMI has it in a bridge with another, counted here without the engine.</summary>
    public static void CheckAgainstBridges(IReadOnlyList<JournalEntry> entries, IReadOnlyList<(double AtMs, PbxEvent Event)> events)
    {
        if (events.Any(e => e.Event["Channel"]?.StartsWith("Local/", StringComparison.Ordinal) == true))
            return;
        foreach (var (leg, bridged) in BridgedTime.Of(events))
        {
            var spans = entries.OfType<LegSpan>().Where(s => s.UniqueId == leg && s.What is SpanKind.Talk or SpanKind.Hold or SpanKind.Conference).Where(s => s.UniqueId == leg);
            var told_ms = spans.Sum(s => (s.ToAt - s.FromAt).TotalMilliseconds);
            told_ms.Should().BeApproximately(bridged, 1, "leg {0}", leg);
        }
    }

    private static void CheckLeg(IReadOnlyList<JournalEntry> entries, LegSpan[] spans)
    {
        for (var i = 0; i < spans.Length; i++)
        {
            spans[i].ToAt.Should().BeAfter(spans[i].FromAt);
            if (i > 0)
                spans[i].FromAt.Should().BeOnOrAfter(spans[i - 1].ToAt, "{0} after {1}", spans[i], spans[i - 1]);
        }

        var started = entries.OfType<LegStarted>().First(l => (l.Node, l.UniqueId) == (spans[0].Node, spans[0].UniqueId));
        spans[0].FromAt.Should().BeOnOrAfter(started.At);
        if (entries.OfType<LegEnded>().FirstOrDefault(l => (l.Node, l.UniqueId) == (spans[0].Node, spans[0].UniqueId)) is not { } ended)
            return;
        spans[^1].ToAt.Should().BeOnOrBefore(ended.At + Rounding);
        if (ended.Agent is null)
            return;
        Sum(spans.Where(TruthJournal.IsTalk)).Should().BeApproximately(ended.Talk_ms, 1.01, "{0}", ended);
        Sum(spans.Where(s => s.What == SpanKind.Hold)).Should().BeApproximately(ended.Hold_ms, 1.01, "{0}", ended);
    }

    private static void CheckCall(TruthCall call)
    {
        if (call.Ended is not { } ended)
            return;
        // Agents who go on without the client, and a call that others become after its end, count no more.
        var spans = call.Entries.TakeWhile(e => !ReferenceEquals(e, ended)).OfType<LegSpan>().Where(s => s.Agent is not null).ToArray();
        var legs = spans.Select(s => s.UniqueId).Distinct().Count() + 1;
        Sum(spans.Where(TruthJournal.IsTalk)).Should().BeApproximately(ended.Talk_ms, legs, "{0}", ended);
        Sum(spans.Where(s => s.What == SpanKind.Hold)).Should().BeApproximately(ended.Hold_ms, legs, "{0}", ended);
    }

    private static double Sum(IEnumerable<LegSpan> spans) => spans.Sum(s => (s.ToAt - s.FromAt).TotalMilliseconds);

    private static bool Near(DateTimeOffset a, DateTimeOffset b) => (a - b).Duration() <= TimeSpan.FromMilliseconds(2);
}

/// <summary>How long each channel shared a bridge with another, from BridgeEnter and BridgeLeave alone.</summary>
internal static class BridgedTime
{
    public static IReadOnlyDictionary<string, double> Of(IReadOnlyList<(double AtMs, PbxEvent Event)> events)
    {
        var bridges = new Dictionary<string, HashSet<string>>();
        var sums = new Dictionary<string, double>();
        var last = 0.0;
        foreach (var (at, e) in events)
        {
            foreach (var (members, leg) in bridges.Values.Where(b => b.Count > 1).SelectMany(b => b.Select(leg => (b, leg))))
                sums[leg] = sums.GetValueOrDefault(leg) + (at - last);
            last = at;
            if (e["BridgeTechnology"] == "holding_bridge" || e["Uniqueid"] is not { } id || e["BridgeUniqueid"] is not { } bridge || e["Channel"]?.StartsWith("CBAnn", StringComparison.Ordinal) == true)
                continue;
            if (e.Name == "BridgeEnter")
                (bridges.TryGetValue(bridge, out var set) ? set : bridges[bridge] = []).Add(id);
            else if (e.Name == "BridgeLeave")
                bridges.GetValueOrDefault(bridge)?.Remove(id);
        }

        return sums;
    }
}
