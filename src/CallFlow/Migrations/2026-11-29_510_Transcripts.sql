-- What was said in a recording.

-- writer: Recorder. One row per recording that is, or is to be, written down; none: it was never asked for. Goes with its recording.
create table transcript (
  recording_id uuid primary key references recording (id) on delete cascade,
  state        text not null check (state in ('waiting', 'done', 'silent', 'failed', 'too_long')),
  error        text,                           -- of a failure, or why it takes longer
  attempts     integer not null default 0,     -- begun ones, so that one that was cut off counts
  next_at      timestamptz,                    -- null: nothing more is tried by itself
  asked_at     timestamptz,                    -- of the wish that was heeded last
  model        text,
  language     text,                           -- ISO 639-1
  opening      text not null default '',       -- the first words, for lists
  words        text[] not null default '{}',   -- each once, as SaidWords has them
  found        tsvector generated always as (array_to_tsvector(words)) stored,
  created_at   timestamptz not null,
  finished_at  timestamptz
);
create index transcript_next on transcript (next_at) where next_at is not null;
create index transcript_state on transcript (state) where state in ('waiting', 'failed');
create index transcript_found on transcript using gin (found);

-- writer: Recorder
create table transcript_line (
  recording_id uuid not null references transcript (recording_id) on delete cascade,
  n            integer not null,
  side         text not null check (side in ('client', 'agent')),
  from_ms      integer not null check (from_ms >= 0),
  to_ms        integer not null check (to_ms >= from_ms),
  text         text not null check (text <> ''),
  primary key (recording_id, n)
);

-- writer: CrmApi. Somebody asked for it anew; heeded when asked_at is later than the transcript's.
create table transcript_wish (
  recording_id uuid primary key references recording (id) on delete cascade,
  asked_at     timestamptz not null,
  asked_by     uuid not null references app_user (id)
);

-- writer: Recorder. At most one row: recordings are written down at this site.
create table transcriber (
  one   boolean primary key default true check (one),
  model text not null,
  since timestamptz not null
);

-- Found when it was taken in: those of the last days are looked through every few seconds.
create index recording_taken on recording (taken_at) where status = 'ready';
