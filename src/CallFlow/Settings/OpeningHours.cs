using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using CallCrm.Engine;

namespace CallCrm.CallFlow;

/// <summary>
/// Opening hours by weekday in a zone, made into spans of UTC. A day of 23 or 25 hours is open by its local clock: an hour that is
/// skipped is simply shorter, one that comes twice is open both times.
/// </summary>
internal static class OpeningHours
{
    static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    /// <param name="hours"><c>{"mon":["09:00-13:00","14:00-18:00"],…}</c>; a day not named is closed; 24:00 and spans over midnight are allowed.</param>
    public static WeekHours? Parse(string? hours, Action<string> problem)
    {
        if (hours is null) return null;
        var week = new WeekHours();
        try
        {
            using var document = JsonDocument.Parse(hours);
            foreach (var day in document.RootElement.EnumerateObject()) ReadDay(day, week, problem);
            return week;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            problem("""hours: expected {"mon":["09:00-18:00"],…}""");
            return null;
        }
    }

    static void ReadDay(JsonProperty day, WeekHours week, Action<string> problem)
    {
        var index = Array.IndexOf(Days, day.Name);
        if (index < 0 || day.Value.ValueKind != JsonValueKind.Array)
        {
            problem($"hours.{day.Name}: expected mon, tue, wed, thu, fri, sat or sun with a list of spans");
            return;
        }

        foreach (var span in day.Value.EnumerateArray())
        {
            var text = span.ValueKind == JsonValueKind.String ? span.GetString()! : span.GetRawText();
            if (ReadSpan(text) is { } read) week.Spans[index].Add(read);
            else problem($"hours.{day.Name}: '{text}' is not like 09:00-18:00");
        }
    }

    static (TimeSpan, TimeSpan)? ReadSpan(string text)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0 || ReadTime(text[..dash]) is not { } from || ReadTime(text[(dash + 1)..]) is not { } to || from == to) return null;
        return (from, to > from ? to : to + TimeSpan.FromDays(1));
    }

    static TimeSpan? ReadTime(string text)
    {
        var time = text.Trim();
        if (time == "24:00") return TimeSpan.FromDays(1);
        return TimeOnly.TryParseExact(time, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var read) ? read.ToTimeSpan() : null;
    }

    /// <summary>From yesterday (spans over midnight) for <paramref name="days"/> days.</summary>
    public static ImmutableArray<OpenSpan> Spans(WeekHours week, TimeZoneInfo zone, IReadOnlySet<DateOnly> holidays, DateTimeOffset now, int days)
    {
        var first = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, zone).DateTime).AddDays(-1);
        var spans = new List<OpenSpan>();
        for (var day = first; day <= first.AddDays(days + 1); day = day.AddDays(1))
        {
            if (holidays.Contains(day)) continue;
            var midnight = day.ToDateTime(TimeOnly.MinValue);
            spans.AddRange(week.Spans[(int)day.DayOfWeek].Select(s => new OpenSpan(Utc(midnight + s.From, zone, last: false), Utc(midnight + s.To, zone, last: true))));
        }

        return Joined(spans.Where(s => s.To > s.From && s.To > now.AddDays(-1)));
    }

    /// <param name="last">Of a local time that comes twice, the second one.</param>
    internal static DateTimeOffset Utc(DateTime local, TimeZoneInfo zone, bool last)
    {
        if (zone.IsInvalidTime(local))
        {
            // 02:30 on the day that has none: the moment the clock jumps.
            var before = zone.GetUtcOffset(local.AddHours(-3));
            var at = new DateTimeOffset(local, before).ToUniversalTime();
            while (zone.IsInvalidTime(local)) local = local.AddMinutes(-1);
            return new DateTimeOffset(local.AddMinutes(1), before).ToUniversalTime() is var jump && jump < at ? jump : at;
        }

        if (!zone.IsAmbiguousTime(local)) return new DateTimeOffset(local, zone.GetUtcOffset(local)).ToUniversalTime();
        var offsets = zone.GetAmbiguousTimeOffsets(local);
        return new DateTimeOffset(local, last ? offsets.Min() : offsets.Max()).ToUniversalTime();
    }

    static ImmutableArray<OpenSpan> Joined(IEnumerable<OpenSpan> spans)
    {
        var joined = ImmutableArray.CreateBuilder<OpenSpan>();
        foreach (var span in spans.OrderBy(s => s.From))
        {
            if (joined.Count > 0 && span.From <= joined[^1].To) joined[^1] = new OpenSpan(joined[^1].From, span.To > joined[^1].To ? span.To : joined[^1].To);
            else joined.Add(span);
        }

        return joined.ToImmutable();
    }
}

/// <summary>Local times from midnight of the day they begin, by weekday (Sunday first); an end over 24 h is on the next day.</summary>
internal sealed class WeekHours
{
    public List<(TimeSpan From, TimeSpan To)>[] Spans { get; } = [[], [], [], [], [], [], []];
}
