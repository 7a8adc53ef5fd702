-- Calls out: what no queue of the agent says; and recordings that are not to be kept.

alter table domain_setting
  add column record_out      boolean not null default true,    -- calls out of agents who serve no queue are recorded
  add column wrap_up_out_s   integer not null default 30 check (wrap_up_out_s between 0 and 3600),   -- and written up for so long
  add column unknown_private boolean not null default false;   -- a number no client has, dialled on the phone itself: no wrap-up, no recording

-- Told at the call's end: the PBX recorded it, and it is not to be kept. The Recorder deletes it.
alter table call_leg add column unkept boolean not null default false;
create index call_leg_unkept on call_leg (started_at) where unkept;
