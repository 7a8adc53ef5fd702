using Bunit;
using CallCrm.AgentWeb.Board;
using CallCrm.AgentWeb.Calls;
using CallCrm.AgentWeb.Desk;
using CallCrm.AgentWeb.Frame;
using CallCrm.Contracts;
using System.Text.Json;

namespace CallCrm.Agent.Web.Tests;

/// <summary>A PBX out of sight, phones that cannot ring, calls that are not ours.</summary>
[Trait("Category", "Slow")]
public sealed class SightTests : PageContext
{
    static readonly PbxEventView Lost = new("pbx", false, Some.Noon.AddSeconds(-75), "KeepAlive");
    static readonly PbxEventView Back = new("pbx", true, Some.Noon, null);

    static AgentTileView Tile(string name, string state = "Ready", string? reason = null, string node = "pbx", bool own = false) =>
        new(Guid.NewGuid(), name, state, reason, "101", Some.Noon, null, null, "Sales", 3, node, own);

    static BoardView Board(params AgentTileView[] agents) =>
        new(new BoardFiguresView(1, 5, 80, 20, 10, 8, 1, 0, 10, 5, 60, 2, 1, 0, 0, 3, [1, 2]), [], agents, []);

    async Task<IRenderedComponent<MainFrame>> FrameAsync(string role = "agent", AgentStateView? me = null, BoardView? board = null)
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/session" ? FakeServer.Json(JsonSerializer.Serialize(Some.As(role), ContractsJson.Default.SessionView)) : null;
        JSInterop.Setup<Dictionary<string, string>>("callcrm.drafts", _ => true).SetResult([]);
        await Session.LoadAsync();
        Feed.Take(new FeedMessage("1", [], Snapshot: true, Desk: Some.Desk() with { State = me ?? Some.State() }, Board: board));
        return Render<MainFrame>();
    }

    [Fact]
    public async Task A_lost_PBX_is_told_with_its_name_and_age_until_it_is_read_again()
    {
        var frame = await FrameAsync();
        frame.FindAll("[data-test=pbx-band], [data-test=last-known]").Should().BeEmpty();
        Feed.Take(Some.Message(Lost));
        frame.WaitForAssertion(() => frame.Find("[data-test=pbx-band]").TextContent.Should().Contain("PBX connection lost since").And.Contain("“pbx”").And.Contain("1:15"));
        Time.Advance(TimeSpan.FromSeconds(1));
        frame.WaitForAssertion(() => frame.Find("[data-test=pbx-band] .timer").TextContent.Should().Be("1:16"));
        frame.Find("[data-test=presence] [data-test=last-known]").GetAttribute("title").Should().Contain("may not be true any more");
        frame.Find("[data-test=pbx-band]").TextContent.Should().NotContain("sign of life", "what is wrong with it is for those who can mend it");
        Feed.Take(Some.Message(Back));
        frame.WaitForAssertion(() => frame.FindAll("[data-test=pbx-band], [data-test=last-known]").Should().BeEmpty());
    }

    [Fact]
    public async Task A_queue_counts_all_of_its_members_also_those_whose_tile_stands_under_another()
    {
        await FrameAsync("supervisor", board: Board(Tile("Anna") with { QueueNames = "Sales, Billing" }, Tile("Luca", "Talking") with { QueueNames = "Billing" }, Tile("Mila") with { QueueNames = null }));
        var groups = Render<BoardPage>().FindAll("[data-test=board-group]").ToDictionary(g => g.GetAttribute("aria-label")!);
        groups.Keys.Should().Equal("Billing", "No queue", "Sales");
        groups["Billing"].QuerySelector("h2")!.TextContent.Should().Contain("1 ready of 2");
        groups["Billing"].QuerySelector("[data-test=board-others]")!.TextContent.Should().Contain("Anna").And.NotContain("Luca");
        groups["Billing"].QuerySelectorAll("[data-test=agent-tile]").Should().ContainSingle("each tile stands once");
        groups["Sales"].QuerySelector("h2")!.TextContent.Should().Contain("1 ready of 1");
        groups["Sales"].QuerySelector("[data-test=board-others]").Should().BeNull();
    }

    [Fact]
    public async Task Each_PBX_has_its_own_line_and_supervisors_read_why()
    {
        var frame = await FrameAsync("supervisor");
        Feed.Take(Some.Message(Lost, Lost with { Node = "milano", Reason = "LoginRefused" }));
        frame.WaitForAssertion(() => frame.FindAll("[data-test=pbx-band]").Should().HaveCount(2));
        frame.FindAll("[data-test=pbx-band]")[0].TextContent.Should().Contain("milano").And.Contain("refuses our login");
        frame.FindAll("[data-test=pbx-band]")[1].TextContent.Should().Contain("no sign of life");
    }

    [Theory]
    [InlineData("unreachable", "Phone not reachable", "switched on")]
    [InlineData("busy", "Phone in use", "until it is over")]
    [InlineData("do_not_disturb", "Do not disturb", "Switch that off")]
    public async Task An_agent_whose_phone_cannot_ring_is_told_what_to_do(string reason, string state, string advice)
    {
        var frame = await FrameAsync(me: Some.State("Ready", reason));
        frame.Find("[data-test=phone-band]").TextContent.Should().Contain(advice);
        var presence = frame.Find("[data-test=presence]");
        presence.TextContent.Should().Contain(state).And.NotContain("Ready");
        presence.ClassList.Should().NotContain("s-ready");
        var desk = Render<CallPanel>();
        desk.Find("[data-test=phone-trouble]").TextContent.Should().Be(state);
        Feed.Take(Some.Message(Some.Me("Ready")));
        frame.WaitForAssertion(() => frame.FindAll("[data-test=phone-band]").Should().BeEmpty());
        frame.Find("[data-test=presence]").ClassList.Should().Contain("s-ready");
        desk.FindAll("[data-test=phone-trouble]").Should().BeEmpty();
    }

    [Fact]
    public async Task The_board_shows_phones_own_calls_and_what_is_only_the_last_known()
    {
        await FrameAsync("supervisor", board: Board(Tile("Anna", reason: "unreachable"), Tile("Bruno", reason: "busy"), Tile("Carla", "Talking", own: true), Tile("Dario", node: "milano"), Tile("Elena", "Paused", "break")));
        var board = Render<BoardPage>();
        string Text(string name) => board.FindAll("[data-test=agent-tile]").Single(t => t.TextContent.Contains(name, StringComparison.Ordinal)).TextContent;
        Text("Anna").Should().Contain("Phone not reachable").And.Contain("Gets no calls meanwhile");
        Text("Bruno").Should().Contain("Phone in use");
        Text("Carla").Should().Contain("Own call, not from CallCrm");
        board.Find(".group-head").TextContent.Should().Contain("1 ready of 5");
        board.FindAll("[data-test=last-known]").Should().BeEmpty();
        Feed.Take(Some.Message(Lost));
        board.WaitForAssertion(() => board.FindAll(".figure.unsure").Should().HaveCount(3));
        board.WaitForAssertion(() => board.FindAll("[data-test=agent-tile].unsure").Should().HaveCount(4, "Dario sits at another PBX"));
        Text("Carla").Should().Contain("Last known");
        Text("Dario").Should().NotContain("Last known");
        Feed.Take(Some.Message(Back));
        board.WaitForAssertion(() => board.FindAll(".unsure").Should().BeEmpty());
    }

    [Fact]
    public async Task An_own_call_is_called_so_and_a_call_on_a_lost_PBX_is_the_last_known()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk("Talking", call: Some.Call() with { Routed = false, Node = "pbx" })));
        var desk = Render<CallPanel>();
        desk.Find("[data-test=own-call]").TextContent.Should().Contain("No other call is offered meanwhile");
        Feed.Take(Some.Message(Lost));
        desk.WaitForAssertion(() => desk.Find("[data-test=last-known]"));
        Feed.Take(Some.Message(Back, new CallEvent(Some.Call() with { Node = "pbx" })));
        desk.WaitForAssertion(() => desk.FindAll("[data-test=own-call], [data-test=last-known]").Should().BeEmpty());
    }

    [Fact]
    public async Task The_player_names_whose_part_is_heard_and_jumps_to_each()
    {
        var recording = new RecordingView(Guid.NewGuid(), "ready", null, 60_000, 1, [1, 2], [2, 1],
            [new RecordingPartView(0, 8_000, "wait", null, null), new RecordingPartView(8_000, 40_000, "talk", Guid.NewGuid(), "Anna Verdi"), new RecordingPartView(40_000, 45_000, "hold", Guid.NewGuid(), "Anna Verdi"), new RecordingPartView(45_000, 60_000, "talk", Guid.NewGuid(), "Mila Orlova")]);
        Server.Answer = r => r.RequestUri!.AbsolutePath.StartsWith("/api/recordings/", StringComparison.Ordinal) ? FakeServer.Json(JsonSerializer.Serialize(recording, ContractsJson.Default.RecordingView)) : null;
        var player = Render<Player>(p => p.Add(c => c.Recording, recording.Id));
        player.Click("[data-test=player-play]");
        player.WaitForAssertion(() => player.FindAll("[data-test=player-parts] button").Select(b => b.GetAttribute("aria-label")).Should().Equal(
            "Nobody speaks with the client: 0:00–0:08", "Anna Verdi: 0:08–0:40", "On hold: Anna Verdi: 0:40–0:45", "Mila Orlova: 0:45–1:00"));
        player.Find("[data-test=player-who]").TextContent.Should().Be("Nobody speaks with the client");
        await player.InvokeAsync(() => player.Instance.OnAudio(50, true, 60));
        player.WaitForAssertion(() => player.Find("[data-test=player-who]").TextContent.Should().Be("Mila Orlova"));
        player.FindAll("[data-test=player-parts] button")[1].Click();
        JSInterop.Invocations.Should().Contain(i => i.Identifier == "callcrm.seek" && i.Arguments.Contains(8.0));
        player.FindAll("[data-test=player-missing]").Should().BeEmpty();
    }

    [Theory]
    [InlineData(3_240, "Without sound: 3.2 s of the call, in which neither side sent any")]
    [InlineData(-1_200, "1.2 s longer than the call: the marks may be off by as much")]
    public void The_player_says_what_a_recording_does_not_hold(int missing_ms, string text)
    {
        var recording = new RecordingView(Guid.NewGuid(), "ready", null, 60_000, 1, [1, 2], [2, 1], [new RecordingPartView(0, 60_000, "talk", Guid.NewGuid(), "Anna Verdi")], missing_ms);
        Server.Answer = r => r.RequestUri!.AbsolutePath.StartsWith("/api/recordings/", StringComparison.Ordinal) ? FakeServer.Json(JsonSerializer.Serialize(recording, ContractsJson.Default.RecordingView)) : null;
        var player = Render<Player>(p => p.Add(c => c.Recording, recording.Id));
        player.Click("[data-test=player-play]");
        player.WaitForAssertion(() => player.Find("[data-test=player-missing]").TextContent.Should().Be(text));
    }

    [Fact]
    public async Task A_supervisor_acts_for_an_agent_from_the_tile_and_is_asked_before_what_cannot_be_undone()
    {
        var call = Guid.NewGuid();
        var anna = Tile("Anna", "Talking") with { CallId = call };
        await FrameAsync("supervisor", board: Board(anna, Tile("Bruno", "SignedOut")));
        var session = Server.Answer!;
        var accepted = true;
        Server.Answer = r => r.RequestUri!.AbsolutePath is var path && (path == $"/api/agents/{anna.AgentId}/commands" || path == $"/api/calls/{call}/end")
            ? FakeServer.Json(JsonSerializer.Serialize(new CommandAnswer(Guid.Empty, accepted, accepted ? null : "no_such_call"), ContractsJson.Default.CommandAnswer)) : session(r);
        var board = Render<BoardPage>();
        board.FindAll("[data-test=agent-menu]").Should().ContainSingle("nobody acts for one who is not there");
        board.Click("[data-test=agent-menu]");
        board.Click("[data-test=supervise-hang_up]");
        Server.Asked.Should().NotContain(a => a.Path.EndsWith("/end", StringComparison.Ordinal));
        accepted = false;
        board.Click("[data-test=supervise-sure]");
        board.WaitForAssertion(() => board.Find("[data-test=supervise-trouble]").TextContent.Should().Be("This call is over already."));
        accepted = true;
        board.Click("[data-test=supervise-pause]");
        board.WaitForAssertion(() => board.FindAll("[data-test=supervise-pause]").Should().BeEmpty());
        Server.Asked.Last().Body.Should().Contain("\"pause\"");
    }

    [Fact]
    public async Task A_supervisor_ends_a_call_that_waits_after_being_asked()
    {
        var waiting = new WaitingCallView(Guid.NewGuid(), 17, Some.Caller("+39 02 1234 5678"), "Mario Rossi", "Sales", Some.Noon, 1, "Waiting");
        await FrameAsync("supervisor", board: Board(Tile("Anna")) with { Waiting = [waiting] });
        var session = Server.Answer!;
        Server.Answer = r => r.RequestUri!.AbsolutePath == $"/api/calls/{waiting.CallId}/end"
            ? FakeServer.Json(JsonSerializer.Serialize(new CommandAnswer(Guid.Empty, false, "pbx_away"), ContractsJson.Default.CommandAnswer)) : session(r);
        var board = Render<BoardPage>();
        board.Find("[data-test=end-call]").GetAttribute("aria-label").Should().Be("End the call of Mario Rossi");
        board.Click("[data-test=end-call]");
        board.Click("[data-test=end-sure]");
        board.WaitForAssertion(() => board.Find("[data-test=end-trouble]").TextContent.Should().Be("The PBX does not answer at the moment."));
        board.FindAll("[data-test=end-sure]").Should().BeEmpty();
    }

    [Fact]
    public async Task A_supervisor_listens_at_a_chosen_phone_and_stops_and_the_board_says_who_listens()
    {
        var call = Guid.NewGuid();
        var anna = Tile("Anna", "Talking") with { CallId = call };
        await FrameAsync("supervisor", me: Some.State("SignedOut") with { Extension = null, Node = null }, board: Board(anna));
        Server.Answer = r => r.RequestUri!.AbsolutePath switch
        {
            "/api/session" => FakeServer.Json(JsonSerializer.Serialize(Some.As("supervisor") with { Listening = "shown", Extensions = [new ExtensionView("pbx", "103", "103", false, false, null), new ExtensionView("pbx", "104", "104", false, false, "Bruno"), new ExtensionView("milano", "201", "201", false, false, null)] }, ContractsJson.Default.SessionView)),
            var path when path == $"/api/agents/{anna.AgentId}/listening" => FakeServer.Json(JsonSerializer.Serialize(new CommandAnswer(Guid.Empty, true, null), ContractsJson.Default.CommandAnswer)),
            _ => null,
        };
        await Session.LoadAsync();
        var board = Render<BoardPage>();
        board.Click("[data-test=agent-menu]");
        board.Find("[role=menu]").TextContent.Should().Contain("Anna sees that you listen");
        board.Find("[data-test=listen]").HasAttribute("disabled").Should().BeTrue("no phone is chosen");
        board.FindAll("[data-test=listen-at] option").Select(o => o.TextContent).Should().Equal(["–", "103"], "one is taken, one is at another PBX");
        board.Find("[data-test=listen-at]").Change("pbx/103");
        board.Click("[data-test=listen]");
        board.WaitForAssertion(() => board.Find("[data-test=listen-rings]"));
        Server.Asked.Last().Body.Should().Contain("\"listens\":true").And.Contain(call.ToString()).And.Contain("\"103\"");
        Feed.Take(Some.Message(new AgentEvent(anna with { ListenedBy = [new ListenerView(Some.Session.UserId, "Sara Conti")] })));
        board.WaitForAssertion(() => board.Find("[data-test=tile-listeners]").TextContent.Should().Contain("Sara Conti listens"));
        board.FindAll("[data-test=listen], [data-test=listen-rings]").Should().BeEmpty();
        board.Click("[data-test=stop-listening]");
        board.WaitForAssertion(() => Server.Asked.Last().Body.Should().Contain("\"listens\":false"));
    }

    [Fact]
    public async Task Where_listening_is_off_nobody_is_asked_to()
    {
        await FrameAsync("supervisor", board: Board(Tile("Anna", "Talking") with { CallId = Guid.NewGuid() }));
        var board = Render<BoardPage>();
        board.Click("[data-test=agent-menu]");
        board.FindAll("[data-test=listen], [data-test=listen-at]").Should().BeEmpty();
    }

    [Fact]
    public async Task Who_is_heard_reads_by_whom()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk("Talking", call: Some.Call() with { ListenedBy = ["Sara Conti"] })));
        var desk = Render<CallPanel>();
        desk.Find("[data-test=listened-by]").TextContent.Should().Be("Sara Conti listens to this call");
        Feed.Take(Some.Message(new CallEvent(Some.Call())));
        desk.WaitForAssertion(() => desk.FindAll("[data-test=listened-by]").Should().BeEmpty());
    }

    [Fact]
    public async Task Managers_see_the_board_and_do_not_steer()
    {
        await FrameAsync("manager", board: Board(Tile("Anna")));
        Render<BoardPage>().FindAll("[data-test=agent-menu], [data-test=end-call]").Should().BeEmpty();
    }

    [Theory]
    [InlineData("Paused", "by_supervisor", "A supervisor did this")]
    [InlineData("SignedOut", "by_supervisor", "A supervisor did this")]
    [InlineData("SignedOut", "taken_over", "Somebody else signed in")]
    public async Task Who_was_paused_or_signed_out_by_somebody_is_told(string state, string reason, string words) =>
        (await FrameAsync(me: Some.State(state, reason))).Find("[data-test=told]").TextContent.Should().Contain(words);

    [Fact]
    public async Task Who_was_set_away_reads_so_after_the_return_until_it_is_dismissed()
    {
        var frame = await FrameAsync(me: Some.State("Away", "page_gone"));
        Feed.Take(Some.Message(Some.Me("Ready")));
        frame.WaitForAssertion(() => frame.Find("[data-test=presence]").GetAttribute("data-state").Should().Be("Ready"));
        frame.Find("[data-test=told-away]").TextContent.Should().Contain("You were set away");
        frame.Click("[data-test=told-away-read]");
        frame.WaitForAssertion(() => frame.FindAll("[data-test=told-away]").Should().BeEmpty());
    }

    [Fact]
    public async Task The_board_shows_who_is_over_the_minutes_of_a_pause_also_after_it()
    {
        PauseUseView[] Used(int seconds) => [new PauseUseView("break", seconds)];
        await FrameAsync("supervisor", board: Board(Tile("Anna", "Paused", "break") with { Pauses = Used(895) }, Tile("Bruno") with { Pauses = Used(960) }, Tile("Carla") with { Pauses = Used(899) }, Tile("Dario", "Paused", "meeting") with { Pauses = Used(60) }));
        var board = Render<BoardPage>();
        string? Over(string name) => board.FindAll("[data-test=agent-tile]").Single(t => t.TextContent.Contains(name, StringComparison.Ordinal)).QuerySelector("[data-test=tile-over]")?.TextContent;
        new[] { "Anna", "Carla", "Dario" }.Select(Over).Should().AllBeEquivalentTo((string?)null);
        Over("Bruno").Should().Contain("Break").And.Contain("1:00 over");
        Time.Advance(TimeSpan.FromSeconds(6));
        board.WaitForAssertion(() => Over("Anna").Should().Contain("0:01 over"));
    }
}
