"""Eq. 24, 27-29, Lemma 11, Corollary 1 and Proposition 1 with numbers in place of "up to a constant".

Every bound rests on three facts about Gaussians, used with failure probability exp(-t) each:
given Y, the product X^T Y is Gaussian with row scale ||Y||; an m x k standard Gaussian matrix has
norm at most sqrt(m) + sqrt(k) + sqrt(2t) and least singular value at least sqrt(m) - sqrt(k) -
sqrt(2t) (Davidson and Szarek); a norm is 1-Lipschitz.  Derivations: proofs_notes/concentration.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy as sp

from bounds.checks import Measured, Path, Proof, Relation, Scaling, Statement, Step, Tail
from bounds.claim import Claim, Verdict
from bounds.paper import concentration_proofs
from bounds.paper.events import with_failures
from bounds.proof import steps
from bounds.symbols import ERR, C, a_x, a_y, d, d_tilde, delta, deviation, eta, gamma, gamma_tilde, n, r, t

_s = sp.sqrt(2 * t)
_m = n - 1  # degrees of freedom of S_n after centring
_root_m = sp.sqrt(_m)
_noise_x, _noise_y = d - r, d_tilde - r  # dimensions that hold noise alone


# Corollary 1.  With S_n in blocks [[P, Q], [R, T]] in the bases (U, U_perp), (U~, U~_perp):
# ERR <= max(||R||_F, ||Q||_F) / (sigma_r(P) - ||T||).  Eleven Gaussian or binomial events.
_clean_low = n * eta - sp.sqrt(2 * n * eta * t)  # Chernoff: at least so many clean pairs
_q = sp.sqrt(r) + _s
_gap = (
    _clean_low
    - 2 * _q * sp.sqrt(_clean_low)
    - sp.sqrt(a_x * a_y) * (2 * sp.sqrt(r) + _s) * (_root_m + _q)
    - sp.sqrt(1 / (gamma * gamma_tilde))
    * (sp.sqrt(_noise_x) + sp.sqrt(_noise_y) + _s)
    * (_root_m + sp.sqrt(_noise_y) + _s)
) / _m
_off_diagonal = (
    sp.Max(
        sp.sqrt(a_y / gamma) * (sp.sqrt(_noise_x * r) + _s),
        sp.sqrt(a_x / gamma_tilde) * (sp.sqrt(_noise_y * r) + _s),
        evaluate=False,
    )
    * (_root_m + _q)
    / _m
)
_EVENTS = 11

COROLLARY_1_GAP: sp.Expr = with_failures(_gap, _EVENTS)
"""Lower bound of sigma_r(U^T S_n U~) - ||U_perp^T S_n U~_perp||, which tends to eta."""

COROLLARY_1_SAMPLES: sp.Expr = with_failures(
    72 * a_x * a_y * (sp.sqrt(d) + sp.sqrt(d_tilde) + _s) ** 2 / eta**2, _EVENTS
)
"""With at least so many pairs COROLLARY_1_GAP >= eta/2."""

COROLLARY_1_EXPLICIT: sp.Expr = with_failures(_off_diagonal, _EVENTS) / COROLLARY_1_GAP
"""ERR of the unfiltered estimator is at most this with probability >= 1 - delta, if the gap is > 0."""

COROLLARY_1_CONDITION: sp.Basic = sp.Ge(n, COROLLARY_1_SAMPLES, evaluate=False)

# Proposition 1.  r = 1 and a second modality without directions of pure noise (gamma_tilde = oo, or
# d_tilde = 1): S_n has rank one, and the cotangent of the left angle is explicit.  Seven events.
_clean_high = n * eta + sp.sqrt(2 * n * eta * t) + 2 * t / 3  # Bernstein: at most so many
_k = d - 1
_chi_low = sp.Max(
    sp.sqrt(_k - sp.Rational(1, 2)) - _s,  # Lipschitz; E chi_k >= sqrt(k - 1/2)
    sp.sqrt(_k) * sp.exp(-sp.Rational(1, 2) - t / _k),  # Chernoff: positive for every k and t
    evaluate=False,
)
_cotangent = (
    ((sp.sqrt(_clean_high) + _s) ** 2 + 2 * t * sp.sqrt(_clean_high / n))
    / (sp.sqrt(_m - sp.Rational(1, 2)) - _s)
    + sp.sqrt(a_x * a_y) * _s
) / (sp.sqrt(a_y / gamma) * _chi_low)

PROPOSITION_1_EXPLICIT: sp.Expr = with_failures(
    sp.Pow(1 + _cotangent**2, -sp.Rational(1, 2), evaluate=False), 7
)
"""ERR of the unfiltered estimator is at least this with probability >= 1 - delta in that instance."""

PROPOSITION_1_EVERY_NOISE: sp.Expr = with_failures(
    sp.Pow(1 + (sp.Rational(17, 16) * _cotangent) ** 2, -sp.Rational(1, 2), evaluate=False), 13
)
"""The same for r = 1 and every second modality, where the samples below are there: thirteen events."""

EVERY_NOISE_SAMPLES: sp.Expr = with_failures(
    1 + 100 * a_x * a_y * (sp.sqrt(d) + sp.sqrt(d_tilde) + _s) ** 2 / eta**2, 13
)
"""With at least so many pairs the second modality's noise costs the bound no more than 17/16."""

