-- Deals and tasks as objects of their own: lists in any order, and a bin for 30 days. A deal's row stays after that, as wrap-ups and files name it.

alter table deal
  add column deleted_at timestamptz,
  add column deleted_by uuid references app_user (id),
  add column erased_at  timestamptz;
create index deal_bin on deal (deleted_at desc, id desc) where deleted_at is not null and erased_at is null;
create index deal_created on deal (created_at, id);
create index deal_stage_since on deal (stage_since, id);
create index deal_amount on deal (coalesce(amount, 0), id);
create index deal_by_title on deal (title, id);

alter table task
  add column version    integer not null default 1,
  add column deleted_at timestamptz,
  add column deleted_by uuid references app_user (id);
create index task_bin on task (deleted_at desc, id desc) where deleted_at is not null;
create index task_due on task (due_at, id);
create index task_created on task (created_at, id);
