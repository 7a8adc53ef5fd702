using System.Globalization;

namespace CallCrm.AgentWeb.Admin;

/// <summary>A new one gets its code from its name once; later names change, codes stay, so that old calls keep theirs.</summary>
static class CodeNames
{
    public static IEnumerable<(string Code, T Item)> Of<T>(IEnumerable<(string? Code, string Name, T Item)> items)
    {
        var all = items.ToList();
        var used = all.Select(i => i.Code).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var (known, name, item) in all)
        {
            if (known is not null)
            {
                yield return (known, item);
                continue;
            }

            var start = new string([.. name.Trim().ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')]).Trim('_');
            start = start.Length is > 0 and <= 36 ? start : "c" + Guid.NewGuid().ToString("N")[..12];
            var code = start;
            for (var n = 2; !used.Add(code); n++)
                code = start + "_" + n.ToString(CultureInfo.InvariantCulture);
            yield return (code, item);
        }
    }
}
