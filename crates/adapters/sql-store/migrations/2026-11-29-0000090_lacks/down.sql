DROP INDEX passerelle_links_lacks;
