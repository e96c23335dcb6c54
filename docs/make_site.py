"""Makes the documentation site: `python docs/make_site.py` writes out/site/html, which needs no network.

Pages, notes and examples are staged side by side as they lie in the repository, so that links hold.  Sphinx
makes pages with a search of their own from them, formulas become MathML as in the report, and the report of a
quick run is a page beside them.  A link that leads nowhere, like every other warning, fails the build.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PLACE = ROOT / "out" / "site"
COPIED = (
    "docs",
    "proofs_notes",
    "examples",
    "filtergain/papers",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "CITATION.cff",
    "verification/studies/data/digits-LICENSE.txt",
    "benchmarks/results.json",
    ".github/workflows/claims.yml",
)
SOURCE_SUFFIXES = {".md", ".png", ".py", ".toml", ".ipynb"}
INDEX = """# filtergain

```{toctree}
:maxdepth: 1

README
docs/index
docs/tutorial
docs/add-a-theorem
docs/check-a-bound-in-ci
docs/find-my-constant
docs/sweeps
docs/run-on-a-cluster
docs/your-own-embeddings
docs/statistical-assertions
docs/papers
docs/injected-mistakes
docs/certificates
docs/verdicts
docs/layout
docs/probes
docs/benchmarks
docs/reference
CHANGELOG
```

```{toctree}
:caption: The mathematics
:glob:
:maxdepth: 1

proofs_notes/*
```

```{toctree}
:caption: Examples
:glob:
:maxdepth: 1

examples/*
examples/*/*
```

```{toctree}
:caption: Other papers
:glob:
:maxdepth: 1

filtergain/papers/*
```

<a href="report/index.html">The report of a run</a> shows every claim with its verdict and its evidence.
"""
# A browser's own choice of font has no room for indices.
STYLE = """math { font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", "Libertinus Math",
  "TeX Gyre DejaVu Math", "DejaVu Math TeX Gyre", "Noto Sans Math", math; font-size: 1.08em; }
"""
SETTINGS: dict[str, Any] = {
    "project": "filtergain",
    "extensions": ["myst_parser", "mathml_pages"],  # the second lies beside this file
    "html_theme": "furo",
    "html_title": "filtergain",
    "myst_enable_extensions": ["dollarmath", "amsmath"],
    "myst_heading_anchors": 6,
    "myst_dmath_double_inline": True,
    "html_math_renderer": "mathml",
    "html_static_path": ["_static"],
    "html_css_files": ["site.css"],
    "html_copy_source": False,
    "html_show_sourcelink": False,
    # What pages of the repository have that is no fault: a level left out, a lexer in doubt.
    "suppress_warnings": ["myst.header", "misc.highlighting_failure", "toc.not_included"],
}


def stage(source: Path) -> None:
    """The pages as they lie in the repository, below one folder."""
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    for name in COPIED:
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
            continue
        for path in sorted((ROOT / name).rglob("*")):
            if path.is_file() and path.suffix in SOURCE_SUFFIXES:
                target = source / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
    (source / "index.md").write_text(INDEX)
    (source / "_static").mkdir()
    (source / "_static" / "site.css").write_text(STYLE)


def report(folder: Path) -> None:
    """The report of a quick run of every claim."""
    from verification import verify
    from verification.report.outputs import Outputs

    if lost := Outputs(report=folder).write(verify(profile="quick")):
        sys.exit("\n".join(lost))


def build(source: Path, target: Path) -> int:
    """Sphinx's exit status: not 0 after a warning."""
    from sphinx.application import Sphinx

    app = Sphinx(
        str(source), None, str(target), str(target.parent / "doctrees"), "html", SETTINGS, warningiserror=True
    )
    app.build(force_all=True)
    return app.statuscode


def main() -> int:
    """Stage, build, and put the report beside the pages."""
    stage(PLACE / "source")
    report(PLACE / "source" / "report")
    status = build(PLACE / "source", PLACE / "html")
    shutil.copytree(PLACE / "source" / "report", PLACE / "html" / "report", dirs_exist_ok=True)
    print(f"wrote {PLACE / 'html' / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
