-- Who saw a contact that is gone: whoever brings it back gives it to the same people, and to no others.
-- A row without a user says that the contact itself went; without rows beside it, everybody saw it.
CREATE TABLE passerelle_former_users (
    number     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contact_id TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    at         BIGINT NOT NULL
);
CREATE INDEX passerelle_former_users_contact ON passerelle_former_users (contact_id, number);

-- The items of one line: all rows that were one record, one after the other.
CREATE INDEX passerelle_local_keys_line ON passerelle_local_keys (kind, lineage);

-- Many programs delete the parts of a row before the row: who lost sight of a contact within the last minute saw it.
CREATE TRIGGER contacts_remember_their_users BEFORE DELETE ON contacts BEGIN
    DELETE FROM passerelle_former_users
        WHERE contact_id = OLD.id AND at < CAST(strftime('%s', 'now') AS INTEGER) - 60;
    INSERT INTO passerelle_former_users (contact_id, user_id, at)
        VALUES (OLD.id, '', CAST(strftime('%s', 'now') AS INTEGER));
END;
CREATE TRIGGER contact_users_are_remembered AFTER DELETE ON contact_users BEGIN
    INSERT INTO passerelle_former_users (contact_id, user_id, at)
        VALUES (OLD.contact_id, OLD.user_id, CAST(strftime('%s', 'now') AS INTEGER));
END;
