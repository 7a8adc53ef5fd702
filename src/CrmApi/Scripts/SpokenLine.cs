using CallCrm.Contracts;

namespace CallCrm.CrmApi.Scripts;

/// <summary>A line to say, cut into words and placeholders (<c>{{client.name|there}}</c>).</summary>
internal sealed record SpokenLine(IReadOnlyList<SpokenPart> Parts)
{
    public const int MaxWords = 30;

    /// <summary>Reads a line; what is wrong with it is reported at <paramref name="at"/>.</summary>
    public static SpokenLine Read(string text, Place at, ProblemList problems) => Read(text, at, problems, MaxWords, always: null);

    /// <summary>A dialled number's greeting may be longer, and the number has a name.</summary>
    public static SpokenLine ReadGreeting(string text, ProblemList problems) => Read(text, default, problems, int.MaxValue, always: "number.name");

    private static SpokenLine Read(string text, Place at, ProblemList problems, int mostWords, string? always)
    {
        var parts = new List<SpokenPart>();
        var rest = text.AsSpan();
        while (rest.Length > 0)
        {
            var open = rest.IndexOf("{{");
            var literal = open < 0 ? rest : rest[..open];
            if (literal.Contains("}}", StringComparison.Ordinal)) problems.Add(at, "\"}}\" without \"{{\" before it");
            if (literal.Length > 0) parts.Add(new SpokenPart(literal.ToString(), null));
            if (open < 0) break;

            rest = rest[(open + 2)..];
            var close = rest.IndexOf("}}");
            if (close < 0)
            {
                problems.Add(at, "placeholder without an end, expected \"}}\" after \"{{\"");
                break;
            }

            parts.Add(Placeholder(rest[..close].ToString(), at, problems, always));
            rest = rest[(close + 2)..];
        }

        var words = CountWords(parts);
        if (words > mostWords)
        {
            problems.Add(at, $"a spoken line of {words} words, expected at most {MaxWords}: cut it in two");
        }

        return new SpokenLine(parts);
    }

    /// <summary>The line as it is when nothing is known.</summary>
    public string Plain => string.Concat(Parts.Select(p => p.Text)).Trim();

    /// <summary>The line with its placeholders filled, as plain text.</summary>
    public LineView Fill(ScriptContext context) => new([.. Parts.Select(p =>
        p.Placeholder is null ? new LinePart(p.Text) : new LinePart(context.Value(p.Placeholder) ?? p.Text, p.Placeholder) { Otherwise = p.Text })]);

    private static SpokenPart Placeholder(string inner, Place at, ProblemList problems, string? known)
    {
        var bar = inner.IndexOf('|', StringComparison.Ordinal);
        var name = (bar < 0 ? inner : inner[..bar]).Trim();
        var fallback = bar < 0 ? "" : inner[(bar + 1)..].Trim();

        if (!ScriptFields.IsPlaceholder(name, out var always))
        {
            problems.Add(at, $"unknown placeholder \"{{{{{name}}}}}\"{Nearest.Hint(name, ScriptFields.Placeholders.Keys.Order(StringComparer.Ordinal))}");
        }
        else if (!always && fallback.Length == 0 && !string.Equals(name, known, StringComparison.Ordinal))
        {
            problems.Add(at, $"\"{{{{{name}}}}}\" may be unknown, expected words for that case: \"{{{{{name}|…}}}}\"");
        }

        return new SpokenPart(fallback, name);
    }

    /// <summary>A placeholder counts as one word, whatever will stand in its place.</summary>
    private static int CountWords(List<SpokenPart> parts) =>
        string.Concat(parts.Select(p => p.Placeholder is null ? p.Text : "x"))
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Count(w => w.Any(char.IsLetterOrDigit));
}

/// <param name="Text">The fixed words, or what stands there while the placeholder is unknown.</param>
/// <param name="Placeholder">Its name, or null for fixed words.</param>
internal sealed record SpokenPart(string Text, string? Placeholder);
