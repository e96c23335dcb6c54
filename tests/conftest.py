"""Hypothesis profiles: derandomised by default, `--hypothesis-profile=nightly` explores afresh.

`fuzz` tries 2100 command lines and files in all (`test_fuzz.py`), in minutes.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

COMMON = {"deadline": None, "suppress_health_check": (HealthCheck.too_slow,)}
settings.register_profile("ci", derandomize=True, max_examples=60, **COMMON)
settings.register_profile("fuzz", derandomize=False, max_examples=140, **COMMON)
settings.register_profile("nightly", derandomize=False, max_examples=2000, **COMMON)
settings.load_profile("ci")


@pytest.fixture(autouse=True, scope="session")
def no_step_summary():
    """In GitHub's CI the tests' runs of `verify` must not write into the job's own summary."""
    before = os.environ.pop("GITHUB_STEP_SUMMARY", None)
    yield
    if before is not None:
        os.environ["GITHUB_STEP_SUMMARY"] = before


@pytest.fixture
def command(capsys):
    """The command line as a function: arguments in, (exit status, standard output, standard error) out."""
    from verification.cli.main import run

    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run([str(a) for a in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call
