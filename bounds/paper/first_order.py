"""Theorem 1 at threshold 0 to first order, with its best constants, for every rank, noise and clean fraction.

Derivation: proofs_notes/filtered.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy as sp

from bounds.checks import Decided, Proof, Quoted, Relation, Statement, Step
from bounds.claim import Claim, Verdict
from bounds.law import scales
from bounds.paper.events import WATSON, no_stronger, quoted, stated_at_least
from bounds.paper.filtered import LEAK_CEILING, SAMPLING_RATE, T_ZERO
from bounds.paper.unfiltered import LEFT_ROOT_MEAN_SQUARE
from bounds.proof import steps
from bounds.symbols import (
    N,
    Noisy,
    P,
    a_x,
    a_y,
    c,
    d,
    d_tilde,
    density_0,
    density_1,
    eta,
    gamma,
    gamma_tilde,
    kappa_right,
    mass_0,
    mass_1,
    n,
    r,
    rounds,
    tail_0,
    tail_1,
    theta,
)

_WEAK = sp.Max(1, r**2 * sp.pi / ((2 * r - 1) * a_x * a_y), evaluate=False)  # Q^2 of the note
_half = n / 2
_entries = (d - r) * r
_own = 2 * a_y / (gamma * _half) * _entries * _WEAK
_leak = a_y / (gamma * _half) * _entries / (eta * (1 + gamma)) ** 2

FIRST_ORDER: sp.Expr = sp.sqrt(_own + _leak)
"""The left error's root mean square at threshold 0 is at most this, to first order."""

PRINTED_FORM: sp.Expr = sp.sqrt(2) * SAMPLING_RATE * (T_ZERO + LEAK_CEILING * sp.sqrt(r) / eta)
"""The larger side's is at most this, in the corrected theorem's own terms."""

HALF: sp.Expr = sp.sqrt(_entries * a_y / gamma * (3 / (_half * eta) + 1 / (_half * (eta * (1 + gamma)) ** 2)))
"""The same at threshold r/2, for r >= 2: the branch 1/sqrt(eta n), and the leak."""

_LEAST = sp.Min(gamma, gamma_tilde)
RESTORED: sp.Expr = sp.sqrt(_entries * a_y / (gamma * n)) * (sp.sqrt(2 * _WEAK) * (1 + 1 / _LEAST) + 1)
"""The left error's root mean square after enough rounds on n pairs in all: free of eta."""

ENOUGH_ROUNDS: sp.Basic = sp.Ge(rounds, sp.log(1 / eta) / sp.log(1 + _LEAST), evaluate=False)
SOME_NOISE: sp.Basic = Noisy(_LEAST)

LARGER_OF_TWO: sp.Expr = sp.sqrt(1 + 2 / sp.pi)
"""The root mean square of ERR over that of the larger side is at most this, to first order."""

_MORE, _LESS = sp.symbols("z p", nonnegative=True)
_MU = 1 + _MORE  # M_1/r, at least E S/r = 1 in a clean pair
_W = sp.Symbol("w", positive=True)  # M_0/r
_MASS = eta * _MU + (1 - eta) * _W  # M/r
_B = eta * _MU + (1 - eta) / 2


def _squared(name: str) -> sp.Expr:
    """A scale or factor of the law at threshold 0, with P_1 <= 1, P_0 = 1/2 and M_1/r >= 1 put in."""
    law = scales.expressions()
    at = {kappa_right: law["kappa_right"], c: law["multiple"], P: law["retained"]}
    zero = {theta: 0, tail_0: sp.Rational(1, 2), tail_1: 1 / (1 + _LESS), mass_1: r * _MU, mass_0: r * _W}
    return law[name].subs(at).subs(zero)


@steps.shared
def _parts() -> Iterator[Step]:
    """Own noise and leak at threshold 0, for every value of the parameters."""
    own, share = _squared("scale_oracle_filtered"), _squared("leak_left")
    kept = sp.factor(sp.simplify(own * gamma * N * _MASS**2 / a_y))  # E[|v|^2; S > 0]/(r a~)
    form = a_y / (gamma * N) * kept / _MASS**2
    yield steps.identity("own noise is a~ K r^2/(gamma N M^2)", sp.simplify(own / form), 1)
    yield steps.nonnegative("K <= B = eta M_1/r + (1 - eta)/2", sp.factor(sp.together(_B - kept)))
    # eta < 1, as eta = k/(1 + k)
    k = sp.Symbol("k", positive=True)
    share_of_clean = k / (1 + k)
    yield steps.nonnegative("B >= 1/2", sp.factor((2 * _B - 1).subs(eta, share_of_clean)))
    inherited = sp.factor(sp.together((1 / (1 + gamma) - share).subs(eta, share_of_clean)))
    yield steps.nonnegative("the leak is at most 1/(1 + gamma)", inherited)


