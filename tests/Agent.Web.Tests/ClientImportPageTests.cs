using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Bunit;
using Bunit.TestDoubles;
using CallCrm.AgentWeb.Files;
using CallCrm.AgentWeb.Imports;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.Agent.Web.Tests;

public sealed class ClientImportPageTests : PageContext
{
    static readonly Guid Run = new("0190b000-0000-7000-8000-000000000301");

    static readonly ImportPreview Preview = new(Run, "clients.csv", "csv", 100, "windows-1251", ";", null, [], 1, ["Имя", "Телефон", "Код"], [new(2, ["Анна", "+39 02 1234", "7"], null), new(3, ["\"Пётр"], "a quotation mark is opened and not closed")],
        [new ImportColumn(1, "phone", "mobile")], "bitrix24_contacts", true, "auto", [new("name", false), new("phone", true), new("city", false)]);

    static ImportRunView State(string state, long failed = 0) => new(Run, "clients.csv", state, 5, 4, 2, 1, 1 - failed, failed, 0,
        failed > 0 ? [new ImportErrorView(3, "Телефон", "12", "a telephone number such as +39 02 1234 5678")] : [], null, "Sara Conti", Some.Noon, Some.Noon, state == "running" ? null : Some.Noon, false);

    ImportRunView _run = State("uploaded");

    static HttpResponseMessage Json<T>(T value, JsonTypeInfo<T> type) => FakeServer.Json(JsonSerializer.Serialize(value, type));

    async Task<IRenderedComponent<ImportPage>> ShowAsync(string role = "supervisor", bool run = true)
    {
        Server.Answer = request => request.RequestUri!.AbsolutePath switch
        {
            "/api/session" => Json(Some.As(role), ContractsJson.Default.SessionView),
            "/api/imports" => Json(new ListPage<ImportRunView>([State("done", 1)], null), ContractsJson.Default.ListPageImportRunView),
            var path when path.EndsWith("/check", StringComparison.Ordinal) => Json(new ImportCheckView(2, 1, 0, 0, 1, [new ImportMatchView(2, "Анна", Some.ClientId, ["name", "city"], 81, "made")], []), ContractsJson.Default.ImportCheckView),
            var path when path.EndsWith("/preview", StringComparison.Ordinal) => Json(Preview, ContractsJson.Default.ImportPreview),
            var path when path.StartsWith("/api/imports/", StringComparison.Ordinal) => Json(_run, ContractsJson.Default.ImportRunView),
            _ => null,
        };
        await Session.LoadAsync();
        if (run)
            Services.GetRequiredService<NavigationManager>().NavigateTo($"clients/import?run={Run}");
        return Render<ImportPage>();
    }

    [Fact]
    public async Task Agents_are_told_whose_page_it_is()
    {
        var page = await ShowAsync("agent", run: false);
        page.Find(".empty").TextContent.Should().Contain("Supervisors, managers and administrators");
        page.FindAll("[data-test=import-file]").Should().BeEmpty();
    }

    [Fact]
    public async Task Without_an_import_a_file_is_chosen_and_earlier_ones_are_listed()
    {
        var page = await ShowAsync(run: false);
        page.WaitForAssertion(() => page.Find("[data-test=import-list] tbody tr").TextContent.Should().Contain("clients.csv"));
        page.Find("[data-test=import-file]").GetAttribute("accept").Should().Contain(".xls");
    }

    [Fact]
    public async Task The_file_is_shown_as_read_and_goes_on_when_there_is_a_name()
    {
        var page = await ShowAsync();
        page.WaitForAssertion(() => page.FindAll("[data-test=import-preview] tbody tr").Should().HaveCount(2));
        page.Find("[data-test=import-preview]").TextContent.Should().Contain("Анна").And.Contain("a quotation mark is opened");
        page.Find("[data-test=import-preset]").TextContent.Should().Be("Contacts from Bitrix24");
        page.Find("[data-test=import-next]").HasAttribute("disabled").Should().BeTrue();
        page.Find("[data-test=import-column-0]").Change("name");
        page.WaitForAssertion(() => page.Find("[data-test=import-next]").HasAttribute("disabled").Should().BeFalse());
        // A field that is taken is not offered twice.
        page.Find("[data-test=import-column-2]").TextContent.Should().NotContain("Name").And.Contain("City");
    }

