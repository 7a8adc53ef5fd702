-- writer: CallFlow/Clients (ClientDirectory). What people write down about a client, with who and when; read by the client's history. What is taken back stays
-- until the card is erased, out of sight.
create table client_note (
  id         uuid primary key,                          -- made by the page: repeated, it adds nothing
  client_id  uuid not null references client (id),
  user_id    uuid not null references app_user (id),
  at         timestamptz not null,
  text       text not null check (text <> ''),
  removed_at timestamptz
);
create index client_note_of on client_note (client_id, at desc, id desc) where removed_at is null;
