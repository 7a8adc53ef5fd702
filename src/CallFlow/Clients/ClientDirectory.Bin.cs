using Npgsql;

namespace CallCrm.CallFlow;

public sealed partial class ClientDirectory
{
    /// <summary>So long a deleted card can be brought back.</summary>
    public static readonly TimeSpan BinFor = TimeSpan.FromDays(30);

    const int ErasedAtOnce = 500;

    /// <summary>Into the bin, in the caller's transaction: in no list and found by no call, until it is restored. Its deals, tasks and calls stay as they are.</summary>
    public async Task<ClientSaved> DeleteAsync(NpgsqlTransaction transaction, Guid id, int version, Guid by, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return await ScalarAsync(transaction, DeleteSql, ct, id, version, time.GetUtcNow().UtcDateTime, by) is int deleted
            ? await HintedAsync(transaction, id, deleted, ct)
            : await WhyNotAsync(transaction.Connection!, transaction, id, ct);
    }

    /// <summary>Back from the bin, in the caller's transaction.</summary>
    public async Task<ClientSaved> RestoreAsync(NpgsqlTransaction transaction, Guid id, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return await ScalarAsync(transaction, RestoreSql, ct, id, time.GetUtcNow().UtcDateTime) is int restored ? await HintedAsync(transaction, id, restored, ct) : new ClientSaved.NotFound();
    }

    async Task<ClientSaved> HintedAsync(NpgsqlTransaction transaction, Guid id, int version, CancellationToken ct)
    {
        await hints.AddAsync(transaction, "client", id.ToString(), version, null, ct);
        return new ClientSaved.Done(id, version);
    }

    /// <summary>Erases what stands on cards that were deleted more than 30 days ago, with those merged into them.</summary>
    /// <returns>How many; when it is all that one round takes, there may be more.</returns>
    public async Task<int> EraseAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow().UtcDateTime;
        await using var command = pages.CreateCommand(EraseSql);
        command.Parameters.AddWithValue(now - BinFor);
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(ErasedAtOnce);
        return (int)(await command.ExecuteScalarAsync(ct))!;
    }

    const string DeleteSql = """
        update client set deleted_at = $3, deleted_by = $4, version = version + 1, updated_at = $3
        where id = $1 and version = $2 and merged_into is null and deleted_at is null
        returning version
        """;

    const string RestoreSql = """
        update client set deleted_at = null, deleted_by = null, version = version + 1, updated_at = $2
        where id = $1 and deleted_at is not null and erased_at is null
        returning version
        """;

    const string EraseSql = """
        with due as (
          select id from client where deleted_at < $1 and erased_at is null order by deleted_at limit $3 for update skip locked
        ), whole as (
          select f.id from due cross join lateral client_family(due.id) f (id)
        ), numbers as (
          delete from client_phone where client_id in (select id from whole)
        ), addresses as (
          delete from client_email where client_id in (select id from whole)
        ), places as (
          delete from client_address where client_id in (select id from whole)
        ), notes as (
          delete from client_note where client_id in (select id from whole)
        ), mails as (
          delete from client_mail where client_id in (select id from whole)
        ), pairs as (
          delete from client_alike where client_id in (select id from whole) or other_id in (select id from whole)
        ), merges as (
          delete from client_merge where winner_id in (select id from whole) or loser_id in (select id from whole)
        ), erased as (
          update client set name = '', company = '', email = '', city = '', note = '', tax_id = '', second_tax_id = '', time_zone = '', address = '', tags = '{}', custom = '{}', linked = '{}', own_words = '{}', link_words = '{}', company_id = null,
            responsible_id = null, erased_at = $2, version = version + 1, updated_at = $2
          where id in (select id from whole)
        )
        select count(*)::int from due
        """;
}
