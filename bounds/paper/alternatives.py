"""What filtering is compared with: PCA of each modality alone, the information limit, the best weights.

Everything here is exact or to first order in the sample sizes; what is drawn stands with the estimators.
Derivations: proofs_notes/alternatives.md; the proofs in code: `bounds.paper.alternatives_proofs`.
"""

from __future__ import annotations

import sympy as sp

from bounds.checks import Relation
from bounds.claim import Claim, exact
from bounds.paper import alternatives_proofs as proofs
from bounds.paper.one_round import FLOOR
from bounds.symbols import N, Noisy, a_x, a_y, eta, gamma, gamma_tilde, n_T, r

OF_ALL_PAIRS = 1 / eta**4
"""The product of both sides' scales, all pairs over PCA."""

OF_THE_FILTER = sp.Min(a_y / (2 * (1 + gamma) ** 2), (1 - eta) * FLOOR / 2) / (a_x * eta**2)
"""V_L after one round on n pairs over that of PCA on them, from below."""

INFORMATION = gamma * proofs.SIGNAL
"""Fisher information of one pair about one angle between U and its complement."""

SIGNAL_BELOW = gamma / (1 + gamma)
SIGNAL_ABOVE = gamma / (1 + gamma) + eta * gamma_tilde / ((1 + gamma) * (1 + gamma + gamma_tilde))
"""Between them lies E[z^^2], z^ = E[z | u, v]: one modality alone, and the coin known."""

PCA_LOSS = 1 + eta * gamma_tilde / (gamma * (1 + gamma + gamma_tilde))
"""V_L of PCA over the information limit is at most this."""

WEIGHTED_LEAK = (1 - eta * proofs.CLEAN_PART / proofs.REACHED) / (1 + gamma)
"""The leak of a weighted student: clean part E_1[r w + S w'], reached E[w S]."""

NO_WEIGHTING = sp.Min(a_y / (4 * (1 + gamma) ** 2 * n_T), r / (4 * N * proofs.SPILL)) / (gamma * eta**2)
"""Below this no weighting of the score brings V_L."""

LEAST_WEIGHTED = (
    proofs.ALPHA
    * (proofs.ALPHA + proofs.BETA * proofs.J_INTEGRAL)
    / (
        proofs.F_INTEGRAL * (proofs.ALPHA + proofs.BETA * proofs.J_INTEGRAL)
        - proofs.BETA * proofs.H_INTEGRAL**2
    )
    / gamma
)
"""The least V_L over all weights, alpha = r/N and beta = a~/(gamma^2 n_T eta^2)."""

