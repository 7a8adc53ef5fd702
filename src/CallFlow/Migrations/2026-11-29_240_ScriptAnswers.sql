-- What became of a script's answers, and which moves of deals a call led to.

-- By question: what the card expected of an answer that it did not take. The answer itself stands in answers.
alter table wrap_up add column not_taken jsonb not null default '{}';

-- writer: CrmApi/Deals. A deal that was made or moved in the course of a call or its wrap-up, by whom the call was; for the report of scripts.
create table call_stage_change (
  id        bigint generated always as identity primary key,
  call_id   uuid not null,
  agent_id  uuid not null references app_user (id),
  deal_id   uuid not null references deal (id) on delete cascade,
  deal_type text not null,
  before    text not null,                                   -- empty: it was made
  after     text not null,
  made_at   timestamptz not null
);
create index call_stage_change_call on call_stage_change (call_id, agent_id);
create index call_stage_change_deal on call_stage_change (deal_id);
