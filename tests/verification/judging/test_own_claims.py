import dataclasses
import json
import math
import re

import pytest
import sympy as sp

import filtergain as fg
from bounds.symbols import d, d_tilde, eta, gamma, gamma_tilde, n, r
from verification.errors import InvalidArgument
from verification.judging.own_claims import own_claims, require_sound

HEAD = """import sympy as sp
from bounds.claim import Claim, Law, Level, Measured, Path, Proof, Relation, Scaling, Step, Tail, Verdict
from bounds.symbols import delta, n

def value(values, rng):
    return abs(rng.standard_normal())

def cdf(values, numbers):
    return numbers

QUANTITIES = {"value": value}
VALUE, ALONG = Measured(quantity="value"), Path(n, (4, 64), ())
"""


def claims(tmp_path, **fields):
    """What is found in a module with one claim of these fields, written as Python."""
    given = {
        "id": "'own'", "title": "'t'", "source": "'s'", "statement": "'w'", "note": "'a.md#b'",
        "expected": "Verdict.SUPPORTED", "relation": "Relation.UPPER", "bound": "1 / sp.sqrt(n)", **fields,
    }  # fmt: skip
    inside = ", ".join(f"{name}={text}" for name, text in given.items())
    file = tmp_path / "own.py"
    file.write_text(f"{HEAD}CLAIMS = [Claim({inside})]\n")
    return own_claims(str(file))


@pytest.mark.parametrize(
    "checks",
    [
        "(Tail(VALUE, (ALONG,)),)", "(Scaling(VALUE, ALONG, True, 0.1),)", "(Level(VALUE, ALONG, 0.1),)",
        "(Law(VALUE, cdf, (ALONG,), 0.1),)", "(Proof(lambda claim: [Step('one', True)]),)",
    ],
)  # fmt: skip
def test_every_kind_of_check_is_taken(tmp_path, checks):
    """A sound claim of each kind is found, and may rest on claims of the register."""
    (claim,) = claims(tmp_path, checks=checks, depends_on="('eq-6',)")
    assert claim.depends_on == ("eq-6",)


@pytest.mark.parametrize(
    "checks", ["(Law(VALUE, cdf, (ALONG,), 0.1),)", "(Level(VALUE, ALONG, 0.1, value=2.0),)"]
)
def test_a_law_and_a_stated_value_need_no_bound(tmp_path, checks):
    """Only what is compared with the bound asks for one."""
    assert claims(tmp_path, checks=checks, bound="None", relation="None")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"checks": "(Level(VALUE, ALONG, 0.1),)", "bound": "None"}, "'own' has a Level but no bound"),
        ({"checks": "(Tail(VALUE, (ALONG,)),)", "bound": "'1/n'"}, "'own' has bound = '1/n', which must be"),
        ({"checks": "(Tail(VALUE, (ALONG,)),)", "bound": "3.0"}, "'own' has bound = 3.0, which must be"),
        ({"checks": "(Scaling(VALUE, ALONG, True, 0.1),)", "relation": "None"}, "a Scaling but no relation"),
        ({"checks": "(Scaling(VALUE, ALONG, True, 0.1),)", "bound": "sp.sqrt(n * delta)"}, "bound in delta"),
        ({"checks": "(Tail(VALUE, (ALONG,), delta=0),)"}, "delta = 0, which must lie in"),
        ({"checks": "(Tail((ALONG,), VALUE),)"}, "which must be a Measured"),
        ({"checks": "(Tail(VALUE, ALONG),)"}, "a check with an argument of a wrong type"),
        ({"checks": "(Tail(VALUE, (ALONG,), delta='0.1'),)"}, "a Tail with delta = '0.1', which must"),
        ({"checks": "(Scaling(VALUE, (ALONG,), True, 0.1),)"}, "a check with an argument of a wrong type"),
        ({"checks": "(3,)"}, "a check of kind int"),
        ({"checks": "(Tail(VALUE, (ALONG,)),)", "depends_on": "('nothing',)"}, "rests on unknown 'nothing'"),
        ({"checks": "(Tail(VALUE, (ALONG,)),)", "id": "'eq-6'"}, "'eq-6' is a claim of the register"),
        ({"checks": "Tail(VALUE, (ALONG,))"}, "is a comma missing"),
        ({"checks": "(Tail(VALUE, (ALONG,)),)", "depends_on": "3"}, "'own' has depends_on = 3"),
        ({"checks": "(Tail(VALUE, (ALONG,)),)", "id": "[]"}, "[] has id = [], which must be text"),
        ({"checks": "(Tail(VALUE, (ALONG,)),)", "note": "None"}, "'own' has note = None"),
        ({"checks": "(Tail(VALUE, (ALONG,)),)", "expected": "'SUPPORTED'"}, "must be a Verdict"),
        ({"checks": "(Tail(VALUE, (ALONG,)),)", "relation": "'<='"}, "must be a Relation"),
        ({"checks": "(Scaling(VALUE, Path(n, (-4, 64), ()), True, 0.1),)"}, "n = -4, which must be positive"),
        ({"checks": "(Law(VALUE, cdf, (Path(n, (4,), ((delta, sp.Symbol('q')),)),), 0.1),)"}, "not settled"),
    ],
)
def test_what_cannot_be_judged_is_named(tmp_path, fields, said):
    """The error names the module, the claim and what is missing."""
    with pytest.raises(InvalidArgument, match="must define sound claims") as error:
        claims(tmp_path, **fields)
    assert said in str(error.value)
    assert error.value.argument == "module"


