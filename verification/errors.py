"""Errors that a user can cause, each with a one-line message, and the tests of numbers that raise them."""

from __future__ import annotations

import math
from collections.abc import Iterator
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


def _got(value: object, allowed: str) -> str:
    """The value in words: None is what was not given, and a flag that must not be there has no value."""
    if value is True and allowed.startswith(("must be left out", "must go with")):
        return ""
    return f", got {'nothing' if value is None else repr(value)}"


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

    1e6 is a whole number, True and 2.5 are not.
    """
    allowed = f"must be a whole number in [{minimum}, {maximum}]"
    is_number = isinstance(value, (int, float)) or hasattr(value, "__index__")
    if isinstance(value, bool) or not is_number:
        raise InvalidArgument(argument, value, allowed)
    if isinstance(value, float) and not value.is_integer():
        raise InvalidArgument(argument, value, allowed)
    number = int(value)
    if not minimum <= number <= maximum:
        raise InvalidArgument(argument, value, allowed)
    return number


def real(argument: str, value: Any, allowed: str) -> float:
    """`value` as a float; raises InvalidArgument on non-numbers and NaN."""
    if isinstance(value, bool):
        raise InvalidArgument(argument, value, allowed)
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InvalidArgument(argument, value, allowed) from None
    if math.isnan(number):
        raise InvalidArgument(argument, value, allowed)
    return number


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
