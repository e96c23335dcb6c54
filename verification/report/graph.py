"""The dependency graph as SVG: border = statement, fill = verdict, a legend in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx

from bounds.claim import Claim
from verification.report import layout
from verification.report.templating import environment


@dataclass(frozen=True)
class Scale:
    """How large things are drawn, in pixels; `words` puts the verdict in full below the id.

    `gap` is the room between two columns, for the arrows; `character` the width of one in a node, with room
    to spare, as the font is the reader's.
    """

    height: float
    row: float
    bend: float
    gap: float
    character: float
    words: bool


FULL = Scale(height=38.0, row=50.0, bend=16.0, gap=64.0, character=7.7, words=True)
SMALL = Scale(height=20.0, row=25.0, bend=5.0, gap=24.0, character=6.3, words=False)
"""For a whole register on one screen: the verdict is one letter before the id."""

CHARACTER = FULL.character
MARGIN = 16.0
LEGEND_LINE = 26.0

NOT_JUDGED = "NOT JUDGED"
VERDICTS = ("PROVED", "CERTIFIED", "SUPPORTED", "REFUTED", "INCONCLUSIVE", NOT_JUDGED)
VARIANTS = {
    "printed": "as printed",
    "corrected": "corrected",
    "explicit": "with explicit constants",
    "sharp": "sharp law",
}


@dataclass(frozen=True)
class Box:
    """A node: where it stands and what it says."""

    id: str
    x: float
    y: float
    width: float
    variant: str
    verdict: str
    conditional: tuple[str, ...]
    title: str
    rests_on: tuple[str, ...]
    focus: bool = False

    @property
    def letter(self) -> str:
        """The verdict in one letter, in parentheses where it is conditional."""
        letter = "-" if self.verdict == NOT_JUDGED else self.verdict[0]
        return f"({letter})" if self.conditional else letter

    @property
    def words(self) -> str:
        """The line under the id."""
        return f"{self.verdict.lower()}, conditional" if self.conditional else self.verdict.lower()


@dataclass(frozen=True)
class Arrow:
    """An SVG path from a claim to one that rests on it."""

    start: str
    end: str
    path: str


@dataclass(frozen=True)
class Key:
    """An entry of the legend."""

    x: float
    y: float
    words: str
    variant: str = ""
    verdict: str = ""
    conditional: bool = False


@dataclass(frozen=True)
class Drawing:
    """Everything that the template draws, in pixels."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    legend: tuple[Key, ...]
    scale: Scale


