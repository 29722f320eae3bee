-- An appointment has one home calendar: two calendars of one person are never merged into each other.

CREATE TABLE calendars (
    id         TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(16))))
               CONSTRAINT "a calendar needs an id" CHECK (trim(id) <> ''),
    owner_id   TEXT NOT NULL REFERENCES app_users (id),
    name       TEXT NOT NULL
               CONSTRAINT "a calendar needs a name" CHECK (trim(name) <> ''),
    color      TEXT NOT NULL DEFAULT '',
    zone       TEXT REFERENCES time_zones (name),
    is_default BOOLEAN NOT NULL DEFAULT FALSE
               CONSTRAINT "is_default is 0 or 1" CHECK (is_default IN (0, 1)),
    created_at TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
);
CREATE UNIQUE INDEX calendars_one_default ON calendars (owner_id) WHERE is_default;
CREATE INDEX calendars_owner ON calendars (owner_id, name);

ALTER TABLE appointments ADD COLUMN calendar_id TEXT REFERENCES calendars (id);
ALTER TABLE passerelle_pairs ADD COLUMN calendar_id TEXT REFERENCES calendars (id);

-- What exists is carried over. Everybody has a calendar; the main one at the provider, or the first, is its pair.
INSERT INTO calendars (owner_id, name, is_default)
    SELECT id, CASE WHEN trim(name) = '' THEN id ELSE name END, TRUE FROM app_users;
UPDATE passerelle_pairs
    SET calendar_id = (SELECT c.id FROM calendars AS c WHERE c.owner_id = passerelle_pairs.user_id AND c.is_default)
    WHERE kind = 'events' AND id = (
        SELECT p.id FROM passerelle_pairs AS p JOIN passerelle_accounts AS a ON a.id = p.account_id
        WHERE p.user_id = passerelle_pairs.user_id AND p.kind = 'events'
        ORDER BY p.enabled DESC, p.collection IN (a.email, 'primary') DESC, p.rowid LIMIT 1);
-- Every other one gets a calendar of its own here: named after the pair until the next statement.
INSERT INTO calendars (id, owner_id, name)
    SELECT lower(hex(randomblob(12))) || printf('%08x', rowid), user_id, CASE WHEN trim(name) = '' THEN id ELSE name END
    FROM passerelle_pairs WHERE kind = 'events' AND calendar_id IS NULL;
UPDATE passerelle_pairs
    SET calendar_id = (SELECT c.id FROM calendars AS c
        WHERE c.owner_id = passerelle_pairs.user_id AND NOT c.is_default
            AND substr(c.id, 25) = printf('%08x', passerelle_pairs.rowid))
    WHERE kind = 'events' AND calendar_id IS NULL;
CREATE UNIQUE INDEX passerelle_pairs_one_calendar ON passerelle_pairs (calendar_id, provider) WHERE enabled;

-- An appointment that came from another calendar than the main one goes home; copies that were made of it elsewhere
-- are left alone from now on.
UPDATE appointments SET calendar_id = coalesce(
    (SELECT p.calendar_id FROM passerelle_copies AS l
        JOIN passerelle_copies AS r ON r.link = l.link AND r.side = 'remote' AND NOT r.gone
        JOIN passerelle_pairs AS p ON p.id = l.pair AND p.user_id = appointments.owner_id
        JOIN calendars AS c ON c.id = p.calendar_id
        WHERE l.kind = 'events' AND l.side = 'local' AND l.item = appointments.id AND NOT l.gone
            AND json_extract(r.stored, '$.made') IS NULL
        ORDER BY c.is_default DESC, p.enabled DESC LIMIT 1),
    (SELECT c.id FROM calendars AS c WHERE c.owner_id = appointments.owner_id AND c.is_default));
INSERT INTO change_log (kind, item_id, user_id)
    SELECT DISTINCT 'appointment', a.id, 'calendar:' || p.calendar_id
    FROM passerelle_copies AS l
    JOIN passerelle_pairs AS p ON p.id = l.pair AND p.calendar_id IS NOT NULL
    JOIN appointments AS a ON a.id = l.item AND a.calendar_id <> p.calendar_id
    WHERE l.kind = 'events' AND l.side = 'local' AND NOT l.gone;
CREATE INDEX appointments_calendar ON appointments (calendar_id, number);

-- The rules of the tables.
CREATE TRIGGER app_users_get_a_calendar AFTER INSERT ON app_users
WHEN NOT EXISTS (SELECT 1 FROM calendars WHERE owner_id = NEW.id AND is_default) BEGIN
    INSERT INTO calendars (owner_id, name, is_default)
        VALUES (NEW.id, CASE WHEN trim(NEW.name) = '' THEN NEW.id ELSE NEW.name END, TRUE);
