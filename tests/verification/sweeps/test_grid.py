import itertools
import math
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verification.errors import InvalidArgument
from verification.replication import cost
from verification.setting import Procedure, Setting
from verification.sweeps import grid

MINIMAL = {"setting": {"n": 1000, "d": 6, "r": 2, "eta": 0.5, "gamma": 1.0}}

TOML = """
seed = 3
replicates = 4
[setting]
n = { log = [1e3, 1e5], count = 3 }
d = [6, 8]
d_tilde = 5
r = 2
eta = { linear = [0.25, 1.0], count = 4 }
gamma = [1, inf]
[[procedure]]
estimator = "unfiltered"
[[procedure]]
estimator = "teacher-filtered"
theta = [0, "best"]
retain = 0.3
rounds = [1, 2]
"""


def changed(**tables: object) -> dict[str, object]:
    """The smallest grid with some top-level keys replaced."""
    return {**MINIMAL, **tables}


def setting(**values: object) -> dict[str, object]:
    """The smallest grid with some parameters replaced; None leaves one out."""
    table = {**MINIMAL["setting"], **values}
    return {"setting": {k: v for k, v in table.items() if v is not None}}


def test_a_grid_is_the_product_of_its_axes_and_procedures():
    """Every combination is there once, in a fixed order, with links followed and the seed kept."""
    design = grid.parse(tomllib.loads(TOML))
    cells = list(design)
    assert len(design) == len(cells) == 3 * 2 * 4 * 2 * 7 == len(set(cells))
    assert design.rows == 4 * len(cells)
    assert {c.setting.n for c in cells} == {1000, 10_000, 100_000}
    assert {c.setting.eta for c in cells} == {0.25, 0.5, 0.75, 1.0}
    assert all(c.setting.gamma_tilde == c.setting.gamma and c.setting.d_tilde == 5 for c in cells)
    assert {c.seed for c in cells} == {3}
    assert sum(c.best for c in cells) == 2 * len(cells) // 7
    assert cells[-1] == design[-1] == design[len(design) - 1]
    assert list(design[2:5]) == cells[2:5]
    with pytest.raises(IndexError):
        design[len(design)]


def test_defaults_are_algorithm_1s():
    """Left-out second modality equals the first; no procedure means the unfiltered estimator."""
    (cell,) = grid.parse(MINIMAL)
    assert cell.setting == Setting(1000, 6, 6, 2, 0.5, 1.0, 1.0)
    assert cell.procedure == Procedure()
    assert (cell.engine, cell.seed) == ("exact", 0)


@settings(max_examples=40, deadline=None)
@given(
    ends=st.tuples(st.floats(1e-6, 1e3), st.floats(1e-6, 1e3)).filter(lambda e: e[0] != e[1]),
    count=st.integers(2, 30),
    log=st.booleans(),
)
def test_a_span_starts_and_ends_exactly_and_steps_evenly(ends, count, log):
    """Both ends are hit to the last bit; steps are equal, or equal factors."""
    span = grid.Span(*ends, log, count)
    values = [span.at(i / (count - 1)) for i in range(count)]
    assert (values[0], values[-1]) == ends
    places = [math.log(v) for v in values] if log else values
    steps = [b - a for a, b in itertools.pairwise(places)]
    assert steps == pytest.approx([(places[-1] - places[0]) / (count - 1)] * (count - 1), rel=1e-6, abs=1e-9)


