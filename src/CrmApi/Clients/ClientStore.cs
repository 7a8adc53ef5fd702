using System.Text;
using CallCrm.Contracts;
using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Errors;
using Dapper;
using Npgsql;
using Numbers = CallCrm.CallFlow.PhoneNumbers;

namespace CallCrm.CrmApi.Clients;

/// <summary>Reads of clients for the pages. Writing is ClientDirectory's.</summary>
internal sealed class ClientStore(NpgsqlDataSource database, CallStore calls)
{
    const int MostWords = 5;

    public async Task<ListPage<ClientRow>> ListAsync(string? query, string? cursor, int limit, CancellationToken cancel)
    {
        var parameters = new DynamicParameters(new { before = Cursor.Number(cursor), limit = limit + 1 });
        var sql =
            $"""
            {Hits(Texts.Clean(query).Trim(), parameters)}
            select c.id, c.number, c.name, c.company, s.name as segment_name, u.name as responsible_name, p.e164 as phone, l.at as last_call_at, c.confirmed, c.hidden_at is not null as hidden
            from client c
            left join segment s on s.code = c.segment
            left join app_user u on u.id = c.responsible_id
            left join lateral (select e164 from client_phone where client_id = c.id order by is_main desc, added_at, e164 limit 1) p on true
            left join lateral (select started_at as at from call where client_id = c.id order by started_at desc limit 1) l on true
            where c.merged_into is null and (@before::bigint is null or c.number < @before)
              {(parameters.ParameterNames.Contains("hits") ? "and c.id in (select id from hit)" : "and c.hidden_at is null")}
            order by c.number desc limit @limit
            """;
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<ClientRow>(new CommandDefinition(sql, parameters, cancellationToken: cancel))).AsList();
        var page = rows.Take(limit).Select(r => r.Phone is { } e164 ? r with { Phone = Numbers.Format(e164, "en") } : r).ToList();
        return new ListPage<ClientRow>(page, rows.Count > limit ? Cursor.Of(page[^1].Number) : null);
    }

    /// <summary>Every word is a fragment of name or company; a query of digits is also a fragment of a telephone number, or a card's number.</summary>
    internal static string Hits(string query, DynamicParameters parameters)
    {
        if (query.Length == 0) return "";
        parameters.Add("hits", true);
        var sql = new StringBuilder("with hit as materialized (select id from client where true");
        foreach (var (i, word) in query.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Take(MostWords).Index())
        {
            parameters.Add($"word{i}", $"%{Texts.LikeFragment(word)}%");
            sql.Append(System.Globalization.CultureInfo.InvariantCulture, $" and (name || ' ' || company) ilike @word{i}");
        }

        var digits = string.Concat(query.Where(char.IsAsciiDigit));
        if (digits.Length >= 3 && !query.Any(char.IsLetter))
        {
            parameters.Add("digits", $"%{digits}%");
            // As written within the country (020 …), where the international form has no 0.
            parameters.Add("national", $"%{digits.TrimStart('0')}%");
            sql.Append(" union select client_id from client_phone where e164 like @digits");
            if (digits[0] == '0' && digits.TrimStart('0').Length >= 3) sql.Append(" or e164 like @national");
        }

        if (long.TryParse(query.TrimStart('#'), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number))
        {
            parameters.Add("number", number);
            sql.Append(" union select id from client where number = @number");
        }

        return sql.Append(')').ToString();
    }

    /// <summary>The card; of a merged client, that of the one it went into.</summary>
    public async Task<ClientCardView?> CardAsync(Guid id, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var root = await connection.ExecuteScalarAsync<Guid?>(new CommandDefinition(
            """
            with recursive way (id, merged_into, step) as (
              select id, merged_into, 0 from client where id = @id
              union all
              select c.id, c.merged_into, w.step + 1 from way w join client c on c.id = w.merged_into where w.step < 10
            )
            select id from way order by step desc limit 1
            """,
            new { id }, cancellationToken: cancel));
        if (root is not { } found) return null;
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(CardReader.Sql, new { clients = new[] { found } }, cancellationToken: cancel));
        return (await CardReader.ReadAsync(results)).GetValueOrDefault(found);
    }

    public async Task<ListPage<TimelineItem>> TimelineAsync(Guid client, string? cursor, int limit, CancellationToken cancel)
    {
        var after = Cursor.Time(cursor);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<ItemRow>(new CommandDefinition(
            """
            select kind, id, at, agent_name, title, text from (
              (select 'call' as kind, c.id, c.started_at as at, null as agent_name, null as title, null as text from call c
               where c.client_id = @client and c.merged_into is null and (@at::timestamptz is null or (c.started_at, c.id) < (@at, @id)) order by c.started_at desc, c.id desc limit @limit)
              union all
              (select 'deal', d.id, d.stage_since, u.name, d.title, s.name from deal d
               join stage s on s.deal_type = d.deal_type and s.code = d.stage left join app_user u on u.id = d.responsible_id
               where d.client_id = @client and (@at::timestamptz is null or (d.stage_since, d.id) < (@at, @id)) order by d.stage_since desc, d.id desc limit @limit)
              union all
              (select 'task', t.id, coalesce(t.done_at, t.due_at), u.name, t.title, case when t.done_at is null then 'open' else 'done' end from task t
               left join app_user u on u.id = t.user_id
               where t.client_id = @client and (@at::timestamptz is null or (coalesce(t.done_at, t.due_at), t.id) < (@at, @id)) order by 3 desc, t.id desc limit @limit)
              union all
              (select 'file', f.id, f.uploaded_at, u.name, f.name, f.size_bytes::text from file f join app_user u on u.id = f.uploaded_by
               where ((f.object_kind = 'client' and f.object_id = @client) or (f.object_kind = 'deal' and f.object_id in (select id from deal where client_id = @client)))
                 and f.deleted_at is null and (@at::timestamptz is null or (f.uploaded_at, f.id) < (@at, @id)) order by f.uploaded_at desc, f.id desc limit @limit)
            ) i order by at desc, id desc limit @limit
            """,
            new { client, at = after?.At, id = after?.Id ?? Guid.Empty, limit = limit + 1 }, cancellationToken: cancel))).AsList();
        var page = rows.Take(limit).ToList();
        var ofCalls = await calls.RowsAsync([.. page.Where(r => r.Kind == "call").Select(r => r.Id)], cancel);
        return new ListPage<TimelineItem>(
            [.. page.Select(r => ofCalls.GetValueOrDefault(r.Id) is { } call
                ? new TimelineItem("call", r.Id.ToString(), r.At, call.AgentName, call, null, null)
                : new TimelineItem(r.Kind, r.Id.ToString(), r.At, r.AgentName, null, r.Title, r.Text))],
            rows.Count > limit ? Cursor.Of(page[^1].At, page[^1].Id) : null);
    }

    sealed record ItemRow(string Kind, Guid Id, DateTimeOffset At, string? AgentName, string? Title, string? Text);
}
