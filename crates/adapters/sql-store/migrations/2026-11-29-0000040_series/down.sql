DROP TRIGGER appointment_rules_end_earlier;
DROP TRIGGER appointment_rules_change;
DROP TRIGGER appointments_take_their_occurrences_along;
DROP TRIGGER passerelle_moves_carried_out;
DROP VIEW passerelle_ends;
DROP VIEW passerelle_names;
DROP TABLE passerelle_moves;
