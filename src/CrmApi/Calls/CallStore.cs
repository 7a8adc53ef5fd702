using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Hiding;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Recordings;
using CallCrm.CrmApi.Reports;
using CallCrm.CrmApi.Scripts;
using CallCrm.Engine;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Calls;

/// <param name="Client">With the cards that were merged into it.</param>
/// <param name="Dialled">The whole number, as it stands in the settings or as it would be dialled.</param>
/// <param name="Within">Only calls that these people were offered or took part in.</param>
/// <param name="Said">Words that were said, each as its beginning; empty: any.</param>
/// <param name="Hears">Whose calls are looked through for them.</param>
internal sealed record CallFilter(string? Query, string? Direction, string? Outcome, Guid? Agent, Guid? Queue, DateTimeOffset? From, DateTimeOffset? To, Reach Within, Veil Veil, Guid? Client = null,
    string? Dialled = null, int? MinTalk_s = null, string? Said = null, Reach? Hears = null, string? Campaign = null);

/// <summary>The call log, from the journal's projections.</summary>
internal sealed class CallStore(NpgsqlDataSource database, LiveViews views, Questionnaires questionnaires, IOptions<SiteOptions> site, IOptions<RouterRoadOptions> road, TimeProvider time)
{
    /// <summary>Older ones are nobody's work any more, and a list over all years would be slower every day.</summary>
    static readonly TimeSpan UnfinishedFor = TimeSpan.FromDays(30);

    /// <summary>In whole seconds, as the sum of its agents': the reports count them one by one.</summary>
    static string Spoken(string column) =>
        $"case when c.{column} is null then 0 else coalesce((select sum({CallFigures.Shown_s("l." + column)})::int from call_leg l where l.call_id = c.id and l.agent_id is not null), {CallFigures.Shown_s("c." + column)}) end";

    static readonly string Columns =
        $"""
        c.id, c.number, c.direction, c.started_at, c.ended_at,
        -- The number shown is the other party's: of a call that an agent dialled, whom they dialled.
        case c.direction when 'Outbound' then c.dialled_raw else c.caller_raw end as caller_raw,
        case c.direction when 'Outbound' then case when c.dialled_e164 is null then 'Unparsed' else 'E164' end else c.caller_kind end as caller_kind,
        case c.direction when 'Outbound' then c.dialled_e164 else c.caller_e164 end as caller_e164,
        case c.direction when 'Outbound' then '' else c.caller_name end as caller_name, n.name as dialled_name, q.name as queue_name,
        c.client_id, coalesce(nullif(k.name, ''), nullif(k.company, '')) as client_name,
        -- Who made it, of a call out that nobody took.
        coalesce(u.name, case when c.direction <> 'Inbound' then (select p.name from call_leg l join app_user p on p.id = l.agent_id where l.call_id = c.id order by l.started_at, l.unique_id limit 1) end) as agent_name,
        c.outcome, c.state, coalesce({CallFigures.Shown_s("c.wait_ms")}, 0) as wait_s, {Spoken("talk_ms")} as talk_s,
        {Spoken("hold_ms")} as hold_s, w.disposition, w.note,
        -- The recording begins before anybody answers; of a call that nobody answered there is nothing to hear but a message.
        case when c.answered_at is not null or c.talk_ms > 0 or v.left_message then coalesce(r.status, case when exists (select from call_leg l where l.call_id = c.id and l.recorded) then 'pending' end) end as recording_status,
        case when c.answered_at is not null or c.talk_ms > 0 or v.left_message then r.id end as recording_id, c.estimated, c.campaign
        """;

    const string Joins =
        """
        left join dialled_number n on n.domain = c.domain and n.number = c.dialled_raw
        left join queue q on q.id = c.queue_id
        left join client own on own.id = c.client_id
        left join client k on k.id = case when own.merged_into is null then own.id else client_root(own.id) end
        left join app_user u on u.id = c.agent_id
        left join lateral (select d.name as disposition, w.note from wrap_up w join disposition d on d.code = w.disposition
          where w.call_id = c.id order by w.agent_id = c.agent_id desc, w.created_at desc limit 1) w on true
        left join lateral (select exists (select from missed_call m where m.call_id = c.id and m.kind = 'Voicemail') as left_message) v on true
        left join lateral (select id, status from recording where call_id = c.id order by message_id is not null and v.left_message desc, created_at desc limit 1) r on true
        """;

