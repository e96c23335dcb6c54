"""Clean against corrupted scores: their order, their limits, and the one mode of the corrupted law.

Every "survives" of Eq. 10 and 56 needs P_1 >= P_0 and E_1 >= E_0.  Derivations: proofs_notes/selection.md,
proofs_notes/oracle_filter.md (the kept pairs' variance) and proofs_notes/moments.md (one mode).
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from bounds.checks import Quoted, Relation, Statement, Step
from bounds.claim import Claim, Derivation, exact
from bounds.paper.score_proofs import T, even_tail, moment_generating_function
from bounds.proof import steps
from bounds.proof.steps import concluded, given, identity, instance, integral, nonnegative, positive
from bounds.symbols import a_x, a_y, gamma, gamma_tilde, kappa_right, mean_0, mean_1, r, tail_0, tail_1, theta

ROOT = sp.sqrt(a_x * a_y)
"""s = sqrt(a a~)."""

KEPT_VARIANCE = a_y * (1 + (1 + theta / r) / ROOT)
"""What the variance of the kept pairs' U~^T x~ never passes."""

KARLIN = "Karlin: adding an independent variable of log-concave density keeps the order of likelihood ratios"
SAME_TRANSFORM = "a moment generating function that is finite around 0 has one law"
PREKOPA = "Prekopa: the tail of a log-concave density is log-concave"

_first, _second = sp.symbols("G_1 G_2", nonnegative=True)
_s = sp.Symbol("s", positive=True)
_AT_LEAST_TWO = 2 + sp.Symbol("m", nonnegative=True)
_h, _g = sp.symbols("h g", nonnegative=True)


def _score(k: int) -> sp.Expr:
    """The score of class k as a difference of two gamma variables of shape r/2."""
    return (_s + k) * _first - (_s - k) * _second


@steps.shared
def _difference_of_gammas() -> Iterator[Step]:
    """S = (s + k) G_1 - (s - k) G_2 with G_1, G_2 independent of shape r/2, for both classes."""
    z, rate = sp.symbols("z q", positive=True)
    density = z ** (r / 2 - 1) * sp.exp(-z) / sp.gamma(r / 2)
    yield identity(
        "E exp((1 - q) G) = q^(-r/2): the density of G/q has mass 1 too",
        sp.powsimp(density * sp.exp((1 - rate) * z) / (density.subs(z, rate * z) * rate), force=True),
        rate ** (-r / 2),
    )
    for k in (0, 1):
        base = moment_generating_function(bool(k)) ** (-2 / r)
        factors = (1 - (ROOT + k) * T) * (1 + (ROOT - k) * T)
        yield identity(
            f"k = {k}: the score's transform is that of (s + k) G_1 - (s - k) G_2",
            sp.expand(sp.powdenest(base, force=True)),
            sp.expand(factors),
        )
    yield Quoted("so the laws are the same", True, f"quoted: {SAME_TRANSFORM}", SAME_TRANSFORM)