PROPOSITION_1_CONDITION: sp.Basic = sp.And(sp.Ge(d, 2), sp.Ge(n, 2 * sp.log(7 / delta) + 2, evaluate=False))
"""Two dimensions at least, and a positive bound for the norm of n - 1 normals."""

# Eq. 24: S_n against its mean.  Regress x on x~; nine events.
_clean_cross = (sp.sqrt(r) + sp.sqrt(_noise_y) + _s) * (sp.sqrt(_clean_high) + _q)
_eq_24 = (
    sp.sqrt(a_x * a_y) * (sp.sqrt(d) + sp.sqrt(d_tilde) + _s) * (_root_m + sp.sqrt(d_tilde) + _s)
    + 2 * _q * sp.sqrt(_clean_high)
    + 2 * _q**2
    + sp.sqrt(2 * n * eta * t)
    + 2 * t / 3
    + eta
    + sp.sqrt(1 / (gamma_tilde * a_y)) * _clean_cross
) / _m

EQ_24: sp.Expr = sp.sqrt(sp.Max(d, d_tilde) * a_x * a_y / n)
"""Eq. 24 as printed, without its lower-order term."""

EQ_24_EXPLICIT: sp.Expr = with_failures(_eq_24, 9)
"""||S_n - eta U U~^T||_2 is at most this with probability >= 1 - delta."""

# Eq. 27-29 and Lemma 11; the covariances are those of the model's modalities, with norms a and a~.
EQ_27: sp.Expr = sp.sqrt(a_x * a_y) * (sp.sqrt(t / n) + t / n)
EQ_27_EXPLICIT: sp.Expr = with_failures(
    sp.sqrt(a_x * a_y) * (sp.sqrt(d) + sp.sqrt(d_tilde) + _s) * (sp.sqrt(n) + sp.sqrt(d_tilde) + _s) / n, 2
)
"""||(1/n) sum x_i y_i^T||_2 for independent x, y is at most this with probability >= 1 - delta."""


def _covariance_deviation(rows: sp.Expr) -> sp.Expr:
    """||H^T H/rows - I|| with failure probability 2 exp(-t), from the singular values of H."""
    excess = (sp.sqrt(d) + _s) / sp.sqrt(rows)
    return 2 * excess + excess**2


EQ_28: sp.Expr = a_x * (sp.sqrt(t / n) + t / n)
EQ_28_EXPLICIT: sp.Expr = a_x * with_failures(_covariance_deviation(n), 2)
"""||(1/n) sum x_i x_i^T - Cov(x)||_2 is at most this with probability >= 1 - delta."""

EQ_29: sp.Expr = with_failures(sp.sqrt(t / (2 * n)), 2)
"""|n_c/n - eta| is at most this with probability >= 1 - delta: Hoeffding with 2 exp(-t) = delta."""

_logarithm = d + sp.log(2 / delta)
LEMMA_11: sp.Expr = a_x * (sp.sqrt(_logarithm / (n * eta)) + _logarithm / (n * eta))
LEMMA_11_CONDITION: sp.Basic = sp.Gt(n, 8 * sp.log(2 / delta) / eta)
LEMMA_11_EXPLICIT: sp.Expr = a_x * with_failures(_covariance_deviation(n * eta / 2), 4)
"""Lemma 11 with numbers: half of delta for the count (Chernoff), half for the covariance."""

_WIDE = 0.25  # half of the smallest wrong exponent that a rate could have
_CLOSE = 0.05

