"""`simulate`: replicates of one procedure in one setting, as arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import numpy as np

from verification.engines import Draw, seeds
from verification.engines.estimate import Array
from verification.errors import InvalidArgument, TooFewPairs, whole
from verification.frames import data_frame
from verification.setting import EstimatorName, Procedure, Setting
from verification.workers.pools import process_pool
from verification.workers.threads import one_thread

if TYPE_CHECKING:
    from pandas import DataFrame

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
    if engine not in ENGINES:
        raise InvalidArgument("engine", engine, f"must be one of {', '.join(ENGINES)}")
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
) -> list[Drawn]:
    """The outcomes of the replicates `indices`, in that order, in this process.

    BLAS runs on one thread: the last bits of an SVD depend on the number of threads.
    """
    module = load_engine(engine)
    key = stream_key(setting, procedure, engine)
    if min(setting.gamma, setting.gamma_tilde) < DARKEST:
        lit, same, unit = brightened(setting, procedure)
        dark = _draws(module, lit, same, engine, seed, key, indices, scales, rotate)
        return [found if isinstance(found, TooFewPairs) else _in_units(found, unit) for found in dark]
    return _draws(module, setting, procedure, engine, seed, key, indices, scales, rotate)


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
) -> list[Drawn]:
    weights = weight_table(setting, procedure)
    with one_thread():
        if engine != "direct":
            generators = seeds.generators(seed, key, indices)
            return list(module.draw_many(setting, procedure, generators, scales))
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


@np.errstate(all="warn", under="ignore")  # NumPy's own defaults, whatever the caller's
def simulate(
    setting: Setting,
    estimator: str = "unfiltered",
    *,
    theta: float | None = None,
    retain: float | None = None,
    rounds: int = 1,
    teacher_n: int | None = None,
    student_n: int | None = None,
    engine: str = "exact",
    replicates: int = 1,
    seed: int = 0,
    jobs: int = 1,
    rotate: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> Simulation:
    """Draw `replicates` errors of an estimator in a setting.

    theta is on the oracle's scale (clean mean r); retain is the share of scored pairs kept; a
    filtered estimator takes one of them.  `rotate` draws random U, U_tilde (direct engine only: the
    error's law does not depend on them).  The result depends on the arguments up to `seed` and
    `rotate`, not on `jobs`.  Raises InvalidArgument.
    """
    procedure = Procedure(cast(EstimatorName, estimator), theta, retain, rounds, teacher_n, student_n)
    procedure.sizes(setting.n)  # rejects impossible sizes before any work
    count = whole("replicates", replicates, 1, 10**9)
    jobs = whole("jobs", jobs, 1, 4096)
    load_engine(engine)
    whole("seed", seed, 0, 2**63 - 1)
    if rotate and engine != "direct":
        raise InvalidArgument("rotate", rotate, "must be left out unless the engine is direct")
    if engine not in engines_of(procedure):
        raise InvalidArgument("engine", engine, "must be direct for the weighted estimator")
    scales = engine_scales(setting, procedure)
    batch = max(1, min(256, math.ceil(count / (4 * jobs))))
    batches = [range(i, min(i + batch, count)) for i in range(0, count, batch)]
    outcomes: list[Drawn] = []
    for part in _run(setting, procedure, engine, seed, batches, scales, rotate, jobs):
        outcomes += part
        if on_progress is not None:
            on_progress(len(part))
    return Simulation(
        setting,
        procedure,
        engine,
        seed,
        tuple(None if isinstance(o, TooFewPairs) else o for o in outcomes),
        tuple((i, str(o)) for i, o in enumerate(outcomes) if isinstance(o, TooFewPairs)),
    )


def _run(
    setting: Setting,
    procedure: Procedure,
    engine: str,
    seed: int,
    batches: Sequence[range],
    scales: tuple[float, ...],
    rotate: bool,
    jobs: int,
) -> Iterable[list[Drawn]]:
    if jobs == 1 or len(batches) == 1:
        for indices in batches:
            yield replicates(setting, procedure, engine, seed, indices, scales, rotate)
        return
    with process_pool(jobs) as pool:
        futures = [
            pool.submit(replicates, setting, procedure, engine, seed, indices, scales, rotate)
            for indices in batches
        ]
        try:
            for future in futures:
                yield future.result()
        finally:
            for future in futures:
                future.cancel()
