using System.Net;
using System.Text.Json;
using AngleSharp.Dom;
using Bunit;
using CallCrm.AgentWeb.Admin;
using CallCrm.AgentWeb.Desk;
using CallCrm.AgentWeb.Junk;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.Agent.Web.Tests;

public sealed class JunkTests : PageContext
{
    static readonly Guid Block = Guid.Parse("0190b000-0000-7000-8000-000000000051"), Sales = Guid.Parse("0190b000-0000-7000-8000-000000000021");

    readonly Queue<HttpResponseMessage> _answers = new();

    static HttpResponseMessage Json<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) => FakeServer.Json(JsonSerializer.Serialize(value, type));

    static HttpResponseMessage Marked(bool hidden = true, string? refused = null) =>
        Json(new SpamMarked(Block, "+39 02 1234 5678", "Sales", hidden, refused is null, refused), ContractsJson.Default.SpamMarked);

    static HttpResponseMessage Problem(HttpStatusCode status, string id, string more = "") => FakeServer.Text($$"""{"status":{{(int)status}},"errorId":"{{id}}","detail":"-"{{more}}}""", "application/problem+json", status);

    /// <summary>What the page asks of the block list is answered in this order.</summary>
    async Task<IRenderedComponent<DeskPage>> DeskAsync(DeskView desk, params HttpResponseMessage[] answers)
    {
        Array.ForEach(answers, _answers.Enqueue);
        Server.Answer = r => r.RequestUri!.AbsolutePath is var path && (path.EndsWith("/spam", StringComparison.Ordinal) || path.Contains("/blocks", StringComparison.Ordinal)) ? _answers.Dequeue() : null;
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(desk));
        return Render<DeskPage>();
    }

    IReadOnlyList<SpamMark> Sent => [.. Server.Asked.Where(a => a.Path.EndsWith("/spam", StringComparison.Ordinal)).Select(a => JsonSerializer.Deserialize(a.Body, ContractsJson.Default.SpamMark)!)];

    [Fact]
    public async Task One_key_on_a_pop_marks_ends_and_can_be_taken_back()
    {
        var desk = await DeskAsync(Some.Desk("Ringing", Some.Pop()), Marked(), new HttpResponseMessage(HttpStatusCode.NoContent));
        await desk.InvokeAsync(() => Browser.OnKey("spam"));
        desk.WaitForAssertion(() => desk.Find("[data-test=spam-done]").TextContent.Should().Contain("+39 02 1234 5678 is blocked for Sales. The card is hidden."));
        Sent.Should().ContainSingle().Which.Should().BeEquivalentTo(new { AllQueues = false, EndCall = true, Confirmed = false });
        Server.Asked.Should().Contain(a => a.Path == $"api/calls/{Some.CallId}/spam");
        desk.Click("[data-test=spam-undo]");
        desk.WaitForAssertion(() => desk.FindAll("[data-test=spam-done]").Should().BeEmpty());
        Server.Asked.Should().Contain(a => a.Method == "DELETE" && a.Path == $"api/blocks/{Block}");
    }

    [Fact]
    public async Task All_queues_and_going_on_are_chosen_beside_the_key()
    {
        var desk = await DeskAsync(Some.Desk("Talking", call: Some.Call()), Marked());
        desk.Click("[data-test=spam-more]");
        desk.Change("[data-test=spam-all]", true);
        desk.Change("[data-test=spam-keep]", true);
        desk.Submit("form.spam-more");
        desk.WaitForAssertion(() => Sent.Should().ContainSingle().Which.Should().BeEquivalentTo(new { AllQueues = true, EndCall = false }));
    }

    [Fact]
    public async Task In_the_wrap_up_there_is_no_call_to_end()
    {
        var desk = await DeskAsync(Some.Desk("WrapUp", call: Some.Call("Ended")), Marked());
        desk.Click("[data-test=spam]");
        desk.WaitForAssertion(() => Sent.Should().ContainSingle().Which.EndCall.Should().BeFalse());
    }

    [Fact]
    public async Task A_known_client_is_asked_back_before_anything_is_done()
    {
        var desk = await DeskAsync(Some.Desk("Ringing", Some.Pop()), Problem(HttpStatusCode.Conflict, "confirm_needed", ""","confirm":["client","deals"]"""), Marked(hidden: false));
        desk.Click("[data-test=spam]");
        desk.WaitForAssertion(() => desk.Find("[data-test=spam-confirm]").TextContent.Should().Contain("confirmed client").And.Contain("deals"));
        desk.Click("[data-test=spam-yes]");
        desk.WaitForAssertion(() => desk.Find("[data-test=spam-done]").TextContent.Should().NotContain("hidden"));
        Sent.Select(m => m.Confirmed).Should().Equal(false, true);
        Sent.Select(m => m.Id).Distinct().Should().ContainSingle("it is the same wish");
        desk.FindAll("[data-test=spam-confirm]").Should().BeEmpty();
    }

    [Fact]
    public async Task What_failed_is_said_and_a_call_that_did_not_end_shows_its_trouble()
    {
        var desk = await DeskAsync(Some.Desk("Ringing", Some.Pop()), Problem(HttpStatusCode.Conflict, "list_full"), Marked(refused: "pbx_away"));
        desk.Click("[data-test=spam]");
        desk.WaitForAssertion(() => desk.Find("[data-test=spam-failed]").TextContent.Should().Contain("full"));
        desk.Click("[data-test=spam]");
        desk.WaitForAssertion(() => Services.GetRequiredService<DeskActions>().Trouble.Should().Be("pbx_away"));
        desk.Find("[data-test=spam-done]");
    }

    [Fact]
    public async Task Withheld_numbers_calls_out_and_colleagues_have_no_such_button()
    {
        var desk = await DeskAsync(Some.Desk("Ringing", Some.Pop() with { Caller = Some.Caller(null, kind: "Withheld") }));
        desk.FindAll("[data-test=spam]").Should().BeEmpty();
        await desk.InvokeAsync(() => Browser.OnKey("spam"));
        Feed.Take(Some.Snapshot(Some.Desk("Talking", call: Some.Call() with { Direction = "Outbound" })));
        desk.WaitForAssertion(() => desk.Find("[data-test=hang-up]"));
        desk.FindAll("[data-test=spam]").Should().BeEmpty();
        await desk.InvokeAsync(() => Browser.OnKey("spam"));
        Sent.Should().BeEmpty();
    }

    static BlockRow Row(string number = "+390299990000", string? queue = "Sales") =>
        new(Block, number, "+39 02 9999 0000", queue is null ? null : Sales, queue, "robot", "lamps", "Sara Conti", Some.Noon, null, null, null, 3, Some.Noon);

    [Fact]
    public async Task The_list_shows_who_is_blocked_and_takes_numbers_off()
    {
        Supervisor();
        var rows = new List<BlockRow> { Row(), Row(queue: null) with { Id = Guid.NewGuid() } };
        Server.Answer = r => r.Method == HttpMethod.Get && r.RequestUri!.AbsolutePath == "/api/blocks" ? Json(new ListPage<BlockRow>([.. rows], null), ContractsJson.Default.ListPageBlockRow) : Usual(r);
        await Session.LoadAsync();
        var page = Render<BlockedPage>();
        page.WaitForAssertion(() => page.FindAll("[data-test=blocked-row]").Should().HaveCount(2));
        Cells(page.FindAll("[data-test=blocked-row]")[0]).Should().StartWith(["+39 02 9999 0000", "", "Sales", "recorded voice · lamps"]);
        Cells(page.FindAll("[data-test=blocked-row]")[1])[2].Should().Be("All queues");
        page.Click("[data-test=blocked-remove]");
        page.WaitForAssertion(() => page.FindAll("[data-test=blocked-row]").Should().HaveCount(1));
        Server.Asked.Should().Contain(a => a.Method == "DELETE" && a.Path == $"api/blocks/{Block}");
    }

    [Fact]
    public async Task A_number_that_is_none_is_named_at_its_field_and_stays()
    {
        Supervisor();
        Server.Answer = r => r.Method == HttpMethod.Post ? Problem(HttpStatusCode.BadRequest, "invalid_input", ""","errors":{"number":["x"]}""") : Usual(r);
        await Session.LoadAsync();
        var page = Render<BlockedPage>();
        page.Input("[data-test=blocked-number]", "hello");
        page.Submit("form.blocked-add");
        page.WaitForAssertion(() => page.Find("form.blocked-add .error").TextContent.Should().Contain("area code"));
        page.Find("[data-test=blocked-number]").GetAttribute("value").Should().Be("hello");
    }

    [Fact]
    public async Task An_import_tells_each_wrong_line()
    {
        Supervisor();
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/blocks/import"
            ? Json(new BlockImported(2, 1, 1, [new BlockImportError(7, "hello", "not_a_number")]), ContractsJson.Default.BlockImported)
            : Usual(r);
        await Session.LoadAsync();
        var page = Render<BlockedPage>();
        page.Input("[data-test=blocked-lines]", "+390299990001\nhello");
        page.Click("[data-test=blocked-import-go]");
        page.WaitForAssertion(() => page.Find("[data-test=blocked-imported]").TextContent.Should().Be("Added: 2. Known before: 1. Left out: 1."));
        Cells(page.Find("[data-test=blocked-errors] tbody tr")).Should().Equal("7", "hello", "no telephone number");
    }

    static UnconfirmedRow New(int n, string name = "Nora Blu") =>
        new(Id(n), n, name, "", "+390299990000", "+39 02 9999 0000", "web", Some.Noon.AddHours(-1), 4, 2, Some.Noon, "Anna Verdi", 3, "12");

    static Guid Id(int n) => new($"0190b000-0000-7000-8000-{n:x12}");

    async Task<IRenderedComponent<ReviewPage>> ReviewAsync(params UnconfirmedRow[] rows)
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath switch
        {
            "/api/clients/unconfirmed" => Json(new ListPage<UnconfirmedRow>(rows, null), ContractsJson.Default.ListPageUnconfirmedRow),
            "/api/clients/unconfirmed/count" => Json(new UnconfirmedCount(rows.Length), ContractsJson.Default.UnconfirmedCount),
            "/api/blocks" => Json(Row(queue: null), ContractsJson.Default.BlockRow),
            var path when path.StartsWith("/api/clients/", StringComparison.Ordinal) => Json(Some.Card() with { Id = rows[0].Id }, ContractsJson.Default.ClientCardView),
            _ => Usual(r),
        };
        await Session.LoadAsync();
        var page = Render<ReviewPage>();
        page.WaitForAssertion(() => page.FindAll("[data-test=review-row]").Should().HaveCount(rows.Length));
        return page;
    }

    static void Press(IRenderedComponent<ReviewPage> page, string code) => page.Find("[data-test=review-row]").TriggerEvent("onkeydown", new KeyboardEventArgs { Code = code, Key = "ф" });

    IEnumerable<string> Posted => Server.Asked.Where(a => a.Method == "POST").Select(a => a.Path);

    [Fact]
    public async Task A_card_is_confirmed_by_one_key_also_on_a_cyrillic_keyboard()
    {
        Supervisor();
        var page = await ReviewAsync(New(1), New(2));
        Cells(page.Find("[data-test=review-row]")).Skip(1).Take(4).Should().Equal("Nora Blu", "+39 02 9999 0000 ext. 12", "web", "4");
        Press(page, "KeyC");
        page.WaitForAssertion(() => page.FindAll("[data-test=review-row]").Should().HaveCount(1));
        Server.Asked.Single(a => a.Path == $"api/clients/{Id(1)}/confirm").Body.Should().Be("""{"version":3}""");
    }

    [Fact]
    public async Task Without_a_name_it_opens_to_be_written()
    {
        Supervisor();
        var page = await ReviewAsync(New(1, ""));
        Press(page, "KeyC");
        page.WaitForAssertion(() => page.Find("[data-test=client-name-input]"));
        Posted.Should().BeEmpty();
        page.Find("[data-test=review-told]").TextContent.Should().Contain("name");
    }

    [Fact]
    public async Task Hidden_it_can_be_shown_again()
    {
        Supervisor();
        var page = await ReviewAsync(New(1), New(2));
        Press(page, "KeyH");
        page.WaitForAssertion(() => page.FindAll("[data-test=review-row]").Should().HaveCount(1));
        page.Click("[data-test=review-undo]");
        page.WaitForAssertion(() => page.FindAll("[data-test=review-row]").Should().HaveCount(2));
        Posted.Should().Equal($"api/clients/{Id(1)}/hide", $"api/clients/{Id(1)}/show");
    }

    [Fact]
    public async Task Junk_blocks_the_number_for_all_queues_and_hides_the_card()
    {
        Supervisor();
        var page = await ReviewAsync(New(1));
        Press(page, "KeyS");
        page.WaitForAssertion(() => page.FindAll("[data-test=review-row]").Should().BeEmpty());
        JsonSerializer.Deserialize(Server.Asked.Single(a => a.Path == "api/blocks").Body, ContractsJson.Default.BlockCreate)!
            .Should().BeEquivalentTo(new { Number = "+390299990000", Queue = (Guid?)null, Reason = "spam", HideClient = Id(1), Confirmed = false });
    }

    [Fact]
    public async Task Managers_look_through_the_cards_but_block_nobody()
    {
        _session = Some.As("manager") with { IsAgent = false };
        var page = await ReviewAsync(New(1));
        page.FindAll("[data-test=review-spam]").Should().BeEmpty();
        Press(page, "KeyS");
        Posted.Should().BeEmpty();
        page.FindAll("a[href=blocked]").Should().BeEmpty();
    }

    [Fact]
    public async Task The_badge_counts_for_leads_and_agents_do_not_ask()
    {
        Supervisor();
        await ReviewAsync(New(1), New(2));
        Services.GetRequiredService<ReviewBadge>().Waiting.Should().Be(2);
        _session = Some.Session;
        await Session.LoadAsync();
        var asked = Server.Asked.Count(a => a.Path.EndsWith("/count", StringComparison.Ordinal));
        await Services.GetRequiredService<ReviewBadge>().AskAsync();
        Server.Asked.Count(a => a.Path.EndsWith("/count", StringComparison.Ordinal)).Should().Be(asked);
    }

    [Fact]
    public void What_blocked_callers_get_is_set_per_queue()
    {
        var view = new AdminView([], [new QueueSetup(Sales, "Sales", 20, 30, 0, 300, 20, new("reject", ""), new("reject", ""), new("reject", ""), "Europe/Rome", null, [], 90, 20, true, [], 4)], [], [], [], [], ["pbx"]);
        Server.Answer = _ => Json(view, ContractsJson.Default.AdminView);
        var page = Render<QueuesAdmin>(p => p.Add(q => q.View, view));
        page.Click("[data-test=admin-row]");
        page.FindAll("#q-blocked option").Select(o => o.GetAttribute("value")).Should().Equal("busy", "reject", "play", "goto");
        page.Change("#q-blocked", "play");
        page.Input("input[placeholder='custom/closed']", "custom/no");
        page.Change("[data-test=queue-block-withheld]", true);
        page.Submit("[data-test=admin-form]");
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT"));
        JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "PUT").Body, ContractsJson.Default.QueueSetup)!
            .Should().BeEquivalentTo(new { WhenBlocked = new OverflowSetup("play", "custom/no"), BlockWithheld = true });
    }

    SessionView _session = Some.Session;

    void Supervisor() => _session = Some.As("supervisor") with { IsAgent = false };

    HttpResponseMessage? Usual(HttpRequestMessage request) => request.RequestUri!.AbsolutePath == "/api/session" ? Json(_session, ContractsJson.Default.SessionView) : null;

    static List<string> Cells(IElement row) => [.. row.QuerySelectorAll("td").Select(c => string.Join(' ', c.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))];
}
