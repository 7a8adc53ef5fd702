using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Bunit;
using CallCrm.AgentWeb.Clients;
using CallCrm.AgentWeb.Desk;
using CallCrm.AgentWeb.Frame;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Components;

namespace CallCrm.Agent.Web.Tests;

/// <summary>The lists of deals and tasks, and the bin.</summary>
public sealed class ListPagesTests : PageContext
{
    static readonly Guid Anna = Guid.Parse("0190b000-0000-7000-8000-000000000071");

    readonly List<string> _asked = [];
    SessionView _session = Some.As("supervisor");
    Func<HttpRequestMessage, HttpResponseMessage?>? _answer;

    static Guid Id(int n) => new($"0190b000-0000-7000-8000-{n:x12}");

    static DealDetailView Deal(int n) => new(Id(n), n, Some.ClientId, "Ilaria Gentile", "sale", "Sale", "new", "New", $"Deal {n}", n * 100.5m, "EUR", Anna, "Anna Verdi", Some.Noon, null, Some.Noon, 1);

    static TaskView Task(int n, DateTimeOffset? done = null) => new(Id(n), "callback", $"Task {n}", Some.Noon.AddHours(-n), done, Some.Session.UserId, "Alex Romano", Some.ClientId, "Ilaria Gentile", null, Some.Noon, 1);

    static HttpResponseMessage Json<T>(T value, JsonTypeInfo<T> type) => FakeServer.Json(JsonSerializer.Serialize(value, type));

    static HttpResponseMessage Broken => FakeServer.Text("""{"status":503,"errorId":"database_away","detail":"Away."}""", "application/problem+json", HttpStatusCode.ServiceUnavailable);

    async Task<IRenderedComponent<T>> ShowAsync<T>(Action<ComponentParameterCollectionBuilder<T>>? with = null) where T : IComponent
    {
        _session = _session with { Rights = new Dictionary<string, string>(_session.Rights!) { ["deal.view"] = "all", ["client.reassign"] = "all", ["task.view"] = "all", ["task.reassign"] = "all", ["task.create"] = "all", ["task.edit"] = "all", ["task.delete"] = "all" } };
        Server.Answer = request =>
        {
            _asked.Add($"{request.Method} {request.RequestUri!.PathAndQuery}");
            return request.RequestUri.AbsolutePath switch
            {
                "/api/session" => Json(_session, ContractsJson.Default.SessionView),
                "/api/catalog" => Json(Some.Catalog with { DealTypes = [new DealTypeView("sale", "Sale", [new NamedCode("new", "New"), new NamedCode("won", "Won")])], People = [new PersonView(Anna, "Anna Verdi", true)] }, ContractsJson.Default.CatalogView),
                _ => _answer?.Invoke(request),
            };
        };
        await Session.LoadAsync();
        return Render<T>(with ?? (_ => { }));
    }

    string Last => _asked[^1];

    [Fact]
    public async Task A_right_that_is_taken_away_takes_its_buttons_at_once_and_nothing_that_was_typed()
    {
        _answer = _ => Json(new ListPage<TaskView>([Task(1)], null), ContractsJson.Default.ListPageTaskView);
        var page = await ShowAsync<TasksPage>();
        page.WaitForAssertion(() => page.FindAll("[data-test=tasks-new]").Should().ContainSingle());
        page.Click("[data-test=tasks-new]");
        page.Find("[data-test=tasks-find]").Input("boil");
        _session = _session with { Rights = _session.Rights!.Where(r => r.Key is not ("task.create" or "task.export")).ToDictionary(r => r.Key, r => r.Value) };
        // The page itself is told nothing: its own parameters are the same.
        await page.InvokeAsync(Session.ReloadAsync);
        page.WaitForAssertion(() => page.FindAll("[data-test=tasks-new], [data-test=tasks-csv]").Should().BeEmpty());
        page.Find("[data-test=tasks-find]").GetAttribute("value").Should().Be("boil");
        page.FindAll("form").Should().NotBeEmpty("what was begun stays open, with what is typed in it");
    }

