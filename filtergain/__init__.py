"""filtergain: does a theorem hold, and does filtering pay?

Everything that users need under one name::

    import filtergain as fg

    fg.claims["corollary-1"]                 # a claim of the paper: bound, conditions, checks
    fg.verify([fg.claims["corollary-1"]])    # its verdict
    setting = fg.Setting(n=10**6, d=10, d_tilde=8, r=4, eta=0.1, gamma=1.0, gamma_tilde=1.0)
    fg.predict(setting, theta=0.0)           # the law of the error, without a draw
    fg.fit(X, Y)                             # your own matched rows: does filtering pay?

What is claimed lives in `bounds`, how it is tested in `verification`; both are imported when a name is first
used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from filtergain.own_packages import in_the_way

if TYPE_CHECKING:
    from bounds import Certificate as Certificate
    from bounds import Claim as Claim
    from bounds import Law as Law
    from bounds import Level as Level
    from bounds import Measured as Measured
    from bounds import Path as Path
    from bounds import Proof as Proof
    from bounds import Relation as Relation
    from bounds import Scaling as Scaling
    from bounds import Search as Search
    from bounds import Tail as Tail
    from bounds import Verdict as Verdict
    from bounds import claims as claims
    from verification import Procedure as Procedure
    from verification import Setting as Setting
    from verification import Simulation as Simulation
    from verification import Verdicts as Verdicts
    from verification import fit as fit
    from verification import predict as predict
    from verification import predict_over as predict_over
    from verification import simulate as simulate
    from verification import sweep as sweep
    from verification import threshold as threshold
    from verification import threshold_over as threshold_over
    from verification import verify as verify

_CLAIMED = [
    "Certificate",
    "Claim",
    "Law",
    "Level",
    "Measured",
    "Path",
    "Proof",
    "Relation",
    "Scaling",
    "Search",
    "Tail",
    "Verdict",
    "claims",
]
_TESTED = [
    "Procedure",
    "Setting",
    "Simulation",
    "Verdicts",
    "fit",
    "predict",
    "predict_over",
    "simulate",
    "sweep",
    "threshold",
    "threshold_over",
    "verify",
]
__all__ = [*_CLAIMED, *_TESTED]


def __getattr__(name: str) -> Any:
    """The name from its home, imported at its first use: the command line starts without SymPy."""
    home = "bounds" if name in _CLAIMED else "verification" if name in _TESTED else None
    if home is None:
        raise AttributeError(f"module 'filtergain' has no attribute {name!r}")
    try:
        return getattr(import_module(home), name)
    except (ImportError, AttributeError):
        # Looked for only here: a module of the user's own with such a name is rare.
        if said := in_the_way():
            raise ImportError(f"filtergain.{name} {said}") from None
        raise


def __dir__() -> list[str]:
    return sorted(__all__)
