"""The law at any sample size against draws of the exact engine, beside the first-order law.

python benchmarks/any_sample_size.py settings [COUNT DRAWS SEED]   random settings
python benchmarks/any_sample_size.py grid [DRAWS]                  d/n from 0.01 to 2 by eta
python benchmarks/any_sample_size.py transition [DRAWS]            where an outlier leaves, from draws

Deviations are those of the law's median from the drawn one, relative; every case beyond 10% is listed.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator

import numpy as np
from scipy.optimize import minimize_scalar

from bounds.law.kept_pairs import Model
from bounds.law.proportional import AnySizeLaw, teacher_law, transition, unfiltered_law
from verification.prediction.law import predict_procedure
from verification.setting import Procedure, Setting
from verification.simulation import simulate

MOST_PAIRS = 10**7


def model_of(s: Setting) -> Model:
    return Model(s.d, s.d_tilde, s.r, s.eta, s.gamma, s.gamma_tilde)


def law_of(setting: Setting, run: Procedure) -> AnySizeLaw:
    pairs, scored = run.sizes(setting.n)
    if run.estimator == "unfiltered":
        return unfiltered_law(model_of(setting), pairs)
    return teacher_law(model_of(setting), pairs, scored, theta=run.theta, rounds=run.rounds)


def procedures(setting: Setting) -> tuple[Procedure, ...]:
    """Unfiltered, teacher-filtered at two thresholds, and two rounds."""
    name = "teacher-filtered"
    return Procedure(), Procedure(name, 0.0), Procedure(name, setting.r / 2), Procedure(name, 0.0, rounds=2)


def random_settings(count: int, seed: int) -> Iterator[Setting]:
    """r <= 4, 40 <= d, d_tilde <= 300, gammas from 0.1 to 10^4, eta from 0.01, n by the sample condition."""
    rng = np.random.default_rng(seed)
    while count:
        r = int(rng.integers(1, 5))
        d, d_tilde = (int(x) for x in rng.integers(40, 301, 2))
        gamma, gamma_tilde = (float(x) for x in 10 ** rng.uniform(-1, 4, 2))
        eta = float(10 ** rng.uniform(-2, 0))
        condition = max(d, d_tilde) * (1 + 1 / gamma) * (1 + 1 / gamma_tilde) / eta**2
        n = int(condition * 10 ** rng.uniform(-1, 2))
        if n <= MOST_PAIRS:
            count -= 1
            yield Setting(n, d, d_tilde, r, eta, gamma, gamma_tilde)


def grid_settings() -> Iterator[Setting]:
    """A 6 x 6 grid of d/n and eta at d = d_tilde = 200 and two signal-to-noise ratios."""
    for gamma in (1.0, 5.0):
        for ratio in (0.01, 0.03, 0.1, 0.3, 0.8, 2.0):
            for eta in (0.03, 0.06, 0.12, 0.25, 0.5, 1.0):
                yield Setting(int(200 / ratio), 200, 200, 2, eta, gamma, gamma)


def compare(settings: Iterable[Setting], draws: int, seed: int) -> None:
    rows, trusted, listed = [], [], []
    for setting in settings:
        row, trust = [], []
        for run in procedures(setting):
            given = {} if run.estimator == "unfiltered" else {"theta": run.theta, "rounds": run.rounds}
            errors = simulate(setting, run.estimator, replicates=draws, seed=seed, **given).errors
            if len(errors) == 0:
                row.append((math.nan, math.nan))
                trust.append(False)
                continue
            drawn, law = float(np.median(errors)), law_of(setting, run)
            first = predict_procedure(setting, run).first_order
            row.append((law.law.quantile(0.5) / drawn - 1, first.quantile(0.5) / drawn - 1))
            trust.append(law.trusted)
            if abs(row[-1][0]) > 0.1:
                listed.append((row[-1], run, setting, law.reason))
        rows.append(row)
        trusted.append(trust)
    found, trust = np.array(rows), np.array(trusted)
    for name, index in (("any size", 0), ("first order", 1)):
        size = np.abs(found[:, :, index])
        print(f"{name}: within 5% {(size < 0.05).mean(0)} all {(size < 0.05).mean():.4f};", end=" ")
        print(f"within 10% {(size < 0.1).mean(0)} all {(size < 0.1).mean():.4f}")
    inside = np.abs(found[:, :, 0][trust])
    print(f"trusted {trust.mean():.3f}, of them within 5% {(inside < 0.05).mean():.4f}, ", end="")
    print(f"within 10% {(inside < 0.1).mean():.4f}, worst {inside.max():.3f}")
    for (law, first), run, setting, reason in listed:
        print(f"  {law:+.3f} (first order {first:+.2f}) {run.key} at {setting.key}: {reason or 'TRUSTED'}")


def drawn_transition(d: int, draws: int) -> tuple[float, float]:
    """(computed, drawn) transition of a fit at r = 1: the factor in n by which the law's curve fits best.

    Mean square cosines at eight sizes from 1.15 to 3 times the computed transition, least squares.
    """
    model = Model(d, d, 1, 0.3, 0.2, 0.2)
    computed = transition(model).pairs
    sizes = [int(computed * x) for x in np.geomspace(1.15, 3.0, 8)]
    squares = []
    for n in sizes:
        run = simulate(Setting(n, d, d, 1, 0.3, 0.2, 0.2), replicates=draws, seed=5)
        squares.append(np.mean([1 - (a.left**2 + a.right**2) / 2 for a in run.draws if a is not None]))

    def misfit(factor: float) -> float:
        laws = [unfiltered_law(model, n / factor).law for n in sizes]
        cosines = [1 - sum(x**2 for x in law.root_mean_squares) / 2 for law in laws]
        return float(np.sum((np.array(squares) - cosines) ** 2))

    return computed, computed * float(minimize_scalar(misfit, bounds=(0.5, 2.0), method="bounded").x)


def main(arguments: list[str]) -> None:
    kind, numbers = arguments[0], [int(x) for x in arguments[1:]]
    if kind == "settings":
        count, draws, seed = [*numbers, *(200, 25, 1001)[len(numbers) :]]
        compare(random_settings(count, seed), draws, seed)
    elif kind == "grid":
        compare(grid_settings(), *(numbers or [25]), 1)
    else:
        for d in (100, 200, 400):
            computed, drawn = drawn_transition(d, *(numbers or [200]))
            print(f"d = {d}: computed {computed:.1f}, drawn {drawn:.1f}, ratio {drawn / computed:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
