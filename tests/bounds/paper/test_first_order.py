"""Threshold 0 to first order: the claims against the exact law, and wrong versions of them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp

from bounds.claim import Claim, Proof, Relation
from bounds.law.repeated import best_split
from bounds.law.scales import selection, unfiltered_scales
from bounds.law.score import Score
from bounds.paper import first_order

CLAIMS = {claim.id: claim for claim in first_order.CLAIMS}


def failing(claim: Claim) -> list[str]:
    """Statements of the false steps of the claim's proof."""
    (proof,) = (check for check in claim.checks if isinstance(check, Proof))
    return [step.statement for step in proof.derive(claim.stated) if step.truth is not True]


def root_mean_square(place: dict[str, Any], side: int = 0, theta: float = 0.0) -> float:
    """The law's own root mean square of one side, halves of n = 1 pairs."""
    noises = place["gamma"], place["gamma_tilde"]
    scales = selection(Score(place["r"], place["eta"], *noises), theta).student_scales(
        unfiltered_scales(0.5, place["eta"], *noises), 0.5
    )
    dimension = (place["d"], place["d_tilde"])[side]
    return math.sqrt((dimension - place["r"]) * place["r"] * float(scales[side]))


@pytest.mark.parametrize("claim_id", CLAIMS)
def test_the_first_order_claims_are_proved_and_a_smaller_constant_is_not(claim_id: str) -> None:
    """All steps hold; with 99% of the bound one does not."""
    claim = CLAIMS[claim_id]
    assert failing(claim) == []
    assert claim.bound is not None
    assert failing(claim.with_bound(sp.Rational(99, 100) * claim.bound))
    assert failing(replace(claim, relation=Relation.LOWER))


@pytest.mark.parametrize("claim_id", ["theorem-1-first-order", "theorem-1-constant"])
def test_the_exact_law_obeys_the_first_order_claims_everywhere_and_reaches_them(claim_id: str) -> None:
    """In 400 settings over the whole range the law is below the bound, and somewhere within 2% of it."""
    rng = np.random.default_rng(11)
    worst = 0.0
    for _ in range(400):
        size = int(10 ** rng.uniform(math.log10(2), 3))
        place: dict[str, Any] = {"n": 1.0, "r": size, "eta": 10 ** rng.uniform(-7, 0)}
        place |= {"d": size + int(10 ** rng.uniform(0, 7)), "d_tilde": size + int(10 ** rng.uniform(0, 3))}
        place |= {"gamma": 10 ** rng.uniform(-4, 5), "gamma_tilde": 10 ** rng.uniform(-4, 5)}
        ratio = root_mean_square(place) / float(CLAIMS[claim_id].evaluate(place))
        assert ratio <= 1 + 1e-9, place
        worst = max(worst, ratio)
    assert worst > 0.98


def test_the_exact_law_obeys_the_claim_at_half_of_r_and_not_a_third_of_it() -> None:
    """In 200 settings with r >= 2 the law at r/2 is below the bound; a third of the bound is passed."""
    rng = np.random.default_rng(13)
    worst = 0.0
    for _ in range(200):
        size = int(10 ** rng.uniform(math.log10(2), 3))
        place: dict[str, Any] = {"n": 1.0, "r": size, "d": 10**4, "d_tilde": size}
        place |= {"eta": 10 ** rng.uniform(-5, 0)}
        place |= {"gamma": 10 ** rng.uniform(-3, 5), "gamma_tilde": 10 ** rng.uniform(-3, 5)}
        claim = CLAIMS["theorem-1-first-order-half"]
        ratio = root_mean_square(place, theta=size / 2) / float(claim.evaluate(place))
        assert ratio <= 1, place
        worst = max(worst, ratio)
    assert worst > 1 / 3


@pytest.mark.parametrize("claim_id", ["theorem-1-first-order-half", "theorem-1-constant"])
def test_a_claim_that_needs_a_rank_of_two_says_so(claim_id: str) -> None:
    """Without r >= 2 a step breaks."""
    assert failing(replace(CLAIMS[claim_id], conditions=()))


def test_the_constant_covers_the_right_side_too() -> None:
    """The bound with the corrected theorem's terms is symmetric in the modalities and holds for both."""
    rng = np.random.default_rng(12)
    for _ in range(100):
        place: dict[str, Any] = {"n": 1.0, "r": 3, "eta": 10 ** rng.uniform(-5, 0), "d": 5, "d_tilde": 900}
        place |= {"gamma": 10 ** rng.uniform(-3, 4), "gamma_tilde": 10 ** rng.uniform(-3, 4)}
        assert root_mean_square(place, 1) <= float(CLAIMS["theorem-1-constant"].evaluate(place))


def test_enough_rounds_stay_below_their_bound_and_half_as_many_do_not() -> None:
    """With log(1/eta)/log(1 + gamma) rounds the best split obeys the bound; with half as many it does not."""
    claim = CLAIMS["repeated-rounds"]
    for gamma in (0.5, 1.5):
        place: dict[str, Any] = {"n": 1.0, "d": 40, "r": 3, "eta": 1e-6, "gamma": gamma, "gamma_tilde": 2.0}
        law = selection(Score(3, 1e-6, gamma, 2.0), 0.0)
        teacher = unfiltered_scales(1.0, 1e-6, gamma, 2.0)[0]
        fresh, leak = float(law.fresh_scales(1.0)[0]), float(law.leak_left)
        enough = math.ceil(math.log(1e6) / math.log(1 + gamma))
        splits = [best_split(fresh, leak, teacher, count) for count in (enough, enough // 2)]
        roots = [math.sqrt(37 * 3 * split.scale) for split in splits]
        assert roots[0] <= float(claim.evaluate(place)) < roots[1]


def test_a_claim_of_fewer_rounds_is_not_proved() -> None:
    """Half the rounds, or none asked for, break a step."""
    claim = CLAIMS["repeated-rounds"]
    condition, noise = claim.conditions
    fewer = sp.Ge(condition.lhs, condition.rhs / 2, evaluate=False)
    assert failing(replace(claim, conditions=(fewer, noise)))
    assert failing(replace(claim, conditions=(noise,)))
