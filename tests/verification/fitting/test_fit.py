import json
from dataclasses import replace

import numpy as np
import pytest

from verification.errors import InvalidArgument
from verification.fitting import alternatives, checks, payoff
from verification.fitting.fit import LAST_STAGE, PASSES, fit
from verification.fitting.spectrum import Estimate, Rank
from verification.prediction.alternatives import information
from verification.setting import Setting
from verification.studies import pairs

ISOTROPIC = Setting(n=24_000, d=40, d_tilde=40, r=3, eta=0.2, gamma=20.0, gamma_tilde=20.0)
KEYS = {
    "n", "d", "d_tilde", "seed", "alpha", "r", "gamma", "gamma_tilde", "eta", "checks", "decision", "gain",
    "keep", "threshold", "alternatives",
}  # fmt: skip


def drawn(setting=ISOTROPIC, seed=0, **parts):
    """Pairs of a setting, with parts of the model exchanged."""
    return pairs.maker(**parts)(setting, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def isotropic():
    """The fit of pairs that follow the model."""
    return fit(*drawn())


def holds(found, name):
    """What a check of the fit says."""
    return next(check.holds for check in found.checks if check.id == name)


def test_filtering_pays_where_it_does(isotropic):
    """Both gains say so, the forecast beside the law's own figure, all checks hold."""
    assert isotropic.decision == "pays"
    assert isotropic.gain_free.holds(isotropic.gain_model.value)
    assert all(check.holds for check in isotropic.checks)


def test_clean_pairs_need_no_filter():
    """At eta = 1 there is nothing to gain."""
    found = fit(*drawn(Setting(24_000, 40, 40, 3, 1.0, 20.0, 20.0)))
    assert found.decision == "does-not-pay"
    assert found.eta_free.high > 0.98


def spikes(size, rng):
    """Noise with 60 times the variance in the last two directions."""
    return rng.standard_normal(size) * np.where(np.arange(size[1]) < size[1] - 2, 1.0, 60**0.5)


def test_spiked_noise_turns_the_answer():
    """The same setting pays with isotropic noise and does not with spikes; the text says why."""
    setting = Setting(40_000, 60, 50, 4, 0.2, 8.0, 8.0)
    plain, spiked = fit(*drawn(setting)), fit(*drawn(setting, noise=spikes))
    assert plain.decision == "pays"
    assert spiked.decision == "does-not-pay"
    assert holds(plain, "isotropy")
    assert not holds(spiked, "isotropy")
    assert spiked.gain_model is None
    assert "in a noisy direction" in " ".join(spiked.sentences())


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("isotropy", {"noise": pairs.spread_noise(16)}),
        ("gaussian-latents", {"latent": pairs.rademacher_latent}),
        ("mixture", {"corrupt": lambda z, latent, rng: -z}),
    ],
)
def test_each_check_sees_what_it_is_for(name, parts, isotropic):
    """A dropped assumption is named, and only where it is dropped."""
    assert holds(isotropic, name)
    assert not holds(fit(*drawn(**parts)), name)


def test_repeated_pairs_are_noticed(isotropic):
    """Copies across the split are told, as are their consequences."""
    x, y = drawn()
    found = fit(np.concatenate([x, x[:500]]), np.concatenate([y, y[:500]]))
    assert not holds(found, "repeated-pairs")
    assert holds(isotropic, "repeated-pairs")


def test_a_rank_that_the_rows_do_not_show_is_told(isotropic):
    """More than is shown and less than is shown; neither stands there as if it were inside the interval."""
    assert holds(isotropic, "rank")
    assert "shared directions: 3 (3 to 3)." in isotropic.sentences()[0]
    for found, said in (
        (fit(*drawn(), rank=9), "more than the rows show (3 to 3)"),
        (fit(*drawn(), rank=1), "less than the rows show (3 to 3): give --rank 3, or"),
    ):
        assert not holds(found, "rank")
        assert not found.by_the_model
        assert said in " ".join(found.sentences())
        assert f"{found.r.value} as given, the rows show 3 to 3." in found.sentences()[0]


