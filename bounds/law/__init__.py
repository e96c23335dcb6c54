"""The sharp law as numbers; states no claim."""
