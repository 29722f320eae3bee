-- Appointments of somebody without a default calendar stand in none, and go into the next one that is made the default.
CREATE TRIGGER calendars_take_in_the_homeless AFTER UPDATE OF is_default ON calendars WHEN NEW.is_default BEGIN
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE owner_id = NEW.owner_id AND calendar_id IS NULL;
    UPDATE appointments SET calendar_id = NEW.id WHERE owner_id = NEW.owner_id AND calendar_id IS NULL;
END;
CREATE TRIGGER calendars_take_in_the_homeless_when_new AFTER INSERT ON calendars WHEN NEW.is_default BEGIN
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE owner_id = NEW.owner_id AND calendar_id IS NULL;
    UPDATE appointments SET calendar_id = NEW.id WHERE owner_id = NEW.owner_id AND calendar_id IS NULL;
END;

INSERT INTO change_log (kind, item_id, user_id)
SELECT 'appointment', id, owner_id FROM appointments
WHERE calendar_id IS NULL AND EXISTS (SELECT 1 FROM calendars WHERE owner_id = appointments.owner_id AND is_default);
UPDATE appointments SET calendar_id = (SELECT id FROM calendars WHERE owner_id = appointments.owner_id AND is_default)
WHERE calendar_id IS NULL AND EXISTS (SELECT 1 FROM calendars WHERE owner_id = appointments.owner_id AND is_default);
