"""Certificates say what was proved, a second checker decides it again, and a changed one is refused."""

import copy
import json
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sympy as sp
from helpers import script

from bounds.register import claims
from verification.certificates import folder, make
from verification.recheck import integrals, limits
from verification.recheck.check import recheck
from verification.recheck.field import Field
from verification.recheck.reading import Refused, read
from verification.recheck.theorems import THEOREMS

SOME = (
    "eq-1",
    "remark-a-1",
    "eq-6",
    "step-2",
    "eq-36",
    "lemma-12-tail",
    "lemma-8-log-convexity",
    "theorem-1-no-threshold",
    "information-from-above",
    "appendix-f-mgf-clean",
    "step-5",
    "lemma-8",
    "section-6-2-tail-1-sharp",
    "regime-places",
    "regime-crossings",
)
"""Of every kind: words in matrices, sums, roots, exponentials, minima, conditions, parts of a bound."""


ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def some():
    """The certificates of a few claims."""
    return {name: make.certificate(claims[name]) for name in SOME}


def checked(certificate, name):
    """What the second checker makes of a certificate for a claim."""
    return recheck(json.loads(json.dumps(certificate)), make.statement(claims[name]))


@pytest.mark.parametrize("name", SOME)
def test_a_certificate_is_accepted(some, name):
    """What was proved is decided again: what is looked at are integrals and limits."""
    found = checked(some[name], name)
    assert found.accepted, found.refused
    assert found.decided.total() > 0
    assert all("(its " in says for says, _ in found.looked_at)


