"""What one round of filtering cannot do and what it can: two theorems of the note on Theorem 1.

For thresholds that are fixed, and to first order in the sample sizes.  Derivations: proofs_notes/filtered.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import sympy as sp

from bounds.checks import Quoted, Relation, Statement, Step
from bounds.claim import Claim, exact
from bounds.law.regimes import one_round_gain_limit
from bounds.law.scales import filtered_scale, inherited_scale, unfiltered_scale
from bounds.proof import steps
from bounds.proof.steps import concluded, decided, given, identity, nonnegative, positive
from bounds.symbols import N, Noisy, a_y, eta, gamma, kappa_right, mass_0, n_T, r, tail_0

FLOOR = sp.Symbol("J", positive=True)
"""J = inf over theta of (a~/2) r^2 P_0/(r P_1 + theta p_1)^2."""

NO_THRESHOLD = sp.Min(a_y / (4 * (1 + gamma) ** 2 * n_T), (1 - eta) * FLOOR / (4 * N)) / (gamma * eta**2)
"""Below this no threshold brings V_L."""

BESSEL = "DLMF 10.25.3: K_nu(x) is sqrt(pi/(2x)) exp(-x) for large x, to first order"

_edge = sp.Symbol("g", positive=True)  # r P_1 + theta p_1
_mass = sp.Symbol("M", positive=True)  # E[S; S > theta]
_x, _y, _h, _k = sp.symbols("x y h k", nonnegative=True)
_w = sp.Symbol("w", nonnegative=True)


def _student(kappa: sp.Expr, share: sp.Expr, mass: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """(own noise, inherited part) of V_L, for E[|v|^2|kept]/r, P and M."""
    fresh = filtered_scale(N, gamma, share, mass / (r * share), kappa)
    leak = (1 - eta * _edge / mass) / (1 + gamma)
    return fresh, inherited_scale(0, leak, unfiltered_scale(n_T, eta, gamma, a_y))


def _branch(bound: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """The bound with each Min replaced by its entry that holds `symbol`, if one does."""
    chosen = {
        node: next((e for e in node.args if symbol in e.free_symbols), node) for node in bound.atoms(sp.Min)
    }
    return bound.xreplace(chosen)


def _prove_no_threshold(claimed: Statement) -> Iterator[Step]:
    yield given(claimed, Noisy(gamma))
    # kappa >= a~/2: P_{r+2}/P_r is at least 1 for theta >= 0; for theta < 0, P_{r+2} >= 1/2 and P_r <= 1.
    yield nonnegative(
        "kappa/a~ = P_(r+2)/P_r = 1 + k p_(r+2)/P_r + theta p_r/(r P_r) >= 1/2 above 0",
        1 + _x,
        sp.Rational(1, 2),
    )
    yield nonnegative(
        "and below 0, where P_(r+2) >= 1/2 and P_r <= 1",
        (sp.Rational(1, 2) + _x) * (1 + _y),
        sp.Rational(1, 2),
    )
    _, inherited = _student(kappa_right, sp.Symbol("P", positive=True), _mass)
    inherited = inherited.subs(_edge, _mass / (2 * (1 + _x) * eta))
    half = a_y / (4 * (1 + gamma) ** 2 * n_T) / (gamma * eta**2)
    yield nonnegative(
        "where eta g <= M/2 the inherited part is at least that of half the largest leak",
        sp.factor((inherited - half) * gamma * eta**2),
    )
    stated = claimed.about(_branch(claimed.bound, n_T))
    yield concluded("which is at least the bound", half, stated, shown=Relation.LOWER)
    yield positive("and of order 1/eta^2", steps.limit(stated.bound * eta**2, eta, 0))
    rare = {eta: 1 / (1 + _w)}
    share = (1 - eta) * tail_0 + _h
    fresh, _ = _student(a_y / 2 + _k, share, 2 * eta * _edge / (1 + _x))
    infimum = a_y * r**2 * tail_0 / (2 * _edge**2) / (1 + _y)
    own = (1 - eta) * FLOOR / (4 * N) / (gamma * eta**2)
    yield nonnegative(
        "elsewhere M < 2 eta g, and the student's own noise is at least (1 - eta) J/(4 N gamma eta^2)",
        sp.factor(((fresh - own.subs(FLOOR, infimum)) * gamma * eta**2 * N).subs(rare)),
    )
    stated = claimed.about(_branch(claimed.bound, FLOOR))
    yield concluded("which is at least the bound", own, stated, shown=Relation.LOWER)
    yield positive("and of order 1/eta^2", steps.limit(stated.bound * eta**2, eta, 0))
    yield from _floor_is_positive()


@steps.shared
def _floor_is_positive() -> Iterator[Step]:
    """J > 0: the function under the infimum is positive, continuous, and has positive limits at both ends."""
    under = a_y / 2 * r**2 * tail_0 / _edge**2
    yield positive(
        "at theta -> -oo, where P_0 -> 1 and g -> r, its limit a~/2", under.subs({tail_0: 1, _edge: r})
    )
    yield Quoted(
        "tails: P_c, p_c are powers of theta times exp(-theta/(s + c))", True, f"quoted: {BESSEL}", BESSEL
    )
    above = sp.Symbol("e", positive=True)  # s - 1, positive with any noise
    rate = 2 / (1 + above + 1) - 1 / (1 + above)
    yield positive("so at theta -> oo it grows exponentially, at the rate 2/(s + 1) - 1/s", sp.factor(rate))


def _prove_gain(claimed: Statement) -> Iterator[Step]:
    yield given(claimed, Noisy(gamma))
    found, gain = _gain()
    yield from found
    yield concluded("the gain is the root of the unfiltered scale over it", gain, claimed)


@cache  # wrong versions of the claim need the same steps
def _gain() -> tuple[tuple[Step, ...], sp.Expr]:
    """The steps that derive the gain, and the gain."""
    *found, gain = _gain_steps()
    return tuple(step for step in found if isinstance(step, Step)), gain


def _gain_steps() -> Iterator[Step | sp.Expr]:
    share = sp.Symbol("P", positive=True)
    weight = sp.Symbol("y", positive=True)  # eta g/M
    fresh, inherited = _student(kappa_right, share, eta * _edge / weight)
    spread = kappa_right * share * r**2 / _edge**2
    teacher = a_y / ((1 + gamma) ** 2 * n_T)
    yield identity(
        "V_L eta^2 gamma = h y^2/N + (1 - y)^2 a~/((1 + gamma)^2 n_T), y = eta g/M, h = kappa P r^2/g^2",
        sp.simplify((fresh + inherited) * eta**2 * gamma),
        sp.simplify(spread * weight**2 / N + (1 - weight) ** 2 * teacher),
    )
    h = sp.Symbol("h", positive=True)
    value = h * weight**2 / N + (1 - weight) ** 2 * teacher
    (best,) = sp.solve(sp.diff(value, weight), weight)
    least = sp.simplify(value.subs(weight, best))
    yield positive("it is convex in y", sp.diff(value, weight, 2))
    yield positive("its minimum lies above 0", best)
    yield positive("and below 1", sp.factor(1 - best))
    yield nonnegative("the least value rises with h", sp.factor(sp.diff(least, h)))
    yield identity(
        "at a fixed threshold y -> 0 as eta -> 0, and the value tends to the teacher's part",
        steps.limit(eta * _edge / (eta * _w + mass_0), eta, 0),
        0,
    )
    yield nonnegative("which is no less than the least", sp.factor(sp.simplify(teacher - least)))
    yield from _floor_is_positive()
    yield identity(
        "as theta -> -oo, h = kappa P r^2/g^2 -> a~: kappa -> a~, P -> 1, g -> r",
        spread.subs({kappa_right: a_y, share: 1, _edge: r}),
        a_y,
    )
    drift = eta * r / (eta * r + mass_0)
    ends = steps.limit(drift, mass_0, 0, "+"), steps.limit(drift, mass_0, sp.oo)
    yield decided(
        "and y = eta r/(eta r + M_0) takes every value in (0, 1) as M_0 falls to 0", ends == (1, 0), ends
    )
    reached = sp.simplify(least.subs(h, a_y))
    yield identity(
        "so the limit of the least V_L eta^2 gamma is", reached, a_y / (N + (1 + gamma) ** 2 * n_T)
    )
    unfiltered = unfiltered_scale(n_T + N, eta, gamma, a_y) * eta**2 * gamma
    yield sp.sqrt(sp.factor(sp.simplify(unfiltered / reached)))


CLAIMS: tuple[Claim, ...] = (
    exact(
        "theorem-1-no-threshold",
        "No threshold repairs Theorem 1",
        "Section 5, Theorem 1, corrected",
        (
            "With noise on the left, at every fixed threshold V_L >= min((1 + 1/gamma~)/(4 (1 + gamma)^2 "
            "n_T), (1 - eta) J/(4 N))/(gamma eta^2), with J > 0 free of eta and of the sample sizes: as eta "
            "falls, V_L is at least of order 1/eta^2."
        ),
        "V_L",
        NO_THRESHOLD,
        _prove_no_threshold,
        note="filtered.md#no-threshold-repairs-it",
        relation=Relation.LOWER,
        conditions=(Noisy(gamma),),
        variant="sharp",
        depends_on=("theorem-1-sharp", "section-6-2-tail-1-zero", "section-6-2-tail-0-zero"),
        remark=(
            "J is the infimum over theta of (a~/2) r^2 P_0/(r P_1 + theta p_1)^2, a~ = 1 + 1/gamma~; without "
            "any noise it is 0.  V_L is the scale of the left error's (d - r) r coordinates."
        ),
    ),
    exact(
        "theorem-1-one-round",
        "What one round of filtering can gain on one side",
        "Section 5, Theorem 1, sharpened",
        (
            "With noise on the left and as eta -> 0, the gain of one round in the left error, over learning "
            "on all n_T + N pairs and at the left's best threshold, tends to sqrt((N + (1 + gamma)^2 n_T)/(N "
            "+ n_T)); the right's has gamma~."
        ),
        r"\lim_{\eta \to 0} \max_\theta \sqrt{V_L^{\mathrm{all}} / V_L}",
        one_round_gain_limit(gamma, N / n_T),
        _prove_gain,
        note="filtered.md#the-best-that-one-round-can-do",
        conditions=(Noisy(gamma),),
        variant="sharp",
        depends_on=("theorem-1-sharp", "corollary-1-sharp", "theorem-1-no-threshold"),
        remark=(
            "As if each of the teacher's pairs counted (1 + gamma)^2 times; the threshold goes to -oo.  A "
            "limit and no bound.  Where one side stays far the larger, its limit is ERR's: 1.05 and not 7.8 "
            "at gamma = 10, gamma~ = 1/10, equal dimensions and halves.  Where the two come near each other "
            "ERR gains more, in root mean square by a factor of at most sqrt(1 + 2/pi)."
        ),
    ),
)
