"""Data that may be shared: pseudonyms, groups of at least k learners, and what that does to the numbers."""
