using Microsoft.Extensions.Logging;
using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>
/// The one connection that holds the domain's lock and appends. Without the lock there is no connection here, so who lost it
/// cannot append.
/// </summary>
internal sealed partial class JournalConnection(RouterDatabase database, string domain, ILogger log) : IAsyncDisposable
{
    /// <summary>First half of the lock's key; the second is the domain's hash. Two-part keys never meet the one-part ones of clients and migrations.</summary>
    const int LockClass = 0x43616C6C;

    readonly ProjectionFold fold = new(domain);
    NpgsqlConnection? connection;
    bool certain;
    int process;
    DateTime processSince;

    public bool IsOpen => connection is not null;

    /// <summary>Which database this is, by what no copy of it has: a router on a restored copy is none of ours.</summary>
    public string Database { get; private set; } = "";

    long epoch;

    /// <summary>Grows each time somebody gets the domain.</summary>
    public long Epoch => Volatile.Read(ref epoch);

    /// <summary>Waits until the lock is ours, however long. Throws when the connection breaks meanwhile.</summary>
    /// <param name="former">How long somebody who had it until now may take to notice that they lost it.</param>
    public async Task WaitForDomainAsync(TimeSpan former, TimeProvider time, CancellationToken ct)
    {
        var opened = await OpenAsync(ct);
        await using var attempt = new NpgsqlCommand("select pg_try_advisory_lock($1, hashtext($2))", opened) { Parameters = { new() { Value = LockClass }, new() { Value = domain } } };
        if (await attempt.ExecuteScalarAsync(ct) is true)
        {
            await TakeOverAsync(opened, ct);
            return;
        }

        await using (var take = new NpgsqlCommand("select pg_advisory_lock($1, hashtext($2))", opened) { CommandTimeout = 0, Parameters = { new() { Value = LockClass }, new() { Value = domain } } })
        {
            await take.ExecuteNonQueryAsync(ct);
        }

        await Task.Delay(former, time, ct);
        await TakeOverAsync(opened, ct);
    }

    /// <summary>False: another router holds the domain.</summary>
    public async Task<bool> TryComeBackAsync(CancellationToken ct)
    {
        await DisposeAsync();
        var opened = await OpenAsync(ct);
        for (var attempt = 0; attempt < 20; attempt++)
        {
            await using var take = new NpgsqlCommand("select pg_try_advisory_lock($1, hashtext($2))", opened) { Parameters = { new() { Value = LockClass }, new() { Value = domain } } };
            if (await take.ExecuteScalarAsync(ct) is true)
            {
                await TakeOverAsync(opened, ct);
                return true;
            }

            if (!await EndOwnFormerAsync(opened, ct)) break;
            await Task.Delay(50, ct);
        }

        await opened.DisposeAsync();
        return false;
    }

    public async Task AppendAsync(IReadOnlyList<JournalLine> lines, CancellationToken ct)
    {
        try
        {
            await AppendAllAsync(lines, project: true, ct);
        }
        catch (Exception e) when (IsRefusal(e))
        {
            // An entry the database refuses must not hold up those after it: one by one, and the bad one without its projection.
            certain = false;
            foreach (var line in lines) await AppendOneAsync(line, ct);
        }
    }

    public async Task CheckAsync(CancellationToken ct)
    {
        await using var check = new NpgsqlCommand("select 1", connection) { CommandTimeout = 3 };
        await check.ExecuteNonQueryAsync(ct);
    }

    public NpgsqlConnection Open => connection ?? throw new InvalidOperationException("The domain is not held.");

    public async ValueTask DisposeAsync()
    {
        var closing = connection;
        connection = null;
        fold.Forget();
        if (closing is not null) await closing.DisposeAsync();
    }

    async Task AppendOneAsync(JournalLine line, CancellationToken ct)
    {
        try
        {
            await AppendAllAsync([line], project: true, ct);
        }
        catch (Exception e) when (IsRefusal(e))
        {
            Refused(e, line.Seq, line.Kind);
            await AppendAllAsync([line], project: false, ct);
        }
    }