CLAIMS: tuple[Claim, ...] = (
    exact(
        "pca-against-all-pairs",
        "PCA of each modality alone against learning on all pairs",
        "Section 3, Eq. 2; Corollary 1, sharpened",
        (
            "On the same n pairs the product of both sides' scales V_L V_R is 1/eta^4 times that of the "
            "principal components of each modality, with noise on both sides: in the paper's model learning "
            "on all pairs never wins on both."
        ),
        r"V_L V_R / (V_L^{\mathrm{PCA}} V_R^{\mathrm{PCA}})",
        OF_ALL_PAIRS,
        proofs.against_all_pairs,
        note="alternatives.md#pca-against-pairing",
        conditions=(Noisy(gamma), Noisy(gamma_tilde)),
        variant="sharp",
        depends_on=("eq-2-sharp", "corollary-1-sharp"),
        remark=(
            "One side alone can win, where the other modality is the cleaner one (a~ < a eta^2), and ERR "
            "with it.  A filter can win on both sides, by a few per cent: see the note."
        ),
    ),
    exact(
        "pca-against-the-filter",
        "PCA of each modality alone against Algorithm 1",
        "Section 3, Eq. 2; Theorem 1, sharpened",
        (
            "With noise on the left and on the same n pairs, V_L after filtering at any fixed threshold is "
            "at least min((1 + 1/gamma~)/(2 (1 + gamma)^2), (1 - eta) J/2)/((1 + 1/gamma) eta^2) times that "
            "of PCA: as eta falls, the ratio grows at least like 1/eta^2."
        ),
        r"V_L / V_L^{\mathrm{PCA}}",
        OF_THE_FILTER,
        proofs.against_the_filter,
        note="alternatives.md#pca-against-pairing",
        relation=Relation.LOWER,
        conditions=(Noisy(gamma),),
        variant="sharp",
        depends_on=("eq-2-sharp", "theorem-1-no-threshold"),
        remark=(
            "About small eta: at moderate eta the factor is below 1, and Algorithm 1 can err less than PCA, "
            "by far in ERR where the noise is unequal (see the note).  J > 0 is that of "
            "theorem-1-no-threshold; n_T = N = n/2."
        ),
    ),
    exact(
        "information-limit",
        "What no estimator from both modalities can beat",
        "Section 3, beyond Eq. 2",
        (
            "Each of the (d - r) r angles between U and its complement has Fisher information "
            "gamma E[z^^2] in one pair, z^ = E[z | U^T x, U~^T x~], none of it shared, whatever is known of "
            "eta, gamma and the other modality's space."
        ),
        r"\mathcal{I}",
        INFORMATION,
        proofs.information,
        note="alternatives.md#the-information-limit",
        variant="sharp",
        depends_on=("remark-a-1", "remark-a-1-corrupted"),
        remark=(
            "By the local asymptotic minimax theorem (Hajek, Le Cam), quoted, no estimator has, in the limit "
            "and locally uniformly, a smaller mean square than (d - r) r/(n gamma E[z^^2]).  At one truth "
            "alone one can: a constant."
        ),
    ),
    exact(
        "information-from-below",
        "The least information of a pair",
        "Section 3, beyond Eq. 2",
        "E[z^^2] >= gamma/(1 + gamma), what one modality alone has.",
        r"\mathbb{E}\,\hat{z}^2",
        SIGNAL_BELOW,
        proofs.signal_below,
        note="alternatives.md#the-information-limit",
        relation=Relation.LOWER,
        best=True,
        variant="explicit",
        remark="Approached as eta -> 0.",
    ),
    exact(
        "information-from-above",
        "The most information of a pair",
        "Section 3, beyond Eq. 2",
        (
            "E[z^^2] is at most gamma/(1 + gamma) + eta gamma~/((1 + gamma)(1 + gamma + gamma~)), what a "
            "pair has when its coin is known."
        ),
        r"\mathbb{E}\,\hat{z}^2",
        SIGNAL_ABOVE,
        proofs.signal_above,
        note="alternatives.md#the-information-limit",
        relation=Relation.UPPER,
        best=True,
        variant="explicit",
        remark="An equality at eta = 1.",
    ),
    exact(
        "pca-efficiency",
        "How far PCA is from the information limit",
        "Section 3, beyond Eq. 2",
        (
            "PCA's V_L is at most 1 + eta gamma~/(gamma (1 + gamma + gamma~)) times the information limit: "
            "for gamma = gamma~ at most twice, at every eta."
        ),
        r"V_L^{\mathrm{PCA}} / V_L^{\min}",
        PCA_LOSS,
        proofs.efficiency,
        note="alternatives.md#the-information-limit",
        relation=Relation.UPPER,
        variant="explicit",
        depends_on=("eq-2-sharp", "information-limit", "information-from-above"),
    ),
    exact(
        "weights-leak",
        "What a weighted student takes over of its teacher's error",
        "Beyond Section 5",
        (
            "With pairs weighted by w(S), E[w S] not 0, the leak is (1/(1 + gamma))(1 - eta E_1[r w + S "
            "w']/E[w S]): for corrupted pairs alone 1/(1 + gamma), whatever such w."
        ),
        r"\lambda_w",
        WEIGHTED_LEAK,
        proofs.weighted_leak,
        note="alternatives.md#weights",
        variant="sharp",
        depends_on=("remark-a-1", "remark-a-1-corrupted"),
        remark="w = 1{S > theta} gives the leak of theorem-1-sharp.",
    ),
    exact(
        "weights-no-removal",
        "No weighting of the score removes the 1/eta",
        "Beyond Section 5",
        (
            "With noise on the left, for every smooth weight w of the score and every eta, V_L >= min((1 + "
            "1/gamma~)/(4 (1 + gamma)^2 n_T), r/(4 N K))/(gamma eta^2), with K < oo free of eta, w and the "
            "sample sizes: V_L is at least of order 1/eta^2."
        ),
        "V_L",
        NO_WEIGHTING,
        proofs.no_weighting,
        note="alternatives.md#no-weighting-removes-it",
        relation=Relation.LOWER,
        conditions=(Noisy(gamma),),
        variant="sharp",
        depends_on=("weights-leak", "theorem-1-sharp"),
        remark=(
            "K is the larger of the integrals of ((r - 1) p_1 - s p_1')^2/(q_c p_c), q_c = E_c[|v|^2 | S = "
            "s], over both classes c.  A threshold is the limit of smooth weights."
        ),
    ),
    exact(
        "weights-best",
        "The best weights of the score, and the scale that they give",
        "Beyond Section 5",
        (
            "Among all weights w(S) the least V_L is (1/gamma) alpha (alpha + beta J)/(F (alpha + beta J) - "
            "beta H^2), reached by w = s/q - k (q p)'/(q p), k = beta H/(alpha + beta J)."
        ),
        r"\min_w V_L",
        LEAST_WEIGHTED,
        proofs.best_weights,
        note="alternatives.md#the-best-weights",
        variant="sharp",
        depends_on=("weights-leak", "theorem-1-sharp"),
        remark=(
            "q(s) = E[|v|^2 | S = s], F = E[S^2/q], H = E[S (qp)'/(qp)], J = E[((qp)'/(qp))^2 q], "
            "alpha = r/N, beta = a~/(gamma^2 n_T eta^2), n = n_T + N."
        ),
    ),
)
