-- Saying "junk" of a number that is blocked already blocks nothing, but may put a card away: who said so takes back just that.
-- writer: CrmApi/Junk.
create table block_mark (
  id            uuid primary key,                    -- made by the page: repeated, it does nothing again
  block_id      uuid not null,                       -- the block it found
  hidden_client uuid,                                -- the card that was put away with it
  made_by       uuid not null references app_user (id),
  made_at       timestamptz not null,
  undone_at     timestamptz                          -- by who said so, or with the block
);
create index block_mark_block on block_mark (block_id) where undone_at is null;
create index block_mark_client on block_mark (hidden_client) where undone_at is null;
