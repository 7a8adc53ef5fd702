using System.Collections.Immutable;
using System.Data;
using System.Text.Json;
using CallCrm.Engine;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Live;

/// <summary>The live state from the journal's projections, in one repeatable-read transaction together with its number.</summary>
internal sealed class FeedLoader(NpgsqlDataSource database, SiteClock clock)
{
    const string Sql =
        """
        select greatest(coalesce((select max(seq) from journal where domain = @domain), 0), coalesce((select max(last_seq) from agent_state where domain = @domain), 0),
          coalesce((select max(last_seq) from call where domain = @domain and started_at > @recent), 0));
        select c.id, c.node, c.direction, c.state, c.routed, c.caller_raw, c.caller_kind, c.caller_e164, c.caller_name, c.dialled_raw, c.dialled_e164, c.queue_id, c.lookup, c.client_id,
          array_to_string(c.candidates, ',') as candidates, c.deal_id, c.place, c.started_at, c.queued_at, c.answered_at, c.held_since, c.ended_at, c.outcome, c.ended_by, c.wait_ms, c.decision::text as decision, c.transfer::text as transfer,
          o.id as offer_id, coalesce(o.can_answer, false) as can_answer,
          (select string_agg(l.unique_id || ' ' || l.agent_id, ',') from call_leg l where l.call_id = c.id and l.can_hold and l.ended_at is null) as holders,
          exists (select from call_leg l where l.call_id = c.id and l.recorded) as recorded,
          c.direction = 'Outbound' and exists (select from call_leg l where l.call_id = c.id and l.is_client) as client_called,
          case when c.direction <> 'Inbound' then (select l.agent_id from call_leg l where l.call_id = c.id and l.agent_id is not null and not l.is_client order by l.started_at, l.unique_id limit 1) end as dialler,
          (select string_agg(distinct l.agent_id::text, ',') from call_leg l where l.call_id = c.id and l.answered_at is not null) as spoke,
          (select string_agg(a.agent_id::text, ',') from agent_state a where a.call_id = c.id and a.state in ('Talking', 'WrapUp')) as agents,
          (select string_agg(concat_ws(' ', l.unique_id, l.user_id, l.agent_id), ',' order by l.started_at) from listening l where l.call_id = c.id and l.ended_at is null) as listeners, c.campaign
        from call c left join lateral (select id, can_answer from offer where call_id = c.id order by outcome = 'Answered' desc nulls last, offered_at desc limit 1) o on true
        where c.domain = @domain and c.merged_into is null
          and (c.state <> 'Ended' or c.id in (select call_id from agent_state where domain = @domain and state in ('Talking', 'WrapUp')));
        select o.id, o.call_id, o.agent_id, o.node, o.extension, o.device, o.queue_id, o.offered_at, coalesce(q.ring_s, 20) as ring_s, o.rule, o.can_answer, o.can_hold, o.rang_at is not null as rang
        from offer o join call c on c.id = o.call_id and c.domain = @domain and c.state <> 'Ended' left join queue q on q.id = o.queue_id
        where o.ended_at is null;
        select a.agent_id as id, a.state, a.reason, a.node, a.extension, a.since, a.until, a.call_id,
          exists (select from journal j where j.domain = @domain and j.seq > a.last_seq - 10000 and j.kind = 'wrap_up_extended' and j.call_id = a.call_id and j.body ->> 'agent' = a.agent_id::text) as extended, a.leaves
        from agent_state a where a.domain = @domain;
        select u.id, coalesce(l.calls, 0) as calls, coalesce(l.talk, 0) as talk_ms, coalesce(s.wrap_up, 0) as wrap_up_ms, coalesce(m.missed, 0) as missed
        from app_user u
        left join (select agent_id, count(distinct call_id) filter (where answered_at >= @day) as calls, sum(talk_ms) filter (where ended_at >= @day) as talk
                   from call_leg where agent_id is not null and started_at >= @yesterday group by agent_id) l on l.agent_id = u.id
        left join (select agent_id, sum(span_ms) as wrap_up from agent_state_span where state = 'WrapUp' and from_at >= @day group by agent_id) s on s.agent_id = u.id
        left join (select agent_id, count(*) as missed from offer where outcome in ('NoAnswer', 'Declined') and rule <> 'Observed' and ended_at >= @day and offered_at >= @yesterday group by agent_id) m on m.agent_id = u.id
        where u.domain = @domain and (l.agent_id is not null or s.agent_id is not null or m.agent_id is not null);
        select node, connected, since, reason from pbx_state where domain = @domain;
        select agent_id as id, reason, sum(least(span_ms, (extract(epoch from from_at - @day) * 1000)::bigint + span_ms))::bigint as span_ms from agent_state_span
        where domain = @domain and state = 'Paused' and reason is not null and from_at >= @recent and from_at + span_ms * interval '1 millisecond' > @day group by agent_id, reason;
        select id, node, extension, agent_id as agent, holder_id as holder, until from seat_ask where domain = @domain and ended_at is null;
        """;

