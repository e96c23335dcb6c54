"""Probes change what they say, and the findings on the documented page hold in a small run."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from verification.engines import estimate, seeds
from verification.errors import InvalidArgument
from verification.setting import Setting
from verification.studies import probes
from verification.studies.probes import BASE, PROBES

PAGE = Path(__file__).parents[3] / "docs" / "probes.md"


@pytest.fixture(scope="module")
def results():
    """A small run of every probe."""
    return {row.probe: row for row in probes.run(replicates=11, setting=probes.sized(160_000), seed=1)}


def test_the_stated_model_breaks_nothing(results):
    """Negative control: with no assumption dropped every bound holds and both laws fit."""
    row = results["baseline"]
    assert row.broke == ()
    for ratio in (row.unfiltered_law, row.filtered_law):
        assert ratio.interval[0] < 1.1
        assert ratio.interval[1] > 0.9
    assert row.corollary < 1


def test_outside_its_conditions_a_bound_is_not_compared_with():
    """At fewer pairs than Corollary 1 asks for there is a word and no number, on the page as well."""
    few = probes.sized(20_000)
    (row,) = probes.run(["baseline"], replicates=5, setting=few)
    assert math.isnan(row.corollary)
    assert "| outside |" in probes.markdown([row], few, 0, 5, "")


@pytest.mark.parametrize("name", ["student-t-5", "rademacher", "uniform", "laplace"])
def test_other_laws_with_the_same_covariance_change_little(results, name):
    """Only second moments matter to the unfiltered fit, and the filtered one stays close to its law."""
    assert 0.8 < results[name].unfiltered_law.value < 1.2
    assert 0.7 < results[name].filtered_law.value < 1.4


@pytest.mark.parametrize("name", ["rank-below", "adversarial-direction"])
def test_what_misses_a_direction_costs_a_whole_one(results, name):
    """With r - 1 fitted, or a wrong direction stronger than the signal, the error is about 1 or more."""
    row = results[name]
    assert row.unfiltered > 0.99
    assert row.filtered > 0.99
    assert any("Corollary 1" in text for text in row.broke)


def test_opposite_latents_weaken_the_signal_by_the_known_factor(results):
    """The limit is (2 eta - 1) U U~^T in place of eta U U~^T: a factor 2 at eta = 0.4."""
    assert results["adversarial-sign"].unfiltered_law.value == pytest.approx(2.0, rel=0.25)


def test_anisotropic_noise_hurts_the_filter_alone():
    """Half of the noise in one direction: the filtered law is off by far, the unfiltered one is not."""
    (row,) = probes.run(["spiked-noise"], replicates=40, setting=probes.sized(80_000))
    assert row.filtered_law.interval[0] > 1.3
    assert row.unfiltered_law.interval[0] < 1.1


def test_one_sample_for_teacher_and_student_is_not_two(results):
    """The student's error exceeds the law for fresh pairs, as both see the same noise."""
    assert results["same-pairs"].filtered_law.value > 1.1


def test_one_direction_too_many_covers_the_truth(results):
    """Fitting r + 1 breaks nothing."""
    assert results["rank-above"].broke == ()


@pytest.mark.parametrize("name", [n for n in PROBES if n not in ("adversarial-direction", "student-t-2.1")])
def test_every_probe_keeps_the_covariance_of_each_modality(name):
    """Traces are those of the model: a probe changes the shape, not the size, of what it touches."""
    place = Setting(n=60_000, d=6, d_tilde=5, r=2, eta=0.4, gamma=2.0, gamma_tilde=0.5)
    x, y = PROBES[name].make(place, seeds.generator(0, "probe-test"))
    assert np.trace(np.cov(x.T)) == pytest.approx(2 + 6 / 2.0, rel=0.05)
    assert np.trace(np.cov(y.T)) == pytest.approx(2 + 5 / 0.5, rel=0.05)
    sign = 1 - 2 * 0.6 * (name == "adversarial-sign") - 0.6 * (name != "adversarial-sign")
    cross = estimate.cross_covariance(x, y)[:2, :2]
    assert np.diag(cross) == pytest.approx([sign, sign], abs=0.05)


