"""`fit`: from matched rows to parameters, checks, a decision and its alternatives."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from verification.engines import estimate
from verification.engines.estimate import Trained
from verification.errors import InvalidArgument, real, whole
from verification.fitting import alternatives, checks
from verification.fitting.blend import Blend, blend
from verification.fitting.checks import Assumption
from verification.fitting.clean_share import both, clean_share, lower_bound
from verification.fitting.labels import labelled
from verification.fitting.moments import Array, PairMoments, moments
from verification.fitting.payoff import ALIKE, SHARES, UNKNOWN, WORTH_IT, Squares, payoff, root, squares
from verification.fitting.reading import check_matched, keys_of, open_rows, read_labels, watched
from verification.fitting.scoring import Scored, score_rows, shares_tried
from verification.fitting.spectrum import (
    FLAT,
    Estimate,
    Modality,
    Rank,
    RowMoments,
    eta_estimate,
    gamma_estimate,
    polar,
    rank_of,
    spiked,
)
from verification.prediction.beside import Alternative
from verification.setting import Setting

PASSES = 3
"""How often the rows are read."""

LAST_STAGE = 200_000
"""What is done after that takes as long as to read so many rows once, whatever their number.

About 3 s, against 1.1 s for 3 times 20,000 rows of 60 + 60 columns and 41 s for 3 times a million of
512 + 512.
"""


@dataclass(frozen=True)
class FittedPairs:
    """What matched rows say about filtering them.

    `eta_free` is without a model of clean pairs, `lower_bound` holds whatever their law is.  `gain` is mean
    error on all pairs over mean error after the proposed filter: one fit on the share `keep` of the pairs,
    those of both halves with a score above `threshold`, each half scored by the other half's teacher;
    `gain_model` is None where the model does not fit.
    `blend` weighs pairs with a score from `blend_above` on more than the others.  `scores`, `clean`
    (probability of being clean), `kept` and `weight` have one entry for each row; `curve` holds
    (share kept, measured gain).
    """

    n: int
    d: int
    d_tilde: int
    seed: int
    alpha: float
    r: Rank
    gamma: Estimate
    gamma_tilde: Estimate
    eta_model: Estimate
    eta_free: Estimate
    lower_bound: float
    checks: tuple[Assumption, ...]
    decision: str
    gain_model: Estimate | None
    gain_free: Estimate
    keep: float
    threshold: float
    alternatives: tuple[Alternative, ...]
    false_share: float
    blend: Blend
    blend_above: float
    scores: Array = field(repr=False)
    clean: Array = field(repr=False)
    repaired: Array = field(repr=False)
    curve: tuple[tuple[float, float], ...] = field(repr=False)

    @property
    def kept(self) -> Any:
        """Whether each row is kept by the proposed filter, shape (n,)."""
        return self.scores >= self.threshold

    @property
    def weight(self) -> Array:
        """Each row's weight in the fit of all pairs and kept ones that does not lose, shape (n,), mean 1."""
        return np.where(self.scores >= self.blend_above, self.blend.kept, self.blend.other)

    def __repr__(self) -> str:
        return (
            f"<FittedPairs: {self.n:,} pairs, rank {self.r.value}, {self.eta_free.value:.1%} clean, "
            f"filtering: {self.decision}; sentences() has all of it>"
        )

    @property
    def by_the_model(self) -> bool:
        """Whether the alternatives' errors are the model's, the limit among them, and not as measured."""
        return any(other.estimator == "limit" for other in self.alternatives)

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON object."""
        return {
            "n": self.n,
            "d": self.d,
            "d_tilde": self.d_tilde,
            "seed": self.seed,
            "alpha": self.alpha,
            "r": self.r.as_dict(),
            "gamma": self.gamma.as_dict(),
            "gamma_tilde": self.gamma_tilde.as_dict(),
            "eta": {
                "model": self.eta_model.as_dict(),
                "model_free": self.eta_free.as_dict(),
                "lower_bound": self.lower_bound,
            },
            "checks": [check.as_dict() for check in self.checks],
            "decision": self.decision,
            "gain": {
                "model": None if self.gain_model is None else self.gain_model.as_dict(),
                "model_free": self.gain_free.as_dict(),
            },
            "keep": self.keep,
            "threshold": self.threshold,
            "alternatives": [other.as_dict() for other in self.alternatives],
        }

    def sentences(self) -> list[str]:
        """The answer in words, the decision last."""
        free, gain = self.eta_free, self.gain_free
        flat = next(check.holds for check in self.checks if check.id == "isotropy")
        model = f"; {_percent(self.eta_model)} by the model" if flat else ""
        seen = f"{self.r.low} to {self.r.high}"
        inside = self.r.low <= self.r.value <= self.r.high
        shown = f"{self.r.value} ({seen})" if inside else f"{self.r.value} as given, the rows show {seen}"
        said = [
            f"{self.n:,} pairs, {self.d} + {self.d_tilde} columns; shared directions: {shown}.",
            f"Clean pairs: {_percent(free)} from the scores, where clean ones seldom score like corrupted "
            f"ones; at least {self.lower_bound:.1%} whatever clean pairs look like{model}.",
        ]
        if flat:
            said.append(f"Signal to noise: gamma {_span(self.gamma)}, gamma~ {_span(self.gamma_tilde)}.")
        said += self._failures()
        if self.gain_model is not None:
            said.append(f"Gain by the model: {_span(self.gain_model)}.")
        if self.gain_free == ALIKE:
            said.append("Nothing can be gained: the fit on all pairs errs by nothing but rounding.")
        elif self.gain_free == UNKNOWN:
            said.append("Too few pairs for any filter to be measured: every share leaves too few to fit.")
        else:
            said.append(
                f"Gain as measured, without a model: {_span(gain)}, at error rate {self.alpha:g}; the filter "
                f"keeps the {self.keep:.1%} of pairs, of both halves, with a score above "
                f"{self.threshold:.4g}, of which {self._corrupted()}."
            )
        said += [check.message for check in self.checks if check.id == "labels"]
        said += self._both()
        said.append(DECISIONS[self.decision] + self._alone())
        return said

    def _failures(self) -> list[str]:
        """What does not hold, a wrong rank first: it is why the noise is not alike or errors are large then.

        Where the model is not used, what its eta would be is nothing to disagree with.
        """
        failed = {c.id: c.message for c in self.checks if not c.holds and c.id != "labels"}
        if "isotropy" in failed:
            failed.pop("agreement", None)
        if "rank" in failed:
            failed.pop("isotropy", None)
            if self.r.value > self.r.high:
                failed.pop("small-error", None)
            failed = {"rank": failed.pop("rank"), **failed}
        return list(failed.values())

    def _corrupted(self) -> str:
        """How many of the kept pairs are corrupted, unless the share of clean pairs rules that number out."""
        wrong = self.keep * self.false_share
        too_many = wrong > 1 - self.eta_free.low
        if too_many or self.keep - wrong > self.eta_free.high:
            return "it cannot be told how many are corrupted"
        return f"{self.false_share:.1%} are expected to be corrupted"

    def _both(self) -> list[str]:
        """A sentence where weighing the likelier pairs more is called better than all pairs alike."""
        mixed = self.blend
        if not mixed.bin:
            return []
        above = f"pairs of both halves with a score above {self.blend_above:.4g}"
        how = f"all pairs, {above} weighing {mixed.kept / mixed.other:.3g} times" if mixed.other else above
        return [
            f"One fit of {how} (column weight of --scores) is called {mixed.gain:.3g} "
            "times better than all pairs alike."
        ]

    def _alone(self) -> str:
        """What overrides the decision: by the model each modality alone does better than any pairing.

        As measured it cannot be told: PCA and the fit on all pairs that it is held against share their rows.
        """
        means = {other.estimator: other.mean for other in self.alternatives if self.by_the_model}
        paired = [mean for name in ("unfiltered", alternatives.CROSSED) if (mean := means.get(name))]
        alone = means.get("pca")
        if not alone or not paired or alone >= min(paired):
            return ""
        return (
            " But if the subspaces are all you want, neither: PCA of each modality alone, which needs no "
            f"pairing, errs {min(paired) / alone:.3g} times less than the better of all pairs and the filter."
        )

    def _repr_html_(self) -> str:
        body = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in self.sentences())
        cells = "".join(
            f"<tr><td>{html.escape(other.estimator)}</td><td>{_number(other.mean)} {other.between}</td>"
            f"<td>{_number(other.efficiency)}</td></tr>"
            for other in self.alternatives
        )
        head = "<tr><th>estimator</th><th>mean error</th><th>efficiency</th></tr>"
        return f"{body}<table>{head}{cells}</table>"


DECISIONS = {
    "pays": (
        "Filtering pays: one fit on the kept pairs of both halves, each half scored by a teacher trained on "
        "the other, beats training on all pairs."
    ),
    "does-not-pay": (
        "Filtering does not pay: train on all pairs. One fit on the kept pairs of both halves, each half "
        f"scored by a teacher trained on the other, gains less than {WORTH_IT - 1:.0%} if anything."
    ),
    "undecided": "Undecided: these pairs cannot tell whether filtering pays.",
}


def _span(estimate: Estimate) -> str:
    return f"{estimate.value:.3g} ({estimate.low:.3g} to {estimate.high:.3g})"


def _percent(estimate: Estimate) -> str:
    return f"{estimate.value:.1%} ({estimate.low:.1%} to {estimate.high:.1%})"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"


def fit(
    X: Any,
    Y: Any,
    rank: int | None = None,
    labels: Any = None,
    alpha: float = 0.05,
    seed: int = 0,
    key: str | None = None,
    on_progress: Callable[[float, float, str], None] | None = None,
) -> FittedPairs:
    """Parameters, checks and a decision for matched rows X (n, d) and Y (n, d~).

    X and Y are arrays or files (.npy, .npz, Parquet, Arrow, CSV), read in blocks.  `rank` fixes r,
    `labels` (n,) marks clean pairs where that is known, `alpha` is the error rate of each interval by
    itself, `seed` that of splits and re-pairings, `key` names the array or column in files of several:
    "a,b" that of X and that of Y, "a,b,c" that of the labels too; `on_progress` is called with
    (done, total, what is done).
    Raises InvalidArgument for rows that cannot be used or show no shared direction.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> z = rng.standard_normal((4000, 2))
    >>> X = np.hstack([z, np.zeros((4000, 8))]) + 0.5 * rng.standard_normal((4000, 10))
    >>> Y = np.hstack([z, np.zeros((4000, 6))]) + 0.5 * rng.standard_normal((4000, 8))
    >>> fit(X, Y).r.value
    2
    """
    alpha = real("alpha", alpha, "must lie in (0, 1/2]")
    if not 0 < alpha <= 0.5:
        raise InvalidArgument("alpha", alpha, "must lie in (0, 1/2]")
    seed = whole("seed", seed, 0, 2**63 - 1)
    if key is not None and not isinstance(key, str):
        raise InvalidArgument("key", key, "must name an array or a column")
    if key is not None and not any(isinstance(rows, str | Path) for rows in (X, Y)):
        raise InvalidArgument("key", key, "must be left out for arrays")
    key_x, key_y, key_labels = keys_of(key)
    x = open_rows(X, "X", key_x)
    if key_x == key_y and _one_file(X, Y):
        allowed = "must be another file than X, or another array in it (--key A,B: A for X, B for Y)"
        raise InvalidArgument("Y", str(Y), allowed)
    y = open_rows(Y, "Y", key_y)
    check_matched(x, y)
    reading, weighing = _told(on_progress, x.n)
    x = watched(x, PASSES, reading)
    known = None if labels is None else read_labels(labels, x.n, key_labels)
    found = moments(x, y, seed)
    spectra = np.linalg.eigh(found.cov_x), np.linalg.eigh(found.cov_y)
    r, flat_at = rank_used(found, spectra, rank, alpha, seed)
    fitted = estimate.fit(found.cross, r.value)
    if fitted.left.shape[1] < r.value:
        raise InvalidArgument("rank", r.value, "must be at most the rank of the rows' cross-covariance")
    sides = spiked(*spectra[0], x.n, r.value), spiked(*spectra[1], y.n, r.value)
    rotation, square = polar(found, *sides)
    flat = checks.isotropy(sides, x.n, alpha, r, flat_at)
    guess = _model_share(found, r.value, sides, square) if flat.holds else None
    scored = score_rows(x, y, found, fitted, sides, rotation, guess, seed)
    weighing(0.0)
    return _answer(found, r, fitted, sides, square, flat, guess, scored, known, alpha, seed, weighing)


def _told(
    on_progress: Callable[[float, float, str], None] | None, n: int
) -> tuple[Callable[[float, float, str], None], Callable[[float], None]]:
    """What the readings call, and what the last stage calls with the part of it that is done."""
    rows = PASSES * n

    def reading(done: float, total: float, what: str) -> None:
        if on_progress is not None:
            on_progress(done, total + LAST_STAGE, what)

    def weighing(part: float) -> None:
        if on_progress is not None:
            on_progress(rows + part * LAST_STAGE, rows + LAST_STAGE, "weighing what they say")

    return reading, weighing


def _one_file(X: Any, Y: Any) -> bool:
    """Whether both are paths, of the same file."""
    return isinstance(X, str | Path) and isinstance(Y, str | Path) and Path(X).resolve() == Path(Y).resolve()


def rank_used(
    found: PairMoments,
    spectra: tuple[checks.Spectrum, checks.Spectrum],
    rank: int | None,
    alpha: float,
    seed: int,
) -> tuple[Rank, int | None]:
    """The rank that the rows show, or the given one with what they show beside it, and `flat_rank`.

    Within the interval that the cross-covariance leaves the spectra decide: a shared direction that is too
    weak to be seen in pairs stands out in each modality by itself.
    """
    shown = rank_of(found, alpha, seed)
    flat_at = checks.flat_rank(spectra, shown, found.n, alpha, seed)
    if rank is not None:
        given = whole("rank", rank, 1, min(len(found.cov_x), len(found.cov_y)))
        return replace(shown, value=given), flat_at
    if shown.value == 0:
        heavy = checks.heavy_rows(found.heaviest)
        allowed = (
            f"show no shared direction: in {found.n:,} pairs none with a correlation below "
            f"{shown.edge:.2g} could be seen (half of it needs 4 times the pairs; does row i of X belong to "
            "row i of Y?)"
            f"{_empty(spectra)}"
            f"{'' if heavy.holds else f'. {heavy.message[:-1]}'}"
        )
        raise InvalidArgument("X and Y", found.n, allowed)
    return replace(shown, value=shown.value if flat_at is None else flat_at), flat_at


def _empty(spectra: tuple[checks.Spectrum, checks.Spectrum]) -> str:
    """What is to be said of directions that were taken for empty: shared ones may be among them."""
    lost = [
        f"{name} has {count} directions whose variance is below {FLAT:g} of its largest, taken for empty"
        for name, (values, _) in zip(("X", "Y"), spectra, strict=True)
        if (count := int(np.count_nonzero(values <= FLAT * values[-1])))
    ]
    return f". {'; '.join(lost)}: are the columns on one scale?" if lost else ""


def _eta(
    sides: tuple[Modality, Modality], square: float, rows: RowMoments, n: int, r: int, alpha: float
) -> Estimate:
    if any(checks.untold(side, n, alpha) for side in sides):
        return Estimate(1.0, 0.0, 1.0)
    return eta_estimate(sides[0], sides[1], square, rows, n, r, alpha)


def _model_share(found: PairMoments, r: int, sides: tuple[Modality, Modality], square: float) -> float | None:
    """The best share to keep by the model's law at the estimated parameters, from pass one alone."""
    lengths = [r * float(side.spikes.mean()) for side in sides]
    rows = RowMoments(np.array([0.0, *lengths, 0.0, 0.0]), np.zeros((5, 5)))
    eta = _eta(sides, square, rows, found.n, r, 0.05).value
    setting = _setting(found, r, eta, sides[0].gamma, sides[1].gamma)
    if setting is None:
        return None
    return min(alternatives.model_share(setting), SHARES[0])


