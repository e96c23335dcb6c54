"""Where a fit starts to learn: the claims, their numbers, and the place seen in draws."""

import math

import numpy as np
import pytest
import sympy as sp
from proof_checks import check_outcome, check_wrong_bound, sound, symbolic
from scipy.optimize import minimize_scalar

from bounds.law import proportional
from bounds.law.kept_pairs import Model, View
from bounds.law.outlier import Fit
from bounds.paper import transition
from bounds.symbols import d, d_tilde, gamma, gamma_tilde, n, r
from filtergain.papers import spectral_thresholds
from verification.setting import Setting
from verification.simulation import simulate

AT = {"d": 402, "d_tilde": 302, "r": 2, "gamma": 0.3, "gamma_tilde": 0.5, "eta": 0.002}


@pytest.mark.parametrize("claim", symbolic(transition.CLAIMS), ids=lambda c: c.id)
def test_each_statement_about_the_transition_comes_out_as_registered(claim):
    """Each statement about the transition comes out as registered."""
    check_outcome(claim)


@pytest.mark.parametrize("claim", sound(transition.CLAIMS), ids=lambda c: c.id)
def test_no_statement_about_the_transition_accepts_a_wrong_value(claim):
    """No statement about the transition accepts a wrong value."""
    check_wrong_bound(claim)


def test_the_claimed_place_is_the_law_s_for_small_eta():
    """The law at any n has its transition there, to 1%; print's, of a small error, is far above."""
    place, geometric, student = (claim.evaluate(AT) for claim in transition.CLAIMS[:3])
    computed = proportional.transition(Model(**AT)).pairs
    assert computed == pytest.approx(place, rel=0.01)
    printed = 402 * (1 + 1 / 0.3) * (1 + 1 / 0.5) / 0.002**2
    assert place < geometric < printed / 2
    assert student == pytest.approx(2 * place)
    assert printed > 4 * place


GAMMA, ETA = 0.2, 0.3


def squares(dimension: int, sizes: list[int], draws: int) -> np.ndarray:
    """Mean square cosines of both sides at r = 1, drawn."""
    found = []
    for pairs in sizes:
        run = simulate(Setting(pairs, dimension, dimension, 1, ETA, GAMMA, GAMMA), replicates=draws, seed=5)
        found.append(np.mean([1 - (a.left**2 + a.right**2) / 2 for a in run.draws]))
    return np.array(found)


def moved(d: int, sizes: list[int], drawn: np.ndarray) -> float:
    """The factor in n by which the law's curve fits the drawn cosines best."""
    model = Model(d, d, 1, ETA, GAMMA, GAMMA)

    def misfit(factor: float) -> float:
        laws = [proportional.unfiltered_law(model, n / factor).law for n in sizes]
        cosines = [1 - sum(x**2 for x in law.root_mean_squares) / 2 for law in laws]
        return float(np.sum((drawn - cosines) ** 2))

    return float(minimize_scalar(misfit, bounds=(0.5, 2.0), method="bounded").x)


@pytest.mark.parametrize(("d", "draws"), [(50, 150), (100, 80), (200, 40)])
def test_the_transition_is_where_it_is_computed(d, draws):
    """Drawn at three sizes, within 5% of the computed place; a place 20% off would not fit."""
    computed = proportional.transition(Model(d, d, 1, ETA, GAMMA, GAMMA)).pairs
    sizes = [int(computed * x) for x in np.geomspace(1.15, 3.0, 6)]
    drawn = squares(d, sizes, draws)
    assert abs(moved(d, sizes, drawn) - 1) < 0.05
    assert abs(moved(d, [int(n * 1.2) for n in sizes], drawn) - 1) > 0.1


def test_below_the_transition_nothing_is_learned():
    """At half the place the squared cosine is that of an unrelated direction, at twice it is not."""
    d = 200
    computed = proportional.transition(Model(d, d, 1, ETA, GAMMA, GAMMA)).pairs
    below, above = squares(d, [int(computed / 2), int(computed * 2)], 20)
    assert below < 0.06
    assert above > 0.3


def test_a_student_learns_nothing_before_its_teacher():
    """Halved, the pairs must be twice the transition's; with n between, a student's angles are right ones."""
    model = Model(200, 200, 1, ETA, GAMMA, GAMMA)
    place = proportional.transition(model).pairs
    for factor, learns in ((1.6, False), (3.0, True)):
        half = factor * place / 2
        fits = proportional.teacher_law(model, half, half, theta=0.0).fits
        assert [fit.left_cosine**2 > 0.1 for fit in fits] == [learns, learns]


