"""One line of a raw log to one row of the table: `rephrase` is the way in."""
