"""Whatever is wrong with what a user gives: one line that says so, status 2, and no file touched."""

from __future__ import annotations

import hashlib
import shlex
import shutil
import sqlite3
from pathlib import Path

import pytest

from verification.cli.main import run

PLACE = "--n 1e4 --d 6 --r 2 --eta 0.4 --gamma 2"
GRID = """seed = 0
engine = "exact"
replicates = 2

[setting]
n = 1000
d = 4
r = 2
eta = { log = [0.1, 1.0], count = 3 }
gamma = [1.0, 2.0]

[[procedure]]
estimator = "unfiltered"
"""
MODULE = """import sympy as sp
from bounds.claim import Claim, Measured, Path, Relation, Tail, Verdict
from bounds.symbols import delta, n

def value(values, rng):
    return abs(rng.standard_normal(int(values["n"])).mean())

QUANTITIES = {"value": value}
CLAIMS = (
    Claim(
        id="own", title="t", source="s", statement="w", relation=Relation.UPPER, bound=1 / sp.sqrt(n * delta),
        expected=Verdict.SUPPORTED, note="a.md#b",
        checks=(Tail(Measured(quantity="value"), (Path(n, (4, 64), ((delta, 0.05),)),)),),
    ),
)
"""

WRONG_NUMBERS = ("", "x", "1e", "0x10", "1,5", "nan", "-1", "0", "-inf", "1+1", "None", "1e4 5")
"""Not the number that a parameter of the setting allows, whichever it is."""

