"""Everything a run leaves behind besides the table: chosen and checked before, written after."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from verification import files
from verification.errors import MissingExtra

if TYPE_CHECKING:
    from verification.judging.verdicts import Verdicts

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
"""Names the file to which a step of a GitHub workflow appends its Markdown summary."""


@dataclass(frozen=True)
class Outputs:
    """Where the report, the JUnit file and the Markdown summary go; None leaves one out.

    `module` is the file with claims of one's own, whose title and notes the report has; `missing` says what
    would have to be installed for the report that was asked for.
    """

    report: Path | None = None
    junit: Path | None = None
    summary: Path | None = None
    module: str | None = None
    missing: str = ""

    @classmethod
    def prepare(
        cls,
        report: str | None,
        junit: str | None,
        module: str | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> Outputs:
        """Check every place, and whether what the report needs is installed.

        Raises InvalidArgument, so that no finished run is lost to a wrong path.
        """
        summary = environment.get(SUMMARY_VARIABLE)
        folder = None if report is None else files.writable_folder("--report", report)
        missing = ""
        if folder is not None:
            from verification.report import site

            try:
                site.require()
            except MissingExtra as error:
                folder, missing = None, str(error)
        return cls(
            report=folder,
            junit=None if junit is None else files.writable_file("--junit", junit),
            summary=files.writable_file(SUMMARY_VARIABLE, summary) if summary else None,
            module=module,
            missing=missing,
        )

    def write(self, verdicts: Verdicts) -> list[str]:
        """Write all that was asked for; each file is whole or not there.

        What cannot be written or made leaves the rest: returns a line for each, nothing where all went well.
        """
        lost: list[str] = []
        if self.junit is not None:
            from verification.report import junit

            _write(self.junit, partial(junit.render, verdicts), lost)
        if self.summary is not None:
            from verification.report import markdown

            _append(self.summary, partial(markdown.render, verdicts), lost)
        if self.report is not None:
            from verification.report import json_schema, site

            _write(self.report / "verdicts.json", lambda: json_schema.dumps(verdicts.as_dict()), lost)
            for name, made in site.pages(verdicts, site.About.of_module(self.module)):
                _write(self.report / name, made, lost)
        return lost


def _write(path: Path, made: Callable[[], str], lost: list[str]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, made())
    except Exception as error:  # whatever it is, nothing else that was computed is lost for it
        lost.append(files.lost(path, error))


def _append(path: Path, made: Callable[[], str], lost: list[str]) -> None:
    try:
        with open(path, "a", encoding="utf-8", errors="replace") as file:
            file.write(files.shown(made()) + "\n")
    except Exception as error:  # likewise
        lost.append(files.lost(path, error))
