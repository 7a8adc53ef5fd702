using CallCrm.Contracts;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Calls;

/// <summary>
/// One document per call: notes, script answers, wrap-up fields. The last writer of a field wins, its version grows. Disposition and next step are
/// each agent's own: of a transferred call each wraps up their own leg.
/// </summary>
internal sealed class DraftStore(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Kept with the draft, so that a restart changes no running conversation: <c>id@version</c>. Not shown.</summary>
    public const string ScriptField = "script";

    public static bool IsOwn(string field) => field is "disposition" or "next_step";

    public async Task<DraftFieldView> WriteAsync(Guid call, Guid person, string field, string value, string pageId, (string Id, string Version)? script, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancel);
        var version = await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            """
            with script as (
              insert into call_draft (call_id, field, value, version, user_id, page_id, updated_at)
              select @call, @scriptField, to_jsonb(@script::text), 1, @person, @pageId, @now where @script::text is not null
              on conflict (call_id, field, owner_id) do nothing
            )
            insert into call_draft as d (call_id, field, owner_id, value, version, user_id, page_id, updated_at)
            values (@call, @field, @owner, to_jsonb(@value::text), 1, @person, @pageId, @now)
            on conflict (call_id, field, owner_id) do update
            set value = excluded.value, version = d.version + 1, user_id = excluded.user_id, page_id = excluded.page_id, updated_at = excluded.updated_at
            returning version
            """,
            new { call, scriptField = ScriptField, script = script is { } s ? $"{s.Id}@{s.Version}" : null, field, owner = IsOwn(field) ? person : Guid.Empty, value, person, pageId, now }, cancellationToken: cancel));
        return new DraftFieldView(field, value, version, pageId, now);
    }

    /// <summary>The newest of each field, of the call and of those that went into it, as this person sees it.</summary>
    public async Task<IReadOnlyList<DraftFieldView>> ReadAsync(Guid call, Guid person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<DraftFieldView>(new CommandDefinition(
            """
            select distinct on (field) field, value #>> '{}' as value, version, page_id, updated_at from call_draft
            where (call_id = @call or call_id in (select id from call where merged_into = @call)) and owner_id in (@person, @none)
            order by field, updated_at desc
            """,
            new { call, person, none = Guid.Empty }, cancellationToken: cancel))).AsList();
    }

    public async Task<bool> CallExistsAsync(Guid call, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition("select exists (select from call where id = @call)", new { call }, cancellationToken: cancel));
    }
}
