-- What follows a call: what comes when the wrap-up's time is over, and wrap-ups that wait for their disposition.

alter table queue add column after_wrap_up text not null default 'ready' check (after_wrap_up in ('ready', 'paused'));

-- All zeros: the call's own field, shared by its agents. Else only theirs: each wraps up their own leg, with their own disposition.
alter table call_draft add column owner_id uuid not null default '00000000-0000-0000-0000-000000000000';
update call_draft set owner_id = user_id where field in ('disposition', 'next_step');
alter table call_draft drop constraint call_draft_pkey, add primary key (call_id, field, owner_id);
create index call_draft_user on call_draft (user_id, call_id);

-- The agent asked to be signed out when the call and its wrap-up are over.
alter table agent_state add column leaves boolean not null default false;
