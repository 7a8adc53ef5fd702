-- What a client's card holds besides its head: more addresses, tags, and the fields that an administrator makes.

alter table client
  add column tax_id    text not null default '',   -- capitals and digits without spaces, as it is compared
  add column time_zone text not null default '',   -- IANA; '' as the site's
  add column address   text not null default '',
  add column tags      text[] not null default '{}',
  add column custom    jsonb not null default '{}'; -- by client_field.code; what a field holds: CallFlow/CustomField
create index client_custom on client using gin (custom jsonb_path_ops);
create index client_tags on client using gin (tags);
create index client_tax_id on client (tax_id) where tax_id <> '';
create index client_email_main on client (lower(email)) where email <> '';

-- writer: CallFlow/ClientDirectory. Addresses beside client.email.
create table client_email (
  client_id uuid not null references client (id),
  address   text not null,
  label     text not null default '',
  position  integer not null,
  primary key (client_id, address)
);
create index client_email_address on client_email (lower(address));

-- writer: CrmApi/Admin. The code never changes: it is the key of the values. Archived, the values stay.
create table client_field (
  code     text primary key check (code ~ '^[a-z][a-z0-9_]{0,39}$'),
  name     text not null,
  kind     text not null check (kind in ('text', 'number', 'money', 'date', 'choice', 'choices', 'yes_no')),
  options  jsonb not null default '[]',      -- of choice and choices, in order: [{"code": …, "name": …}]
  position integer not null,
  archived boolean not null default false,
  version  integer not null default 1
);
