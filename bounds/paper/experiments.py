"""Section 7's experiments as claims (Figures 2b and 3a, Table 1), and the rates that they illustrate.

Remark 4.1 and Eq. 45 stand here too: each is a rate that one simulated family decides.

Derivations: proofs_notes/experiments.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import sympy as sp

from bounds.checks import Law, Level, Measured, Number, Path, ProfileName, Relation, Scaling
from bounds.claim import Claim, Verdict
from bounds.law.score import Score
from bounds.paper.regimes import beyond
from bounds.paper.unfiltered import (
    CORE,
    COROLLARY_1,
    COROLLARY_1_FAMILIES,
    EXPONENT_MARGIN,
    GROWTH_MARGIN,
    HIGH_PROBABILITY,
    SAMPLE_CONDITION,
    UNFILTERED,
    condition_multiple,
)
from bounds.symbols import ERR, C, a_x, a_y, d, d_tilde, eta, gamma, gamma_tilde, n, n_T, r


class TableRow(NamedTuple):
    """A column of Table 1: share kept, mean error and its standard deviation over runs."""

    retain: float
    mean: float
    std: float


TABLE_1 = (
    TableRow(0.01, 28.76e-4, 4.00e-4),
    TableRow(0.10, 11.79e-4, 1.20e-4),
    TableRow(0.20, 9.85e-4, 1.39e-4),
    TableRow(0.30, 9.08e-4, 1.15e-4),
    TableRow(0.40, 8.97e-4, 1.09e-4),
    TableRow(0.50, 8.71e-4, 1.05e-4),
    TableRow(1.00, 16.51e-4, 2.03e-4),
)
"""Table 1 as printed."""

QUICK_COLUMNS = (1.0,)
"""What the quick profile judges: the column that costs no scored pair."""

STANDARD_COLUMNS = (0.1, 0.3, 0.5)
"""Those that the standard one adds; the law is 2 to 3% off print in the rest, which needs more draws."""

MEAN_TOLERANCE = 0.06
"""The law lies within 4% of every printed mean, and a median within 1% of its mean."""

DEVIATION_TOLERANCE = 0.3
"""A standard deviation over ten runs is known to a quarter, and print does not say how many there were."""

FAR_OFF = 0.1
"""The column whose printed deviation is 28% below the experiment's."""

RETAIN = sp.Symbol("retain", positive=True)

PRINTED = ((d, 10), (d_tilde, 8), (r, 4), (gamma, 1e4), (gamma_tilde, 1e4))
"""The dimensions and the noise of Figure 3a and Table 1."""

REMARK_4_1 = sp.sqrt(r * sp.Max(d / gamma * a_y, d_tilde / gamma_tilde * a_x) / n) / eta
"""Corollary 1 with 1/gamma in place of 1 + 1/gamma on the side whose error it is: the finer rate."""

SMALLER_SIDE = 1 - sp.exp(-C * sp.Min(d, d_tilde))
"""A side's error scatters by its own dimension: no rate without the larger is as sure as Corollary 1's."""


def score_cdf(values: Mapping[str, float], numbers: Any) -> Any:
    """P(S <= number) for the oracle score of a pair, clean with probability eta; numbers (m,)."""
    import numpy as np

    score = Score(int(values["r"]), values["eta"], values["gamma"], values["gamma_tilde"])
    return np.exp(score.log_cdf(np.asarray(numbers, dtype=float)))


TEACHER = Measured("teacher")


def _teachers(family: Path) -> Path:
    """A family of Corollary 1 with its pairs as the teacher's own, and many more beside them."""
    at = tuple((n_T if symbol == n else symbol, value) for symbol, value in family.at)
    parameter = n_T if family.parameter == n else family.parameter
    return Path(parameter, family.values, (*at, (n, 10**13)))


STUDENT = Measured("teacher-filtered", thetas=(sp.Integer(0),))


