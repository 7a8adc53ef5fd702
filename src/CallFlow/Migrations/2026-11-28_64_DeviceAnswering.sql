-- By what means the page answers a device: SIP NOTIFY (Event: talk), or by ringing it anew with headers on which it answers by itself.
alter table device add column auto_answer boolean not null default false;
