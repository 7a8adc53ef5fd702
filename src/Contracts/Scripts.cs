using System.Text.Json.Serialization;

namespace CallCrm.Contracts;

/// <summary>A conversation script as the page leads it: all steps at once, so that no step waits for the server.</summary>
/// <param name="Id">The script's id, the same in every version.</param>
/// <param name="Version">The version this call started with: the first 12 hex digits of the file's SHA-256.</param>
/// <param name="Title">What people call it.</param>
/// <param name="Language">Language of the spoken lines, ISO 639-1 (<c>en</c>).</param>
/// <param name="Greeting">What the agent opens with, before the first step.</param>
/// <param name="FirstStep">Id of the step to start at.</param>
/// <param name="Steps">Every step, in the order of the file.</param>
/// <param name="Objections">What the client may say against it, answered at any time.</param>
/// <param name="Why">Why this script was chosen; null in a preview.</param>
/// <param name="Today">The day of the call, which conditions on days count from.</param>
public sealed record ScriptView(
    string Id,
    string Version,
    string Title,
    string Language,
    IReadOnlyList<LineView> Greeting,
    string FirstStep,
    IReadOnlyList<StepView> Steps,
    IReadOnlyList<ObjectionView> Objections,
    ScriptReason? Why = null,
    DateOnly Today = default);

/// <summary>Why a script was chosen for a call. The page puts it into words in the reader's language.</summary>
/// <param name="Met">The script's conditions that the call met; empty: it fits every call.</param>
/// <param name="Language">The script's language, ISO 639-1.</param>
/// <param name="LanguageOf">Whose language that is.</param>
public sealed record ScriptReason(IReadOnlyList<ScriptConditionMet> Met, string Language, ScriptLanguageOf LanguageOf);

/// <summary>A condition of a script, and what this call has there.</summary>
/// <param name="Kind"><c>client</c> (new, known), <c>deal</c> (none, open), <c>direction</c> (inbound, outbound), <c>queue</c>, <c>campaign</c>, <c>segment</c>, <c>deal_type</c>, <c>deal_stage</c> or <c>field</c>.</param>
/// <param name="Value">One of the words in brackets, or what people call the queue, campaign, segment, type or stage; of a field what the script compares it with.</param>
/// <param name="Field">Of a condition on a field, with its operator.</param>
public sealed record ScriptConditionMet(string Kind, string Value, string? Field = null, ScriptOperator? Operator = null);

/// <summary>Whose language decided about a script.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ScriptLanguageOf>))]
public enum ScriptLanguageOf
{
    /// <summary>The client's.</summary>
    Client,

    /// <summary>The dialled number's.</summary>
    Number,

    /// <summary>The agent's.</summary>
    Agent,

    /// <summary>No script fits in any of theirs: English.</summary>
    Nobody,
}

/// <summary>One step: what to say, what to ask, where it leads.</summary>
/// <param name="Id">Unique in the script.</param>
/// <param name="Title">Short name, for the list of steps.</param>
/// <param name="Say">Spoken lines.</param>
/// <param name="Hint">For the agent's eyes only.</param>
/// <param name="Questions">In the order they are asked.</param>
/// <param name="Next">The step that follows unless an answer leads elsewhere; null ends the script.</param>
/// <param name="StepsLeft">Steps on the shortest way to the end, this one included; for the progress bar.</param>
/// <param name="When">Unless all are met the step is passed over, to <paramref name="Next"/>; null: it is always shown.</param>
/// <param name="Branches">Where it leads when no answer branches; null: there are none.</param>
public sealed record StepView(
    string Id,
    string Title,
    IReadOnlyList<LineView> Say,
    string? Hint,
    IReadOnlyList<QuestionView> Questions,
    string? Next,
    int StepsLeft,
    IReadOnlyList<ScriptConditionView>? When = null,
    IReadOnlyList<ScriptBranchView>? Branches = null);

/// <summary>One question. An answer is stored under the question's id, see <see cref="QuestionKind"/> for its form.</summary>
/// <param name="Id">Unique in the script.</param>
/// <param name="Ask">The question as it is spoken.</param>
/// <param name="Kind">What an answer looks like.</param>
/// <param name="Required">The step is not done without it.</param>
/// <param name="Hint">For the agent's eyes only.</param>
/// <param name="Field">The field it fills (<c>client.company</c>), or null.</param>
/// <param name="Min">Lowest number or amount allowed.</param>
/// <param name="Max">Highest number or amount allowed.</param>
/// <param name="Answers">The answers to choose from: for a choice, choices and yes/no; else empty. A choice without any is typed: the field that has the options is gone.</param>
public sealed record QuestionView(
    string Id,
    LineView Ask,
    QuestionKind Kind,
    bool Required,
    string? Hint,
    string? Field,
    decimal? Min,
    decimal? Max,
    IReadOnlyList<AnswerView> Answers);

