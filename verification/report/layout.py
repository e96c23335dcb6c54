"""Where the nodes and arrows of a layered drawing go: columns by depth, few crossings, short arrows.

The method is Sugiyama's: an arrow that spans several columns passes through invisible nodes in
those between; columns are reordered by the mean position of their neighbours as long as that takes
crossings away; then every node moves as near to its neighbours as order and spacing allow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx
import numpy as np
from scipy.optimize import isotonic_regression

SWEEPS = 24
"""Passes over the columns, to the right and back, in search of fewer crossings."""

Bend = tuple[str, str, int]
"""An invisible node: the arrow's two ends, and the column in which it passes."""
Node = str | Bend
Columns = list[list[Node]]


@dataclass(frozen=True)
class Placed:
    """A drawing: the columns of nodes, each node's height, the heights at which arrows pass columns.

    `columns` hold ids from left to right; `heights` are centres, smallest 0; `bends` maps
    (from, to) to the heights in the columns between the two.
    """

    columns: tuple[tuple[str, ...], ...]
    heights: Mapping[str, float]
    bends: Mapping[tuple[str, str], tuple[float, ...]]

    @property
    def height(self) -> float:
        """Largest centre."""
        return max([*self.heights.values(), *(y for bend in self.bends.values() for y in bend)])


def parts(graph: nx.DiGraph[str]) -> list[nx.DiGraph[str]]:
    """The weakly connected parts with at least two nodes, largest first, in a fixed order."""
    found = [sorted(part) for part in nx.weakly_connected_components(graph) if len(part) > 1]
    return [graph.subgraph(part).copy() for part in sorted(found, key=lambda p: (-len(p), p))]


def alone(graph: nx.DiGraph[str]) -> list[str]:
    """Nodes without any arrow, in the graph's order."""
    return [node for node in graph if graph.degree(node) == 0]


def place(graph: nx.DiGraph[str], spacing: float, bend_spacing: float) -> Placed:
    """Lay out one connected part; `spacing` separates centres of neighbours in a column.

    Raises ValueError on a cycle.
    """
    depth = _depths(graph)
    columns, arrows = _with_bends(graph, depth)
    columns = _ordered(columns, arrows)
    heights = _heights(columns, arrows, spacing, bend_spacing)
    lowest = min(heights.values())
    return Placed(
        columns=tuple(tuple(n for n in column if isinstance(n, str)) for column in columns),
        heights={n: y - lowest for n, y in heights.items() if isinstance(n, str)},
        bends={
            (a, b): tuple(heights[a, b, c] - lowest for c in range(depth[a] + 1, depth[b]))
            for a, b in graph.edges
        },
    )


def crossed(columns: Sequence[Sequence[Node]], arrows: Sequence[tuple[Node, Node]]) -> int:
    """How many pairs of arrows between neighbouring columns cross."""
    position = {n: (i, j) for i, column in enumerate(columns) for j, n in enumerate(column)}
    total = 0
    for i in range(len(columns) - 1):
        ends = sorted((position[a][1], position[b][1]) for a, b in arrows if position[a][0] == i)
        total += sum(
            first[0] < second[0] and first[1] > second[1]
            for k, first in enumerate(ends)
            for second in ends[k + 1 :]
        )
    return total


def _depths(graph: nx.DiGraph[str]) -> dict[str, int]:
    """The column of each node: one right of the last that it rests on.

    A node that rests on nothing stands just left of the first that rests on it, as nearer is clearer.
    """
    try:
        generations = list(nx.topological_generations(graph))
    except nx.NetworkXUnfeasible:
        raise ValueError("the claims rest on each other in a circle") from None
    depth = {node: i for i, generation in enumerate(generations) for node in generation}
    for node in generations[0]:
        depth[node] = min(depth[other] for other in graph.successors(node)) - 1
    return depth


