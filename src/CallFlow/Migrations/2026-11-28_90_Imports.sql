-- Clients and deals that come from files.

-- writer: CrmApi/Imports
create table import_run (
  id           uuid primary key,                       -- made by the page: repeated, it uploads nothing again
  user_id      uuid not null references app_user (id),
  file_name    text not null,
  format       text not null check (format in ('csv', 'xlsx', 'xls')),
  size_bytes   bigint not null,
  state        text not null check (state in ('uploaded', 'running', 'done', 'cancelled', 'broken')),
  plan         jsonb,                                  -- columns and choices; null until it is started
  last_row     bigint not null default 0,              -- of the file; what it and those before it made is committed with it
  total_rows   bigint,
  made         bigint not null default 0,
  changed      bigint not null default 0,
  skipped      bigint not null default 0,
  failed       bigint not null default 0,
  deals        bigint not null default 0,
  failed_bytes bigint not null default 0,              -- so much of the file of failing rows belongs to the rows done
  errors       jsonb not null default '[]',            -- the first ones
  attempts     integer not null default 0,             -- begun so often since the last progress
  cancel_asked boolean not null default false,
  problem      text,                                   -- why it broke
  created_at   timestamptz not null,
  started_at   timestamptz,
  ended_at     timestamptz
);
create index import_run_created on import_run (created_at desc, id desc);
create index import_run_open on import_run (started_at) where state = 'running';

-- writer: CrmApi/Imports. What the columns of files with these headers meant the last time.
create table import_mapping (
  headers_key text primary key,
  columns     jsonb not null,
  user_id     uuid not null references app_user (id),
  updated_at  timestamptz not null
);

