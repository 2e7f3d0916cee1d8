"""Tasks that make no table of the registry: a file each, with the task's name. No other file names it."""