    [Fact]
    public async Task What_was_chosen_is_sent_and_the_result_is_shown_with_its_errors()
    {
        var page = await ShowAsync();
        page.WaitForElement("[data-test=import-column-0]").Change("name");
        page.WaitForElement("[data-test=import-next]:not([disabled])").Click();
        page.WaitForElement("[data-test=import-overwrite]").Change("overwrite");
        page.Find("[data-test=import-match-mail]").Change(false);
        _run = State("done", 1);
        page.Find("[data-test=import-duplicates]").Submit();
        page.WaitForElement("[data-test=import-result][data-state=done]");
        var sent = JsonSerializer.Deserialize(Server.Asked.Single(a => a.Path.EndsWith("/start", StringComparison.Ordinal)).Body, ContractsJson.Default.ImportStart)!;
        sent.Columns.Should().Equal(new ImportColumn(0, "name"), new ImportColumn(1, "phone", "mobile"));
        sent.Should().BeEquivalentTo(new { HeaderRow = 1L, Kind = "auto", Duplicates = "overwrite", MatchNumber = true, MatchMail = false, Encoding = "windows-1251", Separator = ";", Language = "en" });
        page.Find("[data-test=import-made]").TextContent.Should().Be("2");
        page.Find("[data-test=import-errors] tbody tr").TextContent.Should().Contain("Телефон").And.Contain("+39 02 1234 5678");
        page.Find("[data-test=import-failed-file]").GetAttribute("href").Should().Be($"api/imports/{Run}/failed");
    }

    [Fact]
    public async Task Who_may_be_there_already_is_shown_before_and_after_with_the_reason()
    {
        var page = await ShowAsync();
        page.WaitForElement("[data-test=import-column-0]").Change("name");
        page.WaitForElement("[data-test=import-next]:not([disabled])").Click();
        page.WaitForElement("[data-test=import-alike-file]").Change("file");
        page.Find("[data-test=import-companies]").Change("make");
        page.Find("[data-test=import-source]").Change(" Fair ");
        page.Find("[data-test=import-match-tax]").Change(false);
        page.Find("[data-test=import-check]").Click();
        page.WaitForElement("[data-test=import-matches]").TextContent.Should().Contain("81 %").And.Contain("name, city");
        var asked = JsonSerializer.Deserialize(Server.Asked.Single(a => a.Path.EndsWith("/check", StringComparison.Ordinal)).Body, ContractsJson.Default.ImportStart)!;
        asked.Should().BeEquivalentTo(new { Alike = "file", Companies = "make", Source = "Fair", MatchTaxId = false });
        _run = State("done") with { Alike = 1, Companies = 3, Reasons = new Dictionary<string, long> { ["phone"] = 4, ["name"] = 1 }, Matches = [new ImportMatchView(3, "Ugo", Some.ClientId, ["phone"], null, "skipped")] };
        page.Find("[data-test=import-duplicates]").Submit();
        page.WaitForElement("[data-test=import-result][data-state=done]");
        page.Find("[data-test=import-reasons]").TextContent.Should().Contain("4").And.Contain("1");
        page.Find("[data-test=import-matches] tbody tr").TextContent.Should().Contain("Ugo").And.Contain("skipped");
        page.Find("[data-test=import-alike]").TextContent.Should().Be("1");
        page.Find("[data-test=import-alike-list]").GetAttribute("href").Should().Be("clients/duplicates");
    }

    [Fact]
    public async Task One_that_runs_is_followed_from_its_address()
    {
        _run = State("running");
        var page = await ShowAsync();
        page.WaitForElement("[data-test=import-result][data-state=running]").TextContent.Should().Contain("after a restart");
        _run = State("done");
        page.WaitForElement("[data-test=import-result][data-state=done]", TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task The_order_of_dates_is_shown_a_guess_is_said_and_a_choice_goes_along()
    {
        var guess = Preview with
        {
            Columns = [new ImportColumn(0, "name"), new ImportColumn(2, "deal_date")],
            Targets = [new("name", false), new("city", false), new("deal_date", false)],
            Dates = [new ImportDatesView(1, "month_first", true), new ImportDatesView(2, "day_first", false)],
        };
        await Session.LoadAsync();
        var columns = guess.Columns.ToDictionary(c => c.Index);
        var page = Render<ImportColumns>(p => p.Add(c => c.Preview, guess).Add(c => c.Columns, columns).Add(c => c.Kind, "auto"));
        var order = page.FindAll("[data-test=import-date-order]").Should().ContainSingle("the other column of dates goes to no date").Subject;
        order.QuerySelector("option[selected]")!.GetAttribute("value").Should().Be("day_first");
        page.Find("[data-test=import-date-guess]").TextContent.Should().NotBeEmpty();
        order.Change("month_first");
        columns[2].Should().Be(new ImportColumn(2, "deal_date", "month_first"));
        page.FindAll("[data-test=import-date-guess]").Should().BeEmpty("it was chosen");
    }
}
