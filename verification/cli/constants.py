"""`filtergain constants`: the constants of a bound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verification.cli import options
from verification.cli.app import JsonOption, app, number
from verification.cli.terminal import print_json, say
from verification.errors import InvalidArgument

if TYPE_CHECKING:
    from bounds.constants import Form

EXAMPLE = (
    "Example: filtergain constants corollary-1 --set n=1e6 --set d=512 --set d_tilde=512 --set r=32 "
    "--set gamma=5 --set gamma_tilde=5 --over eta=0.01:1:5 --log"
)

LONGEST = 200
"""Characters up to which the expression of a power is shown."""


@app.command(short_help="A bound's constants, limits, sensitivities.", epilog=EXAMPLE)
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
    module: options.Module = None,
    json: JsonOption = False,
) -> None:
    """The bound of a claim as printed, with explicit constants, and sharp; with numbers where asked."""
    found = _forms(claim, module)
    if log and over is None:
        raise InvalidArgument("--log", log, "must go with --over")
    known = set().union(*map(_symbols, found))
    values = _assignments(set_ or [], known)
    name, points = _curve(over, log, known) if over is not None else (None, [])
    if name in values:
        raise InvalidArgument("--over", over, f"must name a symbol that has no --set ({name} has one)")
    goal = None if limit is None else _goal(limit, known)
    rows = [_row(form, values, name, points, sensitivities, goal) for form in found]
    if json:
        curve = None if name is None else {"name": name, "points": points}
        print_json({"claim": claim, "set": values, "over": curve, "forms": rows})
        return
    for form, row in zip(found, rows, strict=True):
        _print_form(form, row, bool(values) or name is not None, limit or "")
    _print_curve(name, points, rows)  # last, where a terminal stops


def _symbols(form: Form) -> set[str]:
    """The names that may be given a number: those of the bound and of its conditions."""
    return {*form.parameters, *(str(s) for condition in form.conditions for s in condition.free_symbols)}


def _forms(claim: str, module: str | None) -> Sequence[Form]:
    """The forms of a claim's bound; raises InvalidArgument for a claim that states none."""
    from bounds.constants import forms

    known = None
    if module is not None:
        from verification.judging.own_claims import known_claims  # what it needs, the register does not

        known = known_claims(module)
    found = forms(claim, known)
    if not found:
        raise InvalidArgument("claim", claim, "must be one that states a bound")
    return found


def _print_form(form: Form, row: dict[str, Any], asked: bool, limit: str) -> None:
    """One form of the bound and its row; `asked` where numbers were, `limit` as it was typed."""
    print(f"{row['id']} ({row['variant']})")
    indent = " " * 13
    if row["value"] is not None:
        print(f"  value      {row['value']:.6g}")
    elif row["unmet"]:
        say(f"conditions not met: {'; '.join(row['unmet'])}", "  value      ", indent)
    elif row["missing"] and asked:
        print(f"  value      needs {', '.join(row['missing'])}")
    _print_bound(form, row["expression"], indent)
    if row["constant"]:
        say(row["constant"], "  constant   ", indent)
    if row["sensitivities"] is not None:
        say(_powers(_stepless(form, row["sensitivities"])), "  powers     ", indent)
    if row["limit"] is not None:
        say(_ends(row["limit"], limit), "  limit      ", indent)


def _print_bound(form: Form, expression: str, indent: str) -> None:
    """The bound; a long one with names for what it repeats, a line for each."""
    from bounds.constants import in_parts

    if len(expression) <= LONGEST:
        say(expression, "  bound      ", indent)
        return
    short, parts = in_parts(form.expression)
    say(str(short), "  bound      ", indent)
    for name, part in parts:
        say(f"{name} = {part}", "  where      " if name == parts[0][0] else indent, indent)


def _stepless(form: Form, found: dict[str, Any]) -> dict[str, Any]:
    """The powers with each step, where one branch of a Max takes over, told by its two cases."""
    from bounds.constants import by_cases, elasticity

    told = dict(found)
    for name, power in found.items():
        if isinstance(power, str) and "Heaviside" in power:
            cases = by_cases(elasticity(form, name)) if len(power) <= LONGEST else ()
            if cases:
                told[name] = ", ".join(f"{value} where {where}" for where, value in cases)
    return told


