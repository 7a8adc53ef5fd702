-- Mails that were taken off lie in the bin for 30 days, with what came along; they are a list of their own.

alter table client_mail add column deleted_at timestamptz, add column deleted_by uuid references app_user (id), add column version integer not null default 1;
create index client_mail_bin on client_mail (deleted_at desc, id desc) where deleted_at is not null;
create index client_mail_sent on client_mail (sent_at desc, id desc) where deleted_at is null;
create index client_mail_added on client_mail (added_at desc, id desc) where deleted_at is null;
create index client_mail_words on client_mail using gin ((subject || ' ' || from_name || ' ' || from_addr || ' ' || to_addrs) gin_trgm_ops);
