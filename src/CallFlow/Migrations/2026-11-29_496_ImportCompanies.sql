-- Cards that an import made for the companies of people, while it runs: when the company's own row comes later in the file, it fills that card.
-- writer: CallFlow/Clients
create table import_company (
  run_id    uuid not null,
  name      text not null,                             -- in small letters, as the people's rows have it
  client_id uuid not null references client (id) on delete cascade,
  primary key (run_id, name, client_id)
);
create index import_company_client on import_company (client_id);
