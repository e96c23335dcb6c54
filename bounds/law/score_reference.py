r"""The oracle score's law to any precision: the same quantities as `bounds.law.score`, by other means.

The score is the difference of two independent gammas, S = A X - B Y with X, Y ~ Gamma(r/2, 1), A = s + k
and B = s - k, so for theta >= 0

    P(S > theta) = E[Q(r/2, (theta + B Y) / A)],    Q the regularised upper incomplete gamma function,

an integral of positive terms that is regular at B = 0.  It is taken by mpmath's quadrature between the
points where the integrand has fallen below the wanted precision (the integrand is log-concave, so what is
left out is smaller still); Q and the Bessel function of the density come from Arb (python-flint) as
enclosures, and the working precision is raised until they are narrow enough.  Conditional moments use
P_{r+2} from a quadrature of its own: neither the contour integral nor the recurrence in r that
`bounds.law.score` relies on appears here, so agreement of the two is evidence for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mpmath import mp

from bounds import precision
from bounds.law.score import Side, of_side

DIGITS = 30
"""Default number of significant digits."""

MAX_BITS = 400_000
"""Where raising the working precision stops."""

Real = Any
"""An int, a float (possibly infinite where stated), or an mpmath number."""


@dataclass(frozen=True)
class _Law:
    """A class's parameters as mpmath numbers: see `bounds.law.score_contour.Parameters`."""

    r: int
    right_scale: Any
    left_scale: Any
    root: Any
    determinant: Any
    covariance: int


def _law(r: int, gamma: Real, gamma_tilde: Real, clean: bool) -> _Law:
    from bounds.law.score_contour import parameters

    parameters(r, float(gamma), float(gamma_tilde), clean)  # raises on values that are not allowed
    noise, noise_tilde = 1 / mp.mpf(gamma), 1 / mp.mpf(gamma_tilde)
    k = 1 if clean else 0
    determinant = noise + noise_tilde + noise * noise_tilde + (1 - k)
    root = mp.sqrt((1 + noise) * (1 + noise_tilde))
    return _Law(int(r), root + k, determinant / (root + k), root, determinant, k)


def _enclosed(function: Callable[[], Any], digits: int, extra_bits: int = 0) -> Any:
    """The value of an Arb computation to `digits` significant digits, as an mpmath number.

    `extra_bits` are added to the working precision that is tried first.
    """
    bits = int(3.33 * digits) + 10
    working = 2 * bits + extra_bits
    while working < MAX_BITS:
        with precision.bits(working):
            value = function()
            if value.rel_accuracy_bits() >= bits or value == 0:
                mantissa, exponent = value.mid().man_exp()
                return mp.ldexp(int(mantissa), int(exponent))
        working *= 2
    raise ArithmeticError(f"no enclosure with {digits} digits below {MAX_BITS} bits of working precision")


@dataclass(frozen=True)
class ClassMp:
    """One class's law to about `digits` digits, at one threshold at a time: see `bounds.law.score`."""

    r: int
    gamma: Real
    gamma_tilde: Real
    clean: bool
    digits: int = DIGITS

    def log_tail(self, theta: Real) -> Any:
        """log P_c(theta), precise also relative to 1 - P_c where P_c is near 1."""
        return self._rounded(lambda at, law: _log_tail_and_cdf(at, law)[0], theta)

    def log_cdf(self, theta: Real) -> Any:
        """log(1 - P_c(theta)), with the same care."""
        return self._rounded(lambda at, law: _log_tail_and_cdf(at, law)[1], theta)

    def log_density(self, theta: Real) -> Any:
        """log p_c(theta): the variance-gamma density by its Bessel function."""
        return self._rounded(_log_density, theta)

    def mean(self, theta: Real) -> Any:
        """E_c(theta) = E[S | S > theta], as r (k P_{r+2} + (a a~ - k^2) p_{r+2}) / P_r."""
        return self._rounded(_mean, theta)

    def squared_norm(self, theta: Real, side: Side = "right") -> Any:
        """E[|v|^2 | S > theta] (right) or E[|u|^2 | S > theta] (left), as r a~ P_{r+2} / P_r."""
        return self._rounded(lambda at, law: self._mean_square(side) * _lift(at, law), theta)

    def squared_norm_density(self, theta: Real, side: Side = "right") -> Any:
        """E[|v|^2 delta(S - theta)] (right) or E[|u|^2 delta(S - theta)] (left), as r a~ p_{r+2}."""
        return self._rounded(
            lambda at, law: self._mean_square(side) * mp.exp(_log_density(at, _up(law))), theta
        )

    def _mean_square(self, side: Side) -> Any:
        return _mean_square(self.r, self.gamma, self.gamma_tilde, side)

    def _rounded(self, quantity: Callable[[Any, _Law], Any], theta: Real) -> Any:
        return _rounded(
            lambda: quantity(mp.mpf(theta), _law(self.r, self.gamma, self.gamma_tilde, self.clean)),
            self.digits,
        )


