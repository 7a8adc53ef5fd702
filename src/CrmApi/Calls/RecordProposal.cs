using System.Globalization;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Scripts;

namespace CallCrm.CrmApi.Calls;

/// <summary>A wrapped-up call with the same script.</summary>
/// <param name="Path">As it stands in the wrap-up.</param>
internal sealed record LikeCall(string Disposition, IReadOnlyList<string> Path, int Talk_s);

/// <param name="Dispositions">Those that may be given to this call, in the page's order.</param>
/// <param name="Caller">E.164.</param>
/// <param name="Deals">Open ones that the agent may see, the latest moved first.</param>
/// <param name="Ended">When the call ended: times are counted from there.</param>
internal sealed record CallRecord(Script? Script, IReadOnlyList<string> Path, IReadOnlyDictionary<string, string> Answers, int Talk_s, IReadOnlyList<DispositionView> Dispositions,
    IReadOnlyList<LikeCall> Like, IReadOnlyList<ContactView> Contacts, IReadOnlyDictionary<Guid, string> ContactNumbers, string? Caller, IReadOnlyList<DealView> Deals,
    DateTimeOffset Ended, TimeZoneInfo Agent, TimeZoneInfo Client)
{
    /// <summary>The site's own fields.</summary>
    public IReadOnlyList<CustomField> Own { get; init; } = [];
}

/// <summary>The record of a contact as far as it can be told from the script's way, its answers, the talk and the card. Pure; what it cannot tell it leaves out.</summary>
internal static class RecordProposal
{
    /// <summary>Shorter ones are no talk.</summary>
    const int Talk_s = 20;

    /// <summary>Fewer like calls say nothing.</summary>
    const int FewestLike = 3;

    static readonly int[] TalkBands = [Talk_s, 60, 180, 600];
    static readonly TimeSpan MorningTen = TimeSpan.FromHours(10);

