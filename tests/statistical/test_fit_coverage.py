"""Intervals of `fit` on random synthetic sets: how often they miss, against the rate that they state.

Run as a script for the table: python tests/statistical/test_fit_coverage.py [sets] [seed]
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from verification.errors import InvalidArgument
from verification.fitting.fit import fit
from verification.prediction.law import predict
from verification.setting import Setting
from verification.studies import pairs

ALPHA = 0.05
MAKERS = {
    "isotropic": pairs.maker(),
    "t-noise": pairs.maker(pairs.student_noise(5)),
    "anisotropic": pairs.maker(pairs.spread_noise(16)),
    "signs": pairs.maker(latent=pairs.rademacher_latent),
    "laplace": pairs.maker(latent=pairs.laplace_latent),
}


@dataclass
class Tally:
    """Misses and tries by name, and deviations of forecasts."""

    misses: dict[str, int]
    tries: dict[str, int]
    deviations: list[float]
    silent: int

    def note(self, name: str, covered: bool) -> None:
        """One more interval."""
        self.tries[name] += 1
        self.misses[name] += not covered


def random_setting(rng: np.random.Generator) -> Setting:
    """A point of the ranges that the intervals are promised for."""

    def between(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(math.log(low), math.log(high))))

    r = round(between(1, 16))
    d, d_tilde = (int(rng.integers(r + 3, r + 40)) for _ in range(2))
    n = int(between(2e3, 2e5))
    return Setting(n, d, d_tilde, r, between(0.05, 1.0), between(0.3, 1e4), between(0.3, 1e4))


def study(sets: int, seed: int, kinds: tuple[str, ...] = ("isotropic",)) -> Tally:
    """`fit` on `sets` random settings of each kind."""
    tally = Tally(defaultdict(int), defaultdict(int), [], 0)
    for kind in kinds:
        for i in range(sets):
            rng = np.random.default_rng([seed, i])
            setting = random_setting(rng)
            x, y = MAKERS[kind](setting, rng)
            try:
                found = fit(x, y, alpha=ALPHA, seed=i)
            except InvalidArgument:
                tally.silent += 1
                continue
            tally.note(f"{kind}: lower bound", found.lower_bound <= setting.eta)
            tally.note(f"{kind}: eta, scores", found.eta_free.holds(setting.eta))
            if kind != "isotropic":
                continue
            tally.note("r", found.r.low <= setting.r <= found.r.high)
            if found.r.value != setting.r:
                continue
            tally.note("gamma", found.gamma.holds(setting.gamma))
            tally.note("gamma~", found.gamma_tilde.holds(setting.gamma_tilde))
            tally.note("eta, model", found.eta_model.holds(setting.eta))
            law = predict(setting, retain=found.keep)
            student = law.law("teacher-filtered")
            if student.accuracy.in_range:
                true = law.unfiltered.mean / student.mean
                tally.note("gain", found.gain_free.holds(true))
                wrong = (found.decision == "pays" and true < 1) or (
                    found.decision == "does-not-pay" and true > 1
                )
                tally.note("decision", not wrong)
                tally.note("decided", found.decision != "undecided")
                forecast = next(a.mean for a in found.alternatives if a.estimator == "teacher-filtered")
                if forecast is not None:
                    tally.deviations.append(forecast / student.mean - 1)
    return tally


@pytest.mark.slow
@pytest.mark.parametrize("kind", MAKERS)
def test_intervals_cover_at_their_rate(kind):
    """No interval misses more often than its rate allows, and the lower bound holds for any clean pairs."""
    tally = study(40, 1, (kind,))
    for name, tries in tally.tries.items():
        if name == "decided" or (name.endswith("scores") and kind != "isotropic"):
            continue
        assert stats.binomtest(tally.misses[name], tries, ALPHA, "greater").pvalue > 1e-4, name


@pytest.mark.slow
def test_half_the_claimed_share_would_be_noticed():
    """The negative control: intervals at the same places with a wrong truth miss far too often."""
    rng = np.random.default_rng(3)
    misses = 0
    for i in range(12):
        setting = Setting(20_000, 20, 20, 2, 0.5, 5.0, 5.0)
        found = fit(*pairs.maker()(setting, rng), seed=i)
        misses += not found.eta_free.holds(0.4)
    assert stats.binomtest(misses, 12, ALPHA, "greater").pvalue < 1e-4


if __name__ == "__main__":
    count, start = (int(a) for a in [*sys.argv[1:3], 60, 0][:2])
    result = study(count, start, tuple(sys.argv[3:]) or tuple(MAKERS))
    for name, tries in result.tries.items():
        print(f"{name:28} {result.misses[name]:4d} of {tries}")
    print("no direction seen:", result.silent)
    if result.deviations:
        off = np.abs(result.deviations)
        print(f"off by over 10%: {(off > 0.1).sum()} of {len(off)}, median {np.median(off):.4f}")
