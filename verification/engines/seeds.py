"""Random streams that depend on what is drawn, not on who draws it or when.

A Philox generator is keyed by a hash of (root seed, key of what is drawn); the replicate index
sits in the highest word of its 256-bit counter, stage and block indices in the next one.  Replicates
and blocks are therefore disjoint streams of one keyed function: any worker can draw any of them,
in any order, and get the same bits.

Where a stream gives millions of numbers, `fast` takes a key from it for a generator that is a third
faster.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verification.errors import whole

STREAMS = 3
"""Counts the ways in which a seed has become numbers; a store names it beside the libraries' versions."""


class _Words(np.random.SeedSequence):
    """Gives a new generator these words, without the search for entropy, most of what one costs."""

    def __init__(self, words: NDArray[np.uint64]) -> None:
        self._words = words

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> NDArray[Any]:
        """The words, which must be as many as the generator asks for."""
        assert n_words == len(self._words), "another number of words was asked for"
        return self._words


_NO_KEY = _Words(np.zeros(2, dtype=np.uint64))


def generator(root_seed: int, key: str, replicate: int = 0) -> np.random.Generator:
    """The generator of one replicate; `key` names the setting and procedure drawn from."""
    return generators(root_seed, key, [replicate])[0]


def generators(root_seed: int, key: str, replicates: Iterable[int]) -> list[np.random.Generator]:
    """`generator` for each replicate, with the key hashed once."""
    root_seed = whole("seed", root_seed, 0, 2**63 - 1)
    digest = hashlib.blake2b(f"{root_seed}|{key}".encode(), digest_size=16).digest()
    words = int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")
    return [_philox(words, (0, 0, 0, whole("replicate", i, 0, 2**63 - 1))) for i in replicates]


def stage(rng: np.random.Generator, index: int) -> np.random.Generator:
    """The independent stream of stage `index` >= 0 of a replicate (bases, teacher, each round).

    A stage has room for 2**40 - 1 blocks.  Counts from the state that `rng` has now, so ask
    before drawing from `rng`.
    """
    return _jumped(rng, (index + 1) << 40)


def block(rng: np.random.Generator, index: int) -> np.random.Generator:
    """The independent stream of block `index` >= 0 of a stage; see `stage` for when to ask."""
    return _jumped(rng, index + 1)


def fast(rng: np.random.Generator) -> np.random.Generator:
    """A stream of many numbers: SFC64, keyed by the next 192 bits of `rng`, which move on.

    It takes two thirds of Philox's time for a normal.  Streams with different keys never meet in 2**64
    draws: each starts its counter at 1, and a step is a bijection.  Of N keys two are equal with a
    probability below N**2 / 2**193.
    """
    return np.random.Generator(np.random.SFC64(_Words(_counter_based(rng).random_raw(3))))


def _jumped(rng: np.random.Generator, jumps: int) -> np.random.Generator:
    # One jump is 2**128 draws: the replicate's word of the counter is never reached.
    bits = _counter_based(rng)
    # What bits.jumped(jumps) gives, at a fraction of its time: short draws spend much of theirs here.
    state = bits.state["state"]
    low, middle, third, fourth = state["counter"].tolist()
    high = (third + (fourth << 64) + jumps) % 2**128
    return _philox(state["key"], (low, middle, high % 2**64, high >> 64))


def _counter_based(rng: np.random.Generator) -> np.random.Philox:
    bits = rng.bit_generator
    if not isinstance(bits, np.random.Philox):
        raise TypeError(f"independent streams need a Philox generator, got {type(bits).__name__}")
    return bits


def _philox(
    key: Sequence[int] | NDArray[np.uint64], counter: tuple[int, int, int, int]
) -> np.random.Generator:
    bits = np.random.Philox(_NO_KEY)  # its whole state is set below
    # NumPy takes tuples as well as the arrays that its type asks for, and faster.
    state: Any = {
        "bit_generator": "Philox",
        "state": {"counter": counter, "key": key},
        "buffer": (0, 0, 0, 0),
        "buffer_pos": 4,  # nothing buffered
        "has_uint32": 0,
        "uinteger": 0,
    }
    bits.state = state
    return np.random.Generator(bits)
