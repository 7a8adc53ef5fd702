using CallCrm.CallFlow;
using Dapper;
using Npgsql;

namespace CallCrm.Recorder.Intake;

/// <summary>A message in a PBX's mailbox whose sound is not stored yet.</summary>
/// <param name="Key">Null: only AMI told of it.</param>
internal sealed record AwaitedMessage(Guid Id, string Node, string? Key, Guid CallId, DateTimeOffset LeftAt, string State, Guid? Recording, string? Error);

/// <summary>Recordings that hold a message: rows of table <c>recording</c> with <c>message_id</c>.</summary>
internal sealed class MailboxTable(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Also those that were given up: their sound may come after all.</summary>
    public async Task<IReadOnlyList<AwaitedMessage>> AwaitedAsync(DateTimeOffset since, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<AwaitedMessage>(new CommandDefinition(
            """
            select m.id, m.node, m.message_key as key, m.call_id as callId, m.left_at as leftAt, m.state, r.id as recording, r.error
            from call_message m left join recording r on r.message_id = m.id
            where m.left_at >= @since and (r.id is null or r.status in ('pending', 'missing'))
            order by m.left_at
            limit 1000
            """,
            new { since = since.UtcDateTime }, cancellationToken: ct));
        return rows.AsList();
    }

    /// <summary>The message's row, pending; the same one, however often it is asked for.</summary>
    public async Task<Guid> RowAsync(AwaitedMessage message, CancellationToken ct)
    {
        if (message.Recording is { } known) return known;
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<Guid>(new CommandDefinition(
            """
            with added as (
              insert into recording (id, node, pbx_unique_id, call_id, status, created_at, message_id)
              values (@id, @node, @name, @call, 'pending', @now, @message) on conflict do nothing returning id)
            select id from added union all select id from recording where message_id = @message limit 1
            """,
            new { id = Guid.CreateVersion7(now), node = message.Node, name = $"voicemail-{message.Id:N}", call = message.CallId, now = now.UtcDateTime, message = message.Id }, cancellationToken: ct));
    }

    /// <summary>Messages follow when their call became part of another.</summary>
    public async Task TieAsync(DateTimeOffset since, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            with tied as (
              update recording r set call_id = m.call_id from call_message m
              where r.created_at >= @since and m.id = r.message_id and r.call_id is distinct from m.call_id
              returning r.id, r.call_id)
            insert into change (kind, key, call_id) select 'recording', id::text, call_id from tied
            """,
            new { since = since.UtcDateTime }, cancellationToken: ct));
    }
}
