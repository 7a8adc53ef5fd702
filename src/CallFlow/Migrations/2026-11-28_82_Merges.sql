-- Two cards of the same client become one, and two again when it was a mistake.

-- writer: CallFlow/ClientDirectory. The merged card keeps its row, numbers and calls; only client.merged_into says where it went.
create table client_merge (
  id            uuid primary key,            -- made by the page: repeated, it merges nothing again
  winner_id     uuid not null references client (id),
  loser_id      uuid not null references client (id),
  made_by       uuid not null references app_user (id),
  made_at       timestamptz not null,
  taken         text[] not null,             -- fields of the winner that became the loser's
  winner_before jsonb not null,              -- the rows with their numbers and addresses
  loser_before  jsonb not null,
  winner_after  jsonb not null,
  undone_at     timestamptz,
  undone_by     uuid references app_user (id),
  kept          text[]                       -- fields that an undo left: they were edited since
);
create index client_merge_winner on client_merge (winner_id, made_at desc);
create index client_merge_loser on client_merge (loser_id, made_at desc);

-- The card a client's went into; itself where it was not merged.
create function client_root(p_client uuid) returns uuid language plpgsql stable as $$
declare
  here uuid := p_client;
  next uuid;
begin
  for step in 1..50 loop
    select merged_into into next from client where id = here;
    exit when next is null;
    here := next;
  end loop;
  return here;
end $$;

-- A client and all that were merged into it, however often.
create function client_family(p_root uuid) returns setof uuid language sql stable rows 2 as $$
  with recursive family (id) as (
    select p_root
    union
    select c.id from family f join client c on c.merged_into = f.id
  )
  select id from family
$$;

-- Who may be the same: alike names, the same name.
create index client_name_alike on client using gin (name gin_trgm_ops);
create index client_name_lower on client (lower(name)) where name <> '';

create index deal_client on deal (client_id, stage_since desc);
create index task_client on task (client_id) where client_id is not null;
