"""The first-order law of the error: exact scales V_L, V_R for every estimator of the paper.

As the sample sizes grow with all else fixed, the squared left error is V_L chi^2_{(d-r)r}, the squared
right error V_R chi^2_{(d_tilde-r)r}, independent of each other; ERR is the root of the larger
(`bounds.law.error`).  Derivations: notes `unfiltered`, `filtered` and `sharp`.

The formulas are plain arithmetic, written once: called with numbers or arrays they compute, called
with the declared symbols they are the SymPy expressions that `expressions` returns.  Only the left
side is written out; the right side is the left one with the modalities exchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from bounds.law.error import ErrorLaw, moments

if TYPE_CHECKING:
    import numpy as np
    import sympy as sp
    from numpy.typing import ArrayLike, NDArray

    from bounds.law.score import Score

    Array = NDArray[np.float64]

Side = Literal["left", "right"]

TINIEST = 1e-300
"""The reciprocal of a smaller gamma may be out of range."""


def unfiltered_scale(pairs: Any, eta: Any, gamma: Any, a_other: Any) -> Any:
    """V_L of the unfiltered estimator (Eq. 6) on `pairs` pairs; `a_other` is 1 + 1/gamma_tilde."""
    return a_other / gamma / pairs / eta / eta  # one at a time: a square or product may be out of range


def filtered_scale(pairs: Any, gamma: Any, retained: Any, multiple: Any, kappa: Any) -> Any:
    """V_L of the fit on the pairs that the oracle's score keeps out of `pairs` scored ones.

    `retained` is P(S > theta), `multiple` is c = E[S | S > theta] / r, the multiple of U U~^T that the
    kept pairs' cross-covariance tends to, and `kappa` is E[|v|^2 | S > theta] / r for v = U~^T x~.
    """
    return kappa / multiple / gamma / multiple / pairs / retained


def inherited_scale(fresh: Any, leak: Any, teacher: Any) -> Any:
    """V_L of a student: its own noise plus what leaks of its teacher's error (scale `teacher`)."""
    return fresh + leak**2 * teacher


def repeated_scale(fresh: Any, leak: Any, teacher: Any, rounds: Any) -> Any:
    """V_L after `rounds` rounds of fresh pairs, each student the next one's teacher.

    `inherited_scale` applied `rounds` times: a geometric series with limit fresh / (1 - leak^2).
    """
    decay = leak ** (2 * rounds)
    return fresh * (1 - decay) / (1 - leak**2) + decay * teacher


def crossed_scale(fresh: Any, leak: Any, teacher: Any, retained: Any, multiple: Any, eta: Any) -> Any:
    """V_L of one fit on what two halves keep, each scored by the other half's teacher.

    `fresh` and `teacher` are one half's. Every pair is used twice: a half's own noise (covariance `fresh`
    retained multiple / eta with its teacher's error) meets what the other half inherits of that error.
    """
    return (fresh + leak**2 * teacher) / 2 + leak * fresh * retained * multiple / eta


def leak_factor(gamma: Any, eta: Any, r: Any, tail_1: Any, edge_1: Any, mass: Any) -> Any:
    """The share of the teacher's left angular error that a student inherits to first order.

    `tail_1` is P_1(theta), `edge_1` is theta p_1(theta), `mass` is M(theta) = E[S; S > theta].  The
    closed form of gamma^{-1} E[|v|^2 delta(S - theta)] / M by Stein's identity.
    """
    return (1 - eta * (r * tail_1 + edge_1) / mass) / (1 + gamma)


def squared_norm(
    a_own: Any, a_other: Any, eta: Any, r: Any, tail: Any, edge: Any, tail_1: Any, edge_1: Any, mass_1: Any
) -> Any:
    """E[|v|^2; S > theta] for v = U~^T x~ by Stein's identity, from the score's tail, density and mass.

    `tail` and `edge` are P and theta p of the mixture; index 1 marks the clean class.
    """
    return a_other * (r * tail + edge) + eta * (mass_1 - r * tail_1 - edge_1) / a_own


