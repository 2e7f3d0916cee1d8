"""Tracking logs: from raw daily files to shards of one course and day."""
