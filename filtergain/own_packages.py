"""Whether Python finds filtergain's packages or others of their names, `bounds` and `verification`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

PARTS = {"bounds": "register.py", "verification": "judging"}
"""A package of ours -> what lies in it and in no other of that name."""


def in_the_way() -> str | None:
    """Which package of ours is hidden by which file, as the end of a sentence; None where none is."""
    for name, part in PARTS.items():
        found = importlib.util.find_spec(name)
        folders = [] if found is None else list(found.submodule_search_locations or ())
        if not any((Path(folder) / part).exists() for folder in folders):
            place = "nothing" if found is None else found.origin or folders[0]
            return f"needs filtergain's package {name!r}, and {place} is in its way"
    return None
