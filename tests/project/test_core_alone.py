"""What README shows runs without any extra: all numbers, and a line on each picture or page that lacks."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXTRAS = (
    "dask", "distributed", "hypothesis", "jinja2", "jsonschema", "latex2mathml", "matplotlib",
    "mdit_py_plugins", "mpi4py", "networkx", "pandas", "pyarrow", "xarray",
)  # fmt: skip
SHOWN = re.findall(r"^\$ filtergain (.*)$", README, flags=re.MULTILINE)
FURTHER = (
    "claims", "claims theorem-1", "claims --errata", "new mine.py", "fit X.npy Y.npy",
    f"sweep {ROOT / 'examples' / 'phase-diagram.toml'} --dry-run", "constants corollary-1",
)  # fmt: skip


def alone(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder where no extra can be imported."""
    blocked = (
        f"import sys; sys.modules.update(dict.fromkeys({EXTRAS!r})); sys.path.insert(0, {str(ROOT)!r})\n"
    )
    return subprocess.run(
        [sys.executable, "-c", blocked + code], cwd=folder, capture_output=True, text=True, check=False
    )


def filtergain(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line where no extra can be imported."""
    return alone(f"from verification.cli import main; sys.argv[1:] = {shlex.split(line)!r}; main()", folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with pairs of one's own."""
    place = tmp_path_factory.mktemp("core")
    draws = np.random.default_rng(0)
    x, y = draws.normal(size=(2, 1500, 5))
    y[:900, :2] = x[:900, :2] + 0.2 * draws.normal(size=(900, 2))
    np.save(place / "X.npy", x)
    np.save(place / "Y.npy", y)
    return place


def test_readme_has_commands():
    """The lines below are found in it, and what they do besides is named there."""
    assert len(SHOWN) == 3
    assert "filtergain fit X.npy Y.npy" in README
    assert "filtergain new mine.py" in README


@pytest.mark.parametrize("line", [*SHOWN, *FURTHER])
def test_a_command_runs_without_any_extra(line, folder):
    """Status 0, or 2 with one line on what could not be written; the numbers are printed and written."""
    done = filtergain(line + " --replicates 50" * line.startswith("reproduce"), folder)
    lost = [said for said in done.stderr.splitlines() if said.startswith("filtergain: ")]
    assert len(done.stdout) > 40 or line.startswith("new"), done.stderr
    if "--out" not in line:
        assert (done.returncode, lost) == (0, [])
        return
    assert done.returncode == 2
    (said,) = lost
    assert ".[figures]" in said
    assert (folder / "out" / "table-1.csv").stat().st_size > 500


def test_the_report_that_cannot_be_made_leaves_the_verdicts(folder):
    """They are printed, in text and as JSON; one line names the extra, and the status is 2."""
    for more in ("", " --json"):
        done = filtergain(f"verify eq-5 --jobs 1 --report out-pages{more}", folder)
        assert done.returncode == 2
        assert "PROVED" in done.stdout
        assert done.stderr.count("\n") == 1
        assert ".[report]" in done.stderr
    assert not (folder / "out-pages").exists()


def test_the_picture_and_page_of_a_fit_leave_its_answer_and_scores(folder):
    """Both are named in a line each; no empty folder is left."""
    done = filtergain("fit X.npy Y.npy --scores s.csv --figure f.png --report page", folder)
    assert done.returncode == 2
    assert "Mean error" in done.stdout
    assert done.stderr.count(".[figures]") == 2
    assert (folder / "s.csv").exists()
    assert not [name for name in ("f.png", "page") if (folder / name).exists()]


def test_the_ten_lines_of_python_run_without_any_extra(folder):
    """The block of README."""
    (block,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    done = alone(block, folder)
    assert done.returncode == 0, done.stderr


def test_a_blocked_package_is_seen(folder):
    """The negative control: what needs an extra by its nature says so and does nothing."""
    done = filtergain("reproduce figure-3b --replicates 2", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert ".[figures]" in done.stderr