def _watson() -> Iterator[Quoted]:
    return quoted((), ("2 M_0 = E_0(0) >= sqrt((2r - 1) a a~/pi)", WATSON))


def _first_order(claimed: Statement) -> Iterator[Step]:
    yield from _watson()
    yield from _parts()
    k, q, m = sp.symbols("k q m", positive=True)
    at = {eta: k / (1 + k)}
    strong = sp.factor((_MASS - _B).subs({**at, _W: sp.Rational(1, 2) + m}))
    yield steps.nonnegative("2 M_0/r >= q >= 1: M/r >= B", strong)
    weak = sp.factor((_MASS * (1 + q) - _B).subs({**at, _W: 1 / (2 * (1 + q)) + m}))
    yield steps.nonnegative("2 M_0/r >= q, Q = 1/q >= 1: Q M/r >= B", weak)
    yield steps.nonnegative("so K r^2/M^2 <= Q^2/B <= 2 Q^2", sp.factor(2 - 1 / (sp.Rational(1, 2) + m)))
    statement = "the bound is at least the root of both parts"
    yield no_stronger(statement, claimed, FIRST_ORDER, Relation.UPPER)
    yield from _best(claimed)


def _best(claimed: Statement) -> Iterator[Step]:
    """Each part alone comes up to the bound: the leak as eta -> 0, own noise as gamma -> oo before that.

    At a fixed gamma the leak's share of the bound would leave own noise room, so gamma goes first.
    """
    q_squared = sp.Symbol("q", positive=True)
    as_leak = claimed.about(claimed.bound.replace(sp.Max, lambda *_: q_squared) ** 2)
    inherited = _squared("leak_left") ** 2 * a_y * _entries / (gamma * _half * eta**2)
    yield steps.attained("the leak's share, as eta -> 0", inherited, as_leak, (eta, 0))
    strong = r**2 * sp.pi / (2 * r - 1)
    yield steps.nonnegative(
        "without noise the r-branch of the Max is the larger", strong.subs(r, 1 + _MORE), 1
    )
    clear = {gamma_tilde: sp.oo}
    # 2 M_0 = E_0(0) is at most its asymptote sqrt(2 r a a~/pi) (section-6-2-mean-0-zero-asymptote).
    most = sp.sqrt(2 * r * a_x * a_y / sp.pi) / (2 * r)
    own = (_squared("scale_oracle_filtered") * _entries).subs({_W: most, N: _half}).subs(clear)
    as_own = claimed.about(
        claimed.bound.replace(sp.Max, lambda *parts: max(parts, key=lambda e: e.has(r))) ** 2
    )
    limits = (gamma, sp.oo), (eta, 0), (r, sp.oo)
    yield steps.attained(
        "own noise, as gamma -> oo, then eta -> 0, then r -> oo", own, as_own, *limits, at=clear
    )


def _printed_form(claimed: Statement) -> Iterator[Step]:
    yield from _watson()
    yield from _parts()
    yield given_rank(claimed)
    yield steps.nonnegative("a (1 + gamma) >= 4", sp.factor(a_x * (1 + gamma) - 4))
    yield steps.nonnegative("a~ >= 1", a_y, 1)
    k, m, h = sp.symbols("k m h", nonnegative=True)
    floor = 3 / sp.pi  # of M_0^2 (1 + gamma), for r >= 2
    yield steps.nonnegative("(2r - 1)/pi >= 3/pi for r >= 2", ((2 * r - 1) / sp.pi - floor).subs(r, 2 + m))
    yield steps.positive("1 > 3/pi >= 1/2", (1 - floor) * (2 * floor - 1))
    low = 1 / (1 + h)  # its root, below 1
    mass = (2 + m) * eta * _MU + (1 - eta) * (low + _LESS)  # M sqrt(1 + gamma), at least
    room = sp.factor((mass - 2 * low * _B).subs(eta, k / (1 + k)))
    yield steps.nonnegative("M sqrt(1 + gamma) >= 2 sqrt(3/pi) B", room)
    half = sp.Rational(1, 2) + m
    yield steps.nonnegative("so M^2 (1 + gamma) >= (12/pi) B^2 >= B >= K", sp.expand(4 * floor * half - 1))
    x, y = sp.symbols("x y", positive=True)
    yield steps.nonnegative("x^2 + y^2 <= (x + y)^2", sp.expand((x + y) ** 2 - x**2 - y**2))
    yield no_stronger("the bound has the constant sqrt 2", claimed, PRINTED_FORM, Relation.UPPER)
    same = {d_tilde: d, gamma_tilde: gamma}
    worst = (_squared("leak_left") * sp.sqrt(_entries * a_y / (gamma * _half)) / eta).subs(same)
    equal = claimed.bound.subs(same).replace(sp.Max, lambda *a: a[0]).replace(sp.Min, lambda *a: a[0])
    limits = (eta, 0), (d, sp.oo), (gamma, 0)
    words = "as eta -> 0, r/d -> 0 and then gamma -> 0 the bound is reached"
    yield steps.attained(words, worst, claimed.about(equal), *limits)


