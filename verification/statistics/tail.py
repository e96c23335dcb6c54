"""Exact decisions about a probability, from random events.

A claim "the bound is broken with probability at most delta" is decided by a likelihood-ratio
e-process that may be watched after every replicate, and that states its two error rates and its power.
Derivations: proofs_notes/evidence.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from verification.errors import InvalidArgument
from verification.statistics.evidence import Interval, Outcome, Power, probability


def _counts(exceedances: int, replicates: int) -> None:
    if replicates < 1:
        raise InvalidArgument("replicates", replicates, "must be at least 1")
    if not 0 <= exceedances <= replicates:
        raise InvalidArgument("exceedances", exceedances, f"must lie in [0, {replicates}]")


@dataclass(frozen=True)
class TailTest:
    """Sequential test of P(bound broken) <= delta against P(bound broken) >= `detectable`.

    `detectable` = max(kappa * delta, resolution), lowered to (1 + delta)/2 where it would pass
    that.  With p the probability that a replicate breaks the bound:

    - p <= delta: the test ever refutes with probability at most `alpha`;
    - p >= detectable: it ever passes with probability at most `beta`;
    - between the two either outcome may come: a refutation is then right, and a pass claims no
      more than p < detectable.

    A pass never shows p <= delta itself.  Where delta is too small for that to be tested
    (exp(-d), or 0 for a bound that holds surely) `resolution` says what is settled for: the null
    stays at delta, so that a single exceedance can refute, and a pass shows p < resolution.
    "Broken" is the caller's: error > bound for an upper bound, error < bound for a lower one.
    Raises InvalidArgument.
    """

    delta: float
    kappa: float
    alpha: float
    beta: float
    resolution: float = 0.0

    def __post_init__(self) -> None:
        for name in ("delta", "resolution"):
            probability(name, getattr(self, name), zero=True)
        for name in ("alpha", "beta"):
            probability(name, getattr(self, name))
        if not self.kappa >= 1:
            raise InvalidArgument("kappa", self.kappa, "must be at least 1")
        if not max(self.kappa * self.delta, self.resolution) > self.delta:
            raise InvalidArgument("kappa", self.kappa, f"or resolution must leave delta = {self.delta!r}")

    @property
    def detectable(self) -> float:
        """p_1, the probability of breaking the bound that a pass excludes."""
        return min(max(self.kappa * self.delta, self.resolution), (1 + self.delta) / 2)

    @cached_property  # asked for at every replicate
    def increments(self) -> tuple[float, float]:
        """(log LR of a replicate that keeps the bound < 0, of one that breaks it > 0)."""
        kept = math.log1p(-self.detectable) - math.log1p(-self.delta)
        broken = math.log(self.detectable) - math.log(self.delta) if self.delta > 0 else math.inf
        return kept, broken

    def log_e(self, exceedances: int, replicates: int) -> float:
        """log E after `exceedances` in the first `replicates`."""
        _counts(exceedances, replicates)
        kept, broken = self.increments
        # 0 exceedances of infinite weight count nothing.
        return (exceedances * broken if exceedances else 0.0) + (replicates - exceedances) * kept

    def decide(self, log_e: float) -> Outcome:
        """The outcome at this value of log E."""
        if log_e >= -math.log(self.alpha):
            return "fails"
        return "holds" if log_e <= math.log(self.beta) else "undecided"


@dataclass(frozen=True)
class TailResult:
    """Where a sequential tail test stopped.

    `log_e` is log E at the stop; `used` replicates were looked at, `exceedances` of them broke
    the bound; `first` and `last` are the indices of the first and the latest that did.
    """

    outcome: Outcome
    log_e: float
    used: int
    exceedances: int
    first: int | None
    last: int | None

    def interval(self, alpha: float) -> Interval:
        """Confidence limits for P(bound broken), valid at this data-dependent stop."""
        return stopped_interval(self.exceedances, self.used, alpha)


def run_tail(exceeded: Iterable[bool], test: TailTest, cap: int) -> TailResult:
    """Judge replicates in the order given (that of their index) and stop at the first decision.

    Looks at no more than `cap` replicates and draws none beyond the decision, so a lazy iterable
    is simulated only as far as needed.  Raises InvalidArgument if there is no replicate at all.
    """
    if cap < 1:
        raise InvalidArgument("cap", cap, "must be at least 1")
    used = exceedances = 0
    first = last = None
    log_e = 0.0
    outcome: Outcome = "undecided"
    for broken in exceeded:
        if broken:
            first, last = used if first is None else first, used
            exceedances += 1
        used += 1
        # From the counts, not by adding up: the same number for every way of batching.
        log_e = test.log_e(exceedances, used)
        outcome = test.decide(log_e)
        if outcome != "undecided" or used == cap:
            break
    if not used:
        raise InvalidArgument("exceeded", (), "must hold at least one replicate")
    return TailResult(outcome, log_e, used, exceedances, first, last)


def tail_replicates(test: TailTest) -> int:
    """Replicates after which a bound that is never broken passes; none passes sooner."""
    kept, _ = test.increments
    count = max(1, math.ceil(math.log(test.beta) / kept))
    # The quotient may round to the wrong side of an integer.
    while test.decide(test.log_e(0, count)) != "holds":
        count += 1
    while count > 1 and test.decide(test.log_e(0, count - 1)) == "holds":
        count -= 1
    return count


@dataclass(frozen=True)
class TailOperation:
    """Exact operating characteristic of a tail test at one p: probabilities and expected length."""

    fails: float
    holds: float
    undecided: float
    expected_replicates: float


@lru_cache(maxsize=4096)
def tail_operation(test: TailTest, cap: int, p: float) -> TailOperation:
    """What `test` does within `cap` independent replicates that break the bound with probability p.

    The number of exceedances is a random walk between two parallel lines, so few values of it
    are undecided at any time: the law is carried forward exactly, one replicate at a time.
    """
    if not 0 <= p <= 1:
        raise InvalidArgument("p", p, "must lie in [0, 1]")
    if cap < 1:
        raise InvalidArgument("cap", cap, "must be at least 1")
    fails, holds, undecided, expected = _carried(test, cap, np.array([p]))
    return TailOperation(float(fails[0]), float(holds[0]), float(undecided[0]), float(expected[0]))


def _carried(test: TailTest, cap: int, p: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Fails, holds, undecided and expected length at each p (m,): which counts are open is the same."""
    kept, broken = test.increments
    upper, lower = -math.log(test.alpha), math.log(test.beta)
    p = p[:, None]
    mass = np.ones((len(p), 1))  # of each undecided count, the smallest of which is `base`
    base = 0
    fails, holds, expected = np.zeros(len(p)), np.zeros(len(p)), np.zeros(len(p))
    for used in range(1, cap + 1):
        expected += mass.sum(axis=1)
        grown = np.zeros((len(p), mass.shape[1] + 1))
        grown[:, :-1] = (1 - p) * mass
        grown[:, 1:] += p * mass
        counts = np.arange(base, base + grown.shape[1])
        weight = np.multiply(counts, broken, out=np.zeros(len(counts)), where=counts > 0)
        log_e = weight + (used - counts) * kept
        above = int(np.searchsorted(log_e, upper, side="left"))
        below = int(np.searchsorted(log_e, lower, side="right"))
        fails += grown[:, above:].sum(axis=1)
        holds += grown[:, :below].sum(axis=1)
        mass, base = grown[:, below:above], base + below
        if not mass.shape[1]:
            break
    return fails, holds, mass.sum(axis=1), expected


