namespace CallCrm.Contracts;

/// <summary>How a client's card is laid out for some. PUT /api/admin/card-layouts makes (version 0) or changes one; DELETE takes it away.</summary>
/// <param name="Role">Null: for every role.</param>
/// <param name="DealType">For clients with an open deal of this type; null: whatever their deals.</param>
/// <param name="Groups">In their order. Fields that stand in none of them follow after the last.</param>
public sealed record CardLayout(string? Role, string? DealType, IReadOnlyList<CardGroup> Groups, int Version) : IVersionedSetup
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <param name="Name">Its heading; may be empty.</param>
public sealed record CardGroup(string Name, IReadOnlyList<CardField> Fields);

/// <param name="Code">One of <see cref="CardLayouts.Fields"/>, or custom.CODE.</param>
/// <param name="Mode">shown; read_only: seen, not changed; hidden: neither. For whom it is secret, see SensitiveFieldsSave.</param>
public sealed record CardField(string Code, string Mode = CardLayouts.Shown);

/// <summary>Which layout a card has, and what it says; the one rule that page and server share.</summary>
public static class CardLayouts
{
    public const string Shown = "shown", ReadOnly = "read_only", Hidden = "hidden";

    public static IReadOnlyList<string> Modes { get; } = [Shown, ReadOnly, Hidden];

    static readonly string[] Head = ["name", "kind", "companyId", "roles", "company", "email", "city", "language", "segment", "responsibleId"];
    static readonly string[] BeforeOwn = ["phones", "emails", "tags", "taxId", "timeZone"];
    static readonly string[] AfterOwn = ["address", "note"];

    /// <summary>Those that every card has, as ClientSave names them.</summary>
    public static IReadOnlyList<string> Fields { get; } = [.. Head, .. BeforeOwn, .. AfterOwn];

    /// <summary>
    /// The most specific wins: for the role and a deal's type, then for the role, then for a deal's type, then for everybody. Of several open deals the first
    /// counts for which there is one at that step: the deal whose stage changed last.
    /// </summary>
    /// <param name="dealTypes">Of the open deals, in the card's order.</param>
    public static CardLayout? For(IReadOnlyList<CardLayout> layouts, string role, IEnumerable<string> dealTypes)
    {
        var types = dealTypes.Distinct(StringComparer.Ordinal).ToArray();
        return OfType(role) ?? Of(role, null) ?? OfType(null) ?? Of(null, null);

        CardLayout? Of(string? of, string? type) => layouts.FirstOrDefault(l => l.Role == of && l.DealType == type);
        CardLayout? OfType(string? of) => types.Select(t => Of(of, t)).FirstOrDefault(l => l is not null);
    }

    /// <summary>All fields in their places.</summary>
    /// <param name="own">Codes of the site's own fields in use.</param>
    public static IReadOnlyList<CardGroup> Groups(CardLayout? layout, IEnumerable<string> own)
    {
        var ours = own.Select(c => CardFieldCodes.CustomPrefix + c).ToArray();
        if (layout is null) return [new CardGroup("", Plain(Head)), new CardGroup("", Plain([.. BeforeOwn, .. ours, .. AfterOwn]))];
        var placed = layout.Groups.SelectMany(g => g.Fields).Select(f => f.Code).ToHashSet(StringComparer.Ordinal);
        var known = Fields.Concat(ours).ToArray();
        var groups = layout.Groups.Select(g => g with { Fields = [.. g.Fields.Where(f => known.Contains(f.Code, StringComparer.Ordinal))] });
        var rest = known.Where(f => !placed.Contains(f)).ToArray();
        return rest.Length == 0 ? [.. groups] : [.. groups, new CardGroup("", Plain(rest))];
    }

    public static string ModeOf(CardLayout? layout, string field) => layout?.Groups.SelectMany(g => g.Fields).FirstOrDefault(f => f.Code == field)?.Mode ?? Shown;

    static CardField[] Plain(string[] codes) => [.. codes.Select(c => new CardField(c))];
}
