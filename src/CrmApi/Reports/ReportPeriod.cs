using System.Globalization;

namespace CallCrm.CrmApi.Reports;

internal enum ReportBy { Queue, Agent, Number, Campaign }

internal enum ReportStep { Day, Hour, Whole }

/// <summary>Which report is asked for.</summary>
/// <param name="Edges">When each of its hours or days begins, and when the last one ends.</param>
/// <param name="Days">When each local day begins, and when the last one ends.</param>
/// <param name="Of">One queue, agent, number or campaign alone.</param>
internal sealed record ReportAsk(ReportBy By, ReportStep Step, DateOnly From, DateOnly To, TimeZoneInfo Zone, string? Of, DateTimeOffset[] Edges, DateTimeOffset[] Days)
{
    const int MostDays = 366;

    /// <summary>By the hour.</summary>
    const int MostDaysOfHours = 31;

    static readonly string[] Periods = ["today", "yesterday", "last_7_days", "this_month"];

    /// <summary>Whom it may list.</summary>
    public Access.Reach Within { get; init; } = Access.Reach.Everyone;

    public DateTimeOffset Begins => Edges[0];

    public DateTimeOffset Ends => Edges[^1];

    /// <returns>Null, and the field with what was expected there, when it cannot be understood.</returns>
    public static ReportAsk? Read(SiteClock clock, string? by, string? step, string? period, string? from, string? to, string? zone, string? of, out (string Field, string Expected) wrong)
    {
        wrong = default;
        if (!TryName<ReportBy>(by, out var subject)) wrong = ("by", "one of queue, agent, number, campaign");
        else if (!TryName<ReportStep>(step, out var width)) wrong = ("step", "one of hour, day, whole");
        else if (Place(clock, zone) is not { } place) wrong = ("zone", "an IANA time zone such as Europe/Rome");
        else if (of is { Length: > 100 } || of?.Any(char.IsControl) == true || (of is { Length: > 0 } && subject is ReportBy.Queue or ReportBy.Agent && !Guid.TryParse(of, out _))) wrong = ("of", subject == ReportBy.Number ? "a dialled number" : subject == ReportBy.Campaign ? "the code of a campaign" : "the id of a queue or agent");
        else if (Span(Today(clock, place), width, period, from, to, out wrong) is { } days)
        {
            var starts = Starts(days.From, days.To, place);
            return new ReportAsk(subject, width, days.From, days.To, place, of is { Length: > 0 } ? of.ToLowerInvariant() : null,
                width switch { ReportStep.Whole => [starts[0], starts[^1]], ReportStep.Day => starts, _ => Hours(starts, place) }, starts);
        }

        return null;
    }

    static bool TryName<T>(string? text, out T value) where T : struct, Enum
    {
        value = default;
        return string.IsNullOrEmpty(text) || (char.IsAsciiLetter(text[0]) && !text.Contains(',', StringComparison.Ordinal) && Enum.TryParse(text, ignoreCase: true, out value));
    }

    static TimeZoneInfo? Place(SiteClock clock, string? zone) =>
        string.IsNullOrEmpty(zone) ? clock.Zone : zone.Length <= 64 && TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) && found.HasIanaId ? found : null;

    static DateOnly Today(SiteClock clock, TimeZoneInfo zone) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(clock.Now, zone).DateTime);

    static (DateOnly From, DateOnly To)? Span(DateOnly today, ReportStep step, string? period, string? from, string? to, out (string Field, string Expected) wrong)
    {
        wrong = default;
        if (string.IsNullOrEmpty(from) && string.IsNullOrEmpty(to))
        {
            switch (period)
            {
                case null or "" or "today": return (today, today);
                case "yesterday": return (today.AddDays(-1), today.AddDays(-1));
                case "last_7_days": return (today.AddDays(-6), today);
                case "this_month": return (new DateOnly(today.Year, today.Month, 1), today);
                default: wrong = ("period", $"one of {string.Join(", ", Periods)}, or from and to"); return null;
            }
        }

        var most = step == ReportStep.Hour ? MostDaysOfHours : MostDays;
        if (!string.IsNullOrEmpty(period)) wrong = ("period", "nothing, where from and to are given");
        else if (!TryDay(from, out var first)) wrong = ("from", Day);
        else if (!TryDay(to, out var last)) wrong = ("to", Day);
        else if (last < first) wrong = ("to", "not before from");
        else if (last.DayNumber - first.DayNumber >= most) wrong = ("to", $"at most {most} days in all{(step == ReportStep.Hour ? " by the hour" : "")}");
        else return (first, last);
        return null;
    }

    const string Day = "a day such as 2026-01-31, from 2000 to 2199";

    static bool TryDay(string? text, out DateOnly day) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out day) && day.Year is >= 2000 and < 2200;

    static DateTimeOffset[] Starts(DateOnly from, DateOnly to, TimeZoneInfo zone)
    {
        var starts = new DateTimeOffset[to.DayNumber - from.DayNumber + 2];
        for (var n = 0; n < starts.Length; n++) starts[n] = SiteClock.StartOf(from.AddDays(n), zone);
        return starts;
    }

    /// <summary>23, 24 or 25 a day; they begin at the full hours of the clock on the wall.</summary>
    static DateTimeOffset[] Hours(DateTimeOffset[] days, TimeZoneInfo zone)
    {
        var hours = new List<DateTimeOffset>();
        for (var day = 1; day < days.Length; day++)
        {
            for (var at = days[day - 1]; at < days[day]; at += TimeSpan.FromHours(1) - new TimeSpan(TimeZoneInfo.ConvertTime(at, zone).TimeOfDay.Ticks % TimeSpan.TicksPerHour)) hours.Add(at);
        }

        return [.. hours, days[^1]];
    }
}
