using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Deals;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Hiding;
using CallCrm.CrmApi.Recordings;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;
using Numbers = CallCrm.CallFlow.PhoneNumbers;

namespace CallCrm.CrmApi.Clients;

/// <summary>Reads of clients for the pages. Writing is ClientDirectory's.</summary>
internal sealed class ClientStore(NpgsqlDataSource database, CallStore calls, TranscriptStore transcripts, IOptions<SiteOptions> site)
{
    public const string UsualOrder = "-number";

    static readonly SortKey[] Orders = [SortKey.Whole("number", "c.number", unique: true), SortKey.Time("created", "c.created_at"), SortKey.Time("updated", "c.updated_at")];

    static readonly SortKey ByName = SortKey.Text("name", "lower(coalesce(nullif(c.name, ''), c.company))");

    /// <summary>A name may be a number, and the cursor says the name: who sees no numbers has no order by it. What a search finds comes the newest first, as it is read.</summary>
    public static (ListOrder? Order, ProblemHttpResult? Refused) Order(string? query, Veil veil, string? sort, string? cursor) =>
        !string.IsNullOrWhiteSpace(query) && sort is not (null or "" or UsualOrder) ? (null, Problems.Invalid("sort", "-number, beside query: what is found comes the newest first"))
        : ListOrder.Of("clients", sort, UsualOrder, cursor, veil.Numbers ? Orders : [.. Orders, ByName]);