def test_random_points_depend_on_their_index_and_seed_alone():
    """A longer random design begins with the shorter one; another seed gives other points."""
    table = setting(n={"log": [100, 10_000]}, eta={"linear": [0.1, 1.0]}, gamma=[1, 2], d=[4, 9])["setting"]

    def points(count: int, seed: int) -> list[Setting]:
        return [c.setting for c in grid.parse({"setting": table, "random": {"points": count, "seed": seed}})]

    assert points(5, 1) == points(20, 1)[:5]
    assert points(5, 1) != points(5, 2)
    many = points(200, 1)
    assert {p.gamma for p in many} == {1.0, 2.0}
    assert {p.d for p in many} == {4, 9}
    assert min(p.n for p in many) < 200 < 5000 < max(p.n for p in many)
    assert all(p.d_tilde == p.d for p in many)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"settings": {}}, "settings is not a key here"),
        ({}, "setting must be a table"),
        (setting(eta=1.3), r"setting.eta must lie in \(0, 1\], got 1.3"),
        (setting(eta=[0.1, 0]), r"setting.eta must lie in \(0, 1\], got 0"),
        (setting(n=2.5), "setting.n must be a whole number"),
        (setting(n=None), "setting.n must be given"),
        (setting(n=True), "setting.n must be a number"),
        (setting(n=[]), "setting.n must have at least one value"),
        (setting(n=[10, 10]), "setting.n must not have the same value twice"),
        (setting(eta=["a"]), r"setting.eta\[0\] must be a number"),
        (setting(colour=1), "setting.colour is not a key here"),
        (setting(r=7), r"setting.r must be at most min\(d, d_tilde\) = 6, got 7"),
        (setting(d_tilde="n", n=5, r=6), "setting.r must be at most"),
        (setting(gamma="gamma"), "setting.gamma must be a number, a list"),
        (setting(d_tilde="gamma_tilde"), "setting.d_tilde must be a number, a list"),
        (setting(eta={"log": [0.1, 1]}), "setting.eta.count must be a whole number"),
        (setting(eta={"log": [0, 1], "count": 3}), "setting.eta.log must be two positive numbers"),
        (setting(eta={"log": [1, 1], "count": 3}), "setting.eta.log must be two different"),
        (setting(eta={"log": [1], "count": 3}), r"setting.eta.log must be \[first, last\]"),
        (setting(eta={"cubic": [0, 1]}), "setting.eta.cubic is not a key here"),
        (setting(eta={"count": 3}), "setting.eta must have either log"),
        (setting(n={"linear": [4, 6], "count": 9}), "setting.n.count must leave the values different"),
        (changed(seed=-1), "seed must be a whole number"),
        (changed(replicates=0), "replicates must be a whole number"),
        (changed(replicates=10**9, random={"points": 5}), "replicates must keep the design within"),
        (changed(engine="fast"), "engine must be one of exact, direct"),
        (changed(engine=3), "engine must be a name"),
        (changed(random=3), "random must be a table"),
        (changed(random={"points": 0}), "random.points must be a whole number"),
        (changed(random={"points": 3, "size": 1}), "random.size is not a key here"),
        (
            {**setting(eta={"log": [0.1, 1], "count": 3}), "random": {"points": 3}},
            "setting.eta.count must be left out in a random design",
        ),
        (
            {**setting(eta={"linear": [0.5, 3]}), "random": {"points": 50}},
            r"setting \(random point \d+\): eta must lie in",
        ),
        (changed(procedure=[]), "procedure must be one or more"),
        (changed(procedure=3), "procedure must be one or more"),
        (changed(procedure=["a"]), r"procedure\[0\] must be a table"),
        (changed(procedure={"estimator": "best"}), r"procedure\[0\].estimator must be one of"),
        (changed(procedure={}), r"procedure\[0\].estimator must be one of"),
        (changed(procedure={"estimator": []}), r"procedure\[0\].estimator must have at least one"),
        (changed(procedure={"estimator": "unfiltered", "theta": 1}), r"procedure\[0\].theta must be left"),
        (changed(procedure={"estimator": "oracle-filtered"}), r"procedure\[0\].theta or retain"),
        (
            changed(procedure=[{"estimator": "unfiltered"}, {"estimator": "oracle-filtered", "retain": 2}]),
            r"procedure\[1\].retain must lie in \(0, 1\], got 2",
        ),
        (
            changed(procedure={"estimator": "teacher-filtered", "theta": "largest"}),
            r'procedure\[0\].theta must be a number or "best"',
        ),
        (
            changed(procedure={"estimator": "teacher-filtered", "retain": "best"}),
            r"procedure\[0\].retain must be a number",
        ),
        (
            changed(procedure={"estimator": "oracle-filtered", "theta": "best"}),
            "theta is known for the teacher-filtered estimator only",
        ),
        (changed(procedure={"estimator": "unfiltered", "speed": 1}), r"procedure\[0\].speed is not a key"),
        (
            changed(procedure={"estimator": "teacher-filtered", "theta": 0, "teacher_n": 999}),
            "procedure: teacher_n must leave 2 of n = ",
        ),
        (
            changed(procedure=[{"estimator": "unfiltered"}, {"estimator": "unfiltered"}]),
            "procedure must not ask for the same procedure twice, got 'unfiltered",
        ),
    ],
)
def test_a_wrong_grid_is_refused_with_its_key(content, message):
    """What is wrong is found before anything runs, and the message names the TOML key."""
    with pytest.raises(InvalidArgument, match=message):
        grid.parse(content)


