using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Desk;
using CallCrm.AgentWeb.Files;
using CallCrm.AgentWeb.Frame;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class TimelineTests : PageContext
{
    /// <summary>Newest first; the page reads two at a time.</summary>
    List<TimelineItem> _all = [.. Enumerable.Range(1, 5).Select(n => Task(n, $"Task {n}"))];

    static TimelineItem Task(int n, string title) => new("task", $"t{n}", Some.Noon.AddDays(-n), "Anna Verdi", null, title, "open");

    async Task<IRenderedComponent<Timeline>> ShownAsync()
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath.EndsWith("/timeline", StringComparison.Ordinal) ? FakeServer.Json(JsonSerializer.Serialize(Part(r.RequestUri.Query), ContractsJson.Default.ListPageTimelineItem)) : null;
        await Session.LoadAsync();
        return Render<Timeline>(p => p.Add(t => t.Client, Some.ClientId));
    }

    ListPage<TimelineItem> Part(string query)
    {
        var after = query.Split("cursor=") is [_, var cursor] ? cursor.Split('&')[0] : null;
        var rest = after is null ? _all : _all[(_all.FindIndex(i => i.Id == after) + 1)..];
        return new ListPage<TimelineItem>([.. rest.Take(2)], rest.Count > 2 ? rest[1].Id : null);
    }

    static IEnumerable<string> Titles(IRenderedComponent<Timeline> page) => page.FindAll("li.event strong").Select(e => e.TextContent);

    Task HintAsync(IRenderedComponent<Timeline> page) => page.InvokeAsync(() => Feed.Take(Some.Message(new HintEvent("task", Some.ClientId.ToString(), null))));

    [Fact]
    public async Task It_goes_on_as_far_as_one_scrolls_and_says_when_it_ends()
    {
        var page = await ShownAsync();
        page.WaitForAssertion(() => Titles(page).Should().Equal("Task 1", "Task 2"));
        await page.InvokeAsync(() => page.FindComponent<EndOfList>().Instance.OnEnd());
        page.WaitForAssertion(() => Titles(page).Should().Equal("Task 1", "Task 2", "Task 3", "Task 4"));
        await page.InvokeAsync(() => page.FindComponent<EndOfList>().Instance.OnEnd());
        page.WaitForAssertion(() => Titles(page).Should().HaveCount(5));
        page.FindComponents<EndOfList>().Should().BeEmpty();
    }

    [Fact]
    public async Task A_note_is_written_stays_until_it_is_stored_and_is_taken_back_by_who_wrote_it()
    {
        var page = await ShownAsync();
        page.FindAll("[data-test=note-new]").Should().BeEmpty("who may not change the card writes nothing");
        page.Render(p => p.Add(t => t.Client, Some.ClientId).Add(t => t.MayWrite, true));
        List<string> Sent() => [.. Server.Asked.Where(a => a.Path.Contains("/notes", StringComparison.Ordinal)).Select(a => $"{a.Method} {a.Path} {a.Body}")];
        var works = false;
        var before = Server.Answer!;
        Server.Answer = r =>
        {
            if (!r.RequestUri!.AbsolutePath.Contains("/notes", StringComparison.Ordinal))
                return before(r);
            return works ? new HttpResponseMessage(System.Net.HttpStatusCode.NoContent) : FakeServer.Json("""{"errorId":"database_away"}""", System.Net.HttpStatusCode.ServiceUnavailable);
        };
        page.FindAll("[data-test=note-save]").Should().BeEmpty();
        page.Find("[data-test=note-text]").Input("Rings after four");
        page.Find("[data-test=note-new]").Submit();
        page.WaitForElement("[data-test=note-failed]");
        page.Find("[data-test=note-text]").GetAttribute("value").Should().Be("Rings after four");
        works = true;
        _all = [new TimelineItem("note", "n1", Some.Noon, "Anna Verdi", null, null, "Rings after four", Mine: true), .. _all];
        page.Find("[data-test=note-new]").Submit();
        page.WaitForAssertion(() => page.Find("li.event p.pre").TextContent.Should().Be("Rings after four"));
        page.FindAll("[data-test=note-failed]").Should().BeEmpty();
        page.Find("[data-test=note-text]").GetAttribute("value").Should().BeEmpty();
        Sent().Should().HaveCount(2);
        Sent().Distinct().Should().ContainSingle("the same note, however often it is sent");
        page.Find("[data-test=note-remove]").Click();
        page.WaitForAssertion(() => Sent()[^1].Should().StartWith($"DELETE api/clients/{Some.ClientId}/notes/n1"));
    }

    [Fact]
    public async Task A_mail_says_its_way_opens_to_its_text_as_text_and_is_taken_off_by_who_put_it_there()
    {
        var mail = Guid.CreateVersion7();
        _all = [new TimelineItem("mail", mail.ToString(), Some.Noon, "Mario Rossi", null, "The offer", "Could you", Mine: true, Way: "in"), new TimelineItem("mail", Guid.NewGuid().ToString(), Some.Noon, "Anna", null, "", "x", Way: "out")];
        var page = await ShownAsync();
        page.WaitForAssertion(() => page.FindAll("[data-test=mail-way]").Select(w => w.TextContent).Should().Equal("Mail received", "Mail sent"));
        page.FindAll("li.event")[1].TextContent.Should().Contain("No subject");
        page.FindAll("[data-test=note-remove]").Should().BeEmpty();
        page.Render(p => p.Add(t => t.Client, Some.ClientId).Add(t => t.MayWrite, true));
        var before = Server.Answer!;
        var versions = new List<string>();
        var view = new MailView(mail, "in", "Mario Rossi", "mario@rossi.example", "sales@example.org", "", "The offer", Some.Noon, "Could you <b>send</b> it?", true, [], ["fake.pdf"], "Anna Verdi", Some.Noon, false, MayRemove: true, Version: 3);
        Server.Answer = r => r.RequestUri!.AbsolutePath.Contains("/mails/", StringComparison.Ordinal)
            ? Asked(r) != HttpMethod.Get ? new HttpResponseMessage(System.Net.HttpStatusCode.NoContent) : FakeServer.Json(JsonSerializer.Serialize(view, ContractsJson.Default.MailView))
            : before(r);
        page.FindAll("[data-test=mail-open]")[0].Click();
        page.WaitForAssertion(() => page.Find("[data-test=mail-text]").TextContent.Should().Be("Could you <b>send</b> it?"));
        page.Find("[data-test=mail-text]").Children.Should().BeEmpty("it is text, whatever it looks like");
        page.Find("[data-test=mail-opened]").TextContent.Should().Contain("Mario Rossi <mario@rossi.example>").And.Contain("Only the beginning was kept");
        page.Find("[data-test=mail-left-out]").TextContent.Should().Contain("fake.pdf");
        page.FindAll("[data-test=mail-open]")[0].GetAttribute("aria-expanded").Should().Be("true");
        HttpMethod Asked(HttpRequestMessage request)
        {
            versions.Add(request.RequestUri!.Query);
            return request.Method;
        }

        page.FindAll("[data-test=mail-undo]").Should().BeEmpty();
        var item = _all[0];
        _all.RemoveAt(0);
        page.Find("[data-test=mail-remove]").Click();
        page.WaitForAssertion(() => page.FindAll("li.event").Should().ContainSingle());
        Server.Asked.Should().Contain(a => a.Method == "DELETE" && a.Path == $"api/clients/{Some.ClientId}/mails/{mail}");
        versions.Should().Contain("?version=3", "as it was read");
        page.Find("[role=status]").TextContent.Should().Contain("The offer is in the bin for 30 days.");
        _all.Insert(0, item);
        page.Find("[data-test=mail-undo]").Click();
        page.WaitForAssertion(() => page.FindAll("li.event").Should().HaveCount(2));
        page.FindAll("[data-test=mail-undo]").Should().BeEmpty();
        Server.Asked.Should().Contain(a => a.Method == "POST" && a.Path == $"api/clients/{Some.ClientId}/mails/{mail}/restore");
    }

    [Fact]
    public async Task A_saved_mail_among_the_files_goes_onto_the_history_and_one_that_is_none_is_refused()
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/files" ? FakeServer.Json("""{"files":[]}""") : null;
        await Session.LoadAsync();
        JSInterop.SetupVoid("callcrm.dropZone", _ => true);
        JSInterop.Setup<FileUpload.ChosenFile?>("callcrm.chosen", _ => true).SetResult(new FileUpload.ChosenFile("Offer.EML", 900));
        var sent = JSInterop.Setup<FileUpload.UploadAnswer>("callcrm.upload", _ => true);
        sent.SetResult(new FileUpload.UploadAnswer(200, JsonSerializer.Serialize(new MailTaken(Guid.NewGuid(), Some.ClientId, true), ContractsJson.Default.MailTaken)));
        var panel = Render<FilesPanel>(p => p.Add(f => f.Kind, "client").Add(f => f.Object, Some.ClientId));
        panel.Find("[data-test=files-input]").Change("x");
        panel.WaitForAssertion(() => panel.Find("[data-test=files-done]").TextContent.Should().Be("The mail stands in the history."));
        sent.Invocations.Single().Arguments[1].Should().Be($"api/clients/{Some.ClientId}/mails?");
        sent.SetResult(new FileUpload.UploadAnswer(400, """{"errorId":"invalid_input","errors":{"mail":["a mail (message/rfc822) with its sender, as mail programs save it under .eml"]}}"""));
        panel.Find("[data-test=files-input]").Change("y");
        panel.WaitForAssertion(() => panel.Find("[data-test=files-failed]").TextContent.Should().Contain("a mail with its sender"));
    }

    [Fact]
    public async Task A_call_that_was_handed_on_shows_what_each_agent_noted_by_name()
    {
        var call = new CallRow(Guid.NewGuid(), 7, "Inbound", Some.Noon, Some.Noon, Some.Caller(), null, "Sales", null, null, "Luca Neri", "Answered", "Ended", 1, 60, 0, "Sale", "His", null, null, false);
        _all = [new TimelineItem("call", call.Id.ToString(), Some.Noon, "Luca Neri", call, null, null, Notes: [new CallNoteView("Anna Verdi", "Wants two"), new CallNoteView("Luca Neri", "His")]),
            new TimelineItem("call", Guid.NewGuid().ToString(), Some.Noon, "Luca Neri", call with { Id = Guid.NewGuid(), Note = "Alone" }, null, null)];
        var page = await ShownAsync();
        page.WaitForAssertion(() => page.FindAll("[data-test=timeline-note-of]").Select(n => n.TextContent).Should().Equal("Anna Verdi: Wants two", "Luca Neri: His"));
        page.FindAll("li.event")[1].QuerySelector("p.pre")!.TextContent.Should().Be("Alone");
    }

    [Fact]
    public async Task It_is_read_again_for_this_client_s_calls_and_not_for_those_of_others()
    {
        var page = await ShownAsync();
        page.WaitForAssertion(() => Titles(page).Should().HaveCount(2));
        _all = [Task(0, "Task 0"), .. _all];
        // Of others; the last of these is ours, and what was read before it would show.
        foreach (var subject in new[] { "recording", "wrap_up", "call" })
            await page.InvokeAsync(() => Feed.Take(Some.Message(new HintEvent(subject, "x", null, Guid.NewGuid(), [Guid.NewGuid()]))));
        Titles(page).Should().Equal("Task 1", "Task 2");
        await page.InvokeAsync(() => Feed.Take(Some.Message(new HintEvent("recording", "x", null, Guid.NewGuid(), [Some.ClientId]))));
        page.WaitForAssertion(() => Titles(page).First().Should().Be("Task 0"));
    }

    [Fact]
    public async Task What_happens_meanwhile_comes_on_top_and_what_was_scrolled_to_stays()
    {
        var page = await ShownAsync();
        page.WaitForAssertion(() => Titles(page).Should().HaveCount(2));
        await page.InvokeAsync(() => page.FindComponent<EndOfList>().Instance.OnEnd());
        page.WaitForAssertion(() => Titles(page).Should().HaveCount(4));

        _all = [Task(0, "Task 0"), .. _all.Select(i => i.Id == "t1" ? i with { Title = "Task 1, done" } : i)];
        await HintAsync(page);
        page.WaitForAssertion(() => Titles(page).Should().Equal("Task 0", "Task 1, done", "Task 2", "Task 3", "Task 4"));
        // Of something further down that moved to the top there is one.
        _all = [Task(-1, "Task 3 again") with { Id = "t3" }, .. _all.Where(i => i.Id != "t3")];
        await HintAsync(page);
        page.WaitForAssertion(() => Titles(page).Should().Equal("Task 3 again", "Task 0", "Task 1, done", "Task 2", "Task 4"));
        await page.InvokeAsync(() => page.FindComponent<EndOfList>().Instance.OnEnd());
        page.WaitForAssertion(() => Titles(page).Should().Equal("Task 3 again", "Task 0", "Task 1, done", "Task 2", "Task 4", "Task 5"));
    }

    [Fact]
    public async Task A_failure_keeps_what_is_there()
    {
        var page = await ShownAsync();
        page.WaitForAssertion(() => Titles(page).Should().HaveCount(2));
        Server.Answer = r => r.RequestUri!.AbsolutePath.EndsWith("/timeline", StringComparison.Ordinal) ? throw new HttpRequestException("away") : null;
        await page.InvokeAsync(() => page.FindComponent<EndOfList>().Instance.OnEnd());
        page.WaitForAssertion(() => page.FindAll("[role=alert]").Should().HaveCount(1));
        Titles(page).Should().Equal("Task 1", "Task 2");
    }
}
