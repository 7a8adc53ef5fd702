using DbUp;
using DbUp.Engine.Output;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>Brings a database to this release: dated SQL, forward only, one process at a time, before any pool opens.</summary>
public static class Migrator
{
    /// <summary>Processes that start together take turns on it. Any number, the same in every release.</summary>
    const long Lock = 0x43616C6C_43726D01;

    /// <summary>A script waits this long for a table somebody works on, then lets the others pass and tries again.</summary>
    const string LockTimeout = "-c lock_timeout=2000";

    const int Tries = 15;

    public static async Task MigrateAsync(string connectionString, TimeProvider time, ILogger log, CancellationToken ct)
    {
        await using var gate = new NpgsqlConnection(connectionString + ";Pooling=false");
        await gate.OpenAsync(ct);
        await using (var command = new NpgsqlCommand($"select pg_advisory_lock({Lock})", gate) { CommandTimeout = 0 })
        {
            await command.ExecuteNonQueryAsync(ct);
        }

        for (var attempt = 1; ; attempt++)
        {
            var result = await Task.Run(() => Upgrade(connectionString, log), ct);
            if (result.Successful) return;
            if (result.Error is not PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } || attempt == Tries)
                throw new InvalidOperationException($"Migration {result.ErrorScript?.Name} failed: {result.Error.Message}", result.Error);
            await Task.Delay(TimeSpan.FromSeconds(1), time, ct);
        }
    }

    /// <summary>The migrations of this release, by the names they are noted under, in order.</summary>
    internal static IReadOnlyList<string> Scripts() => [.. typeof(Migrator).Assembly.GetManifestResourceNames().Where(IsScript).Order(StringComparer.Ordinal)];

    static bool IsScript(string name) => name.Contains(".Migrations.", StringComparison.Ordinal);

    static DbUp.Engine.DatabaseUpgradeResult Upgrade(string connectionString, ILogger log)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false };
        builder.Options = string.IsNullOrEmpty(builder.Options) ? LockTimeout : $"{builder.Options} {LockTimeout}";
        return DeployChanges.To.PostgresqlDatabase(builder.ConnectionString)
            .WithScriptsEmbeddedInAssembly(typeof(Migrator).Assembly, IsScript)
            .WithVariablesDisabled()
            .WithTransactionPerScript()
            .WithExecutionTimeout(TimeSpan.FromMinutes(30))
            .JournalToPostgresqlTable("public", "schema_version")
            .LogTo(new Log(log))
            .Build()
            .PerformUpgrade();
    }

    sealed class Log(ILogger log) : IUpgradeLog
    {
#pragma warning disable CA2254 // DbUp's own format strings pass through.
        public void LogTrace(string format, params object[] args) => log.LogTrace(format, args);

        public void LogDebug(string format, params object[] args) => log.LogDebug(format, args);

        public void LogInformation(string format, params object[] args) => log.LogDebug(format, args);

        public void LogWarning(string format, params object[] args) => log.LogWarning(format, args);

        public void LogError(string format, params object[] args) => log.LogError(format, args);

        public void LogError(Exception ex, string format, params object[] args) => log.LogError(ex, format, args);
#pragma warning restore CA2254
    }
}
