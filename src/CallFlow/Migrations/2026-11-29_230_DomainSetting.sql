-- What holds for a whole domain and not for one queue. No row: as the columns say; writer: CrmApi/Admin.
create table domain_setting (
  domain          text primary key references domain (name),
  record_internal boolean not null default false,   -- calls between colleagues are recorded
  version         integer not null default 1
);
