using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Tasks;

/// <summary>Tasks and callbacks of people. Each change tells the pages of the person whose task it is.</summary>
internal sealed class TaskStore(NpgsqlDataSource database, ChangeHints hints, AuditStore audit, TimeProvider time)
{
    public const int MostOfDay = 200;
    const string Subject = "task";

    /// <summary>In the transaction of what gives the occasion.</summary>
    public async Task AddAsync(NpgsqlTransaction transaction, NewTask task, Guid by, CancellationToken cancel)
    {
        await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            "insert into task (id, client_id, call_id, user_id, kind, title, due_at, created_at) values (@Id, @Client, @Call, @User, @Kind, @Title, @DueAt, @now)",
            new { task.Id, task.Client, task.Call, task.User, task.Kind, task.Title, task.DueAt, now = time.GetUtcNow() }, transaction, cancellationToken: cancel));
        await audit.AddChangeAsync(transaction, by, "task.created", Subject, task.Id.ToString(), "", Text(task.Title, task.DueAt), cancel);
        await HintAsync(transaction, task.User, task.Client, cancel);
    }

    /// <returns>Whether it is still open; one that is done stays as it is.</returns>
    public async Task<bool> ChangeAsync(NpgsqlTransaction transaction, Guid id, string title, DateTimeOffset dueAt, Guid by, CancellationToken cancel)
    {
        if (await OpenAsync(transaction, id, cancel) is not { } task) return false;
        await transaction.Connection!.ExecuteAsync(new CommandDefinition("update task set title = @title, due_at = @dueAt where id = @id", new { id, title, dueAt }, transaction, cancellationToken: cancel));
        await audit.AddChangeAsync(transaction, by, "task.changed", Subject, id.ToString(), Text(task.Title, task.DueAt), Text(title, dueAt), cancel);
        await HintAsync(transaction, task.UserId, task.ClientId, cancel);
        return true;
    }

    /// <summary>Takes an open one away; what it was is in the audit.</summary>
    /// <returns>Whether it was open.</returns>
    public async Task<bool> WithdrawAsync(NpgsqlTransaction transaction, Guid id, Guid by, CancellationToken cancel)
    {
        if (await OpenAsync(transaction, id, cancel) is not { } task) return false;
        await transaction.Connection!.ExecuteAsync(new CommandDefinition("delete from task where id = @id", new { id }, transaction, cancellationToken: cancel));
        await audit.AddChangeAsync(transaction, by, "task.withdrawn", Subject, id.ToString(), Text(task.Title, task.DueAt), "", cancel);
        await HintAsync(transaction, task.UserId, task.ClientId, cancel);
        return true;
    }

    /// <returns>False: there is none of this id in this person's name.</returns>
    public async Task<bool> SetDoneAsync(Guid id, Person person, bool done, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var task = await connection.QuerySingleOrDefaultAsync<TaskRow>(new CommandDefinition(
            "select id, client_id, user_id, title, due_at, done_at from task where id = @id and user_id = @person for update", new { id, person = person.Id }, transaction, cancellationToken: cancel));
        if (task is null) return false;
        if (task.DoneAt is not null == done) return true;
        await connection.ExecuteAsync(new CommandDefinition("update task set done_at = @at where id = @id", new { id, at = done ? time.GetUtcNow() : (DateTimeOffset?)null }, transaction, cancellationToken: cancel));
        await audit.AddChangeAsync(transaction, person.Id, "task.done", Subject, id.ToString(), done ? "no" : "yes", done ? "yes" : "no", cancel);
        await HintAsync(transaction, task.UserId, task.ClientId, cancel);
        await transaction.CommitAsync(cancel);
        hints.Wake();
        return true;
    }

    /// <param name="cards">Whose clients' names and numbers are shown.</param>
    public async Task<(IReadOnlyList<DayTask> Tasks, int Later)> OfDayAsync(Guid person, Reach cards, DateTimeOffset from, DateTimeOffset to, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            """
            with mine as (
              (select * from task where user_id = @person and done_at is null and due_at < @to order by due_at, id limit @most)
              union all
              (select * from task where user_id = @person and done_at >= @from order by done_at desc, id limit 20)
            )
            select t.id, t.kind, t.title, t.due_at, t.done_at, case when k.id is not null then t.client_id end as client_id, coalesce(nullif(k.name, ''), nullif(k.company, '')) as client_name, p.e164 as phone,
              k.id is not null and exists (select from client_family(k.id) f (id) join client m on m.id = f.id where m.do_not_call_at is not null) as do_not_call
            from mine t
            left join client k on k.id = client_root(t.client_id) and (@people::uuid[] is null or k.responsible_id = any(@people))
            left join lateral (select e164 from client_phone where client_id = k.id order by is_main desc, added_at, e164 limit 1) p on true
            order by t.done_at is not null, case when t.done_at is null then t.due_at end, t.done_at desc, t.id limit @most;
            select count(*)::int from task where user_id = @person and done_at is null and due_at >= @to;
            """,
            new { person, people = cards.People, from, to, most = MostOfDay }, cancellationToken: cancel));
        var tasks = (await results.ReadAsync<DayTask>()).Select(t => t.DoNotCall ? t with { Phone = null } : t);
        return ([.. tasks], await results.ReadSingleAsync<int>());
    }

    static async Task<TaskRow?> OpenAsync(NpgsqlTransaction transaction, Guid id, CancellationToken cancel) =>
        await transaction.Connection!.QuerySingleOrDefaultAsync<TaskRow>(new CommandDefinition(
            "select id, client_id, user_id, title, due_at, done_at from task where id = @id and done_at is null for update", new { id }, transaction, cancellationToken: cancel));

    async Task HintAsync(NpgsqlTransaction transaction, Guid user, Guid? client, CancellationToken cancel)
    {
        await hints.AddAsync(transaction, "task", user.ToString(), null, null, cancel);
        if (client is { } card) await hints.AddAsync(transaction, "client", card.ToString(), null, null, cancel);
    }

    static string Text(string title, DateTimeOffset due) => $"{title} | {due.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}";

    sealed record TaskRow(Guid Id, Guid? ClientId, Guid UserId, string Title, DateTimeOffset DueAt, DateTimeOffset? DoneAt);
}

/// <param name="Kind">task or callback.</param>
internal sealed record NewTask(Guid Id, Guid? Client, Guid Call, Guid User, string Kind, string Title, DateTimeOffset DueAt);
