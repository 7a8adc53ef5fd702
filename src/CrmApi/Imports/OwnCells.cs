using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CallCrm.CallFlow;

namespace CallCrm.CrmApi.Imports;

/// <summary>Cells of the site's own fields, as 1C, Excel and people write them: what a field takes by itself, and decimal commas, days as numbers, yes in three languages.</summary>
internal static partial class OwnCells
{
    static readonly string[] Yes = ["yes", "y", "true", "1", "x", "+", "да", "истина", "sì", "si", "vero"];
    static readonly string[] No = ["no", "n", "false", "0", "-", "нет", "ложь", "falso"];

    static readonly Dictionary<string, string> Signs = new(StringComparer.OrdinalIgnoreCase) { ["€"] = "EUR", ["$"] = "USD", ["£"] = "GBP", ["₽"] = "RUB", ["руб"] = "RUB", ["руб."] = "RUB", ["р."] = "RUB" };

    /// <returns>As the field stores it; null: it is none of what the field takes.</returns>
    /// <param name="monthFirst">Of a date, as its column has it.</param>
    public static JsonNode? Read(CustomField field, string cell, bool monthFirst = false) => field.Kind switch
    {
        "number" => Cells.IsScientific(cell) ? null : field.Parse(Number(cell)),
        "money" => Money(field, cell),
        "date" => Cells.Date(cell, monthFirst) is { } day ? field.Parse(day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)) : null,
        "yes_no" => Array.IndexOf(Yes, cell.ToLowerInvariant()) >= 0 ? JsonValue.Create(true) : Array.IndexOf(No, cell.ToLowerInvariant()) >= 0 ? JsonValue.Create(false) : null,
        "choices" => field.Parse(cell) ?? field.Parse(cell.Replace(';', ',').Replace('|', ',').Replace('\n', ',')),
        _ => field.Parse(cell),
    };

    static string Number(string cell) => Cells.Decimal(cell) is { } number && cell.IndexOfAny(['€', '$', '£', '₽']) < 0 ? number.ToString(CultureInfo.InvariantCulture) : cell;

    /// <summary>A sum without a currency is in euros, as deals are.</summary>
    static JsonNode? Money(CustomField field, string cell)
    {
        if (Sum().Match(cell) is not { Success: true } match || Cells.Decimal(match.Groups["sum"].Value) is not { } sum) return null;
        var sign = match.Groups["sign"].Value;
        return field.Parse($"{sum.ToString(CultureInfo.InvariantCulture)} {(sign.Length == 0 ? "EUR" : Signs.GetValueOrDefault(sign, sign))}");
    }

    [GeneratedRegex(@"^(?<sign>[A-Za-z]{3}|[€$£₽])?\s*(?<sum>[-+]?[0-9][0-9.,'’\s\u00a0\u202f]*?)\s*(?<sign>[A-Za-z]{3}|[€$£₽]|руб\.?|р\.)?$", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Sum();
}
