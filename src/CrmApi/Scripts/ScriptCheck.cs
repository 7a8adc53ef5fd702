namespace CallCrm.CrmApi.Scripts;

/// <summary>The command <c>callcrm scripts check</c>: every script of a folder, every problem, by file, line and column.</summary>
public static class ScriptCheck
{
    /// <summary>0: all good; 1: problems, all printed; 2: there is nothing to check.</summary>
    public static int Run(string folder, TextWriter output)
    {
        var library = new ScriptFolder(folder, ScriptShape.Library, TimeProvider.System, _ => null).Read();
        var problems = library.Files.SelectMany(f => f.Problems).ToArray();
        foreach (var problem in problems)
        {
            output.WriteLine(problem.File == folder ? problem : problem with { File = Path.Combine(folder, problem.File) });
        }

        var read = library.Files.Count(f => f.Name.Length > 0);
        if (read == 0)
        {
            if (problems.Length == 0) output.WriteLine($"{folder}: no scripts here, expected *.yaml files");
            return 2;
        }

        output.WriteLine($"{read} {(read == 1 ? "script" : "scripts")} checked, {problems.Length} {(problems.Length == 1 ? "problem" : "problems")}");
        return problems.Length == 0 ? 0 : 1;
    }
}
