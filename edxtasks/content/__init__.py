"""Course exports (OLX): axis, grading policy, content statistics."""
