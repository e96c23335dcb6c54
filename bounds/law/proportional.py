"""The law of the error at any sample size, for every estimator of the paper.

The deterministic equivalents of `bounds.law.outlier` hold as the dimensions grow with the sample.  Two
things that they drop are put back: the r x r signal block's own sampling noise, of relative variance
E|u|^2 E|v|^2 / (K c^2), by averaging over it (it smooths the transition, too); and the fluctuation of the
error, as the first-order law has it: ERR is the larger of two scaled chi variables.  For n -> inf this *is*
the first-order law of `bounds.law.scales`, digit for digit.  Derivation: proofs_notes/proportional.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from bounds.law.error import ErrorLaw
from bounds.law.kept_pairs import ORACLE, Model, View
from bounds.law.outlier import Fit, Noise, Signal, leading, shows
from bounds.law.score import Score

NODES = ((-math.sqrt(3.0), 1 / 6), (0.0, 2 / 3), (math.sqrt(3.0), 1 / 6))
"""Gauss-Hermite: (node, weight) of a standard normal variable."""

FAINTEST_SIGNAL = 1e-60
"""What a fainter signal is raised to, so that its square can be inverted: any noise hides it."""

FEWEST = 30.0
"""Kept pairs a latent dimension below which the law was off by more than 10% in some measured setting."""

MOST_UNEVEN = 0.1
"""Relative variance of a signal block's entries, times r, above which the law was, too."""

MEASURED = 0.1
"""Relative error of a trusted law's mean or median that benchmarks/any_sample_size.py found no setting beyond."""

NARROWEST = 0.5
"""A `gap` below which a sample may mix the leading outliers with the second family: a caution."""


@dataclass(frozen=True)
class AnySizeLaw:
    """The law of ERR of one estimator in one setting, and how far to trust it.

    `fits` are the limits of the teacher, if any, and of each round's student; `kept` is the expected
    number of pairs that the last fit is made on.  `trusted` says whether the bounds above hold, as
    benchmarks/any_sample_size.py measured them, and `reason` why not ("" where it is).
    """

    law: ErrorLaw
    largest: float
    fits: tuple[Fit, ...]
    kept: float
    trusted: bool
    reason: str

    @property
    def mean(self) -> float:
        """E[ERR], at most `largest`, the root of r: two chi variables know no such end."""
        return min(self.law.mean, self.largest)

    @property
    def std(self) -> float:
        """Standard deviation of ERR."""
        return self.law.std


def unfiltered_law(model: Model, pairs: float) -> AnySizeLaw:
    """The law of the unfiltered estimator on `pairs` > 1 pairs."""
    return _law(model, (unfiltered_fit(model, pairs),), pairs)


def oracle_law(
    model: Model, scored: float, *, theta: float | None = None, retain: float | None = None
) -> AnySizeLaw:
    """The law of the fit on what the oracle keeps of `scored` pairs.

    `theta` is on the oracle's scale (clean mean r), `retain` the share that is kept: give one.
    """
    fit, kept = _student(model, ORACLE, scored, theta, retain, _raw_oracle_scale(model))
    return _law(model, (fit,), kept)


def teacher_law(
    model: Model,
    teacher_pairs: float,
    scored: float,
    *,
    theta: float | None = None,
    retain: float | None = None,
    rounds: int = 1,
) -> AnySizeLaw:
    """The law of the last student: a teacher on `teacher_pairs`, `rounds` rounds of `scored` fresh pairs.

    `theta` is on the oracle's scale: round k's raw threshold is theta times what its teacher's matrix
    tends to, eta for the first and c(theta) for later ones.  `retain` is the share that is kept.
    """
    fits = [unfiltered_fit(model, teacher_pairs)]
    scales = [model.eta]
    if rounds > 1:
        score = Score(model.r, model.eta, model.gamma, model.gamma_tilde)
        scales += [float(score.multiple(theta)) if theta is not None else 1.0] * (rounds - 1)
    kept = 0.0
    for scale in scales:
        fit, kept = _student(model, fits[-1], scored, theta, retain, scale)
        fits.append(fit)
    return _law(model, tuple(fits), kept)


