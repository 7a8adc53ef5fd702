using System.Text.RegularExpressions;

namespace CallCrm.CallFlow;

/// <summary>Extensions: what is keyed in once a number has answered, as people and programs of several countries write it behind the number.</summary>
public static partial class PhoneNumbers
{
    /// <summary>Digits.</summary>
    public const int LongestExtension = 10;

    /// <summary>The number and its extension: +39 02 1234567 ext. 12, x12, int. 12, доб. 12, ;ext=12, #12.</summary>
    /// <returns>An empty extension: there is none.</returns>
    public static (string Number, string Extension) Split(string? typed)
    {
        var text = Clean(typed);
        return Behind().Match(text) is { Success: true, Index: > 0 } found ? (text[..found.Index], found.Groups["n"].Value) : (text, "");
    }

    /// <summary>For a number typed by a person, perhaps with an extension behind it.</summary>
    /// <param name="region">As for <see cref="ToE164"/>.</param>
    /// <returns>Null for E.164 when it is no number; an extension as it stands there, of any length.</returns>
    public static (string? E164, string Extension) Typed(string? typed, string? region)
    {
        var (number, extension) = Split(typed);
        if (ToE164(number, region) is { } e164) return (e164, extension);
        // The library knows forms that are none of ours: tel:+39-02-1234567;ext=12, anexo 12.
        return TryParse(Clean(typed), region is { Length: 2 } ? region.ToUpperInvariant() : "ZZ") is { HasExtension: true } read && Util.IsValidNumber(read)
            ? (Util.Format(read, global::PhoneNumbers.PhoneNumberFormat.E164), read.Extension)
            : (null, extension);
    }

    /// <summary>1 to 10 digits, or none.</summary>
    public static bool IsExtension(string text) => text.Length <= LongestExtension && text.All(char.IsAsciiDigit);

    /// <summary>A number and its extension in the words of a language, as <see cref="Split"/> reads it again: <c>+39 02 1234 5678 ext. 12</c>.</summary>
    public static string WithExtension(string number, string extension, string language) =>
        extension.Length == 0 ? number : $"{number} {language switch { "it" => "int.", "ru" => "доб.", _ => "ext." }} {extension}";

    [GeneratedRegex(@"[\s,;(]*(?:ext(?:ension|n)?|int(?:erno)?|[xх]|доб(?:авочный)?|вн(?:утр(?:енний)?)?|#)[\s.:=]*(?<n>[0-9]+)\)?$", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking | RegexOptions.CultureInvariant)]
    private static partial Regex Behind();
}
