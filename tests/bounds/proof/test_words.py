from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from bounds.checks import Relation, Statement
from bounds.paper.matrices import BASES, U_PERP, U, V
from bounds.proof.matrix_words import Algebra, contract, multiple_of_blocks, substitute
from bounds.proof.undecided import Undecided
from bounds.symbols import d, gamma, r

M = sp.Symbol("m", integer=True, positive=True)
A, B, S = (sp.MatrixSymbol(name, M, M) for name in "ABS")
PLAIN = Algebra()


def test_products_expand_and_do_not_commute():
    """Products expand and do not commute."""
    assert PLAIN.identity("expand", (A + B) * (A - B), A * A - A * B + B * A - B * B).truth
    assert not PLAIN.identity("commute", A * B, B * A).truth


def test_transposition_reverses_and_spares_symmetric_letters():
    """Transposition reverses and spares symmetric letters."""
    symmetric = Algebra(symmetric=(S,))
    assert PLAIN.identity("reverse", (A * B).T, B.T * A.T).truth
    assert symmetric.identity("symmetric", (S * A).T, A.T * S).truth
    assert not PLAIN.identity("not symmetric", (S * A).T, A.T * S).truth


def test_relations_rewrite_in_both_orientations():
    """Relations rewrite in both orientations."""
    assert BASES.identity("columns", U.T * U, sp.Identity(r)).truth
    assert BASES.identity("projector", (U * U.T) ** 2, U * U.T).truth
    assert BASES.identity("complement", U_PERP * U_PERP.T + U * U.T, sp.Identity(d)).truth
    assert BASES.identity("orthogonal", U.T * U_PERP, sp.ZeroMatrix(r, d - r)).truth
    assert not BASES.identity("other basis", V.T * U, sp.Identity(r)).truth


def test_a_relation_must_rewrite_a_product_of_two():
    """A relation must rewrite a product of two."""
    with pytest.raises(ValueError, match="product of two"):
        Algebra(relations={A * B * A: B})


def test_two_values_for_one_product_are_refused():
    """A A^T is symmetric, so a value that is not said to be symmetric would be two values."""
    with pytest.raises(ValueError, match="two relations"):
        Algebra(relations={A * A.T: B})
    assert Algebra(symmetric=(S,), relations={A * A.T: S}).identity("kept", A * A.T, S).truth


def test_relations_whose_order_matters_decide_no_difference():
    """From A B = 1 = B S follows A = S, which rewriting products of two alone does not find."""
    inverses = Algebra(relations={A * B: sp.Identity(M), B * S: sp.Identity(M)})
    assert inverses.identity("given", A * B * S, S).truth
    with pytest.raises(Undecided, match="depends on their order"):
        inverses.identity("follows", A, S)


def test_relations_whose_order_matters_in_a_trace_decide_no_difference():
    """From A B = S and B A = T follows tr S = tr T."""
    other = sp.MatrixSymbol("T", M, M)
    turned = Algebra(relations={A * B: S, B * A: other})
    with pytest.raises(Undecided, match="depends on their order"):
        turned.identity("follows", sp.Trace(S), sp.Trace(other))
    alike = Algebra(relations={A * B: sp.Identity(M), B * A: sp.Identity(M)})
    assert not alike.identity("does not follow", sp.Trace(A), sp.Trace(B)).truth


def test_traces_do_not_depend_on_rotation_or_transposition():
    """Traces do not depend on rotation or transposition."""
    assert PLAIN.identity("turn", sp.Trace(A * B * S), sp.Trace(B * S * A)).truth
    assert PLAIN.identity("transpose", sp.Trace(A * B), sp.Trace(B.T * A.T)).truth
    assert not PLAIN.identity("order matters", sp.Trace(A * B * S), sp.Trace(B * A * S)).truth


def test_the_trace_of_an_empty_word_is_the_size_that_is_left():
    """The trace of an empty word is the size that is left."""
    assert BASES.evaluate(sp.Trace(sp.Identity(d))) == d
    assert BASES.evaluate(sp.Trace(U.T * U)) == r
    assert BASES.evaluate(sp.Trace(U * U.T)) == r
    assert sp.simplify(BASES.evaluate(sp.Trace(U_PERP * U_PERP.T)) - (d - r)) == 0


def test_scalars_stay_scalars():
    """Scalars stay scalars."""
    found = BASES.evaluate(sp.sqrt(sp.Trace(U * U.T) / gamma) + 1)
    assert found == sp.sqrt(r / gamma) + 1
    assert PLAIN.identity("scaled", gamma * A * B / gamma, A * B).truth


