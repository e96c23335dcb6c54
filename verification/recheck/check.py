"""One certificate, decided again step by step: what it says must be so, and be about the claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from verification.recheck import boxes, integrals, limits, parts, points, signs
from verification.recheck.field import Field, Sign
from verification.recheck.reading import ONE, ZERO, Refused, Tree, minus, names, read, replaced, times
from verification.recheck.setting import Where, setting, sign_of_domain
from verification.recheck.theorems import THEOREMS
from verification.recheck.words import Words, has_matrices

FORMAT = "filtergain certificate 1"

AT_LEAST: dict[str, tuple[Sign, ...]] = {
    "nonnegative": ("+", "0+", "0"),
    "positive": ("+",),
}


@dataclass
class Rechecked:
    """What became of one certificate: how many steps were decided how, and why it was refused, if it was.

    `decided` counts steps that were decided again, `quoted` theorems by name; `looked_at` holds the integrals
    and limits that were only looked at, with the number of points, and `told` what nothing here can look at.
    """

    claim: str
    decided: Counter[str] = field(default_factory=Counter)
    quoted: list[str] = field(default_factory=list)
    looked_at: list[tuple[str, int]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    refused: str = ""

    @property
    def accepted(self) -> bool:
        """Whether nothing in it was found wrong."""
        return not self.refused


def recheck(certificate: Mapping[str, Any], stated: Mapping[str, Any]) -> Rechecked:
    """A certificate against what the register states: `stated` is the claim's statement in the same text."""
    found = Rechecked(str(stated.get("claim", "")))
    try:
        _Checker(certificate, stated, found).run()
    except Refused as reason:
        found.refused = str(reason)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        found.refused = f"is not a certificate: {type(error).__name__}: {error}"
    return found


