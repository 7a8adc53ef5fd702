using Npgsql;

namespace CallCrm.CallFlow;

public sealed partial class ClientDirectory
{
    /// <summary>
    /// The client wants no calls, or wants them again; in the caller's transaction. The mark stands on the card that a merged one went into; taken back
    /// it is from all that went into it, so that it is gone.
    /// </summary>
    /// <returns>The moment it was set; null: it was as asked before.</returns>
    public async Task<DateTimeOffset?> SetDoNotCallAsync(NpgsqlTransaction transaction, Guid id, Guid by, bool on, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        // As PostgreSQL keeps it, so that it can be compared later.
        var now = time.GetUtcNow();
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        await using var command = new NpgsqlCommand(on ? MarkSql : UnmarkSql, transaction.Connection, transaction)
        {
            Parameters = { new() { Value = id }, new() { Value = now.UtcDateTime }, new() { Value = by } },
        };
        var changed = new List<(Guid Id, int Version)>();
        await using (var reader = await command.ExecuteReaderAsync(ct))
        {
            while (await reader.ReadAsync(ct)) changed.Add((reader.GetGuid(0), reader.GetInt32(1)));
        }

        if (changed.Count == 0) return null;
        foreach (var (card, version) in changed) await hints.AddAsync(transaction, "client", card.ToString(), version, null, ct);
        return now;
    }

    const string MarkSql = """
        update client set do_not_call_at = $2, do_not_call_by = $3, version = version + 1, updated_at = $2
        where id = client_root($1) and not exists (select from client_family(client_root($1)) f (id) join client c on c.id = f.id where c.do_not_call_at is not null)
        returning id, version
        """;

    const string UnmarkSql = """
        update client set do_not_call_at = null, do_not_call_by = null, version = version + 1, updated_at = $2
        where id in (select client_family(client_root($1))) and do_not_call_at is not null and $3::uuid is not null
        returning id, version
        """;
}
