r"""The law of the oracle's score S = <U^T x, U~^T x~>, for each class of pairs and for their mixture.

Given v = U~^T x~, S is normal with mean k |v|^2 / a~ and variance (a - k^2/a~) |v|^2, where a = 1 + 1/gamma,
a~ = 1 + 1/gamma_tilde, k = 1 for clean pairs and 0 for corrupted ones, and |v|^2 / a~ is chi-square with
r degrees of freedom.  So S is variance-gamma, the law of the difference of two independent gammas of
shape r/2 and scales s + k and s - k, s = sqrt(a a~) (Section 6.1 of the paper names only its moments).
Size-biasing the chi-square turns every conditional moment into the tail and the density of the *same*
law with r + 2 in place of r, which in turn is

    P_{r+2}(theta) = P_r(theta) + k p_{r+2}(theta) + theta p_r(theta) / r,

so one tail and two densities give everything below, without cancellation:

    E[S; S > theta]       = k (r P_r + theta p_r) + r a a~ p_{r+2}
    E[|v|^2; S > theta]   = r a~ P_{r+2},      E[|v|^2 delta(S - theta)] = r a~ p_{r+2}.

Numbers here are double precision, vectorised over theta.  Accuracy, tested at its edges: relative error below
1e-11 in every quantity for r from 1 to 10 000, gamma and gamma_tilde from 1e-6 to infinity and tails from 1 -
1e-300 to 1e-300, beyond which it grows like |log P| * 1e-15.  `bounds.law.score_reference` has the same
quantities to any precision, `bounds.paper.score_proofs` as SymPy expressions.  Proofs: proofs_notes/score.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from bounds.law.score_contour import Array, Evaluation, Parameters

CACHED = 256
"""Up to this many thresholds, a Score keeps its latest evaluations: its methods share them."""

Side = Literal["left", "right"]
"""Which modality: "left" is x (with U, gamma), "right" is x~ (with U~, gamma_tilde)."""


def log_tail(theta: ArrayLike, r: int, gamma: float, gamma_tilde: float, clean: bool) -> Any:
    """log P_c(theta) = log P(S > theta) of one class, same shape as theta; +-inf allowed."""
    return _evaluate(theta, r, gamma, gamma_tilde, clean)[1].log_tail[()]


def log_density(theta: ArrayLike, r: int, gamma: float, gamma_tilde: float, clean: bool) -> Any:
    """log p_c(theta), the variance-gamma density of one class; infinite at theta = 0 for r = 1."""
    return _evaluate(theta, r, gamma, gamma_tilde, clean)[1].log_density[()]


def conditional_mean(theta: ArrayLike, r: int, gamma: float, gamma_tilde: float, clean: bool) -> Any:
    """E_c(theta) = E[S | S > theta] of one class; c * r at theta = -inf."""
    law, values = _evaluate(theta, r, gamma, gamma_tilde, clean, finite_above=True)
    return _mean(_points(theta), law, values)[()]


def conditional_squared_norm(
    theta: ArrayLike, r: int, gamma: float, gamma_tilde: float, clean: bool, side: Side = "right"
) -> Any:
    """E[|v|^2 | S > theta] (right, v = U~^T x~) or E[|u|^2 | S > theta] (left, u = U^T x) of one class."""
    law, values = _evaluate(theta, r, gamma, gamma_tilde, clean, finite_above=True)
    return (law.r * _variance(gamma, gamma_tilde, side) * _lift(_points(theta), law, values))[()]


def squared_norm_density(
    theta: ArrayLike, r: int, gamma: float, gamma_tilde: float, clean: bool, side: Side = "right"
) -> Any:
    """E[|v|^2 delta(S - theta)] (right) or E[|u|^2 delta(S - theta)] (left) of one class."""
    import numpy as np

    law, values = _evaluate(theta, r, gamma, gamma_tilde, clean)
    return (law.r * _variance(gamma, gamma_tilde, side) * np.exp(values.log_lifted_density))[()]


@dataclass(frozen=True)
class Score:
    """The score of a random pair: clean with probability eta, else corrupted.

    Every method is vectorised over theta, which is on the scale where a clean score has mean r.
    Conditioning on S > theta weighs the classes by eta P_1 / P and (1 - eta) P_0 / P.
    Raises ValueError for eta outside [0, 1], r < 1 or gamma not in (0, inf].
    """

    r: int
    eta: float
    gamma: float
    gamma_tilde: float

    def __post_init__(self) -> None:
        from bounds.law.score_contour import parameters

        if not 0.0 <= self.eta <= 1.0:
            raise ValueError(f"eta must lie in [0, 1], got {self.eta!r}")
        parameters(self.r, self.gamma, self.gamma_tilde, clean=True)

    def log_tail(self, theta: ArrayLike) -> Any:
        """log P(S > theta)."""
        return _plain(self._weigh(theta).log_tail)

    def log_cdf(self, theta: ArrayLike) -> Any:
        """log P(S <= theta)."""
        return _plain(self._weigh(theta).log_cdf)

    def tail(self, theta: ArrayLike) -> Any:
        """P(S > theta): the share of scored pairs that the filter keeps."""
        import numpy as np

        return np.exp(self.log_tail(theta))

    def density(self, theta: ArrayLike) -> Any:
        """p(theta)."""
        import numpy as np

        at = self._weigh(theta)
        return (np.exp(at.log_tail) * at.mix(lambda _, values: values.hazard))[()]

    def mean(self, theta: ArrayLike) -> Any:
        """E[S | S > theta]; eta r at theta = -inf."""
        return self._weigh(theta, finite_above=True).mean()[()]

    def multiple(self, theta: ArrayLike) -> Any:
        """c(theta) = E[S | S > theta] / r: the filtered cross-covariance is c(theta) U U~^T (Eq. 10)."""
        return self.mean(theta) / self.r

    def kappa(self, theta: ArrayLike, side: Side) -> Any:
        """E[|v|^2 | S > theta] / r (right) or E[|u|^2 | S > theta] / r (left): the kept pairs' variance."""
        import numpy as np

        at = self._weigh(theta, finite_above=True)
        with np.errstate(over="ignore"):
            lift = at.mix(lambda law, values: _lift(at.theta, law, values))
            return (_variance(self.gamma, self.gamma_tilde, side) * lift)[()]

    def posterior(self, theta: ArrayLike) -> Any:
        """P(clean | S > theta) = eta P_1 / P."""
        return _plain(self._weigh(theta, finite_above=True).weights[0])

    def leak(self, theta: ArrayLike, side: Side) -> Any:
        """The share of the teacher's angular error that the student inherits, to first order.

        lambda_L = (1 - eta (r P_1 + theta p_1) / M) / (1 + gamma) with M = E[S; S > theta], computed as
        r a a~ p_{r+2} / M / (1 + gamma), p_{r+2} the mixture's density at r + 2: the same number, as the
        identity for E[S; S > theta] above shows, with nothing subtracted.  gamma_tilde for the right.
        """
        import numpy as np

        at = self._weigh(theta, finite_above=True)
        lifted = at.mix(lambda law, values: law.r * law.root * (law.root * values.lifted_hazard))
        gamma = of_side(side, self.gamma, self.gamma_tilde)
        with np.errstate(invalid="ignore", over="ignore"):  # far above the last score nothing is kept
            return (lifted / at.mean() / (1.0 + gamma))[()]

    def quantile(self, retained: float) -> float:
        """The threshold that keeps the share `retained` in (0, 1] of the pairs; -inf for all of them."""
        if not 0.0 < retained <= 1.0:
            raise ValueError(f"retained must lie in (0, 1], got {retained!r}")
        if retained == 1.0:
            return -math.inf
        from scipy.optimize import brentq

        from bounds.law.score_contour import parameters

        if retained <= 0.5:
            target = math.log(retained)

            def excess(theta: float) -> float:
                return max(-1e6, target - float(self.log_tail(theta)))
        else:
            target = math.log1p(-retained)

            def excess(theta: float) -> float:
                return max(-1e6, float(self.log_cdf(theta)) - target)

        center = self.eta * self.r
        spread = parameters(self.r, self.gamma, self.gamma_tilde, clean=False).root
        width = math.sqrt(self.r) * math.hypot(1.0, spread)
        low, high = center - width, center + width
        while excess(low) > 0.0:
            low, width = low - width, 2.0 * width
        while excess(high) < 0.0:
            high, width = high + width, 2.0 * width
        return float(brentq(excess, low, high, xtol=1e-30, rtol=1e-15, maxiter=500))

    def _weigh(self, theta: ArrayLike, finite_above: bool = False) -> _Weighed:
        points = _points(theta)
        if finite_above:
            _require_finite_above(points)
        weigh = _weigh if points.size <= CACHED else _weigh.__wrapped__
        return weigh(self, points.shape, points.tobytes())


