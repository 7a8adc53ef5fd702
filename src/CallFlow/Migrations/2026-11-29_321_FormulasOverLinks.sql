-- Calculated fields that look at the client or deal that a link on the card leads to.

-- Their values stand apart from client.custom: who reads a card gets one only where they may see the records that it comes from.
alter table client add column linked jsonb not null default '{}';
alter table client_field add column links text[] not null default '{}';   -- of calculated: the links that it depends on, through all others

-- writer: CallFlow/ClientDirectory. Records that others look at, and that changed: the cards that lead to them are calculated anew, some at a time.
create table client_link_change (
  kind   text not null check (kind in ('client', 'deal')),
  target uuid not null,
  after  uuid,                                -- the last card that is done; null: none is
  primary key (kind, target)
);
