namespace CallCrm.CrmApi.Missed;

/// <summary>What is open, closed and claimed, from the journal's misses and this folder's own tables.</summary>
internal static class MissedSql
{
    /// <summary>
    /// A message of a caller whose number nobody knows (withheld, or not to be read): nobody can call back, but it is to be heard. Such a call is a row of its
    /// own, under the call's id. In a down time only a recording tells that there is one.
    /// </summary>
    const string Unnumbered = "m.number_id is null and (m.kind = 'Voicemail' or m.kind = 'Down' and exists (select from recording g where g.call_id = m.call_id))";

    /// <summary>
    /// One row per number with open misses, one per message without a number, and who holds it. A claim holds for a while after it was made or the claimer's last call to them, and only when
    /// the number was open then: one from before they were reached is spent.
    /// </summary>
    const string Open =
        $$"""
        with number as (
          select m.row_id as number_id, min(m.e164) as e164, count(*)::int as times, min(m.missed_at) as first_at, max(m.missed_at) as last_at, bool_and(m.kind = 'Short') as is_short,
            (array_agg(m.kind order by m.missed_at desc))[1] as kind, (array_agg(m.call_id order by m.missed_at desc))[1] as last_call_id,
            (array_agg(m.call_id order by m.missed_at desc) filter (where m.kind in ('Voicemail', 'Down')))[1] as message_call_id,
            (array_agg(m.queue_id order by m.missed_at desc))[1] as queue_id, (array_agg(m.client_id order by m.missed_at desc) filter (where m.client_id is not null))[1] as client_id,
            coalesce(array_agg(m.queue_id) filter (where m.queue_id is not null), '{}') as queues, coalesce(array_agg(m.owner_id) filter (where m.owner_id is not null), '{}') as owners
          from (
            select m.*, m.number_id as row_id from missed_call m where m.domain = @domain and m.reached_at is null and m.number_id is not null and m.missed_at >= @since
            union all
            select m.*, m.call_id from missed_call m where m.domain = @domain and m.reached_at is null and {{Unnumbered}} and m.missed_at >= @since
          ) m
          where not exists (select from missed_done d where d.number_id = m.row_id and d.at >= m.missed_at)
          group by m.row_id
        ), line as (
          select n.*, c.user_id as claimed_by_id, c.lapses_at from number n
          left join lateral (
            select k.user_id, greatest(k.claimed_at, (
              select max(coalesce(o.ended_at, @now)) from call o
              where o.direction = 'Outbound' and o.started_at >= k.claimed_at and o.dialled_e164 in (select n.e164 union select p.e164 from client_phone p where p.client_id = n.client_id)
                and exists (select from call_leg l where l.call_id = o.id and l.agent_id = k.user_id))) + @claimFor as lapses_at
            from missed_claim k where k.number_id = n.number_id and k.claimed_at >= n.first_at
          ) c on c.lapses_at > @now
        )
        """;

    /// <summary>Who waits in line or rings at somebody at this moment; who is spoken with is reached.</summary>
    const string Calling =
        """
        select o.caller_e164, o.client_id, o.started_at from call o
        where o.domain = @domain and o.state <> 'Ended' and o.direction = 'Inbound' and o.answered_at is null and o.merged_into is null
        """;

    /// <summary>What this person may see: <c>@all</c>, else of the queues that these people serve, and of their own mailboxes.</summary>
    const string Seen = "(@all or r.queues && array(select queue_id from queue_member where user_id = any(@members)) or r.owners && @members::uuid[])";

    const string Names =
        $"""
        left join queue q on q.id = r.queue_id
        left join call c on c.id = r.last_call_id
        -- A call of a down time that was recorded and not answered can only have left a message.
        left join lateral (select b.mailbox, b.state, b.state_at, b.duration_ms from call_message b where b.call_id = r.message_call_id order by b.left_at desc limit 1) b on true
        -- A message in a mailbox is a recording of its own; the call's may have nothing but music.
        left join lateral (select g.id, g.status from recording g where g.call_id = r.message_call_id and (b.mailbox is null or g.message_id is not null) order by (g.status = 'ready') desc, g.created_at desc limit 1) v on true
        left join lateral (select min(o.started_at) as since from ({Calling}) o where o.caller_e164 = r.e164 or o.client_id = r.client_id) z on true
        left join client k on k.id = (select coalesce(merged_into, id) from client where id = r.client_id)
        """;