def _restored(claimed: Statement) -> Iterator[Step]:
    yield from _watson()
    yield from _parts()
    cleaner = 1 / (1 + gamma) - 1 / (1 + gamma + _MORE)
    yield steps.nonnegative("no side's leak is above 1/(1 + g), g = min(gamma, gamma~)", sp.factor(cleaner))
    mirrored = _WEAK.subs({gamma: gamma_tilde, gamma_tilde: gamma}, simultaneous=True)
    yield steps.identity("Q is the same on both sides, and so are the shares", mirrored, _WEAK)
    share = sp.Symbol("l", positive=True)  # at most that
    count = sp.Symbol("K", integer=True, positive=True)
    series = (1 - share**count) / (1 - share)
    yield steps.identity("1 + l + ... + l^(K-1): one round", series.subs(count, 1), 1)
    longer = sp.simplify(series.subs(count, count + 1) - 1 - share * series)
    yield steps.identity("and one more", longer, 0)
    pairs, weight, rest = sp.symbols("n w W", positive=True)  # one part's root and all the others'
    spent = weight**2 / (pairs * weight / (weight + rest))
    even = weight * (weight + rest) / pairs
    yield steps.identity("shares as the roots: w^2/n_j = w (sum of w)/n", spent, even)
    far, pace = sp.symbols("L p", positive=True)  # log(1/eta) and log(1 + g)
    rounds_made = (far + _MORE) / pace
    asked_for = stated_at_least(claimed, rounds)
    enough = asked_for is not None and sp.simplify(asked_for - ENOUGH_ROUNDS.rhs) == 0
    statement = "the claim asks for log(1/eta)/log(1 + g) rounds"
    yield _asked(claimed, statement, enough, ENOUGH_ROUNDS, str(asked_for))
    yield steps.nonnegative("so (1 + g)^K >= 1/eta, in logarithms", rounds_made * pace, far)
    whole = 1 / (1 - 1 / (1 + gamma))
    yield steps.identity("1/(1 - 1/(1 + g)) = 1 + 1/g", whole, 1 + 1 / gamma)
    yield no_stronger("the bound is the root of what is left", claimed, RESTORED, Relation.UPPER)
    yield from _too_few(claimed)


def _too_few(claimed: Statement) -> Iterator[Step]:
    """With a fixed share of the rounds the noisier side inherits (l^K/eta)^2, l^K/eta without bound.

    What is inherited is at least its scale with all n pairs given to the teacher, whatever the split.
    """
    yield steps.given(claimed, SOME_NOISE)
    lost = sp.factor(sp.together(1 - (1 + gamma) * _squared("leak_left")))
    words = "log(1/eta) rounds lose nothing against l = 1/(1 + g): log(1/eta)(1 - leak/l) -> 0"
    yield steps.identity(words, steps.limit(lost * sp.log(1 / eta), eta, 0), 0)
    far, less = sp.symbols("L w", positive=True)
    share = 1 / (1 + less)  # of log(1/eta)/log(1 + g) rounds, below 1
    grown = steps.limit(far - share * far, far, sp.oo)  # log of l^K/eta
    yield steps.decided("l^K/eta = eta^(alpha - 1) grows without bound", grown is sp.oo, grown)


