-- A changed occurrence has its own privacy, links, categories and reminders; NULL = as the series.

ALTER TABLE appointment_overrides ADD COLUMN privacy TEXT
    CONSTRAINT "privacy of an occurrence is default, public, private or confidential"
    CHECK (privacy IN ('default', 'public', 'private', 'confidential'));
ALTER TABLE appointment_overrides ADD COLUMN url TEXT;
ALTER TABLE appointment_overrides ADD COLUMN conference_url TEXT;
ALTER TABLE appointment_overrides ADD COLUMN categories TEXT
    CONSTRAINT "categories of an occurrence are a list such as [""Customers"", ""Travel""]"
    CHECK (CASE WHEN categories IS NULL THEN 1
        WHEN json_valid(categories) THEN json_type(categories) = 'array' ELSE 0 END);
ALTER TABLE appointment_overrides ADD COLUMN use_default_alerts BOOLEAN
    CONSTRAINT "use_default_alerts of an occurrence is 0 or 1" CHECK (use_default_alerts IN (0, 1));
