import json
import re
import sys

import pytest

TABLE_1 = ("--n", "1e4", "--d", 10, "--d-tilde", 8, "--r", 4, "--eta", 0.3, "--gamma", "1e4")
QUESTION = ("--n", "1e6", "--d", 512, "--r", 32, "--gamma", 5, "--eta", 0.3)
LEAKY = ("--n", "1e7", "--d", 8, "--r", 2, "--gamma", 1, "--eta", 0.02)
PRINTED = {0.01: 28.76, 0.1: 11.79, 0.2: 9.85, 0.3: 9.08, 0.4: 8.97, 0.5: 8.71, 1: 16.51}


def test_table_1_from_the_command_line(command):
    """All seven means of Table 1 within 5% in one call."""
    shares = [x for retain in PRINTED for x in ("--retain", retain)]
    status, out, _ = command("predict", *TABLE_1, "--student-n", "1e4", *shares, "--json")
    assert status == 0
    for law, printed in zip(json.loads(out), PRINTED.values(), strict=True):
        assert law["teacher_filtered"]["mean"] * 1e4 == pytest.approx(printed, rel=0.05)


def test_the_question_of_a_user_is_one_line(command):
    """Gain, threshold, kept share and number of rounds are printed in words."""
    status, text, _ = command("threshold", *QUESTION)
    assert status == 0
    assert "Filtering lowers the mean error 1.29 times" in text
    assert "Best threshold: theta = 14.9" in text
    assert "keeps 30.7" in text
    assert "One round is enough" in text


def test_threshold_json_has_the_documented_keys(command):
    """Standard output holds one JSON document with the documented keys; notes go elsewhere."""
    status, out, _ = command("threshold", *TABLE_1, "--json")
    found = json.loads(out)
    assert status == 0
    assert {"setting", "theta", "retained", "mean", "gain"} <= set(found)
    assert set(found["gain"]) == {"unfiltered", "theta_0", "theta_half_r"}
    assert found["advice"]["one_round_is_enough"] is True


def test_predict_prints_every_estimator(command):
    """The text names the estimators, the threshold, the share kept and the leak."""
    status, out, _ = command("predict", *TABLE_1, "--theta", 0, "--rounds", 2)
    assert status == 0
    for part in ("unfiltered", "teacher", "oracle", "theta = 0", "leak", "2 rounds"):
        assert part in out
    status, out, _ = command("predict", *TABLE_1)
    assert "theta" not in out


def test_one_threshold_gives_an_object_and_several_a_list(command):
    """predict's JSON is the documented object for one threshold, a list for several."""
    _, out, _ = command("predict", *TABLE_1, "--theta", 1, "--json")
    assert json.loads(out)["theta"] == 1
    _, out, _ = command("predict", *TABLE_1, "--theta=-inf", "--retain", 0.5, "--json")
    first, second = json.loads(out)
    assert (first["theta"], first["retained"]) == ("-inf", 1.0)
    assert second["retained"] == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["predict", "threshold"])
def test_the_alternatives_stand_beside_the_filter(command, name):
    """A line an estimator in 80 columns and the sentence about PCA; the same numbers in the JSON."""
    _, out, _ = command(name, *QUESTION)
    lines = out.splitlines()
    first = next(
        i for i, line in enumerate(lines) if line.startswith("Mean error on the same 1,000,000 pairs")
    )
    table = lines[first : first + (8 if name == "threshold" else 7)]
    assert max(map(len, table)) <= 80
    _, text, _ = command(name, *QUESTION, "--json")
    found = json.loads(text)
    assert {"pca", "weighted", "limit"} <= set(found)
    for line, other in zip(table[1:], found["alternatives"], strict=True):
        assert line.startswith(f"  {other['estimator']} ")
        assert f"{other['mean']:.4g}   uses {other['efficiency']:.1%} of the information" in line
    split = ["teacher-filtered, best split"] if name == "threshold" else []
    assert [other["estimator"] for other in found["alternatives"]] == [
        "unfiltered", "pca", "teacher-filtered", "teacher-filtered, 2 rounds", *split, "weighted", "limit",
    ]  # fmt: skip
    assert lines[first + 7 + len(split)].startswith("(limit: what no estimator beats; ")
    factor, best = ("1.85", split[0]) if split else ("2.47", "weighted")
    said = f"errs {factor} times less than the best use of pairs above ({best}): if"
    assert said in lines[first + 8 + len(split)]
    means = {other["estimator"]: other["mean"] for other in found["alternatives"]}
    assert float(factor) == pytest.approx(means[best] / means["pca"], rel=3e-3)


