"""Taking learners who asked to be forgotten out of all that is kept, and looking whether anything is left."""
