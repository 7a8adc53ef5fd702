using System.Diagnostics;
using System.Globalization;
using CallCrm.CallFlow;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CallCrm.TestKit;

/// <summary>
/// Real PostgreSQL for tests: one private cluster per test process, one database per call, cloned from a migrated template.
/// Use as <c>IClassFixture&lt;PostgresFixture&gt;</c>; all classes of a process share the cluster.
/// </summary>
public sealed class PostgresFixture
{
    static readonly Lazy<Task<ClusterFolders>> Cluster = new(StartClusterAsync);
    static int databases;

    /// <summary>Connection string of a new, migrated, empty database.</summary>
    public async Task<string> NewDatabaseAsync()
    {
        var folders = await Cluster.Value;
        var name = $"test_{Interlocked.Increment(ref databases)}";
        await using var admin = new NpgsqlConnection(folders.ConnectionString("postgres", "postgres") + ";Pooling=false");
        await admin.OpenAsync();
        await using var create = new NpgsqlCommand($"create database {name} template callcrm owner callcrm strategy file_copy", admin);
        await create.ExecuteNonQueryAsync();
        return folders.ConnectionString(name) + ";Include Error Detail=true";
    }

    static async Task<ClusterFolders> StartClusterAsync()
    {
        var root = Path.Combine(Path.GetTempPath(), "callcrm-tests");
        Directory.CreateDirectory(root);
        var folders = ClusterFolders.For(Path.Combine(root, Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        var server = await EmbeddedPostgres.StartAsync(folders, TimeProvider.System, NullLogger.Instance, CancellationToken.None, durable: false);
        RemoveWhenWeAreGone(folders);
        await Migrator.MigrateAsync(folders.ConnectionString("callcrm"), TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        return folders;
    }

    /// <summary>A test process may end by a kill; so a small process of its own waits for that, stops the server and removes its folders.</summary>
    static void RemoveWhenWeAreGone(ClusterFolders folders)
    {
        const string Script = """
            exec >/dev/null 2>&1 </dev/null
            while kill -0 "$1" && ! grep -q '^State:.Z' "/proc/$1/status"; do sleep 0.5; done
            kill -QUIT "$(head -n 1 "$2/postmaster.pid")"
            sleep 1
            rm -rf "$2" "$2-socket" "$2.lock"
            """;
        var us = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo("setsid", ["sh", "-c", Script, "sh", us, folders.Data]) { UseShellExecute = false };
        using var watcher = Process.Start(start);
    }
}
