"""The larger of two independent scaled chi variables: the first-order law of ERR (Eq. 4).

The squared left error is V_L chi^2 with (d - r) r degrees of freedom, the squared right error
V_R chi^2 with (d_tilde - r) r, independent of each other (proof note: sharp).  Everything here is a
number in double precision; SciPy evaluates the incomplete gamma functions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

NODES_PER_PANEL = 12


@dataclass(frozen=True)
class ErrorLaw:
    """The law of max{sqrt(V_L chi^2_kL), sqrt(V_R chi^2_kR)}.

    `left_scale`, `right_scale` are V_L, V_R >= 0 on the scale of squared chordal distance;
    `left_dof`, `right_dof` >= 0 are (d - r) r and (d_tilde - r) r.  A side without degrees of
    freedom or with scale 0 has no error.
    """

    left_scale: float
    right_scale: float
    left_dof: int
    right_dof: int

    def __post_init__(self) -> None:
        for name in ("left_scale", "right_scale", "left_dof", "right_dof"):
            value = getattr(self, name)
            if not 0 <= value < math.inf:
                raise ValueError(f"{name} must be finite and non-negative, got {value!r}")

    @cached_property
    def _moments(self) -> tuple[float, float]:
        mean, std = moments([self.left_scale], [self.right_scale], self.left_dof, self.right_dof)
        return float(mean[0]), float(std[0])

    @property
    def mean(self) -> float:
        """E[ERR]."""
        return self._moments[0]

    @property
    def std(self) -> float:
        """Standard deviation of ERR."""
        return self._moments[1]

    @property
    def root_mean_squares(self) -> tuple[float, float]:
        """Root mean square of the left and of the right error."""
        return math.sqrt(self.left_scale * self.left_dof), math.sqrt(self.right_scale * self.right_dof)

    @property
    def left(self) -> ErrorLaw:
        """The law of the left error alone."""
        return ErrorLaw(self.left_scale, 0.0, self.left_dof, 0)

    def cdf(self, error: ArrayLike) -> Array:
        """P(ERR <= error), vectorised."""
        import numpy as np

        t = np.asarray(error, dtype=float)
        left = _scaled_chi_cdf(t, self.left_scale, self.left_dof)
        return np.asarray(left * _scaled_chi_cdf(t, self.right_scale, self.right_dof))

    def sf(self, error: ArrayLike) -> Array:
        """P(ERR > error), vectorised, to full relative accuracy."""
        import numpy as np

        t = np.asarray(error, dtype=float)
        left = _scaled_chi_sf(t, self.left_scale, self.left_dof)
        right = _scaled_chi_sf(t, self.right_scale, self.right_dof)
        return np.asarray(left + right - left * right)

    def quantile(self, probability: float) -> float:
        """The error that is exceeded with probability 1 - `probability`, in [0, 1)."""
        if not 0 <= probability < 1:
            raise ValueError(f"probability must lie in [0, 1), got {probability!r}")
        sides = [(v, k) for v, k in self._sides() if v * k > 0]
        if not sides or probability == 0:
            return 0.0
        if len(sides) == 1:
            return _scaled_chi_quantile(probability, *sides[0])
        from scipy.optimize import brentq

        # F_L F_R = p forces both factors above p; where both reach sqrt(p) the product does too.
        low = max(_scaled_chi_quantile(probability, *side) for side in sides)
        high = max(_scaled_chi_quantile(math.sqrt(probability), *side) for side in sides)
        if not low < high or float(self.cdf(low)) >= probability:
            return low
        high *= 1 + 1e-12
        return float(brentq(lambda t: float(self.cdf(t)) - probability, low, high, xtol=1e-300, rtol=1e-13))

    def as_dict(self) -> dict[str, float]:
        """Mean, standard deviation, scales and degrees of freedom, by the documented names."""
        return {
            "mean": self.mean,
            "std": self.std,
            "left_scale": self.left_scale,
            "right_scale": self.right_scale,
            "left_dof": self.left_dof,
            "right_dof": self.right_dof,
        }

    def _sides(self) -> tuple[tuple[float, int], tuple[float, int]]:
        return (self.left_scale, self.left_dof), (self.right_scale, self.right_dof)


def chi_mean(dof: int) -> float:
    """E of a chi variable: sqrt(2) Gamma((k+1)/2) / Gamma(k/2); 0 without degrees of freedom."""
    if dof == 0:
        return 0.0
    if dof < 1000:
        return math.sqrt(2) * math.exp(math.lgamma((dof + 1) / 2) - math.lgamma(dof / 2))
    # The two log-gammas agree in all but their last digits when k is large; the ratio's series does not.
    x = 1 / dof
    return math.sqrt(dof) * (1 - x / 4 + x**2 / 32 + 5 * x**3 / 128 - 21 * x**4 / 2048)


def moments(
    left_scales: Sequence[float] | Array, right_scales: Sequence[float] | Array, left_dof: int, right_dof: int
) -> tuple[Array, Array]:
    """Mean and standard deviation of the maximum, for arrays of scales (m,) with common dof.

    Gauss-Legendre between quantiles of both variables, so that each distribution function is
    resolved on its own scale however unequal the two are.  Relative error below 1e-13 up to thousands of
    degrees of freedom, about 1e-11 at 10^8 (the accuracy of the incomplete gamma function there).
    """
    import numpy as np

    left = np.sqrt(np.asarray(left_scales, dtype=float))[:, None] * _chi_grid(left_dof)
    right = np.sqrt(np.asarray(right_scales, dtype=float))[:, None] * _chi_grid(right_dof)
    # Below the larger of the two lowest points, and above the highest, nothing is left to integrate.
    low = np.maximum(left[:, 0], right[:, 0])
    high = np.maximum(left[:, -1], right[:, -1])
    edges = np.sort(np.clip(np.concatenate([left, right], axis=1), low[:, None], high[:, None]), axis=1)
    nodes, weights = np.polynomial.legendre.leggauss(NODES_PER_PANEL)
    half = 0.5 * np.diff(edges, axis=1)
    t = (edges[:, :-1] + half)[..., None] + half[..., None] * nodes
    weight = half[..., None] * weights
    scale_l = np.asarray(left_scales, dtype=float)[:, None, None]
    scale_r = np.asarray(right_scales, dtype=float)[:, None, None]
    below = _scaled_chi_cdf(t, scale_l, left_dof) * _scaled_chi_cdf(t, scale_r, right_dof)
    above = 1.0 - below  # exact to 1e-16 of the whole, which is all that an integral over it needs
    # E X = c + int_c^inf P(X > t) - int_0^c P(X <= t), and likewise E (X - c)^2: with c near the mean
    # no digits cancel.  c is an edge, so no panel straddles it.
    middle = edges[:, edges.shape[1] // 2]
    for _ in range(2):
        upper = t > middle[:, None, None]
        shift = np.sum(weight * np.where(upper, above, -below), axis=(1, 2))
        nearest = np.argmin(np.abs(edges - (middle + shift)[:, None]), axis=1)
        middle = edges[np.arange(len(edges)), nearest]
    upper = t > middle[:, None, None]
    shift = np.sum(weight * np.where(upper, above, -below), axis=(1, 2))
    distance = np.abs(t - middle[:, None, None])
    second = np.sum(weight * 2 * distance * np.where(upper, above, below), axis=(1, 2))
    return middle + shift, np.sqrt(np.maximum(second - shift**2, 0.0))


@lru_cache(maxsize=256)
def _chi_grid(dof: int) -> Array:
    """Quantiles of chi_dof at the levels of a normal variable from -9.5 to 9.5, shape (20,)."""
    import numpy as np
    from scipy.special import gammainccinv, gammaincinv, ndtr

    z = np.arange(-9.5, 10.0, 1.0)
    if dof == 0:
        return np.zeros(len(z))
    lower = gammaincinv(dof / 2, ndtr(np.minimum(z, 0.0)))
    upper = gammainccinv(dof / 2, ndtr(-np.maximum(z, 0.0)))
    return np.asarray(np.sqrt(2 * np.where(z < 0, lower, upper)))


def _half_square(t: Any, scale: Any) -> Any:
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # t/sqrt(V) before squaring: t^2 would underflow for errors below 1e-154.
        return np.where(np.asarray(scale) > 0, 0.5 * (t / np.sqrt(scale)) ** 2, np.inf)


def _scaled_chi_cdf(t: Any, scale: Any, dof: int) -> Any:
    import numpy as np
    from scipy.special import gammainc

    if dof == 0:
        return np.where(t >= 0, 1.0, 0.0)
    return np.where(t >= 0, gammainc(dof / 2, _half_square(t, scale)), 0.0)


def _scaled_chi_sf(t: Any, scale: Any, dof: int) -> Any:
    import numpy as np
    from scipy.special import gammaincc

    if dof == 0:
        return np.where(t >= 0, 0.0, 1.0)
    return np.where(t >= 0, gammaincc(dof / 2, _half_square(t, scale)), 1.0)


def _scaled_chi_quantile(probability: float, scale: float, dof: int) -> float:
    from scipy.special import gammainccinv, gammaincinv

    low = probability < 0.5
    half = gammaincinv(dof / 2, probability) if low else gammainccinv(dof / 2, 1 - probability)
    return math.sqrt(scale) * math.sqrt(2 * float(half))
