using Part = System.Func<CallCrm.CallFlow.FormulaValues, object?>;

namespace CallCrm.CallFlow;

/// <param name="Kinds">What each place takes, the last for all that follow; null: any kind.</param>
/// <param name="Gives">Null: what the common places hold.</param>
internal sealed record FormulaFunction(string Name, int Least, int Most, FormulaKind?[] Kinds, FormulaKind? Gives, Func<Part[], Part> Make)
{
    public bool UsesToday { get; init; }

    /// <summary>Numbers or days.</summary>
    public bool OnlyOrdered { get; init; }

    public FormulaKind? Takes(int place) => Kinds.Length == 0 ? null : Kinds[Math.Min(place, Kinds.Length - 1)];

    /// <summary>Of the same kind as the other common ones.</summary>
    public bool IsCommon(int place) => Gives is null && Takes(place) is null;
}

/// <summary>All that a formula can call.</summary>
internal static class FormulaFunctions
{
    const FormulaKind Text = FormulaKind.Text, Number = FormulaKind.Number, Date = FormulaKind.Date, YesNo = FormulaKind.YesNo;

    static readonly Dictionary<string, FormulaFunction> All = new FormulaFunction[]
    {
        new("if", 2, 3, [YesNo, null], null, p => v => p[0](v) is true ? p[1](v) : p.Length > 2 ? p[2](v) : null),
        new("coalesce", 1, 20, [null], null, p => v => p.Select(x => x(v)).FirstOrDefault(x => x is not null)),
        new("min", 1, 20, [null], null, p => v => p.Select(x => x(v)).Where(x => x is not null).Min()) { OnlyOrdered = true },
        new("max", 1, 20, [null], null, p => v => p.Select(x => x(v)).Where(x => x is not null).Max()) { OnlyOrdered = true },
        new("round", 1, 2, [Number], Number, p => v => p[0](v) is decimal x ? decimal.Round(x, p.Length > 1 && p[1](v) is decimal d ? (int)Math.Clamp(d, 0, 10) : 0, MidpointRounding.AwayFromZero) : null),
        new("abs", 1, 1, [Number], Number, p => v => p[0](v) is decimal x ? Math.Abs(x) : null),
        new("floor", 1, 1, [Number], Number, p => v => p[0](v) is decimal x ? Math.Floor(x) : null),
        new("days", 2, 2, [Date], Number, p => v => FormulaMath.Days(p[0](v), p[1](v))),
        new("today", 0, 0, [], Date, _ => v => v.Today) { UsesToday = true },
        new("year", 1, 1, [Date], Number, p => v => p[0](v) is DateOnly x ? (decimal)x.Year : null),
        new("month", 1, 1, [Date], Number, p => v => p[0](v) is DateOnly x ? (decimal)x.Month : null),
        new("text", 1, 1, [null], Text, p => v => FormulaMath.Text(Formula.TextOf(p[0](v)))),
        new("length", 1, 1, [Text], Number, p => v => (decimal)Formula.TextOf(p[0](v)).EnumerateRunes().Count()),
        new("upper", 1, 1, [Text], Text, p => v => (p[0](v) as string)?.ToUpperInvariant()),
        new("lower", 1, 1, [Text], Text, p => v => (p[0](v) as string)?.ToLowerInvariant()),
        new("left", 2, 2, [Text, Number], Text, p => v => p[0](v) is string x && p[1](v) is decimal n ? FormulaMath.Text(x[..(int)Math.Clamp(n, 0, x.Length)]) : null),
        new("contains", 2, 2, [Text], YesNo, p => v => p[0](v) is string x && p[1](v) is string y && x.Contains(y, StringComparison.OrdinalIgnoreCase)),
        new("isempty", 1, 1, [null], YesNo, p => v => p[0](v) is null),
    }.ToDictionary(f => f.Name, StringComparer.OrdinalIgnoreCase);

    public static FormulaFunction? Find(string name) => All.GetValueOrDefault(name);
}

/// <summary>Empty in, empty out; what cannot be reckoned is empty.</summary>
internal static class FormulaMath
{
    public static Part Reckon(string sign, Part a, Part b) => v =>
    {
        if (a(v) is not decimal x || b(v) is not decimal y) return null;
        try
        {
            return sign switch { "+" => x + y, "-" => x - y, "*" => x * y, _ => y == 0 ? null : x / y };
        }
        catch (OverflowException)
        {
            return null;
        }
    };

    /// <summary>Two empty ones are the same; nothing is more or less than an empty one. Texts in any case.</summary>
    public static Part Compare(string sign, Part a, Part b) => v =>
    {
        var (x, y) = (a(v), b(v));
        if (sign is "=" or "<>" or "!=") return (x is null || y is null ? x is null && y is null : Order(x, y) == 0) == (sign == "=");
        if (x is null || y is null) return false;
        var order = Order(x, y);
        return sign switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 };
    };

    static int Order(object x, object y) => x is string text ? string.Compare(text, y as string, StringComparison.OrdinalIgnoreCase) : ((IComparable)x).CompareTo(y);

    public static object? Days(object? from, object? to) => from is DateOnly a && to is DateOnly b ? (decimal)(b.DayNumber - a.DayNumber) : null;

    public static object? Later(object? day, object? days, int sign)
    {
        if (day is not DateOnly from || days is not decimal count) return null;
        return sign * decimal.Truncate(count) + from.DayNumber is var at && at >= DateOnly.MinValue.DayNumber && at <= DateOnly.MaxValue.DayNumber ? DateOnly.FromDayNumber((int)at) : null;
    }

    /// <summary>No longer than a field of text, and no half of a character at its end; an empty one is none.</summary>
    public static object? Text(string text)
    {
        if (text.Length > CustomField.LongestText) text = text[..CustomField.LongestText];
        if (text.Length > 0 && char.IsHighSurrogate(text[^1])) text = text[..^1];
        return text.Length == 0 ? null : text;
    }
}
