using Npgsql;

namespace CallCrm.CallFlow;

public sealed partial class ClientDirectory
{
    /// <summary>Clients get another responsible, in the caller's transaction: all of one person's, or of these only those still theirs. Merged cards stay as they are.</summary>
    /// <param name="only">Null: all.</param>
    /// <returns>The clients that changed hands.</returns>
    public async Task<IReadOnlyList<Guid>> HandOverAsync(NpgsqlTransaction transaction, Guid from, Guid to, Guid[]? only, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        await using var command = new NpgsqlCommand(HandOverSql, transaction.Connection, transaction)
        {
            Parameters =
            {
                new() { Value = from }, new() { Value = to }, new() { Value = time.GetUtcNow().UtcDateTime },
                new() { Value = (object?)only ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Uuid },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var moved = new List<Guid>();
        while (await reader.ReadAsync(ct)) moved.Add(reader.GetGuid(0));
        return moved;
    }

    // The time of the change is what the router's memory of callers follows.
    const string HandOverSql = """
        update client set responsible_id = $2, version = version + 1, updated_at = $3
        where responsible_id = $1 and merged_into is null and ($4::uuid[] is null or id = any ($4))
        returning id
        """;
}
