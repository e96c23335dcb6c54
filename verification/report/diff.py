"""Two runs compared: which verdict, constant or slack changed, and which of these got worse.

Works on the documents that `verify --json` writes, so that runs of different versions compare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Subject = Literal["claim", "verdict", "bound", "constant", "slack", "check", "mutant", "condition"]
Direction = Literal["worse", "better", "changed"]

TOLERANCE = 0.1
"""Relative change of a slack or of a check's threshold and power that is not worth a line."""

STRENGTH = {"PROVED": 3, "CERTIFIED": 3, "SUPPORTED": 2, "INCONCLUSIVE": 1, "REFUTED": 0}
"""A proof and a rigorous enclosure are worth the same; evidence is less, a doubt is less than that."""


@dataclass(frozen=True)
class Change:
    """One difference: `what` changed for `claim`, from `old` to `new`, and what that means."""

    claim: str
    kind: Subject
    direction: Direction
    what: str
    old: str
    new: str

    def __str__(self) -> str:
        arrow = f"{self.old} -> {self.new}" if self.old and self.new else self.old or self.new
        return f"{self.direction:8}{self.claim}: {self.what}" + (f": {arrow}" if arrow else "")

    def as_dict(self) -> dict[str, str]:
        """The fields in plain types."""
        return asdict(self)


def compare(old: Mapping[str, Any], new: Mapping[str, Any], tolerance: float = TOLERANCE) -> list[Change]:
    """Every change from one run to the next, in the register's order; claims that went come last.

    Worse is: a claim that is gone; a verdict that is no longer the expected one, or weaker; a
    check that is gone, whose outcome is weaker, whose threshold is wider or that would miss more;
    a slack that grew by more than `tolerance`; a mutant that now survives; a claim that now
    rests on something that is not true.  A measured constant counts as changed only where the
    intervals of the two runs do not meet, so that another seed is no change.
    """
    before = {claim["id"]: claim for claim in old["claims"]}
    after = {claim["id"]: claim for claim in new["claims"]}
    changes: list[Change] = []
    for claim_id, claim in after.items():
        if claim_id not in before:
            changes.append(Change(claim_id, "claim", "changed", "new claim", "", claim["verdict"]))
        else:
            changes += _claim(before[claim_id], claim, tolerance)
    for claim_id, claim in before.items():
        if claim_id not in after:
            changes.append(Change(claim_id, "claim", "worse", "claim is gone", claim["verdict"], ""))
    return changes


def _claim(old: Mapping[str, Any], new: Mapping[str, Any], tolerance: float) -> Iterator[Change]:
    claim_id = new["id"]
    if (old["verdict"], old["expected"]) != (new["verdict"], new["expected"]):
        direction = _verdict_direction(old, new)
        yield Change(claim_id, "verdict", direction, "verdict", _verdict(old), _verdict(new))
    if old.get("bound") != new.get("bound") and "bound" in old and "bound" in new:
        yield Change(claim_id, "bound", "changed", "bound", str(old["bound"]), str(new["bound"]))
    yield from _slack(old, new, tolerance)
    yield from _checks(old, new, tolerance)
    yield from _mutants(old, new)
    added = [c for c in new["conditional_on"] if c not in old["conditional_on"]]
    lost = [c for c in old["conditional_on"] if c not in new["conditional_on"]]
    if added:
        yield Change(claim_id, "condition", "worse", "now conditional on", "", ", ".join(added))
    if lost:
        yield Change(claim_id, "condition", "better", "no longer conditional on", ", ".join(lost), "")


def _verdict(claim: Mapping[str, Any]) -> str:
    expected = "" if claim["verdict"] == claim["expected"] else f" (expected {claim['expected']})"
    return f"{claim['verdict']}{expected}"


def _verdict_direction(old: Mapping[str, Any], new: Mapping[str, Any]) -> Direction:
    as_expected = [claim["verdict"] == claim["expected"] for claim in (old, new)]
    if as_expected == [True, False]:
        return "worse"
    strength = STRENGTH[new["verdict"]] - STRENGTH[old["verdict"]]
    if as_expected == [False, True]:
        # Expecting less is not how a claim gets better.
        return "better" if strength >= 0 or old["expected"] == new["expected"] else "worse"
    return "worse" if strength < 0 else "better" if strength > 0 else "changed"


