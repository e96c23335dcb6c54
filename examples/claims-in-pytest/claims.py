"""Two claims about an estimator of this project, and one that is refuted; note: README.md."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import sympy as sp
from scipy import stats

from bounds import Claim, Level, Measured, Path, Relation, Scaling, Verdict
from bounds.symbols import n


def trimmed_error(values: Mapping[str, float], rng: np.random.Generator) -> float:
    """Error of the trimmed mean (a quarter off each end) of n Cauchy points around 0."""
    return float(abs(stats.trim_mean(rng.standard_cauchy(int(values["n"])), 0.25)))


def mean_error(values: Mapping[str, float], rng: np.random.Generator) -> float:
    """Error of the plain mean of such points."""
    return float(abs(rng.standard_cauchy(int(values["n"])).mean()))


QUANTITIES = {"trimmed-error": trimmed_error, "mean-error": mean_error}
# The log of the modulus of a normal variable has standard deviation 1.11, of a Cauchy variable 1.57.
TRIMMED = Measured(quantity="trimmed-error", spread=1.2)
MEAN = Measured(quantity="mean-error", spread=1.6)
SIZES = Path(n, (64, 2048), ())

CLAIMS = (
    Claim(
        id="trimmed-rate",
        title="The trimmed mean survives heavy tails",
        source="robust statistics",
        statement="The trimmed mean of n Cauchy points errs by the order of 1/sqrt(n).",
        relation=Relation.UPPER,
        bound=1 / sp.sqrt(n),
        up_to_constant=True,
        checks=(Scaling(TRIMMED, SIZES, two_sided=True, margin=0.25),),
        expected=Verdict.SUPPORTED,
        note="README.md#variance",
    ),
    Claim(
        id="trimmed-median",
        title="The median of its error",
        source="robust statistics",
        statement="The median of the error is 0.6745 sqrt(8/(pi n)) to first order.",
        relation=Relation.EQUAL,
        bound=sp.Rational(6745, 10000) * sp.sqrt(8 / (sp.pi * n)),
        checks=(Level(TRIMMED, Path(n, (64, 512), ()), tolerance=0.3),),
        expected=Verdict.SUPPORTED,
        note="README.md#variance",
    ),
    Claim(
        id="mean-rate",
        title="The plain mean has the same rate",
        source="a wrong guess",
        statement="The plain mean of n Cauchy points errs by the order of 1/sqrt(n).",
        relation=Relation.UPPER,
        bound=1 / sp.sqrt(n),
        up_to_constant=True,
        checks=(Scaling(MEAN, SIZES, two_sided=True, margin=0.25),),
        expected=Verdict.REFUTED,
        note="README.md#the-plain-mean",
    ),
)
