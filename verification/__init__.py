"""How a claim is tested: settings, engines, inference, verdicts, reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verification.judging.run import verify as verify
    from verification.prediction.law import predict as predict
    from verification.setting import Procedure as Procedure
    from verification.setting import Setting as Setting
    from verification.simulation import simulate as simulate

_HOME = {
    "Procedure": "verification.setting",
    "Setting": "verification.setting",
    "predict": "verification.prediction.law",
    "simulate": "verification.simulation",
    "verify": "verification.judging.run",
}
__all__ = ["Procedure", "Setting", "predict", "simulate", "verify"]


def __getattr__(name: str) -> Any:
    # Lazy, so that the command line starts without SciPy and SymPy.
    if name in _HOME:
        import importlib

        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'verification' has no attribute {name!r}")
