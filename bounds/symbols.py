"""The only maker of symbols: name, domain, meaning and the paper's letter.

Every expression in `bounds` is built from these, so two formulas that name the
same parameter share one SymPy object and can be compared, substituted and
differentiated together.  The SNR parameters may be infinite (no noise); every
formula therefore uses them through `1/gamma`.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp


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
theta = _declare(
    "theta", "filtering threshold on the oracle's score scale", "real", r"\theta", real=True
)
t = _positive("t", "deviation parameter: a bound fails with probability exp(-t)", "(0, inf)", "t")
delta = _positive("delta", "failure probability", "(0, 1)", r"\delta")
C = _positive("C", "absolute constant of a bound printed up to constants", "(0, inf)", "C")
ERR = _declare(
    "ERR", "larger chordal distance of the two modalities (Eq. 4)", "[0, sqrt(r)]", r"\mathrm{ERR}",
    nonnegative=True,
)

a_x = 1 + 1 / gamma
"""Per-coordinate variance of U^T x: 1 + 1/gamma (the paper's 1 + gamma^{-1})."""

a_y = 1 + 1 / gamma_tilde
"""Per-coordinate variance of U~^T x~: 1 + 1/gamma_tilde."""

LATEX_NAMES: dict[sp.Symbol, str] = {q.symbol: q.paper for q in SYMBOLS.values()}
"""How `sympy.latex` is told to print each symbol: the paper's letters."""
