using System.Globalization;
using System.Text.Json.Serialization;

namespace CallCrm.Contracts;

/// <summary>How a script compares a field.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ScriptOperator>))]
public enum ScriptOperator
{
    /// <summary>It is this; of a list one entry is.</summary>
    Is,

    /// <summary>It is not this; also when it is empty.</summary>
    IsNot,

    /// <summary>It is one of these.</summary>
    OneOf,

    /// <summary>A number or sum of this or more.</summary>
    AtLeast,

    /// <summary>A number or sum of this or less.</summary>
    AtMost,

    /// <summary>A day before this one.</summary>
    Before,

    /// <summary>A day after this one.</summary>
    After,

    /// <summary>A day from today to so many days ahead; below zero, from so many days ago to today.</summary>
    WithinDays,

    /// <summary>This stands in it, in large or small letters.</summary>
    Contains,

    /// <summary>There is something in it.</summary>
    Filled,

    /// <summary>There is nothing in it.</summary>
    Empty,
}

/// <summary>A condition of a step or of a way out of it.</summary>
/// <param name="Field">The field it is about (<c>client.city</c>).</param>
/// <param name="Values">What it is compared with.</param>
/// <param name="Met">By what is known beforehand; an answer of this call that fills the field counts instead.</param>
public sealed record ScriptConditionView(string Field, ScriptOperator Operator, [property: NotANumber] IReadOnlyList<string> Values, bool Met);

/// <summary>A way out of a step that is taken when no answer leads elsewhere and all conditions are met; the first such one.</summary>
/// <param name="Goto">The step it leads to; null ends the script.</param>
public sealed record ScriptBranchView(IReadOnlyList<ScriptConditionView> When, string? Goto);

/// <summary>Whether what a field holds meets a condition; the one rule that page and server share.</summary>
public static class ScriptTest
{
    /// <summary>Stands for the day of the call.</summary>
    public const string Today = "today";

    /// <param name="has">What the field holds: none, one, or the entries of a list; numbers with a point, sums <c>12.50 EUR</c>, days <c>2026-03-31</c>.</param>
    public static bool Meets(ScriptOperator op, IReadOnlyList<string> wanted, IReadOnlyList<string> has, DateOnly today) => op switch
    {
        ScriptOperator.Filled => Filled(has),
        ScriptOperator.Empty => !Filled(has),
        ScriptOperator.Is or ScriptOperator.OneOf => has.Any(h => wanted.Any(w => Same(h, w, today))),
        ScriptOperator.IsNot => !has.Any(h => wanted.Any(w => Same(h, w, today))),
        ScriptOperator.AtLeast => has.Any(h => wanted.Any(w => Compare(h, w) is >= 0)),
        ScriptOperator.AtMost => has.Any(h => wanted.Any(w => Compare(h, w) is <= 0)),
        ScriptOperator.Before => has.Any(h => wanted.Any(w => Day(h, today) < Day(w, today))),
        ScriptOperator.After => has.Any(h => wanted.Any(w => Day(h, today) > Day(w, today))),
        ScriptOperator.WithinDays => has.Any(h => wanted.Any(w => Within(h, w, today))),
        _ => has.Any(h => wanted.Any(w => h.Contains(w, StringComparison.OrdinalIgnoreCase))),
    };

    /// <summary>A number, or a sum with or without its currency.</summary>
    public static (decimal Amount, string? Currency)? Sum(string text)
    {
        var parts = text.Trim().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return parts.Length is 1 or 2 && decimal.TryParse(parts[0], NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
            && (parts.Length == 1 || (parts[1].Length == 3 && parts[1].All(char.IsAsciiLetter))) ? (amount, parts.Length == 2 ? parts[1].ToUpperInvariant() : null) : null;
    }

    /// <summary>A day, or the day of a moment.</summary>
    public static DateOnly? Day(string text, DateOnly today)
    {
        text = text.Trim();
        if (text.Equals(Today, StringComparison.OrdinalIgnoreCase)) return today;
        if (text.Length > 10 && text[10] is 'T' or ' ') text = text[..10];
        return DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;
    }

    static bool Filled(IReadOnlyList<string> has) => has.Any(h => !string.IsNullOrWhiteSpace(h));

    static bool Same(string has, string wanted, DateOnly today) =>
        string.Equals(has.Trim(), wanted.Trim(), StringComparison.OrdinalIgnoreCase) || Compare(has, wanted) == 0 || (Day(has, today) is { } day && day == Day(wanted, today));

    /// <summary>Null where one is no number, or the currencies differ.</summary>
    static int? Compare(string has, string wanted) =>
        Sum(has) is { } h && Sum(wanted) is { } w && (w.Currency is null || h.Currency is null || h.Currency == w.Currency) ? h.Amount.CompareTo(w.Amount) : null;

    static bool Within(string has, string days, DateOnly today) =>
        Day(has, today) is { } day && int.TryParse(days, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n)
        && (n >= 0 ? day >= today && day.DayNumber - today.DayNumber <= n : day <= today && today.DayNumber - day.DayNumber <= -n);
}
