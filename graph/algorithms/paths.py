"""How parties are connected: shortest paths, the best by cost, and the subgraph that joins several.

Half-edges of both directions lie together by node. A mask says by edge which way it may be walked (0 not at all, 1 from
start to end, 2 from end to start, 3 both), so that clearance, date, type, ratio and direction are all one array. What
comes out never depends on the order of rows or on hidden edges: equals are ordered by the caller's keys, work is
counted over walkable edges alone, and a budget cuts before a layer, never inside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.algorithms.components import group, jit

Rows = NDArray[np.int32]
Keys = NDArray[np.uint64]
Costs = NDArray[np.int32]
Mask = NDArray[np.uint8]
Wide = NDArray[np.int64]

MOST_HOPS: Final = 15
COST_UNIT: Final = 1_000_000
"""Costs are whole numbers of this part of one, so that equal sums are equal whatever their order."""


class Cut(IntEnum):
    """What cut an answer short."""

    NOTHING = 0
    WORK = 1
    """The budget of walkable edges looked at."""
    HOPS = 2
    """The most hops asked for; there may be longer connections."""
    RESULTS = 3
    """The most paths asked for."""


class Adjacency(NamedTuple):
    """Half-edges by node: `other` end and `half`, which is twice the edge's row, plus 1 where the node is its end."""

    first: NDArray[np.int64]
    other: Rows
    half: Rows


class Keyed(NamedTuple):
    """Stable keys of nodes and edges; rows only say where something lies."""

    node: Keys
    edge: Keys


@dataclass(frozen=True)
class Walk:
    """A graph under one mask: keep it per viewer, dates and filter.

    `ahead` and `back` count the half-edges that may be walked from a node, and against the direction towards it.
    """

    adjacency: Adjacency
    keyed: Keyed
    mask: Mask
    ahead: Rows
    back: Rows

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.ahead)


def adjacency(start: Rows, end: Rows, size: int) -> Adjacency:
    """Index edges. An edge from a node to itself is on no path and left out.

    Raises:
        ValueError: A row is out of range.
    """
    if len(start) and (min(start.min(), end.min()) < 0 or max(start.max(), end.max()) >= size):
        raise ValueError(f"an edge names a row outside 0 to {size - 1}; leave it out")
    edges = np.flatnonzero(start != end).astype(np.int32)
    first, order = group(np.concatenate([start[edges], end[edges]]), size)
    other = np.concatenate([end[edges], start[edges]])[order]
    half = np.concatenate([2 * edges, 2 * edges + 1])[order]
    return Adjacency(first, other, half)


def walk(graph: Adjacency, keyed: Keyed, mask: Mask) -> Walk:
    """A graph under a mask: one pass over the edges."""
    ahead, back = _degrees(graph, mask)
    return Walk(graph, keyed, mask, ahead, back)


@jit
def _may(half: int, mask: Mask, against: int) -> bool:
    """Whether a half-edge may be walked from its node or, `against` (1), towards it."""
    return bool((mask[half >> 1] >> ((half & 1) ^ against)) & 1)


@jit
def _degrees(graph: Adjacency, mask: Mask) -> tuple[Rows, Rows]:
    size = len(graph.first) - 1
    ahead, back = np.zeros(size, np.int32), np.zeros(size, np.int32)
    for node in range(size):
        for place in range(graph.first[node], graph.first[node + 1]):
            ahead[node] += _may(graph.half[place], mask, 0)
            back[node] += _may(graph.half[place], mask, 1)
    return ahead, back


class Scratch(NamedTuple):
    """Working space for one thread at a time; all of it is blank between questions.

    `hops` is 0 for a node not seen, else 1 + the distance from the source or -1 - that to the target.
    """

    hops: Rows
    forward: Rows
    backward: Rows
    mark: Mask
    ahead: Wide
    behind: Wide


def scratch(size: int) -> Scratch:
    """Working space for graphs of so many nodes."""
    return Scratch(
        np.zeros(size, np.int32),
        np.empty(size, np.int32),
        np.empty(size, np.int32),
        np.zeros(size, np.uint8),
        np.full(size, -1, np.int64),
        np.full(size, -1, np.int64),
    )


