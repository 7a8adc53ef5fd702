using System.Globalization;
using CallCrm.Contracts;
using CallCrm.CrmApi.Calls;

namespace CallCrm.CrmApi.Tests.Calls;

public sealed class FollowUpTests
{
    static readonly TimeZoneInfo Rome = TimeZoneInfo.FindSystemTimeZoneById("Europe/Rome");
    static readonly TimeZoneInfo NewYork = TimeZoneInfo.FindSystemTimeZoneById("America/New_York");

    static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    [Theory]
    [InlineData(2, "10:00", 0, "2026-03-05T12:00:00Z", "2026-03-07T09:00:00Z")] // in winter
    [InlineData(0, "17:30", 0, "2026-03-05T12:00:00Z", "2026-03-05T16:30:00Z")]
    [InlineData(0, "10:00", 0, "2026-03-05T12:00:00Z", "2026-03-06T09:00:00Z")] // ten has passed today
    [InlineData(1, null, 0, "2026-03-28T11:00:00Z", "2026-03-29T10:00:00Z")] // noon to noon, over the night that is an hour short
    [InlineData(1, null, 30, "2026-10-24T10:00:00Z", "2026-10-25T11:30:00Z")] // and over the long one
    [InlineData(0, null, 45, "2026-10-25T01:10:00Z", "2026-10-25T01:55:00Z")] // within the hour that comes twice, its second time
    [InlineData(1, "02:30", 0, "2026-03-28T11:00:00Z", "2026-03-29T01:00:00Z")] // a time that does not exist that day
    [InlineData(1, "02:30", 0, "2026-10-24T11:00:00Z", "2026-10-25T00:30:00Z")] // one that exists twice
    [InlineData(365, "00:00", 0, "2026-12-31T22:59:00Z", "2027-12-30T23:00:00Z")]
    public void A_time_is_the_local_one_of_that_day(int days, string? at, int minutes, string given, string due) =>
        FollowUps.Due(new FollowUpRule("x", days, at, minutes), At(given), Rome).Should().Be(At(due));

    static readonly DateTimeOffset Given = At("2026-03-05T12:00:00Z");
    static readonly FollowUpRule Tomorrow = new("Send it", 1, "10:00");

    public static TheoryData<string, DispositionRule?, string, string?, string[]> Wanted => new()
    {
        { "nothing", null, "", null, [] },
        { "typed without a time", null, "call the bank", null, [] },
        { "typed with a time", null, " call\n the  bank ", "2026-03-09T08:00:00Z", ["task call the bank 2026-03-09T08:00"] },
        { "a time alone", null, "", "2026-03-09T08:00:00Z", [] },
        { "a task", new DispositionRule(Task: Tomorrow), "", null, ["task Send it 2026-03-06T09:00"] },
        { "a callback, by the client's clock", new DispositionRule(Callback: Tomorrow), "", null, ["callback Send it 2026-03-06T15:00"] },
        { "typed before the rule's words", new DispositionRule(Task: Tomorrow), "with the price", null, ["task with the price 2026-03-06T09:00"] },
        { "both, the agent's time is the callback's", new DispositionRule(Tomorrow with { Title = "Offer" }, Tomorrow), "ring", "2026-03-09T08:00:00Z", ["callback ring 2026-03-09T08:00", "task Offer 2026-03-06T09:00"] },
        { "both, asked for the task", new DispositionRule(Tomorrow with { Ask = true }, Tomorrow with { Title = "Ring" }), "offer", "2026-03-09T08:00:00Z", ["callback Ring 2026-03-06T15:00", "task offer 2026-03-09T08:00"] },
        { "a mark alone", new DispositionRule(DoNotCall: true), "letter", null, [] },
    };

    [Theory]
    [MemberData(nameof(Wanted))]
    public void What_follows_comes_from_the_rule_and_what_the_agent_typed(string why, DispositionRule? rule, string nextStep, string? nextAt, string[] expected) =>
        FollowUps.Of(rule, nextStep, nextAt is null ? null : At(nextAt), Given, Rome, NewYork)
            .Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Kind} {f.Title} {f.DueAt.UtcDateTime:yyyy-MM-dd'T'HH:mm}")).Should().Equal(expected, why);

    [Fact]
    public void A_long_text_is_cut_and_never_through_a_letter()
    {
        var title = FollowUps.Of(null, new string('x', 199) + "🦊 and more", Given.AddDays(1), Given, Rome, Rome).Single().Title;
        title.Should().Be(new string('x', 199));
    }
}
