import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from verification.errors import StoreError
from verification.replication.store import Store

GRID = """
seed = 4
replicates = 30
[setting]
n = 60_000
d = 12
r = 3
eta = { linear = [0.2, 1.0], count = 8 }
gamma = [1.0, 10.0]
[[procedure]]
estimator = "unfiltered"
[[procedure]]
estimator = "teacher-filtered"
theta = 1
"""


def kills(folder: Path, count: int) -> dict[str, object]:
    """The result of `kill_sweeps.py`."""
    script = Path(__file__).parents[2] / "kill_sweeps.py"
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.getcwd()}
    command = [sys.executable, str(script), str(folder), str(count), "1"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_dozen_kills_lose_nothing(tmp_path):
    """Drivers and workers killed at random moments: what was reported is there, resumed content is whole."""
    result = kills(tmp_path, 12)
    assert sum(result["kills"].values()) == 12


@pytest.mark.slow
def test_two_hundred_kills_lose_nothing(tmp_path):
    """The same for 200 kills, of which some came in the middle of a sweep, to drivers and to workers."""
    result = kills(tmp_path, 200)
    assert sum(result["kills"].values()) == 200
    assert result["partial"] > 10
    assert result["sweeps"] >= 1
    assert result["kills"]["driver"] > 20
    assert result["kills"]["worker and driver"] > 20


class Sweep:
    """A `filtergain sweep` in its own process, slow enough to be disturbed."""

    def __init__(self, folder: Path, text: str = GRID, engine: str = "direct") -> None:
        folder.mkdir(exist_ok=True)
        self.grid = folder / "grid.toml"
        self.store = folder / "rows.db"
        self.grid.write_text(f'engine = "{engine}"\n' + text)
        command = [sys.executable, "-c", "from verification.cli import main; main()", "sweep", str(self.grid)]
        command += ["--store", str(self.store), "--jobs", "2", "--json"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def stored(self) -> int:
        """Rows in the store now."""
        try:
            with Store.read(self.store) as store:
                return store.count()
        except StoreError:
            return 0

    def wait_for_rows(self, count: int = 1) -> int:
        """Wait until some rows are stored; how many."""
        until = time.monotonic() + 60
        while (found := self.stored()) < count:
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < until
            time.sleep(0.02)
        return found

    def end(self) -> tuple[int, str, str]:
        """(exit status, standard output, standard error)."""
        out, err = self.process.communicate(timeout=120)
        return self.process.returncode, out, err

    def interrupt(self) -> None:
        """Ctrl-C: the signal goes to the driver and its workers, as at a terminal."""
        os.killpg(self.process.pid, signal.SIGINT)


def test_ctrl_c_once_stores_what_runs(tmp_path):
    """One Ctrl-C: no traceback, exit 130, the rows reported in the summary are in the store."""
    run = Sweep(tmp_path)
    before = run.wait_for_rows()
    run.interrupt()
    status, out, err = run.end()
    assert status == 130
    summary = json.loads(out)
    assert summary["stopped"]
    assert before <= summary["stored"] == run.stored() < summary["rows"]
    assert "stopping" in err
    assert "resume with the same command" in err
    assert "Traceback" not in err


def test_ctrl_c_twice_stops_at_once(tmp_path):
    """Two Ctrl-C: exit 130 without waiting for the running tasks, and what was stored is intact."""
    # One replicate of this takes many seconds: it is not waited for.
    slow = GRID.replace("n = 60_000", "n = 4e9").replace("theta = 1", "theta = 2")
    quick = GRID.replace("replicates = 30", "replicates = 2")
    run = Sweep(tmp_path / "quick", quick, "exact")
    assert run.end()[0] == 0
    stored = run.stored()
    again = Sweep(tmp_path / "quick", slow)
    until = time.monotonic() + 60
    while len(psutil.Process(again.process.pid).children()) < 3:  # two workers and a resource tracker
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(1.0)
    workers = psutil.Process(again.process.pid).children()
    again.interrupt()
    time.sleep(0.5)
    begin = time.monotonic()
    again.interrupt()
    status, out, err = again.end()
    assert (status, out) == (130, "")
    assert time.monotonic() - begin < 15
    assert "Traceback" not in err
    assert "interrupted" in err
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]
    with Store(run.store) as store:
        assert (store.count(), store.integrity()) == (stored, "ok")


def test_a_store_deleted_under_a_sweep_is_one_line(tmp_path):
    """The sweep ends with exit 2 and says where the rows were saved."""
    run = Sweep(tmp_path)
    before = run.wait_for_rows()
    run.store.unlink()
    status, _, err = run.end()
    assert status == 2
    assert "was deleted or replaced during the run" in err
    assert "Traceback" not in err
    (saved,) = tmp_path.glob("rows.rescued-*.db")
    with Store.read(saved) as store:
        assert store.count() >= before


def test_a_second_sweep_on_the_same_store_is_refused(tmp_path):
    """The second run names the first one's process; the first goes on undisturbed."""
    run = Sweep(tmp_path)
    run.wait_for_rows()
    status, _, err = Sweep(tmp_path).end()
    assert status == 2
    assert f"is being written by process {run.process.pid} on" in err
    run.process.terminate()  # SIGTERM is a request to finish, as from a batch system
    status, out, _ = run.end()
    assert status == 130
    assert json.loads(out)["stored"] == run.stored()


INTERRUPTED = """import signal

import sympy as sp
from bounds.proof import enclose
from bounds.claim import Certificate, Claim, Measured, Path, Relation, Tail, Verdict
from bounds.symbols import delta, n

# A parent that ignores the signal, such as a shell in the background, hands that down.
signal.signal(signal.SIGINT, signal.default_int_handler)

def value(values, rng):
    return abs(rng.standard_normal(int(values["n"])).mean())

def prove(claim, bits):
    def integrand(x, analytic):
        signal.raise_signal(signal.SIGINT)  # Ctrl-C while a certificate integrates
        return x.exp()
    enclose.integrate(integrand, 0, 1)

QUANTITIES = {"value": value}
CLAIMS = (
    Claim(
        id="own", title="t", source="s", statement="w", relation=Relation.UPPER, bound=1 / sp.sqrt(n * delta),
        expected=Verdict.SUPPORTED, note="a.md#b",
        checks=(
            Tail(Measured(quantity="value"), (Path(n, (4, 64), ((delta, 0.05),)),)),
            Certificate(prove),
        ),
    ),
)
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_in_a_certificate_is_no_traceback(tmp_path, jobs):
    """Exit status 130 whatever the number of workers: no other error in place of it."""
    (tmp_path / "own.py").write_text(INTERRUPTED)
    command = [sys.executable, "-c", "from verification.cli import main; main()", "verify"]
    command += ["--module", str(tmp_path / "own.py"), "--jobs", str(jobs)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (130, "")
    assert "Traceback" not in done.stderr
    assert "SystemError" not in done.stderr
