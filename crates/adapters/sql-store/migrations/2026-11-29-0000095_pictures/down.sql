DROP TABLE passerelle_pictures;