    public static WrapUpProposal Of(CallRecord call)
    {
        var fields = new SortedDictionary<string, string>(StringComparer.Ordinal);
        void Set(string field, string? value)
        {
            if (value is { Length: > 0 }) fields[field] = value;
        }

        var filled = call.Script is null ? [] : ScriptAnswers.Fill(call.Script, call.Answers, call.Own).Fields.ToDictionary(f => f.Field, f => f.Value, StringComparer.Ordinal);
        var (disposition, because) = Disposition(call, filled);
        var rule = disposition?.Rule;
        Set("disposition", disposition?.Code);
        Set("subject", Subject(call, filled));
        Set("contact", Contact(call)?.ToString());
        Set("deal", Deal(call, filled)?.ToString());
        Set("note", Summary(call));
        var next = filled.GetValueOrDefault("deal.next_step") ?? filled.GetValueOrDefault("call.callback_note");
        var follow = FollowUps.Of(rule, next ?? "", null, call.Ended, call.Agent, call.Client).FirstOrDefault(f => f.Kind == FollowUps.Asked(rule));
        var step = next ?? follow?.Title;
        Set("next_step", step);
        if (step is not null) Set("next_at", When(call, filled, follow) is { } at ? at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture) : null);
        return new WrapUpProposal(fields, because);
    }

    static (DispositionView?, string?) Disposition(CallRecord call, Dictionary<string, string> filled)
    {
        if (filled.GetValueOrDefault("call.outcome") is { } named && call.Dispositions.FirstOrDefault(d => d.Code == named) is { } said) return (said, "script");
        if (call.Script is null) return (null, null);
        if (MostGiven(call) is { } usual) return (usual, "history");
        // Of who was gone at once anything may be true: none is better than a wrong one.
        if (call.Path.Count <= 1 && call.Talk_s < Talk_s) return (null, null);
        var outcome = call.Path is [.., Script.End] && call.Talk_s >= Talk_s ? "positive" : "neutral";
        return call.Dispositions.FirstOrDefault(d => d.Outcome == outcome) is { } first ? (first, "talk") : (null, null);
    }

    /// <summary>Calls that ended at the same place count; the same way and a talk as long count double each. It takes half of all to be proposed.</summary>
    static DispositionView? MostGiven(CallRecord call)
    {
        if (call.Path.Count == 0) return null;
        var votes = new Dictionary<string, int>(StringComparer.Ordinal);
        var (like, all) = (0, 0);
        foreach (var other in call.Like)
        {
            if (other.Path.Count == 0 || other.Path[^1] != call.Path[^1]) continue;
            var weight = (other.Path.SequenceEqual(call.Path) ? 2 : 1) * (Band(other.Talk_s) == Band(call.Talk_s) ? 2 : 1);
            (like, all) = (like + 1, all + weight);
            votes[other.Disposition] = votes.GetValueOrDefault(other.Disposition) + weight;
        }

        if (like < FewestLike) return null;
        var best = call.Dispositions.MaxBy(d => votes.GetValueOrDefault(d.Code));
        return best is not null && votes.GetValueOrDefault(best.Code) * 2 >= all ? best : null;
    }

    static int Band(int talk_s) => TalkBands.Count(limit => talk_s >= limit);

    static string? Subject(CallRecord call, Dictionary<string, string> filled)
    {
        if (call.Script is not { } script) return null;
        string? Label(Question q) => q.Answers.FirstOrDefault(a => a.Id == call.Answers.GetValueOrDefault(q.Id)?.Trim())?.Label;
        var topic = script.Questions.Where(q => q.Field == "call.topic").Select(Label).FirstOrDefault(l => l is not null);
        var text = topic ?? filled.GetValueOrDefault("deal.title") ?? script.Questions.Where(q => q.Kind == QuestionKind.Choice).Select(Label).FirstOrDefault(l => l is not null)
            ?? filled.GetValueOrDefault("call.summary") ?? filled.GetValueOrDefault("client.need") ?? script.Title;
        return text.Length <= FollowUps.LongestTitle ? text : null;
    }

    static Guid? Contact(CallRecord call)
    {
        var by = call.Contacts.Where(c => call.Caller is not null && call.ContactNumbers.GetValueOrDefault(c.Id) == call.Caller).ToList();
        if (by.Count == 1) return by[0].Id;
        return by.Count == 0 && call.Contacts.Count == 1 ? call.Contacts[0].Id : null;
    }

    static Guid? Deal(CallRecord call, Dictionary<string, string> filled)
    {
        var type = filled.GetValueOrDefault("deal.type");
        return (call.Deals.FirstOrDefault(d => d.DealType == type) ?? call.Deals.FirstOrDefault())?.Id;
    }

    /// <summary>A day that was agreed, at ten in the client's morning; else what the disposition says.</summary>
    static DateTimeOffset? When(CallRecord call, Dictionary<string, string> filled, FollowUp? follow)
    {
        foreach (var field in new[] { "call.callback_date", "deal.next_step_date" })
        {
            if (!DateOnly.TryParseExact(filled.GetValueOrDefault(field), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)) continue;
            var at = SiteClock.StartOf(day, call.Client) + MorningTen;
            if (at > call.Ended) return at;
        }

        return follow?.DueAt;
    }

    /// <summary>What was answered, a line each, in the order of the way.</summary>
    static string? Summary(CallRecord call)
    {
        if (call.Script is not { } script) return null;
        var order = call.Path.Select((step, n) => (step, n)).GroupBy(s => s.step, StringComparer.Ordinal).ToDictionary(s => s.Key, s => s.First().n, StringComparer.Ordinal);
        var lines = new List<string>();
        foreach (var question in script.Steps.OrderBy(s => order.GetValueOrDefault(s.Id, int.MaxValue)).SelectMany(s => s.Questions))
        {
            if (call.Answers.GetValueOrDefault(question.Id)?.Trim() is not { Length: > 0 } given) continue;
            lines.Add($"{question.Ask.Plain} – {ScriptAnswers.Shown(question, given, call.Own)}");
        }

        var text = string.Join('\n', lines);
        return text.Length <= DraftEndpoints.LongestValue ? text : null;
    }
}
