-- Programs that call the API with a key of their own.

-- writer: CrmApi/Access. What a program does it does in a person's name: no more than the key says, and no more than the person may at that moment.
create table api_key (
  id           uuid primary key,
  domain       text not null references domain (name),
  name         text not null,
  user_id      uuid not null references app_user (id),
  hash         bytea not null unique, -- SHA-256 of the key: 256 random bits need no slower one
  hint         text not null,         -- its first characters, to tell it by
  rights       jsonb not null,        -- scope by right
  created_at   timestamptz not null,
  created_by   uuid not null references app_user (id),
  expires_at   timestamptz,
  last_used_at timestamptz,           -- to the minute
  revoked_at   timestamptz,
  revoked_by   uuid references app_user (id)
);

-- Which program did it, in that person's name.
alter table audit add column key_id uuid references api_key (id);
