-- How the client's card is laid out, by role and by the type of an open deal.

-- writer: CrmApi/Admin
create table card_layout (
  role      text references role (code) on delete cascade, -- null: every role
  deal_type text references deal_type (code),              -- null: whatever the deals
  groups    jsonb not null,                                -- [{"name": …, "fields": [{"code": …, "mode": shown, read_only, hidden}]}]
  version   integer not null default 1
);
create unique index card_layout_of on card_layout (coalesce(role, ''), coalesce(deal_type, ''));
