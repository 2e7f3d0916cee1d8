"""The page of a course: its figures, by what they are about."""
