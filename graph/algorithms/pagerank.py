"""Personalised PageRank (Page and others 1999; Haveliwala 2002): relevance to some nodes, no risk model.

x = a (P' x + dangling(x) v) + (1 - a) v, where what nodes without edges hold goes back to the personalisation v. That
is the solution y of (I - a P') y = v, scaled to 1 (Del Corso, Gulli and Romani 2005). Only what v reaches is looked at,
and it is solved by strongly connected components, in the order of the edges: one pass where there are no circles,
Gauss-Seidel sweeps inside circles. A sweep that changes y by d leaves an error of at most d a / (1 - a).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from graph.algorithms.components import group, jit, strong_components
from graph.algorithms.diffusion import Floats, Lists, Network, Rows, Shock, Wide, check_rows

TOLERANCE: Final = 1e-9
DAMPING: Final = 0.85
_ROUNDING: Final = 1e-15


@dataclass(frozen=True)
class Rank:
    """Nodes that the personalisation reaches, in the order of their keys, by the caller's row; values add up to 1.

    `error` bounds the sum of the absolute errors; `sweeps` is the most sweeps that a circle took.
    """

    node: Rows
    value: Floats
    sweeps: int
    converged: bool
    error: float

    def by_row(self, size: int) -> Floats:
        """The value of every node."""
        found = np.zeros(size)
        found[self.node] = self.value
        return found


@jit
def _reached(ahead: Lists, seeds: Rows, number: Rows) -> Rows:
    """Places that can be reached, ascending; `number` (all -1) becomes each one's place in that list."""
    queue = np.empty(len(number), np.int32)
    queue[: len(seeds)] = seeds
    number[seeds] = 0
    begin, fill = 0, len(seeds)
    while begin < fill:
        node = queue[begin]
        begin += 1
        for place in range(ahead.first[node], ahead.first[node + 1]):
            other = ahead.other[place]
            if number[other] < 0 and ahead.weight[place] > 0:
                number[other] = 0
                queue[fill] = other
                fill += 1
    if fill * 16 < len(number):  # noqa: SIM108 - two ways to the same list
        found = np.sort(queue[:fill])
    else:
        found = np.flatnonzero(number >= 0).astype(np.int32)
    for at in range(fill):
        number[found[at]] = at
    return found


@jit
def _inside(ahead: Lists, nodes: Rows, number: Rows) -> tuple[Wide, Rows, Rows, Floats]:
    """Edges among reached nodes, renumbered, and the part of its source's weights that each has."""
    first = np.zeros(len(nodes) + 1, np.int64)
    for at, node in enumerate(nodes):
        count = 0
        for place in range(ahead.first[node], ahead.first[node + 1]):
            count += ahead.weight[place] > 0
        first[at + 1] = first[at] + count
    source, target = np.empty(first[-1], np.int32), np.empty(first[-1], np.int32)
    part = np.empty(first[-1])
    for at, node in enumerate(nodes):
        fill, total = first[at], 0.0
        for place in range(ahead.first[node], ahead.first[node + 1]):
            if ahead.weight[place] > 0:
                source[fill], target[fill] = at, number[ahead.other[place]]
                part[fill] = ahead.weight[place]
                total += part[fill]
                fill += 1
        for place in range(first[at], fill):
            part[place] /= total
    return first, source, target, part


@jit
def _solve(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    behind: Lists,
    parts: tuple[Wide, Rows],
    start: Floats,
    damping: float,
    tolerance: float,
    most_sweeps: int,
) -> tuple[Floats, int, float]:
    """Y by component, from the highest number (nothing else leads there) down; sweeps and the error's bound."""
    first, members = parts
    value = start.copy()
    looped = 0
    for part in range(len(first) - 1):
        if first[part + 1] - first[part] > 1:
            looped += first[part + 1] - first[part]
    most, error = 0, 0.0
    for part in range(len(first) - 2, -1, -1):
        begin, end = first[part], first[part + 1]
        alone = end - begin == 1
        allowed = tolerance * (1 - damping) / damping * (end - begin) / max(looped, 1)
        sweeps = 0
        while True:
            sweeps += 1
            change, total = 0.0, 0.0
            for at in range(begin, end):
                node = members[at]
                inflow = 0.0
                for place in range(behind.first[node], behind.first[node + 1]):
                    inflow += behind.weight[place] * value[behind.other[place]]
                after = start[node] + damping * inflow
                change += abs(after - value[node])
                total += after
                value[node] = after
            if alone or change <= max(allowed, _ROUNDING * total) or sweeps >= most_sweeps:
                break
        if not alone:
            most = max(most, sweeps)
            error += change * damping / (1 - damping)
    return value, most, error


def personalised_pagerank(
    net: Network,
    personalisation: Shock,
    *,
    damping: float = DAMPING,
    tolerance: float = TOLERANCE,
    most_sweeps: int = 1000,
) -> Rank:
    """Personalised PageRank over weighted edges.

    Args:
        net: Weights; a node's edges are followed in proportion to them.
        personalisation: Nodes to start from, and parts that need not add up to 1.
        damping: Chance to follow an edge rather than to start again.
        tolerance: Most that the sum of absolute errors may be.
        most_sweeps: Sweeps over one circle after which it is not `converged`.

    Raises:
        ValueError: A row is out of range, a part negative or no number, all are 0, or damping is not between 0 and 1.
    """
    node, size = np.asarray(personalisation.node, np.int32), np.asarray(personalisation.size, np.float64)
    check_rows(node, net.size, "personalisation")
    if len(node) != len(size):
        raise ValueError(f"{len(node)} rows and {len(size)} parts of the personalisation")
    if not bool(((size >= 0) & (size < np.inf)).all()) or size.sum() <= 0:
        raise ValueError("the parts of the personalisation must be finite, not negative, and not all 0")
    if not 0 < damping < 1:
        raise ValueError(f"damping is {damping}; it must be above 0 and below 1")
    place, number = net.index.place[node[size > 0]], np.full(net.size, -1, np.int32)
    seeds = np.unique(place)
    nodes = _reached(net.ahead, seeds, number)
    first, source, target, part = _inside(net.ahead, nodes, number)
    component, count = strong_components(first, target, np.zeros(0, np.uint8))
    parts = group(component, count)
    back_first, back = group(target, len(nodes))
    order = np.argsort(place, kind="stable")
    start = np.zeros(len(nodes))
    np.add.at(start, number[place[order]], size[size > 0][order] / size.sum())
    behind = Lists(back_first, source[back], part[back])
    value, sweeps, error = _solve(behind, parts, start, damping, tolerance, most_sweeps)
    return Rank(net.index.row[nodes], value / value.sum(), sweeps, error <= max(tolerance, 1e-13), error)
