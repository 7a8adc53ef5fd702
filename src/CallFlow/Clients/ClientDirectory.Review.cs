using Npgsql;
using NpgsqlTypes;

namespace CallCrm.CallFlow;

public sealed partial class ClientDirectory
{
    /// <summary>A person looked at a card made from a call: it is somebody's. It needs a name, of a person or a company.</summary>
    /// <param name="confirmed">Writes down who did it, in the same transaction.</param>
    public async Task<ClientSaved> ConfirmAsync(Guid id, int version, Func<NpgsqlTransaction, Task> confirmed, CancellationToken ct)
    {
        await using var connection = await pages.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var command = new NpgsqlCommand(ConfirmSql, connection, transaction) { Parameters = { new() { Value = id }, new() { Value = version }, new() { Value = time.GetUtcNow().UtcDateTime } } };
        if (await command.ExecuteScalarAsync(ct) is not int saved)
        {
            await using var named = new NpgsqlCommand("select name = '' and company = '' from client where id = $1 and version = $2", connection, transaction)
            {
                Parameters = { new() { Value = id }, new() { Value = version } },
            };
            return await named.ExecuteScalarAsync(ct) is true
                ? new ClientSaved.Invalid(new Dictionary<string, string[]>(StringComparer.Ordinal) { ["name"] = ["expected 1 to 200 characters"] })
                : await WhyNotAsync(connection, transaction, id, ct);
        }

        await confirmed(transaction);
        await hints.AddAsync(transaction, "client", id.ToString(), saved, null, ct);
        await transaction.CommitAsync(ct);
        hints.Wake();
        return new ClientSaved.Done(id, saved);
    }

    /// <summary>
    /// Puts a card away, in the caller's transaction: one that nobody confirmed, has no deal and nobody responsible. Its number finds it still, so no
    /// second one is made; whoever saves it, or shows it again, brings it back.
    /// </summary>
    /// <returns>Whether it is put away by this.</returns>
    public Task<bool> HideAsync(NpgsqlTransaction transaction, Guid id, Guid by, CancellationToken ct) => SetHiddenAsync(transaction, HideSql, id, by, ct);

    /// <returns>Whether it was put away until now.</returns>
    public Task<bool> ShowAsync(NpgsqlTransaction transaction, Guid id, CancellationToken ct) => SetHiddenAsync(transaction, ShowSql, id, null, ct);

    async Task<bool> SetHiddenAsync(NpgsqlTransaction transaction, string sql, Guid id, Guid? by, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        await using var command = new NpgsqlCommand(sql, transaction.Connection, transaction)
        {
            Parameters = { new() { Value = id }, new() { Value = time.GetUtcNow().UtcDateTime } },
        };
        if (by is { } who) command.Parameters.Add(new NpgsqlParameter { Value = who, NpgsqlDbType = NpgsqlDbType.Uuid });
        if (await command.ExecuteScalarAsync(ct) is not int version) return false;
        await hints.AddAsync(transaction, "client", id.ToString(), version, null, ct);
        return true;
    }

    const string ConfirmSql = """
        update client set confirmed = true, hidden_at = null, hidden_by = null, version = version + 1, updated_at = $3
        where id = $1 and version = $2 and merged_into is null and deleted_at is null and (name <> '' or company <> '')
        returning version
        """;

    const string HideSql = """
        update client set hidden_at = $2, hidden_by = $3, version = version + 1, updated_at = $2
        where id = $1 and not confirmed and merged_into is null and deleted_at is null and hidden_at is null and responsible_id is null
          and not exists (select from deal where client_id = $1 and deleted_at is null)
        returning version
        """;

    const string ShowSql = """
        update client set hidden_at = null, hidden_by = null, version = version + 1, updated_at = $2
        where id = $1 and hidden_at is not null
        returning version
        """;
}
