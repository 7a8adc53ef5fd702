using System.Globalization;
using System.Text;

namespace CallCrm.CallFlow;

/// <summary>Texts from outside, before they are stored. They are stored as text and shown as text; nothing is ever read as markup.</summary>
public static class PlainText
{
    /// <summary>Without control and format characters and halves of surrogate pairs (PostgreSQL refuses both), trimmed and cut.</summary>
    public static string Clean(string? text, int longest)
    {
        if (string.IsNullOrEmpty(text)) return "";
        var clean = new StringBuilder(Math.Min(text.Length, longest));
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune == Rune.ReplacementChar || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator) continue;
            if (clean.Length == 0 && Rune.IsWhiteSpace(rune)) continue;
            if (clean.Length + rune.Utf16SequenceLength > longest) break;
            clean.Append(rune.ToString());
        }

        return clean.ToString().TrimEnd();
    }

    /// <summary>A text of several lines as a person typed it: line ends and tabs stay.</summary>
    public static string CleanLines(string? text, int longest)
    {
        if (string.IsNullOrEmpty(text)) return "";
        var clean = new StringBuilder(Math.Min(text.Length, longest));
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune == Rune.ReplacementChar || (Rune.IsControl(rune) && rune.Value is not ('\n' or '\t'))) continue;
            if (clean.Length + rune.Utf16SequenceLength > longest) break;
            clean.Append(rune.ToString());
        }

        return clean.ToString().Trim();
    }

    /// <summary>The caller name as a person's or company's name; empty when it is no such thing (a number, markup, code).</summary>
    public static string NameFrom(string? callerName)
    {
        const int Longest = 200;
        var name = Clean(callerName, Longest);
        var letters = name.Count(char.IsLetter);
        if (letters < 2 || letters * 2 < name.Count(c => !char.IsWhiteSpace(c))) return "";
        if (name.AsSpan().IndexOfAny("<>{}[]\\;=|`$%\"") >= 0 || name.Contains("--", StringComparison.Ordinal) || name.Contains("://", StringComparison.Ordinal)) return "";
        return NoNames.Contains(name) ? "" : name;
    }

    static readonly HashSet<string> NoNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "anonymous", "unknown", "private", "restricted", "withheld", "unavailable", "blocked", "wireless caller", "mobile", "cellular", "asterisk", "unknown caller", "no name",
    };
}
