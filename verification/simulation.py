"""`simulate`: replicates of one procedure in one setting, as arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from verification.engines import Draw, seeds
from verification.engines.estimate import Array
from verification.errors import InvalidArgument, TooFewPairs, function_or_none, one_of, whole, yes_or_no
from verification.frames import data_frame
from verification.setting import EstimatorName, Procedure, Setting, require_setting
from verification.workers.executors import Workers, check_workers, filled, open_workers
from verification.workers.threads import one_thread

if TYPE_CHECKING:
    from pandas import DataFrame

    from verification.engines.parts import Part, PartResult, PartRunner

EngineName = Literal["exact", "direct", "limit"]
ENGINES: tuple[str, ...] = get_args(EngineName)

Drawn = Draw | TooFewPairs
WeightTable = tuple[Array, Array]


@dataclass(frozen=True, repr=False)
class Simulation:
    """Replicates of a procedure in a setting, in index order.

    A replicate whose filter kept fewer than two pairs has no error: it is None in `draws` and a
    line in `failures`.
    """

    setting: Setting
    procedure: Procedure
    engine: str
    seed: int
    draws: tuple[Draw | None, ...]
    failures: tuple[tuple[int, str], ...] = ()

    @property
    def errors(self) -> Array:
        """ERR of the replicates that have one, shape (successes,)."""
        return np.array([draw.error for draw in self.draws if draw is not None])

    def to_pandas(self) -> DataFrame:
        """One row a replicate: error, left, right, retained; NaN where it failed, with the reason.

        Raises MissingExtra without pandas.
        """
        reasons = dict(self.failures)
        return data_frame(
            {
                "replicate": i,
                **{
                    name: math.nan if draw is None else getattr(draw, name)
                    for name in ("error", "left", "right", "retained")
                },
                "failure": reasons.get(i, ""),
            }
            for i, draw in enumerate(self.draws)
        )

    def __repr__(self) -> str:
        errors = self.errors
        mean = f", mean error {errors.mean():.4g}" if len(errors) else ""
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return (
            f"<Simulation of the {self.procedure.estimator} fit: {len(errors)} errors{mean}{failed} "
            f"({self.engine} engine, seed {self.seed})>"
        )

    def as_dict(self) -> dict[str, Any]:
        """The documented JSON object: failed replicates are null, and listed under `failures`."""
        errors = self.errors
        return {
            "setting": self.setting.as_dict(),
            "estimator": self.procedure.estimator,
            "procedure": {
                name: getattr(self.procedure, name)
                for name in ("theta", "retain", "rounds", "teacher_n", "student_n")
            },
            "engine": self.engine,
            "seed": self.seed,
            "errors": [None if draw is None else draw.error for draw in self.draws],
            "mean": float(errors.mean()) if len(errors) else None,
            "std": float(errors.std(ddof=1)) if len(errors) > 1 else None,
            "retained": [None if draw is None else draw.retained for draw in self.draws],
            "left": [None if draw is None else draw.left for draw in self.draws],
            "right": [None if draw is None else draw.right for draw in self.draws],
            "failures": [{"replicate": i, "message": text} for i, text in self.failures],
        }


def stream_key(setting: Setting, procedure: Procedure, engine: str) -> str:
    """What names the random streams of a procedure in a setting."""
    return f"{setting.key}|{procedure.key}|{engine}"


def engines_of(procedure: Procedure) -> tuple[str, ...]:
    """The engines that can draw a procedure, the cheapest first; weighted pairs are drawn one by one."""
    return ("direct",) if procedure.estimator == "weighted" else ENGINES


def load_engine(engine: str) -> ModuleType:
    """The engine's module; raises InvalidArgument for an unknown name."""
    one_of("engine", engine, ENGINES)
    if engine == "direct":
        from verification.engines import direct

        return direct
    if engine == "limit":
        from verification.engines import limit

        return limit
    from verification.engines import exact

    return exact


def replicates(
    setting: Setting,
    procedure: Procedure,
    engine: str,
    seed: int,
    indices: Sequence[int],
    scales: tuple[float, ...],
    rotate: bool = False,
    run: PartRunner = map,
) -> list[Drawn]:
    """The outcomes of the replicates `indices`, in that order, in this process.

    `run` draws the parts of long ones.  BLAS runs on one thread: the last bits of an SVD depend on the
    number of threads.
    """
    module = load_engine(engine)
    key = stream_key(setting, procedure, engine)
    if min(setting.gamma, setting.gamma_tilde) < DARKEST:
        lit, same, unit = brightened(setting, procedure)
        dark = _draws(module, lit, same, engine, seed, key, indices, scales, rotate, run)
        return [found if isinstance(found, TooFewPairs) else _in_units(found, unit) for found in dark]
    return _draws(module, setting, procedure, engine, seed, key, indices, scales, rotate, run)


