"""Thirteen statistical tests that fail now and then, as reported in public trackers, and what became of them.

Each is rebuilt small from its report's description (no code of the project it was reported to): `right` and
`faulty` versions of what is tested, the test as it was (`old`), and the same question asked with
`filtergain.testing` (`new`).  `python examples/flaky_tests.py` measures how often each errs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from filtergain import testing

Code = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """A reported test: versions of the code under test, the old test and the new one.

    `old(code, rng)` and `new(code, seed)` raise AssertionError where they fail.
    """

    what: str
    report: str
    right: Code
    faulty: Code
    fault: str
    old: Callable[[Code, np.random.Generator], None]
    new: Callable[[Code, int], testing.Finding]


# Dropout of whole rows: what is kept is scaled up, so that the mean stays 1.


def dropout(rng: np.random.Generator, scale: float = 1 / 0.6) -> np.ndarray:
    """Ten rows of ten ones, each row dropped with probability 0.4."""
    return np.repeat(rng.random((10, 1)) < 0.6, 10, axis=1) * scale


def old_dropout(code: Code, rng: np.random.Generator) -> None:
    """The test as it was."""
    assert 70 < code(rng).sum() < 130


def new_dropout(code: Code, seed: int) -> testing.Finding:
    """The same question, with stated error rates."""
    # Entries of one row stand and fall together: the row is the independent outcome.
    return testing.assert_mean_close(
        lambda rng: code(rng).mean(axis=1), 1.0, detectable=0.1, support=(0, 2), seed=seed
    )


# A coin from the last bit of a generator.


def coin(rng: np.random.Generator, heads: float = 0.5) -> np.ndarray:
    """Ten thousand flips."""
    return rng.random(10_000) < heads


def old_coin(code: Code, rng: np.random.Generator) -> None:
    """The test as it was."""
    heads = int(code(rng).sum())
    assert max(heads, 10_000 - heads) / min(heads, 10_000 - heads) < 1.1


def new_coin(code: Code, seed: int) -> testing.Finding:
    """The same question, with stated error rates."""
    return testing.assert_mean_close(code, 0.5, detectable=0.01, support=(0, 1), seed=seed)


# "Is it normal?", asked of a p-value.


def old_normal(code: Code, rng: np.random.Generator) -> None:
    """The test as it was."""
    assert stats.shapiro(code(rng)).pvalue > 0.05


def new_normal(code: Code, seed: int) -> testing.Finding:
    """The same question, with stated error rates."""
    return testing.assert_same_law(code, cdf=stats.norm.cdf, detectable=0.02, seed=seed)


# A Bloom filter with one false positive in 4.75 million, probed a hundred thousand times.

RARE = 1 / 4_750_000


def rare(rng: np.random.Generator, rate: float = RARE) -> int:
    """False positives among a hundred thousand probes."""
    return int(rng.binomial(100_000, rate))


def old_rare(code: Code, rng: np.random.Generator) -> None:
    """The test as it was."""
    assert code(rng) == 0


def new_rare(code: Code, seed: int) -> testing.Finding:
    """The same question, with stated error rates."""
    # An event of a batch of probes: at most 100 000 times the rate.
    return testing.assert_probability_at_most(
        lambda rng: code(rng) > 0, 100_000 * RARE, detectable=0.1, seed=seed
    )


# A Bloom filter whose false positives may pass the rate asked for by a tenth.


def positives(rng: np.random.Generator, rate: float = 0.01) -> np.ndarray:
    """Which of 2000 probes are false positives."""
    return rng.random(2000) < rate


def old_positives(code: Code, rng: np.random.Generator) -> None:
    """The test as it was."""
    assert code(rng).sum() < 2000 * 0.01 * 1.1


def new_positives(code: Code, seed: int) -> testing.Finding:
    """The same question, with stated error rates."""
    return testing.assert_probability_at_most(code, 0.01, detectable=0.015, seed=seed)


# The same for a filter made for ten entries.


def small_filter(rng: np.random.Generator, rate: float = 0.1) -> np.ndarray:
    """Which of ten probes are false positives."""
    return rng.random(10) < rate


def old_small(code: Code, rng: np.random.Generator) -> None:
    """The test as it was."""
    assert code(rng).mean() <= 0.1


def new_small(code: Code, seed: int) -> testing.Finding:
    """The same question, with stated error rates."""
    return testing.assert_probability_at_most(code, 0.1, detectable=0.13, seed=seed)


# MinHash: a similarity of 0.8 from 247 hash functions, off by less than 0.05.


def agreements(rng: np.random.Generator, similarity: float = 0.8) -> np.ndarray:
    """Which of 247 hash functions agree on two sets."""
    return rng.random(247) < similarity


def old_minhash(code: Code, rng: np.random.Generator) -> None:
    """The test as it was."""
    assert abs(code(rng).mean() - 0.8) < 0.05


def new_minhash(code: Code, seed: int) -> testing.Finding:
    """The same question, with stated error rates."""
    return testing.assert_mean_close(code, 0.8, detectable=0.02, support=(0, 1), seed=seed)


# HyperLogLog with 2048 registers: ten counts of a hundred thousand, each off by at most 6%.

REGISTERS, ITEMS = 2048, 100_000
CORRECTION = 0.7213 / (1 + 1.079 / REGISTERS)


def relative_count(rng: np.random.Generator, correction: float = CORRECTION) -> float:
    """The estimate over the truth: a register holds the largest of its items' geometric variables."""
    items = rng.multinomial(ITEMS, np.full(REGISTERS, 1 / REGISTERS))
    largest = np.ceil(-np.log2(-np.expm1(np.log(rng.random(REGISTERS)) / np.maximum(items, 1))))
    return correction * REGISTERS**2 / float(np.sum(2.0 ** -np.where(items > 0, largest, 0.0))) / ITEMS


