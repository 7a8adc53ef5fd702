-- Dispositions as a tree, what follows from each, and clients who want no calls.

-- Those there are stay as they are: on the top level, for every queue, without a rule.
alter table disposition
  add column parent   text references disposition (code),
  add column is_group boolean not null default false,       -- a branch: nobody can give it
  add column queues   uuid[] not null default '{}',         -- empty: for every queue; what is below a branch is in its queues at most
  add column rule     jsonb,                                 -- next task, callback, stage, do-not-call; null: nothing follows
  add constraint disposition_not_below_itself check (parent <> code),
  add constraint disposition_group_has_no_rule check (not is_group or rule is null);

-- writer: CallFlow/ClientDirectory. Of merged cards each keeps its own; marked is the card when one of them is.
alter table client add column do_not_call_at timestamptz, add column do_not_call_by uuid references app_user (id),
  add constraint client_do_not_call check ((do_not_call_at is null) = (do_not_call_by is null));

-- writer: CrmApi/Calls. What the rules of a disposition did, once per kind: a later change of the disposition goes on from here.
create table wrap_up_effect (
  call_id   uuid not null,
  agent_id  uuid not null references app_user (id),
  kind      text not null check (kind in ('task', 'callback', 'stage', 'do_not_call')),
  object_id uuid not null,                                   -- the task, the deal, the client
  before    text not null default '',                        -- of a stage
  after     text not null default '',                        -- a stage; of a task what the rule wrote
  made_at   timestamptz not null,
  primary key (call_id, agent_id, kind)
);

-- The record of the contact beside disposition and note.
alter table wrap_up
  add column subject    text not null default '',
  add column contact_id uuid references client (id),         -- with whom of a company's people
  add column deal_id    uuid references deal (id),
  add column next_at    timestamptz,
  add column prefilled  text[] not null default '{}',        -- fields that were proposed, and those of them saved as proposed
  add column kept       text[] not null default '{}',
  add constraint wrap_up_kept check (kept <@ prefilled);

-- writer: CrmApi/Calls. What was proposed last, to tell at the save what was kept.
create table wrap_up_proposal (
  call_id  uuid not null,
  agent_id uuid not null references app_user (id),
  fields   jsonb not null,
  made_at  timestamptz not null,
  primary key (call_id, agent_id)
);

-- What came of like calls lately.
create index wrap_up_like on wrap_up (script_id, created_at desc) where script_id is not null;
create index wrap_up_prefilled on wrap_up (created_at) where prefilled <> '{}';

-- An agent's open tasks of the day stand in task_open; those done today beside them.
create index task_done on task (user_id, done_at) where done_at is not null;
