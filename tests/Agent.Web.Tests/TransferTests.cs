using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Desk;
using CallCrm.AgentWeb.Drafts;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

/// <summary>Handing a call on from the desk: the sheet with its directory, the strip while it runs, and what the receiver sees.</summary>
public sealed class TransferTests : PageContext
{
    static readonly Guid Luca = Guid.Parse("0190b000-0000-7000-8000-0000000000a2");
    static readonly Guid Marta = Guid.Parse("0190b000-0000-7000-8000-0000000000a3");
    static readonly Guid Support = Guid.Parse("0190b000-0000-7000-8000-0000000000b1");
    static readonly Guid Night = Guid.Parse("0190b000-0000-7000-8000-0000000000b2");

    static readonly DirectoryView Directory = new(
        [new DirectoryPersonView(Luca, "Luca Neri", "Ready", null, "102", Some.Noon, "Sales"), new DirectoryPersonView(Marta, "Marta Blu", "Talking", null, "103", Some.Noon, "Support")],
        [new DirectoryQueueView(Support, "Support", 2, 1, 3, true, false), new DirectoryQueueView(Night, "Night desk", 0, 0, 1, false, false)]);

    CommandRequest[] Asked => [.. Server.Asked.Where(a => a.Path == "api/commands").Select(a => JsonSerializer.Deserialize(a.Body, ContractsJson.Default.CommandRequest)!)];

    static TransferView Transfer(string step, bool mine = true, string? reason = null, bool attended = true) => new(step, attended, mine, "Anna Verdi", "Luca Neri", null, null, reason);

    void Answer(bool accepted = true, string? reason = null) => Server.Answer = r => r.RequestUri!.AbsolutePath switch
    {
        "/api/directory" => FakeServer.Json(JsonSerializer.Serialize(Directory, ContractsJson.Default.DirectoryView)),
        "/api/commands" => FakeServer.Json(JsonSerializer.Serialize(new CommandAnswer(Guid.Empty, accepted, reason), ContractsJson.Default.CommandAnswer)),
        _ => null,
    };

    async Task<IRenderedComponent<DeskPage>> OpenAsync()
    {
        Answer();
        await InCallAsync();
        var desk = Render<DeskPage>();
        desk.Click("[data-test=transfer]");
        desk.WaitForAssertion(() => desk.FindAll("[data-test=transfer-row]").Should().HaveCount(4));
        return desk;
    }

    static string[] Names(IRenderedComponent<DeskPage> desk) => [.. desk.FindAll("[data-test=transfer-row] strong").Select(e => e.TextContent)];

    [Fact]
    public async Task The_directory_shows_people_with_their_presence_and_queues_with_who_waits()
    {
        var desk = await OpenAsync();
        Names(desk).Should().Equal("Luca Neri", "Marta Blu", "Support", "Night desk");
        var rows = desk.FindAll("[data-test=transfer-row]");
        rows[0].TextContent.Should().Contain("Ready").And.Contain("102");
        rows[1].TextContent.Should().Contain("Talking");
        rows[1].QuerySelector("[data-test=transfer-now]")!.HasAttribute("disabled").Should().BeTrue("she is on the phone");
        rows[2].TextContent.Should().Contain("2 waiting · 1 ready");
        rows[3].TextContent.Should().Contain("Closed");
    }

    [Fact]
    public async Task Typed_letters_search_and_digits_are_a_number()
    {
        var desk = await OpenAsync();
        desk.Input("[data-test=transfer-search]", "sup");
        Names(desk).Should().Equal("Marta Blu", "Support");
        desk.Input("[data-test=transfer-search]", "06 9999");
        Names(desk).Should().Equal("06 9999");
        desk.Input("[data-test=transfer-search]", "102");
        Names(desk).Should().Equal("102", "Luca Neri");
        desk.Input("[data-test=transfer-search]", "xyz");
        desk.Find("[data-test=transfer-sheet]").TextContent.Should().Contain("Nobody and no queue");
    }

