"""How parties are connected: shortest paths, the best by cost, and the subgraph that joins several.

Half-edges of both directions lie together by node. A mask says by edge which way it may be walked (0 not at all, 1 from
start to end, 2 from end to start, 3 both), so that clearance, date, type, ratio and direction are all one array. What
comes out never depends on the order of rows or on hidden edges: equals are ordered by the caller's keys, work is
counted over walkable edges alone, and a budget cuts before a layer, never inside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from heapq import heappop, heappush
from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from graph.algorithms.components import group, jit

Number = TypeVar("Number", bound=np.generic)
Rows = NDArray[np.int32]
Keys = NDArray[np.uint64]
Costs = NDArray[np.int32]
Mask = NDArray[np.uint8]
Heap = list[tuple[np.int64, np.int64]]
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

    `ahead` and `back` count the half-edges that may be walked from a node, and against the direction towards it;
    `either` those that may be walked at all.
    """

    adjacency: Adjacency
    keyed: Keyed
    mask: Mask
    ahead: Rows
    back: Rows
    either: Rows

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
    return Walk(graph, keyed, mask, *_degrees(graph, mask))


@jit
def _may(half: int, mask: Mask, against: int) -> bool:
    """Whether a half-edge may be walked from its node or, `against` (1), towards it."""
    return bool((mask[half >> 1] >> ((half & 1) ^ against)) & 1)


@jit
def _degrees(graph: Adjacency, mask: Mask) -> tuple[Rows, Rows, Rows]:
    size = len(graph.first) - 1
    ahead, back, either = np.zeros(size, np.int32), np.zeros(size, np.int32), np.zeros(size, np.int32)
    for node in range(size):
        for place in range(graph.first[node], graph.first[node + 1]):
            ahead[node] += _may(graph.half[place], mask, 0)
            back[node] += _may(graph.half[place], mask, 1)
            either[node] += mask[graph.half[place] >> 1] != 0
    return ahead, back, either


class Scratch(NamedTuple):
    """Working space for one thread at a time; all of it is blank between questions.

    `hops` is 0 for a node not seen, else 1 + the distance from the source or -1 - that to the target; `ahead` and
    `behind` are costs from the source and to the target, -1 for a node not seen.
    """

    hops: Rows
    forward: Rows
    backward: Rows
    mark: Mask
    ahead: Wide
    behind: Wide
    via_node: Rows
    via_edge: Rows


def scratch(size: int) -> Scratch:
    """Working space for graphs of so many nodes."""
    return Scratch(
        np.zeros(size, np.int32),
        np.empty(size, np.int32),
        np.empty(size, np.int32),
        np.zeros(size, np.uint8),
        np.full(size, -1, np.int64),
        np.full(size, -1, np.int64),
        np.empty(size, np.int32),
        np.empty(size, np.int32),
    )


