-- An account belongs to one app user: whoever consents with somebody else's would double and disclose everything.

-- Where two app users have the same account, it stays the first one's. The other is disconnected: nothing is deleted.
UPDATE passerelle_accounts SET state = 'disconnected', scopes = ''
    WHERE state <> 'disconnected' AND EXISTS (
        SELECT 1 FROM passerelle_accounts AS first
        WHERE first.provider = passerelle_accounts.provider AND first.subject = passerelle_accounts.subject
            AND first.state <> 'disconnected' AND first.rowid < passerelle_accounts.rowid);
CREATE UNIQUE INDEX passerelle_accounts_one_user ON passerelle_accounts (provider, subject)
    WHERE state <> 'disconnected';
CREATE UNIQUE INDEX passerelle_accounts_whole ON passerelle_accounts (id, user_id, provider, subject);

-- A pair belongs to its account's user, and no two pairs that are kept in step have the same collection.
DROP TRIGGER app_users_with_accounts_stay;
CREATE TABLE passerelle_pairs_new (
    id         TEXT NOT NULL PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES app_users (id),
    kind       TEXT NOT NULL,
    account_id TEXT NOT NULL,
    provider   TEXT NOT NULL,
    subject    TEXT NOT NULL,
    collection TEXT NOT NULL,
    name       TEXT NOT NULL,
    rules      TEXT NOT NULL,
    enabled    BOOLEAN NOT NULL,
    FOREIGN KEY (account_id, user_id, provider, subject)
        REFERENCES passerelle_accounts (id, user_id, provider, subject)
);
INSERT INTO passerelle_pairs_new (id, user_id, kind, account_id, provider, subject, collection, name, rules, enabled)
    SELECT p.id, a.user_id, p.kind, p.account_id, a.provider, a.subject, p.collection, p.name, p.rules,
        p.enabled AND NOT EXISTS (
            SELECT 1 FROM passerelle_accounts AS o
            WHERE o.provider = a.provider AND o.subject = a.subject AND o.id <> a.id
                AND (o.state <> 'disconnected' OR (a.state = 'disconnected' AND o.rowid < a.rowid)))
    FROM passerelle_pairs AS p JOIN passerelle_accounts AS a ON a.id = p.account_id;
DROP TABLE passerelle_pairs;
ALTER TABLE passerelle_pairs_new RENAME TO passerelle_pairs;
CREATE UNIQUE INDEX passerelle_pairs_one_target ON passerelle_pairs (kind, account_id, collection);
CREATE UNIQUE INDEX passerelle_pairs_one_user ON passerelle_pairs (provider, subject, kind, collection) WHERE enabled;
CREATE INDEX passerelle_pairs_user ON passerelle_pairs (user_id);

CREATE TRIGGER app_users_with_accounts_stay BEFORE DELETE ON app_users BEGIN
    SELECT RAISE(ABORT, 'this app user has connected accounts: disconnect them first')
        WHERE EXISTS (SELECT 1 FROM passerelle_accounts WHERE user_id = OLD.id)
           OR EXISTS (SELECT 1 FROM passerelle_pairs WHERE user_id = OLD.id);
END;
