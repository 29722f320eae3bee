-- A series that ends by COUNT is followed whatever days its rule names; rules with hours of their own and rules that
-- name several days move with their start and their days as the others do.

DROP VIEW passerelle_ends;
DROP TRIGGER appointments_take_their_occurrences_along;
DROP TRIGGER appointment_rules_change;

-- The parts of every rule that includes occurrences.
CREATE VIEW passerelle_rules AS
SELECT r.id, r.appointment_id, r.rule, a.start_kind, a.start_local,
    CASE WHEN instr(r.text, ';FREQ=') > 0 THEN substr(r.text, instr(r.text, ';FREQ=') + 6, instr(substr(r.text, instr(r.text, ';FREQ=') + 6), ';') - 1) ELSE '' END AS freq,
    CASE WHEN instr(r.text, ';UNTIL=') > 0 THEN substr(r.text, instr(r.text, ';UNTIL=') + 7, instr(substr(r.text, instr(r.text, ';UNTIL=') + 7), ';') - 1) ELSE '' END AS until,
    CAST(CASE WHEN instr(r.text, ';COUNT=') > 0 THEN substr(r.text, instr(r.text, ';COUNT=') + 7, instr(substr(r.text, instr(r.text, ';COUNT=') + 7), ';') - 1) ELSE '' END AS INTEGER) AS times,
    max(1, CAST(CASE WHEN instr(r.text, ';INTERVAL=') > 0 THEN substr(r.text, instr(r.text, ';INTERVAL=') + 10, instr(substr(r.text, instr(r.text, ';INTERVAL=') + 10), ';') - 1) ELSE '' END AS INTEGER)) AS every,
    CASE WHEN instr(r.text, ';BYDAY=') > 0 THEN substr(r.text, instr(r.text, ';BYDAY=') + 7, instr(substr(r.text, instr(r.text, ';BYDAY=') + 7), ';') - 1) ELSE '' END AS days,
    CASE WHEN instr(r.text, ';BYMONTHDAY=') > 0 THEN substr(r.text, instr(r.text, ';BYMONTHDAY=') + 12, instr(substr(r.text, instr(r.text, ';BYMONTHDAY=') + 12), ';') - 1) ELSE '' END AS month_days,
    CASE WHEN instr(r.text, ';BYMONTH=') > 0 THEN substr(r.text, instr(r.text, ';BYMONTH=') + 9, instr(substr(r.text, instr(r.text, ';BYMONTH=') + 9), ';') - 1) ELSE '' END AS months,
    CASE WHEN instr(r.text, ';BYHOUR=') > 0 THEN substr(r.text, instr(r.text, ';BYHOUR=') + 8, instr(substr(r.text, instr(r.text, ';BYHOUR=') + 8), ';') - 1) ELSE '' END AS hours,
    r.text LIKE '%;BY%' AS governed,
    -- Only the calculator knows these.
    r.text LIKE '%;BYSETPOS=%' OR r.text LIKE '%;BYWEEKNO=%' OR r.text LIKE '%;BYYEARDAY=%' OR r.text LIKE '%;RSCALE=%'
        OR r.text LIKE '%;BYMINUTE=%' OR r.text LIKE '%;BYSECOND=%'
        OR r.text LIKE '%;FREQ=YEARLY;%' AND r.text LIKE '%;BYDAY=%' AND r.text NOT LIKE '%;BYMONTH=%'
        OR r.text LIKE '%;FREQ=WEEKLY;%' AND r.text LIKE '%;INTERVAL=%' AND r.text LIKE '%;WKST=%'
            AND r.text NOT LIKE '%;WKST=MO;%' AND r.text NOT LIKE '%;INTERVAL=1;%' AS odd
FROM (SELECT id, appointment_id, rule, ';' || upper(rule) || ';' AS text FROM appointment_rules WHERE NOT excludes) r
JOIN appointments a ON a.id = r.appointment_id;

