-- Rights as data: roles that an administrator edits, departments as a tree.

-- writer: CrmApi/Access. The name of a builtin role is empty until somebody renames it: the pages say it in the reader's language.
create table role (
  code    text primary key check (code ~ '^[a-z0-9_]{1,40}$'),
  name    text not null default '',
  builtin boolean not null default false,
  model   text not null references role (code), -- the builtin role it comes from: rights of a later release are given as to that one
  version integer not null default 1
);
insert into role (code, builtin, model)
select code, true, code from unnest(array['agent', 'senior_agent', 'supervisor', 'reviewer', 'head', 'marketing', 'director', 'manager', 'admin']) as r(code);

-- writer: CrmApi/Access. What a role has not is not here. Rights without a scope stand with all.
create table role_right (
  role       text not null references role (code) on delete cascade,
  right_code text not null,
  scope      text not null check (scope in ('own', 'department', 'all')),
  primary key (role, right_code)
);

-- writer: CrmApi/Access. Rights whose defaults were given out: what an administrator takes away afterwards does not come back.
create table known_right (
  code text primary key
);

-- writer: CrmApi/Access. Every request compares it: roles, departments and who is in which are read anew when it has moved.
create table access_version (
  one     boolean primary key default true check (one),
  version bigint not null default 1
);
insert into access_version default values;

-- writer: CrmApi/Admin (demo seeder on an empty database)
create table department (
  id        uuid primary key,
  name      text not null,
  parent_id uuid references department (id),
  version   integer not null default 1,
  check (parent_id <> id)
);
create unique index department_name on department (coalesce(parent_id, '00000000-0000-0000-0000-000000000000'), lower(name));

alter table app_user drop constraint app_user_role_check, add constraint app_user_role_fkey foreign key (role) references role (code), add column department_id uuid references department (id);

-- Clients of whom one may see only some, newest first.
create index client_responsible on client (responsible_id, number desc);

-- Who opened how many cards lately.
create index audit_user on audit (user_id, action, at);
create index audit_many on audit (at) where action = 'client.viewed_many';
