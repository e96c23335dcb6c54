"""PCA, the information limit and the best weights: proved, false when changed, and true of the exact law."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from proof_checks import check_outcome, check_wrong_bound, steps, symbolic

from bounds import claims
from bounds.law import score
from bounds.law.scales import selection, unfiltered_scales
from bounds.paper import alternatives, alternatives_proofs
from bounds.paper.one_round import FLOOR
from bounds.symbols import N, eta, gamma, gamma_tilde, n_T, r


@pytest.mark.parametrize("claim", symbolic(alternatives.CLAIMS), ids=lambda c: c.id)
def test_each_statement_about_alternatives_is_proved(claim):
    """Each comes out as registered, in time."""
    check_outcome(claim)


@pytest.mark.parametrize("claim", symbolic(alternatives.CLAIMS), ids=lambda c: c.id)
def test_no_statement_about_alternatives_accepts_a_wrong_value(claim):
    """A bound that is wrong by a hundredth is not proved."""
    check_wrong_bound(claim)


@pytest.mark.parametrize("name", ["information-from-above", "pca-efficiency", "information-from-below"])
def test_the_modalities_are_not_exchanged(name):
    """The bound of the other modality is another one, and is not proved."""
    claim = claims[name]
    twin = {gamma: gamma_tilde, gamma_tilde: gamma}
    found = steps(claim.with_bound(claim.bound.subs(twin, simultaneous=True)))
    assert not all(step.truth for step in found)


@lru_cache
def grid(size, noise, share):
    """Scores s (m,) and for each class, clean first: share, density, E[|v|^2 delta(S - s)] and its slope."""
    root = 1 + 1 / noise
    half = np.geomspace(1e-8, 300 * (root + 1), 1201)
    s = np.concatenate([-half[::-1], half])
    classes = []
    for clean, weight in ((True, share), (False, 1 - share)):
        place = size, noise, noise, clean
        density = np.exp(score.log_density(s, *place))
        lifted = score.squared_norm_density(s, *place)
        slope = (float(clean) * lifted - root * s * density) / (root**2 - float(clean))
        classes.append((weight, density, lifted, slope))
    return s, classes


def weighted_scale(size, noise, share, weight, slope):
    """gamma V_L of weights w and w' at the grid's scores, N = n_T = 1, and the leak."""
    s, classes = grid(size, noise, share)
    root = 1 + 1 / noise
    p = sum(part[0] * part[1] for part in classes)
    h = sum(part[0] * part[2] for part in classes)
    reached = np.trapezoid(weight * s * p, s)
    leak = np.trapezoid(slope * h, s) / (noise * reached)
    return size * np.trapezoid(weight**2 * h, s) / reached**2 + leak**2 * root / share**2, leak


PLACES = [(2, 1.0, 0.3), (3, 4.0, 0.1), (4, 0.3, 0.6)]


def shapes(s):
    """Weights that are no thresholds, with their slopes."""
    yield np.ones_like(s), np.zeros_like(s)
    yield s, np.ones_like(s)
    yield np.tanh(s - 1), 1 / np.cosh(np.clip(s - 1, -300, 300)) ** 2
    yield (1 + np.tanh(s / 2)) / 2, 0.25 / np.cosh(np.clip(s / 2, -300, 300)) ** 2


@pytest.mark.parametrize("place", PLACES)
def test_the_weighted_leak_is_that_of_the_exact_law(place):
    """The closed form of the leak for four weights, by integrals over the exact law; twice eta is refused."""
    size, noise, share = place
    s, classes = grid(*place)
    for weight, slope in shapes(s):
        found = weighted_scale(*place, weight, slope)[1]
        (_, density, _, _), _ = classes
        mixture = sum(part[0] * part[1] for part in classes)
        at = {
            alternatives_proofs.CLEAN_PART: np.trapezoid((size * weight + s * slope) * density, s),
            alternatives_proofs.REACHED: np.trapezoid(weight * s * mixture, s),
            gamma: noise,
        }
        assert found == pytest.approx(float(alternatives.WEIGHTED_LEAK.subs({**at, eta: share})), rel=1e-4)
        assert found != pytest.approx(
            float(alternatives.WEIGHTED_LEAK.subs({**at, eta: 2 * share})), rel=1e-2
        )


@pytest.mark.parametrize("place", PLACES)
def test_the_best_weights_are_better_than_any_other_and_above_the_floor(place):
    """The stated scale is that of the stated weights, below four others, above the bound for all weights."""
    size, noise, share = place
    s, classes = grid(*place)
    root = 1 + 1 / noise
    p, h, slope = (sum(part[0] * part[i] for part in classes) for i in (1, 2, 3))
    f, g = s * p / h, slope / h
    big_f, big_h, big_j = (np.trapezoid(y * h, s) for y in (f * f, f * g, g * g))
    alpha, beta = float(size), root / (noise**2 * share**2)
    k = beta * big_h / (alpha + beta * big_j)
    numbers = {
        alternatives_proofs.ALPHA: alpha,
        alternatives_proofs.BETA: beta,
        alternatives_proofs.F_INTEGRAL: big_f,
        alternatives_proofs.H_INTEGRAL: big_h,
        alternatives_proofs.J_INTEGRAL: big_j,
        gamma: 1,
    }
    stated = float(alternatives.LEAST_WEIGHTED.subs(numbers))
    best = f - k * g
    assert stated == pytest.approx(weighted_scale(*place, best, np.gradient(best, s))[0], rel=2e-3)
    others = [weighted_scale(*place, *shape)[0] for shape in shapes(s)]
    assert min(others) > stated
    clean = classes[0][1]
    told = ((size - 1) * clean - s * np.gradient(clean, s)) ** 2
    spills = [
        np.trapezoid(told[lifted > 1e-250] / lifted[lifted > 1e-250], s[lifted > 1e-250])
        for _, _, lifted, _ in classes
    ]
    floor = alternatives.NO_WEIGHTING * gamma
    at = {alternatives_proofs.SPILL: max(spills)}
    at |= {N: 1, n_T: 1, r: size, eta: share, gamma: noise, gamma_tilde: noise}
    assert 0 < float(floor.subs(at)) < stated


@pytest.mark.parametrize("place", PLACES)
def test_pca_is_below_every_threshold_by_at_least_the_stated_factor(place):
    """The exact V_L over PCA's is never below the bound, at thresholds on both sides of every score."""
    size, noise, share = place
    root = 1 + 1 / noise
    thresholds = np.linspace(-30 * root, 20 * root * (root + 1), 3001)
    tail = np.exp(score.log_tail(thresholds, size, noise, noise, False))
    edge = size * np.exp(score.log_tail(thresholds, size, noise, noise, True))
    edge += thresholds * np.exp(score.log_density(thresholds, size, noise, noise, True))
    floor = float(np.min(root / 2 * size**2 * tail / edge**2))
    teacher = unfiltered_scales(0.5, share, noise, noise)
    found, _ = selection(score.Score(size, share, noise, noise), thresholds).student_scales(teacher, 0.5)
    at = {gamma: noise, gamma_tilde: noise, eta: share, FLOOR: floor}
    ratio = found / (root / noise)
    assert np.all(ratio >= float(alternatives.OF_THE_FILTER.subs(at)))
