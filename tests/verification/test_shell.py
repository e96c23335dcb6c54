"""A command that is shown on several lines is the same command to a shell."""

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verification import shell
from verification.setting import Procedure, Setting, simulate_command

PLACE = Setting(n=48000, d=6, r=2, eta=0.05, gamma=1.0, d_tilde=6, gamma_tilde=1.0)
ONE = simulate_command(PLACE, Procedure("teacher-filtered", -4.0), 0, 1) + " --bound 0.0632455532033676"
WORDS = st.one_of(
    st.sampled_from(["--theta", "-4.0", "--json", "a b", "it's", "&", '"']), st.text("ab'\" -\\")
)


@pytest.mark.parametrize("width", [40, 80, 140])
def test_lines_fit_and_a_shell_takes_them(width):
    """Two commands: no line is wider than the console, and a shell runs both as they are."""
    lines = shell.lines(f"{ONE} && {ONE}", width)
    assert max(map(len, lines)) <= width
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert sum("--theta -4.0" in line for line in lines) == 2  # a flag stays beside its value
    script = "filtergain() { printf '%s\\n' \"$@\"; }\n" + "\n".join(lines)
    told = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == 2 * shlex.split(ONE)[1:]


@given(st.lists(WORDS.map(shlex.quote), min_size=1), st.integers(10, 100))
def test_no_word_is_changed(words, width):
    """Whatever an argument holds, a shell reads the lines as it reads the command."""
    command = " ".join(words)
    lines = shell.lines(command, width)
    assert shlex.split("".join(line.removesuffix("\\") for line in lines)) == shlex.split(command)


def test_a_line_that_does_not_go_on_is_seen():
    """The negative control: without its backslashes the text is another command."""
    lines = [line.removesuffix("\\") for line in shell.lines(ONE, 60)]
    script = "filtergain() { printf '%s\\n' \"$@\"; }\n" + "\n".join(lines)
    told = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False).stdout
    assert told.splitlines() != shlex.split(ONE)[1:]
