-- `INSERT OR REPLACE` makes a row anew under its id. Where foreign keys are enforced, or triggers recursive, it takes
-- everything that belongs to the row with it, and no trigger of a deletion tells of that. What belongs to the row is
-- noted before, and is back in its place after: a row that is replaced keeps its parts, whatever the client's settings.

-- What belongs to rows that are about to be replaced. `kept`: it is back, and gives way when the program inserts the same
-- again, until the next run.
CREATE TABLE passerelle_parked (
    parent TEXT NOT NULL,
    part TEXT NOT NULL,
    item BIGINT NOT NULL,
    body TEXT NOT NULL,
    kept BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (parent, part, item)
);
CREATE INDEX passerelle_parked_kept ON passerelle_parked (kept);

-- Contacts, with who sees them: without those rows everybody would.
CREATE TRIGGER contacts_park_their_parts BEFORE INSERT ON contacts
WHEN EXISTS (SELECT 1 FROM contacts WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.id)
BEGIN
    DELETE FROM passerelle_parked WHERE parent = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT id, 'contacts', number, json_object('leftovers', leftovers, 'uid', uid)
    FROM contacts WHERE id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT contact_id, 'contact_emails', id, json_object('address', address, 'label', label, 'preferred', preferred, 'ordinal', ordinal, 'repetition', repetition)
    FROM contact_emails WHERE contact_id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT contact_id, 'contact_phones', id, json_object('number', number, 'label', label, 'preferred', preferred, 'ordinal', ordinal, 'repetition', repetition)
    FROM contact_phones WHERE contact_id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT contact_id, 'contact_addresses', id, json_object('label', label, 'street', street, 'extended', extended, 'po_box', po_box, 'postcode', postcode, 'city', city, 'region', region, 'country', country, 'country_code', country_code, 'preferred', preferred, 'ordinal', ordinal, 'repetition', repetition)
    FROM contact_addresses WHERE contact_id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT contact_id, 'contact_urls', id, json_object('label', label, 'url', url, 'ordinal', ordinal, 'repetition', repetition)
    FROM contact_urls WHERE contact_id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT contact_id, 'contact_ims', id, json_object('service', service, 'handle', handle, 'label', label, 'ordinal', ordinal, 'repetition', repetition)
    FROM contact_ims WHERE contact_id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT contact_id, 'contact_dates', id, json_object('label', label, 'date', date, 'ordinal', ordinal, 'repetition', repetition)
    FROM contact_dates WHERE contact_id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT contact_id, 'contact_relations', id, json_object('relation', relation, 'name', name, 'ordinal', ordinal, 'repetition', repetition)
    FROM contact_relations WHERE contact_id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT contact_id, 'contact_organizations', id, json_object('name', name, 'title', title, 'department', department, 'ordinal', ordinal, 'repetition', repetition)
    FROM contact_organizations WHERE contact_id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT contact_id, 'contact_nicknames', id, json_object('nickname', nickname, 'ordinal', ordinal, 'repetition', repetition)
    FROM contact_nicknames WHERE contact_id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT contact_id, 'contact_custom_fields', id, json_object('name', name, 'value', value, 'ordinal', ordinal, 'repetition', repetition)
    FROM contact_custom_fields WHERE contact_id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT contact_id, 'contact_group_members', id, json_object('group_id', group_id, 'ordinal', ordinal)
    FROM contact_group_members WHERE contact_id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT contact_id, 'contact_users', rowid, json_object('user_id', user_id)
    FROM contact_users WHERE contact_id = NEW.id;
END;

