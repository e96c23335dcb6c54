"""The paper's own experiments at their full scale: Table 1, Figure 2b, Figure 3a (Section 7, Appendix H).

Each function draws what the paper drew and returns rows of numbers; `figures` draws them, the command
`filtergain reproduce` prints them.  What is printed in the paper is data here and never an input.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future, as_completed
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bounds.paper.experiments import TABLE_1, TableRow
from verification import simulation
from verification.engines import seeds
from verification.engines.estimate import Array, scores
from verification.errors import ExecutorLost, InvalidArgument, TooFewPairs, real, whole
from verification.prediction.law import predict_procedure
from verification.setting import Procedure, Setting
from verification.workers.executors import SerialExecutor, Workers, filled, open_workers

FAMILY_LEVEL = 0.05
"""Level at which Table 1's seven rows together contradict a way of counting its pairs."""

LEAST_RUNS = 2
"""The paper does not say how many runs a mean of Table 1 has; a standard deviation takes two."""

PAIRS_PER_TASK = 10**6
"""Scored pairs that one task of a worker draws at most, if that makes it more than one replicate."""

Report = Callable[[float, float], None]


@dataclass(frozen=True)
class Convention:
    """A reading of "n = 10 000" in Table 1: pairs that train the teacher, pairs that it scores."""

    name: str
    teacher_n: int
    student_n: int


CONVENTIONS = (
    Convention("10 000 scored, teacher on 10 000 others", 10_000, 10_000),
    Convention("10 000 scored, teacher on 5 000 others", 5_000, 10_000),
    Convention("5 000 scored, teacher on the other 5 000 (Algorithm 1 as printed)", 5_000, 5_000),
)


@dataclass(frozen=True)
class Task:
    """Replicates of a procedure in a setting."""

    setting: Setting
    procedure: Procedure
    replicates: int


@dataclass(frozen=True)
class Mean:
    """Mean error over replicates, with its standard error and the standard deviation of one."""

    mean: float
    std: float
    standard_error: float
    replicates: int

    @classmethod
    def of(cls, errors: Array) -> Mean:
        """From one error per replicate, at least 2."""
        std = float(errors.std(ddof=1))
        return cls(float(errors.mean()), std, std / math.sqrt(len(errors)), len(errors))


@dataclass(frozen=True)
class Table1Row:
    """One kept share: printed, simulated and predicted by the law.

    `z` is the difference in units of both sides' noise if the printed mean had `LEAST_RUNS` runs.
    `most_runs` is the largest number of runs behind it that does not contradict the simulation at
    `FAMILY_LEVEL`, split over the table's rows (valid however the rows depend on each other).
    """

    printed: TableRow
    simulated: Mean
    predicted: float
    z: float
    most_runs: float


@dataclass(frozen=True)
class Table1:
    """Table 1 under one convention."""

    setting: Setting
    convention: Convention
    rows: tuple[Table1Row, ...]

    @property
    def misfit(self) -> float:
        """Root mean square over the rows of (simulated - printed)/printed standard deviation."""
        squares = [((r.simulated.mean - r.printed.mean) / r.printed.std) ** 2 for r in self.rows]
        return math.sqrt(sum(squares) / len(squares))

    @property
    def most_runs(self) -> float:
        """The largest number of the paper's runs that no row contradicts."""
        return min(row.most_runs for row in self.rows)

    @property
    def excluded(self) -> bool:
        """Whether no possible number of runs is compatible with the printed rows."""
        return self.most_runs < LEAST_RUNS

    def as_dict(self) -> dict[str, Any]:
        """JSON object: the convention, its fit and its rows."""
        return {
            "setting": self.setting.as_dict(),
            "convention": asdict(self.convention),
            "misfit": self.misfit,
            "most_runs": self.most_runs,
            "excluded": self.excluded,
            "rows": [
                {
                    "retain": row.printed.retain,
                    "printed": {"mean": row.printed.mean, "std": row.printed.std},
                    "simulated": asdict(row.simulated),
                    "predicted": row.predicted,
                    "z": row.z,
                    "most_runs": row.most_runs,
                }
                for row in self.rows
            ],
        }


