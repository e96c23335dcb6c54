"""Eq. 2: each modality alone, by principal components (no matched pair needed, eta = 0).

x ~ N(0, U U^T + I/gamma) is the spiked covariance model with r spikes of size 1.  PCA estimates U by the
leading r eigenvectors of the sample covariance.  Derivations: proofs_notes/unimodal.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from bounds.checks import Law, Measured, Path, Proof, Relation, Scaling, Statement, Step, Tail
from bounds.claim import Claim, Verdict
from bounds.law.error import ErrorLaw
from bounds.paper import concentration_proofs
from bounds.paper.events import with_failures
from bounds.paper.unfiltered import ROOT_MEAN_SQUARE
from bounds.proof.matrix_words import Algebra
from bounds.proof.steps import concluded
from bounds.symbols import ERR, C, a_x, d, delta, gamma, n, r, t

PCA = Measured(quantity="pca-error", spread=0.19)

SCALE: sp.Expr = a_x / (gamma * n)
"""V of PCA: the squared error is V chi^2 with (d - r) r degrees of freedom, to first order."""

EQ_2: sp.Expr = sp.sqrt(r * d * SCALE)
"""The rate of Eq. 2 as printed."""

_s = sp.sqrt(2 * t)
_root_m = sp.sqrt(n - 1)
_noise = 1 / sp.sqrt(gamma)
_low = sp.sqrt(a_x) * (_root_m - sp.sqrt(r) - _s)
_high = _noise * (_root_m + sp.sqrt(d - r) + _s)

EXPLICIT: sp.Expr = with_failures(
    _noise * sp.sqrt(a_x) * (_root_m + sp.sqrt(r) + _s) * (sp.sqrt((d - r) * r) + _s) / (_low**2 - _high**2),
    4,
)
"""PCA errs by at most this with probability >= 1 - delta, where SAMPLES are there."""

SAMPLES: sp.Expr = with_failures(
    1
    + 4
    * ((sp.sqrt(a_x) * (sp.sqrt(r) + _s) + _noise * (sp.sqrt(d - r) + _s)) * (sp.sqrt(a_x) + _noise)) ** 2,
    4,
)
"""With at least so many points the eigenvalues' roots differ by half of their limiting difference."""

EXPONENT_MARGIN = 0.03
GROWTH_MARGIN = 0.25


def pca_cdf(values: Mapping[str, float], numbers: Any) -> Any:
    """P(error of PCA <= number) to first order, vectorised over `numbers` (m,)."""
    size, noise = int(values["r"]), 1 / values["gamma"]
    return ErrorLaw(noise * (1 + noise) / values["n"], 0.0, (int(values["d"]) - size) * size, 0).cdf(numbers)


def _uncorrected_cdf(values: Mapping[str, float], numbers: Any) -> Any:
    """The law with d r degrees of freedom, as the printed rate has it."""
    wrong = {**values, "d": values["d"] + values["r"]}
    return pca_cdf(wrong, numbers)


def _information(claimed: Statement) -> Iterator[Step]:
    """Fisher information of n points about the angles that turn U into its complement, for every d and r.

    An angle belongs to a direction e of the signal and one h of the noise; two of each are all that two
    angles can have.
    """
    covariance, inverse = sp.MatrixSymbol("Sigma", d, d), sp.MatrixSymbol("Sigma_inv", d, d)
    signal = [sp.MatrixSymbol(f"e_{k}", d, 1) for k in (1, 2)]
    noise = [sp.MatrixSymbol(f"h_{k}", d, 1) for k in (1, 2)]
    directions = [*signal, *noise]
    relations = {
        one.T * other: sp.Identity(1) if one == other else sp.ZeroMatrix(1, 1)
        for place, one in enumerate(directions)
        for other in directions[place:]
    }
    relations |= {covariance * e: a_x * e for e in signal} | {covariance * h: h / gamma for h in noise}
    relations |= {inverse * e: e / a_x for e in signal} | {inverse * h: gamma * h for h in noise}
    algebra = Algebra(symmetric=(covariance, inverse), relations=relations)

    def slope(e: sp.MatrixSymbol, h: sp.MatrixSymbol) -> sp.MatrixExpr:
        turn = h * e.T - e * h.T
        return turn * covariance - covariance * turn  # d/dphi of R(phi) Sigma R(phi)^T at 0

    (e, e_too), (h, h_too) = signal, noise
    about = inverse * slope(e, h)
    information = n * sp.Trace(about * about) / 2
    yield concluded("one over the information about an angle", 1 / algebra.evaluate(information), claimed)
    others = {
        "of one direction of the signal": (e, h_too),
        "of one direction of the noise": (e_too, h),
        "of none in common": (e_too, h_too),
    }
    for name, angle in others.items():
        shared = n * sp.Trace(about * inverse * slope(*angle)) / 2
        yield algebra.identity(f"two angles {name} share no information", shared, sp.Integer(0))


_PLACE = {n: 10**6, d: 24, r: 4, gamma: 1}


