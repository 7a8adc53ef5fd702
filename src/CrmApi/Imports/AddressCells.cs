using CallCrm.CallFlow;

namespace CallCrm.CrmApi.Imports;

/// <summary>All addresses of a client in one cell, a line each: <c>legal: Via Roma 1 | Milano | 20121 | Lombardia | Italia</c>. What has no kind before it goes on from the line above.</summary>
internal static class AddressCells
{
    /// <summary>By <see cref="ClientAddress.Kinds"/>, in English, Italian, Russian.</summary>
    static readonly (string Kind, string[] Words)[] Kinds =
        [("legal", ["legal", "legale", "юридический"]), ("actual", ["actual", "effettivo", "фактический"]), ("delivery", ["delivery", "consegna", "доставка"]), ("other", ["other", "altro", "другой"])];

    static readonly string[] Languages = ["en", "it", "ru"];

    public static string Words(string language) => string.Join(", ", Kinds.Select(k => Word(k.Words, language)));

    public static string Write(IEnumerable<ClientAddress> addresses, string language) =>
        string.Join('\n', addresses.Select(a => $"{Word(Array.Find(Kinds, k => k.Kind == a.Kind).Words, language)}: {string.Join(" | ", new[] { a.Line, a.City, a.PostalCode, a.Region, a.Country }).TrimEnd(' ', '|')}"));

    public static IReadOnlyList<ClientAddress> Read(string cell)
    {
        var found = new List<(string Kind, List<string> Lines)>();
        foreach (var line in cell.Split('\n'))
        {
            if (Begun(line) is { } begun) found.Add((begun.Kind, [begun.Line]));
            else if (found.Count == 0) found.Add((ClientAddress.Actual, [line]));
            else found[^1].Lines.Add(line);
        }

        return [.. found.Select(f => Of(f.Kind, string.Join('\n', f.Lines).Split('|', StringSplitOptions.TrimEntries))).Where(a => a.Text.Length > 0)];
    }

    static (string Kind, string Line)? Begun(string line)
    {
        if (line.IndexOf(':', StringComparison.Ordinal) is not (> 0 and < 20 and var at)) return null;
        var word = line[..at].Trim();
        var kind = Array.Find(Kinds, k => k.Kind == word || Array.Exists(k.Words, w => w.Equals(word, StringComparison.OrdinalIgnoreCase))).Kind;
        return kind is null ? null : (kind, line[(at + 1)..].Trim());
    }

    static ClientAddress Of(string kind, string[] parts) => new(kind, Part(parts, 0), Part(parts, 1), Part(parts, 2), Part(parts, 3), Part(parts, 4));

    static string Part(string[] parts, int n) => n < parts.Length ? parts[n] : "";

    static string Word(string[] words, string language) => words[Math.Max(0, Array.IndexOf(Languages, language))];
}
