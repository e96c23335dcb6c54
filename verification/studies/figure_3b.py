"""Figure 3b's counterpart on real pairs, in the theorem's own metric: error against eta, a filter's cost.

The paper's Figure 3b reprints accuracies of another work.  Here the populations are `real_pairs`, a share
1 - eta of n pairs is paired anew, and every estimator's subspaces are held against the population's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verification.engines import estimate, seeds
from verification.engines.estimate import Array
from verification.errors import InvalidArgument, whole
from verification.fitting.fit import fit
from verification.fitting.payoff import WORTH_IT
from verification.studies import real_pairs
from verification.studies.real_pairs import RealPairs
from verification.workers.pools import process_pool
from verification.workers.threads import one_thread

ETAS = (1.0, 0.6, 0.36, 0.22, 0.13, 0.08, 0.05)
SHARES = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
RULES = ("fit", "blend", "keep 30%", "two Gaussians", "Otsu")
"""Ways to choose what to train on from the rows alone."""

CURVES = (
    "all pairs",
    "clean pairs only",
    "filter, theta = 0",
    "keep 30%",
    "oracle, theta = 0",
    "pca",
    "blend",
)

SMALL = 0.35
"""Slopes are taken where all pairs err less than this share of the largest error, sqrt r."""

RESAMPLED = 400
"""Bootstrap draws of the runs behind a slope's interval."""


@dataclass(frozen=True)
class Run:
    """One draw of a set at one eta: errors by estimator, and what `fit` says of the same rows."""

    errors: dict[str, float]
    eta: tuple[float, float, float]
    lower_bound: float
    decision: str
    gain: tuple[float, float, float]


