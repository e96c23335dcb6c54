"""A sweep's design, read from TOML and validated whole before anything runs.

A `Design` is a sequence of cells: settings (a product of axes, or random points) times procedures.
Cells are made when they are asked for, so a design of millions of cells takes no memory.
"""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, overload

from verification.engines import seeds
from verification.errors import InvalidArgument, whole
from verification.replication.cells import PLACEHOLDER, ErrorCell
from verification.setting import ESTIMATORS, Procedure, Setting

PARAMETERS = ("n", "d", "d_tilde", "r", "eta", "gamma", "gamma_tilde")
COUNTS = ("n", "d", "d_tilde", "r")
TOP_KEYS = ("seed", "engine", "replicates", "setting", "procedure", "random")
PROCEDURE_KEYS = ("estimator", "theta", "retain", "rounds", "teacher_n", "student_n")
RANGE_KEYS = ("log", "linear", "count")
MAX_ROWS = 10**9


@dataclass(frozen=True)
class Span:
    """The numbers from `first` to `last`: evenly spaced, or evenly in their logarithm.

    `count` is how many a grid takes; None in a random design, which draws from the whole of it.
    """

    first: float
    last: float
    log: bool
    count: int | None

    def at(self, share: float) -> float:
        """The number at `share` in [0, 1] of the way; the ends are exact."""
        if share in (0.0, 1.0):
            return self.last if share else self.first
        if self.log:
            return float(self.first * (self.last / self.first) ** share)
        return self.first + (self.last - self.first) * share


Axis = tuple[float, ...] | Span | str
"""The values of a parameter: a list, a span, or the name of the parameter that it equals."""


@dataclass(frozen=True)
class ProcedureVariant:
    """A procedure of the design; with `best` its threshold is found for each setting."""

    procedure: Procedure
    best: bool


class Design(Sequence[ErrorCell]):
    """Settings x procedures, as cells in a fixed order; `replicates` of each are wanted."""

    def __init__(
        self,
        axes: Mapping[str, Axis],
        variants: Sequence[ProcedureVariant],
        *,
        replicates: int,
        engine: str,
        seed: int,
        points: int | None = None,
        random_seed: int = 0,
    ) -> None:
        self.axes = dict(axes)
        self.variants = tuple(variants)
        self.replicates = replicates
        self.engine = engine
        self.seed = seed
        self.points = points
        self.random_seed = random_seed
        self._values = {name: _values(name, axis) for name, axis in axes.items() if not isinstance(axis, str)}
        self._settings = points or math.prod(len(v) for v in self._values.values())

    def __len__(self) -> int:
        return self._settings * len(self.variants)

    @overload
    def __getitem__(self, index: int) -> ErrorCell: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ErrorCell]: ...
    def __getitem__(self, index: int | slice) -> ErrorCell | Sequence[ErrorCell]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        at, which = divmod(index, len(self.variants))
        variant = self.variants[which]
        return ErrorCell(self.setting(at), variant.procedure, self.engine, self.seed, variant.best)

    def setting(self, index: int) -> Setting:
        """The setting at `index` of the product (the last axis moves fastest) or of the random points."""
        if self.points is None:
            values = {}
            for name, options in reversed(self._values.items()):
                index, at = divmod(index, len(options))
                values[name] = options[at]
        else:
            rng = seeds.generator(self.random_seed, "random design", index)
            shares = rng.random(len(PARAMETERS))  # one for each, so that an axis does not move the others
            values = {
                name: _pick(self.axes[name], share, name in COUNTS)
                for name, share in zip(PARAMETERS, shares, strict=True)
                if name in self._values
            }
        for name, axis in self.axes.items():
            if isinstance(axis, str):
                values[name] = values[axis]
        numbers: dict[str, Any] = values
        return Setting(**numbers)

    @property
    def rows(self) -> int:
        """All replicates of all cells."""
        return len(self) * self.replicates


def load(path: str | Path, seed: int | None = None) -> Design:
    """The design of a TOML file; `seed` overrides the file's.

    Raises InvalidArgument naming the file and the TOML key, or OSError.
    """
    try:
        with open(path, "rb") as file:
            content = tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise InvalidArgument(str(path), str(error), "must be TOML") from None
    except UnicodeDecodeError:
        raise InvalidArgument(str(path), "other bytes", "must be TOML in UTF-8") from None
    if seed is not None:
        content["seed"] = seed
    try:
        return parse(content)
    except InvalidArgument as error:
        raise InvalidArgument(f"{path}: {error.argument}", error.value, error.allowed) from None


