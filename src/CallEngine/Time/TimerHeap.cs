namespace CallCrm.Engine;

internal enum TimerKind
{
    Announce, Lookup, RequestDue, DialResult, MaxWait, Patience, MarkWait, Redirect, Ringing, OfferEnd, CallGone, Forget, Doubt, WrapUp, PageGrace, BackOff, Phone, LoadTurn, PhonesReturn, Transfer, SeatAsk,
}

/// <summary>One deadline of one thing. It is made once and set or cancelled as often as needed.</summary>
internal sealed class EngineTimer(TimerKind kind, object subject)
{
    public TimerKind Kind { get; } = kind;

    public object Subject { get; } = subject;

    public TimeSpan Due { get; internal set; }

    internal long Order { get; set; }

    internal int Slot { get; set; } = -1;

    public bool IsSet => Slot >= 0;
}

/// <summary>
/// Deadlines in order: a binary heap whose timers know their slot, so that a cancelled one leaves at once
/// (most are cancelled: a call sets a longest wait of minutes and is answered in seconds).
/// Equal deadlines fire in the order they were set.
/// </summary>
internal sealed class TimerHeap
{
    private EngineTimer[] _heap = new EngineTimer[64];
    private int _count;
    private long _order;

    public TimeSpan? NextDue => _count == 0 ? null : _heap[0].Due;

    public int Count => _count;

    public void Set(EngineTimer timer, TimeSpan due)
    {
        Cancel(timer);
        timer.Due = due;
        timer.Order = ++_order;
        if (_count == _heap.Length)
            Array.Resize(ref _heap, _count * 2);
        Place(timer, _count++);
        Up(timer.Slot);
    }

    public void Cancel(EngineTimer? timer)
    {
        if (timer is not { IsSet: true })
            return;
        var slot = timer.Slot;
        timer.Slot = -1;
        var last = _heap[--_count];
        _heap[_count] = null!;
        if (slot == _count)
            return;
        Place(last, slot);
        Up(slot);
        Down(last.Slot);
    }

    /// <summary>The first timer due before <paramref name="limit"/> (or at it, if <paramref name="inclusive"/>), taken out.</summary>
    public EngineTimer? TakeDue(TimeSpan limit, bool inclusive)
    {
        if (_count == 0 || _heap[0].Due > limit || (!inclusive && _heap[0].Due == limit))
            return null;
        var timer = _heap[0];
        Cancel(timer);
        return timer;
    }

    private static bool Before(EngineTimer a, EngineTimer b) => a.Due != b.Due ? a.Due < b.Due : a.Order < b.Order;

    private void Place(EngineTimer timer, int slot)
    {
        _heap[slot] = timer;
        timer.Slot = slot;
    }

    private void Up(int slot)
    {
        var timer = _heap[slot];
        while (slot > 0 && Before(timer, _heap[(slot - 1) / 2]))
        {
            Place(_heap[(slot - 1) / 2], slot);
            slot = (slot - 1) / 2;
        }

        Place(timer, slot);
    }

    private void Down(int slot)
    {
        var timer = _heap[slot];
        while (true)
        {
            var child = (2 * slot) + 1;
            if (child >= _count)
                break;
            if (child + 1 < _count && Before(_heap[child + 1], _heap[child]))
                child++;
            if (!Before(_heap[child], timer))
                break;
            Place(_heap[child], slot);
            slot = child;
        }

        Place(timer, slot);
    }
}
