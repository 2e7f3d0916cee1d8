"""Pages for people: pictures and tables made from the tables of the warehouse."""
