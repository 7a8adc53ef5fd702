using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>The router's own small pool, so that no report or page can keep a call waiting for a connection.</summary>
public sealed class RouterDatabase : IAsyncDisposable
{
    RouterDatabase(NpgsqlDataSource source, string connectionString) => (Source, ConnectionString) = (source, connectionString);

    public NpgsqlDataSource Source { get; }

    /// <summary>With the password, which the pool does not tell.</summary>
    internal string ConnectionString { get; }

    public static RouterDatabase Create(string connectionString, int poolSize = 8)
    {
        var settings = KeyedSessions.Of(connectionString);
        settings.MaxPoolSize = poolSize;
        settings.MinPoolSize = Math.Min(2, poolSize);
        settings.ApplicationName = "callcrm-router";
        settings.Timeout = 5;
        settings.CommandTimeout = 10;
        return new RouterDatabase(NpgsqlDataSource.Create(settings), connectionString);
    }

    public ValueTask DisposeAsync() => Source.DisposeAsync();
}
