"""Errors that a user can cause, each with a one-line message."""

from __future__ import annotations


class InvalidArgument(ValueError):
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


class TooFewPairs(ValueError):
    """A filter kept fewer than two pairs, so no cross-covariance exists."""

    def __init__(self, kept: int, scored: int) -> None:
        self.kept = kept
        self.scored = scored
        super().__init__(f"the threshold keeps {kept} of {scored} scored pairs; a fit needs at least 2")

    def __reduce__(self) -> tuple[type, tuple[int, int]]:
        return type(self), (self.kept, self.scored)


class MissingExtra(ImportError):
    """An optional package is needed and absent: says how to install it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"this needs {package}: in a clone of filtergain, pip install '.[{extra}]'")
