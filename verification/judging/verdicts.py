"""The verdicts of a run: a sequence, and the table that it displays as in a terminal and in a notebook."""

from __future__ import annotations

import html
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from bounds.claim import Verdict
from verification import shell
from verification.frames import data_frame
from verification.judging.benchmark import Benchmark
from verification.judging.verdict import TIGHT, TRUE, ClaimVerdict

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.console import Console
    from rich.table import Table


@dataclass(frozen=True, repr=False)
class Verdicts(Sequence[ClaimVerdict]):
    """The verdicts of a run, in the register's order; displays as a table."""

    items: tuple[ClaimVerdict, ...]
    profile: str
    alpha: float
    seed: int
    ledger: Mapping[str, Any]
    versions: Mapping[str, str]
    seconds: float
    errors_survived: int = 0
    injected: Benchmark | None = None

    @overload
    def __getitem__(self, index: int) -> ClaimVerdict: ...
    @overload
    def __getitem__(self, index: str) -> ClaimVerdict: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ClaimVerdict, ...]: ...
    def __getitem__(self, index: int | str | slice) -> ClaimVerdict | tuple[ClaimVerdict, ...]:
        """By number, or by the claim's id (raises UnknownClaim for one that was not judged)."""
        if not isinstance(index, str):
            return self.items[index]
        for verdict in self.items:
            if verdict.claim.id == index:
                return verdict
        from bounds.register import UnknownClaim  # the register is loaded where claims are judged

        raise UnknownClaim(index, tuple(verdict.claim.id for verdict in self.items))

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[ClaimVerdict]:
        return iter(self.items)

    @property
    def survival(self) -> float:
        """The planned probability that some wrong version survives the run, at most: beta beside alpha."""
        return min(1.0, sum(v.survival for v in self if v.judges_mutants))

    @property
    def exit_status(self) -> int:
        """0 all as expected; 1 a verdict differs or too much that is wrong survived; 3 only doubts remain."""
        bad = [v for v in self if not v.as_expected or v.survivors]
        if any(v.verdict is not Verdict.INCONCLUSIVE for v in bad):
            return 1
        if self.injected is not None and not self.injected.passed:
            return 1
        return 3 if bad else 0

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON object of a run."""
        return {
            "schema": 1,
            "alpha": self.alpha,
            "seed": self.seed,
            "profile": self.profile,
            "versions": dict(self.versions),
            "claims": [v.as_dict() for v in self],
            "ledger": dict(self.ledger),
            "survival": self.survival,
            "errors_survived": self.errors_survived,
            **({} if self.injected is None else {"injected": self.injected.as_dict()}),
            "seconds": self.seconds,
        }

    def to_pandas(self) -> DataFrame:
        """One row a claim, as a data frame.  Raises MissingExtra without pandas."""
        return data_frame(
            {
                "claim": v.claim.id,
                "title": v.claim.title,
                "source": v.claim.source,
                "variant": v.claim.variant,
                "verdict": str(v.verdict),
                "expected": str(v.claim.expected),
                "slack": v.slack_factor,
                "mutants": len(v.mutants),
                "survivors": len(v.survivors),
                "conditional_on": ", ".join(v.conditional_on),
                "message": v.words,
                "seconds": v.seconds,
            }
            for v in self
        )

    def __repr__(self) -> str:
        return f"<Verdicts: {counted(str(v.verdict) for v in self).removesuffix('.')}>"

    def __str__(self) -> str:
        return render(self)

    def _repr_html_(self) -> str:
        return render_html(self)


STYLES = {
    "PROVED": "bold green",
    "CERTIFIED": "bold green",
    "SUPPORTED": "green",
    "REFUTED": "red",
    "INCONCLUSIVE": "yellow",
}


ROOM_FOR_REASONS = 55
"""Columns that must be left for the reasons to stand beside the verdicts, and not below the table."""

FEW = 12
"""So many reasons are shown below the table; with more claims, those of what differs or is not true."""


UP_TO_A_CONSTANT = (
    "(Of a bound up to a constant no single draw is against it: --report shows error/bound growing along the "
    "family of settings, of which this is the last.)"
)
"""What to look for in what is drawn again, where one number says nothing."""


def table(verdicts: Verdicts, reasons: bool = True) -> Table:
    """The table of verdicts, with the reasons if wanted; colours repeat what the words say."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    # Without the reasons it is for a narrow screen, where the longest id leaves no column to spare.
    padding = (0, 1) if reasons else (0, 1, 0, 0)
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=padding)
    headings: list[tuple[str, dict[str, Any]]] = [
        ("claim", {"no_wrap": True}),
        ("verdict", {"no_wrap": True}),
        ("as expected", {"min_width": 8}),
        ("slack", {"min_width": 7}),
        ("mutants", {"justify": "right", "min_width": 7}),
    ]
    if reasons:
        headings.append(("why", {"ratio": 1}))
    for heading, options in headings:
        result.add_column(heading, **options)
    for v in verdicts:
        # Text and not str: a bracket in somebody's claim is not markup.
        result.add_row(
            Text(v.claim.id),
            Text(str(v.verdict), style=STYLES[str(v.verdict)]),
            "yes" if v.as_expected else Text(f"NO: {v.claim.expected}", style="bold red"),
            slack(v),
            v.mutants_refuted or ("none tried" if v.judges_mutants else ""),
            *((Text(v.words),) if reasons else ()),
        )
    return result


