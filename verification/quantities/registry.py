"""The random numbers that claims are about, by name, drawn replicate by replicate.

"error" is ERR of an estimator, "error-ratio" that at the last of several thresholds over that at the
first.  Every other name is a plain function of a setting and a generator;
claims of one's own add theirs through a module that defines `QUANTITIES`.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib.util
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from verification import simulation
from verification.engines import seeds
from verification.engines.estimate import Array
from verification.errors import InvalidArgument, TooFewPairs
from verification.quantities.batched import Batched
from verification.quantities.papers import source_file
from verification.setting import Procedure, Setting
from verification.workers.threads import one_thread

if TYPE_CHECKING:
    # Workers draw and need no expressions: SymPy would be most of their start.
    import sympy as sp

    from bounds.claim import Measured

QuantityFunction = Callable[[Any, np.random.Generator], float]

BATCH, BATCH_NUMBERS = 256, 2**20
"""Replicates of a `Batched` quantity that are drawn at once: at most so many, and so many entries of a
square matrix of both modalities."""


@dataclass(frozen=True)
class Cell:
    """One random quantity at one setting: what is drawn together, and drawn once.

    `values` are all parameter values by name, those of the setting among them.  `procedures` are
    the estimators whose errors are combined; empty for another quantity.  `module` is the file
    that defines the quantity, for claims of one's own.
    """

    values: tuple[tuple[str, float], ...]
    quantity: str
    procedures: tuple[Procedure, ...] = ()
    module: str | None = None

    @property
    def setting(self) -> Setting:
        """The model's setting; raises KeyError where the values do not make one."""
        values = dict(self.values)
        return Setting(**{name: values[name] for name in Setting.__dataclass_fields__})

    @property
    def key(self) -> str:
        """Canonical text: names the random streams of a named quantity."""
        inside = ",".join(f"{name}={value!r}" for name, value in self.values)
        return f"{self.quantity}|{inside}"

    @property
    def pairs(self) -> float:
        """Pairs that one replicate draws one by one: its cost.  Unfiltered fits draw none."""
        total = 0.0
        for procedure in self.procedures:
            teacher, student = procedure.sizes(self.setting.n)
            total += student * procedure.rounds + (teacher if procedure.estimator == "weighted" else 0)
        return total


def _smallest(errors: Array) -> Array:
    return np.asarray(np.min(errors, axis=0))


def _last_over_first(errors: Array) -> Array:
    """Zero over zero is undefined: NaN, as for any quantity that could not be drawn."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(errors[-1] / errors[0])


ERRORS = ("error", "clean-pairs-error", "pca-error")
"""Errors of an r-dimensional subspace, or of two the larger one: none exceeds sqrt(r)."""

COMBINED: Mapping[str, Callable[[Array], Array]] = {"error": _smallest, "error-ratio": _last_over_first}
"""Quantities made of the errors of a cell's procedures (k, m): what each replicate's value (m,) is.

The smallest stands for "there is a threshold".  Errors of different procedures are independent.
"""


def cell(measured: Measured, values: Mapping[str, float], module: str | None = None) -> Cell:
    """The cell of a claim's measured quantity at one point of its path."""
    if measured.quantity not in COMBINED:
        return Cell(_depends_on(measured.quantity, values), measured.quantity, module=module)
    import sympy as sp

    # Only what the error depends on, so that claims that differ in delta share their draws.
    own = {name: values[name] for name in Setting.__dataclass_fields__}
    if measured.estimator == "teacher":
        # Algorithm 1's teacher is the unfiltered fit on its own pairs, whatever else there is.
        own["n"] = values["n_T"]
        return Cell(tuple(own.items()), measured.quantity, (Procedure(),), module)
    numbers = {sp.Symbol(name): value for name, value in values.items()}

    def number(expression: sp.Expr) -> float:
        by_name = {s: numbers[sp.Symbol(s.name)] for s in expression.free_symbols}
        return float(sp.sympify(expression).subs(by_name))

    def procedure(**threshold: float) -> Procedure:
        return Procedure(measured.estimator, rounds=measured.rounds, **threshold)  # type: ignore[arg-type]

    procedures = tuple(procedure(theta=number(theta)) for theta in measured.thetas)
    procedures += tuple(procedure(retain=share) for share in measured.retains)
    return Cell(tuple(own.items()), measured.quantity, procedures or (procedure(),), module)


