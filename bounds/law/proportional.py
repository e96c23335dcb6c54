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
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import chndtrix, ndtr

from bounds.law.error import ErrorLaw, moments
from bounds.law.kept_pairs import ORACLE, Model, View
from bounds.law.outlier import Array, Fit, Noise, Signal, leading, shows

NODES = ((-math.sqrt(3.0), 1 / 6), (0.0, 2 / 3), (math.sqrt(3.0), 1 / 6))
"""Gauss-Hermite: (node, weight) of a standard normal variable."""

FOLDED = 8.0
"""Standard deviations between a normal variable's mean and 0 beyond which it has no other sign."""

FAINTEST_SIGNAL = 1e-130
"""What a fainter signal is raised to, so that its square can be inverted: any noise hides it."""

FAINTEST_SCALE = 1e-300
"""Likewise, for its reciprocal."""

FEWEST = 30.0
"""Kept pairs a latent dimension below which the law was off by more than 10% in some measured setting."""

MOST_UNEVEN = 0.1
"""Relative variance of a signal block's entries, times r, above which the law was, too."""

MEASURED = 0.1
"""Relative error of a trusted law: benchmarks/any_sample_size.py found no setting beyond it."""

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


@dataclass(frozen=True)
class Limits:
    """Limits of the fits of one procedure in many settings, or at many thresholds, all of one shape.

    `fits` and `kept` as in `AnySizeLaw`, with arrays for numbers.
    """

    model: Model
    fits: tuple[Fit, ...]
    kept: Any

    def means(self) -> Array:
        """E[ERR] of each, at most the root of r."""
        (left, left_dof), (right, right_dof) = self._chis()
        found = np.empty(np.shape(left))
        dofs = np.stack(np.broadcast_arrays(left_dof, right_dof), axis=-1)
        for pair in {tuple(each) for each in dofs.reshape(-1, 2)}:
            here = (dofs == pair).all(axis=-1)
            found[here] = moments(left[here], right[here], *(int(dof) for dof in pair))[0]
        return np.asarray(np.minimum(found, math.sqrt(self.model.r)))

    def rough_means(self) -> Array:
        """`means` for searching: the sides taken as normal (Clark 1961); a per mille off at 10 dimensions."""
        centres, spreads = [], []
        for scale, dof in self._chis():
            k = np.maximum(dof, 1)
            mean = np.sqrt(k) * (1 - 1 / (4 * k) + 1 / (32 * k * k))
            centres.append(np.sqrt(scale) * mean)
            spreads.append(np.sqrt(scale) * np.sqrt(np.maximum(k - mean**2, 0.0)))
        together = np.maximum(np.hypot(*spreads), 1e-300)
        z = (centres[0] - centres[1]) / together
        density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
        found = centres[0] * ndtr(z) + centres[1] * ndtr(-z) + together * density
        return np.asarray(np.minimum(found, math.sqrt(self.model.r)))

    def trusted(self) -> Any:
        """Where the law is to be trusted."""
        found: Any = True
        for where, _ in _doubts(self.model, self.fits, self.kept):
            found = found & ~where
        return found

    def law(self) -> AnySizeLaw:
        """The law, of a single setting and threshold."""
        (left, left_dof), (right, right_dof) = self._chis()
        law = ErrorLaw(float(left), float(right), int(left_dof), int(right_dof))
        doubts = _doubts(self.model, self.fits, self.kept)
        reason = next((why for where, why in doubts if where), "").format(kept=float(self.kept))
        return AnySizeLaw(law, math.sqrt(self.model.r), self.fits, float(self.kept), not reason, reason)

    def _chis(self) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        model, last = self.model, self.fits[-1]
        return (
            _chi(model.d, model.r, last.left_cosine, last.left_sine, last.left_variance),
            _chi(model.d_tilde, model.r, last.right_cosine, last.right_sine, last.right_variance),
        )


def unfiltered_law(model: Model, pairs: float) -> AnySizeLaw:
    """The law of the unfiltered estimator on `pairs` > 1 pairs."""
    return unfiltered_limits(model, pairs).law()


def oracle_law(
    model: Model, scored: float, *, theta: float | None = None, retain: float | None = None
) -> AnySizeLaw:
    """The law of the fit on what the oracle keeps of `scored` pairs.

    `theta` is on the oracle's scale (clean mean r), `retain` the share that is kept: give one.
    """
    return oracle_limits(model, scored, theta=theta, retain=retain).law()


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
    found = teacher_limits(model, teacher_pairs, scored, theta=theta, retain=retain, rounds=rounds)
    return found.law()


def unfiltered_limits(model: Model, pairs: Any) -> Limits:
    """`unfiltered_law` for arrays of settings and sizes."""
    return Limits(model, (unfiltered_fit(model, pairs),), pairs)


def oracle_limits(model: Model, scored: Any, *, theta: Any = None, retain: float | None = None) -> Limits:
    """`oracle_law` for arrays of settings, sizes and thresholds."""
    fit, kept = _student(model, ORACLE, scored, theta, retain, _raw_oracle_scale(model))
    return Limits(model, (fit,), kept)


