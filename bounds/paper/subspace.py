"""Distances between subspaces and how singular values and vectors move.

Definition 1, Eq. 4, Lemmas 1, 2 and 4, Eq. 35 and 36.  Notes: proofs_notes/subspace.md.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from bounds.checks import Origin, Quoted, Relation, Statement, Step
from bounds.claim import Claim, exact
from bounds.paper.matrices import BASES, U_PERP, U, V, complement_relations
from bounds.proof.matrix_words import Algebra
from bounds.proof.steps import attained, concluded, given, identity, instance, nonnegative, positive
from bounds.symbols import ERR, Noiseless, d, d_tilde, gamma_tilde, r

CHORDAL_SQUARED = r - sp.Trace(V.T * U * U.T * V)
"""Squared chordal distance between the spans of V and U, bases with orthonormal columns."""

GAP = sp.Symbol("g", positive=True)
"""sigma_r(A)."""

CHANGE = sp.Symbol("e", positive=True)
"""||A^ - A||_2, below sigma_r(A) where a claim says so."""

CHANGE_FROBENIUS = sp.Symbol("e_F", positive=True)
"""||A^ - A||_F."""

WEDIN = CHANGE_FROBENIUS / (GAP - CHANGE)
"""Lemma 2 as printed."""

WEDIN_SHARP = CHANGE_FROBENIUS / GAP
"""What holds when both matrices have rank r: no loss in the denominator and no condition."""


def _prove_definition_1(claimed: Statement) -> Iterator[Step]:
    residual = U_PERP.T * V
    yield BASES.concluded("||U_perp^T V||_F^2", sp.Trace(residual.T * residual), claimed)
    difference = V * V.T - U * U.T
    half = sp.Trace(difference.T * difference) / 2
    yield BASES.concluded("half of ||V V^T - U U^T||_F^2", half, claimed)
    # Principal angles: cos theta_i are the singular values of U^T V = P diag(cos) Q^T.
    cosines = sp.MatrixSymbol("C", r, r)
    left, right = sp.MatrixSymbol("P", r, r), sp.MatrixSymbol("Q", r, r)
    angles = Algebra(
        symmetric=(cosines,),
        relations={
            left.T * left: sp.Identity(r),
            right.T * right: sp.Identity(r),
            V.T * U: right * cosines * left.T,
        },
    )
    sines = sp.Trace(sp.Identity(r)) - sp.Trace(cosines * cosines)
    yield angles.concluded("sum of 1 - cos^2 over principal angles", sines, claimed)
    theta = sp.Symbol("theta_i", real=True)
    yield identity("1 - cos^2 is sin^2", 1 - sp.cos(theta) ** 2, sp.sin(theta) ** 2)


def _prove_eq_4(claimed: Statement) -> Iterator[Step]:
    yield instance("orthogonal spaces (d >= 2r)", sp.sqrt(r), claimed)
    yield instance("equal spaces", 0, claimed)
    overlap = V.T * U
    yield BASES.identity(
        "the squared distance falls short of r by a squared norm",
        r - CHORDAL_SQUARED,
        sp.Trace(overlap * overlap.T),
    )
    yield concluded("so no distance passes sqrt(r)", sp.sqrt(r), claimed, shown=Relation.UPPER)


def _prove_weyl(claimed: Statement) -> Iterator[Step]:
    """sigma_j(A) <= ||A - M||_2 for rank M < j, at M = B truncated to rank j - 1; every size and every j."""
    yield instance("B = A + e v_j v_j^T moves sigma_j by the whole of e", 1, claimed)
    yield instance("a turn of A moves no singular value", 0, claimed)
    nullity, svd = "the rank-nullity theorem", "the singular value decomposition"
    yield Quoted("a unit x of span(v_1..v_j) has M x = 0", True, f"quoted: {nullity}", nullity)
    yield Quoted("A = U S V^T with S diagonal and falling", True, f"quoted: {svd}", svd)
    # x = V c: the rows of c are the components of x on the right singular vectors.
    values, components = sp.MatrixSymbol("S", r, r), sp.MatrixSymbol("c", r, 1)
    matrix = U * values * _RIGHT.T
    orthonormal = {U.T * U: sp.Identity(r), _RIGHT.T * _RIGHT: sp.Identity(r)}
    image = matrix * _RIGHT * components
    yield Algebra(symmetric=(values,), relations=orthonormal).identity(
        "||A V c||^2 = c^T S^2 c, a sum over singular values",
        image.T * image,
        components.T * values * values * components,
    )
    least, more, cosine = (
        sp.Symbol("s_j", nonnegative=True),
        sp.Symbol("h_i", nonnegative=True),
        sp.Symbol("c_i", real=True),
    )
    larger = "||A x||^2 >= sigma_j^2 ||x||^2 on the span of v_1..v_j, term by term"
    yield nonnegative(larger, (least + more) ** 2 * cosine**2, least**2 * cosine**2)
    smaller = "||(B - M) x||^2 <= sigma_j(B)^2 ||x||^2 everywhere, term by term"
    yield nonnegative(smaller, (least + more) ** 2 * cosine**2, least**2 * cosine**2)
    # sigma_j(A) <= ||A x|| = ||(A - M) x|| <= ||A - B|| + ||B - M|| = ||A - B|| + sigma_j(B); A and B may be
    # exchanged.
    distance, other = sp.symbols("e sigma_B", positive=True)
    change = (distance + other) - other
    yield concluded(
        "|sigma_j(A) - sigma_j(B)| over ||A - B||_2", change / distance, claimed, shown=Relation.UPPER
    )


_VALUES = sp.MatrixSymbol("S", r, r)
_RIGHT, _RIGHT_PERP = sp.MatrixSymbol("R", d, r), sp.MatrixSymbol("R_perp", d, d - r)
_FIT_PERP = sp.MatrixSymbol("Uhat_perp", d, d - r)
_FIT = sp.MatrixSymbol("Uhat", d, r)
_CORE = sp.MatrixSymbol("K", r, d)
_WEDIN = Algebra(
    symmetric=(_VALUES,),
    relations=complement_relations(_FIT, _FIT_PERP) | complement_relations(_RIGHT, _RIGHT_PERP),
)


def _turns(claimed: Statement) -> Iterator[Step]:
    """Known turns: a rank-one matrix and its projection on a turned line, or a multiple of itself."""
    size, place, change = sp.symbols("s v x", positive=True)
    sine = 1 / (1 + place)
    shift = size * sine  # what projecting s u v^T on a line at that angle changes
    reached = {GAP: size, CHANGE: shift, CHANGE_FROBENIUS: shift}
    yield instance("the projection of a rank-one matrix", sine, claimed, reached)
    still = {GAP: size, CHANGE: change, CHANGE_FROBENIUS: change}
    yield instance("a multiple of a rank-one matrix", 0, claimed, still)


def _wedin_steps(claimed: Statement) -> Iterator[Step]:
    truth = U * _VALUES * _RIGHT.T
    fitted = _FIT * _CORE
    change = truth - fitted
    yield _WEDIN.identity(
        "Uhat_perp^T (A - A^) R = Uhat_perp^T U S, as A^ lives in Uhat",
        _FIT_PERP.T * change * _RIGHT,
        _FIT_PERP.T * U * _VALUES,
    )
    projected, rest = _FIT_PERP.T * change, _FIT.T * change
    yield _WEDIN.identity(
        "||E||_F^2 splits into a part in Uhat and a part across, so projecting shortens",
        sp.Trace(projected.T * projected) + sp.Trace(rest.T * rest),
        sp.Trace(change.T * change),
    )
    inside, outside = projected * _RIGHT, projected * _RIGHT_PERP
    yield _WEDIN.identity(
        "and so does multiplying by R",
        sp.Trace(inside.T * inside) + sp.Trace(outside.T * outside),
        sp.Trace(projected.T * projected),
    )
    # Column j of X S is s_j x_j with s_j = sigma_r + gap.
    extra, column = sp.symbols("h_j x_j", nonnegative=True)
    yield nonnegative(
        "||X S||_F >= sigma_r ||X||_F, column by column", ((GAP + extra) * column) ** 2 - (GAP * column) ** 2
    )
    # Hence ||sin Theta||_F sigma_r <= ||A - A^||_F; both sides alike by transposition.
    turn = "||A - A^||_F / sigma_r(A) is at most the bound"
    yield concluded(turn, CHANGE_FROBENIUS / GAP, claimed, shown=Relation.UPPER)


def _prove_wedin(claimed: Statement) -> Iterator[Step]:
    yield from _turns(claimed)
    yield given(claimed, sp.Lt(CHANGE, GAP))
    yield from _wedin_steps(claimed)


def _prove_wedin_sharp(claimed: Statement) -> Iterator[Step]:
    yield from _turns(claimed)
    yield from _wedin_steps(claimed)
    # Equality: A = s u v^T and A^ = s (1 - x^2)^(1/2) u^ v^T at an angle with sine x.
    sine, size = sp.symbols("x s", positive=True)
    cosine = sp.sqrt(1 - sine**2)
    change = sp.Matrix([size, 0]) - size * cosine * sp.Matrix([cosine, sine])
    far = sp.simplify(change.dot(change))
    yield identity("||A - A^||_F^2 of a rank-one matrix and its projection", far, (size * sine) ** 2)
    yield attained("which turn by x", sine, claimed, at={CHANGE_FROBENIUS: size * sine, GAP: size})


def _prove_lemma_4(claimed: Statement) -> Iterator[Step]:
    """Weyl: sigma_r((1-t)A + tB) >= sigma_r(A) - t ||A - B|| for t in [0, 1]."""
    reached = "t = 1 and A - B = e u_r v_r^T: the least value falls by e"
    yield instance(reached, 1, claimed)
    yield instance("t = 1 and B - A = e u_r v_r^T: it rises by e", (GAP - CHANGE) / (GAP + CHANGE), claimed)
    yield given(claimed, sp.Lt(CHANGE, GAP))
    inside = (sp.Lt(CHANGE, GAP),)
    time = 1 / (1 + sp.Symbol("w", nonnegative=True))  # t in (0, 1]; t = 0 is A itself
    least = GAP - time * CHANGE
    yield positive("sigma_r((1-t)A + tB) > 0 for t in [0, 1]", least, conditions=inside)
    yield nonnegative("which is least at t = 1", least, GAP - CHANGE, conditions=inside)
    yield concluded("(sigma_r(A) - ||A - B||) over that is at most 1", 1, claimed, shown=Relation.UPPER)


_unit = sp.MatrixSymbol("u", d, 1)
_unit_n = sp.MatrixSymbol("u_n", d, 1)
_second = sp.MatrixSymbol("w", d, 1)
_u_tilde = sp.MatrixSymbol(r"\tilde{u}", d_tilde, 1)
_PROJECTION = sp.Identity(d) - _unit * _unit.T
EQ_35 = sp.sqrt(sp.Trace(_unit_n.T * _PROJECTION.T * _PROJECTION * _unit_n))
"""||(I - u u^T) u_n||."""

_CROSS = sp.MatrixSymbol("S_n", d, d_tilde)
_image = _CROSS * _u_tilde
EQ_36 = sp.sqrt(sp.Trace(_image.T * _PROJECTION.T * _PROJECTION * _image) / sp.Trace(_image.T * _image))
"""||(I - u u^T) S_n u~|| / ||S_n u~||, with r = 1 and no noise in the second modality."""


def _a_length(bound: sp.Expr) -> Step:
    traces = sorted(bound.atoms(sp.Trace), key=sp.default_sort_key)
    squared_norms = {trace: sp.Symbol(f"t_{i}", positive=True) for i, trace in enumerate(traces, start=1)}
    return nonnegative("a length is not negative", bound.xreplace(squared_norms))


def _prove_eq_35(claimed: Statement) -> Iterator[Step]:
    yield _a_length(claimed.bound)
    units = Algebra(relations={_unit.T * _unit: sp.Identity(1), _unit_n.T * _unit_n: sp.Identity(1)})
    cosine = sp.MatrixSymbol("c", 1, 1)  # u^T u_n
    angled = Algebra(
        symmetric=(cosine,),
        relations={
            _unit.T * _unit: sp.Identity(1),
            _unit_n.T * _unit_n: sp.Identity(1),
            _unit.T * _unit_n: cosine,
        },
    )
    yield angled.concluded(
        "its square is 1 - (u^T u_n)^2 = sin^2",
        1 - sp.Trace(cosine * cosine),
        claimed.about(claimed.bound**2),
    )
    across = _PROJECTION * _unit_n
    yield units.identity("the residual is orthogonal to u", _unit.T * across, sp.ZeroMatrix(1, 1))


def _prove_eq_36(claimed: Statement) -> Iterator[Step]:
    yield _a_length(claimed.bound)
    yield given(claimed, sp.Eq(r, 1), Noiseless(gamma_tilde))
    # x~_i = u~ z~_i, so S_n = w u~^T with w = S_n u~, whose left singular vector is w/||w||.
    rank_one = Algebra(relations={_unit.T * _unit: sp.Identity(1), _u_tilde.T * _u_tilde: sp.Identity(1)})
    matrix = _second * _u_tilde.T
    yield rank_one.identity("S_n u~ = w", matrix * _u_tilde, _second)
    yield rank_one.identity(
        "S_n S_n^T = w w^T: the left singular vector is w/||w||", matrix * matrix.T, _second * _second.T
    )
    across = _PROJECTION * _second
    sine_squared = sp.Trace(across.T * across) / sp.Trace(_second.T * _second)
    stated = (claimed.bound**2).subs(_CROSS, matrix)
    yield rank_one.concluded(
        "Eq. 35 at u_n = w/||w||", sine_squared, claimed.about(stated, Origin(((_CROSS, matrix),), power=2))
    )


_distance = r"\|\sin\Theta\|_F"
_distance_squared = r"\|\sin\Theta(V, U)\|_F^2"
_sine = r"|\sin\theta(u_n, u)|"


CLAIMS: tuple[Claim, ...] = (
    exact(
        "definition-1",
        "The chordal distance and its equal forms",
        "Section 3, Definition 1; Appendix B.1",
        (
            "For orthonormal bases the sum of squared sines of the principal angles is ||U_perp^T V||_F^2 = "
            "||V V^T - U U^T||_F^2 / 2 = r - ||U^T V||_F^2."
        ),
        _distance_squared,
        CHORDAL_SQUARED,
        _prove_definition_1,
        note="subspace.md#definition-1",
    ),
    exact(
        "eq-4",
        "Range of the error",
        "Section 3, Eq. 4",
        "The error, the larger of two chordal distances, lies in [0, sqrt(r)].",
        ERR,
        sp.sqrt(r),
        _prove_eq_4,
        note="subspace.md#eq-4",
        relation=Relation.UPPER,
        depends_on=("definition-1",),
    ),
    exact(
        "lemma-1",
        "Weyl's inequality for singular values",
        "Appendix C, Lemma 1",
        "No singular value moves by more than the operator norm of the change.",
        r"\max_j |\sigma_j(A) - \sigma_j(B)| / \|A - B\|_2",
        sp.Integer(1),
        _prove_weyl,
        note="subspace.md#lemma-1",
        relation=Relation.UPPER,
    ),
    exact(
        "lemma-2",
        "Wedin's theorem for matrices of one rank",
        "Appendix C, Lemma 2",
        (
            "If A and A^ have rank r and ||A^ - A||_2 < sigma_r(A), both singular subspaces turn by at most "
            "||A^ - A||_F / (sigma_r(A) - ||A^ - A||_2) in chordal distance."
        ),
        _distance,
        WEDIN,
        _prove_wedin,
        note="subspace.md#lemma-2",
        relation=Relation.UPPER,
        conditions=(sp.Lt(CHANGE, GAP),),
        depends_on=("lemma-2-sharp", "definition-1"),
        remark="Loose: the sharp form has no ||A^ - A||_2 in the denominator.",
    ),
    exact(
        "lemma-2-sharp",
        "The turn of singular subspaces of matrices of one rank",
        "Appendix C, Lemma 2, sharpened",
        (
            "If A and A^ have rank r, both singular subspaces turn by at most ||A^ - A||_F / sigma_r(A), "
            "whatever the size of the change; the bound is attained."
        ),
        _distance,
        WEDIN_SHARP,
        _prove_wedin_sharp,
        note="subspace.md#lemma-2",
        relation=Relation.UPPER,
        best=True,
        variant="sharp",
        depends_on=("definition-1",),
    ),
    exact(
        "lemma-4",
        "Rank along the segment between two matrices",
        "Appendix C, Lemma 4",
        (
            "If A has rank r and ||A - B||_2 < sigma_r(A), every (1-t)A + tB has rank at least r: its r-th "
            "singular value stays at least sigma_r(A) - ||A - B||_2."
        ),
        r"(\sigma_r(A) - \|A - B\|_2) / \sigma_r((1-t) A + t B)",
        sp.Integer(1),
        _prove_lemma_4,
        note="subspace.md#lemma-4",
        relation=Relation.UPPER,
        conditions=(sp.Lt(CHANGE, GAP),),
        depends_on=("lemma-1",),
    ),
    exact(
        "eq-35",
        "Sine of the angle between two unit vectors",
        "Appendix E, Eq. 35",
        "The sine of the angle between u_n and u is the length of the part of u_n across u.",
        _sine,
        EQ_35,
        _prove_eq_35,
        note="subspace.md#eq-35-and-36",
        depends_on=("definition-1",),
    ),
    exact(
        "eq-36",
        "The learned direction when one modality is noiseless",
        "Appendix E, Eq. 36",
        (
            "With r = 1 and no noise in the second modality, S_n has rank one and the sine of the learned "
            "angle is ||(I - u u^T) S_n u~|| / ||S_n u~||."
        ),
        _sine,
        EQ_36,
        _prove_eq_36,
        note="subspace.md#eq-35-and-36",
        conditions=(sp.Eq(r, 1), Noiseless(gamma_tilde)),
        depends_on=("eq-35", "eq-6"),
    ),
)
