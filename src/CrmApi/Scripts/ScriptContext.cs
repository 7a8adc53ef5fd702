using System.Globalization;
using System.Text;

namespace CallCrm.CrmApi.Scripts;

/// <summary>What a script is filled with for one call.</summary>
/// <param name="Values">By placeholder name (<c>client.name</c>); a missing or blank one leaves the script's own words.</param>
/// <param name="LocalTime">Where the caller is greeted: the queue's zone.</param>
/// <param name="Language">Of the script, for <c>{{day.greeting}}</c>.</param>
internal sealed record ScriptContext(IReadOnlyDictionary<string, string?> Values, TimeOnly LocalTime, string Language = "en")
{
    /// <summary>Longer values (a caller may send a name of 500 characters) are cut: nobody can speak them.</summary>
    public const int MaxLength = 120;

    /// <summary>What conditions are compared with.</summary>
    public ScriptFacts Facts { get; init; } = ScriptFacts.None;

    /// <summary>The site's own fields.</summary>
    public IReadOnlyList<CallFlow.CustomField> Fields { get; init; } = [];

    /// <summary>The value as plain text, or null when it is not known.</summary>
    public string? Value(string placeholder)
    {
        if (placeholder is "day.greeting") return Greeting(Language, LocalTime);
        var value = Values.GetValueOrDefault(placeholder);
        return string.IsNullOrWhiteSpace(value) || Clean(value) is not { Length: > 0 } clean ? Always(placeholder) : clean;
    }

    /// <summary>What stands for a value that should always be there, should it once be missing.</summary>
    private static string? Always(string placeholder) => placeholder switch
    {
        "agent.name" or "company.name" => "…",
        _ => null,
    };

    private static string Greeting(string language, TimeOnly time) => (language, time.Hour) switch
    {
        ("it", >= 5 and < 13) => "Buongiorno",
        ("it", >= 13 and < 17) => "Buon pomeriggio",
        ("it", _) => "Buonasera",
        ("ru", >= 5 and < 12) => "Доброе утро",
        ("ru", >= 12 and < 18) => "Добрый день",
        ("ru", _) => "Добрый вечер",
        (_, >= 5 and < 12) => "Good morning",
        (_, >= 12 and < 18) => "Good afternoon",
        _ => "Good evening",
    };

    /// <summary>
    /// Without control and format characters (line breaks, direction overrides, which could turn the rest of the line
    /// around) and cut at a whole character. Markup stays what it is, text.
    /// </summary>
    private static string Clean(string value)
    {
        var clean = new StringBuilder();
        foreach (var rune in value.EnumerateRunes())
        {
            var category = Rune.GetUnicodeCategory(rune);
            if (category is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator) clean.Append(' ');
            else if (category is not UnicodeCategory.Format) clean.Append(rune.ToString());
            if (clean.Length >= MaxLength) return clean.ToString().Trim() + "…";
        }

        return clean.ToString().Trim();
    }
}
