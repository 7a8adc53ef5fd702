namespace CallCrm.CallFlow;

/// <param name="Group">What must be read for it: card, calls or deals.</param>
/// <param name="Ages">It changes with the day alone.</param>
public sealed record FormulaName(string Name, FormulaKind Kind, string Group, bool Ages = false);

/// <summary>The card's own fields and the figures that formulas know; the site's own fields are <c>custom.CODE</c>.</summary>
public static class FormulaNames
{
    public const string CustomPrefix = "custom.";

    public static IReadOnlyList<FormulaName> All { get; } =
    [
        .. new[] { "name", "company", "email", "city", "note", "address", "kind", "language", "segment", "source", "taxId", "timeZone", "tags" }.Select(n => new FormulaName(n, FormulaKind.Text, "card")),
        new("created", FormulaKind.Date, "card"), new("ageDays", FormulaKind.Number, "card", true),
        new("calls", FormulaKind.Number, "calls"), new("calls30", FormulaKind.Number, "calls", true), new("calls90", FormulaKind.Number, "calls", true),
        new("daysSinceContact", FormulaKind.Number, "calls", true), new("daysSinceFirstCall", FormulaKind.Number, "calls", true), new("talkMinutes", FormulaKind.Number, "calls"),
        new("openDeals", FormulaKind.Number, "deals"), new("openDealsSum", FormulaKind.Number, "deals"), new("wonDeals", FormulaKind.Number, "deals"), new("wonDealsSum", FormulaKind.Number, "deals"),
    ];

    static readonly Dictionary<string, FormulaName> ByName = All.ToDictionary(n => n.Name, StringComparer.OrdinalIgnoreCase);

    public static FormulaName? Find(string name) => ByName.GetValueOrDefault(name);
}