def old_count(code: Code, rng: np.random.Generator) -> None:
    """The test as it was."""
    for _ in range(10):
        assert abs(code(rng) - 1) < 0.06


def new_count(code: Code, seed: int) -> testing.Finding:
    """The same question, with stated error rates."""
    return testing.assert_mean_close(code, 1.0, detectable=0.02, tolerance=0.005, std=0.03, seed=seed)


# Random bytes, failed where a chi-square test is in its lower or upper hundredth.


def random_bytes(rng: np.random.Generator, top: float = 0.5) -> np.ndarray:
    """100 000 bytes, each with its highest bit set with probability `top`."""
    return rng.integers(0, 128, 100_000) + 128 * (rng.random(100_000) < top)


def old_bytes(code: Code, rng: np.random.Generator) -> None:
    """The test as it was."""
    p = stats.chisquare(np.bincount(code(rng), minlength=256)).pvalue
    assert 0.01 < p < 0.99


def new_bytes(code: Code, seed: int) -> testing.Finding:
    """The same question, with stated error rates."""
    return testing.assert_same_law(
        code, cdf=lambda x: np.clip(np.floor(x + 1) / 256, 0, 1), detectable=0.015, seed=seed
    )


# An instrumental-variable estimate of a coefficient that is 1, looked at from above only.


def coefficient(rng: np.random.Generator, instrument: float = 1.0) -> float:
    """The estimate from 20 000 rows; with `instrument` 0 the confounded regression."""
    z, hidden, noise = rng.standard_normal((3, 20_000))
    x = z + hidden
    used = z if instrument else x
    return float(used @ (x - hidden + 0.5 * noise) / (used @ x))


def old_coefficient(code: Code, rng: np.random.Generator) -> None:
    """The test as it was."""
    assert code(rng) - 1 < 0.01


def new_coefficient(code: Code, seed: int) -> testing.Finding:
    """The same question, with stated error rates."""
    # The estimate has no moments: what is asked is how often it is far off.
    return testing.assert_probability_at_most(
        lambda rng: abs(code(rng) - 1) > 0.03, 0.01, detectable=0.2, seed=seed
    )


# A summary of a chain whose spread is read off 300 draws.


def spread(rng: np.random.Generator, scale: float = 1.0) -> float:
    """The standard deviation of 300 draws."""
    return float(np.std(scale * rng.standard_normal(300), ddof=1))


def old_spread(code: Code, rng: np.random.Generator) -> None:
    """The test as it was."""
    assert abs(code(rng) - 1) < 0.05


def new_spread(code: Code, seed: int) -> testing.Finding:
    """The same question, with stated error rates."""
    return testing.assert_mean_close(code, 1.0, detectable=0.03, tolerance=0.002, std=0.05, seed=seed)


# A Markov chain's draws, thinned, held against their law as if they were independent.


def chain(rng: np.random.Generator, scale: float = 1.0) -> np.ndarray:
    """1000 states of a stationary autoregressive chain with correlation 0.9."""
    states = np.empty(1000)
    states[0] = rng.standard_normal()
    kicks = math.sqrt(1 - 0.81) * rng.standard_normal(1000)
    for t in range(1, 1000):
        states[t] = 0.9 * states[t - 1] + kicks[t]
    return scale * states


def old_chain(code: Code, rng: np.random.Generator) -> None:
    """The test as it was."""
    assert stats.kstest(code(rng)[::5], "norm").pvalue > 0.01


def new_chain(code: Code, seed: int) -> testing.Finding:
    """The same question, with stated error rates."""
    # One state of each chain: chains are independent, states of a chain are not.
    return testing.assert_same_law(lambda rng: code(rng)[-1], cdf=stats.norm.cdf, detectable=0.12, seed=seed)


# The strong order of a solver for a stochastic differential equation, from a hundred paths.

STEPS = (8, 16, 32, 64, 128)


def endpoint_error(steps: float, rng: np.random.Generator, paths: int = 100, bias: float = 0.0) -> np.ndarray:
    """Errors at time 1 of Euler and Maruyama's method for dX = X dW; `bias` is a drift that is not in it."""
    count = int(steps)
    kicks = rng.standard_normal((paths, count)) / math.sqrt(count)
    exact = np.exp(kicks.sum(axis=1) - 0.5)
    return np.abs(np.prod(1 + kicks + bias / count, axis=1) - exact)


