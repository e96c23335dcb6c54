"""How often `fit` is wrong: its intervals on random synthetic sets, its decisions on real pairs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from verification.engines import estimate, seeds
from verification.errors import InvalidArgument
from verification.fitting import alternatives, checks
from verification.fitting.fit import fit, rank_used
from verification.fitting.moments import moments
from verification.fitting.payoff import WORTH_IT, payoff, squares
from verification.fitting.reading import open_rows
from verification.fitting.scoring import score_rows
from verification.fitting.spectrum import modality, null_correlation, polar
from verification.setting import Setting
from verification.studies import figure_3b, pairs, real_pairs
from verification.workers.threads import one_thread

ALPHA = 0.05
"""The error rate of each interval."""

MAKERS = {
    "isotropic": pairs.maker(),
    "t-noise": pairs.maker(pairs.student_noise(5)),
    "anisotropic": pairs.maker(pairs.spread_noise(16)),
    "signs": pairs.maker(latent=pairs.rademacher_latent),
    "laplace": pairs.maker(latent=pairs.laplace_latent),
}
"""Kinds of sets: the model's own, and with one of its assumptions dropped."""


def random_setting(rng: np.random.Generator, most_pairs: float = 2e5) -> Setting:
    """A point of the ranges that the intervals are promised for."""

    def between(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(math.log(low), math.log(high))))

    r = round(between(1, 16))
    d, d_tilde = (int(rng.integers(r + 3, r + 40)) for _ in range(2))
    n = int(between(2e3, most_pairs))
    return Setting(n, d, d_tilde, r, between(0.05, 1.0), between(0.3, 1e4), between(0.3, 1e4))


def one_set(kind: str, seed: int, index: int, most_pairs: float = 2e5) -> dict[str, Any]:
    """`fit` on a random set: "held" (name -> whether the interval holds the truth), "decided", "off".

    "off" is the forecast's relative deviation from the law at the true parameters, None where there is
    none.  "held" is empty where the rows show no direction.
    """
    rng = np.random.default_rng([seed, index])
    setting = random_setting(rng, most_pairs)
    row: dict[str, Any] = {
        "kind": kind,
        "seed": seed,
        "index": index,
        "held": {},
        "decided": None,
        "off": None,
    }
    with one_thread():
        x, y = MAKERS[kind](setting, rng)
        try:
            found = fit(x, y, alpha=ALPHA, seed=index)
        except InvalidArgument:
            return row
    held = row["held"]
    held["lower bound"] = found.lower_bound <= setting.eta
    held["eta, scores"] = found.eta_free.holds(setting.eta)
    row["width"] = found.eta_free.high - found.eta_free.low
    if kind != "isotropic":
        return row
    held["r"] = found.r.low <= setting.r <= found.r.high
    if found.r.value != setting.r:
        return row
    held["gamma"] = found.gamma.holds(setting.gamma)
    held["gamma~"] = found.gamma_tilde.holds(setting.gamma_tilde)
    held["eta, model"] = found.eta_model.holds(setting.eta)
    law = alternatives.forecast(setting, found.keep)
    if law.trusted:
        held["gain"] = found.gain_free.holds(law.gain)
        row["decided"] = found.decision != "undecided"
        held["decision"] = not mistaken(found.decision, law.gain)
        forecast = next(a.mean for a in found.alternatives if a.estimator == alternatives.CROSSED)
        row["off"] = forecast / law.crossed - 1 if found.by_the_model and forecast else None
    return row


AT_THE_EDGE = (
    (Setting(1500, 20, 20, 16, 1.0, 5.0, 5.0), 1.25),
    (Setting(4000, 10, 10, 8, 1.0, 5.0, 5.0), 1.25),
    (Setting(2000, 10, 40, 10, 1.0, 5.0, 5.0), 1.05),
    (Setting(2000, 8, 8, 7, 1.0, 5.0, 5.0), 1.2),
    (Setting(2000, 12, 12, 8, 1.0, 0.5, 0.5), 1.15),
    (Setting(2000, 12, 12, 4, 1.0, 5.0, 5.0), 1.1),
)
"""Settings but for eta, and how many times what noise reaches their correlations are: some are hidden."""


def one_rank(seed: int, index: int) -> dict[str, Any]:
    """The rank of a set at the edge of what pairs show: "r", and "shown" as low, value, high."""
    setting, times = AT_THE_EDGE[index % len(AT_THE_EDGE)]
    edge = null_correlation(setting.d, setting.d_tilde, setting.n, ALPHA / 2)
    eta = times * edge * math.sqrt((1 + 1 / setting.gamma) * (1 + 1 / setting.gamma_tilde))
    row: dict[str, Any] = {"seed": seed, "index": index, "r": setting.r, "shown": None}
    with one_thread():
        x, y = MAKERS["isotropic"](replace(setting, eta=eta), np.random.default_rng([seed, index]))
        found = moments(open_rows(x, "X", None), open_rows(y, "Y", None), index)
        spectra = np.linalg.eigh(found.cov_x), np.linalg.eigh(found.cov_y)
        try:
            used, _ = rank_used(found, spectra, None, ALPHA, index)
        except InvalidArgument:
            return row
    return {**row, "shown": [used.low, used.value, used.high]}


