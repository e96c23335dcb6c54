"""What is wrong in print: each erratum with its reason, the truth, and what survives it.

Every entry names a claim of the register that is expected to be refuted; `filtergain verify` with
that id repeats the witness.  The same entries in full: proofs_notes/errata.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bounds.claim import Claim


@dataclass(frozen=True)
class Erratum:
    """One printed statement that is false.

    `claim` is the id of the statement as printed, `corrected` those of what replaces it; `survives` says
    what becomes of the statements that rest on it.  `proof` is the section of a note that proves the
    printed statement false, where the register's own check is by draws.
    """

    claim: str
    title: str
    printed: str
    why: str
    truth: str
    survives: str
    corrected: tuple[str, ...] = ()
    proof: str = ""

    @property
    def repeat(self) -> str:
        """The command that shows the witness again."""
        return f"filtergain verify {self.claim}"

    @property
    def anchor(self) -> str:
        """Where proofs_notes/errata.md treats it."""
        kept = "".join(ch for ch in self.title.lower() if ch.isalnum() or ch in " -_")
        return "errata.md#" + kept.replace(" ", "-")


def resting_on(claim_id: str, claims: Iterable[Claim]) -> tuple[str, ...]:
    """Ids of the claims that rest on `claim_id` at any depth, in the order of `claims`."""
    claims = tuple(claims)
    reached = {claim_id}
    grown = True
    while grown:
        new = {c.id for c in claims if reached & set(c.depends_on)} - reached
        reached |= new
        grown = bool(new)
    return tuple(c.id for c in claims if c.id in reached and c.id != claim_id)


ERRATA: tuple[Erratum, ...] = (
    Erratum(
        claim="theorem-1",
        title="Theorem 1 at moderate signal-to-noise ratios",
        printed="After filtering the error no longer grows like 1/eta, at any signal-to-noise ratio.",
        why=(
            "The student inherits the share 1/(1+gamma) of its teacher's error from the corrupted pairs, "
            "and the teacher's error is of order 1/eta.  No threshold and no weighting repairs it "
            "(theorem-1-every-rule)."
        ),
        truth="The printed rate plus the leak times the teacher's error.",
        survives=(
            "The theorem as printed where the leak is negligible (gamma = 1e4 in the experiments), and for "
            "the oracle filter; elsewhere log(1/eta)/log(1 + g) rounds with fresh pairs restore it up to a "
            "factor 1 + 1/g, g the smaller of gamma and gamma~ (repeated-rounds)."
        ),
        corrected=("theorem-1-corrected", "theorem-1-explicit", "theorem-1-explicit-half"),
        proof="filtered.md#no-threshold-repairs-it",
    ),
    Erratum(
        claim="step-5-rho",
        title="Step 5 of Theorem 1: a large rho_T",
        printed="The teacher's part of the error vanishes when rho_T is chosen large enough.",
        why=(
            "Scores and threshold scale together: the kept pairs do not depend on rho_T.  Lemma 10's "
            "constants grow as M_O shrinks, which cancels what the smaller difference gains."
        ),
        truth="Only the teacher's relative error matters, and tan(phi)/(1+gamma) of its angle is passed on.",
        survives="Steps 1 to 4; the conclusion becomes the corrected theorem.",
        corrected=("step-5-rho-corrected",),
    ),
    Erratum(
        claim="theorem-1-switch",
        title="Where the two thresholds swap places",
        printed=(
            "Threshold 0 overtakes r/2 at a clean fraction of order 1/r^2, read as a statement about the "
            "errors; the two printed bounds do cross there (theorem-1-branches)."
        ),
        why=(
            "The factor at threshold 0 uses E_0(0) >= 2/pi, while E_0(0) grows like sqrt(2 r/pi): "
            "the factor is of order r, not r^1.5."
        ),
        truth=(
            "As the noise vanishes, the oracle's errors cross at eta = 1/(pi r) to first order as r grows; "
            "with noise later, or nowhere (regime-switch)."
        ),
        survives="Theorem 1's upper bound min(T_0.5, T_0), which is loose by sqrt(r) in T_0.",
        corrected=("theorem-1-switch-corrected",),
    ),
    Erratum(
        claim="regime-switch",
        title="Where the regimes switch, with noise",
        printed=(
            "The regimes meet at eta = 1/r^2 up to constants, at every signal-to-noise ratio, read as a "
            "statement about the errors; the two printed bounds do meet there (theorem-1-branches)."
        ),
        why=(
            "Of 15 settings (r = 2, 4, 16, 64, 256; gamma = 1, 10, 10^4) eight have the oracle's two errors "
            "equal at an eta 6.7 to 404 times as large, growing with r, and three nowhere."
        ),
        truth="They cross at eta = (a a~/(pi r))(1 + 2 sqrt(2 a a~/(pi r))), to the relative order 1/r.",
        survives="Theorem 1's upper bound; within a factor 6 the place at r = 2, 4 and gamma = 10, 10^4.",
        corrected=("regime-switch-sharp", "regime-places"),
    ),
    Erratum(
        claim="eq-10",
        title="Weights of the classes among kept pairs (Eq. 10)",
        printed="S(theta) = (1/r)(eta E_1 + (1 - eta) E_0) U U~^T.",
        why="Filtering changes the share of clean pairs: the weights are eta P_1/P and (1 - eta) P_0/P.",
        truth="S(theta) = (eta P_1 E_1 + (1 - eta) P_0 E_0)/(r P) U U~^T.",
        survives=(
            "Every upper bound of the error: the printed multiple is the smaller one, as P_1 >= P_0 and, for "
            "r >= 2, E_1 >= E_0 (eq-10-from-below, section-6-2-tail-order, section-6-2-mean-order)."
        ),
        corrected=("eq-10-corrected", "eq-10-from-below"),
    ),
    Erratum(
        claim="eq-56",
        title="Weights of the classes among kept pairs (Eq. 56)",
        printed="The multiple is eta f_1 + (1 - eta) f_0.",
        why="As in Eq. 10: the weights before filtering are used after it.",
        truth="The multiple is (eta P_1 f_1 + (1 - eta) P_0 f_0)/P.",
        survives="The upper bounds that use it, as for Eq. 10.",
        corrected=("eq-56-corrected",),
    ),
    Erratum(
        claim="eq-11-every-threshold",
        title="Eq. 11 at every threshold",
        printed="The rate of Eq. 11 has one constant for every threshold.",
        why=(
            "Pairs pass a high threshold because they are long: their variance kappa grows with it, and the "
            "rate has that of all pairs.  The ratio grows at least like sqrt(kappa/(1 + 1/gamma~))."
        ),
        truth="Eq. 11 with the kept pairs' variances; as printed for thresholds from 0 to r.",
        survives="Everything that uses it: the paper's thresholds are 0 and r/2.",
        corrected=("eq-11-corrected",),
    ),
    Erratum(
        claim="section-6-2-tail-1-half",
        title="Half of the clean pairs above r/2",
        printed="P_1(r/2) >= 1/2.",
        why="At r = 1: 0.4795 without noise, and 0.4458 at gamma = gamma_tilde = 2/3.",
        truth="It holds for every r >= 2 and every signal-to-noise ratio, even at the threshold r - 1.",
        survives="Theorem 1, which assumes r >= 2; Section 6.2 for r = 1 with 0.44 in place of 1/2.",
        corrected=("section-6-2-tail-1-half-corrected",),
    ),
    Erratum(
        claim="step-4-3",
        title="What the oracle keeps at r/2 (Step 4.3)",
        printed="P_O(r/2) is bounded below by an absolute constant.",
        why="Corrupted pairs pass with a probability that vanishes as r grows, clean ones make up eta.",
        truth="P_O(r/2) >= eta/2 for r >= 2, and P_O(0) >= 1/2.",
        survives="The step's last line, which has order eta, and the rates.",
        corrected=("step-4-3-corrected",),
    ),
    Erratum(
        claim="lemma-8-log-concavity",
        title="Log-concavity of the product density (proof of Lemma 8)",
        printed="The density of u v, proportional to exp(b x) K_0(a |x|), is log-concave.",
        why="K_0 is a Laplace transform of a positive measure, so log K_0 is convex: (log K_0)''(1) = 0.386.",
        truth="Log-convex on each side of 0 for r = 1; the sum of r >= 2 products is log-concave.",
        survives="Lemmas 8 and 9 for every r by another proof, with sqrt(2) in place of e at best.",
        corrected=("lemma-8-log-convexity", "lemma-8-log-concavity-corrected"),
    ),
    Erratum(
        claim="proposition-1-samples",
        title="The samples that Proposition 1 needs",
        printed="In the proof's instance n >= 4 d/(gamma eta^2) pairs are enough, at every gamma.",
        why=(
            "As gamma grows the condition lets n eta tend to 0: no pair is clean, the signal is a normal "
            "variable of size sqrt(1/n) in place of eta, and the error over the bound tends to 0."
        ),
        truth="n >= C d (1 + 1/gamma)/eta^2, Corollary 1's condition in the instance, and d >= 2.",
        survives="The proposition itself, which asks for some instances: those with gamma of order 1.",
        corrected=("proposition-1-samples-corrected", "proposition-1-explicit"),
    ),
    Erratum(
        claim="proposition-1-one-dimension",
        title="Proposition 1 in one dimension",
        printed="The lower bound of Proposition 1, read as a statement about every d.",
        why="At d = d~ = r = 1 both spaces are the whole line, and the error is 0.",
        truth=(
            "d >= 2 and n >= C d (1 + 1/gamma)/eta^2 are needed; the asymptotic constant is sqrt(1 - 1/d)."
        ),
        survives="Proposition 1 with both conditions; print states that there are instances, not which.",
        corrected=("proposition-1-explicit", "proposition-1-samples-corrected"),
    ),
    Erratum(
        claim="appendix-f-variance-corrupted",
        title="Variance of the corrupted score (Appendix F)",
        printed="The variance of D_0 is r(1 + 1/gamma)(1 + 1/gamma).",
        why="One factor repeats gamma where the other modality's stands.",
        truth="r(1 + 1/gamma)(1 + 1/gamma~).",
        survives="Everything: the rest of the paper uses the right one.",
        corrected=("appendix-f-variance-corrupted-corrected",),
    ),
    Erratum(
        claim="remark-6-2",
        title="An equality in Remark 6.2",
        printed="sigma_1^2 equals 2 sigma_0^2.",
        why="sigma_1^2 - 2 sigma_0^2 = r(1 - a a~), which is 0 only without noise.",
        truth="sigma_0^2 <= sigma_1^2 <= 2 sigma_0^2.",
        survives="The remark: the inequality is the direction that it needs.",
        corrected=("remark-6-2-corrected",),
    ),
    Erratum(
        claim="sample-split",
        title="Number of pairs for the student",
        printed="N = n_T - n.",
        why="The number is not positive.",
        truth="N = n - n_T.",
        survives="Everything: a slip of the pen.",
        corrected=("sample-split-corrected",),
    ),
)
"""Every false statement found, in the paper's order of weight: theorem, section, lemma, slips."""
