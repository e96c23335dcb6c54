"""How each kind of check is planned and judged: one file a kind, each of which enters itself here."""

from verification.checks import law, level, proved, scaling, search, tail

__all__ = ["law", "level", "proved", "scaling", "search", "tail"]
