"""What one types in Python: ids for claims, a module's claims, short reprs, data frames."""

import math
import subprocess
import sys

import numpy as np
import pytest

import filtergain as fg
from bounds.register import UnknownClaim
from verification.errors import InvalidArgument, MissingExtra

PLACE = {"n": 100, "d": 4, "d_tilde": 4, "r": 2, "eta": 0.5, "gamma": 1.0, "gamma_tilde": 1.0, "delta": 0.1}
OWN = """import sympy as sp
from bounds import Claim, Measured, Path, Proof, Relation, Tail, Verdict
from bounds.proof.steps import identity
from bounds.symbols import delta, n

def own_mean(values, rng):
    return abs(rng.standard_normal(int(values["n"])).mean())

QUANTITIES = {"own-mean": own_mean}
CLAIMS = (
    Claim(
        id="own", title="t", source="s", statement="w", relation=Relation.UPPER, note="a.md#b",
        bound=1 / sp.sqrt(n * delta), expected=Verdict.SUPPORTED,
        checks=(Tail(Measured(quantity="own-mean"), (Path(n, (4, 64), ()),), delta=0.05),),
    ),
    Claim(
        id="one", title="t", source="s", statement="w", note="a.md#b", expected=Verdict.PROVED,
        checks=(Proof(lambda claim: [STEP]),),
    ),
)
"""


@pytest.fixture
def module(tmp_path):
    """A file with a sound claim on draws and a sound proof."""
    file = tmp_path / "own.py"
    file.write_text(OWN.replace("STEP", 'identity("1 = 1", 1, 1)'))
    return str(file)


@pytest.mark.parametrize(
    "given",
    ["eq-10", ["eq-10"], fg.claims["eq-10"], (fg.claims["eq-10"],)],
    ids=["id", "ids", "claim", "claims"],
)
def test_a_claim_may_be_named_in_any_way(given):
    """An id, a claim, or several of either: the same verdict with the same share of the budget."""
    (found,) = fg.verify(given, jobs=1)
    assert (found.claim.id, str(found.verdict)) == ("eq-10", "REFUTED")


def test_what_is_no_claim_is_named():
    """A misspelt id is answered with the nearest; another thing with what it must be."""
    with pytest.raises(UnknownClaim, match="did you mean"):
        fg.verify("eq-1O")
    with pytest.raises(InvalidArgument, match="claims must be claims or their ids, got 3"):
        fg.verify([3])


def test_a_module_alone_means_its_own_claims(module):
    """`verify(module=...)` judges what the file holds and nothing of the paper; ids may be the file's."""
    assert [v.claim.id for v in fg.verify(module=module, jobs=1, with_mutants=False)] == ["own", "one"]
    assert [v.claim.id for v in fg.verify("one", module=module, jobs=1)] == ["one"]


def test_a_quantity_of_a_file_that_was_not_given_says_so():
    """The message tells where quantities of one's own come from, without a list of the paper's."""
    claim = fg.Claim(
        id="lost", title="t", source="s", statement="w", relation=fg.Relation.UPPER, note="a.md#b",
        bound=fg.claims["corollary-1"].bound, expected=fg.Verdict.SUPPORTED,
        checks=(fg.Tail(fg.Measured(quantity="pca-eror"), (fg.Path(*_path()),)),),
    )  # fmt: skip
    with pytest.raises(InvalidArgument, match=r"given as module \(did you mean pca-error") as error:
        fg.verify(claim, jobs=1)
    assert len(str(error.value)) < 200


def _path():
    from bounds.symbols import d, d_tilde, eta, gamma, gamma_tilde, n, r

    return n, (100, 1000), ((d, 4), (d_tilde, 4), (r, 2), (eta, 1), (gamma, 1), (gamma_tilde, 1))


def test_a_derivation_that_gives_no_steps_is_told_what_to_give(tmp_path):
    """An equation in place of a step is an error of the claim's own code, and is called that."""
    file = tmp_path / "wrong.py"
    file.write_text(OWN.replace("STEP", "sp.Eq(1, 1)"))
    (found,) = fg.verify("one", module=str(file), jobs=1)
    assert found.verdict is fg.Verdict.INCONCLUSIVE
    assert found.message.startswith("Not decided, as the claim's own code raised an error")
    assert "a derivation gives steps" in found.message
    assert "budget" not in found.message


