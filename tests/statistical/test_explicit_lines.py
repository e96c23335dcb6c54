"""The notes on the explicit theorems, line by line: drawn teachers and students obey their inequalities."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from bounds.paper import explicit_half_proofs, explicit_proofs
from bounds.proof.enclose import endpoints

DELTA = 0.9
NET = 33.0


@dataclass(frozen=True)
class Model:
    """A setting with what a note abbreviates; `pairs` is the least number that its theorem asks for.

    The theorem is that at threshold r/2 if `half`, else that at 0.
    """

    d: int
    d_tilde: int
    r: int
    eta: float
    gamma: float
    gamma_tilde: float
    divided: float = 1.0
    half: bool = False

    @property
    def theorem(self) -> Any:
        """The module with the theorem's events and chain of constants."""
        return explicit_half_proofs if self.half else explicit_proofs

    @property
    def samples(self) -> int:
        """The theorem's C."""
        return 4000 if self.half else 1600

    @property
    def constants(self) -> dict[str, float]:
        """The chain's constants, rounded up."""
        return {name: endpoints(value)[1] for name, value in self.theorem.chain(self.samples).items()}

    @property
    def a(self) -> tuple[float, float]:
        """a and a~."""
        return 1 + 1 / self.gamma, 1 + 1 / self.gamma_tilde

    @property
    def s(self) -> float:
        """sqrt(2 log(events/delta))."""
        return math.sqrt(2 * math.log(len(self.theorem.EVENTS) / DELTA))

    @property
    def width(self) -> float:
        """sqrt d + sqrt d~ + s."""
        return math.sqrt(self.d) + math.sqrt(self.d_tilde) + self.s

    @property
    def pairs(self) -> int:
        """The condition's number of pairs for either part, `divided`."""
        needed = self.samples * self.a[0] * self.a[1] * self.width**2 / self.eta**2
        return math.ceil(needed / self.divided)

    def angles(self, noise: int) -> float:
        """sqrt((d - r) r) + s."""
        return math.sqrt(noise * self.r) + self.s

    def draw(self, rng: np.random.Generator, pairs: int = 0) -> tuple[Any, ...]:
        """Coins, u, v and both noises off the signal; of so many pairs, by default those asked for."""
        n, left, right = pairs or self.pairs, self.gamma**-0.5, self.gamma_tilde**-0.5
        clean = rng.random(n) < self.eta
        z, z_2 = rng.standard_normal((2, n, self.r))
        u = z + left * rng.standard_normal((n, self.r))
        v = np.where(clean[:, None], z, z_2) + right * rng.standard_normal((n, self.r))
        xi = left * rng.standard_normal((n, self.d - self.r))
        return clean, u, v, xi, right * rng.standard_normal((n, self.d_tilde - self.r))


@dataclass(frozen=True)
class Taught:
    """Tangents of a teacher's errors, the matrix of its score and the score above which a pair is kept."""

    left: Any
    right: Any
    score: Any
    level: float


def norm(matrix: Any) -> float:
    """The operator norm, 0 for an empty matrix."""
    return float(np.linalg.norm(matrix, 2)) if matrix.size else 0.0


def teacher(model: Model, rng: np.random.Generator) -> tuple[Taught, dict[str, float]]:
    """A drawn teacher, and the lines of section 1 as drawn over claimed."""
    k, r = model.constants, model.r
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
    level = r / 2 * model.eta * (model.pairs - 1) / clean.sum() if model.half else 0.0
    return Taught(tangent, tangent_2, score, level), lines


def _sides(model: Model) -> tuple[tuple[float, float], tuple[float, float]]:
    """a~ and gamma for the left side, a and gamma~ for the right one."""
    return (model.a[1], model.gamma), (model.a[0], model.gamma_tilde)


@dataclass(frozen=True)
class Learnt:
    """A drawn student: counts, the blocks of its matrix, the parts of one of them, and its error."""

    kept: int
    clean: int
    own: Any
    leaked: Any
    second: float
    gap: float
    error: float
    low: float
    either: float


def student(model: Model, taught: Taught, rng: np.random.Generator) -> Learnt:
    """What a student learns on pairs that this teacher keeps."""
    r, (a, a_2), n = model.r, model.a, model.pairs
    clean, u, v, xi, xi_2 = model.draw(rng)
    seen, seen_2 = u + xi @ taught.left, v + xi_2 @ taught.right
    kept = np.einsum("ni,ij,nj->n", seen, taught.score, seen_2) > taught.level
    y = np.hstack([v, xi_2])[kept]
    cross = np.hstack([u, xi])[kept].T @ (y - y.mean(0)) / n
    low, rest = cross[r:, :r], cross[r:, r:]
    left, values, right = np.linalg.svd(cross)
    error = max(float(np.linalg.norm(left[r:, :r])), float(np.linalg.norm(right[:r, r:])))
    gram = taught.left.T @ taught.left / model.gamma
    inverse_1, inverse_0 = (np.linalg.inv((a - c / a_2) * np.eye(r) + gram) for c in (1, 0))
    told = np.where(clean[:, None], (seen - v / a_2) @ inverse_1, seen @ inverse_0)
    centred = v[kept] - v[kept].mean(0)
    leaked = told[kept].T @ centred / n
    own = (xi - told @ taught.left.T / model.gamma)[kept].T @ centred / n
    np.testing.assert_allclose(low, own + taught.left @ leaked / model.gamma, atol=1e-9)
    either = max(np.linalg.norm(low), np.linalg.norm(cross[:r, r:]))
    second = norm(v[kept].T @ v[kept]) / n
    gap, size = values[r - 1] - norm(rest), float(np.linalg.norm(low))
    return Learnt(int(kept.sum()), int(clean.sum()), own, leaked, second, gap, error, size, float(either))


