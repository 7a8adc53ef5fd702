namespace CallCrm.Engine;

/// <summary>
/// When an event of one PBX happened, in our monotonic time: its own timestamp plus the smallest delay seen between the two
/// clocks. So durations are right although we read the event seconds after it happened.
/// </summary>
/// <remarks>
/// The smallest delay fades by <see cref="Drift"/>, as clocks run apart by less than that; a smaller one replaces it at once
/// (also when the PBX's clock was set forward). A timestamp before the last one means that the clock was set back: learnt anew.
/// </remarks>
internal sealed class PbxClock
{
    /// <summary>How far two clocks may run apart, per time passed: quartz is within 50 ppm.</summary>
    private const double Drift = 100e-6;

    /// <summary>Threads of the PBX stamp side by side: so much backwards is no step of its clock.</summary>
    private static readonly TimeSpan Jitter = TimeSpan.FromMilliseconds(100);

    private TimeSpan _offset;
    private TimeSpan _learntAt;
    private DateTimeOffset? _last;
    private TimeSpan _happened;

    /// <summary>Our time (UTC by the host) minus the PBX's, with the shortest way from there to here; null before its first timestamp.</summary>
    public TimeSpan? Offset { get; private set; }

    /// <summary>How much later than that the last event was read.</summary>
    public TimeSpan Delay { get; private set; }

    /// <summary>The line was cut: the PBX, or its clock, may be another one.</summary>
    public void Forget() => _last = null;

    /// <summary>Never after <paramref name="read"/>, and never before what this PBX told earlier.</summary>
    public Moment Happened(DateTimeOffset? pbxTime, Moment read)
    {
        if (pbxTime is not { } told)
            return read;
        var delay = read.Stamp - new TimeSpan(told.UtcTicks);
        var faded = _offset + ((read.Stamp - _learntAt) * Drift);
        if (_last is not { } last || told < last - Jitter || delay <= faded)
            faded = delay;
        (_offset, _learntAt) = (faded, read.Stamp);
        _last = _last is { } before && before > told && told >= before - Jitter ? before : told;
        Delay = delay - faded;
        Offset = read.Utc - Delay - told;
        var stamp = new TimeSpan(told.UtcTicks) + faded;
        if (stamp < _happened)
            stamp = _happened < read.Stamp ? _happened : read.Stamp;
        _happened = stamp;
        return new Moment(stamp, read.Utc - (read.Stamp - stamp));
    }
}