def test_a_bound_has_no_number_outside_its_conditions():
    """NaN where a condition is broken, also inside arrays; an error where a number is missing."""
    claim = fg.claims["corollary-1-explicit"]
    assert math.isnan(claim.evaluate(PLACE))
    assert 0 < claim.evaluate({**PLACE, "n": 10**7}) < 1
    assert np.isnan(claim.evaluate({**PLACE, "n": np.array([100, 10**7])})).tolist() == [True, False]
    assert claim.bound_at({**PLACE, "n": 10**7}) == claim.evaluate({**PLACE, "n": 10**7})
    with pytest.raises(ValueError, match="'corollary-1-explicit' needs a value of d, d_tilde"):
        claim.evaluate({"n": 10})
    with pytest.raises(ValueError, match="'eq-1' compares expressions that are no numbers"):
        fg.claims["eq-1"].evaluate(PLACE)


def test_an_unnamed_constant_leaves_its_condition_open():
    """A condition up to a constant keeps no number back, and with a constant it does."""
    claim = fg.claims["corollary-1"]
    assert claim.evaluate(PLACE) > 0
    assert math.isnan(claim.evaluate({**PLACE, "C": 100}))


def test_what_is_shown_at_a_prompt_is_short():
    """Register, claim, verdicts and a simulation each on one line; in a notebook a claim has its formula."""
    drawn = fg.simulate(fg.Setting(1000, 4, 4, 2, 0.5, 1.0, 1.0), replicates=3)
    found = fg.verify("eq-10", jobs=1)
    place = fg.Setting(10_000, 4, 4, 2, 0.5, 1.0, 1.0)
    law = fg.predict(place, theta=0.0)
    along = fg.predict_over(place, {"eta": [0.1, 0.2]})
    z = np.random.default_rng(0).standard_normal((2000, 2))
    rows = np.hstack([z, z]) + 0.3 * np.random.default_rng(1).standard_normal((2000, 4))
    of_ones_own = fg.fit(rows, rows[:, ::-1])
    results = (law, law.unfiltered, along, fg.threshold(place), of_ones_own)
    for thing in (fg.claims, fg.claims["theorem-1"], found, found[0], drawn, *results):
        assert len(repr(thing)) < 250
        assert "\n" not in repr(thing)
    assert "2 settings: unfiltered, teacher" in repr(along)
    assert f"mean error {fg.threshold(place).mean:.4g}" in repr(fg.threshold(place))
    assert of_ones_own.decision in repr(of_ones_own)
    assert "eq-10" in repr(found[0])
    assert "REFUTED" in repr(found)
    assert "3 errors" in repr(drawn)
    page = fg.claims["theorem-1"]._repr_html_()
    assert "theorem-1" in page
    assert r"\lesssim" in page
    assert "REFUTED" in page
    assert "eq-1" in fg.claims._repr_html_()


def test_a_verdict_is_had_by_the_claims_id():
    """By id as by number; one that was not judged is answered with those that were."""
    found = fg.verify(["eq-10", "eq-5"], jobs=1, with_mutants=False)
    assert found["eq-5"] is found[1]
    with pytest.raises(UnknownClaim, match="'eq-6'; did you mean eq-5"):
        found["eq-6"]


def test_results_are_data_frames():
    """One row a claim, one row a replicate: the same numbers by column."""
    frame = fg.verify(["eq-10", "eq-5"], jobs=1).to_pandas()
    assert list(frame["verdict"]) == ["REFUTED", "PROVED"]
    drawn = fg.simulate(fg.Setting(1000, 4, 4, 2, 0.5, 1.0, 1.0), replicates=3)
    assert drawn.to_pandas()["error"].tolist() == drawn.errors.tolist()
    few = fg.simulate(
        fg.Setting(8, 4, 4, 2, 0.5, 1.0, 1.0), "oracle-filtered", theta=1e6, replicates=2
    ).to_pandas()
    assert few["error"].isna().all()
    assert few["failure"].str.contains("keeps 0").all()


def test_a_system_without_file_locks_has_all_but_stores(tmp_path):
    """Without `fcntl`, which Windows lacks, claims are judged; a store is refused in one line."""
    code = (
        "import sys; sys.modules['fcntl'] = None\n"
        "import filtergain as fg\n"
        "print(fg.verify('eq-5', jobs=1)['eq-5'].verdict)\n"
        "from verification.errors import StoreError\n"
        "try:\n    fg.verify('proposition-1', jobs=1, store='s.db')\n"
        "except StoreError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "PROVED", "s.db cannot be locked: stores need a POSIX system",
    ]  # fmt: skip


def test_without_pandas_the_extra_is_named(monkeypatch):
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match="pandas"):
        fg.verify("eq-10", jobs=1).to_pandas()
