"""edxtasks: a make for edX data."""
