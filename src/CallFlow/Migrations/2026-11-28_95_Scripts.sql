-- The way through a conversation script.

-- writer: CrmApi/Calls. One row for each move of the agent, going back included; kept for the report when the draft is gone.
create table script_visit (
  call_id        uuid not null,
  n              integer not null check (n between 1 and 500),
  agent_id       uuid not null references app_user (id),
  script_id      text not null,
  script_version text not null,
  step           text not null,
  came           text not null check (came in ('start', 'next', 'back')),
  entered_at     timestamptz not null,
  primary key (call_id, n)
);

-- Where the agent stood at the wrap-up: the steps without the detours, "end" when the script was done.
alter table wrap_up add column path text[] not null default '{}';
create index wrap_up_script on wrap_up (script_id, call_id) where script_id is not null;
