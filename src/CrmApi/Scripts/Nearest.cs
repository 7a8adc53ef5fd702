namespace CallCrm.CrmApi.Scripts;

/// <summary>What a mistyped word was probably meant to be.</summary>
internal static class Nearest
{
    private const int LongestList = 40, MostCompared = 500;

    /// <summary>", did you mean "steps"?" or ", expected one of: …".</summary>
    public static string Hint(string word, IEnumerable<string> allowed)
    {
        var words = allowed.Take(MostCompared).ToArray();
        var best = words.Select(w => (Word: w, Distance: Distance(word, w))).DefaultIfEmpty(("", int.MaxValue)).MinBy(x => x.Item2);
        return best.Item2 <= Math.Max(1, word.Length / 3)
            ? $", did you mean \"{best.Item1}\"?"
            : $", expected one of: {string.Join(", ", words.Take(LongestList))}";
    }

    /// <summary>Levenshtein distance; words are short, and long ones are cut.</summary>
    private static int Distance(string a, string b)
    {
        if (a.Length > 60) a = a[..60];
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }
}
