using CallCrm.CallFlow;
using Xunit;

namespace CallCrm.TestKit;

/// <summary>A test on real PostgreSQL: skipped at a desk without it, failed in CI.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute()
    {
        if (PostgresRequired.Missing) Skip = PostgresRequired.Reason;
    }
}

/// <inheritdoc cref="PostgresFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresTheoryAttribute : TheoryAttribute
{
    public PostgresTheoryAttribute()
    {
        if (PostgresRequired.Missing) Skip = PostgresRequired.Reason;
    }
}

static class PostgresRequired
{
    public const string Reason = "PostgreSQL is not installed here: apt-get install postgresql";

    public static bool Missing { get; } = Environment.GetEnvironmentVariable("CI") != "true" && !PostgresPrograms.AnyInstalled();
}
