using System.Globalization;
using CallCrm.Contracts;
using Microsoft.Extensions.Localization;

namespace CallCrm.AgentWeb.Clients;

/// <summary>One condition in words, and the list without it.</summary>
/// <param name="Field">As the address has it; of fields in which nothing stands <c>without CODE</c>.</param>
/// <param name="Rest">What stays in the address when it is taken away.</param>
sealed record ClientChip(string Field, string Text, string Rest);

/// <summary>What a list of clients is narrowed to by its address beside the source, as a report leads to it or somebody chose: handed to the server as it stands, and told in words.</summary>
static class ClientsNarrowed
{
    const string Without = "without";

    static readonly string[] s_known = ["kind", "segment", "responsible", "department", "clientLanguage", "city", "tag", Without];

    /// <summary>Of an address: <c>&amp;segment=vip</c>, or nothing.</summary>
    public static string Of(string uri) => Join(Pairs(uri.Contains('?', StringComparison.Ordinal) ? uri[(uri.IndexOf('?', StringComparison.Ordinal) + 1)..].Split('#')[0] : "")
        .Where(p => s_known.Contains(p.Name) || p.Name.StartsWith(CardFields.Own, StringComparison.Ordinal)));

    /// <summary>Each field once: <c>Size: ≥ 20, &lt; 40</c>.</summary>
    /// <param name="names">Of what links lead to, by id; what is not there yet has none.</param>
    public static IReadOnlyList<ClientChip> Chips(IStringLocalizer<Texts> t, string narrowed, CatalogView? catalog, IReadOnlyDictionary<string, string> names)
    {
        var pairs = Pairs(narrowed).ToList();
        return [.. pairs.GroupBy(Key).Select(g => new ClientChip(g.Key, Text(t, g, catalog, names), Join(pairs.Where(p => Key(p) != g.Key))))];
    }

    /// <summary>With another condition on a field in place of the former one.</summary>
    /// <param name="field">As the address has it.</param>
    public static string With(string narrowed, string field, IEnumerable<(string Name, string Value)> conditions) =>
        Join(Pairs(narrowed).Where(p => p.Name == Without ? Lacked(field) != p.Value : Field(p.Name) != field).Concat(conditions));

    public static (string, string) Lacks(string field) => (Without, Lacked(field));

    /// <summary>What links the address names, with the kind of record that each leads to.</summary>
    public static IEnumerable<(string Target, string Id)> Links(string narrowed, CatalogView? catalog) =>
        from pair in Pairs(narrowed) let own = Own(pair.Name, catalog) where own is { Kind: "link" } && Guid.TryParse(pair.Value, out _) select (own.Target ?? "client", pair.Value);

    /// <summary>As the card calls it.</summary>
    public static string Name(IStringLocalizer<Texts> t, string field, CatalogView? catalog) => field switch
    {
        "department" => t["Admin.Department"],
        "clientLanguage" or "language" => t["Client.Language"],
        "tag" => t["Client.Tags"],
        _ when field.StartsWith(CardFields.Own, StringComparison.Ordinal) => Own(field, catalog)?.Name ?? field,
        Without => t["Clients.Filter"],
        _ => t["Client." + char.ToUpperInvariant(field[0]) + field[1..]],
    };

    // On the card, and among what it may be without, it is the language.
    static string Lacked(string field) => field == "clientLanguage" ? "language" : field;

    static string Text(IStringLocalizer<Texts> t, IEnumerable<(string Name, string Value)> pairs, CatalogView? catalog, IReadOnlyDictionary<string, string> names)
    {
        var (first, value) = pairs.First();
        if (first == Without) return $"{Name(t, value, catalog)}: {t["ClientsReport.Without"]}";
        var field = Field(first);
        var values = pairs.Select(p => Sign(p.Name) + Value(t, field, p.Value, Own(field, catalog), catalog, names)).Where(v => v.Length > 0).ToList();
        return values.Count == 0 ? Name(t, field, catalog) : $"{Name(t, field, catalog)}: {string.Join(", ", values)}";
    }

    static string Key((string Name, string Value) pair) => pair.Name == Without ? $"{Without} {pair.Value}" : Field(pair.Name);

    static string Field(string name) => name.StartsWith(CardFields.Own, StringComparison.Ordinal) ? string.Join('.', name.Split('.').Take(2)) : name;

    static ClientFieldView? Own(string name, CatalogView? catalog) =>
        name.StartsWith(CardFields.Own, StringComparison.Ordinal) ? (catalog?.ClientFields ?? []).FirstOrDefault(f => f.Code == name.Split('.')[1]) : null;

    static string Sign(string name) => name.Split('.') is [_, _, var end] ? end switch { "from" => "≥ ", "to" => "≤ ", "below" => "< ", _ => "" } : "";

    static string Value(IStringLocalizer<Texts> t, string field, string value, ClientFieldView? own, CatalogView? catalog, IReadOnlyDictionary<string, string> names) => field switch
    {
        "kind" => t["Client.Kind." + value],
        "segment" => catalog?.Segments.FirstOrDefault(s => s.Code == value)?.Name ?? value,
        "responsible" => catalog?.People.FirstOrDefault(p => p.Id.ToString() == value)?.Name ?? "",
        "department" => catalog?.Departments?.FirstOrDefault(d => d.Code == value)?.Name ?? "",
        "clientLanguage" => Texts.LanguageName(value),
        _ => (own?.Result ?? own?.Kind) switch
        {
            "yes_no" => t[value is "true" or "yes" ? "Yes" : "No"],
            "date" when DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) => day.ToString("d", CultureInfo.CurrentCulture),
            "number" or "money" when decimal.TryParse(value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) => number.ToString("#,0.####", CultureInfo.CurrentCulture),
            "link" => names.GetValueOrDefault(value) ?? "…",
            _ => own?.Options.FirstOrDefault(o => o.Code == value)?.Name ?? value,
        },
    };

    /// <summary>What fields are without stands there once for each.</summary>
    static IEnumerable<(string Name, string Value)> Pairs(string query) => query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2))
        .Select(p => (Name: Uri.UnescapeDataString(p[0]), Value: p.Length > 1 ? Uri.UnescapeDataString(p[1].Replace('+', ' ')) : ""))
        .SelectMany(p => p.Name == Without ? p.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(v => (Without, v)) : [p]);

    static string Join(IEnumerable<(string Name, string Value)> pairs)
    {
        var all = pairs.Distinct().ToList();
        var without = string.Join(',', all.Where(p => p.Name == Without).Select(p => Uri.EscapeDataString(p.Value)));
        return string.Concat(all.Where(p => p.Name != Without).Select(p => $"&{p.Name}={Uri.EscapeDataString(p.Value)}")) + (without.Length > 0 ? $"&{Without}={without}" : "");
    }
}
