"""What each bound does when an assumption is dropped: measured tables, not verdicts.

Every probe changes one thing in how pairs are made or how the algorithm is run, and draws the pairs one
by one.  The same numbers are then held against the bounds as if nothing had changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from verification.engines import estimate, seeds
from verification.engines.estimate import Array
from verification.errors import InvalidArgument, whole
from verification.prediction.law import predict
from verification.setting import Setting
from verification.statistics.evidence import Interval, plain
from verification.statistics.slopes import median_interval
from verification.studies.pairs import (
    Maker,
    _negated,
    laplace_latent,
    maker,
    rademacher_latent,
    spiked_noise,
    spread_noise,
    student_noise,
    uniform_latent,
)
from verification.workers.threads import one_thread

BASE = Setting(n=160_000, d=10, d_tilde=8, r=3, eta=0.4, gamma=1.0, gamma_tilde=1.0)
"""Where every probe is run: just inside the condition of Corollary 1 with explicit constants."""

DELTA = 0.05
THRESHOLD = 0.5
"""The filter's threshold as a share of r."""

CONFIDENCE = 0.01
"""Doubt left in each interval of the tables."""

OFF = 0.1
"""A ratio to a law counts as off if its whole interval lies above 1 + OFF or below 1/(1 + OFF)."""


@dataclass(frozen=True)
class Probe:
    """One assumption dropped: how pairs are made, the rank that is fitted, and who sees which pairs.

    `rank` is added to r; with `shared` the teacher and the student use all of the same pairs.
    """

    name: str
    dropped: str
    change: str
    make: Maker
    rank: int = 0
    shared: bool = False


@dataclass(frozen=True)
class Ratio:
    """A median over what a bound says, with an interval for the median's own ratio."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class Result:
    """One row of the table.

    `corollary` is the 1 - delta quantile of the unfiltered error over Corollary 1 with explicit
    constants (NaN where n is outside its conditions); `unfiltered_law` and `filtered_law` are medians over
    those of the first-order law, `theorem` is the median filtered error over Theorem 1's corrected rate
    (constant 1).  `broke` names in words what no longer holds.
    """

    probe: str
    dropped: str
    change: str
    unfiltered: float
    filtered: float
    corollary: float
    unfiltered_law: Ratio
    filtered_law: Ratio
    theorem: float
    broke: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The fields in plain types."""
        return {name: plain(value) for name, value in asdict(self).items()}


PROBES: dict[str, Probe] = {
    probe.name: probe
    for probe in (
        Probe("baseline", "nothing", "the model as stated", maker()),
        Probe("student-t-5", "Gaussian noise", "t, 5 degrees of freedom", maker(student_noise(5))),
        Probe("student-t-2.1", "Gaussian noise", "t, 2.1 degrees of freedom", maker(student_noise(2.1))),
        Probe(
            "spread-noise", "isotropic noise", "variances spread over a factor 16", maker(spread_noise(16))
        ),
        Probe(
            "spiked-noise", "isotropic noise", "half of it in one direction off the signal",
            maker(spiked_noise),
        ),
        Probe("rademacher", "Gaussian latents", "latents are random signs", maker(latent=rademacher_latent)),
        Probe("uniform", "Gaussian latents", "latents are uniform", maker(latent=uniform_latent)),
        Probe("laplace", "Gaussian latents", "latents are Laplace", maker(latent=laplace_latent)),
        Probe(
            "adversarial-sign", "independent corruption", "corrupted pairs have opposite latents",
            maker(corrupt=_negated),
        ),
        Probe(
            "adversarial-direction", "independent corruption",
            "corrupted pairs share one direction of noise; each modality keeps its law",
            maker(wrong_direction=True),
        ),
        Probe("same-pairs", "fresh pairs", "teacher and student both use all pairs", maker(), shared=True),
        Probe("rank-below", "known r", "r - 1 is fitted", maker(), rank=-1),
        Probe("rank-above", "known r", "r + 1 is fitted", maker(), rank=1),
    )
}  # fmt: skip