def parse(content: Mapping[str, Any]) -> Design:
    """The design of a parsed TOML file, every cell of it valid.  Raises InvalidArgument with the key."""
    _known("", content, TOP_KEYS)
    replicates = whole("replicates", content.get("replicates", 1), 1, MAX_ROWS)
    seed = whole("seed", content.get("seed", 0), 0, 2**63 - 1)
    random = content.get("random")
    points = random_seed = None
    if random is not None:
        random = _table("random", random)
        _known("random.", random, ("points", "seed"))
        points = whole("random.points", random.get("points"), 1, MAX_ROWS)
        random_seed = whole("random.seed", random.get("seed", 0), 0, 2**63 - 1)
    table = _table("setting", content.get("setting"))
    _known("setting.", table, PARAMETERS)
    axes = {name: _axis(name, table, points is not None) for name in PARAMETERS}
    tables = content.get("procedure", [{"estimator": "unfiltered"}])
    if isinstance(tables, Mapping):
        tables = [tables]
    if not isinstance(tables, list) or not tables:
        raise InvalidArgument("procedure", tables, "must be one or more [[procedure]] tables")
    variants = [v for i, entry in enumerate(tables) for v in _variants(f"procedure[{i}]", entry)]
    for i, variant in enumerate(variants):
        if variant in variants[:i]:
            raise InvalidArgument(
                "procedure", _describe(variant), "must not ask for the same procedure twice"
            )
    engine = content.get("engine", "exact")
    if not isinstance(engine, str):
        raise InvalidArgument("engine", engine, "must be a name")
    design = Design(
        axes,
        variants,
        replicates=replicates,
        engine=engine,
        seed=seed,
        points=points,
        random_seed=random_seed or 0,
    )
    if design.rows > MAX_ROWS:
        raise InvalidArgument(
            "replicates", replicates, f"must keep the design within {MAX_ROWS:.0e} rows, not {design.rows}"
        )
    _validate(design)
    return design


def _validate(design: Design) -> None:
    """Every cell is valid: each value alone, and the few combinations that limit one another."""
    if design.points is not None:
        for i in range(design.points):
            setting = _checked(f"setting (random point {i})", lambda i=i: design.setting(i))
            _check_sizes(design, setting.n)
        _checked("engine", lambda: design[0])
        return
    for name in PARAMETERS:  # a value that no setting may have, before any combination
        axis = design.axes[name]
        for value in () if isinstance(axis, str) else _values(name, axis):
            _checked(f"setting.{name}", lambda name=name, value=value: _alone(name, value))
    limits = [_source(design, name) for name in ("d", "d_tilde", "r")]
    sources = sorted(set(limits))
    for combination in itertools.product(*(_values(s, design.axes[s]) for s in sources)):
        at = dict(zip(sources, combination, strict=True))
        d, d_tilde, r = (int(at[s]) for s in limits)
        if r > min(d, d_tilde):
            raise InvalidArgument("setting.r", r, f"must be at most min(d, d_tilde) = {min(d, d_tilde)}")
    for n in _values("n", design.axes[_source(design, "n")]):
        _check_sizes(design, int(n))
    _checked("engine", lambda: design[0])


def _check_sizes(design: Design, n: int) -> None:
    for variant in design.variants:
        _checked("procedure", lambda: variant.procedure.sizes(n))  # noqa: B023 (called at once)


def _source(design: Design, name: str) -> str:
    axis = design.axes[name]
    return axis if isinstance(axis, str) else name


def _alone(name: str, value: float) -> Setting:
    usual: dict[str, Any] = {
        "n": 4,
        "d": 10**6,
        "d_tilde": 10**6,
        "r": 1,
        "eta": 1,
        "gamma": 1,
        "gamma_tilde": 1,
    }
    return Setting(**(usual | {name: value}))


def _checked(key: str, make: Any) -> Any:
    """`make()`, with the TOML key in front of what it finds wrong."""
    try:
        return make()
    except InvalidArgument as error:
        last = key.rpartition(".")[2]
        name = key if error.argument == last else f"{key}: {error.argument}"
        raise InvalidArgument(name, error.value, error.allowed) from None


def _known(prefix: str, table: Mapping[str, Any], allowed: Sequence[str]) -> None:
    for key in table:
        if key not in allowed:
            raise InvalidArgument(
                prefix + key, table[key], f"is not a key here (there are {', '.join(allowed)})"
            )


