"""How the filtered error falls in each of its regimes (Theorem 1): the exponents, measured.

Where one regime ends and the next begins is in `bounds.paper.regime_boundaries`.
Derivations: proofs_notes/regimes.md.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from bounds.checks import Measured, Number, Path, Relation, Scaling
from bounds.claim import Claim, Verdict
from bounds.paper.unfiltered import SAMPLE_CONDITION
from bounds.symbols import ERR, C, a_y, d, d_tilde, eta, gamma, gamma_tilde, n, r

EXPONENT_MARGIN = 0.1
"""Margin of the exponents at high SNR: a fifth of the distance between neighbouring regimes."""

OTHER_MARGIN = 0.2
"""Margin of the exponents of d and gamma, and of eta where the law itself is off by nearly 0.1.

With the half-width of the cheapest profile, 0.15, a violation of 0.35 is sure to be seen: less than the
distance 0.5 between neighbouring regimes.
"""


AT_HALF = Measured("teacher-filtered", thetas=(r / 2,))
AT_ZERO = Measured("teacher-filtered", thetas=(sp.Integer(0),))
ORACLE_AT_ZERO = Measured("oracle-filtered", thetas=(sp.Integer(0),))


def eta_path(etas: tuple[float, ...], r_value: int, noisy: int, pairs: int, snr: float) -> Path:
    """eta falls at fixed n; d - r = `noisy`, and d~ = r, so that ERR is the left error alone."""
    return _path(eta, etas, r_value, noisy, pairs, snr, 1.0)


def _path(
    parameter: sp.Symbol,
    values: tuple[float, ...],
    r_value: int,
    noisy: int,
    pairs: int,
    snr: float,
    clean: Number,
) -> Path:
    """`parameter` moves, d - r and all else stand; d~ = r, so that ERR is the left error alone."""
    at = {n: pairs, r: r_value, d: r + noisy, d_tilde: r, gamma: snr, gamma_tilde: snr, eta: clean}
    return Path(parameter, values, tuple((symbol, v) for symbol, v in at.items() if symbol != parameter))


def _exponents(measured: Measured, margin: float, *paths: Path) -> tuple[Scaling, ...]:
    """The bound has the right exponent of every path's parameter, of n to less than 1/6: no third root."""
    return tuple(
        Scaling(measured, path, two_sided=True, margin=EXPONENT_MARGIN, precision=0.05)
        if path.parameter == n
        else Scaling(measured, path, two_sided=True, margin=margin)
        for path in paths
    )


def _few_left(measured: Measured, pairs: int, clean: Number) -> Scaling:
    """d from r + 1 to 3 r: one direction of noise, and sixteen.

    The error gains the power 1.41 of d there, a rate of d has 0.5 and one of d + r has 0.32.
    """
    path = _path(d, (9, 24), 8, 1, pairs, 1e4, clean)
    return Scaling(replace(measured, spread=0.27), path, two_sided=True, margin=0.5, precision=0.4)


def beyond(
    measured: Measured, *paths: Path, two_sided: bool = True, margin: float = OTHER_MARGIN
) -> tuple[Scaling, ...]:
    """Families outside of the conditions along which the order fails: what a missing one would allow."""
    return tuple(Scaling(measured, path, two_sided=two_sided, margin=margin, beyond=True) for path in paths)


def _wide_partner(snr: float, pairs: int, clean: Number) -> Path:
    """d~ far above d and r: the right error is the larger one, and grows with its dimension."""
    at = ((n, pairs), (r, 2), (d, 6), (gamma, snr), (gamma_tilde, snr), (eta, clean))
    return Path(d_tilde, (16, 256), at)


LEAK_AT = ((n, 400_000), (r, 4), (d, 36), (d_tilde, 4), (eta, 0.6))
"""Where gamma and gamma_tilde move, together and apart."""

ONE_SIDED = sp.Eq(d_tilde, r)
"""The second modality has no direction beside its signal, so that ERR is the left error alone."""

HIGH_SNR = (sp.Ge(gamma, 1000), sp.Ge(gamma_tilde, 1000))
"""Little noise in both modalities: 1 + 1/gamma is 1 to a thousandth, and the leak is invisible."""

