"""Adversarial settings: where a bound is nearest to breaking."""
