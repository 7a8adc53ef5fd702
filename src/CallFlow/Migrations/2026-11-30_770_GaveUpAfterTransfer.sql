-- A client who was answered, handed on, and then gave up is missed.

-- Since when a client who was answered before is with nobody again: they wait in a queue into which they were sent, or a phone rings for
-- them. Null: nobody has answered yet, or somebody speaks with them, or spoke last.
alter table call add column waits_since timestamptz;

-- As before, but also a call that was answered, when it ended in such a wait.
create or replace function missed_project(p_calls uuid[]) returns void language plpgsql as $$
begin
  with missed as (
    select c.id, c.domain, c.caller_e164 as e164, q.id as queue_id, c.client_id, c.ended_at, g.owner_id,
      -- Who hangs up at the tone leaves nothing to hear.
      case when g.id is not null or exists (select from call_span s where s.call_id = c.id and s.kind = 'Message' and s.to_at - s.from_at >= interval '2 seconds') then 'Voicemail'
        -- They had spoken with somebody first: however soon they gave up then, they wanted more than to ring once.
        when c.answered_at is not null then 'Abandoned'
        when c.outcome = 'ShortAbandon' then 'Short'
        when c.outcome = 'Closed' then 'Closed'
        when c.outcome in ('Rejected', 'Overflow') then 'Refused'
        -- It came to our dialplan and we decided nothing: the PBX's own record told of it later.
        when c.outcome in ('Lost', 'Fallback') or c.routed and c.decision is null and c.queued_at is null then 'Down'
        else 'Abandoned' end as kind
    from call c
    cross join lateral (select coalesce(c.queue_id, (select n.queue_id from dialled_number n where n.domain = c.domain and n.number in (c.dialled_raw, c.dialled_e164) limit 1)) as id) q
    left join lateral (
      select m.id, (
        -- Whose the extension was when the message came; where nobody sat there, who did last.
        select h.agent_id from (
          select s.agent_id, s.from_at from agent_state_span s where s.node = m.node and s.extension = split_part(m.mailbox, '@', 1) and s.from_at <= m.left_at
          union all
          select a.agent_id, a.since from agent_state a where a.node = m.node and a.extension = split_part(m.mailbox, '@', 1) and a.since <= m.left_at
        ) h order by h.from_at desc limit 1) as owner_id
      from call_message m where m.call_id = c.id order by m.left_at desc, m.id limit 1
    ) g on true
    where c.id = any(p_calls) and c.direction = 'Inbound' and c.state = 'Ended' and c.merged_into is null and c.ended_at is not null
      and c.outcome <> 'Blocked' and c.caller_kind <> 'Extension'
      -- A call that the PBX led by itself is a client's when it came for one of our numbers, or left a message.
      and (c.routed or q.id is not null or g.id is not null)
      and (c.waits_since is not null or c.answered_at is null and c.outcome <> 'Answered')
      -- Somebody else may have spoken with them: whom the fallback, the overflow or a transfer rang.
      and not exists (select from call_leg l where l.call_id = c.id and not l.is_client and l.answered_at >= coalesce(c.waits_since, '-infinity'))
      and not exists (select from call_span s where s.call_id = c.id and s.kind in ('Talk', 'Conference') and s.from_at >= coalesce(c.waits_since, '-infinity'))
  ), gone as (
    delete from missed_call m where m.call_id = any(p_calls) and not exists (select from missed n where n.id = m.call_id)
  )
  insert into missed_call as m (call_id, domain, number_id, e164, queue_id, client_id, kind, missed_at, owner_id)
  select id, domain, md5(domain || ' ' || e164)::uuid, e164, queue_id, client_id, kind, ended_at, owner_id from missed
  on conflict (call_id) do update set number_id = excluded.number_id, e164 = excluded.e164, queue_id = excluded.queue_id, client_id = excluded.client_id,
    kind = excluded.kind, missed_at = excluded.missed_at, owner_id = excluded.owner_id;

  with reaching as (
    select c.id, c.domain, c.answered_at, coalesce(c.ended_at, 'infinity') as until, c.client_id,
      case c.direction when 'Outbound' then c.dialled_e164 else c.caller_e164 end as e164
    from call c where c.id = any(p_calls) and c.answered_at is not null and c.direction <> 'Internal'
  ), wanted as (
    select m.call_id from missed_call m where m.call_id = any(p_calls) or m.reached_call = any(p_calls)
    union
    select m.call_id from reaching r join missed_call m on m.e164 = r.e164
    where m.domain = r.domain and m.missed_at < r.until and (m.reached_at is null or m.reached_at > r.answered_at)
    union
    select m.call_id from reaching r
    cross join lateral (select r.client_id as id where r.client_id is not null union select p.client_id from client_phone p where p.e164 = r.e164) k
    join missed_call m on m.client_id = k.id
    where m.domain = r.domain and m.missed_at < r.until and (m.reached_at is null or m.reached_at > r.answered_at)
  ), reached as (
    select m.call_id, first.at, first.id, first.direction
    from missed_call m
    left join lateral (
      -- The first conversation that was not over when they were missed, either way, over any number of theirs.
      select greatest(c.answered_at, m.missed_at) as at, c.id, c.direction
      from (
        select i.* from (select m.e164 union select p.e164 from client_phone p where p.client_id = m.client_id) n(e164)
          join call i on i.caller_e164 = n.e164 and i.direction = 'Inbound' and i.started_at > m.missed_at - interval '1 day'
        union
        select o.* from (select m.e164 union select p.e164 from client_phone p where p.client_id = m.client_id) n(e164)
          join call o on o.dialled_e164 = n.e164 and o.direction = 'Outbound' and o.started_at > m.missed_at - interval '1 day'
        union
        select k.* from call k where k.client_id = m.client_id and k.direction <> 'Internal' and k.started_at > m.missed_at - interval '1 day'
      ) c
      where c.domain = m.domain and c.answered_at is not null and c.merged_into is null and c.id <> m.call_id and coalesce(c.ended_at, 'infinity') > m.missed_at
      order by 1, c.started_at, c.id limit 1
    ) first on true
    where m.call_id in (select call_id from wanted) and m.e164 is not null
  )
  update missed_call m
  set reached_at = r.at, reached_call = r.id, reached_by = case r.direction when 'Outbound' then 'Called' when 'Inbound' then 'Rang' end
  from reached r
  where m.call_id = r.call_id and (m.reached_at, m.reached_call) is distinct from (r.at, r.id);
end $$;
