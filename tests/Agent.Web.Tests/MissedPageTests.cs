using System.Net;
using System.Text.Json;
using AngleSharp.Dom;
using Bunit;
using CallCrm.AgentWeb.Missed;
using CallCrm.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.Agent.Web.Tests;

public sealed class MissedPageTests : PageContext
{
    static readonly Guid Sales = Guid.Parse("0190b000-0000-7000-8000-000000000021"), Support = Guid.Parse("0190b000-0000-7000-8000-000000000022");

    readonly List<MissedRow> _rows = [];
    readonly List<string> _asked = [];
    SessionView _session = Some.Session;
    HttpResponseMessage? _refusal;

    static Guid Id(int n) => new($"0190b000-0000-7000-8000-{n:x12}");

    static MissedRow Row(int n, int times = 1, string kind = "Abandoned", bool isShort = false, string? claimedBy = null, Guid? claimer = null) =>
        new(Id(100 + n), Some.Caller($"+39 02 0000 000{n}"), n == 1 ? Some.ClientId : null, n == 1 ? "Ilaria Gentile" : null, "Sales", kind, isShort, times, Some.Noon.AddHours(-2), Some.Noon.AddMinutes(-n),
            Some.CallId, claimer, claimedBy, claimer is null ? null : Some.Noon.AddMinutes(20));

