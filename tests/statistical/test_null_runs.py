"""Complete runs under a true null: how often a whole run raises a false alarm.

`FILTERGAIN_NULL_RUNS=2000` sets the number of runs; each takes about a tenth of a second.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path as File

import numpy as np
import pytest
import sympy as sp
from scipy import stats

from bounds.claim import Claim, Law, Measured, Path, Relation, Scaling, Tail, Verdict
from bounds.symbols import n
from verification import verify
from verification.statistics.tail import clopper_pearson

RUNS = int(os.environ.get("FILTERGAIN_NULL_RUNS", "100"))

MODULE = """
import math

def chi(place, rng):
    return math.sqrt(rng.chisquare(24) / (24 * place["n"]))

QUANTITIES = {"chi": chi}
"""

CHI = Measured(quantity="chi")
N_PATH = Path(n, (100, 100_000), ())
POINT = Path(n, (100,), ())
DELTA = 0.05


def _cdf(values, numbers):
    return stats.chi2.cdf(24 * values["n"] * np.asarray(numbers) ** 2, 24)


def _register(constant: float = 1.0) -> tuple[Claim, ...]:
    """Three claims, all exactly true at `constant` 1: a quantile at its own delta, an exponent, a law."""
    quantile = sp.Float(constant * float(stats.chi2.isf(DELTA, 24)) ** 0.5)
    common = {"title": "t", "source": "s", "statement": "s", "expected": Verdict.SUPPORTED, "note": "n#n"}
    return (
        Claim(
            id="quantile",
            checks=(Tail(CHI, (POINT,), DELTA),),
            relation=Relation.UPPER,
            bound=quantile / sp.sqrt(24 * n),
            **common,
        ),
        Claim(
            id="exponent",
            checks=(Scaling(CHI, N_PATH, True, 0.1),),
            relation=Relation.EQUAL,
            bound=constant * n ** (-sp.Rational(1, 2)),
            up_to_constant=True,
            **common,
        ),
        Claim(id="law", checks=(Law(CHI, _cdf, (POINT,), 0.4),), **common),
    )


@pytest.fixture(scope="module")
def module(tmp_path_factory) -> str:
    """A file that defines the quantity of the reduced register."""
    path: File = tmp_path_factory.mktemp("register") / "chi_quantity.py"
    path.write_text(MODULE)
    return str(path)


@pytest.mark.slow
def test_runs_under_a_true_null_raise_no_false_alarm(module):
    """No run refutes a true claim at the default budget, and at a budget of 20% no more than a fifth do.

    The tail claim is judged at its own delta, where false alarms are likeliest.
    """
    refuted = {1e-6: 0, 0.2: 0}
    for alpha in refuted:
        for seed in range(RUNS if alpha == 1e-6 else RUNS // 2):
            run = verify(
                _register(),
                profile="quick",
                alpha=alpha,
                seed=seed,
                jobs=1,
                module=module,
                with_mutants=False,
            )
            refuted[alpha] += any(v.verdict is Verdict.REFUTED for v in run)
    assert refuted[1e-6] == 0
    # The share of false alarms is not shown to pass the budget, at level 1e-4.
    assert clopper_pearson(refuted[0.2], RUNS // 2, 2e-4)[0] <= 0.2


def test_a_wrong_claim_is_refuted_in_the_same_runs(module):
    """Negative control: a quantile 20% too small and an exponent wrong by 1/4 are refuted in every run."""
    quantile, exponent, law = _register(0.8)
    steeper = replace(exponent, bound=exponent.bound * n ** sp.Rational(1, 4))
    for seed in range(3):
        run = verify(
            (quantile, steeper, law), profile="quick", seed=seed, jobs=1, module=module, with_mutants=False
        )
        assert [v.verdict for v in run] == [Verdict.REFUTED, Verdict.REFUTED, Verdict.SUPPORTED]
