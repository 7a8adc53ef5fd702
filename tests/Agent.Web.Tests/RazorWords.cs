using System.Text;
using System.Text.RegularExpressions;

namespace CallCrm.Agent.Web.Tests;

/// <summary>
/// The words that a page's markup shows by itself, whatever the language: between tags, in attributes that are read, and in
/// literals of expressions. No parser of Razor, but enough of one for these pages: what it takes for words is looked at by a person.
/// </summary>
internal static partial class RazorWords
{
    public static IReadOnlyList<string> Of(string razor)
    {
        var markup = Directive().Replace(Comment().Replace(Code().Split(razor)[0], ""), "");
        var found = new List<string>();
        found.AddRange(Attribute().Matches(markup).Select(m => m.Groups[1].Value));
        var literals = new List<string>();
        var plain = WithoutExpressions(markup, literals);
        found.AddRange(literals.Where(l => Sentence().IsMatch(l)));
        foreach (Match between in Between().Matches(Quoted().Replace(plain, "\"\"")))
            found.AddRange(between.Groups[1].Value.Split('\n').Select(l => l.Trim()).Where(l => !Statement().IsMatch(l)));
        return [.. found.Where(w => Word().IsMatch(w)).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>What begins with an @, to the end of its brackets; the texts in it that no attribute of style or test holds.</summary>
    private static string WithoutExpressions(string markup, List<string> literals)
    {
        var plain = new StringBuilder(markup.Length);
        for (var i = 0; i < markup.Length;)
        {
            if (markup[i] != '@')
            {
                plain.Append(markup[i++]);
                continue;
            }

            var end = EndOf(markup, i + 1);
            if (!Silent().IsMatch(markup[Math.Max(0, i - 40)..i]))
                literals.AddRange(Literal().Matches(Key().Replace(markup[i..end], "")).Select(m => m.Groups[1].Value));
            i = end;
        }

        return plain.ToString();
    }

    private static int EndOf(string text, int at)
    {
        if (Control().Match(text, at) is { Success: true } control && control.Index == at)
            return Closed(text, at + control.Length - 1);
        while (at < text.Length)
        {
            if (text[at] is '(' or '[')
                at = Closed(text, at);
            else if (char.IsLetterOrDigit(text[at]) || text[at] == '_' || (text[at] is '.' or '?' && at + 1 < text.Length && (char.IsLetter(text[at + 1]) || text[at + 1] == '.')))
                at++;
            else
                break;
        }

        return at;
    }

    private static int Closed(string text, int at)
    {
        var (open, close, depth, quoted) = (text[at], text[at] == '(' ? ')' : ']', 0, false);
        for (; at < text.Length; at++)
        {
            quoted ^= text[at] == '"';
            if (quoted)
                continue;
            depth += text[at] == open ? 1 : text[at] == close ? -1 : 0;
            if (depth == 0)
                return at + 1;
        }

        return at;
    }

    [GeneratedRegex("^@code\\b", RegexOptions.Multiline)]
    private static partial Regex Code();

    [GeneratedRegex(@"@\*.*?\*@", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex("^@(?:page|inject|using|inherits|implements|attribute|layout|typeparam|namespace)\\b.*$|^ *else\\b.*$", RegexOptions.Multiline)]
    private static partial Regex Directive();

    [GeneratedRegex("""(?<![\w-])(?:title|aria-label|placeholder|alt|label)="([^"@]+)""")]
    private static partial Regex Attribute();

    [GeneratedRegex("\"[^\"]*\"|'[^']*'")]
    private static partial Regex Quoted();

    [GeneratedRegex(">([^<>]*)<")]
    private static partial Regex Between();

    [GeneratedRegex("^(?:else|if|case|default|break|var|foreach|for|switch|return|[{}]|_ ?=)")]
    private static partial Regex Statement();

    [GeneratedRegex(@"\G(?:if|foreach|for|while|switch)\s*\(")]
    private static partial Regex Control();

    /// <summary>Names of texts, of fields and of looks.</summary>
    [GeneratedRegex("""(?:class|style|data-test|href|id|for|name|d)=["']$|(?:class|style)="[^"]*$""")]
    private static partial Regex Silent();

    [GeneratedRegex("""\b[Tt]\["[^"]*"(?: \+ [\w.]+)?""")]
    private static partial Regex Key();

    [GeneratedRegex("\"([^\"]*)\"")]
    private static partial Regex Literal();

    [GeneratedRegex(@"\p{L}{2,} \p{L}{2,}")]
    private static partial Regex Sentence();

    [GeneratedRegex(@"\p{L}{2,}")]
    private static partial Regex Word();
}
