"""The wiring: claims -> designs -> draws -> evidence -> verdicts."""

from __future__ import annotations

import platform
import shlex
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from bounds.claim import Claim, Verdict
from verification.checks.conditions import within
from verification.checks.plan import PROFILES, Profile, made, plan_run
from verification.errors import (
    InvalidArgument,
    function_or_none,
    one_of,
    path_or_none,
    real,
    whole,
    yes_or_no,
)
from verification.judging import gate
from verification.judging.benchmark import benchmark
from verification.judging.looks import Judged, judge_all
from verification.judging.own_claims import require_sound
from verification.judging.samples import OnProgress, Sampler
from verification.judging.verdict import conditions
from verification.judging.verdicts import Verdicts
from verification.quantities import registry
from verification.statistics.ledger import Ledger
from verification.workers.executors import processors

DEFAULT_ALPHA = 1e-6
"""False-alarm probability of a whole run."""


@np.errstate(all="warn", under="ignore")  # NumPy's own defaults, whatever the caller's
def verify(
    claims: str | Claim | Sequence[str | Claim] | None = None,
    *,
    profile: str = "quick",
    alpha: float = DEFAULT_ALPHA,
    seed: int = 0,
    jobs: int | None = None,
    module: str | None = None,
    store: str | Path | None = None,
    with_mutants: bool = True,
    budget: Sequence[Claim] | None = None,
    on_progress: OnProgress | None = None,
) -> Verdicts:
    """Judge claims and return their verdicts.

    `claims` are claims or their ids, one or several; by default those of the module, and without a module all
    of the register.  `module` is a Python file with `CLAIMS` of one's own and the `QUANTITIES` that they are
    about; ids may be of its claims.  `store` is a
    file that draws are taken from and put into, so that a longer run continues a shorter one.
    `budget` are the claims that alpha is split over, these among them: a run of a part then has the
    numbers of the whole.  By default the register for claims of it, else the claims themselves.  The
    result depends on the claims, budget, profile, alpha and seed, never on `jobs`.  Raises
    InvalidArgument and UnderpoweredDesign before anything is drawn.
    """
    started = time.monotonic()
    function_or_none("on_progress", on_progress)
    chosen, alpha, seed, jobs = settled(profile, alpha, seed, jobs)
    stored, _ = path_or_none("store", store), path_or_none("module", module)
    with_mutants = yes_or_no("with_mutants", with_mutants)
    claims, named = _resolved(claims, module)
    budget = _several("budget", budget, Claim, "claims") if budget is not None else named
    _require_sound(claims, budget or ())
    split = budget or _budgeted(claims)
    attacks = gate.names(split) if chosen.attack else ()
    ledger, plans = plan_run(claims, split, alpha, chosen, module, seed, attacks)
    with Sampler(seed, jobs, stored, on_progress) as samples:
        judged = judge_all(claims, plans, samples, with_mutants, chosen, module)
    if chosen.attack:
        _attack(claims, judged, chosen.attack, seed, ledger)
    resting = conditions(claims, {claim.id: judged[claim.id].verdict for claim in claims})
    items = tuple(
        judged[c.id].as_verdict(
            c,
            *resting[c.id],
            left_out=len(within(c).checks) - len(made(c, chosen)),
            repeat=_repeat(c, split, profile, seed, alpha, module),
        )
        for c in claims
    )
    return Verdicts(
        items=items,
        profile=profile,
        alpha=alpha,
        seed=seed,
        ledger=ledger.as_dict(),
        versions=versions(),
        injected=benchmark(claims, split, chosen.mistakes, seed, jobs) if chosen.mistakes else None,
        seconds=time.monotonic() - started,
        errors_survived=samples.errors_survived,
    )


def _attack(
    claims: Sequence[Claim], judged: Mapping[str, Judged], budget: int, seed: int, ledger: Ledger
) -> None:
    """Adds the evidence of an attack to what is supported, and to what is undecided: it may have one, too."""
    weak = (Verdict.SUPPORTED, Verdict.INCONCLUSIVE)
    for claim in (c for c in gate.attackable(claims) if judged[c.id].verdict in weak):
        name = gate.share_name(claim)
        judged[claim.id].evidence[name] = gate.attack(claim, seed, budget, ledger.share(name))


