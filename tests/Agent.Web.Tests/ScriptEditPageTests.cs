using System.Net;
using System.Text.Json;
using AngleSharp.Dom;
using Bunit;
using CallCrm.AgentWeb.Frame;
using CallCrm.AgentWeb.Scripts;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class ScriptEditPageTests : PageContext
{
    static readonly ScriptPublishView One = new(1, "0123456789ab", "first", "Ada Admin", Some.Noon);

    readonly List<(string Method, string Path, string Body)> _asked = [];
    SessionView _session = Some.As("manager");
    ScriptEditView? _view = new("known", "id: known\n", 0, 1, null, null, true, true, [One], []);
    IReadOnlyList<ScriptProblemView> _problems = [];
    IReadOnlyList<ScriptConditionMet> _unmet = [];
    HttpResponseMessage? _refusal;

    async Task<IRenderedComponent<ScriptEditPage>> ShowAsync(string id = "known", string? kept = null)
    {
        Server.Answer = request =>
        {
            var body = request.Content is null ? "" : request.Content.ReadAsStringAsync().GetAwaiter().GetResult();
            _asked.Add((request.Method.Method, request.RequestUri!.PathAndQuery, body));
            var path = request.RequestUri.AbsolutePath;
            if (path == "/api/session")
                return FakeServer.Json(JsonSerializer.Serialize(_session, ContractsJson.Default.SessionView));
            if (path == "/api/script-edits/try")
                return FakeServer.Json(JsonSerializer.Serialize(new ScriptTryView(_problems, _problems.Count > 0 ? null : Some.Script().Script, _unmet, new ScriptSummary("known", "1", "Known client", "en", 1, [], 3), null), ContractsJson.Default.ScriptTryView));
            if (path.EndsWith("/diff", StringComparison.Ordinal))
                return FakeServer.Json(JsonSerializer.Serialize(new ScriptDiffView("1", "draft", [new(ScriptDiffKind.Same, 1, 1, "id: known"), new(ScriptDiffKind.Gone, 2, null, "title: A"), new(ScriptDiffKind.Come, null, 2, "title: <b>B</b>")]), ContractsJson.Default.ScriptDiffView));
            if (!path.StartsWith("/api/script-edits/", StringComparison.Ordinal))
                return null;
            if (_refusal is { } refused && request.Method != HttpMethod.Get)
                return refused;
            if (request.Method == HttpMethod.Put)
                _view = (_view ?? new ScriptEditView(id, "", 0, 0, null, null, false, false, [], [])) with { Yaml = JsonSerializer.Deserialize(body, ContractsJson.Default.ScriptDraftSave)!.Yaml, Draft = 7, DraftBy = "Marco", DraftAt = Some.Noon };
            else if (path.EndsWith("/publish", StringComparison.Ordinal))
                _view = _view! with { Draft = 0, DraftBy = null, DraftAt = null, Base = 2, History = [new(2, "ba9876543210", "", "Marco", Some.Noon), One] };
            return _view is null
                ? FakeServer.Text("""{"status":404,"errorId":"not_found","detail":"There is no such script."}""", "application/problem+json", HttpStatusCode.NotFound)
                : FakeServer.Json(JsonSerializer.Serialize(_view, ContractsJson.Default.ScriptEditView));
        };
        JSInterop.Setup<Dictionary<string, string>>("callcrm.drafts", _ => true).SetResult([]);
        JSInterop.Setup<string?>("callcrm.load", i => i.Arguments[0] is "script-edit:known").SetResult(kept);
        await Session.LoadAsync();
        _asked.Clear();
        return Render<ScriptEditPage>(p => p.Add(s => s.Id, id));
    }

    static string Words(IElement element) => string.Join(' ', element.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    T Sent<T>(string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) => JsonSerializer.Deserialize(_asked.Last(a => a.Path.EndsWith(path, StringComparison.Ordinal)).Body, type)!;

    async Task TypeAsync(IRenderedComponent<ScriptEditPage> page, string yaml)
    {
        var typed = page.Find("[data-test=script-yaml]").InputAsync(new Microsoft.AspNetCore.Components.ChangeEventArgs { Value = yaml });
        Time.Advance(TimeSpan.FromSeconds(1));
        await typed;
    }

    [Theory]
    [InlineData("en", "Expected: at most 500 characters", "The script has faults. Correct them and publish it again. 3:5 unknown field")]
    [InlineData("it", "Atteso: al massimo 500 caratteri", "Lo script ha errori. Correggili e pubblicalo di nuovo. 3:5 unknown field")]
    [InlineData("ru", "Ожидается: не больше 500 знаков", "В сценарии есть ошибки. Исправьте их и опубликуйте снова. 3:5 unknown field")]
    public async Task What_the_server_expected_is_said_in_the_language_of_the_page(string code, string expected, string faulty)
    {
        using var language = new InLanguage(code);
        var page = await ShowAsync();
        await TypeAsync(page, "id: known\ntitle: mine\n");
        _refusal = FakeServer.Text("""{"status":400,"errorId":"invalid_input","errors":{"note":["at most 500 characters"]}}""", "application/problem+json", HttpStatusCode.BadRequest);
        page.Click("[data-test=script-save]");
        page.WaitForAssertion(() => Words(page.Find("[data-test=script-error]")).Should().StartWith(expected));
        _refusal = FakeServer.Text("""{"status":422,"errorId":"script.faulty","errors":{"yaml":["3:5 unknown field"]}}""", "application/problem+json", HttpStatusCode.UnprocessableEntity);
        page.Click("[data-test=script-save]");
        page.WaitForAssertion(() => Words(page.Find("[data-test=script-error]")).Should().StartWith(faulty));
    }

    [Fact]
    public async Task The_text_stands_beside_what_the_agent_will_see()
    {
        var page = await ShowAsync();
        page.WaitForAssertion(() => page.Find("[data-test=script-step]").TextContent.Should().Be("Reason"));
        page.Find("[data-test=script-yaml]").GetAttribute("value").Should().Be("id: known\n");
        Words(page.Find("[data-test=script-good]")).Should().StartWith("No faults");
        Words(page.Find("[data-test=script-state]")).Should().StartWith("Version 1, Ada Admin");
        Words(page.Find("[data-test=try-fits]")).Should().Be("It would lead such a call.");
        page.Find("[data-test=script-save]").HasAttribute("disabled").Should().BeTrue("nothing was typed");
        page.FindAll("[data-test=script-answer]")[2].Click();
        page.Find("[data-test=script-step]").TextContent.Should().Be("Complaint", "the preview can be walked");
        _asked.Should().OnlyContain(a => !a.Path.Contains("draft", StringComparison.Ordinal), "walking it stores nothing");
    }

    [Fact]
    public async Task Faults_are_listed_by_line_and_lead_to_it()
    {
        var page = await ShowAsync();
        _problems = [new(12, 15, "\"goto\" names step \"nedd\", which is not in this script, did you mean \"need\"?")];
        await TypeAsync(page, "id: known\ntitle: x\n");
        page.WaitForAssertion(() => Words(page.Find("[data-test=script-fault]")).Should().Be("Line 12 \"goto\" names step \"nedd\", which is not in this script, did you mean \"need\"?"));
        page.Find("[data-test=script-publish]").HasAttribute("disabled").Should().BeTrue("what is broken is not published");
        page.Find("[data-test=script-save]").HasAttribute("disabled").Should().BeFalse("but it can be kept");
        page.FindAll("[data-test=script-step]").Should().NotBeEmpty("what could be read before stays to be seen");
        page.Click("[data-test=script-fault]");
        JSInterop.VerifyInvoke("callcrm.caret").Arguments.Should().Equal("[data-test=script-yaml]", 12, 15);
    }

    [Fact]
    public async Task Publishing_saves_what_was_typed_first_and_names_what_was_seen()
    {
        var page = await ShowAsync();
        await TypeAsync(page, "id: known\ntitle: new\n");
        page.Find("[data-test=script-note]").Input("shorter");
        page.Click("[data-test=script-publish]");
        page.WaitForAssertion(() => Words(page.Find("[data-test=script-told]")).Should().Be("Version 2 is in use."));
        Sent("/draft", ContractsJson.Default.ScriptDraftSave).Should().Be(new ScriptDraftSave("id: known\ntitle: new\n", 0, 1));
        Sent("/publish", ContractsJson.Default.ScriptPublish).Should().Be(new ScriptPublish(7, "shorter"));
    }

    [Fact]
    public async Task Who_was_slower_is_told_and_keeps_their_text()
    {
        var page = await ShowAsync();
        await TypeAsync(page, "id: known\ntitle: mine\n");
        _refusal = FakeServer.Text("""{"status":409,"errorId":"script.changed","detail":"Ada Admin saved the draft while this text was open."}""", "application/problem+json", HttpStatusCode.Conflict);
        page.Click("[data-test=script-save]");
        page.WaitForAssertion(() => Words(page.Find("[data-test=script-error]")).Should().StartWith("Somebody was quicker. Ada Admin saved the draft"));
        page.Find("[data-test=script-yaml]").GetAttribute("value").Should().Be("id: known\ntitle: mine\n");
        _view = _view! with { Yaml = "id: known\ntitle: theirs\n", Draft = 9, DraftBy = "Ada Admin", DraftAt = Some.Noon };
        page.Click("[data-test=script-reopen]");
        page.WaitForAssertion(() => page.Find("[data-test=script-yaml]").GetAttribute("value").Should().Be("id: known\ntitle: theirs\n"));
        page.Find("[data-test=script-mine] textarea").TextContent.Should().Contain("title: mine");
    }

    [Fact]
    public async Task What_a_crash_left_comes_back_if_nobody_changed_the_script_since()
    {
        var page = await ShowAsync(kept: "0 1 id: known\ntitle: typed before the crash\n");
        page.WaitForAssertion(() => page.Find("[data-test=script-yaml]").GetAttribute("value").Should().Be("id: known\ntitle: typed before the crash\n"));
        page.FindAll("[data-test=script-recovered]").Should().ContainSingle();
        (await ShowAsync(kept: "5 1 id: known\ntitle: on another draft\n")).FindAll("[data-test=script-recovered]").Should().BeEmpty();
    }

    [Fact]
    public async Task A_new_one_begins_as_a_form()
    {
        _view = null;
        var page = await ShowAsync("brand-new");
        page.WaitForAssertion(() => page.Find("[data-test=script-yaml]").GetAttribute("value").Should().StartWith("id: brand-new\n").And.Contain("\"{{day.greeting}}, {{company.name}}, {{agent.name}}.\""));
        page.Click("[data-test=script-save]");
        page.WaitForAssertion(() => Sent("/draft", ContractsJson.Default.ScriptDraftSave).Should().BeEquivalentTo(new { Draft = 0L, Base = 0 }));
    }

    [Fact]
    public async Task Versions_are_listed_and_compared()
    {
        var page = await ShowAsync();
        page.Click("[data-test=tab-versions]");
        Words(page.Find("[data-test=script-history] li")).Should().StartWith("Version 1 Ada Admin").And.Contain("first");
        page.Click("[data-test=script-compare]");
        page.WaitForAssertion(() => page.Find("[data-test=script-diff] .come").TextContent.Should().Contain("+ title: <b>B</b>"));
        page.Find("[data-test=script-diff] .gone").TextContent.Should().Contain("title: A");
        page.FindAll("[data-test=script-diff] b").Should().BeEmpty("text stays text");
    }

    [Fact]
    public async Task What_does_not_fit_the_tried_call_is_said()
    {
        _unmet = [new("client", "new"), new("queue", "Support, Service")];
        var page = await ShowAsync();
        page.WaitForAssertion(() => Words(page.Find("[data-test=try-fits]")).Should().Be("It would not lead such a call. It wants: new client, queue Support, Service."));
        page.Change("[data-test=try-direction]", "outbound");
        page.WaitForAssertion(() => Sent("/try", ContractsJson.Default.ScriptTry).Direction.Should().Be("outbound"));
    }

    [Fact]
    public async Task Agents_and_supervisors_have_neither_the_page_nor_its_way_in()
    {
        _session = Some.As("supervisor");
        Words((await ShowAsync()).Find("main")).Should().Contain("Scripts are edited by managers and administrators.");
        _asked.Should().BeEmpty();
        Render<MainFrame>().FindAll("a[href=scripts]").Should().BeEmpty();
    }

    [Fact]
    public async Task A_warning_is_told_apart_and_does_not_keep_from_publishing()
    {
        _problems = [new(4, 7, "this site has no field \"client.custom.gone\"", true)];
        var page = await ShowAsync();
        await TypeAsync(page, "id: known\ntitle: B\n");
        page.WaitForAssertion(() => Words(page.Find("[data-test=script-warnings]")).Should().StartWith("Warnings: 1."));
        Words(page.Find("[data-test=script-fault]")).Should().Be("Line 4 Warning this site has no field \"client.custom.gone\"");
        page.FindAll("[data-test=script-faults]").Should().BeEmpty();
        page.Find("[data-test=script-publish]").HasAttribute("disabled").Should().BeFalse();
        _problems = [new(4, 7, "a fault"), .. _problems];
        await TypeAsync(page, "id: known\ntitle: C\n");
        page.WaitForAssertion(() => Words(page.Find("[data-test=script-faults]")).Should().Be("Faults: 1"));
        page.Find("[data-test=script-publish]").HasAttribute("disabled").Should().BeTrue();
    }
}
