using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>The live feed's own small pool: no report or page can keep a pop waiting for a connection.</summary>
public sealed class FeedDatabase : IAsyncDisposable
{
    FeedDatabase(NpgsqlDataSource source) => Source = source;

    public NpgsqlDataSource Source { get; }

    public static FeedDatabase Create(string connectionString, int poolSize = 8)
    {
        var settings = KeyedSessions.Of(connectionString);
        settings.MaxPoolSize = poolSize;
        settings.ApplicationName = "callcrm-feed";
        // Nothing is set in these sessions, and nothing of one use lasts into the next.
        settings.NoResetOnClose = true;
        return new FeedDatabase(NpgsqlDataSource.Create(settings));
    }

    public ValueTask DisposeAsync() => Source.DisposeAsync();
}
