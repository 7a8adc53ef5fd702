using System.Globalization;
using System.Net;
using System.Text.Json;
using AngleSharp.Dom;
using Bunit;
using CallCrm.AgentWeb.Frame;
using CallCrm.AgentWeb.Reports;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.Agent.Web.Tests;

public sealed class ReportsPageTests : PageContext
{
    static readonly ReportFigures Figures = new(12, 9, 3, 1, 20, 81.8m, 18.2m, 14, 226, 9, 1530, 20, 480, 76.5m, 2400, 739, 2, 1, 0, 14, 11, 1200, 7, 5, 630, 3, 75, 1, 50m, 754);
    static readonly ReportFigures None = new(0, 0, 0, 0, 20, null, null, null, null, 0, 0, 0, 0, null, 0, 0, 0, 0);

    readonly List<string> _asked = [];
    SessionView _session = Some.As("supervisor");
    ReportView _report = Report("queue", "day", Row(1, "Sales"), Row(1, null));
    HttpResponseMessage? _refusal;

    static ReportRow Row(int hours, string? name, ReportFigures? figures = null, string? id = null) =>
        new(new DateTimeOffset(2026, 3, 5, hours, 0, 0, TimeSpan.FromHours(1)), id ?? (name is null ? null : "0190b000-0000-7000-8000-000000000021"), name, figures ?? Figures);

    static ReportView Report(string by, string step, params ReportRow[] rows) => new(by, step, new DateOnly(2026, 3, 5), new DateOnly(2026, 3, 5), "Europe/Rome", rows, rows.Length == 0 ? None : Figures, false);

    async Task<IRenderedComponent<ReportsPage>> ShowAsync(string query = "")
    {
        Server.Answer = request =>
        {
            _asked.Add(request.RequestUri!.PathAndQuery);
            return request.RequestUri.AbsolutePath switch
            {
                "/api/session" => FakeServer.Json(JsonSerializer.Serialize(_session, ContractsJson.Default.SessionView)),
                "/api/reports" => _refusal ?? FakeServer.Json(JsonSerializer.Serialize(_report, ContractsJson.Default.ReportView)),
                _ => null,
            };
        };
        JSInterop.Setup<Dictionary<string, string>>("callcrm.drafts", _ => true).SetResult([]);
        await Session.LoadAsync();
        _asked.Clear();
        Services.GetRequiredService<NavigationManager>().NavigateTo("reports" + query);
        return Render<ReportsPage>();
    }

