-- Campaigns: what calls are made or come in for. A number that is advertised belongs to one; its callers are the campaign's.

-- writer: CrmApi/Admin. Put away instead of deleted, as calls, dispositions and scripts name them.
create table campaign (
  code        text primary key,
  name        text not null,
  description text not null default '',
  from_day    date,                                    -- null: since ever
  to_day      date,                                    -- the last day; null: without end
  position    integer not null,
  retired     boolean not null default false,          -- put away: no call becomes its
  constraint campaign_days check (from_day <= to_day)
);

alter table list_version drop constraint list_version_kind_check, add constraint list_version_kind_check check (kind in ('segments', 'deal_types', 'skills', 'campaigns'));
insert into list_version (kind) values ('campaigns');

alter table dialled_number add column campaign text references campaign (code);

-- Empty: for every call. Else for calls of these campaigns alone, beside what queues say.
alter table disposition add column campaigns text[] not null default '{}';

-- As it was at the moment of the call; whoever gives the number to another campaign changes no call. Without a reference, as the journal's writer waits for nobody.
alter table call add column campaign text;
create index call_campaign on call (campaign, started_at desc) where campaign is not null;
