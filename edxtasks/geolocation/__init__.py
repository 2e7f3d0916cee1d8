"""Geolocation: from a learner's internet address to country, city and UN region (docs/geolocation.md)."""
