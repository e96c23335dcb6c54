"""Eq. 24, 27-29, Lemma 11, Corollary 1 and Proposition 1 with numbers in place of "up to a constant".

Every bound rests on three facts about Gaussians, used with failure probability exp(-t) each:
given Y, the product X^T Y is Gaussian with row scale ||Y||; an m x k standard Gaussian matrix has
norm at most sqrt(m) + sqrt(k) + sqrt(2t) and least singular value at least sqrt(m) - sqrt(k) -
sqrt(2t) (Davidson and Szarek); a norm is 1-Lipschitz.  Derivations: proofs_notes/concentration.md.
"""

from __future__ import annotations

import sympy as sp

from bounds.symbols import a_x, a_y, d, d_tilde, delta, eta, gamma, gamma_tilde, n, r, t

_s = sp.sqrt(2 * t)
_m = n - 1  # degrees of freedom of S_n after centring
_root_m = sp.sqrt(_m)
_noise_x, _noise_y = d - r, d_tilde - r  # dimensions that hold noise alone


def _at(expression: sp.Expr, events: int) -> sp.Expr:
    """`expression` in t, with t such that `events` failures of probability exp(-t) make up delta."""
    return expression.subs(t, sp.log(events / delta))


# Corollary 1.  With S_n in blocks [[P, Q], [R, T]] in the bases (U, U_perp), (U~, U~_perp):
# ERR <= max(||R||_F, ||Q||_F) / (sigma_r(P) - ||T||).  Eleven Gaussian or binomial events.
_clean_low = n * eta - sp.sqrt(2 * n * eta * t)  # Chernoff: at least so many clean pairs
_q = sp.sqrt(r) + _s
_gap = (
    _clean_low
    - 2 * _q * sp.sqrt(_clean_low)
    - sp.sqrt(a_x * a_y) * (2 * sp.sqrt(r) + _s) * (_root_m + _q)
    - sp.sqrt(1 / (gamma * gamma_tilde))
    * (sp.sqrt(_noise_x) + sp.sqrt(_noise_y) + _s)
    * (_root_m + sp.sqrt(_noise_y) + _s)
) / _m
_off_diagonal = (
    sp.Max(
        sp.sqrt(a_y / gamma) * (sp.sqrt(_noise_x * r) + _s),
        sp.sqrt(a_x / gamma_tilde) * (sp.sqrt(_noise_y * r) + _s),
    )
    * (_root_m + _q)
    / _m
)
_EVENTS = 11

COROLLARY_1_GAP: sp.Expr = _at(_gap, _EVENTS)
"""Lower bound of sigma_r(U^T S_n U~) - ||U_perp^T S_n U~_perp||, which tends to eta."""

COROLLARY_1_SAMPLES: sp.Expr = _at(
    72 * a_x * a_y * (sp.sqrt(d) + sp.sqrt(d_tilde) + _s) ** 2 / eta**2, _EVENTS
)
"""With at least so many pairs COROLLARY_1_GAP >= eta/2."""

COROLLARY_1_EXPLICIT: sp.Expr = _at(_off_diagonal, _EVENTS) / COROLLARY_1_GAP
"""ERR of the unfiltered estimator is at most this with probability >= 1 - delta, if the gap is > 0."""

COROLLARY_1_CONDITION: sp.Basic = sp.Ge(n, COROLLARY_1_SAMPLES)

# Proposition 1.  r = 1 and a second modality without directions of pure noise (gamma_tilde = oo, or
# d_tilde = 1): S_n has rank one, and the cotangent of the left angle is explicit.  Seven events.
_clean_high = n * eta + sp.sqrt(2 * n * eta * t) + 2 * t / 3  # Bernstein: at most so many
_k = d - 1
_chi_low = sp.Max(
    sp.sqrt(_k - sp.Rational(1, 2)) - _s,  # Lipschitz; E chi_k >= sqrt(k - 1/2)
    sp.sqrt(_k) * sp.exp(-sp.Rational(1, 2) - t / _k),  # Chernoff: positive for every k and t
)
_cotangent = (
    ((sp.sqrt(_clean_high) + _s) ** 2 + 2 * t * sp.sqrt(_clean_high / n))
    / (sp.sqrt(_m - sp.Rational(1, 2)) - _s)
    + sp.sqrt(a_x * a_y) * _s
) / (sp.sqrt(a_y / gamma) * _chi_low)

PROPOSITION_1_EXPLICIT: sp.Expr = _at(1 / sp.sqrt(1 + _cotangent**2), 7)
"""ERR of the unfiltered estimator is at least this with probability >= 1 - delta in that instance."""

PROPOSITION_1_CONDITION: sp.Basic = sp.And(sp.Ge(d, 2), sp.Ge(n, 2 * sp.log(7 / delta) + 2))
"""Two dimensions at least, and a positive bound for the norm of n - 1 normals."""