def corollary_1_ratio(d: Any, r: Any, gamma: Any) -> Any:
    """Root-mean-square left error over Corollary 1's rate (d >= d_tilde), as n grows: at most 1.

    Free of n, eta and gamma_tilde.  It tends to 1 as gamma -> 0 and r/d -> 0, so no smaller absolute
    constant will do; as gamma -> inf it vanishes like gamma^{-1/2}, which answers Remark 4.1.
    """
    return ((1 - r / d) / (1 + gamma)) ** exact_half(d)


def proposition_1_ratio(d: Any) -> Any:
    """Root-mean-square error over Proposition 1's rate at its instance (r = 1, gamma_tilde = inf).

    sqrt(1 - 1/d): below 1 always, and 0 at d = 1, where the proposition says nothing.
    """
    return (1 - 1 / d) ** exact_half(d)


def exact_half(like: Any) -> Any:
    """1/2, exact next to a SymPy object."""
    if hasattr(like, "free_symbols"):
        import sympy as sp

        return sp.Rational(1, 2)
    return 0.5


@dataclass(frozen=True)
class Selection:
    """What keeping the pairs with S > theta does to the population; arrays shaped like theta.

    `retained` is P, `multiple` c, `kappa_right` E[|U~^T x~|^2 | S > theta] / r (it enters V_L) and
    `kappa_left` the same of U^T x (it enters V_R); `leak_left` and `leak_right` are the leaks.
    """

    theta: Array
    retained: Array
    multiple: Array
    kappa_left: Array
    kappa_right: Array
    leak_left: Array
    leak_right: Array
    gamma: float
    gamma_tilde: float

    def fresh_scales(self, scored: ArrayLike) -> tuple[Array, Array]:
        """(V_L, V_R) of the oracle-filtered fit on `scored` pairs."""
        import numpy as np

        pairs = np.asarray(scored, dtype=float)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return (
                filtered_scale(pairs, self.gamma, self.retained, self.multiple, self.kappa_right),
                filtered_scale(pairs, self.gamma_tilde, self.retained, self.multiple, self.kappa_left),
            )

    def student_scales(
        self, teacher: tuple[Any, Any], scored: ArrayLike, rounds: Any = 1
    ) -> tuple[Array, Array]:
        """(V_L, V_R) after `rounds` rounds of `scored` fresh pairs, from a teacher with these scales."""
        left, right = self.fresh_scales(scored)
        return (
            _repeated(left, self.leak_left, teacher[0], rounds),
            _repeated(right, self.leak_right, teacher[1], rounds),
        )

    def crossed_scales(self, teacher: tuple[Any, Any], half: float, eta: float) -> tuple[Array, Array]:
        """(V_L, V_R) of the fit on what two halves of `half` pairs keep, each the other's teacher."""
        left, right = self.fresh_scales(half)
        kept = self.retained, self.multiple, eta
        return (
            crossed_scale(left, self.leak_left, teacher[0], *kept),
            crossed_scale(right, self.leak_right, teacher[1], *kept),
        )


def _repeated(fresh: Array, leak: Array, teacher: Any, rounds: Any) -> Array:
    """`repeated_scale` in numbers: at a leak of 1 to rounding (gamma -> 0) nothing is forgotten."""
    import numpy as np

    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        found = repeated_scale(fresh, leak, teacher, rounds)
        return np.asarray(np.where(leak**2 < 1, found, rounds * fresh + teacher))


def selection(score: Score, theta: ArrayLike) -> Selection:
    """The population quantities of the filter at `theta` (any shape; -inf keeps every pair)."""
    import numpy as np

    at = np.asarray(theta, dtype=float)
    return Selection(
        theta=at,
        retained=np.asarray(score.tail(at)),
        multiple=np.asarray(score.multiple(at)),
        kappa_left=np.asarray(score.kappa(at, side="left")),
        kappa_right=np.asarray(score.kappa(at, side="right")),
        leak_left=np.asarray(score.leak(at, side="left")),
        leak_right=np.asarray(score.leak(at, side="right")),
        gamma=score.gamma,
        gamma_tilde=score.gamma_tilde,
    )