def _along(parameter: sp.Symbol, values: tuple[Any, ...], **at: Any) -> Path:
    place = {s: at.get(s.name, v) for s, v in _PLACE.items() if s != parameter}
    return Path(parameter, values, (*place.items(), *((s, at[s.name]) for s in (delta,) if s.name in at)))


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="eq-2",
        title="Error of each modality alone, by principal components",
        source="Section 3, Eq. 2; Appendix B.2",
        statement=(
            "Without a single matched pair, the principal components of one modality err by at most the "
            "order of sqrt(r d (1/gamma)(1 + 1/gamma)/n)."
        ),
        relation=Relation.UPPER,
        bound=EQ_2,
        quantity=ERR,
        up_to_constant=True,
        conditions=(sp.Ge(n, C * (r + d * a_x / gamma)),),
        checks=(
            Scaling(PCA, _along(n, (10**4, 10**6, 10**9)), two_sided=True, margin=EXPONENT_MARGIN),
            Scaling(PCA, _along(gamma, (0.05, 1, 100.0)), two_sided=True, margin=EXPONENT_MARGIN),
            # At d = r there is no error: r/d stays small where an exponent is measured.
            Scaling(PCA, _along(d, (16, 128), r=1), two_sided=True, margin=8 * EXPONENT_MARGIN),
            Scaling(PCA, _along(r, (1, 8), d=8 * r), two_sided=True, margin=8 * EXPONENT_MARGIN),
            # Where one direction is left the error falls; none is left at r = d.
            Scaling(
                replace(PCA, spread=0.4), _along(r, (4, 60), d=r + 1), two_sided=False, margin=GROWTH_MARGIN
            ),
            Scaling(PCA, _along(gamma, (1, 1e3, 1e6), n=100), two_sided=False, margin=GROWTH_MARGIN),
        ),
        expected=Verdict.SUPPORTED,
        note="unimodal.md#eq-2",
        remark=(
            "The rate is cited from Cai, Ma and Wu (2016) as minimax. As a lower bound it needs r <= d/2, "
            "say: at d = r the space is everything and the error is 0."
        ),
    ),
    Claim(
        id="eq-2-explicit",
        title="Error of each modality alone, with numbers for the constants",
        source="Section 3, Eq. 2, with explicit constants",
        statement=(
            "With probability at least 1 - delta the principal components of one modality err by at most the "
            "stated expression, which has no unnamed constant."
        ),
        relation=Relation.UPPER,
        bound=EXPLICIT,
        quantity=ERR,
        conditions=(sp.Ge(n, SAMPLES, evaluate=False),),
        probability=1 - delta,
        checks=(
            Proof(concentration_proofs.eq_2),
            Tail(
                PCA,
                (
                    _along(n, (SAMPLES, 100 * SAMPLES), delta=0.05),
                    _along(d, (4, 5, 100), delta=0.05),
                    _along(r, (1, 12, 23), delta=0.05),
                    _along(gamma, (0.1, 10.0, 1e4), delta=0.05),
                ),
            ),
        ),
        variant="explicit",
        expected=Verdict.SUPPORTED,
        note="unimodal.md#explicit-constants",
        remark=concentration_proofs.REMARK,
    ),
    Claim(
        id="eq-2-sharp",
        title="The law of the error of each modality alone",
        source="Section 3, Eq. 2, sharpened",
        statement=(
            "To first order the squared error of the principal components is V times a chi-square variable "
            "with (d - r) r degrees of freedom, V = (1/gamma)(1 + 1/gamma)/n; the bound shown is its root "
            "mean square."
        ),
        relation=Relation.EQUAL,
        bound=sp.sqrt((d - r) * r * SCALE),
        quantity=ROOT_MEAN_SQUARE,
        checks=(
            Law(
                PCA,
                pca_cdf,
                (
                    _along(n, (10**5, 10**8)),
                    _along(gamma, (0.1, 1e4)),
                    _along(r, (1, 12, 23)),
                    _along(d, (5, 40)),
                ),
                tolerance=0.2,
                wrong=(("d-in-place-of-d-minus-r", _uncorrected_cdf),),
                shown=pca_cdf,
            ),
        ),
        variant="sharp",
        expected=Verdict.SUPPORTED,
        note="unimodal.md#sharp-law",
    ),
    Claim(
        id="eq-2-information",
        title="What no estimator from one modality can beat",
        source="Section 3, Eq. 2, from below",
        statement=(
            "Each of the (d - r) r angles between U and its complement has Fisher information 1/V in n "
            "points, none of it shared."
        ),
        quantity=sp.Symbol(r"{1/\mathcal{I}}"),
        relation=Relation.EQUAL,
        bound=SCALE,
        checks=(Proof(_information),),
        variant="sharp",
        expected=Verdict.PROVED,
        note="unimodal.md#from-below",
        remark=(
            "By the local asymptotic minimax theorem (Hajek, Le Cam), quoted, no estimator has, in the limit "
            "and locally uniformly, a smaller mean square than PCA, (d - r) r V."
        ),
    ),
)
