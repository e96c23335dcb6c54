"""What a user installs: the wheel and the source archive hold what they should, and start quickly."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("bounds", "filtergain", "verification")

LIBRARIES = ("sympy", "numpy", "scipy", "flint", "mpmath", "rich", "matplotlib", "jinja2", "pyarrow", "dask")
STARTS = {
    "import bounds": (["-c", "import bounds"], set()),
    "a worker that draws": (
        ["-c", "import verification.replication.cells, verification.quantities.registry"],
        {"numpy"},
    ),
    "filtergain --help": (["-m", "--help"], set()),
    "filtergain claims": (["-m", "claims"], {"sympy", "mpmath", "flint", "rich"}),
    "filtergain predict": (
        ["-m", "predict", *["--n", "1e4", "--d", "10", "--r", "4", "--eta", "0.3", "--gamma", "5"]],
        {"numpy", "scipy"},
    ),
}
"""What is started, how, and the large libraries that it may load."""


def sources() -> set[str]:
    """Every file of the packages that git knows or would take, by its path in the wheel."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGES],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with both archives, built without network."""
    pytest.importorskip("build")
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout: the files that belong are not known")
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_wheel_holds_the_packages_and_nothing_else(built):
    """Modules, type markers, templates, schema and notes are in; tests and caches are not."""
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (archive.read(n).decode() for n in names if n.endswith(".dist-info/METADATA"))
        (entries,) = (archive.read(n).decode() for n in names if n.endswith("entry_points.txt"))
    packed = {name for name in names if ".dist-info/" not in name}
    notes = {name for name in packed if name.startswith("verification/report/proofs_notes/")}
    assert {Path(name).name for name in notes} == {path.name for path in (ROOT / "proofs_notes").glob("*.md")}
    assert packed - notes == sources()
    for needed in ("bounds/py.typed", "verification/py.typed", "verification/report/verdicts.schema.json"):
        assert needed in packed
    assert any(name.startswith("verification/report/templates/") for name in packed)
    assert "filtergain = filtergain.__main__:main" in entries
    assert "filtergain = filtergain.pytest_plugin" in entries
    assert "Requires-Python: >=3.11" in metadata
    # Pictures, notebooks and reports are extras: the bare install stays small.
    bare = re.findall(r"^Requires-Dist: ([^;]*)$", metadata, re.MULTILINE)
    assert bare
    assert not [line for line in bare if re.search("matplotlib|jinja2|hypothesis|pytest|pyarrow", line)]


def test_the_source_archive_can_repeat_everything(built):
    """Tests, notes, documentation and the lock file are in the archive; what git ignores is not."""
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert sources() <= names
    for needed in ("tests/conftest.py", "proofs_notes/errata.md", "docs/sweeps.md", "examples/spiked_pca.py",
                   "requirements.lock", "Makefile", "LICENSE"):  # fmt: skip
        assert needed in names
    assert not [name for name in names if re.search(r"\.(pyc|db)$|\.venv|\.git/|(^|/)out/", name)]


def test_the_wheel_runs_where_nothing_else_of_ours_is(built, tmp_path):
    """Unpacked in an empty folder, with the dependencies alone beside it, the command predicts."""
    (wheel,) = built.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path)
    place = ["--n", "1e4", "--d", "10", "--r", "4", "--eta", "0.3", "--gamma", "5", "--theta", "0"]
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import bounds; "
        "assert bounds.__file__.startswith(sys.path[0]), bounds.__file__; "
        "from verification.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "predict", *place],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "filtered by the teacher" in done.stdout


def loaded(arguments: list[str]) -> set[str]:
    """The large libraries that a fresh interpreter has loaded at its end."""
    at_end = (
        "import atexit, sys; atexit.register(lambda: print('loaded', "
        f"*(m for m in {LIBRARIES!r} if m in sys.modules), file=sys.stderr)); "
    )
    if arguments[0] == "-m":
        at_end += f"sys.argv[1:] = {arguments[1:]!r}; from verification.cli import main; main()"
    else:
        at_end += arguments[1]
    done = subprocess.run(
        [sys.executable, "-c", at_end], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    (names,) = (line for line in done.stderr.splitlines() if line.startswith("loaded"))
    return set(names.split()[1:])


@pytest.mark.parametrize("what", list(STARTS))
def test_starting_loads_what_it_needs_alone(what):
    """Nothing large is loaded before it is needed; `make bench` has the times."""
    arguments, allowed = STARTS[what]
    assert loaded(arguments) <= allowed


def test_a_library_loaded_in_vain_is_seen():
    """The negative control."""
    assert loaded(["-c", "import bounds, numpy"]) == {"numpy"}
