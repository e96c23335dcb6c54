"""What the model assumes, held against the rows; each finding says what it does to the answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from verification.fitting.clean_share import CleanShare
from verification.fitting.moments import Array
from verification.fitting.spectrum import (
    NOISELESS,
    Estimate,
    Modality,
    Rank,
    equal_spread,
    spiked,
    tracy_widom_quantile,
)

Spectrum = tuple[Array, Array]
"""Eigenvalues of a covariance, smallest first, and its eigenvectors."""

FAR = 0.05
"""Departures below this share are no reason to doubt the model's numbers, however surely they are seen."""

HEAVY = 0.05
"""A row with more than this share of a modality's sum of squares decides the fit."""


@dataclass(frozen=True)
class Assumption:
    """One assumption: whether it holds (None: the rows cannot tell), and a sentence on what follows."""

    id: str
    holds: bool | None
    message: str

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON object."""
        return dict(vars(self))


UNUSED = (
    "gamma, the model's eta and its forecast are not used; the decision rests on what was measured without a "
    "model."
)
"""What follows where the model is not used."""


def isotropy(
    sides: tuple[Modality, Modality], n: int, alpha: float, r: Rank, flat_at: int | None
) -> Assumption:
    """Whether the rows have one variance in every direction off the leading r.value.

    `flat_at` is a number of shared directions within the rank's interval at which they do, if there is one.
    """
    named = list(zip(("X", "Y"), sides, strict=True))
    hidden = [f"in {name} {why}" for name, side in named if (why := untold(side, n, alpha))]
    uneven = [
        f"in {name} variances differ by {noise_spread(side.bulk, n):.0%} (the largest is "
        f"{float(side.bulk[0] / side.noise):.3g} times their mean)"
        for name, side in named
        if not _flat(side, n, alpha)
    ]
    wrong = _wrong_rank(r, flat_at if not hidden else None)
    if wrong:
        return Assumption("isotropy", False, f"{wrong}{UNUSED}")
    if uneven:
        return Assumption("isotropy", False, f"{_off(r.value, uneven, flat_at)}{UNUSED}")
    if hidden:
        return Assumption("isotropy", None, f"Signal to noise cannot be had: {'; '.join(hidden)}: {UNUSED}")
    return Assumption(
        "isotropy", True, "The noise looks alike in all directions: the model's laws may be used."
    )


def _wrong_rank(r: Rank, flat_at: int | None) -> str:
    """Why what is off the rank that is used is not the noise, or not all of it; empty where it may be."""
    if r.value < r.low:
        return f"Off these {r.value} directions are shared ones, which are no noise: "
    if r.value > r.high:
        return f"Of these {r.value} directions some are noise: "
    if flat_at is not None and r.value > flat_at:
        return (
            f"Of these {r.value} directions only {flat_at} stand out in both modalities: give "
            f"--rank {flat_at}. At rank {r.value} "
        )
    return ""


def _off(used: int, uneven: list[str], flat_at: int | None) -> str:
    """That variances off the directions that are used differ, and what that may come from."""
    seen = f"Off these {used} directions the rows are not alike in all others: {'; '.join(uneven)}."
    if flat_at is not None and flat_at != used:
        return (
            f"{seen} With {flat_at} shared directions, which these pairs allow, they are: give "
            f"--rank {flat_at}. At rank {used} "
        )
    return (
        f"{seen} The noise is anisotropic, or shared directions too weak to be seen were left out. A filter "
        "multiplies its teacher's error in a noisy direction, and PCA takes such a direction for signal: "
    )


def flat_rank(spectra: tuple[Spectrum, Spectrum], shown: Rank, n: int, alpha: float, seed: int) -> int | None:
    """The fewest directions within the rank's interval off which both modalities are flat; None: nowhere.

    Those beyond its lower end must be as strong in each modality as the model's equal ones: a few strong
    directions of the noise are no shared ones.
    """
    for k in range(max(shown.low, 1), shown.high + 1):
        sides = [spiked(*spectrum, n, k) for spectrum in spectra]
        if all(_flat(side, n, alpha) for side in sides) and (
            k <= shown.low or all(_even(side, n, alpha, seed) for side in sides)
        ):
            return k
    return None


def _flat(side: Modality, n: int, alpha: float) -> bool:
    """Whether the variances off the leading directions are as equal as the rows can tell, or nearly."""
    bulk = side.bulk
    if len(bulk) < 2 or side.noise <= NOISELESS * side.spikes.mean():
        return True
    return noise_spread(bulk, n) <= FAR and noise_top(bulk, side.noise, n, alpha) <= 1 + FAR


def untold(side: Modality, n: int, alpha: float) -> str:
    """Why a modality's own variances do not tell signal from noise; empty where they do."""
    every = np.concatenate([side.spikes, side.bulk])
    stands_out = noise_spread(every, n) > 0 or noise_top(every, float(every.mean()), n, alpha) > 1
    if not len(side.bulk):
        return "every direction is taken for shared, and none is noise alone"
    if side.slope <= 0 or not stands_out:
        return "no directions vary more than others, be it that the signal is weak or that it fills them all"
    if side.noise <= NOISELESS * side.spikes.mean():
        return "all but the shared directions hold nothing but rounding"
    return ""


def _even(side: Modality, n: int, alpha: float, seed: int) -> bool:
    """Whether the leading directions' variances are as equal as the rows can tell, or nearly."""
    reach = equal_spread(len(side.spikes), 1.0, alpha / 100, seed) / math.sqrt(n) + FAR
    return bool(side.spikes[0] - side.spikes[-1] <= reach * side.spikes.mean())


