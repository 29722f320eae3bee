-- Who had lost a record before it was deleted is not told that it was deleted: the copy at their provider stays.
ALTER TABLE change_log ADD COLUMN home TEXT;

DROP TRIGGER appointments_deleted;
CREATE TRIGGER appointments_deleted AFTER DELETE ON appointments BEGIN
    DELETE FROM appointment_participants WHERE appointment_id = OLD.id;
    DELETE FROM appointment_alerts WHERE appointment_id = OLD.id;
    DELETE FROM appointment_rules WHERE appointment_id = OLD.id;
    DELETE FROM appointment_dates WHERE appointment_id = OLD.id;
    DELETE FROM appointment_overrides WHERE appointment_id = OLD.id;
    DELETE FROM appointment_categories WHERE appointment_id = OLD.id;
    INSERT INTO change_log (kind, item_id, user_id, deleted, home)
        SELECT 'appointment', OLD.id, user_id, TRUE, coalesce(OLD.calendar_id, '') FROM change_log
        WHERE kind = 'appointment' AND item_id = OLD.id;
END;

-- The rows with a user say who had lost sight of it by then.
DROP TRIGGER contacts_deleted;
CREATE TRIGGER contacts_deleted AFTER DELETE ON contacts BEGIN
    DELETE FROM contact_emails WHERE contact_id = OLD.id;
    DELETE FROM contact_phones WHERE contact_id = OLD.id;
    DELETE FROM contact_addresses WHERE contact_id = OLD.id;
    DELETE FROM contact_urls WHERE contact_id = OLD.id;
    DELETE FROM contact_ims WHERE contact_id = OLD.id;
    DELETE FROM contact_dates WHERE contact_id = OLD.id;
    DELETE FROM contact_relations WHERE contact_id = OLD.id;
    DELETE FROM contact_organizations WHERE contact_id = OLD.id;
    DELETE FROM contact_nicknames WHERE contact_id = OLD.id;
    DELETE FROM contact_custom_fields WHERE contact_id = OLD.id;
    DELETE FROM contact_group_members WHERE contact_id = OLD.id;
    DELETE FROM contact_users WHERE contact_id = OLD.id;
    DELETE FROM change_log WHERE kind = 'contact' AND item_id = OLD.id AND user_id = '';
    UPDATE change_log SET deleted = TRUE WHERE kind = 'contact' AND item_id = OLD.id;
    INSERT INTO change_log (kind, item_id, deleted) VALUES ('contact', OLD.id, TRUE);
END;
-- Made again under its id, it is seen by whom its rows name, whoever had lost it before.
CREATE TRIGGER contacts_begin_anew BEFORE INSERT ON contacts WHEN NEW.id IS NOT NULL BEGIN
    DELETE FROM change_log WHERE kind = 'contact' AND item_id = NEW.id AND user_id <> '' AND deleted;
END;
