using CallCrm.CrmApi.Missed;

namespace CallCrm.CrmApi.Reports;

/// <summary>
/// One query per kind of report: a line for each hour or day <c>n</c> and queue, agent or number <c>key</c> where anything happened. Ranges of start
/// times stand beside those that count, as the tables are indexed by them: no call waits or lasts a day, nobody is ready for a week.
/// </summary>
internal static class ReportSql
{
    public static string Of(ReportBy by) => by switch { ReportBy.Queue => Queue, ReportBy.Number => Number, ReportBy.Campaign => Campaign, _ => Agent };

    const string Columns =
        """
        coalesce(offered, 0) as offered, coalesce(answered, 0) as answered, coalesce(abandoned, 0) as abandoned, coalesce(short_abandoned, 0) as short_abandoned, coalesce(waited, 0) as waited,
        coalesce(within_target, 0) as within_target, coalesce(within_shortest, 0) as within_shortest, coalesce(wait_ms, 0) as wait_ms,
        coalesce(handled, 0) as handled, coalesce(talk_ms, 0) as talk_ms, coalesce(hold_ms, 0) as hold_ms, coalesce(wrap_up_ms, 0) as wrap_up_ms,
        coalesce(busy_ms, 0) as busy_ms, coalesce(ready_ms, 0) as ready_ms, coalesce(missed, 0) as missed, coalesce(called_back, 0) as called_back,
        coalesce(blocked, 0) as blocked, coalesce(outbound, 0) as outbound, coalesce(outbound_answered, 0) as outbound_answered, coalesce(outbound_talk_s, 0) as outbound_talk_s,
        coalesce(observed, 0) as observed, coalesce(observed_answered, 0) as observed_answered, coalesce(observed_talk_s, 0) as observed_talk_s,
        coalesce(internal, 0) as internal, coalesce(internal_talk_s, 0) as internal_talk_s,
        coalesce(call_back_s, 0) as call_back_s, coalesce(in_time, 0) as in_time, coalesce(late, 0) as late,
        coalesce(talk_s, 0) as talk_s, coalesce(hold_s, 0) as hold_s, coalesce(wrapped_s, 0) as wrapped_s
        """;

    // What a kind of report does not have.
    const string NoBusy = "busy as (select 0 as n, '' as key, 0::numeric as busy_ms, 0::numeric as ready_ms where false)";

    const string NoMade = "made as (select 0 as n, '' as key, 0::bigint as outbound, 0::bigint as outbound_answered, 0::bigint as outbound_talk_s, 0::bigint as internal, 0::bigint as internal_talk_s where false)";

    const string NoSeen = "seen as (select 0 as n, '' as key, 0::bigint as observed, 0::bigint as observed_answered where false)";

    const string NoLed = "led as (select 0 as n, '' as key, 0::bigint as observed_talk_s where false)";

    const string AndTheRest = "full join busy using (n, key) full join made using (n, key) full join seen using (n, key) full join led using (n, key)";

    const string Ended = "l.ended_at >= @from and l.ended_at < @to and l.started_at >= @from - interval '1 day' and l.started_at < @to";

    /// <summary>Callers by the local day of the miss, as the page of the missed has them.</summary>
    const string Missing =
        $"""
        miss as ({MissedSql.Closing} where m.domain = @domain and m.missed_at >= @from and m.missed_at < @to),
        caller as (select {MissedSql.Caller} from miss where number_id is not null group by width_bucket(missed_at, @days), number_id, closed_at {MissedSql.IsCaller})
        """;

    static readonly string Queue =
        $"""
        with calls as (
          select width_bucket(o.queued_at, @edges) as n, coalesce(o.queue_id::text, '') as key, {CallFigures.Calls}, count(o.answered_at) as waited,
            {CallFigures.Within($"coalesce(q.service_level_s, {CallFigures.Target_s})")} as within_target, {CallFigures.Within(CallFigures.Target_s)} as within_shortest
          from call o left join queue q on q.id = o.queue_id
          where {CallFigures.Queued} and o.queued_at >= @from and o.queued_at < @to and o.started_at >= @from - interval '1 day' and o.started_at < @to
          group by 1, 2
        ), legs as (
          select width_bucket(l.ended_at, @edges) as n, coalesce(c.queue_id::text, '') as key, {CallFigures.Handle}, {CallFigures.Spoken} from {CallFigures.Legs} where {Ended} group by 1, 2
        ), {Missing}, missed as (
          select width_bucket(first_at, @edges) as n, coalesce(queue_id::text, '') as key, count(*) as missed, {MissedSql.CallBacks} from caller group by 1, 2
        ), junk as (
          select width_bucket(o.started_at, @edges) as n, coalesce(o.queue_id::text, '') as key, count(*) as blocked from call o where {CallFigures.Blocked} group by 1, 2
        ), {NoBusy}, {NoMade}, {NoSeen}, {NoLed}
        select n, key, q.name, coalesce(q.service_level_s, {CallFigures.Target_s}) as target_s, {Columns}
        from calls full join legs using (n, key) full join missed using (n, key) full join junk using (n, key) {AndTheRest} left join queue q on q.id::text = key
        where @of::text is null or key = @of
        order by n, q.name, key
        """;

