using CallCrm.Contracts;
using Microsoft.Extensions.Localization;

namespace CallCrm.AgentWeb.Desk;

/// <summary>What follows from a disposition, in words.</summary>
static class RuleText
{
    public static string Of(IStringLocalizer<Texts> t, DispositionRule? rule, CatalogView? catalog)
    {
        if (rule is null)
            return "";
        var parts = new List<string>();
        if (rule.Callback is { } callback)
            parts.Add(t["Rule.Callback", callback.Title, When(t, callback)]);
        if (rule.Task is { } task)
            parts.Add(t["Rule.Task", task.Title, When(t, task)]);
        if (rule.Stage is { } stage)
            parts.Add(t["Rule.Stage", catalog?.DealTypes.FirstOrDefault(d => d.Code == stage.DealType)?.Stages.FirstOrDefault(s => s.Code == stage.Stage)?.Name ?? stage.Stage]);
        if (rule.DoNotCall)
            parts.Add(t["Rule.DoNotCall"]);
        return string.Join(" · ", parts);
    }

    static string When(IStringLocalizer<Texts> t, FollowUpRule follow) => follow switch
    {
        { Ask: true } => t["Rule.Asked"],
        { Days: 0, At: null } => t["Rule.Minutes", follow.Minutes],
        { At: null } => t["Rule.Days", follow.Days],
        _ => t["Rule.DaysAt", follow.Days, follow.At],
    };
}
