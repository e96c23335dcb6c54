"""The settings inside a claim's conditions, as points of the unit cube: what a search moves through."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from bounds import symbols
from bounds.claim import Claim, Measured, Relation, Scaling, Tail
from bounds.proof.region import flattened
from verification.checks.conditions import meets, within
from verification.errors import InvalidArgument
from verification.quantities import registry
from verification.quantities.registry import Cell

COORDINATES = ("d", "d_tilde", "r", "eta", "gamma", "gamma_tilde", "n")
"""What a point of the cube sets, in order; all on a log scale, n as a multiple of its least value."""

RANGES: Mapping[str, tuple[float, float]] = {
    "d": (1, 128),
    "d_tilde": (1, 128),
    "r": (1, 64),
    "eta": (1e-4, 1.0),
    "gamma": (1e-8, 1e8),
    "gamma_tilde": (1e-8, 1e8),
    "n": (1, 256),
}
"""Bounds of each coordinate; those of n are for the multiple."""

PLACED = ("d", "d_tilde", "eta", "gamma", "gamma_tilde")
"""Coordinates that lie between their ends by themselves."""

NOISELESS = 0.95
"""Where on its axis a signal-to-noise ratio ends and none of the noise is left."""

MOST_ENTRIES = 64
"""The largest dimension where a replicate draws whole matrices: quantities that are no error."""

MAX_NORMALS = 5e5
"""Numbers drawn pair by pair in a replicate, r + 1 a pair.

Dearer settings are drawn by the engine whose cost is free of n, to its order in the pairs kept, or left out.
"""

ONE_BY_ONE = ("kept-covariance-deviation", "student-covariance-deviation")
"""Quantities that draw their n pairs one by one, and have no engine whose cost is free of n."""

LARGEST_N = 10**18

ALONE: Mapping[str, float] = {"d_tilde": 64, "eta": 1.0, "gamma_tilde": math.inf}
"""What stands for the second modality where a claim is about one alone; nothing drawn depends on it."""


@dataclass(frozen=True)
class Space:
    """Where a claim's inequality may be attacked: its measured quantity, and the settings allowed.

    `share` is the quantile of the quantity that the claim bounds: 1 - delta for an upper tail
    statement, delta for a lower one, the median for a bound up to a constant.  `fixed` are values
    that all of the claim's own settings share because its statement needs them (r = 1, no noise in
    one modality), `extra` further numbers of its bound and `derived` those that follow from the setting;
    `unknown` are coordinates that the claim does not have.
    """

    claim: Claim
    measured: Measured
    share: float
    delta: float | None
    fixed: Mapping[str, float]
    extra: Mapping[str, float]
    derived: Mapping[str, sp.Expr]
    unknown: frozenset[str] = frozenset()

    def point(self, cube: Sequence[float]) -> dict[str, float] | None:
        """The setting at a point of [0, 1]^7, None where none meets the conditions at a payable size."""
        values: dict[str, float] = {}
        for name, place in zip(COORDINATES, cube, strict=True):
            low, high = self.ranges[name]
            # A plain float: its text names the random streams.
            place = min(max(float(place), 0.0), 1.0)
            if name in ("gamma", "gamma_tilde"):
                place /= NOISELESS
            values[name] = math.inf if place > 1 else low * (high / low) ** place
        multiple = values.pop("n")
        for name in ("d", "d_tilde"):
            values[name] = min(round(values[name]), self.largest)
        least = int(min(values["d"], values["d_tilde"]))
        # r is a log-uniform share of its own range, which ends at the smaller dimension.
        values["r"] = min(max(1, round(least ** (math.log(values["r"]) / math.log(RANGES["r"][1])))), least)
        return self._sized({**values, **self.fixed}, multiple)

    def with_pairs(self, values: Mapping[str, float], n: int) -> dict[str, float] | None:
        """The setting with this n; None outside the conditions."""
        full = self._full({**values, "n": n})
        if self.delta is not None:
            full["delta"] = self.delta
        if not meets(self.claim, full) or full["r"] > min(full["d"], full["d_tilde"]):
            return None
        bound = float(self.claim.bound_at(full))
        # A bound from below that is not positive says nothing; a negative one from above is broken.
        says = bound > 0 or (bound < 0 and self.claim.relation is Relation.UPPER)
        return full if math.isfinite(bound) and says and full["n"] <= self._most_pairs(full) else None

    def _most_pairs(self, full: Mapping[str, float]) -> float:
        """The largest n that is payable."""
        one_by_one = self.measured.quantity in ONE_BY_ONE
        return MAX_NORMALS / (full["r"] + 1) if one_by_one else LARGEST_N

    def _full(self, values: Mapping[str, float]) -> dict[str, float]:
        full = {**self.extra, **values}
        # What is derived may follow from what else is: as many rounds as there are such numbers suffice.
        for _ in self.derived:
            numbers = {symbols.SYMBOLS[name].symbol: value for name, value in full.items()}
            found = {name: number.subs(numbers) for name, number in self.derived.items()}
            full |= {name: float(number) for name, number in found.items() if number.is_number}
        return full

    @cached_property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """The ends of each coordinate, those that a condition names with a number included."""
        ranges = dict(RANGES)
        for one in flattened(self.claim.conditions):
            if isinstance(one, (sp.Ge, sp.Gt, sp.Le, sp.Lt)):
                for side, number in ((0, one.lts), (1, one.gts)):
                    symbol = one.gts if side == 0 else one.lts
                    if symbol.is_Symbol and symbol.name in PLACED and number.is_number:
                        low, high = ranges[symbol.name]
                        end = min(max(float(number), low), high)
                        ranges[symbol.name] = (end, high) if side == 0 else (low, end)
        return ranges

    @property
    def largest(self) -> int:
        """The largest dimension that is payable."""
        return int(RANGES["d"][1]) if self.measured.quantity in registry.COMBINED else MOST_ENTRIES

    def _sized(self, values: Mapping[str, float], multiple: float) -> dict[str, float] | None:
        full = {**self._full(values), "delta": self.delta or 0.05}

        def enough(n: int) -> bool:
            return meets(self.claim, {**full, "n": n})

        high = 4
        while not enough(high):
            high *= 2
            if high > LARGEST_N:
                return None
        low = high // 2
        while high - low > 1 and high > 4:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        return self.with_pairs(values, math.ceil(high * multiple))

    def cell(self, point: Mapping[str, float]) -> Cell:
        """What is drawn at a point."""
        return registry.cell(self.measured, {k: v for k, v in point.items() if k not in self.unknown})

    def ratio(self, point: Mapping[str, float], quantile: float) -> float:
        """How near the quantile comes to breaking the claim: above 1 it does, up to the constant.

        Infinite where the bound from above is negative.
        """
        bound = float(self.claim.bound_at(point))
        if self.claim.relation is Relation.UPPER:
            if self.claim.up_to_constant and self.measured.quantity == "error":
                # A filter that keeps too few pairs leaves no estimate; no space at all errs more than this.
                quantile = min(quantile, math.sqrt(point.get("r", math.inf)))
            return quantile / bound if bound > 0 else math.inf
        return bound / quantile if quantile > 0 else math.inf


def space(claim: Claim) -> Space:
    """The space of a claim that bounds a random quantity from one side; raises InvalidArgument."""
    checks = [check for check in within(claim).checks if isinstance(check, Tail | Scaling)]
    one_sided = claim.relation in (Relation.UPPER, Relation.LOWER)
    if not checks or not one_sided or not isinstance(claim.bound, sp.Expr):
        raise InvalidArgument("claim", claim.id, "must bound a simulated quantity from one side")
    points = _points(checks)
    unknown = frozenset(COORDINATES) - points[0].keys()
    if not unknown <= ALONE.keys() or "n_T" in points[0]:
        raise InvalidArgument("claim", claim.id, "must be about a setting of the model with n pairs")
    fixed, first = {**_fixed(claim, points), **{name: ALONE[name] for name in unknown}}, checks[0]
    extra = {k: v for k, v in points[0].items() if k not in COORDINATES}
    derived = _derived(claim, first, extra)
    if isinstance(first, Tail):
        share = 1 - first.delta if claim.relation is Relation.UPPER else first.delta
        return Space(claim, first.measured, share, first.delta, fixed, extra, derived, unknown)
    return Space(claim, _measured(checks), 0.5, None, fixed, extra, derived, unknown)


def _points(checks: Sequence[Tail | Scaling]) -> list[dict[str, float]]:
    """The claim's own settings: those along the paths of its checks."""
    paths = [path for c in checks for path in (c.paths if isinstance(c, Tail) else (c.path,))]
    return [point for path in paths for point in path.points()]


