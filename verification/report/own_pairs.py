"""One page that shows a fit of own pairs: the answer, its picture, the alternatives, the checks."""

from __future__ import annotations

import base64
import html
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from verification.figures import own_pairs

if TYPE_CHECKING:
    from verification.fitting.fit import FittedPairs

STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 54rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8884; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
img { width: 100%; background: white; border-radius: 4px; }
.decision { font-size: 1.25rem; font-weight: 600; }
"""
HOLDS = {True: "holds", False: "does not hold", None: "cannot tell"}


def page(found: FittedPairs, title: str) -> str:
    """The page as HTML without links to anything outside it.  Raises MissingExtra without Matplotlib."""
    said = found.sentences()
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body><main>",
            f"<h1>{html.escape(title)}</h1>",
            f'<p class="decision">{html.escape(said[-1])}</p>',
            *(f"<p>{html.escape(sentence)}</p>" for sentence in said[:-1]),
            f'<img alt="Scores over re-paired ones, and the gain at each share" src="{_picture(found)}">',
            "<h2>Alternatives</h2>",
            _table(
                ("estimator", "mean error", "share of the information used"),
                [
                    (
                        other.estimator,
                        f"{_number(other.mean)} {other.between}".strip(),
                        _number(other.efficiency),
                    )
                    for other in found.alternatives
                ],
            ),
            "<h2>Parameters</h2>",
            _table(("parameter", "value", f"{1 - found.alpha:.0%} interval"), _parameters(found)),
            "<h2>What the model assumes</h2>",
            _table(
                ("check", "outcome", "what follows"),
                [(check.id, HOLDS[check.holds], check.message) for check in found.checks],
            ),
            f"<p>Error rate {found.alpha:g} for each interval by itself; seed {found.seed}.</p>",
            "</main></body></html>",
            "",
        ]
    )


def _parameters(found: FittedPairs) -> list[tuple[str, str, str]]:
    rows = [("shared directions", str(found.r.value), f"{found.r.low} to {found.r.high}")]
    for name, estimate in (
        ("clean share, from scores", found.eta_free),
        ("clean share, by the model", found.eta_model),
        ("gamma", found.gamma),
        ("gamma~", found.gamma_tilde),
        ("gain, measured", found.gain_free),
        ("gain, by the model", found.gain_model),
    ):
        if estimate is not None:
            ends = f"{estimate.low:.4g} to {estimate.high:.4g}"
            rows.append((name, f"{estimate.value:.4g}", ends))
    rows.append(("clean share, lower bound", f"{found.lower_bound:.4g}", "whatever clean pairs look like"))
    return rows


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td{_kind(cell)}>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{top}</tr>{body}</table>"


def _kind(cell: str) -> str:
    return ' class="number"' if cell[:1].isdigit() and " " not in cell else ""


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"


def _picture(found: FittedPairs) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fit.png"
        own_pairs.scores_and_gain(found, path)
        return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