    const string Columns =
        """
        r.number_id as id, r.e164, coalesce(c.caller_raw, '') as caller_raw, coalesce(c.caller_kind, 'Withheld') as caller_kind, coalesce(c.caller_name, '') as caller_name, k.id as client_id, coalesce(nullif(k.name, ''), nullif(k.company, '')) as client_name, q.name as queue_name,
        r.kind, r.is_short, r.times, r.first_at, r.last_at, r.last_call_id, r.message_call_id,
        v.id as message_id, v.status as message_status, b.mailbox, b.state as mailbox_state, b.state_at as mailbox_state_at, b.duration_ms as message_ms, z.since as calling_since
        """;

    public const string OpenRows =
        $"""
        {Open}
        select {Columns}, r.claimed_by_id, u.name as claimed_by, r.lapses_at, null::timestamptz as closed_at, null as closed_how, null as closed_by, null as note
        from line r {Names} left join app_user u on u.id = r.claimed_by_id
        where {Seen} and (@number::uuid is null or r.number_id = @number) and (@queue::uuid is null or @queue = any(r.queues)) and (not @mine or r.claimed_by_id = @person)
          and (@at::timestamptz is null or (r.last_at, r.number_id) < (@at, @id))
        order by r.last_at desc, r.number_id desc limit @limit
        """;

    /// <summary>For the badge and the hints.</summary>
    public const string Heads = $"""
        {Open}, calling as ({Calling})
        select number_id, times, is_short, claimed_by_id, array_to_string(queues, ',') as queues, array_to_string(owners, ',') as owners,
          (select count(*) from recording g where g.call_id = message_call_id and g.status = 'ready')
            + (select coalesce(sum(case b.state when 'Heard' then 1000 when 'Removed' then 1000000 else 0 end), 0) from call_message b where b.call_id = message_call_id)::bigint as heard,
          coalesce(e164 in (select caller_e164 from calling where caller_e164 is not null), false) or coalesce(client_id in (select client_id from calling where client_id is not null), false) as calling
        from line order by number_id
        """;

    /// <summary>Whether a call's message is of a number that this person is shown: a miss of it in one of their queues.</summary>
    public const string MayHear =
        """
        select exists (
          select from missed_call v join missed_call m on m.number_id = v.number_id or m.call_id = v.call_id
          where v.call_id = @call and v.domain = @domain and v.kind in ('Voicemail', 'Down') and m.missed_at >= @since
            and (@all or m.queue_id in (select queue_id from queue_member where user_id = any(@members)) or m.owner_id = any(@members)))
        """;

    public const string Waiting = $"{Open} select count(*) from line r where {Seen} and not r.is_short and (r.claimed_by_id is null or r.claimed_by_id = @person)";

    /// <summary>Closed by a conversation or by hand, whichever was first.</summary>
    public const string Closing =
        """
        select m.*, d.at as done_at, d.reason, d.note, d.user_id as done_by, least(m.reached_at, d.at) as closed_at from missed_call m
        left join lateral (select at, reason, note, user_id from missed_done d where d.number_id = coalesce(m.number_id, m.call_id) and d.at >= m.missed_at order by at limit 1) d on true
        """;

