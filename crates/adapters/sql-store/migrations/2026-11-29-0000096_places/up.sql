-- The ordinal of a row is its place in its list, as whoever writes it means it; which of several rows that say the same it
-- is has a column of its own.
ALTER TABLE contact_emails ADD COLUMN repetition BIGINT NOT NULL DEFAULT 0;
UPDATE contact_emails SET repetition = ordinal, ordinal = 0 WHERE ordinal <> 0;
ALTER TABLE contact_phones ADD COLUMN repetition BIGINT NOT NULL DEFAULT 0;
UPDATE contact_phones SET repetition = ordinal, ordinal = 0 WHERE ordinal <> 0;
ALTER TABLE contact_addresses ADD COLUMN repetition BIGINT NOT NULL DEFAULT 0;
UPDATE contact_addresses SET repetition = ordinal, ordinal = 0 WHERE ordinal <> 0;
ALTER TABLE contact_urls ADD COLUMN repetition BIGINT NOT NULL DEFAULT 0;
UPDATE contact_urls SET repetition = ordinal, ordinal = 0 WHERE ordinal <> 0;
ALTER TABLE contact_ims ADD COLUMN repetition BIGINT NOT NULL DEFAULT 0;
UPDATE contact_ims SET repetition = ordinal, ordinal = 0 WHERE ordinal <> 0;
ALTER TABLE contact_dates ADD COLUMN repetition BIGINT NOT NULL DEFAULT 0;
UPDATE contact_dates SET repetition = ordinal, ordinal = 0 WHERE ordinal <> 0;
ALTER TABLE contact_relations ADD COLUMN repetition BIGINT NOT NULL DEFAULT 0;
UPDATE contact_relations SET repetition = ordinal, ordinal = 0 WHERE ordinal <> 0;
ALTER TABLE contact_organizations ADD COLUMN repetition BIGINT NOT NULL DEFAULT 0;
UPDATE contact_organizations SET repetition = ordinal, ordinal = 0 WHERE ordinal <> 0;
ALTER TABLE contact_nicknames ADD COLUMN repetition BIGINT NOT NULL DEFAULT 0;
UPDATE contact_nicknames SET repetition = ordinal, ordinal = 0 WHERE ordinal <> 0;
ALTER TABLE contact_custom_fields ADD COLUMN repetition BIGINT NOT NULL DEFAULT 0;
UPDATE contact_custom_fields SET repetition = ordinal, ordinal = 0 WHERE ordinal <> 0;
