using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Imports;

/// <summary>An import as the worker needs it.</summary>
internal sealed record ImportJob(Guid Id, Guid User, ImportStart Plan, long LastRow, long? TotalRows, long FailedBytes, ImportTold Seen, int Attempts, DateTimeOffset StartedAt);

/// <param name="LastRow">Of the batch.</param>
/// <param name="Alike">Of those made.</param>
/// <param name="Told">With what was kept before: at most <see cref="ImportStore.MostErrors"/>.</param>
internal sealed record ImportStep(long LastRow, int Made, int Changed, int Skipped, int Failed, int Deals, long FailedBytes, int Alike, int Companies, ImportTold Told);

/// <summary>The only writer of import_run and import_mapping.</summary>
internal sealed class ImportStore(NpgsqlDataSource database, TimeProvider time)
{
    public const int MostErrors = 100;

    const string Columns =
        """
        select r.id, r.file_name, r.state, r.last_row, r.total_rows, r.made, r.changed, r.skipped, r.failed, r.deals, r.errors::text as errors, r.problem, u.name as by, r.created_at, r.started_at, r.ended_at,
          r.cancel_asked, r.alike, r.companies, r.reasons::text as reasons, r.matches::text as matches
        from import_run r join app_user u on u.id = r.user_id
        """;

    /// <returns>False: the id is taken.</returns>
    public async Task<bool> AddAsync(Guid id, Guid user, string fileName, string format, long size_bytes, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteAsync(new CommandDefinition(
            "insert into import_run (id, user_id, file_name, format, size_bytes, state, created_at) values (@id, @user, @fileName, @format, @size_bytes, 'uploaded', @now) on conflict (id) do nothing",
            new { id, user, fileName, format, size_bytes, now = time.GetUtcNow() }, cancellationToken: cancel)) == 1;
    }

