"""`filtergain constants`: the constants of a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from verification.cli.app import JsonOption, app, number, print_json, say
from verification.errors import InvalidArgument

if TYPE_CHECKING:
    from bounds.constants import Form

EXAMPLE = (
    "Example: filtergain constants corollary-1 --set n=1e6 --set d=512 --set d_tilde=512 --set r=32 "
    "--set gamma=5 --set gamma_tilde=5 --over eta=0.01:1:5 --log"
)


@app.command(
    short_help="A bound's constants, limits, sensitivities.",
    epilog=EXAMPLE,
)
def constants(
    claim: Annotated[str, typer.Argument(metavar="CLAIM", help="Id, such as corollary-1.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Number for a symbol; repeatable.")
    ] = None,
    over: Annotated[
        str | None, typer.Option("--over", metavar="NAME=START:STOP:COUNT", help="A curve in one symbol.")
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Space the points of --over geometrically.")] = False,
    sensitivities: Annotated[
        bool,
        typer.Option(
            "--sensitivities", help="The power of each parameter in the bound; numbers where all are --set."
        ),
    ] = False,
    limit: Annotated[
        str | None,
        typer.Option("--limit", metavar="NAME=0|inf|VALUE", help="What the bound tends to, and how fast."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """The bound of a claim as printed, with explicit constants, and sharp; with numbers where asked."""
    from bounds.claim import to_latex
    from bounds.constants import forms

    found = forms(claim)
    if not found:
        raise InvalidArgument("claim", claim, "must be one that states a bound")
    values = dict(_assignment(text) for text in set_ or [])
    name, points = _curve(over, log) if over is not None else (None, [])
    known = set().union(*(form.parameters for form in found))
    for given in [*values, *([name] if name is not None else [])]:
        if given not in known:
            raise InvalidArgument("--set/--over", given, f"must name one of {', '.join(sorted(known))}")
    goal = None if limit is None else _goal(limit, known)
    rows = [_row(form, values, name, points) for form in found]
    for row, form in zip(rows, found, strict=True):
        row["sensitivities"] = _sensitivities(form, values, row["missing"]) if sensitivities else None
        row["limit"] = None if goal is None else _limit(form, *goal, values)
    if json:
        over_json = None if name is None else {"name": name, "points": points}
        listed = [{**row, "latex": to_latex(form.expression)} for row, form in zip(rows, found, strict=True)]
        print_json({"claim": claim, "set": values, "over": over_json, "forms": listed})
        return
    for row in rows:
        print(f"{row['id']} ({row['variant']})")
        say(str(row["expression"]), "  bound      ", " " * 13)
        if row["constant"]:
            say(str(row["constant"]), "  constant   ", " " * 13)
        if row["value"] is not None:
            print(f"  value      {row['value']:.6g}")
        elif row["missing"] and (values or name is not None):
            print(f"  value      needs {', '.join(row['missing'])}")
        if row["sensitivities"] is not None:
            say(_powers(row["sensitivities"]), "  powers     ", " " * 13)
        if row["limit"] is not None and limit is not None:
            say(_ends(row["limit"], limit), "  limit      ", " " * 13)
    if name is not None and any(row["values"] for row in rows):
        shown = [row for row in rows if row["values"]]
        heads = [row["variant"] for row in shown]
        print("".join(f"{head:>14}" for head in [name, *heads]))
        for i, point in enumerate(points):
            print("".join(f"{x:>14.6g}" for x in [point, *(row["values"][i] for row in shown)]))


def _row(form: Form, values: dict[str, float], name: str | None, points: list[float]) -> dict[str, Any]:
    from bounds.constants import curve

    given = {**values, **({name: points[0]} if name is not None else {})}
    missing = [parameter for parameter in form.parameters if parameter not in given]
    row: dict[str, Any] = {
        "id": form.id,
        "variant": form.variant,
        "expression": str(form.expression),
        "constant": form.remark,
        "missing": missing,
        "value": None,
        "values": None,
    }
    if not missing and name is None:
        row["value"] = form.evaluate(values)
    elif not missing and name is not None:
        row["values"] = curve(form, values, name, points)
    return row


def _sensitivities(form: Form, values: dict[str, float], missing: list[str]) -> dict[str, Any]:
    """Numbers where every parameter has one, else expressions."""
    from bounds.constants import FROM_THE_SCORE, elasticity
    from bounds.constants import sensitivities as powers

    if not missing:
        return dict(powers(form, values))
    names = sorted({str(s) for s in form.expression.free_symbols} - set(FROM_THE_SCORE))
    return {name: str(elasticity(form, name)) for name in names}


def _limit(form: Form, name: str, at: float, values: dict[str, float]) -> dict[str, str]:
    from bounds.constants import limit

    try:
        value, power = limit(form, name, at, values)
    except (ValueError, NotImplementedError) as error:
        return {"unknown": str(error) or "SymPy finds no limit"}
    return {"value": str(value), "power": str(power)}


def _goal(text: str, known: set[str]) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    if not equals or name not in known:
        raise InvalidArgument("--limit", text, f"must read NAME=VALUE with one of {', '.join(sorted(known))}")
    at = number_or_fail("--limit", text, value)
    if not at >= 0 and name != "theta":
        raise InvalidArgument("--limit", text, "must go to 0, inf or a positive number")
    return name, at


def _powers(found: dict[str, Any]) -> str:
    if all(isinstance(value, str) for value in found.values()):
        return "; ".join(f"{name}: {value}" for name, value in found.items())
    shown = ", ".join(f"{name} {value:.3g}" for name, value in found.items())
    return f"{shown}; {next(iter(found))} moves it most"


def _ends(found: dict[str, str], text: str) -> str:
    name, _, at = text.partition("=")
    if "unknown" in found:
        return f"not known: {found['unknown']}"
    return f"{found['value']} as {name} goes to {at}, like {name}^({found['power']})"


def _assignment(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidArgument("--set", text, "must read NAME=VALUE")
    return name, _positive_number("--set", text, value, name)


def _curve(text: str, geometric: bool) -> tuple[str, list[float]]:
    from bounds.constants import spaced

    name, _, rest = text.partition("=")
    parts = rest.split(":")
    if not name or len(parts) != 3:
        raise InvalidArgument("--over", text, "must read NAME=START:STOP:COUNT")
    start, stop = (_positive_number("--over", text, part, name) for part in parts[:2])
    count = number_or_fail("--over", text, parts[2])
    if count != int(count) or not 2 <= count <= 100_000:
        raise InvalidArgument("--over", text, "must have a whole COUNT in [2, 100000]")
    try:
        return name, spaced(start, stop, int(count), geometric)
    except ValueError as error:
        raise InvalidArgument("--over", text, str(error)) from None


def _positive_number(option: str, text: str, value: str, name: str) -> float:
    result = number_or_fail(option, text, value)
    if name != "theta" and not result > 0:
        raise InvalidArgument(option, text, "must have a positive number")
    return result


def number_or_fail(option: str, text: str, value: str) -> float:
    """The number in `value`; raises InvalidArgument naming the option and its whole text."""
    try:
        result = float(number(value))
    except typer.BadParameter:
        raise InvalidArgument(option, text, "must hold numbers such as 0.3, 1e6 or inf") from None
    if result != result:
        raise InvalidArgument(option, text, "must hold numbers such as 0.3, 1e6 or inf")
    return result