@pytest.mark.parametrize(("d", "d_tilde", "named"), [(6, 6, "X"), (6, 12, "X"), (12, 6, "Y")])
def test_every_direction_may_be_shared(d, d_tilde, named):
    """r = d is a rank like another: its modality's subspace is known, gamma is not, the other one's errs."""
    setting = Setting(6000, d, d_tilde, 6, 0.4, 1.0, 1.0)
    for rank in (None, 6):
        found = fit(*drawn(setting), rank=rank)
        said = " ".join(found.sentences())
        assert "shared directions: 6 (6 to 6)." in said
        assert said.count("every direction is taken for shared") == 1 + (d == d_tilde)
        assert f"in {named} every direction is taken for shared" in said
        assert (found.gamma.low, found.gamma.high) == (0, np.inf) or d > 6
        assert holds(found, "isotropy") is None
        assert not found.by_the_model
        assert ("Nothing can be gained" in said) is (d == d_tilde)
        assert (found.decision == "does-not-pay") is (d == d_tilde)
    means = {other.estimator: other.mean for other in found.alternatives}
    assert (means["unfiltered"] is None) is (d == d_tilde)
    assert means["pca"] is None
    assert not found.blend.bin or d != d_tilde


BOUNDARY = Setting(n=4000, d=10, d_tilde=10, r=8, eta=0.15, gamma=5.0, gamma_tilde=5.0)
"""Where pairs show 8 equal directions in some draws and 6 or 7 in others."""


@pytest.mark.parametrize("seed", [0, 2])
def test_a_shared_direction_that_pairs_hide_is_no_noise(seed):
    """Where pairs leave the rank open both spectra decide; a smaller one of its interval is told as that."""
    found = fit(*drawn(BOUNDARY, seed))
    assert (found.r.low, found.r.value, found.r.high) == (7, 8, 8)
    assert holds(found, "isotropy")
    assert "anisotropic" not in " ".join(found.sentences())
    fewer = fit(*drawn(BOUNDARY, seed), rank=7)
    assert not holds(fewer, "isotropy")
    assert "give --rank 8" in " ".join(fewer.sentences())
    assert "anisotropic" not in " ".join(fewer.sentences())


def test_a_rank_that_pairs_allow_and_variances_do_not_is_told():
    """With 8 of 10 equally strong a ninth that the interval allows is noise: gamma would be wrong with it."""
    found = fit(*drawn(BOUNDARY, 8))
    assert (found.r.value, found.r.high) == (8, 9)
    assert found.gamma.holds(BOUNDARY.gamma)
    more = fit(*drawn(BOUNDARY, 8), rank=9)
    assert "only 8 stand out in both modalities: give --rank 8" in " ".join(more.sentences())
    assert not more.by_the_model


def test_where_pairs_miss_a_direction_the_noise_is_not_blamed():
    """In one draw of 40 the interval ends below the truth: both readings of what is seen are told."""
    found = fit(*drawn(BOUNDARY, 5))
    assert found.r.high == 7
    said = " ".join(found.sentences())
    assert "anisotropic, or shared directions too weak to be seen were left out" in said


def test_strong_directions_of_the_noise_are_no_shared_ones():
    """The control: with two strong directions of noise no number in a wide interval makes the rest alike."""
    setting = replace(BOUNDARY, r=3)
    shown = Rank(3, 3, 9, np.zeros(10), 0.1)
    for parts, at in (({}, 3), ({"noise": spikes}, None)):
        spectra = [np.linalg.eigh(np.cov(rows.T)) for rows in drawn(setting, **parts)]
        assert checks.flat_rank(tuple(spectra), shown, setting.n, 0.05, 0) == at


def test_a_rank_that_is_too_small_is_told_before_what_follows_from_it():
    """One line says that directions are left out, none that the noise happens to be anisotropic."""
    said = fit(*drawn(), rank=1).sentences()
    assert said[2].startswith("The given rank 1")
    assert "anisotropic" not in " ".join(said)
    assert "anisotropic" in " ".join(fit(*drawn(noise=pairs.spread_noise(16))).sentences())