def _at_two(clean: bool, size: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """(P_c, E_c) at r = 2 and theta = 0, from G_1 and G_2 exponential; `size` is s."""
    x, y = sp.symbols("x y", positive=True)
    up, down = (size + 1, size - 1) if clean else (size, size)
    # Given G_2 = y, G_1 passes down y/up with probability exp(-down y/up), and is exponential beyond it.
    share = integral(sp.exp(-y * (1 + down / up)), (y, 0, sp.oo))
    excess = integral(x * sp.exp(-x), (x, 0, sp.oo)) * up
    return share, excess


def _prove_tail_order(claimed: Statement) -> Iterator[Step]:
    yield from _difference_of_gammas()
    yield nonnegative(
        "with the same G_1, G_2 the clean score is the larger one by G_1 + G_2", _score(1) - _score(0)
    )
    (clean, _), (corrupted, _) = _at_two(True, sp.Integer(2)), _at_two(False, sp.Integer(2))
    here = {tail_1: clean, tail_0: corrupted, r: 2}
    yield instance("r = 2, s = 2, theta = 0", clean, claimed, here)
    yield concluded("it passes whatever the corrupted one passes", tail_0, claimed, shown=Relation.LOWER)


def _log_concave(claimed: Statement) -> Iterator[Step]:
    yield given(claimed, sp.Ge(r, 2))
    z = sp.Symbol("z", positive=True)
    curvature = sp.diff((_AT_LEAST_TWO / 2 - 1) * sp.log(z) - z, z, 2)
    yield nonnegative("the density of G is log-concave", -sp.simplify(curvature))


def _prove_mean_order(claimed: Statement) -> Iterator[Step]:
    yield from _difference_of_gammas()
    yield from _log_concave(claimed)
    z, low = sp.symbols("z c", positive=True)

    def likelihood(scale: sp.Expr) -> sp.Expr:
        return (r / 2 - 1) * sp.log(z) - z / scale - r / 2 * sp.log(scale)

    up = sp.diff(likelihood(low + _h) - likelihood(low), z)
    yield nonnegative("a larger scale of G_1 has a rising likelihood ratio", sp.simplify(up))
    down = -sp.diff(likelihood(low) - likelihood(low + _h), z)
    yield nonnegative("so has a smaller scale of G_2 in -G_2", sp.simplify(down))
    yield Quoted("hence p_1/p_0 rises", True, f"quoted: {KARLIN}", KARLIN)
    one, other, weight_one, weight_other = sp.symbols("x y w_x w_y", real=True)
    both = one * weight_one - other * weight_one + other * weight_other - one * weight_other
    yield identity(
        "M_1 P_0 - M_0 P_1 is half the mean of (x - y)(w(x) - w(y)) over pairs of corrupted scores",
        both,
        (one - other) * (weight_one - weight_other),
    )
    yield nonnegative(
        "where w = p_1/p_0 rises that is not negative",
        ((one - other) * (weight_one - weight_other)).subs({one: other + _h, weight_one: weight_other + _g}),
    )
    (_, clean), (_, corrupted) = _at_two(True, sp.Integer(2)), _at_two(False, sp.Integer(2))
    here = {mean_1: clean, mean_0: corrupted, r: 2}
    yield instance("r = 2, s = 2, theta = 0", clean, claimed, here)
    yield concluded("so E_1 = M_1/P_1 >= M_0/P_0 = E_0", mean_0, claimed, shown=Relation.LOWER)


def _prove_below_all(clean: bool | None) -> Derivation:
    """The limits at theta -> -oo: of E_c, or of P for None."""

    def prove(claimed: Statement) -> Iterator[Step]:
        tilt, deep = sp.symbols("q x", positive=True)  # theta = -x
        for k in (0, 1):
            # E exp(-q S) is finite for a small q > 0: the base is 1 at q = 0 and continuous.
            base = 1 + 2 * k * tilt - (ROOT**2 - k) * tilt**2
            at = sp.Rational(1, 2) / (ROOT + 1)
            yield positive(
                f"class {k}: E exp(-q S) is finite at q = 1/(2 (s + 1))",
                sp.expand(sp.simplify(base.subs(tilt, at) * 4 * (ROOT + 1) ** 2)),
            )
        yield identity("P(S <= -x) <= exp(-q x) E exp(-q S) -> 0", steps.limit(sp.exp(-deep), deep, sp.oo), 0)
        yield identity(
            "E[-S; S <= -x] <= x exp(-q x) E exp(-q S) -> 0 (y exp(-q y) falls beyond 1/q)",
            steps.limit(deep * sp.exp(-deep), deep, sp.oo),
            0,
        )
        y = sp.Symbol("y", positive=True)
        falling = -sp.diff(y * sp.exp(-tilt * y), y).subs(y, 1 / tilt + _h) * sp.exp(1 + tilt * _h)
        yield nonnegative("y exp(-q y) falls beyond 1/q", sp.simplify(falling))
        if clean is None:
            yield concluded("P = 1 - P(S <= theta)", 1 - sp.Integer(0), claimed)
            return
        mean = sp.diff(moment_generating_function(clean), T).subs(T, 0)
        yield concluded("so E_c -> E[S]/1, the slope of the transform at 0", sp.simplify(mean), claimed)

    return prove


def _prove_one_mode(claimed: Statement) -> Iterator[Step]:
    spread, place = sp.symbols("sigma x", positive=True)
    normal = sp.exp(-(place**2) / (2 * spread**2)) / sp.sqrt(2 * sp.pi * spread**2)
    yield identity("given v, a corrupted score is N(0, a |v|^2): even", normal, normal.subs(place, -place))
    slope = -place * sp.diff(normal, place) / normal
    yield identity("-x p'/p of that normal density", sp.simplify(slope), place**2 / spread**2)
    yield given(claimed, sp.Ne(theta, 0))
    yield nonnegative("the mixture over |v| has a weighted mean of these", place**2 / spread**2)
    # At r = 3 without noise the density is exp(-|x|) times something of slope 0 at 0.
    yield instance("close to 0, where the density is smooth for r >= 3, it is close to 0", 0 * place, claimed)
    yield concluded("so it is at least", sp.Integer(0), claimed, shown=Relation.LOWER)


def _prove_kept_variance(claimed: Statement) -> Iterator[Step]:
    yield from _log_concave(claimed)
    yield given(claimed, sp.Ge(theta, 0))
    yield Quoted("so is the score's law, a convolution, and its tail", True, f"quoted: {PREKOPA}", PREKOPA)
    x, rate = sp.symbols("x q", positive=True)
    tail = sp.Symbol("c", positive=True) * x ** (_AT_LEAST_TWO / 2 - 1) * sp.exp(-rate * x)
    hazard_limit = steps.limit(sp.simplify(-sp.diff(sp.log(tail), x)), x, sp.oo)
    yield identity("the hazard p/P rises to the rate of the exponential tail, 1/(s + k)", hazard_limit, rate)
    edge = sp.Symbol("e", nonnegative=True)  # theta/r
    own = sp.Symbol("l", positive=True)  # P_{r+2}/P_r
    noise = {theta: 1, gamma: 1, gamma_tilde: 1}
    found = a_y.subs(noise) * sp.simplify((even_tail(4, True) / even_tail(2, True)).subs(noise))
    yield instance("clean pairs alone at r = 2, gamma = gamma~ = theta = 1", found, claimed, {**noise, r: 2})
    for k in (0, 1):
        # p_{r+2}/P_r = (p_{r+2}/P_{r+2}) l and p_r/P_r, each hazard at most 1/(s + k).
        hazard = 1 / (_s + k)
        most = sp.solve(sp.Eq(own, 1 + k * hazard * own + edge * hazard), own)[0]
        yield identity(
            f"class {k}: P_(r+2)/P_r <= 1 + k p_(r+2)/P_r + theta p_r/(r P_r) solves to",
            sp.simplify(most),
            1 + (k + edge) / _s,
        )
        size = sp.sqrt((1 + _h) * (1 + _g))
        yield nonnegative(
            f"class {k}: no more than the other class has", (1 + edge) / size, (k + edge) / size
        )
    most = a_y * (1 + (1 + theta / r) / ROOT)
    yield concluded("so kappa is at most", most, claimed, shown=Relation.UPPER)


CLAIMS: tuple[Claim, ...] = (
    exact(
        "section-6-2-tail-order",
        "More clean pairs pass than corrupted ones",
        "Section 6.2",
        "P_1 >= P_0 at every threshold, every r and every noise.",
        tail_1,
        tail_0,
        _prove_tail_order,
        note="selection.md#order-of-the-classes",
        relation=Relation.LOWER,
        depends_on=("appendix-f-mgf-clean", "appendix-f-mgf-corrupted"),
    ),
    exact(
        "section-6-2-mean-order",
        "Clean pairs that pass score higher than corrupted ones",
        "Section 6.2",
        "For r >= 2, E_1 >= E_0 at every threshold and every noise: the classes' likelihood ratio rises.",
        mean_1,
        mean_0,
        _prove_mean_order,
        note="selection.md#order-of-the-classes",
        relation=Relation.LOWER,
        conditions=(sp.Ge(r, 2),),
        depends_on=("appendix-f-mgf-clean", "appendix-f-mgf-corrupted"),
        remark="At r = 1 the ratio falls just above 0: there the order of the means is seen, not proved.",
    ),
    exact(
        "section-6-2-below-all-mean-1",
        "The mean clean score with no threshold",
        "Section 6.2",
        "E_1(theta) tends to r as theta falls to minus infinity.",
        r"E_1(-\infty)",
        r,
        _prove_below_all(True),
        note="selection.md#no-threshold",
        depends_on=("appendix-f-mgf-clean",),
    ),
    exact(
        "section-6-2-below-all-mean-0",
        "The mean corrupted score with no threshold",
        "Section 6.2",
        "E_0(theta) tends to 0 as theta falls to minus infinity.",
        r"E_0(-\infty)",
        sp.Integer(0),
        _prove_below_all(False),
        note="selection.md#no-threshold",
        depends_on=("appendix-f-mgf-corrupted",),
    ),
    exact(
        "section-6-2-below-all-share",
        "The kept share with no threshold",
        "Section 6.2",
        "P(theta) tends to 1 as theta falls to minus infinity.",
        r"P(-\infty)",
        sp.Integer(1),
        _prove_below_all(None),
        note="selection.md#no-threshold",
        depends_on=("appendix-f-mgf-clean", "appendix-f-mgf-corrupted"),
    ),
    exact(
        "appendix-f-unimodal",
        "The corrupted score has one mode",
        "Appendix F; Section 6.1",
        "The density of D_0 is even and falls on each side of 0, for every r: -theta p_0'/p_0 >= 0.",
        r"-\theta p_0'(\theta) / p_0(\theta)",
        sp.Integer(0),
        _prove_one_mode,
        note="moments.md#one-mode",
        relation=Relation.LOWER,
        conditions=(sp.Ne(theta, 0),),
        depends_on=("remark-a-1",),
    ),
    exact(
        "section-6-2-kept-variance",
        "How the kept pairs' variance grows with the threshold",
        "Section 6.2, for Eq. 11",
        (
            "For r >= 2 and theta >= 0, E[|U~^T x~|^2 | S > theta]/r is at most "
            "(1 + 1/gamma~)(1 + (1 + theta/r)/sqrt((1 + 1/gamma)(1 + 1/gamma~)))."
        ),
        kappa_right,
        KEPT_VARIANCE,
        _prove_kept_variance,
        note="oracle_filter.md#the-kept-pairs-variance",
        relation=Relation.UPPER,
        conditions=(sp.Ge(r, 2), sp.Ge(theta, 0)),
        variant="explicit",
        depends_on=("lemma-8-log-concavity-corrected",),
    ),
)
