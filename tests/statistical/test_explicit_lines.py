"""The note on the explicit theorem, line by line: drawn teachers and students obey its inequalities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from bounds.paper.explicit_proofs import EVENTS, chain
from bounds.proof.enclose import endpoints

SAMPLES = 1600
DELTA = 0.9
NET = 33.0


@dataclass(frozen=True)
class Model:
    """A setting with what the note abbreviates; `pairs` is the least number that the theorem asks for."""

    d: int
    d_tilde: int
    r: int
    eta: float
    gamma: float
    gamma_tilde: float
    divided: float = 1.0

    @property
    def a(self) -> tuple[float, float]:
        """a and a~."""
        return 1 + 1 / self.gamma, 1 + 1 / self.gamma_tilde

    @property
    def s(self) -> float:
        """sqrt(2 log(38/delta))."""
        return math.sqrt(2 * math.log(len(EVENTS) / DELTA))

    @property
    def width(self) -> float:
        """sqrt d + sqrt d~ + s."""
        return math.sqrt(self.d) + math.sqrt(self.d_tilde) + self.s

    @property
    def pairs(self) -> int:
        """The condition's number of pairs for either part, `divided`."""
        needed = SAMPLES * self.a[0] * self.a[1] * self.width**2 / self.eta**2
        return math.ceil(needed / self.divided)

    def angles(self, noise: int) -> float:
        """sqrt((d - r) r) + s."""
        return math.sqrt(noise * self.r) + self.s

    def draw(self, rng: np.random.Generator) -> tuple[Any, ...]:
        """Coins, u, v and both noises off the signal."""
        n, left, right = self.pairs, self.gamma**-0.5, self.gamma_tilde**-0.5
        clean = rng.random(n) < self.eta
        z, z_2 = rng.standard_normal((2, n, self.r))
        u = z + left * rng.standard_normal((n, self.r))
        v = np.where(clean[:, None], z, z_2) + right * rng.standard_normal((n, self.r))
        xi = left * rng.standard_normal((n, self.d - self.r))
        return clean, u, v, xi, right * rng.standard_normal((n, self.d_tilde - self.r))


@dataclass(frozen=True)
class Taught:
    """Tangents of a teacher's errors and the matrix of its score."""

    left: Any
    right: Any
    score: Any


def norm(matrix: Any) -> float:
    """The operator norm, 0 for an empty matrix."""
    return float(np.linalg.norm(matrix, 2)) if matrix.size else 0.0


def constants() -> dict[str, float]:
    """The chain's constants at this sample constant, rounded up."""
    return {name: endpoints(value)[1] for name, value in chain(SAMPLES).items()}


def teacher(model: Model, rng: np.random.Generator) -> tuple[Taught, dict[str, float]]:
    """A drawn teacher, and the lines of section 1 as drawn over claimed."""
    k, r = constants(), model.r
    clean, u, v, xi, xi_2 = model.draw(rng)
    x, y = np.hstack([u, xi]), np.hstack([v, xi_2])
    cross = x.T @ (y - y.mean(0)) / clean.sum()
    p, q, low, rest = cross[:r, :r], cross[:r, r:], cross[r:, :r], cross[r:, r:]
    left, values, right = np.linalg.svd(cross)
    left, right = left[:, :r], right[:r].T
    tangent, tangent_2 = (space[r:] @ np.linalg.inv(space[:r]) for space in (left, right))
    own = low + rest @ q.T @ np.linalg.inv(p).T
    ways = rest @ (rest.T - tangent_2 @ low.T) @ tangent @ np.linalg.inv(p).T
    np.testing.assert_allclose(tangent @ (p + q @ tangent_2) - ways, own, atol=1e-9)
    score = left[:r] * values[:r] @ right[:r].T
    scale = [math.sqrt(b / (g * model.pairs)) / model.eta for b, g in _sides(model)]
    lines = {
        "P": norm(p - np.eye(r)) / k["beta_P"],
        "R": norm(low) / k["e_1"],
        "Q": norm(q) / k["e_1"],
        "N": norm(rest) / k["e_1"],
        "tau": max(norm(tangent), norm(tangent_2)) / k["tau"],
        "T": np.linalg.norm(tangent) / (k["k_T"] * scale[0] * model.angles(model.d - r)),
        "T~": np.linalg.norm(tangent_2) / (k["k_T"] * scale[1] * model.angles(model.d_tilde - r)),
        "B": norm(score - np.eye(r)) / k["beta"],
    }
    return Taught(tangent, tangent_2, score), lines


