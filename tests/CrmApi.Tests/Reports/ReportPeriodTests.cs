using CallCrm.CrmApi.Reports;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace CallCrm.CrmApi.Tests.Reports;

public sealed class ReportPeriodTests
{
    // 23:30 in Rome, and the next day already in Tokyo.
    static readonly SiteClock Clock = new(Options.Create(new SiteOptions()), new FakeTimeProvider(new DateTimeOffset(2026, 11, 15, 22, 30, 0, TimeSpan.Zero)));

    static ReportAsk Ask(string step, string from, string to, string zone = "Europe/Rome") => ReportAsk.Read(Clock, "queue", step, null, from, to, zone, null, out var wrong) ?? throw new InvalidOperationException(wrong.ToString());

    [Theory]
    [InlineData("Europe/Rome", "2026-10-25", 25, "2026-10-24T22:00Z", "2026-10-25T23:00Z")]
    [InlineData("Europe/Rome", "2026-03-29", 23, "2026-03-28T23:00Z", "2026-03-29T22:00Z")]
    [InlineData("Europe/Rome", "2026-11-15", 24, "2026-11-14T23:00Z", "2026-11-15T23:00Z")]
    [InlineData("Asia/Kolkata", "2026-11-15", 24, "2026-11-14T18:30Z", "2026-11-15T18:30Z")]
    [InlineData("America/Havana", "2026-11-01", 25, "2026-11-01T04:00Z", "2026-11-02T05:00Z")] // Midnight comes twice: the first one begins the day.
    [InlineData("Africa/Cairo", "2026-04-24", 23, "2026-04-23T22:00Z", "2026-04-24T21:00Z")] // Midnight is left out.
    [InlineData("Australia/Lord_Howe", "2026-04-05", 25, "2026-04-04T13:00Z", "2026-04-05T13:30Z")] // Back by half an hour: one of the hours has only that.
    public void A_day_has_the_hours_of_the_clock_on_the_wall(string zone, string day, int hours, string begins, string ends)
    {
        var ask = Ask("hour", day, day, zone);
        (ask.Begins, ask.Ends).Should().Be((DateTimeOffset.Parse(begins), DateTimeOffset.Parse(ends)));
        ask.Edges.Should().HaveCount(hours + 1).And.BeInAscendingOrder().And.OnlyHaveUniqueItems();
        ask.Edges.Should().OnlyContain(e => e.Offset == TimeSpan.Zero);
        ask.Edges.Skip(1).Should().OnlyContain(e => TimeZoneInfo.ConvertTime(e, ask.Zone).Minute == 0 || zone == "Australia/Lord_Howe");
        Ask("day", day, day, zone).Edges.Should().Equal(ask.Begins, ask.Ends);
        ask.Days.Should().Equal(ask.Begins, ask.Ends);
    }

    [Theory]
    [InlineData(null, null, "2026-11-15", "2026-11-15")]
    [InlineData("today", "Asia/Tokyo", "2026-11-16", "2026-11-16")]
    [InlineData("yesterday", null, "2026-11-14", "2026-11-14")]
    [InlineData("last_7_days", null, "2026-11-09", "2026-11-15")]
    [InlineData("this_month", "Asia/Tokyo", "2026-11-01", "2026-11-16")]
    public void A_period_by_name_is_of_the_zones_today(string? period, string? zone, string from, string to)
    {
        var ask = ReportAsk.Read(Clock, null, "day", period, null, null, zone, null, out _)!;
        ($"{ask.From:yyyy-MM-dd}", $"{ask.To:yyyy-MM-dd}").Should().Be((from, to));
    }

    [Fact]
    public void A_month_by_the_hour_over_the_change_of_clocks_has_one_more()
    {
        Ask("hour", "2026-10-01", "2026-10-31").Edges.Should().HaveCount(31 * 24 + 1 + 1);
        Ask("day", "2026-10-01", "2026-10-31").Edges.Should().HaveCount(31 + 1);
        Ask("whole", "2026-10-01", "2026-10-31").Edges.Should().HaveCount(2);
    }

    [Theory]
    [InlineData("colour", null, null, null, null, null, null, "by")]
    [InlineData("1", null, null, null, null, null, null, "by")]
    [InlineData("queue,agent", null, null, null, null, null, null, "by")]
    [InlineData(null, "minute", null, null, null, null, null, "step")]
    [InlineData(null, null, "last_year", null, null, null, null, "period")]
    [InlineData(null, null, "today", "2026-01-01", "2026-01-02", null, null, "period")]
    [InlineData(null, null, null, "yesterday", "2026-01-02", null, null, "from")]
    [InlineData(null, null, null, null, "2026-01-02", null, null, "from")]
    [InlineData(null, null, null, "2026-01-01", null, null, null, "to")]
    [InlineData(null, null, null, "2026-02-01", "2026-02-30", null, null, "to")]
    [InlineData(null, null, null, "0001-01-01", "2026-02-01", null, null, "from")]
    [InlineData(null, null, null, "2026-02-02", "2026-02-01", null, null, "to")]
    [InlineData(null, "hour", null, "2026-01-01", "2026-02-01", null, null, "to")]
    [InlineData(null, "day", null, "2026-01-01", "2027-01-02", null, null, "to")]
    [InlineData(null, null, null, null, null, "Rome", null, "zone")]
    [InlineData(null, null, null, null, null, "../../etc/passwd", null, "zone")]
    [InlineData(null, null, null, null, null, "a\0b", null, "zone")]
    [InlineData("agent", null, null, null, null, null, "anna", "of")]
    [InlineData("number", null, null, null, null, null, "39\0", "of")]
    public void What_is_not_understood_is_named(string? by, string? step, string? period, string? from, string? to, string? zone, string? of, string field)
    {
        ReportAsk.Read(Clock, by, step, period, from, to, zone, of, out var wrong).Should().BeNull();
        wrong.Field.Should().Be(field);
        wrong.Expected.Should().NotBeEmpty();
    }

    [Fact]
    public void The_longest_periods_are_a_month_of_hours_and_a_year_of_days()
    {
        ReportAsk.Read(Clock, null, "hour", null, "2026-01-01", "2026-01-31", null, null, out _).Should().NotBeNull();
        ReportAsk.Read(Clock, null, "day", null, "2028-01-01", "2028-12-31", null, null, out _).Should().NotBeNull("a leap year");
        ReportAsk.Read(Clock, null, "hour", null, "2026-01-01", "2026-02-01", null, null, out var wrong).Should().BeNull();
        wrong.Should().Be(("to", "at most 31 days in all by the hour"));
    }
}
