"""The gate before SUPPORTED: a claim about every setting is attacked over all that its conditions allow.

A thorough run climbs for the worst setting inside the conditions, ends included, and judges it by draws that
no climber saw, at a share of the budget of its own.  A bound with numbers that breaks there is refuted.  Of a
bound up to a constant the climb names one that is needed; a rate that needs too large a one stays undecided,
unless it has none: a lower bound above a quantity that is 0, or a constant that grows on all of a way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bounds import symbols
from bounds.claim import Claim, Relation, Scaling, Tail
from verification.checks.conditions import within
from verification.errors import InvalidArgument, MissingExtra
from verification.search import climb
from verification.search.case import Case
from verification.search.space import COORDINATES, RANGES, Space, space
from verification.statistics.evidence import Details, Evidence, Outcome

MOST_CONSTANT = 30.0
"""A constant that no rate of the paper comes near: one that needs a larger one is not supported."""


NO_CONSTANT = 1e3
"""A constant that is needed at the end of a way on which it grew by GROWTH on each of its WAY parts."""

GROWTH, WAY = 3.0, 3

ENOUGH_PAIRS = 16
"""The unnamed constant of an order's sample condition: next to 1 no error follows its order yet."""


@dataclass(frozen=True)
class AttackDetails(Details):
    """What an attack tried: settings simulated, and the command that climbs again."""

    evaluations: int
    command: str

    @property
    def estimated(self) -> str:
        """What the estimate is."""
        return "worst ratio to the bound found"


def sides(claim: Claim) -> tuple[Claim, ...]:
    """The bounds of one side that a claim states: of an order from both sides two."""
    if claim.relation is not Relation.EQUAL or not claim.up_to_constant:
        return (claim,)
    return tuple(replace(_many(claim), relation=side) for side in (Relation.UPPER, Relation.LOWER))


def _many(claim: Claim) -> Claim:
    """The claim where the unnamed constant of a condition is large enough."""
    enough = tuple(condition.subs(symbols.C, ENOUGH_PAIRS) for condition in claim.conditions)
    return replace(claim, conditions=enough)


def attackable(claims: Sequence[Claim]) -> list[Claim]:
    """Those that bound a simulated quantity of the model, from one side or from both."""
    found = []
    for claim in claims:
        if claim.relation is Relation.EQUAL and len({c.measured.thetas for c in _scalings(claim)}) != 1:
            continue  # what is drawn depends on the setting
        try:
            space(sides(claim)[0])
        except InvalidArgument:
            continue
        found.append(claim)
    return found


def _scalings(claim: Claim) -> list[Scaling]:
    return [check for check in within(claim).checks if isinstance(check, Scaling)]


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
    """The evidence of an attack on a claim with `budget` small simulations a side, at a share `alpha`.

    A condition's unnamed constant is 1, and what breaks there must break where it is large, too.
    """
    attacked, larger = sides(claim), _many(claim)
    found = [_attack(side, seed, budget, alpha / 2) for side in attacked]
    worst = min(found, key=lambda evidence: ("fails", "undecided", "holds").index(evidence.outcome))
    if worst.outcome == "fails" and attacked == (claim,) and larger.conditions != claim.conditions:
        again = _attack(larger, seed, budget, alpha / 2)
        worst = again if again.outcome == "fails" else replace(again, outcome="undecided")
    return replace(worst, false_alarm=alpha)


def _attack(claim: Claim, seed: int, budget: int, alpha: float) -> Evidence:
    """The evidence of an attack on a bound of one side."""
    try:
        found = climb.search(claim, seed=seed, budget=budget, alpha=alpha)
    except InvalidArgument as reason:
        return Evidence("search", f"no attack could be made: {reason}", "undecided")
    outcome = _outcome(claim, found)
    low, high = found.interval
    if outcome == "undecided" and low > NO_CONSTANT and _grows(claim, found, alpha):
        outcome = "fails"
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


def _grows(claim: Claim, found: Case, alpha: float) -> bool:
    """Whether the constant grows on all of a way to the worst setting.

    Judged by fresh draws at the ends of WAY parts: a constant that is large at one place may be the right
    one, and what rises once may be bounded.  The ways come from the claim's own setting, all parameters
    together, and from the worst one with one parameter moved to there.
    """
    where, own, end = space(claim), own_setting(claim), found.setting
    starts = [
        own,
        *({**end, name: own[name]} for name in COORDINATES if own.get(name, end[name]) != end[name]),
    ]
    ways = [way for start in starts if (way := _way(where, start, end)) is not None]
    return any(
        _grows_along(where, way, climb.stream(found.seed, f"way {number}"), alpha / len(ways))
        for number, way in enumerate(ways)
    )


def _grows_along(where: Space, way: Sequence[dict[str, float]], seed: int, alpha: float) -> bool:
    """Whether the ratio at each setting is above GROWTH times that at the one before, by fresh draws."""
    seeds = (climb.stream(seed, str(step)) for step in range(len(way)))
    ends = [
        climb.judge(where, point, seed=seed, alpha=alpha / len(way)).interval
        for point, seed in zip(way, seeds, strict=True)
    ]
    rises = [after[0] >= GROWTH * before[1] for before, after in pairwise(ends)]
    return all(rises) and ends[-1][0] > NO_CONSTANT


def own_setting(claim: Claim) -> Mapping[str, float]:
    """The first setting of the claim's own checks."""
    check = next(check for check in within(claim).checks if isinstance(check, Tail | Scaling))
    path = check.paths[0] if isinstance(check, Tail) else check.path
    return path.points()[0]


def _way(where: Space, start: Mapping[str, float], end: Mapping[str, float]) -> list[dict[str, float]] | None:
    """Settings in equal ratios from one to another, both included; None where one breaks a condition."""
    found = []
    for step in range(WAY + 1):
        values = {
            name: _between(start.get(name, end[name]), end[name], step / WAY, name) for name in COORDINATES
        }
        point = where.with_pairs({k: v for k, v in values.items() if k != "n"}, math.ceil(values["n"]))
        if point is None:
            return None
        found.append(point)
    return found


def _between(start: float, end: float, share: float, name: str) -> float:
    """A number between two; one without noise stands for the end of the range."""
    if start == end:
        return end
    low, high = (min(value, RANGES[name][1]) if math.isinf(value) else value for value in (start, end))
    value = float(low * (high / low) ** share)
    return round(value) if name in ("d", "d_tilde", "r") else value


def _outcome(claim: Claim, found: Case) -> Outcome:
    if claim.up_to_constant:
        if math.isinf(found.interval[0]):
            return "fails"  # the quantity is 0, and the bound from below is not; or the one from above is
        return "undecided" if found.interval[0] > MOST_CONSTANT else "holds"
    return "fails" if found.breaks else "holds"
