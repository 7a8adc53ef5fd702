using System.Globalization;
using System.Text;

namespace CallCrm.CallFlow;

/// <summary>
/// Words as what was said is found by: runs of letters and digits, small, without accents, in any language. Made here for both sides, so that finding
/// does not depend on what letters are for the database's locale.
/// </summary>
public static class SaidWords
{
    /// <summary>The database takes no longer one (2,046 bytes); nobody says one.</summary>
    const int Longest = 60;

    const int MostAsked = 12;

    /// <summary>Each once, in order.</summary>
    public static string[] Of(IEnumerable<string> texts) => [.. texts.SelectMany(Words).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>All words of it, each as a beginning, as PostgreSQL's <c>tsquery</c>; null: there is no word in it.</summary>
    public static string? Query(string text)
    {
        // Letters and digits only, so nothing in it is an operator.
        var words = Asked(text);
        return words.Length == 0 ? null : string.Join(" & ", words.Select(w => $"'{w}':*"));
    }

    /// <summary>The words that are asked for.</summary>
    public static string[] Asked(string text) => [.. Words(text).Distinct(StringComparer.Ordinal).Take(MostAsked)];

    /// <summary>How many of the words asked for are beginnings of words in a line.</summary>
    public static int In(string line, string[] asked)
    {
        var said = Words(line).ToList();
        return asked.Count(a => said.Exists(w => w.StartsWith(a, StringComparison.Ordinal)));
    }

    static IEnumerable<string> Words(string text)
    {
        var word = new StringBuilder();
        // й and ё lose their marks as well, on both sides.
        foreach (var rune in text.Normalize(NormalizationForm.FormD).EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark) continue;
            if (Rune.IsLetterOrDigit(rune))
            {
                if (word.Length < Longest) word.Append(Rune.ToLowerInvariant(rune).ToString());
            }
            else if (word.Length > 0)
            {
                yield return word.ToString();
                word.Clear();
            }
        }

        if (word.Length > 0) yield return word.ToString();
    }
}
