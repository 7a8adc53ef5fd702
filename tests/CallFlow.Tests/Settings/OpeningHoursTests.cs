using System.Globalization;

namespace CallCrm.CallFlow.Tests;

public sealed class OpeningHoursTests
{
    static readonly TimeZoneInfo Rome = TimeZoneInfo.FindSystemTimeZoneById("Europe/Rome");

    static List<string> Spans(string hours, string now, string from, string to, params string[] holidays)
    {
        var week = OpeningHours.Parse(hours, p => throw new InvalidOperationException(p))!;
        var days = holidays.Select(d => DateOnly.ParseExact(d, "yyyy-MM-dd", CultureInfo.InvariantCulture)).ToHashSet();
        return [.. OpeningHours.Spans(week, Rome, days, At(now), SettingsBuilder.DaysAhead).Where(s => s.To > At(from) && s.From < At(to)).Select(s => $"{s.From:MM-dd HH:mm}/{s.To:MM-dd HH:mm}")];
    }

    static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    [Fact]
    public void A_working_day_is_in_the_zones_time() =>
        Spans("""{"mon":["09:00-13:00","14:00-18:00"]}""", "2026-07-05", "2026-07-06", "2026-07-07").Should().Equal("07-06 07:00/07-06 11:00", "07-06 12:00/07-06 16:00");

    [Fact]
    public void The_day_of_23_hours_is_open_one_hour_less() =>
        Spans("""{"sun":["00:00-24:00"]}""", "2026-03-28", "2026-03-28", "2026-03-31").Should().Equal("03-28 23:00/03-29 22:00");

    [Fact]
    public void An_opening_in_the_hour_that_does_not_exist_is_the_jump() =>
        Spans("""{"sun":["02:30-06:00"]}""", "2026-03-28", "2026-03-28", "2026-03-31").Should().Equal("03-29 01:00/03-29 04:00");

    [Fact]
    public void The_hour_that_comes_twice_is_open_both_times() =>
        Spans("""{"sun":["02:00-03:00"]}""", "2026-10-24", "2026-10-24", "2026-10-27").Should().Equal("10-25 00:00/10-25 02:00");

    [Fact]
    public void The_day_of_25_hours_keeps_its_local_hours() =>
        Spans("""{"sat":["09:00-18:00"],"sun":["09:00-18:00"]}""", "2026-10-23", "2026-10-24", "2026-10-26").Should().Equal("10-24 07:00/10-24 16:00", "10-25 08:00/10-25 17:00");

    [Fact]
    public void A_span_over_midnight_belongs_to_the_day_it_begins_and_joins_the_next() =>
        Spans("""{"fri":["22:00-06:00"],"sat":["06:00-12:00"]}""", "2026-07-10", "2026-07-10", "2026-07-12").Should().Equal("07-10 20:00/07-11 10:00");

    [Fact]
    public void Holidays_are_closed() =>
        Spans("""{"mon":["09:00-18:00"],"tue":["09:00-18:00"]}""", "2026-07-05", "2026-07-05", "2026-07-08", "2026-07-06").Should().Equal("07-07 07:00/07-07 16:00");

    [Theory]
    [InlineData("""{"mon":["9-18"]}""", "hours.mon: '9-18' is not like 09:00-18:00")]
    [InlineData("""{"monday":[]}""", "hours.monday: expected mon, *")]
    [InlineData("""[1]""", "hours: expected *")]
    public void Bad_hours_are_named(string hours, string expected)
    {
        var problems = new List<string>();
        OpeningHours.Parse(hours, problems.Add);
        problems.Should().ContainSingle().Which.Should().Match(expected);
    }
}
