DROP TRIGGER passerelle_moves_onto_others_are_told;
DROP TRIGGER passerelle_moves_are_told;
DROP TRIGGER appointment_rules_are_followed_when_inserted;
DROP TRIGGER appointment_rules_are_followed_when_deleted;
DROP TRIGGER appointments_are_followed_when_replaced;
DROP TRIGGER appointments_are_followed_when_deleted;
DROP TRIGGER appointment_rules_are_followed;
DROP TRIGGER appointments_are_followed;
DROP VIEW passerelle_states;
DROP TABLE passerelle_dropped;
ALTER TABLE passerelle_unfollowed DROP COLUMN names;

CREATE TRIGGER appointments_are_followed BEFORE UPDATE OF start_kind, start_local ON appointments
WHEN (NEW.start_kind <> OLD.start_kind OR NEW.start_local <> OLD.start_local)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'series.written')
    AND EXISTS (SELECT 1 FROM passerelle_names WHERE appointment_id = OLD.id AND part <> 'dates')
    AND EXISTS (SELECT 1 FROM passerelle_rules WHERE appointment_id = OLD.id
        AND (odd OR freq IN ('HOURLY', 'MINUTELY', 'SECONDLY') AND governed))
BEGIN
    INSERT OR IGNORE INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules)
    SELECT OLD.id, OLD.start_kind, OLD.start_local, OLD.start_zone, json_group_array(rule)
    FROM appointment_rules WHERE appointment_id = OLD.id AND NOT excludes;
END;

CREATE TRIGGER appointment_rules_are_followed BEFORE UPDATE OF rule ON appointment_rules
WHEN NEW.rule <> OLD.rule AND NOT NEW.excludes
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'series.written')
    AND EXISTS (SELECT 1 FROM passerelle_names WHERE appointment_id = OLD.appointment_id AND part <> 'dates')
    AND (upper(OLD.rule || NEW.rule) LIKE '%BYSETPOS=%' OR upper(OLD.rule || NEW.rule) LIKE '%BYWEEKNO=%'
        OR upper(OLD.rule || NEW.rule) LIKE '%BYYEARDAY=%' OR upper(OLD.rule || NEW.rule) LIKE '%BYMINUTE=%'
        OR upper(OLD.rule || NEW.rule) LIKE '%BYSECOND=%'
        OR EXISTS (SELECT 1 FROM passerelle_rules WHERE id = OLD.id
            AND (odd OR freq IN ('HOURLY', 'MINUTELY', 'SECONDLY') AND governed)))
BEGIN
    INSERT OR IGNORE INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules)
    SELECT a.id, a.start_kind, a.start_local, a.start_zone, (
        SELECT json_group_array(rule) FROM appointment_rules WHERE appointment_id = a.id AND NOT excludes)
    FROM appointments a WHERE a.id = OLD.appointment_id;
END;
DROP INDEX IF EXISTS passerelle_links_lacks;
