"""What the law says of a setting, and what to choose by it."""