def _two_sides(claimed: Statement) -> Iterator[Step]:
    """The mean of the larger of two independent chi-squares over their degrees of freedom, at most."""
    jensen = "Jensen's inequality for the larger of two numbers, convex and rising in each"
    what = "a mean of k squares is the mean of one given their sum: one coordinate a side is the worst"
    yield from quoted((), (what, jensen))
    less, apart, g, h = sp.symbols("x t g h", positive=True)
    yield steps.identity(
        "the larger is half of sum and distance", (2 * less + apart + apart) / 2, less + apart
    )
    turned = (g - h) / sp.sqrt(2), (g + h) / sp.sqrt(2)
    yield steps.identity("g^2 - h^2 is twice a product of two", 2 * turned[0] * turned[1], g**2 - h**2)
    yield steps.identity(
        "independent standard normals, by a rotation", sum(x**2 for x in turned), g**2 + h**2
    )
    size = steps.integral(2 * g * sp.exp(-(g**2) / 2) / sp.sqrt(2 * sp.pi), (g, 0, sp.oo))
    square = steps.integral(2 * g**2 * sp.exp(-(g**2) / 2) / sp.sqrt(2 * sp.pi), (g, 0, sp.oo))
    worst = sp.sqrt((2 * square + 2 * size**2) / 2)
    yield steps.instance("one coordinate a side, equal scales", worst, claimed)
    yield steps.concluded("the root of (2 + 4/pi)/2", worst, claimed, shown=Relation.UPPER)
    yield steps.attained("which one coordinate a side has", worst, claimed)


def _at_half(claimed: Statement) -> Iterator[Step]:
    yield given_rank(claimed)
    yield from _parts_at_half()
    yield no_stronger("the bound is at least the root of both parts", claimed, HALF, Relation.UPPER)


@steps.shared
def _parts_at_half() -> Iterator[Step]:
    """Own noise and leak at threshold r/2, for r >= 2 and every value of the other parameters."""
    grows = "K_v(x) grows with v >= 0 (its integral over cosh(v t))"
    yield from quoted((), ("-p_0' sqrt(a a~)/p_0 = K_(v-1)/K_v is at most 1 for v >= 1/2", grows))
    decay, low = sp.symbols("x s", positive=True)
    beyond = steps.integral(sp.exp(-low / decay), (low, 0, sp.oo))
    yield steps.identity("so P_0 >= p_0 sqrt(a a~) >= p_0", beyond, decay)
    clean, edge, gain, less = sp.symbols("y p_1 g h", nonnegative=True)
    tail, more = sp.symbols("P_0 m", nonnegative=True)
    mean = sp.Rational(1, 2) + clean + edge / 2 + gain  # M_1/r: P_1 >= 1/2, p_1 and Stein's remainder
    mass = {mass_1: r * mean, mass_0: r * (tail / 2 + more), tail_1: sp.Rational(1, 2) + clean, tail_0: tail}
    at = {**mass, density_1: edge, density_0: tail / (1 + less), theta: r / 2}
    law = scales.expressions()
    kept = (law["kappa_right"] * law["retained"] / a_y).subs(at)
    share = (law["multiple"] * law["retained"]).subs(at)  # M/r
    k = sp.Symbol("k", positive=True)
    room = sp.factor(sp.together((3 * share**2 - eta * kept).subs(eta, k / (1 + k))))
    open_form = sp.expand(sp.numer(room)) / sp.denom(room)
    yield steps.nonnegative("own noise at r/2: K r^2/M^2 <= 3/eta", open_form)
    leak = (1 / (1 + gamma) - law["leak_left"].subs(at)).subs(eta, k / (1 + k))
    yield steps.nonnegative("the leak is at most 1/(1 + gamma)", sp.factor(sp.together(leak)))


def given_rank(claimed: Statement) -> Step:
    """Whether the claim asks for r >= 2, which P_1(r/2) >= 1/2 and v >= 1/2 need."""
    least_r = stated_at_least(claimed, r)
    stated = least_r is not None and least_r >= 2
    return _asked(claimed, "the claim asks for r >= 2", stated, sp.Ge(r, 2), str(least_r))