CORE = ((d, 24), (d_tilde, 16), (r, 4), (gamma, 1), (gamma_tilde, 2))
"""A mid-sized setting at moderate signal-to-noise ratio."""

DIMENSION = sp.Max(d, d_tilde)


def _paths(**extra: sp.Expr) -> tuple[Path, ...]:
    """Families over n, eta, gamma and the dimensions; `extra` gives t or delta a value."""
    more = tuple((sym, extra[sym.name]) for sym in (t, delta) if sym.name in extra)
    large = ((eta, 0.3), (n, 10**6), *more)
    return (
        Path(n, (1e4, 1e6, 1e9), (*CORE, (eta, 0.3), *more)),
        # Far below 1, where 1 - eta is no factor.
        Path(eta, (0.2, 0.02, 0.002), (*CORE, (n, 100 * DIMENSION / eta**2), *more)),
        Path(gamma, (1.0, 100.0, 1e4), (*_without(gamma), *large)),
        Path(gamma, (1.0, 0.1, 0.01), (*_without(gamma), *large)),
        Path(gamma_tilde, (1.0, 0.1, 0.01), (*_without(gamma_tilde), *large)),
        Path(d, (8, 32, 128), ((d_tilde, 4), *_without(d, d_tilde), *large)),
        Path(d_tilde, (16, 64, 256), ((d, 4), *_without(d, d_tilde), *large)),
        # Where the noise is as large as the signal in every direction, so that r is of no account.
        Path(
            r,
            (2, 6, 16),
            ((d, 8 * r), (d_tilde, 6 * r), (gamma, 0.1), (gamma_tilde, 0.1), *large),
        ),
    )


def _without(*parameters: sp.Symbol) -> tuple[tuple[sp.Symbol, int], ...]:
    return tuple((sym, value) for sym, value in CORE if sym not in parameters)


def _printed(
    measured: Measured, two_sided: tuple[sp.Symbol, ...], fine: float = 0.1, **extra: sp.Expr
) -> tuple[Scaling, ...]:
    """The exponents that a bound up to a constant must have, and no growth along the other families.

    In few dimensions a norm is larger than the root of the dimension says, so half a power of it too much
    shows as a third: seen at a finer precision.
    """

    def along(path: Path) -> Scaling:
        if path.parameter in two_sided:
            return Scaling(measured, path, two_sided=True, margin=_CLOSE)
        precision = fine if path.parameter in (d, d_tilde) else 0.15
        return Scaling(measured, path, two_sided=False, margin=_WIDE, precision=precision)

    return tuple(along(path) for path in _paths(**extra))


def _no_growth(measured: Measured, *paths: Path) -> tuple[Scaling, ...]:
    """Families along which a norm does not outgrow its rate, or only gets smaller."""
    return tuple(Scaling(measured, path, two_sided=False, margin=_WIDE, precision=0.15) for path in paths)


_MANY_DEVIATIONS = Path(t, (24, 240, 2400), (*CORE, (eta, 0.3), (n, 1000)))
"""The deviation parameter far above the dimensions, where t/n is the larger term."""


_MANY_DIMENSIONS = Path(
    d, (16, 64, 256), ((d_tilde, d), (r, 4), (gamma, 1), (gamma_tilde, 1), (eta, 0.3), (n, 4), (t, d))
)
"""Dimensions far above the sample, where t/n is the larger term and needed."""


def _clear_dimensions(**extra: sp.Expr) -> Path:
    """The dimension where the noise is of no account: the norm does not grow, whatever its rate says."""
    more = tuple((sym, extra[sym.name]) for sym in (t, delta) if sym.name in extra)
    at = ((gamma, 1e4), (d_tilde, 4), *_without(d, d_tilde, gamma), (eta, 0.3), (n, 10**6))
    return Path(d, (8, 32, 128), (*at, *more))


_CROSS = Measured(quantity="cross-covariance-deviation", spread=0.2)

_ONE_FOR_THE_OTHER = Scaling(
    _CROSS,
    Path(
        d,
        (64, 512),
        ((d_tilde, sp.Max(r, 512 / d)), (r, 1), (gamma, 1), (gamma_tilde, 2), (eta, 0.3), (n, 10**6)),
    ),
    two_sided=False,
    margin=0.1,
    precision=0.1,
)
"""The dimensions' geometric mean stands still; the norm falls beside the root of the larger one."""

