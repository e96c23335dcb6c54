"""Everything a run leaves behind besides the table: chosen and checked before, written after."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from verification.report import files

if TYPE_CHECKING:
    from verification.judging.verdicts import Verdicts

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
"""Names the file to which a step of a GitHub workflow appends its Markdown summary."""


@dataclass(frozen=True)
class Outputs:
    """Where the report, the JUnit file and the Markdown summary go; None leaves one out."""

    report: Path | None = None
    junit: Path | None = None
    summary: Path | None = None

    @classmethod
    def prepare(
        cls, report: str | None, junit: str | None, environment: Mapping[str, str] = os.environ
    ) -> Outputs:
        """Check every place, and that what the report needs is installed.

        Raises InvalidArgument or MissingExtra, so that no finished run is lost to a wrong path.
        """
        summary = environment.get(SUMMARY_VARIABLE)
        if report is not None:
            from verification.report import html, notes

            html.require()
            notes.require()
        return cls(
            report=None if report is None else files.writable_folder("--report", report),
            junit=None if junit is None else files.writable_file("--junit", junit),
            summary=files.writable_file(SUMMARY_VARIABLE, summary) if summary else None,
        )

    def write(self, verdicts: Verdicts) -> None:
        """Write all that was asked for; each file is whole or not there."""
        if self.junit is not None:
            from verification.report import junit

            files.write(self.junit, junit.render(verdicts))
        if self.summary is not None:
            from verification.report import markdown

            with open(self.summary, "a", encoding="utf-8") as file:
                file.write(markdown.render(verdicts) + "\n")
        if self.report is not None:
            from verification.report import html, json_schema, notes

            (self.report / notes.FOLDER).mkdir(parents=True, exist_ok=True)
            for name, page in notes.render_all():
                files.write(self.report / notes.FOLDER / name, page)
            files.write(self.report / "index.html", html.render(verdicts))
            files.write(self.report / "verdicts.json", json_schema.dumps(verdicts.as_dict()))
