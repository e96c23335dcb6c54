"""The adversarial search finds known worst settings and planted wrong bounds, and its cases replay."""

import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import points
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bounds import claims
from bounds.claim import Verdict
from bounds.paper.filtered import ETA_GROWTH
from verification.checks.conditions import meets
from verification.cli.search import _show as show
from verification.errors import InvalidArgument, MissingExtra
from verification.prediction.advice import best_threshold
from verification.prediction.law import predict
from verification.search import climb, regressions
from verification.search.case import expected, load
from verification.search.space import COORDINATES, LARGEST_N, MAX_NORMALS, space
from verification.setting import Procedure, Setting

EXISTENCE = replace(claims["theorem-1-corrected"], checks=ETA_GROWTH[1:2])
"""There is a threshold at which the corrected theorem holds: the smallest error over three of them."""

REGRESSIONS = Path(__file__).parents[2] / "regressions"
CASES = sorted(REGRESSIONS.glob("*.json"))
SEARCHED = ("corollary-1-explicit", "proposition-1-explicit", "corollary-1", "theorem-1", "eq-28-explicit")


@pytest.mark.parametrize("claim_id", SEARCHED)
@settings(max_examples=25, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(data=st.data())
def test_every_point_of_the_space_is_inside_the_conditions(claim_id, data):
    """What the search may visit meets the claim's conditions, and nothing is too large to be drawn."""
    where = space(claims[claim_id])
    point = data.draw(points(where))
    assert meets(where.claim, point)
    assert max(point["d"], point["d_tilde"]) <= where.largest
    assert point["n"] <= LARGEST_N
    assert 1 <= point["r"] <= min(point["d"], point["d_tilde"])
    assert Setting(**{name: point[name] for name in Setting.__dataclass_fields__}).n >= 4


def test_the_least_n_is_the_least():
    """At multiple 1 one pair fewer breaks the condition."""
    where = space(claims["corollary-1-explicit"])
    point = where.point((0.7, 0.5, 0.4, 0.6, 0.5, 0.5, 0.0))
    assert point is not None
    assert where.with_pairs(point, point["n"] - 1) is None


def test_the_instance_of_a_lower_bound_is_kept():
    """Proposition 1's r = 1 and noiseless second modality stay, whatever the coordinates."""
    where = space(claims["proposition-1-explicit"])
    point = where.point((0.9,) * len(COORDINATES))
    assert point is not None
    assert point["r"] == 1
    assert point["gamma_tilde"] == math.inf


@pytest.mark.parametrize("claim_id", ["corollary-1-sharp", "lemma-5", "eq-45"])
def test_claims_without_a_one_sided_simulated_bound_are_refused(claim_id):
    """A law, a proof or another sample size cannot be searched: said by name."""
    with pytest.raises(InvalidArgument, match=claim_id):
        space(claims[claim_id])


def test_search_finds_the_known_worst_of_corollary_1():
    """The constant tends to 1 as gamma -> 0 and r/d -> 0: the climb gets near and not far beyond."""
    found = climb.search(claims["corollary-1"], budget=60, seed=1)
    assert found.interval[0] <= found.ratio <= found.interval[1]
    assert 0.8 < found.ratio < 1.1
    assert found.setting["gamma"] < 1 or found.setting["gamma_tilde"] < 1
    assert not found.breaks
    rng = np.random.default_rng(0)
    where = space(claims["corollary-1"])
    points = [where.point(rng.random(7)) for _ in range(20)]
    typical = np.median([climb._ratio(where, p, 5, 24) for p in points if p is not None])
    assert found.ratio > 1.5 * typical


def test_search_breaks_a_planted_wrong_bound_and_repeats_itself():
    """Negative control: half of the explicit bound is broken somewhere, with confidence, twice the same."""
    true = claims["corollary-1-explicit"]
    wrong = replace(true, bound=true.bound / 2)
    found = climb.search(wrong, budget=20)
    assert found.breaks
    assert found.exceedances > 0.05 * found.replicates
    assert not expected(found, wrong)
    assert expected(found, replace(wrong, expected=Verdict.REFUTED))
    assert climb.search(wrong, budget=20) == found
    assert not climb.search(true, budget=20).breaks


def test_lower_bounds_are_attacked_from_below():
    """For a lower bound the ratio is bound over quantile, and doubling the bound breaks it."""
    true = claims["proposition-1-explicit"]
    assert climb.search(true, budget=30).ratio < 1
    assert climb.search(replace(true, bound=2 * true.bound), budget=30).breaks


def test_the_judge_is_blind_to_what_chose_the_setting():
    """Fresh replicates: the best of many noisy scores is higher than what is reported on average."""
    where = space(claims["corollary-1"])
    point = where.point((0.5,) * 7)
    assert point is not None
    lucky = max(climb._ratio(where, point, seed, 5) for seed in range(30))
    judged = climb.judge(where, point, seed=77, alpha=1e-3)
    assert lucky > judged.interval[1]
    assert judged.interval[0] <= judged.guide <= judged.interval[1]


def replay(path):
    """(stored case, the same setting judged again with the same draws)."""
    stored = load(path)
    where = space(claims[stored.claim])
    point = where.with_pairs(stored.setting, int(stored.setting["n"]))
    assert point is not None, "the case lies outside the conditions of its claim"
    again = climb.judge(
        where,
        point,
        seed=stored.seed,
        alpha=stored.alpha,
        evaluations=stored.evaluations,
        command=stored.command,
        procedures=tuple(Procedure(**values) for values in stored.procedures),
    )
    return stored, again


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_stored_cases_replay(path):
    """The same draws give the same ratio, and the claim still stands there."""
    stored, again = replay(path)
    assert again.ratio == pytest.approx(stored.ratio, rel=1e-7)
    assert again.exceedances == stored.exceedances
    assert expected(again, claims[stored.claim])


def test_there_are_cases_to_replay():
    """The replay above is not empty."""
    assert len(CASES) >= 4


def test_a_case_is_kept_unless_a_worse_one_is_there(tmp_path):
    """Stored, read back equal, replaced by a worse setting only; a broken file is named."""
    where = space(claims["proposition-1-explicit"])
    point = where.point((0.5,) * 7)
    other_point = where.point((0.5,) * 6 + (0.9,))
    assert point is not None
    assert other_point is not None
    case = climb.judge(where, point, seed=0, alpha=1e-3)
    path = tmp_path / "case.json"
    assert regressions.save(case, path) == case
    assert load(path) == case
    second = climb.judge(where, other_point, seed=0, alpha=1e-3)
    kept = regressions.save(replace(second, ratio=0.5 * case.ratio), path)
    assert (kept.setting, kept.searches) == (case.setting, 2)
    assert load(path) == kept
    kept = regressions.save(replace(second, ratio=2 * case.ratio), path)
    assert (kept.setting, kept.searches) == (second.setting, 3)
    # What it was kept for is forgotten: the ratio is that of draws of its own.
    assert kept.ratio == pytest.approx(second.ratio, rel=0.25)
    other = replace(case, claim="corollary-1-explicit")
    assert regressions.save(other, path) == other
    for wrong in ("{", json.dumps({"schema": 1}), json.dumps({**case.as_dict(), "schema": 9})):
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(InvalidArgument, match="case"):
            load(path)
    path.write_text(json.dumps({**case.as_dict(), "setting": {**point, "n": 4}}), encoding="utf-8")
    with pytest.raises(AssertionError, match="outside the conditions"):
        replay(path)


def test_a_known_case_competes():
    """A search starts from what was found before, so it does not end below it."""
    where = space(claims["corollary-1"])
    point = where.point((1.0, 0.0, 0.0, 0.4, 0.4, 0.5, 0.9))
    assert point is not None
    known = climb.judge(where, point, seed=0, alpha=1e-3)
    found = climb.search(claims["corollary-1"], budget=10, start=known)
    assert found.ratio > 0.9 * known.ratio


def test_hypothesis_is_an_optional_package(monkeypatch):
    """Without it the search says how to install it."""
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(MissingExtra, match=r"'\.\[search\]'"):
        climb.search(claims["corollary-1"], budget=10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget": 3}, "budget"),
        ({"alpha": 1.5}, "alpha"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**63 - 1}, "seed"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    """Each argument outside its range is an error that names it."""
    with pytest.raises(InvalidArgument, match=message):
        climb.search(claims["corollary-1"], **arguments)


def test_command_line_stores_starts_from_and_shows_a_case(command, tmp_path, monkeypatch):
    """`filtergain search` prints the ratio with its interval, the repeating command, and JSON."""
    monkeypatch.chdir(tmp_path)
    status, out, err = command("search", "proposition-1-explicit", "--budget", 10, "--save", "a.json")
    assert status == 0
    assert "does not break the claim" in out
    assert "filtergain simulate --n" in out
    assert "stored in a.json" in err
    again = ("search", "proposition-1-explicit", "--budget", 10, "--save", "a.json", "--json")
    status, out, err = command(*again)
    assert status == 0
    assert json.loads(out)["claim"] == "proposition-1-explicit"
    assert "judged by draws of its own" in err
    status, out, err = command("search", "eq-24", "--budget", 10)
    assert status == 0
    assert "verdict   no constant below" in out
    status, out, err = command("search", "lemma-3")
    assert status == 2
    assert "from one side" in err


def test_a_case_that_cannot_be_kept_is_printed(command, tmp_path, monkeypatch):
    """A folder that is not there is told before the search; what fails after it leaves the result."""
    lost = ("search", "proposition-1-explicit", "--budget", 10, "--save", tmp_path / "none" / "a.json")
    status, out, err = command(*lost)
    assert (status, out) == (2, "")
    assert "--save must name a file in a folder that exists" in err

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(regressions, "save", full)
    status, out, err = command(*lost[:-1], tmp_path / "a.json")
    assert status == 2
    assert "does not break the claim" in out
    assert err.count("\n") == 1
    assert "No space left" in err


def test_a_case_replays_with_the_estimators_that_it_was_found_with(tmp_path):
    """When a claim comes to measure other thresholds its stored case keeps its own draws."""
    claim = EXISTENCE
    where = space(claim)
    point = where.point((0.6, 0.5, 0.2, 0.9, 0.7, 0.7, 0.1))
    assert point is not None
    own = where.cell(point).procedures
    case = climb.judge(where, point, seed=0, alpha=1e-3, procedures=own[:1])
    regressions.save(case, tmp_path / "case.json")
    assert replay(tmp_path / "case.json")[1].ratio == case.ratio
    assert len(own) > 1
    assert climb.judge(where, point, seed=0, alpha=1e-3).ratio < case.ratio


@pytest.fixture(scope="module")
def existence():
    """A stored case of the claim that there is a threshold, found at three of them and the law's best one."""
    return load(Path(__file__).parents[2] / "data" / "existence.json")


def test_the_best_threshold_of_the_law_is_tried_too(existence):
    """What is judged has the claim's thresholds and the law's best one, and errs less for it."""
    claim = EXISTENCE
    where = space(claim)
    own = where.cell(existence.setting).procedures
    assert existence.thresholds[:3] == tuple(p.theta for p in own)
    setting = where.cell(existence.setting).setting
    best = best_threshold(setting)
    *claimed, added = climb.tried(where, existence.setting)
    assert tuple(claimed) == own
    assert added.theta == pytest.approx(best.theta, rel=0.05)
    # The stored case keeps the threshold that was the best one of an earlier law: as good within 2%.
    stored = predict(setting, theta=existence.thresholds[3]).law("teacher-filtered")
    assert stored.mean == pytest.approx(best.mean, rel=0.02)
    # Far from what the three alone give: their interval bounds no constant over all thresholds.
    seed = existence.seed
    three = climb.judge(where, existence.setting, seed=seed, alpha=existence.alpha, procedures=own)
    assert existence.interval[1] < three.interval[0]
    assert f"--theta {existence.thresholds[3]!r} " in existence.repeat
    assert climb.tried(space(claims["corollary-1"]), existence.setting) == (Procedure(),)


def test_an_existence_claim_is_spoken_of_at_the_thresholds_tried(existence, capsys):
    """No constant is ruled out for all thresholds by a minimum over some."""
    show(existence, True)
    out = capsys.readouterr().out
    said = f"no constant below {existence.interval[0]:.4g} will do"
    assert f"at the thresholds tried (theta = -4, 0, 1, -7.7) {said}" in out
    assert "another threshold may err less" in out
    show(replace(existence, procedures=existence.procedures[:1]), True)
    assert f"verdict   {said}\n" in capsys.readouterr().out


def test_a_threshold_that_keeps_everything_is_stored(tmp_path):
    """JSON has no infinity: it is text in the file and a number again when read."""
    where = space(claims["theorem-1-corrected"])
    point = where.point((0.6, 0.5, 0.2, 0.9, 0.7, 0.7, 0.1))
    assert point is not None
    all_kept = Procedure("teacher-filtered", theta=-math.inf)
    case = climb.judge(where, point, seed=0, alpha=1e-3, procedures=(all_kept,))
    regressions.save(case, tmp_path / "case.json")
    assert load(tmp_path / "case.json") == case
    assert replay(tmp_path / "case.json")[1] == case


TRUTH = 0.7
"""Median ratio of the made-up quantity of the coverage simulation."""


@pytest.fixture
def made_up(monkeypatch):
    """A setting whose error/bound is log-normal with median TRUTH, drawn for nothing."""
    claim = claims["corollary-1"]
    where = space(claim)
    point = where.point((0.5,) * 7)
    assert point is not None
    bound = float(claim.evaluate(point))

    def draw(cell, seed, indices):
        rng = np.random.default_rng([seed, indices[0]])  # replicates come in parts
        return TRUTH * bound * np.exp(0.3 * rng.standard_normal(len(indices)))

    monkeypatch.setattr(climb.registry, "draw", draw)
    monkeypatch.setattr(climb.forecast, "forecast", lambda cell, share: 1.0)
    monkeypatch.setattr(climb, "space", lambda claim: where)
    monkeypatch.setattr(regressions, "space", lambda claim: where)
    return where, point


def test_what_repeated_searches_keep_has_the_stated_coverage(made_up, tmp_path):
    """A file that has seen eight searches covers as stated; keeping the largest ratio's interval does not."""
    where, point = made_up
    alpha, files, runs = 0.2, 100, 8
    covered = kept_largest = 0
    for number in range(files):
        path = tmp_path / f"{number}.json"
        found = [climb.judge(where, point, seed=1000 * number + k, alpha=alpha) for k in range(runs)]
        for case in found:
            stored = regressions.save(case, path)
        assert stored.searches == runs
        covered += stored.interval[0] <= TRUTH <= stored.interval[1]
        largest = max(found, key=lambda case: case.ratio)
        kept_largest += largest.interval[0] <= TRUTH <= largest.interval[1]
    # Four standard deviations of a share of 100 that is 0.8.
    assert covered / files > 1 - alpha - 4 * math.sqrt(alpha * (1 - alpha) / files)
    assert kept_largest / files < 0.6


def test_no_draw_judges_a_stored_setting_twice(monkeypatch, tmp_path):
    """Also with an unchanged seed: every search of a file, and what it keeps, have streams of their own."""
    where = space(claims["corollary-1-explicit"])
    point = where.point((0.5,) * 7)
    assert point is not None
    path = tmp_path / "case.json"
    regressions.save(climb.judge(where, point, seed=0, alpha=1e-3), path)
    judging = [0]
    judge = climb.judge

    def watched(*arguments, seed, **options):
        judging.append(seed)
        return judge(*arguments, seed=seed, **options)

    monkeypatch.setattr(climb, "judge", watched)
    monkeypatch.setattr(regressions, "judge", watched)
    for _ in range(3):
        found = climb.search(where.claim, budget=10, seed=0, start=load(path))
        kept = regressions.save(found, path)
    assert kept.searches == 4
    assert len(judging) == len(set(judging)) == 10
    monkeypatch.setattr(climb, "judge", judge)
    stored, again = replay(path)
    assert replace(again, searches=stored.searches) == stored


def test_a_dear_setting_is_drawn_by_the_engine_whose_cost_is_free_of_n():
    """Small eta at moderate signal-to-noise ratio takes 10^8 pairs: the law's error, and repeatable."""
    where = space(claims["theorem-1-corrected"])
    point = where.with_pairs(
        {"d": 6, "d_tilde": 6, "r": 2, "eta": 1e-3, "gamma": 1.0, "gamma_tilde": 1.0}, 10**8
    )
    assert where.cell(point).pairs * 3 > MAX_NORMALS
    found = climb.judge(where, point, seed=1, alpha=1e-3)
    assert found.interval[0] <= found.guide <= found.interval[1]
    assert found.repeat.endswith("--engine limit")
    cheap = climb.judge(where, where.with_pairs({**point, "eta": 0.5}, 10**4), seed=1, alpha=1e-3)
    assert "--engine" not in cheap.repeat


def test_an_equation_of_the_conditions_is_kept():
    """Figure 3a's two noise levels are one, wherever the search goes."""
    where = space(claims["figure-3a-filtered"])
    points = [where.point((0.6, 0.5, 0.5, 0.6, 0.75, place, 0.1)) for place in (0.1, 0.9, 1.0)]
    assert all(point is not None and point["gamma"] == point["gamma_tilde"] for point in points)


def test_the_ends_that_conditions_name_are_the_spaces_own():
    """A narrow condition leaves the cube as large as a wide one: half of it would lie outside otherwise."""
    where = space(claims["figure-3a-filtered"])
    assert where.ranges["eta"] == (pytest.approx(0.02), pytest.approx(0.1))
    assert where.ranges["gamma"] == (1000, 1e8)
    generator = np.random.default_rng(0)
    found = [where.point(generator.uniform(size=7)) for _ in range(60)]
    assert sum(point is not None for point in found) > 10


def test_a_negative_bound_from_above_is_the_worst_that_can_be():
    """The explicit bound without its condition turns negative: any error breaks it."""
    without = replace(claims["corollary-1-explicit"], conditions=())
    where = space(without)
    point = {"d": 20, "d_tilde": 20, "r": 2, "eta": 0.5, "gamma": 1.0, "gamma_tilde": 1.0}
    few, many = where.with_pairs(point, 1000), where.with_pairs(point, 10**7)
    assert float(without.bound_at(few)) < 0 < float(without.bound_at(many))
    assert where.ratio(few, 0.1) == math.inf
    assert 0 < where.ratio(many, 0.1) < math.inf
    assert climb.judge(where, few, seed=1, alpha=1e-3).breaks


@pytest.mark.parametrize("name", ["step-4-1", "eq-11"])
def test_settings_whose_pairs_are_drawn_one_by_one_are_payable(name):
    """No setting of a search draws more numbers than that; an error's cost is free of its pairs."""
    where, dear = space(claims[name]), space(claims["corollary-1"])
    corner = [0.3, 0.3, 0.3, 0.3, 0.5, 0.5, 1.0]
    sizes = []
    for eta_at in (0.2, 0.5, 1.0):
        corner[3] = eta_at
        sizes += [point["n"] * (point["r"] + 1) for point in [where.point(corner)] if point is not None]
    assert sizes
    assert max(sizes) <= MAX_NORMALS
    assert dear.point([*corner[:3], 0.2, *corner[4:]])["n"] > MAX_NORMALS