def test_shapes_must_agree():
    """Shapes must agree."""
    assert not BASES.identity("shapes", U, U.T).truth


def test_explicit_matrices_are_no_words():
    """Explicit matrices are no words."""
    with pytest.raises(TypeError, match="cannot read"):
        PLAIN.reduced(sp.Matrix([[1, 0], [0, 1]]))


def test_contraction_follows_indices_to_traces():
    """Contraction follows indices to traces."""
    chain = contract([(A, 0, 1), (B, 1, 2), (S, 0, 2)])  # A[i,j] B[j,k] S[i,k]
    assert PLAIN.identity("one loop", chain, sp.Trace(A * B * S.T)).truth
    loops = contract([(A, 0, 0), (B, 1, 1)])
    assert PLAIN.identity("two loops", loops, sp.Trace(A) * sp.Trace(B)).truth


def test_contraction_refuses_an_index_that_does_not_occur_twice():
    """Contraction refuses an index that does not occur twice."""
    with pytest.raises(ValueError, match="occur twice"):
        contract([(A, 0, 1), (B, 1, 2)])


def test_substitution_is_simultaneous_and_reaches_into_traces():
    """Substitution is simultaneous and reaches into traces."""
    swapped = substitute(sp.Trace(A * B.T), {A: B, B: A})
    assert PLAIN.identity("swapped", swapped, sp.Trace(B * A.T)).truth
    assert substitute(gamma, {A: B}) == gamma


@given(st.lists(st.sampled_from(["A", "B", "At", "Bt"]), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_reduced_traces_agree_with_numbers(word, seed):
    """A trace that reduces to the same symbol as another has the same value on random matrices."""
    rng = np.random.default_rng(seed)
    numbers = {"A": rng.standard_normal((3, 3)), "B": rng.standard_normal((3, 3))}
    letters = {"A": A, "B": B, "At": A.T, "Bt": B.T}

    def value(names):
        product = np.eye(3)
        for name in names:
            product = product @ (numbers[name[0]].T if name.endswith("t") else numbers[name])
        return np.trace(product)

    def trace(names):
        return PLAIN.evaluate(sp.Trace(sp.MatMul(*(letters[name] for name in names))))

    flipped = [name[0] if name.endswith("t") else name + "t" for name in reversed(word)]
    turned = word[1:] + word[:1]
    for other in (turned, flipped, word[::-1]):
        if trace(other) == trace(word):
            assert value(other) == pytest.approx(value(word), rel=1e-9, abs=1e-9)
    assert trace(turned) == trace(word) == trace(flipped)


@pytest.mark.parametrize("power", [sp.Rational(3, 2), sp.Rational(1, 2), -1, sp.Symbol("k", integer=True)])
def test_a_power_that_is_no_count_is_no_word(power):
    """S^(3/2) is not S: only whole powers are products."""
    with pytest.raises(TypeError, match="power"):
        PLAIN.identity("no", sp.MatPow(S, power), S)
    assert PLAIN.identity("cube", sp.MatPow(S, 3), S * S * S).truth


def test_a_multiple_of_blocks_is_nothing_else():
    """A number times a matrix in blocks; a further factor is no part of it."""
    blocks = sp.BlockMatrix([[S, S], [S, S]])
    assert multiple_of_blocks(3 * blocks) == (3, blocks)
    assert multiple_of_blocks(blocks) == (1, blocks)
    with pytest.raises(TypeError, match="block matrix"):
        multiple_of_blocks(sp.MatMul(blocks, sp.MatPow(blocks, sp.Rational(1, 2))))


@pytest.mark.parametrize("relation", list(Relation))
def test_an_equality_of_words_shows_every_relation_and_a_difference_refutes_equality_only(relation):
    """A A^T = A A^T shows <= and >=; twice it is another matrix, and matrices are not ordered."""
    matrix = sp.MatrixSymbol("A", 3, 4)
    same, other = (Statement(factor * matrix * matrix.T, relation) for factor in (1, 2))
    assert Algebra().concluded("the same", matrix * matrix.T, same).truth is True
    if relation is Relation.EQUAL:
        step = Algebra().concluded("twice", matrix * matrix.T, other)
        assert (step.truth, step.refutes) == (False, True)
    else:
        with pytest.raises(Undecided, match="not compared"):
            Algebra().concluded("twice", matrix * matrix.T, other)