    public async Task<LiveState> LoadAsync(string domain, CancellationToken cancel)
    {
        var (today, day) = (clock.Today, clock.DayStart);
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancel);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(Sql,
            new { domain, day, yesterday = day.AddDays(-1), recent = day.AddDays(-2) }, transaction, cancellationToken: cancel));
        var seq = await results.ReadSingleAsync<long>();
        var calls = await results.ReadAsync<CallRow>();
        var offers = await results.ReadAsync<OfferRow>();
        var agents = (await results.ReadAsync<AgentRow>()).ToDictionary(a => a.Id);
        var days = (await results.ReadAsync<DayRow>()).ToDictionary(d => d.Id, d => new LiveToday((int)d.Calls, d.Talk_ms, (long)d.WrapUp_ms, (int)d.Missed));
        var pbxs = await results.ReadAsync<LivePbx>();
        foreach (var pauses in (await results.ReadAsync<PauseRow>()).GroupBy(p => p.Id))
            days[pauses.Key] = pauses.Aggregate(days.GetValueOrDefault(pauses.Key), (d, p) => d.WithPause(p.Reason, p.Span_ms));
        var asks = await results.ReadAsync<LiveSeatAsk>();
        return new LiveState(seq, today, calls.ToImmutableDictionary(c => c.Id, Call), offers.ToImmutableDictionary(o => o.Id, Offer),
            agents.Keys.Union(days.Keys).ToImmutableDictionary(id => id, id => Agent(id, agents.GetValueOrDefault(id), days.GetValueOrDefault(id))),
            pbxs.ToImmutableSortedDictionary(p => p.Node, p => p, StringComparer.Ordinal))
        {
            SeatAsks = asks.ToImmutableDictionary(a => a.Id),
        };
    }

    static LiveCall Call(CallRow r) => new(r.Id, r.Node, Enum.Parse<CallDirection>(r.Direction), Enum.Parse<CallState>(r.State),
        new PhoneNumber(r.CallerRaw, Enum.Parse<NumberKind>(r.CallerKind), r.CallerE164), r.CallerName,
        new PhoneNumber(r.DialledRaw, r.DialledE164 is null ? NumberKind.Unparsed : NumberKind.E164, r.DialledE164), r.StartedAt)
    {
        Routed = r.Routed,
        Queue = r.QueueId,
        Campaign = r.Campaign,
        Lookup = Parse<LookupOutcome>(r.Lookup),
        Client = r.ClientId,
        Candidates = [.. Ids(r.Candidates)],
        Deal = r.DealId,
        Place = r.Place,
        QueuedAt = r.QueuedAt,
        AnsweredAt = r.AnsweredAt,
        HeldSince = r.HeldSince,
        EndedAt = r.EndedAt,
        Outcome = Parse<CallOutcome>(r.Outcome),
        By = Parse<EndedBy>(r.EndedBy),
        Wait_ms = r.Wait_ms,
        Decision = Decision(r.Decision),
        Transfer = Transfer(r.Transfer),
        Offer = r.OfferId,
        CanAnswer = r.CanAnswer,
        Holders = (r.Holders ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')).ToImmutableDictionary(l => l[0], l => Guid.Parse(l[1])),
        Recorded = r.Recorded,
        ClientCalled = r.ClientCalled,
        Dialler = r.Dialler,
        Spoke = [.. Ids(r.Spoke)],
        Agents = [.. Ids(r.Agents)],
        Listeners = [.. (r.Listeners ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')).Select(l => new LiveListener(l[0], Guid.Parse(l[1]), l.Length > 2 ? Guid.Parse(l[2]) : null))],
    };

    static LiveOffer Offer(OfferRow r) => new(r.Id, r.CallId, r.AgentId, r.Node, r.Extension, r.Device, r.QueueId, r.OfferedAt, r.Ring_s, Enum.Parse<RouteRule>(r.Rule), r.CanAnswer, r.CanHold, r.Rang);

    static LiveAgent Agent(Guid id, AgentRow? r, LiveToday today) => r is null
        ? LiveAgent.SignedOut(id) with { Today = today }
        : new LiveAgent(id, Enum.Parse<AgentState>(r.State), r.Reason, r.Node, r.Extension, r.Since, r.Until, r.CallId, r.Extended, today, r.Leaves);

    static IEnumerable<Guid> Ids(string? list) => string.IsNullOrEmpty(list) ? [] : list.Split(',').Select(Guid.Parse);

    static T? Parse<T>(string? name) where T : struct, Enum => Enum.TryParse<T>(name, out var value) ? value : null;

    /// <summary>A decision in a form we do not know any more is left out: the reason is then shown by its rule alone.</summary>
    public static RouteDecided? Decision(string? json)
    {
        if (json is null) return null;
        try
        {
            return JsonSerializer.Deserialize(json, JournalJson.Default.RouteDecided);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static TransferChanged? Transfer(string? json)
    {
        if (json is null) return null;
        try
        {
            return JsonSerializer.Deserialize(json, JournalJson.Default.TransferChanged);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    sealed record CallRow(Guid Id, string Node, string Direction, string State, bool Routed, string CallerRaw, string CallerKind, string? CallerE164, string CallerName, string DialledRaw,
        string? DialledE164, Guid? QueueId, string? Lookup, Guid? ClientId, string Candidates, Guid? DealId, int? Place, DateTimeOffset StartedAt, DateTimeOffset? QueuedAt,
        DateTimeOffset? AnsweredAt, DateTimeOffset? HeldSince, DateTimeOffset? EndedAt, string? Outcome, string? EndedBy, int? Wait_ms, string? Decision, string? Transfer,
        Guid? OfferId, bool CanAnswer, string? Holders, bool Recorded, bool ClientCalled, Guid? Dialler, string? Spoke, string? Agents, string? Listeners, string? Campaign);

    sealed record OfferRow(Guid Id, Guid CallId, Guid AgentId, string Node, string Extension, string Device, Guid? QueueId, DateTimeOffset OfferedAt, int Ring_s, string Rule,
        bool CanAnswer, bool CanHold, bool Rang);

    sealed record AgentRow(Guid Id, string State, string? Reason, string? Node, string? Extension, DateTimeOffset Since, DateTimeOffset? Until, Guid? CallId, bool Extended, bool Leaves);

    sealed record PauseRow(Guid Id, string Reason, long Span_ms);

    sealed record DayRow(Guid Id, long Calls, long Talk_ms, decimal WrapUp_ms, long Missed);
}
