DROP TRIGGER app_users_with_accounts_stay;
CREATE TABLE passerelle_pairs_old (
    id         TEXT NOT NULL PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES app_users (id),
    kind       TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES passerelle_accounts (id),
    collection TEXT NOT NULL,
    name       TEXT NOT NULL,
    rules      TEXT NOT NULL,
    enabled    BOOLEAN NOT NULL
);
INSERT INTO passerelle_pairs_old SELECT id, user_id, kind, account_id, collection, name, rules, enabled FROM passerelle_pairs;
DROP TABLE passerelle_pairs;
ALTER TABLE passerelle_pairs_old RENAME TO passerelle_pairs;
CREATE UNIQUE INDEX passerelle_pairs_one_target ON passerelle_pairs (kind, account_id, collection);
CREATE INDEX passerelle_pairs_user ON passerelle_pairs (user_id);
DROP INDEX passerelle_accounts_one_user;
DROP INDEX passerelle_accounts_whole;
CREATE TRIGGER app_users_with_accounts_stay BEFORE DELETE ON app_users BEGIN
    SELECT RAISE(ABORT, 'this app user has connected accounts: disconnect them first')
        WHERE EXISTS (SELECT 1 FROM passerelle_accounts WHERE user_id = OLD.id)
           OR EXISTS (SELECT 1 FROM passerelle_pairs WHERE user_id = OLD.id);
END;
