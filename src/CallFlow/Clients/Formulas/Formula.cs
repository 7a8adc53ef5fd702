using System.Globalization;

namespace CallCrm.CallFlow;

public enum FormulaKind { Text, Number, Date, YesNo }

/// <summary>What a formula is evaluated with.</summary>
/// <param name="Of">A field or figure by its name: string, decimal, DateOnly, bool, or null where there is none.</param>
/// <param name="Today">The site's day.</param>
public sealed record FormulaValues(Func<string, object?> Of, DateOnly Today);

/// <summary>
/// An expression over fields and figures, checked as it is read. Own code, not an expression library: those evaluate what they are given, while here names, kinds and
/// nesting are checked before anything is saved, and each error says where and what was expected. It can call nothing but the functions below, has no loops, and is bounded in
/// length and depth; what cannot be reckoned (division by zero, too large) is empty.
/// </summary>
public sealed class Formula
{
    public const int Longest = 1_000;

    /// <summary>Brackets, signs and <c>not</c> within each other.</summary>
    public const int Deepest = 30;

    readonly Func<FormulaValues, object?> body;

    internal Formula(FormulaKind kind, IReadOnlySet<string> uses, bool usesToday, Func<FormulaValues, object?> body) => (Kind, Uses, UsesToday, this.body) = (kind, uses, usesToday, body);

    public FormulaKind Kind { get; }

    /// <summary>Names of fields and figures, as they are known.</summary>
    public IReadOnlySet<string> Uses { get; }

    public bool UsesToday { get; }

    public object? Evaluate(FormulaValues values) => body(values);

    /// <param name="find">A field or figure by its name in any case; null: there is none that can be reckoned with.</param>
    /// <param name="expected">What was expected, and where; null when it is right.</param>
    /// <param name="why">What was expected in the place of a name that there is not; null: nothing more can be said.</param>
    public static Formula? Parse(string source, Func<string, (string Name, FormulaKind Kind)?> find, out string? expected, Func<string, string?>? why = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (string.IsNullOrWhiteSpace(source) || source.Length > Longest)
        {
            expected = $"a formula of 1 to {Longest} characters";
            return null;
        }

        return new FormulaParser(source, find, why).Read(out expected);
    }

    /// <summary>As <c>client_field.result</c> has it.</summary>
    public static string NameOf(FormulaKind kind) => kind switch { FormulaKind.Text => "text", FormulaKind.Number => "number", FormulaKind.Date => "date", _ => "yes_no" };

    public static FormulaKind? KindOf(string? name) => name switch { "text" => FormulaKind.Text, "number" => FormulaKind.Number, "date" => FormulaKind.Date, "yes_no" => FormulaKind.YesNo, _ => null };

    internal static string TextOf(object? value) => value switch
    {
        null => "",
        bool yes => yes ? "yes" : "no",
        DateOnly day => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        decimal number => number.ToString("0.##########", CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
