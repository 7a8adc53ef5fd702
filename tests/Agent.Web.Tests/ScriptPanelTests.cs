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

    static readonly ClientFieldView Plan = new("plan", "Service plan", "choice", [new("gold", "Gold"), new("silver", "Silver")]);

    /// <summary>Asks for the plan, several interests and a number; gold goes to its own step, which is passed over unless there are floors.</summary>
    static ScriptChoiceView OwnFields()
    {
        var plan = new QuestionView("plan", Some.Line("Which plan?"), QuestionKind.Choice, false, null, "client.custom.plan", null, null, [new("gold", "Gold", "gold", false, null, []), new("silver", "Silver", "silver", false, null, [])]);
        var likes = new QuestionView("likes", Some.Line("What else?"), QuestionKind.Choices, false, null, "client.custom.likes", null, null, [Some.Answer("roof"), Some.Answer("heat")]);
        var floors = new QuestionView("floors", Some.Line("How many floors?"), QuestionKind.Number, false, null, "client.custom.floors", 1, 50, []);
        var script = new ScriptView("own", "1", "Own", "en", [], "ask",
        [
            new StepView("ask", "Ask", [], null, [likes, floors, plan], "plain", 2, null, [new ScriptBranchView([new("client.custom.plan", ScriptOperator.Is, ["gold"], false)], "gold")]),
            new StepView("gold", "Gold", [new LineView([new LinePart("You have "), new LinePart("no plan", "client.custom.plan")])], null, [], "plain", 2, [new("client.custom.floors", ScriptOperator.AtLeast, ["2"], false)]),
            new StepView("plain", "Plain", [], null, [], null, 1),
        ], [], new ScriptReason([new("field", "gold, silver", "client.custom.plan", ScriptOperator.OneOf), new("field", "-30", "client.last_call", ScriptOperator.WithinDays)], "en", ScriptLanguageOf.Agent), new DateOnly(2026, 3, 10));
        return new ScriptChoiceView("own", "1", "Own", script);
    }

    IRenderedComponent<ScriptPanel> OwnPanel() => Render<ScriptPanel>(p => p.Add(s => s.Call, Some.CallId).Add(s => s.Script, OwnFields()).Add(s => s.ReadOnly, false));

    static void Press(IRenderedComponent<ScriptPanel> panel, string label) => panel.FindAll("[data-test=script-answer]").Single(b => b.TextContent.Contains(label, StringComparison.Ordinal)).Click();

    [Fact]
    public async Task The_way_follows_what_was_answered_and_steps_that_do_not_fit_are_passed_over()
    {
        await InCallAsync();
        var panel = OwnPanel();
        Press(panel, "Gold");
        Step(panel).Should().Be("plain", "without floors the step for gold is passed over");
        Drafts.Value(Some.CallId, "script.step").Should().Be("ask plain");
        panel.FindAll("button").Single(b => b.TextContent.Trim() == "Back").Click();
        Drafts.Type(Some.CallId, "answer.floors", "3");
        panel.Click("[data-test=script-next]");
        Step(panel).Should().Be("gold");
        panel.Find("[data-test=script-say]").TextContent.Should().Be("You have Gold", "by its name, as elsewhere");
        panel.FindAll("button").Single(b => b.TextContent.Trim() == "Back").Click();
        Press(panel, "Silver");
        Step(panel).Should().Be("plain");
    }

    [Fact]
    public async Task Several_answers_are_chosen_and_taken_back_and_nothing_leads_on()
    {
        await InCallAsync();
        var panel = OwnPanel();
        Press(panel, "heat");
        Press(panel, "roof");
        Drafts.Value(Some.CallId, "answer.likes").Should().Be("roof,heat", "in their order");
        panel.FindAll("[aria-pressed=true]").Should().HaveCount(2);
        Press(panel, "heat");
        Drafts.Value(Some.CallId, "answer.likes").Should().Be("roof");
        Step(panel).Should().Be("ask");
    }

    [Theory]
    [InlineData("many", "It is kept, but fills no field: expected a number such as 12.5")]
    [InlineData("51", "It is kept, but fills no field: expected 50 or less")]
    [InlineData("3", null)]
    public async Task What_was_typed_stays_and_says_at_once_when_it_fills_nothing(string typed, string? told)
    {
        await InCallAsync();
        var panel = OwnPanel();
        Drafts.Type(Some.CallId, "answer.floors", typed);
        panel.WaitForAssertion(() => panel.FindAll("[data-test=script-wrong]").Select(w => w.TextContent).Should().Equal(told is null ? [] : [told]));
        Drafts.Value(Some.CallId, "answer.floors").Should().Be(typed);
    }

    [Fact]
    public async Task The_reason_names_fields_as_people_do()
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/catalog" ? FakeServer.Json(System.Text.Json.JsonSerializer.Serialize(Some.Catalog with { ClientFields = [Plan] }, ContractsJson.Default.CatalogView)) : null;
        await Session.LoadAsync();
        await InCallAsync();
        OwnPanel().Find("[data-test=script-why]").TextContent.Should().Be("Why this script: Service plan: one of Gold, Silver, last call in the last 30 days. Language: English, yours.");
    }
}
