"""What a proof raises where it can neither confirm nor refute a step."""

from __future__ import annotations


class Undecided(ValueError):
    """A step was neither shown to hold nor shown to fail: by SymPy, or by balls at the given precision."""
