using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Deals;

/// <param name="State">open, closed, or null: both.</param>
internal sealed record DealFilter(Guid? Client, string? Type, string? Stage, Guid? Responsible, string? State, decimal? AmountFrom, decimal? AmountTo, DateTimeOffset? CreatedFrom, DateTimeOffset? CreatedTo,
    DateTimeOffset? StageFrom, DateTimeOffset? StageTo, string? Query);

/// <summary>Reads of deals for the pages and programs. Writing is DealStore's.</summary>
internal sealed class DealReader(NpgsqlDataSource database)
{
    public static readonly SortKey[] Orders = [SortKey.Time("created", "d.created_at"), SortKey.Time("stage_since", "d.stage_since"), SortKey.Amount("amount", "coalesce(d.amount, 0)"), SortKey.Text("title", "d.title")];

    const string Columns =
        """
        d.id, d.number, c.id as client_id, coalesce(nullif(c.name, ''), c.company) as client_name, d.deal_type, t.name as deal_type_name, d.stage, s.name as stage_name, d.title, d.amount, d.currency::text as currency,
          d.responsible_id, u.name as responsible_name, d.stage_since, d.closed_at, d.created_at, d.version, d.deleted_at
        """;

    const string Tables =
        """
        from deal d join client k on k.id = d.client_id join client c on c.id = case when k.merged_into is null then k.id else client_root(k.id) end
        join deal_type t on t.code = d.deal_type join stage s on s.deal_type = d.deal_type and s.code = d.stage left join app_user u on u.id = d.responsible_id
        """;

    /// <summary>Also what lies in the bin; not what was erased.</summary>
    public async Task<DealDetailView?> FindAsync(Guid id, CancellationToken cancel) => (await FindAsync([id], cancel)).GetValueOrDefault(id);

    public async Task<Dictionary<Guid, DealDetailView>> FindAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<DealDetailView>(new CommandDefinition($"select {Columns} {Tables} where d.id = any(@ids) and d.erased_at is null", new { ids = ids.ToArray() }, cancellationToken: cancel))).ToDictionary(d => d.Id);
    }

    /// <param name="deals">Of whom.</param>
    /// <param name="cards">Of whose clients.</param>
    public async Task<ListPage<DealDetailView>> ListAsync(DealFilter filter, Reach deals, Reach cards, ListOrder order, int limit, CancellationToken cancel)
    {
        var query = Texts.Clean(filter.Query).Trim();
        var parameters = new DynamicParameters(new
        {
            filter.Client,
            filter.Type,
            filter.Stage,
            filter.Responsible,
            filter.AmountFrom,
            filter.AmountTo,
            filter.CreatedFrom,
            filter.CreatedTo,
            filter.StageFrom,
            filter.StageTo,
            fragment = $"%{Texts.LikeFragment(query)}%",
            number = long.TryParse(query.TrimStart('#'), out var number) ? number : -1,
            deals = deals.People,
            cards = cards.People,
            limit = limit + 1,
        });
        var sql =
            $"""
            select {Columns}, {order.Place} {Tables}
            where d.deleted_at is null and c.deleted_at is null
              {(filter.Client is null ? "" : "and d.client_id in (select f.id from client_family(client_root(@Client)) f (id))")}
              {(filter.Type is null ? "" : "and d.deal_type = @Type")} {(filter.Stage is null ? "" : "and d.stage = @Stage")} {(filter.Responsible is null ? "" : "and d.responsible_id = @Responsible")}
              {filter.State switch { "open" => "and d.closed_at is null", "closed" => "and d.closed_at is not null", _ => "" }}
              {(filter.AmountFrom is null ? "" : "and d.amount >= @AmountFrom")} {(filter.AmountTo is null ? "" : "and d.amount <= @AmountTo")}
              {(filter.CreatedFrom is null ? "" : "and d.created_at >= @CreatedFrom")} {(filter.CreatedTo is null ? "" : "and d.created_at < @CreatedTo")}
              {(filter.StageFrom is null ? "" : "and d.stage_since >= @StageFrom")} {(filter.StageTo is null ? "" : "and d.stage_since < @StageTo")}
              {(query.Length == 0 ? "" : "and (d.title ilike @fragment or d.number = @number)")}
              {(deals.IsEveryone ? "" : "and d.responsible_id = any(@deals)")} {(cards.IsEveryone ? "" : "and c.responsible_id = any(@cards)")}
              {order.After("d.id", parameters)}
            {order.By("d.id")} limit @limit
            """;
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<DealDetailView, string, (DealDetailView Deal, string Place)>(new CommandDefinition(sql, parameters, cancellationToken: cancel), (deal, place) => (deal, place), "place")).AsList();
        return new ListPage<DealDetailView>([.. rows.Take(limit).Select(r => r.Deal)], rows.Count > limit ? order.Next(rows[limit - 1].Place, rows[limit - 1].Deal.Id) : null);
    }

    /// <summary>What this person may take out, as far as they see deals and their clients.</summary>
    /// <param name="exports">Null: not for a file, into which goes nothing of what is in nobody's name unless all may be exported.</param>
    public async Task<ListPage<DealBinRow>> BinAsync(Person person, string? cursor, int limit, CancellationToken cancel, Reach? exports = null)
    {
        var after = Cursor.Time(cursor);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<DealBinRow>(new CommandDefinition(
            """
            select d.id, d.number, d.title, coalesce(nullif(c.name, ''), c.company) as client_name, d.deleted_at, u.name as who, d.deleted_at + @kept as until
            from deal d join client c on c.id = client_root(d.client_id) join app_user u on u.id = d.deleted_by
            where d.deleted_at is not null and d.erased_at is null and (@within::uuid[] is null or d.responsible_id is null or d.responsible_id = any(@within))
              and (@sees::uuid[] is null or d.responsible_id = any(@sees)) and (@cards::uuid[] is null or c.responsible_id = any(@cards)) and (@exports::uuid[] is null or d.responsible_id = any(@exports)) and (@at::timestamptz is null or (d.deleted_at, d.id) < (@at, @id))
            order by d.deleted_at desc, d.id desc limit @limit
            """,
            new
            {
                within = person.Within(Rights.DeleteDeals).People,
                sees = person.Within(Rights.SeeDeals).People,
                cards = person.Within(Rights.WorkWithClients).People,
                exports = exports?.People,
                at = after?.At,
                id = after?.Id,
                limit = limit + 1,
                kept = DealStore.BinFor,
            }, cancellationToken: cancel))).AsList();
        return new ListPage<DealBinRow>([.. rows.Take(limit)], rows.Count > limit ? Cursor.Of(rows[limit - 1].DeletedAt, rows[limit - 1].Id) : null);
    }
}