class _Checker:
    """The state of one certificate's run."""

    def __init__(self, certificate: Mapping[str, Any], stated: Mapping[str, Any], found: Rechecked) -> None:
        self.certificate = certificate
        self.stated = stated
        self.found = found
        self.symbols: dict[str, str] = dict(certificate["symbols"])
        self.matrices: dict[str, Any] = dict(certificate["matrices"])
        self.concluded = False
        self.parts: set[str] = set()
        self.sides: set[str] = set()
        self.boxes = boxes.Boxes()
        self.names_of_roots: dict[str, Any] = {}

    def run(self) -> None:
        """Every step; raises Refused on the first that is not so."""
        if self.certificate["format"] != FORMAT:
            raise Refused(f"is of another format than {FORMAT!r}")
        for key in {*self.stated, *self.certificate["stated"]}:
            if self.certificate["stated"].get(key) != self.stated.get(key):
                raise Refused(f"is about another statement than the register's: its {key} differs")
        for table, own in (("symbols", self.symbols), ("matrices", self.matrices)):
            for name, meaning in self.stated[table].items():
                if own.get(name) != meaning:
                    raise Refused(f"means something else than the register by {name}")
        for step in self.certificate["steps"]:
            try:
                self.step(step)
            except Refused as reason:
                raise Refused(f"{step['says']}: {reason}") from None
        if self.parts:
            missing = parts.wanted(read(self.stated["bound"]), self.parts) - self.parts
            if missing:
                raise Refused(
                    f"comes to no conclusion about parts of the bound: {', '.join(sorted(missing))}"
                )
        elif not self.concluded and not self.sides_needed() <= self.sides:
            raise Refused("comes to no conclusion about the claim")

    def sides_needed(self) -> set[str]:
        """On which sides of the bound an enclosure must have been for it to be a conclusion."""
        return {"<=": {"<"}, ">=": {">"}, "=": {"<", ">"}}[self.stated["relation"]]

    def step(self, step: Mapping[str, Any]) -> None:
        """One step by its kind."""
        kinds: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "identity": self.compared,
            "nonnegative": self.compared,
            "positive": self.compared,
            "given": self.given,
            "conclusion": self.conclusion,
            "quoted": self.quoted,
            "enclosed": self.enclosed,
            "roots": self.roots,
            "boolean": lambda step: self.found.told.append(step["says"]),
        }
        if step["kind"] not in kinds:
            raise Refused(f"is of an unknown kind {step['kind']!r}")
        for computed in step.get("computed", ()):
            self.computed(step, computed)
        kinds[step["kind"]](step)

    def quoted(self, step: Mapping[str, Any]) -> None:
        """A theorem that is taken from the literature: it must be one of those that this checker knows of."""
        if step["theorem"] not in THEOREMS:
            raise Refused(f"quotes what is not among the theorems known here: {step['theorem']!r}")
        self.found.quoted.append(step["theorem"])

    def at_the_bound(self, step: Mapping[str, Any], text: str) -> Tree:
        """An expression with the claim's bound, at the values that are told, in its place."""
        tree = read(text)
        if "bound_here" not in names(tree):
            return tree
        values = {name: read(value) for name, value in step["at"].items()}
        return replaced(tree, {"bound_here": replaced(read(self.stated["bound"]), values)})

    def enclosed(self, step: Mapping[str, Any]) -> None:
        """An inequality between numbers, on every cell if there are some; their cells must fill the range."""
        left, right = (self.at_the_bound(step, step[key]) for key in ("left", "right"))
        if step["sign"] not in ("<=", ">=", "<", ">"):
            raise Refused("is no inequality")
        larger, smaller = (left, right) if step["sign"].startswith(">") else (right, left)
        room, strict = minus(larger, smaller), len(step["sign"]) == 1
        cells: Sequence[Mapping[str, Any]] = [{}]
        if "cells" in step:
            cells = boxes.filled(
                [tuple(map(read, cell)) for cell in step["cells"]], tuple(map(read, step["over"]))
            )
        for cell in cells:
            if not self.at_least(room, strict, {**self.names_of_roots, **cell}):
                raise Refused("is not so where it is enclosed again")
        self.found.decided["enclosed"] += max(1, len(cells))
        with_bound = [key for key in ("left", "right") if "bound_here" in names(read(step[key]))]
        if len(with_bound) == 1:
            sign = step["sign"][0]
            own_side = sign if with_bound == ["right"] else {"<": ">", ">": "<"}[sign]
            self.sides.add(own_side)

    def at_least(self, room: Tree, strict: bool, known: Mapping[str, Any]) -> bool:
        """Whether a number is >= 0, or > 0: exactly where it is a constant, else in intervals."""
        if not known or not names(room) & known.keys():
            try:
                field = self.field({})
                sign = signs.of(field, field.element(room))
            except Refused:
                sign = None
            if sign in AT_LEAST["positive" if strict else "nonnegative"]:
                return True
        found = self.boxes.interval(room, known)
        return bool(found.a > 0 if strict else found.a >= 0)

    def roots(self, step: Mapping[str, Any]) -> None:
        """All roots of a cubic in [0, 1], one in each bracket; their number may be what is claimed."""
        coefficients = [
            self.boxes.interval(self.at_the_bound(step, text), {}) for text in step["coefficients"]
        ]
        brackets = [tuple(boxes.exact(read(end), {}) for end in bracket) for bracket in step["brackets"]]
        boxes.isolated(coefficients, brackets)
        self.names_of_roots = {f"root_{k}": bracket for k, bracket in enumerate(brackets, start=1)}
        self.found.decided["roots"] += 1
        if step["counted"]:
            values = {name: boxes.exact(read(value), {}) for name, value in step["at"].items()}
            told = boxes.exact(read(self.stated["bound"]), values)
            if not {"=": len(brackets) == told, "<=": len(brackets) <= told, ">=": len(brackets) >= told}[
                self.stated["relation"]
            ]:
                raise Refused(f"counts {len(brackets)}, where the claim has {told}")
            self.sides |= {"<", ">"}

    def compared(self, step: Mapping[str, Any]) -> None:
        """An identity or a sign."""
        left, right = read(step["left"]), read(step["right"])
        conditions = [read(text) for text in step.get("conditions", ())]
        self.decide(step, step["kind"], left, right, conditions)

    def conclusion(self, step: Mapping[str, Any]) -> None:
        """What was derived against the claim's bound, by its relation, in its conditions."""
        relation, shown = self.stated["relation"], step["shown"]
        stated, derived = read(step["stated"]), read(step["left"])
        if shown != "=" and shown != relation:
            raise Refused(f"shows that the quantity is {shown} the derived, no more")
        self.linked(step, stated)
        conditions = [read(text) for text in self.stated["conditions"]]
        kind, larger, smaller = {
            "=": ("identity", derived, stated),
            "<=": ("nonnegative", stated, derived),
            ">=": ("nonnegative", derived, stated),
        }[relation]
        self.decide(step, kind, larger, smaller, conditions)
        self.concluded = True
        self.parts |= parts.named(step["link"])

    def linked(self, step: Mapping[str, Any], stated: Tree) -> None:
        """Whether what is concluded about comes from the claim's bound; raises Refused if it does not."""
        link = step["link"]
        bound = read(self.stated["bound"])
        if link["by"] == "limit of a ratio":
            self.over_the_bound(read(link["quantity"]), bound, step.get("computed", ()))
            wanted: Tree = ONE
        else:
            wanted = parts.part(bound, link)
        if wanted != stated and not self.same(wanted, stated, step.get("algebra")):
            raise Refused("concludes about what is not the claim's bound")

    def over_the_bound(self, quantity: Tree, bound: Tree, computed: Sequence[Mapping[str, Any]]) -> None:
        """Whether a limit was taken of the quantity over the bound; raises Refused if none was."""
        for one in computed:
            if one["kind"] == "limit" and self.same(times(read(one["of"]), bound), quantity, None):
                return
        raise Refused("takes no limit of the quantity over the bound")

    def same(self, left: Tree, right: Tree, algebra: Mapping[str, Any] | None) -> bool:
        """Whether two trees are equal as they stand."""
        if has_matrices(left, self.matrices) or has_matrices(right, self.matrices):
            plain = {"symmetric": (algebra or {}).get("symmetric", ()), "relations": ()}
            return Words(self.field({}), self.matrices, plain).equal(left, right)
        return not self.field({}).element(minus(left, right)).top

    def field(self, more: Mapping[str, Sign]) -> Field:
        """The field over the certificate's symbols, and more."""
        own = {name: sign_of_domain(domain) for name, domain in self.symbols.items()}
        return Field({**own, **more})

    def decide(
        self, step: Mapping[str, Any], kind: str, left: Tree, right: Tree, conditions: list[Tree]
    ) -> None:
        """left = right, >= or >, for all values inside the conditions and domains."""
        if "algebra" in step and kind == "identity":
            if not Words(self.field({}), self.matrices, step["algebra"]).equal(left, right):
                raise Refused("the two sides do not reduce to the same")
            self.found.decided["words"] += 1
            return
        if left[:2] == ("call", "blocks"):
            self.entries(step, left, right, conditions)
            return
        room = minus(left, right)
        where = setting(self.symbols, conditions, names(room))
        if self.exactly(step, kind, room, where):
            self.found.decided[kind] += 1
            return
        raise Refused("is not decided here")

    def entries(self, step: Mapping[str, Any], left: Tree, right: Tree, conditions: list[Tree]) -> None:
        """Two matrices of numbers, entry by entry."""
        if right[:2] != ("call", "blocks") or [len(row) for row in left[2:]] != [
            len(row) for row in right[2:]
        ]:
            raise Refused("the two matrices are of different shapes")
        for first, second in zip(left[2:], right[2:], strict=True):
            for a, b in zip(first[1:], second[1:], strict=True):
                self.decide({"says": step["says"]}, "identity", a, b, conditions)

    def exactly(self, step: Mapping[str, Any], kind: str, room: Tree, where: Where) -> bool:
        """Whether the step is decided for all values; False where it is not seen."""
        ways = (room, replaced(room, where.values))
        for tree in ways if kind == "identity" else reversed(ways):
            field = self.field(where.signs)
            try:
                if kind == "identity":
                    if not field.element(tree).top:
                        return True
                elif self.signed(field, tree) in AT_LEAST[kind]:
                    return True
            except Refused:
                continue
        return kind != "identity" and "form" in step and self.by_form(step, kind, ways, where)

    def by_form(self, step: Mapping[str, Any], kind: str, ways: tuple[Tree, ...], where: Where) -> bool:
        """Whether the form in which the prover saw the sign is the same number, and has the sign."""
        form = read(step["form"])
        for tree in ways:
            field = self.field(where.signs)
            try:
                if not field.element(minus(tree, form)).top and self.signed(field, form) in AT_LEAST[kind]:
                    return True
            except Refused:
                continue
        return False

    def signed(self, field: Field, tree: Tree) -> Sign:
        """The sign of a tree, as it is written first and as an element then."""
        match tree:
            case ("+", *parts):
                found = signs.together(self.signed(field, part) for part in parts)
            case ("*", *parts):
                found = signs.product(self.signed(field, part) for part in parts)
            case ("^", base, ("num", exponent)) if exponent.denominator == 1:
                found = signs.to_power(self.signed(field, base), int(exponent))
            case _:
                found = None
        if found in (None, "real"):
            exact = signs.of(field, field.element(tree))
            return found if exact is None else exact
        return found

    def given(self, step: Mapping[str, Any]) -> None:
        """What a proof assumes: stated by the claim, or following from what it states."""
        stated = [read(text) for text in self.stated["conditions"]]
        for text in step["conditions"]:
            condition = read(text)
            if condition in stated:
                continue
            if condition[0] != "rel" or condition[1] == "!=":
                raise Refused(f"the claim does not state {text}")
            _, sign, left, right = condition
            room = minus(right, left) if sign in ("<=", "<") else minus(left, right)
            kind = {"=": "identity", "<=": "nonnegative", ">=": "nonnegative"}.get(sign, "positive")
            where = setting(self.symbols, stated, names(room))
            if not self.exactly({}, kind, room, where):
                raise Refused(f"the claim does not state {text}")
        self.found.decided["given"] += 1

    def by_formula(self, kind: str, of: Tree, over: tuple[Tree, ...], result: Tree) -> bool:
        """Whether a limit is decided by leading powers, an integral by Euler's."""
        try:
            if kind == "limit":
                return limits.decided(self.field({limits.NEAR: "+"}), of, over, result)
            sign: Sign = "+" if over[1] == ZERO else "real"
            return integrals.decided(self.field({over[0][1]: sign}), of, over, result)
        except Refused:
            return False

    def computed(self, step: Mapping[str, Any], told: Mapping[str, Any]) -> None:
        """An integral or a limit that SymPy computed: decided by a formula, or looked at."""
        of, result = read(told["of"]), read(told["result"])
        over = tuple(map(read, told["over"]))
        variable = over[0][1]
        if self.by_formula(told["kind"], of, over, result):
            self.found.decided[told["kind"]] += 1
            return
        wanted = (names(of) | names(result)).union(*map(names, over)) - {variable}
        conditions = [read(text) for text in self.stated["conditions"]]
        where = setting({k: v for k, v in self.symbols.items() if k != variable}, conditions, wanted)
        test = points.computed(told["kind"], of, over, result)
        made = points.looked_at(test, where, wanted, step["says"])
        says = f"{step['says']} (its {told['kind']})"
        if made:
            self.found.looked_at.append((says, made))
        else:
            self.found.told.append(says)
