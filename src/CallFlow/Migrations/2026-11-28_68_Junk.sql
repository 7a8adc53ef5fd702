-- Junk: callers who are not let through, cards that nobody wants to see.

-- writer: ClientDirectory. Put away, not deleted: the number still finds the card, and it can be shown again.
alter table client add column hidden_at timestamptz, add column hidden_by uuid references app_user (id);
create index client_unconfirmed on client (created_at desc, id desc) where not confirmed and merged_into is null and hidden_at is null;

-- What blocked callers get; whether those who withhold their number are among them.
alter table queue add column when_blocked jsonb not null default '{"kind":"busy","target":""}', add column block_withheld boolean not null default false;

-- writer: CrmApi/Junk. Rows are never deleted: who blocked whom, and who took it back, can be told later.
create table blocked_number (
  id         uuid primary key,                       -- made by the page: repeated, it blocks nothing again
  domain     text not null references domain (name),
  e164       text not null check (e164 ~ '^[+][0-9]{5,15}$'),
  queue_id   uuid references queue (id),             -- null: all queues
  reason     text not null check (reason in ('spam', 'robot', 'abuse', 'other')),
  note       text not null default '',
  made_by    uuid not null references app_user (id),
  made_at    timestamptz not null,
  until      timestamptz,                            -- null: for good
  call_id    uuid,                                   -- in which an agent said so
  hidden_client uuid references client (id),         -- the card that was put away with it
  removed_by uuid references app_user (id),          -- null while removed_at is set: its time ran out
  removed_at timestamptz,
  check (until > made_at)
);
create unique index blocked_number_in_force on blocked_number (domain, e164, coalesce(queue_id, '00000000-0000-0000-0000-000000000000')) where removed_at is null;
create index blocked_number_made on blocked_number (domain, made_at desc, id desc) where removed_at is null;

-- Reports and the block list count what was turned away.
create index call_blocked on call (started_at) where outcome = 'Blocked';
create index call_blocked_caller on call (caller_e164, started_at desc) where outcome = 'Blocked';

-- Kinds of settings come with the parts that have them.
alter table settings_change drop constraint settings_change_kind_check, add constraint settings_change_kind_check check (kind ~ '^[a-z_]{1,40}$');