def teacher_limits(
    model: Model,
    teacher_pairs: Any,
    scored: Any,
    *,
    theta: Any = None,
    retain: float | None = None,
    rounds: int = 1,
) -> Limits:
    """`teacher_law` for arrays of settings, sizes and thresholds."""
    fits = [unfiltered_fit(model, teacher_pairs)]
    scales = [model.eta]
    if rounds > 1:
        scales += [_multiple(model, theta) if theta is not None else 1.0] * (rounds - 1)
    kept: Any = 0.0
    for scale in scales:
        fit, kept = _student(model, fits[-1], scored, theta, retain, scale)
        fits.append(fit)
    return Limits(model, tuple(fits), kept)


def unfiltered_fit(model: Model, pairs: Any) -> Fit:
    """The limit of the unfiltered estimator, or of a teacher, on `pairs` > 1 pairs."""
    return _averaged(model, model.all_pairs, pairs)


def _raw_oracle_scale(model: Model) -> Any:
    """The oracle's matrix is U U~^T itself, of which `ORACLE.value` = 1 is in units of sqrt(a a_tilde)."""
    return 1 / np.maximum(model.correlation, FAINTEST_SCALE)


def _multiple(model: Model, theta: Any) -> Any:
    """c(theta), what a student's matrix tends to: the same cross-moment that the oracle's filter makes."""
    view = View(model, ORACLE)
    _, signal, _ = view.kept(view.threshold(theta, _raw_oracle_scale(model)))
    return signal.cross[..., 0, 0] / np.maximum(model.correlation, FAINTEST_SCALE)


def _student(
    model: Model, teacher: Fit, scored: Any, theta: Any, retain: float | None, scale: Any
) -> tuple[Fit, Any]:
    """The limit of a student, and the expected number of pairs that it keeps."""
    if (theta is None) == (retain is None):
        raise ValueError("give one of theta and retain")
    view = View(model, teacher)
    cut = view.threshold(theta, scale) if theta is not None else view.quantile(float(retain or 0.0))
    share, signal, inner = view.kept(cut)
    kept = scored * share
    return _averaged(model, signal, kept, inner**2 * teacher.unevenness), kept


def effective(pairs: Any) -> Any:
    """Pairs less the one that the sample mean costs; kept off 0, where nothing is learned anyway."""
    return np.maximum(np.subtract(pairs, 1.0), 1e-6)


def noise_of(model: Model, pairs: Any) -> Noise:
    """The noise of a fit on `pairs` pairs."""
    size = effective(pairs)
    return Noise(*model.noise_shares, (model.d - model.r) / size, (model.d_tilde - model.r) / size)


def _averaged(model: Model, signal: Signal, pairs: Any, inherited: Any = 0.0) -> Fit:
    """The limit of a fit, averaged over the signal block's own sampling noise.

    To second order the mean of V over a block c I + s G is (1 + (r + 2) s^2 / c^2) c^-2: that of a normal
    multiple of variance (r + 2) s^2 / 3.  Of what a student inherits from its teacher's block (relative
    variance `inherited`) only stretching counts, and selection damps it by r / (r + 2).
    """
    noise, r = noise_of(model, pairs), model.r
    main = np.maximum(np.abs(signal.cross[..., 0, 0]), FAINTEST_SIGNAL)
    left_power = signal.left_excess[..., 0, 0] + noise.left
    right_power = signal.right_excess[..., 0, 0] + noise.right
    sampling = left_power * right_power / effective(pairs)
    stretched = ((r + 1) / 2 - 1 / r) * (r / (r + 2)) ** 2
    width = np.sqrt(sampling * (r + 2) / 3 + main**2 * inherited * stretched)
    nodes = _folded(main, width)
    shape = nodes.shape[1:]
    cross = np.array(np.broadcast_to(signal.cross, (*nodes.shape, 2, 2)))
    cross[..., 0, 0] = np.maximum(nodes, FAINTEST_SIGNAL)
    fit = leading(Signal(cross, signal.left_excess, signal.right_excess), noise)
    left = _mean_angle(fit.left_cosine, fit.left_sine)
    right = _mean_angle(fit.right_cosine, fit.right_sine)
    turned = (stretched + (r - 1) / 2) / r
    uneven = np.minimum(sampling / main / main + inherited * turned, 1e6)
    one_of = 3 / ((r + 2) * r)
    value, separation, gap = (
        np.broadcast_to(field[1], shape)[()] for field in (fit.value, fit.separation, fit.gap)
    )
    return Fit(
        *left[:2], *right[:2], value, separation, gap, uneven, left[2] * one_of, right[2] * one_of
    )  # fmt: skip


