-- Pictures that were about to be overwritten at a provider, by the address that they had there, and what the provider
-- made of those that it was given, by the name of the record.
CREATE TABLE passerelle_pictures (
    name TEXT NOT NULL PRIMARY KEY,
    picture BLOB NOT NULL,
    kept_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
