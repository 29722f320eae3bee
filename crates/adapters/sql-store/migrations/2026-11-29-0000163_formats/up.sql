-- From here on what is kept as JSON carries the number of its format. No row changes: a value without a number is of format
-- 1. A release that knows no numbers must not open this database any more.
UPDATE passerelle_links SET due = due WHERE FALSE;