def test_progress_is_told_pass_by_pass():
    """What is told never goes back, ends at the whole, and names the pass."""
    told = []
    fit(*drawn(), on_progress=lambda done, total, what: told.append((done / total, what)))
    assert told == sorted(told, key=lambda line: line[0])
    assert told[-1][0] == 1
    read = max(done for done, what in told if what.startswith("reading"))
    last = [done for done, what in told if what.startswith("weighing")]
    assert read < last[0] == 3 * ISOTROPIC.n / (3 * ISOTROPIC.n + LAST_STAGE) < 0.5
    assert len(last) > 3
    assert {what for _, what in told} == {
        *(f"reading the rows, {i + 1} of {PASSES}" for i in range(PASSES)),
        "weighing what they say",
    }


def test_parts_that_do_not_show_the_rank_are_told():
    """Classes as columns: a fold without one of them has fewer directions, which is no crash."""
    classes = np.random.default_rng(0).integers(0, 10, 4000)
    assert fit(np.eye(10)[classes], np.eye(10)[classes]).decision == "does-not-pay"
    x, y = drawn(Setting(26, 12, 10, 2, 0.4, 10.0, 10.0))
    with pytest.raises(InvalidArgument, match="each part of the rows"):
        fit(x, y, rank=9)


def test_too_few_pairs_for_any_filter_are_no_answer():
    """Where no share leaves enough to fit, nothing is said to be gained or not."""
    found = fit(*drawn(Setting(90, 40, 30, 2, 1.0, 20.0, 20.0)))
    assert (found.decision, found.keep) == ("undecided", 1.0)
    assert (found.gain_free.low, found.gain_free.high) == (0, np.inf)
    said = " ".join(found.sentences())
    assert "Too few pairs for any filter to be measured" in said
    assert "Nothing can be gained" not in said
    assert "nan" not in said


def turned(setting, scale=1.0):
    """Pairs of a setting in turned coordinates, so that no column is constant without noise."""
    return [
        scale * rows @ np.linalg.qr(np.cos(np.outer(*2 * [np.arange(1, 9)])))[0] for rows in drawn(setting)
    ]


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        (Setting(4000, 8, 8, 2, 0.3, np.inf, np.inf), "hold nothing but rounding"),
        (Setting(4000, 8, 8, 2, 0.3, np.inf, 3.0), "hold nothing but rounding"),
        (Setting(12_000, 8, 8, 2, 0.6, 5.0, 0.03), "no directions vary more than others"),
    ],
)
def test_gamma_is_left_out_where_variances_do_not_tell_it(setting, why):
    """No noise, or none of the signal to see: no number for gamma, no law at it; with both told there is."""
    found = fit(*turned(setting), rank=2)
    said = " ".join(found.sentences())
    assert why in said
    assert "anisotropic" not in said
    assert "Signal to noise: gamma" not in said
    assert not found.by_the_model
    assert max(found.gamma.high, found.gamma_tilde.high) == np.inf
    plain = fit(*turned(replace(setting, gamma=5.0, gamma_tilde=5.0)))
    assert "Signal to noise: gamma" in " ".join(plain.sentences())
    assert plain.by_the_model


@pytest.mark.parametrize("scale", [1e-31, 1e40])
def test_rows_of_an_unusual_size_are_refused(scale):
    """Single precision would lose them; in between the scale changes nothing."""
    setting = Setting(4000, 8, 8, 2, 0.4, 4.0, 4.0)
    with pytest.raises(InvalidArgument, match="X must be scaled to a usual size"):
        fit(*turned(setting, scale))
    one, other = (fit(*turned(setting, size)).as_dict() for size in (1.0, scale**0.5))
    assert one["gain"]["model_free"] == pytest.approx(other["gain"]["model_free"], rel=1e-6)


def test_columns_on_different_scales_are_named_where_nothing_is_seen():
    """Directions that were taken for empty may hold what is shared."""
    x, y = drawn(Setting(4000, 8, 8, 2, 0.4, 4.0, 4.0))
    with pytest.raises(InvalidArgument, match="X has 7 directions whose variance is below 1e-09"):
        fit(x * np.where(np.arange(8) == 7, 1e6, 1.0), y)
    with pytest.raises(InvalidArgument, match=r"show no shared direction(?!.*one scale)"):
        fit(x, y[::-1])


