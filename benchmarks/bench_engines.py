"""Cost of the engines: `make bench`.  Each benchmark says in `extra_info` what its row shows.

Times are processor time (--benchmark-timer=time.process_time): what else runs on the machine matters less.
"""

import subprocess
import sys
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from verification.engines import direct, exact, limit, seeds
from verification.engines.kept_pairs import BLOCK_NORMALS
from verification.setting import Procedure, Setting

ENGINES = {"direct": direct, "exact": exact}
PAPER = {"d": 10, "d_tilde": 8, "r": 4, "eta": 0.3, "gamma": 1e4, "gamma_tilde": 1e4}
FILTERED = Procedure("teacher-filtered", theta=0.0)


@pytest.fixture(autouse=True)
def one_thread():
    with threadpool_limits(limits=1, user_api="blas"):
        yield


def generator(replicate=0):
    return seeds.generator(1, "benchmark", replicate)


@pytest.mark.parametrize("n", [10**3, 10**6, 10**9, 10**12, 10**15])
def test_unfiltered_single(benchmark, n):
    setting = Setting(n, **PAPER)
    benchmark.extra_info.update(table="unfiltered", n=n, draws=1)
    benchmark.pedantic(
        lambda rng: exact.draw(setting, Procedure(), rng),
        setup=lambda: ((generator(),), {}),
        rounds=600,
        warmup_rounds=20,
    )


@pytest.mark.parametrize("n", [10**3, 10**6, 10**9, 10**12, 10**15])
def test_unfiltered_batch(benchmark, n):
    setting, draws = Setting(n, **PAPER), 1000
    benchmark.extra_info.update(table="unfiltered", n=n, draws=draws)
    benchmark.pedantic(
        lambda rngs: exact.draw_many(setting, Procedure(), rngs),
        setup=lambda: (([generator(i) for i in range(draws)],), {}),
        rounds=12,
        warmup_rounds=2,
    )


