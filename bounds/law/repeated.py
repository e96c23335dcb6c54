"""Repeated filtering: how fast the teacher's error dies out, what stays, and how to split a budget.

Round k + 1 scores fresh pairs with round k's student.  On each side the squared scale follows
V_{k+1} = A / N_{k+1} + leak^2 V_k with A = N V_fresh (free of N) and V_0 = B / n_T: the inherited error
shrinks by the leak each round.  It does not shrink to the oracle's error but to 1/sqrt(1 - leak^2) times
it, because every round also hands on a share of its own noise.  Note: `filtered`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bounds.law.scales import repeated_scale


def floor_ratio(leak: float) -> float:
    """Limit of the student's error over the oracle's, rounds of equal size: 1/sqrt(1 - leak^2).

    Infinite at a leak of 1 (to rounding, as gamma -> 0).
    """
    return 1 / math.sqrt(1 - leak**2) if leak**2 < 1 else math.inf


def rounds_until_excess(fresh: float, leak: float, teacher: float, excess: float) -> int | None:
    """Fewest rounds until one side's error is within (1 + excess) of the oracle's; None if never.

    `fresh` is the oracle's V_L on the pairs of one round, `teacher` that of the first teacher.  Closed
    form: leak^(2K) (teacher/fresh - 1/(1 - leak^2)) <= (1 + excess)^2 - 1/(1 - leak^2).
    """
    limit = 1 / (1 - leak**2)
    room = (1 + excess) ** 2 - limit
    surplus = teacher / fresh - limit
    if repeated_scale(fresh, leak, teacher, 1) <= (1 + excess) ** 2 * fresh:
        return 1
    if room <= 0:
        return None
    return max(1, math.ceil(math.log(room / surplus) / (2 * math.log(leak)) - 1e-12))


@dataclass(frozen=True)
class Split:
    """A budget of pairs divided between the teacher and the rounds, and the scale V that it reaches.

    `teacher` and each of `rounds` are shares of the budget and sum to 1; `scale` is V for a budget of
    one pair, so V at n pairs is `scale` / n.
    """

    teacher: float
    rounds: tuple[float, ...]
    scale: float


def even_split(fresh: float, leak: float, teacher: float, rounds: int) -> Split:
    """Best share for the teacher when the rounds are of equal size.

    `fresh` and `teacher` are the scales at one pair (A and B).  With s = (1 - leak^(2K))/(1 - leak^2)
    the minimum of K A s / (1 - share) + leak^(2K) B / share is (sqrt(K A s) + leak^K sqrt(B))^2.
    """
    own = math.sqrt(rounds * repeated_scale(fresh, leak, 0.0, rounds))
    inherited = leak**rounds * math.sqrt(teacher)
    total = own + inherited
    share = inherited / total if total > 0 else 0.0
    return Split(share, ((1 - share) / rounds,) * rounds, total**2)


def best_split(fresh: float, leak: float, teacher: float, rounds: int) -> Split:
    """Best shares for the teacher and for each round, later rounds larger (Cauchy-Schwarz).

    Round j of K gets a share in proportion to leak^(K-j) sqrt(A), the teacher leak^K sqrt(B); the
    scale is ((1 - leak^K)/(1 - leak) sqrt(A) + leak^K sqrt(B))^2, which falls to A/(1 - leak)^2 as K
    grows, whenever filtering helps at all (sqrt(B) > sqrt(A)/(1 - leak)).
    """
    weights = [leak ** (rounds - j) * math.sqrt(fresh) for j in range(1, rounds + 1)]
    inherited = leak**rounds * math.sqrt(teacher)
    total = sum(weights) + inherited
    if total == 0:
        return Split(0.0, (1 / rounds,) * rounds, 0.0)
    return Split(inherited / total, tuple(w / total for w in weights), total**2)
