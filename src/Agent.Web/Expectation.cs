using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Localization;

namespace CallCrm.AgentWeb;

/// <summary>
/// What the server expected of a field, in the reader's language. The server says it in English; the text files have, under <c>Expected.</c> and the
/// English with places for what varies, how it is said elsewhere. What they have not stays English.
/// </summary>
static class Expectation
{
    const string Prefix = "Expected.";
    static readonly ConcurrentDictionary<string, List<(Regex Said, string Text)>> s_known = new(StringComparer.Ordinal);

    public static string Of(IStringLocalizer<Texts> texts, string said)
    {
        said = said.StartsWith("expected ", StringComparison.Ordinal) ? said["expected ".Length..] : said;
        foreach (var (template, text) in s_known.GetOrAdd(CultureInfo.CurrentUICulture.Name, _ => Read(texts)))
        {
            if (template.Match(said) is { Success: true } match)
                return string.Format(CultureInfo.CurrentCulture, text, [.. match.Groups.Values.Skip(1).Select(g => (object)g.Value)]);
        }

        return said;
    }

    /// <summary>The longest first: what says more fits before what says less.</summary>
    static List<(Regex Said, string Text)> Read(IStringLocalizer<Texts> texts) =>
    [
        .. texts.GetAllStrings(includeParentCultures: true).Where(t => t.Name.StartsWith(Prefix, StringComparison.Ordinal)).OrderByDescending(t => t.Name.Length)
            .Select(t => (new Regex($"^{Regex.Replace(Regex.Escape(t.Name[Prefix.Length..]), @"\\\{\d}", "(.+)")}$", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)), t.Value)),
    ];
}
