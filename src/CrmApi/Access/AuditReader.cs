using System.Globalization;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Live;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Access;

/// <param name="Kind">client, deal, call; null: all.</param>
internal sealed record AuditFilter(Guid? User, string? Kind, Guid? Object, string? Action, DateTimeOffset? From, DateTimeOffset? To);

/// <summary>Reads the audit for a person: as far as their right reaches, and without values that they may not see where they stand.</summary>
internal sealed class AuditReader(NpgsqlDataSource database, LiveFacts facts)
{
    public async Task<ListPage<AuditView>> ListAsync(Person person, AuditFilter filter, string? cursor, int limit, CancellationToken cancel)
    {
        var (at, id) = Place(cursor);
        var of = person.Within(Rights.SeeAudit).People;
        var where = new List<string>();
        if (of is not null) where.Add("a.user_id = any(@of)");
        if (filter.User is not null) where.Add("a.user_id = @User");
        if (!string.IsNullOrEmpty(filter.Action)) where.Add("a.action = @Action");
        if (filter.From is not null) where.Add("a.at >= @From");
        if (filter.To is not null) where.Add("a.at < @To");
        if (at is not null) where.Add("(a.at, a.id) < (@at, @id)");
        // Of a client also what was done with cards that went into it.
        where.Add((filter.Kind, filter.Object) switch
        {
            ("client", not null) => "a.object = 'client' and a.object_id in (select f.id::text from client_family(client_root(@Object)) f (id))",
            ("call", not null) => "(a.object = 'call' and a.object_id = @Object::text or a.object = 'wrap_up' and a.object_id like @Object::text || '%')",
            ("call", null) => "a.object in ('call', 'wrap_up')",
            (not (null or ""), not null) => "a.object = @Kind and a.object_id = @Object::text",
            (not (null or ""), null) => "a.object = @Kind",
            _ => "true",
        });
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<Row>(new CommandDefinition(
            $"""
            with page as materialized (
              select a.* from audit a where {string.Join(" and ", where)} order by a.at desc, a.id desc limit @limit
            )
            select a.id, a.at, a.user_id, u.name || coalesce(' · ' || y.name, '') as who, a.action, a.object as kind, a.object_id, coalesce(b.name, a.detail ->> 'before') as before, coalesce(n.name, a.detail ->> 'after') as after, a.detail ->> 'address' as address, coalesce(a.detail ->> 'call', h.id::text) as call,
              coalesce(d.title, nullif(c.name, ''), c.company) as name, c.responsible_id as client_owner, d.responsible_id as deal_owner
            from page a left join app_user u on u.id = a.user_id left join api_key y on y.id = a.key_id
            cross join lateral (select case when split_part(a.object_id, '/', 1) ~ @uuid then split_part(a.object_id, '/', 1)::uuid end as id) k
            left join deal d on a.object = 'deal' and d.id = k.id
            left join disposition b on a.action = @Disposition and b.code = a.detail ->> 'before'
            left join disposition n on a.action = @Disposition and n.code = a.detail ->> 'after'
            left join recording g on a.object = 'recording' and g.id = k.id
            left join call h on h.id = case a.object when 'recording' then g.call_id when 'call' then k.id when 'wrap_up' then k.id end
            left join client c on c.id = client_root(case a.object when 'client' then k.id when 'deal' then d.client_id else h.client_id end)
            order by a.at desc, a.id desc
            """,
            new { of, filter.User, filter.Action, From = filter.From?.ToUniversalTime(), To = filter.To?.ToUniversalTime(), filter.Kind, filter.Object, at, id, limit = limit + 1, Disposition = Calls.WrapUps.ChangedAction, uuid = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" }, cancellationToken: cancel))).AsList();
        var page = rows.Take(limit).Select(r => View(person, r)).ToList();
        return new ListPage<AuditView>(page, rows.Count > limit ? Cursor.Of("audit", string.Create(CultureInfo.InvariantCulture, $"{page[^1].At.UtcTicks} {page[^1].Id}"), Guid.Empty) : null);
    }

    static (DateTimeOffset? At, long Id) Place(string? cursor) =>
        Cursor.Place(cursor) is ("audit", var value, _) && value.Split(' ') is [var ticks, var id] && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var t)
        && t <= DateTimeOffset.MaxValue.UtcTicks && long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var i)
            ? (new DateTimeOffset(t, TimeSpan.Zero), i)
            : string.IsNullOrEmpty(cursor) ? (null, 0) : throw new BadCursorException();

    AuditView View(Person person, Row row)
    {
        var seen = Sees(person, row);
        // Of a call and its recording the client's.
        var named = row.Kind is "call" or "recording" or "wrap_up" ? person.Within(Rights.WorkWithClients).Includes(row.ClientOwner) : seen;
        var subject = Guid.TryParse(row.ObjectId.Split('/', ' ', ':')[0], out var id) ? id : (Guid?)null;
        // What an export was asked for may be the very value that is hidden.
        var text = subject is null && !(person.Veil.HidesFields && row.Kind is ("client" or "call")) ? row.ObjectId : null;
        return new AuditView(row.Id, row.At, row.UserId, row.Who, row.Action, row.Kind, subject, text, named ? row.Name : null,
            Guid.TryParse(row.Call, out var call) ? call : null, row.Address, [.. Changes(person, row, seen)]);
    }

    /// <summary>Whoever may not open the record reads no values of it here either.</summary>
    static bool Sees(Person person, Row row) => row.Kind switch
    {
        "client" => person.Within(Rights.WorkWithClients).Includes(row.ClientOwner),
        "deal" => person.Within(Rights.WorkWithClients).Includes(row.ClientOwner) && person.Within(Rights.SeeDeals).Includes(row.DealOwner),
        "task" => person.Within(Rights.WorkWithClients).IsEveryone,
        _ => true,
    };

    IEnumerable<AuditChangeView> Changes(Person person, Row row, bool seen)
    {
        var (before, after) = (row.Before ?? "", row.After ?? "");
        if (before.Length + after.Length == 0) return [];
        // Whole cards as they were: of use to who undoes a merge, and full of what may be hidden.
        if (row.Action == "client.merged") return [];
        if (Fields(before) is not { } was || Fields(after) is not { } now) return [seen ? new AuditChangeView("", null, before, after) : new AuditChangeView("", null, "", "", true)];
        return was.Keys.Union(now.Keys, StringComparer.Ordinal).Select(f =>
        {
            var own = f.StartsWith(CardFieldCodes.CustomPrefix, StringComparison.Ordinal) ? facts.Names.Fields.FirstOrDefault(o => o.Code == f[CardFieldCodes.CustomPrefix.Length..]) : null;
            return seen && !person.Veil.Hides(f)
                ? new AuditChangeView(f, own?.Name, Text(f, own, was.GetValueOrDefault(f, "")), Text(f, own, now.GetValueOrDefault(f, "")))
                : new AuditChangeView(f, own?.Name, "", "", true);
        });
    }

    /// <summary>The site's own are kept as JSON. Of a link its id: who may read the audit need not see what it leads to.</summary>
    static string Text(string field, CallFlow.CustomField? own, string value)
    {
        if (value.Length == 0 || !field.StartsWith(CardFieldCodes.CustomPrefix, StringComparison.Ordinal)) return value;
        try
        {
            using var json = JsonDocument.Parse(value);
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("id", out var link)) return link.ToString();
            return own?.Text(json.RootElement) ?? json.RootElement.ToString();
        }
        catch (JsonException)
        {
            return value;
        }
    }

    static Dictionary<string, string>? Fields(string json)
    {
        if (!json.StartsWith('{')) return null;
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, string>>(json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    sealed record Row(long Id, DateTimeOffset At, Guid? UserId, string? Who, string Action, string Kind, string ObjectId, string? Before, string? After, string? Address, string? Call, string? Name, Guid? ClientOwner, Guid? DealOwner);
}
