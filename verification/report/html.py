"""Verdicts as one HTML page that needs no other file and no network."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from verification.checks.exact import CertificateDetails, ProofDetails
from verification.errors import MissingExtra
from verification.judging import verdicts as shown
from verification.judging.verdict import TIGHT, interval_of
from verification.report import mathematics, notes, plots
from verification.report.templating import environment

if TYPE_CHECKING:
    from markupsafe import Markup

    from bounds.claim import Claim, Step
    from bounds.errata import Erratum
    from verification.judging.verdict import ClaimVerdict
    from verification.judging.verdicts import Verdicts
    from verification.statistics.evidence import Evidence

MEANINGS = {
    "PROVED": "every step of a symbolic proof was decided true",
    "CERTIFIED": "enclosed in ball arithmetic over a stated box",
    "SUPPORTED": "every statistical check holds, with the stated power",
    "REFUTED": "some check fails, with a witness",
    "INCONCLUSIVE": "not decided within the budget; never a pass",
}
VARIANTS = {
    "printed": "as printed",
    "corrected": "corrected",
    "explicit": "with explicit constants",
    "sharp": "sharp law",
}
FOUND = {
    "median_ratio": "error/bound (median)",
    "edge_ratio": "error/bound (edge)",
    "exceedances": "beyond the bound",
    "replicates": "replicates",
    "distance": "distance from the law",
    "target": "stated",
    "median": "measured (median)",
    "outcome": "outcome",
}
"""What is known of a setting, in the order of the columns."""


@dataclass(frozen=True)
class Fact:
    """A number of a check under its name."""

    name: str
    value: str


@dataclass(frozen=True)
class Table:
    """Numbers by column; the settings that a check was judged at."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Shown:
    """One check as the page shows it."""

    evidence: Evidence
    facts: tuple[Fact, ...]
    steps: tuple[Step, ...]
    witness: tuple[Fact, ...]
    plot: Markup | None
    settings: Table | None


@dataclass(frozen=True)
class Statement:
    """A statement in words and, where it has a bound, as a formula."""

    id: str
    heading: str
    words: str
    formula: Markup | None
    latex: str


@dataclass(frozen=True)
class Section:
    """One claim as the page shows it."""

    verdict: ClaimVerdict
    statements: tuple[Statement, ...]
    conditions: tuple[Markup, ...]
    probability: Markup | None
    note: str | None
    checks: tuple[Shown, ...]


def require() -> None:
    """Raises MissingExtra where a package that the page cannot do without is absent."""
    environment()
    try:
        import networkx  # noqa: F401
    except ImportError:
        raise MissingExtra("networkx", "report") from None


