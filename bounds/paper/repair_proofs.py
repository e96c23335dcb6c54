"""The steps of the lower bound for every rule, and what it says of Theorem 1 as printed.

Derivation: proofs_notes/repair.md, with the same names.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy as sp

from bounds.checks import Relation, Statement, Step
from bounds.paper import repair_terms
from bounds.paper.events import (
    ANDERSON,
    BINOMIAL_BERNSTEIN,
    BITS,
    CHERNOFF,
    CONCENTRATION,
    DAVIDSON_SZAREK,
    WATSON,
    at_most,
    concluded,
    events,
    quoted,
    stated_at_least,
)
from bounds.paper.explicit_proofs import teacher_chain
from bounds.proof import steps
from bounds.proof.enclose import Ball, ball, endpoints, precision
from bounds.symbols import Noisy, a_x, a_y, d, d_tilde, delta, eta, gamma, gamma_tilde, n, r

EVENTS = events(
    ("the teacher has at least n_T eta - sqrt(2 n_T eta t) clean pairs", CHERNOFF),
    ("the teacher has at most n_T eta + sqrt(2 n_T eta t) + 2t/3 clean pairs", BINOMIAL_BERNSTEIN),
    ("greatest singular value of the clean rows of v", DAVIDSON_SZAREK),
    ("least singular value of the clean rows of v", DAVIDSON_SZAREK),
    ("norm of the sum of v over clean pairs", CONCENTRATION),
    ("norm of the sum of v over all pairs", CONCENTRATION),
    ("greatest singular value of the centred v", DAVIDSON_SZAREK),
    ("least singular value of the centred v", DAVIDSON_SZAREK),
    ("norm of the residual of u times the centred v", DAVIDSON_SZAREK),
    ("operator norm of R", DAVIDSON_SZAREK),
    ("operator norm of Q", DAVIDSON_SZAREK),
    ("norm of the centred u", DAVIDSON_SZAREK),
    ("norm of the centred second noise", DAVIDSON_SZAREK),
    ("norm of N", DAVIDSON_SZAREK),
    ("greatest singular value of R + N Q^T P^-T", DAVIDSON_SZAREK),
    ("least singular value of R + N Q^T P^-T", DAVIDSON_SZAREK),
    ("the student has at most N eta + sqrt(2 N eta t) + 2t/3 clean pairs", BINOMIAL_BERNSTEIN),
    ("length of the noise across the teacher's error, from below", f"{CONCENTRATION}; {WATSON}"),
    ("norm of the noise that the teacher does not see", DAVIDSON_SZAREK),
    ("norm of the residual of u' over clean pairs", DAVIDSON_SZAREK),
    ("norm of v over clean pairs", DAVIDSON_SZAREK),
)
"""All events of the proof."""


SOME_MATRIX = sp.Ne(sp.Symbol("Shat"), 0)
"""The student's matrix is not 0: it is where the rule keeps one pair alone, centred at that pair."""


def chain(samples: Any) -> dict[str, Ball]:
    """The constants of the proof at the sample constant C, as balls; "constant" is what it can reach."""
    with precision(BITS):
        one = ball(1)
        e = 1 / ball(samples).sqrt()
        teacher = teacher_chain(e)
        tau, e_1, block, gap = teacher["tau"], teacher["e_1"], teacher["beta_P"], teacher["G"]
        many = one + e + e**2 / 3
        above = (one + e) * (one + e_1 / (one - block))
        below = one - e**2 - e - (one + e) * e_1 / (one - block)
        bent = 3 * e_1**2 * (one + tau) * above / ((one - block) * gap * (one - e))
        least_t = (below / many - bent) / (one + block + e_1 * tau)
        spread = least_t * gap * (one - e) / above
        clean = many.sqrt() + e
        constant = ball(Fraction(7, 32)) * (spread / clean).min(least_t / (one + tau**2).sqrt())
    return {"tau": tau, "1 - beta_P - e_1": one - block - e_1, "G": gap, "k": least_t, "constant": constant}


POSITIVE = ("1 - beta_P - e_1", "G", "k", "constant")
"""What must be positive for the chain to mean anything."""


def every_rule(claimed: Statement) -> Iterator[Step]:
    """The lower bound for every rule: events, inequalities in the parameters, and the chain of constants."""
    yield from quoted(EVENTS, ("a larger covariance makes a norm larger", ANDERSON))
    yield from geometry()
    yield from unseen_noise()
    yield from dimensions()
    yield steps.given(claimed, Noisy(gamma), SOME_MATRIX)
    samples, constant = sample_constant(claimed), stated_constant(claimed)
    yield steps.decided("the claim has the theorem's form", samples is not None and constant is not None)
    if samples is None or constant is None:
        return
    numbers = chain(samples)
    with precision(BITS):
        for name in POSITIVE:
            lowest = endpoints(numbers[name])[0]
            yield Step(f"{name} > 0 at this C", bool(numbers[name] > 0), f"{lowest:.5f} > 0")
        if not all(numbers[name] > 0 for name in POSITIVE):
            return
        quarter = ball(Fraction(1, 4))
        yield at_most("the bound is below 1/4 in any case", numbers["tau"] * ball(Fraction(7, 32)), quarter)
        yield at_most("the stated constant is at most the proof's", ball(constant), numbers["constant"])
    yield from concluded(claimed, Relation.LOWER, repair_terms.lower(constant), EVENTS)


