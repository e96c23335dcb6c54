"""Wrong versions of claims: what a design must refute."""