def test_the_adversary_moves_only_the_pairing():
    """Each modality by itself keeps its law, and the pairs share a direction of noise."""
    place = Setting(n=60_000, d=6, d_tilde=5, r=2, eta=0.4, gamma=2.0, gamma_tilde=0.5)
    x, y = PROBES["adversarial-direction"].make(place, seeds.generator(0, "probe-test"))
    assert np.cov(x.T) == pytest.approx(np.diag([1.5, 1.5, 0.5, 0.5, 0.5, 0.5]), abs=0.05)
    assert np.cov(y.T) == pytest.approx(np.diag([3.0, 3.0, 2.0, 2.0, 2.0]), abs=0.1)
    assert estimate.cross_covariance(x, y)[-1, -1] == pytest.approx(0.6, abs=0.05)


def test_the_distance_counts_what_is_missed():
    """For k <= r Definition 1; a larger space that holds the truth is at distance 0."""
    basis = np.linalg.qr(seeds.generator(0, "d").standard_normal((6, 2)))[0]
    assert probes.distance(basis, 2) == pytest.approx(estimate.chordal_distance(basis, np.eye(6)[:, :2]))
    assert probes.distance(np.eye(6)[:, :3], 2) == pytest.approx(0.0)
    assert probes.distance(np.eye(6)[:, 1:4], 2) == pytest.approx(1.0)


def test_a_filter_that_keeps_nothing_has_no_error():
    """Fewer than two kept pairs: infinite, not an exception."""
    place = Setting(n=8, d=6, d_tilde=5, r=2, eta=1.0, gamma=1e8, gamma_tilde=1e8)
    found = [probes.errors(PROBES["baseline"], place, seeds.generator(i, "few"))[1] for i in range(40)]
    assert np.inf in found


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": ["none-such"]}, "name must be one of baseline"),
        ({"replicates": 1}, "replicates"),
        ({"setting": Setting(100, 3, 3, 3, 0.5, 1.0, 1.0)}, "r must leave room"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    """Each is an error that says what is allowed."""
    with pytest.raises(InvalidArgument, match=message):
        probes.run(**arguments)


def test_the_page_states_its_command_and_every_probe():
    """The documented table is of the base setting and lists every probe with what broke."""
    text = PAGE.read_text(encoding="utf-8")
    assert "`filtergain probe --replicates" in text
    assert f"n = {BASE.n}" in text
    for name in PROBES:
        assert f"| `{name}` |" in text


def test_command_line_prints_writes_and_emits_json(command, tmp_path):
    """`filtergain probe` draws the same numbers every time, as a table, a page and JSON."""
    page = tmp_path / "page.md"
    arguments = ("probe", "baseline", "rank-below", "--n", 4000, "--replicates", 5)
    status, out, err = command(*arguments, "--out", page, "--json")
    assert status == 0
    document = json.loads(out)
    assert [row["probe"] for row in document["probes"]] == ["baseline", "rank-below"]
    assert "`filtergain probe baseline rank-below --n 4000 --replicates 5 --seed 0`" in page.read_text()
    assert "wrote " in err
    status, out, _ = command(*arguments)
    assert status == 0
    assert "rank-below" in out
    for column in ("Cor. 1", "unfiltered", "filtered", "Thm. 1", "off"):
        assert f"\n{column} " in out  # what it is, below the table
    again = json.loads(command(*arguments, "--json")[1])
    assert again == document
    assert command("probe", "none-such")[0] == 2


def test_a_page_that_cannot_be_written_is_known_before_the_draws(command, monkeypatch, tmp_path):
    """One line and status 2; where the disk fails in the end, the table is printed all the same."""
    monkeypatch.setattr(probes, "run", lambda *_, **__: pytest.fail("drawn in vain"))
    status, out, err = command("probe", "baseline", "--out", tmp_path / "no" / "page.md")
    assert (status, out, err.count("\n")) == (2, "", 1)
    monkeypatch.undo()
    monkeypatch.setattr(
        "verification.files.os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full"))
    )
    small = ("--n", 4000, "--replicates", 5)
    status, out, err = command("probe", "baseline", *small, "--out", tmp_path / "page.md")
    assert (status, err.count("\n")) == (2, 1)
    assert "baseline" in out
    assert list(tmp_path.iterdir()) == []
