"""One file a kind of check: how it is planned, how it is judged."""
