"""What a table is made by: it is found, checked, built, exported. No table is known here by name."""
