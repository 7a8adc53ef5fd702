using System.Text.Json;
using AngleSharp.Dom;
using Bunit;
using CallCrm.AgentWeb.Calls;
using CallCrm.AgentWeb.Frame;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class CallLifeTests : PageContext
{
    static DateTimeOffset At(double seconds) => Some.Noon.AddSeconds(seconds);

    static CallRow Row(string? outcome = "Answered") => new(Some.CallId, 11, "Inbound", Some.Noon, null, Some.Caller(), "Website", "Sales", Some.ClientId, "Ilaria Gentile", "Anna Verdi", outcome,
        outcome is null ? "Talking" : "Ended", 8, 60, 10, null, null, null, null, false);

    static TimelineEventView Route(double at, string rule, string? who, params ReasonCandidateView[] candidates) =>
        new("route_decided", At(at), null, who, Code: rule, Route: new RouteView(Some.Reason(rule, who, candidates: candidates), "Sales", null, null));

    /// <summary>Waits, rings in vain at Luca, is answered by Anna, held, transferred to Mila.</summary>
    static CallTimelineView Whole(bool runs = false, string anna = "Anna Verdi") => new(Row(runs ? null : "Answered"), Some.Noon, runs ? null : At(100), At(100), false,
        [
            new LaneView("client.1", "client", null, "PJSIP/trunk", [new BarView("wait", At(0), At(20), "Sales"), new BarView("talk", At(20), At(60), null, anna), new BarView("talk", At(65), runs ? null : At(100), null, "Mila Orlova")]),
            new LaneView("agent.1", "agent", "Luca Neri", "PJSIP/102", [new BarView("ring", At(2), At(12), Outcome: "NoAnswer")]),
            new LaneView("agent.2", "agent", anna, "PJSIP/101", [new BarView("ring", At(13), At(20), Outcome: "Answered"), new BarView("talk", At(20), At(40)), new BarView("hold", At(40), At(50)), new BarView("talk", At(50), At(60), Estimated: true)]),
            new LaneView("agent.3", "agent", "Mila Orlova", "PJSIP/103", [new BarView("talk", At(65), runs ? null : At(100))]),
        ],
        [
            new TimelineEventView("call_started", At(0), "client.1", "+39 02 1234 5678", "Website", Code: "Inbound"),
            new TimelineEventView("call_identified", At(0), "client.1", "Ilaria Gentile", Code: "Known", Number: 1),
            new TimelineEventView("call_queued", At(0), "client.1", Queue: "Sales", Number: 2),
            Route(2, "LeastBusy", "Luca Neri", new ReasonCandidateView("Luca Neri", 1, 12.5m, 90), new ReasonCandidateView("Mila Orlova", 2, 30m, 5)),
            new TimelineEventView("offer_ended", At(12), "agent.1", "Luca Neri", Code: "NoAnswer", Span_ms: 10_000),
            Route(13, "Hold", null),
            new TimelineEventView("call_answered", At(20), "agent.2", anna, Span_ms: 20_000),
            new TimelineEventView("leg_span", At(30), "agent.2", anna),
            new TimelineEventView("call_transferred", At(60), "agent.2", anna, "Mila Orlova", Code: "Blind"),
            new TimelineEventView("call_ended", At(100), "client.1", Code: "Answered", Detail: "Caller", Number: 16),
        ]);

    CallTimelineView _answer = Whole();

    IRenderedComponent<CallLife> Show(CallTimelineView? timeline = null)
    {
        _answer = timeline ?? _answer;
        Server.Answer = r => r.RequestUri!.AbsolutePath == $"/api/calls/{Some.CallId}/timeline" ? FakeServer.Json(JsonSerializer.Serialize(_answer, ContractsJson.Default.CallTimelineView)) : null;
        var life = Render<CallLife>(p => p.Add(c => c.Call, Some.CallId));
        life.WaitForAssertion(() => life.Find("[data-test=life-outcome]"));
        return life;
    }

    static string Style(IElement bar) => bar.GetAttribute("style")!;

    [Fact]
    public void A_lane_for_each_party_and_bars_where_they_belong()
    {
        var life = Show();
        life.FindAll("[data-test=life-lane]").Select(l => l.QuerySelector(".life-name span")!.TextContent).Should().Equal("Client", "Luca Neri", "Anna Verdi", "Mila Orlova");
        var bars = life.FindAll("[data-test=life-bar]");
        bars.Select(b => b.GetAttribute("data-kind")).Should().Equal("wait", "talk", "talk", "ring", "ring", "talk", "hold", "talk", "talk");
        Style(bars[1]).Should().Be("left:20%;width:40%");
        Style(bars[6]).Should().Be("left:40%;width:10%");
        bars[3].GetAttribute("class").Should().Contain("s-missed");
        bars[3].GetAttribute("aria-label").Should().Be("Missed: not answered: 0:10, 0:02.0–0:12.0");
        bars[7].GetAttribute("class").Should().Contain("estimated");
        bars[1].GetAttribute("aria-label").Should().StartWith("Talks with Anna Verdi: 0:40");
    }

    [Fact]
    public void Why_it_went_there_is_said_with_everyones_figures_and_the_chosen_one_is_marked()
    {
        var routes = Show().FindAll("[data-test=life-route]");
        routes.Should().HaveCount(2);
        routes[0].TextContent.Should().Contain("Least busy of 2: Luca Neri, load 12 %").And.Contain("Sales");
        routes[0].QuerySelectorAll("tbody tr").Select(r => string.Join('|', r.QuerySelectorAll("td").Select(c => c.TextContent.Trim().ReplaceLineEndings(" ")))).Should().SatisfyRespectively(
            r => r.Should().Be("chosen: Luca Neri|1|12.5 %|1:30"),
            r => r.Should().Be("Mila Orlova|2|30.0 %|0:05"));
        routes[1].TextContent.Should().Contain("Nobody is free yet").And.Contain("Nobody was free at that moment.");
    }

    [Fact]
    public void Every_event_is_a_sentence_and_kinds_from_the_future_are_left_out()
    {
        var events = Show().FindAll("[data-test=life-event]");
        events.Select(e => e.QuerySelector(".life-words")!.FirstChild!.TextContent).Should().Equal(
            "Call from +39 02 1234 5678 to Website", "Recognised: Ilaria Gentile", "Into the queue Sales", "Least busy of 2: Luca Neri, load 12 %", "Luca Neri did not answer",
            "Nobody is free yet, held in line", "Anna Verdi talks with the client, who waited 0:20", "Anna Verdi transfers to Mila Orlova", "Answered: the client hung up");
        events[2].TextContent.Should().Contain("Place in line: 2");
        events[^1].TextContent.Should().Contain("normal end");
    }

    static TimelineEventView[] FromRecord(string kind) =>
    [
        new TimelineEventView(kind, At(0), "client.1", Code: "Fallback"),
        new TimelineEventView("call_started", At(0), "client.1", "+39 02 1234 5678", "Website", Code: "Inbound"),
        new TimelineEventView("call_dialled", At(1), "client.1", Other: "+39 06 9999 8888", Code: "Outbound"),
    ];

    [Theory]
    [InlineData("call_imported", "CallCrm was not connected when this call began and ended: its times are from the PBX’s own record", "it was not connected, and the PBX served it alone")]
    [InlineData("call_corrected", "CallCrm was not connected when this call ended: how and when it ended is from the PBX’s own record", "it was only watched")]
    public void A_call_from_the_PBXs_own_record_says_so_above_and_among_the_events(string kind, string sentence, string why)
    {
        var life = Show(Whole() with { Events = FromRecord(kind) });
        life.Find("[data-test=life-record]").TextContent.Should().Be(sentence);
        life.FindAll("[data-test=life-event]").Select(e => e.QuerySelector(".life-words")!.FirstChild!.TextContent).Should().Equal(sentence, "Call from +39 02 1234 5678 to Website", "The PBX dials +39 06 9999 8888");
        life.Find("[data-test=life-why]").TextContent.Should().Contain(why);
    }

    [Fact]
    public void A_call_that_we_saw_ourselves_says_nothing_of_the_record() => Show().FindAll("[data-test=life-record]").Should().BeEmpty();

    [Fact]
    public void A_correction_that_comes_while_it_is_shown_is_read()
    {
        var life = Show();
        _answer = Whole() with { Events = FromRecord("call_corrected") };
        Feed.Take(Some.Message(new HintEvent("call", Some.CallId.ToString(), null, Some.CallId)));
        life.WaitForAssertion(() => life.Find("[data-test=life-record]"));
    }

    [Fact]
    public void Focus_moves_the_line_in_the_picture_and_only_one_event_is_in_the_tab_order()
    {
        var life = Show();
        life.FindAll(".life-grid i.at").Should().BeEmpty();
        life.FindAll("[data-test=life-event]")[4].Focus();
        Style(life.Find(".life-grid i.at")).Should().Be("left:12%");
        life.FindAll("[data-test=life-event]").Select(e => e.GetAttribute("tabindex")).Should().ContainSingle(t => t == "0");
        life.Find("[data-test=life-event][tabindex='0']").GetAttribute("aria-current").Should().Be("true");
        life.Find("[data-test=life-events]").HasAttribute("data-arrows").Should().BeTrue("the arrow keys of app.js go by it");
    }

    [Fact]
    public void Marks_say_what_happened_on_hover()
    {
        var life = Show();
        life.FindAll("[data-test=life-tip]").Should().BeEmpty();
        life.FindAll("[data-test=life-lane]")[1].QuerySelector(".life-mark")!.TriggerEvent("onmouseenter", new Microsoft.AspNetCore.Components.Web.MouseEventArgs());
        life.Find("[data-test=life-tip]").TextContent.Should().Contain("Luca Neri did not answer").And.Contain("0:12.0");
    }

    [Fact]
    public async Task A_running_call_grows_and_is_read_again_until_it_has_ended()
    {
        var life = Show(Whole(runs: true));
        life.Find("[data-test=life-outcome]").TextContent.Should().Be("Still going on");
        var open = life.FindAll("[data-test=life-bar].open");
        open.Should().HaveCount(2);
        Style(open[1]).Should().Be("left:65%;width:35%");
        Time.Advance(TimeSpan.FromSeconds(1));
        life.WaitForAssertion(() => Style(life.FindAll("[data-test=life-bar].open")[1]).Should().StartWith("left:64.3"));
        _answer = Whole();
        Time.Advance(TimeSpan.FromSeconds(1));
        life.WaitForAssertion(() => life.Find("[data-test=life-outcome]").TextContent.Should().Be("Answered"));
        var asked = Server.Asked.Count(a => a.Path.EndsWith("/timeline", StringComparison.Ordinal));
        Time.Advance(TimeSpan.FromSeconds(10));
        await Task.Yield();
        Server.Asked.Count(a => a.Path.EndsWith("/timeline", StringComparison.Ordinal)).Should().Be(asked);
    }

    [Fact]
    public void Loading_shows_the_shape_failing_says_why_and_comes_back_by_itself()
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath.EndsWith("/timeline", StringComparison.Ordinal) ? FakeServer.Json("""{"errorId":"database_away","detail":"The database is away."}""", System.Net.HttpStatusCode.ServiceUnavailable) : null;
        var life = Render<CallLife>(p => p.Add(c => c.Call, Some.CallId));
        life.WaitForAssertion(() => life.Find("[role=alert]").TextContent.Should().Contain("The database does not answer now."));
        Server.Answer = r => r.RequestUri!.AbsolutePath.EndsWith("/timeline", StringComparison.Ordinal) ? FakeServer.Json(JsonSerializer.Serialize(Whole(), ContractsJson.Default.CallTimelineView)) : null;
        Time.Advance(TimeSpan.FromSeconds(1));
        Time.Advance(TimeSpan.FromSeconds(1));
        life.WaitForAssertion(() => life.Find("[data-test=life-chart]"));
        life.FindAll("[role=alert]").Should().BeEmpty();
    }

    [Fact]
    public void A_call_that_is_not_mine_is_said_and_not_asked_for_again()
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath.EndsWith("/timeline", StringComparison.Ordinal) ? FakeServer.Json("""{"errorId":"not_found","detail":"x"}""", System.Net.HttpStatusCode.NotFound) : null;
        var life = Render<CallLife>(p => p.Add(c => c.Call, Some.CallId));
        life.WaitForAssertion(() => life.Find("[role=alert]").TextContent.Should().Contain("not one of yours"));
        life.FindAll("[role=alert] button").Should().BeEmpty();
        Time.Advance(TimeSpan.FromSeconds(10));
        Server.Asked.Count(a => a.Path.EndsWith("/timeline", StringComparison.Ordinal)).Should().Be(1);
    }

    [Fact]
    public void Nothing_recorded_yet_says_what_will_be_here() =>
        Show(new CallTimelineView(Row(null), Some.Noon, null, Some.Noon, false, [], [])).Find("[data-test=life-empty]").TextContent.Should().Contain("Nothing is recorded");

    [Fact]
    public void Markup_in_a_name_stays_text() => Show(Whole(anna: "<img src=x onerror=alert(1)>")).FindAll("img").Should().BeEmpty();

    [Fact]
    public async Task The_sheet_opens_over_the_page_and_escape_closes_it()
    {
        JSInterop.Setup<Dictionary<string, string>>("callcrm.drafts", _ => true).SetResult([]);
        Server.Answer = r => r.RequestUri!.AbsolutePath.EndsWith("/timeline", StringComparison.Ordinal) ? FakeServer.Json(JsonSerializer.Serialize(Whole(), ContractsJson.Default.CallTimelineView)) : null;
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk()));
        var frame = Render<MainFrame>();
        frame.FindAll("[role=dialog]").Should().BeEmpty();
        Render<LifeButton>(p => p.Add(b => b.Call, Some.CallId)).Find("[data-test=life-open]").Click();
        frame.WaitForAssertion(() => frame.Find("[role=dialog] [data-test=life-chart]"));
        frame.Find("[role=dialog] a[href='calls/" + Some.CallId + "']");
        await frame.InvokeAsync(() => Browser.OnKey("escape"));
        frame.WaitForAssertion(() => frame.FindAll("[role=dialog]").Should().BeEmpty());
    }
}