    static HttpResponseMessage Json<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) => FakeServer.Json(JsonSerializer.Serialize(value, type));

    async Task<IRenderedComponent<MissedPage>> ShowAsync()
    {
        Server.Answer = Answer;
        await Session.LoadAsync();
        return Render<MissedPage>();
    }

    HttpResponseMessage? Answer(HttpRequestMessage request)
    {
        _asked.Add($"{request.Method} {request.RequestUri!.PathAndQuery}");
        var catalog = Some.Catalog with { Queues = [new QueueView(Sales, "Sales", 20), new QueueView(Support, "Support", 20)] };
        return request.RequestUri.AbsolutePath switch
        {
            "/api/session" => Json(_session, ContractsJson.Default.SessionView),
            "/api/catalog" => Json(catalog, ContractsJson.Default.CatalogView),
            "/api/missed" when _refusal is null => Json(new ListPage<MissedRow>([.. _rows], null), ContractsJson.Default.ListPageMissedRow),
            "/api/missed/count" => Json(new MissedCount(4), ContractsJson.Default.MissedCount),
            "/api/missed/figures" => Json(new MissedFiguresView(1800, new MissedFigures(7, 2, 3, 50m, 2200, 1, 2, 1500, 4),
                [new MissedQueueFigures(Sales, "Sales", new MissedFigures(6, 2, 2, 33.3m, 2400, 1, 2)), new MissedQueueFigures(Support, "Support", new MissedFigures(1, 0, 1, null, null, 0, 0))], new DateOnly(2026, 11, 20), new DateOnly(2026, 11, 20), "Europe/Rome"), ContractsJson.Default.MissedFiguresView),
            _ when _refusal is not null => _refusal,
            var path when path.EndsWith("/claim", StringComparison.Ordinal) => Json(Row(1, claimedBy: "Alex Romano", claimer: Some.Session.UserId), ContractsJson.Default.MissedRow),
            _ => Json(Row(1), ContractsJson.Default.MissedRow),
        };
    }

    static HttpResponseMessage Problem(HttpStatusCode status, string id) => FakeServer.Text($$"""{"status":{{(int)status}},"errorId":"{{id}}","detail":"Anna has it."}""", "application/problem+json", status);

    static List<string> Cells(IElement row) => [.. row.QuerySelectorAll("td").Select(c => string.Join(' ', c.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))];

    void Hint(string key = "1") => Feed.Take(Some.Message(new HintEvent("missed", key, null)));

    [Fact]
    public async Task Each_number_says_how_often_why_and_who_calls_back()
    {
        _rows.AddRange([Row(1, times: 3), Row(2, kind: "Closed", claimedBy: "Anna Verdi", claimer: Id(7)), Row(3, kind: "Short", isShort: true)]);
        var rows = (await ShowAsync()).FindAll("[data-test=missed-row]");
        Cells(rows[0]).Skip(1).Should().Equal("Ilaria Gentile", "+39 02 0000 0001", "Sales", "Gave up waiting ×3", "I call back");
        Cells(rows[1]).Skip(1).Should().Equal("+39 02 0000 0002", "+39 02 0000 0002", "Sales", "After hours", "Anna Verdi");
        rows[0].QuerySelector("a")!.GetAttribute("href").Should().Be($"clients/{Some.ClientId}");
        rows.Select(r => r.ClassList.Contains("faint")).Should().Equal(false, false, true);
        rows.Should().OnlyContain(r => r.GetAttribute("tabindex") == "0");
    }

    [Fact]
    public async Task Who_is_calling_right_now_is_marked_and_neither_taken_nor_called_until_they_give_up()
    {
        _rows.AddRange([Row(1) with { CallingSince = Some.Noon }, Row(2)]);
        var page = await ShowAsync();
        var rows = page.FindAll("[data-test=missed-row]");
        Cells(rows[0])[4].Should().Be("Calling right now Gave up waiting");
        rows.Select(r => r.QuerySelector("[data-test=missed-claim]")!.HasAttribute("disabled")).Should().Equal(true, false);
        rows.Select(r => r.QuerySelector("[data-test=dial]")!.HasAttribute("disabled")).Should().Equal(true, false);
        rows[0].QuerySelector("[data-test=dial]")!.GetAttribute("title").Should().Be("They are calling right now: whoever is free is offered the call.");

        _rows[0] = Row(1, times: 2);
        Hint();
        page.WaitForAssertion(() => page.FindAll("[data-test=missed-calling]").Should().BeEmpty());
        page.FindAll("[data-test=missed-claim]").Should().OnlyContain(b => !b.HasAttribute("disabled"));

        // It began between the look and the click.
        Server.Answer = r => r.RequestUri!.AbsolutePath.EndsWith("/claim", StringComparison.Ordinal) ? Problem(HttpStatusCode.Conflict, "calling_now") : Answer(r);
        page.Click("[data-test=missed-claim]");
        page.WaitForAssertion(() => page.Find("[data-test=missed-told]").TextContent.Should().Contain("They are calling right now"));
    }

    [Fact]
    public async Task A_message_is_played_from_the_list()
    {
        _rows.AddRange([Row(1, kind: "Voicemail") with { Message = new MissedMessage(Some.CallId, Id(9), "ready") }, Row(2, kind: "Voicemail") with { Message = new MissedMessage(Some.CallId, null, "pending") }, Row(3)]);
        var page = await ShowAsync();
        Cells(page.FindAll("[data-test=missed-row]")[0])[4].Should().Be("Left a message");
        foreach (var (n, shown) in new[] { (0, "Listen"), (1, "Recording is being taken in…"), (2, null) })
        {
            page.FindAll("[data-test=missed-row]")[n].KeyDown("Enter");
            page.WaitForAssertion(() => page.FindAll("[data-test=missed-message]").Select(m => m.TextContent.Trim()).Should().Equal(shown is null ? [] : [shown]));
        }
    }

    [Fact]
    public async Task A_message_without_a_number_is_played_and_closed_and_cannot_be_called_back()
    {
        _rows.Add(Row(2, kind: "Voicemail") with { Caller = new CallerView(null, "Withheld", "", null), Message = new MissedMessage(Some.CallId, Id(9), "ready") });
        var page = await ShowAsync();
        Cells(page.Find("[data-test=missed-row]")).Skip(1).Should().Equal("Number withheld", "Number withheld", "Sales", "Left a message", "I take it");
        page.Find("[data-test=missed-row]").KeyDown("Enter");
        page.WaitForAssertion(() => page.Find("[data-test=missed-message]").TextContent.Trim().Should().Be("Listen"));
        page.Find("[data-test=missed-no-number]").TextContent.Should().StartWith("There is no number to call back");
        page.FindAll("[data-test=dial]").Should().BeEmpty();
        page.Change("[data-test=missed-reason]", "spam");
        page.Find(".missed-done").TextContent.Should().NotContain("is blocked");
        page.Change("[data-test=missed-reason]", "solved");
        page.Submit(".missed-done");
        page.WaitForAssertion(() => JsonSerializer.Deserialize(Server.Asked.Single(a => a.Path.EndsWith("/done", StringComparison.Ordinal)).Body, ContractsJson.Default.MissedDone).Should().Be(new MissedDone("solved", "")));
    }

    [Fact]
    public async Task A_message_in_a_mailbox_names_it_and_says_what_became_of_it_on_the_phone()
    {
        _rows.AddRange([
            Row(1, kind: "Voicemail") with { QueueName = null, Message = new MissedMessage(Some.CallId, Id(9), "ready", "145@default", 72_000) },
            Row(2, kind: "Voicemail") with { Message = new MissedMessage(Some.CallId, Id(8), "missing", "146@sales", 5_000, "heard", new DateTimeOffset(2026, 11, 28, 9, 0, 0, TimeSpan.Zero)) },
            Row(3, kind: "Voicemail") with { Message = new MissedMessage(Some.CallId, null, "pending", "147@default", null, "removed", new DateTimeOffset(2026, 11, 28, 9, 0, 0, TimeSpan.Zero)) }]);
        var page = await ShowAsync();
        var rows = page.FindAll("[data-test=missed-row]");
        Cells(rows[0])[3].Should().Be("Mailbox 145", "no queue had it");
        rows.Select(r => r.QuerySelector("[data-test=missed-phone]")?.TextContent).Should().Equal(null, "heard on the phone", "deleted on the phone");
        rows[0].KeyDown("Enter");
        page.WaitForAssertion(() => page.Find("[data-test=missed-mailbox]").TextContent.Should().StartWith("Mailbox 145, 1"));
        page.FindAll("[data-test=missed-row]")[1].KeyDown("Enter");
        page.WaitForAssertion(() => page.Find("[data-test=missed-mailbox]").TextContent.Should().StartWith("Mailbox 146@sales"));
    }

    [Fact]
    public async Task A_claim_shows_at_once_and_can_be_given_back()
    {
        _rows.Add(Row(1));
        var page = await ShowAsync();
        page.Click("[data-test=missed-claim]");
        page.WaitForAssertion(() => Cells(page.Find("[data-test=missed-row]"))[^1].Should().Be("Alex Romano"));
        _asked.Should().Contain($"POST /api/missed/{Row(1).Id}/claim");
        page.Find("[data-test=missed-row]").KeyDown("Enter");
        page.Click("[data-test=missed-release]");
        page.WaitForAssertion(() => page.Find("[data-test=missed-claim]"));
        _asked.Should().Contain($"POST /api/missed/{Row(1).Id}/release");
    }

    [Fact]
    public async Task Who_comes_second_is_told_who_has_it()
    {
        _rows.Add(Row(1));
        var page = await ShowAsync();
        Server.Answer = r => r.Method == HttpMethod.Post ? Problem(HttpStatusCode.Conflict, "claimed_by_other") : Answer(r);
        _rows[0] = Row(1, claimedBy: "Anna Verdi", claimer: Id(7));
        page.Click("[data-test=missed-claim]");
        page.WaitForAssertion(() => page.Find("[data-test=missed-told]").TextContent.Should().Contain("Anna Verdi has taken it already."));
        Cells(page.Find("[data-test=missed-row]"))[^1].Should().Be("Anna Verdi");
        page.Click("[data-test=missed-row]");
        page.FindAll("[data-test=missed-close]").Should().BeEmpty("it is hers");
    }

    [Fact]
    public async Task Closing_without_a_call_takes_a_reason_and_other_takes_words()
    {
        _rows.Add(Row(1));
        var page = await ShowAsync();
        page.Click("[data-test=missed-row]");
        page.Change("[data-test=missed-reason]", "other");
        page.Submit(".missed-done");
        page.Find("[data-test=missed-told]").TextContent.Should().Contain("A few words");
        _asked.Should().NotContain(a => a.EndsWith("/done", StringComparison.Ordinal));
        page.Change("[data-test=missed-note]", "wrote to them");
        page.Submit(".missed-done");
        page.WaitForAssertion(() => Cells(page.Find("[data-test=missed-row]"))[^1].Should().Be("Closed meanwhile"));
        JsonSerializer.Deserialize(Server.Asked.Single(a => a.Path.EndsWith("/done", StringComparison.Ordinal)).Body, ContractsJson.Default.MissedDone).Should().Be(new MissedDone("other", "wrote to them"));
    }

    [Fact]
    public async Task Junk_says_that_it_blocks_and_is_asked_back_where_the_number_is_known()
    {
        _rows.Add(Row(1));
        var page = await ShowAsync();
        page.Click("[data-test=missed-row]");
        page.Change("[data-test=missed-reason]", "spam");
        page.Find(".missed-done").TextContent.Should().Contain("is blocked for the queue");
        _refusal = FakeServer.Text("""{"status":409,"errorId":"confirm_needed","confirm":["deals"]}""", "application/problem+json", HttpStatusCode.Conflict);
        page.Submit(".missed-done");
        page.WaitForElement("[data-test=missed-confirm]").TextContent.Should().Contain("The client has deals.");
        _refusal = null;
        page.Click("[data-test=missed-block]");
        page.WaitForAssertion(() => Cells(page.Find("[data-test=missed-row]"))[^1].Should().Be("Closed meanwhile"));
        JsonSerializer.Deserialize(Server.Asked.Last(a => a.Path.EndsWith("/done", StringComparison.Ordinal)).Body, ContractsJson.Default.MissedDone).Should().Be(new MissedDone("spam", "", true));
    }

    [Fact]
    public async Task A_change_keeps_the_rows_where_they_are_and_announces_new_ones()
    {
        _rows.AddRange([Row(1), Row(2)]);
        var page = await ShowAsync();
        _rows[1] = Row(2, times: 2);
        (_rows[0], var fresh) = (Row(0), _rows[0]);
        Hint();
        page.WaitForAssertion(() => page.Find("[data-test=missed-new]").TextContent.Should().Be("Show new ones: 1"));
        page.FindAll("[data-test=missed-row]").Select(r => (r.GetAttribute("data-number"), r.ClassList.Contains("gone"))).Should().Equal((fresh.Id.ToString(), true), (Row(2).Id.ToString(), false));
        Cells(page.FindAll("[data-test=missed-row]")[1])[4].Should().Be("Gave up waiting ×2");
        page.Click("[data-test=missed-new]");
        page.WaitForAssertion(() => page.FindAll("[data-test=missed-row]").Select(r => r.GetAttribute("data-number")).Should().Equal(Row(0).Id.ToString(), Row(2).Id.ToString()));
    }

    [Fact]
    public async Task Empty_and_failing_lists_say_so()
    {
        var page = await ShowAsync();
        page.Find(".empty").TextContent.Should().StartWith("Nobody waits to be called back.");
        page.Click("[data-test=missed-mine]");
        page.WaitForAssertion(() => page.Find(".empty").TextContent.Should().StartWith("You have taken nobody."));
        _refusal = Problem(HttpStatusCode.ServiceUnavailable, "away");
        page.Click("[data-test=missed-closed]");
        page.WaitForAssertion(() => page.Find("[role=alert]").TextContent.Should().Contain("could not be loaded"));
        _refusal = null;
        page.Click("[role=alert] button");
        page.WaitForAssertion(() => page.FindAll("[role=alert]").Should().BeEmpty());
        page.Change("select", Support.ToString());
        page.WaitForAssertion(() => _asked.Should().Contain($"GET /api/missed?state=closed&limit=50&queue={Support}"));
    }

    [Fact]
    public async Task Supervisors_see_how_soon_callers_are_called_back_and_agents_do_not_ask()
    {
        await ShowAsync();
        _asked.Should().NotContain(a => a.Contains("figures", StringComparison.Ordinal));
        _session = Some.As("supervisor");
        var page = await ShowAsync();
        page.WaitForAssertion(() => page.Find("[data-test=missed-figures]").TextContent.Should().ContainAll("Called back within 30 min", "50 %", "36:40", "half sooner than 25:00", "called back: 3, rang again: 4", "without a number: 2"));
        page.FindAll("[data-test=missed-queues] tbody tr").Select(r => string.Join('|', Cells(r))).Should().Equal("Sales|6|2|33.3 %|40:00", "Support|1|0|–|–");
    }

    [Fact]
    public async Task The_figures_are_of_the_days_that_are_chosen()
    {
        _session = Some.As("supervisor");
        var page = await ShowAsync();
        page.WaitForAssertion(() => _asked.Should().Contain("GET /api/missed/figures?period=today"));
        page.Click("[data-test=missed-days-yesterday]");
        page.WaitForAssertion(() => _asked.Should().Contain("GET /api/missed/figures?period=yesterday"));
        // What changes meanwhile does not lead back to today.
        _asked.Clear();
        Hint();
        page.WaitForAssertion(() => _asked.Should().Contain("GET /api/missed/figures?period=yesterday"));
        page.Click("[data-test=missed-days-own]");
        page.WaitForAssertion(() => _asked.Should().Contain("GET /api/missed/figures?from=2026-11-20&to=2026-11-20"));
        page.Change("[data-test=missed-from]", "2026-11-01");
        page.WaitForAssertion(() => _asked.Should().Contain("GET /api/missed/figures?from=2026-11-01&to=2026-11-20"));
        _asked.Clear();
        page.Change("[data-test=missed-to]", "2026-10-01");
        page.WaitForAssertion(() => page.Find("[data-test=missed-wrong]").TextContent.Should().Be("The last day is before the first one."));
        _asked.Should().BeEmpty();
    }

    [Fact]
    public async Task The_badge_is_what_the_feed_says()
    {
        await ShowAsync();
        var badge = Services.GetRequiredService<MissedBadge>();
        var changes = 0;
        badge.Changed += () => changes++;
        badge.Waiting.Should().BeNull();
        Hint("12");
        Hint("12");
        (badge.Waiting, changes).Should().Be((12, 1));
        Feed.Take(Some.Message(new HintEvent("client", "3", 1)));
        badge.Waiting.Should().Be(12);
    }
}