/// <summary>One answer to choose.</summary>
/// <param name="Id">What is stored as the answer.</param>
/// <param name="Label">What the agent reads and picks.</param>
/// <param name="Value">What goes into the question's field.</param>
/// <param name="Branches">True when this answer leads elsewhere than the step's <see cref="StepView.Next"/>.</param>
/// <param name="Goto">With <paramref name="Branches"/>: the step it leads to; null ends the script.</param>
/// <param name="Sets">Further fields that this answer fills.</param>
public sealed record AnswerView(
    string Id,
    string Label,
    string Value,
    bool Branches,
    string? Goto,
    IReadOnlyList<FieldValue> Sets);

/// <summary>Something a client says against it, and what to reply.</summary>
/// <param name="Id">Unique in the script.</param>
/// <param name="When">What the client says, in a few words: the button's text.</param>
/// <param name="Say">The reply, as spoken lines.</param>
/// <param name="Hint">For the agent's eyes only.</param>
/// <param name="Branches">True when the reply leads to another step; else the conversation stays where it was.</param>
/// <param name="Goto">With <paramref name="Branches"/>: the step it leads to; null ends the script.</param>
public sealed record ObjectionView(
    string Id,
    string When,
    IReadOnlyList<LineView> Say,
    string? Hint,
    bool Branches,
    string? Goto);

/// <summary>A spoken line. Parts are plain text: never markup, whatever a client's name holds.</summary>
/// <param name="Parts">In order; joined they are the line.</param>
public sealed record LineView(IReadOnlyList<LinePart> Parts)
{
    /// <summary>The whole line as it is spoken.</summary>
    [JsonIgnore]
    public string Text => string.Concat(Parts.Select(p => p.Text));

    /// <summary>The line with what was learned in this very call: a filled field replaces the value known before.</summary>
    public string With(IReadOnlyDictionary<string, string> fields) =>
        string.Concat(Parts.Select(p =>
            p.Field is not null && fields.TryGetValue(p.Field, out var value) && value.Length > 0 ? value : p.Text));
}

/// <summary>A piece of a line.</summary>
/// <param name="Text">The text, already filled in.</param>
/// <param name="Field">The field or placeholder it came from; null for fixed words.</param>
public sealed record LinePart(string Text, string? Field = null)
{
    /// <summary>The script's own words for when the placeholder is not known, or not to be seen.</summary>
    [JsonIgnore]
    public string? Otherwise { get; init; }
}

/// <summary>A field of the client, the deal or the call, and its new value in the form of its <see cref="QuestionKind"/>.</summary>
public sealed record FieldValue(string Field, string Value);

/// <summary>What an answer looks like, and how it is written down.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<QuestionKind>))]
public enum QuestionKind
{
    /// <summary>Free text.</summary>
    Text,

    /// <summary>The id of one of the answers.</summary>
    Choice,

    /// <summary><c>yes</c> or <c>no</c>.</summary>
    YesNo,

    /// <summary>A decimal number with a point, <c>12.5</c>.</summary>
    Number,

    /// <summary>An amount with a point and at most two decimals, in the deal's currency, <c>1250.00</c>.</summary>
    Money,

    /// <summary>A day, <c>2026-03-05</c>.</summary>
    Date,

    /// <summary>The ids of some of the answers, with commas between them.</summary>
    Choices,
}

/// <summary>A line of the script library's list.</summary>
/// <param name="Conditions">When it is chosen, in words: <c>client: new</c>, <c>direction: inbound</c>.</param>
public sealed record ScriptSummary(
    string Id, string Version, string Title, string Language, int Priority, IReadOnlyList<string> Conditions, int Steps);

/// <summary>How one file of the script library stands, for the administrator.</summary>
/// <param name="File">File name inside the library's folder.</param>
/// <param name="State">Whether it is in use as written.</param>
/// <param name="ScriptId">The script it holds, when that is known.</param>
/// <param name="Version">The version in use; null when none is.</param>
/// <param name="Problems">What is wrong with the file as it stands now.</param>
/// <param name="SinceUtc">Since when it stands so.</param>
public sealed record ScriptFileView(
    string File,
    ScriptFileState State,
    string? ScriptId,
    string? Version,
    IReadOnlyList<ScriptProblemView> Problems,
    DateTimeOffset SinceUtc);

/// <summary>Whether a script file is in use.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ScriptFileState>))]
public enum ScriptFileState
{
    /// <summary>In use as it is written.</summary>
    Good,

