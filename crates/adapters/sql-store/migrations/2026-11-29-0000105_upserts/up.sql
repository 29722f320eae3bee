-- What a trigger says of conflicts is overridden by what the statement says that fires it: `UPDATE OR ABORT`, or the
-- update of an upsert, made `INSERT OR IGNORE` in a trigger a refusal. No trigger relies on it any more.

DROP TRIGGER appointments_are_followed;
CREATE TRIGGER appointments_are_followed BEFORE UPDATE OF start_kind, start_local ON appointments
WHEN NEW.start_kind <> OLD.start_kind OR NEW.start_local <> OLD.start_local
BEGIN
    INSERT INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = OLD.id
        AND appointment_id NOT IN (SELECT appointment_id FROM passerelle_unfollowed);
END;

DROP TRIGGER appointments_are_followed_when_deleted;
CREATE TRIGGER appointments_are_followed_when_deleted BEFORE DELETE ON appointments BEGIN
    INSERT INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = OLD.id
        AND appointment_id NOT IN (SELECT appointment_id FROM passerelle_unfollowed);
END;

DROP TRIGGER appointments_are_followed_when_replaced;
CREATE TRIGGER appointments_are_followed_when_replaced BEFORE INSERT ON appointments
WHEN EXISTS (SELECT 1 FROM appointments WHERE id = NEW.id)
BEGIN
    INSERT INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = NEW.id
        AND appointment_id NOT IN (SELECT appointment_id FROM passerelle_unfollowed);
END;

DROP TRIGGER appointment_rules_are_followed;
CREATE TRIGGER appointment_rules_are_followed BEFORE UPDATE OF rule, excludes, appointment_id ON appointment_rules
WHEN NEW.rule <> OLD.rule OR NEW.excludes <> OLD.excludes OR NEW.appointment_id <> OLD.appointment_id
BEGIN
    INSERT INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id IN (OLD.appointment_id, NEW.appointment_id)
        AND appointment_id NOT IN (SELECT appointment_id FROM passerelle_unfollowed);
END;

DROP TRIGGER appointment_rules_are_followed_when_deleted;
CREATE TRIGGER appointment_rules_are_followed_when_deleted BEFORE DELETE ON appointment_rules WHEN NOT OLD.excludes BEGIN
    INSERT INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = OLD.appointment_id
        AND appointment_id NOT IN (SELECT appointment_id FROM passerelle_unfollowed);
END;

DROP TRIGGER appointment_rules_are_followed_when_inserted;
CREATE TRIGGER appointment_rules_are_followed_when_inserted BEFORE INSERT ON appointment_rules WHEN NOT NEW.excludes BEGIN
    INSERT INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = NEW.appointment_id
        AND appointment_id NOT IN (SELECT appointment_id FROM passerelle_unfollowed);
END;

-- Of several moves of one thing the last counts; there may be several until they are carried out.
DROP TABLE passerelle_moves;
CREATE TABLE passerelle_moves (
    part TEXT NOT NULL,
    item INTEGER NOT NULL,
    name TEXT
);
CREATE INDEX passerelle_moves_item ON passerelle_moves (part, item);