CREATE TRIGGER contacts_keep_their_parts AFTER INSERT ON contacts
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.id AND part = 'contacts')
BEGIN
    -- No name of an occurrence moves, and nothing gives way, while the parts come back.
    INSERT INTO passerelle_settings (name, value) VALUES ('series.written', '1'), ('parts.back', '1');
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'contact_emails'
        AND NOT EXISTS (SELECT 1 FROM contact_emails there WHERE there.id = item);
    INSERT INTO contact_emails (id, contact_id, address, label, preferred, ordinal, repetition)
    SELECT item, parent, json_extract(body, '$.address'), json_extract(body, '$.label'), json_extract(body, '$.preferred'), json_extract(body, '$.ordinal'), json_extract(body, '$.repetition')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'contact_emails' AND kept ORDER BY item;
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'contact_phones'
        AND NOT EXISTS (SELECT 1 FROM contact_phones there WHERE there.id = item);
    INSERT INTO contact_phones (id, contact_id, number, label, preferred, ordinal, repetition)
    SELECT item, parent, json_extract(body, '$.number'), json_extract(body, '$.label'), json_extract(body, '$.preferred'), json_extract(body, '$.ordinal'), json_extract(body, '$.repetition')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'contact_phones' AND kept ORDER BY item;
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'contact_addresses'
        AND NOT EXISTS (SELECT 1 FROM contact_addresses there WHERE there.id = item);
    INSERT INTO contact_addresses (id, contact_id, label, street, extended, po_box, postcode, city, region, country, country_code, preferred, ordinal, repetition)
    SELECT item, parent, json_extract(body, '$.label'), json_extract(body, '$.street'), json_extract(body, '$.extended'), json_extract(body, '$.po_box'), json_extract(body, '$.postcode'), json_extract(body, '$.city'), json_extract(body, '$.region'), json_extract(body, '$.country'), json_extract(body, '$.country_code'), json_extract(body, '$.preferred'), json_extract(body, '$.ordinal'), json_extract(body, '$.repetition')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'contact_addresses' AND kept ORDER BY item;
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'contact_urls'
        AND NOT EXISTS (SELECT 1 FROM contact_urls there WHERE there.id = item);
    INSERT INTO contact_urls (id, contact_id, label, url, ordinal, repetition)
    SELECT item, parent, json_extract(body, '$.label'), json_extract(body, '$.url'), json_extract(body, '$.ordinal'), json_extract(body, '$.repetition')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'contact_urls' AND kept ORDER BY item;
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'contact_ims'
        AND NOT EXISTS (SELECT 1 FROM contact_ims there WHERE there.id = item);
    INSERT INTO contact_ims (id, contact_id, service, handle, label, ordinal, repetition)
    SELECT item, parent, json_extract(body, '$.service'), json_extract(body, '$.handle'), json_extract(body, '$.label'), json_extract(body, '$.ordinal'), json_extract(body, '$.repetition')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'contact_ims' AND kept ORDER BY item;
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'contact_dates'
        AND NOT EXISTS (SELECT 1 FROM contact_dates there WHERE there.id = item);
    INSERT INTO contact_dates (id, contact_id, label, date, ordinal, repetition)
    SELECT item, parent, json_extract(body, '$.label'), json_extract(body, '$.date'), json_extract(body, '$.ordinal'), json_extract(body, '$.repetition')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'contact_dates' AND kept ORDER BY item;
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'contact_relations'
        AND NOT EXISTS (SELECT 1 FROM contact_relations there WHERE there.id = item);
    INSERT INTO contact_relations (id, contact_id, relation, name, ordinal, repetition)
    SELECT item, parent, json_extract(body, '$.relation'), json_extract(body, '$.name'), json_extract(body, '$.ordinal'), json_extract(body, '$.repetition')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'contact_relations' AND kept ORDER BY item;
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'contact_organizations'
        AND NOT EXISTS (SELECT 1 FROM contact_organizations there WHERE there.id = item);
    INSERT INTO contact_organizations (id, contact_id, name, title, department, ordinal, repetition)
    SELECT item, parent, json_extract(body, '$.name'), json_extract(body, '$.title'), json_extract(body, '$.department'), json_extract(body, '$.ordinal'), json_extract(body, '$.repetition')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'contact_organizations' AND kept ORDER BY item;
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'contact_nicknames'
        AND NOT EXISTS (SELECT 1 FROM contact_nicknames there WHERE there.id = item);
    INSERT INTO contact_nicknames (id, contact_id, nickname, ordinal, repetition)
    SELECT item, parent, json_extract(body, '$.nickname'), json_extract(body, '$.ordinal'), json_extract(body, '$.repetition')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'contact_nicknames' AND kept ORDER BY item;
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'contact_custom_fields'
        AND NOT EXISTS (SELECT 1 FROM contact_custom_fields there WHERE there.id = item);
    INSERT INTO contact_custom_fields (id, contact_id, name, value, ordinal, repetition)
    SELECT item, parent, json_extract(body, '$.name'), json_extract(body, '$.value'), json_extract(body, '$.ordinal'), json_extract(body, '$.repetition')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'contact_custom_fields' AND kept ORDER BY item;
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'contact_group_members'
        AND NOT EXISTS (SELECT 1 FROM contact_group_members there WHERE there.id = item);
    INSERT INTO contact_group_members (id, contact_id, group_id, ordinal)
    SELECT item, parent, json_extract(body, '$.group_id'), json_extract(body, '$.ordinal')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'contact_group_members' AND kept ORDER BY item;
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'contact_users'
        AND NOT EXISTS (SELECT 1 FROM contact_users u WHERE u.contact_id = parent AND u.user_id = json_extract(body, '$.user_id'));
    INSERT INTO contact_users (contact_id, user_id)
    SELECT parent, json_extract(body, '$.user_id')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'contact_users' AND kept ORDER BY item;
    DELETE FROM passerelle_settings WHERE name IN ('series.written', 'parts.back');
    -- What no other program ever writes.
    UPDATE contacts SET leftovers = (
            SELECT json_extract(body, '$.leftovers') FROM passerelle_parked WHERE parent = NEW.id AND part = 'contacts')
        WHERE id = NEW.id AND leftovers IS NULL;
    UPDATE contacts SET uid = (
            SELECT json_extract(body, '$.uid') FROM passerelle_parked WHERE parent = NEW.id AND part = 'contacts')
        WHERE id = NEW.id AND uid = '';