SIDE_BY_SIDE = [
    (10**4, 10, 8, 4),
    (10**6, 10, 8, 4),
    (10**6, 64, 64, 4),
    (10**6, 64, 64, 16),
    (10**5, 256, 256, 16),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("procedure", [Procedure(), FILTERED], ids=["unfiltered", "filtered"])
@pytest.mark.parametrize("shape", SIDE_BY_SIDE, ids=lambda shape: "n={},d={},d_tilde={},r={}".format(*shape))
def test_side_by_side(benchmark, engine, procedure, shape):
    n, d, d_tilde, r = shape
    setting = Setting(n, d, d_tilde, r, 0.3, 1e4, 1e4)
    benchmark.extra_info.update(
        table="side by side", engine=engine, estimator=procedure.estimator, n=n, d=d, d_tilde=d_tilde, r=r
    )
    work = n * (d + d_tilde + 2 * r)
    benchmark.pedantic(
        lambda rng: ENGINES[engine].draw(setting, procedure, rng),
        setup=lambda: ((generator(),), {}),
        rounds=2 if engine == "direct" and work > 10**7 else 8,
        warmup_rounds=0 if engine == "direct" else 1,
    )


def floor(pairs, r):
    """Seconds to draw 2r standard normals for each of `pairs` pairs and do nothing with them.

    By NumPy's default generator: what a simulation in NumPy pays at least that does not think of another.
    """
    rng, block = np.random.default_rng(1), BLOCK_NORMALS // (2 * r)
    buffer = np.empty((block, 2 * r))
    start = time.process_time()
    for first in range(0, pairs, block):
        rng.standard_normal(out=buffer[: min(block, pairs - first)])
    return time.process_time() - start


def against_floor(benchmark, setting, procedure, rounds, **row):
    """Times draws and floors in turn, so that both meet the same machine; the row holds the best of each."""
    pairs = procedure.sizes(setting.n)[1]
    floors = []

    def setup():
        floors.append(floor(pairs, setting.r))
        return (generator(),), {}

    benchmark.pedantic(
        lambda rng: exact.draw(setting, procedure, rng), setup=setup, rounds=rounds, warmup_rounds=0
    )
    benchmark.extra_info.update(
        pairs=pairs, r=setting.r, eta=setting.eta, d=setting.d, floor=min(floors), **row
    )


FILTERS = {
    "theta = 0": lambda r: {"theta": 0.0},
    "theta = r/2": lambda r: {"theta": r / 2},
    "theta = -r": lambda r: {"theta": -float(r)},
    "keep 10 %": lambda r: {"retain": 0.1},
    "keep 60 %": lambda r: {"retain": 0.6},
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("eta", [1.0, 0.3, 0.01])
@pytest.mark.parametrize("r", [2, 4, 8, 16])
def test_scored_pair(benchmark, r, eta, name):
    setting = Setting(4, 2 * r + 2, 2 * r, r, eta, 1e4, 1e4)
    procedure = Procedure("teacher-filtered", teacher_n=10**6, student_n=10**6, **FILTERS[name](r))
    against_floor(benchmark, setting, procedure, 4, table="scored pair", filter=name)


@pytest.mark.parametrize("eta", [1.0, 0.3, 0.01])
def test_ten_million_pairs(benchmark, eta):
    setting = Setting(4, **{**PAPER, "eta": eta})
    procedure = Procedure("teacher-filtered", teacher_n=10**7, student_n=10**7, theta=0.0)
    against_floor(benchmark, setting, procedure, 4, table="ten million", filter="theta = 0")


@pytest.mark.parametrize("d", [8, 16, 32, 64, 128, 256])
def test_dimension(benchmark, d):
    setting = Setting(4, d, d, 4, 0.3, 1e4, 1e4)
    procedure = Procedure("teacher-filtered", teacher_n=10**7, student_n=10**7, theta=0.0)
    against_floor(benchmark, setting, procedure, 2, table="dimension")


@pytest.mark.parametrize("n", [10**6, 10**9, 10**12, 10**15])
@pytest.mark.parametrize("name", ["theta = 0", "theta = r/2", "keep 10 %"])
@pytest.mark.parametrize("r", [4, 16])
def test_limit(benchmark, r, name, n):
    setting = Setting(n, 2 * r + 2, 2 * r, r, 0.3, 1e4, 1e4)
    procedure = Procedure("teacher-filtered", **FILTERS[name](r))
    benchmark.extra_info.update(table="limit", filter=name, r=r, n=n)
    benchmark.pedantic(
        lambda rng: limit.draw(setting, procedure, rng, (setting.eta,)),
        setup=lambda: ((generator(),), {}),
        rounds=40,
        warmup_rounds=2,
    )


# The kernel's high-water mark of this program's own memory.  getrusage's maximum would not do on Linux:
# it carries over from the process that started this one.
MEMORY = """
from pathlib import Path
from verification import seeds
from verification.engines import {engine}
from verification.setting import Procedure, Setting

def peak():
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])

{engine}.draw(Setting(100, 10, 8, 4, 0.3, 1e4, 1e4), Procedure("teacher-filtered", theta=0.0),
              seeds.generator(1, "warm", 0))
before = peak()
{engine}.draw(Setting({n}, 10, 8, 4, 0.3, 1e4, 1e4), {procedure}, seeds.generator(1, "memory", 0))
print(before, peak())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the high-water mark from /proc")
@pytest.mark.parametrize("how", [{"theta": 0.0}, {"retain": 0.5}], ids=["theta", "retain"])
@pytest.mark.parametrize("engine", ENGINES)
def test_memory(benchmark, engine, how):
    n, procedure = 10**7, Procedure("teacher-filtered", **how)
    code = MEMORY.format(engine=engine, n=n, procedure=procedure)

    def measure():
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        before, peak = map(int, run.stdout.split())
        benchmark.extra_info.update(libraries=before, peak=peak)

    benchmark.extra_info.update(
        table="memory", engine=engine, n=n, filter="theta = 0" if "theta" in how else "keep 50 %"
    )
    benchmark.pedantic(measure, rounds=1)
