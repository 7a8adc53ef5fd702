-- Fields that lead to another record, and fields that are calculated.

alter table client_field
  drop constraint client_field_kind_check,
  add constraint client_field_kind_check check (kind in ('text', 'number', 'money', 'date', 'choice', 'choices', 'yes_no', 'link', 'calculated')),
  add column target     text check (target in ('client', 'deal', 'person')),             -- of link; the value is {"id": …}
  add column expression text,                                                          -- of calculated
  add column result     text check (result in ('text', 'number', 'date', 'yes_no')),   -- of calculated; follows from the expression
  add column uses       text[] not null default '{}';                                  -- of calculated: what it is calculated from, through all others

-- writer: CallFlow/ClientDirectory. How far each domain's changes and journal were read for calculated fields.
create table client_calculation_position (
  domain      text primary key,
  change_xid  xid8 not null,
  change_id   bigint not null,
  journal_seq bigint not null
);

-- writer: CallFlow/ClientDirectory. The pass over all cards after a formula changed or a day began; cards up to the number are done.
create table client_recalculation (
  only_one   boolean primary key default true check (only_one),
  after      bigint,                         -- null: nothing to do
  upto       bigint not null default 0,
  day        date,                           -- for which the last pass was
  started_at timestamptz,
  ended_at   timestamptz
);
insert into client_recalculation default values;