@pytest.mark.parametrize(
    ("raised", "said", "relation"),
    [
        ("ValueError('my words')", "ValueError: my words", "UPPER"),
        ("OSError(5, 'my disk')", "my disk", "LOWER"),
        ("StopIteration('over')", "StopIteration: over", "UPPER"),
        ("SystemExit(0)", "SystemExit: 0", "LOWER"),
    ],
)
def test_a_quantity_that_raises_leaves_its_claim_undecided(tmp_path, command, raised, said, relation):
    """Its words are the reason, the claim beside it is judged, and the run does not pass."""
    file = tmp_path / "raises.py"
    file.write_text(f"""{HEAD}
def bad(values, rng):
    raise {raised}

def mean(values, rng):
    return abs(rng.standard_normal(int(values["n"])).mean())

QUANTITIES = {{"bad": bad, "mean": mean}}
CLAIMS = [
    Claim(
        id=name, title="t", source="s", statement="w", relation=relation, note="a.md#b",
        bound=1 / sp.sqrt(n * delta), expected=Verdict.SUPPORTED,
        checks=(Tail(Measured(quantity=name), (Path(n, (4, 64), ((delta, 0.05),)),)),),
    )
    for name, relation in (("bad", Relation.{relation}), ("mean", Relation.UPPER))
]
""")
    status, out, err = command("verify", "--module", file, "--jobs", 1, "--json")
    assert status == 3
    assert "Traceback" not in err
    found = json.loads(out)
    bad, good = found["claims"]
    assert (bad["verdict"], good["verdict"]) == ("INCONCLUSIVE", "SUPPORTED")
    assert found["survival"] < 0.5  # what is not judged does not count
    assert said in str(bad["evidence"])


