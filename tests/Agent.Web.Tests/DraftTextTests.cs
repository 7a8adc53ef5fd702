using AngleSharp.Html.Dom;
using Bunit;
using CallCrm.AgentWeb.Drafts;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class DraftTextTests : PageContext
{
    IRenderedComponent<DraftText> Note() => Render<DraftText>(p => p.Add(d => d.Call, Some.CallId).Add(d => d.Field, "note").Add(d => d.Lines, 5).Add(d => d.Test, "note"));

    static string Shown(IRenderedComponent<DraftText> text) => ((IHtmlTextAreaElement)text.Find("[data-test=note]")).GetAttribute("value") ?? "";

    [Fact]
    public async Task It_starts_with_what_the_server_has()
    {
        await InCallAsync(draft: Some.Field("note", "saved before", 1));
        Shown(Note()).Should().Be("saved before");
    }

    [Fact]
    public async Task Another_tabs_text_comes_in_while_nobody_types_here()
    {
        await InCallAsync();
        var note = Note();
        Feed.Take(Some.Message(new DraftEvent(Some.CallId, Some.Field("note", "theirs", 1))));
        note.WaitForAssertion(() => Shown(note).Should().Be("theirs"));
    }

    [Fact]
    public async Task Under_the_hands_the_text_never_changes()
    {
        await InCallAsync();
        var note = Note();
        note.Find("textarea").Focus();
        note.Input("textarea", "mine");
        Feed.Take(Some.Message(new DraftEvent(Some.CallId, Some.Field("note", "theirs", 99))));
        Shown(note).Should().Be("mine");
        Drafts.Value(Some.CallId, "note").Should().Be("mine");
    }
}