def _setting(found: PairMoments, r: int, eta: float, gamma: float, gamma_tilde: float) -> Setting | None:
    if not (eta > 0 and gamma > 0 and gamma_tilde > 0):
        return None
    return Setting(found.n, len(found.cov_x), len(found.cov_y), r, min(eta, 1.0), gamma, gamma_tilde)


def _answer(
    found: PairMoments,
    r: Rank,
    fitted: Trained,
    sides: tuple[Modality, Modality],
    square: float,
    flat: Assumption,
    guess: float | None,
    scored: Scored,
    known: Any,
    alpha: float,
    seed: int,
    weighing: Callable[[float], None],
) -> FittedPairs:
    n, k = found.n, r.value
    eta_model = _eta(sides, square, scored.row_moments, n, k, alpha)
    gammas = [_gamma(sides[s], scored, s, n, k, alpha) for s in (0, 1)]
    share = clean_share(scored.halves, alpha)
    weighing(0.35)
    wider = clean_share(scored.wider, alpha)
    weighing(0.7)
    least = lower_bound((*scored.halves, *scored.wider), alpha)
    free = both(share, wider, least, alpha)
    model = [
        flat,
        checks.gaussian_latents(scored.fourth, n, k, alpha),
        checks.mixture(share, wider, alpha),
        checks.agreement(eta_model, free),
    ]
    # The model's best share where the model fits, else the one that does best on held-out pairs.
    trusted = guess is not None and all(check.holds for check in model)
    fixed = shares_tried(guess).index(guess) + 1 if guess is not None and trusted else None
    errors = squares(scored.kept)
    paid = payoff(scored.kept, errors, alpha, fixed)
    enough = checks.small_error(paid.unfiltered, k)
    made = [*model, enough, *_of_the_rows(found, r)]
    threshold = float(scored.thresholds[paid.bin - 1]) if paid.bin else float(scored.scores.min())
    clean = share.posterior(scored.scores)
    repaired = np.concatenate([half.repaired[0] for half in scored.halves])
    if known is not None:
        made.append(labelled(known, scored.scores, repaired, free, scored.scores >= threshold, alpha))
    decision = paid.decision if enough.holds else "undecided"
    mixed = blend(scored.kept, errors, decision == "pays")
    edge = float(scored.thresholds[mixed.bin - 1]) if mixed.bin else -np.inf
    setting = _setting(found, k, eta_model.value, gammas[0].value, gammas[1].value)
    gain_model = None
    others = alternatives.measured(paid.error, paid.filtered, _pca_error(fitted, sides, errors[0], alpha), k)
    if flat.holds and setting is not None:
        prediction = alternatives.forecast(setting, paid.keep)
        others = alternatives.by_law(setting, prediction, seed)
        weighing(0.8)
        gain_model = _model_gain(found, k, eta_model, gammas, paid.keep)
    weighing(1.0)
    return FittedPairs(
        n, len(found.cov_x), len(found.cov_y), seed, alpha, r, gammas[0], gammas[1], eta_model, free,
        least, tuple(made), decision, gain_model, paid.gain, paid.keep, threshold, others,
        float(1 - clean[scored.scores >= threshold].mean()), mixed, edge, scored.scores, clean,
        repaired, paid.curve,
    )  # fmt: skip