def _print_curve(name: str | None, points: list[float], rows: list[dict[str, Any]]) -> None:
    shown = [row for row in rows if row["values"]]
    if name is None or not shown:
        return
    print()
    print("".join(f"{head:>14}" for head in [name, *(row["variant"] for row in shown)]))
    for i, point in enumerate(points):
        found = [row["values"][i] for row in shown]
        print(f"{point:>14.6g}" + "".join(f"{'outside':>14}" if x is None else f"{x:>14.6g}" for x in found))
    if any(x is None for row in shown for x in row["values"]):
        print("(outside: the claim's conditions are not met there; C is 1 in them unless it is --set)")


def _row(
    form: Form,
    values: dict[str, float],
    name: str | None,
    points: list[float],
    sensitivities: bool,
    goal: tuple[str, float] | None,
) -> dict[str, Any]:
    """All that is found of one form of the bound, under the names that the JSON has."""
    from bounds.claim import to_latex

    given = {*values, *(() if name is None else (name,))}
    missing = [parameter for parameter in form.parameters if parameter not in given]
    value, unmet = (None, []) if missing or name is not None else _value(form, values)
    curve = None
    if not missing and name is not None:
        curve = [_value(form, {**values, name: point})[0] for point in points]
    return {
        "id": form.id,
        "variant": form.variant,
        "expression": str(form.expression),
        "constant": form.remark,
        "missing": missing,
        "unmet": unmet,
        "value": value,
        "values": curve,
        "sensitivities": _sensitivities(form, values) if sensitivities and not unmet else None,
        "limit": None if goal is None else _limit(form, *goal, values),
        "latex": to_latex(form.expression),
    }


def _value(form: Form, values: dict[str, float]) -> tuple[float | None, list[str]]:
    """The bound, or None and the conditions that the numbers break."""
    unmet = list(form.unmet(values))
    if unmet:
        return None, unmet
    value = form.evaluate(values)
    return (None, ["the bound has no value at these numbers"]) if math.isnan(value) else (value, [])


def _sensitivities(form: Form, values: dict[str, float]) -> dict[str, Any]:
    """Numbers where every parameter has one (None for a power that is not defined), else expressions."""
    from bounds.constants import FROM_THE_SCORE, elasticity
    from bounds.constants import sensitivities as powers

    if set(form.parameters) <= values.keys():
        found = powers(form, values)
        defined: dict[str, Any] = {key: value for key, value in found.items() if not math.isnan(value)}
        return defined | dict.fromkeys(found.keys() - defined.keys())
    names = sorted({str(s) for s in form.expression.free_symbols} - set(FROM_THE_SCORE))
    return {name: str(elasticity(form, name)) for name in names}


def _limit(form: Form, name: str, at: float, values: dict[str, float]) -> dict[str, Any]:
    from bounds.constants import limit, outside

    left = list(outside(form, name, at, values))
    try:
        value, power = limit(form, name, at, values)
    except (ValueError, NotImplementedError) as error:
        return {"unknown": str(error) or "SymPy finds no limit", "outside": left}
    return {"value": str(value), "power": str(power), "outside": left}


def _goal(text: str, known: set[str]) -> tuple[str, float]:
    from bounds.symbols import in_domain

    name, equals, value = text.partition("=")
    if not equals or name not in known:
        raise InvalidArgument("--limit", text, f"must read NAME=VALUE with one of {', '.join(sorted(known))}")
    at = number_or_fail("--limit", text, value)
    if not in_domain(name, at, closed=True) or (at < 0 and name != "theta"):
        raise InvalidArgument("--limit", text, "must go to 0, inf or a number that the symbol allows")
    return name, at