@dataclass(frozen=True)
class Slope:
    """d log(error) / d log(eta) by least squares, with the 95% interval over resampled runs."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class SetResult:
    """One set: its runs by eta, and the floor of a filter on clean pairs of any number by share kept."""

    name: str
    r: int
    n: int
    etas: tuple[float, ...]
    runs: tuple[tuple[Run, ...], ...]
    floor: dict[float, float]

    def errors(self, estimator: str) -> Array:
        """(etas, runs) errors of an estimator."""
        return np.array([[run.errors[estimator] for run in line] for line in self.runs])

    def mean(self, estimator: str) -> Array:
        """Mean error at each eta."""
        return np.asarray(self.errors(estimator).mean(axis=1))

    def gain(self, estimator: str) -> Array:
        """Mean error of all pairs over the estimator's, at each eta."""
        return self.mean("all pairs") / self.mean(estimator)

    @property
    def best(self) -> Array:
        """The least mean error at each eta over all pairs and every share, of one half or of both, in
        hindsight."""
        tried = ["all pairs", *(name(share) for share in SHARES for name in (_kept, _both_halves))]
        return np.asarray(np.min([self.mean(name) for name in tried], axis=0))

    def regret(self, rule: str) -> Array:
        """A rule's mean error over the best in hindsight, at each eta."""
        return self.mean(rule) / self.best

    def slope(self, estimator: str, seed: int = 0) -> Slope | None:
        """The slope where the error of all pairs is small; None with fewer than three such eta."""
        used = self.mean("all pairs") < SMALL * math.sqrt(self.r)
        if used.sum() < 3:
            return None
        log_eta, errors = np.log(np.array(self.etas)[used]), self.errors(estimator)[used]

        def slope_of(some: Array) -> float:
            return float(np.polyfit(log_eta, np.log(some.mean(axis=1)), 1)[0])

        rng = seeds.generator(seed, f"figure-3b slope|{self.name}|{estimator}")
        count = errors.shape[1]
        drawn = [
            slope_of(np.take_along_axis(errors, rng.integers(0, count, errors.shape), axis=1))
            for _ in range(RESAMPLED)
        ]
        low, high = np.quantile(drawn, [0.025, 0.975])
        return Slope(slope_of(errors), float(low), float(high))

    def covered(self) -> tuple[int, int]:
        """(runs whose interval of eta holds it, runs)."""
        flat = [(eta, run) for eta, line in zip(self.etas, self.runs, strict=True) for run in line]
        return sum(run.eta[1] <= eta <= run.eta[2] for eta, run in flat), len(flat)

    def bound_failures(self) -> int:
        """Runs whose lower bound lies above eta."""
        return sum(
            run.lower_bound > eta for eta, line in zip(self.etas, self.runs, strict=True) for run in line
        )

    def wrong_decisions(self) -> tuple[int, int]:
        """(decisions against the mean gain of the shares that they speak of, decisions made)."""
        wrong = made = 0
        for gain, line in zip(self.gain("proposed share"), self.runs, strict=True):
            for run in line:
                made += run.decision != "undecided"
                wrong += run.decision == "pays" and gain < 1
                wrong += run.decision == "does-not-pay" and gain > WORTH_IT
        return int(wrong), made

    def as_dict(self) -> dict[str, Any]:
        """JSON object: slopes, floor, regrets, eta by `fit`, and the rows."""
        slopes = {name: self.slope(name) for name in CURVES}
        wrong, made = self.wrong_decisions()
        return {
            "set": self.name,
            "r": self.r,
            "n": self.n,
            "slopes": {name: None if s is None else vars(s) for name, s in slopes.items()},
            "floor": {f"{share:g}": error for share, error in self.floor.items()},
            "regret": {rule: self.regret(f"rule: {rule}").tolist() for rule in RULES},
            "eta": [
                {
                    "true": eta,
                    "estimates": [run.eta for run in line],
                    "lower_bounds": [run.lower_bound for run in line],
                    "decisions": [run.decision for run in line],
                    "gains": [run.gain for run in line],
                }
                for eta, line in zip(self.etas, self.runs, strict=True)
            ],
            "wrong_decisions": wrong,
            "decisions": made,
            "rows": self.rows(),
        }

    def rows(self) -> list[dict[str, Any]]:
        """Flat rows, one an eta and estimator."""
        names = [*CURVES, "soft weights", *(f"rule: {rule}" for rule in RULES)]
        found = []
        for i, eta in enumerate(self.etas):
            for name in names:
                values = self.errors(name)[i]
                found.append(
                    {
                        "set": self.name, "r": self.r, "n": self.n, "eta": eta, "estimator": name,
                        "mean": float(values.mean()), "std": float(values.std(ddof=1)), "runs": len(values),
                        "gain": float(self.gain(name)[i]), "best_in_hindsight": float(self.best[i]),
                    }
                )  # fmt: skip
        return found


def figure_3b(
    replicates: int = 8,
    seed: int = 0,
    jobs: int = 1,
    report: Callable[[float, float], None] | None = None,
    names: tuple[str, ...] = (),
    etas: tuple[float, ...] = ETAS,
) -> tuple[SetResult, ...]:
    """Sets (every one by default) at every eta, `replicates` runs each.

    Raises InvalidArgument, MissingExtra.
    """
    names = names or tuple(real_pairs.SETS)
    replicates, jobs = whole("replicates", replicates, 2, 10_000), whole("jobs", jobs, 1, 4096)
    unknown = [name for name in names if name not in real_pairs.SETS]
    if unknown:
        raise InvalidArgument("set", unknown[0], f"must be one of {', '.join(real_pairs.SETS)}")
    tasks = [(name, eta, i) for name in names for eta in etas for i in range(replicates)]
    found = _all_runs(tasks, seed, jobs, report)
    results = []
    for name in names:
        pairs = real_pairs.SETS[name]()
        runs = tuple(tuple(found[name, eta, i] for i in range(replicates)) for eta in etas)
        results.append(SetResult(pairs.name, pairs.r, pairs.n, etas, runs, floor(pairs)))
    return tuple(results)


