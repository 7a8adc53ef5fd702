using CallCrm.Engine;

namespace CallCrm.CallFlow;

/// <summary>
/// A call's life as lanes, bars and events: what the page draws and the command line prints. Pure: made from the call's entries, whether they
/// come from the journal or were made again from the projections (<see cref="TimelineRows"/>).
/// </summary>
/// <param name="To">End of the call, or of the last wrap-up after it; null while anything goes on.</param>
public sealed record CallTimeline(Guid Call, DateTimeOffset From, DateTimeOffset? To, bool Estimated, IReadOnlyList<TimelineLane> Lanes, IReadOnlyList<TimelineEvent> Events)
{
    public static CallTimeline Empty(Guid call, DateTimeOffset at) => new(call, at, at, false, [], []);

    /// <param name="entries">The call's and those of the calls that became part of it, as they happened: by number, which a step of the clock does not disturb.</param>
    /// <param name="spans">Known from elsewhere: wrap-ups, and the legs' own spans where they are kept.</param>
    public static CallTimeline Of(Guid call, IReadOnlyList<JournalEntry> entries, IEnumerable<TimelineSpan> spans)
    {
        if (entries.Count == 0) return Empty(call, default);
        var derived = new TimelineFold(call);
        var known = TimelineCel.Cut(call, entries, [.. spans]);
        entries = TimelineCel.Place(call, entries);
        foreach (var entry in entries) derived.Apply(entry);
        var lanes = TimelineLanes.Build(derived, [.. known]);
        var from = lanes.SelectMany(l => l.Bars).Select(b => b.From).Append(entries[0].At).Min();
        DateTimeOffset? to = derived.EndedAt is null || lanes.Any(l => l.Bars.Any(b => b.To is null))
            ? null
            : lanes.SelectMany(l => l.Bars).Select(b => b.To!.Value).Append(derived.EndedAt.Value).Max();
        return new CallTimeline(call, from, to, derived.Estimated, lanes, [.. entries.Where(IsEvent).Select(e => new TimelineEvent(derived.LaneOf(e), e))]);
    }

    /// <summary>Agents' states repeat what offers and legs say; only the wrap-up is told by nothing else. Spans are bars, no events.</summary>
    static bool IsEvent(JournalEntry entry) => entry is not AgentChanged { State: not AgentState.WrapUp } && JournalText.KindOf(entry) != "leg_span";
}
