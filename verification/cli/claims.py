"""`filtergain claims`: the register, one claim explained, its LaTeX, the graph, the errata."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verification.cli import options
from verification.cli.app import JsonOption, app
from verification.cli.terminal import console, print_json

if TYPE_CHECKING:
    from bounds.claim import Claim, Path

EXAMPLE = "Example: filtergain claims theorem-1"


@app.command(short_help="List the claims, explain one, show the errata.", epilog=EXAMPLE)
def claims(
    claim: Annotated[str | None, typer.Argument(metavar="CLAIM", help="An id; all without.")] = None,
    latex: Annotated[bool, typer.Option("--latex", help="The statement in LaTeX, nothing else.")] = False,
    errata: Annotated[bool, typer.Option("--errata", help="What is wrong in print; what is true.")] = False,
    graph: Annotated[
        str | None, typer.Option("--graph", metavar="FILE.svg", help="Draw what rests on what.")
    ] = None,
    verdicts: Annotated[
        str | None,
        typer.Option("--verdicts", metavar="FILE.json", help="Fill the graph from `verify --json`."),
    ] = None,
    falls: Annotated[bool, typer.Option("--falls", help="What falls if the claim is refuted.")] = False,
    module: options.Module = None,
    json: JsonOption = False,
) -> None:
    """The register: every claim, or one explained; its LaTeX, the dependency graph, the errata.

    With --module the claims of that file; an id may still be the register's.  The graph of one claim has all
    that it rests on.
    """
    _meant(claim, verdicts, graph, falls)
    known, own = known_and_meant(module)
    chosen = own if claim is None else [named(claim, known)]
    if graph is not None:
        _draw(graph, verdicts, tuple(own), claim, known)
    elif falls:
        _falls(chosen[0], known, json)
    elif errata:
        _errata(claim, json)
    elif latex:
        for one in chosen:
            print(one.latex() if claim is not None else f"{one.id}: {one.latex()}")
    elif json:
        rows = [_row(one) for one in chosen]
        print_json(rows if claim is None else rows[0])
    elif claim is None:
        _table(chosen, module)
    else:
        _explain(chosen[0], known, module)


def _meant(claim: str | None, verdicts: str | None, graph: str | None, falls: bool) -> None:
    """Raises InvalidArgument for an option without what it goes with."""
    from verification.errors import InvalidArgument

    if verdicts is not None and graph is None:
        raise InvalidArgument("--verdicts", verdicts, "must go with --graph")
    if falls and claim is None:
        raise InvalidArgument("--falls", falls, "must go with a claim")


def known_and_meant(module: str | None) -> tuple[Mapping[str, Claim], list[Claim]]:
    """Every claim that an id may name, and those meant without an id: the module's, else the register's."""
    from bounds.register import claims as register

    if module is None:
        return register, list(register.values())
    from verification.judging.own_claims import known_claims  # what it needs, a list of the register does not

    known = known_claims(module)
    return known, [claim for claim in known.values() if claim.id not in register]


def named(claim_id: str, known: Mapping[str, Claim]) -> Claim:
    """The claim of this id among the known ones; raises UnknownClaim."""
    from bounds.register import UnknownClaim

    if claim_id not in known:
        raise UnknownClaim(claim_id, tuple(known))
    return known[claim_id]


def _row(claim: Claim) -> dict[str, Any]:
    return {
        "id": claim.id,
        "title": claim.title,
        "source": claim.source,
        "variant": claim.variant,
        "statement": claim.statement,
        "bound": None if claim.bound is None else str(claim.bound),
        "latex": claim.latex(),
        "conditions": [str(condition) for condition in claim.conditions],
        "probability": None if claim.probability is None else str(claim.probability),
        "depends_on": list(claim.depends_on),
        "corrects": claim.corrects,
        "expected": str(claim.expected),
        "checks": [describe(check) for check in claim.checks],
        "note": claim.note,
        "remark": claim.remark,
    }


def describe(check: Any) -> str:
    """A check in words: what is asked, and where."""
    from bounds.claim import Certificate, Law, Level, Proof, Scaling, Search, Tail

    if isinstance(check, Proof):
        return "a symbolic proof, every step decided by SymPy"
    if isinstance(check, Certificate):
        return f"an enclosure in ball arithmetic at {check.bits} bits"
    if isinstance(check, Search):
        return f"a search for a counterexample on {check.instances} adversarial instances"
    paths = (check.path,) if isinstance(check, Scaling | Level) else check.paths
    where = "; ".join(map(_place, paths))
    if isinstance(check, Scaling):
        asked = (
            f"the bound's exponent is right, to ±{check.margin:g}"
            if check.two_sided
            else f"error/bound grows by a power of at most {check.margin:g}"
        )
    elif isinstance(check, Tail):
        asked = f"the bound is broken with probability at most {check.delta:g}"
    elif isinstance(check, Level):
        asked = f"the typical value is the stated one to {check.tolerance:.0%}"
    else:
        assert isinstance(check, Law)
        asked = f"the whole distribution is the stated one to {check.tolerance:g}"
    quantity = check.measured.quantity
    what = f"{check.measured.estimator} {quantity}" if quantity == "error" else quantity
    profile = "" if check.least == "quick" else f" (profile {check.least})"
    reach = " (beyond the conditions: made where one is missing)" if getattr(check, "beyond", False) else ""
    return f"{asked}; {what} at {where}{profile}{reach}"


def _place(path: Path) -> str:
    """Where a path runs; sample sizes that are multiples of a condition are left to the note."""
    fixed = ", ".join(f"{symbol} = {value}" for symbol, value in path.at if not hasattr(value, "args"))
    values = ", ".join(map(str, path.values))
    return f"{path.parameter} = {values}" + (f" ({fixed})" if fixed else "")


WIDE = 110
"""Columns from which the register is a table with sources; below, a claim has a line and its title below."""


def _table(chosen: list[Claim], module: str | None) -> None:
    """The claims, each with the verdict that it expects of `verify`: none of them is judged here."""
    import textwrap

    from rich import box
    from rich.table import Table
    from rich.text import Text

    screen = console()
    if screen.width >= WIDE:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for heading, whole in (
            ("claim", True),
            ("source", False),
            ("expected", True),
            ("what it says", False),
        ):
            table.add_column(heading, no_wrap=whole)
        for one in chosen:
            table.add_row(Text(one.id), Text(one.source), str(one.expected), Text(one.title))
        screen.print(table)
    else:
        for one in chosen:
            print(f"{one.id}  (expected {one.expected})")
            print(textwrap.fill(one.title, screen.width, initial_indent="    ", subsequent_indent="    "))
    file = "" if module is None else f" --module {shlex.quote(module)}"
    noun = "claim" if len(chosen) == 1 else "claims"
    print(f"\n{len(chosen)} {noun}, with the verdicts expected; none is judged here.")
    print(f"One explained:  filtergain claims CLAIM{file}")
    print(f"Judged:         filtergain verify CLAIM{file}")


def _explain(claim: Claim, known: Mapping[str, Claim], module: str | None) -> None:
    from bounds.errata import resting_on
    from bounds.register import code

    corrected_by = [one.id for one in known.values() if one.corrects == claim.id]
    file = "" if module is None else f" --module {shlex.quote(module)}"
    facts: list[tuple[str, str]] = [
        ("source", f"{claim.source} ({claim.variant})"),
        ("statement", claim.statement),
        ("formula", "" if claim.bound is None else f"{_left(claim)} {claim.relation} {claim.bound}"),
        ("", "up to an absolute constant" if claim.up_to_constant else ""),
        ("conditions", "; ".join(map(str, claim.conditions))),
        ("probability", "" if claim.probability is None else f"at least {claim.probability}"),
        *(("check", describe(check)) for check in claim.checks),
        ("expected", str(claim.expected)),
        ("rests on", ", ".join(claim.depends_on)),
        ("used by", ", ".join(resting_on(claim.id, known.values()))),
        ("corrects", claim.corrects or ""),
        ("corrected by", ", ".join(corrected_by)),
        ("code", code(claim.id) if module is None else module),
        ("note", f"proofs_notes/{claim.note}" if module is None else claim.note),
        ("remark", claim.remark),
    ]
    print(f"{claim.id}: {claim.title}")
    for name, value in facts:
        if value:
            _wrapped(name, value)
    # One line whatever the width: the command is there to be copied.
    print(f"{'  judge it':<16}filtergain verify {claim.id}{file}")


def _left(claim: Claim) -> str:
    """The left-hand side without the LaTeX of a quantity that has only a name."""
    return (
        str(claim.left).removeprefix(r"\text{").removesuffix("}")
        if claim.quantity is None
        else str(claim.left)
    )


def _wrapped(name: str, value: str) -> None:
    """A name and its text, wrapped to the terminal under a hanging indent."""
    import shutil
    import textwrap

    width = max(60, min(110, shutil.get_terminal_size((100, 24)).columns))
    first, rest = f"  {name:<13} ", " " * 16
    wrapper = textwrap.TextWrapper(
        width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )  # an id is one word
    lines = wrapper.wrap(value)
    print("\n".join(lines))


def _errata(claim: str | None, json: bool) -> None:
    from bounds.errata import ERRATA

    chosen = [entry for entry in ERRATA if claim in (None, entry.claim)]
    if json:
        names = ("claim", "title", "printed", "why", "truth", "survives", "corrected", "repeat")
        print_json([{name: getattr(entry, name) for name in names} for entry in chosen])
        return
    if not chosen:
        print(f"{claim} has no erratum.")
    for number, entry in enumerate(chosen, start=1):
        print(f"{number}. {entry.title}")
        for name in ("claim", "printed", "why", "truth", "survives", "repeat"):
            _wrapped(name, getattr(entry, name))
        if entry.corrected:
            _wrapped("corrected by", ", ".join(entry.corrected))
        print()


def _falls(claim: Claim, known: Mapping[str, Claim], json: bool) -> None:
    """What rests on the claim and would no longer be shown without it."""
    from verification.judging.verdict import falling

    found = falling(claim.id, tuple(known.values()))
    if json:
        print_json({"claim": claim.id, "falls": list(found)})
        return
    _wrapped("if refuted", f"falls: {', '.join(found) or 'nothing'} ({len(found)} of {len(known)} claims)")


def _draw(
    graph: str, verdicts: str | None, every: tuple[Claim, ...], claim: str | None, known: Mapping[str, Claim]
) -> None:
    from pathlib import Path

    from bounds.claim import Verdict
    from verification import files
    from verification.certificates.uses import behind
    from verification.errors import InvalidArgument, MissingExtra
    from verification.judging.verdict import conditions

    if Path(graph).suffix.lower() != ".svg":
        raise InvalidArgument("--graph", graph, "must name a file that ends in .svg")
    try:
        from verification.report.graph import render
    except ImportError as error:
        raise MissingExtra(str(error.name), "report") from None
    target = files.writable_file("--graph", graph)
    found: dict[str, str] = {}
    if verdicts is not None:
        from verification.report.json_schema import load

        found = {row["id"]: row["verdict"] for row in load("--verdicts", verdicts)["claims"]}
    resting = conditions(known.values(), {key: Verdict(value) for key, value in found.items()})
    drawn = every if claim is None else (known[claim], *behind(known[claim], known))
    files.write(target, render(drawn, found, {key: (*no, *weak) for key, (no, weak) in resting.items()}))
    print(f"wrote {graph}")