FLAGS = {
    "simulate": [f"{PLACE} {flags}" for flags in (
        "--n 3", "--n 2.5", "--n inf", "--n 1e19", "--d 2.5", "--d 1e7", "--r 7", "--r 1.5", "--eta 1.0001",
        "--d-tilde 1", "--d-tilde 6.5", "--gamma-tilde 0", "--gamma-tilde -2", "--theta 0", "--retain 0.5",
        "--estimator oracle", "--estimator teacher-filtered", "--estimator oracle-filtered --theta nan",
        "--estimator oracle-filtered --theta 0 --retain 0.5", "--estimator oracle-filtered --retain 0",
        "--estimator oracle-filtered --retain 1.5", "--estimator teacher-filtered --theta 0 --rounds 0",
        "--estimator teacher-filtered --theta 0 --rounds 1.5", "--rounds 2", "--teacher-n 100",
        "--estimator teacher-filtered --theta 0 --teacher-n 1", "--student-n 0", "--engine fast",
        "--estimator teacher-filtered --theta 0 --student-n -5", "--replicates 0", "--replicates 2.5",
        "--replicates many", "--seed -1", "--seed 1.5", "--seed x", "--jobs 0", "--jobs 1.5", "--rotate",
        "--unknown", "extra", "--n", "--json=yes",
    )],
    "predict": [f"{PLACE} {flags}" for flags in (
        "--theta x", "--theta nan", "--retain 2", "--retain 0", "--rounds 0", "--rounds 2.5", "--r 9",
        "--eta 2", "--teacher-n 1", "--student-n 1", "--figure none/a.png", "--figure a.xyz",
        "--figure a.png --replicates -1", "--figure a.png --replicates 2 --seed -1", "--theta 0 --theta y",
    )],
    "threshold": [f"{PLACE} {flags}" for flags in (
        "--rounds 0", "--r 9", "--eta 0", "--teacher-n 1", "--student-n 1.5", "--figure none/a.png",
        "--map none/a.png", "--map a.xyz", "--theta 0", "--seed x",
    )],
    "claims": [
        "no-such-claim", "eq-1 extra", "--graph a.png", "--graph a.pdf", "--graph a", "--graph .svg",
        "--graph none/a.svg", "--graph", "--verdicts a.json", "--graph a.svg --verdicts grid.toml",
    ],
    "constants": [
        "", "no-such-claim", "corollary-1 extra", "corollary-1 --set n", "corollary-1 --set n=",
        "corollary-1 --set n=x", "corollary-1 --set n=-5", "corollary-1 --set n=0", "corollary-1 --set q=1",
        "corollary-1 --over eta", "corollary-1 --over eta=1:2", "corollary-1 --over eta=1:2:3:4",
        "corollary-1 --over eta=0.1:1:x", "corollary-1 --over eta=0.1:1:0",
        "corollary-1 --over eta=0.1:1:2.5",
        "corollary-1 --over q=0.1:1:3", "corollary-1 --over eta=0:1:3 --log", "corollary-1 --set n=nan",
        "corollary-1 --set n=__import__('os')",
    ],
    "verify": [
        "no-such-claim", "eq-1 no-such-claim", "eq-1 --profile fast", "eq-1 --alpha 0", "eq-1 --alpha 1",
        "eq-1 --alpha x", "eq-1 --alpha nan", "eq-1 --seed -1", "eq-1 --seed 0.5", "eq-1 --jobs 0",
        "eq-1 --jobs 1.5", "eq-1 --unknown", "--module none.py", "--module grid.toml", "--module .",
        "eq-1 --report grid.toml", "eq-1 --report grid.toml/in", "eq-1 --junit none/a.xml", "eq-1 --junit .",
        "eq-29 --store foreign.db", "eq-29 --store newer.db", "eq-29 --store text.db",
        "eq-1 --store .", "eq-1 --report", "eq-1 --junit",
        "own --module own.py --profile x", "missing --module own.py", "--module", "eq-1 --profile",
    ],
    "search": [
        "", "no-such-claim", "eq-1", "corollary-1-explicit --budget 0", "corollary-1-explicit --budget x",
        "corollary-1-explicit --alpha 0", "corollary-1-explicit --alpha 2", "corollary-1-explicit --seed -1",
    ],
    "reproduce": [
        "no-such-table", "table-1 --replicates 1", "table-1 --replicates x", "table-1 --seed -1",
        "table-1 --jobs 0", "figure-2b --eta 0", "figure-2b --eta 1.5", "figure-2b --n 1", "figure-2b --n x",
        "figure-3a --n 2", "figure-3a --replicates 0", "figure-2b --out grid.toml",
    ],
    "sweep": [
        "", "none.toml", "grid.toml extra", "grid.toml --executor cloud", "grid.toml --jobs 0",
        "grid.toml --jobs x", "grid.toml --seed -1", "grid.toml --executor dask",
        "grid.toml --store none/a.db",
        "grid.toml --scheduler tcp://here", "own.py", ".", "grid.toml --store foreign.db",
        "grid.toml --store text.db", "grid.toml --store newer.db", "grid.toml --store .",
    ],
    "export": [
        "", "good.db", "none.db --to a.csv", "text.db --to a.csv", "foreign.db --to a.csv",
        "newer.db --to a.csv",
        "empty.db --to a.csv", "cut.db --to a.csv", "good.db --to a.xyz", "good.db --to none/a.csv",
        ". --to a.csv",
        "good.db --to .",
    ],
    "plot": [
        "good.db --to a.png", "good.db --x eta", "good.db --x colour --to a.png",
        "good.db --x eta --y colour --to a.png",
        "good.db --x eta --to a.xyz", "good.db --x eta --to none/a.png", "good.db --x eta --y eta --to a.png",
        "good.db --x eta --quantity price --to a.png", "good.db --x eta --quantity gain --to a.png",
        "good.db --x eta --where gamma --to a.png", "good.db --x eta --where gamma=x --to a.png",
        "good.db --x eta --where gamma=77 --to a.png", "good.db --x eta --where colour=1 --to a.png",
        "text.db --x eta --to a.png", "none.db --x eta --to a.png", "cut.db --x eta --to a.png",
    ],
}  # fmt: skip

FLAGS["simulate"] += [
    f"{PLACE} --{name} '{value}'" for name in ("n", "d", "r", "eta", "gamma") for value in WRONG_NUMBERS
    if (name, value) != ("gamma", "inf")
]  # fmt: skip

