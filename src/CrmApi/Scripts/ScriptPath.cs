namespace CallCrm.CrmApi.Scripts;

/// <param name="Came"><c>start</c>, <c>next</c> or <c>back</c>.</param>
internal sealed record ScriptMove(string Step, string Came);

/// <summary>The way through a script, as the page writes it down: the steps so far and the one where it stands, <c>why details end</c>. Pure.</summary>
internal static class ScriptPath
{
    /// <summary>Steps of one call that are kept; a script of 200 steps may be walked twice.</summary>
    public const int Most = 500;

    /// <summary>Up to the first word that is no step of this script.</summary>
    public static IReadOnlyList<string> Read(string? written, Script script)
    {
        var steps = script.Steps.Select(s => s.Id).ToHashSet(StringComparer.Ordinal);
        return [.. (written ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).TakeWhile(w => w == Script.End || steps.Contains(w)).Take(Most)];
    }

    /// <summary>What the agent did between two paths. Both grow and shrink at their end; somebody who went back and on at once did both.</summary>
    public static IReadOnlyList<ScriptMove> Between(IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        var same = before.Zip(after).TakeWhile(p => p.First == p.Second).Count();
        var moves = new List<ScriptMove>();
        if (same < before.Count && same > 0) moves.Add(new ScriptMove(after[same - 1], "back"));
        foreach (var step in after.Skip(same)) moves.Add(new ScriptMove(step, moves.Count == 0 && same == 0 ? "start" : "next"));
        return moves;
    }
}