@dataclass(frozen=True)
class ScoreMp:
    """The mixture's law to `digits` digits at one threshold at a time: see `bounds.law.score.Score`."""

    r: int
    eta: Real
    gamma: Real
    gamma_tilde: Real
    digits: int = DIGITS

    def log_tail(self, theta: Real) -> Any:
        """log P(S > theta)."""
        return self._rounded(lambda: mp.log(sum(self._masses(theta))))

    def log_density(self, theta: Real) -> Any:
        """log p(theta)."""
        return self._rounded(lambda: mp.log(self._mix(lambda law: mp.exp(_log_density(mp.mpf(theta), law)))))

    def mean(self, theta: Real) -> Any:
        """E[S | S > theta]."""
        return self._rounded(lambda: self._conditional(theta, _mean))

    def multiple(self, theta: Real) -> Any:
        """c(theta) = E[S | S > theta] / r."""
        return self._rounded(lambda: self._conditional(theta, _mean) / self.r)

    def kappa(self, theta: Real, side: Side) -> Any:
        """E[|v|^2 | S > theta] / r (right) or E[|u|^2 | S > theta] / r (left)."""
        return self._rounded(
            lambda: _mean_square(1, self.gamma, self.gamma_tilde, side) * self._conditional(theta, _lift)
        )

    def posterior(self, theta: Real) -> Any:
        """P(clean | S > theta)."""

        def value() -> Any:
            clean, corrupted = self._masses(theta)
            return clean / (clean + corrupted)

        return self._rounded(value)

    def leak(self, theta: Real, side: Side) -> Any:
        """lambda(theta) as (1 - eta (r P_1 + theta p_1) / M) / (1 + gamma): the form with the difference.

        The working precision grows until the difference keeps `digits` digits.
        """
        extra = 0
        while True:
            with precision.digits(self.digits + 15 + extra):
                at = mp.mpf(theta)
                law = _law(self.r, self.gamma, self.gamma_tilde, True)
                clean, corrupted = self._masses(theta)
                mass = clean * _mean(at, law) + corrupted * _mean(
                    at, _law(self.r, self.gamma, self.gamma_tilde, False)
                )
                drift = at * mp.exp(_log_density(at, law)) if at else 0
                kept = mp.mpf(self.eta) * (self.r * mp.exp(_log_tail_and_cdf(at, law)[0]) + drift)
                share = 1 - kept / mass
                lost = -mp.log10(abs(share)) if share else self.digits + 15
                if lost <= extra + 5:
                    gamma = mp.mpf(of_side(side, self.gamma, self.gamma_tilde))
                    value = share / (1 + gamma)
                    break
                extra = int(lost) + 5
        with precision.digits(self.digits):
            return +value

    def _rounded(self, function: Callable[[], Any]) -> Any:
        return _rounded(function, self.digits)

    def _laws(self) -> tuple[_Law, _Law]:
        return (
            _law(self.r, self.gamma, self.gamma_tilde, True),
            _law(self.r, self.gamma, self.gamma_tilde, False),
        )

    def _mix(self, quantity: Callable[[_Law], Any]) -> Any:
        clean, corrupted = self._laws()
        eta = mp.mpf(self.eta)
        return eta * quantity(clean) + (1 - eta) * quantity(corrupted)

    def _masses(self, theta: Real) -> tuple[Any, Any]:
        clean, corrupted = (mp.exp(_log_tail_and_cdf(mp.mpf(theta), law)[0]) for law in self._laws())
        eta = mp.mpf(self.eta)
        return eta * clean, (1 - eta) * corrupted

    def _conditional(self, theta: Real, quantity: Callable[[Any, _Law], Any]) -> Any:
        masses = self._masses(theta)
        values = [quantity(mp.mpf(theta), law) for law in self._laws()]
        return sum(m * v for m, v in zip(masses, values, strict=True)) / sum(masses)


