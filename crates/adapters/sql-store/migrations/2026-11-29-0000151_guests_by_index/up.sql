-- A guest who is inserted was compared with every guest of the appointment (110, 137): with thousands of them that is
-- quadratic. Each guest is found by an index now: by the address, or else by the name.
CREATE INDEX appointment_participants_by_name ON appointment_participants (appointment_id, occurrence, lower(name))
    WHERE email = '';
CREATE INDEX passerelle_parked_back ON passerelle_parked (parent, part, item) WHERE kept;

DROP TRIGGER appointment_participants_give_way;
CREATE TRIGGER appointment_participants_give_way BEFORE INSERT ON appointment_participants
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.appointment_id AND part = 'appointment_participants' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM appointment_participants WHERE id IN (
            SELECT NEW.id
            UNION ALL
            SELECT id FROM appointment_participants WHERE NEW.email <> '' AND appointment_id = NEW.appointment_id
                AND occurrence = NEW.occurrence AND email <> '' AND lower(email) = lower(NEW.email)
            UNION ALL
            SELECT id FROM appointment_participants WHERE NEW.email = '' AND appointment_id = NEW.appointment_id
                AND occurrence = NEW.occurrence AND email = '' AND lower(name) = lower(NEW.name))
        AND EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.appointment_id
            AND part = 'appointment_participants' AND item = appointment_participants.id AND kept);
END;

-- INSERT OR REPLACE deletes without the triggers of a deletion.
DROP TRIGGER appointment_participants_are_remembered_when_replaced;
CREATE TRIGGER appointment_participants_are_remembered_when_replaced BEFORE INSERT ON appointment_participants
WHEN NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
    AND EXISTS (SELECT 1 FROM appointment_participants there WHERE there.id = NEW.id
        OR there.appointment_id = NEW.appointment_id AND there.occurrence = NEW.occurrence
            AND there.email <> '' AND lower(there.email) = lower(NEW.email))
BEGIN
    DELETE FROM passerelle_gone WHERE part = 'guest' AND (parent, name) IN (
        SELECT appointment_id, name FROM passerelle_guests there WHERE there.id = NEW.id
            OR there.appointment_id = NEW.appointment_id AND there.occurrence = NEW.occurrence
                AND there.email <> '' AND lower(there.email) = lower(NEW.email));
    INSERT INTO passerelle_gone (parent, part, name, body)
    SELECT appointment_id, 'guest', name, max(body) FROM passerelle_guests there WHERE there.id = NEW.id
        OR there.appointment_id = NEW.appointment_id AND there.occurrence = NEW.occurrence
            AND there.email <> '' AND lower(there.email) = lower(NEW.email)
    GROUP BY appointment_id, name;
END;
