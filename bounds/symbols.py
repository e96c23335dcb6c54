"""The only maker of symbols: name, domain, meaning and the paper's letter.

Every expression in `bounds` is built from these, so two formulas that name the
same parameter share one SymPy object and can be compared, substituted and
differentiated together.  The SNR parameters may be infinite (no noise); every
formula therefore uses them through `1/gamma`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.logic.boolalg import BooleanFunction


@dataclass(frozen=True)
class Quantity:
    """A declared symbol: what it stands for, where it lives, how the paper writes it."""

    symbol: sp.Symbol
    meaning: str
    domain: str
    paper: str


SYMBOLS: dict[str, Quantity] = {}


def _declare(name: str, meaning: str, domain: str, paper: str, **assumptions: bool) -> sp.Symbol:
    if name in SYMBOLS:
        raise ValueError(f"symbol {name!r} is declared twice")
    symbol = sp.Symbol(name, **assumptions)
    SYMBOLS[name] = Quantity(symbol, meaning, domain, paper)
    return symbol


def _count(name: str, meaning: str, domain: str, paper: str) -> sp.Symbol:
    return _declare(name, meaning, domain, paper, integer=True, positive=True)


def _positive(name: str, meaning: str, domain: str, paper: str) -> sp.Symbol:
    return _declare(name, meaning, domain, paper, positive=True)


n = _count("n", "number of i.i.d. pairs", "integer >= 4", "n")
n_T = _count("n_T", "pairs that train the teacher", "integer >= 2", "n_T")
N = _count("N", "pairs scored for the student", "integer >= 2", "n - n_T")
d = _count("d", "dimension of the first modality", "integer >= r", "d")
d_tilde = _count("d_tilde", "dimension of the second modality", "integer >= r", r"\tilde{d}")
r = _count("r", "latent dimension", "integer in [1, min(d, d_tilde)]", "r")
eta = _positive("eta", "probability that a pair is clean (matched)", "(0, 1]", r"\eta")
gamma = _positive("gamma", "inverse noise variance, first modality", "(0, inf]", r"\gamma")
gamma_tilde = _positive(
    "gamma_tilde", "inverse noise variance, second modality", "(0, inf]", r"\tilde{\gamma}"
)
rho = _positive("rho", "strength of the regulariser in Eq. 3", "(0, inf)", r"\rho")
theta = _declare("theta", "filtering threshold on the oracle's score scale", "real", r"\theta", real=True)
t = _positive("t", "deviation parameter: a bound fails with probability exp(-t)", "(0, inf)", "t")
delta = _positive("delta", "failure probability", "(0, 1)", r"\delta")
C = _positive("C", "absolute constant of a bound printed up to constants", "(0, inf)", "C")
ERR = _declare(
    "ERR",
    "larger chordal distance of the two modalities (Eq. 4)",
    "[0, sqrt(r)]",
    r"\mathrm{ERR}",
    nonnegative=True,
)
P = _positive("P", "share of the scored pairs that the filter keeps", "(0, 1]", "P")
c = _positive("c", "multiple of U U~^T that the kept pairs' cross-covariance tends to", "(0, inf)", "c")
kappa_left = _positive("kappa_left", "E|U^T x|^2 of the kept pairs, over r", "(0, inf)", r"\tilde{\kappa}")
kappa_right = _positive("kappa_right", "E|U~^T x~|^2 of the kept pairs, over r", "(0, inf)", r"\kappa")
leak_left = _positive("leak_left", "share of the teacher's left error that leaks", "(0, 1)", r"\lambda")
leak_right = _positive(
    "leak_right", "share of the teacher's right error that leaks", "(0, 1)", r"\tilde{\lambda}"
)
tail_1 = _positive("tail_1", "P(S > theta) of clean pairs", "(0, 1)", "P_1")
tail_0 = _positive("tail_0", "P(S > theta) of corrupted pairs", "(0, 1)", "P_0")
density_1 = _positive("density_1", "density of S at theta, clean pairs", "(0, inf)", "p_1")
density_0 = _positive("density_0", "density of S at theta, corrupted pairs", "(0, inf)", "p_0")
mass_1 = _declare("mass_1", "E[S; S > theta] of clean pairs", "real", "M_1", real=True)
mass_0 = _positive("mass_0", "E[S; S > theta] of corrupted pairs", "(0, inf)", "M_0")
rounds = _count("K", "rounds of filtering, each with fresh pairs", "integer >= 1", "K")

mean_1 = _declare("mean_1", "E[S | S > theta] of clean pairs", "real", "E_1", real=True)
mean_0 = _positive("mean_0", "E[S | S > theta] of corrupted pairs", "(0, inf)", "E_0")
sigma = _positive("sigma", "standard deviation of X", "(0, inf)", r"\sigma")
sigma_u = _positive("sigma_u", "standard deviation of u in Lemma 8", "(0, inf)", r"\sigma_u")
sigma_v = _positive("sigma_v", "standard deviation of v in Lemma 8", "(0, inf)", r"\sigma_v")
cov_uv = _declare(
    "cov_uv",
    "covariance of u and v in Lemma 8 (the paper's gamma there)",
    "[0, sigma_u sigma_v)",
    r"\gamma_{uv}",
    nonnegative=True,
)
mean_above = _declare(
    "mean_above", "mean of X above the threshold", "real", r"\mathbb{E}[X \mid X > \theta]", real=True
)
product_mean_above = _declare(
    "product_mean_above",
    "mean of u_i v_i when the sum of all r products exceeds theta",
    "real",
    r"\mathbb{E}[z_i \mid {\textstyle\sum_k} z_k > \theta]",
    real=True,
)
deviation = _declare(
    "deviation",
    "operator norm of a sample matrix minus its expectation (or a share minus its own)",
    "[0, inf)",
    r"\lVert S_n - \mathbb{E} S_n \rVert",
    nonnegative=True,
)

a_x = 1 + 1 / gamma
"""Per-coordinate variance of U^T x: 1 + 1/gamma (the paper's 1 + gamma^{-1})."""

a_y = 1 + 1 / gamma_tilde
"""Per-coordinate variance of U~^T x~: 1 + 1/gamma_tilde."""


class Noiseless(BooleanFunction):
    """The condition that a modality has no noise: its gamma is infinite.

    `Eq(gamma, oo)` would be False at once, as SymPy takes a positive symbol to be finite.
    """

    nargs = (1,)

    @classmethod
    def eval(cls, precision: sp.Expr) -> sp.Basic | None:
        """True at infinity, False at a number, undecided for a symbol."""
        if precision is sp.oo:
            return sp.true
        return sp.false if precision.is_number else None

    def _sympystr(self, printer: Any) -> str:
        return f"{printer.doprint(self.args[0])} = oo"

    def _latex(self, printer: Any) -> str:
        return rf"{printer.doprint(self.args[0])} = \infty"

    def _numpycode(self, printer: Any) -> str:
        return f"isinf({printer.doprint(self.args[0])})"


class Noisy(BooleanFunction):
    """The condition that a modality has noise: its gamma is finite.

    `Lt(gamma, oo)` would be True at once, as SymPy takes a positive symbol to be finite.
    """

    nargs = (1,)

    @classmethod
    def eval(cls, precision: sp.Expr) -> sp.Basic | None:
        """False at infinity, True at a number, undecided for a symbol."""
        if precision is sp.oo:
            return sp.false
        return sp.true if precision.is_number else None

    def _sympystr(self, printer: Any) -> str:
        return f"{printer.doprint(self.args[0])} < oo"

    def _latex(self, printer: Any) -> str:
        return rf"{printer.doprint(self.args[0])} < \infty"

    def _numpycode(self, printer: Any) -> str:
        return f"isfinite({printer.doprint(self.args[0])})"


def in_domain(name: str, value: float, *, closed: bool = False) -> bool:
    """Whether a number lies in the declared domain, as far as its ends are numbers; `closed` adds the ends.

    A name that is not declared stands for a positive number.  With `closed`, a count need not be whole.
    """
    text = SYMBOLS[name].domain if name in SYMBOLS else "(0, inf]"
    if text == "real":
        return value < math.inf or closed
    if text.startswith("integer"):
        least = text.removeprefix("integer >= ")
        low = int(least) if least.isdigit() else 1
        return closed or (value >= low and float(value).is_integer())
    low_end, high_end = text[1:-1].split(", ")
    above = value > float(low_end) or ((closed or text[0] == "[") and value == float(low_end))
    high = _number(high_end)
    return above and (value < high or ((closed or text[-1] == "]") and value == high))


def _number(text: str) -> float:
    """An end of a domain; infinite where it depends on other symbols."""
    try:
        return float(text)
    except ValueError:
        return math.inf


LATEX_NAMES: dict[sp.Symbol, str] = {q.symbol: q.paper for q in SYMBOLS.values()}
"""How `sympy.latex` is told to print each symbol: the paper's letters."""