    /// <summary>A condition on calls <c>c</c>: these people were offered it or took part in it.</summary>
    /// <param name="people">The parameter that holds their ids.</param>
    public static string OfPeople(string people) => $"c.id in (select call_id from call_leg where agent_id = any({people}) union select call_id from offer where agent_id = any({people}))";

    static readonly SortKey[] Orders = [SortKey.Time("started", "c.started_at"), SortKey.Whole("talk", "coalesce(c.talk_ms, 0)"), SortKey.Whole("wait", "coalesce(c.wait_ms, 0)")];

    public static (ListOrder? Order, ProblemHttpResult? Refused) Order(string? sort, string? cursor) => ListOrder.Of("calls", sort, "-started", cursor, Orders);

    public async Task<ListPage<CallRow>> ListAsync(CallFilter filter, ListOrder order, int limit, CancellationToken cancel)
    {
        var (sql, parameters) = Listing(filter, order, limit);
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = (await connection.QueryAsync<Row, string, (Row Row, string Place)>(new CommandDefinition(sql, parameters, cancellationToken: cancel), (row, place) => (row, place), "place")).AsList();
        return new ListPage<CallRow>([.. rows.Take(limit).Select(r => View(r.Row))], rows.Count > limit ? order.Next(rows[limit - 1].Place, rows[limit - 1].Row.Id) : null);
    }

    /// <summary>Apart, so that its plan can be looked at.</summary>
    internal (string Sql, DynamicParameters Parameters) Listing(CallFilter filter, ListOrder order, int limit)
    {
        var text = Texts.Clean(filter.Query).Trim();
        var digits = string.Concat(text.Where(char.IsAsciiDigit));
        var isNumber = long.TryParse(text.TrimStart('#'), out var number);
        // Of this host's domain, as reports, board and missed calls have it.
        var conditions = new List<string> { "c.merged_into is null", "c.domain = @domain" };
        void When(bool holds, string condition)
        {
            if (holds) conditions.Add(condition);
        }

        When(filter.Direction is not null, "c.direction = @direction");
        When(filter.Outcome is not null, "c.outcome = @outcome");
        When(filter.Agent is not null, "(c.agent_id = @agent or c.id in (select call_id from call_leg where agent_id = @agent))");
        When(filter.Queue is not null, "c.queue_id = @queue");
        When(filter.Campaign is not null, "c.campaign = @campaign");
        When(filter.From is not null, "c.started_at >= @from");
        When(filter.To is not null, "c.started_at < @to");
        // Found first, apart from the list: its few cards are looked up by index, however few calls the page wants.
        When(filter.Client is not null, "c.client_id = any(array(select f.id from client_family(client_root(@client)) f (id)))");
        When(filter.Dialled is not null, "c.dialled_raw = any(@dialled)");
        When(filter.MinTalk_s is not null, "c.talk_ms >= @minTalk");
        When(!filter.Within.IsEveryone, OfPeople("@within"));
        var said = CallFlow.SaidWords.Query(filter.Said ?? "");
        When(!string.IsNullOrEmpty(filter.Said), TranscriptStore.Said(said, filter.Hears ?? Reach.Nobody));
        var parameters = new DynamicParameters();
        When(text.Length > 0, $"(c.client_id in (select c.id from client c where {ClientSearch.Seen(text, parameters, filter.Veil)})"
            // Who sees no numbers finds by a whole one; a caller's name may be theirs.
            + (filter.Veil.Numbers ? (text.Any(char.IsLetter) ? " or c.caller_name ilike @like" : " or c.caller_e164 = @e164")
                : " or c.caller_name ilike @like" + (digits.Length >= 3 ? " or c.caller_e164 like @digits or c.caller_raw like @digits" : ""))
            + (isNumber ? " or c.number = @number" : "") + ")");
        parameters.AddDynamicParams(new
        {
            domain = road.Value.Domain,
            direction = filter.Direction,
            outcome = filter.Outcome,
            agent = filter.Agent,
            queue = filter.Queue,
            campaign = filter.Campaign,
            from = filter.From,
            to = filter.To,
            filter.Client,
            dialled = Dialled(filter.Dialled),
            // As it is shown.
            minTalk = filter.MinTalk_s * 1000 - 500,
            within = filter.Within.People,
            said,
            hears = filter.Hears?.People,
            like = $"%{Texts.LikeFragment(text)}%",
            digits = $"%{digits}%",
            e164 = filter.Veil.Numbers ? CallFlow.PhoneNumbers.ToE164(text, site.Value.Region) : null,
            number,
            limit = limit + 1,
        });
        var where = $"{string.Join(" and ", conditions)} {order.After("c.id", parameters)} {order.By("c.id")} limit @limit";
        // A page of the ended and one of the few live ones: the indexes by talk, wait, queue and dialled number hold ended calls alone.
        return (
            $"""
            select {Columns}, {order.Place} from (
              (select c.* from call c where c.state = 'Ended' and {where}) union all
              (select c.* from call c where c.state <> 'Ended' and {where})) c
            {Joins} {order.By("c.id")} limit @limit
            """, parameters);
    }

