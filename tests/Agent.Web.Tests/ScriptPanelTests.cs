using Bunit;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class ScriptPanelTests : PageContext
{
    IRenderedComponent<ScriptPanel> Panel(bool readOnly = false, bool keys = true) => Render<ScriptPanel>(p => p
        .Add(s => s.Call, Some.CallId).Add(s => s.Script, Some.Script()).Add(s => s.ReadOnly, readOnly).Add(s => s.Keys, keys));

    static string? Step(IRenderedComponent<ScriptPanel> panel) => panel.FindAll("[data-test=script-step]").SingleOrDefault()?.GetAttribute("data-step");

    static Task Press(IRenderedComponent<ScriptPanel> panel, CallCrm.AgentWeb.Frame.Browser browser, string key) => panel.InvokeAsync(() => browser.OnKey(key));

    [Fact]
    public async Task The_only_answer_of_a_step_leads_on_by_itself()
    {
        await InCallAsync();
        var panel = Panel();
        panel.FindAll("[data-test=script-answer]")[1].Click();
        Step(panel).Should().Be("details");
        Drafts.Value(Some.CallId, "answer.reason").Should().Be("question");
        Drafts.Value(Some.CallId, "script.step").Should().Be("why details");
    }

    [Fact]
    public async Task An_answer_may_lead_elsewhere_and_back_returns()
    {
        await InCallAsync();
        var panel = Panel();
        panel.FindAll("[data-test=script-answer]")[2].Click();
        Step(panel).Should().Be("sorry");
        panel.FindAll("button").Single(b => b.TextContent.Trim() == "Back").Click();
        Step(panel).Should().Be("why");
        panel.FindAll("[data-test=script-answer]")[2].GetAttribute("aria-pressed").Should().Be("true");
    }

    [Fact]
    public async Task A_step_with_an_open_question_says_which()
    {
        await InCallAsync();
        var panel = Panel();
        panel.Click("[data-test=script-next]");
        Step(panel).Should().Be("why");
        panel.Find(".error").TextContent.Should().Contain("Why do you call?");
        panel.FindAll("[data-test=script-answer]")[0].Click();
        panel.FindAll(".error").Should().BeEmpty();
    }

    [Fact]
    public async Task A_step_with_more_to_ask_waits_for_the_agent_and_the_end_is_kept()
    {
        await InCallAsync(draft: Some.Field("script.step", "why details", 1));
        var panel = Panel();
        panel.FindAll("[data-test=script-answer]")[0].Click();
        Step(panel).Should().Be("details");
        panel.Click("[data-test=script-next]");
        Step(panel).Should().BeNull();
        Drafts.Value(Some.CallId, "script.step").Should().Be("why details end");
        panel.FindAll("button").Single(b => b.TextContent.Trim() == "Back").Click();
        Step(panel).Should().Be("details");
    }

    [Fact]
    public async Task A_reload_stands_at_the_same_step_and_unknown_steps_are_dropped()
    {
        await InCallAsync(draft: Some.Field("script.step", "why details", 1));
        Step(Panel()).Should().Be("details");
        Feed.Take(Some.Snapshot(Some.Desk("Talking", call: Some.Call(id: Guid.NewGuid()))));
        await InCallAsync(draft: Some.Field("script.step", "why gone", 2));
        Step(Panel()).Should().Be("why");
    }

    [Fact]
    public async Task Digits_choose_answers_from_anywhere_unless_the_wrap_up_has_them()
    {
        await InCallAsync();
        var panel = Panel();
        await Press(panel, Browser, "alt:3");
        panel.WaitForAssertion(() => Step(panel).Should().Be("sorry"));
        var other = Panel(keys: false);
        await Press(other, Browser, "alt:1");
        Drafts.Value(Some.CallId, "answer.reason").Should().Be("complaint");
    }

    [Fact]
    public async Task Before_the_answer_it_is_for_reading_only()
    {
        var panel = Panel(readOnly: true);
        panel.FindAll("[data-test=script-answer]").Should().OnlyContain(b => b.HasAttribute("disabled"));
        await Press(panel, Browser, "alt:1");
        Step(panel).Should().Be("why");
        Server.Asked.Should().BeEmpty();
    }

    [Fact]
    public async Task Why_this_script_stands_under_it()
    {
        await InCallAsync();
        Panel().FindAll("[data-test=script-why]").Should().BeEmpty("nobody knows it any more after a restart of the server");
        var script = Some.Script();
        script = script with { Script = script.Script with { Why = new ScriptReason([new("queue", "Support")], "en", ScriptLanguageOf.Number) } };
        Render<ScriptPanel>(p => p.Add(s => s.Call, Some.CallId).Add(s => s.Script, script)).Find("[data-test=script-why]").TextContent
            .Should().Be("Why this script: queue Support. Language: English, that of the dialled number.");
    }

    [Fact]
    public async Task An_objection_is_answered_and_the_script_goes_on_where_it_was()
    {
        await InCallAsync();
        var panel = Panel();
        panel.Click("[data-test=script-objection]");
        panel.Find(".objection-reply").TextContent.Should().Contain("One minute.");
        panel.FindAll("button").Single(b => b.TextContent.Trim() == "Back to the script").Click();
        Step(panel).Should().Be("why");
    }
}