@dataclass(frozen=True)
class _Weighed:
    """Both classes at theta with their weights after conditioning on S > theta; clean first."""

    theta: Array
    log_tail: Array
    log_cdf: Array
    weights: tuple[Array, ...]
    classes: tuple[tuple[Parameters, Evaluation], ...]

    def mix(self, quantity: Any) -> Array:
        """The weighted mean over the classes of quantity(law, values); a weight of 0 silences infinity."""
        import numpy as np

        total = np.zeros(self.theta.shape)
        for weight, (law, values) in zip(self.weights, self.classes, strict=True):
            total = total + np.where(weight > 0.0, weight * quantity(law, values), 0.0)
        return total

    def mean(self) -> Array:
        """E[S | S > theta]."""
        return self.mix(lambda law, values: _mean(self.theta, law, values))


@lru_cache(maxsize=64)
def _weigh(score: Score, shape: tuple[int, ...], raw: bytes) -> _Weighed:
    import numpy as np

    from bounds.law.score_contour import evaluate, log1mexp, parameters

    theta = np.frombuffer(raw).reshape(shape)
    classes, log_tails, log_cdfs = [], [], []
    for clean, weight in ((True, score.eta), (False, 1.0 - score.eta)):
        law = parameters(score.r, score.gamma, score.gamma_tilde, clean)
        values = evaluate(theta, law)
        log_weight = math.log(weight) if weight else -math.inf
        classes.append((law, values))
        log_tails.append(log_weight + values.log_tail)
        log_cdfs.append(log_weight + values.log_cdf)
    log_tail, log_cdf = np.logaddexp(*log_tails), np.logaddexp(*log_cdfs)
    # Of the two, the smaller probability is accurate; the other follows from it.
    mostly_kept = log_tail > log_cdf
    with np.errstate(invalid="ignore", divide="ignore"):
        log_tail, log_cdf = (
            np.where(mostly_kept, log1mexp(log_cdf), log_tail),
            np.where(mostly_kept, log_cdf, log1mexp(log_tail)),
        )
        weights = tuple(np.exp(part - log_tail) for part in log_tails)  # NaN where nothing is kept
    return _Weighed(theta, log_tail, log_cdf, weights, tuple(classes))