public sealed class LifeScaleTests
{
    static LifeScale Of(double seconds) => new(Some.Noon, Some.Noon.AddSeconds(seconds));

    [Theory]
    [InlineData(0.4)]
    [InlineData(7)]
    [InlineData(61)]
    [InlineData(3_599)]
    [InlineData(40_000)]
    [InlineData(400_000)]
    public void Ticks_are_few_round_and_inside(double seconds)
    {
        var ticks = Of(seconds).Ticks();
        ticks.Count.Should().BeInRange(1, 10);
        ticks[0].Should().Be((0, 0));
        ticks.Should().OnlyContain(t => t.Percent >= 0 && t.Percent <= 100);
    }

    [Fact]
    public void Marks_that_would_lie_on_each_other_are_one() =>
        LifeScale.Marks([(10, 0), (10.1, 1), (10.8, 2), (50, 3), (9.9, 4)], 0.8).Select(m => (m.Percent, string.Join(',', m.Events))).Should().Equal((9.9, "4,0,1"), (10.8, "2"), (50, "3"));

    [Fact]
    public void What_lies_outside_is_drawn_at_the_edge() => (Of(10).Percent(Some.Noon.AddSeconds(-5)), Of(10).Percent(Some.Noon.AddSeconds(50))).Should().Be((0, 100));
}
