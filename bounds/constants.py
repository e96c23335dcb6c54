"""The constants of a bound: as printed (unnamed), explicit (with numbers), sharp (the exact limit)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sympy as sp

    from bounds.claim import Claim

FROM_THE_SCORE = ("P", "c", "kappa_left", "kappa_right", "leak_left", "leak_right")
"""Symbols that the score's law determines from r, eta, gamma, gamma_tilde and theta."""


@dataclass(frozen=True)
class Form:
    """One way to state a bound: `variant` is printed, corrected, explicit or sharp; `id` its claim."""

    id: str
    variant: str
    expression: sp.Expr
    remark: str

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names that must be given a number, sorted; what the score's law supplies is left out."""
        names = {str(s) for s in self.expression.free_symbols}
        if names & set(FROM_THE_SCORE):
            names = (names - set(FROM_THE_SCORE)) | {"r", "eta", "gamma", "gamma_tilde", "theta"}
        return tuple(sorted(names))

    def evaluate(self, values: Mapping[str, float]) -> float:
        """The bound at these numbers (infinite gamma allowed).  Raises KeyError on a missing one."""
        import numpy as np
        import sympy as sp

        known = {name: values[name] for name in self.parameters}
        if {str(s) for s in self.expression.free_symbols} & set(FROM_THE_SCORE):
            known |= score_values(known)
        symbols = sorted(self.expression.free_symbols, key=str)
        function = sp.lambdify(symbols, self.expression, modules="numpy")
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(function(*(np.float64(known[str(s)]) for s in symbols)))


def score_values(values: Mapping[str, float]) -> dict[str, float]:
    """Numbers for `FROM_THE_SCORE` at a setting and a threshold on the oracle's scale."""
    from bounds.score import Score
    from bounds.sharp import selection

    score = Score(int(values["r"]), values["eta"], values["gamma"], values["gamma_tilde"])
    chosen = selection(score, values["theta"])
    return {
        "P": float(chosen.retained),
        "c": float(chosen.multiple),
        "kappa_left": float(chosen.kappa_left),
        "kappa_right": float(chosen.kappa_right),
        "leak_left": float(chosen.leak_left),
        "leak_right": float(chosen.leak_right),
    }


def forms(claim_id: str) -> tuple[Form, ...]:
    """Every form of a claim's bound in the register: printed, corrected, explicit, sharp.

    Any member of the family may be named.  Raises the register's UnknownClaim for an unknown id; claims
    without a bound have no forms.
    """
    from bounds.register import claims

    root = _root(claims[claim_id])
    family = [claim for claim in claims.values() if _root(claim) == root]
    return tuple(Form(c.id, c.variant, c.bound, _constant(c)) for c in family if c.bound is not None)


def _root(claim: Claim) -> str:
    """The id that the variants of one statement share."""
    return claim.corrects or claim.id.removesuffix(f"-{claim.variant}")


def curve(form: Form, values: Mapping[str, float], name: str, points: list[float]) -> list[float]:
    """The bound at each of `points` of the parameter `name`, the others as in `values`."""
    return [form.evaluate({**values, name: point}) for point in points]


def spaced(start: float, stop: float, count: int, geometric: bool = False) -> list[float]:
    """`count` numbers from `start` to `stop`, both included; geometric needs both positive."""
    if count < 2 or not (math.isfinite(start) and math.isfinite(stop)):
        raise ValueError("needs finite ends and at least 2 points")
    if geometric and not (start > 0 and stop > 0):
        raise ValueError("geometric spacing needs positive ends")
    steps = [i / (count - 1) for i in range(count)]
    if geometric:
        inner = [start * (stop / start) ** x for x in steps]
    else:
        inner = [start + (stop - start) * x for x in steps]
    return [start, *inner[1:-1], stop]


def _constant(claim: Claim) -> str:
    return "up to an absolute constant that is not named" if claim.up_to_constant else claim.remark