def dependencies(claims: Sequence[Claim]) -> nx.DiGraph[str]:
    """Arrows from a claim to those that rest on it, among the claims given."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(claim.id for claim in claims)
    graph.add_edges_from((rest, c.id) for c in claims for rest in c.depends_on if rest in graph)
    return graph


def render(
    claims: Sequence[Claim],
    verdicts: Mapping[str, str],
    conditional: Mapping[str, tuple[str, ...]] | None = None,
    *,
    links: Callable[[str], str] | None = None,
    scale: Scale = FULL,
    focus: str | None = None,
) -> str:
    """The SVG element; complete in itself.  Claims without a verdict are drawn as not judged.

    `conditional` names the claims that each rests on and that are weaker: not true, or under a proof only
    supported.  A box is filled where there are none.  A node leads to
    the address that `links` gives for its id.  With `focus`, the claim that the drawing is about, there is
    no legend, and its box is heavier.
    """
    drawing = draw(claims, verdicts, conditional or {}, scale, focus)
    template = environment().get_template("graph.svg")
    # A page may hold several drawings: their ids must not meet.
    name = "graph" if focus is None else "near"
    return template.render(drawing=drawing, links=links, name=name, focus=focus)


def neighbourhood(claim: Claim, claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """The claim with those among `claims` that it rests on and those that rest on it; alone without any."""
    return tuple(
        other
        for other in claims
        if other.id == claim.id or other.id in claim.depends_on or claim.id in other.depends_on
    )


def draw(
    claims: Sequence[Claim],
    verdicts: Mapping[str, str],
    conditional: Mapping[str, tuple[str, ...]],
    scale: Scale = FULL,
    focus: str | None = None,
) -> Drawing:
    """Positions of everything: connected parts below each other, single claims in rows at the end."""
    by_id = {claim.id: claim for claim in claims}
    graph = dependencies(claims)
    if focus is not None:  # what its neighbours have to do with each other is for their own drawings
        graph.remove_edges_from([edge for edge in graph.edges if focus not in edge])
    legend, right, y = _legend(scale) if focus is None else ((), 0.0, MARGIN)
    spots: dict[str, tuple[float, float, float]] = {}
    arrows: list[Arrow] = []
    for part in layout.parts(graph):
        placed = layout.place(part, scale.row, scale.bend)
        edges = _columns(placed, scale)
        for (left, width), column in zip(edges, placed.columns, strict=True):
            spots |= {i: (left, y + placed.heights[i], width) for i in column}
        arrows += _arrows(part, placed, edges, y + scale.height / 2)
        right = max(right, edges[-1][0] + edges[-1][1])
        y += placed.height + scale.height + MARGIN
    y = _in_rows(layout.alone(graph), spots, right, y, scale)
    boxes = tuple(
        Box(
            id=i,
            x=spots[i][0],
            y=spots[i][1],
            width=spots[i][2],
            variant=by_id[i].variant,
            verdict=verdicts.get(i, NOT_JUDGED),
            conditional=conditional.get(i, ()),
            title=by_id[i].title,
            rests_on=by_id[i].depends_on,
            focus=i == focus,
        )
        for i in by_id
    )
    right = max([right, *(box.x + box.width for box in boxes)])
    return Drawing(right + MARGIN, y + MARGIN, boxes, tuple(arrows), legend, scale)


def _width(claim_id: str, scale: Scale) -> float:
    if not scale.words:
        return (len(claim_id) + 4) * scale.character + 8
    return max(len(claim_id), len("inconclusive, conditional") - 2) * scale.character + 20


def _columns(placed: layout.Placed, scale: Scale) -> list[tuple[float, float]]:
    """(left, width) of each column."""
    edges, left = [], MARGIN
    for column in placed.columns:
        width = max((_width(i, scale) for i in column), default=0.0)
        edges.append((left, width))
        left += width + scale.gap
    return edges


def _arrows(
    part: nx.DiGraph[str], placed: layout.Placed, edges: Sequence[tuple[float, float]], middle: float
) -> list[Arrow]:
    column_of = {i: k for k, column in enumerate(placed.columns) for i in column}
    arrows = []
    for a, b in part.edges:
        k = column_of[a]
        x, y = edges[k][0] + edges[k][1], placed.heights[a] + middle
        path = [f"M{x:.1f} {y:.1f}"]
        for j, height in enumerate((*placed.bends[a, b], placed.heights[b]), start=k + 1):
            to_x, to_y = edges[j][0], height + middle
            bow = (to_x - x) / 2
            path.append(f"C{x + bow:.1f} {y:.1f} {to_x - bow:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}")
            x, y = to_x, to_y
            if j < column_of[b]:  # straight through a column between the two
                x += edges[j][1]
                path.append(f"L{x:.1f} {y:.1f}")
        arrows.append(Arrow(a, b, " ".join(path)))
    return arrows


def _in_rows(
    single: Sequence[str],
    spots: dict[str, tuple[float, float, float]],
    right: float,
    top: float,
    scale: Scale,
) -> float:
    """Put claims without arrows into rows no wider than the rest; returns the new bottom."""
    if not single:
        return top
    width = max(_width(i, scale) for i in single)
    per_row = max(1, int((right - MARGIN + 12) // (width + 12)))
    for k, i in enumerate(single):
        row, place = divmod(k, per_row)
        spots[i] = (MARGIN + place * (width + 12), top + row * scale.row, width)
    return top + ((len(single) - 1) // per_row) * scale.row + scale.height


def _legend(scale: Scale) -> tuple[tuple[Key, ...], float, float]:
    """The legend's entries, its right edge, and where the drawing may begin."""
    rows: list[list[Key]] = [
        [Key(0, 0, "fill: verdict" if scale.words else "fill and first letter: verdict")]
        + [Key(0, 0, v.lower(), verdict=v) for v in VERDICTS],
        [Key(0, 0, "border: statement")]
        + [Key(0, 0, words, variant=v, verdict=NOT_JUDGED) for v, words in VARIANTS.items()],
        [
            Key(0, 0, "band only" if scale.words else "band only, letter in parentheses"),
            Key(
                0,
                0,
                "conditional: rests on what did not come out true, or a proof on what is only supported",
                "printed",
                "PROVED",
                True,
            ),
        ],
        [Key(0, 0, "arrow: from a claim to one that rests on it")],
    ]
    keys, right = [], 0.0
    for k, row in enumerate(rows):
        x = MARGIN
        for key in row:
            keys.append(
                Key(x, MARGIN + k * LEGEND_LINE, key.words, key.variant, key.verdict, key.conditional)
            )
            x += len(key.words) * CHARACTER + 18 + (30 if key.verdict else 0)
        right = max(right, x)
    return tuple(keys), right, MARGIN + len(rows) * LEGEND_LINE + MARGIN