def _slack(old: Mapping[str, Any], new: Mapping[str, Any], tolerance: float) -> Iterator[Change]:
    before, after = _number(old["slack_factor"]), _number(new["slack_factor"])
    if before is None or after is None:
        if (before is None) != (after is None):
            yield Change(new["id"], "slack", "changed", "slack", _shown(before), _shown(after))
    elif not _close(before, after, tolerance):
        direction: Direction = "worse" if after > before else "better"
        yield Change(new["id"], "slack", direction, "slack factor", _shown(before), _shown(after))


def _checks(old: Mapping[str, Any], new: Mapping[str, Any], tolerance: float) -> Iterator[Change]:
    before, after = _numbered(old["evidence"]), _numbered(new["evidence"])
    for name in after:
        if name not in before:
            yield Change(new["id"], "check", "changed", f"new check {name}", "", after[name]["outcome"])
        else:
            yield from _check(new["id"], name, before[name], after[name], tolerance)
    for name in before:
        if name not in after:
            yield Change(new["id"], "check", "worse", f"check {name} is gone", before[name]["outcome"], "")


def _numbered(evidence: list[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Checks by kind and number within the kind, so that one put between others shifts few names."""
    seen: dict[str, int] = {}
    named = {}
    for check in evidence:
        seen[check["kind"]] = seen.get(check["kind"], 0) + 1
        named[f"{check['kind']}-{seen[check['kind']]}"] = check
    return named


def _check(
    claim_id: str, name: str, old: Mapping[str, Any], new: Mapping[str, Any], tolerance: float
) -> Iterator[Change]:
    if old["outcome"] != new["outcome"]:
        # Whether a check that now fails is bad news depends on what is expected: the verdict says that.
        doubt: Direction = "worse" if new["outcome"] == "undecided" else "changed"
        what = f"{name} ({new['statement']})"
        yield Change(claim_id, "check", doubt, what, old["outcome"], new["outcome"])
    before, after = _number(old["estimate"]), _number(new["estimate"])
    if _moved(old, new, before, after):
        yield Change(claim_id, "constant", "changed", f"{name} measured", _measured(old), _measured(new))
    powers = [(check["power"] or {}).get("smallest") for check in (old, new)]
    pairs: tuple[tuple[str, Any, Any], ...] = (
        ("threshold", old["threshold"], new["threshold"]),
        ("smallest violation found", powers[0], powers[1]),
    )
    for what, was, now in pairs:
        before, after = _number(was), _number(now)
        if before is not None and after is not None and not _close(before, after, tolerance):
            direction: Direction = "worse" if abs(after) > abs(before) else "better"
            yield Change(claim_id, "constant", direction, f"{name} {what}", _shown(before), _shown(after))


def _moved(old: Mapping[str, Any], new: Mapping[str, Any], before: float | None, after: float | None) -> bool:
    """Whether the measured constant is another one: intervals apart, or no intervals and unequal."""
    if old["interval"] is not None and new["interval"] is not None:
        low, high = (float(end) for end in old["interval"])
        low_new, high_new = (float(end) for end in new["interval"])
        return high < low_new or high_new < low
    if before is None or after is None:
        return before is not after
    # Extremes of samples differ from seed to seed without meaning anything.
    return old["seed"] == new["seed"] and not _close(before, after, 1e-6)


def _mutants(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before = {m["id"]: m["refuted"] for m in old["mutants"]}
    after = {m["id"]: m["refuted"] for m in new["mutants"]}
    for mutant, refuted in after.items():
        if not refuted and before.get(mutant, True):
            yield Change(new["id"], "mutant", "worse", f"wrong version {mutant} survives", "", "")
        elif refuted and mutant in before and not before[mutant]:
            yield Change(new["id"], "mutant", "better", f"wrong version {mutant} is refuted", "", "")
    gone = [m for m, refuted in before.items() if refuted and m not in after]
    if gone:
        yield Change(new["id"], "mutant", "changed", "wrong versions no longer tried", ", ".join(gone), "")


def _number(value: float | str | None) -> float | None:
    """The document's number; "inf", "-inf" and "nan" are strings there."""
    return None if value is None else float(value)


def _close(a: float, b: float, tolerance: float) -> bool:
    return a == b or (a != a and b != b) or abs(a - b) <= tolerance * max(abs(a), abs(b)) < float("inf")


def _shown(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"


def _measured(evidence: Mapping[str, Any]) -> str:
    shown = _shown(_number(evidence["estimate"]))
    if evidence["interval"] is None:
        return shown
    low, high = (_shown(_number(x)) for x in evidence["interval"])
    return f"{shown} in [{low}, {high}]"
