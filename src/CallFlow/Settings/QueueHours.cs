namespace CallCrm.CallFlow;

/// <summary>Whether a queue is open, by its row alone and as the router has it.</summary>
public static class QueueHours
{
    /// <param name="hours">As in the table; null: always open, but for holidays.</param>
    /// <param name="holidays">At least those of the days around now.</param>
    public static bool IsOpen(string? hours, string timeZone, IReadOnlySet<DateOnly> holidays, DateTimeOffset now)
    {
        var week = OpeningHours.Parse(hours, _ => { });
        if (week is null && holidays.Count == 0) return true;
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out var zone)) zone = TimeZoneInfo.Utc;
        if (week is null) return !holidays.Contains(DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, zone).DateTime));
        return OpeningHours.Spans(week, zone, holidays, now, 1).Any(s => s.From <= now && now < s.To);
    }
}
