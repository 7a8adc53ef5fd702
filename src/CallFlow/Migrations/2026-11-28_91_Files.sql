-- Files on clients, deals and calls.

-- writer: CrmApi/Files. The content lies in the data folder under its hash; rows with the same hash share it.
create table file (
  id           uuid primary key,                       -- made by the page: repeated, it uploads nothing again
  object_kind  text not null check (object_kind in ('client', 'deal', 'call')),
  object_id    uuid not null,
  name         text not null,
  size_bytes   bigint not null,
  sha256       text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  kind         text not null,                          -- by its content: pdf, png…
  content_type text not null,
  uploaded_by  uuid not null references app_user (id),
  uploaded_at  timestamptz not null,
  deleted_by   uuid references app_user (id),
  deleted_at   timestamptz                             -- in the bin; after 30 days the row goes, and with the last one the content
);
create index file_object on file (object_kind, object_id, uploaded_at desc, id desc);
create index file_content on file (sha256);
create index file_bin on file (deleted_at) where deleted_at is not null;
