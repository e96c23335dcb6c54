"""Random numbers by name: what a claim can measure."""
