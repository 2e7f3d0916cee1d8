"""The catalog: a page of every table, from the registry and the warehouse."""
