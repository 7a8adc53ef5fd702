using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Access;

/// <summary>Who did what that must be answered for: sign-ins, listens, exports.</summary>
internal sealed class AuditStore(NpgsqlDataSource database, TimeProvider time)
{
    public async Task AddAsync(Guid? user, string action, string subject, string subjectId, string? address, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into audit (at, user_id, action, object, object_id, detail)
            values (@at, @user, @action, @subject, @subjectId, jsonb_build_object('address', @address::text))
            """,
            new { at = time.GetUtcNow(), user, action, subject, subjectId, address }, cancellationToken: cancel));
    }
}
