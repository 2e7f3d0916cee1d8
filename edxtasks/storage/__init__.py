"""Storage: files that others fetch, behind one interface with two stores."""