DARKEST = 1e-60
"""A modality whose signal is fainter is drawn at this gamma: its law is the same to 1e-30.

At smaller ones the squares of what the engines compute would leave the range of doubles.
"""


def brightened(setting: Setting, procedure: Procedure) -> tuple[Setting, Procedure, float]:
    """(setting, procedure) in which a modality fainter than `DARKEST` is as bright as that, and its unit.

    A pair's score is in units of the product of the modalities' lengths, a teacher's of its square.
    """
    gammas = (setting.gamma, setting.gamma_tilde)
    unit = math.prod(math.sqrt(gamma / DARKEST) for gamma in gammas if gamma < DARKEST)
    lit = replace(setting, gamma=max(gammas[0], DARKEST), gamma_tilde=max(gammas[1], DARKEST))
    if procedure.theta is None:
        return lit, procedure, unit
    power = unit if procedure.estimator == "oracle-filtered" else unit * unit
    theta = procedure.theta if math.isinf(procedure.theta) else procedure.theta * power
    return lit, replace(procedure, theta=theta), unit


def _in_units(found: Draw, unit: float) -> Draw:
    """A draw with its singular values in these units, as far as they are in the range of doubles."""
    return replace(found, singular_values=tuple(min(v / unit, LARGEST) for v in found.singular_values))


LARGEST = 1e300
"""A larger singular value is cut to this."""


def _draws(
    module: ModuleType,
    setting: Setting,
    procedure: Procedure,
    engine: str,
    seed: int,
    key: str,
    indices: Sequence[int],
    scales: tuple[float, ...],
    rotate: bool,
    run: PartRunner,
) -> list[Drawn]:
    weights = weight_table(setting, procedure)
    with one_thread():
        if engine == "exact":
            generators = seeds.generators(seed, key, indices)
            selector = partial(module.select, run=run)
            return list(module.draw_many(setting, procedure, generators, scales, selector))
        if engine == "limit":
            return list(module.draw_many(setting, procedure, seeds.generators(seed, key, indices), scales))
        outcomes: list[Drawn] = []
        for i in indices:
            try:
                rng = seeds.generator(seed, key, i)
                drawn = module.draw(setting, procedure, rng, scales, rotate=rotate, weights=weights)
                outcomes.append(drawn)
            except TooFewPairs as failure:
                outcomes.append(failure)
        return outcomes


def engine_scales(setting: Setting, procedure: Procedure) -> tuple[float, ...]:
    """The `limit_scales` that the engines need: those of a threshold given as theta, else none.

    One round needs no law of the score, and is spared the import of SciPy.
    """
    if procedure.estimator != "teacher-filtered" or procedure.theta is None:
        return ()
    if procedure.rounds == 1:
        return (setting.eta,)
    from verification.prediction import law

    return law.limit_scales(setting, procedure)


def weight_table(setting: Setting, procedure: Procedure) -> WeightTable | None:
    """The best weights at the scores between which they are interpolated; None for other estimators."""
    if procedure.estimator != "weighted":
        return None
    from verification.prediction import alternatives

    return alternatives.weights(setting, procedure).table


class Spread:
    """Draws the parts of a long selection on workers, and tells how much of the draw is done.

    `tell` hears of shares of a draw; `finish` tells what is left of one.
    """

    def __init__(self, workers: Workers, parts: int, tell: Callable[[float], None]) -> None:
        self._workers, self._share, self._tell = workers, 1 / parts, tell
        self._told = 0.0

    def __call__(self, task: Callable[[Part], PartResult], parts: Sequence[Part]) -> Iterator[PartResult]:
        """What was found in each part, in order."""
        for found in self._workers.in_order(_part_of_a_draw, ((task, part) for part in parts)):
            yield found
            if self._told + 1.5 * self._share < 1:  # parts that are drawn again count once
                self._told += self._share
                self._tell(self._share)

    def finish(self) -> None:
        """A draw is complete."""
        self._tell(1 - self._told)
        self._told = 0.0


def _part_of_a_draw(task: Callable[[Part], PartResult], part: Part) -> PartResult:
    """In a worker."""
    one_thread()  # for good: undoing it would reach other threads of the worker
    return task(part)


def parts_of(setting: Setting, procedure: Procedure, engine: str) -> int:
    """Parts of a draw that workers may draw at once; 1 for all but long draws of the exact engine."""
    if engine != "exact":
        return 1
    from verification.engines import exact

    return exact.parts_of(setting, procedure)


