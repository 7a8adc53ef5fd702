-- A mail's id is what its sender says it is: two mails may have the same one, and only their content tells them apart.

alter table client_mail add column content text; -- hash of sender, subject, words and attachments; null: of before, where subject and text are compared
alter table client_mail drop constraint client_mail_client_id_message_id_key;
create unique index client_mail_once on client_mail (client_id, message_id, content);
