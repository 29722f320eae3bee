DROP TRIGGER appointment_rules_change;
DROP TRIGGER appointment_rules_end_earlier;
DROP TRIGGER appointments_take_their_occurrences_along;

CREATE TRIGGER appointment_rules_change AFTER UPDATE OF rule ON appointment_rules
WHEN NEW.rule <> OLD.rule AND NOT NEW.excludes
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'series.written')
BEGIN
    INSERT INTO passerelle_moves (part, item, name)
    SELECT n.part, n.item, CASE length(n.name)
            WHEN 10 THEN date(n.name, printf('%+d days', (instr('MOTUWETHFRSASU', m.now) - instr('MOTUWETHFRSASU', m.was)) / 2))
            ELSE datetime(n.name, printf('%+d days', (instr('MOTUWETHFRSASU', m.now) - instr('MOTUWETHFRSASU', m.was)) / 2)) END
    FROM passerelle_names n
    JOIN (SELECT was.value AS was, now.value AS now
                FROM (SELECT value, row_number() OVER (ORDER BY instr('MOTUWETHFRSASU', value)) AS place FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END), ',', '","') || '"]' END)
                    WHERE value NOT IN (SELECT value FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END), ',', '","') || '"]' END))) was
                JOIN (SELECT value, row_number() OVER (ORDER BY instr('MOTUWETHFRSASU', value)) AS place FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END), ',', '","') || '"]' END)
                    WHERE value NOT IN (SELECT value FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END), ',', '","') || '"]' END))) now ON now.place = was.place
                WHERE (SELECT count(DISTINCT value) FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END), ',', '","') || '"]' END)) = (SELECT count(DISTINCT value) FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END), ',', '","') || '"]' END))) m
        ON (strftime('%w', n.name) + 6) % 7 = (instr('MOTUWETHFRSASU', m.was) - 1) / 2
    WHERE n.appointment_id = NEW.appointment_id AND n.part <> 'dates' AND length(m.was) = 2 AND length(m.now) = 2
        AND upper(NEW.rule) LIKE '%FREQ=WEEKLY%' AND upper(OLD.rule) LIKE '%FREQ=WEEKLY%';
    -- A day of the month by its place: the first Monday, the last Friday.
    INSERT INTO passerelle_moves (part, item, name)
    SELECT part, item, CASE
            WHEN strftime('%m', day) <> strftime('%m', name) THEN NULL
            WHEN length(name) = 10 THEN day
            ELSE day || strftime(' %H:%M:%S', name)
        END
    FROM (
        SELECT n.part, n.item, n.name, CASE WHEN m.now LIKE '-%'
            THEN date(n.name, 'start of month', '+1 month', '-7 days',
                printf('weekday %d', (instr('SUMOTUWETHFRSA', substr(m.now, -2)) - 1) / 2),
                printf('%+d days', (CAST(m.now AS INTEGER) + 1) * 7))
            ELSE date(n.name, 'start of month', printf('weekday %d', (instr('SUMOTUWETHFRSA', substr(m.now, -2)) - 1) / 2),
                printf('%+d days', (CAST(m.now AS INTEGER) - 1) * 7)) END AS day
        FROM passerelle_names n
        JOIN (SELECT was.value AS was, now.value AS now
                FROM (SELECT value, row_number() OVER (ORDER BY value) AS place FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END), ',', '","') || '"]' END)
                    WHERE value NOT IN (SELECT value FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END), ',', '","') || '"]' END))) was
                JOIN (SELECT value, row_number() OVER (ORDER BY value) AS place FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END), ',', '","') || '"]' END)
                    WHERE value NOT IN (SELECT value FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END), ',', '","') || '"]' END))) now ON now.place = was.place
                WHERE (SELECT count(DISTINCT value) FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END), ',', '","') || '"]' END)) = (SELECT count(DISTINCT value) FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYDAY=') + 7), ';') - 1) ELSE '' END), ',', '","') || '"]' END))) m
            ON substr('SUMOTUWETHFRSA', strftime('%w', n.name) * 2 + 1, 2) = substr(m.was, -2)
            AND CAST(m.was AS INTEGER) IN ((strftime('%d', n.name) + 6) / 7,
                -((strftime('%d', date(n.name, 'start of month', '+1 month', '-1 day')) - strftime('%d', n.name)) / 7 + 1))
        WHERE n.appointment_id = NEW.appointment_id AND n.part <> 'dates' AND CAST(m.now AS INTEGER) <> 0
            AND upper(NEW.rule) NOT LIKE '%BYSETPOS%' AND upper(NEW.rule) NOT LIKE '%BYMONTHDAY%'
            AND (upper(NEW.rule) LIKE '%FREQ=MONTHLY%' AND upper(OLD.rule) LIKE '%FREQ=MONTHLY%'
                OR upper(NEW.rule) LIKE '%FREQ=YEARLY%' AND upper(NEW.rule) LIKE '%BYMONTH=%')
    );
    INSERT INTO passerelle_moves (part, item, name)
    SELECT part, item, CASE
            WHEN strftime('%d', day) <> printf('%02d', new_day) THEN NULL
            WHEN length(name) = 10 THEN day
            ELSE day || strftime(' %H:%M:%S', name)
        END
    FROM (
        SELECT part, item, name, new_day,
            date(name, 'start of month', printf('%+d days', new_day - 1)) AS day
        FROM (
            SELECT n.part, n.item, n.name,
                CAST(substr(NEW.rule, instr(upper(NEW.rule), 'BYMONTHDAY=') + 11) AS INTEGER) AS new_day,
                CAST(substr(OLD.rule, instr(upper(OLD.rule), 'BYMONTHDAY=') + 11) AS INTEGER) AS old_day
            FROM passerelle_names n
            WHERE n.appointment_id = NEW.appointment_id AND n.part <> 'dates'
                AND upper(NEW.rule) LIKE '%BYMONTHDAY=%' AND upper(OLD.rule) LIKE '%BYMONTHDAY=%'
                AND upper(NEW.rule) NOT LIKE '%BYMONTHDAY=%,%' AND upper(OLD.rule) NOT LIKE '%BYMONTHDAY=%,%'
        )
        WHERE new_day > 0 AND old_day > 0 AND new_day <> old_day AND CAST(strftime('%d', name) AS INTEGER) = old_day
    );
    INSERT INTO passerelle_moves (part, item) VALUES ('go', 0);
    INSERT INTO passerelle_moves (part, item, name)
    SELECT n.part, n.item, strftime('%Y-%m-%d ', n.name) || printf('%02d', m.now) || strftime(':%M:%S', n.name)
    FROM passerelle_names n
    JOIN (SELECT was.value AS was, now.value AS now
                FROM (SELECT value, row_number() OVER (ORDER BY CAST(value AS INTEGER)) AS place FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END), ',', '","') || '"]' END)
                    WHERE value NOT IN (SELECT value FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END), ',', '","') || '"]' END))) was
                JOIN (SELECT value, row_number() OVER (ORDER BY CAST(value AS INTEGER)) AS place FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END), ',', '","') || '"]' END)
                    WHERE value NOT IN (SELECT value FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END), ',', '","') || '"]' END))) now ON now.place = was.place
                WHERE (SELECT count(DISTINCT value) FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(OLD.rule) || ';'), instr((';' || upper(OLD.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END), ',', '","') || '"]' END)) = (SELECT count(DISTINCT value) FROM json_each(CASE WHEN (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END) = '' OR (CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END) GLOB '*[^-A-Z0-9,+]*' THEN '[]' ELSE '["' || replace((CASE WHEN instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') > 0 THEN substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8, instr(substr((';' || upper(NEW.rule) || ';'), instr((';' || upper(NEW.rule) || ';'), ';BYHOUR=') + 8), ';') - 1) ELSE '' END), ',', '","') || '"]' END))) m
        ON CAST(strftime('%H', n.name) AS INTEGER) = CAST(m.was AS INTEGER)
    WHERE n.appointment_id = NEW.appointment_id AND n.part <> 'dates' AND length(n.name) > 10
        AND CAST(m.now AS INTEGER) BETWEEN 0 AND 23;
    INSERT INTO passerelle_moves (part, item) VALUES ('go', 0);
    INSERT INTO passerelle_moves (part, item, name)
    SELECT n.part, n.item, NULL FROM passerelle_names n JOIN passerelle_ends e ON e.appointment_id = n.appointment_id
    WHERE e.id = NEW.id AND n.part <> 'dates' AND datetime(n.name) > e.ends
        AND n.name NOT IN (SELECT date FROM appointment_dates WHERE appointment_id = NEW.appointment_id);
    INSERT INTO passerelle_moves (part, item) VALUES ('go', 0);
END;

CREATE TRIGGER appointment_rules_end_earlier AFTER INSERT ON appointment_rules
WHEN NOT NEW.excludes AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'series.written')
BEGIN
    INSERT INTO passerelle_moves (part, item, name)
    SELECT n.part, n.item, NULL FROM passerelle_names n JOIN passerelle_ends e ON e.appointment_id = n.appointment_id
    WHERE e.id = NEW.id AND n.part <> 'dates' AND datetime(n.name) > e.ends
        AND n.name NOT IN (SELECT date FROM appointment_dates WHERE appointment_id = NEW.appointment_id);
    INSERT INTO passerelle_moves (part, item) VALUES ('go', 0);
END;

CREATE TRIGGER appointments_take_their_occurrences_along AFTER UPDATE OF start_kind, start_local ON appointments
WHEN (NEW.start_kind <> OLD.start_kind OR NEW.start_local <> OLD.start_local)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'series.written')
    AND EXISTS (SELECT 1 FROM appointment_rules WHERE appointment_id = NEW.id AND NOT excludes)
    AND NOT EXISTS (
        SELECT 1 FROM passerelle_rules WHERE appointment_id = NEW.id
            AND (freq IN ('HOURLY', 'MINUTELY', 'SECONDLY') AND governed OR upper(rule) LIKE '%BYMINUTE=%'
                OR upper(rule) LIKE '%BYSECOND=%'
                OR (freq IN ('HOURLY', 'MINUTELY', 'SECONDLY') OR hours <> '') AND 'date' IN (NEW.start_kind, OLD.start_kind)))
BEGIN
    INSERT INTO passerelle_moves (part, item, name)
    SELECT part, item, datetime(name,
        printf('%+d seconds', strftime('%s', NEW.start_local) - strftime('%s', OLD.start_local)))
    FROM passerelle_names
    WHERE appointment_id = NEW.id
        AND EXISTS (SELECT 1 FROM passerelle_rules
            WHERE appointment_id = NEW.id AND freq IN ('HOURLY', 'MINUTELY', 'SECONDLY'));
    INSERT INTO passerelle_moves (part, item, name)
    SELECT m.part, m.item,
        CASE
            -- No such day in that month: there is no occurrence any more.
            WHEN m.moves_months AND strftime('%d', m.day) <> strftime('%d', NEW.start_local) THEN NULL
            -- The series begins later, and its days are its rule's own.
            WHEN m.part <> 'dates' AND m.governed AND m.day < date(NEW.start_local, '-6 days')
                AND m.day >= date(OLD.start_local) THEN NULL
            WHEN NEW.start_kind = 'date' THEN m.day
            WHEN m.hourly THEN m.day || strftime(' %H', m.name) || strftime(':%M:%S', NEW.start_local)
            ELSE m.day || strftime(' %H:%M:%S', NEW.start_local)
        END
    FROM (
        SELECT n.part, n.item, n.name, r.governed, r.hourly,
            r.freq = 'M' AND NOT r.governed AND date(NEW.start_local) <> date(OLD.start_local) AS moves_months,
            CASE
                WHEN r.governed OR date(NEW.start_local) = date(OLD.start_local) THEN date(n.name)
                WHEN r.freq = 'M' THEN date(n.name, 'start of month',
                    printf('%+d months', strftime('%Y', NEW.start_local) * 12 + strftime('%m', NEW.start_local)
                        - strftime('%Y', OLD.start_local) * 12 - strftime('%m', OLD.start_local)),
                    printf('%+d days', strftime('%d', NEW.start_local) - 1))
                ELSE date(n.name, printf('%+d days',
                    julianday(date(NEW.start_local)) - julianday(date(OLD.start_local))))
            END AS day
        FROM passerelle_names n
        JOIN (
            SELECT
                CASE
                    WHEN upper(rule) LIKE '%FREQ=WEEKLY%' THEN 'W'
                    WHEN upper(rule) LIKE '%FREQ=MONTHLY%' OR upper(rule) LIKE '%FREQ=YEARLY%' THEN 'M'
                    ELSE 'D'
                END AS freq,
                EXISTS (
                    SELECT 1 FROM appointment_rules WHERE appointment_id = NEW.id AND NOT excludes
                        AND (upper(rule) LIKE '%BYDAY=%' OR upper(rule) LIKE '%BYMONTHDAY=%'
                            OR upper(rule) LIKE '%BYYEARDAY=%' OR upper(rule) LIKE '%BYWEEKNO=%')) AS governed,
                upper(rule) LIKE '%BYHOUR=%' AS hourly
            FROM appointment_rules WHERE appointment_id = NEW.id AND NOT excludes ORDER BY id LIMIT 1
        ) r
        WHERE n.appointment_id = NEW.id
            AND NOT (r.hourly AND date(NEW.start_local) = date(OLD.start_local)
                AND strftime('%M:%S', NEW.start_local) = strftime('%M:%S', OLD.start_local))
            AND NOT EXISTS (SELECT 1 FROM passerelle_rules
                WHERE appointment_id = NEW.id AND freq IN ('HOURLY', 'MINUTELY', 'SECONDLY'))
            AND CASE OLD.start_kind
                WHEN 'date' THEN length(n.name) = 10
                ELSE length(n.name) > 10
                    AND CASE WHEN r.hourly THEN strftime('%M:%S', n.name) = strftime('%M:%S', OLD.start_local)
                        ELSE strftime('%H:%M:%S', n.name) = strftime('%H:%M:%S', OLD.start_local) END
            END
            -- What stands on another day than the rule's was put there by hand, or moved already.
            AND (r.governed OR date(NEW.start_local) = date(OLD.start_local)
                OR CASE r.freq
                    WHEN 'W' THEN strftime('%w', n.name) = strftime('%w', OLD.start_local)
                    WHEN 'M' THEN strftime('%d', n.name) = strftime('%d', OLD.start_local)
                    ELSE 1
                END)
    ) m;
    INSERT INTO passerelle_moves (part, item) VALUES ('go', 0);
    -- An end that was the very start of the last occurrence must not lose it.
    UPDATE appointment_rules SET rule =
            substr(rule, 1, instr(upper(rule), 'UNTIL=') + 5)
            || strftime('%Y%m%dT%H%M%S',
                substr(rule, instr(upper(rule), 'UNTIL=') + 6, 4) || '-' || substr(rule, instr(upper(rule), 'UNTIL=') + 10, 2)
                || '-' || substr(rule, instr(upper(rule), 'UNTIL=') + 12, 2) || ' '
                || substr(rule, instr(upper(rule), 'UNTIL=') + 15, 2) || ':' || substr(rule, instr(upper(rule), 'UNTIL=') + 17, 2)
                || ':' || substr(rule, instr(upper(rule), 'UNTIL=') + 19, 2),
                printf('%+d seconds', strftime('%s', NEW.start_local) - strftime('%s', OLD.start_local)))
            || substr(rule, instr(upper(rule), 'UNTIL=') + 21)
        WHERE appointment_id = NEW.id AND NEW.start_kind <> 'date' AND OLD.start_kind <> 'date'
            AND date(NEW.start_local) = date(OLD.start_local)
            AND strftime('%s', NEW.start_local) > strftime('%s', OLD.start_local)
            AND substr(upper(rule), instr(upper(rule), 'UNTIL=') + 6, 15)
                GLOB '[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]'
            AND instr(upper(rule), 'UNTIL=') > 0
            AND substr(rule, instr(upper(rule), 'UNTIL=') + 17, 4) = strftime('%M%S', OLD.start_local);
    -- What a rule with days of its own ends before, now that it begins elsewhere.
    INSERT INTO passerelle_moves (part, item, name)
    SELECT n.part, n.item, NULL FROM passerelle_names n JOIN passerelle_ends e ON e.appointment_id = n.appointment_id
    WHERE e.appointment_id = NEW.id AND n.part <> 'dates' AND datetime(n.name) > e.ends
        AND n.name NOT IN (SELECT date FROM appointment_dates WHERE appointment_id = NEW.id);
    INSERT INTO passerelle_moves (part, item) VALUES ('go', 0);
END;
