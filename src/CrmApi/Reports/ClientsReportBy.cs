using System.Globalization;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Hiding;

namespace CallCrm.CrmApi.Reports;

/// <summary>What clients are grouped by: a field of the card's head, or one of the site's own.</summary>
/// <param name="Code">As it is asked for.</param>
/// <param name="Kind">list, or what the own field holds; of a calculated one the kind of its result.</param>
/// <param name="OverLinks">Calculated over links: its values stand apart.</param>
internal sealed record ClientsReportBy(string Code, string Kind, CustomField? Field = null, bool OverLinks = false)
{
    /// <summary>Of the card's head; only city can be hidden from somebody.</summary>
    static readonly string[] Head = ["segment", "source", "tag", "language", "city", "kind", "responsible", "department"];

    /// <summary>More than this is no report any more: the most frequent are lines, the rest is one.</summary>
    const int MostTexts = 100;
    const int MostOthers = 1000;

    /// <summary>A longer text does not go into an address.</summary>
    const int LongestInAddress = 300;

    public bool Own => Field is not null;

    /// <summary>SQL: where the values stand.</summary>
    public string Column => OverLinks ? "c.linked" : "c.custom";

    public bool IsRange => Kind is "number" or "money";

    /// <summary>A client may stand in several lines.</summary>
    public bool HasMany => Kind == "choices" || Code is "tag" or "department";

    public string? Target => Kind == CustomField.Link ? Field!.Target : null;

    public int Most => Kind is "text" or CustomField.Link || Code is "source" or "tag" or "city" ? MostTexts : MostOthers;

    /// <summary>All that this person may group by. What is calculated over links is told by rights to other records: it is for who sees all of those.</summary>
    public static IReadOnlyList<ClientsReportBy> Of(IEnumerable<(CustomField Field, bool OverLinks)> own, Veil veil, bool seesAll) =>
    [
        .. Head.Where(h => !veil.Hides(h)).Select(h => new ClientsReportBy(h, "list")),
        .. own.Where(f => (seesAll || !f.OverLinks) && !veil.HidesCustom(f.Field.Code)).Select(f => new ClientsReportBy(CardFieldCodes.CustomPrefix + f.Field.Code, f.Field.Kind == CustomField.Calculated ? f.Field.Result ?? "text" : f.Field.Kind, f.Field, f.OverLinks)),
    ];

    public ClientsReportField View() => new(Code, Field?.Name, Kind, IsRange);

    /// <summary>What a key is called; null: the page, or the key itself, says it.</summary>
    public string? NameOf(string key, string? found) => found ?? (Field?.HasOptions == true ? Field.Options.FirstOrDefault(o => o.Code == key)?.Name : null);

    /// <summary>In the order of the options, of time, or of the ranges; else the most clients first.</summary>
    public IOrderedEnumerable<ClientsReportRow> Sort(IEnumerable<ClientsReportRow> rows)
    {
        var byKind = rows.OrderBy(r => r.Kind switch { "value" => 0, "others" => 1, _ => 2 });
        if (Kind == "date") return byKind.ThenBy(r => r.Key, StringComparer.Ordinal);
        if (IsRange) return byKind.ThenBy(r => r.Currency, StringComparer.Ordinal).ThenBy(r => r.From ?? decimal.MinValue);
        if (Field?.HasOptions == true) return byKind.ThenBy(r => Field.Options.TakeWhile(o => o.Code != r.Key).Count()).ThenBy(r => r.Key, StringComparer.Ordinal);
        return byKind.ThenByDescending(r => r.Figures.Clients).ThenBy(r => r.Name ?? r.Key, StringComparer.CurrentCultureIgnoreCase);
    }

    /// <summary>The list of clients with these alone, where it can be asked for them.</summary>
    public string? Filter(string key, Range? range, int n)
    {
        switch (Kind)
        {
            case "number" or "money":
                return range is null ? null : string.Join('&', new[]
                {
                    n >= 0 ? Pair(Code + ".from", Text(range.First + n * range.Step)) : null,
                    n < range.Count ? Pair(Code + ".below", Text(range.First + (n + 1) * range.Step)) : null,
                    Kind == "money" ? Pair(Code + ".currency", range.Currency) : null,
                }.OfType<string>());
            case "date":
                return DateOnly.TryParseExact(key + "-01", "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var first)
                    ? $"{Pair(Code + ".from", Day(first))}&{Pair(Code + ".to", Day(first.AddMonths(1).AddDays(-1)))}" : null;
            case "choice" or "choices":
                return Field!.Options.Any(o => o.Code == key) ? Pair(Code, key) : null;
            default:
                return key.Length > LongestInAddress ? null : Pair(Code == "language" ? "clientLanguage" : Code, key);
        }
    }

    /// <summary>The list of those in whom nothing stands.</summary>
    public string? Without => Field is not null || ClientFilter.CanLack.Contains(Code) ? Pair("without", Code) : null;

    static string Pair(string name, string value) => $"{name}={Uri.EscapeDataString(value)}";

    static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    static string Text(decimal value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>Equal ranges with round bounds; a line of its own is for what lies before the first, and one for what lies behind the last.</summary>
    internal sealed record Range(string Currency, decimal First, decimal Step, int Count)
    {
        /// <summary>So many, or somewhat fewer.</summary>
        const int About = 6;

        /// <param name="whole">All values are whole numbers: so are the bounds.</param>
        public static Range Of(string currency, decimal low, decimal high, bool whole)
        {
            var step = Round(high > low ? (high - low) / About : Math.Max(Math.Abs(high) / 10, whole ? 1 : 0.01m), whole);
            var first = Math.Floor(low / step) * step;
            return new Range(currency, first, step, (int)((high - first) / step) + 1);
        }

        /// <summary>The next of 1, 2, 2.5, 5, 10, 20, 25, …; of whole numbers a whole one.</summary>
        static decimal Round(decimal step, bool whole)
        {
            var power = whole ? 1 : 0.0001m;
            while (power * 10 <= step) power *= 10;
            return new[] { power, power * 2, power * 2.5m, power * 5 }.FirstOrDefault(s => s >= step && (!whole || decimal.IsInteger(s)), power * 10);
        }
    }
}
