using Xunit;

namespace CallCrm.TestKit;

/// <summary>A test that needs programs of the system: skipped at a desk without them, failed in CI.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ProgramsFactAttribute : FactAttribute
{
    public ProgramsFactAttribute(params string[] programs)
    {
        var path = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin".Split(':');
        var missing = programs.Where(p => !path.Any(f => f.Length > 0 && File.Exists(Path.Combine(f, p)))).ToList();
        if (missing.Count > 0 && Environment.GetEnvironmentVariable("CI") != "true")
            Skip = $"Not installed here: {string.Join(", ", missing)}; ./callcrm test installs them";
    }
}