    public async Task<ListPage<ClientRow>> ListAsync(string? query, ClientFilter filter, Reach within, Reach deals, Veil veil, ListOrder order, int limit, CancellationToken cancel)
    {
        var (sql, parameters) = Listing(query, filter, within, deals, veil, order, limit);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<ListRow, string, (ListRow Row, string Place)>(new CommandDefinition(sql, parameters, cancellationToken: cancel), (row, place) => (row, place), "place")).AsList();
        return new ListPage<ClientRow>([.. rows.Take(limit).Select(r => r.Row.View())], rows.Count > limit ? order.Next(rows[limit - 1].Place, rows[limit - 1].Row.Id) : null);
    }

    /// <summary>Apart, so that its plan can be looked at.</summary>
    internal (string Sql, DynamicParameters Parameters) Listing(string? query, ClientFilter filter, Reach within, Reach deals, Veil veil, ListOrder order, int limit)
    {
        var parameters = new DynamicParameters(new { limit = limit + 1, within = within.People });
        var live = $"c.merged_into is null and c.deleted_at is null {order.After("c.id", parameters)}{filter.Sql(parameters)}{(within.IsEveryone ? "" : " and c.responsible_id = any(@within)")}";
        var hits = new ClientSearch(Texts.Clean(query).Trim(), parameters, veil, within, deals, site.Value.Region).Hits(live, limit + 1);
        var sql =
            $"""
            {hits}
            select c.id, c.number, c.name, c.company, s.name as segment_name, u.name as responsible_name, p.e164 as phone, l.at as last_call_at, c.confirmed, c.hidden_at is not null as hidden, c.tags, p.extension, {order.Place}
            from client c
            left join segment s on s.code = c.segment
            left join app_user u on u.id = c.responsible_id
            left join lateral (select e164, extension from client_phone where client_id = c.id order by is_main desc, added_at, e164, extension limit 1) p on true
            left join lateral (select max(k.started_at) as at from client_family(c.id) f (id) cross join lateral (select started_at from call where client_id = f.id order by started_at desc limit 1) k) l on true
            where {live} {(hits.Length > 0 ? "and c.number = any (array(select number from hit))" : "and c.hidden_at is null")}
            {order.By("c.id")} limit @limit
            """;
        return (sql, parameters);
    }

    /// <summary>Where clients come from, each once: one step through the index for each.</summary>
    public async Task<IReadOnlyList<string>> SourcesAsync(Reach within, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<string>(new CommandDefinition(
            """
            with recursive each (source) as (
              select min(source) from client where source <> '' and merged_into is null and deleted_at is null
              union all
              select (select min(source) from client where source > each.source and merged_into is null and deleted_at is null) from each where each.source is not null
            )
            select source from (select source from each where source is not null limit 500) e
            where @within::uuid[] is null or exists (select from client c where c.source = e.source and c.merged_into is null and c.deleted_at is null and c.responsible_id = any(@within))
            order by lower(source)
            """, new { within = within.People }, cancellationToken: cancel))).AsList();
    }

    sealed record ListRow(Guid Id, long Number, string Name, string Company, string? SegmentName, string? ResponsibleName, string? Phone, DateTimeOffset? LastCallAt, bool Confirmed, bool Hidden, Array Tags, string? Extension)
    {
        public ClientRow View() => new(Id, Number, Name, Company, SegmentName, ResponsibleName, Phone is { } e164 ? Numbers.Format(e164, "en") : null, LastCallAt, Confirmed, Hidden, Tags.Length > 0 ? (string[])Tags : null, Extension ?? "");
    }

    /// <summary>The card; of a merged client, that of the one it went into.</summary>
    public async Task<ClientCardView?> CardAsync(Guid id, CancellationToken cancel) => (await CardsAsync([id], cancel)).GetValueOrDefault(id);

    /// <summary>By the ids asked for.</summary>
    public async Task<Dictionary<Guid, ClientCardView>> CardsAsync(Guid[] ids, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(CardReader.Sql, new { clients = ids }, cancellationToken: cancel));
        return await CardReader.ReadAsync(results);
    }

    /// <summary>Notes that nobody took back, whoever may see them.</summary>
    public async Task<Dictionary<Guid, NoteTold>> NotesAsync(Guid[] ids, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<NoteTold>(new CommandDefinition(
            "select n.id, client_root(n.client_id) as client_id, n.at, u.name as by, n.text from client_note n join app_user u on u.id = n.user_id where n.id = any(@ids) and n.removed_at is null", new { ids }, cancellationToken: cancel))).ToDictionary(n => n.Id);
    }

    /// <param name="deals">Whose deals are seen.</param>
    /// <param name="contacts">Whose clients are seen, of a company's people.</param>
    /// <param name="tasks">Whose tasks are seen.</param>
    /// <param name="cards">Whose clients' names are seen, where a deal went from one to another.</param>
    /// <param name="callsOf">Whose calls are seen: files of the others do not stand there.</param>
    /// <param name="hears">Whose recordings may be heard: of the others no word stands there.</param>
    public async Task<ListPage<TimelineItem>> TimelineAsync(Guid client, Person reader, Reach contacts, Reach deals, Reach tasks, Reach cards, Reach callsOf, Reach hears, string? cursor, int limit, CancellationToken cancel)
    {
        var after = Cursor.Time(cursor);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<ItemRow>(new CommandDefinition(
            """
            with own as materialized (select f.id from client_family(client_root(@client)) f (id)),
            family as materialized (
              select id, null::text as contact from own
              union all
              select g.id, c.name from (
                select c.id, coalesce(nullif(c.name, ''), c.company) as name from own join client c on c.company_id = own.id and c.merged_into is null and (@contacts::uuid[] is null or c.responsible_id = any(@contacts)) order by c.number limit 200) c
              cross join lateral client_family(c.id) g (id)
            )
            select kind, id, at, agent_name, title, text, contact, action, before, after, mine from (
              (select 'call' as kind, c.id, c.started_at as at, null as agent_name, null as title, null as text, f.contact, null as action, null as before, null as after, false as mine from family f cross join lateral (
                 select id, started_at from call where client_id = f.id and merged_into is null and (@at::timestamptz is null or (started_at, id) < (@at, @id)) order by started_at desc, id desc limit @limit) c)
              union all
              (select 'deal', d.id, d.stage_since, u.name, d.title, s.name, f.contact, null, null, null, false from family f join deal d on d.client_id = f.id and d.deleted_at is null
               join stage s on s.deal_type = d.deal_type and s.code = d.stage left join app_user u on u.id = d.responsible_id
               where (@deals::uuid[] is null or d.responsible_id = any(@deals)) and (@at::timestamptz is null or (d.stage_since, d.id) < (@at, @id)) order by d.stage_since desc, d.id desc limit @limit)
              union all
              (select 'deal_change', lpad(to_hex(a.id), 32, '0')::uuid, a.at, u.name, d.title, d.deal_type, f.contact, a.action, a.detail ->> 'before', a.detail ->> 'after', false
               from family f join deal d on d.client_id = f.id and d.deleted_at is null and (@deals::uuid[] is null or d.responsible_id = any(@deals)) cross join lateral (
                 select id, at, user_id, action, detail from audit where object = 'deal' and object_id = d.id::text
                   and (action in ('deal.changed', 'deal.filled') or (action in ('deal.created', 'deal.moved') and at < d.stage_since))
                   and (@at::timestamptz is null or (at, lpad(to_hex(id), 32, '0')::uuid) < (@at, @id)) order by at desc, id desc limit @limit) a
               left join app_user u on u.id = a.user_id order by a.at desc, a.id desc limit @limit)
              union all
              (select 'task', t.id, coalesce(t.done_at, t.due_at), u.name, t.title, case when t.done_at is null then 'open' else 'done' end, f.contact, null, null, null, false from family f join task t on t.client_id = f.id and t.deleted_at is null
               left join app_user u on u.id = t.user_id
               where (@tasks::uuid[] is null or t.user_id = any(@tasks)) and (@at::timestamptz is null or (coalesce(t.done_at, t.due_at), t.id) < (@at, @id)) order by 3 desc, t.id desc limit @limit)
              union all
              (select case when x.undone then 'unmerge' else 'merge' end, m.id, x.at, u.name, coalesce(nullif(m.loser_before ->> 'name', ''), m.loser_before ->> 'company'), null, f.contact, null, null, null, false
               from family f join client_merge m on m.winner_id = f.id cross join lateral (select m.made_at as at, false as undone, m.made_by as who union all select m.undone_at, true, m.undone_by where m.undone_at is not null) x
               left join app_user u on u.id = x.who
               where @at::timestamptz is null or (x.at, m.id) < (@at, @id) order by x.at desc, m.id desc limit @limit)
              union all
              (select 'file', x.id, x.uploaded_at, u.name, x.name, x.size_bytes::text, f.contact, null, null, null, false from family f cross join lateral (
                 select id, uploaded_at, uploaded_by, name, size_bytes, deleted_at from file
                 where object_kind = 'client' and object_id = f.id and (mail_id is null or not exists (select from client_mail m where m.id = mail_id and m.deleted_at is null))
                 union all
                 select i.id, i.uploaded_at, i.uploaded_by, i.name, i.size_bytes, i.deleted_at from deal d join file i on i.object_kind = 'deal' and i.object_id = d.id
                 where d.client_id = f.id and d.deleted_at is null and (@deals::uuid[] is null or d.responsible_id = any(@deals))
                 union all
                 select i.id, i.uploaded_at, i.uploaded_by, i.name, i.size_bytes, i.deleted_at from call k join file i on i.object_kind = 'call' and i.object_id = k.id
                 where k.client_id = f.id and (@callsOf::uuid[] is null or exists (select from call p where (p.id = k.id or p.merged_into = k.id)
                   and (exists (select from offer o where o.call_id = p.id and o.agent_id = any(@callsOf)) or exists (select from call_leg l where l.call_id = p.id and l.agent_id = any(@callsOf)))))) x
               join app_user u on u.id = x.uploaded_by
               where x.deleted_at is null and (@at::timestamptz is null or (x.uploaded_at, x.id) < (@at, @id)) order by x.uploaded_at desc, x.id desc limit @limit)
              union all
              (select 'web_form', w.id, w.at, null, w.form_name, nullif(w.text, ''), f.contact, null, null, null, false from family f join web_form_submission w on w.client_id = f.id
               where @at::timestamptz is null or (w.at, w.id) < (@at, @id) order by w.at desc, w.id desc limit @limit)
              union all
              (select 'note', n.id, n.at, u.name, null, n.text, f.contact, null, null, null, n.user_id = @reader from family f cross join lateral (
                 select id, at, text, user_id from client_note where client_id = f.id and removed_at is null and (@at::timestamptz is null or (at, id) < (@at, @id)) order by at desc, id desc limit @limit) n
               join app_user u on u.id = n.user_id where @notes)
              union all
              -- Of one that is on several of these cards the first.
              (select 'mail', m.id, m.sent_at, coalesce(nullif(m.from_name, ''), m.from_addr), m.subject, left(m.text, 300), f.contact, null, m.direction, null, m.added_by = @reader from family f cross join lateral (
                 select id, message_id, content, sent_at, from_name, from_addr, subject, text, direction, added_by from client_mail
                 where client_id = f.id and deleted_at is null and (@at::timestamptz is null or (sent_at, id) < (@at, @id)) order by sent_at desc, id desc limit @limit) m
               where @mails and not exists (select from client_mail o where o.message_id = m.message_id and (o.content = m.content or ((o.content is null or m.content is null) and o.subject = m.subject and o.text = m.text))
                 and o.id < m.id and o.deleted_at is null and o.client_id in (select id from family)) order by 3 desc, m.id desc limit @limit)
            ) i order by at desc, id desc limit @limit
            """,
            new { client, reader = reader.Id, notes = !reader.Veil.Hides("note"), mails = !reader.Veil.Hides("email"), contacts = contacts.People, deals = deals.People, tasks = tasks.People, callsOf = callsOf.People, at = after?.At, id = after?.Id ?? Guid.Empty, limit = limit + 1 }, cancellationToken: cancel))).AsList();
        var page = rows.Take(limit).ToList();
        var ofCalls = await calls.RowsAsync([.. page.Where(r => r.Kind == "call").Select(r => r.Id)], cancel);
        var notes = (await connection.QueryAsync<(Guid Call, string By, string Note)>(new CommandDefinition(
            """
            select w.call_id, u.name, w.note from wrap_up w join app_user u on u.id = w.agent_id
            where w.call_id = any(@ofCalls) and w.note <> '' and exists (select from wrap_up o where o.call_id = w.call_id and o.agent_id <> w.agent_id) order by w.created_at, w.agent_id
            """, new { ofCalls = ofCalls.Keys.ToArray() }, cancellationToken: cancel))).ToLookup(n => n.Call, n => new CallNoteView(n.By, n.Note));
        var openings = await transcripts.OpeningsAsync([.. ofCalls.Values.Where(c => c.RecordingStatus == "ready").Select(c => c.Id)], hears, cancel);
        var names = page.Exists(r => r.Action is not null) ? await NamesAsync(connection, page, cards, cancel) : (_, _, _) => null;
        return new ListPage<TimelineItem>(
            [.. page.Select(r => ofCalls.GetValueOrDefault(r.Id) is { } call
                ? new TimelineItem("call", r.Id.ToString(), r.At, call.AgentName, call with { Said = openings.GetValueOrDefault(call.Id) }, null, null, r.Contact, Notes: notes[call.Id].ToList() is { Count: > 0 } said ? said : null)
                : r.Action is { } action
                ? new TimelineItem(r.Kind, r.Id.ToString(), r.At, r.AgentName, null, r.Title, action == DealStore.FilledAction ? "answers" : null, r.Contact, DealHistory.View(action, r.Before ?? "", r.After ?? "", (field, value) => names(field, value, r.Text)))
                : new TimelineItem(r.Kind, r.Id.ToString(), r.At, r.AgentName, null, r.Title, r.Text, r.Contact, Mine: r.Mine, Way: r.Kind == "mail" ? r.Before : null))
                .Where(i => i.Changes is not { Count: 0 })],
            rows.Count > limit ? Cursor.Of(page[^1].At, page[^1].Id) : null);
    }

    /// <summary>Names of what the changes of deals speak of: people, clients as far as they are seen, stages by the deal's type.</summary>
    static async Task<Func<string, string, string?, string?>> NamesAsync(NpgsqlConnection connection, List<ItemRow> page, Reach cards, CancellationToken cancel)
    {
        var told = page.SelectMany(r => new[] { DealHistory.Read(r.Before), DealHistory.Read(r.After) }).OfType<Dictionary<string, string>>().ToList();
        Guid[] Ids(string field) => [.. told.Select(t => Guid.TryParse(t.GetValueOrDefault(field), out var id) ? id : (Guid?)null).OfType<Guid>().Distinct()];
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            """
            select id::text, name from app_user where id = any(@people)
            union all
            select k.id::text, coalesce(nullif(c.name, ''), c.company) from unnest(@clients) k (id) join client c on c.id = client_root(k.id) and c.erased_at is null and (@cards::uuid[] is null or c.responsible_id = any(@cards));
            select deal_type || ' ' || code, name from stage
            """,
            new { people = Ids(DealHistory.Responsible), clients = Ids(DealHistory.Client), cards = cards.People }, cancellationToken: cancel));
        var names = (await results.ReadAsync<(string Id, string Name)>()).ToDictionary(n => n.Id, n => n.Name, StringComparer.Ordinal);
        var stages = (await results.ReadAsync<(string Code, string Name)>()).ToDictionary(n => n.Code, n => n.Name, StringComparer.Ordinal);
        return (field, value, type) => field == DealHistory.Stage ? stages.GetValueOrDefault($"{type} {value}") ?? value : names.GetValueOrDefault(value);
    }

    sealed record ItemRow(string Kind, Guid Id, DateTimeOffset At, string? AgentName, string? Title, string? Text, string? Contact, string? Action, string? Before, string? After, bool Mine);
}
