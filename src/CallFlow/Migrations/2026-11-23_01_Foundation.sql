-- Who writes a table stands above it. One writing module per table.

create extension if not exists pg_trgm;

-- ---------------------------------------------------------------- settings (writer: CrmApi/Admin; the demo seeder on an empty database)

create table domain (
  name            text primary key,
  command_address text,                      -- internal HTTP address of the router that holds the domain; written by that router
  command_since   timestamptz
);

-- One row per domain: readers compare it, NOTIFY callcrm_settings wakes them.
create table settings_version (
  domain  text primary key references domain (name),
  version bigint not null default 1
);

create table app_user (
  id             uuid primary key,
  login          text not null,
  name           text not null,
  password_hash  text,                       -- null: cannot sign in
  role           text not null check (role in ('agent', 'supervisor', 'manager', 'admin')),
  language       text not null default 'en',
  time_zone      text not null default 'Europe/Rome',
  is_agent       boolean not null default true,
  needs_page     boolean not null default true,
  domain         text not null references domain (name),
  active         boolean not null default true,
  security_stamp uuid not null,
  failed_logins  integer not null default 0,
  locked_until   timestamptz,
  created_at     timestamptz not null
);
create unique index app_user_login on app_user (lower(login));

-- writer: CrmApi/Access
create table user_session (
  id         uuid primary key,
  user_id    uuid not null references app_user (id),
  created_at timestamptz not null,
  seen_at    timestamptz not null,
  ended_at   timestamptz,
  address    text,
  user_agent text
);
create index user_session_user on user_session (user_id) where ended_at is null;

-- writer: CrmApi/Access
create table data_protection_key (
  id         text primary key,
  xml        text not null,                  -- wrapped by a key from the environment or the data folder
  created_at timestamptz not null
);

create table queue (
  id                   uuid primary key,
  domain               text not null references domain (name),
  name                 text not null,
  ring_s               integer not null default 20 check (ring_s between 1 and 120),
  wrap_up_s            integer not null default 30 check (wrap_up_s between 0 and 3600),
  preferred_patience_s integer not null default 0 check (preferred_patience_s between 0 and 600),
  max_wait_s           integer not null default 300 check (max_wait_s between 5 and 7200),
  service_level_s      integer not null default 20 check (service_level_s between 1 and 600),
  after_max_wait       jsonb not null default '{"kind":"reject","target":""}',
  when_closed          jsonb not null default '{"kind":"reject","target":""}',
  when_nobody          jsonb not null default '{"kind":"reject","target":""}',
  time_zone            text not null default 'Europe/Rome',
  hours                jsonb,                -- {"mon":["09:00-18:00"],…}; null = always open
  last_contact_days    integer not null default 90,
  last_contact_talk_s  integer not null default 20,
  record               boolean not null default true,
  position             integer not null default 0
);

create table queue_holiday (
  queue_id uuid not null references queue (id),
  day      date not null,
  name     text not null,
  primary key (queue_id, day)
);

create table queue_agent (
  queue_id uuid not null references queue (id),
  user_id  uuid not null references app_user (id),
  level    integer not null default 1 check (level between 1 and 9),
  primary key (queue_id, user_id)
);

create table extension (
  node   text not null,
  number text not null,
  domain text not null references domain (name),
  primary key (node, number)
);

create table device (
  node       text not null,
  name       text not null check (name ~ '^[A-Za-z0-9]+/[A-Za-z0-9_.-]{1,64}$'),
  extension  text not null,
  can_answer boolean not null default false,
  can_hold   boolean not null default false,
  position   integer not null default 0,
  primary key (node, name),
  foreign key (node, extension) references extension (node, number)
);

create table dialled_number (
  number   text not null,                    -- as the dialplan sends it
  domain   text not null references domain (name),
  name     text not null,
  queue_id uuid not null references queue (id),
  source   text not null,
  language text not null default 'en',
  greeting text not null default '',
  primary key (domain, number)
);

create table pause_reason (
  code     text primary key,
  name     text not null,
  position integer not null default 0
);

create table disposition (
  code     text primary key,
  name     text not null,
  outcome  text not null check (outcome in ('positive', 'neutral', 'negative')),
  position integer not null default 0
);

create table segment (
  code     text primary key,
  name     text not null,
  position integer not null default 0
);

create table deal_type (code text primary key, name text not null);

create table stage (
  deal_type text not null references deal_type (code),
  code      text not null,
  name      text not null,
  position  integer not null,
  outcome   text check (outcome in ('won', 'lost')),
  primary key (deal_type, code)
);

-- ---------------------------------------------------------------- clients