def _with_bends(graph: nx.DiGraph[str], depth: Mapping[str, int]) -> tuple[Columns, list[tuple[Node, Node]]]:
    columns: Columns = [[] for _ in range(max(depth.values()) + 1)]
    for node in nx.dfs_preorder_nodes(graph.to_undirected(as_view=True)):
        columns[depth[node]].append(node)
    arrows: list[tuple[Node, Node]] = []
    for a, b in graph.edges:
        bends: list[Node] = [(a, b, c) for c in range(depth[a] + 1, depth[b])]
        for c, bend in enumerate(bends, start=depth[a] + 1):
            columns[c].append(bend)
        arrows += pairwise([a, *bends, b])
    return columns, arrows


def _neighbours(arrows: Sequence[tuple[Node, Node]]) -> tuple[dict[Node, list[Node]], dict[Node, list[Node]]]:
    left: dict[Node, list[Node]] = {}
    right: dict[Node, list[Node]] = {}
    for a, b in arrows:
        left.setdefault(b, []).append(a)
        right.setdefault(a, []).append(b)
    return left, right


def _passes(columns: Columns) -> Iterator[tuple[int, bool]]:
    """Columns from left to right and back; True where the neighbours to look at are on the left."""
    yield from ((i, True) for i in range(1, len(columns)))
    yield from ((i, False) for i in range(len(columns) - 2, -1, -1))


def _ordered(columns: Columns, arrows: Sequence[tuple[Node, Node]]) -> Columns:
    left, right = _neighbours(arrows)
    best, fewest = [list(c) for c in columns], crossed(columns, arrows)
    for _ in range(SWEEPS):
        for i, from_left in _passes(columns):
            other = columns[i - 1] if from_left else columns[i + 1]
            rank = {node: float(j) for j, node in enumerate(other)}
            near = left if from_left else right
            own = {node: float(j) for j, node in enumerate(columns[i])}
            columns[i].sort(key=lambda n: float(np.mean([rank[m] for m in near[n]])) if n in near else own[n])
        found = crossed(columns, arrows)
        if found < fewest:
            best, fewest = [list(c) for c in columns], found
    return _swapped(best, arrows)


def _swapped(columns: Columns, arrows: Sequence[tuple[Node, Node]]) -> Columns:
    """Swap neighbours in a column as long as that takes a crossing away."""
    fewest, improved = crossed(columns, arrows), True
    while improved and fewest:
        improved = False
        for column in columns:
            for j in range(len(column) - 1):
                column[j], column[j + 1] = column[j + 1], column[j]
                found = crossed(columns, arrows)
                if found < fewest:
                    fewest, improved = found, True
                else:
                    column[j], column[j + 1] = column[j + 1], column[j]
    return columns


def _heights(
    columns: Columns, arrows: Sequence[tuple[Node, Node]], spacing: float, bend_spacing: float
) -> dict[Node, float]:
    """Centres: each column the least-squares fit to its neighbours' means under order and spacing.

    With the spacing taken off, keeping the order is monotonicity: an isotonic regression.
    """

    def room(node: Node) -> float:
        return spacing if isinstance(node, str) else bend_spacing

    offsets = []
    for column in columns:
        gaps = [(room(a) + room(b)) / 2 for a, b in pairwise(column)]
        offsets.append(np.concatenate([[0.0], np.cumsum(gaps)]))
    tallest = max(offset[-1] for offset in offsets)
    heights: dict[Node, float] = {}
    for column, offset in zip(columns, offsets, strict=True):
        heights |= dict(zip(column, (offset + (tallest - offset[-1]) / 2).tolist(), strict=True))
    left, right = _neighbours(arrows)
    for sweep in range(SWEEPS):
        for i, from_left in _passes(columns):
            last = sweep == SWEEPS - 1
            wanted = []
            for node in columns[i]:
                near = (left if from_left else right).get(node, [])
                if last or not near:
                    near = left.get(node, []) + right.get(node, [])
                wanted.append(float(np.mean([heights[m] for m in near])))
            # Straight arrows matter most where they are invisible nodes.
            weights = [1.0 if isinstance(node, str) else 4.0 for node in columns[i]]
            fitted = isotonic_regression(np.array(wanted) - offsets[i], weights=np.array(weights)).x
            heights |= dict(zip(columns[i], (fitted + offsets[i]).tolist(), strict=True))
    return heights