def test_predict_says_which_law_and_where_the_signal_shows(command):
    """First order with many pairs; near the transition the law at any n, and why not to trust it."""
    _, out, _ = command("predict", *QUESTION, "--json")
    found = json.loads(out)
    assert (found["law"], found["trusted"], found["reason"]) == ("first-order", True, "")
    assert 1 < found["transition_n"] < 512
    small = ("predict", "--n", 100, "--d", 9, "--r", 3, "--eta", 0.1, "--json")
    _, out, _ = command(*small, "--gamma", 2, "--theta", 0)
    found = json.loads(out)
    assert (found["law"], found["trusted"]) == ("proportional", False)
    assert found["reason"] == "the signal's own sampling noise is not small"
    for gamma, expected in (("1e-300", "inf"), ("inf", None)):
        status, out, _ = command(*small, "--gamma", gamma)
        assert (status, json.loads(out)["transition_n"]) == (0, expected)


def test_advice_in_words(command):
    """Leaky settings are told to go on, clean data to leave the filter, and what cannot err is left alone."""
    _, out, err = command("threshold", *LEAKY)
    assert "One round is not enough" in out
    assert "\nExpected relative error " in out
    assert err == ""
    _, out, _ = command("threshold", *LEAKY, "--rounds", 3, "--teacher-n", "1e6", "--student-n", "2e6")
    assert "in each of 3 rounds" in out
    _, out, _ = command("threshold", "--n", "1e6", "--d", 8, "--r", 2, "--gamma", "1e4", "--eta", 1)
    assert "does not pay" in out
    assert "No round is worth its pairs" in out
    assert "\nExpected relative error below 0.1% (the first-order law decides)." in out
    _, out, _ = command("threshold", "--n", "1e4", "--d", 3, "--r", 3, "--gamma", 2, "--eta", 0.3)
    assert "no error to lower" in out
    _, out, _ = command("threshold", "--n", "1e4", "--d", 10, "--r", 1, "--gamma", "inf", "--eta", 1)
    assert "no error to lower" in out
    _, out, _ = command("threshold", "--n", 20, "--d", 20, "--r", 8, "--gamma", "inf", "--eta", 0.5)
    assert "not known here" in out
    assert "no error to lower" not in out
    _, out, _ = command("threshold", "--n", 100, "--d", 9, "--r", 3, "--gamma", 2, "--eta", 0.1)
    assert "\nBy a law that is not to be trusted here (22.4 pairs are kept, fewer than 30 a latent dim" in out
    assert "Draw it with the filter: filtergain simulate --n 100 " in out


SMALL = ("--gamma", 2, "--d", 64, "--r", 8)
DOUBTED = [("1e6", 1e-9), ("2e4", 0.01), ("2e4", 0.05)]


@pytest.mark.parametrize(("n", "eta"), DOUBTED)
def test_nothing_is_asserted_by_a_law_that_is_not_to_be_trusted(command, n, eta):
    """No threshold, share, gain or rounds as a fact: round numbers, why not, and what to draw instead."""
    status, out, err = command("threshold", *SMALL, "--n", n, "--eta", eta)
    assert (status, err) == (0, "")
    for fact in ("Filtering lowers", "Best threshold", "One round", "No round", "reach", "At theta = 0"):
        assert fact not in out
    said = next(line for line in out.splitlines() if line.startswith("By a law that is not to be trusted"))
    assert "nothing bounds its relative error" in said
    numbers = re.findall(r"(?:about|near) ([\d.]+)", said)
    assert len(numbers) == 4
    assert all(len(number.replace(".", "").lstrip("0")) <= 2 for number in numbers)
    assert "Whether filtering pays here, at which threshold and in how many rounds, is not known" in out
    table = {line[2:32].strip(): line for line in out.splitlines() if line.startswith("  ")}
    for name in ("unfiltered", "teacher-filtered"):
        assert "not to be trusted" in table[name]
        assert len(table[name]) <= 80
    assert "information" in table["pca"]
    found = json.loads(command("threshold", *SMALL, "--n", n, "--eta", eta, "--json")[1])
    assert (found["trusted"], found["advice"]["trusted"]) == (False, False)
    assert found["reason"] in said
    trust = {other["estimator"]: other["trusted"] for other in found["alternatives"]}
    assert (trust["unfiltered"], trust["teacher-filtered"], trust["pca"]) == (False, False, True)


