-- What is keyed in once a number has answered: people behind one switchboard share a number, so a card may have it several times, with another extension each.
alter table client_phone add column extension text not null default '' check (extension ~ '^[0-9]{0,10}$');
alter table client_phone drop constraint client_phone_pkey, add primary key (client_id, e164, extension);
create index client_phone_extension on client_phone (extension) where extension <> '';

-- Imports wrote it into the label so far.
update client_phone set extension = substring(label from 'ext\. (\d{1,10})$'), label = btrim(regexp_replace(label, '\s*\mext\. \d{1,10}$', ''))
where label ~ '(^|\s)ext\. \d{1,10}$';
