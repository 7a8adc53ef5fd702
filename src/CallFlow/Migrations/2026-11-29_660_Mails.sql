-- Mails on a client's history.

-- writer: CrmApi/Mails. Read by the client's history, on the card that it was put on and on the one that this was merged into. What it brought along lies among the
-- card's files.
create table client_mail (
  id         uuid primary key,
  client_id  uuid not null references client (id),
  message_id text not null,                            -- of the mail, or of its content where it has none: repeated, it adds nothing
  direction  text not null check (direction in ('in', 'out')),
  from_name  text not null default '',
  from_addr  text not null default '',
  to_addrs   text not null default '',                 -- with the names, as a mail program shows them; cut
  cc_addrs   text not null default '',
  subject    text not null default '',
  sent_at    timestamptz not null,                     -- by the mail; never later than it came
  text       text not null default '',                 -- no markup; cut
  cut        boolean not null default false,
  left_out   text[] not null default '{}',             -- attachments that are not what their names say
  added_by   uuid not null references app_user (id),
  added_at   timestamptz not null,
  unique (client_id, message_id)
);
create index client_mail_of on client_mail (client_id, sent_at desc, id desc);
create index client_mail_message on client_mail (message_id);

alter table file add column mail_id uuid;              -- it came with this mail; the history shows it there
create index file_mail on file (mail_id) where mail_id is not null;
