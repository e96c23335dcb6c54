"""What a command prints: results on standard output, words to the person on standard error."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TextIO, cast

from verification import shell

if TYPE_CHECKING:
    from rich.console import Console


NARROWEST = 40
"""Columns below which a console's width is not believed: some report 0."""


def say(text: str, first: str = "", rest: str = "") -> None:
    """A paragraph on standard output, broken between words at a terminal and in one line elsewhere.

    `first` and `rest` go before its first and before its further lines.
    """
    if sys.stdout.isatty():
        import textwrap

        width = max(NARROWEST, min(110, shutil.get_terminal_size().columns))
        wrapper = textwrap.TextWrapper(
            width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
        )
        print(wrapper.fill(text))
    else:
        print(first + text)


def with_command(words: str, command: str) -> str:
    """Words and a command to be copied; at a terminal where both do not fit, the command on its own lines."""
    if not sys.stdout.isatty():
        return f"{words} {command}"
    return "\n".join(shell.beside(words, command, max(NARROWEST, shutil.get_terminal_size().columns)))


def console() -> Console:
    """Where tables are printed: as wide as the terminal or COLUMNS; a pipe has no width and gets room."""
    from rich.console import Console

    class Ours(Console):
        def on_broken_pipe(self) -> None:
            raise  # to whoever decides about the exit status: rich would end with 1

    if sys.stdout.isatty():
        return Ours(width=max(NARROWEST, shutil.get_terminal_size((80, 24)).columns))
    width = shutil.get_terminal_size((140, 24)).columns if "COLUMNS" in os.environ else 140
    return Ours(width=max(NARROWEST, width), file=cast("TextIO", _Trimmed(sys.stdout)))


class _Trimmed:
    """A stream that leaves out the blanks at the ends of lines, which pad a table for nobody."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(re.sub(r" +$", "", text, flags=re.MULTILINE))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def print_json(value: Any) -> None:
    """One JSON document on standard output; what is not finite as the strings "inf", "-inf" and "nan"."""
    from verification.statistics.evidence import plain

    sys.stdout.write(json.dumps(plain(value), indent=2, allow_nan=False) + "\n")


def message(text: str) -> None:
    """A line for the person at the terminal: on standard error, out of the way of results.

    A note has no command to be copied: at a terminal it is broken between words.
    """
    if text.startswith("note: ") and sys.stderr.isatty():
        import textwrap

        text = textwrap.fill(text, max(NARROWEST, shutil.get_terminal_size().columns), break_on_hyphens=False)
    print(text, file=sys.stderr)


def times(so_far: float, left: float | None) -> str:
    """The seconds so far, and those left where they are known, in words."""
    gone, rest = (None if x is None else str(timedelta(seconds=int(x))) for x in (so_far, left))
    return f"{gone} so far" if rest is None else f"{gone} so far, {rest} left"


LEAST_SHARE, MOST_SHARE, LEAST_SECONDS = 0.05, 0.99, 3.0
"""Between these shares of the work, and after so many seconds, a time left can be told."""

MEMORY = 10.0
"""Seconds in which an estimate of the end gives way to a new one."""


class Remaining:
    """The time left of work whose size is predicted: as much a share of it as it took so far.

    A further piece of work, whose total is another, is added to what is done.
    """

    def __init__(self) -> None:
        self._started: float | None = None
        self._last = 0.0
        self._ends: float | None = None
        self._before, self.done, self.total = 0.0, 0.0, 0.0

    def update(self, now: float, done: float, total: float) -> None:
        """`done` of `total` at the second `now`."""
        if self._started is None:
            self._started = now
        elif self._before + total != self.total or self._before + done < self.done:
            self._before, self._ends = self.done, None
        self.done, self.total = self._before + done, self._before + total
        share = self.done / self.total if self.total > 0 else 0.0
        passed = now - self._started
        if not LEAST_SHARE <= share < MOST_SHARE or passed < LEAST_SECONDS:
            self._ends = None
        else:
            ends = self._started + passed / share
            keep = 0.0 if self._ends is None else math.exp(-(now - self._last) / MEMORY)
            self._ends = ends if self._ends is None else keep * self._ends + (1 - keep) * ends
        self._last = now

    def left(self, now: float) -> float | None:
        """Seconds left at the second `now`; None where they are not known."""
        return None if self._ends is None or self._ends <= now else self._ends - now


@contextmanager
def work_bar(title: str) -> Iterator[Callable[[float, float, str], None]]:
    """A bar with the time so far and the time left; call what is yielded with (done, total, what is done)."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.table import Column
    from rich.text import Text

    class Times(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(times(task.elapsed or 0.0, remaining.left(time.monotonic())))

    remaining = Remaining()

    def whole() -> Column:
        return Column(no_wrap=True)  # the bar gives way on a narrow terminal, which shows one line

    columns = (
        TextColumn("{task.description}", table_column=whole()),
        BarColumn(),
        TextColumn("{task.percentage:3.0f}%", table_column=whole()),
        Times(table_column=whole()),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None)

        def update(done: float, total: float, what: str) -> None:
            remaining.update(time.monotonic(), done, total)
            made, size = remaining.done, remaining.total
            progress.update(task, completed=made, total=size, description=f"{title}: {what}")

        yield update
