-- A series may be written in any way: its rule updated, or deleted and inserted anew, or its whole row replaced. Whatever
-- is done, its first state is noted with the names of its occurrences, and the next run lets every name follow that the
-- triggers, who cannot calculate, did not.
ALTER TABLE passerelle_unfollowed ADD COLUMN names TEXT NOT NULL DEFAULT '{}';

-- Changes of occurrences that their series makes no more: they went, and are told once.
CREATE TABLE passerelle_dropped (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    appointment_id TEXT NOT NULL,
    occurrence TEXT NOT NULL,
    title TEXT NOT NULL DEFAULT '',
    told BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX passerelle_dropped_appointment_id ON passerelle_dropped (appointment_id);

-- The state of every series of which an occurrence is changed.
CREATE VIEW passerelle_states AS
SELECT a.id AS appointment_id, a.start_kind, a.start_local, a.start_zone,
    (SELECT json_group_array(rule) FROM appointment_rules r WHERE r.appointment_id = a.id AND NOT r.excludes) AS rules,
    (SELECT json_group_object(o.id, o.occurrence) FROM appointment_overrides o WHERE o.appointment_id = a.id) AS names
FROM appointments a
WHERE EXISTS (SELECT 1 FROM passerelle_names n WHERE n.appointment_id = a.id AND n.part <> 'dates')
    AND EXISTS (SELECT 1 FROM appointment_rules r WHERE r.appointment_id = a.id AND NOT r.excludes)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'series.written');

DROP TRIGGER appointments_are_followed;
CREATE TRIGGER appointments_are_followed BEFORE UPDATE OF start_kind, start_local ON appointments
WHEN NEW.start_kind <> OLD.start_kind OR NEW.start_local <> OLD.start_local
BEGIN
    INSERT OR IGNORE INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = OLD.id;
END;
CREATE TRIGGER appointments_are_followed_when_deleted BEFORE DELETE ON appointments BEGIN
    INSERT OR IGNORE INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = OLD.id;
END;
-- INSERT OR REPLACE deletes without the triggers of a deletion.
CREATE TRIGGER appointments_are_followed_when_replaced BEFORE INSERT ON appointments
WHEN EXISTS (SELECT 1 FROM appointments WHERE id = NEW.id)
BEGIN
    INSERT OR IGNORE INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = NEW.id;
END;

DROP TRIGGER appointment_rules_are_followed;
CREATE TRIGGER appointment_rules_are_followed BEFORE UPDATE OF rule, excludes, appointment_id ON appointment_rules
WHEN NEW.rule <> OLD.rule OR NEW.excludes <> OLD.excludes OR NEW.appointment_id <> OLD.appointment_id
BEGIN
    INSERT OR IGNORE INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id IN (OLD.appointment_id, NEW.appointment_id);
END;
CREATE TRIGGER appointment_rules_are_followed_when_deleted BEFORE DELETE ON appointment_rules WHEN NOT OLD.excludes BEGIN
    INSERT OR IGNORE INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = OLD.appointment_id;
END;
CREATE TRIGGER appointment_rules_are_followed_when_inserted BEFORE INSERT ON appointment_rules WHEN NOT NEW.excludes BEGIN
    INSERT OR IGNORE INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = NEW.appointment_id;
END;

-- What the triggers drop is told, too; a cancelled occurrence that is no more says nothing.
CREATE TRIGGER passerelle_moves_are_told BEFORE INSERT ON passerelle_moves WHEN NEW.part = 'go' BEGIN
    INSERT INTO passerelle_dropped (appointment_id, occurrence, title)
    SELECT o.appointment_id, o.occurrence, coalesce(o.title, '')
    FROM passerelle_moves m JOIN appointment_overrides o ON o.id = m.item
    WHERE m.part = 'overrides' AND m.name IS NULL AND NOT o.cancelled;
END;
CREATE TRIGGER passerelle_moves_onto_others_are_told AFTER UPDATE OF name ON passerelle_moves
WHEN NEW.part = 'overrides' AND NEW.name IS NULL AND OLD.name IS NOT NULL
BEGIN
    INSERT INTO passerelle_dropped (appointment_id, occurrence, title)
    SELECT appointment_id, occurrence, coalesce(title, '')
    FROM appointment_overrides WHERE id = NEW.item AND NOT cancelled;
END;

-- Links with a field that one of the sides cannot hold: `status` and every run count them.
-- A database of a development build may have this index.
CREATE INDEX IF NOT EXISTS passerelle_links_lacks ON passerelle_links (pair, id) WHERE instr(body, '"lacks":[') > 0;
