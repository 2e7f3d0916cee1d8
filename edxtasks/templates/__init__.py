"""Files that `edxtasks init` writes into a new project, as they are."""