    public async Task<ImportRunView?> FindAsync(Guid id, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QuerySingleOrDefaultAsync<RunRow>(new CommandDefinition($"{Columns} where r.id = @id", new { id }, cancellationToken: cancel)))?.View();
    }

    public async Task<bool> IsOfAsync(Guid id, Guid user, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition("select exists (select from import_run where id = @id and user_id = @user)", new { id, user }, cancellationToken: cancel));
    }

    /// <param name="of">Null: of everybody.</param>
    public async Task<ListPage<ImportRunView>> ListAsync(Reach of, string? cursor, int limit, CancellationToken cancel)
    {
        var after = Cursor.Time(cursor);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<RunRow>(new CommandDefinition(
            $"{Columns} where (@of::uuid[] is null or r.user_id = any(@of)) and (@at::timestamptz is null or (r.created_at, r.id) < (@at, @id)) order by r.created_at desc, r.id desc limit @limit",
            new { of = of.People, at = after?.At, id = after?.Id, limit = limit + 1 }, cancellationToken: cancel))).AsList();
        return new ListPage<ImportRunView>([.. rows.Take(limit).Select(r => r.View())], rows.Count > limit ? Cursor.Of(rows[limit - 1].CreatedAt, rows[limit - 1].Id) : null);
    }

    public async Task<IReadOnlyList<ImportColumn>?> RememberedAsync(string key, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var columns = await connection.ExecuteScalarAsync<string?>(new CommandDefinition("select columns::text from import_mapping where headers_key = @key", new { key }, cancellationToken: cancel));
        return columns is null ? null : JsonSerializer.Deserialize(columns, ContractsJson.Default.IReadOnlyListImportColumn);
    }

    /// <returns>False: it was begun or ended before.</returns>
    public async Task<bool> StartAsync(Guid id, Guid user, ImportStart plan, string? headersKey, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var began = await connection.ExecuteAsync(new CommandDefinition(
            "update import_run set state = 'running', plan = @plan::jsonb, started_at = @now where id = @id and state = 'uploaded'",
            new { id, plan = JsonSerializer.Serialize(plan, ContractsJson.Default.ImportStart), now = time.GetUtcNow() }, transaction, cancellationToken: cancel)) == 1;
        if (began && headersKey is not null)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                """
                insert into import_mapping (headers_key, columns, user_id, updated_at) values (@headersKey, @columns::jsonb, @user, @now)
                on conflict (headers_key) do update set columns = excluded.columns, user_id = excluded.user_id, updated_at = excluded.updated_at
                """,
                new { headersKey, columns = JsonSerializer.Serialize(plan.Columns, ContractsJson.Default.IReadOnlyListImportColumn), user, now = time.GetUtcNow() }, transaction, cancellationToken: cancel));
        }

        await transaction.CommitAsync(cancel);
        return began;
    }

    /// <summary>A running one ends after the rows in work; one that was not begun ends at once.</summary>
    public async Task CancelAsync(Guid id, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            update import_run set cancel_asked = true, state = case state when 'uploaded' then 'cancelled' else state end, ended_at = case state when 'uploaded' then @now else ended_at end
            where id = @id and state in ('uploaded', 'running')
            """,
            new { id, now = time.GetUtcNow() }, cancellationToken: cancel));
    }

    /// <summary>The one that was begun first and is not over; taking it counts, so that one which always dies is given up.</summary>
    public async Task<ImportJob?> TakeAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var row = await connection.QuerySingleOrDefaultAsync<JobRow>(new CommandDefinition(
            """
            update import_run set attempts = attempts + 1 where id = (select id from import_run where state = 'running' order by started_at, id limit 1)
            returning id, user_id as user, plan::text as plan, last_row, total_rows, failed_bytes, errors::text as errors, attempts, matches::text as matches, reasons::text as reasons, started_at
            """, cancellationToken: cancel));
        return row is null ? null : new ImportJob(row.Id, row.User, JsonSerializer.Deserialize(row.Plan, ContractsJson.Default.ImportStart)!, row.LastRow, row.TotalRows, row.FailedBytes, new ImportTold(Errors(row.Errors), Matches(row.Matches), Reasons(row.Reasons)), row.Attempts, row.StartedAt);
    }

    public async Task CountedAsync(Guid id, long rows, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition("update import_run set total_rows = @rows where id = @id", new { id, rows }, cancellationToken: cancel));
    }

    /// <summary>In the transaction that wrote the rows: both are committed, or neither.</summary>
    /// <returns>Whether it is to be cancelled; null: somebody else loaded these rows.</returns>
    public static async Task<bool?> StepAsync(NpgsqlTransaction transaction, Guid id, long from, ImportStep step, CancellationToken cancel) =>
        await transaction.Connection!.ExecuteScalarAsync<bool?>(new CommandDefinition(
            """
            update import_run set last_row = @LastRow, made = made + @Made, changed = changed + @Changed, skipped = skipped + @Skipped, failed = failed + @Failed, deals = deals + @Deals,
              failed_bytes = @FailedBytes, errors = @errors::jsonb, attempts = 0, alike = alike + @Alike, companies = companies + @Companies, reasons = @reasons::jsonb, matches = @matches::jsonb
            where id = @id and last_row = @from and state = 'running'
            returning cancel_asked
            """,
            new
            {
                id,
                from,
                step.LastRow,
                step.Made,
                step.Changed,
                step.Skipped,
                step.Failed,
                step.Deals,
                step.FailedBytes,
                step.Alike,
                step.Companies,
                errors = JsonSerializer.Serialize(step.Told.Errors, ContractsJson.Default.IReadOnlyListImportErrorView),
                reasons = JsonSerializer.Serialize(step.Told.Reasons, ContractsJson.Default.IReadOnlyDictionaryStringInt64),
                matches = JsonSerializer.Serialize(step.Told.Matches, ContractsJson.Default.IReadOnlyListImportMatchView),
            },
            transaction, cancellationToken: cancel));

    public async Task EndAsync(Guid id, string state, string? problem, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition("update import_run set state = @state, problem = @problem, ended_at = @now where id = @id and state = 'running'",
            new { id, state, problem, now = time.GetUtcNow() }, cancellationToken: cancel));
    }

    /// <summary>Uploads that nobody began within a day end by themselves.</summary>
    /// <returns>Those whose table is needed no more, and those whose failing rows are kept no longer.</returns>
    public async Task<(IReadOnlyList<Guid> Tables, IReadOnlyList<Guid> Failed)> ForgetAsync(TimeSpan uploads, TimeSpan failed, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition("update import_run set state = 'cancelled', ended_at = @now where state = 'uploaded' and created_at < @before", new { now, before = now - uploads }, cancellationToken: cancel));
        var tables = await connection.QueryAsync<Guid>(new CommandDefinition("select id from import_run where ended_at > @since", new { since = now - failed - uploads }, cancellationToken: cancel));
        var old = await connection.QueryAsync<Guid>(new CommandDefinition("select id from import_run where ended_at < @before and ended_at > @since", new { before = now - failed, since = now - failed - failed }, cancellationToken: cancel));
        return (tables.AsList(), old.AsList());
    }

    public async Task<ImportLists> ListsAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            """
            select code, name from segment where not retired order by position, name;
            select id, login, name from app_user where active order by name, login;
            select code, name from deal_type where not retired order by position, code;
            select deal_type, code, name from stage where not retired order by deal_type, position;
            select code, name, kind, options::text, target from client_field where not archived and kind <> 'calculated' order by position, code;
            """, cancellationToken: cancel));
        var segments = (await results.ReadAsync<NamedCode>()).AsList();
        var people = (await results.ReadAsync<(Guid, string, string)>()).AsList();
        var types = (await results.ReadAsync<NamedCode>()).AsList();
        var stages = (await results.ReadAsync<(string Type, string Code, string Name)>()).ToLookup(s => s.Type, s => new NamedCode(s.Code, s.Name), StringComparer.Ordinal);
        var own = (await results.ReadAsync<(string Code, string Name, string Kind, string Options, string? Target)>()).Select(f => new CustomField(f.Code, f.Name, f.Kind, CustomField.ReadOptions(f.Options), f.Target)).ToList();
        return new ImportLists(segments, people, types.ConvertAll(t => (t, (IReadOnlyList<NamedCode>)[.. stages[t.Code]])), own);
    }

    static IReadOnlyList<ImportErrorView> Errors(string json) => JsonSerializer.Deserialize(json, ContractsJson.Default.IReadOnlyListImportErrorView)!;

    static IReadOnlyList<ImportMatchView> Matches(string json) => JsonSerializer.Deserialize(json, ContractsJson.Default.IReadOnlyListImportMatchView)!;

    static IReadOnlyDictionary<string, long> Reasons(string json) => JsonSerializer.Deserialize(json, ContractsJson.Default.IReadOnlyDictionaryStringInt64)!;

    sealed record JobRow(Guid Id, Guid User, string Plan, long LastRow, long? TotalRows, long FailedBytes, string Errors, int Attempts, string Matches, string Reasons, DateTimeOffset StartedAt);

    sealed record RunRow(Guid Id, string FileName, string State, long LastRow, long? TotalRows, long Made, long Changed, long Skipped, long Failed, long Deals, string Errors, string? Problem, string By,
        DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, bool CancelAsked, long Alike, long Companies, string Reasons, string Matches)
    {
        public ImportRunView View() => new(Id, FileName, State, LastRow, TotalRows, Made, Changed, Skipped, Failed, Deals, ImportStore.Errors(Errors), Problem, By, CreatedAt, StartedAt, EndedAt, CancelAsked && State == "running",
            Alike, Companies, ImportStore.Reasons(Reasons), ImportStore.Matches(Matches));
    }
}