-- When the only rule of a series ends, as late as it may be in any zone; NULL where it goes on beyond the last name
-- of an occurrence, or where only the calculator knows. With COUNT its days are gone through one by one.
CREATE VIEW passerelle_ends AS
SELECT id, appointment_id,
    CASE
        WHEN until GLOB '[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]*' THEN datetime(
            substr(until, 1, 4) || '-' || substr(until, 5, 2) || '-' || substr(until, 7, 2) || ' '
            || substr(until, 10, 2) || ':' || substr(until, 12, 2) || ':' || substr(until, 14, 2),
            CASE substr(until, 16, 1) WHEN 'Z' THEN '+14 hours' ELSE '+0 days' END)
        WHEN until <> '' THEN datetime(
            substr(until, 1, 4) || '-' || substr(until, 5, 2) || '-' || substr(until, 7, 2), '+86399 seconds')
        WHEN times <= 0 OR odd THEN NULL
        WHEN freq IN ('HOURLY', 'MINUTELY') AND NOT governed THEN
            -- The clock may have been set meanwhile.
            datetime(start_local, printf('%+d minutes', (times - 1) * every * CASE freq WHEN 'HOURLY' THEN 60 ELSE 1 END + 120))
        WHEN freq IN ('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY') THEN (
            WITH RECURSIVE
                first (day) AS (SELECT date(start_local)),
                each (day) AS (
                    SELECT day FROM first
                    UNION ALL SELECT date(day, '+1 day') FROM each WHERE day < last AND day < date(start_local, '+60 years')),
                known (day, code, ordinal, back) AS (
                    SELECT day, substr('SUMOTUWETHFRSA', strftime('%w', day) * 2 + 1, 2),
                        (strftime('%d', day) + 6) / 7,
                        (strftime('%d', date(day, 'start of month', '+1 month', '-1 day')) - strftime('%d', day)) / 7 + 1
                    FROM each)
            SELECT datetime(day, '+86399 seconds') FROM (
            SELECT k.day, row_number() OVER (ORDER BY k.day) AS place FROM known k, first f
            WHERE (months = '' OR ',' || months || ',' LIKE '%,' || CAST(strftime('%m', k.day) AS INTEGER) || ',%')
                AND (month_days = '' OR ',' || month_days || ',' LIKE '%,' || CAST(strftime('%d', k.day) AS INTEGER) || ',%'
                    OR ',' || month_days || ',' LIKE '%,-'
                        || (strftime('%d', date(k.day, 'start of month', '+1 month', '-1 day')) - strftime('%d', k.day) + 1)
                        || ',%')
                AND (days = '' OR ',' || days || ',' LIKE '%,' || k.code || ',%'
                    OR ',' || replace(days, '+', '') || ',' LIKE '%,' || k.ordinal || k.code || ',%'
                    OR ',' || days || ',' LIKE '%,-' || k.back || k.code || ',%')
                AND CASE freq
                    WHEN 'DAILY' THEN CAST(julianday(k.day) - julianday(f.day) AS INTEGER) % every = 0
                    WHEN 'WEEKLY' THEN
                        CAST((julianday(k.day, 'weekday 0') - julianday(f.day, 'weekday 0')) / 7 AS INTEGER) % every = 0
                        AND (days <> '' OR strftime('%w', k.day) = strftime('%w', f.day))
                    WHEN 'MONTHLY' THEN
                        (strftime('%Y', k.day) * 12 + strftime('%m', k.day) - strftime('%Y', f.day) * 12 - strftime('%m', f.day))
                            % every = 0
                        AND (days <> '' OR month_days <> '' OR strftime('%d', k.day) = strftime('%d', f.day))
                    ELSE (strftime('%Y', k.day) - strftime('%Y', f.day)) % every = 0
                        AND (months <> '' OR strftime('%m', k.day) = strftime('%m', f.day))
                        AND (days <> '' OR month_days <> '' OR strftime('%d', k.day) = strftime('%d', f.day))
                END
            )
            -- Of a day with several hours the first may have fewer.
            WHERE place = 1 + (times - 1 + length(hours) - length(replace(hours, ',', '')))
                / (1 + length(hours) - length(replace(hours, ',', ''))))
    END AS ends
FROM (
    SELECT r.*, (SELECT max(date(name)) FROM passerelle_names n WHERE n.appointment_id = r.appointment_id) AS last
    FROM passerelle_rules r
    WHERE NOT EXISTS (
        SELECT 1 FROM appointment_rules o WHERE o.appointment_id = r.appointment_id AND o.id <> r.id AND NOT o.excludes)
);

-- The start of a series moves. Names at the hour of the old start get the hour of the new one. The days of a rule
-- that names no days are those of its start, so they move with it; the days of any other rule stay where they are.
-- A rule that names hours keeps them, and takes the minutes; one that counts in hours moves as a whole. Additional dates
-- at another hour are not touched.
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
    INSERT OR REPLACE INTO passerelle_moves (part, item, name)
    SELECT part, item, datetime(name,
        printf('%+d seconds', strftime('%s', NEW.start_local) - strftime('%s', OLD.start_local)))
    FROM passerelle_names
    WHERE appointment_id = NEW.id
        AND EXISTS (SELECT 1 FROM passerelle_rules
            WHERE appointment_id = NEW.id AND freq IN ('HOURLY', 'MINUTELY', 'SECONDLY'));
    INSERT OR REPLACE INTO passerelle_moves (part, item, name)
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
    INSERT OR REPLACE INTO passerelle_moves (part, item, name)
    SELECT n.part, n.item, NULL FROM passerelle_names n JOIN passerelle_ends e ON e.appointment_id = n.appointment_id
    WHERE e.appointment_id = NEW.id AND n.part <> 'dates' AND datetime(n.name) > e.ends
        AND n.name NOT IN (SELECT date FROM appointment_dates WHERE appointment_id = NEW.id);
    INSERT INTO passerelle_moves (part, item) VALUES ('go', 0);
END;

-- A rule changes: days or hours that it names are others, as many as before, or it ends earlier.
CREATE TRIGGER appointment_rules_change AFTER UPDATE OF rule ON appointment_rules
WHEN NEW.rule <> OLD.rule AND NOT NEW.excludes
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'series.written')
BEGIN
    INSERT OR REPLACE INTO passerelle_moves (part, item, name)
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
    INSERT OR REPLACE INTO passerelle_moves (part, item, name)
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
    INSERT OR REPLACE INTO passerelle_moves (part, item, name)
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
    INSERT OR REPLACE INTO passerelle_moves (part, item, name)
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
    INSERT OR REPLACE INTO passerelle_moves (part, item, name)
    SELECT n.part, n.item, NULL FROM passerelle_names n JOIN passerelle_ends e ON e.appointment_id = n.appointment_id
    WHERE e.id = NEW.id AND n.part <> 'dates' AND datetime(n.name) > e.ends
        AND n.name NOT IN (SELECT date FROM appointment_dates WHERE appointment_id = NEW.appointment_id);
    INSERT INTO passerelle_moves (part, item) VALUES ('go', 0);
END;
