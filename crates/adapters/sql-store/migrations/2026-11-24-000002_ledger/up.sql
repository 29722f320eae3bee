-- What Passerelle keeps for itself. Nobody else's business: it may change with any release.

-- The installation's own name and the numbers of the change log.
CREATE TABLE passerelle_settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
INSERT INTO passerelle_settings (name, value) VALUES ('installation', lower(hex(randomblob(16))));

-- The accounts that app users connected. Secrets are in the vault, not here.
CREATE TABLE passerelle_accounts (
    id            TEXT NOT NULL PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES app_users (id),
    provider      TEXT NOT NULL,
    subject       TEXT NOT NULL,
    email         TEXT NOT NULL,
    scopes        TEXT NOT NULL,
    state         TEXT NOT NULL,
    authorised_at TIMESTAMP NOT NULL,
    UNIQUE (user_id, provider, subject)
);

-- One local collection and one remote collection kept in step, for one app user.
CREATE TABLE passerelle_pairs (
    id         TEXT NOT NULL PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES app_users (id),
    kind       TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES passerelle_accounts (id),
    collection TEXT NOT NULL,
    name       TEXT NOT NULL,
    rules      TEXT NOT NULL,
    enabled    BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX passerelle_pairs_one_target ON passerelle_pairs (kind, account_id, collection);
CREATE INDEX passerelle_pairs_user ON passerelle_pairs (user_id);

CREATE TRIGGER app_users_with_accounts_stay BEFORE DELETE ON app_users BEGIN
    SELECT RAISE(ABORT, 'this app user has connected accounts: disconnect them first')
        WHERE EXISTS (SELECT 1 FROM passerelle_accounts WHERE user_id = OLD.id)
           OR EXISTS (SELECT 1 FROM passerelle_pairs WHERE user_id = OLD.id);
END;

-- Beside each row that we wrote: the key it was made with, who made it, who wrote it last.
CREATE TABLE passerelle_local_keys (
    kind       TEXT NOT NULL,
    item_id    TEXT NOT NULL,
    create_key TEXT,
    made       TEXT,
    stamp      TEXT,
    lineage    TEXT,
    PRIMARY KEY (kind, item_id)
);
CREATE UNIQUE INDEX passerelle_local_keys_key ON passerelle_local_keys (kind, create_key);

-- What each write of ours did, until the ledger has taken note of it.
CREATE TABLE passerelle_outcomes (
    entry_id TEXT NOT NULL PRIMARY KEY,
    kind     TEXT NOT NULL,
    item_id  TEXT NOT NULL,
    written  TEXT NOT NULL
);

CREATE TABLE passerelle_pair_states (
    pair          TEXT NOT NULL PRIMARY KEY,
    kind          TEXT NOT NULL,
    local_cursor  TEXT,
    remote_cursor TEXT,
    rules         TEXT
);

CREATE TABLE passerelle_leases (
    pair   TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until  TIMESTAMP NOT NULL
);

CREATE TABLE passerelle_runs (
    id       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind     TEXT NOT NULL,
    pair     TEXT NOT NULL,
    purpose  TEXT NOT NULL,
    started  TIMESTAMP NOT NULL,
    finished TIMESTAMP,
    summary  TEXT NOT NULL
);
CREATE INDEX passerelle_runs_pair ON passerelle_runs (kind, pair, id);

-- A link's record of agreement. The flags are derived from it, for the indexes.
CREATE TABLE passerelle_links (
    id        TEXT NOT NULL PRIMARY KEY,
    kind      TEXT NOT NULL,
    pair      TEXT NOT NULL,
    due       BOOLEAN NOT NULL,
    looks     BOOLEAN NOT NULL,
    blocked   BOOLEAN NOT NULL,
    half      TEXT NOT NULL,
    state     TEXT NOT NULL,
    held      BOOLEAN NOT NULL,
    attention BOOLEAN NOT NULL,
    seen      BIGINT NOT NULL,
    alive     BIGINT NOT NULL,
    root      TEXT,
    body      TEXT NOT NULL
);
CREATE INDEX passerelle_links_due ON passerelle_links (pair, due, blocked, looks, id);
CREATE INDEX passerelle_links_halves ON passerelle_links (pair, due, blocked, looks, half, id);
CREATE INDEX passerelle_links_attention ON passerelle_links (pair, attention, id);
CREATE INDEX passerelle_links_root ON passerelle_links (pair, root);
CREATE INDEX passerelle_links_counts ON passerelle_links (pair, seen, alive, due, held, state);

-- The last copies seen: one row per link and side.
CREATE TABLE passerelle_copies (
    link     TEXT NOT NULL,
    side     TEXT NOT NULL,
    kind     TEXT NOT NULL,
    pair     TEXT NOT NULL,
    item     TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    gone     BOOLEAN NOT NULL,
    look     BOOLEAN NOT NULL,
    met      BIGINT NOT NULL,
    stored   TEXT NOT NULL,
    PRIMARY KEY (link, side)
);
CREATE UNIQUE INDEX passerelle_copies_item ON passerelle_copies (pair, side, item);
CREATE INDEX passerelle_copies_look ON passerelle_copies (pair, side, look, item);
CREATE INDEX passerelle_copies_newest ON passerelle_copies (kind, side, item, sequence);

CREATE TABLE passerelle_match_keys (
    link TEXT NOT NULL,
    side TEXT NOT NULL,
    pair TEXT NOT NULL,
    key  TEXT NOT NULL,
    PRIMARY KEY (link, side, key)
);
CREATE INDEX passerelle_match_keys_key ON passerelle_match_keys (pair, side, key);

-- Items seen in a listing that no link knows.
CREATE TABLE passerelle_strangers (
    pair TEXT NOT NULL,
    side TEXT NOT NULL,
    item TEXT NOT NULL,
    PRIMARY KEY (pair, side, item)
);

-- The journal; closed entries are the history.
CREATE TABLE passerelle_entries (
    number    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id        TEXT NOT NULL UNIQUE,
    kind      TEXT NOT NULL,
    pair      TEXT NOT NULL,
    run       BIGINT NOT NULL,
    link      TEXT NOT NULL,
    side      TEXT NOT NULL,
    from_item TEXT,
    opened    TIMESTAMP NOT NULL,
    is_open   BOOLEAN NOT NULL,
    body      TEXT NOT NULL,
    outcome   TEXT NOT NULL
);
CREATE INDEX passerelle_entries_open ON passerelle_entries (pair, is_open, number);
CREATE INDEX passerelle_entries_of_pair ON passerelle_entries (kind, pair, number);
CREATE INDEX passerelle_entries_of_link ON passerelle_entries (kind, link, number);
CREATE INDEX passerelle_entries_link ON passerelle_entries (link, is_open, number);
CREATE INDEX passerelle_entries_run ON passerelle_entries (run, number);
CREATE INDEX passerelle_entries_from ON passerelle_entries (kind, side, from_item, is_open);
CREATE INDEX passerelle_entries_age ON passerelle_entries (kind, is_open, opened);
