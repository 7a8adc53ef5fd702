-- Who gives a file another name, or puts it into the bin, says which one they read.
alter table file add column version integer not null default 1;
