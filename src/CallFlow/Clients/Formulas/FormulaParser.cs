using System.Globalization;

namespace CallCrm.CallFlow;

/// <summary>
/// Reads a formula by recursive descent into closures whose kinds are known:
/// <c>or</c>, <c>and</c>, <c>not</c>, comparison, <c>&amp;</c>, <c>+ -</c>, <c>* /</c>, sign, value. The first thing that is wrong is told, by the character it begins at.
/// </summary>
internal sealed class FormulaParser
{
    enum Sort { Number, Text, Name, Sign, End }

    readonly record struct Token(Sort Sort, string Text, int At);

    static readonly string[] Signs = ["<=", ">=", "<>", "!=", "=", "<", ">", "+", "-", "*", "/", "&", "(", ")", ","];
    static readonly string[] Comparisons = ["=", "<>", "!=", "<", "<=", ">", ">="];

    readonly Func<string, (string Name, FormulaKind Kind)?> find;
    readonly Func<string, string?>? why;
    readonly List<Token> tokens = [];
    readonly HashSet<string> uses = new(StringComparer.Ordinal);
    bool usesToday;
    string? problem;
    int next;
    int depth;

    public FormulaParser(string source, Func<string, (string Name, FormulaKind Kind)?> find, Func<string, string?>? why = null)
    {
        (this.find, this.why) = (find, why);
        Split(source);
    }

    public Formula? Read(out string? expected)
    {
        var whole = problem is null ? Either() : Bad;
        if (problem is null && Next.Sort != Sort.End) Fail(Next.At, "an operator or the end");
        if (problem is null && whole.Kind is null) problem = "a formula that gives a value";
        expected = problem;
        return problem is null ? new Formula(whole.Kind!.Value, uses, usesToday, whole.Of) : null;
    }

    Token Next => tokens[next];

    static FormulaNode Bad => new(null, _ => null, 0);

    /// <summary>The first counts; what is left is not read.</summary>
    FormulaNode Fail(int at, string wanted)
    {
        problem ??= string.Create(CultureInfo.InvariantCulture, $"at character {at}, {wanted}");
        next = tokens.Count - 1;
        return Bad;
    }

    void Split(string source)
    {
        for (var i = 0; i < source.Length && problem is null;)
        {
            var (c, at) = (source[i], i + 1);
            if (char.IsWhiteSpace(c))
            {
                i++;
            }
            else if (char.IsAsciiDigit(c))
            {
                var end = i;
                while (end < source.Length && (char.IsAsciiDigit(source[end]) || source[end] == '.')) end++;
                var text = source[i..end];
                if (text.Length > 16 || !decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _)) problem = Where(at, "a number of at most 15 digits such as 12.5");
                Add(Sort.Number, text, ref i, end);
            }
            else if (c is '"' or '\'')
            {
                var end = i + 1;
                // Twice within a text is the quotation mark itself.
                while (end < source.Length && (source[end] != c || (end + 1 < source.Length && source[end + 1] == c))) end += source[end] == c ? 2 : 1;
                if (end >= source.Length) problem = Where(at, "a text with a closing quotation mark");
                else Add(Sort.Text, source[(i + 1)..end].Replace($"{c}{c}", $"{c}", StringComparison.Ordinal), ref i, end + 1);
            }
            else if (char.IsAsciiLetter(c))
            {
                var end = i;
                while (end < source.Length && (char.IsAsciiLetterOrDigit(source[end]) || source[end] is '_' or '.')) end++;
                Add(Sort.Name, source[i..end], ref i, end);
            }
            else if (Array.Find(Signs, s => string.CompareOrdinal(source, i, s, 0, s.Length) == 0) is { } sign)
            {
                Add(Sort.Sign, sign, ref i, i + sign.Length);
            }
            else
            {
                problem = Where(at, $"a sign that formulas know, not {c}");
            }
        }

        tokens.Add(new Token(Sort.End, "", source.Length + 1));

        void Add(Sort sort, string text, ref int from, int end)
        {
            tokens.Add(new Token(sort, text, from + 1));
            from = end;
        }

