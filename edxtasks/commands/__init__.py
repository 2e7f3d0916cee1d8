"""doit commands: what prints, filters, exports or deletes."""
