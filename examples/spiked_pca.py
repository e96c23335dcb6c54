"""Claims of another paper: PCA in the spiked covariance model (Cai, Ma and Wu, 2016, Eq. 9).

    filtergain verify --module examples/spiked_pca.py

n points x ~ N(0, gamma U U^T + I) in d dimensions, r spikes of size gamma.  Note: examples/spiked_pca.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp
from scipy import stats

from bounds import Claim, Law, Measured, Path, Relation, Scaling, Tail, Verdict
from bounds.symbols import ERR, d, delta, gamma, n, r


def pca_error(values: Mapping[str, float], rng: np.random.Generator) -> float:
    """Chordal distance between the leading r principal components of n points and U, the first r axes."""
    size, dimension, rank = (int(values[name]) for name in ("n", "d", "r"))
    points = rng.standard_normal((size, dimension))
    points[:, :rank] *= np.sqrt(values["gamma"] + 1)
    components = np.linalg.eigh(np.cov(points.T))[1][:, -rank:]
    return float(np.linalg.norm(components[rank:]))


def law(values: Mapping[str, float], errors: Any) -> Any:
    """P(error <= e) to first order: e^2 is V chi-square with (d - r) r degrees of freedom."""
    scale = (1 + 1 / values["gamma"]) / (values["gamma"] * values["n"])
    return stats.chi2.cdf(np.square(errors) / scale, (values["d"] - values["r"]) * values["r"])


QUANTITIES = {"spiked-pca-error": pca_error}
ERROR = Measured(quantity="spiked-pca-error")
VARIANCE = (1 + 1 / gamma) / (gamma * n)
RATE = sp.sqrt(r * d * VARIANCE)
CORRECTED = sp.sqrt(r * (d - r) * VARIANCE)
CONDITION = sp.Ge(n, 16 * (r + d * (1 + 1 / gamma) / gamma))
GROWTH = 0.25  # half of the smallest wrong exponent
CORE = ((d, 12), (r, 2), (gamma, 2))
NEARLY_FULL = Path(d, (3, 6, 12, 24), ((r, d - 1), (gamma, 4), (n, 1000)))  # r = d - 1: one direction is left
FAMILIES = (Path(n, (250, 4000), CORE), Path(gamma, (0.25, 25), (*CORE[:2], (n, 4000))))
SOURCE = "Cai, Ma and Wu (2016), Eq. 9"


def exponent(parameter: sp.Symbol, values: tuple[float, ...], margin: float = 0.1, **at: float) -> Scaling:
    """The bound has the right power of `parameter`."""
    place = {**dict(CORE), n: 1000} | {s: at[s.name] for s in (d, n) if s.name in at}
    return Scaling(ERROR, Path(parameter, values, tuple(place.items())), two_sided=True, margin=margin)


CLAIMS = (
    Claim(
        id="spiked-pca",
        title="Error of PCA in the spiked model, from above",
        source=SOURCE,
        statement="PCA errs by at most the order of sqrt(r d (1 + 1/gamma)/(gamma n)).",
        relation=Relation.UPPER,
        bound=RATE,
        quantity=ERR,
        up_to_constant=True,
        conditions=(CONDITION,),
        checks=(
            exponent(n, (250, 1000, 4000)),
            exponent(gamma, (1, 10, 100)),
            exponent(d, (16, 64), margin=0.15),
            exponent(r, (1, 4), margin=0.15, d=32),
            Scaling(ERROR, NEARLY_FULL, two_sided=False, margin=GROWTH),
        ),
        expected=Verdict.SUPPORTED,
        note="spiked_pca.md#from-above",
    ),
    Claim(
        id="spiked-pca-lower",
        title="The same rate, from below, for every r <= d",
        source=SOURCE + ", read without r <= d/2",
        statement="For every r <= d PCA errs by at least the order of sqrt(r d (1 + 1/gamma)/(gamma n)).",
        relation=Relation.LOWER,
        bound=RATE,
        quantity=ERR,
        up_to_constant=True,
        conditions=(CONDITION,),
        checks=(Scaling(ERROR, NEARLY_FULL, two_sided=False, margin=GROWTH),),
        expected=Verdict.REFUTED,
        note="spiked_pca.md#from-below",
    ),
    Claim(
        id="spiked-pca-explicit",
        title="Error of PCA from below, at every r < d, with its constant",
        source=SOURCE + ", corrected",
        statement="With probability 0.9 PCA errs by at least 0.2 sqrt(r (d - r)(1 + 1/gamma)/(gamma n)).",
        relation=Relation.LOWER,
        bound=CORRECTED / 5,
        quantity=ERR,
        conditions=(CONDITION, sp.Lt(r, d)),
        probability=1 - delta,
        checks=(Tail(ERROR, (NEARLY_FULL, *FAMILIES), delta=0.1),),
        variant="corrected",
        corrects="spiked-pca-lower",
        expected=Verdict.SUPPORTED,
        note="spiked_pca.md#from-below",
    ),
    Claim(
        id="spiked-pca-sharp",
        title="The law of PCA's error",
        source=SOURCE + ", sharpened",
        statement="To first order the squared error is V chi-square with (d - r) r degrees of freedom.",
        relation=Relation.EQUAL,
        bound=CORRECTED,
        quantity=ERR,
        checks=(Law(ERROR, law, (Path(n, (1000, 4000), CORE),), tolerance=0.1, shown=law),),
        variant="sharp",
        expected=Verdict.SUPPORTED,
        note="spiked_pca.md#law",
    ),
)
