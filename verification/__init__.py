"""How a claim is tested: settings, engines, inference, verdicts, reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verification.fitting.fit import fit as fit
    from verification.judging.run import verify as verify
    from verification.judging.verdicts import Verdicts as Verdicts
    from verification.prediction.advice import best_threshold as threshold
    from verification.prediction.law import predict as predict
    from verification.prediction.over import predict_over as predict_over
    from verification.prediction.over import threshold_over as threshold_over
    from verification.setting import Procedure as Procedure
    from verification.setting import Setting as Setting
    from verification.simulation import Simulation as Simulation
    from verification.simulation import simulate as simulate
    from verification.sweeps.sweep import sweep as sweep

_HOME = {
    "Procedure": ("verification.setting", "Procedure"),
    "Setting": ("verification.setting", "Setting"),
    "Simulation": ("verification.simulation", "Simulation"),
    "Verdicts": ("verification.judging.verdicts", "Verdicts"),
    "fit": ("verification.fitting.fit", "fit"),
    "predict": ("verification.prediction.law", "predict"),
    "predict_over": ("verification.prediction.over", "predict_over"),
    "simulate": ("verification.simulation", "simulate"),
    "sweep": ("verification.sweeps.sweep", "sweep"),
    "threshold": ("verification.prediction.advice", "best_threshold"),
    "threshold_over": ("verification.prediction.over", "threshold_over"),
    "verify": ("verification.judging.run", "verify"),
}
__all__ = [
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


def __getattr__(name: str) -> Any:
    # Lazy, so that the command line starts without SciPy and SymPy.
    if name in _HOME:
        import importlib

        module, called = _HOME[name]
        return getattr(importlib.import_module(module), called)
    raise AttributeError(f"module 'verification' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
