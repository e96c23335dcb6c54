"""Statistical assertions for anyone's tests: each states how often it errs, in both directions.

::

    from filtergain import testing

    def test_dropout(false_alarms):
        testing.assert_mean_close(
            lambda rng: dropout(np.ones(1000), 0.5, rng) > 0,  # one outcome, or an array of independent ones
            0.5,
            detectable=0.02,
            support=(0, 1),
            alpha=false_alarms,
            wrong=lambda rng: dropout(np.ones(1000), 0.54, rng) > 0,
        )

Every assertion has the same three parts.  *What is right*: a mean, a probability, an exponent or a law, up to
`tolerance`.  *What must be noticed*: `detectable`, how far off is a fault.  *How often it may err*: correct
code fails with probability at most `alpha`, a fault of `detectable` or more passes with probability at most
`beta`; how many outcomes that takes is found by the assertion, not by its user.  Code between the two may go
either way.  The statements hold for every law (and every sample size): no normal approximation.
`wrong` is a version with a planted fault: the assertion must fail on it, or it fails itself.

Draws come from generators made of `seed`, so a run repeats to the bit.  Derivations:
proofs_notes/evidence.md.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from verification.errors import InvalidArgument, function_or_none, real, whole
from verification.statistics.distribution import dkw_epsilon, kolmogorov_distance
from verification.statistics.evidence import Interval, Outcome, probability
from verification.statistics.means import bounded_mean_draws, bounded_mean_interval, catoni_mean_interval
from verification.statistics.slopes import slope_interval
from verification.statistics.tail import TailTest, run_tail

__all__ = [
    "Budget",
    "Finding",
    "TooFewOutcomes",
    "assert_exponent",
    "assert_mean_close",
    "assert_probability_at_most",
    "assert_same_law",
]

Outcomes = Callable[[np.random.Generator], Any]
"""A generator -> one outcome, or an array of independent ones (any shape)."""

ALPHA = 1e-9
"""Probability that an assertion fails on correct code, unless another is given."""

BETA = 1e-6
"""Probability that an assertion passes on a fault, unless another is given."""

MOST = 10_000_000
"""Outcomes that an assertion draws at most, unless another number is given."""

FIRST = 64
"""Outcomes at the first look of an assertion that looks several times; each look doubles them."""


class TooFewOutcomes(AssertionError):
    """The outcomes allowed for were too few to decide: neither right nor a fault was shown."""


class Budget:
    """A probability of false alarms shared out among assertions, however many there will be.

    The k-th share is rate / (k (k + 1)): their sum never passes `rate`.  `alpha=budget` takes the next one.

    >>> budget = Budget(1e-6)
    >>> budget.share(), budget.share()
    (5e-07, 1.6666666666666665e-07)
    """

    def __init__(self, rate: float) -> None:
        self.rate = probability("rate", rate)
        self.taken = 0

    def share(self) -> float:
        """The next share."""
        self.taken += 1
        return self.rate / (self.taken * (self.taken + 1))


@dataclass(frozen=True)
class Finding:
    """What an assertion that passed found: `estimate` with its `interval`, from `drawn` outcomes.

    `interval` covers at 1 - alpha; a fault of `detectable` or more passes with probability at most `beta`.
    """

    statement: str
    estimate: float
    interval: Interval
    drawn: int
    detectable: float
    alpha: float
    beta: float

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.statement}: {self.estimate:.6g} in [{low:.6g}, {high:.6g}] from {self.drawn} outcomes; "
            f"correct code fails with probability at most {self.alpha:.2g}, "
            f"a fault of {self.detectable:.4g} or more passes with at most {self.beta:.2g}"
        )


def assert_probability_at_most(
    draw: Outcomes,
    limit: float,
    *,
    detectable: float | None = None,
    alpha: float | Budget = ALPHA,
    beta: float = BETA,
    seed: int = 0,
    most: int = MOST,
    wrong: Outcomes | None = None,
) -> Finding:
    """The event that `draw(rng)` tells of (true or false) has probability at most `limit` in [0, 1).

    A probability of `detectable` (default: twice the limit) must be noticed.  Watched outcome by outcome (a
    likelihood-ratio test), so it stops as soon as it can.  At `limit` 0 one event is enough to fail.
    Raises AssertionError, TooFewOutcomes, and InvalidArgument for arguments that are not allowed.

    >>> found = assert_probability_at_most(lambda rng: rng.random(100) < 0.01, 0.02, detectable=0.05)
    >>> found.estimate < 0.02
    True
    """
    share, most = _share(alpha, beta, most)
    limit = probability("limit", limit, zero=True)
    allowed = f"must lie between the limit {limit!r} and 1"
    must = 2 * limit if detectable is None else real("detectable", detectable, allowed)
    if not limit < must < 1:
        raise InvalidArgument("detectable", must, allowed)
    test = TailTest(delta=limit, kappa=1.0, alpha=share, beta=beta, resolution=must)

    def judge(sources: list[_Source]) -> _Judged:
        found = run_tail(sources[0].events(), test, most)
        estimate = found.exceedances / found.used
        return _Judged(found.outcome, estimate, found.interval(share), found.used)

    statement = f"probability at most {limit:.6g}"
    _drawable(draw, wrong)
    planted = None if wrong is None else [_Source(wrong, seed, 1)]
    return _reported(statement, judge, [_Source(draw, seed, 0)], planted, seed, (must, share, beta))


def assert_mean_close(
    draw: Outcomes,
    mean: float,
    *,
    detectable: float,
    tolerance: float = 0.0,
    support: Interval | None = None,
    std: float | None = None,
    alpha: float | Budget = ALPHA,
    beta: float = BETA,
    seed: int = 0,
    most: int = MOST,
    wrong: Outcomes | None = None,
) -> Finding:
    """The mean of `draw(rng)` is within `tolerance` of `mean`; off by `detectable` must be noticed.

    Either `support` = (a, b), a range that holds every outcome, or `std`, a bound on the standard deviation,
    must be given: without one no test of a mean can keep its promise.  Looks after 64, 128, 256, ...
    outcomes, its error rates split over the looks, so a law that spreads less than allowed costs less.
    Raises AssertionError, TooFewOutcomes, and InvalidArgument for arguments that are not allowed.

    >>> found = assert_mean_close(lambda rng: rng.random(50), 0.5, detectable=0.05, support=(0, 1))
    >>> abs(found.estimate - 0.5) < 0.05
    True
    """
    share, most = _share(alpha, beta, most)
    mean = _finite("mean", mean)
    if (support is None) == (std is None):
        raise InvalidArgument("support", support, "or std must be given, and only one of them")
    support = None if support is None else _range(support)
    std = None if std is None else _positive("std", std)
    tolerance, detectable = _margins(tolerance, detectable)

    def interval(values: NDArray[np.float64], level: float) -> Interval:
        if support is not None:
            return bounded_mean_interval(values, support, level)
        assert std is not None
        return catoni_mean_interval(values, std, level)

    def judge(sources: list[_Source]) -> _Judged:
        for look, size in _looks(most):
            values = sources[0].take(size)
            sources[0].within(support or (-sys.float_info.max, sys.float_info.max))
            wide = interval(values, share * look)
            outcome = _placed(wide, interval(values, beta * look), mean, tolerance, detectable)
            if outcome != "undecided":
                break
        return _Judged(outcome, float(np.mean(values)), wide, size)

    if support is not None:
        last = list(_looks(most))[-1][0]
        needed = bounded_mean_draws(support, (detectable - tolerance) / 2, min(share, beta) * last)
        _affordable(needed, most)
    statement = f"mean {mean:.6g}{_within(tolerance)}"
    _drawable(draw, wrong)
    planted = None if wrong is None else [_Source(wrong, seed, 1)]
    return _reported(statement, judge, [_Source(draw, seed, 0)], planted, seed, (detectable, share, beta))


def assert_exponent(
    draw: Callable[[float, np.random.Generator], Any],
    at: Sequence[float],
    exponent: float,
    *,
    detectable: float,
    tolerance: float = 0.0,
    alpha: float | Budget = ALPHA,
    beta: float = BETA,
    seed: int = 0,
    most: int = MOST,
    wrong: Callable[[float, np.random.Generator], Any] | None = None,
) -> Finding:
    """The median of `draw(x, rng)` > 0 grows like x ** exponent over the numbers `at`, up to `tolerance`.

    Fails where the slope of log(median) over log(x), or that between any two neighbours, is shown to differ
    by more than `tolerance`; passes once the least-squares slope is within `detectable`.  Medians, so heavy
    tails do no harm and nothing need be known of the law.  `most` counts outcomes at each x.
    Raises AssertionError, TooFewOutcomes, and InvalidArgument for arguments that are not allowed.

    >>> def error(n, rng):
    ...     return abs(rng.standard_normal((100, int(n))).mean(axis=1))
    >>> found = assert_exponent(error, [10, 40, 160], -0.5, detectable=0.3)
    >>> abs(found.estimate + 0.5) < 0.2
    True
    """
    share, most = _share(alpha, beta, most)
    exponent = _finite("exponent", exponent)
    tolerance, detectable = _margins(tolerance, detectable)
    points = _rising("at", at)
    log_x = np.log(points)

    def judge(sources: list[_Source]) -> _Judged:
        for look, size in _looks(most):
            logs = [source.logs(size) for source in sources]
            shown = slope_interval(log_x, logs, share * look)
            fitted, wide = shown.least_squares
            close = slope_interval(log_x, logs, beta * look).least_squares[1]
            bends = any(_apart(local, exponent, tolerance) for _, local in shown.local)
            outcome = "fails" if bends else _placed(wide, close, exponent, tolerance, detectable)
            if outcome != "undecided":
                break
        return _Judged(outcome, fitted, wide, size * len(points))

    def sources(drawn: Callable[[float, np.random.Generator], Any], stream: int) -> list[_Source]:
        def at_point(x: float) -> Outcomes:
            return lambda rng: drawn(x, rng)

        return [_Source(at_point(float(x)), seed, stream, place) for place, x in enumerate(points)]

    statement = f"exponent {exponent:.6g}{_within(tolerance)}"
    _drawable(draw, wrong)
    planted = None if wrong is None else sources(wrong, 1)
    return _reported(statement, judge, sources(draw, 0), planted, seed, (detectable, share, beta))


def assert_same_law(
    draw: Outcomes,
    other: Outcomes | None = None,
    *,
    cdf: Callable[[NDArray[np.float64]], ArrayLike] | None = None,
    detectable: float,
    tolerance: float = 0.0,
    alpha: float | Budget = ALPHA,
    beta: float = BETA,
    seed: int = 0,
    most: int = MOST,
    wrong: Outcomes | None = None,
) -> Finding:
    """`draw(rng)` has the law of `other(rng)`, or the distribution function `cdf`, up to `tolerance`.

    Distances are Kolmogorov's, the largest difference of two distribution functions; atoms are allowed.
    `cdf` maps an array (k,) to probabilities (k,), such as `scipy.stats.norm.cdf`.  The number of outcomes is
    fixed beforehand, by the inequality of Dvoretzky, Kiefer and Wolfowitz.
    Raises AssertionError, and InvalidArgument for arguments that are not allowed.

    >>> found = assert_same_law(lambda rng: rng.random(1000), cdf=lambda x: x, detectable=0.1)
    >>> found.estimate < 0.05
    True
    """
    share, most = _share(alpha, beta, most)
    tolerance, detectable = _margins(tolerance, detectable, below=1.0)
    if (other is None) == (cdf is None):
        raise InvalidArgument("other", other, "or cdf must be given, and only one of them")
    for name, given in (("other", other), ("cdf", cdf)):
        function_or_none(name, given)
    samples = 1 if other is None else 2
    size = _law_draws(detectable - tolerance, share, beta, samples)
    _affordable(size, most)

    def judge(sources: list[_Source]) -> _Judged:
        first = sources[0].take(size)
        if cdf is not None:
            distance = kolmogorov_distance(first, cdf)
        else:
            distance = _sample_distance(first, sources[1].take(size))
        reach = samples * dkw_epsilon(size, share / samples)
        outcome: Outcome = "fails" if distance - reach > tolerance else "holds"
        return _Judged(
            outcome, distance, (max(0.0, distance - reach), min(1.0, distance + reach)), samples * size
        )

    def sources(drawn: Outcomes, stream: int) -> list[_Source]:
        return [_Source(d, seed, stream, place) for place, d in enumerate((drawn, other)) if d is not None]

    statement = f"same law{_within(tolerance)} (Kolmogorov distance)"
    _drawable(draw, wrong)
    planted = None if wrong is None else sources(wrong, 1)
    return _reported(statement, judge, sources(draw, 0), planted, seed, (detectable, share, beta))


@dataclass(frozen=True)
class _Judged:
    outcome: Outcome
    estimate: float
    interval: Interval
    drawn: int


class _Source:
    """Outcomes of `draw`, from a stream of their own: the first n are the same however they are asked for."""

    def __init__(self, draw: Outcomes, seed: int, *stream: int) -> None:
        self._draw = draw
        seed = whole("seed", seed, 0, 2**63 - 1)
        self._rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=stream))
        self._parts: list[NDArray[np.float64]] = []
        self._count = 0

    def _more(self) -> NDArray[np.float64]:
        """One more call's outcomes; not a number is a fault of what is tested."""
        outcomes = np.ravel(np.asarray(self._draw(self._rng), dtype=np.float64))
        if not len(outcomes):
            raise InvalidArgument("draw", "an empty array", "must return at least one outcome a call")
        if np.isnan(outcomes).any():
            raise AssertionError(
                f"outcome {self._count + int(np.argmax(np.isnan(outcomes))) + 1} is not a number"
            )
        self._parts.append(outcomes)
        self._count += len(outcomes)
        return outcomes

    def take(self, size: int) -> NDArray[np.float64]:
        """The first `size` outcomes."""
        while self._count < size:
            self._more()
        self._parts = [np.concatenate(self._parts)]
        return self._parts[0][:size]

    def within(self, support: Interval) -> None:
        """Raises AssertionError for an outcome outside of what was said to hold them all."""
        for part in self._parts:
            if part.min() < support[0] or part.max() > support[1]:
                outside = part[(part < support[0]) | (part > support[1])][0]
                low, high = support
                raise AssertionError(f"an outcome is {outside:.6g}, outside [{low:.6g}, {high:.6g}]")

    def logs(self, size: int) -> NDArray[np.float64]:
        """Logarithms of the first `size` outcomes, all of which must be positive."""
        values = self.take(size)
        if (values <= 0).any():
            raise AssertionError(
                f"an outcome is {values[values <= 0][0]:.6g}: an exponent needs positive ones"
            )
        return np.log(values)

    def events(self) -> Iterator[bool]:
        """Outcomes one after the other, as true or false."""
        while True:
            for outcome in self._more():
                if outcome not in (0.0, 1.0):
                    raise InvalidArgument("draw", float(outcome), "must return true or false (or 0 and 1)")
                yield bool(outcome)
            self._parts.clear()