GRIDS = {
    "empty": "",
    "no setting": GRID.replace("[setting]", "[place]"),
    "procedure a word": "procedure = 3\n" + GRID.partition("[[procedure]]")[0],
    "not TOML": GRID.replace("[setting]", "[setting"),
    "a key twice": GRID.replace("d = 4", "d = 4\nd = 5"),
    "unknown top key": "colour = 1\n" + GRID,
    "unknown parameter": GRID.replace("d = 4", "d = 4\nq = 4"),
    "unknown procedure key": GRID + "power = 2\n",
    "missing parameter": GRID.replace("n = 1000\n", ""),
    "seed in words": GRID.replace("seed = 0", 'seed = "zero"'),
    "seed below 0": GRID.replace("seed = 0", "seed = -1"),
    "engine unknown": GRID.replace('"exact"', '"fast"'),
    "no replicates": GRID.replace("replicates = 2", "replicates = 0"),
    "half a replicate": GRID.replace("replicates = 2", "replicates = 0.5"),
    "replicates in a list": GRID.replace("replicates = 2", "replicates = [2]"),
    "too many rows": GRID.replace("replicates = 2", "replicates = 10000000000"),
    "eta above 1": GRID.replace("0.1, 1.0", "0.1, 1.2"),
    "eta 0": GRID.replace("{ log = [0.1, 1.0], count = 3 }", "0"),
    "eta NaN": GRID.replace("{ log = [0.1, 1.0], count = 3 }", "nan"),
    "eta true": GRID.replace("{ log = [0.1, 1.0], count = 3 }", "true"),
    "log from 0": GRID.replace("0.1, 1.0", "0, 1.0"),
    "a span without count": GRID.replace(", count = 3", ""),
    "a span of one end": GRID.replace("[0.1, 1.0], count", "[0.1], count"),
    "a span of three ends": GRID.replace("[0.1, 1.0], count", "[0.1, 0.5, 1.0], count"),
    "a span both ways": GRID.replace("log = [0.1, 1.0]", "log = [0.1, 1.0], linear = [0.1, 1.0]"),
    "count 0": GRID.replace("count = 3", "count = 0"),
    "count of a half": GRID.replace("count = 3", "count = 2.5"),
    "an empty list": GRID.replace("[1.0, 2.0]", "[]"),
    "a list of words": GRID.replace("[1.0, 2.0]", '["a", "b"]'),
    "gamma negative": GRID.replace("[1.0, 2.0]", "[-1.0]"),
    "r above d": GRID.replace("r = 2", "r = 5"),
    "d of a half": GRID.replace("d = 4", "d = 4.5"),
    "equal to itself": GRID.replace("d = 4", 'd = "d"'),
    "equal to nothing": GRID.replace("d = 4", 'd = "colour"'),
    "n of 1": GRID.replace("n = 1000", "n = 1"),
    "estimator unknown": GRID.replace('"unfiltered"', '"best"'),
    "estimator a number": GRID.replace('"unfiltered"', "3"),
    "estimator missing": GRID.replace('estimator = "unfiltered"', "theta = 0"),
    "a threshold without a filter": GRID + "theta = 0\n",
    "a filter without a threshold": GRID.replace('"unfiltered"', '"oracle-filtered"'),
    "retain above 1": GRID.replace('"unfiltered"', '"oracle-filtered"\nretain = 1.5'),
    "threshold in words": GRID.replace('"unfiltered"', '"oracle-filtered"\ntheta = "high"'),
    "no rounds": GRID.replace('"unfiltered"', '"teacher-filtered"\ntheta = 0\nrounds = 0'),
    "random without points": GRID + "\n[random]\nseed = 1\n",
    "random with counts": GRID + "\n[random]\npoints = 5\nseed = 1\nsize = 3\n",
    "setting a list": GRID.replace("[setting]", "[[setting]]"),
}

MODULES = {
    "a syntax error": MODULE + "CLAIMS = (",
    "an exception": "1 / 0\n",
    "a missing import": "import no_such_package_at_all\n",
    "an exit": "raise SystemExit(0)\n",
    "no claims": "QUANTITIES = {}\n",
    "claims empty": "CLAIMS = ()\n",
    "claims a number": "CLAIMS = 3\n",
    "claims of words": "CLAIMS = ('a', 'b')\n",
    "a claim with a register's id": MODULE.replace('id="own"', 'id="eq-1"'),
    "a claim twice": MODULE + "CLAIMS = CLAIMS * 2\n",
    "a claim on nothing": MODULE.replace('note="a.md#b"', 'note="a.md#b", depends_on=("none",)'),
    "a correction of nothing": MODULE.replace('note="a.md#b"', 'note="a.md#b", corrects="none"'),
    "a claim without checks": MODULE.partition("        checks=")[0] + "        checks=(),\n    ),\n)\n",
    "a claim without a section": MODULE.replace("a.md#b", "a.md"),
    "an unknown quantity": MODULE.replace('Measured(quantity="value")', 'Measured(quantity="other")'),
    "quantities a number": MODULE.replace('QUANTITIES = {"value": value}', "QUANTITIES = 3"),
    "a quantity that is no function": MODULE.replace('{"value": value}', '{"value": 3}'),
    "a path with a free symbol": MODULE.replace("((delta, 0.05),)", "((delta, sp.Symbol('q')),)"),
    "no bound": MODULE.replace("bound=1 / sp.sqrt(n * delta),", ""),
    "a bound in words": MODULE.replace("1 / sp.sqrt(n * delta)", "'1 / n'"),
    "no relation": MODULE.replace("relation=Relation.UPPER, ", ""),
    "a bound in an unknown symbol": MODULE.replace("1 / sp.sqrt(n * delta)", "sp.Symbol('q')"),
    "delta above 1": MODULE.replace("(delta, 0.05),)),)),)", "(delta, 0.05),)),), delta=1.5),)"),
    "no check at all": MODULE.replace("checks=(Tail(", "checks=(str(").replace(")),)),),", ")),)),),"),
    "not text": "\x00\x01",
}

