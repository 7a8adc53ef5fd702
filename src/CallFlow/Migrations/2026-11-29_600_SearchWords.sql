-- One text per card holds all that it is found by: so each word of a search may stand in another place, a name and a number together, and what is found is cut after rights and filters.

-- Kept by triggers, unlike all else here: numbers and mails are written in seven places, and one that forgot the text would lose a client that nobody looks for twice.
alter table client
  add column second_tax_id text not null default '',  -- beside tax_id: OGRN, codice fiscale; as that, without spaces
  add column own_words     jsonb not null default '{}', -- by field: what people read of a choice, and colleagues that links lead to
  add column link_words    jsonb not null default '{}', -- by field: names of the clients and deals that links lead to; found by who sees those
  add column phone_words   text not null default '',
  add column email_words   text not null default '';    -- beside client.email
create index client_second_tax_id on client (second_tax_id) where second_tax_id <> '';

create function client_phone_words(p_client uuid) returns text language sql stable as $$
  select coalesce(string_agg(case extension when '' then e164 else e164 || ' ' || extension end, ' ' order by e164, extension), '') from client_phone where client_id = p_client
$$;

create function client_email_words(p_client uuid) returns text language sql stable as $$
  select coalesce(string_agg(address, ' ' order by address), '') from client_email where client_id = p_client
$$;

create function client_own_words(p_custom jsonb) returns jsonb language sql stable as $$
  select coalesce(jsonb_object_agg(v.code, v.words), '{}') from (
    select f.code, (select string_agg(o ->> 'name', ' ') from jsonb_array_elements(f.options) o where p_custom -> f.code @> (o -> 'code')) as words
    from client_field f where f.kind in ('choice', 'choices') and p_custom ? f.code
    union all
    select f.code, u.name from client_field f join app_user u on u.id::text = p_custom -> f.code ->> 'id' where f.kind = 'link' and f.target = 'person') v
  where v.words is not null
$$;

-- What lies in the bin has no name.
create function client_link_words(p_custom jsonb) returns jsonb language sql stable as $$
  select coalesce(jsonb_object_agg(v.code, v.words), '{}') from (
    select f.code, case f.target
      when 'client' then (select btrim(c.name || ' ' || c.company) from client c where c.id = client_root((p_custom -> f.code ->> 'id')::uuid) and c.deleted_at is null)
      else (select d.title from deal d where d.id = (p_custom -> f.code ->> 'id')::uuid and d.deleted_at is null) end as words
    from client_field f where f.kind = 'link' and f.target in ('client', 'deal') and p_custom -> f.code ? 'id') v
  where v.words <> ''
$$;

