DELETE FROM passerelle_strangers WHERE look = 0;
ALTER TABLE passerelle_strangers DROP COLUMN look;
ALTER TABLE passerelle_strangers DROP COLUMN gone;
ALTER TABLE passerelle_strangers DROP COLUMN trail;