def test_no_interval_of_gamma_where_its_spike_is_not_seen():
    """Signal in every column leaves no noise to compare with: anything is possible, nothing overflows."""
    found = fit(*(rows > 0 for rows in drawn(Setting(4000, 12, 10, 2, 0.4, 10.0, 10.0))))
    assert found.gamma.high == np.inf


def test_one_row_that_decides_the_fit_is_told(isotropic):
    """A row a hundred times as long as the others."""
    x, y = drawn()
    x[0] *= 100
    assert holds(isotropic, "heavy-rows")
    assert not holds(fit(x, y, rank=3), "heavy-rows")


def test_a_large_mean_costs_nothing(isotropic):
    """Columns far from zero are no constant columns."""
    x, y = drawn()
    assert fit(x + 1e6, y - 1e6).eta_free.value == pytest.approx(isotropic.eta_free.value, abs=1e-3)


def test_an_impossible_number_of_corrupted_pairs_is_not_told(isotropic):
    """More corrupted ones among the kept pairs than there are at all, or more clean ones, is no answer."""
    whole = replace(isotropic, keep=0.95, eta_free=Estimate(0.6, 0.55, 0.65))
    assert "35.0% are expected to be corrupted" in " ".join(replace(whole, false_share=0.35).sentences())
    for impossible in (0.8, 0.1):
        said = " ".join(replace(whole, false_share=impossible).sentences())
        assert "it cannot be told how many are corrupted" in said
        assert "expected to be corrupted" not in said


def test_one_file_twice_is_refused(tmp_path):
    """Whatever its name is spelled like; two files with the same rows are another matter."""
    np.save(tmp_path / "x.npy", np.eye(3))
    with pytest.raises(InvalidArgument, match="must be another file than X, or another array in it"):
        fit(tmp_path / "x.npy", str(tmp_path / "." / "x.npy"))


def test_one_file_may_hold_both_sides_and_the_labels(tmp_path):
    """A key for each side gives what two files give; without one, or with one for both, the hint is given."""
    x, y = drawn(Setting(4000, 12, 10, 2, 0.4, 10.0, 10.0))
    both, labels = tmp_path / "both.npz", np.arange(4000) % 2
    np.savez(both, images=x, captions=y, known=labels)
    apart = fit(x, y, labels=labels)
    assert fit(both, both, labels=both, key="images,captions,known").as_dict() == apart.as_dict()
    assert fit(x, both, key=",captions").as_dict() == fit(x, y).as_dict()
    for key, hint in (
        (None, r"images, captions, known \(--key images,captions: one for X, one for Y\), got nothing"),
        ("images", r"another array in it \(--key A,B"),
        ("images,images", r"another array in it \(--key A,B"),
        ("images,none", "must name one of the arrays in Y"),
        ("images,captions,known,more", "at most three names"),
    ):
        with pytest.raises(InvalidArgument, match=hint):
            fit(both, both, key=key)


