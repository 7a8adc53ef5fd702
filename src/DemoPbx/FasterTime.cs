namespace CallCrm.DemoPbx;

/// <summary>A clock that runs a given number of times faster than another one, so that a minute's talk is over in a second.</summary>
public sealed class FasterTime : TimeProvider
{
    private readonly TimeProvider _inner;
    private readonly double _factor;
    private readonly long _start;
    private readonly DateTimeOffset _startUtc;

    /// <param name="factor">How many times faster; 10 makes a second last 100 ms.</param>
    /// <param name="inner">The clock underneath; the system's by default.</param>
    public FasterTime(double factor, TimeProvider? inner = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(factor);
        _factor = factor;
        _inner = inner ?? System;
        _start = _inner.GetTimestamp();
        _startUtc = _inner.GetUtcNow();
    }

    /// <inheritdoc/>
    public override long TimestampFrequency => _inner.TimestampFrequency;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => _inner.LocalTimeZone;

    /// <inheritdoc/>
    public override long GetTimestamp() => _start + (long)((_inner.GetTimestamp() - _start) * _factor);

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _startUtc + (_inner.GetElapsedTime(_start) * _factor);

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new ScaledTimer(_inner.CreateTimer(callback, state, Scale(dueTime), Scale(period)), this);

    private TimeSpan Scale(TimeSpan span) => span <= TimeSpan.Zero ? span : span / _factor;

    private sealed class ScaledTimer(ITimer inner, FasterTime owner) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(owner.Scale(dueTime), owner.Scale(period));

        public void Dispose() => inner.Dispose();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
