using System.Net;
using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Desk;
using CallCrm.AgentWeb.Frame;
using CallCrm.AgentWeb.Seats;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

/// <summary>Choosing a place, asking for one, being asked for one's own.</summary>
public sealed class SeatTests : PageContext
{
    static readonly Guid Ask = Guid.Parse("0190b000-0000-7000-8000-0000000000f1");
    static readonly Guid Holder = Guid.Parse("0190b000-0000-7000-8000-0000000000a7");

    IReadOnlyList<SeatView> _seats =
    [
        new SeatView("pbx", "101", "Window", null, null, null, false, false, true, null, false),
        new SeatView("pbx", "102", "", Holder, "Anna Verdi", "Ready", false, true, false, null, false),
        new SeatView("pbx", "103", "", Holder, "Luca Neri", "Talking", true, true, null, null, false),
        new SeatView("pbx", "104", "", Holder, "Mila Orlova", "Away", false, false, true, null, false),
        new SeatView("pbx", "105", "", Holder, "Vera Sala", "Ready", false, true, true, "Ugo Pace", false),
    ];

    CommandAnswer _answer = new(Guid.Empty, true, null);

    public SeatTests() => Server.Answer = r => r.RequestUri!.AbsolutePath switch
    {
        "/api/seats" => FakeServer.Json(JsonSerializer.Serialize(new SeatsView(_seats), ContractsJson.Default.SeatsView)),
        "/api/commands" => FakeServer.Json(JsonSerializer.Serialize(_answer, ContractsJson.Default.CommandAnswer)),
        _ => null,
    };

    IEnumerable<CommandRequest> Sent => Server.Asked.Where(a => a.Path == "api/commands").Select(a => JsonSerializer.Deserialize(a.Body, ContractsJson.Default.CommandRequest)!);