def test_wrong_versions_of_an_undecided_claim_are_not_judged(tmp_path, command, monkeypatch):
    """Text, Markdown, JUnit, page and JSON say so alike; no version counts as refuted."""
    file = tmp_path / "raises.py"
    file.write_text(f"""{HEAD}
def bad(values, rng):
    raise KeyError("x")

QUANTITIES = {{"bad": bad}}
CLAIMS = [
    Claim(
        id="bad", title="t", source="s", statement="w", relation=Relation.UPPER, note="a.md#b",
        bound=1 / sp.sqrt(n * delta), expected=Verdict.SUPPORTED,
        checks=(Tail(Measured(quantity="bad"), (Path(n, (4, 64), ((delta, 0.05),)),)),),
    )
]
""")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    places = ("--report", tmp_path / "out", "--junit", tmp_path / "j.xml")
    _, out, _ = command("verify", "--module", file, "--jobs", 1, *places)
    written = ("summary.md", "j.xml", "out/index.html", "out/claims/bad.html")
    for text in (out, *((tmp_path / name).read_text() for name in written)):
        assert "not judged" in text
        assert not re.search(r"\d+ ?(/|of) ?\d+ (refuted|wrong versions)", text)
    (found,) = json.loads((tmp_path / "out" / "verdicts.json").read_text())["claims"]
    assert found["mutants"]
    assert not any(mutant["refuted"] for mutant in found["mutants"])


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("Proof(wrong)", "ZeroDivisionError: my proof"),
        ("Certificate(wrong_too)", "ZeroDivisionError: my certificate"),
        (
            "Law(Measured(), no_law, (Path(n, (100,), PLACE),), tolerance=0.4, shown=no_law)",
            "KeyError: 'my law'",
        ),
        (
            "Law(Measured(), too_large, (Path(n, (100,), PLACE),), tolerance=0.4, shown=too_large)",
            "must lie in [0, 1]",
        ),
    ],
)
def test_a_check_that_raises_leaves_its_claim_undecided(tmp_path, command, check, said):
    """A proof, certificate or law of one's own that raises is the reason, without a traceback."""
    file = tmp_path / "raises.py"
    file.write_text(f"""{HEAD}
from bounds.claim import Certificate, Law, Proof
from bounds.symbols import d, d_tilde, eta, gamma, gamma_tilde, r

PLACE = ((d, 4), (d_tilde, 4), (r, 2), (eta, 0.5), (gamma, 1), (gamma_tilde, 1))

def wrong(claim):
    raise ZeroDivisionError("my proof")

def wrong_too(claim, bits):
    raise ZeroDivisionError("my certificate")

def no_law(values, numbers):
    raise KeyError("my law")

def too_large(values, numbers):
    return 2 + 0 * numbers

CLAIMS = [
    Claim(
        id="mine", title="t", source="s", statement="w", relation=Relation.UPPER, note="a.md#b",
        bound=1 / sp.sqrt(n), expected=Verdict.SUPPORTED, checks=({check},),
    )
]
""")
    status, out, err = command("verify", "--module", file, "--jobs", 1, "--json")
    assert "Traceback" not in err
    assert status == 3, err
    (mine,) = json.loads(out)["claims"]
    assert mine["verdict"] == "INCONCLUSIVE"
    assert said in mine["message"]


