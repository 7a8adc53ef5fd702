using System.Net;
using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Calls;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Components.Web;

namespace CallCrm.Agent.Web.Tests;

/// <summary>What was said, under the player: it follows the sound, plays from a line, and says why there is none.</summary>
public sealed class TranscriptTests : PageContext
{
    static readonly Guid Recording = Guid.NewGuid();

    TranscriptView _view = new(Recording, "done", "it", "small", Some.Noon,
    [
        new TranscriptLineView("agent", 1000, 3000, "Buongiorno, come posso aiutarLa?", "Anna Verdi"), new TranscriptLineView("client", 3500, 6000, "Un preventivo, per favore."), new TranscriptLineView("agent", 9000, 12_000, "Certo."),
    ]);

    public TranscriptTests()
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath switch
        {
            var p when p.EndsWith("/transcript", StringComparison.Ordinal) && r.Method == HttpMethod.Post => new HttpResponseMessage(HttpStatusCode.NoContent),
            var p when p.EndsWith("/transcript", StringComparison.Ordinal) => FakeServer.Json(JsonSerializer.Serialize(_view, ContractsJson.Default.TranscriptView)),
            var p when p.StartsWith("/api/recordings/", StringComparison.Ordinal) => FakeServer.Json(JsonSerializer.Serialize(new RecordingView(Recording, "ready", null, 60_000, 1, [1, 2], [2, 1]), ContractsJson.Default.RecordingView)),
            _ => null,
        };
    }

    async Task<IRenderedComponent<Player>> PlayAsync(string? said = null)
    {
        await Session.LoadAsync();
        var player = Render<Player>(p => p.Add(c => c.Recording, Recording).Add(c => c.Said, said));
        player.Click(said is null ? "[data-test=player-play]" : "[data-test=player-said]");
        player.WaitForAssertion(() => player.Find("[data-test=player-time]"));
        return player;
    }

    static string? Now(IRenderedComponent<Player> player) => player.FindAll(".transcript-line[aria-current=true]").SingleOrDefault()?.GetAttribute("data-n");

    [Fact]
    public async Task Lines_name_who_speaks_and_the_one_that_is_heard_is_marked_and_scrolled_to()
    {
        var player = await PlayAsync();
        player.WaitForAssertion(() => player.FindAll(".transcript-line").Select(l => string.Join('|', l.Children.Select(c => c.TextContent)))
            .Should().Equal("0:01|Anna Verdi|Buongiorno, come posso aiutarLa?", "0:03|Client|Un preventivo, per favore.", "0:09|Agent|Certo."));
        player.Find(".transcript-text").GetAttribute("lang").Should().Be("it");
        Now(player).Should().BeNull("nothing was played yet");
        foreach (var (at, line) in new (double, string?)[] { (1.2, "0"), (3.3, "0"), (4, "1"), (7, "1"), (8.5, null), (10, "2"), (59, null) })
        {
            await player.InvokeAsync(() => player.Instance.OnAudio(at, true, 60));
            player.WaitForAssertion(() => Now(player).Should().Be(line, $"at {at} s"));
        }

        JSInterop.Invocations.Where(i => i.Identifier == "callcrm.follow").Select(i => i.Arguments[1]).Should().Equal(0, 1, 2);
    }

    [Fact]
    public async Task A_line_plays_from_where_it_was_said_and_the_arrows_go_from_line_to_line()
    {
        var player = await PlayAsync();
        player.WaitForAssertion(() => player.FindAll(".transcript-line").Should().HaveCount(3));
        player.FindAll(".transcript-line")[1].Click();
        player.WaitForAssertion(() => JSInterop.Invocations.Should().Contain(i => i.Identifier == "callcrm.seek" && i.Arguments.Contains(3.5)));
        player.FindAll(".transcript-line").Select(l => l.GetAttribute("tabindex")).Should().Equal("-1", "0", "-1");
        foreach (var (key, focus) in new[] { ("ArrowDown", 2), ("ArrowDown", 2), ("ArrowUp", 1), ("Home", 0), ("End", 2) })
        {
            await player.Find("[data-test=transcript-lines]").KeyDownAsync(new KeyboardEventArgs { Key = key });
            player.WaitForAssertion(() => player.FindAll(".transcript-line")[focus].GetAttribute("tabindex").Should().Be("0"));
            JSInterop.Invocations.Last(i => i.Identifier == "callcrm.focus").Arguments[0]!.ToString().Should().EndWith($"[data-n='{focus}']");
        }

        player.Find("[data-test=transcript-text]").GetAttribute("href").Should().Be($"api/recordings/{Recording}/transcript/text?language=en");
    }

    [Fact]
    public async Task The_first_words_open_it_without_a_sound()
    {
        var player = await PlayAsync("Buongiorno, come…");
        player.WaitForAssertion(() => player.FindAll(".transcript-line").Should().HaveCount(3));
        JSInterop.Invocations.Should().NotContain(i => i.Identifier == "callcrm.play");
    }

    [Theory]
    [InlineData("waiting", "The transcript is being made…")]
    [InlineData("silent", "Nobody said anything in this recording.")]
    [InlineData("failed", "The transcript could not be made.")]
    [InlineData("too_long", "This recording is too long for a transcript.")]
    public async Task Without_lines_it_says_why(string state, string text)
    {
        _view = _view with { State = state, Lines = [], Error = state == "failed" ? "whisper.cpp ended with 3" : null };
        var player = await PlayAsync();
        player.WaitForAssertion(() => player.Find("[data-test=transcript-state]").TextContent.Trim().Should().Be(text));
        player.FindAll("[data-test=transcript-error]").Should().HaveCount(state == "failed" ? 1 : 0);
        player.FindAll("[data-test=transcript-text], [data-test=transcript-redo]").Should().BeEmpty();
    }

    [Fact]
    public async Task Where_recordings_are_not_written_down_nothing_is_shown()
    {
        _view = _view with { State = "off", Lines = [] };
        var player = await PlayAsync();
        player.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Path.EndsWith("/transcript", StringComparison.Ordinal)));
        player.FindAll("[data-test=transcript], [data-test=transcript-redo]").Should().BeEmpty();
    }

    [Fact]
    public async Task It_comes_by_itself_when_it_is_there()
    {
        var done = _view;
        _view = done with { State = "waiting", Lines = [] };
        var player = await PlayAsync();
        player.WaitForAssertion(() => player.Find("[data-test=transcript-state]"));
        _view = done;
        Feed.Take(Some.Message(new HintEvent("transcript", Guid.NewGuid().ToString(), null)));
        player.FindAll(".transcript-line").Should().BeEmpty("another recording's came");
        Feed.Take(Some.Message(new HintEvent("transcript", Recording.ToString(), null)));
        player.WaitForAssertion(() => player.FindAll(".transcript-line").Should().HaveCount(3));
        player.FindAll("[data-test=transcript-state]").Should().BeEmpty();
    }

    [Fact]
    public async Task Who_may_has_it_made_anew_and_what_was_there_stays_meanwhile()
    {
        _view = _view with { MayRedo = true };
        var player = await PlayAsync();
        player.WaitForAssertion(() => player.Find("[data-test=transcript-redo]"));
        player.Click("[data-test=transcript-redo]");
        player.WaitForAssertion(() => player.Find("[data-test=transcript-state]").TextContent.Should().Contain("is being made"));
        Server.Asked.Should().Contain(a => a.Method == "POST" && a.Path == $"api/recordings/{Recording}/transcript");
        player.FindAll(".transcript-line").Should().HaveCount(3);
        player.FindAll("[data-test=transcript-redo]").Should().BeEmpty();
    }

    [Fact]
    public async Task The_call_log_looks_for_words_only_for_who_may_hear()
    {
        await Session.LoadAsync();
        Render<CallLogPage>().FindAll("[data-test=calls-said]").Should().ContainSingle();
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/session" ? FakeServer.Json(JsonSerializer.Serialize(Some.Session with { Rights = new Dictionary<string, string> { ["call.view"] = "all" } }, ContractsJson.Default.SessionView)) : null;
        await Session.LoadAsync();
        Render<CallLogPage>().FindAll("[data-test=calls-said]").Should().BeEmpty();
        new CallLogFilter(Said: "preventivo caldaie").Asked.Should().Be("said=preventivo%20caldaie");
        CallLogFilter.Of("?campaign=winter").Asked.Should().Be("campaign=winter");
        CallLogFilter.Of("?said=prev&query=x").Should().Be(new CallLogFilter(Query: "x", Said: "prev"));
    }
}
