using System.Net;
using System.Text.Json;
using AngleSharp.Dom;
using Bunit;
using CallCrm.AgentWeb.Clients;
using CallCrm.AgentWeb.Reports;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.Agent.Web.Tests;

public sealed class ClientsReportPageTests : PageContext
{
    readonly List<string> _asked = [];
    SessionView _session = Some.As("manager");
    HttpResponseMessage? _refusal;

    static ClientsReportFigures Figures(long clients, long won, params CurrencySum[] amounts) => new(clients, 1, 2, 3, 2, 1, 4, 3, 3725, 5, won, 1, 6, amounts, []);

    ClientsReportView _report = new("custom.renewal", null, new DateOnly(2026, 3, 1), new DateOnly(2026, 3, 31), "Europe/Rome", true, true,
        [
            new("value", "renew", "Will renew", Figures(3, 2, new CurrencySum("EUR", 1250.5m, 1, 1250.5m), new CurrencySum("USD", 20, 1, 20)), Filter: "custom.renewal=renew"),
            new("value", "leave", "Will <b>leave</b>", Figures(5, 0)), new("others", null, null, Figures(1, 9)), new("without", null, null, Figures(1200, 7)),
        ],
        Figures(1209, 18, new CurrencySum("EUR", 1250.5m, 1, 1250.5m), new CurrencySum("USD", 20, 1, 20)),
        [new("segment", null, "list"), new("tag", null, "list"), new("custom.renewal", "Renewal", "choice"), new("custom.size", "Size", "number", true)]);

    async Task<IRenderedComponent<T>> ShowAsync<T>(string address) where T : IComponent
    {
        Server.Answer = request =>
        {
            _asked.Add(request.RequestUri!.PathAndQuery);
            return request.RequestUri.AbsolutePath switch
            {
                "/api/session" => FakeServer.Json(JsonSerializer.Serialize(_session, ContractsJson.Default.SessionView)),
                "/api/reports/clients" => _refusal ?? FakeServer.Json(JsonSerializer.Serialize(_report, ContractsJson.Default.ClientsReportView)),
                "/api/catalog" => FakeServer.Json(JsonSerializer.Serialize(Some.Catalog with
                {
                    ClientFields = [new ClientFieldView("renewal", "Renewal", "choice", [new NamedCode("renew", "Will renew")]), new ClientFieldView("size", "Size", "number", []),
                    new ClientFieldView("budget", "Budget", "money", []), new ClientFieldView("friend", "Friend", "link", [], "client"), new ClientFieldView("big", "Big", "calculated", [], null, "yes_no", "custom.size > 9"),
                    new ClientFieldView("far", "Far", "calculated", [], null, "number", "custom.friend.custom.size"), new ClientFieldView("further", "Further", "calculated", [], null, "number", "custom.far + 1"), new ClientFieldView("secret", "Secret", "text", [])],
                    Unseen = ["city", "custom.secret"],
                    Departments = [new NamedCode("0193b6c0-0000-7000-8000-000000000001", "Sales"), new NamedCode("0193b6c0-0000-7000-8000-000000000002", "Sales / North")],
                }, ContractsJson.Default.CatalogView)),
                "/api/links" => FakeServer.Json(JsonSerializer.Serialize([new LinkChoice(Some.ClientId, "Mario Rossi", "#7")], ContractsJson.Default.IReadOnlyListLinkChoice)),
                "/api/clients" => _refusal ?? FakeServer.Json(JsonSerializer.Serialize(new ListPage<ClientRow>([], null), ContractsJson.Default.ListPageClientRow)),
                "/api/clients/sources" => FakeServer.Json("""{"sources":["fair"]}"""),
                _ => null,
            };
        };
        await Session.LoadAsync();
        _asked.Clear();
        Services.GetRequiredService<NavigationManager>().NavigateTo(address);
        return Render<T>();
    }

    string Uri => Services.GetRequiredService<NavigationManager>().Uri;