def _fixed(claim: Claim, points: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """What all of the claim's own settings share, because a condition or an infinite value says so."""
    equal = {c.lhs.name for c in claim.conditions if isinstance(c, sp.Eq)}
    return {
        name: points[0][name]
        for name in COORDINATES[:-1]
        if len({p.get(name) for p in points}) == 1
        and name in points[0]
        and (name in equal or math.isinf(points[0][name]))
    }


def _derived(claim: Claim, check: Tail | Scaling, extra: Mapping[str, float]) -> dict[str, sp.Expr]:
    """What follows from the coordinates: expressions of a path, and equations of the conditions."""
    path = check.paths[0] if isinstance(check, Tail) else check.path
    exact = {s.name: sp.sympify(v) for s, v in path.at if s.name in extra}
    derived = {name: value for name, value in exact.items() if value.free_symbols}
    # An equation in the conditions leaves its left-hand side no room; what it fixes of the setting is fixed.
    equations = [c for c in claim.conditions if isinstance(c, sp.Eq)]
    return derived | {
        c.lhs.name: c.rhs for c in equations if c.rhs.free_symbols or c.lhs.name not in COORDINATES
    }


def _measured(checks: Sequence[Tail | Scaling]) -> Measured:
    """What a bound up to a constant is about: an error at as many thresholds as any check looks at."""
    if not checks[0].measured.thetas:
        return checks[-1].measured
    return max((check.measured for check in checks), key=lambda measured: len(measured.thetas))