def _table(key: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidArgument(key, value, "must be a table")
    return value


def _number(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
        raise InvalidArgument(key, value, "must be a number")
    return value


def _axis(name: str, table: Mapping[str, Any], random: bool) -> Axis:
    key = f"setting.{name}"
    if name not in table:
        default = {"d_tilde": "d", "gamma_tilde": "gamma"}.get(name)
        if default is None:
            raise InvalidArgument(key, None, "must be given")
        return _link(key, default, table)
    value = table[name]
    if isinstance(value, str):
        return _link(key, value, table)
    if isinstance(value, Mapping):
        return _span(key, value, random)
    if isinstance(value, list):
        values = tuple(_number(f"{key}[{i}]", v) for i, v in enumerate(value))
        if not values:
            raise InvalidArgument(key, value, "must have at least one value")
        if len(set(values)) < len(values):
            raise InvalidArgument(key, value, "must not have the same value twice")
        return values
    return (_number(key, value),)


def _link(key: str, target: str, table: Mapping[str, Any]) -> str:
    if target not in PARAMETERS or isinstance(table.get(target, "missing"), str):
        raise InvalidArgument(
            key, target, "must be a number, a list, a range, or another parameter that has one"
        )
    return target


def _span(key: str, value: Mapping[str, Any], random: bool) -> Span:
    _known(f"{key}.", value, RANGE_KEYS)
    kinds = [kind for kind in ("log", "linear") if kind in value]
    if len(kinds) != 1:
        raise InvalidArgument(
            key, dict(value), "must have either log = [first, last] or linear = [first, last]"
        )
    ends = value[kinds[0]]
    inner = f"{key}.{kinds[0]}"
    if not isinstance(ends, list) or len(ends) != 2:
        raise InvalidArgument(inner, ends, "must be [first, last]")
    first, last = (float(_number(f"{inner}[{i}]", v)) for i, v in enumerate(ends))
    if first == last or not math.isfinite(first) or not math.isfinite(last):
        raise InvalidArgument(inner, ends, "must be two different finite numbers")
    if kinds[0] == "log" and not (first > 0 and last > 0):
        raise InvalidArgument(inner, ends, "must be two positive numbers")
    if random:
        if "count" in value:
            raise InvalidArgument(f"{key}.count", value["count"], "must be left out in a random design")
        return Span(first, last, kinds[0] == "log", None)
    return Span(first, last, kinds[0] == "log", whole(f"{key}.count", value.get("count"), 2, 10**6))


def _values(name: str, axis: Axis) -> tuple[float, ...]:
    """The values of an axis in a grid; a span's end points in a random design."""
    assert not isinstance(axis, str)
    if isinstance(axis, tuple):
        return axis
    count = axis.count or 2
    values = [axis.at(i / (count - 1)) for i in range(count)]
    if name in COUNTS:
        values = [round(v) for v in values]
        if axis.count and len(set(values)) < count:
            raise InvalidArgument(
                f"setting.{name}.count",
                count,
                "must leave the values different after rounding to whole numbers",
            )
    return tuple(values)


def _pick(axis: Axis, share: float, whole_number: bool) -> float:
    assert not isinstance(axis, str)
    if isinstance(axis, tuple):
        return axis[min(int(share * len(axis)), len(axis) - 1)]
    value = axis.at(share)
    return round(value) if whole_number else value


def _variants(key: str, table: Any) -> Iterator[ProcedureVariant]:
    table = _table(key, table)
    _known(f"{key}.", table, PROCEDURE_KEYS)
    lists = {name: _list(f"{key}.{name}", table[name]) for name in table}
    for estimator in lists.get("estimator", [None]):
        if estimator not in ESTIMATORS:
            raise InvalidArgument(f"{key}.estimator", estimator, f"must be one of {', '.join(ESTIMATORS)}")
    thresholds: list[tuple[str, Any]] = [("theta", t) for t in lists.get("theta", [])]
    thresholds += [("retain", q) for q in lists.get("retain", [])]
    rest = ("rounds", "teacher_n", "student_n")
    combinations = itertools.product(*([(name, v) for v in lists[name]] for name in rest if name in lists))
    others = [dict(c) for c in combinations]
    for estimator in lists["estimator"]:
        for threshold in thresholds if thresholds else [None]:
            for other in others:
                yield _variant(key, estimator, threshold, other)


def _variant(
    key: str, estimator: str, threshold: tuple[str, Any] | None, other: dict[str, Any]
) -> ProcedureVariant:
    best = threshold == ("theta", "best")
    arguments: dict[str, Any] = dict(other)
    if threshold is not None:
        name, value = threshold
        if isinstance(value, str) and not best:
            raise InvalidArgument(
                f"{key}.{name}",
                value,
                'must be a number or "best"' if name == "theta" else "must be a number",
            )
        arguments[name] = PLACEHOLDER if best else value
    try:
        return ProcedureVariant(Procedure(estimator=estimator, **arguments), best)  # type: ignore[arg-type]
    except InvalidArgument as error:
        raise InvalidArgument(
            f"{key}.{error.argument}", "best" if best else error.value, error.allowed
        ) from None


def _list(key: str, value: Any) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise InvalidArgument(key, value, "must have at least one value")
    return values


def _describe(variant: ProcedureVariant) -> str:
    procedure = variant.procedure if not variant.best else replace(variant.procedure, theta=None, retain=1.0)
    threshold = "theta=best" if variant.best else f"theta={procedure.theta}, retain={procedure.retain}"
    return f"{procedure.estimator}, {threshold}, rounds={procedure.rounds}"