@np.errstate(all="warn", under="ignore")  # NumPy's own defaults, whatever the caller's
def simulate(
    setting: Setting,
    estimator: EstimatorName = "unfiltered",
    *,
    theta: float | None = None,
    retain: float | None = None,
    rounds: int = 1,
    teacher_n: int | None = None,
    student_n: int | None = None,
    engine: str = "exact",
    replicates: int = 1,
    seed: int = 0,
    jobs: int | None = None,
    rotate: bool = False,
    on_progress: Callable[[float], None] | None = None,
    executor: str = "processes",
    scheduler: str | None = None,
) -> Simulation:
    """Draw `replicates` errors of an estimator in a setting.

    theta is on the oracle's scale (clean mean r); retain is the share of scored pairs kept; a
    filtered estimator takes one of them.  `rotate` draws random U, U_tilde (direct engine only: the
    error's law does not depend on them).  `jobs` processes (default: this one alone), or another
    `executor`, share the replicates, or the parts of each where a draw is long and replicates are few;
    `on_progress` hears of replicates as they are drawn, of shares of one too.  The result depends on the
    arguments up to `seed` and `rotate` alone.  Raises InvalidArgument, ExecutorLost.
    """
    require_setting(setting)
    procedure = Procedure(estimator, theta, retain, rounds, teacher_n, student_n)
    procedure.sizes(setting.n)  # rejects impossible sizes before any work
    count = whole("replicates", replicates, 1, 10**9)
    jobs = check_workers(executor, jobs, scheduler)
    jobs = 1 if jobs is None and executor == "processes" else jobs
    load_engine(engine)
    whole("seed", seed, 0, 2**63 - 1)
    function_or_none("on_progress", on_progress)
    if yes_or_no("rotate", rotate) and engine != "direct":
        raise InvalidArgument("rotate", rotate, "must be left out unless the engine is direct")
    if engine not in engines_of(procedure):
        raise InvalidArgument("engine", engine, "must be direct for the weighted estimator")
    arguments = setting, procedure, engine, seed, engine_scales(setting, procedure), rotate
    parts = parts_of(setting, procedure, engine)
    tell = on_progress or (lambda _share: None)
    with open_workers(*_kind(executor, jobs, count, parts), scheduler, task=_batch_in_worker) as workers:
        if parts > 1 and filled(parts, workers.count) >= filled(count, workers.count):
            outcomes = list(_part_by_part(arguments, count, workers, parts, tell))
        else:
            outcomes = list(_by_replicates(arguments, count, workers, tell))
    return Simulation(
        setting,
        procedure,
        engine,
        seed,
        tuple(None if isinstance(o, TooFewPairs) else o for o in outcomes),
        tuple((i, str(o)) for i, o in enumerate(outcomes) if isinstance(o, TooFewPairs)),
    )


Arguments = tuple[Setting, Procedure, str, int, tuple[float, ...], bool]
"""Setting, procedure, engine, seed, scales, rotate."""


def _kind(executor: str, jobs: int | None, count: int, parts: int) -> tuple[str, int | None]:
    """The workers to open: processes only where there is work for two."""
    if executor == "processes" and (jobs == 1 or (count == 1 and parts == 1)):
        return "serial", None
    return executor, jobs


def _by_replicates(
    arguments: Arguments, count: int, workers: Workers, tell: Callable[[float], None]
) -> Iterator[Drawn]:
    """Replicates shared among workers."""
    size = max(1, min(256, math.ceil(count / (4 * workers.count))))
    batches = [range(i, min(i + size, count)) for i in range(0, count, size)]
    for drawn in workers.in_order(workers.task, ((arguments, indices) for indices in batches)):
        yield from drawn
        tell(len(drawn))


def _part_by_part(
    arguments: Arguments, count: int, workers: Workers, parts: int, tell: Callable[[float], None]
) -> Iterator[Drawn]:
    """One replicate after another, each shared among workers."""
    spread = Spread(workers, parts, tell)
    for i in range(count):
        yield from _batch(arguments, range(i, i + 1), spread)
        spread.finish()


def _batch(arguments: Arguments, indices: Sequence[int], run: PartRunner = map) -> list[Drawn]:
    setting, procedure, engine, seed, scales, rotate = arguments
    return replicates(setting, procedure, engine, seed, indices, scales, rotate, run)


def _batch_in_worker(arguments: Arguments, indices: Sequence[int]) -> list[Drawn]:
    load_engine(arguments[2])  # its libraries must be there when their threads are set
    one_thread()
    return _batch(arguments, indices)
