"""The command in surroundings that others have: encodings, paths, Matplotlib's settings, noisy modules."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CLAIMS = ROOT / "examples" / "claims-in-pytest" / "claims.py"


def filtergain(*arguments, cwd, **environment):
    """The command in a process of its own: status, standard output and standard error as text."""
    done = subprocess.run(
        [sys.executable, "-m", "filtergain", *map(os.fsencode, arguments)],
        cwd=cwd, env={**os.environ, **environment}, capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


@pytest.mark.parametrize(
    "arguments",
    [
        "simulate --n 1e4 --d 10 --r 4 --eta 0.3 --gamma 10",
        "predict --n 1e4 --d 10 --r 4 --eta 0.3 --gamma 10 --theta 0",
        "claims theorem-1",
    ],
)
def test_a_console_that_knows_ascii_only_gets_letters(arguments, tmp_path):
    """Signs that the console's encoding lacks are spelled out; the command ends as it does elsewhere."""
    status, printed, errors = filtergain(*arguments.split(), cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert status == 0, errors
    assert printed
    assert "Traceback" not in errors
    if arguments.startswith(("simulate", "predict")):
        _, elsewhere, _ = filtergain(*arguments.split(), cwd=tmp_path, PYTHONIOENCODING="utf-8")
        assert "?" not in printed
        assert printed == elsewhere.replace("±", "+/-")


def test_what_a_module_prints_is_no_part_of_the_json(tmp_path):
    """Standard output is one JSON document, whatever the user's own module prints while it is loaded."""
    (tmp_path / "noisy.py").write_text(CLAIMS.read_text() + "\nprint('loading')\n")
    status, printed, errors = filtergain(
        "verify", "--module", "noisy.py", "--json", "--jobs", "1", cwd=tmp_path
    )
    assert json.loads(printed)["claims"], errors
    assert "loading" in errors
    assert status in (0, 1, 3)


def test_a_command_to_repeat_is_quoted_for_a_shell(tmp_path):
    """A path with a space is one argument of the command that repeats a verdict."""
    (tmp_path / "my claims.py").write_text(CLAIMS.read_text())
    _, printed, _ = filtergain("verify", "--module", "my claims.py", "--json", "--jobs", "1", cwd=tmp_path)
    for claim in json.loads(printed)["claims"]:
        assert "my claims.py" in shlex.split(claim["repeat"])


def test_a_users_matplotlibrc_reaches_no_picture(tmp_path):
    """Pictures start from Matplotlib's own defaults: text.usetex without a LaTeX stops none."""
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\n")
    status, printed, errors = filtergain(
        "verify", "theorem-1", "--report", "out", "--json", cwd=tmp_path, MPLCONFIGDIR=str(tmp_path)
    )
    assert status == 0, errors
    assert json.loads(printed)["claims"][0]["id"] == "theorem-1"
    assert (tmp_path / "out" / "index.html").exists()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_module_may_import_what_lies_beside_it(tmp_path, jobs):
    """From any folder and in workers; afterwards the folder is on no path, and it hides no other module."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "beside_it.py").write_text("ERROR = 0\n")
    (folder / "numpy.py").write_text("raise ImportError('hides NumPy')\n")
    text = CLAIMS.read_text()
    head, found, rest = text.partition("import numpy as np\n")
    assert found
    (folder / "mine.py").write_text(f"{head}import beside_it\n{found}{rest}")
    status, printed, errors = filtergain(
        "verify", "--module", "folder/mine.py", "--jobs", jobs, "--json", cwd=tmp_path
    )
    assert status == 0, errors
    assert json.loads(printed)["claims"]
    code = (
        "import sys; from verification.quantities.registry import load_module; before = list(sys.path); "
        "load_module('folder/mine.py'); print(sys.path == before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True"


def test_no_document_holds_a_control_character(tmp_path):
    """A claim's words with escape sequences, NUL, BEL and C1 characters: a sign for each in every file."""
    text = CLAIMS.read_text()
    title = text.partition('title="')[2].partition('"')[0]
    spoilt = title + "\\x1b[31m\\x00\\x07\\x7f\\x9b"
    (tmp_path / "spoilt.py").write_text(text.replace(title, spoilt))
    filtergain(
        *["verify", "--module", "spoilt.py", "--jobs", "1", "--report", "out", "--junit", "j.xml"],
        cwd=tmp_path, GITHUB_STEP_SUMMARY="summary.md",
    )  # fmt: skip
    written = [
        path for path in tmp_path.rglob("*") if path.suffix in (".html", ".svg", ".md", ".xml", ".json")
    ]
    assert {"index.html", "j.xml", "summary.md", "verdicts.json"} <= {path.name for path in written}
    shown = [path.read_text(encoding="utf-8") for path in written]
    assert not any(re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", text) for text in shown)
    assert sum(f"{title}\N{REPLACEMENT CHARACTER}[31m" in text for text in shown) >= 2


def test_a_name_that_is_no_utf8_is_written_with_a_question_mark(tmp_path):
    """A report on a module whose file name UTF-8 cannot hold is whole."""
    name = os.fsdecode(b"caf\xe9.py")
    try:
        (tmp_path / name).write_text(CLAIMS.read_text())
    except OSError:
        pytest.skip("this file system holds UTF-8 names only")
    _, _, errors = filtergain("verify", "--module", name, "--report", "r", "--jobs", "1", cwd=tmp_path)
    assert "Traceback" not in errors
    assert (tmp_path / "r" / "index.html").exists()


@pytest.mark.parametrize("words", [[], ["verify"], ["constants"], ["reproduce"], ["reproduce", "table-1"]])
def test_help_describes_without_docstrings(words):
    """Python -OO drops docstrings: a command still says in its help what it is for."""
    line = [sys.executable, "-OO", "-m", "filtergain", *words, "--help"]
    found = subprocess.run(line, capture_output=True, text=True, check=True, timeout=60)
    usage, said, *_ = found.stdout.split("\n\n")
    assert usage.lstrip().startswith("Usage: ")
    assert len(said.split()) >= 5
    assert not said.lstrip().startswith(("Options", "Arguments"))


IN_PYTHON = (
    "import filtergain as fg; fg.claims",
    "import filtergain as fg; fg.verify",
    "from filtergain import claims",
)


@pytest.mark.parametrize(("name", "hides"), [("bounds.py", IN_PYTHON), ("verification.py", IN_PYTHON[1:2])])
@pytest.mark.parametrize("package", [False, True])
def test_a_file_in_the_way_is_named(tmp_path, name, hides, package):
    """A module of one's own with the name of a package of ours: one line, from the command and in Python."""
    file = tmp_path / name.removesuffix(".py") / "__init__.py" if package else tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("LOWER = 0\n")
    status, printed, errors = filtergain("claims", cwd=tmp_path, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert (status, printed) == (2, "")
    ours = name.removesuffix(".py")
    assert errors == f"filtergain: this needs filtergain's package {ours!r}, and {file} is in its way\n"
    for code in hides:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert f"{file} is in its way" in done.stderr.splitlines()[-1], done.stderr
        assert done.stderr.splitlines()[-1].startswith("ImportError: ")
    (tmp_path / "other").mkdir()
    assert filtergain("--version", cwd=tmp_path / "other")[0] == 0
