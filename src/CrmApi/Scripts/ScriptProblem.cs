namespace CallCrm.CrmApi.Scripts;

/// <summary>Something wrong in a script file: where, and what was expected.</summary>
internal sealed record ScriptProblem(string File, Place At, string Message)
{
    /// <summary>The form editors and terminals can click on: <c>file:line:column: message</c>.</summary>
    public override string ToString() => $"{File}:{At.Line}:{At.Column}: {Message}";
}

/// <summary>Collects the problems of one file, so that a writer sees all of them at once.</summary>
internal sealed class ProblemList(string file)
{
    /// <summary>Beyond this many a file is not worth listing further.</summary>
    public const int Most = 200;

    private readonly List<ScriptProblem> _problems = [];

    public bool Any => _problems.Count > 0;

    public void Add(Place at, string message)
    {
        if (_problems.Count < Most) _problems.Add(new ScriptProblem(file, at, message));
    }

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<ScriptProblem> InOrder() =>
        [.. _problems.OrderBy(p => p.At.Line).ThenBy(p => p.At.Column).ThenBy(p => p.Message, StringComparer.Ordinal)];
}
