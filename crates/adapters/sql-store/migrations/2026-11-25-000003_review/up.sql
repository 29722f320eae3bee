-- What people look at: the history of one record, numbers of what waits, and what was purged.

-- The item that an entry wrote: its history is found even when the record and its link are gone.
ALTER TABLE passerelle_entries ADD COLUMN item TEXT;
UPDATE passerelle_entries SET item = coalesce(
    CASE WHEN json_type(outcome) = 'object' THEN json_extract(outcome, '$.landed.id') END,
    from_item
);
CREATE INDEX passerelle_entries_item ON passerelle_entries (kind, side, item, number);
CREATE INDEX passerelle_entries_since ON passerelle_entries (kind, pair, opened, number);

-- The number under which a person finds a link that waits; it never changes and is never given twice.
CREATE TABLE passerelle_numbers (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    link   TEXT NOT NULL UNIQUE
);

-- What was forgotten of the history, and when: never whose or what.
CREATE TABLE passerelle_purges (
    number  INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at      TIMESTAMP NOT NULL,
    kind    TEXT NOT NULL,
    before  TIMESTAMP NOT NULL,
    entries BIGINT NOT NULL
);
