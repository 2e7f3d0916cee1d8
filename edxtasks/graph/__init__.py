"""The graph: doit tasks made from the registry."""