class _Met(NamedTuple):
    """Where two searches stopped.

    `full` holds, for the source's side and the target's, where the last full layer begins and ends and how deep it is;
    `seen` how many nodes each side has.
    """

    length: int
    cut: int
    work: int
    full: Wide
    seen: Wide


@jit
def _layer(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    graph: Adjacency, mask: Mask, queue: Rows, begin: int, end: int, hops: Rows, against: int
) -> tuple[int, bool]:
    """Add the next layer behind `queue[begin:end]` until it touches the other search; its end, and whether it did."""
    sign = -1 if against else 1
    fill = end
    for at in range(begin, end):
        node = queue[at]
        depth = hops[node]
        for place in range(graph.first[node], graph.first[node + 1]):
            other = graph.other[place]
            seen = hops[other]
            if seen * sign > 0 or not _may(graph.half[place], mask, against):
                continue
            if seen != 0:
                return fill, True
            hops[other] = depth + sign
            queue[fill] = other
            fill += 1
    return fill, False


@jit
def _search(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    graph: Adjacency,
    mask: Mask,
    degrees: tuple[Rows, Rows],
    ends: tuple[int, int],
    limits: tuple[int, int],
    space: Scratch,
) -> _Met:
    """Breadth-first from both ends, always the side with less work before it, until they touch."""
    ahead, back = degrees
    most_hops, budget = limits
    source, target = ends
    hops, forward, backward = space.hops, space.forward, space.backward
    forward[0], backward[0] = source, target
    hops[source] = 1
    begin, end, depth = np.zeros(2, np.int64), np.ones(2, np.int64), np.zeros(2, np.int64)
    length, cut, work = -1, 0, 0
    if source == target:
        return _Met(0, 0, 0, np.zeros(6, np.int64), np.array([1, 0]))
    hops[target] = -1
    cost = np.array([ahead[source], back[target]], np.int64)
    full = np.array([0, 1, 0, 0, 1, 0], np.int64)
    while cost[0] > 0 and cost[1] > 0:
        side = 0 if cost[0] <= cost[1] else 1
        if depth[0] + depth[1] >= most_hops:
            cut = 2
            break
        if work + cost[side] > budget:
            cut = 1
            break
        work += cost[side]
        queue = forward if side == 0 else backward
        fill, met = _layer(graph, mask, queue, begin[side], end[side], hops, side)
        begin[side], end[side] = end[side], fill
        depth[side] += 1
        if met:
            length = depth[0] + depth[1]
            break
        full[3 * side], full[3 * side + 1], full[3 * side + 2] = begin[side], end[side], depth[side]
        cost[side] = 0
        degree = ahead if side == 0 else back
        for at in range(begin[side], fill):
            cost[side] += degree[queue[at]]
    return _Met(length, cut, work, full, end)


@jit
def _wipe(space: Scratch, forward: int, backward: int) -> None:
    for node in space.forward[:forward]:
        space.hops[node] = 0
    for node in space.backward[:backward]:
        space.hops[node] = 0


@jit
def _shortest_length(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    graph: Adjacency,
    mask: Mask,
    degrees: tuple[Rows, Rows],
    ends: tuple[int, int],
    limits: tuple[int, int],
    space: Scratch,
) -> tuple[int, int, int]:
    met = _search(graph, mask, degrees, ends, limits, space)
    _wipe(space, met.seen[0], met.seen[1])
    return met.length, met.cut, met.work


@dataclass(frozen=True)
class Length:
    """How far apart two nodes are: hops, or -1 where `cut` or nothing at all stands between."""

    hops: int
    cut: Cut
    work: int


def shortest_length(
    graph: Walk,
    ends: tuple[int, int],
    space: Scratch,
    *,
    most_hops: int = MOST_HOPS,
    budget: int = 10_000_000,
) -> Length:
    """The fewest hops from one node to another. `budget` is in walkable edges looked at."""
    degrees = (graph.ahead, graph.back)
    found = _shortest_length(graph.adjacency, graph.mask, degrees, ends, (most_hops, budget), space)
    return Length(found[0], Cut(found[1]), found[2])


