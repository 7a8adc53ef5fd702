using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>
/// Waits for a NOTIFY, at most as long as the reader's poll. A lost connection only makes it slower: it is opened again,
/// and the poll goes on meanwhile.
/// </summary>
internal sealed class Listener(NpgsqlDataSource source, string channel, TimeProvider time) : IAsyncDisposable
{
    NpgsqlConnection? connection;

    /// <summary>Call once before the first read, so that nothing falls between reading and listening.</summary>
    public async Task OpenAsync(CancellationToken ct)
    {
        if (connection is not null) return;
        var opened = await source.OpenConnectionAsync(ct);
        await using var listen = new NpgsqlCommand($"listen {channel}", opened);
        await listen.ExecuteNonQueryAsync(ct);
        connection = opened;
    }

    public async Task WaitAsync(TimeSpan atMost, CancellationToken ct)
    {
        try
        {
            if (connection is null)
            {
                await OpenAsync(ct);
                return; // What came while nobody listened is read at once.
            }

            await connection.WaitAsync(atMost, ct);
        }
        catch (Exception e) when (DatabaseAway.MayPass(e) || e is InvalidOperationException)
        {
            // Also when told to end in the midst of it: the end then comes by the wait.
            await DisposeAsync();
            await Task.Delay(atMost, time, ct);
        }
    }

    public async ValueTask DisposeAsync()
    {
        var closing = connection;
        connection = null;
        if (closing is not null) await closing.DisposeAsync();
    }
}
