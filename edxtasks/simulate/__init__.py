"""The simulated campus: what edX would deliver, with a ledger of what really happened."""
