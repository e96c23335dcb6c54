"""What conditioning on a score does to directions and how it depends on the score: Lemmas 6, 7, 10, Step 3'.

Directions follow from independence and symmetry; Lemma 10 from the characteristic function of a
Gaussian quadratic form.  Derivations: proofs_notes/conditioning.md.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from bounds.checks import Measured, Quoted, Relation, Search, Statement, Step
from bounds.claim import Claim, exact
from bounds.paper.matrices import BASES, U_PERP, U_TILDE, U_TILDE_PERP, X_TILDE, U, X, isotropic
from bounds.paper.model import COVARIANCE_X, COVARIANCE_Y
from bounds.paper.moments import contracted_moment
from bounds.proof.matrix_words import Algebra
from bounds.proof.steps import concluded, given, identity, instance, integral, nonnegative, shared
from bounds.symbols import a_x, a_y, d, d_tilde, mean_1, r, rho

GAP = sp.Symbol("g", positive=True)
"""The least non-zero singular value of M_O."""

RANK = sp.Symbol("k", integer=True, positive=True)
"""The rank of M_O."""

CHANGE = sp.Symbol("e", positive=True)
"""||M_T - M_O||_2, below the gap."""

CHANGE_NUCLEAR = sp.Symbol("e_1", positive=True)
"""The sum of the singular values of M_T - M_O."""

SCALE = sp.Symbol("s", positive=True)
"""sqrt(||Cov x|| ||Cov x~||)."""

SMALLEST = sp.Symbol("l", positive=True)
"""The smallest eigenvalue of the joint covariance of (x, x~)."""

RANK_TWO = sp.Ge(RANK, 2)
"""At rank 1 the score has an infinite density at 0, and no constant bounds the kept share's change."""

LEMMA_10_PROBABILITY = SCALE * CHANGE_NUCLEAR / (2 * SMALLEST * (GAP - CHANGE))
"""|P_T - P_O| is at most this, at every threshold."""

LEMMA_10_MOMENT = 3 * SCALE**2 * CHANGE_NUCLEAR / (2 * SMALLEST * (GAP - CHANGE))
"""||E_T - E_O||_2 is at most this, at every threshold."""


def _prove_lemma_6(claimed: Statement) -> Iterator[Step]:
    fubini = "Fubini's theorem for a product measure"
    for what in ("E[x y~; both kept] = E[x; first kept] E[y~; second kept]", "P(both) = P(first) P(second)"):
        yield Quoted(f"independent pairs: {what}", True, f"quoted: {fubini}", fubini)
    part_x, part_y, first, second = sp.symbols("E_x E_y P_x P_y", positive=True)
    together = part_x * part_y / (first * second)
    apart = part_x / first * (part_y / second)
    yield concluded("E[x y~ | both kept] over the product of means", together / apart, claimed)


def _prove_lemma_7(claimed: Statement) -> Iterator[Step]:
    shape = sp.MatrixSymbol("A", d, d_tilde)
    precision = {
        name: sp.MatrixSymbol(f"K_{name}", *size)
        for name, size in {"xx": (d, d), "xy": (d, d_tilde), "yy": (d_tilde, d_tilde)}.items()
    }

    def score(x: sp.MatrixExpr, y: sp.MatrixExpr) -> sp.Expr:
        return sp.Trace(x.T * shape * y)

    def exponent(x: sp.MatrixExpr, y: sp.MatrixExpr) -> sp.Expr:
        return (
            sp.Trace(x.T * precision["xx"] * x)
            + 2 * sp.Trace(x.T * precision["xy"] * y)
            + sp.Trace(y.T * precision["yy"] * y)
        )

    plain = Algebra()
    yield plain.identity("the score is even in (x, x~)", score(-X, -X_TILDE), score(X, X_TILDE))
    yield plain.identity("so is the centred Gaussian density", exponent(-X, -X_TILDE), exponent(X, X_TILDE))
    # The substitution (x, x~) -> (-x, -x~) therefore turns E[x | kept] into minus itself.
    mean = sp.Symbol("m", real=True)
    (solution,) = sp.solve(sp.Eq(mean, -mean), mean)
    yield concluded("the only m with m = -m", solution, claimed)