def _reported(
    statement: str,
    judge: Callable[[list[_Source]], _Judged],
    drawn: list[_Source],
    planted: list[_Source] | None,
    seed: int,
    rates: tuple[float, float, float],
) -> Finding:
    """The finding, or an AssertionError that says what was found; then the planted fault must fail."""
    detectable, alpha, beta = rates
    found = judge(drawn)
    said = Finding(statement, found.estimate, found.interval, found.drawn, detectable, alpha, beta)
    if found.outcome == "fails":
        raise AssertionError(f"not so: {said} (seed {seed})")
    if found.outcome == "undecided":
        raise TooFewOutcomes(
            f"undecided: {said}; allow more outcomes (most=) or a larger detectable= (seed {seed})"
        )
    if planted is not None:
        try:
            fault = judge(planted)
        except AssertionError:
            return said  # noticed: an outcome that no right version could have
        if fault.outcome != "fails":
            raise AssertionError(
                f"the planted fault was not noticed: {statement}, it shows {fault.estimate:.6g} after "
                f"{fault.drawn} outcomes; a fault must be off by {detectable:.4g} to be noticed (seed {seed})"
            )
    return said


def _share(alpha: float | Budget, beta: float, most: int) -> tuple[float, int]:
    """(the false-alarm share, the most outcomes), both checked, and the other error rate with them."""
    probability("beta", beta)
    most = whole("most", most, 1)
    return alpha.share() if isinstance(alpha, Budget) else probability("alpha", alpha), most