    static string Words(IElement element) => string.Join(' ', element.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    static List<string> Cells(IElement row) => [.. row.QuerySelectorAll("th, td").Select(Words)];

    [Fact]
    public async Task Each_queue_has_its_figures_and_a_sum_under_them()
    {
        var page = await ShowAsync();
        _asked.Should().Equal("/api/reports?by=queue&step=day&period=today");
        Cells(page.Find("[data-test=report] thead tr")).Should().Equal("Queue", "Offered", "Answered", "Abandoned", "Of these short", "Service level", "ASA", "AHT", "Missed", "Called back", "Back in time", "Time to call back", "Blocked");
        var rows = page.FindAll("[data-test=report-row]");
        Cells(rows[0]).Should().Equal("Thu 5 Mar Sales", "12", "9", "3", "1", "81.8 % in 20 s", "0:14", "3:46", "2", "1", "50 %", "12:34", "0");
        Cells(rows[1])[0].Should().Be("Thu 5 Mar No queue");
        Cells(page.Find("[data-test=report-total]")).Should().Equal("Total", "12", "9", "3", "1", "81.8 % in 20 s", "0:14", "3:46", "2", "1", "50 %", "12:34", "0");
        rows[0].QuerySelectorAll("td")[6].GetAttribute("title").Should().Be("conversations: 9; talk 25:30, hold 0:20, wrap-up 8:00");
        page.Find("[data-test=report-csv]").GetAttribute("href").Should().Be("api/reports/csv?by=queue&step=day&period=today");
        page.Find("[data-test=report-csv]").HasAttribute("download").Should().BeTrue();
    }

    [Fact]
    public async Task Each_column_says_how_it_is_counted_and_otherwise_for_agents()
    {
        var page = await ShowAsync();
        static List<string> Said(IRenderedComponent<ReportsPage> page) => [.. page.FindAll("[data-test=report-defs] dd").Select(Words)];
        var titles = page.FindAll("[data-test=report] thead th").Skip(1).Select(h => h.GetAttribute("title")!).ToList();
        titles.Should().Equal(Said(page)).And.OnlyHaveUniqueItems().And.OnlyContain(t => !t.StartsWith("Report.", StringComparison.Ordinal));
        titles[0].Should().Be("Calls that entered a queue.");

        _report = Report("agent", "day", Row(1, "Anna Verdi"));
        page.Click("[data-test=report-agent]");
        page.WaitForAssertion(() => Cells(page.Find("[data-test=report-row]")).Should().Equal("Thu 5 Mar Anna Verdi", "12", "9", "3", "1", "81.8 % in 20 s", "0:14", "3:46", "76.5 %", "2", "1", "50 %", "12:34", "14", "11", "20:00", "5", "10:30", "3", "1:15"));
        Said(page).Should().HaveCount(19).And.OnlyContain(t => !t.StartsWith("Report.", StringComparison.Ordinal));
        Said(page)[0].Should().StartWith("Calls offered to the agent");
        page.Find("[data-test=report-agent]").GetAttribute("aria-pressed").Should().Be("true");
    }

    [Fact]
    public async Task Hours_are_the_zones_own_and_the_one_that_comes_twice_says_which()
    {
        ReportRow Hour(string at) => new(DateTimeOffset.Parse(at, CultureInfo.InvariantCulture), "390233334444", "Web site", Figures);
        _report = Report("number", "hour", Hour("2026-10-25T01:00:00+02:00"), Hour("2026-10-25T02:00:00+02:00"), Hour("2026-10-25T02:00:00+01:00"), Hour("2026-10-25T03:00:00+01:00"));
        var page = await ShowAsync("?by=number&step=hour&period=yesterday");
        _asked.Should().Equal("/api/reports?by=number&step=hour&period=yesterday");
        static string Time(int hour) => string.Join(' ', new TimeOnly(hour, 0).ToString("t", CultureInfo.CurrentCulture).Split((char[]?)null));
        var name = "Web site · 390233334444";
        page.FindAll("[data-test=report-row]").Select(r => Cells(r)[0]).Should().Equal($"Sun 25 Oct, {Time(1)} {name}", $"Sun 25 Oct, {Time(2)} (UTC+02:00) {name}", $"Sun 25 Oct, {Time(2)} (UTC+01:00) {name}", $"Sun 25 Oct, {Time(3)} {name}");
    }

    [Fact]
    public async Task A_choice_is_asked_for_shown_in_the_address_and_offered_as_CSV()
    {
        var page = await ShowAsync();
        page.Click("[data-test=report-hour]");
        page.Click("[data-test=report-last_7_days]");
        page.WaitForAssertion(() => _asked[^1].Should().Be("/api/reports?by=queue&step=hour&period=last_7_days"));
        Services.GetRequiredService<NavigationManager>().Uri.Should().EndWith("/reports?by=queue&step=hour&period=last_7_days");
        page.Find("[data-test=report-csv]").GetAttribute("href").Should().Be("api/reports/csv?by=queue&step=hour&period=last_7_days");
    }

    [Fact]
    public async Task Own_days_begin_as_those_shown_and_impossible_ones_are_not_asked_for()
    {
        var page = await ShowAsync();
        page.Click("[data-test=report-own]");
        page.WaitForAssertion(() => _asked[^1].Should().Be("/api/reports?by=queue&step=day&from=2026-03-05&to=2026-03-05"));
        page.Change("[data-test=report-from]", "2026-02-01");
        page.WaitForAssertion(() => _asked[^1].Should().Be("/api/reports?by=queue&step=day&from=2026-02-01&to=2026-03-05"));
        var asked = _asked.Count;
        page.Click("[data-test=report-hour]");
        page.WaitForAssertion(() => Words(page.Find("[data-test=report-wrong]")).Should().StartWith("At most 31 days"));
        page.FindAll("[data-test=report-csv]").Should().BeEmpty();
        page.Change("[data-test=report-to]", "2026-01-31");
        page.WaitForAssertion(() => Words(page.Find("[data-test=report-wrong]")).Should().StartWith("The last day is before"));
        page.Find("[data-test=report-to]").GetAttribute("aria-invalid").Should().Be("true");
        _asked.Should().HaveCount(asked);
        page.Change("[data-test=report-to]", "2026-02-02");
        page.WaitForAssertion(() => _asked[^1].Should().Be("/api/reports?by=queue&step=hour&from=2026-02-01&to=2026-02-02"));
        page.WaitForAssertion(() => page.FindAll("[data-test=report-wrong]").Should().BeEmpty());
    }

    [Fact]
    public async Task An_address_with_days_shows_them_again()
    {
        var page = await ShowAsync("?by=agent&step=whole&from=2026-02-01&to=2026-02-28");
        _asked.Should().Equal("/api/reports?by=agent&step=whole&from=2026-02-01&to=2026-02-28");
        page.Find("[data-test=report-from]").GetAttribute("value").Should().Be("2026-02-01");
    }

    [Fact]
    public async Task Who_lives_in_another_zone_may_have_it()
    {
        (await ShowAsync()).FindAll("[data-test=report-zone]").Should().BeEmpty("it is the site's");
        _session = _session with { TimeZone = "Asia/Tokyo" };
        var page = await ShowAsync();
        page.Change("[data-test=report-zone]", "Asia/Tokyo");
        page.WaitForAssertion(() => _asked[^1].Should().Be("/api/reports?by=queue&step=day&period=today&zone=Asia%2FTokyo"));
        page.Find("[data-test=report-csv]").GetAttribute("href").Should().EndWith("&zone=Asia%2FTokyo");
    }

    [Fact]
    public async Task Empty_cut_and_failing_reports_say_so()
    {
        _report = Report("queue", "day");
        var page = await ShowAsync();
        Words(page.Find("[data-test=report-empty]")).Should().StartWith("Nothing happened in these days.");
        page.FindAll("[data-test=report-row]").Should().BeEmpty();

        _report = Report("queue", "day", Row(1, "Sales", None)) with { More = true };
        page.Click("[data-test=report-yesterday]");
        page.WaitForAssertion(() => Cells(page.Find("[data-test=report-row]")).Should().Equal("Thu 5 Mar Sales", "0", "0", "0", "0", "– in 20 s", "–", "–", "0", "0", "–", "–", "0"));
        Words(page.Find("[data-test=report-more]")).Should().StartWith("The first 1 lines are shown");

        _refusal = FakeServer.Text("""{"status":503,"errorId":"database_away","detail":"The database does not answer now."}""", "application/problem+json", HttpStatusCode.ServiceUnavailable);
        page.Click("[data-test=report-this_month]");
        page.WaitForAssertion(() => Words(page.Find("[data-test=report-failed]")).Should().Contain("The database does not answer now."));
        page.FindAll("[data-test=report-row]").Should().HaveCount(1, "what was there is still to be read");
        _refusal = null;
        page.Click("[data-test=report-failed] button");
        page.WaitForAssertion(() => page.FindAll("[data-test=report-failed]").Should().BeEmpty());
    }

    [Fact]
    public async Task Agents_have_neither_the_page_nor_its_way_in()
    {
        _session = Some.Session;
        var page = await ShowAsync();
        Words(page.Find("main")).Should().Contain("The reports are for supervisors and managers.");
        _asked.Should().BeEmpty();
        Render<MainFrame>().FindAll("a[href=reports]").Should().BeEmpty();
    }

    [Fact]
    public async Task Leads_find_it_in_the_bar()
    {
        await ShowAsync();
        Render<MainFrame>().Find("a[href=reports]").TextContent.Should().Be("Reports");
    }
}
