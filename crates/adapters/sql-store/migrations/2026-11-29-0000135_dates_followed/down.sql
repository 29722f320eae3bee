DROP TRIGGER appointment_dates_are_followed;
DROP TRIGGER appointment_dates_are_followed_when_deleted;
DROP TRIGGER appointment_dates_are_followed_when_replaced;
DROP TRIGGER appointment_rules_are_followed;
DROP TRIGGER appointment_rules_are_followed_when_deleted;
DROP TRIGGER appointment_rules_are_followed_when_inserted;
DROP TRIGGER appointments_are_followed;
DROP TRIGGER appointments_are_followed_when_deleted;
DROP TRIGGER appointments_are_followed_when_replaced;
DROP VIEW passerelle_states;
ALTER TABLE passerelle_unfollowed DROP COLUMN dates;
CREATE VIEW passerelle_states AS
SELECT a.id AS appointment_id, a.start_kind, a.start_local, a.start_zone,
    (SELECT json_group_array(rule) FROM appointment_rules r WHERE r.appointment_id = a.id AND NOT r.excludes) AS rules,
    (SELECT json_group_object(o.id, o.occurrence) FROM appointment_overrides o WHERE o.appointment_id = a.id) AS names
FROM appointments a
WHERE EXISTS (SELECT 1 FROM passerelle_names n WHERE n.appointment_id = a.id AND n.part <> 'dates')
    AND EXISTS (SELECT 1 FROM appointment_rules r WHERE r.appointment_id = a.id AND NOT r.excludes)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'series.written');

CREATE TRIGGER appointment_rules_are_followed BEFORE UPDATE OF rule, excludes, appointment_id ON appointment_rules
WHEN NEW.rule <> OLD.rule OR NEW.excludes <> OLD.excludes OR NEW.appointment_id <> OLD.appointment_id
BEGIN
    INSERT INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id IN (OLD.appointment_id, NEW.appointment_id)
        AND NOT EXISTS (SELECT 1 FROM passerelle_unfollowed u WHERE u.appointment_id = passerelle_states.appointment_id);
END;

CREATE TRIGGER appointment_rules_are_followed_when_deleted BEFORE DELETE ON appointment_rules WHEN NOT OLD.excludes BEGIN
    INSERT INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = OLD.appointment_id
        AND NOT EXISTS (SELECT 1 FROM passerelle_unfollowed u WHERE u.appointment_id = passerelle_states.appointment_id);
END;

CREATE TRIGGER appointment_rules_are_followed_when_inserted BEFORE INSERT ON appointment_rules WHEN NOT NEW.excludes BEGIN
    INSERT INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = NEW.appointment_id
        AND NOT EXISTS (SELECT 1 FROM passerelle_unfollowed u WHERE u.appointment_id = passerelle_states.appointment_id);
END;

CREATE TRIGGER appointments_are_followed BEFORE UPDATE OF start_kind, start_local ON appointments
WHEN NEW.start_kind <> OLD.start_kind OR NEW.start_local <> OLD.start_local
BEGIN
    INSERT INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = OLD.id
        AND NOT EXISTS (SELECT 1 FROM passerelle_unfollowed u WHERE u.appointment_id = passerelle_states.appointment_id);
END;

CREATE TRIGGER appointments_are_followed_when_deleted BEFORE DELETE ON appointments BEGIN
    INSERT INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = OLD.id
        AND NOT EXISTS (SELECT 1 FROM passerelle_unfollowed u WHERE u.appointment_id = passerelle_states.appointment_id);
END;

CREATE TRIGGER appointments_are_followed_when_replaced BEFORE INSERT ON appointments
WHEN EXISTS (SELECT 1 FROM appointments WHERE id = NEW.id)
BEGIN
    INSERT INTO passerelle_unfollowed (appointment_id, start_kind, start_local, start_zone, rules, names)
    SELECT appointment_id, start_kind, start_local, start_zone, rules, names
    FROM passerelle_states WHERE appointment_id = NEW.id
        AND NOT EXISTS (SELECT 1 FROM passerelle_unfollowed u WHERE u.appointment_id = passerelle_states.appointment_id);
END;
