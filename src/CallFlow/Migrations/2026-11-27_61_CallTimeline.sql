-- What became part of a call, and recordings that belong to none: both are asked for often and are few.
create index call_merged on call (merged_into) where merged_into is not null;
create index recording_untied on recording (created_at) where call_id is null;
