using CallCrm.CallFlow;
using Dapper;
using Npgsql;

namespace CallCrm.Recorder.Intake;

/// <summary>The call leg a recording belongs to.</summary>
/// <param name="Unkept">It is not to be kept, whatever was recorded.</param>
/// <param name="Undecided">Of a call out that is not over: whether it is to be kept is said at its end.</param>
internal sealed record RecordedLeg(string Node, string UniqueId, Guid CallId, DateTimeOffset? EndedAt, bool Answered, bool Unkept = false, bool Undecided = false);

internal sealed record RecordingRow(
    Guid Id, string Node, string PbxUniqueId, Guid? CallId, string Status, string? Sha256In, string? Sha256Out, long? SizeBytes, string? Path, string? Error);

/// <summary>What was made of a recording.</summary>
internal sealed record TakenRecording(
    string Status, string? Sha256In, string? Sha256Out, int? DurationMs, long? SizeBytes, string? Path, byte[]? Waveform, string? Error, DateTimeOffset? StartedAt);

/// <summary>Table <c>recording</c>: this process alone writes it. Each change of a row leaves a hint for the pages.</summary>
internal sealed class RecordingTable(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>The leg that a file's name means, whichever way the name is cut; null while none is known.</summary>
    public async Task<RecordedLeg?> FindLegAsync(IEnumerable<RecordingKey> cuts, CancellationToken ct)
    {
        var keys = cuts.ToArray();
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QueryFirstOrDefaultAsync<RecordedLeg>(new CommandDefinition(
            """
            select l.node, l.unique_id as uniqueId, coalesce(c.merged_into, l.call_id) as callId, l.ended_at as endedAt, c.answered_at is not null or c.talk_ms > 0 as answered,
              l.unkept, c.direction = 'Outbound' and c.ended_at is null as undecided
            from unnest(@nodes, @uniqueIds) as k (node, unique_id)
            join call_leg l on l.node = k.node and l.unique_id = k.unique_id
            left join call c on c.id = l.call_id
            order by l.started_at desc
            limit 1
            """,
            new { nodes = Array.ConvertAll(keys, k => k.Node), uniqueIds = Array.ConvertAll(keys, k => k.UniqueId) }, cancellationToken: ct));
    }

    /// <summary>The latest row of the recording; made as <c>pending</c> when there is none.</summary>
    public async Task<RecordingRow> FindOrAddAsync(RecordingKey key, IEnumerable<RecordingKey> cuts, Guid? callId, CancellationToken ct)
    {
        var keys = cuts.ToArray();
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await LockAsync(connection, key, ct);
        var row = await connection.QueryFirstOrDefaultAsync<RecordingRow>(new CommandDefinition(
            """
            select r.id, r.node, r.pbx_unique_id as pbxUniqueId, r.call_id as callId, r.status, r.sha256_in as sha256In, r.sha256_out as sha256Out,
                   r.size_bytes as sizeBytes, r.path, r.error
            from unnest(@nodes, @uniqueIds) as k (node, unique_id)
            join recording r on r.node = k.node and r.pbx_unique_id = k.unique_id
            order by r.created_at desc
            limit 1
            """,
            new { nodes = Array.ConvertAll(keys, k => k.Node), uniqueIds = Array.ConvertAll(keys, k => k.UniqueId) }, cancellationToken: ct));
        row ??= await AddAsync(connection, key, callId, ct);
        await transaction.CommitAsync(ct);
        return row;
    }

    /// <summary>A further row: the same name came again with other sound.</summary>
    public async Task<RecordingRow> AddAsync(RecordingKey key, Guid? callId, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var row = await AddAsync(connection, key, callId, ct);
        await transaction.CommitAsync(ct);
        return row;
    }

    public async Task CloseAsync(Guid id, Guid? callId, TakenRecording taken, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            update recording set
              status = @Status, sha256_in = @Sha256In, sha256_out = @Sha256Out, duration_ms = @DurationMs, size_bytes = @SizeBytes,
              path = @Path, waveform = @Waveform, error = @Error, started_at = @StartedAt, taken_at = @now, call_id = coalesce(@callId, call_id)
            where id = @id
            """,
            new
            {
                taken.Status,
                taken.Sha256In,
                taken.Sha256Out,
                taken.DurationMs,
                taken.SizeBytes,
                taken.Path,
                taken.Waveform,
                taken.Error,
                StartedAt = taken.StartedAt?.UtcDateTime,
                now = time.GetUtcNow().UtcDateTime,
                callId,
                id,
            },
            cancellationToken: ct));
        await HintAsync(connection, id, callId, ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>Says why a recording is not stored yet; it stays pending.</summary>
    public async Task DelayAsync(RecordingRow row, string error, CancellationToken ct)
    {
        if (row.Error == error) return;
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            "update recording set error = @error where id = @id and status = 'pending'", new { error, id = row.Id }, cancellationToken: ct));
        await HintAsync(connection, row.Id, row.CallId, ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>Recorded legs of the calls since <paramref name="since"/> that have no row, or one that still waits for its files.</summary>
    public async Task<IReadOnlyList<RecordedLeg>> AwaitedAsync(DateTimeOffset since, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var legs = await connection.QueryAsync<RecordedLeg>(new CommandDefinition(
            """
            select l.node, l.unique_id as uniqueId, coalesce(c.merged_into, c.id) as callId, l.ended_at as endedAt, c.answered_at is not null or c.talk_ms > 0 as answered, false as unkept, false as undecided
            from call c
            join call_leg l on l.call_id = c.id
            where c.started_at >= @since and l.recorded and (l.is_client or c.direction = 'Internal')
              and not exists (
                select from recording r
                where r.node = l.node and r.pbx_unique_id = l.unique_id and (r.status <> 'pending' or l.ended_at is null))
            order by l.started_at
            limit 1000
            """,
            new { since = since.UtcDateTime }, cancellationToken: ct));
        return legs.AsList();
    }

    /// <summary>Recordings that are not to be kept: their rows go, with transcripts. The sound is the caller's to delete, before.</summary>
    public async Task<IReadOnlyList<RecordingRow>> UnkeptAsync(DateTimeOffset since, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<RecordingRow>(new CommandDefinition(
            """
            select r.id, r.node, r.pbx_unique_id as pbxUniqueId, r.call_id as callId, r.status, r.sha256_in as sha256In, r.sha256_out as sha256Out,
                   r.size_bytes as sizeBytes, r.path, r.error
            from call_leg l
            join recording r on r.node = l.node and r.pbx_unique_id = l.unique_id and r.created_at >= l.started_at
            where l.unkept and l.started_at >= @since
            order by r.created_at
            """,
            new { since = since.UtcDateTime }, cancellationToken: ct));
        return rows.AsList();
    }

    public async Task RemoveAsync(RecordingRow row, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition("delete from recording where id = @id", new { id = row.Id }, cancellationToken: ct));
        await HintAsync(connection, row.Id, row.CallId, ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>Ties recordings to calls that became known, or became another call, after they were taken.</summary>
    public async Task<int> TieAsync(DateTimeOffset since, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(new CommandDefinition(
            """
            with tied as (
              update recording r set call_id = coalesce(c.merged_into, c.id)
              from call_leg l join call c on c.id = l.call_id
              where r.created_at >= @since and l.node = r.node and l.unique_id = r.pbx_unique_id
                and r.call_id is distinct from coalesce(c.merged_into, c.id)
              returning r.id, r.call_id)
            insert into change (kind, key, call_id) select 'recording', id::text, call_id from tied
            """,
            new { since = since.UtcDateTime }, cancellationToken: ct));
    }

    private async Task<RecordingRow> AddAsync(NpgsqlConnection connection, RecordingKey key, Guid? callId, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into recording (id, node, pbx_unique_id, call_id, status, created_at)
            values (@id, @node, @uniqueId, @callId, 'pending', @now)
            """,
            new { id, node = key.Node, uniqueId = key.UniqueId, callId, now = now.UtcDateTime }, cancellationToken: ct));
        await HintAsync(connection, id, callId, ct);
        return new RecordingRow(id, key.Node, key.UniqueId, callId, "pending", null, null, null, null, null);
    }

    private static Task HintAsync(NpgsqlConnection connection, Guid id, Guid? callId, CancellationToken ct) =>
        connection.ExecuteAsync(new CommandDefinition(
            "insert into change (kind, key, call_id) values ('recording', @key, @callId)", new { key = id.ToString(), callId }, cancellationToken: ct));

    /// <summary>Two recorders that saw the same files at the same moment make one row.</summary>
    private static Task LockAsync(NpgsqlConnection connection, RecordingKey key, CancellationToken ct) =>
        connection.ExecuteAsync(new CommandDefinition(
            "select pg_advisory_xact_lock(hashtextextended(@key, 0))", new { key = $"recording:{key}" }, cancellationToken: ct));
}
