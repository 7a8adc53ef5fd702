using CallCrm.Contracts;

namespace CallCrm.CrmApi.Scripts;

/// <summary>What is known of a call when its script is chosen.</summary>
/// <param name="Client">New: no card yet, or one that nobody has confirmed.</param>
/// <param name="HasOpenDeal">The type and stage below are that deal's.</param>
/// <param name="Queue">By its name.</param>
/// <param name="Campaign">By its code.</param>
internal sealed record ScriptCall(
    ClientKind Client,
    ScriptDirection Direction,
    bool HasOpenDeal = false,
    string? Segment = null,
    string? DealType = null,
    string? DealStage = null,
    string? ClientLanguage = null,
    string? NumberLanguage = null,
    string? AgentLanguage = null,
    string? Queue = null,
    string? Campaign = null)
{
    /// <summary>What conditions on fields are compared with.</summary>
    public ScriptFacts Facts { get; init; } = ScriptFacts.None;

    /// <summary>What people call the segment, deal type and stage, where that is known.</summary>
    public string? SegmentName { get; init; }

    public string? DealTypeName { get; init; }

    public string? DealStageName { get; init; }

    public string? CampaignName { get; init; }
}

/// <param name="Why">For the agent, who reads it in their own language.</param>
internal sealed record ChosenScript(Script Script, ScriptReason Why);

/// <summary>
/// Which script fits a call: the language first (the client's, else the dialled number's, else the agent's, else English;
/// the first of these in which any script fits), then one for this very queue or campaign (for both before for one of them), then
/// the most conditions met, then the highest priority, then the id. Pure.
/// </summary>
internal static class ScriptChoice
{
    public static ChosenScript? Choose(IEnumerable<Script> scripts, ScriptCall call)
    {
        var fitting = scripts.Where(s => Fits(s.For, call)).ToArray();
        foreach (var (language, whose) in Languages(call))
        {
            var best = fitting
                .Where(s => string.Equals(s.Language, language, StringComparison.Ordinal))
                .OrderByDescending(s => (s.For.Queues.Count > 0 ? 1 : 0) + (s.For.Campaigns.Count > 0 ? 1 : 0))
                .ThenByDescending(s => Weight(s.For))
                .ThenByDescending(s => s.Priority)
                .ThenBy(s => s.Id, StringComparer.Ordinal)
                .FirstOrDefault();
            if (best is not null) return new ChosenScript(best, Why(best, call, whose));
        }

        return null;
    }

    public static IReadOnlyList<string> InWords(ScriptConditions conditions) => [.. Conditions(conditions).Select(c => c.Operator is { } op ? $"{c.Field} {ScriptCondition.Word(op)} {c.Value}".TrimEnd() : $"{c.Kind.Replace('_', ' ')}: {c.Value}")];

    /// <summary>What the script wants, several values of one kind parted by commas.</summary>
    public static IReadOnlyList<ScriptConditionMet> Conditions(ScriptConditions conditions)
    {
        var wanted = new List<ScriptConditionMet>();
        if (conditions.Client is { } client) wanted.Add(new ScriptConditionMet("client", Word(client)));
        if (conditions.Deal is { } deal) wanted.Add(new ScriptConditionMet("deal", Word(deal)));
        if (conditions.Direction is { } direction) wanted.Add(new ScriptConditionMet("direction", Word(direction)));
        if (conditions.Queues.Count > 0) wanted.Add(new ScriptConditionMet("queue", string.Join(", ", conditions.Queues)));
        if (conditions.Campaigns.Count > 0) wanted.Add(new ScriptConditionMet("campaign", string.Join(", ", conditions.Campaigns)));
        if (conditions.Segments.Count > 0) wanted.Add(new ScriptConditionMet("segment", string.Join(", ", conditions.Segments)));
        if (conditions.DealTypes.Count > 0) wanted.Add(new ScriptConditionMet("deal_type", string.Join(", ", conditions.DealTypes)));
        if (conditions.DealStages.Count > 0) wanted.Add(new ScriptConditionMet("deal_stage", string.Join(", ", conditions.DealStages)));
        wanted.AddRange(conditions.Where.Select(w => w.Told()));
        return wanted;
    }

    public static bool Fits(ScriptConditions conditions, ScriptCall call) =>
        (conditions.Client is null || conditions.Client == call.Client)
        && (conditions.Deal is null || (conditions.Deal is DealPresence.Open) == call.HasOpenDeal)
        && (conditions.Direction is null || conditions.Direction == call.Direction)
        && Among(conditions.Queues, call.Queue)
        && Among(conditions.Campaigns, call.Campaign)
        && Among(conditions.Segments, call.Segment)
        && Among(conditions.DealTypes, call.HasOpenDeal ? call.DealType : null)
        && Among(conditions.DealStages, call.HasOpenDeal ? call.DealStage : null)
        && conditions.Where.All(call.Facts.Meets);

