namespace CallCrm.TestKit.Chaos;

/// <summary>The time of a simulated world: what is to happen, in order.</summary>
public sealed class SimClock
{
    readonly PriorityQueue<Action, (TimeSpan At, long Order)> _due = new();
    long _order;

    public TimeSpan Now { get; private set; }

    public void After(double ms, Action what) => At(Now + TimeSpan.FromMilliseconds(ms), what);

    public void At(TimeSpan at, Action what) => _due.Enqueue(what, (at > Now ? at : Now, ++_order));

    /// <summary>Lets happen what is due up to this moment; false when nothing is left at all.</summary>
    public bool RunTo(TimeSpan end, Func<bool> goOn)
    {
        while (goOn() && _due.TryPeek(out var what, out var when))
        {
            if (when.At > end)
                break;
            _due.Dequeue();
            Now = when.At;
            what();
        }

        Now = end > Now ? end : Now;
        return _due.Count > 0;
    }
}