def _asked(claimed: Statement, statement: str, stated: bool, condition: sp.Basic, shown: str) -> Step:
    """Whether the claim states a condition that the proof needs, as a step of which the answer may be no."""
    step = steps.decided(statement, stated, shown)
    return replace(step, decided=Decided("given", conditions=(condition,), claimed=claimed))


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="theorem-1-first-order",
        title="Error of learning on teacher-filtered pairs at threshold 0, to first order",
        source="Section 5, Theorem 1, corrected and sharpened",
        statement=(
            "To first order the root mean square on the left at threshold 0 is at most the stated "
            "expression, own noise and 1/(1 + gamma) of the teacher's error, for every r, noise and eta; "
            "neither constant can be smaller. The right side's is its mirror image."
        ),
        relation=Relation.UPPER,
        bound=FIRST_ORDER,
        best=True,
        quantity=LEFT_ROOT_MEAN_SQUARE,
        checks=(Proof(_first_order),),
        variant="sharp",
        expected=Verdict.PROVED,
        note="filtered.md#threshold-0-with-its-best-constant",
        depends_on=(
            "theorem-1-sharp",
            "section-6-2-mean-0-zero-explicit",
            "section-6-2-mean-0-zero-asymptote",
        ),
        remark=(
            "About the first-order law (theorem-1-sharp); theorem-1-explicit has finite samples.  About each "
            "side: ERR is the larger of two (error-of-two-sides)."
        ),
    ),
    Claim(
        id="error-of-two-sides",
        title="What it costs that ERR is the larger of two errors",
        source="Eq. 4, to first order",
        statement=(
            "To first order the two squared errors are independent multiples of chi-squares, and the root "
            "mean square of ERR is at most sqrt(1 + 2/pi) times that of the larger side; no smaller constant "
            "does."
        ),
        relation=Relation.UPPER,
        bound=LARGER_OF_TWO,
        best=True,
        quantity=sp.Symbol(r"{\sqrt{\mathbb{E}\,\mathrm{ERR}^2} / \max_{\mathrm{sides}}}"),
        checks=(Proof(_two_sides),),
        variant="sharp",
        expected=Verdict.PROVED,
        note="filtered.md#the-larger-of-two-sides",
        depends_on=("corollary-1-sharp", "theorem-1-sharp"),
        remark="Reached at d = d~ = 2, r = 1 and equal scales; in many dimensions the factor is near 1.",
    ),
    Claim(
        id="theorem-1-first-order-half",
        title="Error of learning on teacher-filtered pairs at threshold r/2, to first order",
        source="Section 5, Theorem 1, corrected and sharpened",
        statement=(
            "For r >= 2 and to first order the root mean square on the left at threshold r/2 is at most the "
            "stated expression: the branch 1/sqrt(eta n), and 1/(1 + gamma) of the teacher's error."
        ),
        relation=Relation.UPPER,
        bound=HALF,
        quantity=LEFT_ROOT_MEAN_SQUARE,
        conditions=(sp.Ge(r, 2),),
        checks=(Proof(_at_half),),
        variant="sharp",
        expected=Verdict.PROVED,
        note="filtered.md#threshold-r2-with-a-constant",
        depends_on=("theorem-1-sharp", "section-6-2-tail-1-half-corrected", "section-6-2-mean-1-half"),
        remark="About the first-order law (theorem-1-sharp).",
    ),
    Claim(
        id="theorem-1-constant",
        title="The constant of the corrected theorem at threshold 0",
        source="Section 5, Theorem 1, corrected, with its constant",
        statement=(
            "For r >= 2 and to first order, the root mean square of each side's error at threshold 0 is at "
            "most sqrt(2) times sqrt(max(d, d~) a a~/n)(r^1.5 + sqrt(r)/(eta (1 + min(gamma, gamma~)))); the "
            "sqrt(2) is best possible."
        ),
        relation=Relation.UPPER,
        bound=PRINTED_FORM,
        best=True,
        quantity=LEFT_ROOT_MEAN_SQUARE,
        conditions=(sp.Ge(r, 2),),
        checks=(Proof(_printed_form),),
        variant="sharp",
        expected=Verdict.PROVED,
        note="filtered.md#threshold-0-with-its-best-constant",
        depends_on=("theorem-1-sharp", "section-6-2-mean-0-zero-explicit"),
        remark=(
            "The branch sqrt(r/eta) needs another threshold where r is huge: see the note.  About each side: "
            "ERR is the larger of two (error-of-two-sides)."
        ),
    ),
    Claim(
        id="repeated-rounds",
        title="How many rounds of filtering restore Theorem 1",
        source="Section 5, Theorem 1, with more rounds",
        statement=(
            "Let g = min(gamma, gamma~) < oo. With log(1/eta)/log(1 + g) rounds or more, each on fresh pairs "
            "and n pairs in all, suitably split, the root mean square on the left at threshold 0 is to first "
            "order at most the stated expression and on the right, with the same split, its mirror image: "
            "both free of eta. With fewer by a fixed factor n V of the noisier side grows without bound as "
            "eta falls."
        ),
        relation=Relation.UPPER,
        bound=RESTORED,
        quantity=LEFT_ROOT_MEAN_SQUARE,
        conditions=(ENOUGH_ROUNDS, SOME_NOISE),
        checks=(Proof(_restored),),
        variant="sharp",
        expected=Verdict.PROVED,
        note="filtered.md#rounds-that-restore-theorem-1",
        depends_on=("theorem-1-sharp", "section-6-2-mean-0-zero-explicit"),
        remark="About the first-order law of repeated filtering.",
    ),
)
