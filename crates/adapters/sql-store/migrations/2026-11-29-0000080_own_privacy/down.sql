ALTER TABLE appointment_overrides DROP COLUMN use_default_alerts;
ALTER TABLE appointment_overrides DROP COLUMN categories;
ALTER TABLE appointment_overrides DROP COLUMN conference_url;
ALTER TABLE appointment_overrides DROP COLUMN url;
ALTER TABLE appointment_overrides DROP COLUMN privacy;
