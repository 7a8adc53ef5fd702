-- Segments, deal types and stages are set up in the page: put away instead of deleted, as clients, deals, rules and layouts name them.

alter table segment add column retired boolean not null default false;
alter table deal_type add column position integer not null default 0, add column retired boolean not null default false;
alter table stage add column retired boolean not null default false;

-- writer: CrmApi/Admin. Of a list that is saved as a whole: as it was read, against overwriting what somebody else saved meanwhile.
create table list_version (
  kind    text primary key check (kind in ('segments', 'deal_types')),
  version integer not null default 1
);
insert into list_version (kind) values ('segments'), ('deal_types');
