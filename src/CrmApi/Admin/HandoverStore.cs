using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Deals;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Tasks;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Admin;

/// <summary>Clients, open deals, open tasks and callbacks from one person to another, row by row on record, and back.</summary>
internal sealed class HandoverStore(NpgsqlDataSource database, ClientDirectory clients, DealStore deals, TaskStore tasks, ChangeHints hints)
{
    /// <summary>Pages are told of so many cards; the others show the new name when they are next opened.</summary>
    const int MostHints = 200;

    /// <returns>Null: no such person here.</returns>
    public async Task<LeavingView?> ReadAsync(Guid user, Guid person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var all = await connection.QueryMultipleAsync(new CommandDefinition(
            """
            select (select count(*) from client where responsible_id = u.id and merged_into is null)::int as clients,
              (select count(*) from deal where responsible_id = u.id and closed_at is null and deleted_at is null)::int as deals,
              (select count(*) from task where user_id = u.id and done_at is null and deleted_at is null and kind = 'task')::int as tasks,
              (select count(*) from task where user_id = u.id and done_at is null and deleted_at is null and kind = 'callback')::int as callbacks
            from app_user u where u.id = @user and u.domain = (select domain from app_user where id = @person);
            select h.id, h.made_at as at, b.name as who, i.name as heir, h.deactivated, h.undone_at,
              count(*) filter (where r.kind = 'client')::int as clients, count(*) filter (where r.kind = 'deal')::int as deals,
              count(*) filter (where r.kind = 'task')::int as tasks, count(*) filter (where r.kind = 'callback')::int as callbacks, count(r.returned_at)::int as returned
            from handover h join app_user b on b.id = h.made_by left join app_user i on i.id = h.heir_id left join handover_row r on r.handover_id = h.id
            where h.user_id = @user group by h.id, b.name, i.name order by h.made_at desc, h.id desc limit 20;
            """,
            new { user, person }, cancellationToken: cancel));
        var now = await all.ReadSingleOrDefaultAsync<BelongingsView>();
        return now is null ? null : new LeavingView(now, [.. (await all.ReadAsync<HandoverRow>()).Select(h => h.View())]);
    }

    public async Task<Guid?> UserAsync(Guid handover, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<Guid?>(new CommandDefinition("select user_id from handover where id = @handover", new { handover }, cancellationToken: cancel));
    }

    public Task<bool> IsDoneAsync(AdminWriter.Change change, Guid handover, Guid user, CancellationToken cancel) =>
        change.AnyAsync("select exists (select from handover where id = @handover and user_id = @user)", new { handover, user }, cancel);

    public async Task<ProblemHttpResult?> LeaveAsync(AdminWriter.Change change, UserSetup user, LeaveRequest leave, Person by, string? address, CancellationToken cancel)
    {
        var rows = await change.DoAsync(
            """
            insert into handover (id, domain, user_id, heir_id, deactivated, made_by, made_at) values (@Id, @Domain, @user, @Heir, @Active, @by, @Now) on conflict (id) do nothing
            """, new { leave.Id, change.Domain, user = user.Id, leave.Heir, user.Active, by = by.Id, change.Now }, cancel);
        if (rows == 0) return Problems.Invalid("id", "an id that was not used before");
        if (user.Active)
        {
            await change.DoAsync(
                """
                update app_user set active = false, security_stamp = @stamp, version = version + 1 where id = @Id;
                update user_session set ended_at = @Now where user_id = @Id and ended_at is null
                """, new { user.Id, change.Now, stamp = Guid.CreateVersion7(change.Now) }, cancel);
        }

        var moved = leave.Heir is { } heir ? await MoveAsync(change, user.Id, heir, null, by, cancel) : Moved.Nothing;
        if (!user.Active && moved.Count == 0) return Problems.Invalid("heir", "nobody: nothing is left to hand over");
        foreach (var (kind, ids) in moved.ByKind)
            await change.DoAsync("insert into handover_row (handover_id, kind, row_id) select @Id, @kind, unnest(@ids)", new { leave.Id, kind, ids }, cancel);
        await AuditAsync(change, by, user.Active ? "user_deactivated" : "handed_over", leave.Id, user.Id, leave.Heir, moved, address, cancel);
        await HintAsync(change, moved, cancel);
        return null;
    }