-- writer: CallFlow/ClientDirectory inserts clients and numbers; CrmApi/Clients updates the card through it
create sequence client_number_seq;
create table client (
  id             uuid primary key,
  number         bigint not null default nextval('client_number_seq'),
  kind           text not null default 'person' check (kind in ('person', 'company')),
  name           text not null default '',
  company        text not null default '',
  email          text not null default '',
  city           text not null default '',
  note           text not null default '',
  language       text,
  segment        text references segment (code),
  segment_reason text not null default '',
  source         text not null default '',
  responsible_id uuid references app_user (id),
  confirmed      boolean not null default true, -- false: made from a call, no person saved it yet
  merged_into    uuid references client (id),
  version        integer not null default 1,
  created_at     timestamptz not null,
  updated_at     timestamptz not null
);
create unique index client_by_number on client (number);
create index client_merged on client (merged_into) where merged_into is not null;
create index client_name_trgm on client using gin ((name || ' ' || company) gin_trgm_ops);

create table client_phone (
  client_id uuid not null references client (id),
  e164      text not null,
  raw       text not null,
  label     text not null default '',
  is_main   boolean not null default false,
  added_at  timestamptz not null,
  primary key (client_id, e164)
);
create index client_phone_e164 on client_phone (e164);

-- writer: CrmApi/Deals (demo seeder on an empty database)
create sequence deal_number_seq;
create table deal (
  id             uuid primary key,
  number         bigint not null default nextval('deal_number_seq'),
  client_id      uuid not null references client (id),
  deal_type      text not null references deal_type (code),
  stage          text not null,
  title          text not null,
  amount         numeric(14, 2),
  currency       char(3) not null default 'EUR',
  responsible_id uuid references app_user (id),
  stage_since    timestamptz not null,
  closed_at      timestamptz,
  version        integer not null default 1,
  created_at     timestamptz not null,
  foreign key (deal_type, stage) references stage (deal_type, code)
);
create index deal_open on deal (client_id) where closed_at is null;

-- writer: CrmApi/Tasks
create table task (
  id          uuid primary key,
  client_id   uuid references client (id),
  call_id     uuid,
  user_id     uuid not null references app_user (id),
  kind        text not null default 'task' check (kind in ('task', 'callback')),
  title       text not null,
  due_at      timestamptz not null,
  done_at     timestamptz,
  created_at  timestamptz not null
);
create index task_open on task (user_id, due_at) where done_at is null;

-- ---------------------------------------------------------------- journal and its projections (writer: CallFlow/JournalWriter alone)

create table journal (
  domain text not null,
  seq    bigint not null,
  at     timestamptz not null,
  kind   text not null,
  call_id uuid,
  body   json not null,                      -- json keeps the text: a repeated append is compared by it
  primary key (domain, seq)
);
create index journal_call on journal (call_id) where call_id is not null;

-- Appending again is no error when it is the same; anything else under a number already used is one (SQLSTATE CJ001).
create function journal_append(p_domain text, p_seq bigint[], p_at timestamptz[], p_kind text[], p_call uuid[], p_body text[]) returns void language plpgsql as $$
declare
  written bigint;
  differs bigint;
begin
  insert into journal (domain, seq, at, kind, call_id, body)
  select p_domain, n.seq, n.at, n.kind, n.call_id, n.body::json
  from unnest(p_seq, p_at, p_kind, p_call, p_body) as n(seq, at, kind, call_id, body)
  on conflict (domain, seq) do nothing;
  get diagnostics written = row_count;
  if written < cardinality(p_seq) then
    select min(n.seq) into differs
    from unnest(p_seq, p_body) as n(seq, body) join journal j on j.domain = p_domain and j.seq = n.seq
    where j.body::text <> n.body;
    if differs is not null then
      raise exception 'journal of domain % holds something else under number %', p_domain, differs using errcode = 'CJ001';
    end if;
  end if;
end $$;

create sequence call_number_seq;
create table call (
  id            uuid primary key,
  number        bigint not null default nextval('call_number_seq'),
  domain        text not null,
  node          text not null,
  direction     text not null check (direction in ('Inbound', 'Outbound', 'Internal')),
  state         text not null check (state in ('Routing', 'Waiting', 'Ringing', 'Talking', 'Ended')),
  routed        boolean not null,
  caller_raw    text not null,
  caller_kind   text not null,
  caller_e164   text,
  caller_name   text not null default '',
  dialled_raw   text not null,
  dialled_e164  text,
  queue_id      uuid,
  lookup        text,                        -- LookupOutcome
  client_id     uuid,
  candidates    uuid[] not null default '{}',
  deal_id       uuid,
  agent_id      uuid,                        -- who speaks, or spoke last, with the client
  place         integer,
  started_at    timestamptz not null,
  queued_at     timestamptz,
  answered_at   timestamptz,
  held_since    timestamptz,
  ended_at      timestamptz,
  outcome       text,
  ended_by      text,
  cause         integer,
  wait_ms       integer,
  talk_ms       integer,
  hold_ms       integer,
  estimated     boolean not null default false,
  merged_into   uuid,
  decision      jsonb,                       -- the latest RouteDecided
  last_seq      bigint not null
);
create unique index call_by_number on call (number);
create index call_started on call (started_at desc);
create index call_client on call (client_id, started_at desc) where client_id is not null;
create index call_open on call (domain) where state <> 'Ended';
create index call_agent on call (agent_id, started_at desc) where agent_id is not null;
create index call_caller on call (caller_e164, started_at desc) where caller_e164 is not null;

