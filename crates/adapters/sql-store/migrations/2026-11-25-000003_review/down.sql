DROP TABLE passerelle_purges;
DROP TABLE passerelle_numbers;
DROP INDEX passerelle_entries_since;
DROP INDEX passerelle_entries_item;
ALTER TABLE passerelle_entries DROP COLUMN item;
