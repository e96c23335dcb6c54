"""What the papers' modules share: families of settings, proofs that end in what they derived, claims."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import sympy as sp

from bounds import Claim, Level, Measured, Path, Proof, Relation, Scaling, Verdict
from bounds.checks import Quoted, Statement, Step
from bounds.claim import Derivation
from bounds.proof.steps import concluded, given


def families(at: Mapping[sp.Symbol, float], *moving: tuple[sp.Symbol, tuple[float, ...]]) -> tuple[Path, ...]:
    """Families of settings around `at`, in each of which one parameter moves."""
    return tuple(Path(s, v, tuple((o, x) for o, x in at.items() if o is not s)) for s, v in moving)


def ends(
    statement: str,
    derived: Callable[[], sp.Expr],
    *before: Callable[[], Step],
    needs: tuple[sp.Basic, ...] = (),
    attained: bool = True,
) -> Derivation:
    """A proof that makes the steps `before`, asks for the conditions `needs` and ends in what is `derived`.

    `attained` as in `bounds.proof.steps.concluded`; nothing is computed before the proof is made.
    """

    def steps(claimed: Statement) -> Iterable[Step]:
        if needs:
            yield given(claimed, *needs)
        yield from (step() for step in before)
        yield concluded(statement, derived(), claimed, attained=attained)

    return steps


def quoted(statement: str, theorem: str) -> Callable[[], Step]:
    """A step that rests on a theorem of the literature."""
    return lambda: Quoted(statement, True, theorem=theorem)


def levels(
    quantity: str, spread: float, tolerance: float, paths: tuple[Path, ...], value: float | None = None
) -> tuple[Level, ...]:
    """The median of a quantity is the bound, or `value`, at each setting of the paths."""
    measured = Measured(quantity=quantity, spread=spread)
    return tuple(Level(measured, path, tolerance, value) for path in paths)


def claims_of(prefix: str, note: str, source: str) -> Callable[..., Claim]:
    """A maker of a paper's claims, of ids "prefix-name", explained in `note` and usually from `source`."""

    def claim(
        name: str,
        words: str,
        quantity: sp.Expr,
        bound: sp.Expr | float,
        section: str,
        checks: tuple[Level | Scaling, ...] | Derivation,
        **more: object,
    ) -> Claim:
        """A claim that draws support or a derivation proves, an equality unless `more` says otherwise.

        `words` are its title and its statement, "title; statement"; `section` is a heading of the note.
        """
        title, statement = words.split("; ", 1)
        drawn = isinstance(checks, tuple)
        usual = {"relation": Relation.EQUAL, "expected": Verdict.SUPPORTED if drawn else Verdict.PROVED}
        return Claim(
            id=f"{prefix}-{name}",
            title=title,
            statement=statement,
            quantity=quantity,
            bound=sp.sympify(bound),
            checks=checks if isinstance(checks, tuple) else (Proof(checks),),
            note=f"{note}#{section}",
            variant="corrected" if "corrects" in more else "printed",
            **({"source": source} | usual | more),  # type: ignore[arg-type]
        )

    return claim
