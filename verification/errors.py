"""Errors that a user can cause, each with a one-line message, and the tests of numbers that raise them."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class UserError(Exception):
    """What a user's input or surroundings cause; the message is one line and says what to change."""


class InvalidArgument(UserError, ValueError):
    """A value outside what an argument allows: names the argument, the value and the range."""

    def __init__(self, argument: str, value: object, allowed: str) -> None:
        self.argument = argument
        self.value = value
        self.allowed = allowed
        super().__init__(f"{argument} {allowed}{_got(value, allowed)}")

    def __reduce__(self) -> tuple[type, tuple[str, object, str]]:
        return type(self), (self.argument, self.value, self.allowed)


LONGEST_SHOWN = 80
"""Characters of a value that a message shows at most."""


def _got(value: object, allowed: str) -> str:
    """The value in words: None is what was not given; a flag, and what was found in rows, have no value."""
    if allowed.startswith("show no "):
        return ""
    if value is True and allowed.startswith(("must be left out", "must go with")):
        return ""
    return f", got {'nothing' if value is None else shown(value)}"


def shown(value: object) -> str:
    """The value on one line that is not too long, in ASCII where it cannot be printed."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # an integer of more digits than Python turns into text
        text = "a very large number"
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


class TooFewPairs(UserError, ValueError):
    """A filter kept fewer than two pairs, so no cross-covariance exists."""

    def __init__(self, kept: int, scored: int) -> None:
        self.kept = kept
        self.scored = scored
        super().__init__(f"the threshold keeps {kept} of {scored} scored pairs; a fit needs at least 2")

    def __reduce__(self) -> tuple[type, tuple[int, int]]:
        return type(self), (self.kept, self.scored)


class MissingExtra(UserError, ImportError):
    """An optional package is needed and absent: says how to install it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"this needs {package}: in a clone of filtergain, pip install '.[{extra}]'")


MAX_PAIRS = 10**18
"""Largest n: class counts stay inside NumPy's 64-bit binomial."""


def whole(argument: str, value: Any, minimum: int, maximum: int = MAX_PAIRS) -> int:
    """`value` as an int; raises InvalidArgument unless it is a whole number in the range.

    1e6 is a whole number; True, 2.5 and "4" are not.
    """
    allowed = f"must be a whole number in [{minimum}, {maximum}]"
    if isinstance(value, bool):
        raise InvalidArgument(argument, value, allowed)
    try:
        number = int(value) if isinstance(value, float) and value.is_integer() else operator.index(value)
    except TypeError:
        raise InvalidArgument(argument, value, allowed) from None
    if not minimum <= number <= maximum:
        raise InvalidArgument(argument, value, allowed)
    return number


def real(argument: str, value: Any, allowed: str) -> float:
    """`value` as a float; raises InvalidArgument on what is no real number, NaN and text among it."""
    if isinstance(value, bool | str | bytes):
        raise InvalidArgument(argument, value, allowed)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidArgument(argument, value, allowed) from None
    if math.isnan(number):
        raise InvalidArgument(argument, value, allowed)
    return number


def one_of(argument: str, value: Any, names: Iterable[str]) -> str:
    """`value`, one of these names; raises InvalidArgument for anything else."""
    known = tuple(names)
    if not isinstance(value, str) or value not in known:
        raise InvalidArgument(argument, value, f"must be one of {', '.join(known)}")
    return value


def yes_or_no(argument: str, value: Any) -> bool:
    """`value` as a bool; raises InvalidArgument for what is not True or False."""
    if type(value).__name__ not in ("bool", "bool_"):
        raise InvalidArgument(argument, value, "must be True or False")
    return bool(value)


def function_or_none(argument: str, value: Any) -> None:
    """Raises InvalidArgument for what can be neither called nor left out."""
    if value is not None and not callable(value):
        raise InvalidArgument(argument, value, "must be a function")


def path_or_none(argument: str, value: Any) -> Path | None:
    """`value` as a path, None where there is none; raises InvalidArgument for what is no name of a file."""
    if value is None:
        return None
    if not isinstance(value, str | os.PathLike) or not str(value):
        raise InvalidArgument(argument, value, "must name a file")
    return Path(value)


@contextmanager
def extra(package: str, name: str) -> Iterator[None]:
    """Raises MissingExtra where what is imported inside is absent: `package` comes with the extra `name`."""
    try:
        yield
    except ImportError:
        raise MissingExtra(package, name) from None


class UnderpoweredDesign(UserError, ValueError):
    """A check that could not decide at its budget; the message says what it would take."""


class StoreError(UserError):
    """A store that cannot be used, or no longer: one line that says why and what is safe."""


class StoreLocked(StoreError):
    """Another run writes to the store; `holder` says which."""

    def __init__(self, path: Path, holder: str) -> None:
        self.holder = holder
        super().__init__(f"{path} is being written by {holder}; wait for it, or end it first")

    def __reduce__(self) -> tuple[Any, ...]:
        return StoreError, (str(self),)


class ExecutorLost(UserError):
    """The executor cannot be used any more; one line that says why."""
