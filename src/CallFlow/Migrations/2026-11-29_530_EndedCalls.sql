-- A live call is written anew with each change of its state: the list's other orders hold it once it has ended, and the list reads the few live ones beside them.

drop index call_talk, call_wait, call_queue, call_dialled_number;
create index call_talk on call (coalesce(talk_ms, 0), id) where state = 'Ended';
create index call_wait on call (coalesce(wait_ms, 0), id) where state = 'Ended';
create index call_queue on call (queue_id, started_at desc) where queue_id is not null and state = 'Ended';
create index call_dialled_number on call (dialled_raw, started_at desc) where state = 'Ended';
