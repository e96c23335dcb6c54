"""The names of `bounds` that are meant for others: there, lazily, and each with an example that runs."""

import doctest
import subprocess
import sys

import pytest

import bounds
from bounds import checks, claim, register

EXAMPLES = {
    test.name.rpartition(".")[2]: test
    for module in (checks, claim, register)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module)
}
NAMES = [name if name != "claims" else "Register" for name in bounds.__all__]


def failures(test):
    """How many lines of an example come out otherwise than shown."""
    return doctest.DocTestRunner(verbose=False).run(test, out=lambda _: None).failed


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_an_example_that_runs(name):
    """The docstring of each name that `bounds` exports shows its use, and what is shown comes out."""
    assert EXAMPLES[name].examples
    assert failures(EXAMPLES[name]) == 0


def test_an_example_that_comes_out_otherwise_is_seen():
    """The negative control: a wrong result in an example counts."""
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert failures(wrong) == 1


def test_the_names_are_those_of_the_modules():
    """`bounds.Tail` is the class that `bounds.claim` and `bounds.checks` name so."""
    assert bounds.Tail is claim.Tail is checks.Tail
    assert bounds.claims is register.claims
    assert set(bounds.__all__) <= set(dir(bounds))
    with pytest.raises(AttributeError, match="Nothing"):
        _ = bounds.Nothing


def test_a_kind_of_check_is_had_without_the_register():
    """A name for a claim of one's own does not build the paper's claims."""
    code = "import sys; from bounds import Tail; assert 'bounds.register' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
