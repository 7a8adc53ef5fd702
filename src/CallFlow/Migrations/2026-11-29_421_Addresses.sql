-- A client has several addresses.

-- writer: CallFlow/ClientDirectory. The first by position stands in client.address as one text: formulas, scripts and required fields read it there.
create table client_address (
  client_id   uuid not null references client (id),
  kind        text not null check (kind in ('legal', 'actual', 'delivery', 'other')),
  line        text not null default '',
  city        text not null default '',
  postal_code text not null default '',
  region      text not null default '',
  country     text not null default '',
  text        text not null,              -- all of it
  key         text not null generated always as (md5(text)) stored,
  position    integer not null,
  primary key (client_id, kind, key)
);

insert into client_address (client_id, kind, line, text, position) select id, 'actual', address, address, 1 from client where address <> '';

-- Whom a person belongs to is found by the company's name.
create index client_company_lower on client (lower(company)) where company <> '' and kind = 'company';
