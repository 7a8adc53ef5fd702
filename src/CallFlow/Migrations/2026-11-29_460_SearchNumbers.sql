-- A card is found by numbers and amounts in the site's own fields, too.

create or replace function client_search(p_name text, p_company text, p_email text, p_tax_id text, p_city text, p_tags text[], p_custom jsonb) returns text language sql immutable parallel safe as $$
  select p_name || ' ' || p_company || ' ' || p_email || ' ' || p_tax_id || ' ' || p_city || ' ' || array_to_string(p_tags, ' ')
    || case when p_custom = '{}' then '' else coalesce((select ' ' || string_agg(v #>> '{}', ' ') from jsonb_path_query(p_custom, '$.*[*] ? (@.type() == "string" || @.type() == "number")') v), '')
      || coalesce((select ' ' || string_agg(v #>> '{}', ' ') from jsonb_path_query(p_custom, '$.*.amount') v), '') end
$$;

-- What is stored is computed anew when a row is written.
update client set custom = custom where jsonb_path_exists(custom, '$.*[*] ? (@.type() == "number")') or jsonb_path_exists(custom, '$.*.amount');
