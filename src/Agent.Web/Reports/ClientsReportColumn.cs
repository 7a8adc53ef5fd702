using System.Globalization;
using CallCrm.Contracts;
using Microsoft.Extensions.Localization;

namespace CallCrm.AgentWeb.Reports;

/// <summary>A figure of the report on clients: its name and how it is counted are the texts ClientsReport.Col and ClientsReport.Def of its key.</summary>
/// <param name="Order">What it is sorted by; of amounts the first currency's, as several cannot be compared.</param>
sealed record ClientsReportColumn(string Key, Func<ClientsReportFigures, IEnumerable<string>> Values, Func<ClientsReportFigures, string?, decimal> Order)
{
    static readonly ClientsReportColumn[] OfClients = [Count("Clients", f => f.Clients), Count("New", f => f.New)];

    static readonly ClientsReportColumn[] OfCalls =
    [
        Count("Called", f => f.Called), Count("CallsIn", f => f.CallsIn), Count("Answered", f => f.Answered), Count("Missed", f => f.Missed), Count("CallsOut", f => f.CallsOut), Count("Reached", f => f.Reached),
        new("Talk", f => [Texts.Span(TimeSpan.FromSeconds(f.Talk_s))], (f, _) => f.Talk_s),
    ];

    static readonly ClientsReportColumn[] OfDeals =
    [
        Count("Opened", f => f.DealsOpened), Count("Won", f => f.Won), Sums("WonAmount", f => f.WonAmounts, s => s.Sum), Count("Lost", f => f.Lost), Count("Open", f => f.OpenDeals),
    ];

    static readonly ClientsReportColumn[] OfSum = [Sums("Sum", f => f.Sums, s => s.Sum), Sums("Average", f => f.Sums, s => s.Average)];

    /// <summary>Of what is not seen there are none.</summary>
    public static IReadOnlyList<ClientsReportColumn> Of(ClientsReportView view) => [.. view.Sum is null ? [] : OfSum, .. OfClients, .. view.Calls ? OfCalls : [], .. view.Deals ? OfDeals : []];

    public string Name(IStringLocalizer<Texts> t) => t["ClientsReport.Col." + Key];

    public string Definition(IStringLocalizer<Texts> t) => t["ClientsReport.Def." + Key];

    /// <summary>The currency by which amounts are sorted: that of most values.</summary>
    public string? First(ClientsReportFigures total) => (Key == "WonAmount" ? total.WonAmounts : Key is "Sum" or "Average" ? total.Sums : []) is [var first, ..] ? first.Currency : null;

    static ClientsReportColumn Count(string key, Func<ClientsReportFigures, long> of) => new(key, f => [of(f).ToString("N0", CultureInfo.CurrentCulture)], (f, _) => of(f));

    static ClientsReportColumn Sums(string key, Func<ClientsReportFigures, IReadOnlyList<CurrencySum>> of, Func<CurrencySum, decimal> value) =>
        new(key, f => of(f).Count == 0 ? ["–"] : of(f).Select(s => s.Currency is { } currency ? Texts.Money(value(s), currency) : value(s).ToString("#,0.##", CultureInfo.CurrentCulture)),
            (f, currency) => of(f).FirstOrDefault(s => s.Currency == currency) is { } sum ? value(sum) : decimal.MinValue);
}

/// <summary>Names of what clients are grouped by, and of the lines.</summary>
static class ClientsReportText
{
    /// <summary>What there is to group by before the report has said what else there is.</summary>
    public static IReadOnlyList<ClientsReportField> Head { get; } = [.. new[] { "segment", "source", "tag", "language", "city", "kind", "responsible", "department" }.Select(c => new ClientsReportField(c, null, "list"))];

    public static string Name(IStringLocalizer<Texts> t, ClientsReportField field) => field.Name ?? field.Code switch
    {
        "tag" => t["Client.Tags"],
        "department" => t["Admin.Department"],
        _ => t["Client." + char.ToUpperInvariant(field.Code[0]) + field.Code[1..]],
    };

    public static string Line(IStringLocalizer<Texts> t, ClientsReportView view, ClientsReportRow row)
    {
        if (row.Kind != "value") return t[row.Kind == "without" ? "ClientsReport.Without" : "ClientsReport.Others"];
        if (row.Key is not { } key) return Range(t, row);
        if (row.Name is { Length: > 0 } name) return name;
        return (view.By, view.Fields.FirstOrDefault(f => f.Code == view.By)?.Kind) switch
        {
            ("language", _) => Texts.LanguageName(key),
            ("kind", _) => t["Client.Kind." + key],
            ("source", _) => Texts.Source(t, key),
            (_, "yes_no") => t[key == "true" ? "Yes" : "No"],
            (_, "date") when DateOnly.TryParseExact(key + "-01", "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var month) => month.ToString("MMMM yyyy", CultureInfo.CurrentCulture),
            _ => key,
        };
    }

    static string Range(IStringLocalizer<Texts> t, ClientsReportRow row)
    {
        static string Number(decimal? value) => value?.ToString("#,0.####", CultureInfo.CurrentCulture) ?? "";
        var range = row.From is null ? t["ClientsReport.Under", Number(row.Below)].Value : row.Below is null ? t["ClientsReport.AndMore", Number(row.From)].Value : t["ClientsReport.Range", Number(row.From), Number(row.Below)].Value;
        return row.Currency is { Length: > 0 } currency ? $"{range} {currency}" : range;
    }
}
