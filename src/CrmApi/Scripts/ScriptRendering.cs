using CallCrm.CallFlow;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Scripts;

/// <summary>A script as the page gets it: placeholders filled, every way resolved.</summary>
internal static class ScriptRendering
{
    public static ScriptView View(Script script, ScriptContext context, ScriptReason? why = null)
    {
        context = context with { Language = script.Language };
        var left = new ScriptWays(script).StepsLeft();
        return new ScriptView(
            script.Id, script.Version, script.Title, script.Language,
            Lines(script.Greeting, context),
            script.FirstStep,
            [.. script.Steps.Select(s => Step(s, context, left[s.Id]))],
            [.. script.Objections.Select(o => new ObjectionView(o.Id, o.When, Lines(o.Say, context), o.Hint, o.Goto is not null, Way(o.Goto)))],
            why,
            context.Facts.Today);
    }

    public static ScriptSummary Summary(Script script) => new(
        script.Id, script.Version, script.Title, script.Language, script.Priority, ScriptChoice.InWords(script.For), script.Steps.Count);

    private static StepView Step(Step step, ScriptContext context, int left) => new(
        step.Id, step.Title, Lines(step.Say, context), step.Hint,
        [.. step.Questions.Select(q => Question(q, context))],
        Way(step.Default), left,
        step.When.Count == 0 ? null : Conditions(step.When, context),
        step.Branches.Count == 0 ? null : [.. step.Branches.Select(b => new ScriptBranchView(Conditions(b.When, context), Way(b.Goto)))]);

    private static ScriptConditionView[] Conditions(IReadOnlyList<ScriptCondition> conditions, ScriptContext context) =>
        [.. conditions.Select(c => new ScriptConditionView(c.Field, c.Operator, c.Values, context.Facts.Meets(c)))];

    private static QuestionView Question(Question question, ScriptContext context) => new(
        question.Id, question.Ask.Fill(context), question.Kind, question.Required, question.Hint, question.Field, question.Min, question.Max,
        Answers(question, context.Fields));

    /// <summary>Those written, else the options of the site's own field that it fills.</summary>
    private static AnswerView[] Answers(Question question, IReadOnlyList<CustomField> fields) =>
        question.Answers.Count > 0 ? [.. question.Answers.Select(a => new AnswerView(a.Id, a.Label, a.Value, a.Goto is not null, Way(a.Goto), a.Sets))]
        : question.OptionsOf(fields) is { } options ? [.. options.Select(o => new AnswerView(o.Code, o.Name, o.Code, false, null, []))]
        : [];

    private static string? Way(Target? target) => target is null || target.Step == Script.End ? null : target.Step;

    private static LineView[] Lines(IEnumerable<SpokenLine> lines, ScriptContext context) => [.. lines.Select(l => l.Fill(context))];
}
