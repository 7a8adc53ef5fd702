-- Missed calls: who was not spoken to, and when they were reached after all.

-- writer: the journal writer, in the transaction of the entries (missed_project). One row per missed call; what the pages
-- list is one row per number, of its misses that are still open.
create table missed_call (
  call_id      uuid primary key,
  domain       text not null,
  number_id    uuid,                          -- the list's row: the same for every miss of a number; null: withheld or no number, counted only
  e164         text,
  queue_id     uuid,
  client_id    uuid,
  kind         text not null check (kind in ('Abandoned', 'Short', 'Closed', 'Refused', 'Down')),
  missed_at    timestamptz not null,
  reached_at   timestamptz,                   -- null: open
  reached_call uuid,
  reached_by   text check (reached_by in ('Called', 'Rang')),
  check ((number_id is null) = (e164 is null)),
  check ((reached_at is null) = (reached_call is null) and (reached_at is null) = (reached_by is null))
);
create index missed_call_at on missed_call (domain, missed_at);
create index missed_call_open on missed_call (domain, missed_at) where reached_at is null and number_id is not null;
create index missed_call_reached on missed_call (domain, reached_at) where reached_at is not null;
create index missed_call_number on missed_call (number_id, missed_at) where number_id is not null;
create index missed_call_e164 on missed_call (e164, missed_at) where e164 is not null;
create index missed_call_client on missed_call (client_id, missed_at) where client_id is not null;
create index missed_call_by on missed_call (reached_call) where reached_call is not null;
-- Who called whom back: by the number that was dialled.
create index call_dialled on call (dialled_e164, started_at desc) where direction = 'Outbound' and dialled_e164 is not null;

-- writer: CrmApi/Missed. Who works on a number; it lapses, and counts only for misses that were open when it was made.
create table missed_claim (
  number_id  uuid primary key,
  user_id    uuid not null references app_user (id),
  claimed_at timestamptz not null
);

-- writer: CrmApi/Missed. Closed without a call: covers the misses of the number up to then.
create table missed_done (
  number_id uuid not null,
  at        timestamptz not null,
  user_id   uuid not null references app_user (id),
  reason    text not null check (reason in ('mail', 'solved', 'wrong_number', 'spam', 'other')),
  note      text not null default '',
  primary key (number_id, at)
);
create index missed_done_at on missed_done (at);

-- Brings the misses up to what the table call says now: those of these calls, and those that these calls may have closed.
-- It derives, it does not count: running it again for the same calls changes nothing.
create function missed_project(p_calls uuid[]) returns void language plpgsql as $$
begin
  with missed as (
    select c.id, c.domain, c.caller_e164 as e164, q.id as queue_id, c.client_id, c.ended_at,
      case when c.outcome = 'ShortAbandon' then 'Short'
        when c.outcome = 'Closed' then 'Closed'
        when c.outcome in ('Rejected', 'Overflow') then 'Refused'
        -- It came to our dialplan and we decided nothing: the PBX's own record told of it later.
        when c.outcome in ('Lost', 'Fallback') or c.routed and c.decision is null and c.queued_at is null then 'Down'
        else 'Abandoned' end as kind
    from call c
    cross join lateral (select coalesce(c.queue_id, (select n.queue_id from dialled_number n where n.domain = c.domain and n.number in (c.dialled_raw, c.dialled_e164) limit 1)) as id) q
    where c.id = any(p_calls) and c.direction = 'Inbound' and c.state = 'Ended' and c.merged_into is null and c.ended_at is not null
      and c.answered_at is null and c.outcome <> 'Answered' and c.caller_kind <> 'Extension'
      -- A call that the PBX led by itself is a client's when it came for one of our numbers.
      and (c.routed or q.id is not null)
      -- Somebody else may have spoken with them: whom the fallback or the overflow rang.
      and not exists (select from call_leg l where l.call_id = c.id and not l.is_client and l.answered_at is not null)
      and not exists (select from call_span s where s.call_id = c.id and s.kind in ('Talk', 'Conference'))
  ), gone as (
    delete from missed_call m where m.call_id = any(p_calls) and not exists (select from missed n where n.id = m.call_id)
  )
  insert into missed_call as m (call_id, domain, number_id, e164, queue_id, client_id, kind, missed_at)
  select id, domain, md5(domain || ' ' || e164)::uuid, e164, queue_id, client_id, kind, ended_at from missed
  on conflict (call_id) do update set number_id = excluded.number_id, e164 = excluded.e164, queue_id = excluded.queue_id, client_id = excluded.client_id,
    kind = excluded.kind, missed_at = excluded.missed_at;

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

-- The list begins with those of the last day.
select missed_project(coalesce(array_agg(id), '{}')) from call where started_at > now() - interval '1 day';
