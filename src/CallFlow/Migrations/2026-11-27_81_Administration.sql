-- What the page needs to administer the settings: versions against overwriting each other, things that are put away
-- but still named in old calls, every change with what was before, one-time links instead of sent passwords.

alter table app_user add column version integer not null default 1;
alter table queue add column version integer not null default 1, add column retired_at timestamptz;
alter table extension add column version integer not null default 1;
alter table dialled_number add column version integer not null default 1;
alter table pause_reason add column retired boolean not null default false;
alter table disposition add column retired boolean not null default false;

-- writer: CrmApi/Admin. One row per change: what stood there, what stands there now.
create table settings_change (
  id      bigint generated always as identity primary key,
  domain  text not null references domain (name),
  at      timestamptz not null,
  user_id uuid not null references app_user (id),
  kind    text not null check (kind in ('user', 'queue', 'extension', 'number', 'pause_reasons', 'dispositions')),
  key     text not null,
  name    text not null,
  before  jsonb,                             -- null: it is new
  after   jsonb                              -- null: it is gone
);
create index settings_change_at on settings_change (domain, id desc);

-- writer: CrmApi/Access. Who opens the link sets their password; it works once. Only a hash of it is kept.
create table user_link (
  token_hash bytea primary key,
  user_id    uuid not null references app_user (id),
  made_by    uuid references app_user (id),  -- null: made at the start, for the first administrator
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at    timestamptz
);
create index user_link_user on user_link (user_id) where used_at is null;
