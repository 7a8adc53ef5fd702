using System.Globalization;
using CallCrm.Contracts;
using Microsoft.Extensions.Localization;

namespace CallCrm.AgentWeb.Clients;

/// <summary>What a list of clients is narrowed to by its address beside tag and source, as a report leads to it: handed to the server as it stands, and told in words.</summary>
static class ClientsNarrowed
{
    static readonly string[] Known = ["kind", "segment", "responsible", "department"];

    /// <summary>Of an address: <c>&amp;segment=vip</c>, or nothing.</summary>
    public static string Of(string uri) => string.Concat(Pairs(uri.Contains('?', StringComparison.Ordinal) ? uri[(uri.IndexOf('?', StringComparison.Ordinal) + 1)..].Split('#')[0] : "")
        .Where(p => Known.Contains(p.Name) || p.Name.StartsWith(CardFields.Own, StringComparison.Ordinal)).Select(p => $"&{p.Name}={Uri.EscapeDataString(p.Value)}"));

    /// <summary>Each field once: <c>Size: ≥ 20, &lt; 40</c>.</summary>
    public static string Text(IStringLocalizer<Texts> t, string narrowed, CatalogView? catalog) => string.Join("; ", Pairs(narrowed).GroupBy(p => Field(p.Name), (field, pairs) =>
    {
        var own = field.StartsWith(CardFields.Own, StringComparison.Ordinal) ? (catalog?.ClientFields ?? []).FirstOrDefault(f => f.Code == field[CardFields.Own.Length..]) : null;
        var name = field switch
        {
            "department" => t["Admin.Department"].Value,
            _ when field.StartsWith(CardFields.Own, StringComparison.Ordinal) => own?.Name ?? field,
            _ => t["Client." + char.ToUpperInvariant(field[0]) + field[1..]].Value,
        };
        var values = pairs.Select(p => Sign(p.Name) + Value(t, field, p.Value, own, catalog)).Where(v => v.Length > 0).ToList();
        return values.Count == 0 ? name : $"{name}: {string.Join(", ", values)}";
    }));

    static string Field(string name) => name.StartsWith(CardFields.Own, StringComparison.Ordinal) ? string.Join('.', name.Split('.').Take(2)) : name;

    static string Sign(string name) => name.Split('.') is [_, _, var end] ? end switch { "from" => "≥ ", "to" => "≤ ", "below" => "< ", _ => "" } : "";

    static string Value(IStringLocalizer<Texts> t, string field, string value, ClientFieldView? own, CatalogView? catalog) => field switch
    {
        "kind" => t["Client.Kind." + value],
        "segment" => catalog?.Segments.FirstOrDefault(s => s.Code == value)?.Name ?? value,
        "responsible" => catalog?.People.FirstOrDefault(p => p.Id.ToString() == value)?.Name ?? "",
        "department" => "",
        _ => own switch
        {
            { Kind: "yes_no" } => t[value == "true" ? "Yes" : "No"],
            { Kind: "date" } when DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) => day.ToString("d", CultureInfo.CurrentCulture),
            _ => own?.Options.FirstOrDefault(o => o.Code == value)?.Name ?? value,
        },
    };

    static IEnumerable<(string Name, string Value)> Pairs(string query) => query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2))
        .Select(p => (Uri.UnescapeDataString(p[0]), p.Length > 1 ? Uri.UnescapeDataString(p[1].Replace('+', ' ')) : ""));
}
