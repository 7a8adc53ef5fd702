namespace CallCrm.Engine;

/// <summary>
/// How busy an agent was in the last 60 minutes: sixty one-minute buckets, the running one included.
/// Load = (ring + talk + hold + wrap-up) ÷ signed-in time not paused, the divisor at least 15 minutes.
/// </summary>
internal sealed class LoadWindow
{
    private const int Minutes = 60;
    private const int Minute_ms = 60_000;
    private const int LeastDivisor_ms = 15 * Minute_ms;
    private readonly int[] _busy = new int[Minutes];
    private readonly int[] _signedIn = new int[Minutes];
    private long _upTo_ms;
    private int _busySum;
    private int _signedInSum;

    public LoadWindow(TimeSpan now) => _upTo_ms = Milliseconds(now);

    /// <summary>Load in tenths of a percent, 0 to 1000.</summary>
    public int Tenths => (int)Math.Min(1000, _busySum * 1000L / Math.Max(_signedInSum, LeastDivisor_ms));

    /// <summary>Books the time since the last call.</summary>
    public void Accrue(TimeSpan to, bool busy, bool signedIn)
    {
        var end = Milliseconds(to);
        var from = Math.Max(_upTo_ms, end - (Minutes * Minute_ms));
        Forget(MinuteOf(_upTo_ms), MinuteOf(end));
        _upTo_ms = Math.Max(_upTo_ms, end);
        while (from < end)
        {
            var minute = MinuteOf(from);
            var next = Math.Min(end, (minute + 1) * Minute_ms);
            if (minute > MinuteOf(end) - Minutes)
                Add(Slot(minute), busy ? (int)(next - from) : 0, signedIn ? (int)(next - from) : 0);
            from = next;
        }
    }

    /// <param name="minutes">Newest first.</param>
    public void Restore(TimeSpan now, ReadOnlySpan<LoadMinute> minutes)
    {
        _upTo_ms = Milliseconds(now);
        var current = MinuteOf(_upTo_ms);
        for (var i = 0; i < Math.Min(Minutes, minutes.Length); i++)
            Add(Slot(current - i), Math.Clamp(minutes[i].Busy_ms, 0, Minute_ms), Math.Clamp(minutes[i].SignedIn_ms, 0, Minute_ms));
    }

    /// <returns>Newest first.</returns>
    public LoadMinute[] ToMinutes()
    {
        var current = MinuteOf(_upTo_ms);
        var minutes = new LoadMinute[Minutes];
        for (var i = 0; i < Minutes; i++)
            minutes[i] = new LoadMinute(_busy[Slot(current - i)], _signedIn[Slot(current - i)]);
        return minutes;
    }

    private void Add(int slot, int busy_ms, int signedIn_ms)
    {
        _busy[slot] += busy_ms;
        _signedIn[slot] += signedIn_ms;
        _busySum += busy_ms;
        _signedInSum += signedIn_ms;
    }

    private void Forget(long from, long to)
    {
        for (var minute = Math.Max(from + 1, to - Minutes + 1); minute <= to; minute++)
            Add(Slot(minute), -_busy[Slot(minute)], -_signedIn[Slot(minute)]);
    }

    private static long Milliseconds(TimeSpan stamp) => stamp.Ticks / TimeSpan.TicksPerMillisecond;

    private static long MinuteOf(long ms) => ms >= 0 ? ms / Minute_ms : ((ms + 1) / Minute_ms) - 1;

    private static int Slot(long minute) => (int)(((minute % Minutes) + Minutes) % Minutes);
}