class _Hops(NamedTuple):
    """Hops from one node to the next by one edge."""

    start: Rows
    end: Rows
    edge: Rows


@jit
def _more(array: Rows, needed: int) -> Rows:
    if needed <= len(array):
        return array
    larger = np.empty(max(needed, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger


@jit
def _total(nodes: Rows, degree: Rows) -> int:
    total = 0
    for node in nodes:
        total += degree[node]
    return total


@jit
def _hops_between(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    graph: Adjacency, mask: Mask, nodes: Rows, wanted: int, against: int, space: Scratch
) -> tuple[_Hops, Rows]:
    """Hops from `nodes` to neighbours whose `hops` entry is `wanted` (towards `nodes` if against), and those."""
    here, there, edge = np.empty(64, np.int32), np.empty(64, np.int32), np.empty(64, np.int32)
    count, fresh = 0, 0
    found = np.empty(64, np.int32)
    for node in nodes:
        for place in range(graph.first[node], graph.first[node + 1]):
            other = graph.other[place]
            if space.hops[other] != wanted or not _may(graph.half[place], mask, against):
                continue
            here, there, edge = _more(here, count + 1), _more(there, count + 1), _more(edge, count + 1)
            here[count], there[count], edge[count] = node, other, graph.half[place] >> 1
            count += 1
            if not space.mark[other]:
                space.mark[other] = 1
                found = _more(found, fresh + 1)
                found[fresh] = other
                fresh += 1
    for other in found[:fresh]:
        space.mark[other] = 0
    if against:
        return _Hops(there[:count], here[:count], edge[:count]), found[:fresh]
    return _Hops(here[:count], there[:count], edge[:count]), found[:fresh]


class _Shortest(NamedTuple):
    length: int
    cut: int
    work: int
    hops: _Hops


@jit
def _all_shortest(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    graph: Adjacency,
    mask: Mask,
    degrees: tuple[Rows, Rows],
    ends: tuple[int, int],
    limits: tuple[int, int],
    space: Scratch,
) -> _Shortest:
    """Every hop of every shortest path, parallel edges too: the edges across, then both ways back."""
    met = _search(graph, mask, degrees, ends, limits, space)
    hops = _Hops(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int32))
    cut, work = met.cut, met.work
    if met.length > 0:
        full = met.full
        last = (space.forward[full[0] : full[1]].copy(), space.backward[full[3] : full[4]].copy())
        side = 0 if _total(last[0], degrees[0]) <= _total(last[1], degrees[1]) else 1
        work += min(_total(last[0], degrees[0]), _total(last[1], degrees[1]))
        depth = (full[2], full[5])
        if work > limits[1]:
            cut = 1
        else:
            wanted = -1 - depth[1] if side == 0 else 1 + depth[0]
            hops, _ = _hops_between(graph, mask, last[side], wanted, side, space)
            for way in range(2):
                nodes = np.unique(hops.start if way == 0 else hops.end)
                # Ahead of the source's side lies what is walked against, and the other way round.
                for left in range(depth[way], 0, -1):
                    work += _total(nodes, degrees[1 - way])
                    if work > limits[1]:
                        cut = 1
                        break
                    wanted = left if way == 0 else -left
                    more, nodes = _hops_between(graph, mask, nodes, wanted, 1 - way, space)
                    hops = _Hops(
                        np.concatenate((hops.start, more.start)),
                        np.concatenate((hops.end, more.end)),
                        np.concatenate((hops.edge, more.edge)),
                    )
    _wipe(space, met.seen[0], met.seen[1])
    return _Shortest(met.length, cut, work, hops)


class Path(NamedTuple):
    """A path as rows: one more node than edges. `cost` is in parts of `COST_UNIT`."""

    nodes: list[int]
    edges: list[int]
    cost: int


@dataclass(frozen=True)
class Found:
    """Paths in order of cost and then of their nodes' keys, and what cut the list short.

    A step takes the cheapest of parallel edges (of equals the one with the smallest key). What was found is complete
    and in order up to where it was cut.
    """

    paths: list[Path]
    cut: Cut
    work: int


class _Steps(NamedTuple):
    """A small graph whose nodes are numbered in order of their keys; steps by node, in order too."""

    node: Rows
    first: NDArray[np.int64]
    target: Rows
    edge: Rows
    cost: Wide


def _steps(hops: _Hops, keyed: Keyed, cost: Costs) -> _Steps:
    """The hops with nodes numbered by key, and the best of parallel edges alone."""
    nodes = np.unique(np.concatenate([hops.start, hops.end]))
    nodes = nodes[np.argsort(keyed.node[nodes], kind="stable")]
    by_row = np.argsort(nodes)
    start = by_row[np.searchsorted(nodes[by_row], hops.start)]
    end = by_row[np.searchsorted(nodes[by_row], hops.end)]
    order = np.lexsort((keyed.edge[hops.edge], cost[hops.edge], end, start))
    start, end, edge = start[order], end[order], hops.edge[order]
    best = np.ones(len(order), np.bool_)
    best[1:] = (start[1:] != start[:-1]) | (end[1:] != end[:-1])
    first = np.zeros(len(nodes) + 1, np.int64)
    np.cumsum(np.bincount(start[best], minlength=len(nodes)), out=first[1:])
    return _Steps(nodes, first, end[best].astype(np.int32), edge[best], cost[edge[best]].astype(np.int64))


@jit
def _in_order(steps: _Steps, source: int, target: int, length: int, most: int) -> Rows:
    """The first `most` paths of a graph all of whose paths from source lead to the target; a step place per hop."""
    found = np.empty((most, length), np.int32)
    count, depth = 0, 0
    at = np.empty(length + 1, np.int64)
    node = np.empty(length + 1, np.int32)
    node[0], at[0] = source, steps.first[source]
    while depth >= 0 and count < most:
        if node[depth] == target:
            for hop in range(length):
                found[count, hop] = at[hop] - 1
            count += 1
            depth -= 1
        elif at[depth] < steps.first[node[depth] + 1]:
            place = at[depth]
            at[depth] += 1
            depth += 1
            node[depth] = steps.target[place]
            at[depth] = steps.first[node[depth]]
        else:
            depth -= 1
    return found[:count]


def _path(steps: _Steps, source: int, places: Rows) -> Path:
    nodes = [source, *steps.node[steps.target[places]].tolist()]
    return Path(nodes, steps.edge[places].tolist(), int(steps.cost[places].sum()))


@dataclass(frozen=True)
class Limits:
    """How long paths may be, how many are wanted, and how many walkable edges may be looked at."""

    hops: int = MOST_HOPS
    paths: int = 100
    work: int = 10_000_000


def shortest_paths(graph: Walk, ends: tuple[int, int], cost: Costs, space: Scratch, limits: Limits) -> Found:
    """All paths of the fewest hops from one node to another, in order of their nodes' keys.

    `cost` (by edge) chooses between parallel edges. `Cut.HOPS` says that there is none within the hops asked for;
    `Cut.WORK` leaves the list empty, for a part of it would depend on chance.
    """
    degrees = (graph.ahead, graph.back)
    found = _all_shortest(graph.adjacency, graph.mask, degrees, ends, (limits.hops, limits.work), space)
    if found.length == 0:
        return Found([Path([ends[0]], [], 0)], Cut.NOTHING, 0)
    if found.length < 0 or found.cut:
        return Found([], Cut(found.cut), found.work)
    steps = _steps(found.hops, graph.keyed, cost)
    source, target = (int(np.flatnonzero(steps.node == end)[0]) for end in ends)
    places = _in_order(steps, source, target, found.length, limits.paths + 1)
    paths = [_path(steps, ends[0], row) for row in places[: limits.paths]]
    return Found(paths, Cut.RESULTS if len(places) > limits.paths else Cut.NOTHING, found.work)
