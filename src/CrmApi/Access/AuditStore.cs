using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Access;

/// <summary>Who did what that must be answered for: sign-ins, listens, exports, changed dispositions.</summary>
internal sealed class AuditStore(NpgsqlDataSource database, TimeProvider time)
{
    public async Task AddAsync(Guid? user, string action, string subject, string subjectId, string? address, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into audit (at, user_id, action, object, object_id, detail, key_id)
            values (@at, @user, @action, @subject, @subjectId, jsonb_build_object('address', @address::text), @key)
            """,
            new { at = time.GetUtcNow(), user, action, subject, subjectId, address, key = ActingKey.Current }, cancellationToken: cancel));
    }

    /// <summary>With the call that gave the occasion.</summary>
    public async Task AddOfCallAsync(Guid user, string action, string subject, string subjectId, Guid call, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into audit (at, user_id, action, object, object_id, detail, key_id) values (@at, @user, @action, @subject, @subjectId, jsonb_build_object('call', @call::text), @key)",
            new { at = time.GetUtcNow(), user, action, subject, subjectId, call, key = ActingKey.Current }, cancellationToken: cancel));
    }

    /// <summary>Many changes at once, each of an object of its own.</summary>
    public async Task AddChangesAsync(NpgsqlTransaction transaction, Guid user, string action, string subject, IReadOnlyCollection<(string Id, string Before, string After)> changes, CancellationToken cancel) =>
        await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            """
            insert into audit (at, user_id, action, object, object_id, detail, key_id)
            select @at, @user, @action, @subject, c.id, jsonb_build_object('before', c.before, 'after', c.after), @key from unnest(@ids, @before, @after) c (id, before, after)
            """,
            new { at = time.GetUtcNow(), user, action, subject, ids = changes.Select(c => c.Id).ToArray(), before = changes.Select(c => c.Before).ToArray(), after = changes.Select(c => c.After).ToArray(), key = ActingKey.Current },
            transaction, cancellationToken: cancel));

    /// <summary>Whether this person did that to this.</summary>
    public async Task<bool> HasAsync(Guid user, string action, string subject, string subjectId, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "select exists (select from audit where object = @subject and object_id = @subjectId and action = @action and user_id = @user)", new { user, action, subject, subjectId }, cancellationToken: cancel));
    }

    /// <summary>What was before and what is after, in the transaction of the change itself.</summary>
    public async Task AddChangeAsync(NpgsqlTransaction transaction, Guid user, string action, string subject, string subjectId, string before, string after, CancellationToken cancel) =>
        await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            """
            insert into audit (at, user_id, action, object, object_id, detail, key_id)
            values (@at, @user, @action, @subject, @subjectId, jsonb_build_object('before', @before::text, 'after', @after::text), @key)
            """,
            new { at = time.GetUtcNow(), user, action, subject, subjectId, before, after, key = ActingKey.Current }, transaction, cancellationToken: cancel));
}