@shared
def _lemma_10_pieces() -> Iterator[Step]:
    """Facts about g^T D g against the density of sum mu_j g_j^2 at a level; see the note."""
    q, mu = sp.symbols("q mu", positive=True)
    g, s = sp.symbols("g s", real=True)
    normal = sp.exp(-q * g**2 / 2) / sp.sqrt(2 * sp.pi)
    yield identity(
        "E exp(i s mu g^2) = q^(-1/2), q = 1 - 2 i s mu",
        integral(normal, (g, -sp.oo, sp.oo)),
        1 / sp.sqrt(q),
    )
    second = integral(g**2 * normal, (g, -sp.oo, sp.oo))
    yield identity("and E g^2 exp(i s mu g^2) = 1/q of that", second, 1 / sp.sqrt(q) / q)
    size = (1 - 2 * sp.I * s * mu) * (1 + 2 * sp.I * s * mu)
    yield identity("|q|^2 = 1 + 4 s^2 mu^2", sp.expand(size), 1 + 4 * s**2 * mu**2)
    extra = sp.Symbol("h", nonnegative=True)
    yield nonnegative("which grows with |mu|", 4 * s**2 * ((mu + extra) ** 2 - mu**2))
    density = integral(1 / (1 + 4 * s**2 * mu**2), (s, -sp.oo, sp.oo)) / (2 * sp.pi)
    yield identity("four eigenvalues of size >= mu: the density is at most 1/(4 mu)", density, 1 / (4 * mu))
    # (p q^T + q p^T)/2 with |p| = a, |q| = b at angle w: trace norm a b.
    a, b, w = sp.symbols("a b w", positive=True)
    p_vec, q_vec = sp.Matrix([a, 0]), sp.Matrix([b * sp.cos(w), b * sp.sin(w)])
    form = (p_vec * q_vec.T + q_vec * p_vec.T) / 2
    largest = (a * b * sp.cos(w) + a * b) / 2
    least = (a * b * sp.cos(w) - a * b) / 2
    yield identity("(p q^T + q p^T)/2 has trace", form.trace(), largest + least)
    yield identity("and determinant", form.det(), sp.expand(largest * least))
    yield identity("of eigenvalues whose sizes add up to |p| |q|", largest - least, a * b)


def _lowest_eigenvalue() -> sp.Expr:
    # A_t = (1-t)M_O + tM_T has two singular values of at least g - e (Weyl, rank >= 2); its symmetric
    # form has them halved with both signs; the covariance's roots shrink them by at most l (Ostrowski).
    return SMALLEST * (GAP - CHANGE) / 2


def _prove_lemma_10_probability(claimed: Statement) -> Iterator[Step]:
    yield _multiples(claimed)
    yield given(claimed, RANK_TWO, sp.Lt(CHANGE, GAP))
    yield from _quoted_for_lemma_10()
    yield from _lemma_10_pieces()
    derived = SCALE * CHANGE_NUCLEAR / (4 * _lowest_eigenvalue())
    yield from _scale_free(derived)
    norms = "trace norm of the change times 1/(4 mu)"
    yield concluded(norms, derived, claimed, shown=Relation.UPPER)


def _multiples(claimed: Statement) -> Step:
    """M_T = (1 + x) M_O of rank two selects alike at threshold 0, whatever the correlation."""
    more, room = sp.symbols("x w", positive=True)
    at = {RANK: 2, CHANGE: more * GAP, CHANGE_NUCLEAR: 2 * more * GAP, SCALE: 1, SMALLEST: 1 / (1 + room)}
    return instance("a multiple of M_O at threshold 0", 0, claimed, at)


def _quoted_for_lemma_10() -> Iterator[Quoted]:
    ostrowski, coarea = "Ostrowski 1959", "the coarea formula (Federer 1959)"
    yield Quoted(
        "a congruence S^(1/2) A S^(1/2) shrinks eigenvalues by at most l",
        True,
        f"quoted: {ostrowski}",
        ostrowski,
    )
    path = "the kept moments are smooth along the path from M_O to M_T"
    yield Quoted(path, True, f"quoted: {coarea}", coarea)


