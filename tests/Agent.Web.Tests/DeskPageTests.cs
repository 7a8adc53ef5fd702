using Bunit;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class DeskPageTests : PageContext
{
    [Fact]
    public async Task The_whole_way_of_a_call_from_pop_to_the_next_one()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk()));
        var desk = Render<DeskPage>();
        Feed.Take(Some.Message(Some.Me("Reserved"), new PopEvent(Some.Pop(card: Some.Card(), script: Some.Script()))));
        desk.WaitForAssertion(() => desk.Find("[data-test=pop-name]").TextContent.Should().Be("Ilaria Gentile"));
        desk.Find("[data-test=script]");
        Feed.Take(Some.Message(Some.Me("Talking"), new CallEvent(Some.Call(script: Some.Script()))));
        desk.WaitForAssertion(() => desk.Find("[data-test=hang-up]"));
        desk.Find("[data-test=note]");
        Feed.Take(Some.Message(Some.Me("WrapUp"), new CallEvent(Some.Call("Ended", script: Some.Script()))));
        desk.WaitForAssertion(() => desk.Find("[data-test=wrap-up]"));
        desk.FindAll("[data-test=script], [data-test=note]").Should().HaveCount(2, "script and notes stay beside the wrap-up");
        Feed.Take(Some.Message(new DoneElsewhereEvent(Some.CallId, "wrap_up", "other"), Some.Me("Ready")));
        desk.WaitForAssertion(() => desk.FindAll("[data-test=wrap-up]").Should().BeEmpty());
        desk.Find("[data-test=call-band]").TextContent.Should().Contain("Done in the other tab");
    }

    [Fact]
    public async Task Keys_answer_and_hang_up()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk("Ringing", Some.Pop())));
        var desk = Render<DeskPage>();
        await desk.InvokeAsync(() => Browser.OnKey("answer"));
        desk.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Path == "api/commands" && a.Body.Contains("\"answer\"")));
        await desk.InvokeAsync(() => Browser.OnKey("hang_up"));
        desk.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Path == "api/commands" && a.Body.Contains("\"hang_up\"")));
    }

    [Fact]
    public async Task A_pop_takes_neither_card_nor_notes_of_the_call_being_wrapped_up()
    {
        await InCallAsync("Ended");
        var desk = Render<DeskPage>();
        Feed.Take(Some.Message(new PopEvent(Some.Pop(call: Guid.NewGuid(), card: Some.Card("Somebody Else"), script: Some.Script()))));
        desk.WaitForAssertion(() => desk.Find("[data-test=pop]"));
        desk.Find("[data-test=wrap-up]");
        desk.FindAll("[data-test=client-card]").Should().BeEmpty();
    }

    [Fact]
    public async Task Markup_in_a_name_stays_text()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk("Ringing", Some.Pop(card: Some.Card("<img src=x onerror=alert(1)>")))));
        var desk = Render<DeskPage>();
        desk.FindAll("img").Should().BeEmpty();
        desk.Find("[data-test=pop-name]").TextContent.Should().Be("<img src=x onerror=alert(1)>");
        desk.Find("[data-test=client-name]").TextContent.Should().Be("<img src=x onerror=alert(1)>");
    }
}
