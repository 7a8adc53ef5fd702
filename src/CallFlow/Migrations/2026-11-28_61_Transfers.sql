-- Transfers from the desk.

-- The last step of the call's last transfer (the journal's transfer_changed), so that a page that comes back sees how far it is.
alter table call add column transfer jsonb;

-- So many callers in line make the queue full: transfers into it are refused. Null: never full.
alter table queue add column most_waiting integer check (most_waiting between 1 and 10000);
