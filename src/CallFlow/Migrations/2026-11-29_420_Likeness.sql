-- Cards that may be one client by their names alone, and cards that are not one client, whatever speaks for it.

-- writer: CallFlow/ClientDirectory. A file brought a client whose name is like one that was there: made all the same, and put before people.
create table client_alike (
  client_id     uuid not null references client (id),
  other_id      uuid not null references client (id),
  alike_percent integer not null,
  primary key (client_id, other_id)
);

-- writer: CallFlow/ClientDirectory. A person said so: they are not offered to be merged again.
create table client_different (
  one_id   uuid not null references client (id),
  other_id uuid not null references client (id),
  said_by  uuid not null references app_user (id),
  said_at  timestamptz not null,
  primary key (one_id, other_id),
  check (one_id < other_id)
);

alter table import_run
  add column alike     bigint not null default 0,       -- made although the name is like another's
  add column companies bigint not null default 0,       -- made for the people who belong to them
  add column reasons   jsonb not null default '{}',     -- how many rows were there already, by what
  add column matches   jsonb not null default '[]';     -- the first ones