def _sides(model: Model) -> tuple[tuple[float, float], tuple[float, float]]:
    """a~ and gamma for the left side, a and gamma~ for the right one."""
    return (model.a[1], model.gamma), (model.a[0], model.gamma_tilde)


def student(model: Model, taught: Taught, rng: np.random.Generator) -> dict[str, float]:
    """The lines of sections 2 to 4 and 7 for a drawn student, as drawn over claimed."""
    k, r, (a, a_2) = constants(), model.r, model.a
    e, n = k["epsilon"], model.pairs
    clean, u, v, xi, xi_2 = model.draw(rng)
    seen, seen_2 = u + xi @ taught.left, v + xi_2 @ taught.right
    kept = np.einsum("ni,ij,nj->n", seen, taught.score, seen_2) > 0
    y = np.hstack([v, xi_2])[kept]
    cross = np.hstack([u, xi])[kept].T @ (y - y.mean(0)) / n
    q, low, rest = cross[:r, r:], cross[r:, :r], cross[r:, r:]
    left, values, right = np.linalg.svd(cross)
    error = max(float(np.linalg.norm(left[r:, :r])), float(np.linalg.norm(right[:r, r:])))
    gram = taught.left.T @ taught.left / model.gamma
    inverse_1, inverse_0 = (np.linalg.inv((a - c / a_2) * np.eye(r) + gram) for c in (1, 0))
    told = np.where(clean[:, None], (seen - v / a_2) @ inverse_1, seen @ inverse_0)
    centred = v[kept] - v[kept].mean(0)
    leaked = told[kept].T @ centred / n
    own = (xi - told @ taught.left.T / model.gamma)[kept].T @ centred / n
    np.testing.assert_allclose(low, own + taught.left @ leaked / model.gamma, atol=1e-9)
    share, share_2 = 1 / (1 + model.gamma), 1 / (1 + model.gamma_tilde)
    units = [math.sqrt(b / (g * n)) * model.angles(m - r) for (b, g), m in zip(
        _sides(model), (model.d, model.d_tilde), strict=True)]  # fmt: skip
    root = math.sqrt(math.pi / ((2 * r - 1) * a * a_2))
    # K1 and K2 of the chain, which the theorem rounds up.
    first = k["K1"] * math.sqrt(2) * max(units) * max(1.0, r * root)
    second = k["K2"] * max(units[0] * share, units[1] * share_2) / model.eta
    clean_part = (1 + e + e**2 / 3) * n * model.eta
    return {
        "kept": n / 2 * (1 - math.sqrt(2) * e) / kept.sum(),
        "clean": clean.sum() / clean_part,
        "perturbation": error * (values[r - 1] - norm(rest)) / max(np.linalg.norm(low), np.linalg.norm(q)),
        "own noise": np.linalg.norm(own) / (units[0] * (1 + e)),
        "own and spread": (np.linalg.norm(low) - share * np.linalg.norm(taught.left) * a * norm(leaked))
        / (units[0] * (1 + e + k["k_T"] * k["c_Z"] * e)),
        "theorem": error / (first + second),
    }


MODELS = (
    Model(5, 4, 2, 0.8, 10.0, 3.0),
    Model(3, 6, 1, 0.6, 1.0, 1.0),
    Model(4, 5, 3, 1.0, 0.5, 20.0),
    Model(8, 3, 2, 0.5, 30.0, 1e3),
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"r={model.r},d={model.d}")
def test_drawn_teachers_and_students_obey_every_line(model: Model) -> None:
    """Identities hold to rounding, and no drawn quantity passes what the note says of it."""
    rng = np.random.default_rng(21)
    taught, lines = teacher(model, rng)
    lines |= student(model, taught, rng)
    assert {name: value for name, value in lines.items() if not value <= 1} == {}


def test_with_far_fewer_pairs_most_lines_break() -> None:
    """Negative control: at a four-hundredth of the pairs the teacher's lines and the theorem do not hold."""
    model = Model(5, 4, 2, 0.8, 10.0, 3.0, divided=400.0)
    rng = np.random.default_rng(22)
    taught, lines = teacher(model, rng)
    broken = {name for name, value in lines.items() if value > 1}
    assert {"P", "tau", "B", "R"} <= broken
    assert "clean" not in broken
    assert student(model, taught, rng)["own noise"] < 1
