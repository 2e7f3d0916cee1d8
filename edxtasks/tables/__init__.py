"""The registry: every table that the product makes, declared once."""
