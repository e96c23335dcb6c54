"""Command lines and files that nobody wrote: no traceback, no half-written file, words for every refusal.

The ordinary run tries 60 of each kind, `--hypothesis-profile=fuzz` 2100 in all, `nightly` 2000 of each.
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
from itertools import chain, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bounds import claims
from verification.cli.main import run

SMALL = settings(
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.function_scoped_fixture), deadline=None
)

BITS = st.integers(0, 2**64 - 1).map(lambda bits: repr(struct.unpack("<d", struct.pack("<Q", bits))[0]))
ODD = st.sampled_from(
    [
        "",
        " ",
        "-",
        "--",
        "0",
        "-0.0",
        "1",
        "2",
        "1e400",
        "1e-400",
        "5e-324",
        "1.7e308",
        "inf",
        "-inf",
        "nan",
        "0x1",
        "1_0",
        "٣",
        "½",
        "--json",
        "--help",
        "a=b",
        "=",
        "n=",
        "é",
        "\udce9",
        "'",
        '"',
        "$(true)",
        "../x",
        "/",
        ".",
        "a" * 300,
    ]
)
# No argument of a process holds a zero byte.
WORDS = st.one_of(ODD, st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12))
IDS = st.one_of(st.sampled_from(sorted(claims)), WORDS)


def _joined(parts):
    return list(chain.from_iterable(parts))


def numbers(low, high):
    """Mostly numbers in a range, also any double and any word."""
    inside = st.floats(low, high, allow_nan=False).map(repr)
    whole = st.integers(int(low), max(int(low), int(min(high, 2**53)))).map(str)
    return st.one_of(inside, whole, BITS, WORDS)


def flags(**options):
    """Some of the flags, each with a value."""
    parts = [
        st.one_of(st.just([]), values.map(lambda value, name=name: [f"--{name.replace('_', '-')}", value]))
        for name, values in options.items()
    ]
    return st.tuples(*parts).map(lambda found: [word for part in found for word in part])


def setting(n=1e18, d=40, r=5):
    """The flags of a setting, all given, as a rule allowed; `n`, `d`, `r` bound the work."""
    given_ = {
        "n": st.one_of(numbers(4, n)),
        "d": numbers(2, d),
        "r": numbers(1, r),
        "eta": numbers(0, 1),
        "gamma": numbers(0, 1e4),
    }
    parts = [values.map(lambda value, name=name: [f"--{name}", value]) for name, values in given_.items()]
    more = flags(d_tilde=numbers(2, d), gamma_tilde=numbers(0, 1e4))
    return st.tuples(*parts, more).map(lambda found: [word for part in found for word in part])


def within(words, limits):
    """Whether the numbers given ask for no more work than a test may do."""
    for name, most in limits.items():
        for flag, value in pairwise(words):
            with contextlib.suppress(ValueError, OverflowError):
                if flag == name and not abs(float(value)) <= most:
                    return False
    return True


THRESHOLD = flags(
    theta=numbers(-50, 50),
    retain=numbers(0, 1),
    rounds=numbers(1, 4),
    teacher_n=numbers(2, 1e6),
    student_n=numbers(2, 1e6),
)
ESTIMATORS = st.sampled_from(
    [[], *(["--estimator", name] for name in ("unfiltered", "oracle-filtered", "teacher-filtered", "x"))]
)
COMMANDS = {
    "simulate": st.tuples(
        setting(5e3),
        ESTIMATORS,
        THRESHOLD,
        flags(
            engine=st.sampled_from(["exact", "direct", "limit", "x"]),
            seed=numbers(0, 2**62),
            replicates=st.sampled_from(["1", "2", "0", "x"]),
        ),
    ),
    "claims": st.tuples(
        st.lists(IDS, max_size=2),
        st.sampled_from([[], ["--latex"], ["--errata"], ["--json"]]),
        flags(graph=WORDS, verdicts=WORDS, module=WORDS),
    ),
    "constants": st.tuples(
        st.lists(IDS, max_size=2),
        st.lists(
            st.tuples(st.sampled_from(["n", "d", "r", "eta", "gamma", "delta", "q"]), numbers(0, 1e6)).map(
                lambda p: ["--set", "=".join(p)]
            ),
            max_size=4,
        ).map(_joined),
        flags(
            over=st.one_of(
                WORDS,
                st.tuples(
                    st.sampled_from(["n", "eta"]),
                    numbers(0, 10),
                    numbers(0, 10),
                    st.sampled_from(["1", "3", "x", "0"]),
                ).map(lambda p: f"{p[0]}={p[1]}:{p[2]}:{p[3]}"),
            )
        ),
    ),
    "verify": st.tuples(
        st.lists(st.one_of(st.sampled_from(["eq-10", "eq-5", "lemma-8"]), WORDS), min_size=1, max_size=2),
        flags(
            profile=st.one_of(st.sampled_from(["quick", "standard"]), WORDS),
            alpha=numbers(0, 1),
            seed=numbers(0, 2**62),
            module=WORDS,
            junit=WORDS,
        ),
    ),
    "diff": st.tuples(st.lists(WORDS, max_size=3)),
    "new": st.tuples(st.lists(WORDS, max_size=2)),
    "search": st.tuples(st.lists(WORDS, max_size=2), flags(budget=ODD, alpha=numbers(0, 1))),
    "sweep": st.tuples(st.lists(WORDS, min_size=1, max_size=2), flags(jobs=WORDS, store=WORDS)),
    "export": st.tuples(st.lists(WORDS, max_size=2), flags(to=WORDS)),
    "plot": st.tuples(st.lists(WORDS, max_size=2), flags(x=WORDS, y=WORDS, to=WORDS)),
}
LIMITS = {
    "--n": 5e3,
    "--d": 64,
    "--d-tilde": 64,
    "--r": 8,
    "--teacher-n": 1e6,
    "--student-n": 1e6,
    "--rounds": 20,
}


def asked(arguments, folder):
    """Run in an empty folder: status, standard output, standard error; asserts what holds of every run."""
    before, here = os.getcwd(), set(folder.rglob("*"))
    out, err = io.StringIO(), io.StringIO()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run(arguments)
    finally:
        os.chdir(before)
    said = err.getvalue()
    assert status in (0, 1, 2, 3), (arguments, status, said)
    assert "Traceback" not in said, arguments
    if status == 2:
        assert said.strip(), arguments
        assert said.count("\n") <= 3 or said.startswith("Usage"), (arguments, said)
    new = {path for path in folder.rglob("*") if path.is_file()} - here
    assert not [path for path in new if path.name.endswith((".tmp", ".part"))], arguments
    for path in new:
        with contextlib.suppress(OSError):
            path.unlink()
    return status, out.getvalue(), said


@pytest.mark.parametrize("command", COMMANDS)
def test_any_command_line_has_an_answer(command, tmp_path):
    """A result, or words about what is wrong with what was typed."""

    @SMALL
    @given(COMMANDS[command])
    def tried(parts):
        words = [word for part in parts for word in part]
        if within(words, LIMITS if command == "simulate" else {}):
            asked([command, *words], tmp_path)

    tried()


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """One sound file of every kind that a command reads, by the command that reads it."""
    folder = tmp_path_factory.mktemp("sound")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert run(["verify", "eq-10", "--json", "--jobs", "1"]) == 0
    found = printed.getvalue()
    grid = (
        'seed = 0\nengine = "exact"\nreplicates = 2\n\n[setting]\nn = 1000\nd = 4\nr = 2\neta = [0.1, 1.0]\n'
        'gamma = 1.0\n\n[[procedure]]\nestimator = "unfiltered"\n'
    )
    (folder / "grid.toml").write_text(grid)
    line = ["sweep", str(folder / "grid.toml"), "--store", str(folder / "grid.db"), "--executor", "serial"]
    assert run(line) == 0
    return {"json": found.encode(), "toml": grid.encode(), "db": (folder / "grid.db").read_bytes()}


CHANGES = st.lists(
    st.tuples(st.sampled_from(["cut", "put", "drop", "double"]), st.floats(0, 1), st.binary(max_size=6)),
    min_size=1,
    max_size=4,
)


def changed(content, changes):
    """The content with some bytes cut off, put in, left out or twice."""
    for kind, where, piece in changes:
        at = int(where * len(content))
        length = max(1, len(piece))
        content = {
            "cut": content[:at],
            "put": content[:at] + piece + content[at + len(piece) :],
            "drop": content[:at] + content[at + length :],
            "double": content[: at + length] + content[at:],
        }[kind]
    return content


READ = {
    "diff": ("json", ["diff", "FILE", "FILE"]),
    "claims": ("json", ["claims", "--graph", "g.svg", "--verdicts", "FILE"]),
    "sweep": ("toml", ["sweep", "FILE", "--dry-run"]),
    "export": ("db", ["export", "FILE", "--to", "a.csv"]),
    "plot": ("db", ["plot", "FILE", "--x", "eta", "--to", "a.svg"]),
}


@pytest.mark.parametrize("command", READ)
def test_any_file_has_an_answer(command, documents, tmp_path):
    """A damaged file is read, or refused in words."""
    ending, line = READ[command]

    @SMALL
    @given(CHANGES)
    def tried(changes):
        file = tmp_path / f"damaged.{ending}"
        file.write_bytes(changed(documents[ending], changes))
        asked([str(file) if word == "FILE" else word for word in line], tmp_path)

    tried()


def test_the_sound_files_are_read(documents, tmp_path, monkeypatch):
    """The negative control: without damage each of them is taken, and a fault is seen."""
    for ending, line in READ.values():
        file = tmp_path / f"sound.{ending}"
        file.write_bytes(documents[ending])
        status, _, said = asked([str(file) if word == "FILE" else word for word in line], tmp_path)
        assert status == 0, (line, said)
    monkeypatch.setattr("verification.cli.claims._table", lambda chosen: 1 / 0)
    with pytest.raises(AssertionError):
        asked(["claims"], tmp_path)
