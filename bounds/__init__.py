"""What is claimed: exact mathematics, as SymPy expressions and rigorous enclosures.

`claims` maps the id of every statement to its `Claim`, in the paper's order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bounds.claim import Claim as Claim
    from bounds.claim import Verdict as Verdict
    from bounds.register import claims as claims

__all__ = ["Claim", "Verdict", "claims"]


def __getattr__(name: str) -> Any:
    # Lazy, so that importing one submodule does not build the whole register.
    if name == "claims":
        from bounds.register import claims

        return claims
    if name in ("Claim", "Verdict"):
        import bounds.claim

        return getattr(bounds.claim, name)
    raise AttributeError(f"module 'bounds' has no attribute {name!r}")
