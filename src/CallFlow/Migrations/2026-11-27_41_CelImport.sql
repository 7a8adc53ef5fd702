-- writer: CallRouter/Cel. How far a PBX's CEL file has been taken in: the file's first line (its mark, so that a rotated one is
-- found again), and where the first row stands that is not yet in the journal.
create table cel_cursor (
  domain      text not null,
  node        text not null,
  mark        text not null,
  byte_offset bigint not null,
  line        bigint not null,
  at          timestamptz not null,
  primary key (domain, node)
);

-- Who held an extension at a past moment: calls that are added later belong to them.
alter table agent_state_span add column node text, add column extension text;
create index agent_state_span_extension on agent_state_span (node, extension, from_at desc) where extension is not null;
