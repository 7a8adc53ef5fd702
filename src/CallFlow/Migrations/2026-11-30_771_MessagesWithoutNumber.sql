-- Misses without a number are listed when they left a message.
create index missed_call_unnumbered on missed_call (domain, missed_at) where reached_at is null and number_id is null;
