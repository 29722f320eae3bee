DROP TRIGGER appointment_participants_are_remembered;
DROP TRIGGER appointment_participants_are_remembered_when_replaced;
DROP TRIGGER appointment_participants_are_known_again;
DROP TRIGGER contacts_are_remembered;
DROP TRIGGER contacts_are_known_again;
DROP TRIGGER appointments_are_remembered;
DROP TRIGGER appointments_are_known_again;
DROP TRIGGER appointments_get_a_calendar;
CREATE TRIGGER appointments_get_a_calendar AFTER INSERT ON appointments WHEN NEW.calendar_id IS NULL BEGIN
    UPDATE appointments
        SET calendar_id = coalesce(
            (SELECT c.id FROM calendars c JOIN passerelle_parked p ON c.id = json_extract(p.body, '$.calendar_id')
                WHERE p.parent = NEW.id AND p.part = 'appointments' AND c.owner_id = NEW.owner_id),
            (SELECT id FROM calendars WHERE owner_id = NEW.owner_id AND is_default))
        WHERE id = NEW.id;
END;
DROP VIEW passerelle_guests;
DROP TABLE passerelle_gone;
