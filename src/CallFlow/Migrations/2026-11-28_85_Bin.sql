-- Deleted cards lie in a bin for 30 days; then what stood on them is erased. The row stays: calls, deals and tasks name it.

alter table client
  add column deleted_at timestamptz,
  add column deleted_by uuid references app_user (id),
  add column erased_at  timestamptz;
create index client_bin on client (deleted_at desc, id desc) where deleted_at is not null and erased_at is null;
