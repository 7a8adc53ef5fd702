using System.Text;

namespace CallCrm.CrmApi.Errors;

/// <summary>Text from outside, as PostgreSQL can keep it: no NUL, no half of a surrogate pair.</summary>
internal static class Texts
{
    public static string Clean(string? text)
    {
        if (string.IsNullOrEmpty(text)) return "";
        var fine = true;
        for (var i = 0; i < text.Length && fine; i++)
        {
            if (text[i] is '\0') fine = false;
            else if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) i++;
            else if (char.IsSurrogate(text[i])) fine = false;
        }

        if (fine) return text;
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value != 0) clean.Append(rune.ToString());
        }

        return clean.ToString();
    }

    /// <summary>Of what may be left out: empty is not given.</summary>
    public static string? CleanOrNull(string? text) => Clean(text) is { Length: > 0 } clean ? clean : null;

    /// <summary>For <c>like</c>: the three characters that mean something there are taken as themselves.</summary>
    public static string LikeFragment(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);
}
