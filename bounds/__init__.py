"""What is claimed: exact mathematics, as SymPy expressions and rigorous enclosures.

`claims` maps the id of every statement to its `Claim`, in the paper's order; the other names are what a
claim of one's own is written with.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bounds.checks import (
        Certificate,
        Law,
        Level,
        Measured,
        Path,
        Proof,
        Relation,
        Scaling,
        Search,
        Tail,
    )
    from bounds.claim import Claim, Verdict
    from bounds.register import claims

__all__ = [
    "Certificate", "Claim", "Law", "Level", "Measured", "Path", "Proof", "Relation", "Scaling", "Search",
    "Tail", "Verdict", "claims",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    # Lazy, so that importing one submodule does not build the whole register.
    if name not in __all__:
        raise AttributeError(f"module 'bounds' has no attribute {name!r}")
    # bounds.claim has the names of bounds.checks, too.
    return getattr(import_module("bounds.register" if name == "claims" else "bounds.claim"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