def render(verdicts: Verdicts) -> str:
    """The page.  Raises MissingExtra without Jinja2; without Matplotlib it has no plots."""
    require()
    from markupsafe import Markup

    from bounds.errata import ERRATA
    from verification.report import graph

    judged = {v.claim.id: v for v in verdicts}
    script = files(__package__).joinpath("templates/report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    with_plots = plots.available()
    errata: list[tuple[Erratum, ClaimVerdict]] = [
        (entry, judged[entry.claim]) for entry in ERRATA if _is_registers(entry.claim, judged)
    ]
    return (
        environment()
        .get_template("report.html")
        .render(
            verdicts=verdicts,
            judged=judged,
            summary=shown.summary(verdicts).splitlines(),
            counts={name: sum(str(v.verdict) == name for v in verdicts) for name in MEANINGS},
            meanings=MEANINGS,
            variants=VARIANTS,
            sections=[_section(k, v, judged, with_plots) for k, v in enumerate(verdicts)],
            errata=errata,
            graph=Markup(
                graph.render(
                    [v.claim for v in verdicts],
                    {i: str(v.verdict) for i, v in judged.items()},
                    {i: v.conditional_on for i, v in judged.items()},
                    links=True,
                )
            ),
            with_plots=with_plots,
            slack=shown.slack,
            tight=f"{TIGHT:g}",
            script=Markup(script),
            script_hash=digest,
        )
    )


def _is_registers(claim_id: str, judged: dict[str, ClaimVerdict]) -> bool:
    """Whether the claim was judged and is the register's, not somebody's own of that name."""
    from bounds import claims

    return claim_id in judged and judged[claim_id].claim is claims.get(claim_id)


def _section(number: int, v: ClaimVerdict, judged: dict[str, ClaimVerdict], with_plots: bool) -> Section:
    from bounds.claim import to_latex

    claim = v.claim
    return Section(
        verdict=v,
        statements=tuple(_statement(c) for c in _side_by_side(claim, judged)),
        conditions=tuple(mathematics.formula(to_latex(c)) for c in claim.conditions),
        probability=None if claim.probability is None else mathematics.formula(to_latex(claim.probability)),
        note=notes.link(claim.note),
        checks=tuple(_shown(e, f"plot-{number}-{k}", with_plots) for k, e in enumerate(v.evidence)),
    )


def _side_by_side(claim: Claim, judged: dict[str, ClaimVerdict]) -> tuple[Claim, ...]:
    """The claim; beside it what was printed, for a correction, or its corrections, for the print."""
    from bounds import claims as register

    if claim.corrects is not None:
        other = judged[claim.corrects].claim if claim.corrects in judged else register.get(claim.corrects)
        return (claim,) if other is None else (other, claim)
    return (claim, *(v.claim for v in judged.values() if v.claim.corrects == claim.id))


def _statement(claim: Claim) -> Statement:
    # Without a bound the LaTeX is only the words again.
    latex = "" if claim.bound is None or claim.relation is None else claim.latex()
    return Statement(
        id=claim.id,
        heading=VARIANTS[claim.variant],
        words=claim.statement,
        formula=mathematics.formula(latex, block=True) if latex else None,
        latex=latex,
    )


def _shown(evidence: Evidence, name: str, with_plots: bool) -> Shown:
    facts = [
        (evidence.details.estimated, _number(evidence.estimate)),
        ("allowed", _number(evidence.threshold)),
    ]
    if evidence.interval is not None:
        low, high = evidence.interval
        facts.insert(1, (interval_of(evidence), f"[{_number(low)}, {_number(high)}]"))
    if evidence.replicates:
        facts += [("replicates", f"{evidence.replicates:,}"), ("seed", str(evidence.seed))]
        facts += [("false alarm at most", _number(evidence.false_alarm))]
    if evidence.power is not None:
        seen = f"{_number(evidence.power.smallest)} ({evidence.power.meaning})"
        facts += [(f"smallest violation noticed with probability {1 - evidence.power.beta:g}", seen)]
    facts += [("slack, as observed", _number(evidence.slack))]
    if isinstance(evidence.details, CertificateDetails):
        facts += [(key, str(getattr(evidence.details, key))) for key in ("box", "bits", "boxes")]
    return Shown(
        evidence=evidence,
        facts=tuple(Fact(k, v) for k, v in facts if v),
        steps=evidence.details.steps if isinstance(evidence.details, ProofDetails) else (),
        witness=tuple(Fact(str(k), _flat(v)) for k, v in (evidence.witness or {}).items()),
        plot=plots.plot(evidence, name) if with_plots else None,
        settings=_settings(evidence),
    )


def _settings(evidence: Evidence) -> Table | None:
    """Every setting judged, with what was found there; None for a check that has none."""
    judged = evidence.details.at_settings()
    if not judged:
        return None
    named = {name: words for name, words in FOUND.items() if any(name in found for _, found in judged)}
    rows = [{**setting, **{words: found[name] for name, words in named.items()}} for setting, found in judged]
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return Table(
        columns=("setting", *columns),
        rows=tuple(
            (str(number), *(_flat(row.get(name, "")) for name in columns))
            for number, row in enumerate(rows, start=1)
        ),
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} = {_flat(v)}" for k, v in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)