    /// <summary>A number is the one that is set up, however the dialplan sent it.</summary>
    const string Numbers = "left join dialled_number r on r.domain = c.domain and r.number = c.dialled_raw left join dialled_number e on e.domain = c.domain and e.number = c.dialled_e164";

    const string Dialled = "coalesce(r.number, e.number, c.dialled_raw)";

    /// <summary>Conversations with callers of a number: through a queue as that counts them, and led there by the PBX.</summary>
    const string NumberLegs = $"{CallFigures.AllLegs} and (c.queued_at is not null and c.direction <> 'Outbound' and l.answered_at is not null or {CallFigures.Led})";

    static readonly string Number = CallersBy(Dialled, Numbers, "dialled_number d on d.domain = @domain and d.number = key", NoMade);

    /// <summary>Calls out count when they begin, the talk in them when it ends, as for agents.</summary>
    static readonly string CampaignMade =
        $"""
        made as (
          select n, key, sum(outbound)::bigint as outbound, sum(outbound_answered)::bigint as outbound_answered, sum(outbound_talk_s)::bigint as outbound_talk_s, 0::bigint as internal, 0::bigint as internal_talk_s
          from (
            select width_bucket(c.started_at, @edges) as n, coalesce(c.campaign, '') as key, count(*) as outbound, count(c.answered_at) as outbound_answered, 0 as outbound_talk_s
            from call c where c.domain = @domain and c.direction = 'Outbound' and c.merged_into is null and c.started_at >= @from and c.started_at < @to group by 1, 2
            union all
            select width_bucket(l.ended_at, @edges), coalesce(c.campaign, ''), 0, 0, coalesce(sum({CallFigures.Shown_s("l.talk_ms")}), 0) from {CallFigures.AllLegs} and c.direction = 'Outbound' where {Ended} group by 1, 2
          ) m group by 1, 2
        )
        """;

    /// <summary>As it was with the call; the rest is of none.</summary>
    static readonly string Campaign = CallersBy("coalesce(c.campaign, '')", "", "campaign d on d.code = key", CampaignMade);

    static string CallersBy(string key, string joins, string names, string made) =>
        $"""
        with calls as (
          select width_bucket(o.queued_at, @edges) as n, {key} as key, {CallFigures.Calls}, count(o.answered_at) as waited,
            {CallFigures.Within(CallFigures.Target_s)} as within_target, {CallFigures.Within(CallFigures.Target_s)} as within_shortest
          from call o cross join lateral (select o.domain, o.dialled_raw, o.dialled_e164, o.campaign) c {joins}
          where {CallFigures.Queued} and o.queued_at >= @from and o.queued_at < @to and o.started_at >= @from - interval '1 day' and o.started_at < @to
          group by 1, 2
        ), legs as (
          select width_bucket(l.ended_at, @edges) as n, {key} as key, {CallFigures.Handle}, {CallFigures.Spoken} from {NumberLegs} {joins} where {Ended} group by 1, 2
        ), {Missing}, missed as (
          select width_bucket(k.first_at, @edges) as n, {key} as key, count(*) as missed, {MissedSql.CallBacks}
          from caller k join call c on c.id = k.call_id {joins} group by 1, 2
        ), junk as (
          select width_bucket(o.started_at, @edges) as n, {key} as key, count(*) as blocked
          from call o cross join lateral (select o.domain, o.dialled_raw, o.dialled_e164, o.campaign) c {joins} where {CallFigures.Blocked} group by 1, 2
        ), seen as (
          select width_bucket(c.started_at, @edges) as n, {key} as key, count(*) as observed, count(c.answered_at) as observed_answered
          from call c {joins} where c.domain = @domain and {CallFigures.Led} and c.merged_into is null and c.outcome is distinct from 'Blocked' and c.started_at >= @from and c.started_at < @to group by 1, 2
        ), led as (
          select width_bucket(l.ended_at, @edges) as n, {key} as key, coalesce(sum({CallFigures.Shown_s("l.talk_ms")}), 0) as observed_talk_s from {CallFigures.AllLegs} and {CallFigures.Led} {joins} where {Ended} group by 1, 2
        ), {NoBusy}, {made}
        select n, key, d.name, {CallFigures.Target_s} as target_s, {Columns}
        from calls full join legs using (n, key) full join missed using (n, key) full join junk using (n, key) {AndTheRest} left join {names}
        where @of::text is null or lower(key) = @of
        order by n, d.name, key
        """;

