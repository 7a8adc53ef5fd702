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
            why);
    }

    public static ScriptSummary Summary(Script script) => new(
        script.Id, script.Version, script.Title, script.Language, script.Priority, ScriptChoice.InWords(script.For), script.Steps.Count);

    private static StepView Step(Step step, ScriptContext context, int left) => new(
        step.Id, step.Title, Lines(step.Say, context), step.Hint,
        [.. step.Questions.Select(q => Question(q, context))],
        Way(step.Default), left);

    private static QuestionView Question(Question question, ScriptContext context) => new(
        question.Id, question.Ask.Fill(context), question.Kind, question.Required, question.Hint, question.Field, question.Min, question.Max,
        [.. question.Answers.Select(a => new AnswerView(a.Id, a.Label, a.Value, a.Goto is not null, Way(a.Goto), a.Sets))]);

    private static string? Way(Target? target) => target is null || target.Step == Script.End ? null : target.Step;

    private static LineView[] Lines(IEnumerable<SpokenLine> lines, ScriptContext context) => [.. lines.Select(l => l.Fill(context))];
}
