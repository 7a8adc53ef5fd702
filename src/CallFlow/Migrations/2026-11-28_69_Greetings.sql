-- What to say on a dialled number in other languages than its own: {"it":"Buongiorno, …"}. The column greeting is in the number's language.
alter table dialled_number add column greetings jsonb not null default '{}' check (jsonb_typeof(greetings) = 'object');