    public async Task<ProblemHttpResult?> UndoAsync(AdminWriter.Change change, Guid handover, Person by, string? address, CancellationToken cancel)
    {
        var connection = change.Transaction.Connection!;
        var done = await connection.QuerySingleOrDefaultAsync<Done>(new CommandDefinition(
            "select user_id, heir_id, deactivated, undone_at from handover where id = @handover and domain = @Domain for update", new { handover, change.Domain }, change.Transaction, cancellationToken: cancel));
        if (done is null) return Problems.NotFound("handover");
        if (done.UndoneAt is not null) return change.NothingToDo();
        var returned = Moved.Nothing;
        if (done.HeirId is { } heir)
        {
            var rows = await connection.QueryAsync<Row>(new CommandDefinition("select kind, row_id as id from handover_row where handover_id = @handover", new { handover }, change.Transaction, cancellationToken: cancel));
            returned = await MoveAsync(change, heir, done.UserId, rows.ToLookup(r => r.Kind, r => r.Id), by, cancel);
            foreach (var (kind, ids) in returned.ByKind)
                await change.DoAsync("update handover_row set returned_at = @Now where handover_id = @handover and kind = @kind and row_id = any(@ids)", new { handover, kind, ids, change.Now }, cancel);
        }

        await change.DoAsync("update handover set undone_by = @by, undone_at = @Now where id = @handover", new { handover, by = by.Id, change.Now }, cancel);
        if (done.Deactivated) await change.DoAsync("update app_user set active = true, version = version + 1 where id = @UserId and not active", new { done.UserId }, cancel);
        await AuditAsync(change, by, "handover_undone", handover, done.UserId, done.HeirId, returned, address, cancel);
        await HintAsync(change, returned, cancel);
        return null;
    }

    /// <param name="only">Null: all of it. What is finished stays with who finished it.</param>
    async Task<Moved> MoveAsync(AdminWriter.Change change, Guid from, Guid to, ILookup<string, Guid>? only, Person by, CancellationToken cancel)
    {
        var handed = await clients.HandOverAsync(change.Transaction, from, to, only?["client"].ToArray(), cancel);
        var given = await deals.HandOverAsync(change.Transaction, from, to, only?["deal"].ToArray(), by.Id, cancel);
        var left = await tasks.HandOverAsync(change.Transaction, from, to, only?["task"].Concat(only["callback"]).ToArray(), cancel);
        return new Moved([.. handed.Select(id => new Row("client", id, id)), .. given.Select(d => new Row("deal", d.Id, d.Client)), .. left.Select(t => new Row(t.Kind, t.Id, t.Client))]);
    }

    static Task AuditAsync(AdminWriter.Change change, Person by, string action, Guid handover, Guid user, Guid? heir, Moved moved, string? address, CancellationToken cancel)
    {
        Guid[] Ids(string kind) => moved.ByKind.FirstOrDefault(k => k.Kind == kind).Ids ?? [];
        return change.DoAsync(
            """
            insert into audit (at, user_id, action, object, object_id, detail) values (@Now, @by, @action, 'user', @user, jsonb_build_object('address', @address::text, 'handover', @handover,
              'heir', @heir::uuid, 'clients', to_jsonb(@clients), 'deals', to_jsonb(@deals), 'tasks', to_jsonb(@tasks), 'callbacks', to_jsonb(@callbacks)))
            """,
            new { change.Now, by = by.Id, action, user = user.ToString(), address, handover, heir, clients = Ids("client"), deals = Ids("deal"), tasks = Ids("task"), callbacks = Ids("callback") }, cancel);
    }

    /// <summary>The cards that changed; those of running calls first.</summary>
    async Task HintAsync(AdminWriter.Change change, Moved moved, CancellationToken cancel)
    {
        var cards = await change.Transaction.Connection!.QueryAsync<Guid>(new CommandDefinition(
            """
            select c.id from client c where c.id = any(@ids)
            order by exists (select from call where domain = @Domain and state <> 'Ended' and client_id = c.id) desc, c.updated_at desc, c.id limit @most
            """,
            new { ids = moved.Clients, change.Domain, most = MostHints }, change.Transaction, cancellationToken: cancel));
        foreach (var card in cards) await hints.AddAsync(change.Transaction, "client", card.ToString(), null, null, cancel);
    }

    /// <param name="Client">Whose card shows it.</param>
    sealed record Row(string Kind, Guid Id, Guid? Client)
    {
        // For rows that are read without the client.
        public Row(string kind, Guid id) : this(kind, id, null)
        {
        }
    }

    sealed record Moved(IReadOnlyList<Row> Rows)
    {
        public static readonly Moved Nothing = new([]);

        public int Count => Rows.Count;

        public IEnumerable<(string Kind, Guid[] Ids)> ByKind => Rows.GroupBy(r => r.Kind, StringComparer.Ordinal).Select(g => (g.Key, g.Select(r => r.Id).ToArray()));

        public Guid[] Clients => [.. Rows.Select(r => r.Client).OfType<Guid>().Distinct()];
    }

    sealed record Done(Guid UserId, Guid? HeirId, bool Deactivated, DateTimeOffset? UndoneAt);

    sealed record HandoverRow(Guid Id, DateTimeOffset At, string Who, string? Heir, bool Deactivated, DateTimeOffset? UndoneAt, int Clients, int Deals, int Tasks, int Callbacks, int Returned)
    {
        public HandoverView View() => new(Id, At, Who, Heir, Deactivated, new BelongingsView(Clients, Deals, Tasks, Callbacks), UndoneAt, Returned);
    }
}