def _drawable(draw: object, wrong: object) -> None:
    """Raises InvalidArgument where what draws is no function."""
    if not callable(draw):
        raise InvalidArgument("draw", draw, "must be a function of a generator")
    function_or_none("wrong", wrong)


def _finite(argument: str, value: float) -> float:
    number = real(argument, value, "must be finite")
    if not math.isfinite(number):
        raise InvalidArgument(argument, value, "must be finite")
    return number


def _positive(argument: str, value: float) -> float:
    number = _finite(argument, value)
    if not number > 0:
        raise InvalidArgument(argument, value, "must be positive")
    return number


def _range(support: Interval) -> Interval:
    """The range that holds every outcome, checked."""
    allowed = "must be two finite numbers, the smaller first"
    if not isinstance(support, Sequence) or isinstance(support, str) or len(support) != 2:
        raise InvalidArgument("support", support, allowed)
    low, high = (real("support", end, allowed) for end in support)
    if not -math.inf < low < high < math.inf:
        raise InvalidArgument("support", support, allowed)
    return low, high


def _rising(argument: str, values: Sequence[float]) -> NDArray[np.float64]:
    """The numbers as an array, shape (m,); raises InvalidArgument unless they are positive and rise."""
    allowed = "must be two or more positive numbers that rise"
    try:
        points = np.asarray(values)
    except ValueError:
        raise InvalidArgument(argument, values, allowed) from None
    if points.dtype.kind not in "iuf" or points.ndim != 1 or len(points) < 2:
        raise InvalidArgument(argument, values, allowed)
    if not ((points > 0).all() and (np.diff(points) > 0).all() and np.isfinite(points).all()):
        raise InvalidArgument(argument, values, allowed)
    return points.astype(np.float64)


