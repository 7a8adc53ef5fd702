using CallCrm.Engine;

namespace CallCrm.CallFlow.Demo;

/// <summary>One agent's working day: when they are there and what they did.</summary>
internal sealed class DemoShift
{
    readonly DateTimeOffset lunchAt;
    readonly TimeSpan lunch;
    bool ate;

    public DemoShift(DemoPerson person, DateTimeOffset from, DateTimeOffset to, DateTimeOffset lunchAt, TimeSpan lunch)
    {
        (Person, From, To, this.lunchAt, this.lunch) = (person, from, to, lunchAt, lunch);
        BusyUntil = from;
        ate = lunch == TimeSpan.Zero;
    }

    public DemoPerson Person { get; }

    public DateTimeOffset From { get; }

    public DateTimeOffset To { get; }

    public DateTimeOffset BusyUntil { get; private set; }

    public double Busy_s { get; private set; }

    public List<(AgentState State, string? Reason, DateTimeOffset From, DateTimeOffset To, Guid? Call)> Spans { get; } = [];

    /// <summary>From when the agent can be offered a call that is there at <paramref name="at"/>; null: not any more today.</summary>
    public DateTimeOffset? FreeAt(DateTimeOffset at)
    {
        if (!ate && at >= lunchAt && BusyUntil < To)
        {
            var begins = BusyUntil > lunchAt ? BusyUntil : lunchAt;
            ate = true;
            Spans.Add((AgentState.Paused, "lunch", begins, begins + lunch, null));
            BusyUntil = begins + lunch;
        }

        var free = BusyUntil > at ? BusyUntil : at;
        return free < To && at >= From ? free : null;
    }

    public void Do(AgentState state, DateTimeOffset from, DateTimeOffset to, Guid call)
    {
        if (to <= from) return;
        Spans.Add((state, null, from, to, call));
        if (state is not AgentState.Reserved) Busy_s += (to - from).TotalSeconds;
        if (to > BusyUntil) BusyUntil = to;
    }

    /// <summary>What they did with what was between filled as ready.</summary>
    public IEnumerable<(AgentState State, string? Reason, DateTimeOffset From, DateTimeOffset To, Guid? Call)> Whole(DateTimeOffset now)
    {
        var at = From;
        foreach (var span in Spans.Where(s => s.To <= now).OrderBy(s => s.From))
        {
            if (span.From > at) yield return (AgentState.Ready, null, at, span.From, null);
            yield return span;
            at = span.To;
        }

        var end = To < now ? To : now;
        if (end > at) yield return (AgentState.Ready, null, at, end, null);
    }
}