LITTLE_NOISE = r + d / gamma
"""What the pairs must exceed at high SNR: the signal's own directions, and the noise's by their variance."""

TEACHER_SAMPLES = sp.Ge(n, C * LITTLE_NOISE / eta**2)
"""So many pairs that Algorithm 1's teacher has found the signal."""

SWITCH = 1 / (3 * r)
"""The eta from which r/2 is used at high SNR, and 0 below it: next to 1/(pi r), where they truly cross."""

FEW_CLEAN = sp.Le(eta, 1 / (4 * sp.sqrt(r)))
"""So few clean pairs that corrupted ones supply most of the kept score, up to a constant."""

NO_LEAK = sp.Ge(eta * (1 + gamma) * sp.sqrt(r), 1)
"""So many clean pairs that the teacher's share is no more than the student's own error, up to a constant."""

CLEAN_CHECKS = (
    *_exponents(
        replace(AT_HALF, spread=0.022),
        EXPONENT_MARGIN,
        eta_path((1.0, 0.5, 0.2), 16, 128, 30_000, 1e4),
    ),
    *_exponents(
        replace(AT_HALF, spread=0.05),
        OTHER_MARGIN,
        _path(n, (10_000, 1_250), 4, 64, 10_000, 1e4, 1.0),
        _path(d, (68, 260), 4, 64, 10_000, 1e4, 1.0),
        _path(gamma, (1e4, 1e3), 4, 64, 10_000, 1e4, 1.0),
        _path(gamma_tilde, (1e4, 1e3), 4, 64, 10_000, 1e4, 1.0),
        _path(r, (4, 16), 4, 64, 10_000, 1e4, 1.0),
    ),
    # Along the least eta of the regime, where it is next to the flat one.
    *_exponents(
        replace(AT_HALF, spread=0.07),
        OTHER_MARGIN,
        _path(r, (2, 8), 2, 64, 230_000, 1e4, SWITCH),
    ),
    _few_left(AT_HALF, 1_000, 1.0),
)
"""At theta = r/2, from eta = 1 down to 1/(3 r)."""

FLAT_CHECKS = (
    *_exponents(
        replace(ORACLE_AT_ZERO, spread=0.042),
        EXPONENT_MARGIN,
        eta_path((0.02, 0.005, 0.001), 4, 128, 10_000, 1e4),
    ),
    *_exponents(
        replace(ORACLE_AT_ZERO, spread=0.055),
        OTHER_MARGIN,
        _path(n, (10_000, 2_500), 4, 128, 10_000, 1e4, 0.02),
        _path(d, (132, 388), 4, 128, 10_000, 1e4, 0.02),
        _path(gamma, (1e4, 1e3), 4, 128, 10_000, 1e4, 0.02),
        _path(gamma_tilde, (1e4, 1e3), 4, 128, 10_000, 1e4, 0.02),
        _path(r, (4, 16), 4, 128, 10_000, 1e4, 0.005),
        # Along the largest eta of the regime.
        _path(r, (4, 32), 4, 128, 20_000, 1e4, 1 / (4 * sp.sqrt(r))),
    ),
    _few_left(ORACLE_AT_ZERO, 2_000, 0.02),
)
"""The oracle at theta = 0, for small eta."""

FLAT_STUDENT = replace(AT_ZERO, spread=0.06)

FLAT_STUDENT_CHECKS = (
    *_exponents(
        FLAT_STUDENT,
        OTHER_MARGIN,
        eta_path((0.05, 0.0125), 2, 128, 200_000, 1e4),
        _path(n, (80_000, 20_000), 2, 128, 20_000, 1e4, 0.05),
        _path(d, (130, 386), 2, 128, 20_000, 1e4, 0.05),
        _path(gamma, (1e4, 1e3), 2, 128, 20_000, 1e4, 0.05),
        _path(gamma_tilde, (1e4, 1e3), 2, 128, 20_000, 1e4, 0.05),
    ),
    # eta sqrt(r) takes an eighth of a power of r along it.
    Scaling(
        replace(FLAT_STUDENT, spread=0.045),
        _path(r, (2, 8), 2, 128, 100_000, 1e4, 0.03),
        two_sided=True,
        margin=OTHER_MARGIN,
        precision=0.07,
    ),
)
"""Algorithm 1 at theta = 0: its teacher needs n_T eta^2 well above r, so eta ends earlier."""