def _depends_on(quantity: str, values: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """The values by name, without what a quantity that says what it takes beside the setting does not."""
    function = _known().get(quantity)
    names = set(values)
    if isinstance(function, Batched) and function.takes:
        names = {*Setting.__dataclass_fields__, *function.takes}
    return tuple(sorted((name, value) for name, value in values.items() if name in names))


def _known() -> dict[str, QuantityFunction]:
    """The quantities of a setting that come with the project."""
    from verification.quantities import concentration, real_pairs, score, unimodal

    kinds: tuple[Any, ...] = (concentration, real_pairs, score, unimodal)
    return {name: f for kind in kinds for name, f in kind.QUANTITIES.items()}


OWN_MODULES = "filtergain_claims_"
"""Prefix under which files with claims of one's own are imported."""


def own_files() -> set[str]:
    """The files with claims of one's own that are loaded."""
    loaded = [module for name, module in sys.modules.copy().items() if name.startswith(OWN_MODULES)]
    return {str(module.__file__) for module in loaded}


def load_module(path: str) -> ModuleType:
    """A Python file, or ``paper:name``, as a module, the same one on every call; raises InvalidArgument."""
    path = source_file(path)
    name = OWN_MODULES + "".join(c if c.isalnum() else "_" for c in str(Path(path).resolve()))
    if name in sys.modules:
        return sys.modules[name]
    specification = importlib.util.spec_from_file_location(name, path)
    if not Path(path).is_file():
        raise InvalidArgument("module", path, "must be a file that is there")
    if specification is None or specification.loader is None:
        raise InvalidArgument("module", path, "must be a Python file, with a name that ends in .py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    try:
        # What it prints must not stand in the way of a result that machines read.
        with contextlib.redirect_stdout(sys.stderr), _importable(Path(path).resolve().parent):
            specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        problem = f"must be importable ({type(error).__name__}: {error})"
        raise InvalidArgument("module", path, problem) from error
    own = getattr(module, "QUANTITIES", {})
    if not isinstance(own, Mapping) or not all(callable(function) for function in own.values()):
        del sys.modules[name]
        raise InvalidArgument("module", path, "must define QUANTITIES as a dict of names to functions")
    return module


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """What lies in the folder can be imported, after all else that has the name."""
    sys.path.append(str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _without_setting(function: Callable[[np.random.Generator], float]) -> QuantityFunction:
    return lambda _, rng: function(rng)


def find(name: str, module: str | None = None) -> QuantityFunction:
    """The function that draws the named quantity; raises InvalidArgument if there is none."""
    from verification.quantities import matrix_lemmas

    known = _known()
    # A matrix inequality has no setting: its instances come from the generator alone.
    known |= {key: _without_setting(f) for key, f in matrix_lemmas.QUANTITIES.items()}
    if module is not None:
        load_module(module)
    # A copy: another thread may import something at this moment.
    for loaded in [m for key, m in sys.modules.copy().items() if key.startswith(OWN_MODULES)]:
        known |= getattr(loaded, "QUANTITIES", {})
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        meant = f" (did you mean {', '.join(near)}?)" if near else ""
        allowed = f"must be known, or be one of the QUANTITIES of the file that is given as module{meant}"
        raise InvalidArgument("quantity", name, allowed)
    return known[name]


def draw(cell: Cell, seed: int, indices: Sequence[int]) -> Array:
    """The quantity for the replicates `indices`, shape (len(indices),).

    A replicate whose filter keeps fewer than two pairs has no estimate: its error is infinite.
    """
    if cell.quantity in COMBINED:
        return COMBINED[cell.quantity](_errors(cell, seed, indices))
    function = find(cell.quantity, cell.module)
    place: Any = dict(cell.values)
    if Setting.__dataclass_fields__.keys() <= place.keys():
        place = cell.setting
    with one_thread():
        rngs = seeds.generators(seed, cell.key, indices)
        if isinstance(function, Batched):
            values = dict(cell.values)
            further = {name: values[name] for name in function.takes}
            drawn = (function.many(place, part, **further) for part in _parts(rngs, cell))
            return np.concatenate([np.empty(0), *drawn])
        return np.array([function(place, rng) for rng in rngs], dtype=float)


def _parts(rngs: list[np.random.Generator], cell: Cell) -> Iterator[list[np.random.Generator]]:
    """Batches whose matrices fit the memory meant for them; no number depends on them."""
    values = dict(cell.values)
    rows = int(values.get("d", 1)) + int(values.get("d_tilde", 0))
    size = max(1, min(BATCH, BATCH_NUMBERS // rows**2))
    for start in range(0, len(rngs), size):
        yield rngs[start : start + size]


def _errors(cell: Cell, seed: int, indices: Sequence[int]) -> Array:
    """ERR of each procedure, shape (procedures, replicates)."""
    setting = cell.setting
    rows = []
    for procedure in cell.procedures:
        scales = simulation.engine_scales(setting, procedure)
        engine = simulation.engines_of(procedure)[0]
        outcomes = simulation.replicates(setting, procedure, engine, seed, indices, scales)
        rows.append([math.inf if isinstance(o, TooFewPairs) else o.error for o in outcomes])
    return np.array(rows, dtype=float).reshape(len(rows), len(indices))
