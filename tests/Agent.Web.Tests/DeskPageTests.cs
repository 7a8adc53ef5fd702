using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;
using Microsoft.Extensions.DependencyInjection;

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
    public async Task A_pop_shows_above_other_windows_and_in_the_tabs_title_until_it_is_over()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk()));
        var desk = Render<DeskPage>();
        Feed.Take(Some.Message(Some.Me("Reserved"), new PopEvent(Some.Pop(card: Some.Card()))));
        await BadgesAsync(1);
        JSInterop.Invocations["callcrm.notify"].Single().Arguments[1].Should().Be("Ilaria Gentile");
        Feed.Take(Some.Message(Some.Me("Talking"), new CallEvent(Some.Call())));
        await BadgesAsync(2);
        JSInterop.Invocations["callcrm.badge"].Select(i => i.Arguments[0]).Should().Equal(new object?[] { "● Ringing", null });

        // After the paint, so no render tells of it.
        async Task BadgesAsync(int count)
        {
            for (var tries = 0; tries < 100 && JSInterop.Invocations["callcrm.badge"].Count < count; tries++)
                await Task.Delay(20);
        }
    }

    [Fact]
    public async Task Hold_and_resume_show_at_once_and_a_call_out_names_whom_it_goes_to()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk("Talking", call: Some.Call())));
        var desk = Render<DeskPage>();
        desk.Find("[data-test=hold]");
        Feed.Take(Some.Message(new CallEvent(Some.Call() with { HeldSince = Some.Noon })));
        desk.WaitForAssertion(() => desk.Find("[data-test=resume]"));
        Feed.Take(Some.Message(new CallEvent(Some.Call())));
        desk.WaitForAssertion(() => desk.Find("[data-test=hold]"));
        Feed.Take(Some.Message(new CallEvent(Some.Call() with { Direction = "Outbound", Caller = Some.Caller("110", kind: "Extension"), NumberName = "+39 06 9999 8888" })));
        desk.WaitForAssertion(() => desk.Find("[data-test=call-band] .who").TextContent.Should().Be("+39 06 9999 8888"));
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
    public async Task What_the_other_tab_answered_is_told_at_the_pop_and_neither_button_nor_key_takes_it_again()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk("Ringing", Some.Pop() with { Ringing = true })));
        var desk = Render<DeskPage>();
        desk.Find("[data-test=answer]").HasAttribute("disabled").Should().BeFalse();
        desk.FindAll("[data-test=done-elsewhere]").Should().BeEmpty();
        Feed.Take(Some.Message(new DoneElsewhereEvent(Some.CallId, "answer", "other")));
        desk.WaitForAssertion(() => desk.Find("[data-test=pop] [data-test=done-elsewhere]").TextContent.Should().Be("Done in the other tab"));
        desk.FindAll("[data-test=pop] .band-buttons button").Should().NotBeEmpty().And.OnlyContain(b => b.HasAttribute("disabled"));
        foreach (var key in new[] { "answer", "hang_up", "spam" }) await desk.InvokeAsync(() => Browser.OnKey(key));
        Server.Asked.Should().NotContain(a => a.Path == "api/commands" || a.Path.EndsWith("/spam", StringComparison.Ordinal));

        // Of another call it says nothing here.
        Feed.Take(Some.Message(new PopEvent(Some.Pop(Guid.NewGuid(), Guid.NewGuid()) with { Ringing = true }), new DoneElsewhereEvent(Some.CallId, "answer", "other")));
        desk.WaitForAssertion(() => desk.Find("[data-test=answer]").HasAttribute("disabled").Should().BeFalse());
        desk.FindAll("[data-test=done-elsewhere]").Should().BeEmpty();
    }

    [Theory]
    [InlineData("ready", "Ready")]
    [InlineData("pause", "Paused")]
    [InlineData("sign_in", "Ready")]
    [InlineData("sign_out", "SignedOut")]
    public async Task What_the_other_tab_did_about_presence_is_told_until_this_one_does_something(string action, string state)
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk()));
        var desk = Render<DeskPage>();
        Feed.Take(Some.Message(Some.Me(state), new DoneElsewhereEvent(Guid.Empty, action, "other")));
        desk.WaitForAssertion(() => desk.Find("[data-test=done-elsewhere]"));
        await desk.InvokeAsync(() => Services.GetRequiredService<DeskActions>().DoAsync("pause", reason: "break"));
        desk.WaitForAssertion(() => desk.FindAll("[data-test=done-elsewhere]").Should().BeEmpty());
        Feed.Take(Some.Snapshot(Some.Desk("Talking", call: Some.Call())));
        Feed.Take(Some.Message(new DoneElsewhereEvent(Guid.Empty, action, "other")));
        desk.WaitForAssertion(() => desk.FindAll("[data-test=done-elsewhere]").Should().ContainSingle("also in a call"));
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

    [Fact]
    public async Task What_happened_with_the_client_is_read_at_the_pop_and_at_the_end_and_the_running_call_is_not_in_it()
    {
        await Session.LoadAsync();
        var state = "Talking";
        TimelineItem[] Items() => [new("call", "1", Some.Noon, "Anna Verdi", Row(Some.CallId, state), null, null), new("call", "2", Some.Noon, "Anna Verdi", Row(Guid.NewGuid(), "Ended"), null, null)];
        Server.Answer = r => r.RequestUri!.AbsolutePath == $"/api/clients/{Some.ClientId}/timeline"
            ? FakeServer.Json(JsonSerializer.Serialize(new ListPage<TimelineItem>(Items(), null), ContractsJson.Default.ListPageTimelineItem))
            : null;
        int Reads() => Server.Asked.Count(a => a.Path == $"api/clients/{Some.ClientId}/timeline");
        Feed.Take(Some.Snapshot(Some.Desk()));
        var desk = Render<DeskPage>();
        Feed.Take(Some.Message(Some.Me("Reserved"), new PopEvent(Some.Pop(card: Some.Card()))));
        desk.WaitForAssertion(() => desk.FindAll(".timeline .event").Should().ContainSingle());
        Feed.Take(Some.Message(Some.Me("Talking"), new CallEvent(Some.Call() with { Card = Some.Card() })));
        Feed.Take(Some.Message(new DraftEvent(Some.CallId, Some.Field("note", "wants a ring", 1))));
        desk.WaitForAssertion(() => desk.Find("[data-test=hang-up]"));
        Reads().Should().Be(1);
        state = "Ended";
        Feed.Take(Some.Message(Some.Me("WrapUp"), new CallEvent(Some.Call("Ended") with { Card = Some.Card() })));
        desk.WaitForAssertion(() => desk.FindAll(".timeline .event").Should().HaveCount(2));
        Reads().Should().Be(2);
    }

    [Fact]
    public async Task Drafts_and_figures_do_not_draw_the_whole_desk_again()
    {
        await InCallAsync();
        var desk = Render<DeskPage>();
        var pane = desk.FindComponent<ClientPane>();
        var (drawn, card) = (desk.RenderCount, pane.RenderCount);
        Feed.Take(Some.Message(new DraftEvent(Some.CallId, Some.Field("note", "wants a ring", 1))));
        Feed.Take(Some.Message(Some.Me("Talking")));
        Feed.Take(new FeedMessage("7", []));
        desk.WaitForAssertion(() => desk.Find("[data-test=note]").GetAttribute("value").Should().Be("wants a ring"));
        pane.RenderCount.Should().Be(card);
        desk.RenderCount.Should().BeLessThanOrEqualTo(drawn + 3, "the note and the panel draw themselves");
    }

    static CallRow Row(Guid id, string state) => new(id, 11, "Inbound", Some.Noon, null, Some.Caller(), "Website", "Sales", Some.ClientId, "Ilaria Gentile", "Anna Verdi", state == "Ended" ? "Answered" : null,
        state, 8, 60, 10, null, null, null, null, false);
}
