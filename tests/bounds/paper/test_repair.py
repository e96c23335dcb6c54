"""No rule repairs Theorem 1: what the machine decides of the proof, and that drawn rules obey its lines."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp

from bounds import claims as register
from bounds.claim import Claim
from bounds.paper import repair, repair_proofs, repair_terms
from bounds.symbols import d, eta, n

CLAIM = repair.CLAIMS[0]


def version(
    constant: sp.Expr = repair.CONSTANT,
    samples: sp.Expr = repair.C_SAMPLES,
    events: int = repair.EVENTS,
    dimension: sp.Expr = repair.EVERY_RULE_DIMENSION,
) -> Claim:
    """The theorem with another constant, sample or dimension, or with fewer events paid for."""
    conditions = (
        sp.Ge(n, repair_terms.samples(samples, events), evaluate=False),
        sp.Ge(d, dimension, evaluate=False),
        *CLAIM.conditions[2:],
    )
    return replace(CLAIM, bound=repair_terms.bound(constant, events), conditions=conditions)


def failing(claim: Claim) -> list[str]:
    """Statements of the steps that do not hold for this version of the theorem."""
    return [step.statement for step in repair_proofs.every_rule(claim.stated) if step.truth is not True]


def test_every_step_of_the_lower_bound_for_every_rule_is_decided_true() -> None:
    """All steps hold, for the stated constant and for a smaller one."""
    assert failing(CLAIM) == []
    assert failing(version(constant=sp.Rational(1, 20))) == []
    assert failing(version(samples=sp.Integer(800))) == []


@pytest.mark.parametrize(
    "wrong",
    [
        version(constant=sp.Rational(11, 100)),
        version(samples=sp.Integer(380)),
        version(samples=repair.C_SAMPLES / 10),
        *(version(events=repair.EVENTS - dropped) for dropped in (1, 5)),
        version(dimension=repair.EVERY_RULE_DIMENSION / 2),
        replace(CLAIM, bound=repair.EVERY_RULE / sp.sqrt(eta)),
    ],
)
def test_a_wrong_version_of_the_lower_bound_breaks_a_step(wrong: Claim) -> None:
    """A larger constant, fewer pairs, dimensions or events, or the teacher's own 1/eta are not proved."""
    assert failing(wrong)


def test_theorem_1_as_printed_falls_below_what_no_rule_beats_and_its_correction_does_not() -> None:
    """The ratio diverges for the printed bound; the corrected one keeps up."""
    (wrong,) = (s for s in repair_proofs.keeps_up(register["theorem-1"].stated) if not s.truth)
    assert "oo" in str(wrong.shown)
    assert all(step.truth for step in repair_proofs.keeps_up(register["theorem-1-corrected"].stated))


@pytest.mark.parametrize("weigh", [lambda s: s, lambda s: np.tanh(s - 1), lambda s: 1 / (1 + np.exp(-4 * s))])
def test_a_drawn_leak_of_a_weighting_is_the_notes(weigh: Callable[[Any], Any]) -> None:
    """The turn of the student's mean under a teacher turned by 0.05 is (1 - eta G/M)/(1 + gamma) of it."""
    rng = np.random.default_rng(8)
    count, size, share, noise, noise_2, turn = 2_000_000, 2, 0.3, 0.5, 0.25, 0.05
    clean = rng.random(count) < share
    z, z_2 = rng.standard_normal((2, count, size))
    u = z + math.sqrt(noise) * rng.standard_normal((count, size))
    v = np.where(clean[:, None], z, z_2) + math.sqrt(noise_2) * rng.standard_normal((count, size))
    xi = math.sqrt(noise) * rng.standard_normal(count)
    score, seen = (u * v).sum(1), ((u + turn * xi[:, None]) * v).sum(1)
    mirrored = ((u - turn * xi[:, None]) * v).sum(1)
    # Both signs of the turn on the same draws: what is even in it cancels.
    moved = (xi * (v.sum(1)) * (weigh(seen) - weigh(mirrored))).mean() / 2 / size
    mass = (weigh(score) * score).mean()
    step = 1e-4
    told = size * weigh(score) + score * (weigh(score + step) - weigh(score - step)) / (2 * step)
    expected = noise / (1 + noise) * (1 - share * told[clean].mean() / mass)
    assert moved * size / mass / turn == pytest.approx(expected, rel=0.03)


