-- When a number, mail or address of a card last became another; null: never since the card was made. Any other save says nothing of whether somebody can still be reached.
alter table client add column contact_changed_at timestamptz;

update client c set contact_changed_at = a.at from (
  select id, max(at) as at from (
    select object_id as id, at from audit where object = 'client' and action = 'client.changed' and detail ->> 'after' ~ '"(phones|email|emails|address)":'
    union all
    select winner_id::text, made_at from client_merge) x
  group by 1) a
where c.id::text = a.id;

-- A card is of version 1 while it is made; who changes it later counts its version up first.
create or replace function client_phone_changed() returns trigger language plpgsql as $$
begin
  with w as materialized (select client_id, client_phone_words(client_id) as words from (select distinct client_id from changed) x)
  update client c set phone_words = w.words, contact_changed_at = case when c.version > 1 then now() else c.contact_changed_at end
  from w where c.id = w.client_id and c.phone_words <> w.words;
  return null;
end $$;

create or replace function client_email_changed() returns trigger language plpgsql as $$
begin
  with w as materialized (select client_id, client_email_words(client_id) as words from (select distinct client_id from changed) x)
  update client c set email_words = w.words, contact_changed_at = case when c.version > 1 then now() else c.contact_changed_at end
  from w where c.id = w.client_id and c.email_words <> w.words;
  return null;
end $$;

create function client_main_email_changed() returns trigger language plpgsql as $$
begin
  new.contact_changed_at := now();
  return new;
end $$;
create trigger client_main_email_changed before update of email on client for each row when (old.email <> new.email) execute function client_main_email_changed();