    async Task AppendAllAsync(IReadOnlyList<JournalLine> lines, bool project, CancellationToken ct)
    {
        var with = Open;
        try
        {
            await using var batch = JournalSql.Append(with, domain, lines);
            if (project)
            {
                // Agents first: the call that an agent wraps up stands in their row.
                await JournalSql.LoadAsync(with, fold, [], fold.MissingAgents(lines), ct);
                await JournalSql.LoadAsync(with, fold, fold.Missing(lines, certain), [], ct);
                Fold(lines, batch);
            }

            await batch.ExecuteNonQueryAsync(ct);
            fold.Saved();
            certain = true;
        }
        catch
        {
            // What was folded may not be in the database: it is read again before the next append.
            fold.Forget();
            certain = false;
            throw;
        }
    }

    void Fold(IReadOnlyList<JournalLine> lines, NpgsqlBatch batch)
    {
        try
        {
            foreach (var line in lines) fold.Apply(line.Entry);
            JournalSql.Project(batch, fold);
        }
        catch (Exception e)
        {
            throw new ProjectionFault(e);
        }
    }

    /// <summary>Bad data (22), broken constraints (23) and the like, or a fault of the fold; not a lost connection or a server short of something.</summary>
    static bool IsRefusal(Exception e) => e is ProjectionFault || e is PostgresException { SqlState: ['2', '2' or '3', ..] or ['4', '2', ..] or ['5', '4', ..] };

    sealed class ProjectionFault(Exception inner) : Exception(inner.Message, inner);

    async Task<NpgsqlConnection> OpenAsync(CancellationToken ct)
    {
        var settings = KeyedSessions.Of(database.ConnectionString);
        // Not from a pool: the session holds the lock, and must end when we are done with it.
        settings.Pooling = false;
        settings.ApplicationName = $"callcrm-journal-{domain}";
        settings.CommandTimeout = 10;
        settings.Timeout = 3;
        settings.TcpKeepAlive = true;
        var opened = new NpgsqlConnection(settings.ConnectionString);
        await opened.OpenAsync(ct);
        return opened;
    }

    async Task TakeOverAsync(NpgsqlConnection opened, CancellationToken ct)
    {
        await using (var who = new NpgsqlCommand("select pid, backend_start from pg_stat_activity where pid = pg_backend_pid()", opened))
        await using (var reader = await who.ExecuteReaderAsync(ct))
        {
            await reader.ReadAsync(ct);
            (process, processSince) = (reader.GetInt32(0), reader.GetDateTime(1));
        }

        await using (var next = new NpgsqlCommand("""
            insert into domain (name, router_epoch) values ($1, 1)
            on conflict (name) do update set router_epoch = domain.router_epoch + 1 returning router_epoch
            """, opened) { Parameters = { new() { Value = domain } } })
        {
            Volatile.Write(ref epoch, (long)(await next.ExecuteScalarAsync(ct))!);
        }

        if (Database.Length == 0) Database = await DatabaseOfAsync(opened, ct);
        fold.Forget();
        certain = false;
        connection = opened;
    }

    static async Task<string> DatabaseOfAsync(NpgsqlConnection opened, CancellationToken ct)
    {
        try
        {
            await using var which = new NpgsqlCommand("select c.system_identifier || '/' || d.oid from pg_control_system() c, pg_database d where d.datname = current_database()", opened);
            return (string)(await which.ExecuteScalarAsync(ct))!;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // A server whose administrator took that function from us.
            return opened.Database;
        }
    }

    /// <summary>After a cut line the server may not have noticed yet that our former session is dead. True: it was that one, and it is told to end.</summary>
    async Task<bool> EndOwnFormerAsync(NpgsqlConnection opened, CancellationToken ct)
    {
        await using var end = new NpgsqlCommand("select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and backend_start = $2", opened) { Parameters = { new() { Value = process }, new() { Value = processSince } } };
        return await end.ExecuteScalarAsync(ct) is true;
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "Journal entry {Seq} ({Kind}) is kept, but the tables cannot show it")]
    partial void Refused(Exception e, long seq, string kind);
}