END;

CREATE TRIGGER contact_emails_give_way BEFORE INSERT ON contact_emails
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_emails' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM contact_emails WHERE contact_id = NEW.contact_id AND (id = NEW.id OR lower(trim(address)) = lower(trim(NEW.address)))
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_emails' AND kept);
END;

CREATE TRIGGER contact_phones_give_way BEFORE INSERT ON contact_phones
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_phones' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM contact_phones WHERE contact_id = NEW.contact_id AND (id = NEW.id OR replace(replace(replace(number, ' ', ''), '.', ''), '-', '') = replace(replace(replace(NEW.number, ' ', ''), '.', ''), '-', ''))
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_phones' AND kept);
END;

CREATE TRIGGER contact_addresses_give_way BEFORE INSERT ON contact_addresses
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_addresses' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM contact_addresses WHERE contact_id = NEW.contact_id AND (id = NEW.id OR (street, postcode, city) = (NEW.street, NEW.postcode, NEW.city))
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_addresses' AND kept);
END;

CREATE TRIGGER contact_urls_give_way BEFORE INSERT ON contact_urls
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_urls' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM contact_urls WHERE contact_id = NEW.contact_id AND (id = NEW.id OR url = NEW.url)
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_urls' AND kept);
END;

CREATE TRIGGER contact_ims_give_way BEFORE INSERT ON contact_ims
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_ims' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM contact_ims WHERE contact_id = NEW.contact_id AND (id = NEW.id OR (service, handle) = (NEW.service, NEW.handle))
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_ims' AND kept);
END;

CREATE TRIGGER contact_dates_give_way BEFORE INSERT ON contact_dates
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_dates' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM contact_dates WHERE contact_id = NEW.contact_id AND (id = NEW.id OR (label, date) = (NEW.label, NEW.date))
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_dates' AND kept);
END;

CREATE TRIGGER contact_relations_give_way BEFORE INSERT ON contact_relations
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_relations' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM contact_relations WHERE contact_id = NEW.contact_id AND (id = NEW.id OR (relation, name) = (NEW.relation, NEW.name))
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_relations' AND kept);
END;

