using CallCrm.Contracts;
using Microsoft.Extensions.Localization;

namespace CallCrm.AgentWeb.Clients;

/// <summary>Fields of a card under the names that the API has for them, in rules, errors and reports.</summary>
static class CardFields
{
    public const string Own = "custom.";

    public static readonly string[] BuiltIn = ["name", "company", "companyId", "roles", "phones", "email", "city", "address", "language", "timeZone", "segment", "responsibleId", "taxId", "tags", "note"];

    /// <summary>Of the deal that leaves its stage, or that a call was about: asked for on these occasions alone.</summary>
    public static readonly string[] OfDeal = ["deal.amount", "deal.responsibleId"];

    /// <summary>As the card calls it.</summary>
    public static string Name(IStringLocalizer<Texts> t, string field, IEnumerable<NamedCode> own) => field switch
    {
        "companyId" => t["Client.BelongsTo"],
        "responsibleId" => t["Client.Responsible"],
        "deal.amount" => t["Required.DealAmount"],
        "deal.responsibleId" => t["Required.DealResponsible"],
        _ when field.StartsWith(Own, StringComparison.Ordinal) => own.FirstOrDefault(f => f.Code == field[Own.Length..])?.Name ?? field[Own.Length..],
        _ => t["Client." + char.ToUpperInvariant(field[0]) + field[1..]],
    };
}