CREATE TRIGGER passerelle_moves_carried_out AFTER INSERT ON passerelle_moves WHEN NEW.part = 'go' BEGIN
    DELETE FROM passerelle_moves WHERE rowid NOT IN (SELECT max(rowid) FROM passerelle_moves GROUP BY part, item);
    DELETE FROM passerelle_moves WHERE name >= '5000';
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
    DELETE FROM passerelle_moves WHERE name IS NULL;
    -- Of two that would have one name, the later one stays.
    DELETE FROM appointment_overrides WHERE id IN (
        SELECT o.id FROM passerelle_moves m JOIN appointment_overrides o ON o.id = m.item
            JOIN appointment_overrides t ON t.appointment_id = o.appointment_id AND t.id > o.id
            JOIN passerelle_moves n ON n.part = m.part AND n.item = t.id
        WHERE m.part = 'overrides' AND (length(m.name) = 10) = (length(n.name) = 10)
            AND datetime(m.name) = datetime(n.name));
    DELETE FROM appointment_participants WHERE id IN (
        SELECT o.id FROM passerelle_moves m JOIN appointment_participants o ON o.id = m.item
            JOIN appointment_participants t ON t.appointment_id = o.appointment_id AND t.id > o.id AND lower(o.email) = lower(t.email)
            JOIN passerelle_moves n ON n.part = m.part AND n.item = t.id
        WHERE m.part = 'participants' AND (length(m.name) = 10) = (length(n.name) = 10)
            AND datetime(m.name) = datetime(n.name));
    DELETE FROM appointment_alerts WHERE id IN (
        SELECT o.id FROM passerelle_moves m JOIN appointment_alerts o ON o.id = m.item
            JOIN appointment_alerts t ON t.appointment_id = o.appointment_id AND t.id > o.id AND o.action = t.action AND o.minutes_before = t.minutes_before
            JOIN passerelle_moves n ON n.part = m.part AND n.item = t.id
        WHERE m.part = 'alerts' AND (length(m.name) = 10) = (length(n.name) = 10)
            AND datetime(m.name) = datetime(n.name));
    DELETE FROM appointment_dates WHERE id IN (
        SELECT o.id FROM passerelle_moves m JOIN appointment_dates o ON o.id = m.item
            JOIN appointment_dates t ON t.appointment_id = o.appointment_id AND t.id > o.id
            JOIN passerelle_moves n ON n.part = m.part AND n.item = t.id
        WHERE m.part = 'dates' AND (length(m.name) = 10) = (length(n.name) = 10)
            AND datetime(m.name) = datetime(n.name));

    -- By way of names that nothing has, so that one may take the name that another one gives up.
    UPDATE appointment_overrides SET occurrence = (
            SELECT CASE length(name) WHEN 10 THEN date(name, '+4000 years') ELSE datetime(name, '+4000 years') END
            FROM passerelle_moves WHERE part = 'overrides' AND item = appointment_overrides.id)
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'overrides');
    UPDATE appointment_participants SET occurrence = (
            SELECT CASE length(name) WHEN 10 THEN date(name, '+4000 years') ELSE datetime(name, '+4000 years') END
            FROM passerelle_moves WHERE part = 'participants' AND item = appointment_participants.id)
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'participants');
    UPDATE appointment_alerts SET occurrence = (
            SELECT CASE length(name) WHEN 10 THEN date(name, '+4000 years') ELSE datetime(name, '+4000 years') END
            FROM passerelle_moves WHERE part = 'alerts' AND item = appointment_alerts.id)
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'alerts');
    UPDATE appointment_dates SET date = (
            SELECT CASE length(name) WHEN 10 THEN date(name, '+4000 years') ELSE datetime(name, '+4000 years') END
            FROM passerelle_moves WHERE part = 'dates' AND item = appointment_dates.id)
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'dates');

    UPDATE appointment_overrides SET occurrence = (
            SELECT name FROM passerelle_moves WHERE part = 'overrides' AND item = appointment_overrides.id)
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'overrides');
    UPDATE appointment_participants SET occurrence = (
            SELECT name FROM passerelle_moves WHERE part = 'participants' AND item = appointment_participants.id)
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'participants');
    UPDATE appointment_alerts SET occurrence = (
            SELECT name FROM passerelle_moves WHERE part = 'alerts' AND item = appointment_alerts.id)
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'alerts');
    UPDATE appointment_dates SET date = (
            SELECT name FROM passerelle_moves WHERE part = 'dates' AND item = appointment_dates.id)
        WHERE id IN (SELECT item FROM passerelle_moves WHERE part = 'dates');
    DELETE FROM passerelle_moves;
END;

CREATE TRIGGER passerelle_moves_are_told BEFORE INSERT ON passerelle_moves WHEN NEW.part = 'go' BEGIN
    INSERT INTO passerelle_dropped (appointment_id, occurrence, title)
    SELECT o.appointment_id, o.occurrence, coalesce(o.title, '')
    FROM passerelle_moves m JOIN appointment_overrides o ON o.id = m.item
    WHERE m.part = 'overrides' AND m.name IS NULL AND NOT o.cancelled
        AND m.rowid = (SELECT max(rowid) FROM passerelle_moves l WHERE l.part = m.part AND l.item = m.item);
END;

CREATE TRIGGER passerelle_moves_onto_others_are_told AFTER UPDATE OF name ON passerelle_moves
WHEN NEW.part = 'overrides' AND NEW.name IS NULL AND OLD.name IS NOT NULL
BEGIN
    INSERT INTO passerelle_dropped (appointment_id, occurrence, title)
    SELECT appointment_id, occurrence, coalesce(title, '')
    FROM appointment_overrides WHERE id = NEW.item AND NOT cancelled;
END;
