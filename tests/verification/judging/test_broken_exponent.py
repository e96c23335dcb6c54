"""A change that breaks one exponent in `bounds/` fails with a message that says which claim, by how much,
and how to repeat it: on the command line and as a test of pytest.

A copy of the packages is changed as a pull request would change it, and judged in a process of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MAIN = "from verification.cli import main; main()"


@dataclass(frozen=True)
class Change:
    """One changed line, the claim that it breaks, and what the message must say of it."""

    file: str
    right: str
    wrong: str
    claim: str
    said: str


CHANGES = {
    # The rate of Corollary 1 with 1/sqrt(eta) in place of 1/eta: error/bound has the power -1/2 of eta.
    "rate": Change(
        "bounds/paper/unfiltered.py", "a_x * a_y / n) / eta\n", "a_x * a_y / n) / sp.sqrt(eta)\n",
        "corollary-1",
        r"exponent of eta is off by more than 0\.03 "
        r"\(log-log slope of error/bound measured -0\.(5|49).* in \[.*\], allowed 0\.03\)",
    ),
    # Its law with 1/eta in place of 1/eta^2 in the variance: far off, at eta = 0.3, in distribution.
    "law": Change(
        "bounds/law/scales.py", "/ pairs / eta / eta  #", "/ pairs / eta  #", "corollary-1-sharp",
        r"\(largest Kolmogorov distance measured (1|0\.\d+) in \[[^]]*\], allowed 0\.\d+\)",
    ),
}  # fmt: skip


@pytest.fixture
def copy(tmp_path):
    """The packages in a folder of their own, and how to run Python on them."""
    for package in ("bounds", "verification"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))

    def python(*arguments):
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "COLUMNS": "400"}
        environment.pop("GITHUB_STEP_SUMMARY", None)
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    python.folder = tmp_path
    return python


def runs(python, claim):
    """The claim judged by the command and by pytest: exit status and what is printed, for each."""
    (python.folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    command = python("-c", MAIN, "verify", claim, "--jobs", "1")
    tests = python("-m", "pytest", "-p", "no:cacheprovider", "--claims", "--claims-only", claim)
    for done in (command, tests):
        yield done.returncode, " ".join(done.stdout.split()), done.stdout + done.stderr


@pytest.mark.parametrize("name", CHANGES)
def test_a_broken_exponent_fails_with_claim_size_and_command(copy, name):
    """Exit status 1; claim and verdicts, the measured value with its limit, a command that repeats them."""
    change = CHANGES[name]
    file = copy.folder / change.file
    assert file.read_text().count(change.right) == 1
    file.write_text(file.read_text().replace(change.right, change.wrong))
    commands, sizes = set(), set()
    for status, words, shown in runs(copy, change.claim):
        assert status == 1, shown
        assert f"{change.claim}: expected SUPPORTED, found REFUTED" in words
        assert re.search(rf"Refuted: [^;]*{change.said}", words), shown
        commands |= set(re.findall(r"repeat: filtergain (verify \S+ --profile \w+ --seed \d+)", words))
        sizes |= set(re.findall(r"measured (\S+ in \[[^]]*\])", words))
    (command,), (size,) = commands, sizes
    again = copy("-c", MAIN, *command.split())
    assert again.returncode == 1
    assert size in " ".join(again.stdout.split())


def test_the_right_exponents_pass(copy):
    """The negative control: the packages as they are pass both ways."""
    for status, words, shown in runs(copy, CHANGES["rate"].claim):
        assert status == 0, shown
        assert "REFUTED" not in words
