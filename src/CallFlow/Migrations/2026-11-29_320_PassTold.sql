-- Up to which card pages were told of a pass over all cards: each hears only of those whose values it may show, and not of each one.

alter table client_recalculation
  add column told    bigint not null default 0,      -- the number of the last card that they were told of
  add column told_at timestamptz,
  add column changed boolean not null default false; -- a value after that one is another