def lines_of(model: Model, taught: Taught, found: Learnt, kept: float, second: float, weak: float) -> Any:
    """The lines for a drawn student, as drawn over claimed.

    `kept` is the least number of kept pairs, `second` bounds their second moments over a~, and `weak` is
    what the first term of the theorem has beside sqrt(2) max over sides.
    """
    k, n = model.constants, model.pairs
    share, share_2 = 1 / (1 + model.gamma), 1 / (1 + model.gamma_tilde)
    units = [math.sqrt(b / (g * n)) * model.angles(m - model.r) for (b, g), m in zip(
        _sides(model), (model.d, model.d_tilde), strict=True)]  # fmt: skip
    # K1 and K2 of the chain, which the theorem rounds up.
    first = k["K1"] * math.sqrt(2) * max(units) * weak
    second_term = k["K2"] * max(units[0] * share, units[1] * share_2) / model.eta
    own = units[0] * math.sqrt(second)
    e = k["epsilon"]
    spread = units[0] * k["k_T"] * k["c_Z"] * e * min(1.0, math.sqrt(second))
    leak = share * np.linalg.norm(taught.left) * model.a[0] * norm(found.leaked)
    return {
        "kept": kept / found.kept,
        "clean": found.clean / ((1 + e + e**2 / 3) * n * model.eta),
        "second moments": found.second / (model.a[1] * second),
        "perturbation": found.error * found.gap / found.either,
        "own noise": np.linalg.norm(found.own) / own,
        "own and spread": (found.low - leak) / (own + spread),
        "gap": model.eta * k["clean"] / found.gap,
        "theorem": found.error / (first + second_term),
    }


def at_zero(model: Model, taught: Taught, rng: np.random.Generator) -> Any:
    """The lines at threshold 0, sections 2 to 4 and 7."""
    k, n, r, (a, a_2) = model.constants, model.pairs, model.r, model.a
    e = k["epsilon"]
    weak = max(1.0, r * math.sqrt(math.pi / ((2 * r - 1) * a * a_2)))
    return lines_of(
        model, taught, student(model, taught, rng), n / 2 * (1 - math.sqrt(2) * e), (1 + e) ** 2, weak
    )


def corrupted_tail(model: Model, taught: Taught, rng: np.random.Generator) -> float:
    """F of section 5: the second moments of corrupted pairs above the threshold, from fresh pairs."""
    _, u, v, xi, xi_2 = replace(model, eta=0.0).draw(rng, model.pairs)
    seen, seen_2 = u + xi @ taught.left, v + xi_2 @ taught.right
    kept = np.einsum("ni,ij,nj->n", seen, taught.score, seen_2) > taught.level
    return norm(seen_2[kept].T @ seen_2[kept]) / model.pairs / model.a[1]


def at_half(model: Model, taught: Taught, rng: np.random.Generator) -> Any:
    """The lines at threshold r/2, sections 2, 5 and 6."""
    k, eta = model.constants, model.eta
    found = student(model, taught, rng)
    second = k["k_1"] * eta + k["kappa"] * (1 - eta) * corrupted_tail(model, taught, rng)
    return lines_of(model, taught, found, k["p_K"] * eta * model.pairs, second, 1 / math.sqrt(2 * eta))


MODELS = (
    Model(5, 4, 2, 0.8, 10.0, 3.0),
    Model(3, 6, 1, 0.6, 1.0, 1.0),
    Model(4, 5, 3, 1.0, 0.5, 20.0),
    Model(8, 3, 2, 0.5, 30.0, 1e3),
)


HALF_MODELS = (
    Model(5, 4, 2, 0.8, 10.0, 3.0, half=True),
    Model(4, 5, 3, 1.0, 0.5, 20.0, half=True),
    Model(6, 6, 4, 0.5, 5.0, 30.0, half=True),
    Model(8, 3, 2, 0.4, 30.0, 1e3, half=True),
)


@pytest.mark.parametrize("model", [*MODELS, *HALF_MODELS], ids=lambda m: f"half={m.half},r={m.r},d={m.d}")
def test_drawn_teachers_and_students_obey_every_line(model: Model) -> None:
    """Identities hold to rounding, and no drawn quantity passes what the note says of it."""
    rng = np.random.default_rng(21)
    taught, lines = teacher(model, rng)
    lines |= (at_half if model.half else at_zero)(model, taught, rng)
    assert {name: value for name, value in lines.items() if not value <= 1} == {}


def test_with_far_fewer_pairs_most_lines_break() -> None:
    """Negative control: at a four-hundredth of the pairs the teacher's lines and the theorem do not hold."""
    model = Model(5, 4, 2, 0.8, 10.0, 3.0, divided=400.0)
    rng = np.random.default_rng(22)
    taught, lines = teacher(model, rng)
    broken = {name for name, value in lines.items() if value > 1}
    assert {"P", "tau", "B", "R"} <= broken
    assert "clean" not in broken
    assert at_zero(model, taught, rng)["own noise"] < 1


def test_pairs_kept_from_zero_on_have_more_noise_than_the_lines_at_threshold_half_allow() -> None:
    """Negative control: at threshold 0 the kept second moments pass those of section 5."""
    model = HALF_MODELS[-1]
    rng = np.random.default_rng(23)
    taught, _ = teacher(model, rng)
    found = student(model, replace(taught, level=0.0), rng)
    k, eta = model.constants, model.eta
    allowed = k["k_1"] * eta + k["kappa"] * (1 - eta) * corrupted_tail(model, taught, rng)
    assert found.second > model.a[1] * allowed
