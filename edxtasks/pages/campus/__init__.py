"""The page of the campus: all chosen courses side by side."""