def test_where_the_law_is_to_be_trusted_it_answers(command):
    """The negative control of the above: two numbers more and the sentences are there."""
    _, out, _ = command("threshold", *QUESTION)
    assert "not to be trusted" not in out
    assert "not known" not in out
    found = json.loads(command("threshold", *QUESTION, "--json")[1])
    assert (found["trusted"], found["reason"], found["advice"]["trusted"]) == (True, "", True)
    _, out, _ = command("threshold", *SMALL, "--n", "2e5", "--eta", 0.05)
    assert "Filtering lowers the mean error 2.31 times" in out
    assert "Whether more than one round pays is not known: of 2 to 3 rounds the law is not to be" in out


@pytest.mark.parametrize(
    ("n", "eta", "within"), [("2e4", 0.05, 0.1), ("2e5", 0.05, 0.1), ("1e6", 1e-9, 0.01)]
)
def test_the_kept_share_is_the_teachers(command, n, eta, within):
    """What the teacher keeps, as drawn, not what an oracle would at the same threshold."""
    found = json.loads(command("threshold", *SMALL, "--n", n, "--eta", eta, "--json")[1])
    at = ("--estimator", "teacher-filtered", f"--theta={found['theta']}", "--replicates", 6, "--json")
    drawn = json.loads(command("simulate", *SMALL, "--n", n, "--eta", eta, *at)[1])["retained"]
    mean = sum(drawn) / len(drawn)
    assert found["kept_share"] == pytest.approx(mean, rel=within)
    assert found["retained"] != pytest.approx(mean, rel=within) or n == "2e5"
    _, out, _ = command("predict", *SMALL, "--n", n, "--eta", eta, f"--theta={found['theta']}")
    assert "by the teacher's it keeps" in out


def test_the_answer_is_last_and_the_next_command_after_it(command):
    """Below the table, so that it is what a short screen shows; the command that is shown runs."""
    _, out, _ = command("threshold", "--n", "1e4", "--d", 9, "--r", 3, "--gamma", 2, "--eta", 0.3)
    lines = out.splitlines()
    starts = ("Mean error on", "(limit: ", "PCA of each", "Filtering lowers", "Expected relative", "Draw it")
    places = [next(i for i, line in enumerate(lines) if line.startswith(start)) for start in starts]
    assert places == sorted(places)
    assert places[-1] == len(lines) - 1
    assert command(*lines[-1].partition("filtergain ")[2].split())[0] == 0


@pytest.mark.parametrize("name", ["predict", "threshold"])
def test_unknown_weights_can_be_drawn(command, name):
    """Where their law is unknown the command is shown, and runs; where it is known there is none."""
    _, out, _ = command(name, "--n", 200, "--d", 9, "--r", 3, "--gamma", 2, "--eta", 0.1)
    line = next(line for line in out.splitlines() if "weighted can be drawn: " in line)
    status, drawn, _ = command(*line.partition("filtergain ")[2].split())
    assert status == 0
    assert drawn.startswith("weighted, direct engine, 10 replicates")
    assert "can be drawn" not in command(name, *QUESTION)[1]


def test_every_prediction_is_a_number_that_says_what_decides(command):
    """No error is above sqrt(r); what is not to be trusted says why, and what to simulate instead."""
    small = ("--n", 100, "--d", 9, "--r", 3, "--gamma", 2, "--eta", 0.1)
    status, out, err = command("predict", *small, "--theta", 0, "--teacher-n", 30)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    means = [
        float(line.split(" ± ")[0].split()[-1]) for line in lines if " ± " in line and "mean" not in line
    ]
    assert len(means) == 4
    assert max(means) <= 3**0.5
    assert out.count("   any n\n") == 4
    assert "not to be trusted: " in out
    shown = [line.partition("filtergain ")[2] for line in lines if "simulate it: " in line]
    assert len(shown) == out.count("not to be trusted: ") == 4
    for line in shown:
        assert command(*line.split())[0] == 0
    assert "--teacher-n 30 --student-n 70" in shown[-1]
    _, out, _ = command("threshold", *small)
    assert "\nWhether filtering pays here, " in out
    status, out, _ = command("predict", *TABLE_1, "--theta", 0)
    assert out.count("   first order\n") == 4
    assert "trusted" not in out