def unfiltered_fit(model: Model, pairs: float) -> Fit:
    """The limit of the unfiltered estimator, or of a teacher, on `pairs` > 1 pairs."""
    return _averaged(model, model.all_pairs, pairs)


def _raw_oracle_scale(model: Model) -> float:
    """The oracle's matrix is U U~^T itself, of which `ORACLE.value` = 1 is in units of sqrt(a a_tilde)."""
    return 1 / model.correlation


def _student(
    model: Model, teacher: Fit, scored: float, theta: float | None, retain: float | None, scale: float
) -> tuple[Fit, float]:
    """The limit of a student, and the expected number of pairs that it keeps."""
    if (theta is None) == (retain is None):
        raise ValueError("give one of theta and retain")
    view = View(model, teacher)
    cut = view.threshold(theta, scale) if theta is not None else view.oracle.quantile(float(retain or 0.0))
    share, signal, inner = view.kept(cut)
    kept = scored * share
    return _averaged(model, signal, kept, inner**2 * teacher.unevenness), kept


def effective(pairs: float) -> float:
    """Pairs less the one that the sample mean costs; kept off 0, where nothing is learned anyway."""
    return max(pairs - 1, 1e-6)


def noise_of(model: Model, pairs: float) -> Noise:
    """The noise of a fit on `pairs` pairs."""
    size = effective(pairs)
    return Noise(*model.noise_shares, (model.d - model.r) / size, (model.d_tilde - model.r) / size)


def _averaged(model: Model, signal: Signal, pairs: float, inherited: float = 0.0) -> Fit:
    """The limit of a fit, averaged over the signal block's own sampling noise.

    To second order the mean of V over a block c I + s G is (1 + (r + 2) s^2 / c^2) c^-2: that of a normal
    multiple of variance (r + 2) s^2 / 3.  Of what a student inherits from its teacher's block (relative
    variance `inherited`) only stretching counts, and selection damps it by r / (r + 2).
    """
    noise, r = noise_of(model, pairs), model.r
    main = max(abs(float(signal.cross[0, 0])), FAINTEST_SIGNAL)
    left_power = float(signal.left_excess[0, 0]) + noise.left
    right_power = float(signal.right_excess[0, 0]) + noise.right
    sampling = left_power * right_power / effective(pairs)
    stretched = ((r + 1) / 2 - 1 / r) * (r / (r + 2)) ** 2
    width = math.sqrt(sampling * (r + 2) / 3 + main**2 * inherited * stretched)
    fits = []
    for node, _ in NODES:
        cross = signal.cross.copy()
        cross[0, 0] = max(abs(main + node * width), FAINTEST_SIGNAL)
        fits.append(leading(Signal(cross, signal.left_excess, signal.right_excess), noise))
    middle = fits[1]
    left = _mean_angle([(fit.left_cosine, fit.left_sine) for fit in fits])
    right = _mean_angle([(fit.right_cosine, fit.right_sine) for fit in fits])
    turned = (stretched + (r - 1) / 2) / r
    uneven = min(sampling / main**2 + inherited * turned, 1e6)
    one_of = 3 / ((r + 2) * r)
    return Fit(
        *left[:2], *right[:2], middle.value, middle.separation, middle.gap, uneven,
        left[2] * one_of, right[2] * one_of,
    )  # fmt: skip