def _rounded(function: Callable[[], Any], digits: int) -> Any:
    with precision.digits(digits + 10):
        value = function()
    with precision.digits(digits):
        return +value


def _mean_square(r: int, gamma: Real, gamma_tilde: Real, side: Side) -> Any:
    """E|v|^2 = r a~ (right) or E|u|^2 = r a (left)."""
    return r * (1 + 1 / mp.mpf(of_side(side, gamma, gamma_tilde)))


def _mean(theta: Any, law: _Law) -> Any:
    if theta == -mp.inf:
        return mp.mpf(law.r * law.covariance)
    slope = law.determinant * mp.exp(_log_density(theta, _up(law)) - _log_tail_and_cdf(theta, law)[0])
    return law.r * (law.covariance * _lift(theta, law) + slope)


def _lift(theta: Any, law: _Law) -> Any:
    return mp.exp(_log_tail_and_cdf(theta, _up(law))[0] - _log_tail_and_cdf(theta, law)[0])


def _up(law: _Law) -> _Law:
    return _Law(law.r + 2, law.right_scale, law.left_scale, law.root, law.determinant, law.covariance)


def _log_density(theta: Any, law: _Law) -> Any:
    from flint import arb

    order, m = mp.mpf(law.r - 1) / 2, mp.mpf(law.r) / 2
    if mp.isinf(theta):
        return -mp.inf
    if law.determinant == 0:
        if theta <= 0:
            if theta == 0 and law.r <= 2:
                return mp.inf if law.r == 1 else -mp.log(law.right_scale)
            return -mp.inf
        ratio = theta / law.right_scale
        return (m - 1) * mp.log(ratio) - ratio - mp.loggamma(m) - mp.log(law.right_scale)
    norm = mp.log(mp.pi * law.determinant) / 2 + mp.loggamma(m) + order * mp.log(2 * law.root)
    if theta == 0:
        if order == 0:
            return mp.inf
        limit = mp.loggamma(order) + (order - 1) * mp.log(2)
        return limit + order * mp.log(law.determinant / law.root) - norm
    size = abs(theta)
    at = size * law.root / law.determinant
    bessel = _enclosed(lambda: arb(at).bessel_k(arb(order)).log(), mp.dps)
    return order * mp.log(size) + bessel + theta * law.covariance / law.determinant - norm


def _log_tail_and_cdf(theta: Any, law: _Law) -> tuple[Any, Any]:
    """(log P, log(1 - P)): the smaller of the two probabilities by quadrature, the other from it."""
    return _tails(theta, law, mp.prec)


