using System.Text;
using System.Text.RegularExpressions;
using CallCrm.CrmApi.Live;
using Microsoft.Extensions.Options;
using Numbers = CallCrm.CallFlow.PhoneNumbers;

namespace CallCrm.CrmApi.Hiding;

/// <summary>A number found in a text, and what stands for it.</summary>
internal readonly record struct MaskedSpan(int Start, string Original, string Mask);

/// <summary>
/// Numbers become <c>+39 ••• ••• 4567</c>, also within a text. The site's own numbers and extensions stay as they are. What has a plus, nine digits in a row, or
/// is a number in the site's country is taken for one: rather a reference number too many is masked than a number too few.
/// </summary>
internal sealed partial class NumberMask(LiveFacts facts, IOptions<SiteOptions> site)
{
    /// <summary>Shorter is an extension or a short code.</summary>
    const int Shortest = 7;
    const int LongestText = 20_000;

    /// <summary>Of a value that is a number, or a name in its place.</summary>
    public string? Value(string? value)
    {
        if (value is null || Digits(value) < Shortest) return value;
        return OnlyNumber().IsMatch(value) ? IsOwn(value) ? value : Mask(value) : Text(value);
    }

    public string Text(string text)
    {
        var spans = Spans(text);
        if (spans.Count == 0) return text;
        var masked = new StringBuilder();
        var at = 0;
        foreach (var span in spans)
        {
            masked.Append(text, at, span.Start - at).Append(span.Mask);
            at = span.Start + span.Original.Length;
        }

        return masked.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>A text that came back with masks in it: what they stood for is put in again, in order. A mask that was taken out stays out.</summary>
    public string Restore(string typed, string before)
    {
        var from = 0;
        foreach (var span in Spans(before))
        {
            var at = typed.IndexOf(span.Mask, from, StringComparison.Ordinal);
            if (at < 0) continue;
            typed = string.Concat(typed.AsSpan(0, at), span.Original, typed.AsSpan(at + span.Mask.Length));
            from = at + span.Original.Length;
        }

        return typed;
    }

    List<MaskedSpan> Spans(string text)
    {
        if (Digits(text) < Shortest || Guid.TryParse(text, out _)) return [];
        var found = new List<(int Start, string Text)>();
        found.AddRange(WithPlus().Matches(text).Select(m => (m.Index, m.Value)));
        found.AddRange(InARow().Matches(text).Select(m => (m.Index, m.Value)));
        if (text.Length <= LongestText) found.AddRange(Numbers.InText(text, site.Value.Region).Where(m => !Day().IsMatch(m.Text)));
        var spans = new List<MaskedSpan>();
        var end = 0;
        foreach (var (start, number) in found.OrderBy(f => f.Start).ThenByDescending(f => f.Text.Length))
        {
            if (start < end) continue;
            end = start + number.Length;
            if (!IsOwn(number)) spans.Add(new MaskedSpan(start, number, Mask(number)));
        }

        return spans;
    }

    string Mask(string number) => Numbers.ToE164(number, site.Value.Region) is { } e164 ? Numbers.Masked(e164) : $"••• ••• {LiveNames.Digits(number)[^2..]}";

    /// <summary>One that people dial to reach the site, however it is written.</summary>
    bool IsOwn(string number)
    {
        var own = facts.Names.Numbers;
        return own.ContainsKey(LiveNames.Digits(number)) || (Numbers.ToE164(number, site.Value.Region) is { } e164 && own.ContainsKey(e164[1..]));
    }

    static int Digits(string text) => text.AsSpan().Count('0') + text.Count(c => c is >= '1' and <= '9');

    [GeneratedRegex(@"^[0-9+*#().\-/\s\u00a0]+$", RegexOptions.CultureInvariant)]
    private static partial Regex OnlyNumber();

    [GeneratedRegex(@"\+[0-9](?:[ ().\-/\u00a0]{0,2}[0-9]){6,17}", RegexOptions.CultureInvariant)]
    private static partial Regex WithPlus();

    [GeneratedRegex(@"(?<![\w.\-])[0-9]{9,18}(?![\w]|\.[0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex InARow();

    [GeneratedRegex(@"^(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}", RegexOptions.CultureInvariant)]
    private static partial Regex Day();
}