def _mean_angle(angles: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Root mean squares of cosine and sine over `NODES`, and the relative variance of the squared sine."""
    weights = [weight for _, weight in NODES]
    cosine = sum(w * c * c for w, (c, _) in zip(weights, angles, strict=True))
    sine = sum(w * s * s for w, (_, s) in zip(weights, angles, strict=True))
    if sine == 0:
        return math.sqrt(cosine), 0.0, 0.0
    variance = sum(w * (s * s / sine - 1) ** 2 for w, (_, s) in zip(weights, angles, strict=True))
    return math.sqrt(cosine), math.sqrt(sine), variance


def _law(model: Model, fits: tuple[Fit, ...], kept: float) -> AnySizeLaw:
    last, r = fits[-1], model.r
    left = _chi(model.d, r, last.left_cosine, last.left_sine, last.left_variance)
    right = _chi(model.d_tilde, r, last.right_cosine, last.right_sine, last.right_variance)
    law = ErrorLaw(left[0], right[0], left[1], right[1])
    reason = _doubt(model, fits, kept)
    return AnySizeLaw(law, math.sqrt(r), fits, kept, not reason, reason)


def _chi(d: int, r: int, cosine: float, sine: float, extra: float) -> tuple[float, int]:
    """(scale, degrees of freedom) of one side's squared error.

    The space is that of c I + s G over s G_perp, G of entries N(0, 1/(d - r)): share A V / (1 + (A + B) V)
    of r with A ~ chi^2_{(d-r) r} / r, B ~ chi^2_{r r} / r, V = tan^2 / (d - r).  For V -> 0 that is
    V chi^2_{(d-r) r}, for V -> inf an unrelated subspace's; here a scaled chi with its mean and variance.
    """
    p = d - r
    if p == 0 or sine == 0:
        return 0.0, p * r
    base = cosine**2 + d / p * sine**2
    relative = ((cosine**2 + r / p * sine**2) ** 2 * 2 / (p * r) + 2 * (sine**2 / p) ** 2) / base**2
    dof = max(1, round(2 / (relative + extra)))
    return r * sine**2 / base / dof, dof


def _doubt(model: Model, fits: tuple[Fit, ...], kept: float) -> str:
    """Why the law is not to be trusted; "" where it is."""
    last, r = fits[-1], model.r
    if kept < FEWEST * r:
        return f"{kept:.3g} pairs are kept, fewer than {FEWEST:g} a latent dimension"
    if max(fit.unevenness for fit in fits) * r > MOST_UNEVEN and last.separation > 0:
        return "the signal's own sampling noise is not small"
    if min(fit.gap for fit in fits) < NARROWEST:
        return "a second family of singular values is nearly as strong"
    return ""


@dataclass(frozen=True)
class Transition:
    """Where the leading singular values leave the noise's spectrum, in the limit of large dimensions.

    `pairs` is the sample size (pairs scored, with the oracle's filter) from which they do; `unpaired` the
    one from which they would if no pair were clean: the modality's own covariance shows through, and one
    of the two sides is learned.  None where that never happens.
    """

    pairs: float
    unpaired: float | None


def transition(model: Model, *, theta: float | None = None) -> Transition:
    """The transition of the unfiltered estimator, or of the oracle-filtered one at `theta`; eta > 0."""
    share, signal = 1.0, model.all_pairs
    unpaired = Signal(np.zeros((2, 2)), signal.left_excess, signal.right_excess)
    if theta is not None:
        view = View(model, ORACLE)
        share, signal, _ = view.kept(view.threshold(theta, _raw_oracle_scale(model)))
        unpaired = Signal(np.zeros((2, 2)), signal.left_excess, signal.right_excess)
    pairs = _leaves(model, signal)
    alone = _leaves(model, unpaired)
    assert pairs is not None
    return Transition(pairs / share, None if alone is None else alone / share)


def _leaves(model: Model, signal: Signal) -> float | None:
    """The number of pairs from which a singular value leaves the spectrum; None if it never does."""

    def below(log_pairs: float) -> float:
        return shows(signal, noise_of(model, 1 + math.exp(log_pairs)))

    low, high = math.log(1e-5), math.log(1e40)
    if below(low) < 0:
        return 1.0
    if below(high) >= 0:
        return None
    return 1 + math.exp(brentq(below, low, high, xtol=1e-12, rtol=1e-14))
