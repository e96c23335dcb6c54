"""Theorem 1 with numbers at threshold r/2: its decided steps, and its lemmas against quadrature."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy import stats

from bounds.checks import Quoted, Relation
from bounds.claim import Claim
from bounds.paper import explicit_half, explicit_half_proofs, explicit_proofs, explicit_terms
from bounds.paper.events import PLACES
from bounds.proof.enclose import endpoints
from bounds.proof.undecided import Undecided
from bounds.symbols import d, n, r

(CLAIM,) = explicit_half.CLAIMS
NODES, WEIGHTS = np.polynomial.legendre.leggauss(2000)
QUANTILES = (np.arange(4000) + 0.5) / 4000


def failing(claim: Claim) -> list[str]:
    """Statements of the steps that do not hold for this version of the theorem."""
    return [step.statement for step in explicit_half_proofs.theorem_1_half(claim.stated) if not step.truth]


def version(
    own: sp.Expr = explicit_half.K_OWN,
    leak: sp.Expr = explicit_half.K_LEAK,
    constant: sp.Expr = explicit_half.C_SAMPLES,
    events: int = explicit_half.EVENTS,
) -> Claim:
    """The theorem with other constants, or with other events paid for."""
    condition = sp.Ge(n, explicit_terms.samples(constant, events), evaluate=False)
    bound = explicit_terms.bound_half(own, leak, events)
    return replace(CLAIM, bound=bound, conditions=(sp.Ge(r, 2), condition))


def constants(samples: int = 4000) -> dict[str, float]:
    """The chain's constants at this sample constant, rounded up."""
    return {name: endpoints(value)[1] for name, value in explicit_half_proofs.chain(samples).items()}


def test_every_step_at_threshold_half_is_decided_true() -> None:
    """All steps hold, those that rest on a theorem from the literature name it, and it is the theorem."""
    found = list(explicit_half_proofs.theorem_1_half(CLAIM.stated))
    named = [step.theorem for step in found if isinstance(step, Quoted)]
    assert all(step.truth is True for step in found)
    assert named
    assert all(named)
    assert len(found) - len(named) > 60
    assert failing(version()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        version(own=sp.Rational(53, 20)),
        version(leak=sp.Rational(147, 100)),
        version(leak=explicit_half.K_LEAK / 2),
        version(leak=sp.Integer(0)),
        version(constant=explicit_half.C_SAMPLES / 10),
        version(constant=sp.Integer(3900)),
        *(version(events=explicit_half.EVENTS - dropped) for dropped in (1, 2, 10)),
        version(events=explicit_half.EVENTS + 1),
        replace(CLAIM, bound=sp.Rational(99, 100) * explicit_half.THEOREM_1_HALF),
        replace(CLAIM, bound=explicit_terms.bound(sp.Integer(3), sp.Integer(2), explicit_half.EVENTS)),
        replace(CLAIM, relation=Relation.LOWER),
        replace(CLAIM, bound=explicit_half.THEOREM_1_HALF * (10**9 / n) ** sp.Rational(1, 10)),
        replace(CLAIM, bound=explicit_half.THEOREM_1_HALF * (n / 10**3) ** sp.Rational(1, 10)),
    ],
)
def test_a_wrong_version_at_threshold_half_breaks_a_step(wrong: Claim) -> None:
    """Constants below what the proof reaches, other events, the other branch or fewer pairs are found."""
    assert failing(wrong)


def test_the_proof_at_threshold_half_asks_for_two_dimensions() -> None:
    """Without r >= 2 the proof says that it needs it."""
    wider = replace(CLAIM, conditions=CLAIM.conditions[1:])
    with pytest.raises(Undecided, match="r >= 2"):
        failing(wider)


def test_a_bound_that_is_the_theorems_only_where_it_is_looked_at_is_not_decided() -> None:
    """A bound that agrees at the three places where its constants are read off does not pass for it."""
    wiggle = sp.prod(d - place[d] for place in PLACES[:3])
    wrong = explicit_half.THEOREM_1_HALF - wiggle / 10**3 * explicit_terms.clean_noise(explicit_half.EVENTS)
    with pytest.raises(Undecided, match="for all values"):
        failing(replace(CLAIM, bound=wrong))


def test_the_events_at_threshold_half_are_those_at_0_and_the_teachers_count() -> None:
    """The teacher's events and one more, and as many of the student's as at threshold 0."""
    assert len(explicit_proofs.EVENTS) + 1 == explicit_half.EVENTS
    assert explicit_half_proofs.EVENTS[: len(explicit_proofs.TEACHER)] == explicit_proofs.TEACHER


def test_the_constants_at_threshold_half_improve_with_the_sample() -> None:
    """K1 falls to 2 and K2 to 1 as C grows, and no finite C reaches them."""
    reached = [explicit_half_proofs.chain(c) for c in (4000, 10**5, 10**7, 10**10)]
    for name, least in (("K1", 2.0), ("K2", 1.0)):
        values = [endpoints(found[name])[0] for found in reached]
        assert values == sorted(values, reverse=True)
        assert least < values[-1] < least + 1e-3


