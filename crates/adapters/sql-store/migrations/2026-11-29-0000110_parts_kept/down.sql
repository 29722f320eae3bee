DROP TRIGGER contact_emails_give_way;
DROP TRIGGER contact_phones_give_way;
DROP TRIGGER contact_addresses_give_way;
DROP TRIGGER contact_urls_give_way;
DROP TRIGGER contact_ims_give_way;
DROP TRIGGER contact_dates_give_way;
DROP TRIGGER contact_relations_give_way;
DROP TRIGGER contact_organizations_give_way;
DROP TRIGGER contact_nicknames_give_way;
DROP TRIGGER contact_custom_fields_give_way;
DROP TRIGGER contact_group_members_give_way;
DROP TRIGGER contact_users_give_way;
DROP TRIGGER contacts_keep_their_parts;
DROP TRIGGER contacts_park_their_parts;
DROP TRIGGER appointment_rules_give_way;
DROP TRIGGER appointment_dates_give_way;
DROP TRIGGER appointment_overrides_give_way;
DROP TRIGGER appointment_participants_give_way;
DROP TRIGGER appointment_alerts_give_way;
DROP TRIGGER appointment_categories_give_way;
DROP TRIGGER appointments_keep_their_parts;
DROP TRIGGER appointments_park_their_parts;
DROP TRIGGER contact_groups_keep_their_members;
DROP TRIGGER contact_groups_park_their_members;
DROP TRIGGER appointments_get_a_calendar;
CREATE TRIGGER appointments_get_a_calendar AFTER INSERT ON appointments WHEN NEW.calendar_id IS NULL BEGIN
    UPDATE appointments
        SET calendar_id = (SELECT id FROM calendars WHERE owner_id = NEW.owner_id AND is_default)
        WHERE id = NEW.id;
END;
DROP TABLE passerelle_parked;