def _powers(found: dict[str, Any]) -> str:
    if all(isinstance(value, str) for value in found.values()):
        shown = "; ".join(f"{name}: {value}" for name, value in found.items() if len(value) <= LONGEST)
        long = ", ".join(name for name, value in found.items() if len(value) > LONGEST)
        if "Heaviside" in shown:
            shown += "; Heaviside(x) is 1 where x > 0, 0 where x < 0, and 1/2 at 0"
        return shown + (f"{'; ' * bool(shown)}long expressions: {long} (--set gives numbers)" if long else "")
    if not found:
        return "none: every parameter is infinite"
    shown = ", ".join(f"{name} {value:.3g}" for name, value in found.items() if value is not None)
    undefined = ", ".join(sorted(name for name, value in found.items() if value is None))
    if undefined:
        return f"{shown}{'; ' * bool(shown)}not defined here: {undefined}"
    return f"{shown}; {next(iter(found))} moves it most"


def _ends(found: dict[str, Any], text: str) -> str:
    name, _, at = text.partition("=")
    told = (
        f"not known: {found['unknown']}"
        if "unknown" in found
        else f"{found['value']} as {name} goes to {at}, like {name}^({found['power']})"
    )
    if not found["outside"]:
        return told
    # A formula says nothing of the quantity where its conditions fail: it may even be negative there.
    left = "; ".join(found["outside"])
    return f"outside the claim's conditions on the way ({left}); the formula alone: {told}"


def _assignments(texts: list[str], known: set[str]) -> dict[str, float]:
    """The numbers of --set by name, each named once and inside its symbol's domain."""
    from bounds.symbols import in_domain

    values: dict[str, float] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InvalidArgument("--set", text, "must read NAME=VALUE")
        if name not in known:
            raise InvalidArgument("--set", text, f"must name one of {', '.join(sorted(known))}")
        if name in values:
            raise InvalidArgument("--set", text, f"must be given once for {name}")
        values[name] = number_or_fail("--set", text, value)
        if not in_domain(name, values[name]):
            raise InvalidArgument("--set", text, _domain(name))
    smaller = min(values.get("d", math.inf), values.get("d_tilde", math.inf))
    if values.get("r", 0) > smaller:
        raise InvalidArgument("--set", f"r={values['r']:g}", f"must be at most min(d, d_tilde) = {smaller:g}")
    return values


def _domain(name: str) -> str:
    """What a symbol allows, in words."""
    from bounds.symbols import SYMBOLS

    text = SYMBOLS[name].domain if name in SYMBOLS else "(0, inf]"
    text = text.replace("integer", "a whole number").replace("real", "a real number")
    return f"must be {text}" if text.startswith("a ") else f"must have a number in {text}"


def _curve(text: str, geometric: bool, known: set[str]) -> tuple[str, list[float]]:
    from bounds.constants import spaced
    from bounds.symbols import SYMBOLS, in_domain

    name, _, rest = text.partition("=")
    parts = rest.split(":")
    if not name or len(parts) != 3:
        raise InvalidArgument("--over", text, "must read NAME=START:STOP:COUNT")
    if name not in known:
        raise InvalidArgument("--over", text, f"must name one of {', '.join(sorted(known))}")
    start, stop = (number_or_fail("--over", text, part) for part in parts[:2])
    count = number_or_fail("--over", text, parts[2])
    if not math.isfinite(count) or count != int(count) or not 2 <= count <= 100_000:
        raise InvalidArgument("--over", text, "must have a whole COUNT in [2, 100000]")
    if not (in_domain(name, start) and in_domain(name, stop)):
        raise InvalidArgument("--over", text, f"{_domain(name)} at both ends")
    try:
        points = spaced(start, stop, int(count), geometric)
    except ValueError as error:
        raise InvalidArgument("--over", text, str(error)) from None
    if name in SYMBOLS and SYMBOLS[name].symbol.is_integer:
        points = list(dict.fromkeys(float(round(point)) for point in points))
    return name, points


def number_or_fail(option: str, text: str, value: str) -> float:
    """The number in `value`; raises InvalidArgument naming the option and its whole text."""
    try:
        result = float(number(value))
    except typer.BadParameter:
        raise InvalidArgument(option, text, "must hold numbers such as 0.3, 1e6 or inf") from None
    if result != result:
        raise InvalidArgument(option, text, "must hold numbers such as 0.3, 1e6 or inf")
    return result