_MANY_CLEAN = _path(r, (4, 32), 4, 128, 20_000, 1e4, 1.0)
"""The ranks where all pairs are clean."""

_MUCH_NOISE = Path(gamma, (1.0, 0.01), ((n, 400_000), *LEAK_AT[1:4], (gamma_tilde, 1e4), (eta, 0.02)))

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="regime-clean",
        title="The first regime: the error falls like 1/sqrt(eta n)",
        source="Section 5, Theorem 1; abstract",
        statement=(
            "At theta = r/2, high SNR (gamma, gamma~ >= 1000), r >= 2, eta >= 1/(3 r) and "
            "n >= C (r + d/gamma)/eta^2 Algorithm 1's left error (d~ = r) is of order "
            "((d - r) r/(gamma eta n))^(1/2)."
        ),
        quantity=ERR,
        relation=Relation.EQUAL,
        bound=sp.sqrt((d - r) * r / (gamma * eta * n)),
        up_to_constant=True,
        conditions=(ONE_SIDED, *HIGH_SNR, sp.Ge(r, 2), sp.Ge(eta, SWITCH), TEACHER_SAMPLES),
        checks=(
            *CLEAN_CHECKS,
            *beyond(AT_HALF, _wide_partner(1e4, 20_000, 1.0), eta_path((0.05, 0.01), 2, 32, 400_000, 1e4)),
        ),
        expected=Verdict.SUPPORTED,
        note="regimes.md#three-regimes",
    ),
    Claim(
        id="regime-flat",
        title="The second regime: the oracle's error is free of eta",
        source="Section 6.2; abstract",
        statement=(
            "At theta = 0, high SNR (gamma, gamma~ >= 1000), eta <= 1/(4 sqrt(r)) and n >= C r (r + d/gamma) "
            "the oracle filter's left error (d~ = r) is of order r ((d - r)/(gamma n))^(1/2), free of eta."
        ),
        quantity=ERR,
        relation=Relation.EQUAL,
        bound=r * sp.sqrt((d - r) / (gamma * n)),
        up_to_constant=True,
        conditions=(ONE_SIDED, *HIGH_SNR, FEW_CLEAN, sp.Ge(n, C * r * LITTLE_NOISE)),
        checks=(
            *FLAT_CHECKS,
            *beyond(ORACLE_AT_ZERO, _wide_partner(1e4, 200_000, 0.02), _MANY_CLEAN, _MUCH_NOISE),
        ),
        expected=Verdict.SUPPORTED,
        note="regimes.md#three-regimes",
    ),
    Claim(
        id="regime-flat-student",
        title="The second regime of Algorithm 1, and where it ends",
        source="Section 5, Theorem 1; abstract",
        statement=(
            "At theta = 0, high SNR (gamma, gamma~ >= 1000), 1/((1 + gamma) sqrt(r)) <= eta <= 1/(4 sqrt(r)) "
            "and n >= C (r + d/gamma)/eta^2 Algorithm 1's left error (d~ = r) is of order "
            "r ((d - r)/(gamma n))^(1/2), free of eta."
        ),
        quantity=ERR,
        relation=Relation.EQUAL,
        bound=r * sp.sqrt((d - r) / (gamma * n)),
        up_to_constant=True,
        conditions=(ONE_SIDED, *HIGH_SNR, NO_LEAK, FEW_CLEAN, TEACHER_SAMPLES),
        checks=(
            *FLAT_STUDENT_CHECKS,
            *beyond(AT_ZERO, _wide_partner(1e4, 200_000, 0.03), _MANY_CLEAN),
        ),
        expected=Verdict.SUPPORTED,
        note="regimes.md#three-regimes",
        depends_on=("regime-flat",),
        remark="Below the least eta the teacher's share rules, and the error grows like 1/eta.",
    ),
    Claim(
        id="abstract",
        title="The abstract's two regimes, as one statement",
        source="Abstract",
        statement=(
            "At high SNR (gamma, gamma~ >= 1000), r >= 2, eta (1 + gamma) sqrt(r) >= 1 and "
            "n >= C (r + d/gamma)/eta^2 the left error (d~ = r) of Algorithm 1, at r/2 for eta >= 1/(3 r) "
            "and at 0 below, is of order ((d - r) r/(gamma n))^(1/2) min(1/sqrt(eta), sqrt(r)): "
            "1/sqrt(eta n) for large eta, 1/sqrt(n) for small."
        ),
        quantity=ERR,
        relation=Relation.EQUAL,
        bound=sp.sqrt((d - r) * r / (gamma * n)) * sp.Min(1 / sp.sqrt(eta), sp.sqrt(r)),
        up_to_constant=True,
        conditions=(ONE_SIDED, *HIGH_SNR, sp.Ge(r, 2), NO_LEAK, TEACHER_SAMPLES),
        checks=(
            *CLEAN_CHECKS,
            *FLAT_STUDENT_CHECKS,
            *beyond(AT_HALF, _wide_partner(1e4, 20_000, 1.0)),
        ),
        expected=Verdict.SUPPORTED,
        note="regimes.md#three-regimes",
        depends_on=("regime-clean", "regime-flat-student"),
        remark=(
            "Print has no condition on the SNR: at a moderate one it is false (theorem-1), 1/eta is back, as "
            "at any finite one below eta = 1/((1 + gamma) sqrt(r))."
        ),
    ),
    Claim(
        id="regime-leak",
        title="The third regime: the teacher's share, like 1/eta again",
        source="Section 5, Theorem 1, corrected",
        statement=(
            "At theta = 0, low SNR (gamma <= 3/10) and n >= C d (1 + 1/gamma)(1 + 1/gamma~)/eta^2 "
            "Algorithm 1's left error (d~ = r) is of order "
            "((d - r) r (1 + 1/gamma~)/(gamma n))^(1/2)/(eta (1 + gamma))."
        ),
        quantity=ERR,
        relation=Relation.EQUAL,
        bound=sp.sqrt((d - r) * r * a_y / (gamma * n)) / (eta * (1 + gamma)),
        up_to_constant=True,
        conditions=(ONE_SIDED, sp.Le(gamma, sp.Rational(3, 10)), SAMPLE_CONDITION),
        variant="corrected",
        checks=(
            *_exponents(
                replace(AT_ZERO, spread=0.07),
                OTHER_MARGIN,
                eta_path((0.6, 0.3, 0.15), 4, 32, 100_000, 0.3),
                _path(n, (100_000, 25_000), 4, 32, 100_000, 0.3, 0.6),
                _path(d, (36, 132), 4, 32, 100_000, 0.3, 0.6),
                _path(r, (4, 16), 4, 32, 100_000, 0.3, 0.3),
                # One power of gamma where both modalities are as noisy, half a power where one is.
                Path(gamma, (0.3, 0.05), (*LEAK_AT, (gamma_tilde, gamma))),
                Path(gamma, (0.3, 0.05), (*LEAK_AT, (gamma_tilde, 0.3))),
                Path(gamma_tilde, (0.3, 0.05), (*LEAK_AT, (gamma, 0.3))),
                # Little noise on the right leaves less to inherit: the regime begins at a lower eta.
                Path(gamma_tilde, (0.3, 30.0), (*LEAK_AT[:-1], (eta, 0.2), (gamma, 0.3))),
            ),
            *beyond(
                AT_ZERO,
                _wide_partner(0.3, 100_000, 0.6),
                Path(gamma, (1.0, 100.0), (*LEAK_AT, (gamma_tilde, 0.3))),
            ),
        ),
        expected=Verdict.SUPPORTED,
        note="regimes.md#three-regimes",
        depends_on=("theorem-1-corrected",),
    ),
)
