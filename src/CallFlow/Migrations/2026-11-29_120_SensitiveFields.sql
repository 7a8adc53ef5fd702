-- Fields of the client's card that only those see who have the right client.sensitive.

-- writer: CrmApi/Admin. email, taxId, address, city, note, or custom.CODE of one of the site's own.
create table sensitive_field (
  field text primary key
);