def distance(basis: Array, r: int) -> float:
    """||sin Theta||_F between a basis (d, k) and the first r coordinates, over all r principal angles.

    The part of the truth that the basis misses: sqrt(r - ||U^T basis||_F^2) through the residual, so
    that small angles survive.  For k <= r as in Definition 1; a larger k may cover the truth wholly.
    """
    truth = np.eye(len(basis))[:, :r]
    if basis.shape[1] <= r:
        return estimate.chordal_distance(basis, truth)
    return float(np.linalg.norm(truth - basis @ (basis.T @ truth)))


def errors(probe: Probe, setting: Setting, rng: np.random.Generator) -> tuple[float, float]:
    """(unfiltered error on all pairs, Algorithm 1's error at theta = r/2) of one replicate."""
    x, y = probe.make(setting, rng)
    rank = setting.r + probe.rank
    whole_fit = estimate.fit(estimate.cross_covariance(x, y), rank)
    if probe.shared:
        teacher, students = whole_fit, slice(None)
    else:
        half = setting.n // 2
        teacher = estimate.fit(estimate.cross_covariance(x[:half], y[:half]), rank)
        students = slice(half, None)
    x, y = x[students], y[students]
    # theta = r/2 on the oracle's scale; the teacher's matrix is meant to tend to eta U U_tilde^T.
    limit = THRESHOLD * setting.r * setting.eta
    kept = estimate.scores(x, y, teacher.left, teacher.singular_values, teacher.right) > limit
    if np.count_nonzero(kept) < 2:
        return _error(whole_fit, setting.r), math.inf
    student = estimate.fit(estimate.cross_covariance(x[kept], y[kept]), rank)
    return _error(whole_fit, setting.r), _error(student, setting.r)


def _error(fit: estimate.Trained, r: int) -> float:
    return max(distance(fit.left, r), distance(fit.right, r))


def chosen(names: Sequence[str]) -> list[Probe]:
    """The named probes, all without names, in the order of `PROBES`.  Raises InvalidArgument."""
    unknown = [name for name in names if name not in PROBES]
    if unknown:
        raise InvalidArgument("name", unknown[0], f"must be one of {', '.join(PROBES)}")
    return [probe for name, probe in PROBES.items() if not names or name in names]


def run(
    names: Sequence[str] = (),
    *,
    seed: int = 0,
    replicates: int = 30,
    setting: Setting = BASE,
    on_progress: Callable[[float, float, str], None] | None = None,
) -> list[Result]:
    """Measure the named probes (all without names), in the order of `PROBES`.  Raises InvalidArgument."""
    from bounds.register import claims

    replicates = whole("replicates", replicates, 5, 10**6)
    seed = whole("seed", seed, 0, 2**63 - 1)
    if setting.r < 2 or setting.r >= min(setting.d, setting.d_tilde):
        raise InvalidArgument("r", setting.r, "must leave room for r - 1 and r + 1")
    values = {**setting.as_dict(), "delta": DELTA}
    explicit = float(claims["corollary-1-explicit"].evaluate(values))
    rate = float(claims["theorem-1-corrected"].evaluate(values))
    results = []
    wanted = chosen(names)
    for number, probe in enumerate(wanted):
        if on_progress is not None:
            on_progress(number, len(wanted), probe.name)
        with one_thread():
            key = f"{setting.key}|probe|{probe.name}"
            drawn = [errors(probe, setting, seeds.generator(seed, key, i)) for i in range(replicates)]
        results.append(_judge(probe, setting, np.array(drawn), explicit, rate))
    return results


