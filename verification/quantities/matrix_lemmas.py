"""Deterministic inequalities between matrices, on instances made to break them.

Every quantity draws one instance from a generator and returns left-hand side / right-hand side: the
lemma holds there iff that is at most 1.  Spectra are clustered, spread over many orders, deficient or
equal; changes are random, aligned with the singular vectors or made to reach the bound; scales run
from 1e-100 to 1e100.  Rounding is allowed for on the left-hand side (backward error of the SVD), never
by a tolerance on the ratio.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from verification.engines.estimate import Array, chordal_distance, random_basis

_EPS = float(np.finfo(float).eps)


def spectrum(rng: np.random.Generator, size: int) -> Array:
    """`size` positive singular values, largest first (and 1): one of five adversarial shapes."""
    kind = rng.integers(5)
    if kind == 0:  # all equal
        values = np.ones(size)
    elif kind == 1:  # one cluster with tiny gaps
        values = 1.0 - 1e-9 * rng.random(size)
    elif kind == 2:  # two clusters far apart
        values = np.where(np.arange(size) < rng.integers(size + 1), 1.0, 10.0 ** rng.uniform(-6, 0))
    elif kind == 3:  # geometric
        values = 10.0 ** -(np.arange(size) * rng.uniform(0, 6) / max(1, size - 1))
    else:
        values = rng.uniform(0.05, 1, size)
    values = np.sort(values)[::-1]
    return np.asarray(values / values[0])


def _scale(rng: np.random.Generator) -> float:
    return float(10.0 ** rng.uniform(-100, 100)) if rng.random() < 0.3 else 1.0


def _shape(rng: np.random.Generator, least: int = 1) -> tuple[int, int]:
    rows, columns = rng.integers(least, 9, size=2)
    return int(rows), int(columns)


def _norm(matrix: Array) -> float:
    return float(np.linalg.svd(matrix, compute_uv=False)[0])


def _allowance(*matrices: Array) -> float:
    """Backward error of the singular values of `matrices`, with a margin of 8."""
    return float(max(8 * _EPS * max(m.shape) * _norm(m) for m in matrices))


def _random_direction(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """A matrix of operator norm 1: dense, of rank one, or with all singular values 1."""
    kind = rng.integers(3)
    if kind == 0:
        dense = rng.standard_normal((rows, columns))
        return np.asarray(dense / _norm(dense))
    if kind == 1:
        return np.outer(random_basis(rows, 1, rng), random_basis(columns, 1, rng))
    k = min(rows, columns)
    return np.asarray(random_basis(rows, k, rng) @ random_basis(columns, k, rng).T)


def weyl_ratio(rng: np.random.Generator) -> float:
    """max_j |sigma_j(A) - sigma_j(B)| / ||A - B||_2 (Lemma 1)."""
    rows, columns = _shape(rng)
    k = min(rows, columns)
    left, right = random_basis(rows, k, rng), random_basis(columns, k, rng)
    values = spectrum(rng, k)
    values[rng.integers(1, k + 1) :] = 0.0  # rank-deficient, often
    size = 10.0 ** rng.uniform(-7, 1)
    kind = rng.integers(4)
    if kind == 0:  # the same singular vectors
        other = (left * (values + size * rng.uniform(-1, 1, k))) @ right.T
    elif kind == 1:  # every singular value moves by the whole change
        other = (left * (values + size)) @ right.T
    else:
        other = (left * values) @ right.T + size * _random_direction(rng, rows, columns)
    scale = _scale(rng)
    a, b = scale * ((left * values) @ right.T), scale * other
    moved = np.abs(np.linalg.svd(a, compute_uv=False) - np.linalg.svd(b, compute_uv=False)).max()
    return max(0.0, float(moved) - _allowance(a, b)) / _norm(a - b)


def _turned(basis: Array, size: float, rng: np.random.Generator) -> Array:
    """An orthonormal basis near `basis` (d, r): some columns turned by an angle of about `size`."""
    step = rng.standard_normal(basis.shape)
    step -= basis @ (basis.T @ step)
    step *= rng.random(basis.shape[1]) < 0.7
    q, triangle = np.linalg.qr(basis + size * step)
    return np.asarray(q * np.where(np.diag(triangle) < 0, -1.0, 1.0))


def _rank_r_pair(rng: np.random.Generator) -> tuple[Array, Array, float, float, Array, float]:
    """A and A^ of one rank: (A, A^, left distance, right distance, A's singular values, rounding)."""
    rows, columns = _shape(rng, least=2)
    r = int(rng.integers(1, min(rows, columns) + 1))
    values = spectrum(rng, r)
    left, right = random_basis(rows, r, rng), random_basis(columns, r, rng)
    kind = rng.integers(3)
    size = 10.0 ** rng.uniform(-5, 0)
    # A change below sigma_r needs directions of large singular values to turn less.
    new_left = _turned(left * 1.0, size * values[-1], rng)
    new_right = right if kind == 0 else _turned(right, size * values[-1], rng)
    a = (left * values) @ right.T
    core = new_left.T @ a @ new_right  # the best A^ with these spaces
    if kind == 2:
        core += 0.3 * size * values[-1] * _random_direction(rng, r, r)
    scale = _scale(rng)
    b = new_left @ core @ new_right.T
    distances = chordal_distance(new_left, left), chordal_distance(new_right, right)
    return scale * a, scale * b, *distances, scale * values, 64 * _EPS * scale


def wedin_ratio(rng: np.random.Generator) -> float:
    """Larger chordal distance over ||A^ - A||_F / (sigma_r - ||A^ - A||_2) (Lemma 2).

    0 where the instance breaks the condition ||A^ - A||_2 < sigma_r(A).
    """
    a, b, left, right, values, rounding = _rank_r_pair(rng)
    change = _norm(b - a)
    if change >= values[-1]:
        return 0.0
    bound = (float(np.linalg.norm(b - a)) + rounding) / (values[-1] - change)
    return max(0.0, max(left, right) - 64 * _EPS) / float(bound)


def wedin_sharp_ratio(rng: np.random.Generator) -> float:
    """Larger chordal distance over ||A^ - A||_F / sigma_r(A), whatever the change."""
    a, b, left, right, values, rounding = _rank_r_pair(rng)
    bound = (float(np.linalg.norm(b - a)) + rounding) / values[-1]
    return max(0.0, max(left, right) - 64 * _EPS) / float(bound)


_ANGLE, _STEP = np.pi / 4, 0.1
_RAY = np.exp(np.arange(-34.0, 18.0, _STEP) - 1j * _ANGLE)


def kept_moments(eigenvalues: Array, theta: float) -> tuple[float, Array]:
    """P(Q > theta) and E[g_j^2; Q > theta] for Q = sum mu_j g_j^2 with standard normal g, theta >= 0.

    Gil-Pelaez inversion along a ray 45 degrees below the real axis, where the integrand is smooth and
    does not oscillate; the trapezoidal rule in log s is then exact to about 1e-14.  `eigenvalues` (m,)
    hold both signs; at least four must differ from 0.
    """
    size = np.abs(eigenvalues).max()
    factors = 1 - np.multiply.outer(eigenvalues * (2j / size), _RAY)
    transform = np.exp(-1j * (theta / size) * _RAY) / np.sqrt(factors).prod(axis=0)

    def above(values: NDArray[np.complex128]) -> Array:
        return np.asarray(0.5 + (_STEP * values.imag.sum(axis=-1) - _ANGLE) / np.pi)

    return float(above(transform)), above(transform / factors)


class Filtered:
    """Gaussian pairs (x, x~) with joint covariance `covariance`, scored by x^T A x~ for any A.

    `d` is the dimension of x.  Attributes: `root`, the symmetric square root of the covariance.
    """

    def __init__(self, covariance: Array, d: int) -> None:
        self.covariance, self.d = covariance, d
        values, vectors = np.linalg.eigh(covariance)
        self.root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T

    def form(self, a: Array) -> Array:
        """The symmetric matrix of x^T A x~ in standard normal coordinates."""
        d, total = self.d, len(self.covariance)
        symmetric = np.zeros((total, total))
        symmetric[:d, d:], symmetric[d:, :d] = a / 2, a.T / 2
        return np.asarray(self.root @ symmetric @ self.root)

    def kept(self, a: Array, theta: float) -> tuple[float, Array]:
        """P(x^T A x~ > theta) and E[x x~^T; x^T A x~ > theta] of shape (d, d_tilde)."""
        eigenvalues, vectors = np.linalg.eigh(self.form(a))
        share, squares = kept_moments(eigenvalues, theta)
        half = self.root @ vectors
        return share, np.asarray((half * squares) @ half.T)[: self.d, self.d :]


def _filter_instance(rng: np.random.Generator) -> tuple[Filtered, Array, Array, float]:
    """(law, M_O, M_T, theta) with rank M_O >= 2 and theta >= 0."""
    d, d_tilde = (int(k) for k in rng.integers(2, 5, size=2))
    k = min(d, d_tilde)
    total = d + d_tilde
    if rng.random() < 0.4 and k >= 3:
        # Pairs of coordinates; the last pair is nearly one variable and enters through the change alone.
        covariance = np.eye(total)
        correlation = 1.0 - 10.0 ** rng.uniform(-4, -0.3)
        covariance[k - 1, d + k - 1] = covariance[d + k - 1, k - 1] = correlation
        m_o, direction = np.zeros((d, d_tilde)), np.zeros((d, d_tilde))
        m_o[range(k - 1), range(k - 1)] = spectrum(rng, k - 1)
        direction[k - 1, k - 1] = 1.0
        theta = 0.0 if rng.random() < 0.7 else float(rng.exponential())
    else:
        basis = random_basis(total, total, rng)
        covariance = (basis * 10.0 ** rng.uniform(-2, 0.5, total)) @ basis.T
        covariance = (covariance + covariance.T) / 2
        rank = int(rng.integers(2, k + 1))
        m_o = (random_basis(d, rank, rng) * spectrum(rng, rank)) @ random_basis(d_tilde, rank, rng).T
        direction = _random_direction(rng, d, d_tilde)
        theta = 0.0 if rng.random() < 0.3 else float(rng.exponential())
    law = Filtered(covariance, d)
    room = _second_sizes(law.form(m_o)) / _norm(law.form(direction))
    m_t = m_o + 10.0 ** rng.uniform(-3, -0.05) * room * direction
    return law, m_o, m_t, theta * _norm(law.form(m_o))


def _second_sizes(form: Array) -> float:
    """The smaller of the second largest eigenvalue and minus the second smallest."""
    eigenvalues = np.linalg.eigvalsh(form)
    return float(min(eigenvalues[-2], -eigenvalues[1]))


def _lemma_10(rng: np.random.Generator) -> tuple[float, float, float, float]:
    """(|P_T - P_O|, its bound, ||E_T - E_O||_2, its bound), the bounds as in the note."""
    law, m_o, m_t, theta = _filter_instance(rng)
    share_o, moment_o = law.kept(m_o, theta)
    share_t, moment_t = law.kept(m_t, theta)
    change = law.form(m_t - m_o)
    size = float(np.abs(np.linalg.eigvalsh(change)).sum())
    slope = size / (4 * (_second_sizes(law.form(m_o)) - _norm(change)))
    d = law.d
    scale = np.sqrt(_norm(law.covariance[:d, :d]) * _norm(law.covariance[d:, d:]))
    return abs(share_t - share_o), slope, _norm(moment_t - moment_o), float(3 * scale * slope)


def _rank_one(rng: np.random.Generator) -> tuple[float, float, float, float]:
    """As `_lemma_10` with M_O of rank 1: its stated bounds, where they need not hold.

    Unit variances, correlation 1/2 within each of two pairs of coordinates, M_O = diag(1, 0),
    M_T = diag(1, e), theta = 0: the product of one pair has an infinite density at 0.
    """
    change = 10.0 ** rng.uniform(-6, -3)
    law = Filtered(np.kron(np.array([[1.0, 0.5], [0.5, 1.0]]), np.eye(2)), 2)
    share_o, moment_o = law.kept(np.diag([1.0, 0.0]), 0.0)
    share_t, moment_t = law.kept(np.diag([1.0, change]), 0.0)
    least, gap = 0.5, 1.0
    bound = change / (2 * least * (gap - change))  # both covariances have norm 1
    return abs(share_t - share_o), bound, _norm(moment_t - moment_o), 3 * bound


def filter_share_ratio(rng: np.random.Generator, rank_one: bool = False) -> float:
    """|P_T - P_O| over its explicit bound (Lemma 10); `rank_one` drops the lemma's condition on the rank."""
    share, bound, _, _ = (_rank_one if rank_one else _lemma_10)(rng)
    return max(0.0, share - 1e-12) / bound


def filter_moment_ratio(rng: np.random.Generator, rank_one: bool = False) -> float:
    """||E_T - E_O||_2 over its explicit bound (Lemma 10); `rank_one` drops the condition on the rank."""
    _, _, moment, bound = (_rank_one if rank_one else _lemma_10)(rng)
    return max(0.0, moment - 1e-12) / bound


QUANTITIES: dict[str, Callable[[np.random.Generator], float]] = {
    "weyl-ratio": weyl_ratio,
    "wedin-ratio": wedin_ratio,
    "wedin-sharp-ratio": wedin_sharp_ratio,
    "filter-share-ratio": filter_share_ratio,
    "filter-moment-ratio": filter_moment_ratio,
}
