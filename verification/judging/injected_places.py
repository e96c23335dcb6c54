"""Settings over which a statement about the model is held against the truth: made from its conditions alone.

Apart from the families of every claim's own checks: a generator of its own places settings in a box, ends
included, and moves one or two parameters at a time from there to the ends of the box.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from typing import Any

import numpy as np
import sympy as sp

from bounds import symbols
from bounds.checks import Measured, Statement
from bounds.law.scales import selection
from bounds.law.score import conditional_mean
from bounds.numeric import compiled, symbols_of
from bounds.proof.region import flattened
from bounds.symbols import Noiseless
from verification.prediction.law import score_of
from verification.quantities.registry import COMBINED
from verification.setting import Setting

ModelPoint = dict[str, float]

BOX: Mapping[str, tuple[float, float]] = {
    "d": (1, 1e5),
    "d_tilde": (1, 1e5),
    "r": (1, 1e3),
    "eta": (1e-4, 1.0),
    "gamma": (1e-6, 1e6),
    "gamma_tilde": (1e-6, 1e6),
    "multiple": (1, 1e4),
    "share": (0.0, 1.0),
    "more": (2, 1e6),
    "above": (1, 1e4),
}
"""Ends of every coordinate: `multiple` times the least size, theta = `share` r, n = `more` times n_T, t is
`above` times the larger dimension."""

OPEN: Mapping[str, tuple[bool, bool]] = {
    "d": (False, True),
    "d_tilde": (False, True),
    "r": (False, True),
    "eta": (True, False),
    "gamma": (True, True),
    "gamma_tilde": (True, True),
    "multiple": (False, True),
    "share": (False, False),
    "more": (False, True),
    "above": (False, True),
}
"""Which ends of the box a coordinate could pass: only there can a ratio grow without an end."""

LARGEST_SIZE = 10**30
LARGE_SIZE = 1e3
"""A rate of an error that names no condition on its size is one for many pairs: for so many times as many as
the estimate needs to see anything."""

MATRICES: Mapping[str, tuple[float, float]] = {"d": (1, 64), "d_tilde": (1, 64), "r": (1, 16)}
"""Dimensions where the truth is drawn as whole matrices, and no law is known."""

PAIRS: Mapping[str, tuple[float, float]] = {
    "eta": (0.1, 1.0),
    "gamma": (1e-2, 1e2),
    "gamma_tilde": (1e-2, 1e2),
}
"""Where the truth is drawn pair by pair, too: so that sizes are payable."""

DRAWN_SIZES: Mapping[str, int] = {
    "kept-covariance-deviation": 2 * 10**4,
    "student-covariance-deviation": 10**5,
}
"""Largest number of pairs of a quantity that draws them one by one."""

OPEN_CONSTANT = 16.0
"""What an unnamed constant of a sample condition is: such a statement says nothing of smaller ones."""

SHAPE = ("d", "d_tilde", "r", "eta", "gamma", "gamma_tilde")
"""What a setting has beside its size."""

STEPS = (0.0, 1 / 3, 2 / 3, 1.0)
"""Where on its way to the end of the box a parameter is looked at."""


@dataclass(frozen=True)
class ModelRegion:
    """Where a statement's conditions hold, for one measured quantity.

    `delta` is the probability that its bound is stated for.
    """

    stated: Statement
    measured: Measured
    delta: float = 0.05

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that the statement needs numbers of."""
        parts = [self.stated.bound, *self.stated.conditions, *self.measured.thetas]
        return frozenset(s.name for part in parts for s in part.free_symbols)

    @cached_property
    def _equations(self) -> dict[str, sp.Expr]:
        """What a symbol is because a condition says so."""
        found = {}
        for one in flattened(self.stated.conditions):
            if isinstance(one, sp.Eq) and one.lhs.is_Symbol:
                found[one.lhs.name] = one.rhs
            elif isinstance(one, Noiseless):
                found[one.args[0].name] = sp.oo
        return found

    @cached_property
    def box(self) -> dict[str, tuple[float, float]]:
        """The ends of every coordinate, those that a condition names with a number included."""
        box = dict(BOX)
        if self.measured.quantity not in COMBINED:
            box |= MATRICES
        if self.drawn_in_pairs:
            box |= PAIRS
        for one in flattened(self.stated.conditions):
            if not isinstance(one, (sp.Ge, sp.Gt, sp.Le, sp.Lt)):
                continue
            small, large = one.lts, one.gts
            if small.is_Symbol and small.name in box and large.is_number:
                box[small.name] = (box[small.name][0], min(box[small.name][1], float(large)))
            if large.is_Symbol and large.name in box and small.is_number:
                low = max(box[large.name][0], float(small))
                box[large.name] = (low, max(box[large.name][1], low))
        return box

    @property
    def moving(self) -> list[str]:
        """The coordinates that the statement leaves free."""
        used = {"share": "theta" in self.names, "more": self._taught, "above": "t" in self.names}
        return [name for name in self.box if used.get(name, True) and name not in self._equations]

    @cached_property
    def for_large_sizes(self) -> bool:
        """Whether the statement is a rate of an error that names no condition on its size."""
        sized = {s.name for one in self.stated.conditions for s in one.free_symbols} & {"n", "n_T"}
        return self.stated.up_to_constant and self.measured.quantity in COMBINED and not sized

    @property
    def seen_whole(self) -> bool:
        """Whether the box has all that the conditions allow, but for the ends of what has no end."""
        ends = {
            c.gts for c in flattened(self.stated.conditions) if isinstance(c, (sp.Ge, sp.Gt, sp.Le, sp.Lt))
        }
        return "theta" not in self.names or "theta" in self._equations or symbols.r in ends

    @property
    def _taught(self) -> bool:
        return self.measured.estimator == "teacher"

    def place(self, at: Mapping[str, float], *, payable: bool = True) -> ModelPoint | None:
        """The setting at these coordinates; None where no (payable) size meets the conditions."""
        point: ModelPoint = {name: at[name] for name in ("eta", "gamma", "gamma_tilde")}
        point |= {name: float(round(at[name])) for name in ("d", "d_tilde", "r")}
        for _ in range(2):  # one equation may lean on another
            for name, value in self._equations.items():
                number = value.subs({symbols.SYMBOLS[k].symbol: v for k, v in point.items()})
                if number.is_number and name != "n":
                    point[name] = float(number)
        if point["r"] > min(point["d"], point["d_tilde"]):
            return None
        point = {k: int(v) if k in ("d", "d_tilde", "r") else v for k, v in point.items()}
        point |= {"delta": self.delta, "C": OPEN_CONSTANT}
        point["t"] = at["above"] * max(point["d"], point["d_tilde"])
        point.setdefault("theta", at["share"] * point["r"])
        point |= self._kept(point)
        return self._sized(point, at, payable)

    def filled(self, at: Mapping[str, float]) -> ModelPoint | None:
        """The setting where both dimensions are r; None where the conditions leave it out."""
        own = self.place(at)
        return None if own is None else self.place({**at, "d": own["r"], "d_tilde": own["r"]})

    def _kept(self, point: ModelPoint) -> ModelPoint:
        """What the oracle's filter does to the population, by the sharp law."""
        wanted = {"P", "mean_1", "mean_0", "kappa_left", "kappa_right"} & self.names
        if not wanted:
            return {}
        setting = Setting(4, *(point[k] for k in SHAPE))
        score = score_of(setting)
        found = selection(score, point["theta"])
        numbers = {
            "P": float(found.retained),
            "kappa_left": float(found.kappa_left),
            "kappa_right": float(found.kappa_right),
        }
        if wanted & {"mean_1", "mean_0"}:
            law = int(point["r"]), point["gamma"], point["gamma_tilde"]
            numbers |= {f"mean_{k}": float(conditional_mean(point["theta"], *law, k == 1)) for k in (0, 1)}
        return numbers

    def _sized(self, point: ModelPoint, at: Mapping[str, float], payable: bool) -> ModelPoint | None:
        name = "n_T" if self._taught else "n"

        def sized(size: int) -> ModelPoint:
            return {**point, "n": math.ceil(size * at["more"]) if self._taught else size, name: size}

        most = DRAWN_SIZES.get(self.measured.quantity, LARGEST_SIZE) if payable else 100 * LARGEST_SIZE
        high = math.ceil(LARGE_SIZE * _needed(point)) if self.for_large_sizes else 4
        while not self.allows(sized(high)):
            high *= 16
            if high > 16 * most:
                return None
        low = high // 16
        while high - low > max(1, high // 1000) and high > 4 and not self.for_large_sizes:
            middle = (low + high) // 2
            low, high = (low, middle) if self.allows(sized(middle)) else (middle, high)
        size = math.ceil(high * at["multiple"])
        found = sized(size)
        return found if size <= most and self.allows(found) else None

    def allows(self, point: ModelPoint) -> bool:
        """Whether all conditions hold there, those on what is drawn aside."""
        return all(
            bool(function(*(point[name] for name in names)))
            for names, function in map(named, self.stated.conditions)
            if point.keys() >= set(names)
        )

    def bases(self, count: int, seed: int) -> list[dict[str, float]]:
        """So many coordinates inside, at random in the logarithm; the same for the same seed."""
        generator = np.random.default_rng([seed, 17])
        found: list[dict[str, float]] = []
        for tried in range(400 * count):
            # The middle of the box, unless the conditions leave it out: the ends are where the ways lead.
            most = 0.5 if tried < 200 * count else 1.0
            at = {
                k: _between(low, high, generator.uniform(0.05, most)) for k, (low, high) in self.box.items()
            }
            at["r"] = min(at["r"], at["d"], at["d_tilde"]) ** generator.uniform(0.2, 0.8)
            at["above"] = 1.0
            at["multiple"] = self.box["multiple"][1] ** generator.uniform(0.0, 0.3)
            if self.place(at) is not None:
                found.append(at)
            if len(found) == count:
                break
        return found

    def anywhere(
        self, generator: np.random.Generator, count: int, size: float | None = None
    ) -> list[ModelPoint]:
        """Settings inside the conditions, in the box and payable.

        With a `size` open parameters reach up to it or down to its inverse instead, payable or not.
        """
        wide = dict(self.box)
        if size is not None:
            for name, ends in self.open_ends.items():
                low, high = (_wider(end, size) if end in ends else end for end in wide[name])
                wide[name] = low, high
        found = []
        for _ in range(count):
            at = {k: _between(low, high, generator.uniform()) for k, (low, high) in wide.items()}
            at["r"] = min(at["r"], at["d"], at["d_tilde"]) ** generator.uniform()
            place = self.place(at, payable=size is None)
            found += [] if place is None else [place]
        return found

    def corners(self, base: Mapping[str, float]) -> list[ModelPoint]:
        """Settings like the base with one coordinate at an end that belongs to its domain."""
        moved = [
            {**base, name: end}
            for name in self.moving
            for end in self.box[name]
            if end not in self.open_ends.get(name, ())
        ]
        return [place for at in moved if (place := self.place(at)) is not None]

    @cached_property
    def open_ends(self) -> dict[str, tuple[float, ...]]:
        """The ends of the box, by coordinate, beyond which the conditions allow more."""
        found = {}
        for name in self.moving:
            whole = BOX[name]
            found[name] = tuple(
                end
                for end, side, open_ in zip(self.box[name], (0, 1), OPEN[name], strict=True)
                if open_ and (end == whole[side] or name in MATRICES or self.drawn_in_pairs)
            )
        return {name: ends for name, ends in found.items() if ends}

    @property
    def drawn_in_pairs(self) -> bool:
        """Whether the truth costs a draw of every pair."""
        return self.measured.quantity in DRAWN_SIZES

    def ways(self, base: Mapping[str, float]) -> Iterator[tuple[list[ModelPoint], list[float]]]:
        """Settings from the base to open ends of the box, a few coordinates moved, and how far each is."""
        ends = self.open_ends
        groups: list[tuple[str, ...]] = [(name,) for name in ends] + list(combinations(ends, 2))
        sizes = tuple(name for name in ("d", "d_tilde", "r") if name in ends)
        if "r" in sizes and len(sizes) > 1:  # r has no room unless both dimensions have
            groups += [sizes] if len(sizes) > 2 else []
            groups += [(*sizes, name) for name in ends if name not in sizes]
        for group in groups:
            for chosen in product(*(ends[name] for name in group)):
                way = self._way(base, dict(zip(group, chosen, strict=True)))
                if way is not None:
                    yield way

    def _way(
        self, base: Mapping[str, float], ends: Mapping[str, float]
    ) -> tuple[list[ModelPoint], list[float]] | None:
        """The settings on a way, and the log-length to each; None where one is not payable."""
        far = {**base, **ends}
        if "r" in ends:
            room = min(far[name] for name in ("d", "d_tilde") if name not in self._equations)
            far["r"] = min(far["r"], max(base["r"], room / 2))
        places, lengths = [], []
        for step in STEPS:
            at = {**base, **{name: _along(base[name], far[name], step) for name in ends}}
            place = self.place(at)
            if place is None:
                return None
            places.append(place)
            lengths.append(max(_length(base[name], at[name]) for name in ends))
        return places, lengths


def _needed(point: ModelPoint) -> float:
    """The pairs from which on an unfiltered estimate is better than none."""
    noise = (1 + 1 / point["gamma"]) * (1 + 1 / point["gamma_tilde"])
    return float(noise * max(point["d"], point["d_tilde"]) / point["eta"] ** 2)


def _between(low: float, high: float, share: float) -> float:
    return low + share * (high - low) if low == 0 else low * (high / low) ** share


def _wider(end: float, size: float) -> float:
    return size if end > 1 else 1 / size


def _along(start: float, end: float, step: float) -> float:
    if start > 0 and end > 0:
        return float(start * (end / start) ** step)
    return start + step * (end - start)


def _length(start: float, end: float) -> float:
    return abs(math.log(end / start)) if start > 0 and end > 0 else 0.0


def named(expression: sp.Basic) -> tuple[tuple[str, ...], Callable[..., Any]]:
    """The names of an expression's symbols, and it as a function of their numbers in that order."""
    return tuple(symbol.name for symbol in symbols_of(expression)), compiled(expression)


def numbers(stated: Statement, points: Sequence[ModelPoint]) -> np.ndarray[Any, Any]:
    """The statement's right-hand side at the points; NaN where it has no real value."""
    names, function = named(stated.bound)
    found = []
    with np.errstate(all="ignore"):
        for point in points:
            try:
                value = complex(function(*(np.float64(point[name]) for name in names)))
            except (KeyError, ZeroDivisionError, OverflowError, TypeError, ValueError):
                value = complex(math.nan)
            found.append(value.real if value.imag == 0 else math.nan)
    return np.array(found)