    /// <summary>Broken; the last good version stays in use.</summary>
    LastGood,

    /// <summary>Broken, and no good version is known.</summary>
    Broken,
}

/// <summary>One thing wrong in a script file: where, and what was expected.</summary>
/// <param name="Warning">It can be used all the same.</param>
public sealed record ScriptProblemView(int Line, int Column, string Message, bool Warning = false);

/// <summary>The library as the administrator sees it.</summary>
public sealed record ScriptLibraryView(IReadOnlyList<ScriptSummary> Scripts, IReadOnlyList<ScriptFileView> Files);

/// <summary>How a script goes on; the one rule that page and server share.</summary>
public static class ScriptWalk
{
    /// <summary>The step after <paramref name="step"/> with these answers (question id → answer); null ends the script.</summary>
    public static string? Next(ScriptView script, StepView step, IReadOnlyDictionary<string, string> answers)
    {
        foreach (var question in step.Questions)
        {
            if (answers.TryGetValue(question.Id, out var given) && question.Answers.FirstOrDefault(a => a.Id == given) is { Branches: true } answer) return Shown(script, answer.Goto, answers);
        }

        var said = step.Branches is null ? null : Said(script, answers);
        var branch = step.Branches?.FirstOrDefault(b => b.When.All(c => IsMet(c, said!, script.Today)));
        return Shown(script, branch is null ? step.Next : branch.Goto, answers);
    }

    /// <summary>The step that is come to where <paramref name="to"/> is named: those whose conditions are not met are passed over.</summary>
    public static string? Shown(ScriptView script, string? to, IReadOnlyDictionary<string, string> answers)
    {
        var passed = new HashSet<string>(StringComparer.Ordinal);
        IReadOnlyDictionary<string, IReadOnlyList<string>>? said = null;
        while (to is not null && script.Steps.FirstOrDefault(s => s.Id == to) is { When: { } when } step)
        {
            said ??= Said(script, answers);
            if (when.All(c => IsMet(c, said, script.Today))) return to;
            to = passed.Add(to) ? step.Next : null;
        }

        return to;
    }

    /// <summary>The first required question without an answer; the step is not done while there is one.</summary>
    public static QuestionView? Missing(StepView step, IReadOnlyDictionary<string, string> answers) =>
        step.Questions.FirstOrDefault(q =>
            q.Required && (!answers.TryGetValue(q.Id, out var given) || string.IsNullOrWhiteSpace(given)));

    /// <summary>
    /// The fields that these answers fill, in the order of the script. The page shows them at once; the server,
    /// which checks each value, has the last word.
    /// </summary>
    public static IReadOnlyList<FieldValue> Fields(ScriptView script, IReadOnlyDictionary<string, string> answers)
    {
        var fields = new List<FieldValue>();
        foreach (var question in script.Steps.SelectMany(s => s.Questions))
        {
            if (!answers.TryGetValue(question.Id, out var given) || string.IsNullOrWhiteSpace(given)) continue;
            var answer = question.Answers.FirstOrDefault(a => string.Equals(a.Id, given, StringComparison.Ordinal));
            if (question.Field is { } field) fields.Add(new FieldValue(field, question.Kind == QuestionKind.Choices ? string.Join(",", Chosen(question, given)) : answer?.Value ?? given));
            if (answer is not null) fields.AddRange(answer.Sets);
        }

        return fields;
    }

    /// <summary>The values of the answers that were chosen of several, in their order; of what is no answer of the question the text itself.</summary>
    public static IEnumerable<string> Chosen(QuestionView question, string given)
    {
        var ids = given.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return question.Answers.Where(a => ids.Contains(a.Id)).Select(a => a.Value).Concat(ids.Where(i => question.Answers.All(a => a.Id != i)));
    }

    /// <summary>What was learned in this call counts, else what was known before.</summary>
    static bool IsMet(ScriptConditionView condition, IReadOnlyDictionary<string, IReadOnlyList<string>> said, DateOnly today) =>
        said.TryGetValue(condition.Field, out var values) ? ScriptTest.Meets(condition.Operator, condition.Values, values, today) : condition.Met;

    static Dictionary<string, IReadOnlyList<string>> Said(ScriptView script, IReadOnlyDictionary<string, string> answers)
    {
        var several = script.Steps.SelectMany(s => s.Questions).Where(q => q.Kind == QuestionKind.Choices).Select(q => q.Field).ToHashSet(StringComparer.Ordinal);
        var said = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var (field, value) in Fields(script, answers)) said[field] = several.Contains(field) ? value.Split(',') : [value];
        return said;
    }
}
