"""Mistakes injected at random into exact claims: what they are and what is made of them."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from bounds import claims
from bounds.checks import Relation, Statement
from bounds.claim import Verdict, exact
from bounds.proof.steps import concluded
from bounds.symbols import d, d_tilde, eta, gamma, n, r
from verification.judging import injected
from verification.judging.injected import inject, judged, study, table, truth
from verification.judging.injected_kinds import INJECTORS

STATED = Statement(3 * d * r / n + r, Relation.EQUAL, (sp.Ge(r, 2), sp.Le(d, n)))
RICH = STATED.about(STATED.bound + sp.sqrt(r) * sp.log(d) * sp.Max(eta, d_tilde / n))
SOME = [
    claims[i]
    for i in ("eq-3", "lemma-2", "section-6-2-tail-1-half-corrected", "eq-46", "appendix-f-mgf-clean")
]


@pytest.mark.parametrize("kind", INJECTORS)
def test_each_kind_of_mistake_changes_one_part_of_the_statement(kind):
    """Either the bound, or the relation, or the conditions; over a few draws it does change it."""
    for seed in range(5):
        changed = INJECTORS[kind](RICH, np.random.default_rng(seed))
        assert changed is not None
        parts = [changed.bound != RICH.bound, changed.relation is not RICH.relation]
        parts.append(changed.conditions != RICH.conditions)
        assert sum(parts) <= 1
    assert any(INJECTORS[kind](RICH, np.random.default_rng(s)) != RICH for s in range(5))


def test_a_mistake_depends_on_the_seed_and_the_statement_only():
    """The same mistakes for the same seed, others for another one; none twice."""
    first, again, other = (list(inject(SOME[1], 6, seed)) for seed in (0, 0, 1))
    assert first == again
    assert first != other
    assert len({m.stated for m in first}) == len(first) == 6


@pytest.mark.parametrize(
    ("changed", "known"),
    [
        (STATED.about(3 * d * r / n - r), "false"),
        (STATED.about(r * (3 * d + n) / n), "true"),
        (Statement(STATED.bound, Relation.LOWER, STATED.conditions), "true"),
        (Statement(STATED.bound, STATED.relation, STATED.conditions[:1]), "unknown"),
    ],
)
def test_what_is_false_is_known_apart_from_the_proof(changed, known):
    """Another value is false, the same in other words and an inequality for an equality are true."""
    assert truth(STATED, changed) == known


def test_an_inequality_with_more_room_is_true_and_one_with_less_is_not_known():
    """Twice an upper bound holds; whether half of it does, only a proof or a counterexample can say."""
    upper = Statement(d * r / n, Relation.UPPER)
    assert truth(upper, upper.about(2 * d * r / n)) == "true"
    assert truth(upper, upper.about(d * r / (2 * n))) == "unknown"


def test_a_bound_is_larger_only_if_it_is_so_far_off_too():
    """Near 1 the square exceeds the root; small numbers tell that it is no weaker bound."""
    upper = Statement(gamma + 1, Relation.UPPER)
    assert truth(upper, upper.about(gamma + 1 + gamma**2)) == "true"
    assert truth(upper, upper.about(2 * gamma + sp.Rational(99, 100))) == "unknown"


def test_words_that_leave_a_value_room_leave_its_mistakes_open():
    """A value that is stated up to a factor is not called false, nor a multiple of it true."""
    roomy = claims["regime-switch-small-rank"]
    assert {m.truth for m in inject(roomy, 6, 0)} == {"unknown"}


def test_mistakes_in_some_claims_are_found_and_nothing_true_is_refuted():
    """No verdict is wrong, and what is known to be false is refuted almost always."""
    found = study(SOME, 7, 3)
    assert len(found) >= 20
    assert not any(one.wrong for one in found)
    false = [one for one in found if one.mistake.truth == "false"]
    assert len(false) >= 8
    assert sum(one.verdict is Verdict.REFUTED for one in false) >= 0.9 * len(false)
    assert table(found).splitlines()[-1].startswith("| all |")


def test_a_proof_that_ignores_the_statement_is_found():
    """The negative control: it proves every mistake, and so some that are known to be false."""

    def blind(claimed):
        yield concluded("the same whatever is claimed", d * r, claimed.about(d * r))

    claim = exact("blind", "t", "s", "w", "q", d * r, blind, note="n#n")
    results = [judged(claim, mistake) for mistake in inject(claim, 8, 0)]
    assert any(one.wrong for one in results)


def test_the_command_tells_wrong_verdicts_and_fails(monkeypatch, capsys):
    """1 and the mistake in words where something false was proved, else 0 and the table alone."""
    good = study(SOME[:1], 3, 0)
    monkeypatch.setattr(injected, "study", lambda *_: good)
    assert injected.main([]) == 0
    assert "| all |" in capsys.readouterr().out
    (false, *_) = [one for one in good if one.mistake.truth == "false"]
    monkeypatch.setattr(injected, "study", lambda *_: [injected.JudgedMistake(false.mistake, Verdict.PROVED)])
    assert injected.main([]) == 1
    assert "WRONG: eq-3" in capsys.readouterr().out
