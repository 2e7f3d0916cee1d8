"""Programs of an office, or of others, that are run for a course on tables, and load results as tables."""
