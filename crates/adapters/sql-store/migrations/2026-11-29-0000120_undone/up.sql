-- Finds, without reading the whole history, what took an entry back, and what became of a row that is gone.
CREATE INDEX passerelle_entries_undoes ON passerelle_entries (kind, json_extract(body, '$.undoes'));
CREATE INDEX passerelle_entries_beside ON passerelle_entries (kind, side, json_extract(body, '$.other.id'));
