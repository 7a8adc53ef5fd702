-- What each leg did from when to when (LegSpan entries); writer: the journal writer. The spans of one leg never overlap.
create table call_span (
  domain    text not null,
  seq       bigint not null,
  call_id   uuid not null,                     -- follows a merge
  node      text not null,
  unique_id text not null,
  agent_id  uuid,
  kind      text not null check (kind in ('Ring', 'Talk', 'Hold', 'Wait', 'Park', 'Conference', 'Listen')),
  bridge    text,                              -- spans of one node and bridge that overlap in time were with each other
  other_id  text,                              -- Hold: unique id of the leg that holds this one (null: it holds); Listen: of the leg heard
  from_at   timestamptz not null,
  to_at     timestamptz not null,
  primary key (domain, seq)
);
create index call_span_call on call_span (call_id, from_at);
create index call_span_agent on call_span (agent_id, from_at) where agent_id is not null;
