"""The law of the error: its deterministic equivalents at any sample size."""