create table call_leg (
  node        text not null,
  unique_id   text not null,
  call_id     uuid not null,
  channel     text not null,
  agent_id    uuid,
  is_client   boolean not null,
  started_at  timestamptz not null,
  answered_at timestamptz,
  ended_at    timestamptz,
  cause       integer,
  tech_cause  integer,
  talk_ms     integer,
  hold_ms     integer,
  wrap_up_ms  integer,
  recorded    boolean not null default false,
  estimated   boolean not null default false,
  primary key (node, unique_id, started_at)
);
create index call_leg_call on call_leg (call_id);

create table offer (
  id         uuid primary key,
  call_id    uuid not null,
  agent_id   uuid not null,
  node       text not null,
  extension  text not null,
  device     text not null,
  queue_id   uuid,
  client_id  uuid,
  attempt    integer not null,
  rule       text not null,
  can_answer boolean not null,
  can_hold   boolean not null,
  offered_at timestamptz not null,
  rang_at    timestamptz,
  ended_at   timestamptz,
  outcome    text,
  tech_cause integer,
  ring_ms    integer
);
create index offer_call on offer (call_id);
create index offer_agent on offer (agent_id, offered_at desc);

create table route_decision (
  domain  text not null,
  seq     bigint not null,
  call_id uuid not null,
  at      timestamptz not null,
  body    jsonb not null,
  primary key (domain, seq)
);
create index route_decision_call on route_decision (call_id);

create table agent_state (
  agent_id  uuid primary key,
  domain    text not null,
  state     text not null,
  reason    text,
  node      text,
  extension text,
  call_id   uuid,
  since     timestamptz not null,
  until     timestamptz,
  last_seq  bigint not null
);

-- Each span an agent was in a state: what load, occupancy and sign-in time are counted from.
create table agent_state_span (
  agent_id uuid not null,
  domain   text not null,
  seq      bigint not null,
  state    text not null,
  reason   text,
  from_at  timestamptz not null,
  span_ms  bigint not null,
  call_id  uuid,
  primary key (domain, seq)
);
create index agent_state_span_agent on agent_state_span (agent_id, from_at desc);

-- Every conversation of an agent with a client (talk of 1 s and more); readers apply the queue's own threshold.
create table client_contact (
  client_id uuid not null,
  call_id   uuid not null,
  agent_id  uuid not null,
  at        timestamptz not null,              -- when the agent's leg ended
  talk_ms   integer not null,
  primary key (call_id, agent_id)
);
create index client_contact_client on client_contact (client_id, at desc);

create table pbx_state (
  domain    text not null,
  node      text not null,
  connected boolean not null,
  reason    text,
  version   text,
  since     timestamptz not null,
  primary key (domain, node)
);

-- ---------------------------------------------------------------- the agent's own words about a call (writer: CrmApi/Calls), keyed by call

-- One document per call, last writer per field wins: notes, script answers, wrap-up fields.
create table call_draft (
  call_id    uuid not null,
  field      text not null,
  value      jsonb not null,
  version    bigint not null,
  user_id    uuid not null,
  page_id    text not null,
  updated_at timestamptz not null,
  primary key (call_id, field)
);

create table wrap_up (
  call_id     uuid not null,
  agent_id    uuid not null,
  disposition text not null references disposition (code),
  note        text not null default '',
  script_id   text,
  script_version text,
  answers     jsonb not null default '{}',
  next_step   text not null default '',
  created_at  timestamptz not null,
  primary key (call_id, agent_id)
);

-- ---------------------------------------------------------------- recordings (writer: Recorder)

create table recording (
  id            uuid primary key,
  node          text not null,
  pbx_unique_id text not null,
  call_id       uuid,
  status        text not null check (status in ('pending', 'ready', 'missing', 'broken')),
  sha256_in     text,
  sha256_out    text,
  duration_ms   integer,
  size_bytes    bigint,
  path          text,
  waveform      bytea,
  error         text,
  started_at    timestamptz,
  taken_at      timestamptz,
  created_at    timestamptz not null
);
create unique index recording_key on recording (node, pbx_unique_id, created_at);
create index recording_call on recording (call_id);

-- ---------------------------------------------------------------- change hints and audit

-- writer: CrmApi (one helper), ClientDirectory, Recorder. No content, only that something changed.
create table change (
  xid     xid8 not null default pg_current_xact_id(),
  id      bigint generated always as identity,
  at      timestamptz not null default now(),
  kind    text not null,
  key     text not null,
  version bigint,
  call_id uuid,
  primary key (xid, id)
);

-- writer: CrmApi/Access
create table audit (
  id        bigint generated always as identity primary key,
  at        timestamptz not null,
  user_id   uuid,
  action    text not null,
  object    text not null,
  object_id text not null,
  detail    jsonb
);
create index audit_object on audit (object, object_id, at desc);
