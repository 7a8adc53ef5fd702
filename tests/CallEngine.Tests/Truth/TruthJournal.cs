namespace CallCrm.Engine.Tests;

/// <summary>One call as it stands at the end, what was merged into it included.</summary>
internal sealed record TruthCall(int Number, CallStarted Started, IReadOnlyList<JournalEntry> Entries)
{
    public IEnumerable<LegSpan> Spans => Entries.OfType<LegSpan>();

    public IEnumerable<LegEnded> LegEnds => Entries.OfType<LegEnded>();

    public CallEnded? Ended => Entries.OfType<CallEnded>().LastOrDefault();
}

/// <summary>A journal sorted into calls and legs, as the projections do it.</summary>
internal sealed class TruthJournal
{
    private readonly Dictionary<Guid, Guid> _merged = [];
    private readonly Dictionary<(string Node, string UniqueId), LegStarted> _legs = [];
    private readonly List<Guid> _order = [];

    public TruthJournal(IReadOnlyList<JournalEntry> entries, DateTimeOffset start)
    {
        Entries = entries;
        foreach (var merged in entries.OfType<CallMerged>())
            _merged[merged.From] = merged.Call!.Value;
        foreach (var leg in entries.OfType<LegStarted>())
            _legs.TryAdd((leg.Node, leg.UniqueId), leg);
        _order.AddRange(entries.OfType<CallStarted>().Select(e => e.Call!.Value));
        Calls =
        [
            .. entries.OfType<CallStarted>().Where(e => !_merged.ContainsKey(e.Call!.Value))
                .Select(e => new TruthCall(NumberOf(e.Call!.Value), e, [.. entries.Where(o => o.Call is { } id && o is not AgentChanged && Final(id) == e.Call)])),
        ];
    }

    public IReadOnlyList<JournalEntry> Entries { get; }

    public IReadOnlyList<TruthCall> Calls { get; }

    public static bool IsTalk(LegSpan span) => span.What is SpanKind.Talk or SpanKind.Conference;

    public IReadOnlyList<LegSpan> TalkIn(string bridge) => [.. Entries.OfType<LegSpan>().Where(s => IsTalk(s) && s.Bridge == bridge)];

    public int NumberOf(Guid call) => _order.IndexOf(call) + 1;

    public string Name(string node, string uniqueId)
    {
        var tail = uniqueId[(uniqueId.LastIndexOf('.') is var dot && dot >= 0 ? dot : 0)..];
        if (!_legs.TryGetValue((node, uniqueId), out var leg))
            return "unknown" + tail;
        return (leg.Agent is not null ? Number(leg.Agent) : leg.IsClient ? "client" : leg.ChannelName.Split('-')[0]) + tail;
    }

    public static string Number(Guid? agent) => agent is { } id ? TraceRun.NumberOf(id).ToString(System.Globalization.CultureInfo.InvariantCulture) : "nobody";

    /// <summary>The stretches of time between which nothing changes in who has one of these spans.</summary>
    public static IEnumerable<(DateTimeOffset From, DateTimeOffset To, List<LegSpan> Spans)> Stretches(IReadOnlyList<LegSpan> spans)
    {
        var ends = spans.SelectMany(s => new[] { s.FromAt, s.ToAt }).Distinct().Order().ToArray();
        for (var i = 1; i < ends.Length; i++)
        {
            var during = spans.Where(s => s.FromAt < ends[i] && s.ToAt > ends[i - 1]).ToList();
            if (during.Count > 0)
                yield return (ends[i - 1], ends[i], during);
        }
    }

    private Guid Final(Guid call)
    {
        while (_merged.TryGetValue(call, out var into))
            call = into;
        return call;
    }
}
