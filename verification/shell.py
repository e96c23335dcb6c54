"""Commands that are shown to be copied into a shell."""

from __future__ import annotations

import re

_WORD = re.compile(r"""(?:'[^']*'|"[^"]*"|[^\s'"])+""")
_FLAG = re.compile(r"--?[a-zA-Z]")
INDENT = "  "


def beside(words: str, command: str, width: int) -> list[str]:
    """Words and a command on one line where it holds both, else the command on lines of its own."""
    whole = f"{words} {command}"
    return [whole] if len(whole) <= width else [words, *lines(command, width)]


def lines(command: str, width: int) -> list[str]:
    """The command on lines of at most `width` columns, as far as its arguments allow, for a shell to take.

    A line that goes on ends in a backslash; a flag stays beside its value, and what follows && starts a line.
    """
    found = [""]
    for part in parts(command):
        here = found[-1]
        if not here.strip():
            found[-1] += part
        elif here.endswith("&&") or len(here) + len(part) + len("  \\") > width:
            found[-1] += " \\"
            found.append(part if here.endswith("&&") else INDENT + part)
        else:
            found[-1] += " " + part
    return found


def parts(command: str) -> list[str]:
    """The command's words; a flag with its value, and && with what stands before it, are one."""
    found: list[str] = []
    for word in _WORD.findall(command):
        flag = bool(found) and _FLAG.match(found[-1]) is not None and " " not in found[-1]
        if word == "&&" or (flag and not _FLAG.match(word)):
            found[-1] += " " + word
        else:
            found.append(word)
    return found
