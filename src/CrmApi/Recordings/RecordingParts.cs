using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.Engine;

namespace CallCrm.CrmApi.Recordings;

/// <summary>
/// Which part of a recording is whose: every millisecond belongs to one part. The recording sits on the client's channel, so it runs through
/// queue, ringing, each agent's talk and hold. Pure.
/// </summary>
internal static class RecordingParts
{
    /// <summary>A file's own time may be off by what two machines' clocks are: then the PBX's word of the recording's begin counts.</summary>
    static readonly TimeSpan BelievableStart = TimeSpan.FromSeconds(10);

    /// <param name="fileStart">By the file's end and length.</param>
    /// <param name="uniqueId">The channel it sits on.</param>
    public static DateTimeOffset Start(CallTimeline timeline, DateTimeOffset? fileStart, int duration_ms, string uniqueId)
    {
        // A file is closed a moment after its channel is gone: its sound ends with the channel.
        var gone = timeline.Events.Select(e => e.Entry).OfType<LegEnded>().FirstOrDefault(l => l.UniqueId == uniqueId)?.At;
        if (gone?.AddMilliseconds(-duration_ms) is { } latest && fileStart > latest && fileStart - latest <= BelievableStart) fileStart = latest;
        var said = timeline.Events.Select(e => e.Entry).OfType<RecordingStarted>().FirstOrDefault(r => r.UniqueId == uniqueId)?.At;
        return (fileStart, said) switch
        {
            ({ } file, { } pbx) => (file - pbx).Duration() <= BelievableStart ? file : pbx,
            _ => fileStart ?? said ?? timeline.From,
        };
    }

    public static IReadOnlyList<RecordingPartView> Of(CallTimeline timeline, RecordingClock clock, Func<Guid?, string?> name)
    {
        var duration_ms = clock.Duration_ms;
        var bars = timeline.Lanes.Where(l => l.Agent is not null).SelectMany(l => l.Bars, (l, b) => (Agent: l.Agent!.Value, b.Kind, From: At(b.From), To: b.To is { } to ? At(to) : duration_ms))
            .Where(b => b.To > b.From && b.Kind is TimelineKind.Talk or TimelineKind.Conference or TimelineKind.Hold).ToList();
        bars.AddRange(timeline.Lanes.SelectMany(l => l.Bars).Where(b => b.Kind == TimelineKind.Message).Select(b => (Guid.Empty, b.Kind, At(b.From), b.To is { } to ? At(to) : duration_ms)));
        var cuts = bars.SelectMany(b => new[] { b.From, b.To }).Append(0).Append(duration_ms).Distinct().Order().ToList();
        var parts = new List<RecordingPartView>();
        foreach (var (from, to) in cuts.Zip(cuts.Skip(1)))
        {
            var here = bars.FindAll(b => b.From <= from && b.To >= to).OrderBy(b => b.Kind == TimelineKind.Hold).ThenBy(b => b.From).ToList();
            var part = here.Count == 0 ? new RecordingPartView(from, to, "wait", null, null)
                : here[0].Kind == TimelineKind.Message ? new RecordingPartView(from, to, "message", null, null)
                : new RecordingPartView(from, to, here[0].Kind == TimelineKind.Hold ? "hold" : "talk", here[0].Agent, Names(here.Where(b => (b.Kind == TimelineKind.Hold) == (here[0].Kind == TimelineKind.Hold)).Select(b => b.Agent)));
            if (parts.Count > 0 && parts[^1] is var last && (last.Kind, last.AgentId, last.Agent) == (part.Kind, part.AgentId, part.Agent)) parts[^1] = last with { To_ms = to };
            else parts.Add(part);
        }

        return parts;

        int At(DateTimeOffset at) => clock.At(at);

        string Names(IEnumerable<Guid> agents) => string.Join(", ", agents.Distinct().Select(a => name(a) ?? "…"));
    }
}