def show(verdicts: Verdicts, console: Console) -> None:
    """Table, reasons, summary, and last what fails the run, as the console's width allows."""
    from rich.text import Text

    bare = table(verdicts, reasons=False)
    if console.width - console.measure(bare).maximum >= ROOM_FOR_REASONS:
        console.print(table(verdicts))
    else:
        console.print(bare)
        console.print()
        for v in verdicts:
            if len(verdicts) <= FEW or not v.as_expected or v.verdict not in TRUE:
                console.print(Text(f"{v.claim.id}: {v.words}"), highlight=False)
    _show_commands(verdicts, console)
    console.print()
    console.print(summary(verdicts), highlight=False)
    _show_what_matters(verdicts, console)


def _show_commands(verdicts: Verdicts, console: Console) -> None:
    """What draws a witness again."""
    for v in verdicts:
        told_below = v.failure is not None and v.draw_again == v.repeat
        if v.draw_again is not None and not told_below and (len(verdicts) <= FEW or not v.as_expected):
            _print_command(f"{v.claim.id}: draw the witness again", v.draw_again, console)
            if v.claim.up_to_constant and v.draw_again != v.repeat:
                console.print(UP_TO_A_CONSTANT, highlight=False)


def _show_what_matters(verdicts: Verdicts, console: Console) -> None:
    """Last, where a terminal stops: what fails the run, else what is refuted."""
    failed = [v for v in verdicts if v.failure is not None]
    for v in failed:
        _print_command(f"{v.claim.id}: {v.failure}; repeat", v.repeat, console)
    refuted = [v.claim.id for v in verdicts if v.verdict is Verdict.REFUTED]
    if not failed and refuted and len(verdicts) > FEW:
        console.print(f"Refuted, as expected: {', '.join(refuted)}.", highlight=False)
        console.print("How to see a refutation again: filtergain verify CLAIM", highlight=False)


def _print_command(words: str, command: str, console: Console) -> None:
    """Words and a command to be copied: on one line where it fits, else the command on lines of its own."""
    from rich.text import Text

    first, *rest = shell.beside(f"{words}:", command, console.width)
    console.print(Text(first), highlight=False)
    for line in rest:
        # Never broken again: an argument that is wider than the console stays whole.
        console.print(Text(line), highlight=False, soft_wrap=True)


def slack(v: ClaimVerdict) -> str:
    """How much better the bound could be, in a word and a factor; empty where not measured."""
    if v.slack is None or v.slack_factor is None:
        return ""
    return f"{v.slack} ({factor(v.slack_factor)}x)"


def factor(number: float) -> str:
    """A factor to two digits, to three beside the edge of "tight"; without an exponent up to a million."""
    rounded = float(f"{number:.2g}")
    if rounded == TIGHT:
        rounded = float(f"{number:.3g}")
    return f"{rounded:.0f}" if 10 <= rounded < 1e6 else f"{rounded:g}"


def summary(verdicts: Verdicts) -> str:
    """One paragraph: how many verdicts of each kind, what differs, the budget."""
    different = [v.claim.id for v in verdicts if not v.as_expected]
    lines = [counted(str(v.verdict) for v in verdicts)]
    lines.append(
        "Every verdict is the expected one."
        if not different
        else f"Different from what was expected: {', '.join(different)}."
    )
    lines += _wrong_versions(verdicts)
    lines.append(f"{budget(verdicts.alpha, verdicts.seed, verdicts.profile)}, {verdicts.seconds:.0f} s.")
    return "\n".join(lines)


def _wrong_versions(verdicts: Verdicts) -> list[str]:
    """How many wrong versions were refuted; of those of claims that do not hold nothing is known."""
    judged = [v for v in verdicts if v.judges_mutants]
    total = sum(len(v.mutants) for v in judged)
    open_ = sum(len(v.mutants) for v in verdicts) - total
    survivors = [m.id for v in judged for m in v.survivors]
    lines = []
    if total:
        told = f" Survived: {', '.join(survivors)}." if survivors else ""
        lines.append(
            f"{total - len(survivors)} of {total} wrong versions (mutants) refuted; planned probability that "
            f"one survives: {verdicts.survival:.1g}.{told}"
        )
    untested = sum(len(v.untested) for v in judged)
    if untested:
        what = f"{untested} more" if total else f"No wrong version (mutant) was tried; {untested}"
        lines.append(
            f"{what} could not be tested: they are not known to be wrong where claims are judged "
            "(--json and --report name them)."
        )
    if open_:
        lines.append(f"{open_} wrong versions (mutants) not judged, as their claims were not found to hold.")
    if verdicts.injected is not None:
        lines.append(str(verdicts.injected))
    return lines


def counted(verdicts: Iterable[str]) -> str:
    """How many verdicts of each kind, in the order of their first appearance."""
    counts = Counter(verdicts)
    spread = ", ".join(f"{count} {name}" for name, count in counts.items())
    noun = "claim" if counts.total() == 1 else "claims"
    return f"{counts.total()} {noun}: {spread}."


def budget(alpha: float, seed: int, profile: str) -> str:
    """What a run may get wrong and what repeats it."""
    return f"False alarms in the whole run: probability at most {alpha:g}; seed {seed}, profile {profile}"


def render(verdicts: Verdicts, width: int = 140) -> str:
    """Table and summary as plain text."""
    from rich.console import Console

    buffer = io.StringIO()
    Console(file=buffer, width=width, no_color=True).print(table(verdicts))
    return buffer.getvalue() + "\n" + summary(verdicts)


def render_html(verdicts: Verdicts) -> str:
    """A table for notebooks."""
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td style='text-align:left'>{html.escape(text)}</td>"
            for text in (
                v.claim.id,
                str(v.verdict),
                "yes" if v.as_expected else f"no: {v.claim.expected}",
                slack(v),
                v.mutants_refuted,
                v.words,
            )
        )
        + "</tr>"
        for v in verdicts
    )
    head = "".join(f"<th>{h}</th>" for h in ("claim", "verdict", "as expected", "slack", "mutants", "why"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
