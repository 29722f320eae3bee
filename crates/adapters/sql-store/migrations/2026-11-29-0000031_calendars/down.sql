DROP TRIGGER app_users_with_work_stay;
CREATE TRIGGER app_users_with_work_stay BEFORE DELETE ON app_users BEGIN
    SELECT RAISE(ABORT, 'this app user owns appointments: give them to somebody or delete them first')
        WHERE EXISTS (SELECT 1 FROM appointments WHERE owner_id = OLD.id);
    SELECT RAISE(ABORT, 'this app user is the only one who sees some contacts: share or delete them first')
        WHERE EXISTS (SELECT 1 FROM contact_users m WHERE m.user_id = OLD.id AND NOT EXISTS (
            SELECT 1 FROM contact_users o WHERE o.contact_id = m.contact_id AND o.user_id <> OLD.id));
    DELETE FROM contact_users WHERE user_id = OLD.id;
END;
DROP TRIGGER app_users_get_a_calendar;
DROP TRIGGER appointments_have_a_calendar_of_their_owner;
DROP TRIGGER appointments_keep_a_calendar_of_their_owner;
DROP TRIGGER appointments_get_a_calendar;
DROP TRIGGER appointments_go_to_the_default_calendar;
DROP TRIGGER appointments_change_the_calendar_with_the_owner;
DROP TRIGGER appointments_changed_the_calendar;
DROP TRIGGER calendars_with_appointments_stay;
DROP TRIGGER calendars_keep_their_owner;
DROP INDEX passerelle_pairs_one_calendar;
DROP INDEX appointments_calendar;
ALTER TABLE passerelle_pairs DROP COLUMN calendar_id;
ALTER TABLE appointments DROP COLUMN calendar_id;
DROP TABLE calendars;
