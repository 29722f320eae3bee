-- Links with a field that one of the sides cannot hold: `status` and every run count them.
CREATE INDEX passerelle_links_lacks ON passerelle_links (pair, id) WHERE instr(body, '"lacks":[') > 0;
