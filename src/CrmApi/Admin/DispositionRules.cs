using System.Globalization;
using CallCrm.Contracts;
using CallCrm.CrmApi.Calls;

namespace CallCrm.CrmApi.Admin;

/// <summary>What the tree of dispositions may be; pure.</summary>
internal static class DispositionRules
{
    const int Most = 200;

    /// <summary>A leaf is reached by so many keys at most.</summary>
    public const int Deepest = 3;

    static readonly string[] Outcomes = ["positive", "neutral", "negative"];

    public static AdminRules.Errors Check(CodesSave save, AdminView known)
    {
        var errors = AdminRules.CheckCodes(save, Most);
        if (errors.Any) return errors;
        var byCode = save.Items.ToDictionary(i => i.Code, StringComparer.Ordinal);
        foreach (var item in save.Items) Check(item, byCode, known, errors);
        if (errors.Any) return errors;
        // Whoever takes a queue's calls can always say what came of them.
        foreach (var queue in known.Queues)
            errors.Unless(save.Items.Any(i => !i.Group && Line(i, byCode).All(l => l.Campaigns is not { Count: > 0 } && (l.Queues is not { Count: > 0 } some || some.Contains(queue.Id)))), "items", "at least one disposition for every queue");
        return errors;
    }

    static void Check(CodeSetup item, Dictionary<string, CodeSetup> byCode, AdminView known, AdminRules.Errors errors)
    {
        errors.Unless(item.Allowance_min is null, "items", "an allowance of 1 to 1440 minutes a day, of pause reasons only");
        errors.Unless(item.Parent is null || (byCode.TryGetValue(item.Parent, out var above) && above.Group), "items", "below branches of this list only");
        errors.Unless(Line(item, byCode).Count <= Deepest, "items", $"at most {Deepest} levels, none below itself");
        errors.Unless((item.Queues ?? []).All(q => known.Queues.Any(k => k.Id == q)), "items", "queues that there are");
        errors.Unless((item.Campaigns ?? []).All(c => known.Campaigns?.Items.Any(k => k.Code == c && !k.Retired) == true), "items", "campaigns that there are");
        if (item.Group)
        {
            errors.Unless(item.Rule is null, "items", "no rule for a branch");
            return;
        }

        errors.OneOf("items", item.Outcome ?? "", Outcomes);
        if (item.Rule is not { } rule) return;
        foreach (var follow in new[] { rule.Task, rule.Callback }.OfType<FollowUpRule>())
        {
            errors.Unless(follow.Title.Length is >= 1 and <= FollowUps.LongestTitle, "items", "a task or callback with a title of 1 to 200 characters");
            errors.Unless(follow.Days is >= 0 and <= 365, "items", "due in 0 to 365 days");
            errors.Unless(follow.At is null || TimeOnly.TryParseExact(follow.At, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out _), "items", "a time of the day such as 10:00");
            errors.Unless(follow.Minutes is >= 0 and <= 1440 && (follow.At is null || follow.Minutes == 0), "items", "0 to 1440 minutes, and only without a time of the day");
        }

        errors.Unless(rule is not { Task.Ask: true, Callback.Ask: true }, "items", "the agent is asked once: for the task or for the callback");
        errors.Unless(rule.Stage is not { } stage || (stage.DealType is { Length: > 0 } && stage.Stage is { Length: > 0 }), "items", "stages that there are");
        if (rule.Stage is { } named && known.DealTypes?.Items.FirstOrDefault(t => t.Code == named.DealType)?.Stages.FirstOrDefault(s => s.Code == named.Stage) is { Retired: true } gone)
            errors.Add("items", $"a stage that is not put away in the rule of “{item.Name}”, which names “{gone.Name}”");
    }

    /// <summary>Itself and what is above it; one more than may be where it runs in a circle.</summary>
    static List<CodeSetup> Line(CodeSetup item, Dictionary<string, CodeSetup> byCode)
    {
        var line = new List<CodeSetup> { item };
        while (line.Count <= Deepest && line[^1].Parent is { } parent && byCode.TryGetValue(parent, out var above)) line.Add(above);
        return line;
    }
}