END;
CREATE TRIGGER calendars_keep_their_owner BEFORE UPDATE OF id, owner_id ON calendars
WHEN NEW.id <> OLD.id OR NEW.owner_id <> OLD.owner_id BEGIN
    SELECT RAISE(ABORT, 'a calendar keeps its id and its owner');
END;
CREATE TRIGGER calendars_with_appointments_stay BEFORE DELETE ON calendars BEGIN
    SELECT RAISE(ABORT, 'this calendar has appointments: move them to another one or delete them first')
        WHERE EXISTS (SELECT 1 FROM appointments WHERE calendar_id = OLD.id);
    SELECT RAISE(ABORT, 'this calendar is or was kept in step with one at the provider: it stays')
        WHERE EXISTS (SELECT 1 FROM passerelle_pairs WHERE calendar_id = OLD.id);
END;
CREATE TRIGGER appointments_have_a_calendar_of_their_owner BEFORE INSERT ON appointments
WHEN NEW.calendar_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM calendars WHERE id = NEW.calendar_id AND owner_id = NEW.owner_id) BEGIN
    SELECT RAISE(ABORT, 'calendar_id names no calendar of the appointment''s owner');
END;
CREATE TRIGGER appointments_keep_a_calendar_of_their_owner BEFORE UPDATE OF calendar_id ON appointments
WHEN NEW.calendar_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM calendars WHERE id = NEW.calendar_id AND owner_id = NEW.owner_id) BEGIN
    SELECT RAISE(ABORT, 'calendar_id names no calendar of the appointment''s owner');
END;
-- Left out, it is the owner's default calendar.
CREATE TRIGGER appointments_get_a_calendar AFTER INSERT ON appointments WHEN NEW.calendar_id IS NULL BEGIN
    UPDATE appointments
        SET calendar_id = (SELECT id FROM calendars WHERE owner_id = NEW.owner_id AND is_default)
        WHERE id = NEW.id;
END;
CREATE TRIGGER appointments_go_to_the_default_calendar AFTER UPDATE OF calendar_id ON appointments
WHEN NEW.calendar_id IS NULL BEGIN
    UPDATE appointments
        SET calendar_id = (SELECT id FROM calendars WHERE owner_id = NEW.owner_id AND is_default)
        WHERE id = NEW.id;
END;
CREATE TRIGGER appointments_change_the_calendar_with_the_owner AFTER UPDATE OF owner_id ON appointments
WHEN NOT EXISTS (SELECT 1 FROM calendars WHERE id = NEW.calendar_id AND owner_id = NEW.owner_id) BEGIN
    UPDATE appointments
        SET calendar_id = (SELECT id FROM calendars WHERE owner_id = NEW.owner_id AND is_default)
        WHERE id = NEW.id;
END;
-- Both calendars are told: the row of the former one says that the appointment was withdrawn from it.
CREATE TRIGGER appointments_changed_the_calendar AFTER UPDATE OF calendar_id ON appointments
WHEN OLD.calendar_id IS NOT NULL AND NEW.calendar_id IS NOT OLD.calendar_id BEGIN
    INSERT INTO change_log (kind, item_id, user_id) VALUES ('appointment', NEW.id, 'calendar:' || OLD.calendar_id);
    INSERT INTO change_log (kind, item_id, user_id) VALUES ('appointment', NEW.id, NEW.owner_id);
END;

DROP TRIGGER app_users_with_work_stay;
CREATE TRIGGER app_users_with_work_stay BEFORE DELETE ON app_users BEGIN
    SELECT RAISE(ABORT, 'this app user owns appointments: give them to somebody or delete them first')
        WHERE EXISTS (SELECT 1 FROM appointments WHERE owner_id = OLD.id);
    SELECT RAISE(ABORT, 'this app user is the only one who sees some contacts: share or delete them first')
        WHERE EXISTS (SELECT 1 FROM contact_users m WHERE m.user_id = OLD.id AND NOT EXISTS (
            SELECT 1 FROM contact_users o WHERE o.contact_id = m.contact_id AND o.user_id <> OLD.id));
    SELECT RAISE(ABORT, 'this app user has connected accounts: disconnect them first')
        WHERE EXISTS (SELECT 1 FROM passerelle_pairs WHERE user_id = OLD.id);
    DELETE FROM contact_users WHERE user_id = OLD.id;
    DELETE FROM calendars WHERE owner_id = OLD.id;
END;