    [Fact]
    public async Task A_right_that_comes_while_its_page_is_open_fills_the_page()
    {
        _answer = _ => Json(new ListPage<DealDetailView>([Deal(1)], null), ContractsJson.Default.ListPageDealDetailView);
        var page = await ShowAsync<DealsPage>();
        page.WaitForAssertion(() => page.FindAll("tbody tr").Should().ContainSingle());
        var with = _session;
        _session = _session with { Rights = _session.Rights!.Where(r => r.Key != "deal.view").ToDictionary(r => r.Key, r => r.Value) };
        await Session.LoadAsync();
        var none = Render<DealsPage>();
        none.FindAll("tbody tr").Should().BeEmpty();
        _session = with;
        await none.InvokeAsync(Session.ReloadAsync);
        none.WaitForAssertion(() => none.FindAll("tbody tr").Should().ContainSingle());
    }

    [Fact]
    public async Task Deals_are_found_filtered_and_ordered_and_the_file_is_of_the_same()
    {
        _answer = _ => Json(new ListPage<DealDetailView>([Deal(1), Deal(2)], null), ContractsJson.Default.ListPageDealDetailView);
        var page = await ShowAsync<DealsPage>();
        page.WaitForAssertion(() => page.FindAll("[data-test=deal-row]").Should().HaveCount(2));
        page.Find("[data-test=deal-row]").TextContent.Should().Contain("Deal 1").And.Contain("Ilaria Gentile").And.Contain("New").And.Contain("100.50 EUR").And.Contain("Anna Verdi");
        Last.Should().Be("GET /api/deals?limit=50&sort=-stage_since&state=open");
        page.Change("[data-test=deals-stage]", "sale won");
        page.Change("[data-test=deals-responsible]", Anna.ToString());
        page.Change("[data-test=deals-order]", "-amount");
        page.Find("[data-test=deals-closed]").Click();
        page.Input("[data-test=deals-find]", " boil & co ");
        var filter = $"sort=-amount&state=closed&type=sale&stage=won&responsible={Anna}&query=boil%20%26%20co";
        page.WaitForAssertion(() => Last.Should().Be("GET /api/deals?limit=50&" + filter));
        page.Find("[data-test=deals-csv]").GetAttribute("href").Should().Be("api/deals/export?format=csv&language=en&" + filter);
        page.Find("[data-test=deals-closed]").GetAttribute("aria-pressed").Should().Be("true");
    }

    [Fact]
    public async Task The_list_goes_on_when_its_end_is_seen_and_a_failure_keeps_what_is_there()
    {
        var fails = false;
        _answer = r => fails ? Broken : Json(r.RequestUri!.Query.Contains("cursor=", StringComparison.Ordinal)
            ? new ListPage<DealDetailView>([Deal(2), Deal(3)], null) : new ListPage<DealDetailView>([Deal(1), Deal(2)], "next page"), ContractsJson.Default.ListPageDealDetailView);
        var page = await ShowAsync<DealsPage>();
        page.WaitForAssertion(() => page.FindComponents<EndOfList>().Should().HaveCount(1));
        fails = true;
        await page.InvokeAsync(() => page.FindComponent<EndOfList>().Instance.OnEnd());
        page.WaitForAssertion(() => page.Find("[role=alert]").TextContent.Should().Contain("cannot be shown"));
        page.FindAll("[data-test=deal-row]").Should().HaveCount(2);
        fails = false;
        page.Find("[role=alert] button").Click();
        page.WaitForAssertion(() => page.FindAll("[data-test=deal-row]").Select(r => r.GetAttribute("data-deal")).Should().Equal(Id(1).ToString(), Id(2).ToString(), Id(3).ToString()));
        Last.Should().EndWith("&cursor=next%20page");
        page.FindAll("[data-test=more]").Should().BeEmpty();
        page.FindAll("[role=alert]").Should().BeEmpty();
    }

