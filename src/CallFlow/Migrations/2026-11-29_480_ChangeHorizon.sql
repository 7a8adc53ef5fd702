-- Up to which transaction changes can be read without missing one that commits late: the oldest that runs in this database. The snapshot's xmin
-- would wait for the whole server's, and a long load of another database on it would hold up every pop's card here. A transaction that is not
-- seen among the others' sessions counts as one of ours.
create function change_horizon() returns xid8 language sql stable as $$
  select coalesce(min(x.xid), pg_snapshot_xmax(pg_current_snapshot()))
  from pg_snapshot_xip(pg_current_snapshot()) x (xid)
  where not exists (select from pg_stat_activity a where a.backend_xid = x.xid::xid and a.datname <> current_database())
$$;