@dataclass(frozen=True)
class Figure3aRow:
    """One estimator at one eta.  `slope` is d log(mean)/d log(eta) towards the next smaller eta.

    `trusted` says whether the law's `predicted` mean is to be trusted there.
    """

    estimator: str
    eta: float
    simulated: Mean
    predicted: float
    condition: bool
    slope: float | None
    trusted: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Flat JSON object, one line of the CSV."""
        return {
            "estimator": self.estimator,
            "eta": self.eta,
            **asdict(self.simulated),
            "predicted": self.predicted,
            "predicted_trusted": self.trusted,
            "sample_condition_holds": self.condition,
            "slope_to_next": self.slope,
        }


@dataclass(frozen=True)
class Figure3a:
    """Both curves of Figure 3a."""

    setting: Setting
    theta: float
    rows: tuple[Figure3aRow, ...]
    engine: str = "exact"

    def curve(self, estimator: str) -> tuple[Figure3aRow, ...]:
        """The rows of one estimator, largest eta first."""
        return tuple(row for row in self.rows if row.estimator == estimator)


@dataclass(frozen=True)
class Figure2b:
    """Oracle scores by class, shape (pairs of the class,), and the p-values against their exact laws.

    The p-values are of one-sample Kolmogorov-Smirnov tests.
    """

    setting: Setting
    clean: Array
    corrupted: Array
    p_clean: float
    p_corrupted: float

    def density(self, theta: Array, clean: bool) -> Array:
        """The exact variance-gamma density of a class, times the class's share of the pairs."""
        from bounds.law import score

        s = self.setting
        share = s.eta if clean else 1 - s.eta
        return np.asarray(share * np.exp(score.log_density(theta, s.r, s.gamma, s.gamma_tilde, clean)))


def errors_of(
    tasks: Sequence[Task], seed: int, jobs: int | None, report: Report | None = None, engine: str = "exact"
) -> list[Array]:
    """ERR of every replicate of every task, each (replicates,), by `engine`; the same bits for any `jobs`.

    Long draws that are too few to keep every worker busy are drawn by all workers together.
    `report(done, total)` hears of progress, in scored pairs.  Raises TooFewPairs if a filter kept
    fewer than two pairs, ExecutorLost if a worker died.
    """
    kind, count = ("serial", None) if jobs == 1 else ("processes", jobs)
    told = _Told(report, float(sum(_cost(task) * task.replicates for task in tasks)))
    with open_workers(kind, count, task=simulation.replicates) as workers:
        together = _worth_parts(tasks, workers.count, engine)
        found = {i: _in_parts(tasks[i], seed, engine, workers, told) for i in together}
        others = [i for i in range(len(tasks)) if i not in found]
        drawn = _by_replicates([tasks[i] for i in others], seed, engine, workers, told)
        found |= zip(others, drawn, strict=True)
    return [found[i] for i in range(len(tasks))]


class _Told:
    """What is done of the scored pairs, told to `report`."""

    def __init__(self, report: Report | None, total: float) -> None:
        self._report, self._total, self._done = report, total, 0.0

    def more(self, pairs: float) -> None:
        """So many pairs more are done."""
        self._done += pairs
        if self._report is not None:
            self._report(self._done, self._total)


def _by_replicates(
    tasks: Sequence[Task], seed: int, engine: str, workers: Workers, told: _Told
) -> list[Array]:
    """ERR of the replicates of each task, shared among the workers."""
    batches = [(i, batch) for i, task in enumerate(tasks) for batch in _batches(task)]
    weights = {(i, batch): _cost(tasks[i]) * len(batch) for i, batch in batches}
    results = [np.empty(task.replicates) for task in tasks]
    futures: dict[Future[Any], tuple[int, range]] = {}
    here = workers.count == 1 and isinstance(workers.executor, SerialExecutor)
    try:
        # Dear tasks first, so that none is left over at the end.
        for i, batch in sorted(batches, key=lambda b: -weights[b]):
            task = tasks[i]
            scales = simulation.engine_scales(task.setting, task.procedure)
            args = task.setting, task.procedure, engine, seed, batch, scales
            futures[workers.executor.submit(workers.task, *args)] = i, batch
            if here:
                told.more(weights[i, batch])
        for future in as_completed(futures):
            i, batch = futures[future]
            results[i][batch.start : batch.stop] = [_error(o) for o in future.result()]
            if not here:
                told.more(weights[i, batch])
    except BrokenExecutor as error:
        raise ExecutorLost("a worker process died; nothing was written") from error
    return results