PLACE = ((d, 4), (d_tilde, 4), (r, 2), (eta, 1), (gamma, 1), (gamma_tilde, 1))
ALONG = fg.Path(n, (100, 1000), PLACE)
MEASURED = fg.Measured()
SOUND = {
    "id": "mine", "title": "t", "source": "s", "statement": "w", "relation": fg.Relation.UPPER,
    "note": "a.md#b", "bound": 8 * sp.sqrt(d * r / n), "expected": fg.Verdict.SUPPORTED,
    "checks": (fg.Tail(MEASURED, (ALONG,)),),
}  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"relation": "<="}, "has relation = '<='"),
        ({"relation": None}, "has a Tail but no relation"),
        ({"bound": "8/n"}, "has bound = '8/n'"),
        ({"bound": None}, "has a Tail but no bound"),
        ({"bound": sp.Symbol("s", positive=True) / n}, "has a bound in s, which a path leaves open"),
        ({"expected": "SUPPORTED"}, "has expected = 'SUPPORTED'"),
        ({"id": None}, "has id = None, which must be text"),
        ({"id": ""}, "has id = '', which must be text"),
        ({"title": 3}, "has title = 3, which must be text"),
        ({"source": None}, "has source = None, which must be text"),
        ({"statement": b"x"}, "has statement = b'x', which must be text"),
        ({"note": ["a.md"]}, "has note = ['a.md'], which must be text"),
        ({"remark": None}, "has remark = None, which must be text"),
        ({"variant": "sharpened"}, "must be one of printed, corrected, explicit, sharp"),
        ({"variant": ["sharp"]}, "must be one of printed, corrected, explicit, sharp"),
        ({"corrects": 3}, "has corrects = 3, which must be the id of a claim"),
        ({"corrects": "theorem-l"}, "corrects unknown 'theorem-l'"),
        ({"depends_on": "eq-5"}, "has depends_on = 'eq-5', which must be a tuple of ids (is a comma"),
        ({"depends_on": 3}, "has depends_on = 3, which must be a tuple of ids"),
        ({"depends_on": ("eq-5", 3)}, "has depends_on = ('eq-5', 3), which must be a tuple of ids"),
        ({"depends_on": ("eq-5", "nothing")}, "rests on unknown 'nothing'"),
        ({"probability": "0.95"}, "has probability = '0.95', which must be an expression in SymPy"),
        ({"probability": True}, "has probability = True, which must be"),
        ({"probability": 2}, "has probability = 2, which must be an expression in SymPy, at most 1"),
        ({"probability": sp.nan}, "has probability = nan, which must be"),
        ({"probability": n > 3}, "has probability = n > 3, which must be"),
        ({"quantity": "ERR"}, "has quantity = 'ERR', which must be a SymPy expression"),
        ({"up_to_constant": "no"}, "has up_to_constant = 'no', which must be True or False"),
        ({"best": 1}, "has best = 1, which must be True or False"),
        ({"conditions": ("n > 3",)}, "which must be a tuple of relations in SymPy"),
        ({"conditions": n > 3}, "which must be a tuple of relations in SymPy"),
        ({"checks": ()}, "has nothing that can fail"),
        ({"checks": None}, "has checks = None"),
        ({"checks": SOUND["checks"][0]}, "is a comma missing?"),
        ({"checks": ("a",)}, "has a check of kind str, which nothing judges"),
        ({"checks": (fg.Tail(MEASURED, ALONG),)}, "has a check with an argument of a wrong type"),
        ({"checks": (fg.Tail("error", (ALONG,)),)}, "has a Tail with measured = 'error'"),
        ({"checks": (fg.Tail(fg.Measured(thetas=(0.0,)), (ALONG,)),)}, "has a Tail at thetas = (0.0,)"),
        ({"checks": (fg.Tail(fg.Measured(thetas=0), (ALONG,)),)}, "has a Tail at thetas = 0"),
        ({"checks": (fg.Tail(MEASURED, (fg.Path(n, (100,), PLACE[:3]),)),)}, "a path that leaves eta open"),
        ({"checks": (fg.Tail(MEASURED, (ALONG,), delta="a"),)}, "has a Tail with delta = 'a'"),
        ({"checks": (fg.Tail(MEASURED, (ALONG,), least="fast"),)}, "one of quick, standard, thorough"),
        ({"checks": (fg.Tail(MEASURED, (ALONG,), random_settings=-1),)}, "with random_settings = -1"),
        ({"checks": (fg.Scaling(MEASURED, ALONG, False, "a"),)}, "has a Scaling with margin = 'a'"),
        ({"checks": (fg.Scaling(MEASURED, ALONG, False, math.nan),)}, "has a Scaling with margin = nan"),
        ({"checks": (fg.Level(MEASURED, ALONG, 0.1, precision=-1),)}, "has a Level with precision = -1"),
        ({"checks": (fg.Law(MEASURED, 3, (ALONG,), 0.1),)}, "has a Law with cdf = 3"),
        ({"checks": (fg.Proof("x"),)}, "has a Proof with derive = 'x'"),
        ({"checks": (fg.Certificate(None),)}, "has a Certificate with prove = None"),
        ({"checks": (fg.Search("weyl-ratio"),)}, "has a Search with measured = 'weyl-ratio'"),
    ],
)  # fmt: skip
def test_an_unsound_claim_given_in_python_is_not_judged(fields, said):
    """What a module is refused for is refused in `verify` as well: one line, before anything is drawn."""
    with pytest.raises(InvalidArgument) as caught:
        fg.verify(fg.Claim(**{**SOUND, **fields}), jobs=1)
    assert str(caught.value).startswith("claims must be sound: it ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_sound_claim_given_in_python_is_judged():
    """The claim that the test above spoils is supported as it is; so is every claim of the register sound."""
    require_sound([dataclasses.replace(claim) for claim in fg.claims.values()])
    assert fg.verify(fg.Claim(**SOUND), jobs=1, with_mutants=False)["mine"].as_expected
