DROP TRIGGER appointments_are_followed;
CREATE TRIGGER appointments_are_followed BEFORE UPDATE OF start_kind, start_local ON appointments
WHEN NEW.start_kind <> OLD.start_kind OR NEW.start_local <> OLD.start_local
BEGIN
    INSERT OR IGNORE INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = OLD.id;
END;

DROP TRIGGER appointments_are_followed_when_deleted;
CREATE TRIGGER appointments_are_followed_when_deleted BEFORE DELETE ON appointments BEGIN
    INSERT OR IGNORE INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = OLD.id;
END;

DROP TRIGGER appointments_are_followed_when_replaced;
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

DROP TRIGGER appointment_rules_are_followed_when_deleted;
CREATE TRIGGER appointment_rules_are_followed_when_deleted BEFORE DELETE ON appointment_rules WHEN NOT OLD.excludes BEGIN
    INSERT OR IGNORE INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = OLD.appointment_id;
END;

DROP TRIGGER appointment_rules_are_followed_when_inserted;
CREATE TRIGGER appointment_rules_are_followed_when_inserted BEFORE INSERT ON appointment_rules WHEN NOT NEW.excludes BEGIN
    INSERT OR IGNORE INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = NEW.appointment_id;
END;

DROP TABLE passerelle_moves;
CREATE TABLE passerelle_moves (
    part TEXT NOT NULL,
    item INTEGER NOT NULL,
    name TEXT,
    PRIMARY KEY (part, item)
);

CREATE TRIGGER passerelle_moves_carried_out AFTER INSERT ON passerelle_moves WHEN NEW.part = 'go' BEGIN
    -- A name that somebody has given already stays theirs, however it is spelt.
    UPDATE passerelle_moves SET name = NULL WHERE name IS NOT NULL AND EXISTS (
        SELECT 1 FROM passerelle_names own JOIN passerelle_names other
            ON other.appointment_id = own.appointment_id AND other.part = own.part AND other.item <> own.item
        WHERE own.part = passerelle_moves.part AND own.item = passerelle_moves.item
            AND length(other.name) = 10 = (length(passerelle_moves.name) = 10)
            AND datetime(other.name) = datetime(passerelle_moves.name)
            AND NOT EXISTS (SELECT 1 FROM passerelle_moves m WHERE m.part = other.part AND m.item = other.item));
    DELETE FROM appointment_overrides
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'overrides' AND name IS NULL);
    DELETE FROM appointment_participants
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'participants' AND name IS NULL);
    DELETE FROM appointment_alerts
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'alerts' AND name IS NULL);
    DELETE FROM appointment_dates
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'dates' AND name IS NULL);
    DELETE FROM passerelle_moves WHERE name IS NULL OR name >= '5000';

    UPDATE OR REPLACE appointment_overrides SET occurrence = (
            SELECT CASE length(name) WHEN 10 THEN date(name, '+4000 years') ELSE datetime(name, '+4000 years') END
            FROM passerelle_moves WHERE part = 'overrides' AND item = appointment_overrides.id)
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'overrides');
    UPDATE OR REPLACE appointment_participants SET occurrence = (
            SELECT CASE length(name) WHEN 10 THEN date(name, '+4000 years') ELSE datetime(name, '+4000 years') END
            FROM passerelle_moves WHERE part = 'participants' AND item = appointment_participants.id)
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'participants');
    UPDATE OR REPLACE appointment_alerts SET occurrence = (
            SELECT CASE length(name) WHEN 10 THEN date(name, '+4000 years') ELSE datetime(name, '+4000 years') END
            FROM passerelle_moves WHERE part = 'alerts' AND item = appointment_alerts.id)
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'alerts');
    UPDATE OR REPLACE appointment_dates SET date = (
            SELECT CASE length(name) WHEN 10 THEN date(name, '+4000 years') ELSE datetime(name, '+4000 years') END
            FROM passerelle_moves WHERE part = 'dates' AND item = appointment_dates.id)
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'dates');

    UPDATE OR IGNORE appointment_overrides SET occurrence = (
            SELECT name FROM passerelle_moves WHERE part = 'overrides' AND item = appointment_overrides.id)
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'overrides');
    UPDATE OR IGNORE appointment_participants SET occurrence = (
            SELECT name FROM passerelle_moves WHERE part = 'participants' AND item = appointment_participants.id)
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'participants');
    UPDATE OR IGNORE appointment_alerts SET occurrence = (
            SELECT name FROM passerelle_moves WHERE part = 'alerts' AND item = appointment_alerts.id)
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'alerts');
    UPDATE OR IGNORE appointment_dates SET date = (
            SELECT name FROM passerelle_moves WHERE part = 'dates' AND item = appointment_dates.id)
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'dates');
    DELETE FROM appointment_overrides WHERE occurrence >= '6000'
        AND id IN (SELECT item FROM passerelle_moves WHERE part = 'overrides');
    DELETE FROM appointment_participants WHERE occurrence >= '6000'
        AND id IN (SELECT item FROM passerelle_moves WHERE part = 'participants');
    DELETE FROM appointment_alerts WHERE occurrence >= '6000'
        AND id IN (SELECT item FROM passerelle_moves WHERE part = 'alerts');
    DELETE FROM appointment_dates WHERE date >= '6000'
        AND id IN (SELECT item FROM passerelle_moves WHERE part = 'dates');
    DELETE FROM passerelle_moves;
END;

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
