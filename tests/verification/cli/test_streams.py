"""Where the output goes to: a reader that leaves, a closed stream, a full disk, a console of any width."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from verification.cli import terminal

COMMAND = [sys.executable, "-m", "filtergain"]


def shell(line, **environment):
    """A command line of a shell, with `filtergain` for the command: status and standard error."""
    shown = line.replace("filtergain", " ".join(COMMAND))
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {shown}"], env={**os.environ, **environment}, capture_output=True
    )
    return done.returncode, done.stderr.decode(errors="replace")


@pytest.mark.parametrize("command", ["claims", "verify eq-5 eq-6 --json", "claims --json"])
def test_a_reader_that_leaves_is_no_verdict(command):
    """`| head -1` ends quietly, with the status that shells give a broken pipe or with the command's own."""
    status, said = shell(f"filtergain {command} | true")
    assert status in (0, 141)
    assert said == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "command",
    [
        "claims",
        "claims theorem-1",
        "verify eq-5 --json",
        "--version",
        "threshold --n 1e4 --d 9 --r 3 --gamma 2 --eta 0.3",
    ],
)
def test_a_full_disk_is_one_line(command):
    """What cannot be written to standard output is said once, with the status of wrong use."""
    status, said = shell(f"filtergain {command} > /dev/full")
    assert status == 2
    assert said == "filtergain: cannot write to standard output: No space left on device\n"
    assert "Traceback" not in said
    assert "Exception ignored" not in said


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_is_no_error(closed):
    """The work is done and the status is its own, whichever stream is closed."""
    status, said = shell(f"filtergain verify eq-5 {closed}")
    assert (status, said) == (0, "")


def test_outputs_are_written_whoever_reads(tmp_path):
    """A report is whole although standard output has no reader."""
    status, _ = shell(
        f"filtergain verify eq-5 --report {tmp_path / 'out'} --junit {tmp_path / 'j.xml'} | true"
    )
    assert status in (0, 141)
    assert (tmp_path / "out" / "index.html").exists()
    assert (tmp_path / "j.xml").exists()


@pytest.mark.parametrize("columns", ["0", "1", "-5", "20", "80", "100000", "many", ""])
def test_a_console_of_any_width_gets_its_table(columns):
    """What a terminal reports of itself cannot stop a table."""
    status, said = shell("filtergain verify eq-5", COLUMNS=columns)
    assert (status, said) == (0, "")


def test_a_fault_of_ours_is_no_verdict(command, monkeypatch):
    """An error that nobody foresaw has a status of its own, and the lines to report."""
    from bounds.claim import Claim

    monkeypatch.setattr(Claim, "latex", lambda self: 1 / 0)
    status, _, said = command("claims", "eq-5", "--latex")
    assert status == 70
    assert "ZeroDivisionError" in said
    assert "fault of filtergain" in said


def test_a_folder_that_is_gone_is_named(tmp_path):
    """A relative place for the report, in a folder that was deleted: one line with the option."""
    gone = tmp_path / "gone"
    gone.mkdir()
    status, said = shell(f"cd {gone} && rmdir {gone} && filtergain verify eq-5 --report out")
    assert status == 2
    assert said.strip().splitlines()[-1].startswith("filtergain: --report must be reachable")


@pytest.mark.parametrize(
    "line", [["claims"], ["verify", "eq-5", "eq-10", "--jobs", "1"], ["constants", "eq-24"]]
)
@pytest.mark.parametrize("columns", ["", "80"])
def test_no_line_of_a_pipe_ends_in_blanks(command, monkeypatch, line, columns):
    """A table is padded for a terminal's sake only; what stands before the padding is the same."""
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    status, out, _ = command(*line)
    assert status == 0
    assert out.strip()
    assert not [shown for shown in out.splitlines() if shown != shown.rstrip()]


def test_a_note_is_broken_between_words(monkeypatch, capsys):
    """At a terminal of 40 columns; elsewhere, and where it is a command to be copied, a line stays whole."""
    text = "note: teacher and student take 1,000 pairs together, more than n = 500"
    monkeypatch.setenv("COLUMNS", "40")
    terminal.message(text)
    assert capsys.readouterr().err == text + "\n"
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    terminal.message(text)
    lines = capsys.readouterr().err.splitlines()
    assert max(map(len, lines)) <= 40
    assert " ".join(lines) == text
    terminal.message(text.removeprefix("note: "))
    assert capsys.readouterr().err.count("\n") == 1


def test_only_blanks_before_the_end_of_a_line_are_left_out():
    """The negative control of the above: indents and blanks between words stay."""
    stream = io.StringIO()
    terminal._Trimmed(stream).write("  a  b  \n   \nc")
    assert stream.getvalue() == "  a  b\n\nc"