    /// <summary>
    /// Offers instead of calls, conversations of every kind. Who takes a call over from a colleague did not let the client wait: the wait is the first answer's. Busy and ready are cut at
    /// the hours and days; a span that is not over reaches to now.
    /// </summary>
    static readonly string Agent =
        $"""
        with calls as (
          select width_bucket(o.offered_at, @edges) as n, o.agent_id::text as key, {CallFigures.Calls}, count(o.wait_ms) filter (where o.answered_at is not null) as waited,
            {CallFigures.Within(CallFigures.Target_s)} as within_target, {CallFigures.Within(CallFigures.Target_s)} as within_shortest,
            count(*) filter (where o.ended in ('NoAnswer', 'Declined')) as missed
          from (
            select f.offered_at, f.agent_id, f.outcome as ended, case f.outcome when 'Answered' then f.ended_at end as answered_at,
              case f.outcome when 'CallerGaveUp' then case c.outcome when 'ShortAbandon' then 'ShortAbandon' else 'Abandoned' end end as outcome,
              case when f.outcome = 'Answered' and c.queued_at is not null and c.direction <> 'Outbound' and not exists (select from offer x where x.call_id = f.call_id and x.outcome = 'Answered' and x.offered_at < f.offered_at) then c.wait_ms end as wait_ms
            from offer f join call c on c.id = f.call_id and c.domain = @domain
            where f.offered_at >= @from and f.offered_at < @to and f.rule <> 'Observed'
          ) o
          group by 1, 2
        ), legs as (
          select width_bucket(l.ended_at, @edges) as n, l.agent_id::text as key, {CallFigures.Handle}, {CallFigures.Spoken},
            count(*) filter (where {CallFigures.Led}) as observed_answered, coalesce(sum({CallFigures.Shown_s("l.talk_ms")}) filter (where {CallFigures.Led}), 0) as observed_talk_s,
            coalesce(sum({CallFigures.Shown_s("l.talk_ms")}) filter (where c.direction = 'Outbound'), 0) as outbound_talk_s,
            count(*) filter (where c.direction = 'Internal') as internal, coalesce(sum({CallFigures.Shown_s("l.talk_ms")}) filter (where c.direction = 'Internal'), 0) as internal_talk_s
          from {CallFigures.AllLegs} where {Ended} group by 1, 2
        ), made as (
          select width_bucket(c.started_at, @edges) as n, l.agent_id::text as key, count(*) as outbound, count(c.answered_at) as outbound_answered
          from call c cross join lateral (select agent_id from call_leg where call_id = c.id and agent_id is not null order by started_at, unique_id limit 1) l
          where c.domain = @domain and c.direction = 'Outbound' and c.merged_into is null and c.started_at >= @from and c.started_at < @to
          group by 1, 2
        ), miss as (
          {MissedSql.Closing} where m.domain = @domain and m.reached_at >= @from and m.reached_at < @to and m.reached_by = 'Called'
        ), caller as (
          select {MissedSql.Caller}, (array_agg(reached_call))[1] as reached_call from miss where number_id is not null group by number_id, closed_at {MissedSql.IsCaller}
        ), reached as (
          select width_bucket(k.closed_at, @edges) as n, c.agent_id::text as key, {MissedSql.CallBacks} from caller k join call c on c.id = k.reached_call and c.agent_id is not null
          where k.called group by 1, 2
        ), span as (
          select agent_id, state, reason, from_at, from_at + span_ms * interval '1 millisecond' as to_at from agent_state_span
          where domain = @domain and from_at >= @from - interval '7 days' and from_at < @to
          union all select agent_id, state, reason, since, @now from agent_state where domain = @domain
        ), cut as (
          select agent_id, state = 'Ready' as ready, greatest(from_at, @from) as from_at, least(to_at, @to) as to_at from span
          -- Who is ready at a phone that cannot ring takes no calls.
          where state in ('Talking', 'WrapUp') or state = 'Ready' and reason is null
        ), part as (
          select g.n, s.agent_id::text as key, s.ready, extract(epoch from least(s.to_at, (@edges)[g.n + 1]) - greatest(s.from_at, (@edges)[g.n])) * 1000 as ms
          from cut s cross join lateral generate_series(width_bucket(s.from_at, @edges), width_bucket(s.to_at, @edges)) as g(n)
          where s.from_at < s.to_at
        ), busy as (
          select n, key, sum(ms) filter (where not ready) as busy_ms, sum(ms) filter (where ready) as ready_ms
          from part where ms > 0 group by 1, 2
        ), junk as (select 0 as n, '' as key, 0::bigint as blocked where false), seen as (select 0 as n, '' as key, 0::bigint as observed where false)
        select n, key, u.name, {CallFigures.Target_s} as target_s, {Columns}
        from calls full join legs using (n, key) full join reached using (n, key) full join busy using (n, key) full join made using (n, key) full join junk using (n, key) full join seen using (n, key) left join app_user u on u.id::text = key
        where (@of::text is null or key = @of) and (@within::uuid[] is null or u.id = any(@within))
        order by n, u.name, key
        """;
}