CREATE TRIGGER contact_organizations_give_way BEFORE INSERT ON contact_organizations
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_organizations' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM contact_organizations WHERE contact_id = NEW.contact_id AND (id = NEW.id OR (name, title) = (NEW.name, NEW.title))
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_organizations' AND kept);
END;

CREATE TRIGGER contact_nicknames_give_way BEFORE INSERT ON contact_nicknames
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_nicknames' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM contact_nicknames WHERE contact_id = NEW.contact_id AND (id = NEW.id OR nickname = NEW.nickname)
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_nicknames' AND kept);
END;

CREATE TRIGGER contact_custom_fields_give_way BEFORE INSERT ON contact_custom_fields
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_custom_fields' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM contact_custom_fields WHERE contact_id = NEW.contact_id AND (id = NEW.id OR (name, value) = (NEW.name, NEW.value))
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_custom_fields' AND kept);
END;

CREATE TRIGGER contact_group_members_give_way BEFORE INSERT ON contact_group_members
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_group_members' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM contact_group_members WHERE contact_id = NEW.contact_id AND (id = NEW.id OR group_id = NEW.group_id)
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_group_members' AND kept);
END;

CREATE TRIGGER contact_users_give_way BEFORE INSERT ON contact_users
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_users' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM contact_users WHERE contact_id = NEW.contact_id AND user_id = NEW.user_id
        AND user_id IN (SELECT json_extract(body, '$.user_id') FROM passerelle_parked WHERE parent = NEW.contact_id AND part = 'contact_users' AND kept);
END;

-- Appointments.
CREATE TRIGGER appointments_park_their_parts BEFORE INSERT ON appointments
WHEN EXISTS (SELECT 1 FROM appointments WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.id)
BEGIN
    DELETE FROM passerelle_parked WHERE parent = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT id, 'appointments', number, json_object('leftovers', leftovers, 'uid', uid, 'calendar_id', calendar_id)
    FROM appointments WHERE id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT appointment_id, 'appointment_rules', id, json_object('excludes', excludes, 'rule', rule)
    FROM appointment_rules WHERE appointment_id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT appointment_id, 'appointment_dates', id, json_object('date', date)
    FROM appointment_dates WHERE appointment_id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT appointment_id, 'appointment_overrides', id, json_object('occurrence', occurrence, 'cancelled', cancelled, 'title', title, 'description', description, 'location', location, 'start_kind', start_kind, 'start_local', start_local, 'start_zone', start_zone, 'duration_days', duration_days, 'duration_seconds', duration_seconds, 'status', status, 'free_busy', free_busy, 'color', color, 'own_participants', own_participants, 'own_alerts', own_alerts, 'privacy', privacy, 'url', url, 'conference_url', conference_url, 'categories', categories, 'use_default_alerts', use_default_alerts)
    FROM appointment_overrides WHERE appointment_id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT appointment_id, 'appointment_participants', id, json_object('occurrence', occurrence, 'email', email, 'name', name, 'role', role, 'participation_status', participation_status, 'resource', resource, 'organizer', organizer, 'comment', comment)
    FROM appointment_participants WHERE appointment_id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT appointment_id, 'appointment_alerts', id, json_object('occurrence', occurrence, 'action', action, 'minutes_before', minutes_before)
    FROM appointment_alerts WHERE appointment_id = NEW.id;
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT appointment_id, 'appointment_categories', id, json_object('category', category)
    FROM appointment_categories WHERE appointment_id = NEW.id;
END;

