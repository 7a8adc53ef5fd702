using CallCrm.CallFlow;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Scripts;

/// <summary>A conversation script, read and checked. Immutable: a call keeps the very one it started with.</summary>
internal sealed record Script(
    string File,
    string Id,
    Place IdAt,
    string Version,
    string Title,
    string Language,
    int Priority,
    ScriptConditions For,
    IReadOnlyList<SpokenLine> Greeting,
    string FirstStep,
    Place FirstStepAt,
    IReadOnlyList<Step> Steps,
    Place StepsAt,
    IReadOnlyList<Objection> Objections)
{
    /// <summary>The word that stands for "the script is over" wherever a step is named.</summary>
    public const string End = "end";

    /// <summary>The file's bytes, for keeping this version.</summary>
    public required byte[] Source { get; init; }

    public IEnumerable<Question> Questions => Steps.SelectMany(s => s.Questions);

    /// <summary>The distinct fields that this script can fill.</summary>
    public IEnumerable<string> FilledFields => Questions
        .SelectMany(q => q.Answers.SelectMany(a => a.Sets.Select(s => s.Field)).Concat(q.Field is null ? [] : [q.Field]))
        .Distinct(StringComparer.Ordinal);
}

/// <summary>When a script fits. Null, or an empty list, fits always and counts nothing.</summary>
internal sealed record ScriptConditions(
    ClientKind? Client,
    DealPresence? Deal,
    ScriptDirection? Direction,
    IReadOnlyList<string> Queues,
    IReadOnlyList<string> Segments,
    IReadOnlyList<string> DealTypes,
    IReadOnlyList<string> DealStages)
{
    /// <summary>By their codes.</summary>
    public IReadOnlyList<string> Campaigns { get; init; } = [];

    /// <summary>Where they are named.</summary>
    public Place CampaignsAt { get; init; }

    /// <summary>Conditions on fields, all of which must be met.</summary>
    public IReadOnlyList<ScriptCondition> Where { get; init; } = [];
}

internal enum ClientKind
{
    New,
    Known,
}

internal enum DealPresence
{
    None,
    Open,
}

internal enum ScriptDirection
{
    Inbound,
    Outbound,
}

/// <summary>The name of a step that something leads to, and where it is written.</summary>
internal sealed record Target(string Step, Place At);

/// <param name="Default">Where the step leads when no answer branches: its own <c>goto</c>, else the following step, else the end.</param>
internal sealed record Step(
    string Id,
    Place At,
    string Title,
    IReadOnlyList<SpokenLine> Say,
    string? Hint,
    IReadOnlyList<Question> Questions,
    Target Default)
{
    /// <summary>Unless all are met the step is passed over, to <see cref="Default"/>.</summary>
    public IReadOnlyList<ScriptCondition> When { get; init; } = [];

    /// <summary>Ways that are taken, the first that fits, when no answer branches.</summary>
    public IReadOnlyList<StepBranch> Branches { get; init; } = [];
}

internal sealed record StepBranch(IReadOnlyList<ScriptCondition> When, Place At, Target Goto);

internal sealed record Question(
    string Id,
    Place At,
    SpokenLine Ask,
    QuestionKind Kind,
    bool Required,
    string? Hint,
    string? Field,
    decimal? Min,
    decimal? Max,
    IReadOnlyList<Answer> Answers)
{
    public bool Branches => Answers.Any(a => a.Goto is not null);

    /// <summary>Where the field is named.</summary>
    public Place FieldAt { get; init; }

    /// <summary>What can be chosen where the script names no answers: as the field that it fills says now; null where that is no choice.</summary>
    public IReadOnlyList<FieldOption>? OptionsOf(IReadOnlyList<CustomField> fields) =>
        Kind is QuestionKind.Choice or QuestionKind.Choices && Answers.Count == 0 && Field is not null && ScriptSite.Find(Field, fields) is { HasOptions: true } field ? field.Options : null;
}

internal sealed record Answer(
    string Id, Place At, string Label, string Value, Target? Goto, IReadOnlyList<FieldValue> Sets);

internal sealed record Objection(
    string Id, Place At, string When, IReadOnlyList<SpokenLine> Say, string? Hint, Target? Goto);
