"""Claims of one's own: one of every kind of check, and a wrong one.

    filtergain verify --module FILE                  # judge them all
    filtergain verify --module FILE --report out     # and read the evidence as pages
    filtergain claims chebyshev --module FILE        # one of them explained
    pytest --claims --claims-module FILE             # as tests of your own suite

A claim says what is stated (`bound`, `relation`, in SymPy), where it was found (`source`, `note`), what of it
can fail (`checks`), and which verdict you stand for (`expected`).  The run ends with status 1 where a verdict
differs, or where a wrong version of a claim, made from its own expression, passes the claim's own checks.

Take what you need and delete the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from scipy import stats

from bounds import (
    Certificate,
    Claim,
    Law,
    Level,
    Measured,
    Path,
    Proof,
    Relation,
    Scaling,
    Search,
    Tail,
    Verdict,
)
from bounds.checks import Certified, Statement, Step
from bounds.proof.enclose import decide, describe, enclose, interval
from bounds.proof.steps import concluded, identity, instance
from bounds.proof.undecided import Undecided
from bounds.symbols import delta, n

# What the report says of itself; leave out what you do not need.
TITLE, AUTHOR, PAPER = "Means of normal variables", "", ""


# What is drawn: a function of the parameters' values and a NumPy generator that gives one number.
def sample_mean(values: Mapping[str, float], rng: np.random.Generator) -> float:
    """|mean of n standard normals|."""
    return float(abs(rng.standard_normal(int(values["n"])).mean()))


def mean_square(values: Mapping[str, float], rng: np.random.Generator) -> float:
    """The mean of the squares of n standard normals."""
    return float(np.mean(rng.standard_normal(int(values["n"])) ** 2))


# A search tries instances: the function draws one and gives left-hand side / right-hand side.
def norm_ratio(values: Mapping[str, float], rng: np.random.Generator) -> float:
    """||A||_2 / ||A||_F of a matrix, every other one of rank one, where the two are equal."""
    matrix = rng.standard_normal((3, 4))
    if rng.integers(2):
        matrix = np.outer(matrix[:, 0], matrix[0])
    return float(np.linalg.norm(matrix, 2) / np.linalg.norm(matrix))


QUANTITIES = {"sample-mean": sample_mean, "mean-square": mean_square, "norm-ratio": norm_ratio}
MEAN = Measured(quantity="sample-mean", spread=1.0)  # spread: about the standard deviation of log(quantity)
ALONG = Path(
    n, (4, 64, 1024), ()
)  # a family of settings: n as listed, every other parameter in the last tuple


# A law: P(the quantity is at most x) for numbers x, at the values of a setting.
def chi_square(values: Mapping[str, float], numbers: Any) -> Any:
    """The distribution of chi-square over its n degrees of freedom."""
    return stats.chi2.cdf(values["n"] * np.asarray(numbers), values["n"])


# A derivation decides steps.  It must use the bound that it is given: a changed one changes the outcome.
a, b = sp.symbols("a b", real=True)


def twice_the_squares(claimed: Statement) -> Iterator[Step]:
    """(a + b)^2 is below twice the squares by a square, and reaches it at a = b."""
    squares = 2 * (a**2 + b**2)
    yield identity("the difference is a square", squares - (a + b) ** 2, (a - b) ** 2)
    yield instance("an exact instance, which refutes a smaller bound", (a + b) ** 2, claimed, {a: 1, b: 1})
    # How the quantity stands to what was derived: a claim that says something else is not proved by it.
    yield concluded("so the bound is not passed", squares, claimed, shown=Relation.UPPER)


# An enclosure decides an inequality on a whole box: the margin on any part of it, as a ball (Arb).
x = sp.Symbol("x", real=True)


BOX = (sp.Ge(x, sp.Rational(1, 4)), sp.Le(x, 1))


def on_a_box(claimed: Statement, bits: int) -> Certified:
    """exp(-x) is above the bound on [1/4, 1]; where the two touch, no enclosure could part them."""
    if not set(BOX) <= set(claimed.conditions) or claimed.relation is Relation.EQUAL:
        raise Undecided("needs x in [1/4, 1] among the conditions, and an inequality")
    margin = sp.exp(-x) - claimed.bound
    margin = margin if claimed.relation is Relation.LOWER else -margin
    box = ((Fraction(1, 4), 1),)
    found = decide(lambda part: enclose(margin, {x: interval(*part[0])}), box)
    return Certified(
        found.holds, describe(("x",), box), bits, found.boxes, found.margin, str(found.witness or "")
    )


CLAIMS = (
    # An explicit bound that holds with probability 1 - delta: the share of draws above it, tested.
    Claim(
        id="chebyshev",
        title="The mean of normals, from above",
        source="Chebyshev's inequality",
        statement="With probability at least 1 - delta the mean of n normals is at most 1/sqrt(n delta).",
        relation=Relation.UPPER,
        bound=1 / sp.sqrt(n * delta),
        probability=1 - delta,
        checks=(Tail(MEAN, (ALONG,), delta=0.05),),
        expected=Verdict.SUPPORTED,
        note="mine.md#chebyshev",
    ),
    # A rate: the error over it neither grows nor falls along a family.
    Claim(
        id="rate",
        title="The order of the mean of normals",
        source="folklore",
        statement="The mean of n normals is of order 1/sqrt(n).",
        relation=Relation.EQUAL,
        bound=1 / sp.sqrt(n),
        up_to_constant=True,
        checks=(Scaling(MEAN, ALONG, two_sided=True, margin=0.1),),
        expected=Verdict.SUPPORTED,
        note="mine.md#rate",
    ),
    # A number: the median of what is drawn.
    Claim(
        id="median",
        title="The median of the mean of normals",
        source="folklore",
        statement="The median of the absolute mean is 0.6745/sqrt(n).",
        relation=Relation.EQUAL,
        bound=sp.Rational(6745, 10000) / sp.sqrt(n),
        checks=(Level(MEAN, Path(n, (4, 64), ()), tolerance=0.3),),
        expected=Verdict.SUPPORTED,
        note="mine.md#median",
    ),
    # A whole distribution.
    Claim(
        id="chi-square",
        title="The law of the mean square of normals",
        source="folklore",
        statement="n times the mean square is chi-square with n degrees of freedom.",
        checks=(Law(Measured(quantity="mean-square"), chi_square, (Path(n, (64, 256), ()),), tolerance=0.1),),
        expected=Verdict.SUPPORTED,
        note="mine.md#law",
    ),
    # An identity or an inequality, proved in symbols.
    Claim(
        id="square-of-a-sum",
        title="The square of a sum",
        source="folklore",
        statement="(a + b)^2 <= 2 (a^2 + b^2).",
        quantity=(a + b) ** 2,
        relation=Relation.UPPER,
        bound=2 * (a**2 + b**2),
        checks=(Proof(twice_the_squares),),
        expected=Verdict.PROVED,
        note="mine.md#square",
    ),
    # An inequality on a box, certified.
    Claim(
        id="exponential",
        title="The exponential above its tangent",
        source="folklore",
        statement="exp(-x) >= 1 - x on [1/4, 1].",
        quantity=sp.exp(-x),
        relation=Relation.LOWER,
        bound=1 - x,
        conditions=BOX,
        checks=(Certificate(on_a_box),),
        expected=Verdict.CERTIFIED,
        note="mine.md#exponential",
    ),
    # An inequality that a single counterexample breaks, searched for one.
    Claim(
        id="norms",
        title="The operator norm and the Frobenius norm",
        source="folklore",
        statement="||A||_2 <= ||A||_F.",
        checks=(Search(Measured(quantity="norm-ratio"), instances=500),),
        expected=Verdict.SUPPORTED,
        note="mine.md#norms",
    ),
    # A wrong one: the exponent of n is 1/2.  Expected REFUTED; say SUPPORTED, and see the run fail.
    Claim(
        id="wrong-rate",
        title="A wrong order of the mean of normals",
        source="a slip of the pen",
        statement="The mean of n normals is of order 1/n.",
        relation=Relation.EQUAL,
        bound=1 / n,
        up_to_constant=True,
        checks=(Scaling(MEAN, ALONG, two_sided=True, margin=0.1),),
        expected=Verdict.REFUTED,
        note="mine.md#wrong",
    ),
)
