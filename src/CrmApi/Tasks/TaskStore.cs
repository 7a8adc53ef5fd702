using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Tasks;

internal enum TaskWritten { Done, NotFound, Conflict }

/// <summary>
/// Tasks and callbacks of people. Each change is told by the hint <c>task</c> with its id (<c>task_done</c> when it was ticked off), and by <c>day</c> with the person whose
/// day shows it.
/// </summary>
internal sealed class TaskStore(NpgsqlDataSource database, ChangeHints hints, AuditStore audit, TimeProvider time)
{
    public const int MostOfDay = 200;

    public const string DoneHint = "task_done";

    /// <summary>So long a deleted task can be brought back.</summary>
    public static readonly TimeSpan BinFor = TimeSpan.FromDays(30);

    const string Subject = "task";
    const int ErasedAtOnce = 500;
    const string Columns = "select id, client_id, user_id, title, due_at, done_at, version from task";

    public async Task AddAsync(NewTask task, Guid by, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await AddAsync(transaction, task, by, cancel);
        await transaction.CommitAsync(cancel);
        hints.Wake();
    }

    /// <summary>In the transaction of what gives the occasion. Repeated, no second one is made.</summary>
    public async Task AddAsync(NpgsqlTransaction transaction, NewTask task, Guid by, CancellationToken cancel)
    {
        var rows = await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            """
            insert into task (id, client_id, call_id, user_id, kind, title, due_at, created_at) values (@Id, @Client, @Call, @User, @Kind, @Title, @DueAt, @now) on conflict (id) do nothing
            """,
            new { task.Id, task.Client, task.Call, task.User, task.Kind, task.Title, task.DueAt, now = time.GetUtcNow() }, transaction, cancellationToken: cancel));
        if (rows == 0) return;
        await audit.AddChangeAsync(transaction, by, "task.created", Subject, task.Id.ToString(), "", Text(task.Title, task.DueAt), cancel);
        await HintAsync(transaction, task.Id, task.User, task.Client, cancel);
    }

    /// <returns>Whether it is still open; one that is done stays as it is.</returns>
    public async Task<bool> ChangeAsync(NpgsqlTransaction transaction, Guid id, string title, DateTimeOffset dueAt, Guid by, CancellationToken cancel)
    {
        if (await FindAsync(transaction, id, cancel) is not { DoneAt: null } task) return false;
        await ChangeAsync(transaction, task, task with { Title = title, DueAt = dueAt }, by, cancel);
        return true;
    }

    /// <summary>A title, time, person and client as given; what is null stays.</summary>
    public Task<TaskWritten> SaveAsync(Guid id, TaskSave save, Guid by, CancellationToken cancel) => InAsync(id, save.Version, (transaction, task) =>
        ChangeAsync(transaction, task, task with { Title = save.Title, DueAt = save.DueAt, UserId = save.UserId ?? task.UserId, ClientId = save.ClientId == Guid.Empty ? null : save.ClientId ?? task.ClientId }, by, cancel), cancel);

    /// <summary>Takes an open one away; what it was is in the audit.</summary>
    /// <returns>Whether it was open.</returns>
    public async Task<bool> WithdrawAsync(NpgsqlTransaction transaction, Guid id, Guid by, CancellationToken cancel)
    {
        if (await FindAsync(transaction, id, cancel) is not { DoneAt: null } task) return false;
        await transaction.Connection!.ExecuteAsync(new CommandDefinition("delete from task where id = @id", new { id }, transaction, cancellationToken: cancel));
        await audit.AddChangeAsync(transaction, by, "task.withdrawn", Subject, id.ToString(), Text(task.Title, task.DueAt), "", cancel);
        await HintAsync(transaction, id, task.UserId, task.ClientId, cancel);
        return true;
    }

    /// <param name="whose">Whose tasks may be ticked off.</param>
    /// <returns>False: there is none of this id in these people's names.</returns>
    public async Task<bool> SetDoneAsync(Guid id, Reach whose, bool done, Guid by, CancellationToken cancel)
    {
        var theirs = true;
        var written = await InAsync(id, null, async (transaction, task) =>
        {
            if (!(theirs = whose.Includes(task.UserId)) || task.DoneAt is not null == done) return;
            await transaction.Connection!.ExecuteAsync(new CommandDefinition(
                "update task set done_at = @at, version = version + 1 where id = @id", new { id, at = done ? time.GetUtcNow() : (DateTimeOffset?)null }, transaction, cancellationToken: cancel));
            await audit.AddChangeAsync(transaction, by, "task.done", Subject, id.ToString(), done ? "no" : "yes", done ? "yes" : "no", cancel);
            if (done) await hints.AddAsync(transaction, DoneHint, id.ToString(), null, null, cancel);
            await HintAsync(transaction, id, task.UserId, task.ClientId, cancel);
        }, cancel);
        return theirs && written == TaskWritten.Done;
    }

    public Task<TaskWritten> DeleteAsync(Guid id, int? version, Guid by, CancellationToken cancel) => InAsync(id, version, async (transaction, task) =>
    {
        await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            "update task set deleted_at = @now, deleted_by = @by, version = version + 1 where id = @id", new { id, by, now = time.GetUtcNow() }, transaction, cancellationToken: cancel));
        await audit.AddChangeAsync(transaction, by, "task.deleted", Subject, id.ToString(), Text(task.Title, task.DueAt), "", cancel);
        await HintAsync(transaction, id, task.UserId, task.ClientId, cancel);
    }, cancel);

    public async Task<TaskWritten> RestoreAsync(Guid id, Guid by, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var restored = await connection.ExecuteAsync(new CommandDefinition(
            "update task set deleted_at = null, deleted_by = null, version = version + 1 where id = @id and deleted_at is not null", new { id }, transaction, cancellationToken: cancel));
        if (await FindAsync(transaction, id, cancel) is not { } task) return TaskWritten.NotFound;
        if (restored == 0) return TaskWritten.Done;
        await audit.AddChangeAsync(transaction, by, "task.restored", Subject, id.ToString(), "", Text(task.Title, task.DueAt), cancel);
        await HintAsync(transaction, id, task.UserId, task.ClientId, cancel);
        await transaction.CommitAsync(cancel);
        hints.Wake();
        return TaskWritten.Done;
    }

    /// <summary>Open ones from one person to another, in the caller's transaction, who audits it.</summary>
    /// <param name="only">Null: all of them.</param>
    public async Task<IReadOnlyList<(string Kind, Guid Id, Guid? Client)>> HandOverAsync(NpgsqlTransaction transaction, Guid from, Guid to, Guid[]? only, CancellationToken cancel)
    {
        var moved = (await transaction.Connection!.QueryAsync<(string Kind, Guid Id, Guid? Client)>(new CommandDefinition(
            """
            update task set user_id = @to, version = version + 1
            where user_id = @from and done_at is null and deleted_at is null and (@only::uuid[] is null or id = any(@only)) returning kind, id, client_id as client
            """, new { from, to, only }, transaction, cancellationToken: cancel))).AsList();
        if (moved.Count == 0) return moved;
        ChangeHint Told(string kind, Guid key) => new(kind, key.ToString(), null, null, default);
        await hints.AddAsync(transaction, [.. moved.Select(t => Told(Subject, t.Id)), Told("day", from), Told("day", to)], cancel);
        return moved;
    }

    /// <summary>Erases what was deleted more than 30 days ago.</summary>
    /// <returns>How many; when it is all that one round takes, there may be more.</returns>
    public async Task<int> EraseAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteAsync(new CommandDefinition(
            "delete from task where id in (select id from task where deleted_at < @before order by deleted_at limit @ErasedAtOnce for update skip locked)", new { before = time.GetUtcNow() - BinFor, ErasedAtOnce }, cancellationToken: cancel));
    }

    public async Task<bool> IsActiveAsync(Guid person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition("select exists (select from app_user where id = @person and active)", new { person }, cancellationToken: cancel));
    }

    /// <param name="cards">Whose clients' names and numbers are shown.</param>
    public async Task<(IReadOnlyList<DayTask> Tasks, int Later)> OfDayAsync(Guid person, Reach cards, DateTimeOffset from, DateTimeOffset to, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            """
            with mine as (
              (select * from task where user_id = @person and done_at is null and deleted_at is null and due_at < @to order by due_at, id limit @most)
              union all
              (select * from task where user_id = @person and done_at >= @from and deleted_at is null order by done_at desc, id limit 20)
            )
            select t.id, t.kind, t.title, t.due_at, t.done_at, case when k.id is not null then t.client_id end as client_id, coalesce(nullif(k.name, ''), nullif(k.company, '')) as client_name, p.e164 as phone,
              k.id is not null and exists (select from client_family(k.id) f (id) join client m on m.id = f.id where m.do_not_call_at is not null) as do_not_call, t.version, nullif(p.extension, '') as extension, t.call_id
            from mine t
            left join client k on k.id = client_root(t.client_id) and (@people::uuid[] is null or k.responsible_id = any(@people))
            left join lateral (select e164, extension from client_phone where client_id = k.id order by is_main desc, added_at, e164, extension limit 1) p on true
            order by t.done_at is not null, case when t.done_at is null then t.due_at end, t.done_at desc, t.id limit @most;
            select count(*)::int from task where user_id = @person and done_at is null and deleted_at is null and due_at >= @to;
            """,
            new { person, people = cards.People, from, to, most = MostOfDay }, cancellationToken: cancel));
        var tasks = (await results.ReadAsync<DayTask>()).Select(t => t.DoNotCall ? t with { Phone = null } : t);
        return ([.. tasks], await results.ReadSingleAsync<int>());
    }

    /// <summary>Locked until the transaction ends. One in the bin is not there.</summary>
    static async Task<TaskRow?> FindAsync(NpgsqlTransaction transaction, Guid id, CancellationToken cancel) =>
        await transaction.Connection!.QuerySingleOrDefaultAsync<TaskRow>(new CommandDefinition($"{Columns} where id = @id and deleted_at is null for update", new { id }, transaction, cancellationToken: cancel));

    /// <param name="version">As it was read; null: whichever it is.</param>
    async Task<TaskWritten> InAsync(Guid id, int? version, Func<NpgsqlTransaction, TaskRow, Task> change, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await FindAsync(transaction, id, cancel) is not { } task) return TaskWritten.NotFound;
        if (version is { } read && read != task.Version) return TaskWritten.Conflict;
        await change(transaction, task);
        await transaction.CommitAsync(cancel);
        hints.Wake();
        return TaskWritten.Done;
    }

    async Task ChangeAsync(NpgsqlTransaction transaction, TaskRow task, TaskRow becomes, Guid by, CancellationToken cancel)
    {
        if (task == becomes) return;
        await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            "update task set title = @Title, due_at = @DueAt, user_id = @UserId, client_id = @ClientId, version = version + 1 where id = @Id",
            new { becomes.Title, becomes.DueAt, becomes.UserId, becomes.ClientId, task.Id }, transaction, cancellationToken: cancel));
        await audit.AddChangeAsync(transaction, by, "task.changed", Subject, task.Id.ToString(), task.Said(becomes), becomes.Said(task), cancel);
        await HintAsync(transaction, task.Id, becomes.UserId, becomes.ClientId, cancel);
        if (task.UserId != becomes.UserId) await hints.AddAsync(transaction, "day", task.UserId.ToString(), null, null, cancel);
        if (task.ClientId is { } before && before != becomes.ClientId) await hints.AddAsync(transaction, "client", before.ToString(), null, null, cancel);
    }

    async Task HintAsync(NpgsqlTransaction transaction, Guid task, Guid user, Guid? client, CancellationToken cancel)
    {
        await hints.AddAsync(transaction, Subject, task.ToString(), null, null, cancel);
        await hints.AddAsync(transaction, "day", user.ToString(), null, null, cancel);
        if (client is { } card) await hints.AddAsync(transaction, "client", card.ToString(), null, null, cancel);
    }

    static string Text(string title, DateTimeOffset due) => $"{title} | {due.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}";

    sealed record TaskRow(Guid Id, Guid? ClientId, Guid UserId, string Title, DateTimeOffset DueAt, DateTimeOffset? DoneAt, int Version)
    {
        /// <summary>For the audit; person and client where they differ from the other's.</summary>
        public string Said(TaskRow other) =>
            Text(Title, DueAt) + (UserId == other.UserId ? "" : $" | person {UserId}") + (ClientId == other.ClientId ? "" : $" | client {ClientId?.ToString() ?? "–"}");
    }
}

/// <param name="Kind">task or callback.</param>
/// <param name="Call">That it follows from.</param>
internal sealed record NewTask(Guid Id, Guid? Client, Guid? Call, Guid User, string Kind, string Title, DateTimeOffset DueAt);
