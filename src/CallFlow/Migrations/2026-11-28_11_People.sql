-- People who leave: what was theirs goes to an heir, and can be given back. Signing in with a second factor.

-- writer: CrmApi/Admin. The id is made by the page: repeated, it moves nothing again.
create table handover (
  id          uuid primary key,
  domain      text not null references domain (name),
  user_id     uuid not null references app_user (id),
  heir_id     uuid references app_user (id),         -- null: nobody for now, everything stays in the name of who left
  deactivated boolean not null,                      -- false: the person was deactivated before, and only what was left is handed over
  made_by     uuid not null references app_user (id),
  made_at     timestamptz not null,
  undone_by   uuid references app_user (id),
  undone_at   timestamptz,
  check (heir_id <> user_id)
);
create index handover_user on handover (user_id, made_at desc);

-- writer: CrmApi/Admin. Exactly which rows changed hands.
create table handover_row (
  handover_id uuid not null references handover (id),
  kind        text not null check (kind in ('client', 'deal', 'task', 'callback')),
  row_id      uuid not null,
  returned_at timestamptz,                           -- null after an undo: the heir had it no more, or had finished it
  primary key (handover_id, kind, row_id)
);

-- writer: CrmApi/Access. Sealed with the data-protection keys; without them a copy of the database makes no codes.
create table second_factor (
  user_id      uuid primary key references app_user (id),
  secret       text not null,
  created_at   timestamptz not null,
  confirmed_at timestamptz,                          -- null: being set up, not asked for yet
  last_step    bigint not null default 0             -- of RFC 6238: a code of this step or an earlier one is used up
);

-- writer: CrmApi/Access. Only hashes; each opens once.
create table recovery_code (
  user_id   uuid not null references app_user (id),
  code_hash bytea not null,
  used_at   timestamptz,
  primary key (user_id, code_hash)
);
