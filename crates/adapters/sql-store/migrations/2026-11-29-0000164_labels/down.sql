ALTER TABLE passerelle_pair_states DROP COLUMN labels;
