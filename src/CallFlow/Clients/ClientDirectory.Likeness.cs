using Npgsql;

namespace CallCrm.CallFlow;

public sealed partial class ClientDirectory
{
    /// <summary>A person says that two cards are not one client, or takes it back; in the caller's transaction.</summary>
    /// <returns>Whether it was said anew; null: one of them is not there.</returns>
    public async Task<bool?> SetDifferentAsync(NpgsqlTransaction transaction, Guid one, Guid other, bool different, Guid by, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        if (await ScalarAsync(transaction, "select count(*) from client where id in ($1, $2) and merged_into is null and erased_at is null", ct, one, other) is not 2L) return null;
        return different
            ? await ScalarAsync(transaction, DifferentSql, ct, one, other, by, time.GetUtcNow().UtcDateTime) is not null
            : await ScalarAsync(transaction, "delete from client_different where one_id = least($1, $2) and other_id = greatest($1, $2) returning one_id", ct, one, other) is not null;
    }

    const string DifferentSql = """
        insert into client_different (one_id, other_id, said_by, said_at)
        values (least($1, $2), greatest($1, $2), $3, $4)
        on conflict (one_id, other_id) do nothing
        returning one_id
        """;
}
