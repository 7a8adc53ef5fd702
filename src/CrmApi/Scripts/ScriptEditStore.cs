using CallCrm.Contracts;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Scripts;

/// <param name="Yaml">Null: taken out of use.</param>
internal sealed record PublishedText(string ScriptId, int N, string? Yaml, string? Version, string By, DateTimeOffset At);

internal sealed record DraftText(string ScriptId, string Yaml, long Version, int Base, string By, DateTimeOffset At);

/// <summary>What became of a wish to change something that others may change too.</summary>
internal enum EditOutcome
{
    Done,

    /// <summary>Somebody else saved, published or threw away in between.</summary>
    Changed,

    /// <summary>There is nothing such.</summary>
    Missing,
}

/// <summary>Drafts and published texts of scripts. All changes of one script go one after the other.</summary>
internal sealed class ScriptEditStore(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Grows with every publish and withdrawal.</summary>
    public async Task<long> StampAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition("select count(*) from script_publish", cancellationToken: cancel));
    }

    /// <summary>The newest of each script.</summary>
    public async Task<List<PublishedText>> NewestAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<PublishedText>(new CommandDefinition(
            """
            select distinct on (p.script_id) p.script_id, p.n, p.yaml, p.version, coalesce(u.name, '…') as by, p.made_at as at
            from script_publish p left join app_user u on u.id = p.made_by order by p.script_id, p.n desc
            """, cancellationToken: cancel))).AsList();
    }

    /// <summary>A text that was in use once, by the version that calls name.</summary>
    public async Task<string?> TextAsync(string id, string version, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<string?>(new CommandDefinition("select yaml from script_publish where script_id = @id and version = @version limit 1", new { id, version }, cancellationToken: cancel));
    }

    public async Task<string?> TextAsync(string id, int n, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<string?>(new CommandDefinition("select yaml from script_publish where script_id = @id and n = @n", new { id, n }, cancellationToken: cancel));
    }

    public async Task<List<DraftText>> DraftsAsync(string? id, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<DraftText>(new CommandDefinition(
            """
            select d.script_id, d.yaml, d.version, d.base, coalesce(u.name, '…') as by, d.updated_at as at from script_draft d left join app_user u on u.id = d.updated_by
            where @id::text is null or d.script_id = @id order by d.script_id
            """, new { id }, cancellationToken: cancel))).AsList();
    }

    public async Task<List<ScriptPublishView>> HistoryAsync(string id, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<ScriptPublishView>(new CommandDefinition(
            "select p.n, p.version, p.note, coalesce(u.name, '…') as by, p.made_at as at from script_publish p left join app_user u on u.id = p.made_by where p.script_id = @id order by p.n desc limit 200",
            new { id }, cancellationToken: cancel))).AsList();
    }

    /// <returns>The draft's new number.</returns>
    public async Task<(EditOutcome Outcome, long Version)> SaveAsync(string id, ScriptDraftSave save, Guid person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var (draft, newest) = await LockedAsync(transaction, id, cancel);
        if ((draft ?? 0) != save.Draft || newest != save.Base) return (EditOutcome.Changed, 0);
        var version = await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            """
            insert into script_draft (script_id, yaml, version, base, updated_by, updated_at) values (@id, @yaml, nextval('script_draft_version_seq'), @newest, @person, @now)
            on conflict (script_id) do update set yaml = excluded.yaml, version = excluded.version, base = excluded.base, updated_by = excluded.updated_by, updated_at = excluded.updated_at
            returning version
            """, new { id, yaml = save.Yaml, newest, person, now = time.GetUtcNow() }, transaction, cancellationToken: cancel));
        await transaction.CommitAsync(cancel);
        return (EditOutcome.Done, version);
    }

    public async Task<EditOutcome> DiscardAsync(string id, long draft, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var (found, _) = await LockedAsync(transaction, id, cancel);
        if (found is null) return EditOutcome.Missing;
        if (found != draft) return EditOutcome.Changed;
        await connection.ExecuteAsync(new CommandDefinition("delete from script_draft where script_id = @id", new { id }, transaction, cancellationToken: cancel));
        await transaction.CommitAsync(cancel);
        return EditOutcome.Done;
    }

    /// <summary>The draft that was seen and checked, and no other, becomes what is in use.</summary>
    public async Task<EditOutcome> PublishAsync(DraftText checkedDraft, string version, string note, Guid person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var (draft, newest) = await LockedAsync(transaction, checkedDraft.ScriptId, cancel);
        if (draft is null) return EditOutcome.Missing;
        if (draft != checkedDraft.Version || newest != checkedDraft.Base) return EditOutcome.Changed;
        await AddAsync(transaction, checkedDraft.ScriptId, newest + 1, checkedDraft.Yaml, version, note, person, cancel);
        await connection.ExecuteAsync(new CommandDefinition("delete from script_draft where script_id = @ScriptId", new { checkedDraft.ScriptId }, transaction, cancellationToken: cancel));
        await transaction.CommitAsync(cancel);
        return EditOutcome.Done;
    }

    /// <summary>A draft that waits stays, and is then begun from the withdrawal.</summary>
    public async Task<EditOutcome> WithdrawAsync(string id, ScriptWithdraw withdraw, Guid person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var (_, newest) = await LockedAsync(transaction, id, cancel);
        var inUse = newest > 0 && await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "select yaml is not null from script_publish where script_id = @id and n = @newest", new { id, newest }, transaction, cancellationToken: cancel));
        if (newest != withdraw.Base) return EditOutcome.Changed;
        if (!inUse) return EditOutcome.Missing;
        await AddAsync(transaction, id, newest + 1, null, null, withdraw.Note, person, cancel);
        await connection.ExecuteAsync(new CommandDefinition("update script_draft set base = @next where script_id = @id", new { id, next = newest + 1 }, transaction, cancellationToken: cancel));
        await transaction.CommitAsync(cancel);
        return EditOutcome.Done;
    }

    async Task AddAsync(NpgsqlTransaction transaction, string id, int n, string? yaml, string? version, string note, Guid person, CancellationToken cancel) =>
        await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            "insert into script_publish (script_id, n, yaml, version, note, made_by, made_at) values (@id, @n, @yaml, @version, @note, @person, @now)",
            new { id, n, yaml, version, note, person, now = time.GetUtcNow() }, transaction, cancellationToken: cancel));

    /// <summary>The draft's number and the last publish, nobody else's turn until the transaction ends.</summary>
    static async Task<(long? Draft, int Newest)> LockedAsync(NpgsqlTransaction transaction, string id, CancellationToken cancel)
    {
        await transaction.Connection!.ExecuteAsync(new CommandDefinition("select pg_advisory_xact_lock(hashtextextended('script edit ' || @id, 0))", new { id }, transaction, cancellationToken: cancel));
        return await transaction.Connection!.QuerySingleAsync<(long?, int)>(new CommandDefinition(
            "select (select version from script_draft where script_id = @id), coalesce((select max(n) from script_publish where script_id = @id), 0)", new { id }, transaction, cancellationToken: cancel));
    }
}
