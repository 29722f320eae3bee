DROP TRIGGER appointment_participants_give_way;
DROP TRIGGER appointment_participants_are_remembered_when_replaced;
CREATE TRIGGER appointment_participants_give_way BEFORE INSERT ON appointment_participants
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.appointment_id AND part = 'appointment_participants' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM appointment_participants WHERE appointment_id = NEW.appointment_id AND (id = NEW.id OR occurrence = NEW.occurrence AND lower(email) = lower(NEW.email))
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.appointment_id AND part = 'appointment_participants' AND kept);
END;
CREATE TRIGGER appointment_participants_are_remembered_when_replaced BEFORE INSERT ON appointment_participants
WHEN NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
    AND EXISTS (SELECT 1 FROM appointment_participants there WHERE there.id = NEW.id
        OR there.appointment_id = NEW.appointment_id AND lower(there.email) = lower(NEW.email))
BEGIN
    DELETE FROM passerelle_gone WHERE part = 'guest' AND (parent, name) IN (
        SELECT appointment_id, name FROM passerelle_guests there WHERE there.id = NEW.id
            OR there.appointment_id = NEW.appointment_id AND there.occurrence = NEW.occurrence
                AND NEW.email <> '' AND lower(there.email) = lower(NEW.email));
    INSERT INTO passerelle_gone (parent, part, name, body)
    SELECT appointment_id, 'guest', name, max(body) FROM passerelle_guests there WHERE there.id = NEW.id
        OR there.appointment_id = NEW.appointment_id AND there.occurrence = NEW.occurrence
            AND NEW.email <> '' AND lower(there.email) = lower(NEW.email)
    GROUP BY appointment_id, name;
END;
DROP INDEX passerelle_parked_back;
DROP INDEX appointment_participants_by_name;