def _prove_lemma_10_moment(claimed: Statement) -> Iterator[Step]:
    yield _multiples(claimed)
    yield given(claimed, RANK_TWO, sp.Lt(CHANGE, GAP))
    yield from _quoted_for_lemma_10()
    yield from _lemma_10_pieces()
    size = sp.Symbol("m", integer=True, positive=True)
    form, change, law = (sp.MatrixSymbol(name, size, size) for name in ("F", "D", "V"))
    moment = contracted_moment([(form, 0, 1), (change, 2, 3)], dict.fromkeys(range(4), law))
    stated = sp.Trace(form * law) * sp.Trace(change * law) + 2 * sp.Trace(form * law * change * law)
    yield Algebra(symmetric=(form, change, law)).identity("Isserlis for two quadratic forms", moment, stated)
    x, y = sp.symbols("x y", nonnegative=True)
    yield nonnegative("the trace norm is at least the Frobenius norm", sp.expand((x + y) ** 2 - x**2 - y**2))
    # |tr(FV) tr(DV)| + 2 |tr(FVDV)| <= 3 ||F||_* ||D||_* for |V_jj| <= 1.
    derived = 3 * SCALE * (SCALE * CHANGE_NUCLEAR) / (4 * _lowest_eigenvalue())
    yield from _scale_free(derived)
    yield concluded("three trace norms times 1/(4 mu)", derived, claimed, shown=Relation.UPPER)


def _scale_free(bound: sp.Expr) -> Iterator[Step]:
    scaled = {GAP: GAP / rho, CHANGE: CHANGE / rho, CHANGE_NUCLEAR: CHANGE_NUCLEAR / rho}
    yield identity("dividing both matrices by rho changes nothing", bound.subs(scaled), bound)


def _prove_step_3_prime(claimed: Statement) -> Iterator[Step]:
    across = {"x": U_PERP, "x~": U_TILDE_PERP}
    own = {"x": (COVARIANCE_X, U), "x~": (COVARIANCE_Y, U_TILDE)}
    for name, rest in across.items():
        covariance, basis = own[name]
        zero = sp.ZeroMatrix(rest.shape[1], r)
        yield BASES.identity(f"Cov(U_perp^T {name}, U^T {name}) = 0", rest.T * covariance * basis, zero)
    for clean in (1, 0):
        cross = clean * U * U_TILDE.T
        word = "clean" if clean else "corrupted"
        for left, right in ((U_PERP, U_TILDE), (U, U_TILDE_PERP), (U_PERP, U_TILDE_PERP)):
            yield BASES.identity(
                f"{left.name} and {right.name} parts of a {word} pair are uncorrelated",
                left.T * (cross if clean else sp.ZeroMatrix(d, d_tilde)) * right,
                sp.ZeroMatrix(left.shape[1], right.shape[1]),
            )
    # Uncorrelated Gaussians are independent, so such a part is independent of the score and of the other.
    kept_mean = sp.Symbol("k", real=True)
    part = "the expectation is a factor E[U_perp^T xi] = 0 times another"
    yield concluded(part, 0 * kept_mean, claimed)


def _prove_multiple(claimed: Statement) -> Iterator[Step]:
    turn = sp.MatrixSymbol("Q", r, r)
    one = sp.Identity(r)
    algebra = Algebra(relations={turn * turn.T: one, turn.T * turn: one})
    u, v = sp.MatrixSymbol("u", r, 1), sp.MatrixSymbol("v", r, 1)
    turned = sp.Trace((turn * u).T * (turn * v))
    yield algebra.identity("u^T v does not change when both are rotated", turned, sp.Trace(u.T * v))
    for value in (a_x, a_y, sp.Integer(1)):
        yield algebra.identity(
            f"nor does a covariance block {value} I", turn * (value * one) * turn.T, value * one
        )
    yield from isotropic(mean_1, claimed)


