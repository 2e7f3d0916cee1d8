"""How long the videos of a course are: the sources that say it, and which of them counts."""
