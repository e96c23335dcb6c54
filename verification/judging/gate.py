"""The gate before SUPPORTED: a claim about every setting is attacked over all that its conditions allow.

A thorough run climbs for the worst setting inside the conditions, ends included, and judges it by draws that
no climber saw, at a share of the budget of its own.  A bound with numbers that breaks there is refuted.  Of a
bound up to a constant the climb names one that is needed; a rate that needs too large a one stays undecided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bounds.claim import Claim
from verification.errors import InvalidArgument, MissingExtra
from verification.search import climb
from verification.search.case import Case
from verification.search.space import space
from verification.statistics.evidence import Details, Evidence, Outcome

MOST_CONSTANT = 30.0
"""A constant that no rate of the paper comes near: one that needs a larger one is not supported."""


@dataclass(frozen=True)
class AttackDetails(Details):
    """What an attack tried: settings simulated, and the command that climbs again."""

    evaluations: int
    command: str

    @property
    def estimated(self) -> str:
        """What the estimate is."""
        return "worst ratio to the bound found"


def attackable(claims: Sequence[Claim]) -> list[Claim]:
    """Those that bound a simulated quantity of the model from one side."""
    found = []
    for claim in claims:
        try:
            space(claim)
        except InvalidArgument:
            continue
        found.append(claim)
    return found


def share_name(claim: Claim) -> str:
    """The name of a claim's attack in the ledger."""
    return f"{claim.id}/attack"


def names(claims: Sequence[Claim]) -> tuple[str, ...]:
    """The names of all attacks on these claims; raises MissingExtra where nothing can be searched."""
    try:
        import hypothesis  # noqa: F401
    except ImportError:
        raise MissingExtra("hypothesis", "search") from None
    return tuple(share_name(claim) for claim in attackable(claims))


def attack(claim: Claim, seed: int, budget: int, alpha: float) -> Evidence:
    """The evidence of an attack on a claim with `budget` small simulations, at a share `alpha`."""
    try:
        found = climb.search(claim, seed=seed, budget=budget, alpha=alpha)
    except InvalidArgument as reason:
        return Evidence("search", f"no attack could be made: {reason}", "undecided")
    outcome = _outcome(claim, found)
    low, high = found.interval
    where = f"the worst of {found.evaluations} settings inside the conditions"
    needed = f"needs a constant of {low:.3g} at least" if claim.up_to_constant else "breaks the bound"
    keeps = "keeps the bound" if not claim.up_to_constant else needed
    return Evidence(
        kind="search",
        statement=f"{where} {needed if outcome == 'fails' else keeps}",
        outcome=outcome,
        estimate=found.ratio,
        interval=(low, high),
        threshold=MOST_CONSTANT if claim.up_to_constant else 1.0,
        false_alarm=alpha,
        replicates=found.replicates,
        seed=found.seed,
        witness={"setting": dict(found.setting), "ratio": found.ratio, "command": found.repeat}
        if outcome == "fails"
        else None,
        details=AttackDetails(found.evaluations, found.command),
    )


def _outcome(claim: Claim, found: Case) -> Outcome:
    if claim.up_to_constant:
        return "undecided" if found.interval[0] > MOST_CONSTANT else "holds"
    return "fails" if found.breaks else "holds"
