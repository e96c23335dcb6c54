"""How each kind of check is planned and judged: one file a kind, each of which enters itself here."""

from verification.checks import exact, law, level, scaling, search, tail

__all__ = ["exact", "law", "level", "scaling", "search", "tail"]