def _worth_parts(tasks: Sequence[Task], workers: int, engine: str) -> list[int]:
    """The tasks with long draws, if too few of these are left to give each worker some of its own."""
    parts = {i: simulation.parts_of(t.setting, t.procedure, engine) for i, t in enumerate(tasks)}
    long = [i for i in parts if parts[i] > 1]
    if not long:
        return []
    whole_ones = sum(tasks[i].replicates for i in long)
    return long if filled(min(parts[i] for i in long), workers) > filled(whole_ones, workers) else []


def _in_parts(task: Task, seed: int, engine: str, workers: Workers, told: _Told) -> Array:
    """ERR of a task's replicates, one after another, each drawn by all workers."""
    scales = simulation.engine_scales(task.setting, task.procedure)
    parts = simulation.parts_of(task.setting, task.procedure, engine)
    spread = simulation.Spread(workers, parts, lambda share: told.more(share * _cost(task)))
    errors = []
    for i in range(task.replicates):
        arguments = task.setting, task.procedure, engine, seed, range(i, i + 1), scales
        errors += [_error(o) for o in simulation.replicates(*arguments, run=spread)]
        spread.finish()
    return np.array(errors)


def _error(outcome: simulation.Drawn) -> float:
    if isinstance(outcome, TooFewPairs):
        raise outcome
    return outcome.error


def _cost(task: Task) -> int:
    """Cost of a replicate in scored pairs; a fit costs about as much as scoring a thousand."""
    return task.procedure.sizes(task.setting.n)[1] * task.procedure.rounds + 1000


