"""The warehouse: where tables live, behind one interface with two engines."""