def misses(test: TailTest, cap: int, p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability that `test` does not refute within `cap` replicates, at each true probability p (m,)."""
    _, holds, undecided, _ = _carried(test, cap, p)
    return holds + undecided


def tail_power(test: TailTest, cap: int, p: float) -> float:
    """Probability that `test` refutes within `cap` replicates when p is the true probability."""
    return tail_operation(test, cap, p).fails


@lru_cache(maxsize=256)
def tail_detectable(test: TailTest, cap: int) -> float:
    """The smallest p that is refuted within `cap` replicates with probability >= 1 - beta.

    At least `test.detectable` up to the overshoot of E, and close to it once `cap` is ample;
    inf if `cap` is too small for any p.
    """
    target = 1 - test.beta
    if tail_power(test, cap, 1.0) < target:
        return math.inf
    low, high = test.delta, 1.0
    while high - low > 1e-3 * (high - test.delta):
        between = np.linspace(low, high, SECTIONS + 1)[1:-1]
        enough = _carried(test, cap, between)[0] >= target  # rises with p: False, then True
        first = int(np.argmax(enough)) if enough.any() else len(between)
        low, high = float([low, *between][first]), float([*between, high][first])
    return high


SECTIONS = 16
"""Parts of the search for the smallest violation, whose powers are computed at once."""


def tail_evidence_power(test: TailTest, cap: int) -> Power:
    """The `Power` of a tail test with this cap, for its `Evidence`."""
    return Power(
        smallest=tail_detectable(test, cap),
        meaning="probability that a replicate breaks the bound",
        replicates=cap,
        beta=test.beta,
    )


def stopped_interval(exceedances: int, replicates: int, alpha: float) -> Interval:
    """Confidence interval for a probability, valid at any data-dependent number of replicates.

    The p whose likelihood ratio against the uniform mixture of all probabilities stays below
    1/alpha; by Ville's inequality it covers at every number of replicates at once with
    probability >= 1 - alpha.
    """
    from scipy import optimize

    _counts(exceedances, replicates)
    probability("alpha", alpha)
    misses = replicates - exceedances
    mixture = special.betaln(exceedances + 1, misses + 1) + math.log(alpha)

    def excess(p: float) -> float:
        return float(special.xlogy(exceedances, p) + special.xlog1py(misses, -p) - mixture)

    peak = exceedances / replicates
    # The likelihood at its peak exceeds its average, so a root lies on each side with data.
    low = optimize.brentq(excess, 0.0, peak, xtol=1e-15) if exceedances and excess(0.0) < 0 else 0.0
    high = optimize.brentq(excess, peak, 1.0, xtol=1e-15) if misses and excess(1.0) < 0 else 1.0
    return float(low), float(high)


def clopper_pearson(exceedances: int, replicates: int, alpha: float) -> Interval:
    """The exact binomial interval, valid at a number of replicates fixed before looking only."""
    from scipy import stats

    _counts(exceedances, replicates)
    probability("alpha", alpha)
    limits = stats.binomtest(exceedances, replicates).proportion_ci(1 - alpha, method="exact")
    return float(limits.low), float(limits.high)
