using System.Globalization;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Calls;

/// <param name="Kind">task or callback.</param>
internal sealed record FollowUp(string Kind, string Title, DateTimeOffset DueAt);

/// <summary>Which tasks follow from a wrap-up, and when they are due. Pure: the same wrap-up always has the same.</summary>
internal static class FollowUps
{
    public const int LongestTitle = 200;

    /// <summary>The agent must say when.</summary>
    public static bool Asks(DispositionRule? rule) => rule is { Task.Ask: true } or { Callback.Ask: true };

    /// <summary>Which of them the typed next step and time belong to; null: none follows.</summary>
    public static string? Asked(DispositionRule? rule) => rule switch
    {
        { Callback.Ask: true } => "callback",
        { Task.Ask: true } => "task",
        { Callback: not null } => "callback",
        { Task: not null } => "task",
        _ => null,
    };

    /// <param name="given">When the disposition was given: from there the days are counted.</param>
    public static IReadOnlyList<FollowUp> Of(DispositionRule? rule, string nextStep, DateTimeOffset? nextAt, DateTimeOffset given, TimeZoneInfo agent, TimeZoneInfo client)
    {
        var typed = OneLine(nextStep);
        if (Asked(rule) is not { } asked) return nextAt is { } at && typed.Length > 0 ? [new FollowUp("task", typed, at)] : [];
        var all = new List<FollowUp>(2);
        foreach (var (kind, follow, zone) in new[] { ("callback", rule!.Callback, client), ("task", rule.Task, agent) })
        {
            if (follow is null) continue;
            all.Add(new FollowUp(kind, kind == asked && typed.Length > 0 ? typed : follow.Title, kind == asked && nextAt is { } when ? when : Due(follow, given, zone)));
        }

        return all;
    }

    /// <summary>At a time of the day it is the first such time that has not passed. An hour that the clocks skip is the one after, of one that comes twice it is the first.</summary>
    public static DateTimeOffset Due(FollowUpRule rule, DateTimeOffset given, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(given, zone).DateTime;
        if (!TimeOnly.TryParseExact(rule.At, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at))
            return (rule.Days == 0 ? given : Moment(local.AddDays(rule.Days), zone)).AddMinutes(rule.Minutes).ToUniversalTime();
        var due = Moment(local.Date.AddDays(rule.Days) + at.ToTimeSpan(), zone);
        return due > given ? due : Moment(local.Date.AddDays(rule.Days + 1) + at.ToTimeSpan(), zone);
    }

    static DateTimeOffset Moment(DateTime local, TimeZoneInfo zone)
    {
        local = DateTime.SpecifyKind(local, DateTimeKind.Unspecified);
        while (zone.IsInvalidTime(local)) local = local.AddMinutes(15);
        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }

    static string OneLine(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (line.Length <= LongestTitle) return line;
        // No half of a surrogate pair.
        return line[..(char.IsHighSurrogate(line[LongestTitle - 1]) ? LongestTitle - 1 : LongestTitle)];
    }
}