    static string Words(IElement element) => string.Join(' ', element.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    static List<string> Lines(IRenderedComponent<ClientsReportPage> page) => [.. page.FindAll("[data-test=report-row] th").Select(Words)];

    [Fact]
    public async Task Each_line_has_its_figures_and_leads_to_its_clients()
    {
        var page = await ShowAsync<ClientsReportPage>("reports/clients?by=custom.renewal");
        page.WaitForAssertion(() => Lines(page).Should().Equal("Will renew", "Will <b>leave</b>", "others", "without"));
        _asked.Should().Equal("/api/reports/clients?by=custom.renewal&period=this_month");
        page.FindAll("[data-test=report-row] a").Select(a => a.GetAttribute("href")).Should().Equal("clients?custom.renewal=renew");
        page.FindAll("[data-test=report] thead th").Select(Words).Should().Equal("Renewal", "Clients", "New", "Called", "Calls in", "Answered", "Missed", "Calls out", "Reached", "Talk", "Deals opened", "Won", "Amount won", "Lost", "Open deals now");
        page.FindAll("[data-test=report-row]")[0].QuerySelectorAll("td").Select(Words).Should().Equal("3", "1", "2", "3", "2", "1", "4", "3", "1:02:05", "5", "2", "1,250.50 EUR 20 USD", "1", "6");
        Words(page.FindAll("[data-test=report-row]")[1].QuerySelectorAll("td")[11]).Should().Be("–");
        page.FindAll("[data-test=report-total] > *").Take(2).Select(Words).Should().Equal("Total", "1,209");
        page.Find("[data-test=report-csv]").GetAttribute("href").Should().Be("api/reports/clients/csv?by=custom.renewal&period=this_month");
        page.Find("[data-test=report-defs]").TextContent.Should().Contain("never added up").And.Contain("whenever they were made");
    }

    [Fact]
    public async Task A_choice_is_asked_for_and_stands_in_the_address()
    {
        var page = await ShowAsync<ClientsReportPage>("reports/clients");
        page.WaitForAssertion(() => page.FindAll("[data-test=report-by] option").Select(Words).Should().Equal("By: Segment", "By: Tags", "By: Renewal", "By: Size"));
        page.FindAll("[data-test=report-sum] option").Select(Words).Should().Equal("No sum", "Sum: Size");
        page.Change("[data-test=report-by]", "tag");
        page.WaitForAssertion(() => _asked[^1].Should().Be("/api/reports/clients?by=tag&period=this_month"));
        _report = _report with { Sum = "custom.size", Total = _report.Total with { Sums = [new CurrencySum(null, 12.5m, 2, 6.25m)] } };
        page.Change("[data-test=report-sum]", "custom.size");
        page.WaitForAssertion(() => page.FindAll("[data-test=report-total] > *").Take(4).Select(Words).Should().Equal("Total", "12.5", "6.25", "1,209"));
        page.Click("[data-test=report-own]");
        page.Change("[data-test=report-from]", "2026-02-01");
        page.WaitForAssertion(() => _asked[^1].Should().Be("/api/reports/clients?by=tag&sum=custom.size&from=2026-02-01&to=2026-03-31"));
        Uri.Should().EndWith("reports/clients?by=tag&sum=custom.size&from=2026-02-01&to=2026-03-31");
    }

    [Fact]
    public async Task Lines_are_sorted_by_a_column_and_the_rest_stays_at_the_end()
    {
        var page = await ShowAsync<ClientsReportPage>("reports/clients?by=custom.renewal&sort=Won");
        page.WaitForAssertion(() => Lines(page).Should().Equal("Will <b>leave</b>", "Will renew", "without", "others"));
        page.Click("[data-test=sort-Clients]");
        page.WaitForAssertion(() => Lines(page).Should().Equal("Will <b>leave</b>", "Will renew", "without", "others"));
        Uri.Should().EndWith("&sort=-Clients");
        page.FindAll("[aria-sort=descending]").Select(h => Words(h)).Should().Equal("Clients ▼");
        page.Click("[data-test=sort-Clients]");
        page.WaitForAssertion(() => Lines(page).Should().Equal("Will renew", "Will <b>leave</b>", "others", "without"));
        page.Click("[data-test=sort-Clients]");
        page.WaitForAssertion(() => page.FindAll("[aria-sort=ascending], [aria-sort=descending]").Should().BeEmpty());
        page.Click("[data-test=sort-WonAmount]");
        page.WaitForAssertion(() => Lines(page)[0].Should().Be("Will renew"));
        _asked.Should().ContainSingle("sorting asks for nothing");
    }

    [Fact]
    public async Task Ranges_months_and_yes_are_said_in_words()
    {
        _report = _report with { By = "custom.size", Rows = [new("value", null, null, Figures(1, 0), Below: 1000), new("value", null, null, Figures(1, 0), "EUR", 1000, 2000, "custom.size.from=1000&custom.size.below=2000"), new("value", null, null, Figures(1, 0), From: 2000)] };
        Lines(await ShowAsync<ClientsReportPage>("reports/clients?by=custom.size")).Should().Equal("under 1,000", "1,000 to under 2,000 EUR", "2,000 and more");
        _report = _report with { By = "custom.when", Rows = [new("value", "2026-03", null, Figures(1, 0))], Fields = [new("custom.when", "When", "date")] };
        Lines(await ShowAsync<ClientsReportPage>("reports/clients?by=custom.when")).Should().Equal("March 2026");
        _report = _report with { By = "custom.news", Rows = [new("value", "true", null, Figures(1, 0))], Fields = [new("custom.news", "News", "yes_no")] };
        Lines(await ShowAsync<ClientsReportPage>("reports/clients?by=custom.news")).Should().Equal("yes");
    }

    [Fact]
    public async Task What_is_not_seen_has_no_columns_and_nothing_and_failures_say_so()
    {
        _report = _report with { Calls = false, Deals = false };
        var page = await ShowAsync<ClientsReportPage>("reports/clients?by=custom.renewal");
        page.FindAll("[data-test=report] thead th").Select(Words).Should().Equal("Renewal", "Clients", "New");
        _report = _report with { Total = Figures(0, 0), Rows = [] };
        page.Click("[data-test=report-today]");
        page.WaitForAssertion(() => page.Find("[data-test=report-empty]"));
        _refusal = FakeServer.Json("""{"errorId":"report_too_slow"}""", HttpStatusCode.ServiceUnavailable);
        page.Click("[data-test=report-yesterday]");
        page.WaitForAssertion(() => page.Find("[data-test=report-failed]").TextContent.Should().Contain("30 seconds"));
    }

    [Fact]
    public async Task Agents_do_not_have_it()
    {
        _session = Some.Session;
        Words((await ShowAsync<ClientsReportPage>("reports/clients")).Find("main")).Should().Contain("The reports are for supervisors and managers.");
        _asked.Should().BeEmpty();
    }

    static List<string> Chips(IRenderedComponent<ClientsPage> page) => [.. page.FindAll("[data-test=narrowed]").Select(Words)];

    [Fact]
    public async Task The_list_of_clients_keeps_to_the_line_and_says_so()
    {
        var page = await ShowAsync<ClientsPage>("clients?custom.size.from=1000&custom.size.below=2000&custom.renewal=renew&other=1&tag=hot");
        page.WaitForAssertion(() => Chips(page).Should().Equal("Size: ≥ 1,000, < 2,000 ×", "Renewal: Will renew ×", "Tags: hot ×"));
        _asked.Should().Contain("/api/clients?query=&limit=50&custom.size.from=1000&custom.size.below=2000&custom.renewal=renew&tag=hot");
        page.FindAll("[data-test=narrowed]").Select(c => (c.GetAttribute("href"), c.GetAttribute("aria-label"))).Should().Equal(("clients?custom.renewal=renew&tag=hot", "Remove the filter Size: ≥ 1,000, < 2,000"),
            ("clients?custom.size.from=1000&custom.size.below=2000&tag=hot", "Remove the filter Renewal: Will renew"),
            ("clients?custom.size.from=1000&custom.size.below=2000&custom.renewal=renew", "Remove the filter Tags: hot"));
        page.Find("[data-test=narrowed-none]").GetAttribute("href").Should().Be("clients");
        page.Change("[data-test=source-filter]", "fair");
        Uri.Should().EndWith("clients?source=fair&custom.size.from=1000&custom.size.below=2000&custom.renewal=renew&tag=hot");
    }

    [Fact]
    public async Task What_links_lead_to_is_named_and_what_is_missing_is_a_condition_each()
    {
        var page = await ShowAsync<ClientsPage>($"clients?custom.friend={Some.ClientId}&clientLanguage=it&custom.big=true&without=segment,custom.size&without=language");
        page.WaitForAssertion(() => Chips(page).Should().Equal("Friend: Mario Rossi ×", "Language: Italian ×", "Big: yes ×", "Segment: without ×", "Size: without ×", "Language: without ×"));
        _asked.Should().Contain($"/api/links?target=client&id={Some.ClientId}").And.Contain(a => a.EndsWith("&without=segment,custom.size,language", StringComparison.Ordinal));
        page.FindAll("[data-test=narrowed]")[4].GetAttribute("href").Should().Be($"clients?custom.friend={Some.ClientId}&clientLanguage=it&custom.big=true&without=segment,language");
    }

    [Fact]
    public async Task A_filter_is_chosen_by_field_and_value_in_place_of_the_former_one()
    {
        var page = await ShowAsync<ClientsPage>("clients?segment=vip");
        page.Click("[data-test=filter-add]");
        page.FindAll("[data-test=filter-field] option").Select(Words).Should().Equal("Segment", "Responsible", "Department", "Person or company", "Language", "Tags", "Renewal", "Size", "Budget", "Friend", "Big");
        page.Submit("[data-test=filter-form]");
        page.Find("[data-test=filter-nothing]").TextContent.Should().Contain("Fill in a value");
        page.Change("[data-test=filter-field]", "custom.budget");
        page.Change("[data-test=filter-from]", "10,5");
        page.Change("[data-test=filter-currency]", "eur");
        page.Submit("[data-test=filter-form]");
        Uri.Should().EndWith("clients?segment=vip&custom.budget.from=10%2C5&custom.budget.currency=EUR");
        page.FindAll("[data-test=filter-form]").Should().BeEmpty();
        page.Click("[data-test=filter-add]");
        page.Change("[data-test=filter-field]", "custom.budget");
        page.Change("[data-test=filter-without]", true);
        page.FindAll("[data-test=filter-from]").Should().BeEmpty();
        page.Submit("[data-test=filter-form]");
        Uri.Should().EndWith("clients?segment=vip&without=custom.budget");
        page.Click("[data-test=filter-add]");
        page.Change("[data-test=filter-field]", "custom.big");
        page.FindAll("[data-test=filter-value] option").Select(Words).Should().Equal("–", "yes", "no");
        page.Change("[data-test=filter-value]", "false");
        page.Submit("[data-test=filter-form]");
        Uri.Should().EndWith("clients?segment=vip&custom.big=false&without=custom.budget");
        page.Click("[data-test=filter-add]");
        page.Find("[data-test=filter-form]").KeyDown("Escape");
        page.FindAll("[data-test=filter-form]").Should().BeEmpty();
    }

    [Fact]
    public async Task A_department_is_chosen_by_its_whole_path_and_told_by_it()
    {
        var page = await ShowAsync<ClientsPage>("clients");
        page.Click("[data-test=filter-add]");
        page.Change("[data-test=filter-field]", "department");
        page.FindAll("[data-test=filter-value] option").Select(Words).Should().Equal("–", "Sales", "Sales / North");
        page.Change("[data-test=filter-value]", "0193b6c0-0000-7000-8000-000000000002");
        page.Submit("[data-test=filter-form]");
        Uri.Should().EndWith("clients?department=0193b6c0-0000-7000-8000-000000000002");
        page.WaitForAssertion(() => Chips(page).Should().Equal("Department: Sales / North ×"));
        page.Click("[data-test=filter-add]");
        page.Change("[data-test=filter-field]", "department");
        page.Change("[data-test=filter-without]", true);
        page.Submit("[data-test=filter-form]");
        Uri.Should().EndWith("clients?without=department");
    }

    [Fact]
    public async Task A_filter_that_the_server_refuses_is_named_and_no_other_list_stands_there()
    {
        _refusal = FakeServer.Json("""{"errorId":"invalid_input","errors":{"custom.size.from":["a number such as 12.5"]}}""", HttpStatusCode.BadRequest);
        var page = await ShowAsync<ClientsPage>("clients?custom.size.from=much");
        page.WaitForAssertion(() => Words(page.Find("[role=alert]")).Should().Contain("Size: a number such as 12.5"));
        page.Find(".table-wrap").HasAttribute("hidden").Should().BeTrue();
        Chips(page).Should().Equal("Size: ≥ much ×");
    }
}