CLAIMS: tuple[Claim, ...] = (
    exact(
        "step-3-prime",
        "The blocks that filtering leaves empty",
        "Appendix G, Step 3'",
        "The three blocks of S_O(theta) that involve U_perp or U~_perp vanish.",
        r"\|U_\perp^T S_O \tilde{U}\| + \|U^T S_O \tilde{U}_\perp\| + \|U_\perp^T S_O \tilde{U}_\perp\|",
        sp.Integer(0),
        _prove_step_3_prime,
        note="conditioning.md#step-3",
        depends_on=("remark-a-1", "remark-a-1-corrupted", "lemma-6", "lemma-7"),
    ),
    exact(
        "step-3-prime-multiple",
        "The block that filtering leaves",
        "Appendix G, Step 3'; Lemma 9",
        "Within a class E[u v^T | u^T v > theta] is E_c/r times the identity.",
        "f_1",
        mean_1 / r,
        _prove_multiple,
        note="conditioning.md#step-3",
        depends_on=("remark-a-1", "remark-a-1-corrupted", "lemma-9"),
    ),
    exact(
        "lemma-6",
        "Independent pairs, each kept or not",
        "Appendix C, Lemma 6",
        (
            "For independent (x, x~) and (y, y~), E[x y~^T | both kept] is the product of the conditional "
            "means: the ratio R of corresponding entries is 1."
        ),
        "R",
        sp.Integer(1),
        _prove_lemma_6,
        note="conditioning.md#lemma-6",
    ),
    exact(
        "lemma-7",
        "Conditional means vanish",
        "Appendix C, Lemma 7",
        (
            "For centred jointly Gaussian (x, x~) every coordinate of E[x | x^T A x~ > theta] and of E[x~ | "
            "x^T A x~ > theta] is 0."
        ),
        r"\mathbb{E}[x_i | x^T A \tilde{x} > \theta]",
        sp.Integer(0),
        _prove_lemma_7,
        note="conditioning.md#lemma-7",
    ),
    exact(
        "lemma-10",
        "How conditioning depends on the score's matrix",
        "Appendix C, Lemma 10",
        (
            "For (x, x~) of a positive definite joint covariance, M_O of rank 2 or more and ||M_T - M_O|| "
            "below its least non-zero singular value, |P_T - P_O| <= C_P ||M_T - M_O|| and ||E_T - E_O|| <= "
            "C_E ||M_T - M_O|| with finite constants: those of the note are never passed."
        ),
        r"\max(|P_T - P_O|/C_P, \|E_T - E_O\|/C_E) / \|M_T - M_O\|",
        sp.Integer(1),
        Search(Measured(quantity="filter-share-ratio"), instances=1000),
        Search(Measured(quantity="filter-moment-ratio"), instances=1000),
        note="conditioning.md#lemma-10",
        relation=Relation.UPPER,
        conditions=(RANK_TWO, sp.Lt(CHANGE, GAP)),
        depends_on=("lemma-1", "lemma-4"),
    ),
    exact(
        "lemma-10-probability",
        "How the kept share depends on the score's matrix",
        "Appendix C, Lemma 10",
        (
            "For M_O of rank k >= 2, |P_T - P_O| <= s e_1/(2 l (g - e)): s^2 the product of the covariances' "
            "norms, e and e_1 operator and trace norm of M_T - M_O, g > e the least non-zero singular value "
            "of M_O, l > 0 the least eigenvalue of the joint covariance."
        ),
        r"|P_T - P_O|",
        LEMMA_10_PROBABILITY,
        _prove_lemma_10_probability,
        note="conditioning.md#lemma-10",
        relation=Relation.UPPER,
        variant="explicit",
        conditions=(RANK_TWO, sp.Lt(CHANGE, GAP)),
        depends_on=("lemma-1", "lemma-4"),
        remark=(
            "Holds for every threshold, and does not change when M_T and M_O are scaled together.  Quoted: "
            "Ostrowski's theorem, and that the kept moments are smooth along the path from M_O to M_T."
        ),
    ),
    exact(
        "lemma-10-moment",
        "How the kept moment depends on the score's matrix",
        "Appendix C, Lemma 10",
        (
            "For M_O of rank k >= 2, ||E_T - E_O|| <= 3 s^2 e_1/(2 l (g - e)), in the letters of the bound "
            "for the kept share."
        ),
        r"\|E_T - E_O\|",
        LEMMA_10_MOMENT,
        _prove_lemma_10_moment,
        note="conditioning.md#lemma-10",
        relation=Relation.UPPER,
        variant="explicit",
        conditions=(RANK_TWO, sp.Lt(CHANGE, GAP)),
        depends_on=("lemma-1", "lemma-4"),
        remark=(
            "Holds for every threshold, and does not change when M_T and M_O are scaled together.  Quoted: "
            "Ostrowski's theorem, and that the kept moments are smooth along the path from M_O to M_T."
        ),
    ),
)
