using System.Globalization;
using System.Text.RegularExpressions;

namespace CallCrm.CrmApi.Imports;

/// <summary>What the text of a cell means, as people and programs of several countries write it.</summary>
internal static partial class Cells
{
    /// <summary>Excel counts days from here (its 29 February 1900 that never was is in it).</summary>
    static readonly DateTime ExcelZero = new(1899, 12, 30);

    static readonly string[] DateForms =
    [
        "yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm", "yyyy-MM-ddTHH:mm:ss", "yyyyMMdd",
    ];

    static readonly string[] DayFirst = Numeric("d{0}M"), MonthFirst = Numeric("M{0}d");

    static string[] Numeric(string order) =>
        [.. new[] { ".", "/", "-" }.SelectMany(sign => new[] { "yyyy", "yy" }.SelectMany(year => new[] { "", " H:mm", " H:mm:ss", " h:mm tt", " h:mm:ss tt" }.Select(hour => $"{string.Format(CultureInfo.InvariantCulture, order, sign)}{sign}{year}{hour}")))];

    /// <summary>Without what spreadsheets put before a text so that it is none of theirs: the apostrophe against formulas.</summary>
    public static string Plain(string cell)
    {
        var text = cell.Trim();
        if (text is not ['\'', .. var rest]) return text;
        var bare = rest.Trim();
        return rest is ['\t' or '\r' or '\n', ..] || bare is ['=' or '+' or '-' or '@', ..] ? bare : text;
    }

    /// <summary>1 234,56 and 1.234,56 and 1,234.56 and 1234.5: the last of point and comma parts the fraction, unless it can only part thousands.</summary>
    public static decimal? Decimal(string cell)
    {
        var text = string.Concat(cell.Where(c => !char.IsWhiteSpace(c) && c is not ('\'' or '’' or '\u00a0' or '\u202f'))).Trim('€', '$', '£', '₽');
        text = RoubleWord().Replace(text, "");
        var (comma, point) = (text.LastIndexOf(','), text.LastIndexOf('.'));
        if (comma >= 0 && point >= 0) text = text.Replace(comma > point ? "." : ",", "", StringComparison.Ordinal);
        else if (text.Count(c => c == ',') > 1 || text.Count(c => c == '.') > 1) text = text.Replace(",", "", StringComparison.Ordinal).Replace(".", "", StringComparison.Ordinal);
        text = text.Replace(',', '.');
        return decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) ? value : null;
    }

    /// <summary>Day before month, or the other way round as its column has it (<see cref="DateOrder"/>); ISO 8601; or the number of days that Excel keeps.</summary>
    public static DateTime? Date(string cell, bool monthFirst = false)
    {
        var text = cell.Trim().Replace(", ", " ", StringComparison.Ordinal);
        if (DateTime.TryParseExact(text, monthFirst ? MonthFirst : DayFirst, CultureInfo.InvariantCulture, DateTimeStyles.None, out var numeric)) return numeric;
        if (DateTime.TryParseExact(text, DateForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)) return date;
        return Decimal(text) is { } days && days is >= 1 and < 100_000 && !text.Contains(' ', StringComparison.Ordinal) ? ExcelZero.AddDays((double)days) : null;
    }

    /// <summary>Also one whose order does not fit its column: 11/28/2026 10:15 is at least no number.</summary>
    public static bool LooksLikeDate(string cell) => DateLike().IsMatch(cell.Trim());

    /// <summary>7,9161E+10: a spreadsheet showed a long number so, and saved what it showed. The digits are gone.</summary>
    public static bool IsScientific(string cell) => Scientific().IsMatch(cell.Trim());

    /// <summary>The numbers of one cell, each with the extension behind it, if any.</summary>
    public static IEnumerable<(string Number, string Extension)> Phones(string cell) => LabelledPhones(cell).Select(p => (p.Number, p.Extension));

    /// <summary>As <see cref="Phones"/>, with what stands in brackets behind a number: +39 02 1234 5678 (office).</summary>
    public static IEnumerable<(string Number, string Extension, string Label)> LabelledPhones(string cell)
    {
        foreach (var part in Parts(cell, ";\n|").SelectMany(ByComma))
        {
            var (text, label) = Labelled(Plain(part));
            if (text.Length == 0) continue;
            // Also in the brackets: 020 7946 0000 (ext. 12).
            if (IsExtension(label)) (text, label) = ($"{text} {label}", "");
            var (number, extension) = CallFlow.PhoneNumbers.Split(text);
            yield return (number, extension, label);
        }
    }

    // A comma may stand before an extension: 020 7946 0000, ext. 12.
    static IEnumerable<string> ByComma(string text)
    {
        var parts = Parts(text, ",");
        for (var n = 0; n < parts.Count; n++)
        {
            var part = parts[n];
            if (n + 1 < parts.Count && IsExtension(parts[n + 1].Trim())) part += " " + parts[++n].Trim();
            yield return part;
        }
    }

    static bool IsExtension(string text) => CallFlow.PhoneNumbers.Split("0 " + text) is { Number: "0", Extension.Length: > 0 };

    /// <summary>The addresses of mail in one cell, each with what stands in brackets behind it.</summary>
    public static IEnumerable<(string Address, string Label)> Mails(string cell)
    {
        foreach (var part in Parts(cell, ";,\n"))
        {
            var (text, label) = Labelled(Plain(part));
            // Blanks part addresses; what holds something else is no list, and refused as a whole.
            var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 1 && !Array.TrueForAll(words, w => w.Contains('@'))) words = [text];
            foreach (var word in words) yield return (word, label);
        }
    }

    /// <summary>A text and the label in brackets behind it: the longest one whose brackets match and that has a letter in it.</summary>
    static (string Text, string Label) Labelled(string text)
    {
        for (var at = text.IndexOf('('); at > 0 && text.EndsWith(')'); at = text.IndexOf('(', at + 1))
        {
            var label = text[(at + 1)..^1];
            if (label.Any(char.IsLetter) && IsEven(label)) return (text[..at].Trim(), label.Trim());
        }

        return (text, "");
    }

    static bool IsEven(string text)
    {
        var depth = 0;
        foreach (var c in text)
        {
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            if (depth < 0) return false;
        }

        return depth == 0;
    }

    /// <summary>Parted by any of these signs, but not within brackets that match.</summary>
    public static List<string> Parts(string text, string signs)
    {
        if (!IsEven(text)) return [.. text.Split(signs.ToCharArray(), StringSplitOptions.RemoveEmptyEntries)];
        var (parts, from, depth) = (new List<string>(), 0, 0);
        for (var n = 0; n <= text.Length; n++)
        {
            if (n < text.Length) depth += text[n] == '(' ? 1 : text[n] == ')' ? -1 : 0;
            if (n < text.Length && (depth > 0 || !signs.Contains(text[n]))) continue;
            if (n > from) parts.Add(text[from..n]);
            from = n + 1;
        }

        return parts;
    }

    [GeneratedRegex(@"^(?:\d{1,2}(?<sign>[./-])\d{1,2}\k<sign>\d{2,4}|\d{4}-\d{1,2}-\d{1,2})(?:[ T,].*)?$", RegexOptions.None, 1000)]
    private static partial Regex DateLike();

    [GeneratedRegex(@"^[+-]?\d(?:[.,]\d+)?[eEеЕ][+-]?\d{1,3}$", RegexOptions.NonBacktracking)]
    private static partial Regex Scientific();

    [GeneratedRegex(@"(?:руб\.?|р\.|RUB|EUR|USD)$", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex RoubleWord();
}
