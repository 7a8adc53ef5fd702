using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CallCrm.CallFlow.Backup;

/// <summary>The site's database, whether or not the host runs: the private cluster is started for as long as it is needed.</summary>
internal sealed class SiteDatabase : IAsyncDisposable
{
    public const string ApplicationName = "callcrm-backup";
    readonly EmbeddedPostgres? started;

    SiteDatabase(string connectionString, EmbeddedPostgres? started) => (ConnectionString, this.started) = (connectionString, started);

    public string ConnectionString { get; }

    public static async Task<SiteDatabase> OpenAsync(DatabaseAddress address, TimeProvider time, CancellationToken ct)
    {
        if (address.Cluster is { } cluster)
        {
            if (!File.Exists(Path.Combine(cluster.Data, "PG_VERSION")))
                throw new BackupException($"There is no database in {cluster.Data}: CallCrm has not been started with this data folder yet.", BackupException.NoInput);
            if (!await AnswersAsync(address.ConnectionString, ct))
                return await StartAsync(cluster, time, ct);
        }

        return new SiteDatabase(address.ConnectionString, null);
    }

    /// <summary>Makes the cluster where there is none.</summary>
    public static async Task<SiteDatabase> StartAsync(ClusterFolders cluster, TimeProvider time, CancellationToken ct)
    {
        try
        {
            return new SiteDatabase(cluster.ConnectionString("callcrm"), await EmbeddedPostgres.StartAsync(cluster, time, NullLogger.Instance, ct));
        }
        catch (InvalidOperationException e)
        {
            throw new BackupException(e.Message, BackupException.Failed, e);
        }
    }

    public async Task<NpgsqlConnection> ConnectAsync(CancellationToken ct)
    {
        var connection = new NpgsqlConnection(Plain(ConnectionString));
        try
        {
            await connection.OpenAsync(ct);
            return connection;
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            if (e is NpgsqlException) throw new BackupException($"The database cannot be used: {e.Message}", BackupException.Failed, e);
            throw;
        }
    }

    /// <param name="atLeast">Version that wrote a dump to be read; 0: none.</param>
    public async Task<PostgresTools> ToolsAsync(int atLeast, CancellationToken ct)
    {
        await using var connection = await ConnectAsync(ct);
        var server = connection.PostgreSqlVersion.Major;
        if (server < atLeast)
            throw new BackupException($"The backup was written by PostgreSQL {atLeast}, and the database here is PostgreSQL {server}: use PostgreSQL {atLeast} or later.");
        try
        {
            return new PostgresTools(PostgresPrograms.FindTools(Math.Max(server, atLeast)), ConnectionString);
        }
        catch (InvalidOperationException e)
        {
            throw new BackupException(e.Message, BackupException.Failed, e);
        }
    }

    static async Task<bool> AnswersAsync(string connectionString, CancellationToken ct)
    {
        try
        {
            await using var connection = new NpgsqlConnection(Plain(connectionString));
            await connection.OpenAsync(ct);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    static string Plain(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, CommandTimeout = 0, ApplicationName = ApplicationName }.ConnectionString;

    /// <summary>By table; within the connection's transaction when one runs.</summary>
    public static async Task<SortedDictionary<string, long>> CountAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var tables = await ListAsync(connection, "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition", ct);
        var rows = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var table in tables)
        {
            await using var count = new NpgsqlCommand($"select count(*) from public.\"{table.Replace("\"", "\"\"", StringComparison.Ordinal)}\"", connection);
            rows[table] = (long)(await count.ExecuteScalarAsync(ct))!;
        }

        return rows;
    }

    public static async Task<List<string>> ListAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var list = new List<string>();
        while (await reader.ReadAsync(ct)) list.Add(reader.GetString(0));
        return list;
    }

    public static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync(ct))!;
    }

    public ValueTask DisposeAsync() => started?.DisposeAsync() ?? ValueTask.CompletedTask;
}