def mistaken(decision: str, gain: float) -> bool:
    """Whether a decision is wrong at this gain."""
    return (decision == "pays" and gain < 1) or (decision == "does-not-pay" and gain > WORTH_IT)


def misses(rows: Iterable[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Misses and tries by "kind: name"."""
    missed: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    for row in rows:
        for name, held in row["held"].items():
            tried[f"{row['kind']}: {name}"] += 1
            missed[f"{row['kind']}: {name}"] += not held
    return {name: (missed[name], tried[name]) for name in tried}


def one_decision(name: str, eta: float, n: int, seed: int, index: int) -> dict[str, Any]:
    """What `fit` decides on n real pairs, and the errors that it speaks of.

    As in `fit` at a given rank where the model does not fit; the clean share is not estimated.
    """
    found_pairs = real_pairs.SETS[name]()
    rng = seeds.generator(seed, f"decisions|{name}|{eta!r}|{n}", index)
    with one_thread():
        x, y, _ = found_pairs.draw(eta, n, rng)
        rows = open_rows(x, "X", None), open_rows(y, "Y", None)
        found = moments(*rows, index)
        fitted = estimate.fit(found.cross, found_pairs.r)
        sides = modality(found.cov_x, n, found_pairs.r), modality(found.cov_y, n, found_pairs.r)
        scored = score_rows(*rows, found, fitted, sides, polar(found, *sides)[0], None, index)
        paid = payoff(scored.kept, squares(scored.kept), ALPHA, None)
        enough = checks.small_error(paid.unfiltered, found_pairs.r)
        truth = found_pairs.truth
        return {
            "set": name, "eta": eta, "n": n, "seed": seed, "index": index, "keep": paid.keep,
            "decision": paid.decision if enough.holds else "undecided",
            "all": figure_3b.error(estimate.cross_covariance(x, y), truth),
            "gain": [paid.gain.value, paid.gain.low, paid.gain.high],
            "filtered": figure_3b.crossed(found_pairs.r, truth, x, y, [paid.keep])[0],
        }  # fmt: skip


def one_hindsight(name: str, eta: float, seed: int, index: int) -> dict[str, Any]:
    """The errors on one draw of a real set's own size: all pairs first, then shares of both halves."""
    found_pairs = real_pairs.SETS[name]()
    rng = seeds.generator(seed, f"hindsight|{name}|{eta!r}", index)
    with one_thread():
        x, y, _ = found_pairs.draw(eta, found_pairs.n, rng)
        truth = found_pairs.truth
        filtered = figure_3b.crossed(found_pairs.r, truth, x, y, figure_3b.SHARES)
        unfiltered = figure_3b.error(estimate.cross_covariance(x, y), truth)
    return {"set": name, "eta": eta, "seed": seed, "index": index, "errors": [unfiltered, *filtered]}


def known_best(rows: Iterable[dict[str, Any]], runs: int) -> list[float]:
    """What a rule that knows every mean error loses to hindsight, in each group of `runs` draws of a place.

    The rule takes the share with the least mean error over the *other* draws of that set and eta; its
    mean error over the group is held against the least mean error there.
    """
    places: dict[tuple[str, float], list[list[float]]] = {}
    for row in rows:
        places.setdefault((row["set"], row["eta"]), []).append(row["errors"])
    found = []
    for errors in map(np.array, places.values()):
        for start in range(0, len(errors) - runs + 1, runs):
            inside = np.arange(start, start + runs)
            mean = errors[inside].mean(axis=0)
            others = np.delete(errors, inside, axis=0)
            if len(others):
                found.append(float(mean[others.mean(axis=0).argmin()] / mean.min()))
    return found


def by_place(rows: Iterable[dict[str, Any]]) -> list[tuple[float, Counter[str]]]:
    """(all pairs' mean error over the filter's, how often each decision was made) at each set, eta and n."""
    cells: dict[tuple[str, float, int], list[dict[str, Any]]] = {}
    for row in rows:
        cells.setdefault((row["set"], row["eta"], row["n"]), []).append(row)
    found = []
    for inside in cells.values():
        gain = np.mean([row["all"] for row in inside]) / np.mean([row["filtered"] for row in inside])
        found.append((float(gain), Counter(row["decision"] for row in inside)))
    return found


def wrong(rows: Iterable[dict[str, Any]]) -> tuple[int, int, int]:
    """(wrong decisions, decisions, runs): against the ratio of mean errors at the run's set and eta."""
    bad = made = total = 0
    for gain, said in by_place(rows):
        bad += sum(count for decision, count in said.items() if mistaken(decision, gain))
        made += said["pays"] + said["does-not-pay"]
        total += said.total()
    return bad, made, total
