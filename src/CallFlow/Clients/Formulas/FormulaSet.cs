using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CallCrm.CallFlow;

/// <summary>The formulas of all calculated fields in use, each after those it needs.</summary>
public sealed class FormulaSet
{
    readonly List<(CustomField Field, Formula Formula)> ordered = [];
    readonly Dictionary<string, CustomField> fields;
    readonly Dictionary<string, FormulaLink> links = new(StringComparer.Ordinal);
    readonly HashSet<string> linked = new(StringComparer.Ordinal);

    FormulaSet(IReadOnlyList<CustomField> all) => fields = all.ToDictionary(f => f.Code, StringComparer.OrdinalIgnoreCase);

    public bool IsEmpty => ordered.Count == 0;

    public IReadOnlyList<string> Codes => [.. ordered.Select(o => o.Field.Code)];

    public bool Needs(string group) => ordered.Exists(o => o.Formula.Uses.Any(u => FormulaNames.Find(u)?.Group == group));

    /// <summary>Links whose records some formula looks at.</summary>
    public IReadOnlyList<CustomField> Links => [.. links.Values.Select(l => l.Link).Distinct().Order(StringComparer.Ordinal).Select(c => fields[c])];

    /// <summary>Whether it depends on records that links lead to. Such values are kept apart: who may not see those records must not see them either.</summary>
    public bool IsLinked(string code) => linked.Contains(code);