def _of_the_rows(found: PairMoments, r: Rank) -> tuple[Assumption, ...]:
    """The checks that no model is needed for."""
    return checks.repeated_pairs(found.repeated), checks.heavy_rows(found.heaviest), checks.rank(r)


def _gamma(side: Modality, scored: Scored, s: int, n: int, r: int, alpha: float) -> Estimate:
    if checks.untold(side, n, alpha):
        return Estimate(side.gamma, 0.0, np.inf)
    rows = scored.row_moments
    spread = [rows.cov[i, i] / rows.means[i] ** 2 for i in (1 + s, 3 + s)]
    return gamma_estimate(side, n, float(spread[0]), float(spread[1]), alpha)


def _pca_error(
    fitted: Trained, sides: tuple[Modality, Modality], found: tuple[Squares, Squares], alpha: float
) -> Estimate:
    apart = (
        estimate.chordal_distance(sides[0].basis, fitted.left),
        estimate.chordal_distance(sides[1].basis, fitted.right),
    )
    return alternatives.pca_error(apart, (root(found[0].all, alpha), root(found[1].all, alpha)))


def _model_gain(
    found: PairMoments, r: int, eta: Estimate, gammas: list[Estimate], keep: float
) -> Estimate | None:
    """The law's gain at this share, and its range over the corners of the parameters' intervals."""
    gains = []
    for corner in ("value", "low", "high"):
        for other in ("value", "low", "high"):
            setting = _setting(
                found, r, getattr(eta, corner), getattr(gammas[0], other), getattr(gammas[1], other)
            )
            if setting is None:
                continue
            predicted = alternatives.forecast(setting, keep)
            if not predicted.trusted:
                if corner == other == "value":
                    return None
                continue
            gains.append(predicted.gain)
    return Estimate(gains[0], min(gains), max(gains)) if gains else None