    async Task<IRenderedComponent<CallPanel>> StandingAsync()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk() with { State = Some.State("SignedOut") with { Node = null, Extension = null } }));
        var panel = Render<CallPanel>();
        panel.WaitForAssertion(() => panel.FindAll("[data-test=sit]").Should().HaveCount(5));
        return panel;
    }

    [Fact]
    public async Task The_list_says_who_sits_where_and_where_no_phone_is()
    {
        var panel = await StandingAsync();
        panel.FindAll("[data-test=seat-who]").Select(w => w.TextContent).Should().Equal("free", "now Anna Verdi", "Luca Neri, in a call", "now Mila Orlova", "Vera Sala; Ugo Pace is asking");
        panel.FindAll("[data-test=sit]").Select(b => b.HasAttribute("disabled")).Should().Equal(false, false, true, false, true);
        panel.FindAll("[data-test=seat-phone]").Should().ContainSingle().Which.ParentElement!.GetAttribute("data-extension").Should().Be("102");
        panel.Find("[data-extension='101']").GetAttribute("title").Should().Be("101 · Window · free · phone registered");
    }

    [Fact]
    public async Task A_free_place_is_taken_with_one_click_and_one_is_ready()
    {
        (await StandingAsync()).Click("[data-extension='101']");
        Sent.Select(c => (c.Kind, c.Extension)).Should().Equal(("sign_in", "101"), ("ready", null));
    }

    [Fact]
    public async Task A_held_place_shows_what_will_happen_before_its_holder_is_asked()
    {
        var panel = await StandingAsync();
        panel.Click("[data-extension='102']");
        Sent.Should().BeEmpty();
        panel.Find("[data-test=seat-ask]").TextContent.Should().Contain("Anna Verdi sits here and is asked first.");
        panel.Click("[data-test=seat-ask-do]");
        Sent.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Kind = "take_over", Node = "pbx", Extension = "102", AgentId = Holder });
        panel.Click("[data-extension='104']");
        panel.Find("[data-test=seat-ask]").TextContent.Should().Contain("their page is closed");
        panel.Find("[data-test=seat-ask-do]").TextContent.Should().Be("Take the place");
    }

    [Fact]
    public async Task The_list_follows_while_it_is_looked_at_and_says_when_nobody_knows()
    {
        var panel = await StandingAsync();
        _seats = [_seats[0] with { HolderId = Holder, HolderName = "Ugo Pace", HasPage = true }];
        Time.Advance(TimeSpan.FromSeconds(4));
        panel.WaitForAssertion(() => panel.FindAll("[data-test=seat-who]").Select(w => w.TextContent).Should().Equal("now Ugo Pace"));
        var usual = Server.Answer;
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/seats" ? FakeServer.Text("""{"errorId":"router_away","status":503}""", "application/problem+json", HttpStatusCode.ServiceUnavailable) : null;
        Time.Advance(TimeSpan.FromSeconds(4));
        panel.WaitForAssertion(() => panel.Find("[data-test=seats-failure]").TextContent.Should().Contain("who sits where is not known"));
        panel.FindAll("[data-test=sit]").Should().BeEmpty();
        Server.Answer = usual;
        Time.Advance(TimeSpan.FromSeconds(4));
        panel.WaitForAssertion(() => panel.FindAll("[data-test=seats-failure]").Should().BeEmpty());
    }

    [Fact]
    public async Task Who_was_not_quick_enough_is_told_by_whom()
    {
        await StandingAsync();
        _answer = new CommandAnswer(Guid.Empty, false, "extension_taken", "Ugo Pace");
        var actions = Services.GetService(typeof(DeskActions)) as DeskActions;
        (await actions!.DoAsync("sign_in", node: "pbx", extension: "101")).Should().BeFalse();
        (actions.Trouble, actions.Who).Should().Be(("extension_taken", "Ugo Pace"));
        JSInterop.Setup<Dictionary<string, string>>("callcrm.drafts", _ => true).SetResult([]);
        var frame = Render<MainFrame>();
        frame.Find("[data-test=trouble]").TextContent.Should().Contain("Ugo Pace was quicker");
    }

    [Theory]
    [InlineData("phone_unregistered", false)]
    [InlineData("phone_unregistered_sure", true)]
    public async Task A_phone_that_is_not_registered_is_told_with_what_to_do_and_a_way_on_only_where_allowed(string code, bool anyway)
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk() with { State = Some.State("Paused", "signed_in") }));
        _answer = new CommandAnswer(Guid.Empty, false, code);
        await ((DeskActions)Services.GetService(typeof(DeskActions))!).DoAsync("ready");
        JSInterop.Setup<Dictionary<string, string>>("callcrm.drafts", _ => true).SetResult([]);
        var frame = Render<MainFrame>();
        frame.Find("[data-test=trouble]").TextContent.Should().Contain("is not registered at the PBX").And.Contain("Check that it is switched on");
        frame.FindAll("[data-test=ready-anyway]").Should().HaveCount(anyway ? 1 : 0);
        _answer = new CommandAnswer(Guid.Empty, true, null);
        frame.Click(anyway ? "[data-test=ready-anyway]" : "[data-test=ready-again]");
        Sent.Last().Should().BeEquivalentTo(new { Kind = "ready", Anyway = anyway });
        frame.WaitForAssertion(() => frame.FindAll("[data-test=trouble]").Should().BeEmpty());
    }

    static SeatAskView Question(bool mine = false) => mine
        ? new(Ask, "pbx", "102", Some.Session.UserId, "Alex Romano", Holder, "Anna Verdi", Some.Noon.AddSeconds(30))
        : new(Ask, "pbx", "110", Holder, "Anna Verdi", Some.Session.UserId, "Alex Romano", Some.Noon.AddSeconds(30));

    async Task<IRenderedComponent<SeatBand>> BandAsync(params LiveEvent[] events)
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk()));
        var band = Render<SeatBand>();
        Feed.Take(Some.Message(events));
        return band;
    }

    [Theory]
    [InlineData("seat-give", "seat_allow")]
    [InlineData("seat-keep", "seat_refuse")]
    public async Task The_holder_is_asked_while_the_time_counts_down_and_answers_with_one_click(string button, string kind)
    {
        var band = await BandAsync(new SeatEvent(Question(), null));
        band.WaitForAssertion(() => band.Find("[data-test=seat-question]").TextContent.Should().Contain("Anna Verdi wants to sit at your extension 110."));
        band.Find("[data-test=seat-left]").TextContent.Should().Be("0:30");
        Time.Advance(TimeSpan.FromSeconds(12));
        band.WaitForAssertion(() => band.Find("[data-test=seat-left]").TextContent.Should().Be("0:18"));
        band.Click($"[data-test={button}]");
        Sent.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Kind = kind, AskId = Ask });
        Feed.Take(Some.Message(new SeatEvent(Question(), "Refused")));
        band.WaitForAssertion(() => band.FindAll("[data-test=seat-question],[data-test=seat-outcome]").Should().BeEmpty());
    }

    [Theory]
    [InlineData("Refused", "Anna Verdi keeps extension 102")]
    [InlineData("InCall", "Anna Verdi is in a call")]
    [InlineData("Unanswered", "did not answer: extension 102 is yours")]
    [InlineData("Left", "has left")]
    [InlineData("NobodyThere", "was not there")]
    [InlineData("Allowed", "gave you extension 102")]
    public async Task Who_asks_sees_that_they_wait_and_how_it_ended(string outcome, string words)
    {
        var band = await BandAsync(new SeatEvent(Question(mine: true), null));
        band.WaitForAssertion(() => band.Find("[data-test=seat-waiting]").TextContent.Should().Contain("Anna Verdi is asked for extension 102"));
        band.Click("[data-test=seat-withdraw]");
        Sent.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Kind = "seat_withdraw", AskId = Ask });
        Feed.Take(Some.Message(new SeatEvent(Question(mine: true), outcome)));
        band.WaitForAssertion(() => band.Find("[data-test=seat-outcome]").TextContent.Should().Contain(words));
        band.FindAll("[data-test=seat-waiting]").Should().BeEmpty();
        band.Click("[data-test=seat-outcome] button");
        band.FindAll("[data-test=seat-outcome]").Should().BeEmpty();
        Sent.Should().ContainSingle("another page asked: it goes on from there");
    }

    [Fact]
    public async Task Who_was_refused_and_sits_down_elsewhere_is_not_reminded_of_it()
    {
        var band = await BandAsync(new SeatEvent(Question(mine: true), "Refused"));
        band.WaitForAssertion(() => band.Find("[data-test=seat-outcome]"));
        Feed.Take(Some.Message(new MyStateEvent(Some.State("Paused", "signed_in") with { Extension = "104" }, Some.Today)));
        band.WaitForAssertion(() => band.FindAll("[data-test=seat-outcome]").Should().BeEmpty());
    }

    [Theory]
    [InlineData("Allowed", true)]
    [InlineData("Unanswered", true)]
    [InlineData("Refused", false)]
    public async Task The_page_that_asked_goes_on_to_ready_when_it_has_the_place(string outcome, bool ready)
    {
        var band = await BandAsync();
        var actions = (DeskActions)Services.GetService(typeof(DeskActions))!;
        await actions.DoAsync("take_over", node: "pbx", extension: "102", agent: Holder);
        Feed.Take(Some.Message(new SeatEvent(Question(mine: true) with { AskId = actions.SeatAsk!.Value }, outcome)));
        band.WaitForAssertion(() => Sent.Select(c => c.Kind).Should().Equal(ready ? ["take_over", "ready"] : ["take_over"]));
    }

    [Fact]
    public async Task A_question_is_there_again_after_a_reload_and_one_without_an_end_does_not_stay_for_ever()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk() with { SeatAsks = [Question()] }));
        var band = Render<SeatBand>();
        band.Find("[data-test=seat-question]");
        Time.Advance(TimeSpan.FromSeconds(60));
        band.WaitForAssertion(() => band.Find("[data-test=seat-left]").TextContent.Should().Be("0:00"));
        Time.Advance(TimeSpan.FromSeconds(31));
        band.WaitForAssertion(() => band.FindAll("[data-test=seat-question]").Should().BeEmpty());
    }

    [Fact]
    public async Task A_place_is_chosen_from_the_menu_as_well()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk() with { State = Some.State("SignedOut") with { Node = null, Extension = null } }));
        var menu = Render<PresenceMenu>();
        menu.Click("[data-test=presence]");
        menu.WaitForAssertion(() => menu.FindAll("[data-test=extension-choice]").Should().HaveCount(5));
        menu.Find("[data-test=extension-choice]").GetAttribute("role").Should().Be("menuitem");
        menu.Click("[data-test=extension-choice]");
        menu.WaitForAssertion(() => Sent.Select(c => c.Kind).Should().Equal("sign_in", "ready"));
        menu.FindAll("[role=menu]").Should().BeEmpty();
    }
}
