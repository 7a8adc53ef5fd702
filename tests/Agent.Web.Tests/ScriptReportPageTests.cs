using System.Net;
using System.Text.Json;
using AngleSharp.Dom;
using Bunit;
using CallCrm.AgentWeb.Reports;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.Agent.Web.Tests;

public sealed class ScriptReportPageTests : PageContext
{
    static readonly Guid Anna = Guid.Parse("0190b000-0000-7000-8000-000000000001");

    readonly List<string> _asked = [];
    SessionView _session = Some.As("manager");
    HttpResponseMessage? _refusal;

    ScriptReportView _report = new("known", null, new DateOnly(2026, 3, 1), new DateOnly(2026, 3, 7), "Europe/Rome", [new("known", "Known client", 3), new("support", "Support", 1)],
        [new(Anna, "Anna Verdi", 2, 1), new(Guid.NewGuid(), "Luca Neri", 1, 1)], 3, 2,
        [
            new([new("why", "Reason"), new("details", "Details")], true, 2, [new("sale", "Sale", "positive", 2)], [new(new("sale", "Sale"), new("offer", "Offer"), new("won", "Won"), "won", 1), new(new("sale", "Sale"), null, new("new", "New"), null, 1)]),
            new([new("why", "Reason")], false, 1, [new("callback", "Call back", "neutral", 1)]),
        ], 4, [new("why", "Reason", 3, 1, 0, 3, 20, 19), new("details", "Details", 2, 0, 1, 0, null, null)],
        [new(new("reason", "Why do you call?"), new("need", "A <b>need</b>"), 2, [new("sale", "Sale", "positive", 2)], [new(new("sale", "Sale"), new("offer", "Offer"), new("won", "Won"), "won", 1)])]);

    async Task<IRenderedComponent<ScriptReportPage>> ShowAsync(string query = "")
    {
        Server.Answer = request =>
        {
            _asked.Add(request.RequestUri!.PathAndQuery);
            return request.RequestUri.AbsolutePath switch
            {
                "/api/session" => FakeServer.Json(JsonSerializer.Serialize(_session, ContractsJson.Default.SessionView)),
                "/api/reports/scripts" => _refusal ?? FakeServer.Json(JsonSerializer.Serialize(_report, ContractsJson.Default.ScriptReportView)),
                _ => null,
            };
        };
        JSInterop.Setup<Dictionary<string, string>>("callcrm.drafts", _ => true).SetResult([]);
        await Session.LoadAsync();
        _asked.Clear();
        Services.GetRequiredService<NavigationManager>().NavigateTo("reports/scripts" + query);
        return Render<ScriptReportPage>();
    }

    static string Words(IElement element) => string.Join(' ', element.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    static List<string> Cells(IElement row) => [.. row.QuerySelectorAll("th, td").Select(Words)];

    [Fact]
    public async Task Steps_ways_and_agents_have_their_figures()
    {
        var page = await ShowAsync();
        _asked.Should().Equal("/api/reports/scripts?period=last_7_days");
        Words(page.Find("[data-test=report-sum]")).Should().Be("Wrap-ups: 3. To the end of the script: 2 (67 %).");
        page.FindAll("[data-test=report-step]").Select(r => string.Join(" | ", Cells(r))).Should().Equal("Reason | 3 | 1 33 % | 0 | 0:20 | 0:19", "Details | 2 | 0 0 % | 1 | – | –");
        page.FindAll("[data-test=report-path]").Select(r => string.Join(" | ", Cells(r))).Should().Equal("Reason → Details to the end | 2 | Sale 2 | Offer → Won 1 new deal → New 1", "Reason left there | 1 | Call back 1 | ");
        page.Find("[data-test=report-stages] .outcome-positive").GetAttribute("title").Should().Be("Sale");
        page.FindAll("[data-test=report-answer]").Select(r => string.Join(" | ", Cells(r))).Should().Equal("Why do you call? | A <b>need</b> | 2 | Sale 2 | Offer → Won 1");
        page.Find("[data-test=report-csv]").GetAttribute("href").Should().Be("api/reports/scripts/csv?period=last_7_days");
        page.Find("[data-test=report-answers-csv]").GetAttribute("href").Should().Be("api/reports/scripts/answers?period=last_7_days&script=known&language=en");
        Words(page.Find("[data-test=report-other]")).Should().Be("4 more calls took rarer ways.");
        page.FindAll("[data-test=report-agents] tbody tr").Select(r => string.Join(" | ", Cells(r))).Should().Equal("Anna Verdi | 2 | 1 50 %", "Luca Neri | 1 | 1 100 %");
        page.FindAll("[data-test=report-script] option").Select(Words).Should().Equal("Known client (3)", "Support (1)");
    }

    [Fact]
    public async Task A_choice_is_asked_for_and_stands_in_the_address()
    {
        var page = await ShowAsync();
        page.Change("[data-test=report-agent]", Anna.ToString());
        page.WaitForAssertion(() => _asked[^1].Should().Be($"/api/reports/scripts?period=last_7_days&agent={Anna}"));
        page.Change("[data-test=report-script]", "support");
        page.WaitForAssertion(() => _asked[^1].Should().Be("/api/reports/scripts?period=last_7_days&script=support", "another script has other people"));
        page.Click("[data-test=report-own]");
        page.Change("[data-test=report-from]", "2026-02-01");
        page.WaitForAssertion(() => _asked[^1].Should().Be("/api/reports/scripts?from=2026-02-01&to=2026-03-07&script=support"));
        Services.GetRequiredService<NavigationManager>().Uri.Should().EndWith("reports/scripts?from=2026-02-01&to=2026-03-07&script=support");
    }

    [Fact]
    public async Task An_address_with_a_choice_shows_it_again()
    {
        await ShowAsync("?from=2026-02-01&to=2026-02-28&script=support");
        _asked.Should().Equal("/api/reports/scripts?from=2026-02-01&to=2026-02-28&script=support");
    }

    [Fact]
    public async Task Nothing_and_failures_say_so()
    {
        _report = _report with { Script = null, Scripts = [], People = [], Calls = 0, Finished = 0, Paths = [], Steps = [] };
        var page = await ShowAsync();
        Words(page.Find("[data-test=report-empty]")).Should().Be("No call of these days was wrapped up with a script.");
        _refusal = FakeServer.Text("""{"status":503,"errorId":"database_away","detail":"The database does not answer now."}""", "application/problem+json", HttpStatusCode.ServiceUnavailable);
        page.Click("[data-test=report-today]");
        page.WaitForAssertion(() => Words(page.Find("[data-test=report-failed]")).Should().Contain("The database does not answer now."));
    }

    [Fact]
    public async Task What_was_expected_of_a_period_is_said_in_the_language_of_the_page()
    {
        using var language = new InLanguage("ru");
        var page = await ShowAsync();
        _refusal = FakeServer.Text("""{"status":400,"errorId":"invalid_input","errors":{"script":["the id of a script"]}}""", "application/problem+json", HttpStatusCode.BadRequest);
        page.Click("[data-test=report-today]");
        page.WaitForAssertion(() => Words(page.Find("[data-test=report-failed]")).Should().Contain("Ожидается: сценарий"));
    }

    [Fact]
    public async Task Agents_do_not_have_it()
    {
        _session = Some.Session;
        Words((await ShowAsync()).Find("main")).Should().Contain("The reports are for supervisors and managers.");
        _asked.Should().BeEmpty();
    }
}