def _folded(main: Any, width: Any) -> Array:
    """Nodes of |c + s g|, g standard normal: its quantiles where Gauss-Hermite's nodes have theirs.

    For s << c they are those nodes.  A node of c + s g itself would pass 0 at some s, and the law with it.
    """
    places = [node for node, _ in NODES]
    main, width = np.broadcast_arrays(np.asarray(main, dtype=float), np.asarray(width, dtype=float))
    nodes = np.asarray(main + np.multiply.outer(places, width))
    folds = main < FOLDED * width
    if folds.any():
        ratio = main[folds] / width[folds]
        squares = chndtrix(ndtr(places)[:, None], 1.0, ratio * ratio)
        nodes[:, folds] = width[folds] * np.sqrt(squares)
    return nodes


def _mean_angle(cosines: Array, sines: Array) -> tuple[Any, Any, Any]:
    """Root mean squares of cosine and sine over `NODES`, and the relative variance of the squared sine."""
    weights = np.array([weight for _, weight in NODES])
    cosine = np.sqrt(np.tensordot(weights, cosines**2, 1))
    # A sine of 1e-160 squared would be 0.
    largest = np.max(sines, axis=0)
    parts = (sines / np.where(largest > 0, largest, 1.0)) ** 2
    mean = np.tensordot(weights, parts, 1)
    variance = np.tensordot(weights, (parts / np.where(mean > 0, mean, 1.0) - 1) ** 2, 1)
    return cosine[()], (largest * np.sqrt(mean))[()], np.where(largest > 0, variance, 0.0)[()]


def _chi(d: Any, r: int, cosine: Any, sine: Any, extra: Any) -> tuple[Array, Array]:
    """(scale, degrees of freedom) of one side's squared error.

    The space is that of c I + s G over s G_perp, G of entries N(0, 1/(d - r)): share A V / (1 + (A + B) V)
    of r with A ~ chi^2_{(d-r) r} / r, B ~ chi^2_{r r} / r, V = tan^2 / (d - r).  For V -> 0 that is
    V chi^2_{(d-r) r}, for V -> inf an unrelated subspace's; here a scaled chi with its mean and variance.
    """
    p = np.subtract(d, r)
    exact = (p == 0) | (sine == 0)
    p_ = np.maximum(p, 1)
    base = cosine**2 + d / p_ * sine**2
    relative = ((cosine**2 + r / p_ * sine**2) ** 2 * 2 / (p_ * r) + 2 * (sine**2 / p_) ** 2) / base**2
    dof = np.where(exact, p * r, np.maximum(1.0, np.rint(2 / (relative + extra)))).astype(np.int64)
    return np.where(exact, 0.0, r * sine**2 / base / np.maximum(dof, 1)), dof


def _doubts(model: Model, fits: tuple[Fit, ...], kept: Any) -> tuple[tuple[Any, str], ...]:
    """(where the law is not to be trusted, why) for every bound that was measured, the first one first."""
    last, r = fits[-1], model.r
    uneven, narrow = 0.0, math.inf
    for fit in fits:
        uneven, narrow = np.maximum(uneven, fit.unevenness), np.minimum(narrow, fit.gap)
    return (
        (np.less(kept, FEWEST * r), f"{{kept:.3g}} pairs are kept, fewer than {FEWEST:g} a latent dimension"),
        ((uneven * r > MOST_UNEVEN) & (last.separation > 0), "the signal's own sampling noise is not small"),
        (np.less(narrow, NARROWEST), "a second family of singular values is nearly as strong"),
    )


@dataclass(frozen=True)
class Transition:
    """Where the leading singular values leave the noise's spectrum, in the limit of large dimensions.

    `pairs` is the sample size (pairs scored, with the oracle's filter) from which they do, inf where no
    number of pairs a double can count is enough; `unpaired` the one from which they would if no pair were
    clean: the modality's own covariance shows through, and one of the two sides is learned.  None where
    that never happens.
    """

    pairs: float
    unpaired: float | None


def transition(model: Model, *, theta: float | None = None) -> Transition:
    """The transition of the unfiltered estimator, or of the oracle-filtered one at `theta`; eta > 0."""
    share, signal = 1.0, model.all_pairs
    if theta is not None:
        view = View(model, ORACLE)
        share, signal, _ = view.kept(view.threshold(theta, _raw_oracle_scale(model)))
    unpaired = Signal(np.zeros((2, 2)), signal.left_excess, signal.right_excess)
    pairs = _leaves(model, signal)
    alone = _leaves(model, unpaired)
    return Transition(math.inf if pairs is None else pairs / share, None if alone is None else alone / share)


def _leaves(model: Model, signal: Signal) -> float | None:
    """The number of pairs from which a singular value leaves the spectrum; None if it never does."""

    def below(log_pairs: float) -> float:
        return float(shows(signal, noise_of(model, 1 + math.exp(log_pairs))))

    low, high = math.log(1e-5), math.log(1e40)
    if below(low) < 0:
        return 1.0
    if below(high) >= 0:
        return None
    return 1 + math.exp(brentq(below, low, high, xtol=1e-12, rtol=1e-14))
