-- The list of clients can be narrowed to where they come from.
create index client_source on client (source, number desc) where merged_into is null and deleted_at is null;
