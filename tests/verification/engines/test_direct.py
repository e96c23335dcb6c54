import math
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from verification.engines import direct, estimate, seeds
from verification.errors import TooFewPairs
from verification.setting import Procedure, Setting

SETTING = Setting(4000, 6, 5, 2, 0.4, 2.0, 5.0)


def covariance_test(joint, expected):
    """p-value that the centred `joint` (m, k) has covariance `expected`, entrywise (Bonferroni).

    Uses the sample's own fourth moments for the standard errors.
    """
    products = joint[:, :, None] * joint[:, None, :]
    error = products.std(axis=0) / math.sqrt(len(joint))
    z = np.abs(products.mean(axis=0) - expected) / error
    return min(1.0, float(stats.norm.sf(z.max())) * 2 * z.size)


@pytest.mark.parametrize("rotate", [False, True])
def test_pairs_have_the_covariances_of_the_model(rotate):
    """Clean and corrupted pairs have the covariances of Remark A.1 (false alarm 1e-6 each)."""
    rng = np.random.default_rng(5)
    u, u_tilde = direct.bases(SETTING, rng, rotate)
    x, y, clean = direct.pairs(SETTING, 40_000, u, u_tilde, rng)
    noise = np.diag([1 / SETTING.gamma] * 6 + [1 / SETTING.gamma_tilde] * 5)
    corrupted_covariance = noise.copy()
    corrupted_covariance[:6, :6] += u @ u.T
    corrupted_covariance[6:, 6:] += u_tilde @ u_tilde.T
    clean_covariance = corrupted_covariance.copy()
    clean_covariance[:6, 6:] = u @ u_tilde.T
    clean_covariance[6:, :6] = u_tilde @ u.T
    joint = np.hstack([x, y])
    assert covariance_test(joint[clean], clean_covariance) > 1e-6
    assert covariance_test(joint[~clean], corrupted_covariance) > 1e-6
    # The negative control: the classes are told apart.
    assert covariance_test(joint[clean], corrupted_covariance) < 1e-6
    assert stats.binomtest(int(clean.sum()), len(clean), SETTING.eta).pvalue > 1e-6


def test_streaming_equals_one_big_sample():
    """Blocks and their sums give the fit that all pairs at once would give."""
    setting = Setting(40_000, 6, 5, 2, 0.4, 2.0, 5.0)
    rng = seeds.generator(0, "stream", 0)
    size = direct.block_size(setting)
    assert setting.n > 2 * size
    drawn = direct.draw(setting, Procedure(), rng)
    u, u_tilde = np.eye(6, 2), np.eye(5, 2)
    stage = seeds.stage(seeds.generator(0, "stream", 0), 1)
    parts = [
        direct.pairs(setting, min(size, setting.n - start), u, u_tilde, seeds.fast(seeds.block(stage, i)))
        for i, start in enumerate(range(0, setting.n, size))
    ]
    x, y = (np.concatenate([p[k] for p in parts]) for k in (0, 1))
    fitted = estimate.fit(estimate.cross_covariance(x, y), 2)
    assert drawn.left == pytest.approx(estimate.chordal_distance(fitted.left, u), rel=1e-9)
    assert drawn.right == pytest.approx(estimate.chordal_distance(fitted.right, u_tilde), rel=1e-9)


def test_a_retained_share_keeps_exactly_that_many():
    """--retain Q keeps round(Q N) pairs, the best scored ones; 1 keeps all."""
    for share in (0.001, 0.25, 1.0):
        procedure = Procedure("oracle-filtered", retain=share, student_n=4000)
        drawn = direct.draw(SETTING, procedure, seeds.generator(0, "retain", 0))
        assert drawn.kept == round(4000 * share)
        assert drawn.retained == drawn.kept / 4000


def test_a_threshold_below_every_score_equals_keeping_all():
    """theta = -inf and retain = 1 are the same filter."""
    draws = [
        direct.draw(SETTING, Procedure("oracle-filtered", **how), seeds.generator(0, "same", 0))
        for how in ({"theta": -math.inf}, {"retain": 1.0})
    ]
    assert draws[0] == draws[1]


def test_the_teacher_filters_on_the_oracles_scale():
    """With a perfect teacher (huge n, no noise) theta keeps the share of pairs that the oracle keeps."""
    setting = Setting(60_000, 3, 3, 2, 0.5, math.inf, math.inf)
    shares = [
        direct.draw(setting, Procedure(e, theta=1.0), seeds.generator(1, e, 0)).retained
        for e in ("oracle-filtered", "teacher-filtered")
    ]
    # Two binomial shares of 30 000 pairs each: 5 standard errors; the teacher's scale adds about 1%.
    assert abs(shares[0] - shares[1]) < 5 * math.sqrt(2 * 0.25 / 30_000) + 0.01


@pytest.mark.parametrize("how", [{"theta": 1e6}, {"retain": 1e-6}])
@pytest.mark.parametrize("estimator", ["oracle-filtered", "teacher-filtered"])
def test_a_filter_that_keeps_nothing_is_a_typed_error(estimator, how):
    """Fewer than two kept pairs raise TooFewPairs with the counts, never a NaN."""
    with pytest.raises(TooFewPairs) as caught:
        direct.draw(SETTING, Procedure(estimator, **how), seeds.generator(0, "none", 0))
    assert caught.value.scored == 2000
    assert caught.value.kept < 2


def test_rounds_repeat_the_filter():
    """Several rounds run on fresh pairs, each at the scale it is given."""
    procedure = Procedure("teacher-filtered", theta=0.0, rounds=3)
    drawn = direct.draw(SETTING, procedure, seeds.generator(0, "rounds", 0), (0.4, 0.6, 0.6))
    assert drawn.scored == 1000
    assert 0 < drawn.error < 1


def test_no_noise_and_full_dimension_have_no_error():
    """gamma = inf and d = r make the error vanish to rounding."""
    clean = direct.draw(
        Setting(100, 5, 5, 2, 0.5, math.inf, math.inf), Procedure(), seeds.generator(0, "a", 0)
    )
    assert clean.error < 1e-12
    full = direct.draw(Setting(100, 2, 5, 2, 0.5, 1.0, 1.0), Procedure(), seeds.generator(0, "a", 0))
    assert full.left < 1e-12 < full.right


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read from /proc")
def test_ten_million_pairs_fit_into_300_megabytes():
    """The paper's largest experiment runs in one block's memory."""
    program = (
        "from verification.engines import direct, seeds\n"
        "from verification.setting import Procedure, Setting\n"
        "setting = Setting(10**7, 10, 8, 4, 0.1, 1e4, 1e4)\n"
        "direct.draw(setting, Procedure('teacher-filtered', theta=0.0), seeds.generator(0, 'big', 0))\n"
        # Not ru_maxrss, which a child inherits from the process that started it.
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print(int(status['VmHWM'].split()[0]) / 1024)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 300
