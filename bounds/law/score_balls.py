"""The score's tail and truncated mean in ball arithmetic, for every correlation and latent dimension.

Scaled to sigma_u sigma_v = 1, the sum S of r products of Gaussians with correlation k in [0, 1] is
(1+k) G_1 - (1-k) G_2 with G_1, G_2 independent Gamma(r/2): u v is a difference of squares of the
independent (u+v)/2 and (u-v)/2.  With T = G_1 + G_2 ~ Gamma(r) and the independent
G_1/T ~ Beta(r/2, r/2) = (1 + cos chi)/2 the score is T (k + cos chi), so

    P(S > theta)    =     c_r  integral of sin(chi)^(r-1)                 Q(r,   theta/(k + cos chi)),
    E[S; S > theta] = r * c_r  integral of sin(chi)^(r-1) (k + cos chi)   Q(r+1, theta/(k + cos chi))

over chi from 0 to arccos(-k), with c_r = Gamma((r+1)/2) / (sqrt(pi) Gamma(r/2)) and Q the regularised
upper incomplete gamma function.  Both rise with k.  For even r = 2m they are finite sums: with the
probabilities p_l of a Poisson number with mean theta/(1+k), and F_i, the chance of at most i successes
of chance (1-k)/2 each before m failures,

    P(S > theta)     =       sum_{l < m} p_l F_{m-1-l},
    E[(S - theta)_+] = (1+k) sum_{l < m} p_l (F_0 + ... + F_{m-1-l}).

Derived in proofs_notes/tails.md.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import sympy as sp
from flint import acb, acb_poly, arb, arb_poly, ctx

from bounds.proof.enclose import Ball, Rational, ball, integrate, precision

TAIL = sp.Function("Tail")
"""`tail` as a name in what is written down: Tail(r, correlation, theta)."""

MASS = sp.Function("Mass")
"""`truncated_mean` as a name in what is written down: Mass(r, correlation, theta)."""


def _upper_gamma(shape: int, x: Ball) -> Ball:
    """Q(shape, x) = exp(-x) (1 + x + ... + x^(shape-1)/(shape-1)!) for a whole shape >= 1."""
    return _exponential_head(shape, isinstance(x, acb), ctx.prec)(x) * (-x).exp()


@lru_cache(maxsize=64)
def _exponential_head(shape: int, complex_values: bool, bits: int) -> Callable[[Ball], Ball]:
    """The first `shape` terms of the exponential series, as a polynomial that Arb evaluates."""
    coefficients = [1 / arb.fac_ui(j) for j in range(shape)]
    polynomial: Callable[[Ball], Ball] = (acb_poly if complex_values else arb_poly)(coefficients)
    return polynomial


def _integral(r: int, correlation: Fraction, theta: Fraction, weighted: bool, bits: int) -> Ball:
    """P(S > theta), or E[S; S > theta] if weighted, as the integral over chi."""
    with precision(bits):
        k = ball(correlation)
        half = ball(Fraction(r, 2))
        power = 1 if weighted else 0
        constant = r**power * (half + ball(Fraction(1, 2))).gamma() / (arb.pi().sqrt() * half.gamma())

        level = ball(theta)
        head = _exponential_head(r + power, True, bits)

        # Called hundreds of times an integral: whatever does not depend on chi stays outside.
        def integrand(chi: Ball, analytic: bool) -> Ball:
            sine, cosine = chi.sin_cos()
            width = k + cosine
            kernel = sine ** (r - 1) * width if weighted else sine ** (r - 1)
            if not theta:
                return kernel
            x = level / width
            return kernel * head(x) * (-x).exp()

        if theta == 0:
            return constant * integrate(integrand, acb(0), acb((-k).acos()))
        # Near k + cos(chi) = 0 the kernel has an essential singularity, where it vanishes faster
        # than any power: cut at `least`; Q falls in its argument, so the rest is bounded by its end.
        least = min(theta / (bits + 8 * r), (1 + correlation) / 2)
        cut = (ball(least) - k).acos()
        body = integrate(integrand, acb(0), acb(cut))
        rest = arb.pi() * _upper_gamma(r + power, ball(theta / least))
        return constant * (body + (rest * ball(least) ** power * arb(0.5, 0.5)))


def _sums(r: int, correlation: Fraction, theta: Fraction, weighted: bool, bits: int) -> Ball:
    """The same for even r, from the sums: all terms are positive, so no digit is lost."""
    m = r // 2
    with precision(bits):
        success, failure = ball((1 - correlation) / 2), ball((1 + correlation) / 2)
        mean = ball(theta / (1 + correlation))
        poisson = [(-mean).exp()]
        number = failure**m
        at_most, summed = [number], [number]
        for i in range(1, m):
            poisson.append(poisson[-1] * mean / i)
            number = number * success * (m + i - 1) / i
            at_most.append(at_most[-1] + number)
            summed.append(summed[-1] + at_most[-1])
        share = sum((x * y for x, y in zip(poisson, reversed(at_most), strict=True)), arb(0))
        if not weighted:
            return share
        excess = sum((x * y for x, y in zip(poisson, reversed(summed), strict=True)), arb(0))
        return ball(1 + correlation) * excess + ball(theta) * share


@lru_cache(maxsize=20000)
def _moment(r: int, correlation: Fraction, theta: Fraction, weighted: bool, bits: int) -> Ball:
    return (_integral if r % 2 else _sums)(r, correlation, theta, weighted, bits)


def tail(r: int, correlation: Rational, theta: Rational) -> Ball:
    """P(S > theta) for theta >= 0 and correlation in [0, 1], at the precision in force."""
    return _moment(r, Fraction(correlation), Fraction(theta), False, ctx.prec)


def truncated_mean(r: int, correlation: Rational, theta: Rational) -> Ball:
    """E[S; S > theta] for theta >= 0 and correlation in [0, 1], at the precision in force."""
    return _moment(r, Fraction(correlation), Fraction(theta), True, ctx.prec)


def excess(r: int, correlation: Rational, theta: Rational) -> Ball:
    """E[(S - theta)_+], which rises with the correlation and falls with theta."""
    return truncated_mean(r, correlation, theta) - ball(Fraction(theta)) * tail(r, correlation, theta)
