namespace CallCrm.CallFlow;

/// <summary>Puts what was derived and what is known from elsewhere into lanes: the client above, agents in the order they came, others below.</summary>
internal static class TimelineLanes
{
    /// <summary>By the PBX's clock and by ours one moment is not quite the same.</summary>
    static readonly TimeSpan Seen = TimeSpan.FromSeconds(1);

    public static IReadOnlyList<TimelineLane> Build(TimelineFold fold, TimelineSpan[] spans)
    {
        fold.Finish();
        var known = spans.Select(s => (Lane: fold.LaneOf(s), Bar: new TimelineBar(s.Kind, s.From, s.To))).Select(k => Named(k, fold.Bars)).ToList();
        var derived = fold.Bars.Select(b => Left(b.Lane, b.Bar, known, fold.Corrected)).OfType<(string Lane, TimelineBar Bar)>();
        var bars = known.Concat(derived).ToList();
        if (fold.Client is { } client && (fold.Corrected || !bars.Exists(b => b.Lane == client && Group(b.Bar.Kind) == TimelineKind.Talk)))
            bars.AddRange([.. ClientsTalk(fold, bars).Select(b => Left(client, b, known, fold.Corrected)).OfType<(string Lane, TimelineBar Bar)>()]);
        bars = [.. bars.Select(b => fold.Client is not null && b.Lane.StartsWith("client.", StringComparison.Ordinal) && b.Bar.With is null && Group(b.Bar.Kind) == TimelineKind.Talk
            ? (b.Lane, b.Bar with { With = With(fold, bars, b.Bar) }) : b)];
        return
        [
            .. fold.Lanes.OrderBy(l => l.Kind).Select(l => new TimelineLane(l.Id, l.Kind, l.Agent, l.Device, [.. bars.Where(b => b.Lane == l.Id).Select(b => b.Bar).OrderBy(b => b.From)]))
                .Where(l => l.Kind != LaneKind.Other || l.Device is not null || l.Bars.Count > 0),
        ];
    }

    /// <summary>A span knows its times best, the entries its queue and how the ring ended.</summary>
    static (string Lane, TimelineBar Bar) Named((string Lane, TimelineBar Bar) known, List<(string Lane, TimelineBar Bar)> derived)
    {
        if (known.Bar.Kind is not (TimelineKind.Wait or TimelineKind.Ring)) return known;
        var same = derived.Find(d => d.Lane == known.Lane && d.Bar.Kind == known.Bar.Kind && (d.Bar.To is not { } end || end > known.Bar.From) && (known.Bar.To is not { } over || over > d.Bar.From)).Bar;
        return same is null ? known : (known.Lane, known.Bar with { Queue = same.Queue, Outcome = same.Outcome });
    }

    /// <summary>What remains of a derived bar beside what is known of the same lane: nothing, or its open end; of a corrected call also what nobody saw.</summary>
    static (string Lane, TimelineBar Bar)? Left(string lane, TimelineBar bar, List<(string Lane, TimelineBar Bar)> known, bool corrected)
    {
        var told = known.FindAll(k => k.Lane == lane && Group(k.Bar.Kind) == Group(bar.Kind));
        if (told.Count == 0) return (lane, bar);
        if ((bar.To is not null && !corrected) || told.Exists(k => k.Bar.To is null)) return null;
        var from = told.Max(k => k.Bar.To!.Value);
        if (bar.To is { } to && to - from < Seen) return null;
        return (lane, from > bar.From ? bar with { From = from } : bar);
    }

    /// <summary>Kinds that say the same of a line: whoever has one of them from elsewhere needs none derived.</summary>
    static TimelineKind Group(TimelineKind kind) => kind switch
    {
        TimelineKind.Hold or TimelineKind.Park or TimelineKind.Conference or TimelineKind.Listen => TimelineKind.Talk,
        _ => kind,
    };

    /// <summary>With whom, where the span does not say: who talks or holds longest meanwhile.</summary>
    static Guid? With(TimelineFold fold, List<(string Lane, TimelineBar Bar)> bars, TimelineBar client)
    {
        var meanwhile = from lane in fold.Lanes
                        where lane.Agent is not null
                        from b in bars
                        where b.Lane == lane.Id && Group(b.Bar.Kind) == TimelineKind.Talk && (b.Bar.Kind == TimelineKind.Hold) == (client.Kind == TimelineKind.Hold)
                        let shared = Earlier(b.Bar.To, client.To) - (b.Bar.From > client.From ? b.Bar.From : client.From)
                        where shared > TimeSpan.Zero
                        orderby shared descending
                        select lane.Agent;
        return meanwhile.FirstOrDefault();
    }

    static DateTimeOffset Earlier(DateTimeOffset? a, DateTimeOffset? b) => a is { } x && b is { } y ? (x < y ? x : y) : a ?? b ?? DateTimeOffset.MaxValue;

    /// <summary>The client talks while an agent does, and is held while the agent holds.</summary>
    static IEnumerable<TimelineBar> ClientsTalk(TimelineFold fold, List<(string Lane, TimelineBar Bar)> bars) =>
        from lane in fold.Lanes
        where lane.Agent is not null
        from bar in bars
        where bar.Lane == lane.Id && bar.Bar.Kind is (TimelineKind.Talk or TimelineKind.Hold or TimelineKind.Conference)
        select bar.Bar with { With = lane.Agent };
}
