-- The list of clients by city.
create index client_city on client (btrim(city), number desc) where city <> '' and merged_into is null and deleted_at is null;

-- What ranges of the site's own fields compare: null where the value is of another kind, from before a change of the field's. In functions, so that an index of one field is found by them.
create function own_number(p_value jsonb) returns numeric language sql immutable parallel safe as $$
  select case when jsonb_typeof(p_value) = 'number' then (p_value #>> '{}')::numeric end
$$;

create function own_day(p_value jsonb) returns text language sql immutable parallel safe as $$
  select case when jsonb_typeof(p_value) = 'string' then p_value #>> '{}' end
$$;
