-- What follows a call: what comes when the wrap-up's time is over, and wrap-ups that wait for their disposition.

alter table queue add column after_wrap_up text not null default 'ready' check (after_wrap_up in ('ready', 'paused'));

-- All zeros: the call's own field, shared by its agents. Else only theirs: each wraps up their own leg, with their own disposition.
alter table call_draft add column owner_id uuid not null default '00000000-0000-0000-0000-000000000000';
update call_draft set owner_id = user_id where field in ('disposition', 'next_step');
alter table call_draft drop constraint call_draft_pkey, add primary key (call_id, field, owner_id);
create index call_draft_user on call_draft (user_id, call_id);

-- The agent asked to be signed out when the call and its wrap-up are over.
alter table agent_state add column leaves boolean not null default false;

-- Pause reasons are a domain's own, each with the minutes a day that it allows; null: no limit. Exceeding it is shown, never forced.
alter table pause_reason add column domain text references domain (name), add column allowance_min integer check (allowance_min between 1 and 1440);
alter table pause_reason drop constraint pause_reason_pkey;
insert into pause_reason (domain, code, name, position, retired) select d.name, r.code, r.name, r.position, r.retired from pause_reason r cross join domain d where r.domain is null;
delete from pause_reason where domain is null;
alter table pause_reason alter column domain set not null, add primary key (domain, code);
