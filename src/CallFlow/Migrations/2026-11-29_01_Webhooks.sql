-- Other programs are told what happened here, by signed HTTP requests.

-- writer: CrmApi/Webhooks
create table webhook (
  id         uuid primary key,
  domain     text not null references domain (name),
  url        text not null,
  -- Sealed by the site's data protection keys: what signs the requests.
  secret     text not null,
  events     text[] not null,
  active     boolean not null default true,
  version    integer not null default 1,
  created_at timestamptz not null
);

-- writer: CrmApi/Webhooks. What is to be told, with how far it is; kept for 7 days.
create table webhook_delivery (
  id           uuid primary key,
  webhook_id   uuid not null references webhook (id) on delete cascade,
  event        text not null,
  body         text not null,
  created_at   timestamptz not null,
  attempts     integer not null default 0,
  -- Null: nothing more is tried.
  next_at      timestamptz,
  delivered_at timestamptz,
  -- The last answer: its HTTP status, or why there was none.
  status       integer,
  error        text
);
create index webhook_delivery_due on webhook_delivery (next_at) where next_at is not null;
create index webhook_delivery_newest on webhook_delivery (webhook_id, created_at desc, id desc);

-- writer: CrmApi/Webhooks. How far changes and journal have been read for it.
create table webhook_position (
  domain      text primary key references domain (name),
  change_xid  xid8 not null,
  change_id   bigint not null,
  journal_seq bigint not null
);
