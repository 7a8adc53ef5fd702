using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace CallCrm.CallFlow;

/// <summary>Something that pages may show has changed; no content, best effort.</summary>
/// <param name="Kind">client, deal, task, wrap_up, recording, settings, scripts…</param>
public sealed record ChangeHint(string Kind, string Key, long? Version, Guid? CallId, DateTimeOffset At);

/// <summary>Up to where changes were read.</summary>
public readonly record struct ChangePosition(ulong Xid, long Id);

/// <summary>
/// Writes and reads the table <c>change</c>. Readers take rows below the oldest running transaction of this database, in order of (xid, id), so
/// that a transaction which commits late is not skipped. NOTIFY leaves at most once per 50 ms, outside every transaction
/// (inside, it takes a lock that all committers share).
/// </summary>
public sealed partial class ChangeHints : IAsyncDisposable
{
    internal const string Channel = "callcrm_change";
    static readonly TimeSpan NotifyEvery = TimeSpan.FromMilliseconds(50);
    static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(1);
    readonly NpgsqlDataSource source;
    readonly TimeProvider time;
    readonly ILogger<ChangeHints> log;
    readonly Channel<ChangeHint?> pending = System.Threading.Channels.Channel.CreateBounded<ChangeHint?>(new BoundedChannelOptions(4096) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    readonly CancellationTokenSource stopping = new();
    readonly Task working;

    public ChangeHints(NpgsqlDataSource source, TimeProvider time, ILogger<ChangeHints> log)
    {
        (this.source, this.time, this.log) = (source, time, log);
        working = WorkAsync();
    }

    /// <summary>Stored when this returns; readers are woken within 50 ms.</summary>
    public async Task AddAsync(string kind, string key, long? version = null, Guid? callId = null, CancellationToken ct = default)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await InsertAsync(connection, null, [new ChangeHint(kind, key, version, callId, default)], ct);
        Wake();
    }

    /// <summary>In the transaction of the change itself. Call <see cref="Wake"/> after its commit.</summary>
    public Task AddAsync(NpgsqlTransaction transaction, string kind, string key, long? version, Guid? callId, CancellationToken ct) =>
        InsertAsync(transaction.Connection!, transaction, [new ChangeHint(kind, key, version, callId, default)], ct);

    /// <summary>Many at once, in the transaction of the changes.</summary>
    public Task AddAsync(NpgsqlTransaction transaction, IReadOnlyList<ChangeHint> many, CancellationToken ct) => InsertAsync(transaction.Connection!, transaction, many, ct);

    /// <summary>Written a moment later, by itself: for callers who must not wait.</summary>
    public void Later(string kind, string key, long? version = null, Guid? callId = null) => pending.Writer.TryWrite(new ChangeHint(kind, key, version, callId, default));

    /// <summary>Tells all readers to look, within 50 ms.</summary>
    public void Wake() => pending.Writer.TryWrite(null);

    /// <summary>Every change committed from now on, in order, in batches.</summary>
    public async IAsyncEnumerable<IReadOnlyList<ChangeHint>> WatchAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await using var listener = new Listener(source, Channel, time);
        ChangePosition? cursor = null;
        while (true)
        {
            List<ChangeHint>? batch = null;
            try
            {
                await listener.OpenAsync(ct);
                cursor ??= await StartAsync(ct);
                await using var connection = await source.OpenConnectionAsync(ct);
                (batch, cursor) = await ReadAsync(connection, null, cursor.Value, MostPerRead, ct);
            }
            catch (Exception e) when (DatabaseAway.MayPass(e))
            {
                ReadFailed(e.Message);
            }

            if (batch is { Count: > 0 }) yield return batch;
            if (batch is not { Count: MostPerRead }) await listener.WaitAsync(PollEvery, ct);
        }
    }

    public async ValueTask DisposeAsync()
    {
        pending.Writer.TryComplete();
        stopping.CancelAfter(TimeSpan.FromSeconds(2));
        await working;
        stopping.Dispose();
    }

    const int MostPerRead = 1000;

    async Task<ChangePosition> StartAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("select change_horizon()");
        return new ChangePosition((ulong)(await command.ExecuteScalarAsync(ct))!, 0);
    }

    /// <summary>The next ones in order, at most so many, and up to where they reach.</summary>
    public static async Task<(List<ChangeHint> Batch, ChangePosition Position)> ReadAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, ChangePosition after, int most, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("""
            select xid, id, kind, key, version, call_id, at from change
            where (xid, id) > ($1, $2) and xid < change_horizon()
            order by xid, id limit $3
            """, connection, transaction);
        command.Parameters.Add(new NpgsqlParameter { Value = after.Xid, NpgsqlDbType = NpgsqlDbType.Xid8 });
        command.Parameters.AddWithValue(after.Id);
        command.Parameters.AddWithValue(most);
        var batch = new List<ChangeHint>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            after = new ChangePosition(reader.GetFieldValue<ulong>(0), reader.GetInt64(1));
            batch.Add(new ChangeHint(reader.GetString(2), reader.GetString(3), reader.IsDBNull(4) ? null : reader.GetInt64(4),
                reader.IsDBNull(5) ? null : reader.GetGuid(5), reader.GetFieldValue<DateTimeOffset>(6)));
        }

        return (batch, after);
    }

    /// <summary>One writer of late hints and wake-ups; what came within 50 ms goes together.</summary>
    async Task WorkAsync()
    {
        var hints = new List<ChangeHint>();
        var lastTrim = time.GetUtcNow();
        try
        {
            while (await pending.Reader.WaitToReadAsync(stopping.Token))
            {
                await Task.Delay(NotifyEvery, time, stopping.Token);
                hints.Clear();
                while (hints.Count < 500 && pending.Reader.TryRead(out var hint))
                {
                    if (hint is not null) hints.Add(hint);
                }

                await FlushAsync(hints, stopping.Token);
                if (time.GetUtcNow() - lastTrim < TimeSpan.FromHours(1)) continue;
                lastTrim = time.GetUtcNow();
                await TrimAsync(stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    async Task FlushAsync(List<ChangeHint> hints, CancellationToken ct)
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync(ct);
            if (hints.Count > 0) await InsertAsync(connection, null, hints, ct);
            await using var notify = new NpgsqlCommand($"notify {Channel}", connection);
            await notify.ExecuteNonQueryAsync(ct);
        }
        catch (Exception e) when (DatabaseAway.MayPass(e))
        {
            // Hints are best effort: pages read again after a reconnect, and readers poll.
            WriteFailed(hints.Count, e.Message);
        }
    }

    async Task TrimAsync(CancellationToken ct)
    {
        try
        {
            await using var command = source.CreateCommand("delete from change where at < now() - interval '1 day'");
            await command.ExecuteNonQueryAsync(ct);
        }
        catch (Exception e) when (DatabaseAway.MayPass(e))
        {
            WriteFailed(0, e.Message);
        }
    }

    static async Task InsertAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, IReadOnlyList<ChangeHint> hints, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("""
            insert into change (kind, key, version, call_id)
            select * from unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[])
            """, connection, transaction)
        {
            Parameters =
            {
                new() { Value = hints.Select(h => h.Kind).ToArray() }, new() { Value = hints.Select(h => h.Key).ToArray() },
                new() { Value = hints.Select(h => h.Version).ToArray() }, new() { Value = hints.Select(h => h.CallId).ToArray() },
            },
        };
        await command.ExecuteNonQueryAsync(ct);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Changes cannot be read just now: {Reason}")]
    partial void ReadFailed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} change hints were lost: {Reason}")]
    partial void WriteFailed(int count, string reason);
}
