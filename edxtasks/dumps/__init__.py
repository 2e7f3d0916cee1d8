"""SQL dumps: what the weekly package of edX holds."""
