-- What people can do, by name. A queue that asks for skills is served by everybody who has them all, beside those who are named for it.

-- writer: CrmApi/Admin
create table skill (
  code     text primary key,
  name     text not null,
  position integer not null,
  retired  boolean not null default false -- put away: nobody is asked for it
);

-- writer: CrmApi/Admin
create table agent_skill (
  user_id uuid not null references app_user (id),
  skill   text not null references skill (code),
  level   integer not null check (level between 1 and 9), -- 1: the best
  primary key (user_id, skill)
);

-- writer: CrmApi/Admin
create table queue_skill (
  queue_id uuid not null references queue (id),
  skill    text not null references skill (code),
  least    integer not null check (least between 1 and 9), -- the last level that will do
  primary key (queue_id, skill)
);

alter table list_version drop constraint list_version_kind_check, add constraint list_version_kind_check check (kind in ('segments', 'deal_types', 'skills'));
insert into list_version (kind) values ('skills');

-- Who serves a queue. Who is named for it serves it at that level, whatever their skills; who serves it by skills, at the weakest of those that it asks for.
create view queue_member as
  select queue_id, user_id, level from queue_agent
  union all
  select q.id, a.user_id, max(a.level) from queue q
  join queue_skill n on n.queue_id = q.id join skill s on s.code = n.skill and not s.retired
  join agent_skill a on a.skill = n.skill and a.level <= n.least
  join app_user u on u.id = a.user_id and u.domain = q.domain
  where not exists (select from queue_agent m where m.queue_id = q.id and m.user_id = a.user_id)
  group by q.id, a.user_id
  having count(*) = (select count(*) from queue_skill o join skill t on t.code = o.skill and not t.retired where o.queue_id = q.id);
