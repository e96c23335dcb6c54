"""Which part of the law rules at a given eta: clean pairs, corrupted pairs, or the teacher's leak.

At a fixed threshold the filtered scale is V = (kappa r^2 / gamma) P / (N M^2) + leak^2 V_teacher, where
M = eta M_1 + (1 - eta) M_0 is the kept score mass.  As eta falls
  "clean": clean pairs supply most of M, and V falls with eta (like 1/eta at large thresholds);
  "flat": corrupted pairs supply most of M: filtering manufactures signal, V is free of eta;
  "leak": most of V is what the student inherits from its teacher, and V grows like 1/eta^2 again.
The sample size cancels from both boundaries; only the ratio N / n_T of the two samples stays.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from bounds.law.scales import Side, exact_half, selection, unfiltered_scales
from bounds.law.score import Score

if TYPE_CHECKING:
    import sympy as sp

Regime = Literal["clean", "flat", "leak"]
SMALLEST_ETA = 1e-12
"""Where the search for the leak's boundary begins."""

LEAST_ETA = 1e-140
"""Where it gives up: 1/eta^2 is still a double."""


def flat_boundary(r: int, gamma: float, gamma_tilde: float, theta: float) -> float:
    """The eta below which corrupted pairs supply most of M: M_0 / (M_0 + M_1).

    At theta = 0 and high SNR it is about 1/sqrt(2 pi r).
    """
    clean = _mass(r, gamma, gamma_tilde, theta, clean=True)
    corrupted = _mass(r, gamma, gamma_tilde, theta, clean=False)
    return corrupted / (corrupted + clean)


def leak_share(
    eta: float, r: int, gamma: float, gamma_tilde: float, theta: float, size_ratio: float, side: Side = "left"
) -> float:
    """The part of V on `side` that the student inherits; `size_ratio` is N / n_T."""
    chosen = selection(Score(r, eta, gamma, gamma_tilde), theta)
    index = 0 if side == "left" else 1
    leak = float(chosen.leak_left if side == "left" else chosen.leak_right)
    inherited = leak**2 * unfiltered_scales(1.0, eta, gamma, gamma_tilde)[index] * size_ratio
    fresh = float(chosen.fresh_scales(1.0)[index])
    return inherited / (inherited + fresh) if inherited > 0 else 0.0


def leak_boundary(
    r: int, gamma: float, gamma_tilde: float, theta: float, size_ratio: float = 1.0, side: Side = "left"
) -> float | None:
    """The eta below which the inherited part is most of V; None if that never happens above `LEAST_ETA`.

    Without noise it never does.  Returns 1.0 when it rules at every eta.  `leak_boundary_at_zero` says how
    it moves with r and gamma.
    """
    from scipy.optimize import brentq

    def excess(log_eta: float) -> float:
        share = leak_share(math.exp(log_eta), r, gamma, gamma_tilde, theta, size_ratio, side)
        return share - 0.5

    if math.isinf(gamma if side == "left" else gamma_tilde):
        return None
    low, high = math.log(SMALLEST_ETA), 0.0
    # At theta = r/2 and large r corrupted pairs hardly pass, and the boundary is tiny.
    while excess(low) < 0:
        low *= 2
        if low < math.log(LEAST_ETA):
            return None
    if excess(high) > 0:
        return 1.0
    return math.exp(float(brentq(excess, low, high, xtol=1e-10)))


def leak_boundary_at_zero(r: Any, gamma: Any, gamma_tilde: Any, size_ratio: Any = 1) -> sp.Expr:
    """Small-eta limit of the boundary at theta = 0, left side, exact in r and both SNRs.

    (1/(1+gamma)) (E_0(0)/r) sqrt(N / (2 n_T)) with E_0(0) of corrupted pairs in closed form.  It is the
    boundary wherever the result is well below `flat_boundary`.
    """
    import sympy as sp

    r = sp.sympify(r)
    a_x, a_y = 1 + 1 / sp.sympify(gamma), 1 + 1 / sp.sympify(gamma_tilde)
    mean = 2 / sp.sqrt(sp.pi) * sp.sqrt(a_x * a_y) * sp.gamma((r + 1) / 2) / sp.gamma(r / 2)
    return mean / r * sp.sqrt(sp.sympify(size_ratio) / 2) / (1 + sp.sympify(gamma))


def regime(
    eta: float,
    r: int,
    gamma: float,
    gamma_tilde: float,
    theta: float,
    size_ratio: float = 1.0,
    side: Side = "left",
) -> Regime:
    """The part of the law that rules at this eta and threshold."""
    if leak_share(eta, r, gamma, gamma_tilde, theta, size_ratio, side) > 0.5:
        return "leak"
    return "flat" if eta < flat_boundary(r, gamma, gamma_tilde, theta) else "clean"


def crossings(
    r: int, gamma: float, gamma_tilde: float, theta: float | None = None, side: Side = "left"
) -> tuple[float, ...]:
    """Every eta in [1e-9, 1] at which thresholds 0 and `theta` (default r/2) serve the oracle equally.

    In ascending order.  At high SNR there are two for every r >= 2: theta = r/2 is better between them,
    theta = 0 below the first and above the second, which lies near 1.  The first tends to 1/(pi r) as r
    grows, not to the printed 1/r^2.  At r = 1 there is none.

    Found as changes of sign between 120 points (ratio 1.26 below 0.74, denser above), so two crossings closer
    than that are missed; `bounds.law.crossings` certifies their number for theta = r/2.
    """
    import numpy as np
    from scipy.optimize import brentq

    thresholds = np.array([0.0, r / 2 if theta is None else theta])

    def log_ratio(log_eta: float) -> float:
        chosen = selection(Score(r, math.exp(log_eta), gamma, gamma_tilde), thresholds)
        kappa = chosen.kappa_right if side == "left" else chosen.kappa_left
        # V without its factor 1/gamma, which is 0 without noise.
        zero, other = kappa / (chosen.retained * chosen.multiple**2)
        return math.log(other / zero)

    grid = np.concatenate([np.linspace(math.log(1e-9), -0.3, 90), np.linspace(-0.29, 0.0, 30)])
    values = np.array([log_ratio(x) for x in grid])
    found = np.flatnonzero(values[:-1] * values[1:] < 0)
    return tuple(math.exp(float(brentq(log_ratio, grid[k], grid[k + 1], xtol=1e-11))) for k in found)


def one_round_gain_limit(gamma: Any, size_ratio: Any = 1) -> Any:
    """What one round can gain in one side's error over the unfiltered fit on all pairs, as eta -> 0.

    sqrt((N + (1 + gamma)^2 n_T) / (N + n_T)) with `size_ratio` = N / n_T: as if each of the teacher's
    pairs counted (1 + gamma)^2 times; gamma is the side's.  The threshold is far below 0 (note: `filtered`).
    """
    return ((size_ratio + (1 + gamma) ** 2) / (size_ratio + 1)) ** exact_half(gamma)


def _mass(r: int, gamma: float, gamma_tilde: float, theta: float, clean: bool) -> float:
    """M_c(theta) = E[S; S > theta] of one class."""
    from bounds.law.score import conditional_mean, log_tail

    tail = math.exp(float(log_tail(theta, r, gamma, gamma_tilde, clean)))
    return tail * float(conditional_mean(theta, r, gamma, gamma_tilde, clean)) if tail > 0 else 0.0
