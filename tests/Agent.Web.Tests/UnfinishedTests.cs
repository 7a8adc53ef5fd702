using System.Net;
using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Calls;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class UnfinishedTests : PageContext
{
    static readonly Guid Other = Guid.Parse("0190b000-0000-7000-8000-0000000000aa");

    List<UnfinishedRow> _waiting = [Row(Other, "wants 20 seats")];

    static UnfinishedRow Row(Guid call, string typed) => new(call, 12, Some.Noon.AddMinutes(-5), "Inbound", Some.Caller(), "Ilaria Gentile", "Sales", typed);

    IEnumerable<WrapUpSave> Saved => Server.Asked.Where(a => a.Path == $"api/calls/{Other}/wrap-up").Select(a => JsonSerializer.Deserialize(a.Body, ContractsJson.Default.WrapUpSave)!);

    async Task<IRenderedComponent<UnfinishedCalls>> ListAsync()
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath switch
        {
            "/api/wrap-ups/unfinished" => FakeServer.Json(JsonSerializer.Serialize(new UnfinishedView(_waiting.Count, _waiting), ContractsJson.Default.UnfinishedView)),
            var path when path == $"/api/calls/{Other}/draft" => FakeServer.Json(JsonSerializer.Serialize<IReadOnlyList<DraftFieldView>>([Some.Field("note", "wants 20 seats", 3)], ContractsJson.Default.IReadOnlyListDraftFieldView)),
            _ => null,
        };
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk()));
        return Render<UnfinishedCalls>();
    }

    [Fact]
    public async Task The_list_shows_how_many_wait_and_what_was_typed()
    {
        var list = await ListAsync();
        list.WaitForAssertion(() => list.Find("[data-test=unfinished-count]").TextContent.Should().Contain("1"));
        list.Find("[data-test=unfinished]").TextContent.Should().Contain("Ilaria Gentile").And.Contain("wants 20 seats");
    }

    [Fact]
    public async Task Of_many_the_newest_are_shown_and_the_rest_when_asked()
    {
        _waiting = [.. Enumerable.Range(0, 8).Select(_ => Row(Guid.NewGuid(), ""))];
        var list = await ListAsync();
        list.WaitForAssertion(() => list.FindAll("[data-test=unfinished-call]").Should().HaveCount(3));
        list.Click("[data-test=unfinished-all]");
        list.FindAll("[data-test=unfinished-call]").Should().HaveCount(8);
        list.FindAll("[data-test=unfinished-all]").Should().BeEmpty();
    }

    [Fact]
    public async Task Nothing_waits_nothing_is_shown()
    {
        _waiting = [];
        var list = await ListAsync();
        list.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Path == "api/wrap-ups/unfinished"));
        list.FindAll("[data-test=unfinished]").Should().BeEmpty();
    }

    [Fact]
    public async Task Opening_one_shows_its_wrap_up_and_saves_it_without_making_ready()
    {
        var list = await ListAsync();
        list.WaitForAssertion(() => list.Find("[data-test=unfinished-call]"));
        list.Click("[data-test=unfinished-call]");
        list.WaitForAssertion(() => list.Find("#unfinished-note").GetAttribute("value").Should().Be("wants 20 seats"));
        await list.Find("form").SubmitAsync();
        list.WaitForAssertion(() => list.Find("[role=alert]").TextContent.Should().NotBeEmpty());
        Saved.Should().BeEmpty();
        list.FindAll("[data-test=unfinished-disposition]")[1].Click();
        list.Input("#unfinished-next", "send the offer");
        _waiting = [];
        await list.Find("form").SubmitAsync();
        list.WaitForAssertion(() => list.FindAll("[data-test=unfinished]").Should().BeEmpty());
        var save = Saved.Single();
        (save.Disposition, save.Note, save.NextStep, save.Finish).Should().Be(("order", "wants 20 seats", "send the offer", false));
    }

    [Theory]
    [InlineData("en", "Expected: a time to come, within two years")]
    [InlineData("it", "Atteso: ")]
    [InlineData("ru", "Ожидается: ")]
    public async Task What_the_server_expected_of_a_field_is_said(string code, string said)
    {
        using var language = new InLanguage(code);
        var list = await ListAsync();
        list.WaitForAssertion(() => list.Find("[data-test=unfinished-call]"));
        list.Click("[data-test=unfinished-call]");
        list.WaitForAssertion(() => list.FindAll("[data-test=unfinished-disposition]").Should().HaveCountGreaterThan(1));
        list.FindAll("[data-test=unfinished-disposition]")[1].Click();
        var usual = Server.Answer!;
        Server.Answer = r => r.RequestUri!.AbsolutePath.EndsWith("/wrap-up", StringComparison.Ordinal)
            ? FakeServer.Text("""{"status":400,"errorId":"invalid_input","errors":{"nextAt":["a time to come, within two years"]}}""", "application/problem+json", HttpStatusCode.BadRequest)
            : usual(r);
        await list.Find("form").SubmitAsync();
        list.WaitForAssertion(() => list.Find("[role=alert]").TextContent.Should().Contain(said));
        if (code != "en")
            list.Find("[role=alert]").TextContent.Should().NotContain("a time to come");
    }

    [Fact]
    public async Task The_colleagues_note_of_a_transferred_call_stands_beside_ones_own()
    {
        var list = await ListAsync();
        var usual = Server.Answer!;
        Server.Answer = r => r.RequestUri!.AbsolutePath == $"/api/calls/{Other}/draft"
            ? FakeServer.Json(JsonSerializer.Serialize<IReadOnlyList<DraftFieldView>>([Some.Field("note", "takes two", 3), Some.OthersNote("Anna Verdi", "wants the red one", 4)], ContractsJson.Default.IReadOnlyListDraftFieldView))
            : usual(r);
        list.WaitForAssertion(() => list.Find("[data-test=unfinished-call]"));
        list.Click("[data-test=unfinished-call]");
        list.WaitForAssertion(() => list.Find("[data-test=others-note]").TextContent.Should().Contain("Anna Verdi noted").And.Contain("wants the red one"));
        list.Find("#unfinished-note").GetAttribute("value").Should().Be("takes two");
    }

    [Fact]
    public async Task A_call_that_comes_leaves_the_open_form_and_its_text_alone()
    {
        var list = await ListAsync();
        list.WaitForAssertion(() => list.Find("[data-test=unfinished-call]"));
        list.Click("[data-test=unfinished-call]");
        list.WaitForAssertion(() => list.Find("#unfinished-note"));
        list.Input("#unfinished-note", "wants 25 seats");
        Feed.Take(Some.Message(new PopEvent(Some.Pop()), Some.Me("Ringing")));
        Feed.Take(Some.Message(new CallEvent(Some.Call()), Some.Me("Talking")));
        list.WaitForAssertion(() => list.Find("#unfinished-note").GetAttribute("value").Should().Be("wants 25 seats"));
    }

    [Fact]
    public async Task The_list_is_read_again_when_a_wrap_up_runs_out()
    {
        _waiting = [];
        var list = await ListAsync();
        Feed.Take(Some.Message(new CallEvent(Some.Call("Ended")), Some.Me("WrapUp")));
        list.FindAll("[data-test=unfinished]").Should().BeEmpty();
        _waiting = [Row(Some.CallId, "")];
        Feed.Take(Some.Message(Some.Me("Ready")));
        list.WaitForAssertion(() => list.Find("[data-test=unfinished-call]"));
    }

    static readonly Guid Me = Guid.Parse("0190b000-0000-7000-8000-000000000009");

    static CallDetailView Detail(string disposition, DateTimeOffset? until, params DispositionChangeView[] changes) =>
        new(new CallRow(Other, 12, "Inbound", Some.Noon, Some.Noon, Some.Caller(), null, "Sales", null, null, "Alex Romano", "Answered", "Ended", 1, 60, 0, disposition, null, null, null, false), null, [], [], null,
            [new WrapUpView(Me, "Alex Romano", disposition, disposition == "order" ? "Order" : "Solved", "positive", "", "", Some.Noon, until, changes)]);

    async Task<IRenderedComponent<CallDetail>> DetailAsync(CallDetailView detail, HttpResponseMessage? changed = null, CatalogView? catalog = null)
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath switch
        {
            "/api/catalog" when catalog is not null => FakeServer.Json(JsonSerializer.Serialize(catalog, ContractsJson.Default.CatalogView)),
            var path when path == $"/api/calls/{Other}" => FakeServer.Json(JsonSerializer.Serialize(detail, ContractsJson.Default.CallDetailView)),
            var path when path.EndsWith("/disposition", StringComparison.Ordinal) => changed,
            _ => null,
        };
        await Session.LoadAsync();
        return Render<CallDetail>(p => p.Add(c => c.Call, detail.Call));
    }

    [Fact]
    public async Task What_was_answered_stands_with_the_call_and_what_the_card_did_not_take_says_why()
    {
        var detail = Detail("solved", null);
        detail = detail with { WrapUps = [detail.WrapUps![0] with { Script = new NamedCode("known", "Known client"), Answers = [new("city", "Which <i>city</i>?", "<b>Roma</b>", "client.city"), new("mail", "Your address?", "none", "client.email", "expected an address such as anna@example.com")] }] };
        var page = await DetailAsync(detail);
        page.WaitForAssertion(() => page.Find("[data-test=wrap-up-answers] summary").TextContent.Should().Be("Answers to “Known client” (2)"));
        page.FindAll("[data-test=wrap-up-answers] dt").Select(d => d.TextContent).Should().Equal("Which <i>city</i>?", "Your address?");
        page.FindAll("[data-test=wrap-up-answer]")[0].TextContent.Trim().Should().Be("<b>Roma</b>");
        page.Find("[data-test=wrap-up-not-taken]").TextContent.Should().Be("Not on the card: it expects an address such as anna@example.com");
    }

    [Fact]
    public async Task A_disposition_is_changed_in_the_call_and_who_did_is_shown()
    {
        var after = Detail("order", Some.Noon.AddDays(1), new DispositionChangeView(Some.Noon, "Alex Romano", "Solved", "Order"));
        var detail = await DetailAsync(Detail("solved", Some.Noon.AddDays(1)), FakeServer.Json(JsonSerializer.Serialize(after, ContractsJson.Default.CallDetailView)));
        detail.WaitForAssertion(() => detail.Find("[data-test=wrap-up-change]"));
        detail.Click("[data-test=wrap-up-change]");
        detail.FindAll("[data-test=wrap-up-other]").Single(b => b.GetAttribute("data-code") == "order").Click();
        detail.WaitForAssertion(() => detail.Find("[data-test=wrap-up-changed]").TextContent.Should().Be("Alex Romano changed it: Solved → Order"));
        Server.Asked.Single(a => a.Method == "PUT").Should().Be(("PUT", $"api/calls/{Other}/wrap-ups/{Me}/disposition", """{"disposition":"order"}"""));
        detail.Find("[data-test=wrap-up-disposition]").TextContent.Should().Be("Order");
    }

    [Fact]
    public async Task Changed_to_one_that_asks_for_a_time_the_page_asks_for_it_first()
    {
        var after = Detail("later", Some.Noon.AddDays(1));
        var detail = await DetailAsync(Detail("solved", Some.Noon.AddDays(1)), FakeServer.Json(JsonSerializer.Serialize(after, ContractsJson.Default.CallDetailView)),
            Some.Catalog with { Dispositions = [.. Some.Catalog.Dispositions, new DispositionView("later", "Call as agreed", "neutral", Rule: new DispositionRule(Callback: new FollowUpRule("Ring as agreed", 0, Ask: true)))] });
        detail.WaitForAssertion(() => detail.Find("[data-test=wrap-up-change]"));
        detail.Click("[data-test=wrap-up-change]");
        detail.FindAll("[data-test=wrap-up-other]").Single(b => b.GetAttribute("data-code") == "later").Click();
        detail.WaitForAssertion(() => detail.Find("[data-test=wrap-up-when]").TextContent.Should().Contain("This outcome asks for it"));
        detail.Submit("[data-test=wrap-up-when]");
        detail.WaitForAssertion(() => detail.Find("[data-test=wrap-up-error]").TextContent.Should().StartWith("Say when"));
        Server.Asked.Should().NotContain(a => a.Method == "PUT", "nothing is sent without the time");

        detail.Change("[data-test=wrap-up-next-at]", "2026-03-09T10:30");
        detail.Change("[data-test=wrap-up-next-step]", " ask for Mara ");
        detail.Submit("[data-test=wrap-up-when]");
        detail.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "PUT"));
        var at = new DateTimeOffset(new DateTime(2026, 3, 9, 10, 30, 0, DateTimeKind.Local)).ToUniversalTime();
        JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "PUT").Body, ContractsJson.Default.DispositionChange).Should().Be(new DispositionChange("later", at, "ask for Mara"));
        detail.WaitForAssertion(() => detail.FindAll("[data-test=wrap-up-when]").Should().BeEmpty());
    }

    [Fact]
    public async Task A_time_that_was_given_is_offered_again_while_it_is_to_come_and_to_change_ones_mind_changes_nothing()
    {
        DispositionView[] asking = [new("later", "Call as agreed", "neutral", Rule: new DispositionRule(Task: new FollowUpRule("Write as agreed", 0, Ask: true)))];
        foreach (var (given, shown) in new[] { (Some.Noon.AddDays(2), true), (Some.Noon.AddDays(-1), false) })
        {
            var before = Detail("solved", Some.Noon.AddDays(1));
            var detail = await DetailAsync(before with { WrapUps = [before.WrapUps![0] with { NextAt = given, NextStep = "ring" }] }, null, Some.Catalog with { Dispositions = [.. Some.Catalog.Dispositions, .. asking] });
            detail.WaitForAssertion(() => detail.Find("[data-test=wrap-up-change]"));
            detail.Click("[data-test=wrap-up-change]");
            detail.FindAll("[data-test=wrap-up-other]").Single(b => b.GetAttribute("data-code") == "later").Click();
            detail.WaitForAssertion(() => string.IsNullOrEmpty(detail.Find("[data-test=wrap-up-next-at]").GetAttribute("value")).Should().Be(!shown));
            detail.Find("[data-test=wrap-up-next-step]").GetAttribute("value").Should().Be("ring");
            detail.Click("[data-test=wrap-up-change-cancel]");
            detail.WaitForAssertion(() => detail.FindAll("[data-test=wrap-up-when]").Should().BeEmpty());
        }

        Server.Asked.Should().NotContain(a => a.Method == "PUT");
    }

    [Fact]
    public async Task Too_late_says_why_and_who_may_not_sees_no_button()
    {
        var detail = await DetailAsync(Detail("solved", Some.Noon.AddDays(1)), FakeServer.Json("""{"errorId":"wrap_up_closed","detail":"x"}""", HttpStatusCode.Conflict));
        detail.WaitForAssertion(() => detail.Find("[data-test=wrap-up-change]"));
        detail.Click("[data-test=wrap-up-change]");
        detail.FindAll("[data-test=wrap-up-other]")[1].Click();
        detail.WaitForAssertion(() => detail.Find("[data-test=wrap-up-error]").TextContent.Should().Contain("24 hours"));
        var others = await DetailAsync(Detail("solved", null));
        others.WaitForAssertion(() => others.Find("[data-test=call-wrap-up]"));
        others.FindAll("[data-test=wrap-up-change]").Should().BeEmpty();
    }
}