def _printed_noise(
    gammas: tuple[float, ...], measured: Measured, pairs: int, clean: float = 0.1, **how: Any
) -> Scaling:
    """Both noise levels move together around the figure's setting."""
    sizes = tuple(p for p in PRINTED if p[0] not in (gamma, gamma_tilde))
    path = Path(gamma, gammas, (*sizes, (gamma_tilde, gamma), (eta, clean), (n, pairs)))
    return Scaling(measured, path, **how)


def _beside_print(
    changes: Mapping[sp.Symbol, Number], *moved: tuple[sp.Symbol, tuple[Number, ...]]
) -> tuple[Path, ...]:
    """Families around the printed setting, each of which moves one parameter."""
    at = {**dict(PRINTED), **changes}
    return tuple(
        Path(parameter, values, tuple((s, v) for s, v in at.items() if s != parameter))
        for parameter, values in moved
    )


def _beyond_print(clean: float, pairs: int, *, two_sided: bool) -> tuple[Scaling, ...]:
    """What the student's error grows with outside of the conditions: r, d~, the noise of one or of both."""
    at: dict[sp.Symbol, Number] = {eta: clean, n: pairs}
    return beyond(
        STUDENT,
        *_beside_print({**at, d: 8 * r, d_tilde: 4 * r}, (r, (6, 24))),
        *_beside_print(at, (d_tilde, (40, 640)), (gamma_tilde, (100, 0.1))),
        *_beside_print({**at, gamma_tilde: gamma}, (gamma, (10, 0.1))),
        two_sided=two_sided,
        margin=0.1,
    )


def _dearer(retain: float) -> ProfileName:
    """The cheapest profile that judges the printed mean at this share."""
    return "quick" if retain in QUICK_COLUMNS else "standard" if retain in STANDARD_COLUMNS else "thorough"


AT_PRINTED = (sp.Eq(r, 4), sp.Le(d_tilde, d), sp.Ge(gamma, 1000), sp.Eq(gamma_tilde, gamma))
"""The figure's rank and noise."""

FLAT_POWER = 0.43
"""What the filtered error's power of 1/eta stays below at the flat end of Figure 3a."""

