"""What was proved, as plain text that another program can decide again."""
