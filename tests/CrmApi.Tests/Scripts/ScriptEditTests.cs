using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Scripts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Scripts;

/// <summary>Scripts edited in the page: draft, fault, publish, take back; nobody overwrites anybody.</summary>
[Trait("Category", "Slow")]
public sealed class ScriptEditTests(ApiHost host) : IClassFixture<ApiHost>
{
    static string Library(string id) => File.ReadAllText(Path.Combine(ScriptLibraryTests.Folder, id + ".yaml"));

    /// <summary>For a queue that there is not: it leads no call of another test.</summary>
    static string Named(string id, string title) => Library("support").Replace("id: support\n", $"id: {id}\n").Replace("title: Support\n", $"title: {title}\n").Replace("queue: [support, ", "queue: [nowhere, ");

    ScriptShelf Shelf => host.Services.GetRequiredService<ScriptShelf>();

    static async Task<ScriptEditView> OkAsync(Task<HttpResponseMessage> asked)
    {
        using var answer = await asked;
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ScriptEditView))!;
    }

    static async Task<ProblemView> RefusedAsync(Task<HttpResponseMessage> asked, HttpStatusCode status)
    {
        using var answer = await asked;
        answer.StatusCode.Should().Be(status, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!;
    }

    static Task<HttpResponseMessage> SaveAsync(Page page, string id, string yaml, long draft, int @base) =>
        page.Http.PutAsJsonAsync($"api/script-edits/{id}/draft", new ScriptDraftSave(yaml, draft, @base), ContractsJson.Default.ScriptDraftSave);

    static Task<HttpResponseMessage> PublishAsync(Page page, string id, long draft, string note = "") =>
        page.Http.PostAsJsonAsync($"api/script-edits/{id}/publish", new ScriptPublish(draft, note), ContractsJson.Default.ScriptPublish);

    static Task<HttpResponseMessage> WithdrawAsync(Page page, string id, int @base) =>
        page.Http.PostAsJsonAsync($"api/script-edits/{id}/withdraw", new ScriptWithdraw(@base), ContractsJson.Default.ScriptWithdraw);

    static Task<ScriptEditView> OpenAsync(Page page, string id) => page.GetAsync($"api/script-edits/{id}", ContractsJson.Default.ScriptEditView);

    static async Task<ScriptTryView> TryAsync(Page page, ScriptTry asked)
    {
        using var answer = await page.Http.PostAsJsonAsync("api/script-edits/try", asked, ContractsJson.Default.ScriptTry);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ScriptTryView))!;
    }

    [PostgresFact]
    public async Task A_file_of_the_library_is_taken_over_edited_published_and_given_back()
    {
        await using var marco = await host.SignInAsync("marco");
        var opened = await OpenAsync(marco, "complaint");
        opened.Should().BeEquivalentTo(new { Yaml = Library("complaint"), Draft = 0L, Base = 0, InLibrary = true, InUse = true });
        var version = Shelf.Find("complaint")!.Version;

        var draft = await OkAsync(SaveAsync(marco, "complaint", opened.Yaml.Replace("title: Complaint\n", "title: Complaints, our way\n"), 0, 0));
        (draft.Draft > 0, draft.DraftBy, draft.Problems.Count).Should().Be((true, "Marco Riva", 0));
        Shelf.Find("complaint")!.Version.Should().Be(version, "a draft leads no call");

        var published = await OkAsync(PublishAsync(marco, "complaint", draft.Draft, "  shorter  "));
        (published.Draft, published.Base, published.InUse).Should().Be((0L, 1, true));
        published.History.Should().ContainSingle().Which.Should().BeEquivalentTo(new { N = 1, Note = "shorter", By = "Marco Riva", Version = ScriptReader.VersionOf(System.Text.Encoding.UTF8.GetBytes(published.Yaml)) });
        Shelf.Find("complaint")!.Title.Should().Be("Complaints, our way", "at once, not when the folder is looked at next");
        Shelf.Refresh();
        Shelf.Find("complaint")!.Title.Should().Be("Complaints, our way", "the file does not come back by being looked at");
        (await marco.GetAsync("api/script-edits", ContractsJson.Default.ScriptEditList)).Scripts.Single(s => s.Id == "complaint")
            .Should().BeEquivalentTo(new { Title = "Complaints, our way", Published = 1, By = "Marco Riva", InLibrary = true, DraftBy = (string?)null });
        (await marco.GetAsync($"api/scripts/complaint/versions/{version}", ContractsJson.Default.ScriptView)).Title.Should().Be("Complaint", "a call that began with the file keeps it");

        await host.RestartAsync();
        await using var again = await host.SignInAsync("marco");
        Shelf.Find("complaint")!.Title.Should().Be("Complaints, our way", "it outlives a restart");
        var given = await OkAsync(WithdrawAsync(again, "complaint", 1));
        given.History.Select(h => (h.N, h.Version is null)).Should().Equal((2, true), (1, false));
        Shelf.Find("complaint")!.Version.Should().Be(version);
        (await RefusedAsync(WithdrawAsync(again, "complaint", 2), HttpStatusCode.NotFound)).ErrorId.Should().Be("not_found");

        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QueryAsync<string>("select action from audit where object = 'script' and object_id like 'complaint%' order by at")).Should().Equal("script.published", "script.withdrawn");
    }

    [PostgresFact]
    public async Task Two_who_edit_one_script_are_told_and_nothing_is_overwritten()
    {
        await using var marco = await host.SignInAsync("marco");
        await using var ada = await host.SignInAsync("ada");
        var first = await OkAsync(SaveAsync(marco, "two", Named("two", "First"), 0, 0));
        (await RefusedAsync(SaveAsync(ada, "two", Named("two", "Second"), 0, 0), HttpStatusCode.Conflict)).Should().BeEquivalentTo(new { ErrorId = "script.changed", Detail = "Marco Riva saved the draft while this text was open. Nothing was overwritten: open the script again and compare." });
        var second = await OkAsync(SaveAsync(ada, "two", Named("two", "Second"), first.Draft, 0));
        (await RefusedAsync(SaveAsync(marco, "two", Named("two", "Third"), first.Draft, 0), HttpStatusCode.Conflict)).Detail.Should().StartWith("Ada Admin saved the draft");
        (await RefusedAsync(PublishAsync(marco, "two", first.Draft), HttpStatusCode.Conflict)).ErrorId.Should().Be("script.changed", "he has not seen what he would publish");
        (await RefusedAsync(marco.Http.DeleteAsync($"api/script-edits/two/draft?draft={first.Draft}"), HttpStatusCode.Conflict)).ErrorId.Should().Be("script.changed");
        (await OpenAsync(marco, "two")).Yaml.Should().Contain("title: Second");

        await OkAsync(PublishAsync(ada, "two", second.Draft));
        (await RefusedAsync(SaveAsync(marco, "two", Named("two", "Fourth"), 0, 0), HttpStatusCode.Conflict)).Detail.Should().StartWith("Ada Admin published it");
        var third = await OkAsync(SaveAsync(marco, "two", Named("two", "Fourth"), 0, 1));
        await OkAsync(marco.Http.DeleteAsync($"api/script-edits/two/draft?draft={third.Draft}"));
        (await OkAsync(SaveAsync(marco, "two", Named("two", "Fifth"), 0, 1))).Draft.Should().BeGreaterThan(third.Draft, "a number of a draft that was thrown away never comes back");
        (await RefusedAsync(SaveAsync(ada, "two", Named("two", "Sixth"), third.Draft, 1), HttpStatusCode.Conflict)).ErrorId.Should().Be("script.changed");
    }

    [PostgresFact]
    public async Task Of_many_who_save_at_once_one_is_taken()
    {
        await using var marco = await host.SignInAsync("marco");
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(async n =>
        {
            using var answer = await SaveAsync(marco, "race", Named("race", $"Number {n}"), 0, 0);
            return answer.StatusCode;
        }));
        answers.Count(a => a == HttpStatusCode.OK).Should().Be(1);
        answers.Count(a => a == HttpStatusCode.Conflict).Should().Be(7);
    }

    [PostgresFact]
    public async Task What_is_broken_may_be_a_draft_and_is_never_published()
    {
        await using var marco = await host.SignInAsync("marco");
        var broken = Named("broken", "Broken").Replace("goto: urgent", "goto: urgnt");
        var draft = await OkAsync(SaveAsync(marco, "broken", broken, 0, 0));
        draft.Yaml.Should().Be(broken, "nothing typed is lost");
        draft.Problems.Should().Contain(p => p.Message.Contains("\"goto\" names step \"urgnt\", which is not in this script, did you mean \"urgent\"?", StringComparison.Ordinal));
        var problem = await RefusedAsync(PublishAsync(marco, "broken", draft.Draft), HttpStatusCode.UnprocessableEntity);
        problem.ErrorId.Should().Be("script.faulty");
        problem.Errors!["yaml"].Should().HaveCount(draft.Problems.Count).And.Contain(e => e.StartsWith($"{draft.Problems[0].Line}:", StringComparison.Ordinal));
        Shelf.Find("broken").Should().BeNull();

        var renamed = await OkAsync(SaveAsync(marco, "broken", Named("other", "Other"), draft.Draft, 0));
        renamed.Problems.Should().ContainSingle().Which.Should().Be(new ScriptProblemView(2, 1, "\"id\" is \"other\", expected \"broken\": the id of a script never changes"));
        (await RefusedAsync(PublishAsync(marco, "broken", renamed.Draft), HttpStatusCode.UnprocessableEntity)).ErrorId.Should().Be("script.faulty");
        (await marco.GetAsync("api/script-edits", ContractsJson.Default.ScriptEditList)).Scripts.Should().Contain(s => s.Id == "broken" && !s.InUse && s.DraftBy == "Marco Riva");
        using var gone = await marco.Http.DeleteAsync($"api/script-edits/broken/draft?draft={renamed.Draft}");
        gone.StatusCode.Should().Be(HttpStatusCode.NoContent, "it was never more than a draft");
        (await marco.ProblemAsync(HttpMethod.Get, "api/script-edits/broken")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [PostgresFact]
    public async Task Two_versions_are_compared_line_by_line()
    {
        await using var marco = await host.SignInAsync("marco");
        var one = await OkAsync(SaveAsync(marco, "compared", Named("compared", "One"), 0, 0));
        await OkAsync(PublishAsync(marco, "compared", one.Draft));
        await OkAsync(SaveAsync(marco, "compared", Named("compared", "Two").Replace("\n", "\r\n"), 0, 1));
        var diff = await marco.GetAsync("api/script-edits/compared/diff?from=1&to=draft", ContractsJson.Default.ScriptDiffView);
        diff.Lines.Where(l => l.Kind != ScriptDiffKind.Same).Should().Equal(new ScriptDiffLine(ScriptDiffKind.Gone, 3, null, "title: One"), new ScriptDiffLine(ScriptDiffKind.Come, null, 3, "title: Two"));
        (await marco.GetAsync("api/script-edits/support/diff?from=library&to=library", ContractsJson.Default.ScriptDiffView)).Lines.Should().OnlyContain(l => l.Kind == ScriptDiffKind.Same);
        (await marco.ProblemAsync(HttpMethod.Get, "api/script-edits/compared/diff?from=7&to=draft")).Problem.Errors!.Keys.Should().Equal("from");
        (await marco.ProblemAsync(HttpMethod.Get, "api/script-edits/compared/diff?from=1&to=library")).Problem.Errors!.Keys.Should().Equal("to");
    }

    [PostgresFact]
    public async Task A_text_is_tried_against_a_client_and_nothing_is_stored()
    {
        await using var marco = await host.SignInAsync("marco");
        var yaml = Library("known-client").Replace("id: known-client\n", "id: tried\n").Replace("priority: 10\n", "priority: 50\n");
        var bianchi = await TryAsync(marco, new ScriptTry(yaml, "tried", Seeds.Bianchi));
        bianchi.Problems.Should().OnlyContain(p => p.Warning, "this site lacks the fields that the library's script asks for");
        bianchi.View!.Greeting[1].Text.Should().Be("Good to hear from you, Giulia Bianchi. What can I do for you?");
        bianchi.Unmet.Should().BeEmpty();
        (bianchi.Chosen!.Id, bianchi.Why!.LanguageOf).Should().Be(("tried", ScriptLanguageOf.Agent), "it would have the higher priority");

        var rossi = await TryAsync(marco, new ScriptTry(yaml, "tried", Seeds.Rossi));
        rossi.Unmet.Should().Equal(new ScriptConditionMet("deal", "none"));
        rossi.Chosen!.Id.Should().Be("deal-in-negotiation", "such a call is led by another one");
        (await TryAsync(marco, new ScriptTry(yaml, "tried", Direction: "outbound"))).Unmet.Should().Equal(new ScriptConditionMet("client", "known"), new ScriptConditionMet("direction", "inbound"));
        (await TryAsync(marco, new ScriptTry(Library("support"), "support", Seeds.Rossi, Queue: Seeds.Support))).Chosen!.Id.Should().Be("support");
        (await TryAsync(marco, new ScriptTry(Library("support"), "support", Seeds.Rossi, Queue: Seeds.Sales))).Unmet.Should().ContainSingle().Which.Kind.Should().Be("queue");

        var thin = await TryAsync(marco, new ScriptTry(ScriptText.Minimal("thin")));
        thin.Problems.Should().HaveCount(4, "too few steps, branches, fields and objections");
        thin.View!.Steps.Should().HaveCount(2, "it can be looked at all the same");
        var bad = await TryAsync(marco, new ScriptTry("id: ["));
        (bad.View, bad.Problems.Count > 0).Should().Be((null, true));
        (await marco.GetAsync("api/script-edits", ContractsJson.Default.ScriptEditList)).Scripts.Should().NotContain(s => s.Id == "tried" || s.Id == "thin");
    }

    [PostgresFact]
    public async Task Bad_input_names_the_field()
    {
        await using var marco = await host.SignInAsync("marco");
        static async Task<IEnumerable<string>> FieldsAsync(Task<HttpResponseMessage> asked) => (await RefusedAsync(asked, HttpStatusCode.BadRequest)).Errors!.Keys;
        (await FieldsAsync(SaveAsync(marco, "Not-An-Id", "id: x", 0, 0))).Should().Equal("id");
        (await FieldsAsync(SaveAsync(marco, "long", new string('x', ScriptReader.MaxBytes + 1), 0, 0))).Should().Equal("yaml");
        (await FieldsAsync(marco.Http.PostAsJsonAsync("api/script-edits/try", new ScriptTry("id: x", Direction: "sideways"), ContractsJson.Default.ScriptTry))).Should().Equal("direction");
        (await FieldsAsync(marco.Http.PostAsJsonAsync("api/script-edits/try", new ScriptTry("id: x", Client: Guid.NewGuid()), ContractsJson.Default.ScriptTry))).Should().Equal("client");
        (await FieldsAsync(PublishAsync(marco, "support", 1, new string('x', 501)))).Should().Equal("note");
        (await RefusedAsync(PublishAsync(marco, "support", 1), HttpStatusCode.NotFound)).ErrorId.Should().Be("not_found");
        var nul = await OkAsync(SaveAsync(marco, "nul", "id: nul\0\r\n# <script>alert(1)</script>", 0, 0));
        nul.Yaml.Should().Be("id: nul\n# <script>alert(1)</script>");
    }

    [PostgresFact]
    public async Task Agents_and_supervisors_may_not()
    {
        foreach (var login in new[] { "anna", "sara" })
        {
            await using var page = await host.SignInAsync(login);
            (await RefusedAsync(page.Http.GetAsync("api/script-edits/support"), HttpStatusCode.Forbidden)).ErrorId.Should().Be("not_allowed");
            (await RefusedAsync(SaveAsync(page, "support", Library("support"), 0, 0), HttpStatusCode.Forbidden)).ErrorId.Should().Be("not_allowed");
            (await RefusedAsync(PublishAsync(page, "support", 1), HttpStatusCode.Forbidden)).ErrorId.Should().Be("not_allowed");
        }
    }
}
