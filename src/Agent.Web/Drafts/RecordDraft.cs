using System.Globalization;
using System.Text.Json;
using CallCrm.AgentWeb.Api;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Drafts;

/// <summary>The record of a contact as it stands in a call's draft: what is saved, and what of it was proposed.</summary>
static class RecordDraft
{
    public const string NewDeal = "new:";
    const string Proposed = "prefill";

    public static WrapUpSave Save(DraftBook drafts, Guid call, bool finish, string page, Guid command)
    {
        string Value(string field) => drafts.Value(call, field);
        var deal = Value("deal");
        var made = deal.StartsWith(NewDeal, StringComparison.Ordinal) && Guid.TryParse(deal[NewDeal.Length..], out var id)
            ? new DealNew(id, Value("deal_type"), Value("deal_title")) // Without a title it takes that of the answers, else the subject.
            : null;
        return new WrapUpSave(Value("disposition"), Value("note"), Value("next_step"), finish, page, command, Value("subject"), Id(Value("contact")), made is null ? Id(deal) : null, made,
            deal.Length > 0 && Value("deal_stage") is { Length: > 0 } stage ? stage : null, Time(Value("next_at")), Prefilled(drafts, call) is { Count: > 0 } filled ? [.. filled.Keys] : null,
            deal.Length > 0 && decimal.TryParse(Value("deal_amount"), NumberStyles.Number, CultureInfo.InvariantCulture, out var amount) ? amount : null);
    }

    /// <summary>By field, as it was proposed: what was filled in from the proposal, whether it was changed since or not.</summary>
    public static IReadOnlyDictionary<string, string> Prefilled(DraftBook drafts, Guid call)
    {
        try
        {
            return drafts.Value(call, Proposed) is { Length: > 0 } json ? JsonSerializer.Deserialize(json, ContractsJson.Default.DictionaryStringString) ?? [] : new Dictionary<string, string>(StringComparer.Ordinal);
        }
        catch (JsonException)
        {
            return new Dictionary<string, string>(StringComparer.Ordinal); // Of an older page.
        }
    }

    /// <summary>It stands as it was proposed.</summary>
    public static bool IsAsProposed(DraftBook drafts, Guid call, string field) => Prefilled(drafts, call).TryGetValue(field, out var proposed) && drafts.Value(call, field) == proposed;

    /// <summary>Fills what is empty from the server's proposal. Nothing typed is touched; where another disposition was chosen its next step is not that of the proposal.</summary>
    /// <exception cref="ApiException">The server was not reached, or the call is not this person's.</exception>
    public static async Task<WrapUpProposal> FillAsync(DraftBook drafts, ApiClient api, Guid call)
    {
        // What was answered a moment ago is part of it.
        await drafts.FlushAsync(call);
        var proposal = await api.ProposeWrapUpAsync(call);
        var filled = Prefilled(drafts, call).ToDictionary(f => f.Key, f => f.Value, StringComparer.Ordinal);
        var other = drafts.Value(call, "disposition") is { Length: > 0 } chosen && proposal.Fields.GetValueOrDefault("disposition") != chosen;
        foreach (var (field, value) in proposal.Fields)
        {
            if (drafts.Value(call, field).Length > 0 || (other && (field is "next_step" or "next_at")))
                continue;
            drafts.Type(call, field, value);
            filled[field] = value;
        }

        if (filled.Count > 0)
            drafts.Type(call, Proposed, JsonSerializer.Serialize(filled, ContractsJson.Default.DictionaryStringString));
        return proposal;
    }

    public static DateTimeOffset? Time(string value) => DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;

    /// <summary>As the draft keeps it.</summary>
    public static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture);

    static Guid? Id(string value) => Guid.TryParse(value, out var id) ? id : null;
}
