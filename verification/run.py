"""The wiring: claims -> designs -> draws -> evidence -> verdicts."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from multiprocessing import get_context

import numpy as np

from bounds.claim import Claim
from verification import design, judges, mutants, quantities
from verification.design import PROFILES, Plan
from verification.errors import InvalidArgument
from verification.estimate import Array
from verification.inference import Evidence
from verification.ledger import Ledger
from verification.quantities import Cell
from verification.setting import real, whole
from verification.verdict import ClaimVerdict, MutantResult, Verdicts, conditions, decide

DEFAULT_ALPHA = 1e-6
"""False-alarm probability of a whole run."""

Progress = Callable[[float, float, str], None]
"""Called with (seconds of work done, seconds in all, what is going on); both are estimates."""


def verify(
    claims: Sequence[Claim] | None = None,
    *,
    profile: str = "quick",
    alpha: float = DEFAULT_ALPHA,
    seed: int = 0,
    jobs: int | None = None,
    module: str | None = None,
    with_mutants: bool = True,
    on_progress: Progress | None = None,
) -> Verdicts:
    """Judge claims (all of the register by default) and return their verdicts.

    `module` is a Python file that defines further `QUANTITIES` for claims of one's own.  The
    result depends on the claims, profile, alpha and seed, never on `jobs`.  Raises InvalidArgument
    and UnderpoweredDesign before anything is drawn.
    """
    started = time.monotonic()
    if claims is None:
        from bounds import claims as register

        claims = list(register.values())
    chosen = _profile(profile)
    alpha = real("alpha", alpha, "must lie in (0, 1)")
    if not 0 < alpha < 1:
        raise InvalidArgument("alpha", alpha, "must lie in (0, 1)")
    seed = whole("seed", seed, 0, 2**63 - 1)
    jobs = whole("jobs", jobs if jobs is not None else os.cpu_count() or 1, 1, 4096)

    if module is not None:
        quantities.load_module(module)
    named = design.checks(claims)
    ledger = Ledger(alpha, {name: 1.0 for name, _, _ in named}).seal()
    plans = {
        name: design.plan(name, claim, check, ledger.share(name), chosen, module, seed)
        for name, claim, check in named
    }
    found_mutants = {c.id: mutants.mutants(c) if with_mutants else () for c in claims}
    samples = _Samples(seed, jobs, on_progress)
    evidence, wrong = _judge_all(plans, found_mutants, samples, seed, chosen, module)
    verdicts = {c.id: decide([e for n, e in evidence.items() if plans[n].claim.id == c.id]) for c in claims}
    doubts = conditions(claims, verdicts)
    items = tuple(
        ClaimVerdict(
            claim=c,
            verdict=verdicts[c.id],
            evidence=tuple(e for n, e in evidence.items() if plans[n].claim.id == c.id),
            mutants=tuple(
                MutantResult(m.id, wrong[m.id], m.reason) for m in found_mutants[c.id] if not m.implied
            ),
            implied=tuple(m.id for m in found_mutants[c.id] if m.implied),
            conditional_on=doubts[c.id],
            repeat=f"filtergain verify {c.id} --profile {profile} --seed {seed}",
        )
        for c in claims
    )
    return Verdicts(
        items=items,
        profile=profile,
        alpha=alpha,
        seed=seed,
        ledger=ledger.as_dict(),
        versions=versions(),
        seconds=time.monotonic() - started,
    )


def _profile(name: str) -> design.Profile:
    if name not in PROFILES:
        raise InvalidArgument("profile", name, f"must be one of {', '.join(PROFILES)}")
    return PROFILES[name]


def versions() -> dict[str, str]:
    """Versions that the numbers depend on."""
    packages = ("filtergain", "numpy", "scipy", "sympy", "mpmath", "python-flint")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def _judge_all(
    plans: Mapping[str, Plan],
    found_mutants: Mapping[str, Sequence[mutants.Mutant]],
    samples: _Samples,
    seed: int,
    profile: design.Profile,
    module: str | None,
) -> tuple[dict[str, Evidence], dict[str, bool]]:
    """Evidence of every check, and for every mutant whether some check refuted it.

    Sequential checks start with the fewest replicates that can pass; those (and mutants) left
    undecided get the rest of theirs.
    """
    samples.need({cell: plan.first_look for plan in plans.values() for cell in plan.cells}, plans.values())
    evidence = {name: judges.judge(plan, samples, seed) for name, plan in plans.items()}
    undecided = [plans[name] for name, e in evidence.items() if e.outcome == "undecided"]
    samples.need({cell: plan.replicates for plan in undecided for cell in plan.cells}, undecided)
    for plan in undecided:
        evidence[plan.name] = judges.judge(plan, samples, seed)
    wrong = {
        mutant.id: _refuted(mutant, plans.values(), samples, seed, profile, module)
        for group in found_mutants.values()
        for mutant in group
        if not mutant.implied
    }
    return evidence, wrong


def _refuted(
    mutant: mutants.Mutant,
    plans: Collection[Plan],
    samples: _Samples,
    seed: int,
    profile: design.Profile,
    module: str | None,
) -> bool:
    """Whether some check of the mutant fails on the draws made for its original.

    A mutant that looks outside the claim's conditions is designed and drawn for on its own, at the
    share that the original's first check has.
    """
    own = [plan for plan in plans if plan.claim.id == mutant.original]
    if mutant.outside:
        planned = [
            design.plan(f"{mutant.id}/{i}", mutant.claim, check, own[0].alpha, profile, module, seed)
            for i, check in enumerate(mutant.claim.checks)
        ]
    else:
        pairs = zip(own, mutant.claim.checks, strict=True)
        planned = [replace(plan, claim=mutant.claim, check=check) for plan, check in pairs]
    for plan in planned:
        samples.need(dict.fromkeys(plan.cells, plan.first_look), [plan])
        found = judges.judge(plan, samples, seed)
        if found.outcome == "undecided" and plan.replicates > plan.first_look:
            samples.need(dict.fromkeys(plan.cells, plan.replicates), [plan])
            found = judges.judge(plan, samples, seed)
        if found.outcome == "fails":
            return True
    return False


@dataclass
class _Samples:
    """Values drawn so far, by cell; callable as judges want it.  Draws more with `need`."""

    seed: int
    jobs: int
    on_progress: Progress | None
    drawn: dict[Cell, Array] = field(default_factory=dict)

    def __call__(self, cell: Cell) -> Array:
        return self.drawn[cell]

    def need(self, counts: Mapping[Cell, int], plans: Collection[Plan]) -> None:
        """Draw until every cell has at least so many replicates, by cell and index."""
        wanted: dict[Cell, int] = {}
        for plan in plans:
            for cell in plan.cells:
                wanted[cell] = max(wanted.get(cell, 0), counts.get(cell, 0))
        batches = [
            (cell, range(start, min(start + _batch(cell), count)))
            for cell, count in wanted.items()
            for start in range(len(self.drawn.get(cell, ())), count, _batch(cell))
        ]
        # Dear batches first, so that no worker is left with one at the end.
        batches.sort(key=lambda b: -_seconds(b[0]) * len(b[1]))
        results: dict[tuple[Cell, int], Array] = {}
        total = sum(_seconds(cell) * len(indices) for cell, indices in batches)
        done = 0.0
        for (cell, indices), values in _drawn(batches, self.seed, self.jobs):
            results[cell, indices.start] = values
            done += _seconds(cell) * len(indices)
            if self.on_progress is not None:
                self.on_progress(done, total, "drawing")
        for cell in {cell for cell, _ in results}:
            starts = sorted(start for other, start in results if other == cell)
            parts = [results[cell, start] for start in starts]
            self.drawn[cell] = np.concatenate([self.drawn.get(cell, np.empty(0)), *parts])


def _seconds(cell: Cell) -> float:
    """Rough cost of one replicate on one core, for ordering, batching and the progress bar."""
    values = dict(cell.values)
    size = float(values.get("d", 8) + values.get("d_tilde", 8))
    return 1e-4 + 2e-9 * size**3 + 1.5e-8 * cell.pairs * float(values.get("r", 1) + 1)


def _batch(cell: Cell) -> int:
    """Replicates drawn in one task: about half a second of work."""
    return max(1, min(5000, int(0.5 / _seconds(cell))))


def _drawn(
    batches: Sequence[tuple[Cell, range]], seed: int, jobs: int
) -> Iterator[tuple[tuple[Cell, range], Array]]:
    """Each batch with its values, as they are finished."""
    cost = sum(_seconds(cell) * len(indices) for cell, indices in batches)
    if jobs == 1 or cost < 1.0:  # starting workers takes longer
        for cell, indices in batches:
            yield (cell, indices), quantities.draw(cell, seed, indices)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting: dict[Future[Array], tuple[Cell, range]] = {
            pool.submit(quantities.draw, cell, seed, indices): (cell, indices) for cell, indices in batches
        }
        try:
            while waiting:
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    yield waiting.pop(future), future.result()
        finally:
            for future in waiting:
                future.cancel()