def unfiltered_scales(pairs: Any, eta: float, gamma: float, gamma_tilde: float) -> tuple[float, float]:
    """(V_L, V_R) of the unfiltered estimator, or of a teacher, on `pairs` pairs."""
    return (
        unfiltered_scale(pairs, eta, gamma, 1 + 1 / max(gamma_tilde, TINIEST)),
        unfiltered_scale(pairs, eta, gamma_tilde, 1 + 1 / max(gamma, TINIEST)),
    )


def error_law(scales: tuple[Any, Any], d: int, d_tilde: int, r: int) -> ErrorLaw:
    """The law of ERR with these (V_L, V_R): degrees of freedom (d - r) r and (d_tilde - r) r."""
    return ErrorLaw(float(scales[0]), float(scales[1]), (d - r) * r, (d_tilde - r) * r)


def mean_errors(scales: tuple[Array, Array], d: int, d_tilde: int, r: int) -> Array:
    """E[ERR] for arrays of scales, shape as theirs."""
    import numpy as np

    left, right = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in scales))
    mean, _ = moments(left.ravel(), right.ravel(), (d - r) * r, (d_tilde - r) * r)
    return mean.reshape(left.shape)


def rms(scale: sp.Expr, d: sp.Expr, r: sp.Expr) -> sp.Expr:
    """Root-mean-square left error, the root of (d - r) r V_L."""
    import sympy as sp

    return sp.sqrt((d - r) * r * scale)


@cache
def expressions() -> Mapping[str, sp.Expr]:
    """The law in the declared symbols, by name; exchange the modalities with `exchange` for the right side.

    `scale_*` are V_L; `rms_*` are sqrt((d - r) r V_L), the root-mean-square left error.  N pairs are
    scored, n_T train the teacher, n the unfiltered estimator.
    """
    from types import MappingProxyType

    from bounds import symbols as s

    teacher = unfiltered_scale(s.n_T, s.eta, s.gamma, s.a_y)
    fresh = filtered_scale(s.N, s.gamma, s.P, s.c, s.kappa_right)
    mass = s.eta * s.mass_1 + (1 - s.eta) * s.mass_0
    tail = s.eta * s.tail_1 + (1 - s.eta) * s.tail_0
    edge_1, edge_0 = s.theta * s.density_1, s.theta * s.density_0
    edge = s.eta * edge_1 + (1 - s.eta) * edge_0
    scales = {
        "unfiltered": unfiltered_scale(s.n, s.eta, s.gamma, s.a_y),
        "teacher": teacher,
        "oracle_filtered": fresh,
        "teacher_filtered": inherited_scale(fresh, s.leak_left, teacher),
        "repeated": repeated_scale(fresh, s.leak_left, teacher, s.rounds),
        "repeated_limit": fresh / (1 - s.leak_left**2),
    }
    return MappingProxyType(
        {f"scale_{name}": scale for name, scale in scales.items()}
        | {f"rms_{name}": rms(scale, s.d, s.r) for name, scale in scales.items()}
        | {
            "retained": tail,
            "multiple": mass / (s.r * tail),
            "leak_left": leak_factor(s.gamma, s.eta, s.r, s.tail_1, edge_1, mass),
            "kappa_right": squared_norm(s.a_x, s.a_y, s.eta, s.r, tail, edge, s.tail_1, edge_1, s.mass_1)
            / (s.r * tail),
            "corollary_1_ratio": corollary_1_ratio(s.d, s.r, s.gamma),
            "proposition_1_ratio": proposition_1_ratio(s.d),
        }
    )


def exchange(expression: sp.Expr) -> sp.Expr:
    """The same statement for the other modality: d, gamma, kappa and leak change places with their twins."""
    from bounds import symbols as s

    twins = [
        (s.d, s.d_tilde),
        (s.gamma, s.gamma_tilde),
        (s.kappa_left, s.kappa_right),
        (s.leak_left, s.leak_right),
    ]
    swap = {a: b for pair in twins for a, b in (pair, pair[::-1])}
    return expression.subs(swap, simultaneous=True)