BARE = ("no-such-command", "--unknown", "simulate", "simulate --help=x", "sweep --dry-run")

CASES = (
    [(f"{command} {flags}".strip(), {}) for command, several in FLAGS.items() for flags in several]
    + [("sweep wrong.toml --dry-run", {"wrong.toml": text}) for text in GRIDS.values()]
    + [("sweep wrong.toml", {"wrong.toml": GRIDS[name]}) for name in list(GRIDS)[::6]]
    + [("verify --module wrong.py --jobs 1", {"wrong.py": text}) for text in MODULES.values()]
    + [(line, {}) for line in BARE]
)
NAMES = (
    [f"{command} {flags}".strip() for command, several in FLAGS.items() for flags in several]
    + [f"grid: {name}" for name in GRIDS]
    + [f"grid, not dry: {name}" for name in list(GRIDS)[::6]]
    + [f"module: {name}" for name in MODULES]
    + list(BARE)
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with a good grid, module and store, and with stores that are none."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "grid.toml").write_text(GRID)
    (folder / "own.py").write_text(MODULE)
    (folder / "text.db").write_text("not a store " * 400)
    (folder / "empty.db").write_bytes(b"")
    assert run(["sweep", str(folder / "grid.toml"), "--store", str(folder / "good.db"), "--jobs", "1"]) == 0
    content = (folder / "good.db").read_bytes()
    (folder / "cut.db").write_bytes(content[: len(content) // 2])
    with sqlite3.connect(folder / "foreign.db") as foreign:
        foreign.execute("create table recipe (name text)")
    shutil.copy(folder / "good.db", folder / "newer.db")
    with sqlite3.connect(folder / "newer.db") as newer:
        newer.execute("pragma user_version = 999")
    foreign.close()
    newer.close()
    for left in [*folder.glob("*-wal"), *folder.glob("*-shm"), *folder.glob("*-lock")]:
        left.unlink()
    return folder


def state(folder: Path) -> dict[str, str]:
    """Every file of a folder with a hash of its content; SQLite's own companions of a store aside."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm", "-lock", ".pyc"))
    }


def words(line: str) -> list[str]:
    """The words of a command line; quotes keep a word together."""
    return shlex.split(line)


@pytest.mark.parametrize(("line", "own"), CASES, ids=NAMES)
def test_a_mistake_is_one_line_and_leaves_no_file(files, tmp_path, monkeypatch, capsys, line, own):
    """Status 2, nothing on standard output, one line on standard error, every file as before."""
    folder = tmp_path / "work"
    shutil.copytree(files, folder)
    for name, text in own.items():
        (folder / name).write_text(text)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    before = state(folder)
    status = run(words(line))
    out, err = capsys.readouterr()
    assert (status, out) == (2, ""), err
    assert err.startswith("filtergain: ")
    assert err.count("\n") == 1, err
    assert "Traceback" not in err
    assert len(err) < 600, err
    assert state(folder) == before


def test_there_are_many_of_them():
    """At least 150 different mistakes, over every kind of file."""
    assert len(set(NAMES)) == len(CASES) >= 150


def test_what_is_right_is_not_refused(files, tmp_path, monkeypatch, capsys):
    """The negative control: the unchanged grid, store and module are taken."""
    shutil.copytree(files, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    for line in (
        f"simulate {PLACE}", "sweep grid.toml --dry-run", "export good.db --to a.csv",
        "verify --module own.py --jobs 1",
        "plot good.db --x eta --to a.png", "constants corollary-1 --set n=10",
    ):  # fmt: skip
        assert run(words(line)) == 0, capsys.readouterr().err