def test_a_threshold_that_keeps_too_few_is_told_a_lower_one(command):
    """No simulation of no pairs is advised; the threshold that is named keeps what was promised."""
    place = ("--n", "1e4", "--d", 6, "--r", 2, "--eta", 0.3, "--gamma", 1)
    _, out, _ = command("predict", *place, "--theta", 100)
    assert "simulate it" not in out
    assert "keeps 7.5e-14% of 5,000 pairs" in out
    named = out.partition("a lower threshold keeps enough pairs to learn from: ")[2].split()
    assert (named[0], named[2:4]) == ("--theta", ["keeps", "66"])
    _, out, _ = command("predict", *place, *named[:2])
    kept = float(out.partition("keeps ")[2].partition("%")[0]) * 50
    assert kept == pytest.approx(66, rel=0.01)
    assert "fewer than 30" not in out
    _, out, _ = command("predict", *place, "--theta", 100, "--student-n", 50)
    assert "more pairs are needed: 66 kept of 50 scored leave no filter" in out


def test_the_split_does_not_contradict_the_advice(command):
    """A split that gains nothing is not shown; where only a split pays, the advice says so."""
    _, out, _ = command("threshold", *QUESTION)
    assert "1.8 times less than unfiltered and 1.4 times less than halves" in out
    _, out, _ = command("threshold", "--n", 60, "--d", 9, "--r", 3, "--gamma", 20, "--eta", 0.2)
    assert "split" not in out
    _, out, _ = command("threshold", *QUESTION)
    assert "teacher-filtered, best split     0.1126 " in out
    _, out, _ = command("threshold", "--n", "1e5", "--d", 512, "--r", 32, "--gamma", 5, "--eta", 0.8)
    assert "does not pay at these sizes" in out
    assert "In even parts no round is worth its pairs." in out
    assert "1.11 times less than unfiltered." in out
    assert "train on all of them" not in out
    assert "\nBest threshold: theta" in out


def test_a_threshold_is_not_recommended_where_filtering_never_pays(command):
    """With clean pairs only the best threshold is what it would be."""
    _, out, _ = command("threshold", "--n", "1e6", "--d", 64, "--r", 8, "--gamma", 5, "--eta", 1)
    assert "No round is worth its pairs: train on all of them." in out
    assert "\nThe best threshold, should one filter all the same: theta = 1.36" in out


@pytest.mark.parametrize("name", ["predict", "threshold"])
def test_replicates_need_a_picture(command, name):
    """Simulated points are for the picture only: without one the flag is refused."""
    status, out, err = command(name, *TABLE_1, "--replicates", 3)
    assert (status, out, err) == (2, "", "filtergain: --replicates must go with --figure, got 3\n")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("predict", *TABLE_1, "--retain", 2), "retain"),
        (("predict", *TABLE_1, "--theta", "inf"), "theta"),
        (("predict", *TABLE_1, "--theta", "__import__('os')"), "number"),
        (("threshold", *TABLE_1, "--figure", "picture.exe"), ".png"),
        (("constants", "corollary-9"), "corollary-1"),
        (("constants", "corollary-1", "--set", "n=__import__('os')"), "numbers"),
        (("constants", "corollary-1", "--set", "n"), "NAME=VALUE"),
        (("constants", "corollary-1", "--set", "n=nan"), "numbers"),
        (("constants", "corollary-1", "--set", "n=-3"), "whole number >= 4"),
        (("constants", "corollary-1", "--set", "q=3"), "eta"),
        (("constants", "corollary-1", "--over", "n=1:2"), "START:STOP:COUNT"),
        (("constants", "corollary-1", "--over", "n=1:2:1"), "COUNT"),
        (("constants", "corollary-1", "--over", "gamma=1:inf:5"), "finite"),
    ],
)
def test_mistakes_are_one_line(command, arguments, named):
    """A wrong value is one line on standard error that names what is allowed, and exit status 2."""
    status, out, err = command(*arguments)
    assert (status, out) == (2, "")
    assert named in err
    assert len(err.strip().splitlines()) == 1


def test_constants_without_numbers_show_the_expressions(command):
    """Each form of the bound is printed with what is known of its constant."""
    status, out, _ = command("constants", "corollary-1")
    assert status == 0
    assert "(printed)" in out
    assert "(sharp)" in out
    assert "(explicit)" in out
    assert "with constant 1, to which its ratio tends as gamma -> 0" in " ".join(out.split())