def _evaluate(
    theta: ArrayLike, r: int, gamma: float, gamma_tilde: float, clean: bool, finite_above: bool = False
) -> tuple[Parameters, Evaluation]:
    from bounds.law import score_contour

    law = score_contour.parameters(r, gamma, gamma_tilde, clean)
    if finite_above:
        _require_finite_above(_points(theta))
    return law, score_contour.evaluate(theta, law)


def _require_finite_above(theta: Array) -> None:
    if (theta == math.inf).any():
        raise ValueError("theta must be less than inf: nothing exceeds it")


def _plain(values: Array) -> Any:
    """A copy that the caller may change; a NumPy scalar for a single threshold."""
    return values.copy()[()]


def _points(theta: ArrayLike) -> Array:
    import numpy as np

    return np.asarray(theta, dtype=np.float64)


def _times_hazard(theta: Array, values: Evaluation) -> Array:
    """theta p_r / P_r, with its limit 0 at theta = 0, where p_1 is infinite, and at -inf."""
    import numpy as np

    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(np.isinf(values.hazard) | np.isinf(theta), 0.0, theta * values.hazard)


def _mean(theta: Array, law: Parameters, values: Evaluation) -> Array:
    clean_part = law.covariance * (law.r + _times_hazard(theta, values))
    lifted: Array = law.r * law.root * (law.root * values.lifted_hazard)
    return clean_part + lifted


def _lift(theta: Array, law: Parameters, values: Evaluation) -> Array:
    """P_{r+2} / P_r."""
    clean_part = law.covariance * values.lifted_hazard if law.covariance else 0.0  # 0 times inf is 0 here
    return 1.0 + clean_part + _times_hazard(theta, values) / law.r


def of_side(side: Side, left: float, right: float) -> float:
    """The argument that belongs to the modality; raises ValueError for any other name."""
    if side not in ("left", "right"):
        raise ValueError(f'side must be "left" or "right", got {side!r}')
    return left if side == "left" else right


def _variance(gamma: float, gamma_tilde: float, side: Side) -> float:
    return 1.0 + 1.0 / max(of_side(side, gamma, gamma_tilde), 1e-300)  # a reciprocal within range