    [Fact]
    public async Task A_deal_that_changes_elsewhere_changes_in_its_place_and_one_that_goes_is_marked()
    {
        var gone = false;
        _answer = r => r.RequestUri!.AbsolutePath == "/api/deals" ? Json(new ListPage<DealDetailView>([Deal(1), Deal(2)], null), ContractsJson.Default.ListPageDealDetailView)
            : gone ? FakeServer.Text("""{"status":404,"errorId":"not_found","detail":"No."}""", "application/problem+json", HttpStatusCode.NotFound)
            : Json(Deal(2) with { Title = "Renamed" }, ContractsJson.Default.DealDetailView);
        var page = await ShowAsync<DealsPage>();
        page.WaitForAssertion(() => page.FindAll("[data-test=deal-row]").Should().HaveCount(2));
        Feed.Take(Some.Message(new HintEvent("deal", Id(2).ToString(), null)));
        page.WaitForAssertion(() => page.FindAll("[data-test=deal-row]")[1].TextContent.Should().Contain("Renamed"));
        gone = true;
        Feed.Take(Some.Message(new HintEvent("deal", Id(2).ToString(), null)));
        page.WaitForAssertion(() => page.FindAll("[data-test=deal-row]")[1].ClassList.Should().Contain("gone"));
        var asked = _asked.Count;
        Feed.Take(Some.Message(new HintEvent("deal", Id(9).ToString(), null)));
        _asked.Should().HaveCount(asked, "what is not shown is not asked for");
    }

    [Fact]
    public async Task An_empty_list_says_why_and_a_failing_one_can_be_tried_again()
    {
        _answer = _ => Broken;
        var page = await ShowAsync<DealsPage>();
        page.WaitForAssertion(() => page.Find("[role=alert]").TextContent.Should().Contain("cannot be shown"));
        _answer = _ => Json(new ListPage<DealDetailView>([], null), ContractsJson.Default.ListPageDealDetailView);
        page.Find("[role=alert] button").Click();
        page.WaitForAssertion(() => page.Find("[data-test=deals-empty]").TextContent.Should().StartWith("No deal fits"));
        page.Find("[data-test=deals-all]").Click();
        page.WaitForAssertion(() => page.Find("[data-test=deals-empty]").TextContent.Should().StartWith("No deals yet"));
    }

    [Fact]
    public async Task Tasks_are_ones_own_at_first_and_are_ticked_where_they_stand()
    {
        var fails = false;
        _answer = r => r.Method == HttpMethod.Put ? fails ? Broken : FakeServer.Text("", "text/plain", HttpStatusCode.NoContent) : Json(new ListPage<TaskView>([Task(1), Task(2)], null), ContractsJson.Default.ListPageTaskView);
        var page = await ShowAsync<TasksPage>();
        page.WaitForAssertion(() => page.FindAll("[data-test=task-row]").Should().HaveCount(2));
        Last.Should().Be($"GET /api/tasks?limit=50&sort=due&state=open&person={Some.Session.UserId}");
        page.Find("[data-test=task-row]").TextContent.Should().Contain("Task 1").And.Contain("late");
        page.FindAll("[data-test=task-tick]")[0].Change(true);
        page.WaitForAssertion(() => page.FindAll("[data-test=task-row]")[0].ClassList.Should().Contain("faint"));
        Last.Should().Be($"PUT /api/tasks/{Id(1)}/done");
        fails = true;
        page.FindAll("[data-test=task-tick]")[1].Change(true);
        page.WaitForAssertion(() => page.FindAll("[role=alert]").Should().Contain(a => a.TextContent.Contains("Task 2")));
        page.FindAll("[data-test=task-row]")[1].ClassList.Should().NotContain("faint");
        page.Change("[data-test=tasks-person]", "");
        page.Change("[data-test=tasks-kind]", "callback");
        page.Find("[data-test=tasks-done]").Click();
        page.Input("[data-test=tasks-find]", "ring");
        page.WaitForAssertion(() => Last.Should().Be("GET /api/tasks?limit=50&sort=due&state=done&kind=callback&query=ring"));
    }