def sample_constant(claimed: Statement) -> sp.Rational | None:
    """The claim's C, if its conditions have the theorem's form with these events; else None."""
    unit = repair_terms.samples(sp.Integer(1), len(EVENTS)) - 1
    asked_for = stated_at_least(claimed, n)
    if asked_for is None or stated_at_least(claimed, d) != repair_terms.dimensions(len(EVENTS)):
        return None
    found = ((asked_for - 1) / unit).doit()
    found = sp.cancel(found) if not found.is_Rational else found
    return found if found.is_Rational else None


def stated_constant(claimed: Statement) -> sp.Rational | None:
    """The claim's constant, if its bound has the theorem's form with these events; else None."""
    found = (claimed.bound / repair_terms.bound(sp.Integer(1), len(EVENTS))).doit()
    return found if found.is_Rational else None


@steps.shared
def geometry() -> Iterator[Step]:
    """Section 2: what an error e <= 1/4 says of the blocks R and P, and what follows from the two halves."""
    more = sp.Symbol("m", nonnegative=True)
    error = 1 / (4 + more)
    room = sp.factor(sp.Rational(16, 7) * (1 - 2 * error**2) - 2)
    yield steps.nonnegative("e <= 1/4: |R| <= 2e s_1, |P| >= (1 - 2e^2) s_1, so |R| <= (16/7) e |P|", room)
    leak, noise, seen, size = sp.symbols("l X Y alpha", positive=True)  # the halves, over alpha
    top = 2 * (seen * size) / leak  # |P| at most, where (16/7) e <= l/2
    yield steps.identity("l |P|/2 <= Y alpha, where (16/7) e <= l/2", top * leak / 2, seen * size)
    reached, told = sp.Rational(7, 16) * noise * size / top, sp.Rational(7, 32) * noise * leak / seen
    yield steps.identity("e >= (7/16) X alpha/|P| >= (7/32) X l/Y", reached, told)
    yield steps.nonnegative(
        "which is below (7/32) l, as X <= Y",
        sp.factor((leak - noise * leak / seen).subs(seen, noise + more)),
    )


@steps.shared
def unseen_noise() -> Iterator[Step]:
    """Section 3: the noise that the teacher does not see, class by class."""
    leak, excess = 1 / (1 + gamma), a_x * a_y - 1
    unseen = 1 / gamma - leak * a_x
    yield steps.identity("corrupted: Cov(xi - lambda T u, u') = (1/gamma - lambda a) T", unseen, 0)
    yield steps.identity("corrupted: lambda^2 a = lambda/gamma", leak**2 * a_x, leak / gamma)
    told = leak * (a_x - 1 / a_y)
    yield steps.identity("clean: lambda (a - 1/a~) = 1/gamma - lambda/a~", told, 1 / gamma - leak / a_y)
    room = sp.factor(leak / gamma - leak * told)
    yield steps.nonnegative("clean: lambda^2 (a - 1/a~) <= lambda/gamma", room)
    yield steps.identity("Gamma_1 >= (a - 1/a~) I = (D/a~) I", a_x - 1 / a_y, excess / a_y)
    side, root = sp.symbols("A R", positive=True)  # roots of a~ and D
    share = (side / root + side) / side**2
    yield steps.identity("(sqrt(a~/D) + sqrt a~)/a~ = (1 + D^(-1/2))/sqrt a~", share, (1 + 1 / root) / side)


@steps.shared
def dimensions() -> Iterator[Step]:
    """Section 4: sqrt(d - r) >= 2 (sqrt r + s) leaves room on both sides of it."""
    root, more, failing = sp.symbols("R m s", positive=True)
    wide = 2 * (root + failing) + more  # sqrt(d - r)
    q = root + failing
    yield steps.nonnegative("X_+ <= 3 X_-", sp.expand(3 * (wide - q) - (wide + q)))
    one = 1 + more  # sqrt r >= 1
    side = 2 * (one + failing) + more
    room = sp.expand((side**2 - one**2 - sp.Rational(1, 2)) - (side - one) ** 2)
    yield steps.nonnegative("sqrt(d - 2r - 1/2) >= sqrt(d - r) - sqrt r", room)


def keeps_up(claimed: Statement) -> Iterator[Step]:
    """Theorem 1 against what every rule errs by: whether a constant times its bound can stay above that.

    The setting has r = 2 and 400 dimensions, so that the lower bound holds with probability 1/2; eta falls.
    """
    place = {d: 400, d_tilde: 400, r: 2, gamma: 1, gamma_tilde: 1, delta: sp.Rational(1, 2)}
    least_d = repair_terms.dimensions(len(EVENTS)).subs(place)
    yield steps.positive("the setting has the dimensions that the lower bound needs", place[d], least_d)
    # (n + 1)/2 <= n, so this is no more than the lower bound at constant 1, and n cancels below.
    every = repair_terms.bound(sp.Integer(1), len(EVENTS)) * sp.sqrt((n + 1) / 2) / sp.sqrt(n)
    bound = claimed.bound.subs(place)
    (branches,) = [part.args for part in bound.atoms(sp.Min)] or [(bound,)]
    above = [bound.replace(sp.Min, lambda *_, branch=branch: branch) for branch in branches]
    ratios = [steps.limit(sp.simplify(every.subs(place) / branch), eta, 0, "+") for branch in above]
    statement = "a constant times the bound stays above what no rule beats (theorem-1-every-rule)"
    kept = all(ratio.is_finite for ratio in ratios)
    yield Step(statement, kept, f"as eta -> 0 their ratio tends to {max(ratios)}", refutes=True)
