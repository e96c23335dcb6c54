"""Random streams that depend on what is drawn, not on who draws it or when.

A Philox generator is keyed by a hash of (root seed, key of what is drawn); the replicate index
sits in the highest word of its 256-bit counter, stage and block indices in the next one.  Replicates
and blocks are therefore disjoint streams of one keyed function: any worker can draw any of them,
in any order, and get the same bits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verification.setting import whole


class _NoSeed(np.random.SeedSequence):
    """Spares a new Philox the search for entropy, most of its cost: its whole state is then overwritten."""

    _zeros = np.zeros(2, dtype=np.uint64)

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> NDArray[Any]:
        """Zeros, whatever is asked for: a Philox asks for its key of two words."""
        return self._zeros


_NO_SEED = _NoSeed(0)


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


def _jumped(rng: np.random.Generator, jumps: int) -> np.random.Generator:
    # One jump is 2**128 draws: the replicate's word of the counter is never reached.
    bits = rng.bit_generator
    if not isinstance(bits, np.random.Philox):
        raise TypeError(f"independent streams need a Philox generator, got {type(bits).__name__}")
    # What bits.jumped(jumps) gives, at a fraction of its time: short draws spend much of theirs here.
    state = bits.state["state"]
    low, middle, third, fourth = state["counter"].tolist()
    high = (third + (fourth << 64) + jumps) % 2**128
    return _philox(state["key"], (low, middle, high % 2**64, high >> 64))


def _philox(
    key: Sequence[int] | NDArray[np.uint64], counter: tuple[int, int, int, int]
) -> np.random.Generator:
    bits = np.random.Philox(_NO_SEED)
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