CREATE TRIGGER appointments_keep_their_parts AFTER INSERT ON appointments
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.id AND part = 'appointments')
BEGIN
    -- No name of an occurrence moves, and nothing gives way, while the parts come back.
    INSERT INTO passerelle_settings (name, value) VALUES ('series.written', '1'), ('parts.back', '1');
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'appointment_rules'
        AND NOT EXISTS (SELECT 1 FROM appointment_rules there WHERE there.id = item);
    INSERT INTO appointment_rules (id, appointment_id, excludes, rule)
    SELECT item, parent, json_extract(body, '$.excludes'), json_extract(body, '$.rule')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'appointment_rules' AND kept ORDER BY item;
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'appointment_dates'
        AND NOT EXISTS (SELECT 1 FROM appointment_dates there WHERE there.id = item);
    INSERT INTO appointment_dates (id, appointment_id, date)
    SELECT item, parent, json_extract(body, '$.date')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'appointment_dates' AND kept ORDER BY item;
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'appointment_overrides'
        AND NOT EXISTS (SELECT 1 FROM appointment_overrides there WHERE there.id = item);
    INSERT INTO appointment_overrides (id, appointment_id, occurrence, cancelled, title, description, location, start_kind, start_local, start_zone, duration_days, duration_seconds, status, free_busy, color, own_participants, own_alerts, privacy, url, conference_url, categories, use_default_alerts)
    SELECT item, parent, json_extract(body, '$.occurrence'), json_extract(body, '$.cancelled'), json_extract(body, '$.title'), json_extract(body, '$.description'), json_extract(body, '$.location'), json_extract(body, '$.start_kind'), json_extract(body, '$.start_local'), json_extract(body, '$.start_zone'), json_extract(body, '$.duration_days'), json_extract(body, '$.duration_seconds'), json_extract(body, '$.status'), json_extract(body, '$.free_busy'), json_extract(body, '$.color'), json_extract(body, '$.own_participants'), json_extract(body, '$.own_alerts'), json_extract(body, '$.privacy'), json_extract(body, '$.url'), json_extract(body, '$.conference_url'), json_extract(body, '$.categories'), json_extract(body, '$.use_default_alerts')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'appointment_overrides' AND kept ORDER BY item;
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'appointment_participants'
        AND NOT EXISTS (SELECT 1 FROM appointment_participants there WHERE there.id = item);
    INSERT INTO appointment_participants (id, appointment_id, occurrence, email, name, role, participation_status, resource, organizer, comment)
    SELECT item, parent, json_extract(body, '$.occurrence'), json_extract(body, '$.email'), json_extract(body, '$.name'), json_extract(body, '$.role'), json_extract(body, '$.participation_status'), json_extract(body, '$.resource'), json_extract(body, '$.organizer'), json_extract(body, '$.comment')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'appointment_participants' AND kept ORDER BY item;
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'appointment_alerts'
        AND NOT EXISTS (SELECT 1 FROM appointment_alerts there WHERE there.id = item);
    INSERT INTO appointment_alerts (id, appointment_id, occurrence, action, minutes_before)
    SELECT item, parent, json_extract(body, '$.occurrence'), json_extract(body, '$.action'), json_extract(body, '$.minutes_before')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'appointment_alerts' AND kept ORDER BY item;
    UPDATE passerelle_parked SET kept = TRUE WHERE parent = NEW.id AND part = 'appointment_categories'
        AND NOT EXISTS (SELECT 1 FROM appointment_categories there WHERE there.id = item);
    INSERT INTO appointment_categories (id, appointment_id, category)
    SELECT item, parent, json_extract(body, '$.category')
    FROM passerelle_parked WHERE parent = NEW.id AND part = 'appointment_categories' AND kept ORDER BY item;
    DELETE FROM passerelle_settings WHERE name IN ('series.written', 'parts.back');
    -- What no other program ever writes.
    UPDATE appointments SET leftovers = (
            SELECT json_extract(body, '$.leftovers') FROM passerelle_parked WHERE parent = NEW.id AND part = 'appointments')
        WHERE id = NEW.id AND leftovers IS NULL;
    UPDATE appointments SET uid = (
            SELECT json_extract(body, '$.uid') FROM passerelle_parked WHERE parent = NEW.id AND part = 'appointments')
        WHERE id = NEW.id AND uid = '';
END;

CREATE TRIGGER appointment_rules_give_way BEFORE INSERT ON appointment_rules
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.appointment_id AND part = 'appointment_rules' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM appointment_rules WHERE appointment_id = NEW.appointment_id AND (id = NEW.id OR excludes = NEW.excludes)
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.appointment_id AND part = 'appointment_rules' AND kept);
END;