def test_a_folder_is_named_as_it_was_given(tmp_path, monkeypatch):
    """The folder that one stands in has a name too."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidArgument, match=r"Y must be a file, and is a folder, got '\.'"):
        fit(drawn()[0], ".")


def test_the_json_has_the_promised_keys_only(isotropic):
    """The documented object, with intervals as value, low and high."""
    found = isotropic.as_dict()
    assert set(found) == KEYS
    assert set(found["eta"]) == {"model", "model_free", "lower_bound"}
    assert set(found["gain"]) == {"model", "model_free"}
    for interval in (found["r"], found["gamma"], found["eta"]["model_free"], found["gain"]["model_free"]):
        assert interval["low"] <= interval["value"] <= interval["high"]
    json.dumps(found)
    decided = isotropic.sentences()[-1]
    assert decided.startswith("Filtering pays")
    assert "But if the subspaces are all you want, neither: PCA of each modality alone" in decided
    assert "<table>" in isotropic._repr_html_()


def test_the_same_seed_gives_the_same_answer_and_the_threshold_keeps_the_share(isotropic):
    """Nothing but the seed and the rows decides; the scores apply the filter."""
    assert fit(*drawn()).as_dict() == isotropic.as_dict()
    assert fit(*drawn(), seed=1).as_dict() != isotropic.as_dict()
    assert abs(isotropic.kept.mean() - isotropic.keep) < 1e-9


def test_alternatives_stand_beside_the_filter(isotropic):
    """All pairs, PCA, one round and the limit, which nothing passes."""
    means = {other.estimator: other.mean for other in isotropic.alternatives}
    assert {"unfiltered", "pca", "teacher-filtered", "limit"} <= set(means)
    assert means["limit"] <= min(means.values()) * (1 + 1e-9)
    assert means["pca"] < means["teacher-filtered"] < means["unfiltered"]


def test_measured_errors_are_those_behind_the_gain():
    """The filter's error is that of all pairs over the gain; none is 0, and what may be is told as that."""
    found = fit(*drawn(BOUNDARY, 0), rank=7)
    rows = {other.estimator: other for other in found.alternatives}
    filtered, whole, gain = rows["cross-filtered"], rows["unfiltered"], found.gain_free
    assert not found.by_the_model
    assert filtered.mean == pytest.approx(whole.mean / gain.value)
    assert filtered.interval == pytest.approx((whole.mean / gain.high, whole.mean / gain.low))
    assert replace(filtered, interval=(0.1, 0.2)).between == "(0.1 to 0.2)"
    open_end = replace(filtered, interval=(0.0, 0.2))
    assert open_end.between == "at most 0.2: 0 is not ruled out"
    assert replace(filtered, interval=(0.0, 0.0)).between == "nothing but rounding"
    assert whole.interval[0] < whole.mean < whole.interval[1]
    assert f"{filtered.mean:.4g} {filtered.between}" in found._repr_html_()


def test_the_error_of_pca_is_known_up_to_that_of_all_pairs():
    """Its distance from their fit is no estimate where it is no larger than that fit's own error."""
    error = Estimate(0.2, 0.1, 0.3)
    far = alternatives.pca_error((0.9, 0.1), (error, error))
    assert (far.low, far.high) == pytest.approx((0.6, 1.2))
    assert far.value == pytest.approx((0.9**2 - 0.2**2) ** 0.5)
    assert alternatives.pca_error((0.25, 0.1), (error, error)) == Estimate(0.0, 0.0, 0.55)


def test_the_root_of_a_square_has_its_interval():
    """From draws of a square whose cells are chi-squared: 95% hold its root, fewer of those half as wide."""
    rng = np.random.default_rng(0)
    held = half = 0
    for _ in range(400):
        cells = rng.standard_normal((payoff.CELLS, 4)) ** 2
        left_out = (cells.sum() - cells.sum(axis=1)) / 4 / (payoff.CELLS - 1)
        found = payoff.root(payoff.Statistic(float(cells.mean()), left_out), 0.05)
        held += found.holds(1.0)
        half += abs(np.log(found.value)) < np.log(found.high / found.value) / 2
    assert 0.92 < held / 400 < 0.98
    assert half / 400 < 0.85
    assert payoff.root(payoff.Statistic(0.0, np.zeros(payoff.CELLS)), 0.05) == Estimate(0.0, 0.0, 0.0)


def test_the_information_is_known_at_both_ends():
    """1/a at eta = 0, where each modality has only itself, and (g + g~)/(1 + g + g~) at eta = 1."""
    assert information(4, 1e-9, 2.0, 5.0)[0] == pytest.approx(2 / 3, rel=0.02)
    assert information(4, 1.0, 2.0, 5.0) == pytest.approx((7 / 8, 7 / 8), rel=0.02)
    assert information(4, 0.3, 2.0, 5.0)[0] > 2 / 3


def test_fiellers_ends_hold_the_ratio_or_are_open():
    """Sharp statistics give a narrow interval; a bottom that may be nothing gives no upper end."""
    rng = np.random.default_rng(0)

    def made(value, spread):
        return payoff.Statistic(value, value + spread * rng.standard_normal(40) / 39)

    low, high = payoff.fieller(made(4.0, 0.05), made(2.0, 0.05), 0.025)
    assert 1.8 < low < 2 < high < 2.2
    assert payoff.fieller(made(4.0, 0.05), made(0.1, 2.0), 0.025)[1] == np.inf