def noise_spread(values: Array, n: int) -> float:
    """Relative standard deviation of variances from their eigenvalues, sampling taken out."""
    mean = float(values.mean())
    excess = float(((values / mean) ** 2).mean()) - 1 - (len(values) + 1) / n
    # standard deviation of the statistic for one variance is 2 / n (Ledoit and Wolf 2002)
    return math.sqrt(max(excess - 4 * 2 / n, 0.0))


def noise_top(values: Array, noise: float, n: int, alpha: float) -> float:
    """The largest of eigenvalues over what as many equal variances `noise` reach."""
    p = len(values)
    root = math.sqrt(n - 1) + math.sqrt(p)
    width = root * (1 / math.sqrt(n - 1) + 1 / math.sqrt(p)) ** (1 / 3)
    reached = (root**2 + width * tracy_widom_quantile(alpha / 100)) / n
    return float(values[0] / noise / reached)


def gaussian_latents(fourth: tuple[float, float], n: int, r: int, alpha: float) -> Assumption:
    """Whether the shared coordinates have the fourth moments of a Gaussian (Mardia's kurtosis)."""
    expected = r * (r + 2)
    width = math.sqrt(8 * expected / n) * float(stats.norm.isf(alpha / 4))
    off = max((value - expected for value in fourth), key=abs)
    if abs(off) <= max(width, FAR * expected):
        return Assumption("gaussian-latents", True, "The shared coordinates look Gaussian.")
    kind = "heavier" if off > 0 else "lighter"
    return Assumption(
        "gaussian-latents",
        False,
        f"The shared coordinates have {kind} tails than a Gaussian (fourth moment off by "
        f"{off / expected:+.0%}): the forecast after filtering may be off, the error on all pairs and the "
        "measured gain are not.",
    )


def mixture(one: CleanShare, other: CleanShare, alpha: float) -> Assumption:
    """Whether the scores look like clean pairs on top of re-paired ones, by at least one of two scores."""
    if one.fits(alpha) and other.fits(alpha):
        return Assumption("mixture", True, "The scores look like clean pairs on top of re-paired ones.")
    worse = max(one, other, key=lambda share: share.misfit)
    seen = f"distance {worse.misfit:.2g}, p = {worse.misfit_p:.1g}"
    if one.fits(alpha) or other.fits(alpha):
        return Assumption(
            "mixture",
            False,
            f"One of two scores does not follow the fitted mixture ({seen}): the interval for the clean "
            "share holds what both say, the probabilities of being clean are rough; the lower bound still "
            "holds.",
        )
    return Assumption(
        "mixture",
        False,
        f"The scores do not follow the fitted mixture ({seen}): no interval for the clean share is to be "
        "trusted, so it runs from the lower bound, which still holds, up to 1; the value and the "
        "probabilities of being clean are rough.",
    )


def agreement(model: Estimate, free: Estimate) -> Assumption:
    """Whether the two estimates of eta agree."""
    if model.low <= free.high and free.low <= model.high:
        return Assumption("agreement", True, "Both estimates of eta agree.")
    return Assumption(
        "agreement",
        False,
        f"The model's eta ({model.low:.3g} to {model.high:.3g}) and the one from scores ({free.low:.3g} to "
        f"{free.high:.3g}) disagree: the model does not fit these pairs, trust the one from scores.",
    )


def small_error(mean_square: float, r: int) -> Assumption:
    """Whether the fit on all pairs is near enough to the truth for first-order statements."""
    if mean_square <= 0.1 * r:
        return Assumption("small-error", True, "There are enough pairs for first-order statements.")
    return Assumption(
        "small-error",
        False,
        "Too few pairs: the fit on all of them is still far from the shared directions, so no gain can be "
        "stated by the model; its answer is left open.",
    )


def repeated_pairs(share: float) -> Assumption:
    """Whether pairs are exact copies of others."""
    if share == 0:
        return Assumption("repeated-pairs", True, "No pair is a copy of another one.")
    return Assumption(
        "repeated-pairs",
        False,
        f"{share:.2%} of the pairs are copies of earlier ones and may lie on both sides of the split: remove "
        "copies, or every interval, the lower bound and the decision claim more than they know (draws with "
        "replacement from a population that is all there is are no copies in this sense).",
    )


def heavy_rows(shares: tuple[float, float]) -> Assumption:
    """Whether one row holds so much of a modality's sum of squares that it decides the fit."""
    if max(shares) <= HEAVY:
        return Assumption("heavy-rows", True, "No single row decides the fit.")
    return Assumption(
        "heavy-rows",
        False,
        f"One row holds {max(shares):.0%} of all variance in {'XY'[int(shares[1] > shares[0])]}: it decides "
        "the fit, and no interval here knows of such rows; look at it, take it out or scale all rows to one "
        "length.",
    )


def rank(r: Rank) -> Assumption:
    """Whether the rank that is used is one that the rows show."""
    used = r.value
    if r.low <= used <= r.high:
        return Assumption("rank", True, "The rank is one that the rows show.")
    if used > r.high:
        words = (
            f"The given rank {used} is more than the rows show ({r.low} to {r.high}): the directions "
            "beyond are fitted to noise, so errors are large and no gain may be seen."
        )
    else:
        words = (
            f"The given rank {used} is less than the rows show ({r.low} to {r.high}): give --rank {r.low}, "
            f"or take all of this as about the strongest {used} alone, with the others as noise that is not "
            "alike in all directions."
        )
    return Assumption("rank", False, words)
