using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Tasks;

/// <param name="State">open, done, or null: both.</param>
internal sealed record TaskFilter(Guid? Person, Guid? Client, string? Kind, string? State, DateTimeOffset? DueFrom, DateTimeOffset? DueTo, string? Query = null);

/// <summary>Reads of tasks and callbacks. Writing is TaskStore's.</summary>
internal sealed class TaskReader(NpgsqlDataSource database)
{
    public static readonly SortKey[] Orders = [SortKey.Time("due", "t.due_at"), SortKey.Time("created", "t.created_at")];

    /// <summary>Parameter @cards: whose clients are shown.</summary>
    const string Columns =
        """
        t.id, t.kind, t.title, t.due_at, t.done_at, t.user_id, u.name as user_name, c.id as client_id, coalesce(nullif(c.name, ''), c.company) as client_name, t.call_id, t.created_at, t.version, t.deleted_at
        """;

    const string Tables =
        """
        from task t join app_user u on u.id = t.user_id left join client k on k.id = t.client_id
        left join client c on c.id = case when k.merged_into is null then k.id else client_root(k.id) end and c.erased_at is null and (@cards::uuid[] is null or c.responsible_id = any(@cards))
        """;

    /// <summary>Also what lies in the bin.</summary>
    public async Task<TaskView?> FindAsync(Guid id, Reach cards, CancellationToken cancel) => (await FindAsync([id], cards, cancel)).GetValueOrDefault(id);

    public async Task<Dictionary<Guid, TaskView>> FindAsync(IReadOnlyCollection<Guid> ids, Reach cards, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<TaskView>(new CommandDefinition($"select {Columns} {Tables} where t.id = any(@ids)", new { ids = ids.ToArray(), cards = cards.People }, cancellationToken: cancel))).ToDictionary(t => t.Id);
    }

    public async Task<ListPage<TaskView>> ListAsync(TaskFilter filter, Reach people, Reach cards, ListOrder order, int limit, CancellationToken cancel)
    {
        var query = Texts.Clean(filter.Query).Trim();
        var parameters = new DynamicParameters(new { filter.Person, filter.Client, filter.Kind, filter.DueFrom, filter.DueTo, fragment = $"%{Texts.LikeFragment(query)}%", people = people.People, cards = cards.People, limit = limit + 1 });
        var sql =
            $"""
            select {Columns}, {order.Place} {Tables}
            where t.deleted_at is null
              {(filter.Person is null ? "" : "and t.user_id = @Person")} {(filter.Client is null ? "" : "and t.client_id in (select f.id from client_family(client_root(@Client)) f (id)) and c.id is not null")}
              {(filter.Kind is null ? "" : "and t.kind = @Kind")} {filter.State switch { "open" => "and t.done_at is null", "done" => "and t.done_at is not null", _ => "" }}
              {(filter.DueFrom is null ? "" : "and t.due_at >= @DueFrom")} {(filter.DueTo is null ? "" : "and t.due_at < @DueTo")}
              {(query.Length == 0 ? "" : "and t.title ilike @fragment")}
              {(people.IsEveryone ? "" : "and t.user_id = any(@people)")}
              {order.After("t.id", parameters)}
            {order.By("t.id")} limit @limit
            """;
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<TaskView, string, (TaskView Task, string Place)>(new CommandDefinition(sql, parameters, cancellationToken: cancel), (task, place) => (task, place), "place")).AsList();
        return new ListPage<TaskView>([.. rows.Take(limit).Select(r => r.Task)], rows.Count > limit ? order.Next(rows[limit - 1].Place, rows[limit - 1].Task.Id) : null);
    }

    public async Task<ListPage<TaskBinRow>> BinAsync(Reach people, string? cursor, int limit, CancellationToken cancel)
    {
        var after = Cursor.Time(cursor);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<TaskBinRow>(new CommandDefinition(
            """
            select t.id, t.kind, t.title, u.name as user_name, t.deleted_at, b.name as who, t.deleted_at + @kept as until
            from task t join app_user u on u.id = t.user_id join app_user b on b.id = t.deleted_by
            where t.deleted_at is not null and (@people::uuid[] is null or t.user_id = any(@people)) and (@at::timestamptz is null or (t.deleted_at, t.id) < (@at, @id))
            order by t.deleted_at desc, t.id desc limit @limit
            """,
            new { people = people.People, at = after?.At, id = after?.Id, limit = limit + 1, kept = TaskStore.BinFor }, cancellationToken: cancel))).AsList();
        return new ListPage<TaskBinRow>([.. rows.Take(limit)], rows.Count > limit ? Cursor.Of(rows[limit - 1].DeletedAt, rows[limit - 1].Id) : null);
    }
}
