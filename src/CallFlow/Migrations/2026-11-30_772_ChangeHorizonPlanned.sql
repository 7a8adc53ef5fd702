-- As before, planned once a session: as a function in SQL it was planned at every read of changes.
create or replace function change_horizon() returns xid8 language plpgsql stable as $$
begin
  return (
    select coalesce(min(x.xid), pg_snapshot_xmax(pg_current_snapshot()))
    from pg_snapshot_xip(pg_current_snapshot()) x (xid)
    where not exists (select from pg_stat_activity a where a.backend_xid = x.xid::xid and a.datname <> current_database()));
end $$;
