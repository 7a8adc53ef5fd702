using System.Globalization;
using System.Text;
using CallCrm.Engine;
using PhoneNumbers;
using PhoneNumber = CallCrm.Engine.PhoneNumber;

namespace CallCrm.CallFlow;

/// <summary>What a number as the PBX or a person wrote it means (ITU-T E.164, with libphonenumber's metadata).</summary>
public static partial class PhoneNumbers
{
    const int LongestRaw = 80;
    const int LongestE164 = 15;
    static readonly PhoneNumberUtil Util = PhoneNumberUtil.GetInstance();

    /// <summary>What PBXs and carriers write where there is no number (RFC 3323 "anonymous"; Asterisk's "unknown").</summary>
    static readonly HashSet<string> NoNumber = new(StringComparer.OrdinalIgnoreCase)
    {
        "", "anonymous", "unknown", "<unknown>", "private", "restricted", "withheld", "unavailable", "blocked", "none", "asterisk",
    };

    /// <param name="region">ISO 3166 letters: how a number without a country code is read. Empty: only international forms count.</param>
    /// <param name="restricted">The caller asked for the number not to be shown: it is not looked at, even when it stands there.</param>
    /// <param name="isExtension">True for the extensions of our own PBX; they win over every other reading.</param>
    public static PhoneNumber Parse(string? raw, string? region, bool restricted, Func<string, bool> isExtension)
    {
        if (restricted) return PhoneNumber.Withheld;
        var text = Clean(raw);
        if (NoNumber.Contains(text)) return PhoneNumber.Withheld;
        if (isExtension(text)) return new PhoneNumber(text, NumberKind.Extension);
        return ToE164(text, region) is { } e164 ? new PhoneNumber(text, NumberKind.E164, e164) : new PhoneNumber(text, NumberKind.Unparsed);
    }

    /// <summary>For a number typed by a person. Null when it is none.</summary>
    public static string? ToE164(string? typed, string? region)
    {
        var text = Clean(typed);
        if (Dialable(text) is not { } digits) return null;
        var home = region is { Length: 2 } ? region.ToUpperInvariant() : "ZZ";
        if (digits.StartsWith("00", StringComparison.Ordinal)) digits = "+" + digits[2..];
        if (digits[0] == '+') return Read(digits, "ZZ", needValid: false);

        // A trunk may send the country code without its plus. The national reading wins when it is a number that exists.
        return Read(digits, home, needValid: true) ?? Read("+" + digits, "ZZ", needValid: true) ?? Read(digits, home, needValid: false);
    }

    /// <summary>With the spaces people of that country use, in the international form: <c>+39 02 1234 5678</c>.</summary>
    /// <param name="language">Kept for forms that differ by language; the international form does not.</param>
    public static string Format(string e164, string language)
    {
        _ = language;
        return TryParse(e164, "ZZ") is { } number ? Util.Format(number, PhoneNumberFormat.INTERNATIONAL) : e164;
    }

    /// <summary>The digits to dial within a country: <c>0212345678</c> in Italy, <c>0044 …</c> to elsewhere.</summary>
    public static string DialledFrom(string e164, string region) =>
        TryParse(e164, "ZZ") is { } number ? string.Concat(Util.FormatOutOfCountryCallingNumber(number, region.ToUpperInvariant()).Where(c => char.IsAsciiDigit(c) || c == '+')) : e164;

    /// <summary>ISO 3166 letters of the number's country; null for numbers of none (satellite, freephone) or unreadable ones.</summary>
    public static string? Country(string e164) =>
        TryParse(e164, "ZZ") is { } number && Util.GetRegionCodeForNumber(number) is { Length: 2 } region && char.IsAsciiLetterUpper(region[0]) ? region : null;

    /// <summary>For logs: country code and the last four digits.</summary>
    public static string Mask(PhoneNumber number) => number.Kind switch
    {
        NumberKind.E164 when number.E164 is { Length: > 8 } e164 => $"{e164[..3]}•••{e164[^4..]}",
        NumberKind.Extension => number.Raw,
        NumberKind.Withheld => "withheld",
        _ => "unparsed",
    };

    /// <summary>Numbers within a text, as they stand there.</summary>
    /// <param name="region">How those without a country code are read.</param>
    public static IEnumerable<(int Start, string Text)> InText(string text, string region) => Util.FindNumbers(text, region).Select(m => (m.Start, m.RawString));

    /// <summary>For people who may not see it: <c>+39 ••• ••• 4567</c>; of a short one less.</summary>
    public static string Masked(string e164)
    {
        if (TryParse(e164, "ZZ") is not { } number) return "••• ••• " + e164[^2..];
        var rest = e164.Length - 1 - number.CountryCode.ToString(CultureInfo.InvariantCulture).Length;
        return string.Create(CultureInfo.InvariantCulture, $"+{number.CountryCode} ••• ••• {e164[^(rest >= 8 ? 4 : 2)..]}");
    }

    /// <summary>Loads the metadata, which takes some 100 ms at the first number of a country, before the first call does.</summary>
    public static void WarmUp(params IEnumerable<string> regions)
    {
        foreach (var region in regions)
        {
            if (Util.GetExampleNumber(region.ToUpperInvariant()) is { } example) Format(Util.Format(example, PhoneNumberFormat.E164), "en");
        }
    }

    /// <summary>Without control characters and halves of surrogate pairs, trimmed, at most 80 characters.</summary>
    internal static string Clean(string? raw) => PlainText.Clean(raw, LongestRaw);

    /// <summary>The digits with a leading plus kept; null when anything stands in it that no telephone number has.</summary>
    static string? Dialable(string text)
    {
        var digits = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (char.IsAsciiDigit(c) || (c == '+' && digits.Length == 0)) digits.Append(c);
            else if (c is not (' ' or '-' or '.' or '(' or ')' or '/' or '\u00a0')) return null;
        }

        return digits.Length is < 5 or > LongestE164 + 3 ? null : digits.ToString();
    }

    static string? Read(string digits, string region, bool needValid)
    {
        if (TryParse(digits, region) is not { } number) return null;
        var exists = Util.IsValidNumber(number);
        if (!exists && (needValid || Util.IsPossibleNumberWithReason(number) != PhoneNumberUtil.ValidationResult.IS_POSSIBLE)) return null;
        var e164 = Util.Format(number, PhoneNumberFormat.E164);
        return e164.Length <= LongestE164 + 1 ? e164 : null;
    }

    static global::PhoneNumbers.PhoneNumber? TryParse(string text, string region)
    {
        try
        {
            return Util.Parse(text, region);
        }
        catch (NumberParseException)
        {
            return null;
        }
    }
}