def test_a_file_names_itself_in_errors(tmp_path):
    """The message of a file's error has the file's name; a seed on the command line wins."""
    path = tmp_path / "a.toml"
    path.write_text(TOML)
    assert grid.load(path).seed == 3
    assert grid.load(path, seed=9).seed == 9
    path.write_text(TOML.replace("0.25, 1.0", "0.25, 1.5"))
    with pytest.raises(InvalidArgument, match=r"a\.toml: setting\.eta must lie in"):
        grid.load(path)
    path.write_text("a = [")
    with pytest.raises(InvalidArgument, match=r"a\.toml must be TOML"):
        grid.load(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidArgument, match="UTF-8"):
        grid.load(path)


def test_a_million_cells_are_made_one_at_a_time():
    """Cells of a large design come by index, without the design being laid out."""
    table = setting(eta={"linear": [0.001, 1.0], "count": 1000}, gamma={"log": [0.1, 1e4], "count": 1000})[
        "setting"
    ]
    design = grid.parse({"setting": table})
    assert len(design) == 10**6
    assert design[0].setting.eta == 0.001
    assert design[999_999].setting == Setting(1000, 6, 6, 2, 1.0, 1e4, 1e4)


def test_predicted_cost_grows_with_the_work():
    """More pairs, rounds, passes or dimensions cost more; the exact engine's fits cost the same for any n."""

    def seconds(n: int, procedure: Procedure, engine: str = "direct", d: int = 10) -> float:
        return cost.seconds(grid.ErrorCell(Setting(n, d, d, 2, 0.5, 1, 1), procedure, engine))

    plain, filtered = Procedure(), Procedure("teacher-filtered", theta=0.0)
    assert seconds(10**6, plain) > 5 * seconds(10**5, plain)
    assert seconds(10**6, plain, "exact") == seconds(10**5, plain, "exact")
    assert seconds(10**6, filtered, "exact") > 5 * seconds(10**5, filtered, "exact")
    assert seconds(10**6, Procedure("teacher-filtered", retain=0.5)) > seconds(10**6, filtered)
    assert seconds(10**6, filtered, d=100) > 3 * seconds(10**6, filtered)
    share = Procedure("teacher-filtered", retain=0.5)
    cells = [grid.ErrorCell(Setting(10**8, 10, 10, 2, 0.5, 1, 1), p, "direct") for p in (filtered, share)]
    assert cost.memory(cells[1]) - cost.memory(cells[0]) == 8 * 10**8


def test_the_documented_grids_are_valid():
    """The grid of the how-to and the example of the phase diagram are read as they stand."""
    root = Path(__file__).parents[3]
    text = (root / "docs" / "sweeps.md").read_text()
    first, random = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    design = grid.parse(tomllib.loads(first))
    assert (len(design.variants), len(design)) == (1 + 6 + 2, 2 * 10 * 2 * 9)
    without_counts = re.sub(r", count = \d+", "", first)
    assert len(grid.parse(tomllib.loads(without_counts + random))) == 500 * 9
    assert len(grid.load(root / "examples" / "phase-diagram.toml")) == 2 * 40 * 40
