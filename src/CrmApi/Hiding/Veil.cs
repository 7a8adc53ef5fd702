using System.Collections.Frozen;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Hiding;

/// <summary>What a person is not shown of clients; part of their grants.</summary>
/// <param name="numbers">Numbers are masked.</param>
/// <param name="fields">Fields of the card that are not sent.</param>
internal sealed class Veil(bool numbers, IEnumerable<string> fields) : IEquatable<Veil>
{
    static readonly (string Placeholder, string Field)[] InScripts = [("client.email", "email"), ("client.city", "city"), ("client.notes", "note"), ("client.tax_id", "taxId"),
        ("client.address", "address"), ("client.postal_code", "address"), ("client.region", "address"), ("client.country", "address")];

    /// <summary>Names under which a card's draft is kept; the site's own fields are c_CODE.</summary>
    static readonly (string Draft, string Field)[] InDrafts = [("email", "email"), ("emails", "email"), ("tax", "taxId"), ("tax2", "taxId"), ("address", "address"), ("city", "city"), ("note", "note")];

    readonly FrozenSet<string> fields = fields.ToFrozenSet(StringComparer.Ordinal);

    public static Veil None { get; } = new(false, []);

    public bool Numbers => numbers;

    public bool HidesFields => fields.Count > 0;

    public bool IsNone => !numbers && fields.Count == 0;

    public IReadOnlyList<string> Fields { get; } = [.. fields.Order(StringComparer.Ordinal)];

    /// <summary>The same for the same.</summary>
    public string Key => $"{(numbers ? "numbers" : "")} {string.Join(' ', Fields)}";

    /// <param name="field">As ClientSave, a merge or an import names it.</param>
    public bool Hides(string field) => fields.Contains(field switch { "emails" => "email", "secondTaxId" => "taxId", _ => field });

    public bool HidesCustom(string code) => fields.Contains(CardFieldCodes.CustomPrefix + code);

    /// <param name="placeholder">Of a script: client.email, client.custom.CODE.</param>
    public bool HidesPlaceholder(string? placeholder) => placeholder is not null && HidesFields
        && (Array.Exists(InScripts, p => p.Placeholder == placeholder && fields.Contains(p.Field))
            || (placeholder.StartsWith("client.custom.", StringComparison.Ordinal) && fields.Contains(placeholder["client.".Length..])));

    /// <param name="field">card.ID_NAME.</param>
    public bool HidesDraft(string field)
    {
        if (!HidesFields || !field.StartsWith("card.", StringComparison.Ordinal)) return false;
        var name = field[(field.IndexOf('_', StringComparison.Ordinal) + 1)..];
        return name.StartsWith("c_", StringComparison.Ordinal) ? HidesCustom(name[2..]) : Array.Exists(InDrafts, d => d.Draft == name && fields.Contains(d.Field));
    }

    public bool Equals(Veil? other) => other is not null && Key == other.Key;

    public override bool Equals(object? obj) => Equals(obj as Veil);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Key);
}
