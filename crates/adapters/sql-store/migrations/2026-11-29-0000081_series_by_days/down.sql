DROP TRIGGER appointments_take_their_occurrences_along;
DROP TRIGGER appointment_rules_change;
DROP VIEW passerelle_ends;
DROP VIEW passerelle_rules;
-- The start of a series moves. Names at the hour of the old start get the hour of the new one. The days of a rule
-- that names no days are those of its start, so they move with it; the days of any other rule stay where they are.
-- A rule that names hours of its own, and additional dates at another hour, are not touched.
CREATE TRIGGER appointments_take_their_occurrences_along AFTER UPDATE OF start_kind, start_local ON appointments
WHEN (NEW.start_kind <> OLD.start_kind OR NEW.start_local <> OLD.start_local)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'series.written')
    AND EXISTS (SELECT 1 FROM appointment_rules WHERE appointment_id = NEW.id AND NOT excludes)
    AND NOT EXISTS (
        SELECT 1 FROM appointment_rules WHERE appointment_id = NEW.id AND NOT excludes
            AND (upper(rule) LIKE '%FREQ=HOURLY%' OR upper(rule) LIKE '%FREQ=MINUTELY%'
                OR upper(rule) LIKE '%FREQ=SECONDLY%' OR upper(rule) LIKE '%BYHOUR=%'
                OR upper(rule) LIKE '%BYMINUTE=%' OR upper(rule) LIKE '%BYSECOND=%'))
BEGIN
    INSERT OR REPLACE INTO passerelle_moves (part, item, name)
    SELECT m.part, m.item,
        CASE
            -- No such day in that month: there is no occurrence any more.
            WHEN m.moves_months AND strftime('%d', m.day) <> strftime('%d', NEW.start_local) THEN NULL
            -- The series begins later, and its days are its rule's own.
            WHEN m.part <> 'dates' AND m.governed AND m.day < date(NEW.start_local, '-6 days')
                AND m.day >= date(OLD.start_local) THEN NULL
            WHEN NEW.start_kind = 'date' THEN m.day
            ELSE m.day || strftime(' %H:%M:%S', NEW.start_local)
        END
    FROM (
        SELECT n.part, n.item, r.governed,
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
                            OR upper(rule) LIKE '%BYYEARDAY=%' OR upper(rule) LIKE '%BYWEEKNO=%')) AS governed
            FROM appointment_rules WHERE appointment_id = NEW.id AND NOT excludes ORDER BY id LIMIT 1
        ) r
        WHERE n.appointment_id = NEW.id
            AND CASE OLD.start_kind
                WHEN 'date' THEN length(n.name) = 10
                ELSE length(n.name) > 10
                    AND strftime('%H:%M:%S', n.name) = strftime('%H:%M:%S', OLD.start_local)
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
END;

-- When the only rule of a series ends, as late as it may be in any zone; NULL where it goes on, or where only the
-- calculator knows.
CREATE VIEW passerelle_ends AS
SELECT id, appointment_id,
    CASE
        WHEN until GLOB '[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]*' THEN datetime(
            substr(until, 1, 4) || '-' || substr(until, 5, 2) || '-' || substr(until, 7, 2) || ' '
            || substr(until, 10, 2) || ':' || substr(until, 12, 2) || ':' || substr(until, 14, 2),
            CASE substr(until, 16, 1) WHEN 'Z' THEN '+14 hours' ELSE '+0 days' END)
        WHEN until <> '' THEN datetime(
            substr(until, 1, 4) || '-' || substr(until, 5, 2) || '-' || substr(until, 7, 2), '+86399 seconds')
        WHEN times > 0 AND rule NOT LIKE '%;BY%' AND rule LIKE '%FREQ=DAILY%' THEN
            datetime(start_local, printf('%+d days', (times - 1) * every))
        WHEN times > 0 AND rule LIKE '%FREQ=WEEKLY%' AND (rule NOT LIKE '%;BY%'
                OR (rule LIKE '%;BYDAY=__;%' AND length(rule) - length(replace(rule, ';BY', '')) = 3)) THEN
            datetime(start_local, printf('%+d days', (times - 1) * every * 7 + byday_slack))
        WHEN times > 0 AND rule NOT LIKE '%;BY%' AND rule LIKE '%FREQ=MONTHLY%'
                AND strftime('%d', start_local) <= '28' THEN
            datetime(start_local, printf('%+d months', (times - 1) * every))
        WHEN times > 0 AND rule NOT LIKE '%;BY%' AND rule LIKE '%FREQ=YEARLY%'
                AND strftime('%d', start_local) <= '28' THEN
            datetime(start_local, printf('%+d years', (times - 1) * every))
    END AS ends
