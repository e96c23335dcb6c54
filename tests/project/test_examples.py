from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from bounds.claim import Verdict
from verification import simulate, verify
from verification.quantities.registry import find, load_module
from verification.setting import Setting

EXAMPLES = Path(__file__).parents[2] / "examples"
MODULES = ("nakada2023", "spiked_pca")


def module(name):
    """The example's module, as the command line loads it."""
    return load_module(str(EXAMPLES / f"{name}.py"))


def generator(seed):
    """A reproducible generator."""
    return np.random.Generator(np.random.Philox(seed))


@pytest.mark.parametrize("name", MODULES)
def test_an_example_is_short_and_has_its_note(name):
    """Another paper's theorem takes fewer than 120 lines, and every claim names a heading of the note."""
    assert len((EXAMPLES / f"{name}.py").read_text().splitlines()) < 120
    note = (EXAMPLES / f"{name}.md").read_text()
    headings = {line[3:].lower().replace(" ", "-") for line in note.splitlines() if line.startswith("## ")}
    for claim in module(name).CLAIMS:
        file, _, anchor = claim.note.partition("#")
        assert file == f"{name}.md"
        assert anchor in headings


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_every_verdict_is_as_expected_and_no_mutant_survives(name):
    """The command's work: claims of one's own are judged like the register's."""
    found = verify(module(name).CLAIMS, module=str(EXAMPLES / f"{name}.py"), jobs=1)
    assert found.exit_status == 0
    assert sum(len(verdict.mutants) for verdict in found) >= 10
    assert not [m.id for verdict in found for m in verdict.mutants if not m.refuted]


def test_a_rate_for_every_rank_is_refuted_and_its_correction_is_not():
    """The lower bound read beyond r <= d/2 fails on r = d - 1; with d - r in place of d it holds."""
    chosen = module("spiked_pca").CLAIMS[1:3]
    found = verify(chosen, module=str(EXAMPLES / "spiked_pca.py"), jobs=1, with_mutants=False)
    assert [verdict.verdict for verdict in found] == [Verdict.REFUTED, Verdict.SUPPORTED]


def test_isotropic_noise_is_the_papers_model():
    """With decay 0 the example's draws follow the exact engine's law (false alarms 1e-4), with 0.5 not."""
    module("nakada2023")
    draw = find("contrastive-error")
    place = {"n": 4000, "d": 6, "r": 2, "eta": 0.5, "gamma": 2.0, "decay": 0.0}
    ours = [draw(place, rng) for rng in [generator(0)] for _ in range(1500)]
    engine = simulate(Setting(4000, 6, 6, 2, 0.5, 2.0, 2.0), replicates=1500, seed=5).errors
    assert stats.ks_2samp(ours, engine).pvalue > 1e-4
    other = [draw({**place, "decay": 0.5}, rng) for rng in [generator(1)] for _ in range(1500)]
    assert stats.ks_2samp(other, engine).pvalue < 1e-4


def test_few_pairs_of_one_class_are_drawn_as_they_are():
    """With no clean pair at all, or all clean, the fit still has an error in [0, sqrt(r)]."""
    module("nakada2023")
    draw = find("contrastive-error")
    for share in (1e-9, 1.0):
        place = {"n": 50, "d": 5, "r": 2, "eta": share, "gamma": 2.0, "decay": 1.0}
        assert 0 <= draw(place, generator(0)) <= np.sqrt(2) + 1e-9


def test_spiked_points_and_the_registers_quantity_agree():
    """Points drawn one by one and the Bartlett root of Eq. 2 have one law (false alarms 1e-4)."""
    module("spiked_pca")
    place = {"n": 80, "d": 6, "r": 2, "gamma": 3.0}
    ours = [find("spiked-pca-error")(place, rng) for rng in [generator(0)] for _ in range(1500)]
    theirs = [find("pca-error")(place, rng) for rng in [generator(1)] for _ in range(1500)]
    assert stats.ks_2samp(ours, theirs).pvalue > 1e-4
    louder = [find("pca-error")({**place, "gamma": 2.0}, rng) for rng in [generator(2)] for _ in range(1500)]
    assert stats.ks_2samp(ours, louder).pvalue < 1e-4