def _all_runs(
    tasks: list[tuple[str, float, int]],
    seed: int,
    jobs: int,
    report: Callable[[float, float], None] | None,
) -> dict[tuple[str, float, int], Run]:
    found: dict[tuple[str, float, int], Run] = {}

    def note(task: tuple[str, float, int], result: Run) -> None:
        found[task] = result
        if report is not None:
            report(len(found), len(tasks))

    if jobs == 1:
        for task in tasks:
            note(task, one_run(*task, seed))
        return found
    with process_pool(jobs) as pool:
        waiting = {pool.submit(one_run, *task, seed): task for task in tasks}
        for future in as_completed(waiting):
            note(waiting[future], future.result())
    return found


def one_run(name: str, eta: float, index: int, seed: int) -> Run:
    """One draw of a set, every estimator on the same pairs."""
    with one_thread():
        pairs = real_pairs.SETS[name]()
        x, y, clean = pairs.draw(eta, pairs.n, seeds.generator(seed, f"figure-3b|{name}|{eta!r}", index))
        truth = pairs.truth
        errors = algorithm_1(pairs, truth, x, y, clean)
        said = fit(x, y, rank=pairs.r, seed=index)
        errors["soft weights"] = error(_weighted(x, y, said.clean), truth)
        errors["blend"] = errors["rule: blend"] = error(_weighted(x, y, said.weight), truth)
        *both, proposed = crossed(pairs.r, truth, x, y, [*SHARES, said.keep])
        errors |= {_both_halves(share): value for share, value in zip(SHARES, both, strict=True)}
        errors["proposed share"] = proposed
        errors["rule: fit"] = errors["proposed share" if said.decision == "pays" else "all pairs"]
        return Run(
            errors,
            (said.eta_free.value, said.eta_free.low, said.eta_free.high),
            said.lower_bound,
            said.decision,
            (said.gain_free.value, said.gain_free.low, said.gain_free.high),
        )


def algorithm_1(
    pairs: RealPairs, truth: estimate.Trained, x: Array, y: Array, clean: NDArray[np.bool_]
) -> dict[str, float]:
    """Errors of all pairs, clean ones, PCA, and Algorithm 1's students by threshold, share and rule."""
    xs, ys, scores = _scored(pairs, x, y)
    own = estimate.scores(xs, ys, truth.left, truth.singular_values, truth.right)
    thresholds = {
        "filter, theta = 0": 0.0,
        **{_kept(share): float(np.quantile(scores, 1 - share)) for share in SHARES},
        "rule: two Gaussians": two_gaussians(scores),
        "rule: Otsu": otsu(scores),
    }
    errors = {
        "all pairs": error(estimate.cross_covariance(x, y), truth),
        "clean pairs only": error(estimate.cross_covariance(x[clean], y[clean]), truth),
        "oracle, theta = 0": error(estimate.cross_covariance(xs[own > 0], ys[own > 0]), truth),
        "pca": _worse(_leading(x, pairs.r), _leading(y, pairs.r), truth),
    }
    for name, threshold in thresholds.items():
        kept = scores >= threshold
        errors[name] = error(estimate.cross_covariance(xs[kept], ys[kept]), truth)
    errors["rule: keep 30%"] = errors[_kept(0.3)]
    return errors


def floor(pairs: RealPairs) -> dict[float, float]:
    """The error of a filter with the truth as its teacher on clean pairs without end, by share kept.

    It does not fall with n: within a modality signal and noise depend on each other, and so do the
    kept pairs'.
    """
    truth = pairs.truth
    scores = estimate.scores(pairs.x, pairs.y, truth.left, truth.singular_values, truth.right)
    found = {}
    for share in SHARES:
        kept = scores >= np.quantile(scores, 1 - share)
        found[share] = error(estimate.cross_covariance(pairs.x[kept], pairs.y[kept]), truth)
    return found


