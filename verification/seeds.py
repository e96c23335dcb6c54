"""Random streams that depend on what is drawn, not on who draws it or when.

A Philox generator is keyed by a hash of (root seed, key of what is drawn); the replicate index
sits in the highest word of its 256-bit counter, stage and block indices in the next one.  Replicates
and blocks are therefore disjoint streams of one keyed function: any worker can draw any of them,
in any order, and get the same bits.
"""

from __future__ import annotations

import hashlib

import numpy as np

from verification.setting import whole


def generator(root_seed: int, key: str, replicate: int = 0) -> np.random.Generator:
    """The generator of one replicate; `key` names the setting and procedure drawn from."""
    root_seed = whole("seed", root_seed, 0, 2**63 - 1)
    replicate = whole("replicate", replicate, 0, 2**63 - 1)
    digest = hashlib.blake2b(f"{root_seed}|{key}".encode(), digest_size=16).digest()
    philox_key = np.frombuffer(digest, dtype="<u8").astype(np.uint64)
    counter = np.array([0, 0, 0, replicate], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=philox_key, counter=counter))


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
    # What bits.jumped(jumps) gives, at a third of its time: short draws spend much of theirs here.
    state = bits.state["state"]
    low, middle, *upper = (int(word) for word in state["counter"])
    high = (upper[0] + (upper[1] << 64) + jumps) % 2**128
    counter = np.array([low, middle, high % 2**64, high >> 64], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=state["key"], counter=counter))