_PRODUCT = Measured(quantity="independent-product-norm", spread=0.2)
_COVARIANCE = Measured(quantity="sample-covariance-deviation")

_NARROW = Scaling(
    _COVARIANCE,
    Path(
        d, (16, 64, 256), ((d_tilde, d), (r, 4), (gamma, 1), (gamma_tilde, 1), (eta, 0.3), (n, 10**5), (t, 4))
    ),
    two_sided=False,
    margin=_WIDE,
    precision=0.15,
    beyond=True,
)
"""The deviation parameter below the dimensions, which it must not be."""

_SHARE = Measured(quantity="clean-fraction-deviation")
_THINNED = Measured(quantity="thinned-covariance-deviation")
_DELTA = sp.Rational(1, 20)
_EXPLICIT_PATHS = _paths(delta=_DELTA)


def _one_dimension(claimed: Statement) -> Iterator[Step]:
    """d = d~ = r = 1: both spaces are the whole line, whatever is learned."""
    sign = sp.Symbol("s", nonzero=True)
    learned = sp.Matrix([sign / sp.Abs(sign)])
    residual = (sp.eye(1) - sp.Matrix([1]) * sp.Matrix([1]).T) * learned
    yield steps.identity("the learned direction has no part across the true one", residual[0], 0)
    yield steps.given(claimed, sp.Eq(d, 1), sp.Eq(d_tilde, 1), sp.Eq(r, 1))
    yield steps.concluded("the error against the stated bound", residual[0], claimed)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="eq-24",
        title="The cross-covariance about its mean",
        source="Section 4, Step 4, Eq. 24; Appendix D",
        statement="||S_n - eta U U~^T|| is of order sqrt(max(d, d~) a a~/n), with high probability.",
        quantity=deviation,
        relation=Relation.UPPER,
        bound=EQ_24,
        up_to_constant=True,
        conditions=(sp.Ge(n, C * DIMENSION),),
        probability=1 - sp.exp(-C * DIMENSION),
        checks=(*_printed(_CROSS, (n,), fine=0.05), _ONE_FOR_THE_OTHER),
        expected=Verdict.SUPPORTED,
        note="concentration.md#eq-24",
    ),
    Claim(
        id="eq-24-explicit",
        title="The cross-covariance about its mean, with numbers for the constants",
        source="Section 4, Step 4, Eq. 24; Appendix D",
        statement="With probability at least 1 - delta, ||S_n - eta U U~^T|| is at most as stated.",
        variant="explicit",
        quantity=deviation,
        relation=Relation.UPPER,
        bound=EQ_24_EXPLICIT,
        conditions=(sp.Ge(n, 4 * DIMENSION),),
        probability=1 - delta,
        checks=(
            Proof(concentration_proofs.eq_24),
            Tail(_CROSS, _EXPLICIT_PATHS, random_settings=4),
        ),
        expected=Verdict.SUPPORTED,
        note="concentration.md#eq-24",
        remark=concentration_proofs.REMARK,
    ),
    Claim(
        id="eq-27",
        title="Sum of products of independent Gaussian vectors",
        source="Appendix D, Eq. 27",
        statement="||(1/n) sum x_i y_i^T|| is of order sqrt(a a~)(sqrt(t/n) + t/n), t above the dimensions.",
        quantity=deviation,
        relation=Relation.UPPER,
        bound=EQ_27,
        up_to_constant=True,
        conditions=(sp.Ge(t, DIMENSION),),
        probability=1 - sp.exp(-t),
        checks=(
            *_printed(_PRODUCT, (n,), fine=0.05, t=DIMENSION),
            *_no_growth(_PRODUCT, _MANY_DEVIATIONS, _MANY_DIMENSIONS),
            replace(_NARROW, measured=_PRODUCT),
        ),
        expected=Verdict.SUPPORTED,
        note="concentration.md#eq-27",
    ),
    Claim(
        id="eq-27-explicit",
        title="Sum of products of independent Gaussian vectors, with numbers",
        source="Appendix D, Eq. 27",
        statement="With probability at least 1 - delta, the norm is at most the stated expression.",
        variant="explicit",
        quantity=deviation,
        relation=Relation.UPPER,
        bound=EQ_27_EXPLICIT,
        probability=1 - delta,
        checks=(Tail(_PRODUCT, _EXPLICIT_PATHS, random_settings=4),),
        expected=Verdict.SUPPORTED,
        note="concentration.md#eq-27",
    ),
    Claim(
        id="eq-28",
        title="The sample covariance about its mean",
        source="Appendix D, Eq. 28",
        statement="||(1/n) sum x_i x_i^T - Cov|| is of order a (sqrt(t/n) + t/n) for t above the dimension.",
        quantity=deviation,
        relation=Relation.UPPER,
        bound=EQ_28,
        up_to_constant=True,
        conditions=(sp.Ge(t, d),),
        probability=1 - sp.exp(-t),
        checks=(
            *_printed(_COVARIANCE, (n,), t=d),
            *_no_growth(_COVARIANCE, _MANY_DEVIATIONS, _MANY_DIMENSIONS, _clear_dimensions(t=d)),
            _NARROW,
        ),
        expected=Verdict.SUPPORTED,
        note="concentration.md#eq-28",
    ),
    Claim(
        id="eq-28-explicit",
        title="The sample covariance about its mean, with numbers",
        source="Appendix D, Eq. 28",
        statement="With probability at least 1 - delta, the norm is at most the stated expression.",
        variant="explicit",
        quantity=deviation,
        relation=Relation.UPPER,
        bound=EQ_28_EXPLICIT,
        probability=1 - delta,
        checks=(Tail(_COVARIANCE, _EXPLICIT_PATHS, random_settings=4),),
        expected=Verdict.SUPPORTED,
        note="concentration.md#eq-28",
    ),
    Claim(
        id="eq-29",
        title="The share of clean pairs",
        source="Appendix D, Eq. 29",
        statement="|n_c/n - eta| <= sqrt(t/(2n)) with probability at least 1 - 2 exp(-t).",
        quantity=deviation,
        relation=Relation.UPPER,
        bound=EQ_29,
        probability=1 - delta,
        checks=(Tail(_SHARE, _EXPLICIT_PATHS[:2], random_settings=4),),
        expected=Verdict.SUPPORTED,
        note="concentration.md#eq-29",
        remark="Printed with its constant; delta = 2 exp(-t).",
    ),
    Claim(
        id="lemma-11",
        title="The sample covariance of a random part of the data",
        source="Appendix C, Lemma 11",
        statement=(
            "Each of n vectors is kept with probability eta: at least n eta/2 are, and their sample "
            "covariance deviates by the order of a (sqrt(D/(n eta)) + D/(n eta)), D = d + log(2/delta)."
        ),
        quantity=deviation,
        relation=Relation.UPPER,
        bound=LEMMA_11,
        up_to_constant=True,
        conditions=(LEMMA_11_CONDITION,),
        probability=1 - delta,
        checks=(
            *_printed(_THINNED, (n,), delta=_DELTA),
            *_no_growth(_THINNED, _clear_dimensions(delta=_DELTA)),
        ),
        expected=Verdict.SUPPORTED,
        note="concentration.md#lemma-11",
        depends_on=("eq-28",),
    ),
    Claim(
        id="lemma-11-explicit",
        title="The sample covariance of a random part of the data, with numbers",
        source="Appendix C, Lemma 11",
        statement="With probability at least 1 - delta, n eta/2 are kept and the norm is at most as stated.",
        variant="explicit",
        quantity=deviation,
        relation=Relation.UPPER,
        bound=LEMMA_11_EXPLICIT,
        conditions=(LEMMA_11_CONDITION,),
        probability=1 - delta,
        checks=(Tail(_THINNED, _EXPLICIT_PATHS, random_settings=4),),
        expected=Verdict.SUPPORTED,
        note="concentration.md#lemma-11",
        depends_on=("eq-28-explicit",),
    ),
    Claim(
        id="proposition-1-one-dimension",
        title="Proposition 1 in one dimension",
        source="Section 4, Proposition 1; Appendix E",
        statement="The lower bound of Proposition 1 holds for every d >= 1, d = d~ = r = 1 among them.",
        quantity=ERR,
        relation=Relation.LOWER,
        bound=sp.sqrt(1 / (gamma * n)) / eta,
        conditions=(sp.Eq(d, 1), sp.Eq(d_tilde, 1), sp.Eq(r, 1)),
        checks=(Proof(_one_dimension),),
        expected=Verdict.REFUTED,
        note="concentration.md#proposition-1",
        remark="Two dimensions are needed for an angle; proposition-1-explicit has d >= 2.",
    ),
)
