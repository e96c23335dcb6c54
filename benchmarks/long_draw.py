"""One long draw of the exact engine on one worker and on several.

python benchmarks/long_draw.py [PAIRS WORKERS]

Processor time measures what sharing costs where other programs take the processors too: with the same
number of parts for each, workers that have a processor each end after (their time)/workers + (the driver's).
"""

from __future__ import annotations

import resource
import sys
import time

from verification.setting import Procedure, Setting
from verification.simulation import parts_of, simulate


def processor_seconds(whose: int) -> float:
    usage = resource.getrusage(whose)
    return usage.ru_utime + usage.ru_stime


def measured(setting: Setting, jobs: int) -> tuple[object, float, float, float]:
    """(the draw, wall time, the driver's processor time, the workers')."""
    before = [processor_seconds(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    start = time.perf_counter()
    found = simulate(setting, "teacher-filtered", theta=0.0, jobs=jobs)
    wall = time.perf_counter() - start
    driver, workers = (
        processor_seconds(whose) - t
        for whose, t in zip((resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN), before, strict=True)
    )
    return found.draws, wall, driver, workers


def main(arguments: list[str]) -> None:
    pairs, jobs = [*(int(float(x)) for x in arguments), *(10**9, 2)[len(arguments) :]]
    setting = Setting(pairs, 10, 8, 4, 0.3, 1e4, 1e4)
    parts = parts_of(setting, Procedure("teacher-filtered", theta=0.0), "exact")
    one, wall, alone, _ = measured(setting, 1)
    print(f"n = {pairs:.3g}, {parts} parts; one worker: {wall:.1f} s, processor {alone:.1f} s", flush=True)
    many, wall_many, driver, workers = measured(setting, jobs)
    ends = driver + workers / jobs
    print(f"{jobs} workers: {wall_many:.1f} s, processor {workers:.1f} s and the driver's {driver:.1f} s")
    print(f"same bits: {one == many}; efficiency in processor time {alone / (jobs * ends):.3f}, ", end="")
    print(f"in wall time {wall / (jobs * wall_many):.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