    [Fact]
    public async Task A_task_is_made_for_a_client_and_a_colleague_and_opens_in_its_place_to_be_given_to_another()
    {
        T Sent<T>(string method, JsonTypeInfo<T> type) => JsonSerializer.Deserialize(Server.Asked.Last(a => a.Method == method && a.Path.StartsWith("api/tasks", StringComparison.Ordinal)).Body, type)!;
        _answer = r => r.RequestUri!.AbsolutePath.StartsWith("/api/links", StringComparison.Ordinal) ? Json([new LinkChoice(Some.ClientId, "Ilaria Gentile", "")], ContractsJson.Default.IReadOnlyListLinkChoice)
            : r.Method == HttpMethod.Get ? Json(new ListPage<TaskView>([Task(1)], null), ContractsJson.Default.ListPageTaskView)
            : r.Method == HttpMethod.Post ? Json(Task(9), ContractsJson.Default.TaskView)
            : Json(Task(1) with { Title = "Given away", UserId = Anna, UserName = "Anna Verdi", ClientId = null, Version = 2 }, ContractsJson.Default.TaskView);
        var page = await ShowAsync<TasksPage>();
        page.WaitForAssertion(() => page.FindAll("[data-test=task-row]").Should().HaveCount(1));
        page.Click("[data-test=tasks-new]");
        page.Input("[data-test=task-title]", "Send the catalogue");
        page.Change("[data-test=task-who]", Anna.ToString());
        page.Input("[data-test=custom-task-client]", "ilaria");
        page.WaitForAssertion(() => page.FindAll("[data-test=link-choice]").Should().HaveCount(1));
        page.Click("[data-test=link-choice]");
        page.Submit("[data-test=task-form]");
        page.WaitForAssertion(() => page.FindAll("[data-test=task-form]").Should().BeEmpty());
        Sent("POST", ContractsJson.Default.TaskCreate).Should().BeEquivalentTo(new { Title = "Send the catalogue", UserId = Anna, Some.ClientId });

        page.Click("[data-test=task-open]");
        page.Change("[data-test=task-who]", Anna.ToString());
        page.Click("[data-test=link-none]");
        page.Submit("[data-test=task-form]");
        page.WaitForAssertion(() => page.Find("[data-test=task-row]").TextContent.Should().Contain("Given away").And.Contain("Anna Verdi"));
        Sent("PUT", ContractsJson.Default.TaskSave).Should().Be(new TaskSave("Task 1", Some.Noon.AddHours(-1), Anna, Guid.Empty, 1));
    }

    [Fact]
    public async Task The_bin_has_what_ones_rights_bring_back_kind_by_kind()
    {
        var fails = true;
        _answer = r => r.RequestUri!.AbsolutePath switch
        {
            "/api/deals/bin" => Json(new ListPage<DealBinRow>([new DealBinRow(Id(1), 1, "Boilers", "Ilaria Gentile", Some.Noon, "Sara Conti", Some.Noon.AddDays(30))], null), ContractsJson.Default.ListPageDealBinRow),
            "/api/tasks/bin" => Json(new ListPage<TaskBinRow>([], null), ContractsJson.Default.ListPageTaskBinRow),
            var path when path.EndsWith("/restore", StringComparison.Ordinal) => fails ? Broken : Json(Deal(1), ContractsJson.Default.DealDetailView),
            _ => null,
        };
        _session = Some.As("supervisor") with { Rights = new Dictionary<string, string>(Some.As("supervisor").Rights!) { ["deal.delete"] = "all" } };
        var page = await ShowAsync<BinPage>(p => p.Add(b => b.Kind, "deals"));
        page.WaitForAssertion(() => page.Find("[data-test=bin-row]").TextContent.Should().Contain("Boilers").And.Contain("Sara Conti"));
        page.Find("[data-test=bin-deals]").GetAttribute("aria-current").Should().Be("page");
        page.Find("[data-test=bin-restore]").Click();
        page.WaitForAssertion(() => page.Find("[role=alert]").TextContent.Should().Contain("The bin cannot be used"));
        page.FindAll("[data-test=bin-row]").Should().HaveCount(1);
        fails = false;
        page.Find("[data-test=bin-restore]").Click();
        page.WaitForAssertion(() => page.Find("[data-test=bin-back]").TextContent.Should().Contain("Boilers"));
        _asked.Should().Contain($"POST /api/deals/{Id(1)}/restore");
        page.Find("[data-test=bin-empty]").TextContent.Should().Contain("deals");
        page.Render(p => p.Add(b => b.Kind, "tasks"));
        page.WaitForAssertion(() => page.Find("[data-test=bin-empty]").TextContent.Should().Contain("tasks"));
    }