    /// <summary>The links that a field depends on, through all others.</summary>
    public IReadOnlyList<string> LinksOf(string code) => [.. UsedBy(code).Where(links.ContainsKey).Select(n => links[n].Link).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>A field of the record that a link leads to.</summary>
    /// <param name="record">Null: it leads nowhere.</param>
    public object? LinkedValue(string name, Func<string, JsonElement?> record, Func<DateTimeOffset, DateOnly> day) =>
        links.GetValueOrDefault(name) is { } link && record(link.Link) is { } found ? FormulaLinks.Value(link, found, fields, day) : null;

    /// <summary>Some value changes with the day.</summary>
    public bool Ages => ordered.Exists(o => o.Formula.UsesToday || o.Formula.Uses.Any(u => FormulaNames.Find(u)?.Ages == true));

    /// <summary>
    /// What a field is calculated from, through all others: names, and <c>custom.CODE</c>. Of another record's field (<c>custom.LINK.FIELD</c>) also the link, and the field by its own name:
    /// what is sensitive is so on every card.
    /// </summary>
    public IReadOnlyList<string> UsedBy(string code)
    {
        var used = new SortedSet<string>(StringComparer.Ordinal);
        Add(code);
        return [.. used];

        void Add(string of)
        {
            foreach (var name in ordered.Find(o => o.Field.Code == of).Formula?.Uses ?? new HashSet<string>())
            {
                if (!used.Add(name)) continue;
                if (links.TryGetValue(name, out var link)) used.UnionWith([FormulaNames.CustomPrefix + link.Link, .. fields[link.Link].Target == "client" ? [link.Field] : Array.Empty<string>()]);
                else if (name.StartsWith(FormulaNames.CustomPrefix, StringComparison.Ordinal)) Add(name[FormulaNames.CustomPrefix.Length..]);
            }
        }
    }

    public FormulaKind? KindOf(string code) => ordered.Find(o => o.Field.Code == code).Formula?.Kind;

    /// <param name="all">The fields in use. Results of calculated ones follow from their formulas.</param>
    /// <param name="wrong">The code of a field whose formula is wrong, and what was expected of it.</param>
    public static FormulaSet Build(IReadOnlyList<CustomField> all, out (string Code, string Expected)? wrong)
    {
        var set = new FormulaSet(all);
        wrong = null;
        var way = new List<string>();
        foreach (var field in all.Where(f => f.Kind == CustomField.Calculated))
        {
            if (set.Add(field, way) is not { } problem) continue;
            wrong = problem;
            break;
        }

        return set;
    }

    (string, string)? Add(CustomField field, List<string> way)
    {
        if (ordered.Exists(o => o.Field == field)) return null;
        if (way.IndexOf(field.Code) is >= 0 and var at) return (field.Code, $"a formula that does not lead back to itself: {string.Join(" → ", way.Skip(at).Append(field.Code))}");
        way.Add(field.Code);
        (string, string)? below = null;
        var formula = Formula.Parse(field.Expression ?? "", Find, out var expected, Why);
        way.RemoveAt(way.Count - 1);
        if (below is not null) return below;
        if (formula is null) return (field.Code, expected!);
        ordered.Add((field, formula));
        if (formula.Uses.Any(u => links.ContainsKey(u) || (u.StartsWith(FormulaNames.CustomPrefix, StringComparison.Ordinal) && linked.Contains(u[FormulaNames.CustomPrefix.Length..])))) linked.Add(field.Code);
        return null;

        string? Why(string name)
        {
            string? wanted = null;
            return FormulaLinks.Is(name) && FormulaLinks.Find(name, fields, out wanted) is null ? wanted : null;
        }

        (string, FormulaKind)? Find(string name)
        {
            if (FormulaNames.Find(name) is { } known) return (known.Name, known.Kind);
            if (FormulaLinks.Is(name))
            {
                if (FormulaLinks.Find(name, fields, out _) is not { } link) return null;
                links[link.Name] = link;
                return (link.Name, link.Kind);
            }

            if (!name.StartsWith(FormulaNames.CustomPrefix, StringComparison.OrdinalIgnoreCase) || !fields.TryGetValue(name[FormulaNames.CustomPrefix.Length..], out var own)) return null;
            if (own.Kind == CustomField.Calculated)
            {
                below ??= Add(own, way);
                return below is null ? (FormulaNames.CustomPrefix + own.Code, KindOf(own.Code)!.Value) : (FormulaNames.CustomPrefix + own.Code, FormulaKind.Text);
            }

            return KindOf(own) is { } kind ? (FormulaNames.CustomPrefix + own.Code, kind) : null;
        }
    }

    /// <summary>Of a field that people fill; null: formulas cannot reckon with it.</summary>
    internal static FormulaKind? KindOf(CustomField field) => field.Kind switch
    {
        "text" or "choice" or "choices" => FormulaKind.Text,
        "number" or "money" => FormulaKind.Number,
        "date" => FormulaKind.Date,
        "yes_no" => FormulaKind.YesNo,
        _ => null,
    };

    /// <summary>The values of all calculated fields of one card; those that are empty are not in it.</summary>
    /// <param name="custom">What the card's own fields hold.</param>
    public JsonObject Evaluate(Func<string, object?> facts, JsonElement custom, DateOnly today)
    {
        var made = new Dictionary<string, object?>(StringComparer.Ordinal);
        var values = new FormulaValues(Of, today);
        var json = new JsonObject();
        foreach (var (field, formula) in ordered)
        {
            var value = made[field.Code] = formula.Evaluate(values);
            if (Json(value) is { } node) json[field.Code] = node;
        }

        return json;

        object? Of(string name)
        {
            if (links.ContainsKey(name) || !name.StartsWith(FormulaNames.CustomPrefix, StringComparison.Ordinal)) return facts(name);
            var code = name[FormulaNames.CustomPrefix.Length..];
            return made.TryGetValue(code, out var calculated) ? calculated : custom.TryGetProperty(code, out var stored) ? Value(fields[code], stored) : null;
        }
    }

    /// <summary>A stored value as formulas know it; null where it is of a former kind.</summary>
    internal static object? Value(CustomField field, JsonElement stored) => (field.Kind, stored.ValueKind) switch
    {
        ("number", JsonValueKind.Number) => stored.TryGetDecimal(out var number) ? number : null,
        ("money", JsonValueKind.Object) => stored.TryGetProperty("amount", out var amount) && amount.TryGetDecimal(out var sum) ? sum : null,
        ("date", JsonValueKind.String) => DateOnly.TryParseExact(stored.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null,
        ("yes_no", JsonValueKind.True or JsonValueKind.False) => stored.GetBoolean(),
        ("text" or "choice", JsonValueKind.String) => stored.GetString() is { Length: > 0 } text ? text : null,
        ("choices", JsonValueKind.Array) => string.Join(",", stored.EnumerateArray().Select(c => c.GetString())),
        _ => null,
    };

    static JsonNode? Json(object? value) => value switch
    {
        decimal number => CustomField.Number(decimal.Round(number, 10)),
        bool yes => JsonValue.Create(yes),
        string { Length: > 0 } or DateOnly => JsonValue.Create(Formula.TextOf(value)),
        _ => null,
    };
}
