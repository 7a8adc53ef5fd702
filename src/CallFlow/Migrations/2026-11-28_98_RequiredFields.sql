-- Which fields of a client's card must be filled, and when. What a rule does not name (null) it holds for all of.

-- writer: CrmApi/Admin
create table required_rule (
  id         uuid primary key,
  name       text not null,
  occasion   text not null check (occasion in ('save', 'stage', 'wrap_up')),
  segment    text references segment (code),
  deal_type  text references deal_type (code),
  deal_stage text,
  role       text,                        -- role.code; one that was deleted is nobody's
  fields     text[] not null check (cardinality(fields) > 0), -- as errors of the API name them: taxId, custom.CODE
  active     boolean not null default true,
  version    integer not null default 1,
  check (deal_stage is null or deal_type is not null),
  foreign key (deal_type, deal_stage) references stage (deal_type, code)
);
