-- A person belongs to a company; what a client is to us.

-- client.company, the text, stays for companies that have no card.
alter table client
  add column company_id uuid references client (id),
  add column roles text[] not null default '{}' check (roles <@ array['client', 'supplier', 'partner']);
create index client_company on client (company_id) where company_id is not null;
