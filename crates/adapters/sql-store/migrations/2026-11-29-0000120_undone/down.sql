DROP INDEX passerelle_entries_beside;
DROP INDEX passerelle_entries_undoes;