    [Fact]
    public async Task A_mail_that_was_taken_off_goes_back_onto_its_card()
    {
        _answer = r => r.RequestUri!.AbsolutePath switch
        {
            "/api/mails/bin" => Json(new ListPage<MailBinRow>([new MailBinRow(Id(1), Some.ClientId, "Ilaria Gentile", "", "x@y.example", Some.Noon, Some.Noon, "Sara Conti", Some.Noon.AddDays(30))], null), ContractsJson.Default.ListPageMailBinRow),
            var path when path.EndsWith("/restore", StringComparison.Ordinal) => new HttpResponseMessage(HttpStatusCode.NoContent),
            _ => null,
        };
        var page = await ShowAsync<BinPage>(p => p.Add(b => b.Kind, "mails"));
        page.WaitForAssertion(() => page.Find("[data-test=bin-row]").TextContent.Should().Contain("No subject").And.Contain("Ilaria Gentile"));
        page.Find("[data-test=bin-restore]").Click();
        page.WaitForAssertion(() => page.Find("[data-test=bin-back] a").GetAttribute("href").Should().Be($"clients/{Some.ClientId}"));
        _asked.Should().Contain($"POST /api/clients/{Some.ClientId}/mails/{Id(1)}/restore");
        page.Find("[data-test=bin-empty]").TextContent.Should().Contain("Mails");
    }

    [Fact]
    public async Task Who_may_bring_back_neither_clients_nor_deals_finds_the_tasks()
    {
        _session = Some.As("agent");
        _answer = _ => Json(new ListPage<TaskBinRow>([new TaskBinRow(Id(1), "task", "Send the offer", "Alex Romano", Some.Noon, "Alex Romano", Some.Noon.AddDays(30))], "more"), ContractsJson.Default.ListPageTaskBinRow);
        var page = await ShowAsync<BinPage>();
        page.WaitForAssertion(() => page.Find("[data-test=bin-row]").TextContent.Should().Contain("Send the offer"));
        page.FindAll("nav [data-test^=bin-]").Select(b => b.GetAttribute("data-test")).Should().Equal("bin-tasks", "bin-mails");
        page.FindAll("[data-test=more]").Should().HaveCount(1);
        _asked.Should().NotContain(a => a.Contains("/api/clients/bin"));
    }

    [Fact]
    public async Task The_wrap_up_shows_what_the_answers_put_into_which_deal()
    {
        var question = new QuestionView("sum", Some.Line("How much?"), QuestionKind.Money, false, null, "deal.amount", null, null, []);
        var title = new QuestionView("what", Some.Line("What?"), QuestionKind.Text, false, null, "deal.title", null, null, []);
        var script = Some.Script();
        script = script with { Script = script.Script with { Steps = [script.Script.Steps[0] with { Questions = [question, title] }, .. script.Script.Steps.Skip(1)] } };
        _answer = _ => null;
        DealView Open(int n) => new(Id(n), n, "sale", "Sale", "new", "New", $"Deal {n}", null, "USD", null, Some.Noon, 1);
        await ShowAsync<ListTabs>();
        await InCallAsync("Ended", script, Some.Field("answer.sum", "1250.5", 1), Some.Field("answer.what", "Two boilers", 1));
        IRenderedComponent<DealFields> Panel(params DealView[] deals) => Render<DealFields>(p => p.Add(d => d.Call, Some.CallId).Add(d => d.Client, Some.Card() with { OpenDeals = deals }).Add(d => d.Script, script.Script));
        Panel(Open(1)).Find("[data-test=wrap-deal-answers]").TextContent.Trim().Should().Be("The answers go into the deal: Two boilers · 1,250.50 USD");
        var panel = Panel(Open(1), Open(2));
        panel.Find("[data-test=wrap-deal-answers]").TextContent.Should().Contain("Choose the deal");
        panel.Change("#wrap-deal", "new");
        panel.WaitForAssertion(() => panel.Find("#wrap-deal-title").GetAttribute("placeholder").Should().Be("Two boilers"));
        panel.Find("[data-test=wrap-deal-answers]").TextContent.Should().NotContain("Choose the deal");
        panel.Change("#wrap-deal", Id(2).ToString());
        panel.WaitForAssertion(() => panel.Find("[data-test=wrap-deal-answers]").TextContent.Should().Contain("USD").And.NotContain("Choose the deal"));
    }
}
