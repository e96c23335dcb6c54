"""Papers that are installed: modules with claims, found by name through an entry point.

A package adds one with ``[project.entry-points."filtergain.papers"]``, ``name = "package.module"``.  Wherever
the file of a module of one's own may be given, ``paper:name`` may.
"""

from __future__ import annotations

import importlib.util
from importlib.metadata import EntryPoint, entry_points

from verification.errors import InvalidArgument

GROUP = "filtergain.papers"

PREFIX = "paper:"
"""What marks the name of a paper where a file may stand."""


def papers() -> dict[str, EntryPoint]:
    """The installed papers by name, in alphabetical order."""
    return {found.name: found for found in sorted(entry_points(group=GROUP), key=lambda found: found.name)}


def source_file(module: str) -> str:
    """The file of a module: `module` itself, or that of the paper that ``paper:name`` names.

    Raises InvalidArgument where no such paper is installed, or its module is not a file.
    """
    if not module.startswith(PREFIX):
        return module
    name = module.removeprefix(PREFIX)
    known = papers()
    if name not in known:
        allowed = f"one of {', '.join(known)}" if known else "of an installed paper, and there is none"
        raise InvalidArgument("paper", name, f"must be {allowed}")
    try:
        found = importlib.util.find_spec(known[name].module)
    except ImportError:
        found = None
    if found is None or found.origin is None or not found.has_location:
        raise InvalidArgument("paper", name, f"must name a module that is a file, not {known[name].value}")
    return found.origin
