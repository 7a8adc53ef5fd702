-- writer: CallFlow/JournalConnection. Grows each time a router gets the domain's lock; of two that both believe to have the domain the
-- one with the higher number has it (told over the PBX, which both still reach when the database is not).
alter table domain add column router_epoch bigint not null default 0;