class _Met(NamedTuple):
    """Where two searches stopped.

    By side, the source's and the target's: `layers` says where the full layers begin in the side's queue, and where
    the last ends; `depth` how deep that is; `seen` how many nodes there are.
    """

    length: int
    cut: int
    work: int
    layers: NDArray[np.int64]
    depth: Wide
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
def _total(nodes: Rows, degree: Rows) -> int:
    total = 0
    for node in nodes:
        total += int(degree[node])
    return total


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
    depth, seen = np.zeros(2, np.int64), np.ones(2, np.int64)
    layers = np.zeros((2, most_hops + 2), np.int64)
    length, cut, work = -1, 0, 0
    if source == target:
        seen[1] = 0
        return _Met(0, 0, 0, layers, depth, seen)
    hops[target] = -1
    layers[:, 1] = 1
    cost = np.array([ahead[source], back[target]], np.int64)
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
        at = layers[side, depth[side]]
        seen[side], met = _layer(graph, mask, queue, at, layers[side, depth[side] + 1], hops, side)
        if met:
            length = depth[0] + depth[1] + 1
            break
        depth[side] += 1
        layers[side, depth[side] + 1] = seen[side]
        cost[side] = _total(queue[layers[side, depth[side]] : seen[side]], ahead if side == 0 else back)
    return _Met(length, cut, work, layers, depth, seen)


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
def _more(array: NDArray[Number], needed: int) -> NDArray[Number]:
    if needed <= len(array):
        return array
    larger = np.empty(max(needed, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger


@jit
def _hops_between(graph: Adjacency, mask: Mask, nodes: Rows, against: int, mark: Mask) -> tuple[_Hops, Rows]:
    """Hops from `nodes` to marked neighbours (towards `nodes` if against), and which of `nodes` have any."""
    here, there, edge = np.empty(64, np.int32), np.empty(64, np.int32), np.empty(64, np.int32)
    found = np.empty(len(nodes), np.int32)
    count, fill = 0, 0
    for node in nodes:
        before = count
        for place in range(graph.first[node], graph.first[node + 1]):
            if mark[graph.other[place]] and _may(graph.half[place], mask, against):
                here, there, edge = _more(here, count + 1), _more(there, count + 1), _more(edge, count + 1)
                here[count], there[count], edge[count] = node, graph.other[place], graph.half[place] >> 1
                count += 1
        if count > before:
            found[fill] = node
            fill += 1
    if against:
        return _Hops(there[:count], here[:count], edge[:count]), found[:fill]
    return _Hops(here[:count], there[:count], edge[:count]), found[:fill]


@jit
def _across(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    graph: Adjacency, mask: Mask, one: Rows, other: Rows, works: tuple[int, int], against: int, mark: Mask
) -> _Hops:
    """Hops from one layer to another (towards it if against), looked for from the side with less work."""
    if works[0] <= works[1]:
        looked, marked, way = one, other, against
    else:
        looked, marked, way = other, one, 1 - against
    for node in marked:
        mark[node] = 1
    hops, _ = _hops_between(graph, mask, looked, way, mark)
    for node in marked:
        mark[node] = 0
    return hops


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
        one = space.forward[met.layers[0, met.depth[0]] : met.layers[0, met.depth[0] + 1]]
        other = space.backward[met.layers[1, met.depth[1]] : met.layers[1, met.depth[1] + 1]]
        works = (_total(one, degrees[0]), _total(other, degrees[1]))
        work += min(works)
        if work > limits[1]:
            cut = 1
        else:
            hops = _across(graph, mask, one, other, works, 0, space.mark)
        for way in range(2):
            queue = space.forward if way == 0 else space.backward
            nodes = np.unique(hops.start if way == 0 else hops.end)
            for depth in range(met.depth[way] - 1, -1, -1):
                layer = queue[met.layers[way, depth] : met.layers[way, depth + 1]]
                works = (_total(layer, degrees[way]), _total(nodes, degrees[1 - way]))
                work += min(works)
                if work > limits[1]:
                    cut = 1
                if cut:
                    break
                more = _across(graph, mask, layer, nodes, works, way, space.mark)
                nodes = np.unique(more.start if way == 0 else more.end)
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


@dataclass(frozen=True)
class Weights:
    """Costs by edge, in parts of `COST_UNIT`, at least 1 each: keep them per table of costs."""

    cost: Costs
    least: int
    most: int


def weights(cost: NDArray[np.float64], kind: Mask | None = None) -> Weights:
    """Costs by edge from costs by edge, or by kind of edge.

    Raises:
        ValueError: A cost is not between one part of `COST_UNIT` and 2,000: without one an endless path would be free.
    """
    if not bool(((cost >= 1 / COST_UNIT) & (cost <= _LARGEST_COST)).all()):
        raise ValueError(
            f"a cost is not between {1 / COST_UNIT} and {_LARGEST_COST}: {cost[~(cost >= 1 / COST_UNIT)][:3]}"
        )
    parts = np.rint(cost * COST_UNIT).astype(np.int32)
    by_edge = parts if kind is None else parts[kind]
    return Weights(by_edge, int(parts.min(initial=1)), int(parts.max(initial=1)))


_LARGEST_COST: Final = 2000.0
_FAR: Final = 1 << 62


class _Sides(NamedTuple):
    """One direction of a search by cost: costs so far, nodes touched, the counter of those, direction."""

    cost: Wide
    other_cost: Wide
    touched: Rows
    fill: Wide
    against: int


# No kernel here has a comprehension: numba 0.68 inlines them as closures, after which writes through a named tuple
# of the same function went nowhere.


@jit
def _fresh_top(heap: Heap, cost: Wide) -> int:
    """The least cost still in a heap, outdated entries dropped; far where it is empty."""
    while len(heap) > 0 and cost[heap[0][1]] != heap[0][0]:
        heappop(heap)
    return int(heap[0][0]) if len(heap) > 0 else _FAR


@jit
def _batch(heap: Heap, cost: Wide) -> tuple[np.int64, list[np.int64]]:
    """Take all nodes of the least cost off a heap; far and no nodes where it is empty.

    All of a layer or none is counted against a budget: where it cuts must not depend on the order of rows.
    """
    nodes = [np.int64(-1)]
    nodes.pop()
    least = np.int64(_fresh_top(heap, cost))
    while len(heap) > 0 and heap[0][0] == least:
        _, node = heappop(heap)
        if cost[node] == least:
            nodes.append(node)
    return least, nodes


@jit
def _within(nodes: list[np.int64], side: _Sides, cost: np.int64, settled: int, bound: int) -> list[np.int64]:
    """Those of a layer that the other side has settled, too, and that are on a path of at most the bound."""
    kept = nodes[:0]
    for node in nodes:
        if 0 <= side.other_cost[node] < settled and cost + side.other_cost[node] <= bound:
            kept.append(node)
    return kept


@jit
def _relax(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    node: int | np.int64,
    graph: Adjacency,
    mask: Mask,
    price: Costs,
    side: _Sides,
    heap: Heap,
    room: tuple[int, int],
) -> int:
    """Walk on from a node, into nodes settled by the other side alone if `room` bounds the sum of both costs.

    `room` is (cost from which on the other side has not settled, most for the sum). Returns the least cost of a
    path that is seen to join both sides.
    """
    joined = _FAR
    for place in range(graph.first[node], graph.first[node + 1]):
        if not _may(graph.half[place], mask, side.against):
            continue
        other = graph.other[place]
        reached = side.cost[node] + price[graph.half[place] >> 1]
        beyond = side.other_cost[other]
        if beyond >= 0:
            joined = min(joined, reached + beyond)
        if room[1] < _FAR and (beyond < 0 or beyond >= room[0] or reached + beyond > room[1]):
            continue
        if side.cost[other] < 0:
            side.touched[side.fill[0]] = other
            side.fill[0] += 1
        elif side.cost[other] <= reached:
            continue
        side.cost[other] = reached
        heappush(heap, (np.int64(reached), np.int64(other)))
    return joined


@jit
def _work_of(nodes: list[np.int64], degree: Rows) -> int:
    total = 0
    for node in nodes:
        total += degree[node]
    return total


class _Ellipse(NamedTuple):
    """What may lie on a path that costs at most `bound`: hops between such nodes. `least` is -1 without any path."""

    least: int
    bound: int
    cut: int
    work: int
    hops: _Hops


@jit
def _ellipse(  # noqa: C901, PLR0913, PLR0917 - a kernel takes arrays, one phase after another
    graph: Adjacency,
    mask: Mask,
    price: Costs,
    degrees: tuple[Rows, Rows],
    ends: tuple[int, int],
    slack: int,
    budget: int,
    space: Scratch,
) -> _Ellipse:
    """Both searches until no cheaper path than the least plus `slack` can be missed, then what lies on such paths."""
    counts = np.ones((2, 1), np.int64)
    sides = (
        _Sides(space.ahead, space.behind, space.forward, counts[0], 0),
        _Sides(space.behind, space.ahead, space.backward, counts[1], 1),
    )
    heaps = ([(np.int64(0), np.int64(ends[0]))], [(np.int64(0), np.int64(ends[1]))])
    space.ahead[ends[0]], space.behind[ends[1]] = 0, 0
    space.forward[0], space.backward[0] = ends[0], ends[1]
    spent, least, cut = 0, _FAR, 0
    nothing = np.empty(0, np.int32)
    hops = _Hops(nothing, nothing, nothing)
    # The next layer of each side, taken off its heap: the one with less work goes first.
    layers = (_batch(heaps[0], space.ahead), _batch(heaps[1], space.behind))
    works = (_work_of(layers[0][1], degrees[0]), _work_of(layers[1][1], degrees[1]))
    while layers[0][0] < _FAR and layers[1][0] < _FAR and layers[0][0] + layers[1][0] <= least + slack:
        way = 0 if works[0] <= works[1] else 1
        if spent + works[way] > budget:
            cut = 1
            break
        spent += works[way]
        side, heap, nodes = (
            (sides[0], heaps[0], layers[0][1]) if way == 0 else (sides[1], heaps[1], layers[1][1])
        )
        for node in nodes:
            least = min(least, _relax(node, graph, mask, price, side, heap, (0, _FAR)))
        following = _batch(heap, side.cost)
        work = _work_of(following[1], degrees[way])
        layers = (following, layers[1]) if way == 0 else (layers[0], following)
        works = (work, works[1]) if way == 0 else (works[0], work)
    bound = least + slack
    if cut == 0 and least < _FAR:
        tops = (int(layers[0][0]), int(layers[1][0]))
        for way in range(2):
            side, heap, layer = (
                (sides[0], heaps[0], layers[0]) if way == 0 else (sides[1], heaps[1], layers[1])
            )
            while cut == 0 and layer[0] <= bound:
                nodes = _within(layer[1], side, layer[0], tops[1 - way], bound)
                work = _work_of(nodes, degrees[way])
                if spent + work > budget:
                    cut = 1
                    break
                spent += work
                for node in nodes:
                    _relax(node, graph, mask, price, side, heap, (tops[1 - way], bound))
                layer = _batch(heap, side.cost)
        if cut == 0:
            hops, work = _inside(graph, mask, price, degrees[0], bound, tops, counts[0, 0], space)
            spent += work
    for node in space.forward[: counts[0, 0]]:
        space.ahead[node] = -1
    for node in space.backward[: counts[1, 0]]:
        space.behind[node] = -1
    return _Ellipse(least if least < _FAR else -1, bound, cut, spent, hops)


@jit
def _inside(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    graph: Adjacency,
    mask: Mask,
    price: Costs,
    degree: Rows,
    bound: int,
    tops: tuple[int, int],
    count: int,
    space: Scratch,
) -> tuple[_Hops, int]:
    """The hops that lie on a walk from source to target of at most the bound."""
    start, end, edge = np.empty(64, np.int32), np.empty(64, np.int32), np.empty(64, np.int32)
    fill, work = 0, 0
    for node in space.forward[:count]:
        ahead, behind = space.ahead[node], space.behind[node]
        if behind < 0 or ahead + behind > bound or (ahead >= tops[0] and behind >= tops[1]):
            continue
        work += int(degree[node])
        for place in range(graph.first[node], graph.first[node + 1]):
            other = graph.other[place]
            beyond = space.behind[other]
            if beyond < 0 or not _may(graph.half[place], mask, 0):
                continue
            settled = beyond < tops[1] or 0 <= space.ahead[other] < tops[0]
            if settled and ahead + price[graph.half[place] >> 1] + beyond <= bound:
                start, end, edge = _more(start, fill + 1), _more(end, fill + 1), _more(edge, fill + 1)
                start[fill], end[fill], edge[fill] = node, other, graph.half[place] >> 1
                fill += 1
    return _Hops(start[:fill], end[:fill], edge[:fill]), work


@jit
def _left(steps: _Steps, target: int) -> Wide:
    """The least cost from each node to the target inside the small graph; far where there is no way."""
    size = len(steps.first) - 1
    left = np.full(size, _FAR, np.int64)
    source = np.empty(len(steps.target), np.int32)
    incoming = np.zeros(size + 1, np.int64)
    for node in range(size):
        for place in range(steps.first[node], steps.first[node + 1]):
            source[place] = node
            incoming[steps.target[place] + 1] += 1
    for node in range(size):
        incoming[node + 1] += incoming[node]
    places = np.empty(len(source), np.int64)
    fill = incoming[:-1].copy()
    for place in range(len(source)):
        places[fill[steps.target[place]]] = place
        fill[steps.target[place]] += 1
    left[target] = 0
    heap = [(np.int64(0), np.int64(target))]
    while len(heap) > 0:
        cost, nearest = heappop(heap)
        if cost > left[nearest]:
            continue
        for at in range(incoming[nearest], incoming[nearest + 1]):
            place = places[at]
            reached = cost + steps.cost[place]
            if reached < left[source[place]]:
                left[source[place]] = reached
                heappush(heap, (reached, np.int64(source[place])))
    return left


class _Partial(NamedTuple):
    """Paths begun, as entries: last node, entry before, step taken, cost at least, hops."""

    node: Rows
    before: Rows
    place: Rows
    cost: Wide
    hops: Rows


@jit
def _comes_first(one: int, other: int, begun: _Partial) -> bool:
    """Whether one path begun is cheaper, or as cheap and earlier in the order of its nodes' keys."""
    if begun.cost[one] != begun.cost[other]:
        return bool(begun.cost[one] < begun.cost[other])
    hops = begun.hops[one], begun.hops[other]
    a, b = one, other
    while begun.hops[a] > hops[1]:
        a = begun.before[a]
    while begun.hops[b] > hops[0]:
        b = begun.before[b]
    result = hops[0] < hops[1]
    while a != b:
        if begun.node[a] != begun.node[b]:
            result = begun.node[a] < begun.node[b]
        a, b = begun.before[a], begun.before[b]
    return bool(result)


@jit
def _sift_up(heap: Rows, at: int, begun: _Partial) -> None:
    while at > 0:
        above = (at - 1) // 2
        if not _comes_first(heap[at], heap[above], begun):
            return
        heap[at], heap[above] = heap[above], heap[at]
        at = above


@jit
def _take(heap: Rows, size: int, begun: _Partial) -> int:
    """Take the first path begun off a heap of so many."""
    first = int(heap[0])
    heap[0] = heap[size - 1]
    size -= 1
    at = 0
    while True:
        best = at
        for below in (2 * at + 1, 2 * at + 2):
            if below < size and _comes_first(heap[below], heap[best], begun):
                best = below
        if best == at:
            return first
        heap[at], heap[best] = heap[best], heap[at]
        at = best


@jit
def _cheapest(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    steps: _Steps, left: Wide, ends: tuple[int, int], most: int, most_hops: int, bound: int, budget: int
) -> tuple[Rows, Rows, int, int]:
    """The first paths of at most the bound, without loops: their steps, their hops, the cut, the work.

    Best first with the exact rest as estimate, so that the first to come out are the first of all; a path begun
    sorts before all that continue it.
    """
    source, target = ends
    found, lengths, count = np.empty((most, most_hops), np.int32), np.empty(most, np.int32), 0
    begun = _Partial(
        np.empty(64, np.int32),
        np.empty(64, np.int32),
        np.empty(64, np.int32),
        np.empty(64, np.int64),
        np.empty(64, np.int32),
    )
    begun.node[0], begun.before[0], begun.place[0], begun.cost[0], begun.hops[0] = (
        source,
        -1,
        -1,
        left[source],
        0,
    )
    heap, waiting, entries, work, cut = np.zeros(64, np.int32), 1, 1, 0, 0
    while waiting > 0 and count < most:
        entry = _take(heap, waiting, begun)
        waiting -= 1
        node, hops = begun.node[entry], begun.hops[entry]
        if node == target:
            lengths[count] = hops
            at = entry
            for hop in range(hops - 1, -1, -1):
                found[count, hop] = begun.place[at]
                at = begun.before[at]
            count += 1
            continue
        if hops == most_hops:
            cut = max(cut, 2)
            continue
        degree = steps.first[node + 1] - steps.first[node]
        work += degree
        if work > budget:
            return found[:count], lengths[:count], 1, work
        room = entries + degree
        begun = _Partial(
            _more(begun.node, room), _more(begun.before, room), _more(begun.place, room),
            _more(begun.cost, room), _more(begun.hops, room),
        )  # fmt: skip
        heap = _more(heap, waiting + degree)
        for place in range(steps.first[node], steps.first[node + 1]):
            other = steps.target[place]
            cost = begun.cost[entry] - left[node] + steps.cost[place] + left[other]
            if left[other] == _FAR or cost > bound or _passed(other, entry, begun):
                continue
            begun.node[entries], begun.before[entries], begun.place[entries] = other, entry, place
            begun.cost[entries], begun.hops[entries] = cost, hops + 1
            heap[waiting] = entries
            _sift_up(heap, waiting, begun)
            waiting += 1
            entries += 1
    return found[:count], lengths[:count], cut, work


@jit
def _passed(node: int, entry: int, begun: _Partial) -> bool:
    while entry >= 0:
        if begun.node[entry] == node:
            return True
        entry = begun.before[entry]
    return False


def cheapest_paths(  # noqa: PLR0913 - the question, and how sure the answer must be
    graph: Walk,
    ends: tuple[int, int],
    price: Weights,
    space: Scratch,
    limits: Limits,
    *,
    prove_more: bool = True,
) -> Found:
    """The `limits.paths` cheapest paths without loops of at most `limits.hops` hops, cheapest first.

    Both ends search by cost until no path within the least cost and some slack can be missed; such paths are listed
    best first. While they are too few the slack doubles, until no path of so many hops can cost more.

    Unless `prove_more`, as many as wanted are enough, and whether there is one more (`Cut.RESULTS`) is left open.
    """
    if ends[0] == ends[1]:
        return Found([Path([ends[0]], [], 0)], Cut.NOTHING, 0)
    slack, work, paths = 0, 0, list[Path]()
    dearest = limits.hops * price.most
    while True:
        area = _ellipse(
            graph.adjacency,
            graph.mask,
            price.cost,
            (graph.ahead, graph.back),
            ends,
            slack,
            limits.work - work,
            space,
        )
        work += area.work
        if area.cut or area.least < 0:
            return Found(paths, Cut(area.cut), work)
        found, cut, listed = _listed(graph, ends, price, area, limits, max(limits.work - work, 0))
        work += listed
        # Both are the first of all paths, so whichever round got further says more.
        paths = max(paths, found, key=len)
        if not prove_more and len(paths) >= limits.paths:
            return Found(paths[: limits.paths], Cut.NOTHING, work)
        if cut is Cut.WORK or len(paths) > limits.paths:
            cut = Cut.RESULTS if len(paths) > limits.paths else cut
            return Found(paths[: limits.paths], cut, work)
        if area.bound >= dearest:
            return Found(paths, cut, work)
        slack = max(2 * slack, price.least, area.least // 8)


def _listed(  # noqa: PLR0913, PLR0917 - one step of the search
    graph: Walk, ends: tuple[int, int], price: Weights, area: _Ellipse, limits: Limits, budget: int
) -> tuple[list[Path], Cut, int]:
    steps = _steps(area.hops, graph.keyed, price.cost)
    source, target = (int(np.flatnonzero(steps.node == end)[0]) for end in ends)
    left = _left(steps, target)
    places, lengths, cut, work = _cheapest(
        steps, left, (source, target), limits.paths + 1, limits.hops, area.bound, budget
    )
    paths = [_path(steps, ends[0], row[:hops]) for row, hops in zip(places, lengths.tolist(), strict=True)]
    return paths, Cut(cut), work


@dataclass(frozen=True)
class Joined:
    """Edges that join parties, all ends of those and the parties, both in order of their keys, and the cost.

    `part` is by party, in order of their keys: the place of the first party that is joined with it. All are 0 unless
    nothing visible joins some, or the search was cut.
    """

    nodes: Rows
    edges: Rows
    part: list[int]
    cost: int
    cut: Cut
    work: int


class _Regions(NamedTuple):
    """Regions of nodes nearest to each party: cost from it, party (1 + its place), and the step that leads there."""

    cost: Wide
    party: Rows
    via_node: Rows
    via_edge: Rows
    touched: Rows
    fill: Wide


class _Bridges(NamedTuple):
    """The best bridge between each two regions: its cost, edge and ends (the end in the row's region first)."""

    cost: Wide
    edge: Rows
    near: Rows
    far: Rows


@jit
def _first_of(
    one: tuple[np.uint64, np.uint64, np.uint64], other: tuple[np.uint64, np.uint64, np.uint64]
) -> bool:
    for place in range(3):
        if one[place] != other[place]:
            return bool(one[place] < other[place])
    return False


@jit
def _claim(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    node: int | np.int64,
    graph: Adjacency,
    mask: Mask,
    price: Costs,
    keyed: Keyed,
    regions: _Regions,
    heap: Heap,
) -> None:
    """Offer a node's neighbours its party; equal offers go by the keys of party, node and edge."""
    party = regions.party[node]
    for place in range(graph.first[node], graph.first[node + 1]):
        other, edge = graph.other[place], graph.half[place] >> 1
        if mask[edge] == 0:
            continue
        reached = regions.cost[node] + price[edge]
        known = regions.cost[other]
        if known < 0:
            regions.touched[regions.fill[0]] = other
            regions.fill[0] += 1
        elif known < reached:
            continue
        elif known == reached:
            mine = (np.uint64(party), keyed.node[node], keyed.edge[edge])
            via, by = regions.via_node[other], regions.via_edge[other]
            if via < 0 or not _first_of(
                mine, (np.uint64(regions.party[other]), keyed.node[via], keyed.edge[by])
            ):
                continue
        regions.cost[other], regions.party[other] = reached, party
        regions.via_node[other], regions.via_edge[other] = node, edge
        if known != reached:
            heappush(heap, (np.int64(reached), np.int64(other)))


@jit
def _bridge(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    node: int | np.int64,
    level: int | np.int64,
    graph: Adjacency,
    mask: Mask,
    price: Costs,
    keyed: Keyed,
    regions: _Regions,
    bridges: _Bridges,
) -> None:
    """Note the edges from a settled node to settled nodes of other regions, the best for each two regions."""
    count = int(np.sqrt(len(bridges.cost)))
    for place in range(graph.first[node], graph.first[node + 1]):
        other, edge = graph.other[place], graph.half[place] >> 1
        known = regions.cost[other]
        if mask[edge] == 0 or known < 0 or known > level or regions.party[other] == regions.party[node]:
            continue
        near, far = (node, other) if regions.party[node] < regions.party[other] else (other, node)
        at = (regions.party[near] - 1) * count + regions.party[far] - 1
        cost = regions.cost[node] + price[edge] + known
        if bridges.cost[at] == cost:
            mine = (keyed.node[near], keyed.node[far], keyed.edge[edge])
            kept = (keyed.node[bridges.near[at]], keyed.node[bridges.far[at]], keyed.edge[bridges.edge[at]])
            if not _first_of(mine, kept):
                continue
        elif bridges.cost[at] < cost:
            continue
        bridges.cost[at], bridges.edge[at], bridges.near[at], bridges.far[at] = cost, edge, near, far


@jit
def _tree(bridges: _Bridges, count: int) -> tuple[Rows, Rows]:
    """Places of the bridges of a minimum spanning forest (Kruskal; of equals the earlier pair), and parts."""
    part = np.arange(count).astype(np.int32)
    chosen = np.empty(count, np.int32)
    fill = 0
    for at in np.argsort(bridges.cost, kind="mergesort"):
        if bridges.cost[at] == _FAR:
            break
        one, other = part[at // count], part[at % count]
        if one != other:
            chosen[fill] = at
            fill += 1
            for party in range(count):
                if part[party] == max(one, other):
                    part[party] = min(one, other)
    return chosen[:fill], part


@jit
def _traced(chosen: Rows, bridges: _Bridges, regions: _Regions) -> _Hops:
    """The chosen bridges and the ways from their ends back to the parties; some hops twice."""
    start, end, edge = np.empty(64, np.int32), np.empty(64, np.int32), np.empty(64, np.int32)
    fill = 0
    for at in chosen:
        start, end, edge = _more(start, fill + 1), _more(end, fill + 1), _more(edge, fill + 1)
        start[fill], end[fill], edge[fill] = bridges.near[at], bridges.far[at], bridges.edge[at]
        fill += 1
        for side in range(2):
            node = bridges.near[at] if side == 0 else bridges.far[at]
            while regions.via_node[node] >= 0:
                start, end, edge = _more(start, fill + 1), _more(end, fill + 1), _more(edge, fill + 1)
                start[fill], end[fill], edge[fill] = regions.via_node[node], node, regions.via_edge[node]
                fill += 1
                node = regions.via_node[node]
    return _Hops(start[:fill], end[:fill], edge[:fill])


@jit
def _join_parties(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    graph: Adjacency,
    mask: Mask,
    price: Costs,
    degree: Rows,
    keyed: Keyed,
    parties: Rows,
    budget: int,
    space: Scratch,
) -> tuple[_Hops, Rows, int, int]:
    """Hops of the tree, part of each party, cut and work. `parties` are in order of their keys.

    Regions grow from all parties at once. A bridge not yet seen has an end not yet settled and so costs at least
    twice the cost reached: with a tree of cheaper bridges, the search may stop.
    """
    count = len(parties)
    regions = _Regions(
        space.ahead, space.hops, space.via_node, space.via_edge, space.forward, np.zeros(1, np.int64)
    )
    pairs = count * count
    bridges = _Bridges(
        np.full(pairs, _FAR, np.int64),
        np.empty(pairs, np.int32),
        np.empty(pairs, np.int32),
        np.empty(pairs, np.int32),
    )
    heap = [(np.int64(0), np.int64(parties[0]))]
    for party in parties[1:]:
        heappush(heap, (np.int64(0), np.int64(party)))
    for place in range(count):
        node = parties[place]
        regions.cost[node], regions.party[node] = 0, place + 1
        regions.via_node[node], regions.via_edge[node] = -1, -1
        regions.touched[place] = node
    regions.fill[0] = count
    work, cut = 0, 0
    while len(heap) > 0:
        level = _fresh_top(heap, regions.cost)
        if level == _FAR:
            break
        chosen, _ = _tree(bridges, count)
        if len(chosen) == count - 1 and bridges.cost[chosen].max() < 2 * level:
            break
        _, nodes = _batch(heap, regions.cost)
        more = _work_of(nodes, degree)
        if work + more > budget:
            cut = 1
            break
        work += more
        for node in nodes:
            _claim(node, graph, mask, price, keyed, regions, heap)
        for node in nodes:
            _bridge(node, level, graph, mask, price, keyed, regions, bridges)
    chosen, part = _tree(bridges, count)
    hops = _traced(chosen, bridges, regions)
    for node in space.forward[: regions.fill[0]]:
        space.ahead[node], space.hops[node] = -1, 0
    return hops, part, cut, work


def joining(
    graph: Walk, parties: Rows, price: Weights, space: Scratch, *, budget: int = 10_000_000
) -> Joined:
    """A cheap subgraph that joins parties, edges taken whatever their direction (a Steiner tree, Mehlhorn 1988).

    It costs at most twice the least possible. Where there is no way between some, each part is joined for itself.

    Args:
        graph: Graph and mask; every edge with a mask other than 0 may be used.
        parties: What to join; doubles count once.
        price: Costs by edge.
        space: Working space.
        budget: Most walkable half-edges to be looked at.
    """
    unique = np.unique(parties).astype(np.int32)
    unique = unique[np.argsort(graph.keyed.node[unique], kind="stable")]
    if len(unique) < _FEWEST_PARTIES:
        return Joined(unique, np.zeros(0, np.int32), [0] * len(unique), 0, Cut.NOTHING, 0)
    hops, part, cut, work = _join_parties(
        graph.adjacency, graph.mask, price.cost, graph.either, graph.keyed, unique, budget, space
    )
    edges = np.unique(hops.edge)
    nodes = np.unique(np.concatenate([hops.start, hops.end, unique]))
    nodes = nodes[np.argsort(graph.keyed.node[nodes], kind="stable")]
    edges = edges[np.argsort(graph.keyed.edge[edges], kind="stable")]
    return Joined(nodes, edges, part.tolist(), int(price.cost[edges].sum()), Cut(cut), work)


_FEWEST_PARTIES: Final = 2