def _require_sound(claims: Sequence[Claim], among: Sequence[Claim]) -> None:
    """Raises InvalidArgument for claims that are not sound, or share an id."""
    require_sound(claims, among)
    ids = [claim.id for claim in claims]
    if repeated := next((i for i in ids if ids.count(i) > 1), None):
        raise InvalidArgument("claims", repeated, "must have an id of its own each")


def _resolved(
    given: str | Claim | Sequence[str | Claim] | None, module: str | None
) -> tuple[tuple[Claim, ...], Sequence[Claim] | None]:
    """The claims meant, and what their budget is split over: None where claims were given as such."""
    from verification.judging.own_claims import chosen_claims

    if given is None:
        return chosen_claims((), module)
    several = _several("claims", given, str | Claim, "claims or their ids")
    names = [one for one in several if isinstance(one, str)]
    if module is not None:
        registry.load_module(module)
    if not names:
        return tuple(one for one in several if isinstance(one, Claim)), None
    named, split = chosen_claims(names, module)
    known = {claim.id: claim for claim in named}
    claims = tuple(known[one] if isinstance(one, str) else one for one in several)
    return claims, split if len(names) == len(several) else None


def _several(argument: str, given: Any, kinds: Any, words: str) -> tuple[Any, ...]:
    """What was given, one or several of these kinds, as a tuple; raises InvalidArgument for anything else."""
    several = (given,) if isinstance(given, kinds) else given
    if not isinstance(several, Iterable) or isinstance(several, str | bytes):
        raise InvalidArgument(argument, given, f"must be {words}")
    several = tuple(several)
    for one in several:
        if not isinstance(one, kinds):
            raise InvalidArgument(argument, one, f"must be {words}")
    if not several:
        raise InvalidArgument(argument, given, f"must be {words}, at least one")
    return several


def settled(profile: str, alpha: float, seed: int, jobs: int | None) -> tuple[Profile, float, int, int]:
    """How a run is to be made, checked: profile, alpha, seed, workers; raises InvalidArgument."""
    chosen = _profile(profile)
    alpha = real("alpha", alpha, "must lie in (0, 1)")
    if not 0 < alpha < 1:
        raise InvalidArgument("alpha", alpha, "must lie in (0, 1)")
    seed = whole("seed", seed, 0, 2**63 - 2)  # the last one draws the pilots of mutants
    return chosen, alpha, seed, whole("jobs", processors() if jobs is None else jobs, 1, 4096)


def _repeat(
    claim: Claim,
    split: Sequence[Claim],
    profile: str,
    seed: int,
    alpha: float,
    module: str | None,
) -> str:
    """The command that judges the claim again with the same numbers.

    Where alpha was split over the register and own claims, one of the other kind is named beside it:
    then it is again.
    """
    from bounds import claims as register

    other = next((c.id for c in split if (c.id in register) != (claim.id in register)), None)
    ids = claim.id if other is None else f"{claim.id} {other}"
    command = f"filtergain verify {ids} --profile {profile} --seed {seed}"
    if alpha != DEFAULT_ALPHA:
        command += f" --alpha {alpha!r}"
    return command + (f" --module {shlex.quote(module)}" if module is not None else "")


def _budgeted(claims: Sequence[Claim]) -> Sequence[Claim]:
    """The claims that the budget is split over: the whole register for claims of it.

    So a claim judged alone has the share, and hence the numbers, that it has in a run of all.
    """
    from bounds import claims as register

    own = all(register.get(claim.id) is claim for claim in claims)
    return tuple(register.values()) if own else claims


def _profile(name: str) -> Profile:
    return PROFILES[one_of("profile", name, PROFILES)]


def versions() -> dict[str, str]:
    """Versions that the numbers depend on."""
    packages = ("filtergain", "numpy", "scipy", "sympy", "mpmath", "python-flint")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
