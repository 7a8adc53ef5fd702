using CallCrm.Contracts;

namespace CallCrm.CrmApi.Scripts;

/// <summary>Two texts line by line: what stayed, went and came. Pure.</summary>
internal static class ScriptDiff
{
    /// <summary>Beyond this many pairs of lines the changed middle is shown as gone and come, whole.</summary>
    private const long MostPairs = 4_000_000;

    public static IReadOnlyList<ScriptDiffLine> Lines(string before, string after)
    {
        var (a, b) = (Cut(before), Cut(after));
        var head = 0;
        while (head < a.Length && head < b.Length && a[head] == b[head]) head++;
        var tail = 0;
        while (tail < a.Length - head && tail < b.Length - head && a[^(tail + 1)] == b[^(tail + 1)]) tail++;

        var lines = new List<ScriptDiffLine>();
        for (var n = 0; n < head; n++) lines.Add(new ScriptDiffLine(ScriptDiffKind.Same, n + 1, n + 1, a[n]));
        Middle(a, b, head, a.Length - tail, b.Length - tail, lines);
        for (var n = tail; n > 0; n--) lines.Add(new ScriptDiffLine(ScriptDiffKind.Same, a.Length - n + 1, b.Length - n + 1, a[^n]));
        return lines;
    }

    private static void Middle(string[] a, string[] b, int from, int untilA, int untilB, List<ScriptDiffLine> lines)
    {
        var (i, j) = (from, from);
        if ((long)(untilA - from) * (untilB - from) <= MostPairs)
        {
            var common = Common(a, b, from, untilA, untilB);
            while (i < untilA && j < untilB)
            {
                if (a[i] == b[j]) lines.Add(new ScriptDiffLine(ScriptDiffKind.Same, ++i, ++j, a[i - 1]));
                else if (common[i - from + 1, j - from] >= common[i - from, j - from + 1]) lines.Add(new ScriptDiffLine(ScriptDiffKind.Gone, i + 1, null, a[i++]));
                else lines.Add(new ScriptDiffLine(ScriptDiffKind.Come, null, j + 1, b[j++]));
            }
        }

        while (i < untilA) lines.Add(new ScriptDiffLine(ScriptDiffKind.Gone, i + 1, null, a[i++]));
        while (j < untilB) lines.Add(new ScriptDiffLine(ScriptDiffKind.Come, null, j + 1, b[j++]));
    }

    /// <summary>Length of the longest common run of lines from each pair to the end.</summary>
    private static int[,] Common(string[] a, string[] b, int from, int untilA, int untilB)
    {
        var common = new int[untilA - from + 1, untilB - from + 1];
        for (var i = untilA - 1; i >= from; i--)
        {
            for (var j = untilB - 1; j >= from; j--)
            {
                common[i - from, j - from] = a[i] == b[j]
                    ? common[i - from + 1, j - from + 1] + 1
                    : Math.Max(common[i - from + 1, j - from], common[i - from, j - from + 1]);
            }
        }

        return common;
    }

    private static string[] Cut(string text) => text.Length == 0 ? [] : text.TrimEnd('\n').Split('\n');
}