create function client_text(p_name text, p_company text, p_email text, p_tax_ids text, p_city text, p_tags text[], p_custom jsonb, p_own jsonb, p_link jsonb, p_linked jsonb, p_phones text, p_emails text)
  returns text language sql immutable parallel safe as $$
  select p_name || ' ' || p_company || ' ' || p_email || ' ' || p_tax_ids || ' ' || p_city || ' ' || array_to_string(p_tags, ' ')
    || case when p_custom = '{}' then '' else coalesce((select ' ' || string_agg(v #>> '{}', ' ') from jsonb_path_query(p_custom, '$.*[*] ? (@.type() == "string" || @.type() == "number")') v), '')
      || coalesce((select ' ' || string_agg(v #>> '{}', ' ') from jsonb_path_query(p_custom, '$.*.amount') v), '') end
    || case when p_own = '{}' then '' else coalesce((select ' ' || string_agg(v #>> '{}', ' ') from jsonb_path_query(p_own, '$.*') v), '') end
    || case when p_link = '{}' then '' else coalesce((select ' ' || string_agg(v #>> '{}', ' ') from jsonb_path_query(p_link, '$.*') v), '') end
    || case when p_linked = '{}' then '' else coalesce((select ' ' || string_agg(v #>> '{}', ' ') from jsonb_path_query(p_linked, '$.* ? (@.type() == "string" || @.type() == "number")') v), '') end
    || ' ' || p_phones || ' ' || p_emails
$$;

-- The table is written anew once, with all its indexes: an update of each card would write each of them card by card.
alter table client drop column search;
alter table client
  alter column phone_words type text using client_phone_words(id),
  alter column email_words type text using client_email_words(id),
  alter column own_words type jsonb using case when custom = '{}' then '{}' else client_own_words(custom) end,
  add column search text not null generated always as
    (client_text(name, company, email, tax_id || ' ' || second_tax_id, city, tags, custom, own_words, link_words, linked, phone_words, email_words)) stored;
update client set link_words = client_link_words(custom) where custom ?| array(select code from client_field where kind = 'link' and target in ('client', 'deal'));
drop function client_search(text, text, text, text, text, text[], jsonb);
create index client_search_trgm on client using gin (search gin_trgm_ops);
alter table client alter column search set statistics 1000;
-- The list of clients by what is calculated over links.
create index client_linked on client using gin (linked jsonb_path_ops) where linked <> '{}';

-- What it answered is on the card now.
drop index client_phone_e164_trgm, client_email_trgm;

create function client_words() returns trigger language plpgsql as $$
begin
  if exists (select from client_field where kind in ('choice', 'choices', 'link')) then
    new.own_words := client_own_words(new.custom);
    new.link_words := client_link_words(new.custom);
  else
    new.own_words := '{}';
    new.link_words := '{}';
  end if;
  return new;
end $$;
create trigger client_words_new before insert on client for each row when (new.custom <> '{}') execute function client_words();
create trigger client_words_changed before update of custom on client for each row when (old.custom is distinct from new.custom) execute function client_words();

create function client_phone_changed() returns trigger language plpgsql as $$
begin
  with w as materialized (select client_id, client_phone_words(client_id) as words from (select distinct client_id from changed) x)
  update client c set phone_words = w.words from w where c.id = w.client_id and c.phone_words <> w.words;
  return null;
end $$;
create trigger client_phone_added after insert on client_phone referencing new table as changed for each statement execute function client_phone_changed();
create trigger client_phone_changed after update on client_phone referencing new table as changed for each statement execute function client_phone_changed();
create trigger client_phone_removed after delete on client_phone referencing old table as changed for each statement execute function client_phone_changed();

create function client_email_changed() returns trigger language plpgsql as $$
begin
  with w as materialized (select client_id, client_email_words(client_id) as words from (select distinct client_id from changed) x)
  update client c set email_words = w.words from w where c.id = w.client_id and c.email_words <> w.words;
  return null;
end $$;
create trigger client_email_added after insert on client_email referencing new table as changed for each statement execute function client_email_changed();
create trigger client_email_changed after update on client_email referencing new table as changed for each statement execute function client_email_changed();
create trigger client_email_removed after delete on client_email referencing old table as changed for each statement execute function client_email_changed();

-- A name that cards are found by changed: the worker follows, some cards at a time.
alter table client_link_change drop constraint client_link_change_kind_check, add constraint client_link_change_kind_check check (kind in ('client', 'deal', 'person'));

create function app_user_renamed() returns trigger language plpgsql as $$
begin
  insert into client_link_change (kind, target) select 'person', new.id where exists (select from client_field where kind = 'link' and target = 'person')
  on conflict (kind, target) do update set after = null;
  return null;
end $$;
create trigger app_user_renamed after update of name on app_user for each row when (old.name <> new.name) execute function app_user_renamed();

-- writer: its trigger, and CallFlow/ClientDirectory. Fields whose choices have other names; cards up to the number are done.
create table client_choice_change (
  field text primary key,
  after bigint not null default 0
);

create function client_field_renamed() returns trigger language plpgsql as $$
begin
  insert into client_choice_change (field) values (new.code) on conflict (field) do update set after = 0;
  return null;
end $$;
create trigger client_field_renamed after update of options, kind on client_field for each row
  when (new.kind in ('choice', 'choices') and (old.options <> new.options or old.kind <> new.kind)) execute function client_field_renamed();