def test_the_command_prints_writes_and_ends_with_the_decision(tmp_path, command):
    """In 80 columns, decision last; scores and picture whole; JSON alone on standard output."""
    x, y = drawn(Setting(4000, 12, 10, 2, 0.4, 10.0, 10.0))
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "y.npz", y=y)
    given = (tmp_path / "x.npy", tmp_path / "y.npz", "--key", "y")
    scores, figure = tmp_path / "s.csv", tmp_path / "f.png"
    np.savez(tmp_path / "x.npz", y=x)
    files = (tmp_path / "x.npz", tmp_path / "y.npz", "--key", "y")
    status, out, _ = command("fit", *files, "--scores", scores, "--figure", figure)
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    assert out.strip().split("\n\n")[-1].startswith(("Filtering", "Undecided"))
    table = np.loadtxt(scores, delimiter=",", skiprows=1)
    assert table.shape == (4000, 5)
    assert table[:, 4].mean() == pytest.approx(1, abs=1e-5)
    assert figure.stat().st_size > 10_000
    status, out, _ = command("fit", *files, "--json", "--scores", tmp_path / "s.parquet")
    assert status == 0
    assert set(json.loads(out)) == KEYS
    status, out, err = command("fit", *given)
    assert (status, out) == (2, "")
    assert err.startswith("filtergain: --key must be left out")


def test_nothing_half_written_is_left(tmp_path, command):
    """A run that fails leaves no file."""
    np.save(tmp_path / "x.npy", np.random.default_rng(0).standard_normal((500, 4)))
    np.save(tmp_path / "y.npy", np.random.default_rng(1).standard_normal((500, 4)))
    status, _, err = command("fit", tmp_path / "x.npy", tmp_path / "y.npy", "--scores", tmp_path / "s.csv")
    assert status == 2
    assert "show no shared direction: in " in err
    assert "does row i of X belong to row i of Y?" in err
    assert "got" not in err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.npy", "y.npy"]


@pytest.mark.parametrize("option", ["--scores", "--figure"])
def test_a_place_that_cannot_be_written_is_told_before_the_rows_are_read(tmp_path, command, option):
    """No minutes of work are lost to a folder that is not there."""
    ending = {"--scores": ".csv", "--figure": ".png"}[option]
    status, _, err = command("fit", "x.npy", "y.npy", option, tmp_path / "none" / f"a{ending}")
    assert (status, "must name a file in a folder that exists" in err) == (2, True)
    (tmp_path / f"a{ending}").mkdir()
    status, _, err = command("fit", "x.npy", "y.npy", option, tmp_path / f"a{ending}")
    assert (status, "must name a regular file" in err) == (2, True)


def test_an_output_that_cannot_be_made_leaves_the_others(tmp_path, command, monkeypatch):
    """One line names the picture that is lost; the scores and the answer are there; the status says so."""
    from verification.figures import own_pairs

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(own_pairs, "scores_and_gain", full)
    x, y = drawn(Setting(4000, 12, 10, 2, 0.4, 10.0, 10.0))
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    wanted = ("--scores", tmp_path / "s.csv", "--figure", tmp_path / "f.png")
    status, out, err = command("fit", tmp_path / "x.npy", tmp_path / "y.npy", *wanted)
    assert status == 2
    assert "Mean error" in out
    assert f"cannot write {tmp_path / 'f.png'}: No space left on device" in err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.csv", "x.npy", "y.npy"]


def test_blocks_are_not_held(tmp_path):
    """The rows are read from the file as it is mapped: a fit's own arrays stay small against them."""
    import tracemalloc

    rows = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (120_000, 96))
    rng = np.random.default_rng(0)
    for start in range(0, len(rows), 10_000):
        rows[start : start + 10_000] = rng.standard_normal((10_000, 96), dtype=np.float32)
        rows[start : start + 10_000, :2] *= 3
    rows.flush()
    np.save(tmp_path / "y.npy", rows[:, ::-1] + 0.5)
    tracemalloc.start()
    fit(tmp_path / "x.npy", tmp_path / "y.npy", rank=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.6 * 2 * rows.nbytes
