-- Many programs delete what belongs to a row and insert it anew, or the row itself, with the columns that they know. What
-- they know nothing of is what it was: nobody has typed anything. What is deleted is noted until the next run.
CREATE TABLE passerelle_gone (
    parent TEXT NOT NULL,
    part TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (parent, part, name)
);

-- Who a guest is, by the address or else by the name, and what only a provider says of them.
CREATE VIEW passerelle_guests AS
SELECT id, appointment_id, occurrence, email,
    coalesce(datetime(nullif(occurrence, '')), '') || ' ' || lower(CASE email WHEN '' THEN name ELSE email END) AS name,
    json_object('name', name, 'status', participation_status, 'comment', comment, 'resource', resource,
        'organizer', organizer) AS body
FROM appointment_participants;

CREATE TRIGGER appointment_participants_are_remembered BEFORE DELETE ON appointment_participants
WHEN NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM passerelle_gone WHERE part = 'guest'
        AND (parent, name) IN (SELECT appointment_id, name FROM passerelle_guests WHERE id = OLD.id);
    INSERT INTO passerelle_gone (parent, part, name, body)
    SELECT appointment_id, 'guest', name, body FROM passerelle_guests WHERE id = OLD.id;
END;

-- INSERT OR REPLACE deletes without the triggers of a deletion.
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

CREATE TRIGGER appointment_participants_are_known_again AFTER INSERT ON appointment_participants
WHEN NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
    AND EXISTS (SELECT 1 FROM passerelle_gone WHERE part = 'guest' AND parent = NEW.appointment_id)
BEGIN
    UPDATE appointment_participants SET
            (participation_status, comment, name, resource, organizer) = (
                SELECT CASE participation_status WHEN 'needs_action' THEN json_extract(g.body, '$.status') ELSE participation_status END,
                    CASE comment WHEN '' THEN json_extract(g.body, '$.comment') ELSE comment END,
                    CASE appointment_participants.name WHEN '' THEN json_extract(g.body, '$.name') ELSE appointment_participants.name END,
                    resource OR json_extract(g.body, '$.resource'), organizer OR json_extract(g.body, '$.organizer')
                FROM passerelle_gone g JOIN passerelle_guests n ON n.appointment_id = g.parent AND n.name = g.name
                WHERE n.id = NEW.id AND g.part = 'guest')
        WHERE id = NEW.id AND EXISTS (
            SELECT 1 FROM passerelle_gone g JOIN passerelle_guests n ON n.appointment_id = g.parent AND n.name = g.name
            WHERE n.id = NEW.id AND g.part = 'guest');
END;

-- Whole rows: what no other program ever writes; who sees a contact (without those rows everybody would); the calendar.
CREATE TRIGGER contacts_are_remembered BEFORE DELETE ON contacts
WHEN NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM passerelle_gone WHERE parent = OLD.id AND part IN ('contact', 'user');
    INSERT INTO passerelle_gone (parent, part, name, body)
    VALUES (OLD.id, 'contact', '', json_object('leftovers', OLD.leftovers, 'uid', OLD.uid));
    INSERT INTO passerelle_gone (parent, part, name, body)
    SELECT contact_id, 'user', user_id, '{}' FROM contact_users WHERE contact_id = OLD.id;
END;

CREATE TRIGGER contacts_are_known_again AFTER INSERT ON contacts
WHEN EXISTS (SELECT 1 FROM passerelle_gone WHERE parent = NEW.id AND part = 'contact')
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    UPDATE contacts SET leftovers = (
            SELECT json_extract(body, '$.leftovers') FROM passerelle_gone WHERE parent = NEW.id AND part = 'contact')
        WHERE id = NEW.id AND leftovers IS NULL;
    UPDATE contacts SET uid = (
            SELECT json_extract(body, '$.uid') FROM passerelle_gone WHERE parent = NEW.id AND part = 'contact')
        WHERE id = NEW.id AND uid = '';
    INSERT INTO contact_users (contact_id, user_id)
    SELECT parent, name FROM passerelle_gone WHERE parent = NEW.id AND part = 'user'
        AND EXISTS (SELECT 1 FROM app_users WHERE id = passerelle_gone.name)
        AND NOT EXISTS (SELECT 1 FROM contact_users WHERE contact_id = parent AND user_id = passerelle_gone.name);
END;

CREATE TRIGGER appointments_are_remembered BEFORE DELETE ON appointments
WHEN NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM passerelle_gone WHERE parent = OLD.id AND part = 'appointment';
    INSERT INTO passerelle_gone (parent, part, name, body)
    VALUES (OLD.id, 'appointment', '', json_object('leftovers', OLD.leftovers, 'uid', OLD.uid, 'calendar_id', OLD.calendar_id));
END;

CREATE TRIGGER appointments_are_known_again AFTER INSERT ON appointments
WHEN EXISTS (SELECT 1 FROM passerelle_gone WHERE parent = NEW.id AND part = 'appointment')
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    UPDATE appointments SET leftovers = (
            SELECT json_extract(body, '$.leftovers') FROM passerelle_gone WHERE parent = NEW.id AND part = 'appointment')
        WHERE id = NEW.id AND leftovers IS NULL;
    UPDATE appointments SET uid = (
            SELECT json_extract(body, '$.uid') FROM passerelle_gone WHERE parent = NEW.id AND part = 'appointment')
        WHERE id = NEW.id AND uid = '';
END;

DROP TRIGGER appointments_get_a_calendar;
CREATE TRIGGER appointments_get_a_calendar AFTER INSERT ON appointments WHEN NEW.calendar_id IS NULL BEGIN
    UPDATE appointments
        SET calendar_id = coalesce(
            (SELECT c.id FROM calendars c JOIN passerelle_parked p ON c.id = json_extract(p.body, '$.calendar_id')
                WHERE p.parent = NEW.id AND p.part = 'appointments' AND c.owner_id = NEW.owner_id),
            (SELECT c.id FROM calendars c JOIN passerelle_gone g ON c.id = json_extract(g.body, '$.calendar_id')
                WHERE g.parent = NEW.id AND g.part = 'appointment' AND c.owner_id = NEW.owner_id),
            (SELECT id FROM calendars WHERE owner_id = NEW.owner_id AND is_default))
        WHERE id = NEW.id;
END;