def _batches(task: Task) -> list[range]:
    size = max(1, PAIRS_PER_TASK // _cost(task))
    return [range(i, min(i + size, task.replicates)) for i in range(0, task.replicates, size)]


def paper_setting(n: int, eta: float) -> Setting:
    """Section 7: d = 10, d_tilde = 8, r = 4, gamma = gamma_tilde = 10^4."""
    return Setting(n, 10, 8, 4, eta, 1e4, 1e4)


def table_1(
    replicates: int = 500, seed: int = 0, jobs: int | None = 1, report: Report | None = None
) -> tuple[Table1, ...]:
    """Table 1 under every convention, the best fit to the printed means first.

    Raises InvalidArgument on fewer than 2 replicates.
    """
    replicates = whole("replicates", replicates, 2)
    setting = paper_setting(10_000, 0.3)
    tasks = [
        Task(setting, _table_1_procedure(convention, printed), replicates)
        for convention in CONVENTIONS
        for printed in TABLE_1
    ]
    drawn = errors_of(tasks, seed, jobs, report)
    rows = [
        _table_1_row(TABLE_1[i % len(TABLE_1)], task, errors)
        for i, (task, errors) in enumerate(zip(tasks, drawn, strict=True))
    ]
    tables = [
        Table1(setting, convention, tuple(rows[i * len(TABLE_1) : (i + 1) * len(TABLE_1)]))
        for i, convention in enumerate(CONVENTIONS)
    ]
    return tuple(sorted(tables, key=lambda table: table.misfit))


def _table_1_procedure(convention: Convention, printed: TableRow) -> Procedure:
    return Procedure(
        "teacher-filtered",
        retain=printed.retain,
        teacher_n=convention.teacher_n,
        student_n=convention.student_n,
    )


def _table_1_row(printed: TableRow, task: Task, errors: Array) -> Table1Row:
    from scipy import stats

    ours = Mean.of(errors)
    difference = ours.mean - printed.mean
    critical = float(stats.norm.isf(FAMILY_LEVEL / (2 * len(TABLE_1))))
    # |difference| <= critical * sqrt(standard_error^2 + std^2/runs), solved for the runs.
    unexplained = (difference / critical) ** 2 - ours.standard_error**2
    return Table1Row(
        printed=printed,
        simulated=ours,
        predicted=predict_procedure(task.setting, task.procedure).mean,
        z=difference / math.sqrt(ours.standard_error**2 + printed.std**2 / LEAST_RUNS),
        most_runs=printed.std**2 / unexplained if unexplained > 0 else math.inf,
    )


def figure_3a(
    replicates: int = 10,
    seed: int = 0,
    jobs: int | None = 1,
    report: Report | None = None,
    n: int = 10**7,
    etas: Sequence[float] = tuple(np.geomspace(1.0, 1e-3, 10).tolist()),
    theta: float = 0.0,
    engine: str = "exact",
) -> Figure3a:
    """Figure 3a: unfiltered on n pairs and Algorithm 1 with its halves, at theta = 0.

    The limit engine draws any n at one cost.  Raises InvalidArgument on fewer than 2 replicates.
    """
    replicates = whole("replicates", replicates, 2)
    simulation.load_engine(engine)
    procedures = Procedure(), Procedure("teacher-filtered", theta=theta)
    ordered = sorted((float(eta) for eta in etas), reverse=True)
    tasks = [Task(paper_setting(n, eta), p, replicates) for p in procedures for eta in ordered]
    means = [Mean.of(errors) for errors in errors_of(tasks, seed, jobs, report, engine)]
    rows = []
    for i, (task, mean) in enumerate(zip(tasks, means, strict=True)):
        following = i + 1 if (i + 1) % len(ordered) else None
        slope = None
        if following is not None:
            ratio = tasks[following].setting.eta / task.setting.eta
            slope = math.log(means[following].mean / mean.mean) / math.log(ratio)
        law = predict_procedure(task.setting, task.procedure)
        rows.append(
            Figure3aRow(
                estimator=task.procedure.estimator,
                eta=task.setting.eta,
                simulated=mean,
                predicted=law.mean,
                condition=sample_condition(task.setting),
                slope=slope,
                trusted=law.trusted,
            )
        )
    return Figure3a(paper_setting(n, ordered[0]), theta, tuple(rows), engine)


WEB_PAIRS = 12_800_000_000
"""Pairs of the largest public pool of images and captions."""


def web_scale(
    replicates: int = 10,
    seed: int = 0,
    jobs: int | None = 1,
    report: Report | None = None,
    n: int = WEB_PAIRS,
) -> Figure3a:
    """Figure 3a at web scale, eta from 1 to 1e-5: all three regimes of the filter, by the limit engine."""
    etas = tuple(np.geomspace(1.0, 1e-5, 16).tolist())
    return figure_3a(replicates, seed, jobs, report, n, etas, engine="limit")


def sample_condition(setting: Setting) -> bool:
    """Whether n eta^2 >= max(d, d_tilde)(1 + 1/gamma)(1 + 1/gamma_tilde) (Corollary 1, Theorem 1)."""
    noise = (1 + 1 / setting.gamma) * (1 + 1 / setting.gamma_tilde)
    return setting.n * setting.eta**2 >= max(setting.d, setting.d_tilde) * noise


def figure_2b(seed: int = 0, n: int = 50_000, eta: float = 0.5) -> Figure2b:
    """Figure 2b: oracle scores of n pairs at r = 16, gamma = gamma_tilde = 10^4.

    The score depends on the r projected coordinates alone, so d = d_tilde = r.  The paper's text does
    not give eta.  Raises InvalidArgument unless both classes get a pair.
    """
    from scipy import stats

    from bounds.law import score
    from verification.engines import direct

    if not 0 < real("eta", eta, "must lie in (0, 1)") < 1:
        raise InvalidArgument("eta", eta, "must lie in (0, 1)")
    setting = Setting(n, 16, 16, 16, eta, 1e4, 1e4)
    basis = np.eye(16)
    rng = seeds.generator(seed, f"{setting.key}|oracle scores", 0)
    x, y, clean = direct.pairs(setting, setting.n, basis, basis, rng)
    values = scores(x, y, basis, np.ones(16), basis)
    if clean.all() or not clean.any():
        raise InvalidArgument("eta", eta, "must give both classes a pair at this n")

    def p_value(of_class: bool) -> float:
        sample = values[clean == of_class]
        law = (setting.r, setting.gamma, setting.gamma_tilde, of_class)
        return float(stats.kstest(sample, lambda s: -np.expm1(score.log_tail(s, *law))).pvalue)

    return Figure2b(setting, values[clean], values[~clean], p_value(True), p_value(False))
