using CallCrm.Engine;
using Dapper;
using Npgsql;

namespace CallCrm.CallRouter.Mailboxes;

/// <summary>A message that the tables have.</summary>
sealed record KnownMessage(Guid Id, Guid CallId, string UniqueId, string Mailbox, string MessageKey, DateTimeOffset LeftAt, int DurationMs, string State);

/// <summary>The call that a message was left in.</summary>
sealed record MessageCall(Guid CallId, string UniqueId, string State);

/// <summary>What the tables have of messages and their calls. Writes <c>mailbox_look</c> alone.</summary>
sealed class MailboxStore(NpgsqlDataSource database, string domain, string node, TimeProvider time)
{
    /// <summary>Since when messages are ours: since the first look ever.</summary>
    public async Task<DateTimeOffset> SinceAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<DateTimeOffset>(new CommandDefinition(
            """
            with first as (insert into mailbox_look (domain, node, since) values (@domain, @node, @now) on conflict do nothing returning since)
            select since from first union all select since from mailbox_look where domain = @domain and node = @node limit 1
            """,
            new { domain, node, now = time.GetUtcNow() }, cancellationToken: cancel));
    }

    public async Task<IReadOnlyDictionary<string, KnownMessage>> KnownAsync(DateTimeOffset since, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = await connection.QueryAsync<KnownMessage>(new CommandDefinition(
            """
            select id, call_id as callId, unique_id as uniqueId, mailbox, message_key as messageKey, left_at as leftAt, coalesce(duration_ms, 0) as durationMs, state
            from call_message where node = @node and message_key is not null and left_at >= @since
            """,
            new { node, since }, cancellationToken: cancel));
        return rows.ToDictionary(r => r.MessageKey, StringComparer.Ordinal);
    }

    /// <summary>
    /// By the caller's channel where it is a leg of a call of that time. A caller who came to the mailbox through a Local channel is told by time and number;
    /// rather the one of whom AMI said that they left a message there, and of whom no message is known.
    /// </summary>
    public async Task<MessageCall?> CallOfAsync(string channel, string mailbox, PhoneNumber caller, DateTimeOffset at, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.QueryFirstOrDefaultAsync<MessageCall>(new CommandDefinition(
            """
            select coalesce(c.merged_into, c.id) as callId, l.unique_id as uniqueId, c.state
            from call_leg l join call c on c.id = l.call_id
            where l.node = @node and l.started_at between @at - interval '1 day' and @at + @slack and coalesce(l.ended_at, 'infinity') >= @at - @slack
              and (l.channel = @channel or @isLocal and l.is_client and c.direction = 'Inbound' and @number <> '' and (c.caller_e164 = @number or c.caller_raw = @number))
            order by l.channel = @channel desc, exists (select from call_message m where m.node = l.node and m.unique_id = l.unique_id and m.message_key is null and m.mailbox = @mailbox) desc,
              exists (select from call_message m where m.node = l.node and m.unique_id = l.unique_id and m.message_key is not null),
              abs(extract(epoch from l.started_at - @at)), l.started_at desc
            limit 1
            """,
            new { node, channel, mailbox, isLocal = channel.StartsWith("Local/", StringComparison.OrdinalIgnoreCase), number = caller.E164 ?? caller.Raw, at, slack = Slack }, cancellationToken: cancel));
    }

    /// <summary>The PBX's clock is not ours, and a message's time has whole seconds.</summary>
    static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);
}
