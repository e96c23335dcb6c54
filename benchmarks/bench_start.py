"""Processor time from a fresh interpreter to the end of what users wait for most."""

import os
import subprocess
import sys

import pytest

COMMAND = "from verification.cli import main; main()"
STARTS = {
    "import bounds": ["-c", "import bounds"],
    "from bounds import claims": ["-c", "from bounds import claims"],
    "filtergain --help": ["-c", COMMAND, "--help"],
    "filtergain claims": ["-c", COMMAND, "claims"],
    "filtergain constants corollary-1": ["-c", COMMAND, "constants", "corollary-1"],
}
ROUNDS = 7


@pytest.mark.parametrize("what", STARTS)
def test_start(benchmark, what):
    best = float("inf")

    def start():
        nonlocal best
        before = os.times()
        subprocess.run([sys.executable, *STARTS[what]], capture_output=True, check=True)
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        best = min(best, spent)

    benchmark.pedantic(start, rounds=ROUNDS)
    # The clock of `make bench` counts this process alone, not the one that it starts.
    benchmark.extra_info.update(table="start", what=what, processor=best)
