-- Rights to deals and tasks, of which there were few: each role has what it could do before. A fresh database has no rights yet; there the defaults are given.

insert into role_right (role, right_code, scope)
select r.role, n.code, r.scope from role_right r
join (values ('client.edit', 'deal.create'), ('client.edit', 'deal.edit'), ('client.reassign', 'deal.reassign'), ('client.export', 'deal.export')) n (had, code) on n.had = r.right_code
where exists (select from role_right v where v.role = r.role and v.right_code = 'deal.view')
union all
select r.role, n.code, r.scope from role_right r join (values ('client.reassign', 'task.reassign'), ('client.export', 'task.export')) n (had, code) on n.had = r.right_code
union all
-- Everybody had their own tasks, and those of whom they could give clients to.
select r.code, n.code, coalesce((select g.scope from role_right g where g.role = r.code and g.right_code = 'client.reassign'), 'own')
from role r cross join (values ('task.view'), ('task.create'), ('task.edit'), ('task.delete')) n (code) where exists (select from known_right)
on conflict do nothing;

insert into known_right (code)
select c from unnest(array['deal.create', 'deal.edit', 'deal.reassign', 'deal.export', 'task.view', 'task.create', 'task.edit', 'task.reassign', 'task.delete', 'task.export']) c where exists (select from known_right)
on conflict do nothing;

update access_version set version = version + 1;
