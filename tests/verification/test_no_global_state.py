"""What belongs to the whole process is neither read from the caller nor left changed, in threads too."""

from __future__ import annotations

import threading

import flint
import matplotlib as mpl
import mpmath
import numpy as np
import pytest

from bounds import claims, precision
from bounds.law import score_reference
from verification import Setting, simulate, verify
from verification.figures import canvas

PLACE = Setting(n=2000, d=4, d_tilde=4, r=2, eta=0.5, gamma=1.0, gamma_tilde=1.0)


def in_threads(work, threads=4):
    """Runs work(number) in threads at once; raises what one of them raised."""
    raised = []

    def guarded(number):
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    running = [threading.Thread(target=guarded, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if raised:
        raise raised[0]


@pytest.fixture
def callers():
    """The caller's own precision, unusual ones, and back after."""
    before = flint.ctx.prec, mpmath.mp.dps
    flint.ctx.prec, mpmath.mp.dps = 20, 5
    yield 20, 5
    flint.ctx.prec, mpmath.mp.dps = before


@pytest.mark.parametrize("claim", ["regime-leak-boundary", "lemma-8", "lemma-5"])
def test_a_certificate_has_its_own_precision(claim, callers):
    """A caller that computes with few bits gets the same verdict, and its bits back."""
    (found,) = verify(claim, jobs=1, with_mutants=False)
    assert found.as_expected
    assert (flint.ctx.prec, mpmath.mp.dps) == callers


def test_threads_leave_the_precision_as_it_was(callers):
    """Certificates and long numbers in four threads at once are right; the caller's precision is kept."""

    def work(number):
        assert verify(["lemma-8", "eq-4"], jobs=1, with_mutants=False).exit_status == 0
        value = claims["corollary-1"].evaluate_mp(
            {"n": 10**6, "d": 6, "d_tilde": 5, "r": 2, "eta": 0.5, "gamma": 1, "gamma_tilde": 1},
            20 + 10 * number,
        )
        with precision.digits(80):
            assert abs(value**2 - mpmath.mpf("1.92e-4")) < mpmath.mpf(10) ** (-20 - 10 * number)
        score_reference.ClassMp(2, 1.0, 1.0, True, digits=20 + 5 * number).log_tail(1.0)

    in_threads(work)
    assert (flint.ctx.prec, mpmath.mp.dps) == callers


def test_a_block_without_the_lock_would_be_seen():
    """The negative control: blocks that overlap and do not wait leave the precision changed."""
    before = flint.ctx.prec
    first, second = flint.ctx.workprec(40), flint.ctx.workprec(60)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert flint.ctx.prec != before
    flint.ctx.prec = before


def test_the_callers_error_state_changes_nothing():
    """Under np.seterr(all="raise") the numbers are the same, and the state is as it was."""
    errors = simulate(PLACE, replicates=3).errors
    with np.errstate(all="raise"):
        state = np.geterr()
        assert simulate(PLACE, replicates=3).errors.tolist() == errors.tolist()
        assert verify(["eq-10", "corollary-1-explicit"], jobs=1).exit_status == 0
        assert 0 < claims["corollary-1"].evaluate({**PLACE.as_dict(), "n": 10**300}) < 1e-100
        assert np.geterr() == state


def test_pictures_of_several_threads_leave_matplotlibs_settings(monkeypatch):
    """A caller's own setting is as it was, however pictures overlap, and none reaches a picture."""
    monkeypatch.setitem(mpl.rcParams, "font.size", 3.0)
    before = dict(mpl.rcParams)
    seen = []

    def work(number):
        for _ in range(5):
            with canvas.from_defaults({"lines.linewidth": 1.0 + number}):
                seen.append((mpl.rcParams["font.size"], mpl.rcParams["lines.linewidth"] - number))

    in_threads(work)
    assert set(seen) == {(10.0, 1.0)}
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("draw", ["--figure", "--map"])
def test_a_users_settings_reach_no_picture_of_the_law(draw, command, tmp_path, monkeypatch):
    """Letters set by a LaTeX that is not there stop no picture, and the settings are as they were."""
    monkeypatch.setitem(mpl.rcParams, "text.usetex", True)
    line = "threshold --n 1e5 --d 8 --r 2 --eta 0.3 --gamma 5"
    status, _, said = command(*line.split(), draw, tmp_path / "a.png")
    assert status == 0, said
    assert (tmp_path / "a.png").stat().st_size > 1000
    assert mpl.rcParams["text.usetex"] is True
