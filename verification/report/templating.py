"""The Jinja2 environment of the report: every value is escaped unless it is marked as markup."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from verification import shell
from verification.errors import extra
from verification.report.mathematics import typeset

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def environment() -> Environment:
    """Templates of this package; raises MissingExtra without Jinja2."""
    with extra("Jinja2", "report"):
        from jinja2 import Environment, PackageLoader, StrictUndefined
        from markupsafe import Markup
    made = Environment(
        loader=PackageLoader("verification.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.filters["typeset"] = typeset
    made.filters["command"] = lambda text: Markup(" ").join(
        Markup('<span class="word">{}</span>').format(part) for part in shell.parts(text)
    )
    # The script of every page, and what its content security policy knows it by.
    script = files(__package__).joinpath("templates/report.js").read_text(encoding="utf-8")
    made.globals["script"] = Markup(script)
    made.globals["script_hash"] = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return made