CREATE TRIGGER appointment_dates_give_way BEFORE INSERT ON appointment_dates
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.appointment_id AND part = 'appointment_dates' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM appointment_dates WHERE appointment_id = NEW.appointment_id AND (id = NEW.id OR date = NEW.date)
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.appointment_id AND part = 'appointment_dates' AND kept);
END;

CREATE TRIGGER appointment_overrides_give_way BEFORE INSERT ON appointment_overrides
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.appointment_id AND part = 'appointment_overrides' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM appointment_overrides WHERE appointment_id = NEW.appointment_id AND (id = NEW.id OR length(occurrence) > 10 = (length(NEW.occurrence) > 10) AND datetime(occurrence) = datetime(NEW.occurrence))
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.appointment_id AND part = 'appointment_overrides' AND kept);
END;

CREATE TRIGGER appointment_participants_give_way BEFORE INSERT ON appointment_participants
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.appointment_id AND part = 'appointment_participants' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM appointment_participants WHERE appointment_id = NEW.appointment_id AND (id = NEW.id OR occurrence = NEW.occurrence AND lower(email) = lower(NEW.email))
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.appointment_id AND part = 'appointment_participants' AND kept);
END;

CREATE TRIGGER appointment_alerts_give_way BEFORE INSERT ON appointment_alerts
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.appointment_id AND part = 'appointment_alerts' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM appointment_alerts WHERE appointment_id = NEW.appointment_id AND (id = NEW.id OR (occurrence, action, minutes_before) = (NEW.occurrence, NEW.action, NEW.minutes_before))
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.appointment_id AND part = 'appointment_alerts' AND kept);
END;

CREATE TRIGGER appointment_categories_give_way BEFORE INSERT ON appointment_categories
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE parent = NEW.appointment_id AND part = 'appointment_categories' AND kept)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM appointment_categories WHERE appointment_id = NEW.appointment_id AND (id = NEW.id OR category = NEW.category)
        AND id IN (SELECT item FROM passerelle_parked WHERE parent = NEW.appointment_id AND part = 'appointment_categories' AND kept);
END;

-- Left out, the home of an appointment is where it was, or the owner's default calendar.
DROP TRIGGER appointments_get_a_calendar;
CREATE TRIGGER appointments_get_a_calendar AFTER INSERT ON appointments WHEN NEW.calendar_id IS NULL BEGIN
    UPDATE appointments
        SET calendar_id = coalesce(
            (SELECT c.id FROM calendars c JOIN passerelle_parked p ON c.id = json_extract(p.body, '$.calendar_id')
                WHERE p.parent = NEW.id AND p.part = 'appointments' AND c.owner_id = NEW.owner_id),
            (SELECT id FROM calendars WHERE owner_id = NEW.owner_id AND is_default))
        WHERE id = NEW.id;
END;

-- A group that is replaced, under its id or under its name, keeps its members.
CREATE TRIGGER contact_groups_park_their_members BEFORE INSERT ON contact_groups BEGIN
    DELETE FROM passerelle_parked WHERE part = 'contact_groups';
    INSERT INTO passerelle_parked (parent, part, item, body)
    SELECT m.contact_id, 'contact_groups', m.id, json_object('ordinal', m.ordinal)
    FROM contact_group_members m JOIN contact_groups g ON g.id = m.group_id WHERE g.id = NEW.id OR g.name = NEW.name;
END;
CREATE TRIGGER contact_groups_keep_their_members AFTER INSERT ON contact_groups
WHEN EXISTS (SELECT 1 FROM passerelle_parked WHERE part = 'contact_groups')
BEGIN
    UPDATE contact_group_members SET group_id = NEW.id
        WHERE group_id <> NEW.id AND id IN (SELECT item FROM passerelle_parked WHERE part = 'contact_groups');
    INSERT INTO contact_group_members (id, contact_id, group_id, ordinal)
    SELECT item, parent, NEW.id, json_extract(body, '$.ordinal')
    FROM passerelle_parked WHERE part = 'contact_groups'
        AND NOT EXISTS (SELECT 1 FROM contact_group_members there
            WHERE there.contact_id = parent AND there.group_id = NEW.id);
    DELETE FROM passerelle_parked WHERE part = 'contact_groups';
END;
