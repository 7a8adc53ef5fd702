using System.Text.RegularExpressions;

namespace CallCrm.CallFlow;

/// <summary>
/// Tax ids that carry check digits. What has the shape of one of them must pass its check: digits alone, of Russian cards 10 or 12 are an INN and 13 or 15 an OGRN, of Italian ones 11 a Partita IVA (with IT before
/// them of any; a Polish NIP has ten, a PESEL eleven, a Romanian CNP thirteen); 16 letters and digits of which the first six are letters, a Codice Fiscale. Any other shape is some other country's, and taken as it is; so is what has the letters of its country before it (PL…).
/// </summary>
public static partial class TaxIds
{
    static readonly int[] Inn10 = [2, 4, 10, 3, 5, 9, 4, 6, 8];
    static readonly int[] Inn11 = [7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
    static readonly int[] Inn12 = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];

    /// <summary>Decree of 23 December 1976: what a character counts at an odd place, first that of 0 and A.</summary>
    static readonly int[] Odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

    /// <param name="clean">As <see cref="ClientDirectory.CleanTaxId"/> leaves it: capitals, no spaces.</param>
    /// <param name="russian">Whose tax id it is lives by Russian law, see <see cref="IsRussian"/>.</param>
    /// <param name="italian">By Italian law, see <see cref="IsItalian"/>.</param>
    /// <returns>What was expected; null: nothing is wrong with it.</returns>
    public static string? Expected(string clean, bool russian = true, bool italian = true)
    {
        ArgumentNullException.ThrowIfNull(clean);
        if (CodiceFiscale().IsMatch(clean)) return IsCodiceFiscale(clean) ? null : "a Codice Fiscale whose check letter is right";
        var digits = clean is ['I', 'T', .. { Length: 11 } rest] ? rest : clean;
        if (digits.Length is not (10 or 11 or 12 or 13 or 15) || !digits.All(char.IsAsciiDigit)) return null;
        return digits.Length switch
        {
            10 or 12 => !russian || IsInn(digits) ? null : "an INN whose check digits are right",
            11 => (!italian && digits == clean) || IsPartitaIva(digits) ? null : "a Partita IVA whose check digit is right",
            _ => !russian || IsOgrn(digits) ? null : "an OGRN whose check digit is right",
        };
    }

    /// <summary>What the card says of its country, else of its language; one that says neither is of the site's own country.</summary>
    public static bool IsRussian(IEnumerable<string> countries, string? language, string region) => IsOf(Russia, "RU", "ru", countries, language, region);

    /// <summary>Likewise.</summary>
    public static bool IsItalian(IEnumerable<string> countries, string? language, string region) => IsOf(Italy, "IT", "it", countries, language, region);

    static bool IsOf(HashSet<string> names, string code, string spoken, IEnumerable<string> countries, string? language, string region)
    {
        var named = countries.Where(c => c.Length > 0).ToList();
        return named.Count > 0 ? named.Exists(names.Contains) : string.IsNullOrEmpty(language) ? region.Equals(code, StringComparison.OrdinalIgnoreCase) : language == spoken;
    }

    static readonly HashSet<string> Italy = new(StringComparer.OrdinalIgnoreCase) { "IT", "ITA", "Italy", "Italia", "Италия" };

    static readonly HashSet<string> Russia = new(StringComparer.OrdinalIgnoreCase) { "RU", "RUS", "Russia", "Russian Federation", "Federazione Russa", "Россия", "РФ", "Российская Федерация" };

    /// <summary>Order MMV-7-6/435 of the Federal Tax Service: of organisations one check digit, of persons two.</summary>
    static bool IsInn(string digits) => digits.Length == 10
        ? Weighed(digits, Inn10) == digits[9] - '0'
        : Weighed(digits, Inn11) == digits[10] - '0' && Weighed(digits, Inn12) == digits[11] - '0';

    static int Weighed(string digits, int[] weights) => weights.Select((w, n) => w * (digits[n] - '0')).Sum() % 11 % 10;

    /// <summary>The rest of the number before it by 11 (13 digits) or 13 (15 digits), of which the last digit.</summary>
    static bool IsOgrn(string digits) =>
        long.Parse(digits.AsSpan(0, digits.Length - 1), System.Globalization.CultureInfo.InvariantCulture) % (digits.Length - 2) % 10 == digits[^1] - '0';

    /// <summary>Luhn's sum.</summary>
    static bool IsPartitaIva(string digits)
    {
        var sum = 0;
        for (var n = 0; n < 11; n++)
        {
            var digit = digits[n] - '0';
            sum += n % 2 == 0 ? digit : digit < 5 ? 2 * digit : (2 * digit) - 9;
        }

        return sum % 10 == 0;
    }

    /// <summary>Of two people who would have the same one, a digit of the second's is a letter (omocodia): it counts as that letter.</summary>
    static bool IsCodiceFiscale(string text)
    {
        if (!CodiceFiscaleParts().IsMatch(text)) return false;
        var sum = 0;
        for (var n = 0; n < 15; n++)
        {
            var value = char.IsAsciiDigit(text[n]) ? text[n] - '0' : text[n] - 'A';
            sum += n % 2 == 0 ? Odd[value] : value;
        }

        return sum % 26 == text[15] - 'A';
    }

    [GeneratedRegex("^[A-Z]{6}[A-Z0-9]{10}$", RegexOptions.NonBacktracking)]
    private static partial Regex CodiceFiscale();

    /// <summary>Name, year, month, day, place, check letter; L to V but O are the digits of an omocodia.</summary>
    [GeneratedRegex("^[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]$", RegexOptions.NonBacktracking)]
    private static partial Regex CodiceFiscaleParts();
}
