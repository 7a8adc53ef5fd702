-- Forms of the company's own site, whose server hands in what was filled.

-- writer: CrmApi/WebForms.
create table web_form (
  code           text primary key check (code ~ '^[a-z0-9][a-z0-9_-]{0,39}$'),
  domain         text not null references domain (name),
  name           text not null,                            -- the card's source: web form: NAME
  responsible_id uuid references app_user (id),
  queue_id       uuid references queue (id) on delete set null, -- without a responsible: whoever of it has the fewest open tasks
  fields         jsonb not null,                           -- [{"name": as the form calls it, "to": field of the card}]
  duplicates     text not null check (duplicates in ('skip', 'fill_empty')),
  makes          text not null check (makes in ('nothing', 'task', 'callback', 'deal')),
  deal_type      text references deal_type (code),
  title          text not null default '',
  due_min        integer not null default 60 check (due_min between 0 and 43200),
  active         boolean not null default true,
  version        integer not null default 1,
  created_at     timestamptz not null,
  check ((makes = 'deal') = (deal_type is not null))
);

-- writer: CrmApi/WebForms. What was handed in, and what came of it.
create table web_form_submission (
  id              uuid primary key,
  form            text not null references web_form (code) on delete cascade,
  form_name       text not null,
  idempotency_key text,
  body_hash       bytea not null,
  at              timestamptz not null,
  client_id       uuid not null references client (id),
  created         boolean not null,
  task_id         uuid,
  deal_id         uuid,
  text            text not null default '', -- what no field of the card takes
  key_id          uuid references api_key (id)
);
create unique index web_form_submission_once on web_form_submission (form, idempotency_key) where idempotency_key is not null;
create index web_form_submission_client on web_form_submission (client_id, at desc);
create index web_form_submission_form on web_form_submission (form, at desc);
