-- Conversation scripts edited in the page. The library's files stay what they are; what was published here is used instead of the file with its id.

-- Each save has a number of its own, also after a draft was thrown away and begun anew: who saves names the one they saw.
create sequence script_draft_version_seq;

-- writer: CrmApi/Scripts. One draft for each script, not in use.
create table script_draft (
  script_id  text primary key check (script_id ~ '^[a-z][a-z0-9_-]{0,59}$'),
  yaml       text not null,
  version    bigint not null,
  base       integer not null,                 -- the last publish when it was begun; 0: none
  updated_by uuid not null references app_user (id),
  updated_at timestamptz not null
);

-- writer: CrmApi/Scripts. Rows are only added: who published what, and who took it back.
create table script_publish (
  script_id text not null check (script_id ~ '^[a-z][a-z0-9_-]{0,59}$'),
  n         integer not null check (n >= 1),
  yaml      text,                              -- null: taken out of use; the library's file, if there is one, is used again
  version   text,                              -- first 12 hex digits of the text's SHA-256, as calls and wrap-ups name it
  note      text not null default '',
  made_by   uuid not null references app_user (id),
  made_at   timestamptz not null,
  primary key (script_id, n),
  check ((yaml is null) = (version is null))
);
create index script_publish_version on script_publish (script_id, version) where version is not null;
