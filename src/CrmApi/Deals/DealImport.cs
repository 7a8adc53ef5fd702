using CallCrm.CallFlow;
using CallCrm.CrmApi.Access;
using Npgsql;
using NpgsqlTypes;

namespace CallCrm.CrmApi.Deals;

/// <param name="Id">The same whenever the same row of the same file is loaded.</param>
/// <param name="At">When it came into its stage; null: now.</param>
internal sealed record ImportedDeal(Guid Id, string DealType, string Stage, string Title, decimal? Amount, string Currency, Guid? ResponsibleId, DateTimeOffset? At);

/// <summary>Writes deals that come from files.</summary>
internal sealed class DealImport(ChangeHints hints, AuditStore audit, TimeProvider time)
{
    /// <summary>In the caller's transaction. A deal that is there already stays as it is; one in a stage that ends it is closed.</summary>
    /// <returns>How many are new.</returns>
    public async Task<int> AddAsync(NpgsqlTransaction transaction, IReadOnlyList<(Guid Client, ImportedDeal Deal)> deals, Guid user, CancellationToken cancel)
    {
        if (deals.Count == 0) return 0;
        var now = time.GetUtcNow();
        await using var command = new NpgsqlCommand(
            """
            insert into deal (id, client_id, deal_type, stage, title, amount, currency, responsible_id, stage_since, closed_at, created_at)
            select g.id, g.client_id, g.deal_type, g.stage, g.title, g.amount, g.currency, g.responsible_id, g.at, case when s.outcome is not null then g.at end, g.at
            from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::numeric[], $7::text[], $8::uuid[], $9::timestamptz[])
              as g(id, client_id, deal_type, stage, title, amount, currency, responsible_id, at)
            join stage s on s.deal_type = g.deal_type and s.code = g.stage
            for share of s
            on conflict (id) do nothing
            returning id, stage
            """, transaction.Connection, transaction)
        {
            Parameters =
            {
                new() { Value = deals.Select(d => d.Deal.Id).ToArray() }, new() { Value = deals.Select(d => d.Client).ToArray() }, new() { Value = deals.Select(d => d.Deal.DealType).ToArray() },
                new() { Value = deals.Select(d => d.Deal.Stage).ToArray() }, new() { Value = deals.Select(d => d.Deal.Title).ToArray() },
                new() { Value = deals.Select(d => d.Deal.Amount).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Numeric }, new() { Value = deals.Select(d => d.Deal.Currency).ToArray() },
                new() { Value = deals.Select(d => d.Deal.ResponsibleId).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid },
                new() { Value = deals.Select(d => (d.Deal.At ?? now).UtcDateTime).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz },
            },
        };
        var made = new List<ChangeHint>();
        var told = new List<(string Id, string Before, string After)>();
        await using (var rows = await command.ExecuteReaderAsync(cancel))
        {
            while (await rows.ReadAsync(cancel))
            {
                var id = rows.GetGuid(0).ToString();
                made.Add(new ChangeHint("deal", id, null, null, default));
                told.Add((id, "", rows.GetString(1)));
            }
        }

        if (made.Count == 0) return 0;
        await hints.AddAsync(transaction, made, cancel);
        await audit.AddChangesAsync(transaction, user, DealStore.CreatedAction, DealStore.Subject, told, cancel);
        return made.Count;
    }
}
