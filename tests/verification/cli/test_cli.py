import io
import json
import re
import shlex
import subprocess
import sys
import time

import pytest
from rich.console import Console
from typer.main import get_command

from verification.cli.app import app
from verification.cli.terminal import work_bar

PLACE = ["--n", "1e4", "--d", "6", "--r", "2", "--eta", "0.4", "--gamma", "2"]


def test_simulate_prints_a_summary(command):
    """The plain output names the estimator, the mean error and the kept share."""
    status, out, err = command("simulate", *PLACE, "--estimator", "teacher-filtered", "--theta", "0")
    assert status == 0
    assert "teacher-filtered, exact engine, 10 replicates, seed 0" in out
    assert "retained" in out
    assert err == ""


@pytest.mark.parametrize(
    ("flags", "said", "pairs"),
    [
        ((), "1,001 in the fit", {"trained": 1001, "scored": 0}),
        (
            ("--estimator", "oracle-filtered", "--theta", 0),
            "501 scored of 1,001 (the oracle needs no teacher: --student-n 1001 scores all)",
            {"trained": 0, "scored": 501},
        ),
        (
            ("--estimator", "oracle-filtered", "--theta", 0, "--student-n", 1001),
            "1,001 scored",
            {"trained": 0, "scored": 1001},
        ),
        (
            ("--estimator", "teacher-filtered", "--theta", 0, "--rounds", 2),
            "333 train the teacher, 334 scored in each of 2 rounds",
            {"trained": 333, "scored": 334},
        ),
    ],
)
def test_simulate_says_how_many_pairs_it_used(command, flags, said, pairs):
    """In words and in the JSON: an oracle scores only half of them unless told otherwise."""
    place = ("--n", 1001, "--d", 6, "--r", 2, "--eta", 0.5, "--gamma", 5, "--replicates", 2, *flags)
    _, out, _ = command("simulate", *place)
    assert f"pairs     {said}\n" in out
    _, out, _ = command("simulate", *place, "--json")
    assert json.loads(out)["pairs"] == pairs


def test_simulate_prints_one_json_document(command):
    """With --json nothing else is on standard output, and equal seeds give equal bytes."""
    outputs = [
        command("simulate", *PLACE, "--gamma-tilde", "inf", "--json", "--replicates", "3") for _ in range(2)
    ]
    assert outputs[0] == outputs[1]
    document = json.loads(outputs[0][1])
    assert document["setting"]["gamma_tilde"] == "inf"
    assert len(document["errors"]) == 3


def test_errors_stand_beside_a_bound(command):
    """With --bound the error is set against it, in text and for each replicate in the JSON."""
    place = ("simulate", "--n", 1000, "--d", 4, "--r", 2, "--eta", 0.5, "--gamma", 1, "--replicates", 3)
    _, text, _ = command(*place, "--bound", 0.1, "--json")
    found = json.loads(text)
    assert found["ratios"] == [pytest.approx(10 * error) for error in found["errors"]]
    _, out, _ = command(*place, "--bound", 0.1)
    assert f"bound     0.1   (error/bound {10 * found['mean']:.4g})" in out
    assert "bound" not in command(*place)[1]
    for wrong in ("0", "-1", "inf"):
        status, _, err = command(*place, "--bound", wrong)
        assert (status, err.count("\n")) == (2, 1)
        assert err.startswith("filtergain: --bound must be a positive number, got ")


@pytest.mark.parametrize(
    "arguments", [["fit"], ["certify"], ["diff"], ["sweep"], ["reproduce", "table-1"], ["verify"], ["new"]]
)
def test_help_names_arguments_in_our_words(command, arguments):
    """No kind of Python and no brace in a command's help."""
    out = command(*arguments, "--help")[1]
    assert not set("<>{}") & set(out)
    assert "[[" not in out