    /// <summary>As PBXs write one number: as it is given, its digits, and the whole one with and without +.</summary>
    string[] Dialled(string? number)
    {
        if (number is null) return [];
        var e164 = CallFlow.PhoneNumbers.ToE164(number, site.Value.Region);
        return [.. new[] { number.Trim(), string.Concat(number.Where(char.IsAsciiDigit)), e164, e164?.TrimStart('+') }.OfType<string>().Where(n => n.Length > 0).Distinct(StringComparer.Ordinal)];
    }

    public async Task<Dictionary<Guid, CallRow>> RowsAsync(Guid[] ids, CancellationToken cancel)
    {
        if (ids.Length == 0) return [];
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition($"select {Columns} from call c {Joins} where c.id = any(@ids)", new { ids }, cancellationToken: cancel));
        return rows.ToDictionary(r => r.Id, View);
    }

    /// <summary>The call whole; asked for a call that was merged, the one it went into.</summary>
    public async Task<CallDetailView?> DetailAsync(Guid id, Person person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        id = await connection.ExecuteScalarAsync<Guid?>(new CommandDefinition("select coalesce(merged_into, id) from call where id = @id", new { id }, cancellationToken: cancel)) ?? default;
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            $"""
            select {Columns} from call c {Joins} where c.id = @id;
            select decision::text from call where id = @id;
            select o.id, coalesce(u.name, '…') as agent_name, o.offered_at, o.rang_at, o.ended_at, o.outcome, o.rule from offer o left join app_user u on u.id = o.agent_id
            where o.call_id = @id order by o.offered_at, o.attempt;
            select l.channel, u.name as agent_name, l.is_client, l.started_at, l.answered_at, l.ended_at, l.cause, l.talk_ms, l.hold_ms, l.recorded
            from call_leg l left join app_user u on u.id = l.agent_id
            where l.call_id = @id or l.call_id in (select id from call where merged_into = @id) order by l.started_at, l.unique_id;
            {RecordingStore.Columns} where call_id = @id
            order by message_id is not null and exists (select from missed_call m where m.call_id = @id and m.kind = 'Voicemail') desc, created_at desc limit 1;
            select w.agent_id, u.name as agent_name, w.disposition, d.name as disposition_name, d.outcome, w.note, w.next_step, w.created_at, w.subject, w.next_at,
              w.script_id, w.script_version, w.answers::text as answers, w.not_taken::text as not_taken
            from wrap_up w join app_user u on u.id = w.agent_id join disposition d on d.code = w.disposition where w.call_id = @id order by w.created_at, w.agent_id;
            select a.object_id, a.at, coalesce(u.name, '…') as who, coalesce(b.name, a.detail ->> 'before') as before, coalesce(c.name, a.detail ->> 'after') as after
            from audit a left join app_user u on u.id = a.user_id left join disposition b on b.code = a.detail ->> 'before' left join disposition c on c.code = a.detail ->> 'after'
            where a.object = @subject and a.action = @changed and a.object_id = any(select @id || '/' || agent_id from wrap_up where call_id = @id) order by a.id;
            """,
            new { id, subject = WrapUps.Subject, changed = WrapUps.ChangedAction }, cancellationToken: cancel));
        if (await results.ReadSingleOrDefaultAsync<Row>() is not { } row) return null;
        var decision = FeedLoader.Decision(await results.ReadSingleAsync<string?>());
        var offers = await results.ReadAsync<OfferView>();
        var legs = (await results.ReadAsync<LegRow>()).Select(l => new LegView(l.Channel, l.AgentName, l.IsClient, l.StartedAt, l.AnsweredAt, l.EndedAt, l.Cause, Shown_s(l.Talk_ms), Shown_s(l.Hold_ms), l.Recorded));
        var recording = await results.ReadSingleOrDefaultAsync<RecordingRow>();
        var given = (await results.ReadAsync<WrapUpRow>()).AsList();
        var changes = (await results.ReadAsync<ChangeRow>()).ToLookup(c => c.ObjectId, c => new DispositionChangeView(c.At, c.Who, c.Before, c.After), StringComparer.Ordinal);
        return new CallDetailView(View(row), decision is null ? null : views.Reason(decision, decision.Rule, decision.Agent), [.. offers], [.. legs], recording?.View(),
            [.. given.Select(w => Said(w, person) with { Changes = [.. changes[WrapUps.SubjectId(id, w.AgentId)]] })]);
    }

    WrapUpView Said(WrapUpRow w, Person person)
    {
        var script = questionnaires.Find(w.ScriptId, w.ScriptVersion);
        return new WrapUpView(w.AgentId, w.AgentName, w.Disposition, w.DispositionName, w.Outcome, w.Note, w.NextStep, w.CreatedAt, ChangeUntil(w, person), [], w.Subject, w.NextAt,
            w.ScriptId is { } id ? new NamedCode(id, script?.Title ?? id) : null, questionnaires.View(script, w.Answers, w.NotTaken, person.Veil));
    }

    DateTimeOffset? ChangeUntil(WrapUpRow given, Person person) =>
        (given.AgentId == person.Id || person.Within(Rights.EditCalls).Includes(given.AgentId)) && given.CreatedAt + WrapUps.Changeable is var until && until >= time.GetUtcNow() ? until : null;

    /// <summary>
    /// Calls this person spoke in and had to wrap up, or typed something about, that they gave no disposition: not those they are still in, and none that never reached them.
    /// </summary>
    public async Task<UnfinishedView> UnfinishedAsync(Guid person, CancellationToken cancel)
    {
        const string Open =
            """
            with mine as (
              select coalesce(k.merged_into, k.id) as call_id from call_leg l join call k on k.id = l.call_id
              where l.agent_id = @person and l.started_at > @since and l.answered_at is not null and l.ended_at is not null
              group by 1
              having bool_or(l.wrap_up_ms is not null) or exists (select from call_draft d where d.call_id = any(array_agg(k.id)) and d.user_id = @person
                and d.field in ('note', 'disposition', 'next_step') and d.value #>> '{}' <> '')
            ), waiting as (
              select call_id from mine m where not exists (select from wrap_up w where w.call_id = m.call_id and w.agent_id = @person)
                and not exists (select from agent_state a where a.agent_id = @person and a.call_id = m.call_id and a.state in ('Talking', 'WrapUp'))
            )
            """;
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            $$"""
            {{Open}}
            select count(*) from waiting;
            {{Open}}
            select {{Columns}} from waiting m join call c on c.id = m.call_id {{Joins}} order by c.started_at desc, c.id desc limit 50;
            {{Open}}
            select m.call_id, d.text from waiting m cross join lateral (
              select left(d.value #>> '{}', 200) as text from call_draft d where (d.call_id = m.call_id or d.call_id in (select id from call where merged_into = m.call_id))
                and d.field in ('note', 'next_step') and d.user_id = @person and d.value #>> '{}' <> '' order by d.field = 'note' desc, d.updated_at desc limit 1) d;
            """,
            new { person, since = time.GetUtcNow() - UnfinishedFor }, cancellationToken: cancel));
        var count = await results.ReadSingleAsync<long>();
        var rows = (await results.ReadAsync<Row>()).Select(View).ToList();
        var typed = (await results.ReadAsync<(Guid Call, string Text)>()).ToDictionary(t => t.Call, t => t.Text);
        return new UnfinishedView((int)count, [.. rows.Select(r => new UnfinishedRow(r.Id, r.Number, r.StartedAt, r.Direction, r.Caller, r.ClientName, r.QueueName, typed.GetValueOrDefault(r.Id, ""), r.Campaign))]);
    }

    /// <summary>True when this person was offered the call or took part in it.</summary>
    public Task<bool> IsOfAsync(Guid call, Guid person, CancellationToken cancel) => IsOfAsync(call, Reach.Of(person), cancel);

    public async Task<bool> IsOfAsync(Guid call, Reach within, CancellationToken cancel)
    {
        if (within.People is not { } people) return true;
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            """
            select exists (select from offer where agent_id = any(@people) and (call_id = @call or call_id in (select id from call where merged_into = @call)))
                or exists (select from call_leg where agent_id = any(@people) and (call_id = @call or call_id in (select id from call where merged_into = @call)))
            """,
            new { call, people }, cancellationToken: cancel));
    }

    /// <summary>True when this person spoke in the call, or made it: of one that only rang at their phone there is nothing to say.</summary>
    public async Task<bool> ReachedAsync(Guid call, Guid person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            """
            select exists (select from call_leg l join call c on c.id = l.call_id
              where l.agent_id = @person and (c.id = @call or c.merged_into = @call)
                and (l.answered_at is not null or c.direction = 'Outbound' and l.started_at <= (select min(f.started_at) from call_leg f where f.call_id = c.id)))
            """,
            new { call, person }, cancellationToken: cancel));
    }

    static int? Shown_s(int? span_ms) => span_ms is { } some ? CallFigures.Shown_s(some) : null;

    CallRow View(Row r) => new(r.Id, r.Number, r.Direction, r.StartedAt, r.EndedAt,
        LiveViews.Caller(new PhoneNumber(r.CallerRaw, Enum.TryParse<NumberKind>(r.CallerKind, out var kind) ? kind : NumberKind.Unparsed, r.CallerE164), r.CallerName),
        r.DialledName, r.QueueName, r.ClientId, r.ClientName, r.AgentName, r.Outcome, r.State, r.Wait_s, r.Talk_s, r.Hold_s, r.Disposition, r.Note,
        r.RecordingStatus, r.RecordingId, r.Estimated, Campaign: views.Campaign(r.Campaign));

    sealed record Row(Guid Id, long Number, string Direction, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, string CallerRaw, string CallerKind, string? CallerE164, string CallerName,
        string? DialledName, string? QueueName, Guid? ClientId, string? ClientName, string? AgentName, string? Outcome, string State, int Wait_s, int Talk_s, int Hold_s,
        string? Disposition, string? Note, string? RecordingStatus, Guid? RecordingId, bool Estimated, string? Campaign);

    sealed record WrapUpRow(Guid AgentId, string AgentName, string Disposition, string DispositionName, string Outcome, string Note, string NextStep, DateTimeOffset CreatedAt, string Subject, DateTimeOffset? NextAt,
        string? ScriptId, string? ScriptVersion, string Answers, string NotTaken);

    sealed record ChangeRow(string ObjectId, DateTimeOffset At, string Who, string Before, string After);

    sealed record LegRow(string Channel, string? AgentName, bool IsClient, DateTimeOffset StartedAt, DateTimeOffset? AnsweredAt, DateTimeOffset? EndedAt, int? Cause, int? Talk_ms, int? Hold_ms, bool Recorded);
}