@pytest.mark.parametrize(("factor", "learns"), [(0.95, False), (1.05, True)])
def test_the_claimed_place_of_a_student_is_the_law_s_for_small_eta(factor, learns):
    """With halves and threshold 0, 5% to either side of the claim: nothing, or overlap on both sides."""
    # In so many dimensions, as the law averages over the signal's own sampling noise.
    at = {**AT, "d": 40_001, "d_tilde": 30_001, "eta": 2e-4, "r": 1}
    half = factor * transition.CLAIMS[2].evaluate(at) / 2
    student = proportional.teacher_law(Model(**at), half, half, theta=0.0).fits[-1]
    unfiltered = proportional.unfiltered_law(Model(**at), half).fits[-1]
    for fit in (student, unfiltered):
        assert [fit.left_cosine > 0.05, fit.right_cosine > 0.05] == [learns, learns]


def test_the_outlier_is_that_of_partial_least_squares():
    """Symbol by symbol the equation of the note on Mergny and Zdeborova's paper; not with other loads."""
    names = {
        spectral_thresholds.kappa_x: gamma * n / (d - r),
        spectral_thresholds.kappa_y: gamma_tilde * n / (d_tilde - r),
        spectral_thresholds.w: transition.W,
    }
    theirs = spectral_thresholds.CORRELATION.subs(names)
    assert sp.simplify(theirs - transition.OUTLIER) == 0
    assert sp.simplify(theirs.subs(n, 2 * n) - transition.OUTLIER) != 0


def test_the_claimed_outlier_is_the_law_s():
    """At the edge's w, d/n of order one, the claim gives the clean fraction of the law's transition."""
    at = {"d": 3002, "d_tilde": 2002, "r": 2, "gamma": 0.9, "gamma_tilde": 0.6, "eta": 0.7}
    pairs = proportional.transition(Model(**at)).pairs
    noise = proportional.noise_of(Model(**at), pairs)
    w = float(noise.edge()) * noise.left_load * noise.right_load
    found = transition.CLAIMS[3].bound.subs({s: at[s.name] for s in (d, d_tilde, r, gamma, gamma_tilde)})
    assert float(found.subs({transition.W: w, n: pairs - 1})) == pytest.approx(0.7**2, rel=1e-6)
    assert pairs < 5000


def test_what_selection_adds_is_what_the_law_has():
    """The proof's moments of kept pairs are the law's numbers, with a teacher of any quality."""
    model = Model(20, 30, 2, 1.0, 0.7, 1.3)  # clean pairs alone
    teacher = Fit(0.6, 0.8, 0.5, math.sqrt(0.75), 1.0, 1.0, 1.0)
    view = View(model, teacher)
    share, signal, _ = view.kept(view.threshold(0.0, 1.0))
    left, right = view.sides
    correlation = float(model.correlation)
    values = {
        transition.K: correlation, transition.CHI: left.along, transition.CHI_TILDE: right.along,
        transition.TAU: left.wrong, transition.TAU_TILDE: right.wrong,
    }  # fmt: skip
    names = (("u", "v"), ("u", "w~"), ("w", "v"), ("w", "w~"))
    found = [float(transition.excess(*pair).subs(values).subs(transition.H, 1)) for pair in names]
    law = signal.cross.reshape(-1) - np.array([correlation, 0, 0, 0])
    # One number, the density's moment, is the law's; the four ratios are the proof's.
    np.testing.assert_allclose(law / law[3], np.array(found) / found[3], rtol=1e-9)
    uu = float(transition.excess("u", "w").subs(values).subs(transition.H, 1))
    assert signal.left_excess[0, 1] / law[3] == pytest.approx(uu / found[3], rel=1e-9)
    assert 0 < share < 1


def test_a_bright_modality_shows_without_any_pairing():
    """For gamma above sqrt(p/q) the condition fails: a modality's own covariance shows through."""
    dim, bright = (proportional.transition(Model(300, 300, 2, 0.01, g, g)) for g in (0.5, 3.0))
    assert dim.unpaired is None
    assert bright.unpaired is not None
    assert math.isfinite(bright.unpaired)


@pytest.mark.parametrize(("p", "q"), [(200, 200), (1200, 50), (50, 1200)])
def test_the_error_beyond_the_transition_is_drawn(p, q):
    """At 4 geometric means and faint signals: the mean squared sine to the left is the claim's, to 10%."""
    clean, snr = 0.5, 0.05
    claim = transition.CLAIMS[2]
    pairs = round(4 * math.sqrt(p * q) / (snr * clean) ** 2)
    setting = Setting(pairs, p + 1, q + 1, 1, clean, snr, snr)
    drawn = np.mean([draw.left**2 for draw in simulate(setting, replicates=40, seed=3).draws])
    stated = claim.evaluate(setting.as_dict())
    assert drawn == pytest.approx(stated, rel=0.1)
    # The negative control: what it would be if the geometric mean were all that counts.
    assert p == q or abs(drawn - 0.25) > 0.1
