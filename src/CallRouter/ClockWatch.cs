using CallCrm.Engine;

namespace CallCrm.CallRouter;

/// <summary>Notices that the time of day was set: it moved against the monotonic clock. A clock that is drawn right slowly goes unnoticed.</summary>
sealed class ClockWatch
{
    static readonly TimeSpan Least = TimeSpan.FromSeconds(2);

    TimeSpan? _ahead;

    /// <param name="at">As it was stamped.</param>
    /// <returns>By how much the clock was set since the last one; null: it was not.</returns>
    public TimeSpan? Step(Moment at)
    {
        var ahead = TimeSpan.FromTicks(at.Utc.UtcTicks) - at.Stamp;
        var step = ahead - (_ahead ?? ahead);
        _ahead = ahead;
        return step.Duration() > Least ? step : null;
    }
}
