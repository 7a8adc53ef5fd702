namespace CallCrm.Engine;

/// <summary>A queue: who is free for it, in the order of choice, and who waits, in the order of arrival.</summary>
internal sealed class QueueState(QueueSettings settings)
{
    public QueueSettings Settings { get; set; } = settings;

    public Guid Id => Settings.Id;

    public SortedSet<Membership> Free { get; } = new(MembershipOrder.Instance);

    public List<Call> Line { get; } = [];

    public List<Membership> Members { get; } = [];

    /// <summary>Members signed in and reachable.</summary>
    public int Reachable { get; set; }

    public bool Removed { get; set; }

    /// <summary>Open unless its spans say otherwise; spans are half-open: closed at the very end of one.</summary>
    public bool IsOpen(DateTimeOffset utc)
    {
        if (Settings.OpenSpans is not { } spans)
            return true;
        foreach (var span in spans)
        {
            if (span.From <= utc && utc < span.To)
                return true;
        }

        return false;
    }

    public void Join(Call call)
    {
        var at = Line.BinarySearch(call, LineOrder.Instance);
        if (at < 0)
            Line.Insert(~at, call);
    }

    public void Leave(Call call)
    {
        var at = Line.BinarySearch(call, LineOrder.Instance);
        if (at >= 0)
            Line.RemoveAt(at);
    }

    /// <summary>From 1; for one not in line the place it would take.</summary>
    public int PlaceOf(Call call)
    {
        var at = Line.BinarySearch(call, LineOrder.Instance);
        return (at < 0 ? ~at : at) + 1;
    }
}

/// <summary>Waiting since, then order of arrival: a place belongs to the call, wherever it went meanwhile.</summary>
internal sealed class LineOrder : IComparer<Call>
{
    public static LineOrder Instance { get; } = new();

    public int Compare(Call? x, Call? y) =>
        x!.WaitingSince != y!.WaitingSince ? x.WaitingSince.CompareTo(y.WaitingSince) : x.Order.CompareTo(y.Order);
}
