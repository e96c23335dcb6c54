"""A module of one's own from its first line on: written, judged, explained, drawn, read as a report."""

from __future__ import annotations

import json
import shlex

import pytest

from bounds import claims


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The file that `filtergain new` writes."""
    from verification.cli.main import run

    file = tmp_path_factory.mktemp("own") / "my claims.py"
    assert run(["new", str(file)]) == 0
    return file


def test_a_new_module_passes_and_its_wrong_claim_is_refuted(written, command):
    """Every kind of check is there, every verdict as expected, and every wrong version is refuted."""
    status, out, err = command("verify", "--module", written, "--json", "--jobs", 1)
    assert status == 0, err
    found = json.loads(out)["claims"]
    assert {row["kind"] for claim in found for row in claim["evidence"]} == {
        "tail", "scaling", "mean", "law", "proof", "certificate", "search",
    }  # fmt: skip
    assert [claim["id"] for claim in found if claim["verdict"] == "REFUTED"] == ["wrong-rate"]
    assert sum(len(claim["mutants"]) for claim in found) >= 12
    assert all(mutant["refuted"] for claim in found for mutant in claim["mutants"])


def test_a_wrong_verdict_of_a_new_module_fails_the_run(written, command, tmp_path):
    """The negative control: standing for the wrong claim ends with status 1."""
    wrong = tmp_path / "wrong.py"
    wrong.write_text(written.read_text().replace("Verdict.REFUTED", "Verdict.SUPPORTED"))
    assert command("verify", "wrong-rate", "--module", wrong, "--jobs", 1)[0] == 1


def test_a_file_that_is_there_is_not_overwritten(written, command, tmp_path):
    """Nor is a name taken that no module could have."""
    before = written.read_text()
    status, out, err = command("new", written)
    assert (status, out) == (2, "")
    assert "must not be there yet" in err
    assert written.read_text() == before
    assert command("new", tmp_path / "mine.txt")[0] == 2
    assert command("new", tmp_path / "no" / "mine.py")[0] == 2


def test_own_claims_are_listed_explained_and_drawn(written, command, tmp_path):
    """`claims --module` shows the file's claims, with the names of what is drawn and commands that work."""
    status, out, _ = command("claims", "--module", written)
    assert status == 0
    assert "8 claims" in out
    assert "theorem-1" not in out
    out = command("claims", "chebyshev", "--module", written)[1]
    assert "sample-mean <= 1/(sqrt(delta)*sqrt(n))" in out
    # The command is one line, however long the path: the words around it break, it does not.
    assert f"filtergain verify chebyshev --module '{written}'" in out.splitlines()[-1]
    assert command("claims", "chebyshev", "--module", written, "--latex")[1].startswith(
        r"\text{sample-mean} \le"
    )
    assert command("claims", "--module", written, "--graph", tmp_path / "g.svg")[0] == 0
    drawn = (tmp_path / "g.svg").read_text()
    assert "chebyshev" in drawn
    assert "theorem-1" not in drawn
    assert command("claims", "theorem-1", "--module", written)[0] == 0
    assert "did you mean chebyshev" in command("claims", "chebychev", "--module", written)[2]


def test_the_constants_of_a_claim_of_ones_own(written, command, tmp_path):
    """A bound of the file's has its value, powers, limit and corrected form; a misspelt id is answered."""
    at = ("--module", written, "--set", "n=100", "--set", "delta=0.04")
    status, out, err = command("constants", "chebyshev", *at, "--sensitivities", "--json")
    assert (status, err) == (0, "")
    (form,) = json.loads(out)["forms"]
    assert form["value"] == pytest.approx(0.5)
    assert form["sensitivities"] == pytest.approx({"n": -0.5, "delta": -0.5})
    out = command("constants", "chebyshev", "--module", written, "--limit", "n=inf")[1]
    assert "0 as n goes to inf, like n^(-1/2)" in out
    pair = tmp_path / "pair.py"
    pair.write_text(
        written.read_text().replace('"wrong-rate",', '"wrong-rate",\n        corrects="chebyshev",')
    )
    out = command("constants", "chebyshev", "--module", pair)[1]
    assert out.startswith("chebyshev (")
    assert "\nwrong-rate (" in out
    assert command("constants", "corollary-1", "--module", written)[1].startswith("corollary-1 (printed)")
    status, _, err = command("constants", "chebychev", "--module", written)
    assert (status, err.count("\n")) == (2, 1)
    assert "did you mean chebyshev" in err


def test_a_proof_of_ones_own_is_taken_away_and_checked_again(written, command, tmp_path):
    """`certify` and `recheck` take a module; what has no certificate is named."""
    folder = tmp_path / "proofs"
    status, out, err = command("certify", "--module", written, "--out", folder)
    assert (status, sorted(path.name for path in folder.iterdir())) == (
        0,
        ["index.json", "square-of-a-sum.json"],
    )
    assert err.startswith("note: exponential has no certificate: ")
    again = shlex.split(out.partition("; filtergain ")[2])
    status, out, _ = command(*again)
    assert (status, out.splitlines()[0]) == (0, "1 certificate: 1 accepted, 0 refused.")
    assert "1 claim has no certificate here" in out
    status, out, _ = command("recheck", folder)
    assert status == 1
    assert "no claim has this name" in out
    status, _, err = command("certify", "exponential", "--module", written, "--out", folder)
    assert (status, err.count("\n")) == (2, 1)


def test_the_search_takes_a_claim_of_ones_own(written, command):
    """What it can do for such a claim it says in one line."""
    status, out, err = command("search", "chebyshev", "--module", written, "--budget", 20)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "must be about a setting of the model" in err


def test_a_left_hand_side_is_what_is_bounded():
    """ERR for the model's error, the quantity's name for a quantity of another name."""
    assert claims["theorem-1"].latex().startswith(r"\mathrm{ERR}")
    assert not claims["corollary-1-sharp"].latex().startswith(r"\mathrm{ERR}")
