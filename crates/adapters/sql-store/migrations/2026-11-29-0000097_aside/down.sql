UPDATE passerelle_links SET state = 'active' WHERE state = 'aside';
