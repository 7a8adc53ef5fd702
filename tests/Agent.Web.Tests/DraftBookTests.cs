using System.Net;
using Bunit;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class DraftBookTests : PageContext
{
    [Fact]
    public async Task Text_is_sent_when_the_keys_have_been_quiet()
    {
        await InCallAsync();
        Drafts.Type(Some.CallId, "note", "a");
        Drafts.Type(Some.CallId, "note", "ab");
        Drafts.Unsaved.Should().BeTrue();
        await PassAsync(() => !Drafts.Unsaved);
        Server.Written("note").Should().Equal("ab");
        Drafts.Value(Some.CallId, "note").Should().Be("ab");
    }

    [Fact]
    public async Task What_the_server_did_not_take_is_kept_and_sent_again()
    {
        await InCallAsync();
        var failures = 0;
        Server.Answer = r => r.RequestUri!.AbsolutePath.Contains("/draft/", StringComparison.Ordinal) && failures++ < 2 ? throw new HttpRequestException("no line") : null;
        Drafts.Type(Some.CallId, "note", "kept");
        await PassAsync(() => Drafts.Troubled);
        Drafts.Value(Some.CallId, "note").Should().Be("kept");
        await PassAsync(() => !Drafts.Unsaved);
        Drafts.Troubled.Should().BeFalse();
        Server.Written("note").Should().Equal("kept", "kept", "kept");
    }

    [Fact]
    public async Task What_was_typed_before_a_reload_is_sent_after_it()
    {
        JSInterop.Setup<Dictionary<string, string>>("callcrm.drafts", _ => true)
            .SetResult(new Dictionary<string, string>(StringComparer.Ordinal) { [$"draft:{Some.CallId}:note"] = "from before", ["draft:not a call:note"] = "x" });
        await InCallAsync();
        await Drafts.RecoverAsync();
        Drafts.Value(Some.CallId, "note").Should().Be("from before");
        await PassAsync(() => !Drafts.Unsaved);
        Server.Written("note").Should().Equal("from before");
    }

    [Fact]
    public async Task Text_for_a_call_that_is_not_mine_any_more_is_given_up()
    {
        await InCallAsync();
        Server.Answer = r => r.RequestUri!.AbsolutePath.Contains("/draft/", StringComparison.Ordinal) ? FakeServer.Json("{}", HttpStatusCode.NotFound) : null;
        Drafts.Type(Some.CallId, "note", "late");
        await PassAsync(() => !Drafts.Unsaved);
        Drafts.Troubled.Should().BeFalse();
    }

    [Fact]
    public async Task Another_tabs_text_shows_unless_this_page_has_its_own()
    {
        await InCallAsync();
        Feed.Take(Some.Message(new DraftEvent(Some.CallId, Some.Field("note", "theirs", 1))));
        Drafts.Value(Some.CallId, "note").Should().Be("theirs");
        Drafts.Type(Some.CallId, "note", "mine");
        Feed.Take(Some.Message(new DraftEvent(Some.CallId, Some.Field("note", "theirs again", 2))));
        Drafts.Value(Some.CallId, "note").Should().Be("mine");
    }

    [Fact]
    public async Task Values_join_what_is_saved_and_what_is_typed()
    {
        await InCallAsync(draft: [Some.Field("answer.a", "1", 1), Some.Field("answer.b", "2", 2), Some.Field("note", "n", 3)]);
        Drafts.Type(Some.CallId, "answer.b", "3");
        Drafts.Values(Some.CallId, "answer.").Should().BeEquivalentTo(new Dictionary<string, string>(StringComparer.Ordinal) { ["a"] = "1", ["b"] = "3" });
    }

    /// <summary>Lets the clock run until it is so; the work between two ticks is done by the thread pool.</summary>
    async Task PassAsync(Func<bool> until)
    {
        for (var i = 0; i < 200 && !until(); i++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(200));
            await Task.Delay(5);
        }

        until().Should().BeTrue();
    }
}
