"""One claim as a page shows it: its statements, its evidence, its neighbours, what its words lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bounds.symbols import SYMBOLS
from verification.checks.proved import CertificateDetails, ProofDetails
from verification.judging.verdict import interval_of
from verification.report import mathematics, plots

if TYPE_CHECKING:
    from markupsafe import Markup

    from bounds.claim import Claim, Step
    from verification.judging.verdict import ClaimVerdict
    from verification.statistics.evidence import Evidence

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

SHORT = 60
"""Characters of LaTeX up to which a formula fits every screen."""


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
class Stated:
    """A statement in words and, where it has a bound, as a formula; `broken` is for narrow places."""

    id: str
    heading: str
    words: str
    formula: Markup | None
    latex: str
    broken: Markup | None = None


@dataclass(frozen=True)
class Section:
    """One claim as the page shows it."""

    verdict: ClaimVerdict
    statements: tuple[Stated, ...]
    conditions: tuple[Markup, ...]
    probability: Markup | None
    checks: tuple[Shown, ...]


def section(v: ClaimVerdict, judged: Mapping[str, ClaimVerdict], with_plots: bool) -> Section:
    """Everything that the page of a claim shows, ready for the template."""
    from bounds.claim import to_latex

    claim = v.claim
    return Section(
        verdict=v,
        statements=tuple(statement(c) for c in _side_by_side(claim, judged)),
        conditions=tuple(mathematics.formula(to_latex(c), block=True) for c in claim.conditions),
        probability=None if claim.probability is None else mathematics.formula(to_latex(claim.probability)),
        checks=tuple(_shown(e, f"plot-{k}", with_plots) for k, e in enumerate(v.evidence)),
    )


def _side_by_side(claim: Claim, judged: Mapping[str, ClaimVerdict]) -> tuple[Claim, ...]:
    """The claim; beside it what was printed, for a correction, or its corrections, for the print."""
    from bounds import claims as register

    if claim.corrects is not None:
        other = judged[claim.corrects].claim if claim.corrects in judged else register.get(claim.corrects)
        return (claim,) if other is None else (other, claim)
    return (claim, *(v.claim for v in judged.values() if v.claim.corrects == claim.id))


def statement(claim: Claim) -> Stated:
    """What a claim says, in words and as a formula."""
    # Without a bound the LaTeX is only the words again.
    latex = "" if claim.bound is None or claim.relation is None else claim.latex()
    return Stated(
        id=claim.id,
        heading=VARIANTS[claim.variant],
        words=claim.statement,
        formula=_whole(latex, claim.latex(broken=True)) if latex else None,
        latex=latex,
        broken=mathematics.broken(claim.latex(broken=True)) if len(latex) > SHORT else None,
    )


def _whole(latex: str, apart: str) -> Markup:
    """The formula as one; where it is wider than a page, in pieces that a line holds."""
    if mathematics.width(latex) <= mathematics.LINE:
        return mathematics.formula(latex, block=True)
    return mathematics.broken(apart, mathematics.LINE)


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
        witness=tuple(Fact(in_words(str(k)), _flat(v)) for k, v in (evidence.witness or {}).items()),
        plot=plots.plot(evidence, name) if with_plots else None,
        settings=_settings(evidence),
    )


def in_words(name: str) -> str:
    """A key of a witness as the page names it: median_ratio is two words, gamma_tilde a symbol."""
    return name if name in SYMBOLS else name.replace("_", " ")


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
