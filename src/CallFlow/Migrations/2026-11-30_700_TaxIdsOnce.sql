-- A merge that chose the first tax id of one card and the second of the other, and a save that gave the second as the first, could leave one id in both places.

update client set second_tax_id = '', version = version + 1 where second_tax_id <> '' and second_tax_id = tax_id;
