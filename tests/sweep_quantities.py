"""Quantities that misbehave, for tests of sweeps: what a worker may do wrong."""

import os
import signal
import time


def plain(place, rng):
    """A uniform number."""
    return rng.random()


def slow(place, rng):
    """A uniform number, after a while."""
    time.sleep(place["seconds"])
    return rng.random()


def sometimes_raises(place, rng):
    """Fails for about a third of the replicates."""
    value = rng.random()
    if value < 0.3:
        raise RuntimeError("bad luck")
    return value


def sometimes_nan(place, rng):
    """Is no number for about a third of the replicates."""
    value = rng.random()
    return float("nan") if value < 0.3 else value


def deadly(place, rng):
    """Ends its process for about one replicate in twenty."""
    value = rng.random()
    if value < 0.05:
        os.kill(os.getpid(), signal.SIGKILL)
    return value


QUANTITIES = {f.__name__: f for f in (plain, slow, sometimes_raises, sometimes_nan, deadly)}