def inverted(scales: Sequence[float], laplace: Sequence[float], x: float, power: int) -> float:
    """Of sum f_k g_k h_k plus Laplace variables at x: tail (-1), density (0), minus its derivative (1).

    The inversion integral on a vertical line through the saddle point.
    """
    products, lines = np.array(scales)[:, None], np.array(laplace)[:, None]

    def log_transform(z: Any) -> Any:
        return -0.5 * np.log(1 - (products * z) ** 2).sum(0) - np.log(1 - (lines * z) ** 2).sum(0)

    ends = np.linspace(0.02, 0.98, 97) / max(*scales, *laplace)
    start = ends[np.argmin(log_transform(ends) - x * ends)]
    steps = 0.05 * np.sinh(8 * NODES)
    z = start + 1j * steps
    inside = np.exp(log_transform(z) - x * z) * z**power
    return float((inside.real * 0.4 * np.cosh(8 * NODES) * WEIGHTS).sum() / (2 * math.pi))


def corrupted_lines(rank: int, noise: float, scales: Sequence[float], edge: str) -> dict[str, float]:
    """Section 3 for these eigenvalues of H, as found over claimed; `noise` is a a~."""
    k = constants()
    level = rank / 2 * k[edge] / math.sqrt(noise)
    first, last = max(scales), min(scales)
    density = {f: inverted(scales, [f], level, 0) for f in (first, last)}
    signal = [f * density[f] for f in (first, last)]
    tails = [inverted(scales, [first] * count, level, -1) for count in (1, 2, 3)]
    steepest = max(inverted(scales, [f], level, 1) / density[f] for f in (first, last))
    wider = max(inverted(scales, [f, first], level, 0) / density[f] for f in (first, last))
    return {
        "t": steepest / k["t"],
        "C_q": wider / k["C_q"],
        "rho_b": max(signal) / min(signal) / k["rho_b"],
        "k_0": tails[0] / (k["k_0"] * math.sqrt(noise) * min(signal)),
        "g_4": max(tails[1] / tails[0], tails[2] / tails[1]) / k["g_4"],
    }


def eigenvalues(rank: int, shape: str) -> list[float]:
    """Eigenvalues at the ends of what the teacher's error allows."""
    beta = constants()["beta"]
    low, high = 1 - beta, 1 + beta
    one = {"first": [high] + [low] * (rank - 1), "last": [low] + [high] * (rank - 1)}
    return {**one, "low": [low] * rank, "high": [high] * rank}[shape]


@pytest.mark.parametrize("rank", [2, 3, 40])
@pytest.mark.parametrize("noise", [1.0, 4.0, 1e4])
def test_corrupted_scores_obey_the_lines_of_section_3(rank: int, noise: float) -> None:
    """At the ends of the teacher's error and of its threshold no line is broken; some are nearly reached."""
    found = [
        corrupted_lines(rank, noise, eigenvalues(rank, shape), edge)
        for shape in ("first", "last", "low", "high")
        for edge in ("t_-", "t_+")
    ]
    largest = {name: max(lines[name] for lines in found) for name in found[0]}
    assert {name: value for name, value in largest.items() if not value <= 1} == {}
    assert largest["rho_b"] > 0.7


def test_a_teacher_three_times_as_far_off_breaks_lines_of_section_3() -> None:
    """Negative control: the lines are about the claimed error of the teacher."""
    beta = 3 * constants()["beta"]
    off = corrupted_lines(40, 1.0, [1 + beta] + [1 - beta] * 39, "t_+")
    assert off["rho_b"] > 1


def clean(noise: float, rank: int, level: float, c: float, e: float) -> tuple[float, float]:
    """Tail and density of c rho^2 + sqrt(D) e rho g at the level, rho^2 chi-square of r + 2."""
    square = stats.chi2.ppf(QUANTILES, rank + 2)
    spread = np.sqrt((noise - 1) * square) * e
    z = (c * square - level) / spread
    return float(stats.norm.cdf(z).mean()), float((stats.norm.pdf(z) / spread).mean())


@pytest.mark.parametrize("rank", [2, 5, 60])
@pytest.mark.parametrize("noise", [1.01, 1.3, 4.0, 100.0, 1e6])
def test_clean_scores_obey_the_lines_of_section_4(rank: int, noise: float) -> None:
    """Over the box of c and e the tail is above 1/2, and the density moves and is as large as said."""
    k = constants()
    box_c = np.linspace(k["c_-"], 1 + k["beta"], 4)
    box_e = np.linspace(1 - k["beta"], math.sqrt(k["kappa"]) * (1 + k["beta"]), 4)
    for edge in ("t_-", "t_+"):
        found = [clean(noise, rank, rank / 2 * k[edge], c, e) for c in box_c for e in box_e]
        densities = [density for _, density in found]
        assert min(tail for tail, _ in found) > 0.5 - 1e-3
        assert max(densities) <= 1 / (2 * math.e * k["c_-"])
        least, most = (noise - 1) * min(densities), (noise - 1) * max(densities)
        assert most <= box_e[-1] / box_e[0] * least + k["c_J"]


def test_a_wider_box_breaks_the_lines_of_section_4() -> None:
    """Negative control: at c from 0.5 to 1.5 the density moves by more, at 0.4 the tail is below 1/2."""
    k = constants()
    least, most = sorted(29 * clean(30.0, 60, 30.0, c, 1.0)[1] for c in (0.5, 1.5))
    assert most > k["u_1"] * least + k["c_J"]
    assert clean(1.3, 60, 30.0, 0.4, 1.0)[0] < 0.3
