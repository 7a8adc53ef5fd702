using CallCrm.Contracts;

namespace CallCrm.CrmApi.Scripts;

/// <summary>Something wrong in a script file: where, and what was expected.</summary>
/// <param name="Warning">The script can be used all the same.</param>
internal sealed record ScriptProblem(string File, Place At, string Message, bool Warning = false)
{
    public ScriptProblemView View => new(At.Line, At.Column, Message, Warning);

    /// <summary>The form editors and terminals can click on: <c>file:line:column: message</c>.</summary>
    public override string ToString() => $"{File}:{At.Line}:{At.Column}: {(Warning ? "warning: " : "")}{Message}";
}

/// <summary>Collects the problems of one file, so that a writer sees all of them at once.</summary>
internal sealed class ProblemList(string file)
{
    /// <summary>Beyond this many a file is not worth listing further.</summary>
    public const int Most = 200;

    private readonly List<ScriptProblem> _problems = [];

    /// <summary>Warnings aside.</summary>
    public bool Any { get; private set; }

    public void Add(Place at, string message, bool warning = false)
    {
        Any |= !warning;
        if (_problems.Count < Most) _problems.Add(new ScriptProblem(file, at, message, warning));
    }

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<ScriptProblem> InOrder() =>
        [.. _problems.OrderBy(p => p.At.Line).ThenBy(p => p.At.Column).ThenBy(p => p.Message, StringComparer.Ordinal)];
}
