-- The audit as people read it: newest first, of everybody or of one person.
create index audit_newest on audit (at desc, id desc);
create index audit_person on audit (user_id, at desc, id desc);
