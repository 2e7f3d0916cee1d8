"""Asking the warehouse in SQL, for people: statements, their answers, forms of output, the prompt."""
