using System.Net;
using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Reports;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class FillingReportPageTests : PageContext
{
    static readonly Guid Anna = Guid.Parse("0190b000-0000-7000-8000-000000000001");

    readonly List<string> _asked = [];
    HttpResponseMessage? _refusal;

    FillingView _report = new(new DateOnly(2026, 3, 1), new DateOnly(2026, 3, 7), "Europe/Rome", ["name", "responsibleId", "custom.contract"], [new NamedCode("contract", "Contract")],
        [new FillingRow(Anna, "Anna Verdi", 40, [40, 40, 10], 25, 3, 8, 20, 5, 2), new FillingRow(null, null, 6, [6, 0, 0], 0, 0, 0, 0, 0, 0)], [new SameValueRow(Anna, "Anna Verdi", "custom.contract", "n/a", 25)]);

    async Task<IRenderedComponent<FillingReportPage>> ShowAsync(string role = "manager")
    {
        Server.Answer = request =>
        {
            _asked.Add(request.RequestUri!.PathAndQuery);
            return request.RequestUri.AbsolutePath switch
            {
                "/api/session" => FakeServer.Json(JsonSerializer.Serialize(Some.As(role), ContractsJson.Default.SessionView)),
                "/api/reports/filling" => _refusal ?? FakeServer.Json(JsonSerializer.Serialize(_report, ContractsJson.Default.FillingView)),
                _ => null,
            };
        };
        await Session.LoadAsync();
        _asked.Clear();
        return Render<FillingReportPage>();
    }

    [Fact]
    public async Task Shows_how_well_each_persons_cards_are_filled_and_what_is_for_show()
    {
        var page = await ShowAsync();
        page.WaitForAssertion(() => page.FindAll("[data-test=filling-row]").Should().HaveCount(2));
        page.FindAll("[data-test=filling-fields] thead th").Select(h => h.TextContent).Should().Equal("Responsible", "Cards", "Name", "Contract");
        page.FindAll("[data-test=filling-row]")[0].QuerySelectorAll("td")[2].TextContent.Should().Contain("25");
        page.FindAll("[data-test=filling-row]")[1].TextContent.Should().Contain("Nobody");
        page.Find("[data-test=filling-same]").TextContent.Should().Contain("n/a");
        page.Find("[data-test=report-csv]").GetAttribute("href").Should().Be("api/reports/filling/csv?period=last_7_days");
        page.Click("[data-test=report-this_month]");
        page.WaitForAssertion(() => _asked.Should().EndWith("/api/reports/filling?period=this_month"));
    }

    [Fact]
    public async Task Says_why_it_failed_and_who_may_see_it()
    {
        _refusal = FakeServer.Json("""{"errorId":"report_too_slow"}""", HttpStatusCode.ServiceUnavailable);
        var page = await ShowAsync();
        page.WaitForAssertion(() => page.Find("[data-test=report-failed]").TextContent.Should().Contain("30 seconds"));
    }

    [Fact]
    public async Task Asks_nothing_for_an_agent()
    {
        await ShowAsync("agent");
        _asked.Should().BeEmpty();
    }
}