        static string Where(int at, string wanted) => string.Create(CultureInfo.InvariantCulture, $"at character {at}, {wanted}");
    }

    bool Take(string text)
    {
        if (Next.Sort is not (Sort.Sign or Sort.Name) || !Next.Text.Equals(text, StringComparison.OrdinalIgnoreCase)) return false;
        next++;
        return true;
    }

    /// <summary>One of the signs that come next, or null.</summary>
    string? Take(string[] signs) => Array.Find(signs, s => Next.Sort == Sort.Sign && Next.Text == s) is { } sign && Take(sign) ? sign : null;

    FormulaNode Deeper(Func<FormulaNode> read)
    {
        if (++depth > Formula.Deepest) return Fail(Next.At, $"at most {Formula.Deepest} brackets within each other");
        var node = read();
        depth--;
        return node;
    }

    FormulaNode Either()
    {
        var left = Both();
        while (Take("or"))
        {
            var (a, b) = (Wanted(left, FormulaKind.YesNo).Of, Wanted(Both(), FormulaKind.YesNo).Of);
            left = new FormulaNode(FormulaKind.YesNo, v => a(v) is true || b(v) is true, left.At);
        }

        return left;
    }

    FormulaNode Both()
    {
        var left = Not();
        while (Take("and"))
        {
            var (a, b) = (Wanted(left, FormulaKind.YesNo).Of, Wanted(Not(), FormulaKind.YesNo).Of);
            left = new FormulaNode(FormulaKind.YesNo, v => a(v) is true && b(v) is true, left.At);
        }

        return left;
    }

    FormulaNode Not()
    {
        var at = Next.At;
        if (!Take("not")) return Comparison();
        var inner = Wanted(Deeper(Not), FormulaKind.YesNo).Of;
        return new FormulaNode(FormulaKind.YesNo, v => inner(v) is not true, at);
    }

    FormulaNode Comparison()
    {
        var left = Joined();
        if (Take(Comparisons) is not { } sign) return left;
        var right = Joined();
        if (left.Kind is { } kind) Wanted(right, kind);
        if (sign is "<" or "<=" or ">" or ">=" && (left.Kind ?? right.Kind) == FormulaKind.YesNo) return Fail(left.At, "a number, a day or a text");
        return new FormulaNode(FormulaKind.YesNo, FormulaMath.Compare(sign, left.Of, right.Of), left.At);
    }

    FormulaNode Joined()
    {
        var left = Sum();
        while (Take("&"))
        {
            var (a, b) = (left.Of, Sum().Of);
            left = new FormulaNode(FormulaKind.Text, v => FormulaMath.Text(Formula.TextOf(a(v)) + Formula.TextOf(b(v))), left.At);
        }

        return left;
    }

    FormulaNode Sum()
    {
        var left = Product();
        while (Take(["+", "-"]) is { } sign) left = Added(left, sign, Product());
        return left;
    }

    FormulaNode Added(FormulaNode left, string sign, FormulaNode right)
    {
        if (left.Kind is not (null or FormulaKind.Number or FormulaKind.Date)) return Fail(left.At, "a number or a day; texts are joined with &");
        if (right.Kind is not (null or FormulaKind.Number or FormulaKind.Date)) return Fail(right.At, "a number or a day; texts are joined with &");
        var (a, b) = (left.Of, right.Of);
        return (left.Kind == FormulaKind.Date, right.Kind == FormulaKind.Date, sign) switch
        {
            (true, true, "-") => new FormulaNode(FormulaKind.Number, v => FormulaMath.Days(b(v), a(v)), left.At),
            (true, true, _) => Fail(right.At, "a number"),
            (true, false, _) => new FormulaNode(FormulaKind.Date, v => FormulaMath.Later(a(v), b(v), sign == "+" ? 1 : -1), left.At),
            (false, true, "+") => new FormulaNode(FormulaKind.Date, v => FormulaMath.Later(b(v), a(v), 1), left.At),
            (false, true, _) => Fail(right.At, "a number"),
            _ => new FormulaNode(FormulaKind.Number, FormulaMath.Reckon(sign, a, b), left.At),
        };
    }

    FormulaNode Product()
    {
        var left = Signed();
        while (Take(["*", "/"]) is { } sign)
        {
            var right = Wanted(Signed(), FormulaKind.Number);
            left = new FormulaNode(FormulaKind.Number, FormulaMath.Reckon(sign, Wanted(left, FormulaKind.Number).Of, right.Of), left.At);
        }

        return left;
    }

    FormulaNode Signed()
    {
        var at = Next.At;
        if (!Take("-")) return Value();
        var inner = Wanted(Deeper(Signed), FormulaKind.Number).Of;
        return new FormulaNode(FormulaKind.Number, v => inner(v) is decimal number ? -number : null, at);
    }

    FormulaNode Value()
    {
        var token = Next;
        switch (token.Sort)
        {
            case Sort.Number:
                next++;
                var number = decimal.Parse(token.Text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
                return new FormulaNode(FormulaKind.Number, _ => number, token.At);
            case Sort.Text:
                next++;
                return new FormulaNode(FormulaKind.Text, _ => token.Text.Length > 0 ? token.Text : null, token.At);
            case Sort.Sign when Take("("):
                var inner = Deeper(Either);
                return Take(")") ? inner with { At = token.At } : Fail(Next.At, "a closing bracket");
            case Sort.Name:
                next++;
                return Take("(") ? Called(token) : Named(token);
            default:
                return Fail(token.At, "a value: a number, a text, a field, a figure or a function");
        }
    }

    FormulaNode Named(Token token)
    {
        switch (token.Text.ToLowerInvariant())
        {
            case "yes" or "true": return new FormulaNode(FormulaKind.YesNo, _ => true, token.At);
            case "no" or "false": return new FormulaNode(FormulaKind.YesNo, _ => false, token.At);
            case "empty": return new FormulaNode(null, _ => null, token.At);
        }

        if (find(token.Text) is not { } field)
            return Fail(token.At, why?.Invoke(token.Text) is { } wanted ? wanted : FormulaFunctions.Find(token.Text) is null ? $"a field or figure that there is, not {token.Text}" : $"an opening bracket behind {token.Text}");
        uses.Add(field.Name);
        return new FormulaNode(field.Kind, v => v.Of(field.Name), token.At);
    }

    FormulaNode Called(Token name)
    {
        if (FormulaFunctions.Find(name.Text) is not { } function) return Fail(name.At, $"a function that there is, not {name.Text}");
        var given = new List<FormulaNode>();
        if (!Take(")"))
        {
            do given.Add(Deeper(Either)); while (Take(","));
            if (!Take(")")) return Fail(Next.At, "a comma or a closing bracket");
        }

        if (given.Count < function.Least || given.Count > function.Most)
            return Fail(name.At, function.Least == function.Most ? $"{function.Least} values in the brackets of {name.Text}" : $"{function.Least} to {function.Most} values in the brackets of {name.Text}");
        usesToday |= function.UsesToday;
        for (var n = 0; n < given.Count; n++)
        {
            if (function.Takes(n) is { } kind) Wanted(given[n], kind);
        }

        // Those that take any kind take one alone, of all that may be what comes out.
        FormulaKind? common = null;
        foreach (var node in given.Where((_, n) => function.IsCommon(n)))
        {
            if (common is { } first && node.Kind is { } other && other != first) return Fail(node.At, "a value of the same kind as those before it");
            common ??= node.Kind;
            if (function.OnlyOrdered && node.Kind is FormulaKind.Text or FormulaKind.YesNo) return Fail(node.At, "a number or a day");
        }

        return new FormulaNode(function.Gives ?? common, function.Make([.. given.Select(g => g.Of)]), name.At);
    }

    FormulaNode Wanted(FormulaNode node, FormulaKind kind) => node.Kind is null || node.Kind == kind ? node : Fail(node.At, kind switch
    {
        FormulaKind.Number => "a number",
        FormulaKind.Text => "a text",
        FormulaKind.Date => "a day",
        _ => "yes or no",
    });
}

/// <param name="Kind">Null: nothing but empty, which fits everywhere.</param>
internal sealed record FormulaNode(FormulaKind? Kind, Func<FormulaValues, object?> Of, int At);
