-- What an occurrence says itself although its series says the same was sent without a mark by older releases, and read back
-- as a word of the series. It counts as changed here once more, so that the next run sends it with its mark.
UPDATE passerelle_links
SET due = TRUE,
    body = json_set(body, '$.bases.local.recurrence_overrides',
        json(coalesce(json_extract(body, '$.bases.remote.recurrence_overrides'), '{}')))
WHERE kind = 'events' AND id IN (
    SELECT l.link
    FROM passerelle_copies AS l
    JOIN passerelle_copies AS r ON r.link = l.link AND r.side = 'remote' AND NOT r.gone,
        json_each(l.stored, '$.record.recurrence_overrides') AS change,
        json_each(change.value) AS own
    WHERE l.kind = 'events' AND l.side = 'local' AND NOT l.gone AND own.key NOT IN ('excluded', 'start')
        AND json_extract(r.stored, '$.record.recurrence_overrides."' || change.key || '"."' || own.key || '"') IS NULL
        AND own.value = coalesce(json_extract(r.stored, '$.record."' || own.key || '"'), CASE own.key
            WHEN 'status' THEN 'confirmed' WHEN 'free_busy_status' THEN 'busy' WHEN 'privacy' THEN 'default' END)
);
