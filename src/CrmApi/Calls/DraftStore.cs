using CallCrm.Contracts;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Scripts;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Calls;

/// <summary>
/// One document per call and agent: note, script answers, wrap-up fields. Of one person's pages the last writer of a field wins; its version grows over all
/// the call's agents, so that a page takes what follows another's. What is seen of the others: <see cref="CallDraft"/>.
/// </summary>
internal sealed class DraftStore(NpgsqlDataSource database, LiveFacts facts, TimeProvider time)
{
    /// <summary>Kept with the draft, so that a restart changes no running conversation: <c>id@version</c>. Not shown.</summary>
    public const string ScriptField = "script";

    /// <summary>The steps so far and the one where the script stands.</summary>
    public const string PathField = "script.step";

    const string Write =
        """
        with script as (
          insert into call_draft (call_id, field, value, version, user_id, page_id, updated_at)
          select @call, @ScriptField, to_jsonb(@script::text), 1, @person, @pageId, @now where @script::text is not null
          on conflict (call_id, field, owner_id) do nothing
        )
        insert into call_draft as d (call_id, field, owner_id, value, version, user_id, page_id, updated_at)
        select @call, @field, @person, to_jsonb(@value::text), 1 + coalesce(max(o.version), 0), @person, @pageId, @now
        from call_draft o where o.field = @field and o.call_id = any(array(select @call union all select id from call where merged_into = @call))
        on conflict (call_id, field, owner_id) do update
        set value = excluded.value, version = greatest(d.version + 1, excluded.version), user_id = excluded.user_id, page_id = excluded.page_id, updated_at = excluded.updated_at
        returning version
        """;

    public static bool IsOfWrapUp(string field) => field is "disposition" or "next_step" or "next_at" or "subject" or "contact" or "deal" or "deal_type" or "deal_title" or "deal_stage" or "deal_amount" or "prefill";

    public async Task<DraftFieldView> WriteAsync(Guid call, Guid person, string field, string value, string pageId, (string Id, string Version)? script, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancel);
        var version = await connection.ExecuteScalarAsync<long>(new CommandDefinition(Write,
            new { call, ScriptField, script = script is { } s ? $"{s.Id}@{s.Version}" : null, field, value, person, pageId, now }, cancellationToken: cancel));
        return new DraftFieldView(field, value, version, pageId, now);
    }

    /// <summary>The path, and each move since the one before with its time: of two pages at once each sees what the other wrote, who gets the call goes on from where it is.</summary>
    public async Task<DraftFieldView> WritePathAsync(Guid call, Guid person, string value, string pageId, Script script, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await LockPathAsync(transaction, call, cancel);
        var before = (await ReadAsync(connection, transaction, call, person, cancel)).FirstOrDefault(f => f.Field == PathField)?.Value;
        var version = await connection.ExecuteScalarAsync<long>(new CommandDefinition(Write,
            new { call, ScriptField, script = $"{script.Id}@{script.Version}", field = PathField, value, person, pageId, now }, transaction, cancellationToken: cancel));
        await AddVisitsAsync(transaction, call, person, script, ScriptPath.Between(ScriptPath.Read(before, script), ScriptPath.Read(value, script)), cancel);
        await transaction.CommitAsync(cancel);
        return new DraftFieldView(PathField, value, version, pageId, now);
    }

    public static async Task LockPathAsync(NpgsqlTransaction transaction, Guid call, CancellationToken cancel) =>
        await transaction.Connection!.ExecuteAsync(new CommandDefinition("select pg_advisory_xact_lock(hashtextextended('script ' || @call, 0))", new { call = call.ToString() }, transaction, cancellationToken: cancel));

    /// <summary>The first step began when the call was answered: until then it was only read.</summary>
    public async Task AddVisitsAsync(NpgsqlTransaction transaction, Guid call, Guid person, Script script, IReadOnlyList<ScriptMove> moves, CancellationToken cancel)
    {
        if (moves.Count == 0) return;
        await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            """
            insert into script_visit (call_id, n, agent_id, script_id, script_version, step, came, entered_at)
            select @call, before.n + m.n, @person, @id, @version, m.step, m.came,
              case m.came when 'start' then least(coalesce((select coalesce(answered_at, started_at) from call where id = @call), @now), @now) else @now end
            from (select coalesce(max(n), 0) as n from script_visit where call_id = @call) before, unnest(@steps, @came) with ordinality as m(step, came, n)
            where before.n + m.n <= @most
            """,
            new { call, person, id = script.Id, version = script.Version, steps = moves.Select(m => m.Step).ToArray(), came = moves.Select(m => m.Came).ToArray(), now = time.GetUtcNow(), most = ScriptPath.Most },
            transaction, cancellationToken: cancel));
    }

    /// <summary>The newest of each field, of the call and of those that went into it, as this person sees it.</summary>
    public async Task<IReadOnlyList<DraftFieldView>> ReadAsync(Guid call, Guid person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await ReadAsync(connection, null, call, person, cancel);
    }

    async Task<IReadOnlyList<DraftFieldView>> ReadAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, Guid call, Guid person, CancellationToken cancel)
    {
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            """
            select call_id, field, owner_id, user_id, value #>> '{}' as value, version, page_id, updated_at from call_draft
            where call_id = any(array(select @call union all select id from call where merged_into = @call));
            select agent_id, max(started_at) from call_leg
            where call_id = any(array(select @call union all select id from call where merged_into = @call)) and agent_id is not null group by agent_id;
            """,
            new { call }, transaction, cancellationToken: cancel));
        var rows = (await results.ReadAsync<DraftRow>()).AsList();
        var draft = new CallDraft(rows, (await results.ReadAsync<(Guid Agent, DateTimeOffset Came)>()).ToDictionary(c => c.Agent, c => c.Came));
        return [.. draft.SeenBy(person, agent => facts.Names.Person(agent))];
    }

    public async Task<bool> CallExistsAsync(Guid call, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition("select exists (select from call where id = @call)", new { call }, cancellationToken: cancel));
    }
}