def _margins(tolerance: float, detectable: float, below: float = math.inf) -> tuple[float, float]:
    allowed = "must be 0 or more, and finite"
    tolerance = real("tolerance", tolerance, allowed)
    if not 0 <= tolerance < math.inf:
        raise InvalidArgument("tolerance", tolerance, allowed)
    allowed = f"must pass the tolerance {tolerance!r}, below {below}"
    detectable = real("detectable", detectable, allowed)
    if not tolerance < detectable < below:
        raise InvalidArgument("detectable", detectable, allowed)
    return tolerance, detectable


def _affordable(needed: int, most: int) -> None:
    if needed > most:
        raise InvalidArgument("detectable", f"needs up to {needed} outcomes", f"must do with most = {most}")


def _looks(most: int) -> Iterator[tuple[float, int]]:
    """(share of the error rates, outcomes by then) of each look: shares 1/(k (k + 1)) sum to 1 at most."""
    for k in itertools.count(1):
        size = min(FIRST << (k - 1), most)
        yield 1 / (k * (k + 1)), size
        if size == most:
            return


def _apart(interval: Interval, target: float, tolerance: float) -> bool:
    return interval[1] < target - tolerance or interval[0] > target + tolerance


def _placed(wide: Interval, close: Interval, target: float, tolerance: float, detectable: float) -> Outcome:
    """Fails where `wide` excludes all that is tolerated, holds where `close` excludes every fault."""
    if _apart(wide, target, tolerance):
        return "fails"
    return "holds" if target - detectable < close[0] and close[1] < target + detectable else "undecided"


def _within(tolerance: float) -> str:
    return f" within {tolerance:.4g}" if tolerance else ""


def _law_draws(distance: float, alpha: float, beta: float, samples: int) -> int:
    """Outcomes of each sample for which twice the inequality's reach, at alpha and at beta, is `distance`."""
    roots = sum(math.sqrt(math.log(2 * samples / rate) / 2) for rate in (alpha, beta))
    return math.ceil((samples * roots / distance) ** 2)


def _sample_distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Kolmogorov distance of two samples' empirical laws."""
    ordered = np.sort(second)
    return kolmogorov_distance(first, lambda x: np.searchsorted(ordered, x, side="right") / len(ordered))