def old_order(code: Code, rng: np.random.Generator) -> None:
    """The test as it was."""
    errors = [np.mean(code(steps, rng)) for steps in STEPS]
    slope = np.polyfit(np.log(STEPS), np.log(errors), 1)[0]
    assert abs(slope + 0.5) < 0.1


def new_order(code: Code, seed: int) -> testing.Finding:
    """The same question, with stated error rates."""
    return testing.assert_exponent(code, STEPS, -0.5, detectable=0.15, tolerance=0.05, seed=seed)


CASES = (
    Case(
        "dropout keeps the mean", "https://github.com/pytorch/pytorch/issues/7286",
        dropout, lambda rng: dropout(rng, 1 / 0.7), "scaled for another rate", old_dropout, new_dropout,
    ),
    Case(
        "a fair coin", "https://github.com/dart-lang/sdk/issues/28256",
        coin, lambda rng: coin(rng, 0.51), "heads 51%", old_coin, new_coin,
    ),
    Case(
        "normal numbers", "https://github.com/Tribler/tribler/issues/7081",
        lambda rng: rng.standard_normal(100),
        lambda rng: rng.standard_t(6, 100), "Student's t with 6 degrees", old_normal, new_normal,
    ),
    Case(
        "a rare false positive", "https://github.com/ipfs/boxo/pull/1139",
        rare, lambda rng: rare(rng, 10 * RARE), "ten times as often", old_rare, new_rare,
    ),
    Case(
        "false positives as asked", "https://github.com/apache/parquet-java/pull/1170",
        positives, lambda rng: positives(rng, 0.015), "half as many again", old_positives, new_positives,
    ),
    Case(
        "a filter for ten entries", "https://github.com/jvirkki/libbloom/issues/7",
        small_filter, lambda rng: small_filter(rng, 0.15), "half as many again", old_small, new_small,
    ),
    Case(
        "MinHash similarity", "https://github.com/twitter/algebird/pull/514",
        agreements, lambda rng: agreements(rng, 0.77), "0.77 for 0.8", old_minhash, new_minhash,
    ),
    Case(
        "HyperLogLog count", "https://github.com/hazelcast/hazelcast/issues/11433",
        relative_count, lambda rng: relative_count(rng, 0.7), "correction off by 3%", old_count, new_count,
    ),
    Case(
        "random bytes", "https://github.com/jirka-h/haveged/issues/55",
        random_bytes, lambda rng: random_bytes(rng, 0.515), "top bit 51.5%", old_bytes, new_bytes,
    ),
    Case(
        "an instrument's coefficient", "https://github.com/pgmpy/pgmpy/pull/1380",
        coefficient, lambda rng: coefficient(rng, 0.0), "confounded", old_coefficient, new_coefficient,
    ),
    Case(
        "a chain's spread", "https://github.com/Samreay/ChainConsumer/pull/86",
        spread, lambda rng: spread(rng, 1.04), "4% too wide", old_spread, new_spread,
    ),
    Case(
        "a chain's law", "https://github.com/pymc-devs/pymc/issues/6246",
        chain, lambda rng: chain(rng, 1.5), "1.5 times too wide", old_chain, new_chain,
    ),
    Case(
        "a solver's order", "https://github.com/SciML/StochasticDiffEq.jl/issues/386",
        endpoint_error, lambda steps, rng: endpoint_error(steps, rng, bias=0.2), "a drift",
        old_order, new_order,
    ),
)  # fmt: skip


def failures(test: Callable[[Any], object], runs: int) -> float:
    """The share of `runs` runs, each with a seed of its own, in which the test fails."""
    failed = 0
    for seed in range(runs):
        try:
            test(seed)
        except AssertionError:
            failed += 1
    return failed / runs


def measured(case: Case, old_runs: int, new_runs: int) -> dict[str, Any]:
    """How often the old test and the new one err, and what the new one draws."""

    def old(code: Code) -> float:
        return failures(lambda seed: case.old(code, np.random.default_rng(seed)), old_runs)

    def new(code: Code) -> float:
        return failures(lambda seed: case.new(code, seed), new_runs)

    started = time.perf_counter()
    found = case.new(case.right, 0)
    taken = time.perf_counter() - started
    return {
        "old_false": old(case.right),
        "old_missed": 1 - old(case.faulty),
        "new_false": new(case.right),
        "new_missed": 1 - new(case.faulty),
        "outcomes": found.drawn,
        "seconds": taken,
    }


def table(old_runs: int = 500, new_runs: int = 20) -> str:
    """The measured rates as a Markdown table."""
    lines = [
        "| what is tested | planted fault | old: false alarms | old: fault missed | new: false alarms "
        "| new: fault missed | outcomes | time |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case in CASES:
        m = measured(case, old_runs, new_runs)
        lines.append(
            f"| [{case.what}]({case.report}) | {case.fault} | {m['old_false']:.1%} | {m['old_missed']:.1%} "
            f"| {m['new_false']:.0%} | {m['new_missed']:.0%} | {m['outcomes']} | {m['seconds']:.2f} s |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
