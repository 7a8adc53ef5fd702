-- Whether the page may hold a call on this leg's phone: also of calls that were never offered (called, or dialled there).
alter table call_leg add column can_hold boolean not null default false;