    /// <summary>What a script wants and a call does not have; empty where it fits.</summary>
    public static IReadOnlyList<ScriptConditionMet> Unmet(ScriptConditions conditions, ScriptCall call)
    {
        bool Met(string kind) => kind switch
        {
            "client" => conditions.Client == call.Client,
            "deal" => (conditions.Deal is DealPresence.Open) == call.HasOpenDeal,
            "direction" => conditions.Direction == call.Direction,
            "queue" => Among(conditions.Queues, call.Queue),
            "campaign" => Among(conditions.Campaigns, call.Campaign),
            "segment" => Among(conditions.Segments, call.Segment),
            "deal_type" => Among(conditions.DealTypes, call.HasOpenDeal ? call.DealType : null),
            _ => Among(conditions.DealStages, call.HasOpenDeal ? call.DealStage : null),
        };
        return [.. Conditions(conditions).Where(c => c.Kind != "field" && !Met(c.Kind)), .. conditions.Where.Where(w => !call.Facts.Meets(w)).Select(w => w.Told())];
    }

    private static bool Among(IReadOnlyList<string> wanted, string? has) =>
        wanted.Count == 0 || (has is not null && wanted.Contains(has, StringComparer.OrdinalIgnoreCase));

    /// <summary>One for each condition named, on fields as well. A deal's type or stage says "there is a deal" as well, so that is not counted again.</summary>
    private static int Weight(ScriptConditions c) =>
        (c.Client is null ? 0 : 1)
        + (c.Direction is null ? 0 : 1)
        + (c.Queues.Count > 0 ? 1 : 0)
        + (c.Campaigns.Count > 0 ? 1 : 0)
        + (c.Segments.Count > 0 ? 1 : 0)
        + (c.DealTypes.Count > 0 ? 1 : 0)
        + (c.DealStages.Count > 0 ? 1 : 0)
        + c.Where.Count
        + (c.Deal is not null || c.DealTypes.Count > 0 || c.DealStages.Count > 0 ? 1 : 0);

    private static IEnumerable<(string Language, ScriptLanguageOf Whose)> Languages(ScriptCall call)
    {
        if (Base(call.ClientLanguage) is { } client) yield return (client, ScriptLanguageOf.Client);
        if (Base(call.NumberLanguage) is { } number) yield return (number, ScriptLanguageOf.Number);
        if (Base(call.AgentLanguage) is { } agent) yield return (agent, ScriptLanguageOf.Agent);
        yield return ("en", ScriptLanguageOf.Nobody);
    }

    /// <summary><c>it-IT</c> → <c>it</c>.</summary>
    internal static string? Base(string? language) =>
        string.IsNullOrWhiteSpace(language) ? null : language.Trim().Split('-', '_')[0].ToLowerInvariant();

    /// <summary>The conditions that this call met, each with the call's own value.</summary>
    private static ScriptReason Why(Script script, ScriptCall call, ScriptLanguageOf whose)
    {
        var (conditions, met) = (script.For, new List<ScriptConditionMet>());
        if (conditions.Client is { } client) met.Add(new ScriptConditionMet("client", Word(client)));
        if (conditions.DealTypes.Count == 0 && conditions.DealStages.Count == 0 && conditions.Deal is { } deal) met.Add(new ScriptConditionMet("deal", Word(deal)));
        if (conditions.Direction is { } direction) met.Add(new ScriptConditionMet("direction", Word(direction)));
        if (conditions.Queues.Count > 0) met.Add(new ScriptConditionMet("queue", call.Queue!));
        if (conditions.Campaigns.Count > 0) met.Add(new ScriptConditionMet("campaign", call.CampaignName ?? call.Campaign!));
        if (conditions.Segments.Count > 0) met.Add(new ScriptConditionMet("segment", call.SegmentName ?? call.Segment!));
        if (conditions.DealTypes.Count > 0) met.Add(new ScriptConditionMet("deal_type", call.DealTypeName ?? call.DealType!));
        if (conditions.DealStages.Count > 0) met.Add(new ScriptConditionMet("deal_stage", call.DealStageName ?? call.DealStage!));
        met.AddRange(conditions.Where.Select(w => w.Told()));
        return new ScriptReason(met, script.Language, whose);
    }

    private static string Word<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}