_CLEAR = ((r, 4), (eta, 0.3), (n, 10**7))
_ONE_IS_CLEAR = (
    Path(d, (16, 64, 256), (*_CLEAR, (d_tilde, 8), (gamma, 1), (gamma_tilde, 1e4))),
    Path(d_tilde, (16, 64, 256), (*_CLEAR, (d, 8), (gamma, 1e4), (gamma_tilde, 1))),
)
_FAR_APART = ((r, 4), (eta, 0.3), (n, 2 * 10**9))
_ONE_IS_NOISY = (
    Path(d_tilde, (8, 128), (*_FAR_APART, (d, 8), (gamma, 1e-3), (gamma_tilde, 0.1))),
    Path(d, (8, 128), (*_FAR_APART, (d_tilde, 8), (gamma, 0.1), (gamma_tilde, 1e-3))),
)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="remark-4-1",
        title="The noise dependence of Corollary 1 is not tight",
        source="Section 4, Remark 4.1",
        statement=(
            "A finer analysis gives the error of learning on all pairs a factor that vanishes as the noise "
            "does: 1/gamma in place of 1 + 1/gamma, with probability 1 - exp(-C min(d, d~))."
        ),
        relation=Relation.UPPER,
        bound=REMARK_4_1,
        quantity=ERR,
        up_to_constant=True,
        conditions=(SAMPLE_CONDITION,),
        probability=SMALLER_SIDE,
        remark=(
            "No probability is printed.  Corollary 1's, with max(d, d~), is too high: at r = 1, d = 2 and no "
            "noise on the right the left error is one normal variable, whatever d~.  `corollary-1-explicit` "
            "has this rate with every probability."
        ),
        checks=(
            Scaling(
                UNFILTERED,
                Path(
                    gamma,
                    (1.0, 100.0, 1e4),
                    (
                        (d, 24),
                        (d_tilde, 16),
                        (r, 4),
                        (gamma_tilde, gamma),
                        (eta, 0.3),
                        (n, condition_multiple(100)),
                    ),
                ),
                two_sided=True,
                margin=0.1,
            ),
            Scaling(UNFILTERED, Path(eta, (1.0, 0.3, 0.1), (*CORE, (n, 10**8))), two_sided=True, margin=0.1),
            *(
                Scaling(UNFILTERED, family, two_sided=False, margin=GROWTH_MARGIN)
                for family in COROLLARY_1_FAMILIES
            ),
            # Each modality's noise with its own dimension: the other one is clear and small.
            *(Scaling(UNFILTERED, family, two_sided=False, margin=GROWTH_MARGIN) for family in _ONE_IS_CLEAR),
            # The noise of the one beside the dimension of the other.
            *(Scaling(UNFILTERED, family, two_sided=False, margin=GROWTH_MARGIN) for family in _ONE_IS_NOISY),
        ),
        expected=Verdict.SUPPORTED,
        note="unfiltered.md#remark-41",
        depends_on=("corollary-1-sharp",),
    ),
    Claim(
        id="eq-45",
        title="The teacher's guarantee",
        source="Appendix G, Eq. 45",
        statement="Corollary 1 holds for the teacher with its own n_T pairs in place of n.",
        relation=Relation.UPPER,
        bound=COROLLARY_1.subs(n, n_T),
        quantity=ERR,
        up_to_constant=True,
        conditions=(SAMPLE_CONDITION.subs(n, n_T),),
        probability=HIGH_PROBABILITY,
        checks=(
            Scaling(
                TEACHER,
                Path(eta, (1.0, 0.3, 0.1, 0.03), (*CORE, (n_T, 10**8), (n, 10**13))),
                two_sided=True,
                margin=EXPONENT_MARGIN,
            ),
            Scaling(
                TEACHER,
                Path(n_T, (10**5, 10**6, 10**8), (*CORE, (eta, 0.3), (n, 10**13))),
                two_sided=True,
                margin=EXPONENT_MARGIN,
            ),
            # The pairs beside its own do not help the teacher.
            Scaling(
                TEACHER,
                Path(n, (2 * 10**6, 10**9), (*CORE, (eta, 0.3), (n_T, 10**6))),
                two_sided=False,
                margin=GROWTH_MARGIN,
            ),
            *(
                Scaling(TEACHER, _teachers(f), two_sided=False, margin=GROWTH_MARGIN)
                for f in COROLLARY_1_FAMILIES
            ),
        ),
        expected=Verdict.SUPPORTED,
        note="experiments.md#eq-45",
        remark="The teacher is the unfiltered estimator, so these are Corollary 1's draws.",
        depends_on=("corollary-1",),
    ),
    Claim(
        id="figure-2b",
        title="The oracle score of clean and of corrupted pairs",
        source="Section 7, Figure 2b",
        statement="The oracle score follows the mixture eta D_1 + (1 - eta) D_0 of two known laws.",
        checks=(
            Law(
                Measured(quantity="oracle-score"),
                score_cdf,
                (
                    Path(
                        eta,
                        (0.3, 0.9),
                        ((d, 16), (d_tilde, 16), (r, 16), (gamma, 1e4), (gamma_tilde, 1e4), (n, 4)),
                    ),
                    # Clean pairs alone, whose mean r stands out the more the larger r is.
                    Path(
                        r,
                        (16, 100),
                        ((d, r), (d_tilde, r), (eta, 1), (gamma, 1e4), (gamma_tilde, 1e4), (n, 4)),
                    ),
                ),
                tolerance=0.1,
                precision=0.06,
            ),
        ),
        expected=Verdict.SUPPORTED,
        note="experiments.md#figure-2b",
        depends_on=("section-6-1-mixture",),
    ),
    Claim(
        id="figure-3a-unfiltered",
        title="The unfiltered curve of Figure 3a",
        source="Section 7, Figure 3a",
        statement=(
            "At n = 10 million the error of learning on all pairs is proportional to 1/eta where "
            "n eta^2 >= C; around this setting, for gamma >= 100, it is proportional to 1/sqrt(n gamma) too."
        ),
        relation=Relation.EQUAL,
        bound=1 / (eta * sp.sqrt(n * gamma)),
        quantity=ERR,
        up_to_constant=True,
        conditions=(
            sp.Eq(d, 10),
            sp.Eq(d_tilde, 8),
            sp.Eq(r, 4),
            sp.Ge(gamma, 100),
            sp.Eq(gamma_tilde, gamma),
            sp.Ge(n, C / eta**2),
        ),
        checks=(
            Scaling(
                UNFILTERED, Path(eta, (1.0, 0.1, 0.01), (*PRINTED, (n, 10**7))), two_sided=True, margin=0.05
            ),
            Scaling(UNFILTERED, Path(n, (10**5, 10**9), (*PRINTED, (eta, 0.1))), two_sided=True, margin=0.05),
            _printed_noise((100.0, 1e6), UNFILTERED, 10**7, two_sided=True, margin=0.05),
            *beyond(
                UNFILTERED,
                *_beside_print({eta: 0.1, n: 10**9}, (d, (40, 640)), (d_tilde, (40, 640))),
                *_beside_print({eta: 0.1, n: 10**9, gamma_tilde: gamma}, (gamma, (1, 0.01))),
                *_beside_print({eta: 0.1, n: 10**9}, (gamma_tilde, (100, 0.1))),
            ),
        ),
        expected=Verdict.SUPPORTED,
        note="experiments.md#figure-3a",
        depends_on=("corollary-1",),
    ),
    Claim(
        id="figure-3a-filtered",
        title="The flat end of the filtered curve of Figure 3a",
        source="Section 7, Figure 3a",
        statement=(
            "With r = 4, d~ <= d, gamma = gamma~ >= 1000 and n >= C (1 + d/gamma)/eta^2, so many that the "
            "teacher has found the signal, the error of the student filtered at theta = 0 is at most of "
            "order sqrt(d/(gamma n)): from eta = 0.1 to 0.02 it grows like a power of 1/eta below "
            f"{FLAT_POWER:g}, where learning on all pairs has 1."
        ),
        relation=Relation.UPPER,
        bound=sp.sqrt(d / (gamma * n)),
        quantity=ERR,
        up_to_constant=True,
        conditions=(
            *AT_PRINTED,
            sp.Ge(eta, sp.Rational(1, 50)),
            sp.Le(eta, sp.Rational(1, 10)),
            sp.Ge(n, C * (1 + d / gamma) / eta**2),
        ),
        checks=(
            Scaling(
                STUDENT,
                Path(eta, (0.1, 0.02), (*PRINTED, (n, 200_000))),
                two_sided=False,
                # The power is 0.18 at this n, where learning on all pairs has 1, and 0.68 against a bound
                # that is wrong by half a power.
                margin=FLAT_POWER,
                precision=0.245,
            ),
            Scaling(
                replace(STUDENT, spread=0.22),
                Path(n, (10_000, 100_000), (*PRINTED, (eta, 0.05))),
                two_sided=False,
                margin=0.3,
                precision=0.12,  # half a power of n, where the curve has 0.06 of its own, is 0.44
            ),
            Scaling(
                STUDENT,
                Path(d, (20, 80), (*(p for p in PRINTED if p[0] != d), (eta, 0.1), (n, 20_000))),
                two_sided=False,
                margin=0.3,
            ),
            Scaling(
                STUDENT,
                Path(d_tilde, (4, 10), (*(p for p in PRINTED if p[0] != d_tilde), (eta, 0.1), (n, 20_000))),
                two_sided=True,
                margin=0.3,
            ),
            _printed_noise((1e3, 1e5), STUDENT, 20_000, two_sided=False, margin=0.3),
            *_beyond_print(0.1, 200_000, two_sided=False),
        ),
        expected=Verdict.SUPPORTED,
        note="experiments.md#figure-3a",
        depends_on=("theorem-1-corrected",),
    ),
    Claim(
        id="figure-3a-filtered-large",
        title="The 1/sqrt(eta) end of the filtered curve of Figure 3a",
        source="Section 7, Figure 3a",
        statement=(
            "With r = 4, d~ <= d, d >= 5, n >= C d and gamma = gamma~ >= 1000 the error of the student "
            "filtered at theta = 0 is of order sqrt(d/(gamma eta n)) for eta from 1 to 1/4."
        ),
        relation=Relation.EQUAL,
        bound=sp.sqrt(d / (gamma * eta * n)),
        quantity=ERR,
        up_to_constant=True,
        conditions=(*AT_PRINTED, sp.Ge(d, 5), sp.Ge(eta, sp.Rational(1, 4)), sp.Ge(n, C * d)),
        checks=(
            Scaling(STUDENT, Path(eta, (1.0, 0.25), (*PRINTED, (n, 20_000))), two_sided=True, margin=0.2),
            Scaling(
                STUDENT,
                Path(n, (2_500, 40_000), (*PRINTED, (eta, 0.5))),
                two_sided=True,
                margin=0.1,
                precision=0.05,  # a third root for the square one is off by 1/6
            ),
            Scaling(
                STUDENT,
                Path(d, (20, 160), (*(p for p in PRINTED if p[0] != d), (eta, 0.5), (n, 10_000))),
                two_sided=True,
                margin=0.2,
            ),
            Scaling(
                STUDENT,
                Path(d_tilde, (4, 8), (*(p for p in PRINTED if p[0] != d_tilde), (eta, 0.5), (n, 10_000))),
                two_sided=True,
                margin=0.2,
            ),
            _printed_noise((1e3, 1e5), STUDENT, 10_000, clean=0.5, two_sided=True, margin=0.1),
            *_beyond_print(0.5, 100_000, two_sided=True),
            *beyond(STUDENT, *_beside_print({n: 150_000}, (eta, (0.1, 0.02)))),
        ),
        expected=Verdict.SUPPORTED,
        note="experiments.md#figure-3a",
        depends_on=("regime-clean",),
        remark="Below eta = 1/4 corrupted pairs supply more and more of the signal: the curve turns flat.",
    ),
    Claim(
        id="table-1",
        title="The printed mean errors",
        source="Section 7, Table 1",
        statement=(
            "With 10 000 scored pairs the printed means are those of the described experiment, to 6% at "
            "every share kept."
        ),
        checks=tuple(
            Level(
                Measured("teacher-filtered", retains=(row.retain,)),
                Path(n, (20_000,), (*PRINTED, (eta, 0.3))),
                tolerance=MEAN_TOLERANCE,
                value=row.mean,
                least=_dearer(row.retain),
            )
            for row in TABLE_1
        ),
        expected=Verdict.SUPPORTED,
        note="experiments.md#table-1",
        remark="Halves of 10 000 pairs would give errors 1.4 times as large; see reproduce table-1.",
    ),
    Claim(
        id="table-1-deviations",
        title="The printed standard deviations",
        source="Section 7, Table 1",
        statement=(
            "With 10 000 scored pairs the printed standard deviations are those of the described experiment, "
            "to 30% at every share kept but 10%."
        ),
        checks=tuple(
            Level(
                Measured(quantity="error-deviation", spread=0.21),
                Path(n, (20_000,), (*PRINTED, (eta, 0.3), (RETAIN, row.retain))),
                tolerance=DEVIATION_TOLERANCE,
                value=row.std,
                least=_dearer(row.retain),
            )
            for row in TABLE_1
            if row.retain != FAR_OFF
        ),
        expected=Verdict.SUPPORTED,
        note="experiments.md#table-1",
        depends_on=("table-1",),
        remark="At 10% kept print has 1.20, the experiment 1.66: a few runs may be so far off, many not.",
    ),
)
