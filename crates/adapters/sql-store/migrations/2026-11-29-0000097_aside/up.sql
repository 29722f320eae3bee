-- Links of which one side is not offered to the pair any more are counted and listed as out of scope.
UPDATE passerelle_links SET state = 'aside'
WHERE state = 'active' AND alive = 3 AND EXISTS (
    SELECT 1 FROM passerelle_copies c
    WHERE c.link = passerelle_links.id AND NOT c.gone AND json_extract(c.stored, '$.withdrawn') = 1
);