    [Fact]
    public async Task Enter_asks_first_and_the_sheet_closes()
    {
        var desk = await OpenAsync();
        desk.Find("[data-test=transfer-search]").KeyDown("Enter");
        desk.WaitForAssertion(() => desk.FindAll("[data-test=transfer-sheet]").Should().BeEmpty());
        Asked.Single().Should().BeEquivalentTo(new { Kind = "consult", CallId = (Guid?)Some.CallId, ToAgent = (Guid?)Luca, ToQueue = (Guid?)null, Number = (string?)null });
    }

    [Fact]
    public async Task Arrows_choose_and_a_queue_takes_it_at_once()
    {
        var desk = await OpenAsync();
        var box = desk.Find("[data-test=transfer-search]");
        box.KeyDown("ArrowDown");
        desk.Find("[data-test=transfer-search]").KeyDown("Enter");
        desk.WaitForAssertion(() => desk.Find("[data-test=transfer-refused]").TextContent.Should().Contain("On the phone already"));
        Asked.Should().BeEmpty("she is on the phone");
        desk.Find("[data-test=transfer-search]").KeyDown("ArrowDown");
        desk.FindAll("[data-test=transfer-row]")[2].GetAttribute("aria-selected").Should().Be("true");
        desk.FindAll("[data-test=transfer-row] [data-test=transfer-now]")[2].Click();
        desk.WaitForAssertion(() => Asked.Single().Should().BeEquivalentTo(new { Kind = "transfer", ToQueue = (Guid?)Support, ToAgent = (Guid?)null }));
    }

    [Fact]
    public async Task A_refusal_is_a_sentence_in_the_sheet_which_stays()
    {
        var desk = await OpenAsync();
        Answer(accepted: false, "target_busy");
        desk.Click("[data-test=transfer-now]");
        desk.WaitForAssertion(() => desk.Find("[data-test=transfer-refused]").TextContent.Should().Contain("On the phone already"));
        desk.Find("[data-test=transfer-sheet]");
    }

