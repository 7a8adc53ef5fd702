using System.Text.RegularExpressions;

namespace CallCrm.CrmApi.Exports;

/// <summary>Texts in files for spreadsheets: what they would take for a formula begins with an apostrophe.</summary>
internal static partial class CsvText
{
    public const string NewLine = "\r\n";

    /// <summary>A telephone number stays as it is: behind a space a spreadsheet does not reckon, and without any it is a number. +7-916-1 is a sum to it.</summary>
    public static string Safe(string? text)
    {
        if (string.IsNullOrEmpty(text)) return "";
        var first = text.AsSpan().TrimStart(' ');
        return first is ['=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '＝' or '＋' or '－' or '＠', ..] && !Telephone().IsMatch(text) ? "'" + text : text;
    }

    /// <summary>RFC 4180: quoted where it must be.</summary>
    public static string Cell(string? text, char separator)
    {
        var safe = Safe(text);
        var quoted = safe.Length > 0 && (safe.AsSpan().IndexOfAny("\"\r\n") >= 0 || safe.Contains(separator) || safe[0] == ' ' || safe[^1] == ' ');
        return quoted ? $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : safe;
    }

    public static string Line(IEnumerable<string?> cells, char separator) => string.Join(separator, cells.Select(c => Cell(c, separator))) + NewLine;

    [GeneratedRegex(@"^\+[0-9]{5,20}$|^\+[0-9]{1,4} [0-9 ()\-]{3,24}$", RegexOptions.NonBacktracking)]
    private static partial Regex Telephone();
}
