"""The published JSON Schema of `verify --json`, and reading such a file back."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from verification.errors import InvalidArgument, extra


@cache
def schema() -> dict[str, Any]:
    """The schema (draft 2020-12) as a dictionary."""
    text = files(__package__).joinpath("verdicts.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def dumps(document: dict[str, Any]) -> str:
    """The document as it stands in a file; raises ValueError on a number that JSON cannot hold."""
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def load(argument: str, path: str | Path) -> dict[str, Any]:
    """A document that `verify --json` wrote, checked against the schema.

    `argument` is what the user called the file.  Raises InvalidArgument naming the first place
    that is wrong, and OSError.
    """
    text = Path(path).read_bytes()
    try:
        document = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        raise InvalidArgument(argument, str(path), "must hold JSON as written by verify --json") from None
    problem = first_problem(document)
    if problem is not None:
        raise InvalidArgument(argument, str(path), f"must follow the schema of verify --json ({problem})")
    ids = [claim["id"] for claim in document["claims"]]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise InvalidArgument(argument, str(path), f"must hold each claim once ({twice[0]!r} stands twice)")
    found: dict[str, Any] = document
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def first_problem(document: Any) -> str | None:
    """Where and how a document departs from the schema, in a short line; None where it does not.

    Raises MissingExtra without jsonschema.
    """
    with extra("jsonschema", "report"):
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(schema()).iter_errors(document))
    if error is None:
        return None
    said = error.message if len(error.message) <= 120 else error.message[:117] + "..."
    return f"at {error.json_path}: {' '.join(said.split())}"