def _judge(probe: Probe, setting: Setting, drawn: Array, explicit: float, rate: float) -> Result:
    sizes = {"teacher_n": setting.n, "student_n": setting.n} if probe.shared else {}
    theta = THRESHOLD * setting.r
    law = predict(setting, theta=theta, **sizes)
    unfiltered, filtered = drawn[:, 0], drawn[:, 1]
    ratios = [
        _ratio(sample, found.first_order.quantile(0.5))
        for sample, found in ((unfiltered, law.unfiltered), (filtered, law.law("teacher-filtered")))
    ]
    corollary = float(np.quantile(unfiltered, 1 - DELTA)) / explicit
    theorem = float(np.median(filtered)) / rate
    broke = []
    if corollary > 1:
        broke.append(f"Corollary 1 (explicit) by {corollary:.3g}")
    for name, ratio in zip(("unfiltered law", "filtered law"), ratios, strict=True):
        if ratio.interval[0] > 1 + OFF or ratio.interval[1] < 1 / (1 + OFF):
            broke.append(f"{name}: {ratio.value:.3g} times it")
    if theorem > 1:
        broke.append(f"Theorem 1 corrected (constant 1) by {theorem:.3g}")
    return Result(
        probe=probe.name,
        dropped=probe.dropped,
        change=probe.change,
        unfiltered=float(np.median(unfiltered)),
        filtered=float(np.median(filtered)),
        corollary=corollary,
        unfiltered_law=ratios[0],
        filtered_law=ratios[1],
        theorem=theorem,
        broke=tuple(broke),
    )


def _ratio(sample: Array, reference: float) -> Ratio:
    low, high = median_interval(sample, CONFIDENCE)
    return Ratio(float(np.median(sample)) / reference, (low / reference, high / reference))


def over_bound(ratio: float) -> str:
    """An error over a bound, in words where the bound's conditions are not met."""
    return "outside" if math.isnan(ratio) else f"{ratio:.3g}"


def sized(n: int | None) -> Setting:
    """The base setting, on n pairs if given."""
    return BASE if n is None else replace(BASE, n=n)


def markdown(results: Sequence[Result], setting: Setting, seed: int, replicates: int, command: str) -> str:
    """The table as a page, with the command that makes it."""
    lines = [
        "# What the bounds do when an assumption is dropped",
        "",
        "Measurements, not verdicts: nothing below is a claim of the paper, and no error rate covers the "
        "table as a whole. Each row changes one thing and draws every pair; the bounds are evaluated as if "
        "nothing had changed.",
        "",
        f"Made by `{command}`: n = {setting.n}, d = {setting.d}, d̃ = {setting.d_tilde}, r = {setting.r}, "
        f"η = {setting.eta:g}, γ = {setting.gamma:g}, γ̃ = {setting.gamma_tilde:g}, θ = r/2, "
        f"{replicates} replicates, seed {seed}.",
        "",
        "- *Cor. 1*: 95% quantile of the unfiltered error over Corollary 1 with explicit constants; above 1 "
        "the measured quantile exceeds it; *outside* its sample condition it says nothing.",
        "- *law*: median error over the first-order law's median, unfiltered and filtered. In brackets, "
        "two order statistics of the errors over the law's median: they cover the true ratio of medians with "
        f"probability at least {1 - CONFIDENCE:.0%}, each interval by itself, whatever the errors' law.",
        "- *Thm. 1*: median filtered error over the rate of Theorem 1 as corrected, with constant 1.",
        "- *off*: measured above 1 for the bounds; for the laws an interval wholly above the factor "
        f"{1 + OFF:g} or wholly below 1/{1 + OFF:g} = {1 / (1 + OFF):.3f}.",
        "",
        "| probe | in place of | unfiltered | filtered | Cor. 1 | unfiltered/law | filtered/law | Thm. 1 "
        "| off |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in results:
        laws = (
            f"{ratio.value:.3g} [{ratio.interval[0]:.3g}, {ratio.interval[1]:.3g}]"
            for ratio in (row.unfiltered_law, row.filtered_law)
        )
        cells = (
            f"`{row.probe}`", f"{row.dropped}: {row.change}", f"{row.unfiltered:.4g}",
            f"{row.filtered:.4g}", over_bound(row.corollary), *laws, f"{row.theorem:.3g}",
            "; ".join(row.broke) or "nothing",
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
