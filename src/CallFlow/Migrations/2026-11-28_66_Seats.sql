-- Questions for an extension that somebody holds, and how they ended (SeatAsked and SeatAnswered entries); writer: the journal writer.
create table seat_ask (
  id        uuid primary key,
  domain    text not null,
  node      text not null,
  extension text not null,
  agent_id  uuid not null,                     -- who wants it
  holder_id uuid not null,
  asked_at  timestamptz not null,
  until     timestamptz,                       -- null: the holder was not there to be asked
  ended_at  timestamptz,
  outcome   text check (outcome in ('Allowed', 'Refused', 'Unanswered', 'Left', 'InCall', 'Withdrawn', 'NobodyThere'))
);
create index seat_ask_open on seat_ask (domain) where ended_at is null;

-- What people call the place: "Window, left". Empty: its number alone.
alter table extension add column name text not null default '';