def test_the_second_checker_knows_nothing_of_the_first():
    """It runs without SymPy and without any module that proves."""
    code = (
        "import sys; from verification.recheck import check; "
        "print([name for name in sys.modules if name == 'sympy' or name.startswith('bounds')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


TEXTS = ("left", "right", "stated")
"""Where a step holds the expressions that it compares."""


def another_number(generator, text):
    """A whole number of the text made larger by 1; a name's own digits are no number."""
    places = list(re.finditer(r"(?<![\w.])\d+(?![\w.])", text))
    if not places:
        return text
    place = generator.choice(places)
    return f"{text[: place.start()]}{int(place.group()) + 1}{text[place.end() :]}"


def another_sign(generator, text):
    """A sum made a difference or the reverse."""
    places = list(re.finditer(r" [+-] ", text))
    if not places:
        return text
    place = generator.choice(places)
    turned = " - " if place.group() == " + " else " + "
    return f"{text[: place.start()]}{turned}{text[place.end() :]}"


def doubled(generator, text):
    """Twice the expression."""
    return f"2*({text})"


def differs(old, new, symbols):
    """Whether two texts of numbers certainly differ: at a point, in SymPy, which the checker does not use."""
    names = {name: sp.Symbol(name) for name in symbols}
    names |= {"E": sp.E, "I": sp.I, "pi": sp.pi}
    own = sorted((symbol for symbol in names.values() if symbol.is_Symbol), key=str)
    point = {symbol: sp.Rational(k + 3, 2 * k + 11) for k, symbol in enumerate(own)}
    try:
        sides = [sp.sympify(text, locals=dict(names)).subs(point) for text in (old, new)]
        values = [complex(sp.N(side)) for side in sides]
    except (TypeError, ValueError, SyntaxError, AttributeError, sp.SympifyError):
        return False
    return abs(values[0] - values[1]) > 1e-9 * max(1, *map(abs, values))


def equalities(certificate):
    """The steps that say that two numbers are equal."""
    equal = certificate["stated"]["relation"] == "="
    return [
        step
        for step in certificate["steps"]
        if step["kind"] == "identity" or (step["kind"] == "conclusion" and equal)
    ]


def change_an_equality(generator, certificate):
    """A number or a sign in one side of an equality of numbers, so that it is false."""
    steps = [step for step in equalities(certificate) if "algebra" not in step]
    if not steps:
        return False
    step = generator.choice(steps)
    key = generator.choice([key for key in ("left", "right") if key in step])
    old = step[key]
    step[key] = generator.choice((another_number, another_sign, doubled))(generator, old)
    return differs(old, step[key], certificate["symbols"])


def double_a_side(generator, certificate):
    """Twice one side of an identity of matrices whose other side is not 0."""
    steps = [
        step
        for step in equalities(certificate)
        if "algebra" in step and not re.fullmatch(r"0|zero\(.*\)", step.get("right", step.get("stated")))
    ]
    if not steps:
        return False
    step = generator.choice(steps)
    step["left"] = doubled(generator, step["left"])
    return True


def change_a_relation(generator, certificate):
    """A relation of matrices that no longer is what the identity needs: its value is doubled throughout."""
    steps = [
        step for step in equalities(certificate)
        if step.get("algebra", {}).get("relations") and step["says"].startswith("its r signal")
    ]  # fmt: skip
    if not steps:
        return False
    algebra = generator.choice(steps)["algebra"]
    algebra["relations"] = [[product, doubled(generator, value)] for product, value in algebra["relations"]]
    return True


def reverse_a_sign(generator, certificate):
    """A strict inequality read from the other side."""
    steps = [step for step in certificate["steps"] if step["kind"] == "positive"]
    if not steps:
        return False
    step = generator.choice(steps)
    step["left"], step["right"] = step["right"], step["left"]
    return True


def change_what_is_claimed(generator, certificate):
    """The statement: its bound, relation, a condition or a domain."""
    stated = certificate["stated"]
    way = generator.choice(("bound", "relation", "conditions", "symbols"))
    if way == "bound":
        stated["bound"] = doubled(generator, stated["bound"])
    elif way == "relation":
        stated["relation"] = generator.choice(
            [sign for sign in ("<=", ">=", "=") if sign != stated["relation"]]
        )
    elif way == "conditions":
        stated["conditions"] = stated["conditions"][1:] if stated["conditions"] else ["(eta) < (1/2)"]
    elif stated["symbols"]:
        name = generator.choice(sorted(stated["symbols"]))
        stated["symbols"][name] = certificate["symbols"][name] = "(0, 1/2]"
    else:
        return False
    return True


def conclude_about_something_else(generator, certificate):
    """A conclusion about twice the bound, which may well be true."""
    steps = [step for step in certificate["steps"] if step["kind"] == "conclusion" and step["stated"] != "0"]
    if not steps or "zero" in str(steps):
        return False
    step = generator.choice(steps)
    step["stated"] = doubled(generator, step["stated"])
    step["left"] = doubled(generator, step["left"])
    return True


def conclude_nothing(generator, certificate):
    """No conclusion at all."""
    kept = [step for step in certificate["steps"] if step["kind"] != "conclusion"]
    changed = len(kept) < len(certificate["steps"])
    certificate["steps"] = kept
    return changed


def quote_something_else(generator, certificate):
    """A theorem that nobody knows."""
    steps = [step for step in certificate["steps"] if step["kind"] == "quoted"]
    if not steps:
        return False
    generator.choice(steps)["theorem"] += " (improved)"
    return True


def assume_more(generator, certificate):
    """A condition that the claim does not state."""
    steps = [step for step in certificate["steps"] if step["kind"] == "given"]
    if not steps:
        return False
    generator.choice(steps)["conditions"].append("(eta) > (1)")
    return True


def compute_something_else(generator, certificate):
    """An integral or a limit with another result."""
    steps = [step for step in certificate["steps"] if "computed" in step]
    if not steps:
        return False
    computed = generator.choice(generator.choice(steps)["computed"])
    old = computed["result"]
    computed["result"] = f"({old}) + 1"
    return old != "oo"


def change_an_enclosure(generator, certificate):
    """A limit that lies on the wrong side: all that was said to be above it, or below, is not."""
    steps = [step for step in certificate["steps"] if step["kind"] == "enclosed"]
    if not steps:
        return False
    step = generator.choice(steps)
    up = step["sign"].startswith(">")
    step["right"] = f"({step['right']}) {'+' if up else '-'} 100"
    return True


def leave_a_gap(generator, certificate):
    """A cell that is not there."""
    steps = [step for step in certificate["steps"] if len(step.get("cells", ())) > 1]
    if not steps:
        return False
    cells = generator.choice(steps)["cells"]
    del cells[generator.randrange(len(cells))]
    return True


def move_a_root(generator, certificate):
    """A bracket beside its root, or a root that is not told of."""
    steps = [step for step in certificate["steps"] if step.get("brackets")]
    if not steps:
        return False
    brackets = generator.choice(steps)["brackets"]
    place = generator.randrange(len(brackets))
    if generator.random() < 0.5:
        del brackets[place]
    else:
        low, high = brackets[place]
        brackets[place] = [f"({low})*9/10", f"({high})*9/10"]
    return True


CHANGES = (
    change_an_enclosure,
    leave_a_gap,
    move_a_root,
    change_an_equality,
    change_an_equality,
    double_a_side,
    change_a_relation,
    reverse_a_sign,
    change_what_is_claimed,
    conclude_about_something_else,
    conclude_nothing,
    quote_something_else,
    assume_more,
    compute_something_else,
)


def tampered(certificates, many, seed):
    """So many changed certificates: (claim, what was done, the certificate); every change counts."""
    generator = random.Random(seed)
    found = []
    for _ in range(1000 * many):
        if len(found) == many:
            break
        name = generator.choice(sorted(certificates))
        change = CHANGES[len(found) % len(CHANGES)]
        changed = copy.deepcopy(certificates[name])
        if change(generator, changed) and changed != certificates[name]:
            found.append((name, change.__name__, changed))
    return found


def test_what_is_no_longer_true_is_refused(some):
    """Of 56 changed certificates of a few claims none is accepted, though no digest tells of the change."""
    for name, change, certificate in tampered(some, 56, seed=1):
        assert not checked(certificate, name).accepted, f"{name} {change}"


def test_each_kind_of_change_is_made(some):
    """The control of the control: every kind of change was among them."""
    made = {change for _, change, _ in tampered(some, 56, seed=1)}
    assert made == {change.__name__ for change in CHANGES}


def test_a_certificate_of_another_claim_is_refused(some):
    """What is true of one claim says nothing of another, whatever name it is given."""
    wrong = copy.deepcopy(some["eq-6"])
    assert "another statement" in checked(wrong, "rho-independence").refused
    wrong["stated"] = make.statement(claims["rho-independence"])
    assert not checked(wrong, "rho-independence").accepted


def test_a_changed_sign_is_accepted_only_where_it_is_so(some):
    """A sign may bear a change: what is accepted after one is not broken at points, in SymPy's numbers."""
    generator = random.Random(3)
    statement = make.statement(claims["theorem-1-no-threshold"])
    certificate = some["theorem-1-no-threshold"]
    places = [k for k, step in enumerate(certificate["steps"]) if step["kind"] in ("nonnegative", "positive")]
    accepted = refused = 0
    for _ in range(60):
        changed = copy.deepcopy(certificate)
        step = changed["steps"][generator.choice(places)]
        key = generator.choice(("left", "right"))
        step[key] = generator.choice((another_number, another_sign))(generator, step[key])
        if changed == certificate:
            continue
        if not recheck(changed, statement).accepted:
            refused += 1
            continue
        accepted += 1
        names = {name: sp.Symbol(name) for name in certificate["symbols"]}
        room = sp.sympify(f"({step['left']}) - ({step['right']})", locals=dict(names))
        for _ in range(10):
            point = {symbol: sp.Rational(generator.randint(1, 99), 100) for symbol in room.free_symbols}
            assert room.subs(point) >= 0, step
    assert accepted >= 5
    assert refused >= 20


def read_limit(of, place, result):
    """Whether the limit of a text in x and the positive a, as x tends to a place, is decided to be that."""
    field = Field({"x": "+", "a": "+", limits.NEAR: "+"})
    return limits.decided(field, read(of), (read("x"), read(place)), read(result))


@pytest.mark.parametrize(
    ("of", "place", "right", "wrong"),
    [
        ("(a*x + 1)/(x + 3)", "oo", "a", "1"),
        ("(a*x + 1)/(x + 3)", "0", "1/3", "0"),
        ("sqrt(x)/(1 + x)", "oo", "0", "1"),
        ("a*x**2/(1 + x)", "oo", "oo", "a"),
        ("(sqrt(x) + a)/(sqrt(x) + 1)", "0", "a", "1"),
        ("(x**2 - 1)/(x - 1)", "1", "2", "0"),
    ],
)
def test_the_limit_of_a_fraction_is_decided(of, place, right, wrong):
    """By its leading powers; another number, or infinity for a number, is not."""
    assert read_limit(of, place, right)
    assert not read_limit(of, place, wrong)


def test_a_limit_of_what_is_no_fraction_is_not_decided():
    """Nothing is said of x exp(-x), nor of a factor that may be 0."""
    assert not read_limit("x*exp(-x)", "oo", "0")
    assert not read_limit("x/((a - 1)*x + 1)", "oo", "1/(a - 1)")


@pytest.mark.parametrize(
    ("of", "low", "right", "wrong"),
    [
        ("x*exp(-x)", "0", "1", "2"),
        ("x**m*exp(-a*x)", "0", "gamma(m + 1)/a**(m + 1)", "gamma(m + 1)"),
        ("x**2*exp(-x**2/2)", "0", "sqrt(pi/2)", "sqrt(pi)"),
        ("exp(-a*x**2/2)/sqrt(2*pi)", "-oo", "1/sqrt(a)", "1"),
        ("x**3*exp(-x**2)", "-oo", "0", "1"),
        ("(x**2 + x + a)*exp(-x**2/2)", "-oo", "(1 + a)*sqrt(2*pi)", "a*sqrt(2*pi)"),
    ],
)
def test_an_integral_of_powers_times_an_exponential_is_decided(of, low, right, wrong):
    """By Euler's formula, over half a line or a whole one; another number is not."""
    for result, truth in ((right, True), (wrong, False)):
        field = Field({"x": "+" if low == "0" else "real", "a": "+", "m": "0+"})
        over = (read("x"), read(low), read("oo"))
        assert integrals.decided(field, read(of), over, read(result)) is truth


@pytest.mark.parametrize("of", ["exp(x)", "exp(-x)/x", "x**2", "exp(-a*x)*log(x)", "exp(-x**3)", "exp(-b*x)"])
def test_an_integral_of_another_form_is_not_decided(of):
    """Nothing is said of one that may not be finite, nor of a rate of unknown sign."""
    field = Field({"x": "+", "a": "+", "b": "real"})
    with pytest.raises(Refused):
        integrals.decided(field, read(of), (read("x"), read("0"), read("oo")), read("1"))


@pytest.mark.parametrize("content", [{}, {"format": make.FORMAT}, {"format": "other"}, {"steps": 3}])
def test_what_is_no_certificate_is_refused(content):
    """Nothing that lacks its parts is taken for one."""
    assert not checked(content, "eq-6").accepted


@pytest.mark.parametrize(
    "text",
    ["__import__('os')", "x.y", "(" * 500 + "1" + ")" * 500, "[a for a in b]", "1/0", "2**(10**9)", "é é"],
)
def test_a_text_that_is_no_expression_is_refused(some, text):
    """An expression is read, never run."""
    wrong = copy.deepcopy(some["information-from-above"])
    wrong["steps"][0]["left"] = text
    assert not checked(wrong, "information-from-above").accepted


def test_a_folder_is_written_and_checked(tmp_path):
    """One file a claim and an index with digests; a file that was changed, or is gone, is refused."""
    chosen = [claims["eq-6"], claims["eq-7"], claims["eq-8"]]
    assert folder.write(tmp_path, chosen) == ["eq-6.json", "eq-7.json", "eq-8.json"]
    assert all(one.accepted for one in folder.recheck_folder(tmp_path, claims))
    (tmp_path / "eq-7.json").write_text((tmp_path / "eq-7.json").read_text().replace("Eq", "eq", 1))
    (tmp_path / "eq-8.json").unlink()
    found = {one.claim: one for one in folder.recheck_folder(tmp_path, claims)}
    assert found["eq-6"].accepted
    assert "digest" in found["eq-7"].refused
    assert "not there" in found["eq-8"].refused


def test_an_index_that_came_another_way_sees_every_change(tmp_path):
    """Who changes a certificate and its digest is found out by a copy of the index."""
    here, there = tmp_path / "here", tmp_path / "there"
    folder.write(here, [claims["eq-6"]])
    folder.write(there, [claims["eq-6"]])
    text = (here / "eq-6.json").read_text().replace("completing the square", "completing a square")
    (here / "eq-6.json").write_text(text)
    index = json.loads((here / "index.json").read_text())
    index["certificates"][0]["digest"] = make.digest(text)
    (here / "index.json").write_text(json.dumps(index))
    assert folder.recheck_folder(here, claims)[0].accepted
    assert "digest" in folder.recheck_folder(here, claims, there / "index.json")[0].refused


def test_a_claim_that_is_not_proved_has_no_certificate():
    """A version that its own proof refuses cannot be written down."""
    wrong = claims["eq-7"].with_bound(2 * claims["eq-7"].bound)
    with pytest.raises(make.NoCertificate, match="eq-7"):
        make.certificate(wrong)


def test_a_certificate_is_the_same_each_time(some):
    """The same claim gives the same bytes, whatever was certified before."""
    assert make.written(make.certificate(claims["eq-6"])) == make.written(some["eq-6"])


@pytest.mark.slow
def test_all_certificates_are_accepted_within_a_minute_and_50_changed_ones_refused():
    """Every PROVED and CERTIFIED claim of the register, and 50 changed certificates among all."""
    certificates = {claim.id: make.certificate(claim) for claim in make.provable(claims.values())}
    assert len(certificates) > 120
    statements = {name: make.statement(claims[name]) for name in certificates}
    start = time.perf_counter()
    found = [recheck(certificates[name], statements[name]) for name in certificates]
    assert time.perf_counter() - start < 60
    assert [(one.claim, one.refused) for one in found if not one.accepted] == []
    assert {theorem for one in found for theorem in one.quoted} == THEOREMS
    page = (ROOT / "docs" / "certificates.md").read_text()
    build = script("docs", "build.py")
    assert build.certificates_block(found) in page
    assert build.certificates_block(found[1:]) not in page
    for name, change, certificate in tampered(certificates, 50, seed=2):
        assert not recheck(certificate, statements[name]).accepted, f"{name} {change}"
