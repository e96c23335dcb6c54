"""Processor time from a fresh interpreter to the end of what users wait for most."""

import resource
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
    "filtergain threshold": [
        *("-c", COMMAND, "threshold"),
        *["--n", "1e6", "--d", "512", "--r", "32", "--gamma", "5", "--eta", "0.3"],
    ],
}
ROUNDS = 7


def spent():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("what", STARTS)
def test_start(benchmark, what):
    best = float("inf")

    def start():
        nonlocal best
        before = spent()
        subprocess.run([sys.executable, *STARTS[what]], capture_output=True, check=True)
        best = min(best, spent() - before)

    benchmark.pedantic(start, rounds=ROUNDS)
    # The clock of `make bench` counts this process alone, not the one that it starts.
    benchmark.extra_info.update(table="start", what=what, processor=best)