@lru_cache(maxsize=256)
def _tails(theta: Any, law: _Law, working: int) -> tuple[Any, Any]:
    # `working` is mpmath's precision, given only to tell cached results apart.
    if theta == -mp.inf:
        return mp.mpf(0), -mp.inf
    if theta == mp.inf:
        return -mp.inf, mp.mpf(0)
    if theta < 0:
        small, upper = _log_probability(-theta, law.r, law.left_scale, law.right_scale, True), False
    else:
        upper = bool(theta >= law.r * law.covariance)
        small = _log_probability(theta, law.r, law.right_scale, law.left_scale, upper)
    other = mp.log1p(-mp.exp(small))
    return (small, other) if upper else (other, small)


def _log_probability(theta: Any, r: int, scale: Any, other: Any, upper: bool) -> Any:
    """log P(scale X - other Y > theta), or <= theta if not `upper`, for theta >= 0."""
    from flint import arb

    m = mp.mpf(r) / 2
    if scale == 0:
        return -mp.inf if upper else mp.mpf(0)
    digits = mp.dps

    def incomplete(z: Any) -> Any:
        if z == 0:
            return mp.mpf(1 if upper else 0)
        if upper:
            return _enclosed(lambda: arb(z).gamma_upper(arb(m), regularized=1), digits)

        if m <= 50:
            return _enclosed(lambda: arb(z).gamma_lower(arb(m), regularized=1), digits)
        # Arb's lower function is slow or gives no enclosure at large m: the difference from 1, with the
        # digits that it cancels (Chernoff's bound says how many) added beforehand.
        lost = max(mp.mpf(0), z - m - m * mp.log(z / m)) if z < m else 0
        return _enclosed(lambda: 1 - arb(z).gamma_upper(arb(m), regularized=1), digits, int(1.45 * lost))

    if other == 0:
        chi_square = incomplete(theta / scale)
        return mp.log(chi_square) if chi_square else -mp.inf
    weight = scale / (scale + other)  # Y = weight * x^2

    def log_integrand(x: Any) -> Any:
        value = incomplete(theta / scale + (1 - weight) * x * x)
        if value == 0 or (x == 0 and r > 1):
            return -mp.inf
        return (r - 1) * (mp.log(x) if r > 1 else 0) - weight * x * x + mp.log(value)

    low, peak, high = _support(log_integrand, float(mp.sqrt(4 * m + 10)), (digits + 10) * mp.log(10))
    top = log_integrand(peak)
    integral = _quadrature(lambda x: mp.exp(log_integrand(x) - top), [low, peak, high], digits)
    return top + mp.log(integral) + mp.log(2) - mp.loggamma(m) + m * mp.log(weight)


def _support(log_integrand: Callable[[Any], Any], reach: float, drop: Any) -> tuple[Any, Any, Any]:
    """(low, peak, high): a log-concave integrand on (0, inf) has fallen by exp(-drop) outside."""
    from scipy.optimize import minimize_scalar

    with precision.digits(20):
        found = minimize_scalar(
            lambda x: float(max(-log_integrand(mp.mpf(float(x))), mp.mpf("-1e300"))),
            bounds=(0.0, reach),
            method="bounded",
            options={"xatol": 1e-4 * reach},
        )
        peak = mp.mpf(float(found.x))
        floor = log_integrand(peak) - drop

        def edge(inside: Any, outside: Any) -> Any:
            for _ in range(12):
                middle = (inside + outside) / 2
                if log_integrand(middle) > floor:
                    inside = middle
                else:
                    outside = middle
            return outside

        low = mp.mpf(0) if log_integrand(mp.mpf("1e-9")) > floor else edge(peak, mp.mpf(0))
        outside = 2 * peak
        while log_integrand(outside) > floor:
            outside *= 2
        return low, peak, edge(peak, outside)


def _quadrature(function: Callable[[Any], Any], points: list[Any], digits: int) -> Any:
    """mpmath's tanh-sinh rule, its degree raised until its own error estimate is below the precision."""
    degree = 6
    while True:
        value, error = mp.quad(function, points, error=True, maxdegree=degree)
        if error <= abs(value) * mp.mpf(10) ** (5 - digits) or degree >= 12:
            return value
        degree += 1