def test_seed_and_replicates_matter(command):
    """Another seed gives other errors."""
    first, second = (
        json.loads(command("simulate", *PLACE, "--json", "--seed", seed)[1])["errors"] for seed in (0, 1)
    )
    assert not set(first) & set(second)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--eta", "1.3"], "eta must lie in (0, 1], got 1.3"),
        (["--eta", "0"], "eta must lie in (0, 1], got 0"),
        (["--eta", "nan"], "eta must lie in (0, 1]"),
        (["--r", "7"], "r must be at most min(d, d_tilde) = 6, got 7"),
        (["--r", "0"], "r must be a whole number"),
        (["--d", "6.5"], "d must be a whole number"),
        (["--n", "3"], "n must be a whole number in [4,"),
        (["--n", "many"], "must be a number such as 0.3, 1e6 or inf, got 'many'"),
        (["--n", "__import__('os')"], "must be a number such as"),
        (["--n", "inf"], "n must be a whole number"),
        (["--gamma", "-1"], "gamma must lie in (0, inf], got -1"),
        (["--gamma", "0"], "gamma must lie in (0, inf], got 0"),
        (["--theta", "1"], "theta must be left out for the unfiltered estimator"),
        (["--estimator", "oracle-filtered"], "--theta or --retain (exactly one) must be given"),
        (["--estimator", "best"], "estimator must be one of unfiltered, oracle-filtered, teacher-filtered"),
        (["--engine", "quantum"], "engine must be one of exact, direct"),
        (["--replicates", "0"], "replicates must be a whole number"),
        (["--seed", "-1"], "seed must be a whole number"),
        (["--jobs", "0"], "jobs must be a whole number"),
        (["--rotate"], "rotate must be left out unless the engine is direct"),
        (["--no-such-flag"], "No such option"),
        (["--n"], "requires an argument"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(command, arguments, said):
    """A user's mistake is one line on standard error that names the argument; nothing is printed."""
    status, out, err = command("simulate", *PLACE, *arguments)
    assert status == 2
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--gamma-tilde", "-1"], "filtergain: --gamma-tilde must lie in (0, inf], got -1"),
        (["--gamma-tilde=-1"], "filtergain: --gamma-tilde must lie in (0, inf], got -1"),
        (["--estimator", "oracle-filtered"], "filtergain: --theta or --retain (exactly one) must be given"),
    ],
)
def test_an_argument_is_named_as_it_was_typed(command, arguments, said):
    """An option keeps its dashes in the message; what was not typed has none."""
    assert command("simulate", *PLACE, *arguments)[2].startswith(said)


@pytest.mark.parametrize("arguments", [(), ("verify", "--help")])
def test_the_help_is_no_error_message(command, arguments):
    """Without a command the help is on standard error with status 2; where asked for, on standard output."""
    status, out, err = command(*arguments)
    assert status == (0 if arguments else 2)
    shown = out if arguments else err
    assert shown.startswith("Usage: filtergain")
    assert not (err if arguments else out)


FILTER = ("--estimator", "teacher-filtered", "--theta", "0")


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        (["--teacher-n", "900", "--student-n", "900"], "note: teacher and student take 1,800 pairs together"),
        (["--teacher-n", "100", "--student-n", "900"], ""),
        (["--teacher-n", "999"], "--teacher-n must leave 2 of n = 1000 pairs or more for the student"),
        (["--teacher-n", "996", "--rounds", "3"], "must leave 2 of n = 1000 pairs or more for each of 3"),
    ],
)
def test_pairs_of_teacher_and_student_are_counted(command, sizes, said):
    """Sizes of one's own may exceed n, which is told; a teacher alone must leave some."""
    _, _, err = command("simulate", "--n", "1000", *PLACE[2:], *FILTER, *sizes)
    assert said in err
    assert bool(err) is bool(said)


@pytest.mark.parametrize("said", ["", "Unable to allocate 14.6 TiB"])
def test_too_little_memory_is_one_line(command, monkeypatch, said):
    """The line repeats what was asked for, and what could not be allocated."""

    def fail(*arguments, **options):
        raise MemoryError(said) if said else MemoryError

    monkeypatch.setattr("verification.simulation.simulate", fail)
    status, out, err = command("simulate", *PLACE)
    shown = f"filtergain: not enough memory for simulate {' '.join(PLACE)}" + f" ({said})" * bool(said)
    assert (status, out, err) == (2, "", shown + "\n")


def test_a_full_side_is_mentioned(command):
    """d = r is allowed, and the output says that the error there is 0."""
    status, _, err = command(
        "simulate", "--n", 100, "--d", 2, "--d-tilde", 6, "--r", 2, "--eta", 1, "--gamma", 1
    )
    assert status == 0
    assert "the left space has dimension r" in err


def test_a_run_without_any_error_says_so_once(command):
    """A threshold that keeps nothing in any replicate: one line, status 2, and the rows in JSON."""
    arguments = ("simulate", *PLACE, "--estimator", "oracle-filtered", "--theta", "1e4", "--replicates", 20)
    why = "the threshold keeps 0 of 5000 scored pairs; a fit needs at least 2"
    said = f"no replicate of 20 has an error: {why}\n"
    assert command(*arguments) == (2, "", said)
    status, out, err = command(*arguments, "--json")
    assert (status, err) == (2, said)
    assert len(json.loads(out)["failures"]) == 20