FROM (
    SELECT r.id, r.appointment_id, a.start_local, ';' || upper(r.rule) || ';' AS rule,
        CASE WHEN upper(r.rule) LIKE '%UNTIL=%'
            THEN substr(upper(r.rule) || ';', instr(upper(r.rule), 'UNTIL=') + 6,
                instr(substr(upper(r.rule) || ';', instr(upper(r.rule), 'UNTIL=') + 6), ';') - 1)
            ELSE '' END AS until,
        CASE WHEN upper(r.rule) LIKE '%COUNT=%'
            THEN CAST(substr(r.rule, instr(upper(r.rule), 'COUNT=') + 6) AS INTEGER) ELSE 0 END AS times,
        CASE WHEN upper(r.rule) LIKE '%INTERVAL=%'
            THEN CAST(substr(r.rule, instr(upper(r.rule), 'INTERVAL=') + 9) AS INTEGER) ELSE 1 END AS every,
        -- A start on another day than its rule's: the first one comes later in the week.
        CASE WHEN upper(r.rule) LIKE '%BYDAY=%' THEN 6 ELSE 0 END AS byday_slack
    FROM appointment_rules r JOIN appointments a ON a.id = r.appointment_id
    WHERE NOT r.excludes AND NOT EXISTS (
        SELECT 1 FROM appointment_rules o WHERE o.appointment_id = r.appointment_id AND o.id <> r.id AND NOT o.excludes)
);

-- A rule changes: the one day it names is another, or it ends earlier.
CREATE TRIGGER appointment_rules_change AFTER UPDATE OF rule ON appointment_rules
WHEN NEW.rule <> OLD.rule AND NOT NEW.excludes
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'series.written')
BEGIN
    INSERT OR REPLACE INTO passerelle_moves (part, item, name)
    SELECT part, item, CASE length(name)
            WHEN 10 THEN date(name, printf('%+d days', later)) ELSE datetime(name, printf('%+d days', later)) END
    FROM (
        SELECT n.part, n.item, n.name,
            (instr('MOTUWETHFRSASU', substr(upper(NEW.rule), instr(upper(NEW.rule), 'BYDAY=') + 6, 2))
            - instr('MOTUWETHFRSASU', substr(upper(OLD.rule), instr(upper(OLD.rule), 'BYDAY=') + 6, 2))) / 2 AS later
        FROM passerelle_names n
        WHERE n.appointment_id = NEW.appointment_id AND n.part <> 'dates'
            AND upper(NEW.rule) LIKE '%FREQ=WEEKLY%' AND upper(OLD.rule) LIKE '%FREQ=WEEKLY%'
            AND ';' || upper(NEW.rule) || ';' LIKE '%;BYDAY=__;%'
            AND ';' || upper(OLD.rule) || ';' LIKE '%;BYDAY=__;%'
            AND (strftime('%w', n.name) + 6) % 7 =
                (instr('MOTUWETHFRSASU', substr(upper(OLD.rule), instr(upper(OLD.rule), 'BYDAY=') + 6, 2)) - 1) / 2
    ) WHERE later <> 0;
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
    SELECT n.part, n.item, NULL FROM passerelle_names n JOIN passerelle_ends e ON e.appointment_id = n.appointment_id
    WHERE e.id = NEW.id AND n.part <> 'dates' AND datetime(n.name) > e.ends
        AND n.name NOT IN (SELECT date FROM appointment_dates WHERE appointment_id = NEW.appointment_id);
    INSERT INTO passerelle_moves (part, item) VALUES ('go', 0);
END;
