-- What is known of the states of items that no link knows, so that an older one is not taken for news:
-- `trail` in JSON; `gone` = since when it is known to be gone; `look` = it is to be fetched.
ALTER TABLE passerelle_strangers ADD COLUMN trail TEXT NOT NULL DEFAULT '{}';
ALTER TABLE passerelle_strangers ADD COLUMN gone TIMESTAMP;
ALTER TABLE passerelle_strangers ADD COLUMN look BOOLEAN NOT NULL DEFAULT 1;