def test_failed_replicates_among_others_are_reported_and_not_fatal(command):
    """Where some replicates keep too few pairs each of them has a line, and the rest a mean."""
    place = ("--n", 100, "--d", 4, "--r", 2, "--eta", 0.5, "--gamma", 2)
    status, out, err = command(
        "simulate", *place, "--estimator", "oracle-filtered", "--theta", 6.5, "--replicates", 20
    )
    assert status == 0
    assert 0 < err.count("of 50 scored pairs") == err.count("\n") < 20
    assert "error  " in out


def test_an_unknown_claim_is_answered_with_the_nearest(command):
    """verify suggests what might have been meant."""
    status, _, err = command("verify", "theorm-1")
    assert status == 2
    assert "did you mean" in err
    assert "theorem-1" in err


def test_an_impossible_run_is_refused(command):
    """Profiles, budgets and modules are checked before anything is drawn."""
    for arguments, said in (
        (["--profile", "x"], "profile must be one of quick, standard, thorough"),
        (["--alpha", "2"], "alpha must lie in (0, 1)"),
        (["--module", "/nowhere/mine.py"], "module must be a file that is there"),
    ):
        status, out, err = command("verify", "proposition-1", *arguments)
        assert (status, out) == (2, "")
        assert said in err


def test_a_module_without_claims_is_refused(command, tmp_path):
    """verify --module needs CLAIMS."""
    file = tmp_path / "empty.py"
    file.write_text("")
    status, _, err = command("verify", "--module", file)
    assert status == 2
    assert "must define CLAIMS" in err


def test_version_and_help(command, monkeypatch):
    """--version and --help answer at once; help fits 80 columns and has an example that can be copied."""
    monkeypatch.setenv("COLUMNS", "80")
    status, out, _ = command("--version")
    assert (status, out.split()[0]) == (0, "filtergain")
    for name, known in get_command(app).commands.items():
        status, out, _ = command(name, "--help")
        assert status == 0
        assert max(map(len, out.splitlines())) <= 80, name
        _, _, example = out.partition("Example: filtergain ")
        words = shlex.split(example.replace("\\\n", " "))
        assert words[0] == name
        known.make_context(name, words[1:])  # options that there are
        assert all(line.rstrip().endswith("\\") for line in example.strip().splitlines()[:-1]), name


def test_the_installed_command_runs():
    """The console script exits with the documented status, without a traceback."""
    done = subprocess.run(
        [sys.executable, "-c", "from verification.cli import main; main()", "simulate", "--n", "x"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_time_left_is_told_where_it_is_known():
    """And no word of it where it is not."""
    from verification.cli.terminal import times

    assert times(61.4, None) == "0:01:01 so far"
    assert times(61.4, 3600.0) == "0:01:01 so far, 1:00:00 left"


def test_the_time_left_is_the_share_of_the_work_left():
    """28% after 106 seconds is 272 seconds to go, however fast the last draws were; none at either end."""
    from verification.cli.terminal import Remaining

    bar = Remaining()
    seconds = []
    for second in range(0, 107):
        bar.update(second, 28 * (second / 106), 100)
        seconds.append(bar.left(second))
    assert seconds[10] is None  # 2% say nothing yet
    assert seconds[-1] == pytest.approx(106 * 72 / 28)
    bar.update(107, 40, 100)  # a quick stretch hardly moves it
    assert 200 < bar.left(107) < 272
    bar.update(400, 100, 100)
    assert bar.left(400) is None
    bar.update(401, 1, 100)  # a second piece of work, as large
    assert (bar.done, bar.total) == (101, 200)
    assert bar.left(401) == pytest.approx(401 * 99 / 101)


@pytest.mark.parametrize("columns", [60, 80])
def test_a_bar_stays_on_its_line(monkeypatch, columns):
    """On a narrow terminal the bar gives way, not the line: none is broken, and the times are whole."""
    screen = io.StringIO()
    wide = Console(file=screen, width=columns, force_terminal=True, color_system=None)
    monkeypatch.setattr("rich.console.Console", lambda **_: wide)
    with work_bar("fit") as update:
        for done in (1.0, 2.0, 2.5):
            time.sleep(0.01)
            update(done, 3.0, "reading the rows, 3 of 3")
            wide.file.flush()
    shown = [line for line in re.split(r"[\r\n]|\x1b\[[0-9;?]*[A-Za-z]", screen.getvalue()) if line.strip()]
    assert shown
    assert max(map(len, shown)) <= columns
    assert all("so far" in line for line in shown), shown


@pytest.mark.parametrize("name", ["predict", "simulate"])
def test_ctrl_c_is_told(command, monkeypatch, name):
    """A command that is interrupted says so in one line, with the status that shells know."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("verification.prediction.law.predict", interrupted)
    monkeypatch.setattr("verification.simulation.simulate", interrupted)
    assert command(name, *PLACE) == (130, "", "interrupted\n")
