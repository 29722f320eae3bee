-- The labels that both sides of a pair have, by their ids: which one got another name is told by these, not by its contacts.
ALTER TABLE passerelle_pair_states ADD COLUMN labels TEXT;
