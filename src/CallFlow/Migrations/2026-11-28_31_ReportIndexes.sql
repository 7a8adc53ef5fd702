-- What was offered to the agents on a day: the reports of agents, and the live feed's figures of today.
create index offer_offered on offer (offered_at);
