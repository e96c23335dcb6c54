"""The Jinja2 environment of the report: every value is escaped unless it is marked as markup."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from verification.errors import extra
from verification.report.mathematics import typeset

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def environment() -> Environment:
    """Templates of this package; raises MissingExtra without Jinja2."""
    with extra("Jinja2", "report"):
        from jinja2 import Environment, PackageLoader, StrictUndefined
    made = Environment(
        loader=PackageLoader("verification.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.filters["typeset"] = typeset
    return made
