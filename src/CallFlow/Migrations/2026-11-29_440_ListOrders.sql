-- Lists in other orders and by other fields read a page's rows, not the table.

create index client_created on client (created_at, id);
create index client_updated on client (updated_at, id);
create index client_by_name on client (lower(coalesce(nullif(name, ''), company)), id);
create index client_segment on client (segment, number desc) where segment is not null;
create index call_by_start on call (started_at, id);
drop index call_started; -- the same without the id
create index call_talk on call (coalesce(talk_ms, 0), id);
create index call_wait on call (coalesce(wait_ms, 0), id);
create index call_queue on call (queue_id, started_at desc) where queue_id is not null;
create index call_dialled_number on call (dialled_raw, started_at desc);