def test_constants_with_numbers_and_along_a_curve(command):
    """--set gives values, --over a table with both ends; what is missing is named."""
    fixed = [
        x
        for pair in ("n=1e6", "d=9", "d_tilde=9", "r=2", "gamma=2", "gamma_tilde=inf")
        for x in ("--set", pair)
    ]
    _, out, _ = command("constants", "corollary-1", *fixed, "--set", "eta=0.5", "--json")
    value = json.loads(out)["forms"][0]["value"]
    _, out, _ = command("constants", "corollary-1", *fixed, "--over", "eta=0.125:0.5:3", "--log", "--json")
    found = json.loads(out)
    assert found["over"]["points"] == pytest.approx([0.125, 0.25, 0.5])
    assert found["forms"][0]["values"] == pytest.approx([4 * value, 2 * value, value])
    assert "latex" in found["forms"][0]
    _, out, _ = command("constants", "corollary-1", *fixed, "--over", "eta=0.1:0.5:5")
    assert len([line for line in out.splitlines() if line.lstrip()[:1].isdigit()]) == 5
    _, out, _ = command("constants", "corollary-1", "--set", "n=100")
    assert "needs d" in out
    _, out, _ = command("constants", "corollary-1", *fixed, "--set", "eta=0.5")
    assert "value" in out


def test_outside_its_conditions_a_bound_has_no_number(command):
    """A curve says "outside" there for every form, also where the condition is up to a constant."""
    place = {"n": "1e6", "d": 512, "d_tilde": 512, "r": 32, "gamma": 5, "gamma_tilde": 5, "delta": 0.01}
    given = [word for name, value in place.items() for word in ("--set", f"{name}={value}")]
    _, out, _ = command("constants", "corollary-1", *given, "--over", "eta=0.001:1:3", "--log")
    rows = [line.split() for line in out.splitlines()[-4:-1]]
    assert rows[0][1:] == ["outside"] * 3
    assert rows[1][2] == "outside"
    assert [float(rows[1][1]), float(rows[2][1])] == pytest.approx([4.857, 0.1536], rel=1e-3)
    assert "outside" not in rows[2]
    assert "(outside: the claim's conditions are not met there; C is 1 in them unless it is --set)" in out
    _, out, _ = command("constants", "corollary-1", *given, "--set", "eta=0.001")
    assert out.count("conditions not met") == 3
    _, out, _ = command("constants", "corollary-1", *given, "--set", "eta=0.001", "--set", "C=1e-6")
    assert out.count("conditions not met") == 1
    assert "value      153.6" in out


def test_a_claim_without_a_bound_has_no_constants(command, monkeypatch):
    """Such a claim is refused by name."""
    monkeypatch.setattr("bounds.constants.forms", lambda claim, known: ())
    status, _, err = command("constants", "corollary-1")
    assert status == 2
    assert "states a bound" in err


def test_pictures_are_written_where_asked(command, tmp_path):
    """predict and threshold write their pictures, with simulated points where asked, and say so."""
    small = ("--n", 3000, "--d", 5, "--r", 2, "--gamma", 20, "--eta", 0.3)
    law, curve, chart = (tmp_path / name for name in ("law.png", "curve.svg", "map.pdf"))
    _, _, err = command("predict", *small, "--figure", law, "--replicates", 2)
    assert str(law) in err
    _, _, err = command("threshold", *small, "--figure", curve, "--replicates", 2, "--map", chart)
    assert str(curve) in err
    assert str(chart) in err
    assert law.read_bytes()[:4] == b"\x89PNG"
    assert b"<svg" in curve.read_bytes()
    assert chart.read_bytes()[:4] == b"%PDF"


@pytest.mark.parametrize(
    ("name", "option"),
    [("predict", "--figure"), ("predict", "--over-n"), ("threshold", "--figure"), ("threshold", "--map")],
)
def test_without_a_picture_the_numbers_are_printed(command, monkeypatch, tmp_path, name, option):
    """No Matplotlib: all numbers as without the option, one line on what is lost, and status 2."""
    small = ("--n", 3000, "--d", 5, "--r", 2, "--gamma", 20, "--eta", 0.3)
    _, numbers, notes = command(name, *small)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    status, out, err = command(name, *small, option, tmp_path / "a.png")
    assert (status, out) == (2, numbers)
    said = err.removeprefix(notes)
    assert said.count("\n") == 1
    assert ".[figures]" in said


def test_a_full_disk_leaves_the_numbers(command, monkeypatch, tmp_path):
    """The picture cannot be written: the numbers are printed all the same."""

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("verification.figures.sharp_law.error_against_threshold", full)
    status, out, err = command("threshold", *TABLE_1, "--figure", tmp_path / "a.png")
    assert status == 2
    assert "Mean error" in out
    assert "No space left" in err


def test_a_threshold_that_keeps_nothing_is_one_line(command):
    """No share of the pairs is left to predict from."""
    place = ("--n", "1e6", "--d", 64, "--r", 8, "--eta", 0.3, "--gamma", 5)
    status, out, err = command("predict", *place, "--theta", 1e9)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "theta must keep some of 500,000 scored pairs" in err
