"""The bimodal data model: Eq. 1, Assumptions 1 and 2, the SNR remark, Remark A.1, invariances.

A pair is a linear image of a standard Gaussian vector, so its law is that of its covariance; the
covariances are computed as words in U, U~ and hold in every dimension.  Notes: proofs_notes/model.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import sympy as sp

from bounds.checks import Statement, Step
from bounds.claim import Claim, Derivation, exact
from bounds.paper.matrices import BASES, G_TILDE, U_TILDE, G, U, V
from bounds.paper.moments import gaussian_moment
from bounds.paper.subspace import CHORDAL_SQUARED
from bounds.proof.matrix_words import Algebra, multiple_of_blocks, substitute
from bounds.proof.steps import concluded, identity, positive
from bounds.symbols import a_x, d, d_tilde, eta, gamma, gamma_tilde, r

COVARIANCE_X = U * U.T + sp.Identity(d) / gamma
"""Cov(x) = U U^T + I/gamma, in both classes."""

COVARIANCE_Y = U_TILDE * U_TILDE.T + sp.Identity(d_tilde) / gamma_tilde
"""Cov(x~), in both classes."""

SIGMA_CLEAN = sp.BlockMatrix([[COVARIANCE_X, U * U_TILDE.T], [U_TILDE * U.T, COVARIANCE_Y]])
"""Sigma_1 of Remark A.1."""

SIGMA_CORRUPTED = sp.BlockMatrix(
    [[COVARIANCE_X, sp.ZeroMatrix(d, d_tilde)], [sp.ZeroMatrix(d_tilde, d), COVARIANCE_Y]]
)
"""Sigma_0 of Remark A.1."""

SNR = gamma * r / d
"""Signal power over noise power of the first modality; gamma~ r/d~ for the second."""

# The standard Gaussian sources (z_1, z_2, noise, noise~) stacked in one vector; J_k picks source k.
_total = 2 * r + d + d_tilde
_J = {
    "z1": sp.MatrixSymbol("J_1", _total, r),
    "z2": sp.MatrixSymbol("J_2", _total, r),
    "xi": sp.MatrixSymbol("J_3", _total, d),
    "xi_tilde": sp.MatrixSymbol("J_4", _total, d_tilde),
}
_SOURCES = Algebra(
    relations={
        U.T * U: sp.Identity(r),
        U_TILDE.T * U_TILDE: sp.Identity(r),
        **{
            a.T * b: sp.Identity(a.shape[1]) if a == b else sp.ZeroMatrix(a.shape[1], b.shape[1])
            for a, b in product(_J.values(), repeat=2)
        },
    }
)


def _maps(clean: bool) -> tuple[sp.MatrixExpr, sp.MatrixExpr]:
    """Eq. 1 under Assumptions 1 and 2: x and x~ as linear maps of the standard Gaussian sources."""
    x = U * _J["z1"].T + _J["xi"].T / sp.sqrt(gamma)
    y = U_TILDE * _J["z1" if clean else "z2"].T + _J["xi_tilde"].T / sp.sqrt(gamma_tilde)
    return x, y


def _prove_covariance(claimed: Statement) -> Iterator[Step]:
    for clean in (True, False):
        x, _ = _maps(clean)
        word = "clean" if clean else "corrupted"
        yield _SOURCES.concluded(f"Cov(x) of a {word} pair", x * x.T, claimed)
    signal = U.T * COVARIANCE_X * U
    yield BASES.identity("its r signal directions have variance 1 + 1/gamma", signal, a_x * sp.Identity(r))


def _prove_mixture(clean: bool) -> Derivation:
    def prove(claimed: Statement) -> Iterator[Step]:
        maps = _maps(clean)
        factor, stated = multiple_of_blocks(claimed.bound)
        for i, j in product((0, 1), repeat=2):
            yield _SOURCES.concluded(
                f"block ({i + 1}, {j + 1}) of the covariance of a linear image of Gaussians",
                maps[i] * maps[j].T,
                claimed.about(factor * stated.blocks[i, j]),
            )

    return prove


def _prove_corruption(claimed: Statement) -> Iterator[Step]:
    def moment(clean: bool, order: int) -> sp.Expr:
        # Alternating z, z~: equal variables if clean, independent ones if not.
        return gaussian_moment(lambda i, j: sp.Integer(1 if clean or (i - j) % 2 == 0 else 0), order)

    second = eta * moment(True, 2) + (1 - eta) * moment(False, 2)
    yield concluded("E[z z~] of one coordinate, over the coin", second, claimed)
    fourth = eta * moment(True, 4) + (1 - eta) * moment(False, 4)
    gaussian = gaussian_moment(lambda i, j: sp.Integer(1) if (i - j) % 2 == 0 else eta, 4)
    w = sp.Symbol("w", positive=True)
    gap = (fourth - gaussian).subs(eta, 1 / (1 + w))
    yield positive("E[z^2 z~^2] exceeds that of a Gaussian pair with this correlation when 0 < eta < 1", gap)
    yield identity("and equals it when every pair is clean", (fourth - gaussian).subs(eta, 1), 0)


_Q = sp.MatrixSymbol("Q", d, d)
_Q_TILDE = sp.MatrixSymbol("Q_tilde", d_tilde, d_tilde)
_TURNED = Algebra(
    relations={
        _Q * _Q.T: sp.Identity(d),
        _Q.T * _Q: sp.Identity(d),
        _Q_TILDE * _Q_TILDE.T: sp.Identity(d_tilde),
        _Q_TILDE.T * _Q_TILDE: sp.Identity(d_tilde),
    }
)


def _prove_noise(claimed: Statement) -> Iterator[Step]:
    yield BASES.concluded("E||xi||^2 = tr(I/gamma)", sp.Trace(sp.Identity(d) / gamma), claimed)
    noise = sp.Identity(d) / gamma
    yield _TURNED.identity("the noise's law does not change under a rotation", _Q * noise * _Q.T, noise)


def _prove_snr(claimed: Statement) -> Iterator[Step]:
    signal, noise = sp.Trace(U * U.T), sp.Trace(sp.Identity(d) / gamma)
    yield BASES.identity("E||Uz||^2 = tr(U U^T)", signal, r)
    yield BASES.concluded("signal power over noise power", signal / noise, claimed)


def _prove_rotation(claimed: Statement) -> Iterator[Step]:
    swap = {U: _Q * U, U_TILDE: _Q_TILDE * U_TILDE}
    yield _TURNED.identity(
        "Cov(Qx) is the covariance with QU in place of U",
        _Q * COVARIANCE_X * _Q.T,
        substitute(COVARIANCE_X, swap),
    )
    yield _TURNED.identity(
        "likewise for x~", _Q_TILDE * COVARIANCE_Y * _Q_TILDE.T, substitute(COVARIANCE_Y, swap)
    )
    yield _TURNED.identity(
        "Cov(Qx, Q~x~) of a clean pair likewise",
        _Q * U * U_TILDE.T * _Q_TILDE.T,
        substitute(U * U_TILDE.T, swap),
    )
    turned = substitute(CHORDAL_SQUARED, {V: _Q * V, U: _Q * U})
    yield _TURNED.concluded("the squared chordal distance of QV and QU is that of V and U", turned, claimed)


_TURN = sp.MatrixSymbol("A", r, r)
_GRAM_INVERSE = sp.MatrixSymbol("W", r, r)
_ENCODERS = Algebra(
    relations={
        _TURN.T * _TURN: sp.Identity(r),
        _TURN * _TURN.T: sp.Identity(r),
    }
)


def _prove_invariance(claimed: Statement) -> Iterator[Step]:
    left, right = _TURN * G, _TURN * G_TILDE
    yield _ENCODERS.concluded("(AG)^T (AG~)", left.T * right, claimed)
    # W stands for (G G^T)^-1; G G^T is written H, so that H W = I can be a relation.
    gram = sp.MatrixSymbol("H", r, r)
    algebra = Algebra(
        symmetric=(gram, _GRAM_INVERSE),
        relations={
            _TURN.T * _TURN: sp.Identity(r),
            _TURN * _TURN.T: sp.Identity(r),
            gram * _GRAM_INVERSE: sp.Identity(r),
            G * G.T: gram,
        },
    )
    inverse = _TURN * _GRAM_INVERSE * _TURN.T
    yield algebra.identity("A W A^T inverts (AG)(AG)^T", left * left.T * inverse, sp.Identity(r))
    yield algebra.identity(
        "the projector on the row space of AG is that of G", left.T * inverse * left, G.T * _GRAM_INVERSE * G
    )


_cov = sp.Function("Cov")
_x = sp.Symbol("x")

CLAIMS: tuple[Claim, ...] = (
    exact(
        "eq-1",
        "Covariance of one modality",
        "Section 3, Eq. 1",
        (
            "x = U z + xi has covariance U U^T + I/gamma, in both classes: variance 1 + 1/gamma along the r "
            "columns of U, and 1/gamma across."
        ),
        _cov(_x),
        COVARIANCE_X,
        _prove_covariance,
        note="model.md#eq-1",
        depends_on=("assumption-1", "assumption-2"),
    ),
    exact(
        "assumption-1",
        "Clean and corrupted pairs",
        "Section 3, Assumption 1",
        (
            "With the coin hidden, matching latent coordinates have correlation eta, and they are not "
            "jointly Gaussian unless eta is 1."
        ),
        r"\mathbb{E}[z_k \tilde{z}_k]",
        eta,
        _prove_corruption,
        note="model.md#assumption-1",
    ),
    exact(
        "assumption-2",
        "Isotropic Gaussian noise",
        "Section 3, Assumption 2",
        "The noise of the first modality has power d/gamma and no direction.",
        r"\mathbb{E} \|\xi\|^2",
        d / gamma,
        _prove_noise,
        note="model.md#assumption-2",
    ),
    exact(
        "remark-snr",
        "Signal-to-noise ratio",
        "Section 3, remark on the SNR",
        "The signal-to-noise ratio of the first modality is gamma r/d; of the second gamma~ r/d~.",
        r"\mathbb{E}\|U z\|^2 / \mathbb{E}\|\xi\|^2",
        SNR,
        _prove_snr,
        note="model.md#signal-to-noise-ratio",
        depends_on=("eq-1", "assumption-1", "assumption-2"),
    ),
    exact(
        "remark-a-1",
        "Covariance of a clean pair",
        "Appendix A, Remark A.1",
        (
            "Given that it is clean, a pair is a centred Gaussian vector with covariance Sigma_1; so a pair "
            "is a mixture of two centred Gaussians with weights eta and 1 - eta."
        ),
        r"\Sigma_1",
        SIGMA_CLEAN,
        _prove_mixture(True),
        note="model.md#remark-a1",
        depends_on=("assumption-1", "assumption-2"),
    ),
    exact(
        "remark-a-1-corrupted",
        "Covariance of a corrupted pair",
        "Appendix A, Remark A.1",
        "Given that it is corrupted, a pair is a centred Gaussian vector with covariance Sigma_0.",
        r"\Sigma_0",
        SIGMA_CORRUPTED,
        _prove_mixture(False),
        note="model.md#remark-a1",
        depends_on=("assumption-1", "assumption-2"),
    ),
    exact(
        "invariance",
        "What the encoders' common rotation changes",
        "Section 3, after Eq. 4",
        (
            "G and G~ enter the loss through G^T G~ alone; A G, A G~ with A orthogonal have the same product "
            "and the same row spaces, so the same loss and error."
        ),
        r"(A G)^T (A \tilde{G})",
        G.T * G_TILDE,
        _prove_invariance,
        note="model.md#invariance",
        depends_on=("step-1",),
    ),
    exact(
        "invariance-data",
        "What a rotation of the data changes",
        "Section 3",
        (
            "Rotating x and x~ replaces U, U~ by Q U, Q~ U~ in the law of a pair and leaves chordal "
            "distances alone: U and U~ may be taken as the first r coordinates."
        ),
        r"\|\sin\Theta(Q V, Q U)\|_F^2",
        CHORDAL_SQUARED,
        _prove_rotation,
        note="model.md#invariance",
        depends_on=("remark-a-1", "remark-a-1-corrupted", "definition-1"),
    ),
)
