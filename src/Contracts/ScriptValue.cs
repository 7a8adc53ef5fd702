using System.Globalization;

namespace CallCrm.Contracts;

/// <summary>What a typed answer must look like; the one rule that page and server share.</summary>
public static class ScriptValue
{
    public const int MaxTextLength = 2_000;

    /// <summary>The value in its canonical form, or null when it has not the form that <paramref name="kind"/> asks for.</summary>
    public static string? Canonical(QuestionKind kind, string value)
    {
        value = value.Trim();
        switch (kind)
        {
            case QuestionKind.YesNo:
                return value is "yes" or "no" ? value : null;
            case QuestionKind.Number or QuestionKind.Money:
                if (!decimal.TryParse(value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return null;
                if (kind is QuestionKind.Number) return number.ToString(CultureInfo.InvariantCulture);
                return decimal.Round(number, 2) == number ? number.ToString("0.00", CultureInfo.InvariantCulture) : null;
            case QuestionKind.Date:
                return DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) ? value : null;
            default:
                return value.Length is > 0 and <= MaxTextLength ? value : null;
        }
    }

    /// <summary>What was expected of a typed answer that fits no such question; null when it fits.</summary>
    public static string? Expected(QuestionKind kind, string given, decimal? min, decimal? max)
    {
        if (Canonical(kind, given) is not { } value)
        {
            return kind switch
            {
                QuestionKind.YesNo => "expected yes or no",
                QuestionKind.Number => "expected a number such as 12.5",
                QuestionKind.Money => "expected an amount such as 1250.00",
                QuestionKind.Date => "expected a day such as 2026-03-05",
                _ => $"expected text of at most {MaxTextLength} characters",
            };
        }

        if (kind is not (QuestionKind.Number or QuestionKind.Money)) return null;
        var number = decimal.Parse(value, CultureInfo.InvariantCulture);
        if (number < min) return string.Create(CultureInfo.InvariantCulture, $"expected {min} or more");
        return number > max ? string.Create(CultureInfo.InvariantCulture, $"expected {max} or less") : null;
    }
}