    [Fact]
    public async Task F6_opens_it_in_a_talk_alone()
    {
        Answer();
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk()));
        var desk = Render<DeskPage>();
        Browser.OnKey("transfer");
        desk.FindAll("[data-test=transfer-sheet]").Should().BeEmpty();
        Feed.Take(Some.Message(Some.Me("Talking"), new CallEvent(Some.Call())));
        desk.WaitForAssertion(() => desk.Find("[data-test=transfer]"));
        Browser.OnKey("transfer");
        desk.WaitForAssertion(() => desk.Find("[data-test=transfer-sheet]"));
        Browser.OnKey("escape");
        desk.WaitForAssertion(() => desk.FindAll("[data-test=transfer-sheet]").Should().BeEmpty());
    }

    [Theory]
    [InlineData("Ringing", "transfer-cancel")]
    [InlineData("Consulting", "transfer-swap transfer-join transfer-complete transfer-cancel")]
    [InlineData("WithClient", "transfer-swap transfer-join transfer-complete transfer-cancel")]
    [InlineData("Together", "transfer-complete transfer-cancel")]
    public async Task The_strip_offers_what_is_possible_at_each_step(string step, string buttons)
    {
        await InCallAsync();
        Feed.Take(Some.Message(new CallEvent(Some.Call() with { Transfer = Transfer(step) })));
        var desk = Render<DeskPage>();
        var strip = desk.Find("[data-test=transfer-strip]");
        strip.GetAttribute("data-step").Should().Be(step);
        strip.TextContent.Should().Contain(step == "Together" ? "The client, Luca Neri and you talk" : "Luca Neri");
        strip.QuerySelectorAll("button").Select(b => b.GetAttribute("data-test")).Should().Equal(buttons.Split(' '));
        desk.FindAll("[data-test=transfer]").Should().BeEmpty("one at a time");
    }

    [Theory]
    [InlineData("transfer-swap", "swap")]
    [InlineData("transfer-join", "join")]
    [InlineData("transfer-complete", "complete_transfer")]
    [InlineData("transfer-cancel", "cancel_transfer")]
    public async Task Each_button_is_one_command(string button, string kind)
    {
        Answer();
        await InCallAsync();
        Feed.Take(Some.Message(new CallEvent(Some.Call() with { Transfer = Transfer("Consulting") })));
        var desk = Render<DeskPage>();
        desk.Click($"[data-test={button}]");
        desk.WaitForAssertion(() => Asked.Single().Should().BeEquivalentTo(new { Kind = kind, CallId = (Guid?)Some.CallId }));
    }

    [Fact]
    public async Task What_failed_is_said_and_may_be_tried_again()
    {
        await InCallAsync();
        Feed.Take(Some.Message(new CallEvent(Some.Call() with { Transfer = Transfer("Failed", reason: "busy") })));
        var desk = Render<DeskPage>();
        desk.Find("[data-test=transfer-failed]").TextContent.Should().Be("Luca Neri: busy. The client is with you again.");
        desk.Find("[data-test=transfer]");
    }

    [Fact]
    public async Task The_receiver_sees_who_asks_about_whom_the_note_and_the_place_in_the_script()
    {
        await Session.LoadAsync();
        var pop = Some.Pop(card: Some.Card(), script: Some.Script()) with { Transfer = Transfer("Ringing", mine: false), Notes = [Some.OthersNote("Anna Verdi", "Wants the red one", 1)], ScriptStep = "why details" };
        Feed.Take(Some.Snapshot(Some.Desk("Ringing", pop)));
        var desk = Render<DeskPage>();
        var shown = desk.Find("[data-test=pop-transfer]").TextContent;
        shown.Should().Contain("Anna Verdi, about Ilaria Gentile").And.Contain("Anna Verdi noted").And.Contain("Wants the red one").And.Contain("The script is at: Details");
        desk.Find("[data-test=script-step]").GetAttribute("data-step").Should().Be("details");
        Feed.Take(Some.Message(Some.Me("Talking"), new CallEvent(Some.Call() with { Transfer = Transfer("Consulting", mine: false) })));
        desk.WaitForAssertion(() => desk.Find("[data-test=transfer-asked]").TextContent.Should().Contain("Anna Verdi asks you"));
        desk.FindAll("[data-test=transfer]").Should().BeEmpty("the client is not theirs yet");
        Feed.Take(Some.Message(new CallEvent(Some.Call() with { Transfer = Transfer("Done", mine: false) })));
        desk.WaitForAssertion(() => desk.Find("[data-test=transfer]"));
    }

    [Fact]
    public async Task Who_got_the_call_reads_the_colleagues_note_beside_their_own_while_both_type()
    {
        await InCallAsync(draft: Some.OthersNote("Anna Verdi", "Wants the red one", 1));
        var desk = Render<DeskPage>();
        desk.Find("[data-test=others-note]").TextContent.Should().Contain("Anna Verdi noted").And.Contain("Wants the red one");
        desk.Find("[data-test=note]").GetAttribute("value").Should().BeNullOrEmpty();
        desk.Find("[data-test=note]").Focus();
        desk.Find("[data-test=note]").Input("Takes two");
        Feed.Take(Some.Message(new DraftEvent(Some.CallId, Some.OthersNote("Anna Verdi", "Wants the red one, hurry", 2))));
        desk.WaitForAssertion(() => desk.Find("[data-test=others-note]").TextContent.Should().Contain("hurry"));
        desk.Find("[data-test=note]").GetAttribute("value").Should().Be("Takes two");
        desk.Find("[data-test=note]").Input("Takes two, blue");
        await Drafts.FlushAsync(Some.CallId);
        Server.Written("note").Last().Should().Be("Takes two, blue");
        Server.Asked.Should().NotContain(a => a.Path.Contains("/draft/note."));
        RecordDraft.Save(Drafts, Some.CallId, true, "p", Guid.Empty).Note.Should().Be("Takes two, blue");
    }

    [Fact]
    public async Task What_comes_back_says_why()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk("Ringing", Some.Pop(card: Some.Card()) with { Transfer = Transfer("Returning", reason: "no_answer", attended: false) })));
        Render<DeskPage>().Find("[data-test=pop-transfer]").TextContent.Should().Contain("Back from Luca Neri: no answer");
    }
}
