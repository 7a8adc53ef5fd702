-- What the pages ask for: clients by any part of a number, an agent's own legs, the legs of a day.
create index client_phone_e164_trgm on client_phone using gin (e164 gin_trgm_ops);
create index call_leg_agent on call_leg (agent_id, started_at desc) where agent_id is not null;
create index call_leg_started on call_leg (started_at);
create index agent_state_span_from on agent_state_span (from_at);