def two_gaussians(scores: Array, steps: int = 200, bins: int = 500) -> float:
    """Where the upper of two Gaussians fitted to the binned scores (by EM) becomes the likelier one."""
    counts, edges = np.histogram(scores, bins)
    middle = (edges[1:] + edges[:-1]) / 2
    means, spread, shares = np.quantile(scores, [0.3, 0.9]), np.full(2, scores.std()), np.full(2, 0.5)
    for _ in range(steps):
        log = -0.5 * ((middle[:, None] - means) / spread) ** 2 - np.log(spread) + np.log(shares)
        weight = np.exp(log - log.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        weight *= counts[:, None]
        mass = np.maximum(weight.sum(axis=0), 1e-9)
        means = (weight * middle[:, None]).sum(axis=0) / mass
        spread = np.sqrt((weight * (middle[:, None] - means) ** 2).sum(axis=0) / mass) + 1e-9
        shares = mass / mass.sum()
    upper = int(np.argmax(means))
    likelier = (weight[:, upper] > weight[:, 1 - upper]) & (middle > means[1 - upper])
    enough = counts[likelier].sum() > len(scores) / 100
    return float(edges[:-1][likelier].min()) if enough else float(np.quantile(scores, 0.9))


def otsu(scores: Array, bins: int = 256) -> float:
    """The threshold with the largest variance between the two classes that it makes."""
    counts, edges = np.histogram(scores, bins)
    middle = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    sums = np.cumsum(counts * middle)
    apart = sums[:-1] / np.maximum(below, 1) - (sums[-1] - sums[:-1]) / np.maximum(above, 1)
    return float(edges[1:-1][np.argmax(below * above * apart**2)])


def _kept(share: float) -> str:
    return f"keep {share:.0%}"


def _both_halves(share: float) -> str:
    return f"{_kept(share)} of both halves"


def _scored(pairs: RealPairs, x: Array, y: Array) -> tuple[Array, Array, Array]:
    """The second half's pairs with their scores by a teacher of the first half."""
    half = len(x) // 2
    teacher = estimate.fit(estimate.cross_covariance(x[:half], y[:half]), pairs.r)
    scores = estimate.scores(x[half:], y[half:], teacher.left, teacher.singular_values, teacher.right)
    return x[half:], y[half:], scores


def crossed(r: int, truth: estimate.Trained, x: Array, y: Array, shares: Sequence[float]) -> list[float]:
    """Errors of one fit on each share of both halves' pairs, each half scored by the other's teacher."""
    half = len(x) // 2
    halves = (x[:half], y[:half]), (x[half:], y[half:])
    scores = []
    for mine, other in (halves, halves[::-1]):
        teacher = estimate.fit(estimate.cross_covariance(*other), r)
        scores.append(estimate.scores(*mine, teacher.left, teacher.singular_values, teacher.right))
    found = []
    for share in shares:
        kept = np.concatenate([part >= np.quantile(part, 1 - share) for part in scores])
        found.append(error(estimate.cross_covariance(x[kept], y[kept]), truth))
    return found


def _weighted(x: Array, y: Array, weight: Array) -> Array:
    """The weighted cross-covariance about the plain means."""
    centred = (x - x.mean(axis=0)) * weight[:, None]
    return np.asarray(centred.T @ (y - y.mean(axis=0)) / len(x))


def error(cross: Array, truth: estimate.Trained) -> float:
    """The larger chordal distance of a cross-covariance's rank-r fit from the truth."""
    fitted = estimate.fit(cross, truth.left.shape[1])
    return _worse(fitted.left, fitted.right, truth)


def _worse(left: Array, right: Array, truth: estimate.Trained) -> float:
    return max(estimate.chordal_distance(left, truth.left), estimate.chordal_distance(right, truth.right))


def _leading(rows: Array, r: int) -> Array:
    centred = rows - rows.mean(axis=0)
    return np.asarray(np.linalg.eigh(centred.T @ centred)[1][:, -r:])
