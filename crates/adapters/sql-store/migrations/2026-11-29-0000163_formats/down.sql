-- What is numbered stays so.
UPDATE passerelle_links SET due = due WHERE FALSE;