def _norm(matrix: Any) -> float:
    return float(np.linalg.norm(matrix, 2))


@pytest.mark.parametrize("rule", ["threshold", "share", "clean", "signed", "few"])
def test_the_notes_decomposition_holds_for_every_rule(rule: str) -> None:
    """R = leak P + what clean pairs tell + noise of the size and independence that the note claims."""
    rng = np.random.default_rng(3)
    count, rest, size, share, noise, noise_2 = 60_000, 40, 2, 0.4, 1 / 3, 1 / 8
    a, b = 1 + noise, 1 + noise_2
    clean = rng.random(count) < share
    z, z_2 = rng.standard_normal((2, count, size))
    u = z + math.sqrt(noise) * rng.standard_normal((count, size))
    v = np.where(clean[:, None], z, z_2) + math.sqrt(noise_2) * rng.standard_normal((count, size))
    xi = math.sqrt(noise) * rng.standard_normal((count, rest))
    tangent = 0.05 * rng.standard_normal((rest, size)) / math.sqrt(rest)
    seen = u + xi @ tangent
    score = np.einsum("ni,ni->n", seen, v)
    weight = {
        "threshold": 1.0 * (score > 0.5),
        "share": 1.0 * (score > np.quantile(score, 0.97)),
        "clean": 1.0 * clean,
        "signed": score,
        "few": 1.0 * (score >= np.sort(score)[-60]),
    }[rule]
    leak = noise / a
    centred = v - weight @ v / weight.sum()
    signal, tilted = (part.T @ (weight[:, None] * centred) / count for part in (u, xi))
    inverse = np.linalg.inv((a - 1 / b) * np.eye(size) + noise * tangent.T @ tangent)
    told = (seen - v / b) @ inverse - v
    moved = (told * (clean * weight)[:, None]).T @ centred / count
    left = tilted - leak * tangent @ signal - leak / b * tangent @ moved
    gram = (weight[:, None] * centred).T @ (weight[:, None] * centred) / count**2
    whitened = left @ np.linalg.inv(np.linalg.cholesky(gram)).T / math.sqrt(noise)
    entries = rest * size
    assert abs(np.sum(whitened**2) / entries - 1) < 6 * math.sqrt(2 / entries)
    bare = tilted @ np.linalg.inv(np.linalg.cholesky(gram)).T / math.sqrt(noise)
    across = bare - np.linalg.qr(tangent)[0] @ (np.linalg.qr(tangent)[0].T @ bare)
    assert _norm(across) > math.sqrt(rest) - 2 * math.sqrt(size) - 4
    direction = np.linalg.svd(signal)[2][0]
    alpha = math.sqrt(direction @ gram @ direction)
    assert np.linalg.norm(moved @ direction) <= _norm(told[clean]) * alpha


def test_without_the_leak_the_rest_is_not_noise() -> None:
    """Negative control: R alone is far larger than noise where corrupted pairs are kept by a tilted view."""
    rng = np.random.default_rng(4)
    count, size, rest = 60_000, 2, 40
    u, v = rng.standard_normal((2, count, size)) * math.sqrt(4 / 3)
    xi = math.sqrt(1 / 3) * rng.standard_normal((count, rest))
    tangent = 0.5 * rng.standard_normal((rest, size)) / math.sqrt(rest)
    kept = np.einsum("ni,ni->n", u + xi @ tangent, v) > 0
    centred = v[kept] - v[kept].mean(0)
    signal, tilted = u[kept].T @ centred / count, xi[kept].T @ centred / count
    unit = math.sqrt(1 / 3 * 4 / 3 * kept.sum()) / count * math.sqrt(rest * size)
    assert np.linalg.norm(tilted - tangent @ signal / 4) < 1.3 * unit
    assert np.linalg.norm(tilted) > 3 * unit
