DROP TRIGGER contacts_begin_anew;
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
    DELETE FROM change_log WHERE kind = 'contact' AND item_id = OLD.id;
    INSERT INTO change_log (kind, item_id, deleted) VALUES ('contact', OLD.id, TRUE);
END;
DROP TRIGGER appointments_deleted;
CREATE TRIGGER appointments_deleted AFTER DELETE ON appointments BEGIN
    DELETE FROM appointment_participants WHERE appointment_id = OLD.id;
    DELETE FROM appointment_alerts WHERE appointment_id = OLD.id;
    DELETE FROM appointment_rules WHERE appointment_id = OLD.id;
    DELETE FROM appointment_dates WHERE appointment_id = OLD.id;
    DELETE FROM appointment_overrides WHERE appointment_id = OLD.id;
    DELETE FROM appointment_categories WHERE appointment_id = OLD.id;
    INSERT INTO change_log (kind, item_id, user_id, deleted)
        SELECT 'appointment', OLD.id, user_id, TRUE FROM change_log
        WHERE kind = 'appointment' AND item_id = OLD.id;
END;
DELETE FROM change_log WHERE kind = 'contact' AND user_id <> '' AND deleted;
ALTER TABLE change_log DROP COLUMN home;
