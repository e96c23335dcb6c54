import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from verification import Setting, simulate, simulation
from verification.engines import parts
from verification.errors import InvalidArgument
from verification.setting import Procedure
from verification.simulation import engine_scales, load_engine, parts_of

SETTING = Setting(2000, 6, 5, 2, 0.4, 2.0, 5.0)


@pytest.mark.parametrize("engine", ["exact", "direct"])
@pytest.mark.parametrize(
    "how",
    [{}, {"estimator": "oracle-filtered", "theta": 0}, {"estimator": "teacher-filtered", "retain": 0.4}],
)
def test_results_do_not_depend_on_the_number_of_workers(engine, how):
    """One worker and two give the same bits, in the same order."""
    one, two = (simulate(SETTING, engine=engine, replicates=9, seed=5, jobs=j, **how) for j in (1, 2))
    assert one == two
    assert len(one.errors) == 9


def test_more_replicates_extend_the_same_sequence():
    """Replicate k is the same whatever the number of replicates."""
    few, many = (simulate(SETTING, replicates=k, seed=1).errors for k in (3, 11))
    np.testing.assert_array_equal(few, many[:3])


def test_replicates_without_an_estimate_are_rows_of_their_own():
    """A filter that keeps nothing leaves null errors and a message, never a NaN."""
    result = simulate(SETTING, "oracle-filtered", theta=1e5, replicates=3)
    document = result.as_dict()
    assert document["errors"] == [None, None, None]
    assert document["mean"] is None
    assert [f["replicate"] for f in document["failures"]] == [0, 1, 2]
    assert "keeps 0 of 1000" in document["failures"][0]["message"]
    json.dumps(document, allow_nan=False)


def test_the_documented_keys_are_there():
    """The JSON object holds what the interface promises."""
    document = simulate(SETTING, "teacher-filtered", retain=0.5, replicates=2).as_dict()
    assert {"setting", "estimator", "engine", "seed", "errors", "mean", "std", "retained"} <= document.keys()
    assert document["retained"] == [0.5, 0.5]
    assert document["std"] == pytest.approx(np.std(document["errors"], ddof=1))


def test_progress_is_told_in_replicates():
    """The callback's numbers add up to the replicates."""
    told = []
    simulate(SETTING, replicates=13, on_progress=told.append)
    assert sum(told) == 13


def test_rounds_at_a_fixed_theta_use_the_limits_of_later_teachers():
    """Round k > 1 scores with a matrix that tends to c(theta) U U~^T, not to eta."""
    scales = engine_scales(SETTING, Procedure("teacher-filtered", theta=1.0, rounds=3))
    assert scales[0] == SETTING.eta
    assert len(scales) == 3
    assert scales[1] == scales[2] > SETTING.eta
    assert engine_scales(SETTING, Procedure()) == ()
    drawn = simulate(SETTING, "teacher-filtered", theta=1.0, rounds=3, replicates=2)
    assert all(0 < e < math.sqrt(2) for e in drawn.errors)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"engine": "fast"}, "engine"), ({"replicates": 0}, "replicates"),
        ({"replicates": 1.5}, "replicates"),
        ({"jobs": 0}, "jobs"), ({"seed": -3}, "seed"), ({"rotate": True}, "rotate"),
        ({"estimator": "teacher-filtered", "theta": 0, "rounds": 1500}, "teacher_n"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(arguments, named):
    """Every argument is checked before anything is drawn."""
    with pytest.raises(InvalidArgument, match=rf"^{named}"):
        simulate(SETTING, **arguments)


def test_rotating_the_bases_changes_the_draws_and_not_the_engine():
    """The direct engine can use random bases; the exact one has no need."""
    plain, rotated = (simulate(SETTING, engine="direct", replicates=2, rotate=r) for r in (False, True))
    assert not np.array_equal(plain.errors, rotated.errors)
    assert load_engine("direct").__name__.endswith("direct")


LONG = Setting(200_000, 7, 6, 2, 0.4, 2.0, 5.0)


@pytest.mark.parametrize("how", [{"theta": 0.0}, {"retain": 0.3, "rounds": 2}], ids=["theta", "retain"])
def test_a_long_draw_has_the_same_bits_on_any_number_of_workers(how, monkeypatch):
    """One, two and three workers share the parts of a draw and give the same bits; progress adds up."""
    monkeypatch.setattr(parts, "PART_BLOCKS", 1)
    procedure = Procedure("teacher-filtered", **how)
    assert parts_of(LONG, procedure, "exact") >= 6
    assert parts_of(LONG, procedure, "limit") == 1
    drawn, told = [], []
    for jobs in (1, 2, 3):
        shares = []
        drawn.append(simulate(LONG, "teacher-filtered", seed=2, jobs=jobs, on_progress=shares.append, **how))
        told.append(shares)
    assert drawn[0] == drawn[1] == drawn[2]
    for shares in told:
        assert sum(shares) == pytest.approx(1)
        assert len(shares) == parts_of(LONG, procedure, "exact")


def test_a_long_draw_is_the_same_among_others(monkeypatch):
    """Whether workers share replicates or parts, a replicate has the same bits."""
    monkeypatch.setattr(parts, "PART_BLOCKS", 1)
    by_parts = simulate(LONG, "oracle-filtered", theta=0.0, replicates=3, jobs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "filled", lambda items, workers: items == 3)
        by_replicates = simulate(LONG, "oracle-filtered", theta=0.0, replicates=3, jobs=1)
    assert by_parts == by_replicates


@pytest.mark.slow
def test_a_long_draw_has_the_same_bits_on_dask(monkeypatch):
    """Two dask workers share the parts of a draw, or replicates."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(parts, "PART_BLOCKS", 1)
    script = Path(__file__).parents[1] / "dask_cluster.py"
    command = [sys.executable, "-W", "ignore", str(script)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as cluster:
        assert cluster.stdout is not None
        address, *_ = cluster.stdout.readline().split()
        far = simulate(LONG, "oracle-filtered", theta=0.0, executor="dask", scheduler=address)
        many = simulate(SETTING, executor="dask", scheduler=address, replicates=8)
        cluster.communicate("end\n", timeout=60)
    assert far == simulate(LONG, "oracle-filtered", theta=0.0)
    assert many == simulate(SETTING, replicates=8)
