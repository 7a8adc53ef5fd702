-- One box finds a card by any fragment of what stands on it.

-- Everything on the card that is text, as it stands there; numbers, further addresses and deals have tables and indexes of their own.
-- Codes of choices are found as well, which does no harm.
create function client_search(p_name text, p_company text, p_email text, p_tax_id text, p_city text, p_tags text[], p_custom jsonb) returns text language sql immutable parallel safe as $$
  select p_name || ' ' || p_company || ' ' || p_email || ' ' || p_tax_id || ' ' || p_city || ' ' || array_to_string(p_tags, ' ')
    || case when p_custom = '{}' then '' else coalesce((select ' ' || string_agg(v #>> '{}', ' ') from jsonb_path_query(p_custom, '$.*[*] ? (@.type() == "string")') v), '') end
$$;

alter table client add column search text not null generated always as (client_search(name, company, email, tax_id, city, tags, custom)) stored;
create index client_search_trgm on client using gin (search gin_trgm_ops);
-- How often a fragment is found decides the way: through the index, or from the newest cards on until the page is full.
alter table client alter column search set statistics 1000;
drop index client_name_trgm;

create index client_email_trgm on client_email using gin (address gin_trgm_ops);
create index deal_title_trgm on deal using gin (title gin_trgm_ops);
create index deal_by_number on deal (number);
