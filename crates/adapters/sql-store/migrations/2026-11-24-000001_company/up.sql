-- The company's tables: contacts, appointments, app users. docs/schema.md explains them.
-- Any program may read and write them with plain SQL; triggers record what changed.

CREATE TABLE app_users (
    id         TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(16))))
               CONSTRAINT "an app user needs an id" CHECK (trim(id) <> ''),
    name       TEXT NOT NULL DEFAULT '',
    email      TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
);

-- The names of the IANA time zones; filled when the database is opened.
CREATE TABLE time_zones (
    name TEXT NOT NULL PRIMARY KEY
);

-- One row per changed item, always its newest change; seq only grows.
CREATE TABLE change_log (
    seq     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind    TEXT NOT NULL CHECK (kind IN ('contact', 'appointment')),
    item_id TEXT NOT NULL,
    user_id TEXT NOT NULL DEFAULT '',
    deleted BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE UNIQUE INDEX change_log_item ON change_log (kind, item_id, user_id);
CREATE INDEX change_log_reader ON change_log (kind, user_id, seq);

-- The highest contact number that a listing has shown to an app user.
CREATE TABLE passerelle_served (
    user_id TEXT NOT NULL PRIMARY KEY,
    number  BIGINT NOT NULL
);

CREATE TABLE contacts (
    number               INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id                   TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
                         CONSTRAINT "a contact needs an id" CHECK (trim(id) <> ''),
    uid                  TEXT NOT NULL DEFAULT '',
    name_prefix          TEXT NOT NULL DEFAULT '',
    given_name           TEXT NOT NULL DEFAULT '',
    middle_name          TEXT NOT NULL DEFAULT '',
    name_particle        TEXT NOT NULL DEFAULT '',
    surname              TEXT NOT NULL DEFAULT '',
    name_suffix          TEXT NOT NULL DEFAULT '',
    phonetic_given_name  TEXT NOT NULL DEFAULT '',
    phonetic_surname     TEXT NOT NULL DEFAULT '',
    full_name            TEXT NOT NULL DEFAULT '',
    organization         TEXT NOT NULL DEFAULT '',
    job_title            TEXT NOT NULL DEFAULT '',
    department           TEXT NOT NULL DEFAULT '',
    birthday             TEXT NOT NULL DEFAULT '',
    anniversary          TEXT NOT NULL DEFAULT '',
    notes                TEXT NOT NULL DEFAULT '',
    photo                TEXT NOT NULL DEFAULT '',
    private              BOOLEAN NOT NULL DEFAULT FALSE,
    leftovers            TEXT,
    version              BIGINT NOT NULL DEFAULT 0,
    created_at           TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    updated_at           TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    CONSTRAINT "a birthday is written 1980-03-31, --03-31, 1980-03 or 1980" CHECK (
        birthday = ''
        OR (birthday GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]' AND date(birthday, '+0 days') = birthday AND birthday >= '0001')
        OR (birthday GLOB '--[0-1][0-9]-[0-3][0-9]' AND date('2000' || substr(birthday, 2), '+0 days') = '2000' || substr(birthday, 2))
        OR (birthday GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]' AND date(birthday || '-01') = birthday || '-01' AND birthday >= '0001')
        OR (birthday GLOB '[0-9][0-9][0-9][0-9]' AND birthday >= '0001')
    ),
    CONSTRAINT "an anniversary is written 2005-06-18, --06-18, 2005-06 or 2005" CHECK (
        anniversary = ''
        OR (anniversary GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]' AND date(anniversary, '+0 days') = anniversary AND anniversary >= '0001')
        OR (anniversary GLOB '--[0-1][0-9]-[0-3][0-9]' AND date('2000' || substr(anniversary, 2), '+0 days') = '2000' || substr(anniversary, 2))
        OR (anniversary GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]' AND date(anniversary || '-01') = anniversary || '-01' AND anniversary >= '0001')
        OR (anniversary GLOB '[0-9][0-9][0-9][0-9]' AND anniversary >= '0001')
    ),
    CONSTRAINT "private is 0 or 1" CHECK (private IN (0, 1)),
    CONSTRAINT "leftovers is JSON or NULL" CHECK (leftovers IS NULL OR json_valid(leftovers))
);
CREATE INDEX contacts_uid ON contacts (uid);
CREATE INDEX contacts_name ON contacts (surname, given_name);

CREATE TABLE contact_emails (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    address TEXT NOT NULL
            CONSTRAINT "an e-mail address is not empty" CHECK (trim(address) <> ''),
    label TEXT NOT NULL DEFAULT '',
    preferred BOOLEAN NOT NULL DEFAULT FALSE CONSTRAINT "preferred is 0 or 1" CHECK (preferred IN (0, 1)),
    ordinal BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX contact_emails_contact_id ON contact_emails (contact_id);
CREATE TABLE contact_phones (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    number TEXT NOT NULL
            CONSTRAINT "a phone number is not empty" CHECK (trim(number) <> ''),
    label TEXT NOT NULL DEFAULT '',
    preferred BOOLEAN NOT NULL DEFAULT FALSE CONSTRAINT "preferred is 0 or 1" CHECK (preferred IN (0, 1)),
    ordinal BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX contact_phones_contact_id ON contact_phones (contact_id);
CREATE TABLE contact_addresses (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    label TEXT NOT NULL DEFAULT '',
    street TEXT NOT NULL DEFAULT '',
    extended TEXT NOT NULL DEFAULT '',
    po_box TEXT NOT NULL DEFAULT '',
    postcode TEXT NOT NULL DEFAULT '',
    city TEXT NOT NULL DEFAULT '',
    region TEXT NOT NULL DEFAULT '',
    country TEXT NOT NULL DEFAULT '',
    country_code TEXT NOT NULL DEFAULT ''
            CONSTRAINT "a country code has two letters" CHECK (country_code = '' OR country_code GLOB '[A-Za-z][A-Za-z]'),
    preferred BOOLEAN NOT NULL DEFAULT FALSE CONSTRAINT "preferred is 0 or 1" CHECK (preferred IN (0, 1)),
    ordinal BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX contact_addresses_contact_id ON contact_addresses (contact_id);
CREATE TABLE contact_urls (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    label TEXT NOT NULL DEFAULT '',
    url TEXT NOT NULL,
    ordinal BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX contact_urls_contact_id ON contact_urls (contact_id);
CREATE TABLE contact_ims (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    service TEXT NOT NULL DEFAULT '',
    handle TEXT NOT NULL,
    label TEXT NOT NULL DEFAULT '',
    ordinal BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX contact_ims_contact_id ON contact_ims (contact_id);
CREATE TABLE contact_dates (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    label TEXT NOT NULL DEFAULT '',
    date TEXT NOT NULL
            CONSTRAINT "a date is written 2005-06-18, --06-18, 2005-06 or 2005" CHECK (
        date = ''
        OR (date GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]' AND date(date, '+0 days') = date AND date >= '0001')
        OR (date GLOB '--[0-1][0-9]-[0-3][0-9]' AND date('2000' || substr(date, 2), '+0 days') = '2000' || substr(date, 2))
        OR (date GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]' AND date(date || '-01') = date || '-01' AND date >= '0001')
        OR (date GLOB '[0-9][0-9][0-9][0-9]' AND date >= '0001')
            ),
    ordinal BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX contact_dates_contact_id ON contact_dates (contact_id);
CREATE TABLE contact_relations (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    relation TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL,
    ordinal BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX contact_relations_contact_id ON contact_relations (contact_id);
CREATE TABLE contact_organizations (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    name TEXT NOT NULL DEFAULT '',
    title TEXT NOT NULL DEFAULT '',
    department TEXT NOT NULL DEFAULT '',
    ordinal BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX contact_organizations_contact_id ON contact_organizations (contact_id);
CREATE TABLE contact_nicknames (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    nickname TEXT NOT NULL,
    ordinal BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX contact_nicknames_contact_id ON contact_nicknames (contact_id);
CREATE TABLE contact_custom_fields (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    name TEXT NOT NULL DEFAULT '',
    value TEXT NOT NULL DEFAULT '',
    ordinal BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX contact_custom_fields_contact_id ON contact_custom_fields (contact_id);

CREATE TABLE contact_groups (
    id   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
         CONSTRAINT "a group needs a name" CHECK (trim(name) <> '')
);

CREATE TABLE contact_group_members (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    group_id BIGINT NOT NULL REFERENCES contact_groups (id) ON DELETE CASCADE,
    ordinal BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX contact_group_members_contact_id ON contact_group_members (contact_id);
CREATE UNIQUE INDEX contact_group_members_once ON contact_group_members (contact_id, group_id);
CREATE INDEX contact_group_members_group ON contact_group_members (group_id);

-- Who sees a contact. A contact without a row here is seen by every app user.
CREATE TABLE contact_users (
    contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    user_id    TEXT NOT NULL REFERENCES app_users (id),
    PRIMARY KEY (contact_id, user_id)
);
CREATE INDEX contact_users_user ON contact_users (user_id, contact_id);

CREATE TABLE appointments (
    number             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id                 TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16))))
                       CONSTRAINT "an appointment needs an id" CHECK (trim(id) <> ''),
    owner_id           TEXT NOT NULL REFERENCES app_users (id),
    uid                TEXT NOT NULL DEFAULT '',
    title              TEXT NOT NULL DEFAULT '',
    description        TEXT NOT NULL DEFAULT '',
    location           TEXT NOT NULL DEFAULT '',
    start_kind         TEXT NOT NULL DEFAULT 'zoned'
                       CONSTRAINT "start_kind is date, zoned or floating" CHECK (start_kind IN ('date', 'zoned', 'floating')),
    start_local        TEXT NOT NULL,
    start_zone         TEXT REFERENCES time_zones (name),
    duration_days      BIGINT NOT NULL DEFAULT 0,
    duration_seconds   BIGINT NOT NULL DEFAULT 0,
    use_default_alerts BOOLEAN NOT NULL DEFAULT FALSE,
    privacy            TEXT NOT NULL DEFAULT 'default'
                       CONSTRAINT "privacy is default, public, private or confidential"
                       CHECK (privacy IN ('default', 'public', 'private', 'confidential')),
    free_busy          TEXT NOT NULL DEFAULT 'busy'
                       CONSTRAINT "free_busy is busy or free" CHECK (free_busy IN ('busy', 'free')),
    status             TEXT NOT NULL DEFAULT 'confirmed'
                       CONSTRAINT "status is confirmed, tentative or cancelled"
                       CHECK (status IN ('confirmed', 'tentative', 'cancelled')),
    color              TEXT NOT NULL DEFAULT '',
    url                TEXT NOT NULL DEFAULT '',
    conference_url     TEXT NOT NULL DEFAULT '',
    leftovers          TEXT,
    version            BIGINT NOT NULL DEFAULT 0,
    created_at         TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    updated_at         TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    CONSTRAINT "start_local is a day that exists (2026-11-23), or a day and a time (2026-11-23 09:00:00)" CHECK (
        CASE start_kind WHEN 'date' THEN start_local GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]' AND date(start_local, '+0 days') = start_local
        ELSE coalesce(datetime(start_local, '+0 days') IN (replace(start_local, 'T', ' '), replace(start_local, 'T', ' ') || ':00'), 0) END
    ),
    CONSTRAINT "start_zone is given when start_kind is zoned, and only then" CHECK (
        (start_kind = 'zoned') = (start_zone IS NOT NULL)
    ),
    CONSTRAINT "an appointment cannot end before it starts" CHECK (
        duration_days BETWEEN 0 AND 4294967295 AND duration_seconds BETWEEN 0 AND 4294967295
    ),
    CONSTRAINT "an appointment of whole days lasts whole days: use duration_days" CHECK (
        start_kind <> 'date' OR duration_seconds = 0
    ),
    CONSTRAINT "use_default_alerts is 0 or 1" CHECK (use_default_alerts IN (0, 1)),
    CONSTRAINT "leftovers is JSON or NULL" CHECK (leftovers IS NULL OR json_valid(leftovers))
);
CREATE INDEX appointments_owner ON appointments (owner_id, number);
CREATE INDEX appointments_start ON appointments (owner_id, start_local);
CREATE INDEX appointments_uid ON appointments (owner_id, uid);

CREATE TABLE appointment_participants (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    appointment_id TEXT NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    occurrence TEXT NOT NULL DEFAULT ''
            CONSTRAINT "occurrence is empty, a day or a day and a time" CHECK (occurrence = '' OR (occurrence GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]' AND date(occurrence, '+0 days') = occurrence) OR coalesce(datetime(occurrence, '+0 days') IN (replace(occurrence, 'T', ' '), replace(occurrence, 'T', ' ') || ':00'), 0)),
    email TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    role TEXT NOT NULL DEFAULT 'required'
            CONSTRAINT "role is required, optional, informational or chair"
            CHECK (role IN ('required', 'optional', 'informational', 'chair')),
    participation_status TEXT NOT NULL DEFAULT 'needs_action'
            CONSTRAINT "participation_status is needs_action, accepted, declined or tentative"
            CHECK (participation_status IN ('needs_action', 'accepted', 'declined', 'tentative')),
    resource BOOLEAN NOT NULL DEFAULT FALSE CONSTRAINT "resource is 0 or 1" CHECK (resource IN (0, 1)),
    organizer BOOLEAN NOT NULL DEFAULT FALSE CONSTRAINT "organizer is 0 or 1" CHECK (organizer IN (0, 1)),
    comment TEXT NOT NULL DEFAULT ''
);
CREATE INDEX appointment_participants_appointment_id ON appointment_participants (appointment_id);
CREATE UNIQUE INDEX "a guest is invited once" ON appointment_participants (appointment_id, occurrence, lower(email));
CREATE TABLE appointment_alerts (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    appointment_id TEXT NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    occurrence TEXT NOT NULL DEFAULT ''
            CONSTRAINT "occurrence is empty, a day or a day and a time" CHECK (occurrence = '' OR (occurrence GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]' AND date(occurrence, '+0 days') = occurrence) OR coalesce(datetime(occurrence, '+0 days') IN (replace(occurrence, 'T', ' '), replace(occurrence, 'T', ' ') || ':00'), 0)),
    action TEXT NOT NULL DEFAULT 'display'
            CONSTRAINT "action is display or email" CHECK (action IN ('display', 'email')),
    minutes_before INTEGER NOT NULL
            CONSTRAINT "minutes_before is a whole number" CHECK (typeof(minutes_before) = 'integer' AND minutes_before BETWEEN -2147483648 AND 2147483647)
);
CREATE INDEX appointment_alerts_appointment_id ON appointment_alerts (appointment_id);
CREATE UNIQUE INDEX "a reminder is given once" ON appointment_alerts (appointment_id, occurrence, action, minutes_before);
CREATE TABLE appointment_rules (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    appointment_id TEXT NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    excludes BOOLEAN NOT NULL DEFAULT FALSE CONSTRAINT "excludes is 0 or 1" CHECK (excludes IN (0, 1)),
    rule TEXT NOT NULL,
    CONSTRAINT "a rule is written FREQ=WEEKLY;BYDAY=MO, without RRULE: in front" CHECK (
        (';' || upper(rule) || ';' LIKE '%;FREQ=YEARLY;%'
         OR ';' || upper(rule) || ';' LIKE '%;FREQ=MONTHLY;%'
         OR ';' || upper(rule) || ';' LIKE '%;FREQ=WEEKLY;%'
         OR ';' || upper(rule) || ';' LIKE '%;FREQ=DAILY;%'
         OR ';' || upper(rule) || ';' LIKE '%;FREQ=HOURLY;%'
         OR ';' || upper(rule) || ';' LIKE '%;FREQ=MINUTELY;%'
         OR ';' || upper(rule) || ';' LIKE '%;FREQ=SECONDLY;%')
        AND rule NOT LIKE '%:%' AND instr(rule, char(10)) = 0 AND instr(rule, ' ') = 0
    ),
    CONSTRAINT "a rule ends by COUNT or by UNTIL, not by both" CHECK (
        NOT (upper(rule) LIKE '%COUNT=%' AND upper(rule) LIKE '%UNTIL=%')
    ),
    CONSTRAINT "COUNT and INTERVAL of a rule are at least 1" CHECK (
        ';' || upper(rule) || ';' NOT LIKE '%;COUNT=0;%' AND ';' || upper(rule) || ';' NOT LIKE '%;INTERVAL=0;%'
    )
);
CREATE INDEX appointment_rules_appointment_id ON appointment_rules (appointment_id);
CREATE TABLE appointment_dates (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    appointment_id TEXT NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    date TEXT NOT NULL
            CONSTRAINT "an additional date is a day or a day and a time" CHECK ((date GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]' AND date(date, '+0 days') = date) OR coalesce(datetime(date, '+0 days') IN (replace(date, 'T', ' '), replace(date, 'T', ' ') || ':00'), 0))
);
CREATE INDEX appointment_dates_appointment_id ON appointment_dates (appointment_id);
CREATE UNIQUE INDEX "a date is added once" ON appointment_dates (appointment_id, date);
CREATE TABLE appointment_overrides (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    appointment_id TEXT NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    occurrence TEXT NOT NULL
            CONSTRAINT "occurrence is the original day, or day and time, of the occurrence" CHECK ((occurrence GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]' AND date(occurrence, '+0 days') = occurrence) OR coalesce(datetime(occurrence, '+0 days') IN (replace(occurrence, 'T', ' '), replace(occurrence, 'T', ' ') || ':00'), 0)),
    cancelled BOOLEAN NOT NULL DEFAULT FALSE CONSTRAINT "cancelled is 0 or 1" CHECK (cancelled IN (0, 1)),
    title TEXT,
    description TEXT,
    location TEXT,
    start_kind TEXT
            CONSTRAINT "start_kind is date, zoned or floating" CHECK (start_kind IN ('date', 'zoned', 'floating')),
    start_local TEXT,
    start_zone TEXT REFERENCES time_zones (name),
    duration_days BIGINT,
    duration_seconds BIGINT,
    status TEXT
            CONSTRAINT "status is confirmed, tentative or cancelled" CHECK (status IN ('confirmed', 'tentative', 'cancelled')),
    free_busy TEXT CONSTRAINT "free_busy is busy or free" CHECK (free_busy IN ('busy', 'free')),
    color TEXT,
    own_participants BOOLEAN NOT NULL DEFAULT FALSE CONSTRAINT "own_participants is 0 or 1" CHECK (own_participants IN (0, 1)),
    own_alerts BOOLEAN NOT NULL DEFAULT FALSE CONSTRAINT "own_alerts is 0 or 1" CHECK (own_alerts IN (0, 1)),
    CONSTRAINT "start_kind and start_local of an occurrence go together" CHECK (
        (start_kind IS NULL) = (start_local IS NULL)
    ),
    CONSTRAINT "start_zone is given when start_kind is zoned, and only then" CHECK (
        (start_kind IS 'zoned') = (start_zone IS NOT NULL)
    ),
    CONSTRAINT "start_local is a day that exists (2026-11-23), or a day and a time (2026-11-23 09:00:00)" CHECK (
        start_kind IS NULL
        OR CASE start_kind WHEN 'date' THEN start_local GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]' AND date(start_local, '+0 days') = start_local
           ELSE coalesce(datetime(start_local, '+0 days') IN (replace(start_local, 'T', ' '), replace(start_local, 'T', ' ') || ':00'), 0) END
    ),
    CONSTRAINT "an occurrence cannot end before it starts" CHECK (
        (duration_days IS NULL) = (duration_seconds IS NULL)
        AND coalesce(duration_days, 0) BETWEEN 0 AND 4294967295
        AND coalesce(duration_seconds, 0) BETWEEN 0 AND 4294967295
    )
);
CREATE INDEX appointment_overrides_appointment_id ON appointment_overrides (appointment_id);
CREATE UNIQUE INDEX "an occurrence is changed once" ON appointment_overrides (appointment_id, occurrence);
CREATE TABLE appointment_categories (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    appointment_id TEXT NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    category TEXT NOT NULL CONSTRAINT "a category is not empty" CHECK (trim(category) <> '')
);
CREATE INDEX appointment_categories_appointment_id ON appointment_categories (appointment_id);
CREATE UNIQUE INDEX "a category is given once" ON appointment_categories (appointment_id, category);

-- What the appointments of a day look like, with their ends by the clock of their zone.
CREATE VIEW appointment_times AS
SELECT a.id, a.owner_id, a.title, a.start_local AS starts,
       CASE a.start_kind
           WHEN 'date' THEN date(a.start_local, '+' || a.duration_days || ' days')
           ELSE datetime(a.start_local, '+' || a.duration_days || ' days', '+' || a.duration_seconds || ' seconds')
       END AS ends,
       a.start_zone AS zone,
       EXISTS (SELECT 1 FROM appointment_rules r WHERE r.appointment_id = a.id) AS repeats
FROM appointments a;

-- The change log ------------------------------------------------------------------------------

CREATE TRIGGER change_log_keeps_the_newest BEFORE INSERT ON change_log BEGIN
    DELETE FROM change_log WHERE kind = NEW.kind AND item_id = NEW.item_id AND user_id = NEW.user_id;
END;
CREATE TRIGGER change_log_numbers_contacts AFTER INSERT ON change_log
WHEN NEW.kind = 'contact' AND NEW.user_id = '' AND NOT NEW.deleted BEGIN
    UPDATE contacts SET version = NEW.seq, updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now')
        WHERE id = NEW.item_id;
END;
CREATE TRIGGER change_log_numbers_appointments AFTER INSERT ON change_log
WHEN NEW.kind = 'appointment' AND NOT NEW.deleted BEGIN
    UPDATE appointments SET version = NEW.seq, updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now')
        WHERE id = NEW.item_id AND owner_id = NEW.user_id;
END;

-- Contacts ------------------------------------------------------------------------------------

CREATE TRIGGER contacts_inserted AFTER INSERT ON contacts BEGIN
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.id);
END;
CREATE TRIGGER contacts_keep_their_id BEFORE UPDATE OF id ON contacts WHEN NEW.id <> OLD.id BEGIN
    SELECT RAISE(ABORT, 'a contact keeps its id');
END;
CREATE TRIGGER contacts_updated AFTER UPDATE OF
    uid, name_prefix, given_name, middle_name, name_particle, surname, name_suffix,
    phonetic_given_name, phonetic_surname, full_name, organization, job_title, department, birthday,
    anniversary, notes, photo, private, leftovers
ON contacts BEGIN
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.id);
END;
-- Many clients leave foreign keys switched off, so the parts are removed here.
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

CREATE TRIGGER contact_emails_inserted AFTER INSERT ON contact_emails BEGIN
    SELECT RAISE(ABORT, 'contact_emails.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_emails_updated AFTER UPDATE ON contact_emails BEGIN
    SELECT RAISE(ABORT, 'contact_emails.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_emails_deleted AFTER DELETE ON contact_emails
WHEN EXISTS (SELECT 1 FROM contacts WHERE id = OLD.contact_id) BEGIN
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
END;

CREATE TRIGGER contact_phones_inserted AFTER INSERT ON contact_phones BEGIN
    SELECT RAISE(ABORT, 'contact_phones.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_phones_updated AFTER UPDATE ON contact_phones BEGIN
    SELECT RAISE(ABORT, 'contact_phones.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_phones_deleted AFTER DELETE ON contact_phones
WHEN EXISTS (SELECT 1 FROM contacts WHERE id = OLD.contact_id) BEGIN
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
END;

CREATE TRIGGER contact_addresses_inserted AFTER INSERT ON contact_addresses BEGIN
    SELECT RAISE(ABORT, 'contact_addresses.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_addresses_updated AFTER UPDATE ON contact_addresses BEGIN
    SELECT RAISE(ABORT, 'contact_addresses.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_addresses_deleted AFTER DELETE ON contact_addresses
WHEN EXISTS (SELECT 1 FROM contacts WHERE id = OLD.contact_id) BEGIN
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
END;

CREATE TRIGGER contact_urls_inserted AFTER INSERT ON contact_urls BEGIN
    SELECT RAISE(ABORT, 'contact_urls.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_urls_updated AFTER UPDATE ON contact_urls BEGIN
    SELECT RAISE(ABORT, 'contact_urls.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_urls_deleted AFTER DELETE ON contact_urls
WHEN EXISTS (SELECT 1 FROM contacts WHERE id = OLD.contact_id) BEGIN
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
END;

CREATE TRIGGER contact_ims_inserted AFTER INSERT ON contact_ims BEGIN
    SELECT RAISE(ABORT, 'contact_ims.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_ims_updated AFTER UPDATE ON contact_ims BEGIN
    SELECT RAISE(ABORT, 'contact_ims.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_ims_deleted AFTER DELETE ON contact_ims
WHEN EXISTS (SELECT 1 FROM contacts WHERE id = OLD.contact_id) BEGIN
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
END;

CREATE TRIGGER contact_dates_inserted AFTER INSERT ON contact_dates BEGIN
    SELECT RAISE(ABORT, 'contact_dates.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_dates_updated AFTER UPDATE ON contact_dates BEGIN
    SELECT RAISE(ABORT, 'contact_dates.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_dates_deleted AFTER DELETE ON contact_dates
WHEN EXISTS (SELECT 1 FROM contacts WHERE id = OLD.contact_id) BEGIN
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
END;

CREATE TRIGGER contact_relations_inserted AFTER INSERT ON contact_relations BEGIN
    SELECT RAISE(ABORT, 'contact_relations.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_relations_updated AFTER UPDATE ON contact_relations BEGIN
    SELECT RAISE(ABORT, 'contact_relations.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_relations_deleted AFTER DELETE ON contact_relations
WHEN EXISTS (SELECT 1 FROM contacts WHERE id = OLD.contact_id) BEGIN
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
END;

CREATE TRIGGER contact_organizations_inserted AFTER INSERT ON contact_organizations BEGIN
    SELECT RAISE(ABORT, 'contact_organizations.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_organizations_updated AFTER UPDATE ON contact_organizations BEGIN
    SELECT RAISE(ABORT, 'contact_organizations.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_organizations_deleted AFTER DELETE ON contact_organizations
WHEN EXISTS (SELECT 1 FROM contacts WHERE id = OLD.contact_id) BEGIN
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
END;

CREATE TRIGGER contact_nicknames_inserted AFTER INSERT ON contact_nicknames BEGIN
    SELECT RAISE(ABORT, 'contact_nicknames.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_nicknames_updated AFTER UPDATE ON contact_nicknames BEGIN
    SELECT RAISE(ABORT, 'contact_nicknames.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_nicknames_deleted AFTER DELETE ON contact_nicknames
WHEN EXISTS (SELECT 1 FROM contacts WHERE id = OLD.contact_id) BEGIN
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
END;

CREATE TRIGGER contact_custom_fields_inserted AFTER INSERT ON contact_custom_fields BEGIN
    SELECT RAISE(ABORT, 'contact_custom_fields.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_custom_fields_updated AFTER UPDATE ON contact_custom_fields BEGIN
    SELECT RAISE(ABORT, 'contact_custom_fields.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_custom_fields_deleted AFTER DELETE ON contact_custom_fields
WHEN EXISTS (SELECT 1 FROM contacts WHERE id = OLD.contact_id) BEGIN
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
END;

CREATE TRIGGER contact_group_members_inserted AFTER INSERT ON contact_group_members BEGIN
    SELECT RAISE(ABORT, 'contact_group_members.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_group_members_updated AFTER UPDATE ON contact_group_members BEGIN
    SELECT RAISE(ABORT, 'contact_group_members.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_group_members_deleted AFTER DELETE ON contact_group_members
WHEN EXISTS (SELECT 1 FROM contacts WHERE id = OLD.contact_id) BEGIN
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
END;

CREATE TRIGGER contact_group_members_need_a_group BEFORE INSERT ON contact_group_members
WHEN NOT EXISTS (SELECT 1 FROM contact_groups WHERE id = NEW.group_id) BEGIN
    SELECT RAISE(ABORT, 'contact_group_members.group_id names no group');
END;
CREATE TRIGGER contact_group_members_still_need_a_group BEFORE UPDATE OF group_id ON contact_group_members
WHEN NOT EXISTS (SELECT 1 FROM contact_groups WHERE id = NEW.group_id) BEGIN
    SELECT RAISE(ABORT, 'contact_group_members.group_id names no group');
END;
CREATE TRIGGER contact_groups_keep_their_id BEFORE UPDATE OF id ON contact_groups WHEN NEW.id <> OLD.id BEGIN
    SELECT RAISE(ABORT, 'a group keeps its id');
END;
CREATE TRIGGER contact_groups_updated AFTER UPDATE OF name ON contact_groups BEGIN
    INSERT INTO change_log (kind, item_id)
        SELECT 'contact', contact_id FROM contact_group_members WHERE group_id = NEW.id;
END;
CREATE TRIGGER contact_groups_deleted AFTER DELETE ON contact_groups BEGIN
    DELETE FROM contact_group_members WHERE group_id = OLD.id;
END;

-- A row of the log with a user is a withdrawal: that user saw the contact and no longer does.
CREATE TRIGGER contact_users_inserted AFTER INSERT ON contact_users BEGIN
    SELECT RAISE(ABORT, 'contact_users.contact_id names no contact')
        WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE id = NEW.contact_id);
    SELECT RAISE(ABORT, 'contact_users.user_id names no app user')
        WHERE NOT EXISTS (SELECT 1 FROM app_users WHERE id = NEW.user_id);
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'contact', c.id, s.user_id FROM passerelle_served s, contacts c
        WHERE c.id = NEW.contact_id AND s.number >= c.number AND s.user_id <> NEW.user_id
          AND (SELECT count(*) FROM contact_users WHERE contact_id = NEW.contact_id) = 1;
    DELETE FROM change_log WHERE kind = 'contact' AND item_id = NEW.contact_id AND user_id = NEW.user_id;
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_users_keep_their_contact BEFORE UPDATE OF contact_id ON contact_users
WHEN NEW.contact_id <> OLD.contact_id BEGIN
    SELECT RAISE(ABORT, 'insert another row of contact_users instead of moving one to another contact');
END;
CREATE TRIGGER contact_users_updated AFTER UPDATE OF user_id ON contact_users WHEN NEW.user_id <> OLD.user_id BEGIN
    SELECT RAISE(ABORT, 'contact_users.user_id names no app user')
        WHERE NOT EXISTS (SELECT 1 FROM app_users WHERE id = NEW.user_id);
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'contact', c.id, s.user_id FROM passerelle_served s, contacts c
        WHERE c.id = OLD.contact_id AND s.number >= c.number AND s.user_id = OLD.user_id;
    DELETE FROM change_log WHERE kind = 'contact' AND item_id = NEW.contact_id AND user_id = NEW.user_id;
    INSERT INTO change_log (kind, item_id) VALUES ('contact', NEW.contact_id);
END;
CREATE TRIGGER contact_users_deleted AFTER DELETE ON contact_users
WHEN EXISTS (SELECT 1 FROM contacts WHERE id = OLD.contact_id) BEGIN
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'contact', c.id, s.user_id FROM passerelle_served s, contacts c
        WHERE c.id = OLD.contact_id AND s.number >= c.number AND s.user_id = OLD.user_id
          AND EXISTS (SELECT 1 FROM contact_users WHERE contact_id = OLD.contact_id);
    DELETE FROM change_log
        WHERE kind = 'contact' AND item_id = OLD.contact_id AND user_id <> ''
          AND NOT EXISTS (SELECT 1 FROM contact_users WHERE contact_id = OLD.contact_id);
    INSERT INTO change_log (kind, item_id) VALUES ('contact', OLD.contact_id);
END;

-- Appointments --------------------------------------------------------------------------------

CREATE TRIGGER appointments_know_their_zone BEFORE INSERT ON appointments
WHEN NEW.start_zone IS NOT NULL AND NOT EXISTS (SELECT 1 FROM time_zones WHERE name = NEW.start_zone) BEGIN
    SELECT RAISE(ABORT, 'start_zone is no IANA time zone such as Europe/Paris: see the table time_zones');
END;
CREATE TRIGGER appointments_still_know_their_zone BEFORE UPDATE OF start_zone ON appointments
WHEN NEW.start_zone IS NOT NULL AND NOT EXISTS (SELECT 1 FROM time_zones WHERE name = NEW.start_zone) BEGIN
    SELECT RAISE(ABORT, 'start_zone is no IANA time zone such as Europe/Paris: see the table time_zones');
END;
CREATE TRIGGER appointment_overrides_know_their_zone BEFORE INSERT ON appointment_overrides
WHEN NEW.start_zone IS NOT NULL AND NOT EXISTS (SELECT 1 FROM time_zones WHERE name = NEW.start_zone) BEGIN
    SELECT RAISE(ABORT, 'start_zone is no IANA time zone such as Europe/Paris: see the table time_zones');
END;
CREATE TRIGGER appointment_overrides_still_know_their_zone BEFORE UPDATE OF start_zone ON appointment_overrides
WHEN NEW.start_zone IS NOT NULL AND NOT EXISTS (SELECT 1 FROM time_zones WHERE name = NEW.start_zone) BEGIN
    SELECT RAISE(ABORT, 'start_zone is no IANA time zone such as Europe/Paris: see the table time_zones');
END;

CREATE TRIGGER appointments_need_an_owner BEFORE INSERT ON appointments
WHEN NOT EXISTS (SELECT 1 FROM app_users WHERE id = NEW.owner_id) BEGIN
    SELECT RAISE(ABORT, 'appointments.owner_id names no app user');
END;
CREATE TRIGGER appointments_still_need_an_owner BEFORE UPDATE OF owner_id ON appointments
WHEN NOT EXISTS (SELECT 1 FROM app_users WHERE id = NEW.owner_id) BEGIN
    SELECT RAISE(ABORT, 'appointments.owner_id names no app user');
END;
CREATE TRIGGER appointments_inserted AFTER INSERT ON appointments BEGIN
    INSERT INTO change_log (kind, item_id, user_id) VALUES ('appointment', NEW.id, NEW.owner_id);
END;
CREATE TRIGGER appointments_keep_their_id BEFORE UPDATE OF id ON appointments WHEN NEW.id <> OLD.id BEGIN
    SELECT RAISE(ABORT, 'an appointment keeps its id');
END;
CREATE TRIGGER appointments_updated AFTER UPDATE OF
    uid, title, description, location, start_kind, start_local, start_zone, duration_days,
    duration_seconds, use_default_alerts, privacy, free_busy, status, color, url, conference_url,
    leftovers
ON appointments BEGIN
    INSERT INTO change_log (kind, item_id, user_id) VALUES ('appointment', NEW.id, NEW.owner_id);
END;
-- Both owners are told: the row of the former owner says that the appointment was withdrawn.
CREATE TRIGGER appointments_moved AFTER UPDATE OF owner_id ON appointments WHEN NEW.owner_id <> OLD.owner_id BEGIN
    INSERT INTO change_log (kind, item_id, user_id) VALUES ('appointment', NEW.id, OLD.owner_id);
    INSERT INTO change_log (kind, item_id, user_id) VALUES ('appointment', NEW.id, NEW.owner_id);
END;
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

CREATE TRIGGER appointment_participants_inserted AFTER INSERT ON appointment_participants BEGIN
    SELECT RAISE(ABORT, 'appointment_participants.appointment_id names no appointment')
        WHERE NOT EXISTS (SELECT 1 FROM appointments WHERE id = NEW.appointment_id);
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = NEW.appointment_id;
END;
CREATE TRIGGER appointment_participants_updated AFTER UPDATE ON appointment_participants BEGIN
    SELECT RAISE(ABORT, 'appointment_participants.appointment_id names no appointment')
        WHERE NOT EXISTS (SELECT 1 FROM appointments WHERE id = NEW.appointment_id);
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = OLD.appointment_id;
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = NEW.appointment_id;
END;
CREATE TRIGGER appointment_participants_deleted AFTER DELETE ON appointment_participants
WHEN EXISTS (SELECT 1 FROM appointments WHERE id = OLD.appointment_id) BEGIN
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = OLD.appointment_id;
END;

CREATE TRIGGER appointment_alerts_inserted AFTER INSERT ON appointment_alerts BEGIN
    SELECT RAISE(ABORT, 'appointment_alerts.appointment_id names no appointment')
        WHERE NOT EXISTS (SELECT 1 FROM appointments WHERE id = NEW.appointment_id);
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = NEW.appointment_id;
END;
CREATE TRIGGER appointment_alerts_updated AFTER UPDATE ON appointment_alerts BEGIN
    SELECT RAISE(ABORT, 'appointment_alerts.appointment_id names no appointment')
        WHERE NOT EXISTS (SELECT 1 FROM appointments WHERE id = NEW.appointment_id);
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = OLD.appointment_id;
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = NEW.appointment_id;
END;
CREATE TRIGGER appointment_alerts_deleted AFTER DELETE ON appointment_alerts
WHEN EXISTS (SELECT 1 FROM appointments WHERE id = OLD.appointment_id) BEGIN
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = OLD.appointment_id;
END;

CREATE TRIGGER appointment_rules_inserted AFTER INSERT ON appointment_rules BEGIN
    SELECT RAISE(ABORT, 'appointment_rules.appointment_id names no appointment')
        WHERE NOT EXISTS (SELECT 1 FROM appointments WHERE id = NEW.appointment_id);
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = NEW.appointment_id;
END;
CREATE TRIGGER appointment_rules_updated AFTER UPDATE ON appointment_rules BEGIN
    SELECT RAISE(ABORT, 'appointment_rules.appointment_id names no appointment')
        WHERE NOT EXISTS (SELECT 1 FROM appointments WHERE id = NEW.appointment_id);
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = OLD.appointment_id;
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = NEW.appointment_id;
END;
CREATE TRIGGER appointment_rules_deleted AFTER DELETE ON appointment_rules
WHEN EXISTS (SELECT 1 FROM appointments WHERE id = OLD.appointment_id) BEGIN
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = OLD.appointment_id;
END;

CREATE TRIGGER appointment_dates_inserted AFTER INSERT ON appointment_dates BEGIN
    SELECT RAISE(ABORT, 'appointment_dates.appointment_id names no appointment')
        WHERE NOT EXISTS (SELECT 1 FROM appointments WHERE id = NEW.appointment_id);
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = NEW.appointment_id;
END;
CREATE TRIGGER appointment_dates_updated AFTER UPDATE ON appointment_dates BEGIN
    SELECT RAISE(ABORT, 'appointment_dates.appointment_id names no appointment')
        WHERE NOT EXISTS (SELECT 1 FROM appointments WHERE id = NEW.appointment_id);
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = OLD.appointment_id;
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = NEW.appointment_id;
END;
CREATE TRIGGER appointment_dates_deleted AFTER DELETE ON appointment_dates
WHEN EXISTS (SELECT 1 FROM appointments WHERE id = OLD.appointment_id) BEGIN
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = OLD.appointment_id;
END;

CREATE TRIGGER appointment_overrides_inserted AFTER INSERT ON appointment_overrides BEGIN
    SELECT RAISE(ABORT, 'appointment_overrides.appointment_id names no appointment')
        WHERE NOT EXISTS (SELECT 1 FROM appointments WHERE id = NEW.appointment_id);
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = NEW.appointment_id;
END;
CREATE TRIGGER appointment_overrides_updated AFTER UPDATE ON appointment_overrides BEGIN
    SELECT RAISE(ABORT, 'appointment_overrides.appointment_id names no appointment')
        WHERE NOT EXISTS (SELECT 1 FROM appointments WHERE id = NEW.appointment_id);
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = OLD.appointment_id;
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = NEW.appointment_id;
END;
CREATE TRIGGER appointment_overrides_deleted AFTER DELETE ON appointment_overrides
WHEN EXISTS (SELECT 1 FROM appointments WHERE id = OLD.appointment_id) BEGIN
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = OLD.appointment_id;
END;

CREATE TRIGGER appointment_categories_inserted AFTER INSERT ON appointment_categories BEGIN
    SELECT RAISE(ABORT, 'appointment_categories.appointment_id names no appointment')
        WHERE NOT EXISTS (SELECT 1 FROM appointments WHERE id = NEW.appointment_id);
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = NEW.appointment_id;
END;
CREATE TRIGGER appointment_categories_updated AFTER UPDATE ON appointment_categories BEGIN
    SELECT RAISE(ABORT, 'appointment_categories.appointment_id names no appointment')
        WHERE NOT EXISTS (SELECT 1 FROM appointments WHERE id = NEW.appointment_id);
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = OLD.appointment_id;
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = NEW.appointment_id;
END;
CREATE TRIGGER appointment_categories_deleted AFTER DELETE ON appointment_categories
WHEN EXISTS (SELECT 1 FROM appointments WHERE id = OLD.appointment_id) BEGIN
    INSERT INTO change_log (kind, item_id, user_id)
        SELECT 'appointment', id, owner_id FROM appointments WHERE id = OLD.appointment_id;
END;

-- App users -----------------------------------------------------------------------------------

CREATE TRIGGER app_users_keep_their_id BEFORE UPDATE OF id ON app_users WHEN NEW.id <> OLD.id BEGIN
    SELECT RAISE(ABORT, 'an app user keeps its id');
END;
CREATE TRIGGER app_users_with_work_stay BEFORE DELETE ON app_users BEGIN
    SELECT RAISE(ABORT, 'this app user owns appointments: give them to somebody or delete them first')
        WHERE EXISTS (SELECT 1 FROM appointments WHERE owner_id = OLD.id);
    SELECT RAISE(ABORT, 'this app user is the only one who sees some contacts: share or delete them first')
        WHERE EXISTS (SELECT 1 FROM contact_users m WHERE m.user_id = OLD.id AND NOT EXISTS (
            SELECT 1 FROM contact_users o WHERE o.contact_id = m.contact_id AND o.user_id <> OLD.id));
    DELETE FROM contact_users WHERE user_id = OLD.id;
END;
CREATE TRIGGER app_users_deleted AFTER DELETE ON app_users BEGIN
    DELETE FROM passerelle_served WHERE user_id = OLD.id;
END;