    public const string ClosedRows =
        $"""
        with miss as (
          {Closing}
          where m.domain = @domain and m.call_id in (
            select call_id from missed_call where domain = @domain and reached_at >= @day
            union select o.call_id from missed_done t join missed_call o on o.number_id = t.number_id and o.missed_at <= t.at where t.at >= @day
            union select o.call_id from missed_done t join missed_call o on o.call_id = t.number_id and o.number_id is null where t.at >= @day)
        ), line as (
          select coalesce(number_id, call_id) as number_id, closed_at, min(e164) as e164, count(*)::int as times, min(missed_at) as first_at, max(missed_at) as last_at, bool_and(kind = 'Short') as is_short,
            (array_agg(kind order by missed_at desc))[1] as kind, (array_agg(call_id order by missed_at desc))[1] as last_call_id,
            (array_agg(call_id order by missed_at desc) filter (where kind in ('Voicemail', 'Down')))[1] as message_call_id,
            (array_agg(queue_id order by missed_at desc))[1] as queue_id, (array_agg(client_id order by missed_at desc) filter (where client_id is not null))[1] as client_id,
            coalesce(array_agg(queue_id) filter (where queue_id is not null), array[]::uuid[]) as queues, coalesce(array_agg(owner_id) filter (where owner_id is not null), array[]::uuid[]) as owners,
            min(case when closed_at = reached_at then reached_by else reason end) as closed_how, min(case when closed_at = reached_at then '' else note end) as note,
            (array_agg(case when closed_at = reached_at then (select agent_id from call where id = reached_call) else done_by end))[1] as closed_by_id
          from miss where closed_at >= @day group by coalesce(number_id, call_id), closed_at
        )
        select {Columns}, null::uuid as claimed_by_id, null as claimed_by, null::timestamptz as lapses_at, r.closed_at, r.closed_how, u.name as closed_by, nullif(r.note, '') as note
        from line r {Names} left join app_user u on u.id = r.closed_by_id
        where {Seen} and (@queue::uuid is null or @queue = any(r.queues)) and (@at::timestamptz is null or (r.closed_at, r.number_id) < (@at, @id))
        order by r.closed_at desc, r.number_id desc limit @limit
        """;

    /// <summary>Over <c>miss</c>, grouped by number_id and closed_at: the misses of a number that were closed together are one caller to be called back.</summary>
    public const string Caller =
        """
        (array_agg(queue_id order by missed_at))[1] as queue_id, (array_agg(call_id order by missed_at))[1] as call_id, min(missed_at) as first_at, closed_at,
        bool_or(closed_at = reached_at and reached_by = 'Called') as called
        """;

    /// <summary>Who did not only hang up at once.</summary>
    public const string IsCaller = "having not bool_and(kind = 'Short')";

    /// <summary>Over callers: reached by a call of ours; how long that took, summed; in time; and not in time, when that time is over. Who rang again or was dealt with otherwise before is in neither.</summary>
    public const string CallBacks =
        """
        count(*) filter (where called) as called_back, coalesce(sum(extract(epoch from closed_at - first_at)) filter (where called), 0) as call_back_s,
        count(*) filter (where called and closed_at <= first_at + @callBackWithin) as in_time,
        count(*) filter (where first_at + @callBackWithin <= @now and (closed_at is null or closed_at > first_at + @callBackWithin)) as late
        """;

    /// <summary>The misses of some days, those of a number that were missed on one day and closed together as one caller to be called back, by the queue of the first: as the reports have them.</summary>
    public const string Figures =
        $"""
        with miss as ({Closing} where m.domain = @domain and m.missed_at >= @from and m.missed_at < @to),
        caller as (
          select {Caller}, bool_or(closed_at = reached_at and reached_by = 'Rang') as rang from miss where number_id is not null group by width_bucket(missed_at, @days), number_id, closed_at {IsCaller}
        ), middle as (
          select queue_id, grouping(queue_id) = 1 as of_all, percentile_cont(0.5) within group (order by extract(epoch from closed_at - first_at)) filter (where called) as median_s,
            count(*) filter (where rang) as rang from caller group by grouping sets ((queue_id), ())
        ), of_queue as (
          select queue_id, count(*) as callers, count(*) filter (where closed_at is null) as open, {CallBacks} from caller group by queue_id
        ), other as (
          select queue_id, count(*) filter (where kind = 'Short') as short, count(*) filter (where number_id is null and kind <> 'Short') as withheld from miss group by queue_id
        )
        select o.queue_id, q.name as queue_name, coalesce(c.callers, 0) as callers, coalesce(c.open, 0) as open, coalesce(c.called_back, 0) as called_back, coalesce(c.call_back_s, 0) as call_back_s,
          coalesce(c.in_time, 0) as in_time, coalesce(c.late, 0) as late, o.short, o.withheld,
          m.median_s, a.median_s as all_median_s, coalesce(m.rang, 0) as rang
        from other o left join of_queue c on c.queue_id is not distinct from o.queue_id left join queue q on q.id = o.queue_id
        left join middle m on not m.of_all and m.queue_id is not distinct from o.queue_id left join middle a on a.of_all
        order by q.position nulls last, q.name
        """;
}
