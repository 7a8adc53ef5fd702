-- Supervisors who listened to live calls, from when to when (CallListened entries); writer: the journal writer.
create table listening (
  domain     text not null,
  node       text not null,
  unique_id  text not null,                    -- of the supervisor's channel, new for each listening
  call_id    uuid not null,                    -- follows a merge
  user_id    uuid not null,                    -- who listened
  agent_id   uuid,                             -- to whose talk
  started_at timestamptz not null,
  ended_at   timestamptz,
  primary key (node, unique_id)
);
create index listening_call on listening (call_id);
create index listening_open on listening (domain) where ended_at is null;
