"""The strongest paths of a shock: by which chain of exposures most of it reaches a node.

A path is as strong as the product of the shock it starts from and of its weights, each at most 1 (distress can not
exceed 1 on the way). Logarithms count to six places; of equals the path with fewer steps is first, then by keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.algorithms import paths
from graph.algorithms.components import jit
from graph.algorithms.diffusion import Floats, Lists, Network, Rows, Shock, Wide, check_rows

LEAST: Final = 1e-6
"""Weaker paths are not looked for."""
_UNIT: Final = float(paths.COST_UNIT)


class ShockPath(NamedTuple):
    """Rows of the nodes from the shocked one, of the edges between them, and the product."""

    nodes: list[int]
    edges: list[int]
    strength: float


class _Search(NamedTuple):
    """By place: 1 + cost so far (0: not seen), 1 + place of the edge by which it came (0: none), steps, settled."""

    cost: Wide
    came: Wide
    hops: Rows
    settled: NDArray[np.uint8]


def _blank(size: int) -> _Search:
    return _Search(
        np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, np.int32), np.zeros(size, np.uint8)
    )


@jit
def _cost(weight: float) -> int:
    """Cost of a weight above 0, in parts of `COST_UNIT`; never 0, or an endless path would be free."""
    return max(int(np.rint(-np.log(min(weight, 1.0)) * _UNIT)), 1)


@jit
def _search(  # noqa: C901 - Dijkstra, written out
    lists: Lists, seeds: Rows, start: Wide, most: int, search: _Search
) -> Rows:
    """Dijkstra 1959 from several nodes at once; the nodes within a cost, in the order in which they were settled."""
    heap = [(np.int64(0), np.int64(-1))]
    for at, seed in enumerate(seeds):
        if start[at] <= most:
            search.cost[seed] = start[at] + 1
            heappush(heap, (np.int64(start[at]), np.int64(seed)))
    found = np.empty(max(len(seeds), 64), np.int32)
    fill = 0
    while len(heap) > 0:
        spent, node = heappop(heap)
        if node < 0 or search.settled[node]:
            continue
        search.settled[node] = 1
        if fill == len(found):
            found = np.concatenate((found, np.empty(fill, np.int32)))
        found[fill] = node
        fill += 1
        for place in range(lists.first[node], lists.first[node + 1]):
            other = lists.other[place]
            if lists.weight[place] <= 0 or search.settled[other]:
                continue
            there = spent + _cost(lists.weight[place])
            if there > most:
                continue
            before, hops = search.cost[other], search.hops[node] + 1
            better = before == 0 or there + 1 < before
            if not better and there + 1 == before and search.came[other] > 0:
                better = hops < search.hops[other]
                if hops == search.hops[other]:
                    rival = search.came[other] - 1
                    better = node < _end_of(lists.first, rival)
            if better:
                search.cost[other], search.came[other], search.hops[other] = there + 1, place + 1, hops
                heappush(heap, (np.int64(there), np.int64(other)))
    return found[:fill]


@jit
def _end_of(first: Wide, place: int) -> int:
    """The node at whose list an edge lies."""
    return int(np.searchsorted(first, place, "right")) - 1


@dataclass(frozen=True)
class Strongest:
    """The strongest path from any shocked node to each node, as far as one is strong enough.

    `node` are the caller's rows in the order of their keys.
    """

    net: Network
    shock: Shock
    node: Rows
    search: _Search

    def path(self, row: int) -> ShockPath | None:
        """The strongest path to a node; of no steps where its own shock is strongest, None where there is none."""
        edges, at = self.net.index, int(self.net.index.place[row])
        if not self.search.settled[at]:
            return None
        nodes, steps, strength = [at], list[int](), 1.0
        while self.search.came[at]:
            place = int(self.search.came[at]) - 1
            strength *= min(1.0, float(self.net.ahead.weight[place]))
            steps.append(int(edges.edge[place]))
            at = int(np.searchsorted(edges.first, place, "right")) - 1
            nodes.append(at)
        first = int(edges.row[at])
        strength *= float(
            np.asarray(self.shock.size)[np.flatnonzero(np.asarray(self.shock.node) == first)[0]]
        )
        return ShockPath(edges.row[nodes[::-1]].tolist(), steps[::-1], strength)


def strongest_paths(net: Network, shock: Shock, *, least: float = LEAST) -> Strongest:
    """The strongest path to every node, by one search.

    Raises:
        ValueError: A shock is outside [0, 1], its row out of range, or `least` not above 0.
    """
    seeds, start = _started(net, shock)
    search = _blank(net.size)
    found = _search(net.ahead, seeds, start, _most(least), search)
    return Strongest(net, shock, net.index.row[np.sort(found)], search)


def _most(least: float) -> int:
    if not 0 < least <= 1:
        raise ValueError(f"the least strength is {least}; it must be above 0 and at most 1")
    return round(-float(np.log(least)) * _UNIT)


def _started(net: Network, shock: Shock) -> tuple[Rows, Wide]:
    """Places of shocked nodes in order and the costs of their shocks."""
    node, size = np.asarray(shock.node, np.int32), np.asarray(shock.size, np.float64)
    check_rows(node, net.size, "shock")
    bad = ~((size >= 0) & (size <= 1))
    if len(node) != len(size) or bad.any():
        raise ValueError(f"shocks are one from 0 to 1 for each row; they are {size[:3]} for {node[:3]}")
    given = size > 0
    places = net.index.place[node[given]]
    order = np.argsort(places, kind="stable")
    cost = np.rint(-np.log(size[given]) * _UNIT).astype(np.int64)
    return places[order], cost[order]


@jit
def _between(
    ahead: Lists, nodes: Rows, local: Rows, costs: tuple[Wide, Wide], most: int
) -> tuple[Rows, Rows, Wide, Wide]:
    """Edges on walks of at most a cost, among nodes of one: local ends, places, costs."""
    count = 0
    for node in nodes:
        count += ahead.first[node + 1] - ahead.first[node]
    source, target = np.empty(count, np.int32), np.empty(count, np.int32)
    place_of, cost = np.empty(count, np.int64), np.empty(count, np.int64)
    fill = 0
    for node in nodes:
        for place in range(ahead.first[node], ahead.first[node + 1]):
            other = ahead.other[place]
            if ahead.weight[place] <= 0 or local[other] == 0:
                continue
            step = _cost(ahead.weight[place])
            if costs[0][node] - 1 + step + costs[1][other] - 1 <= most:
                source[fill], target[fill], place_of[fill], cost[fill] = (
                    local[node],
                    local[other],
                    place,
                    step,
                )
                fill += 1
    return source[:fill], target[:fill], place_of[:fill], cost[:fill]


def strongest_into(
    net: Network, shock: Shock, row: int, limits: paths.Limits, *, least: float = LEAST
) -> tuple[list[ShockPath], paths.Cut]:
    """The `limits.paths` strongest paths without loops from shocked nodes to one node, strongest first.

    Of parallel edges a path takes the strongest. The node's own shock is a path of no steps.

    Args:
        net: Weights on an index.
        shock: Where paths start.
        row: The caller's row of the node.
        limits: Most steps, paths and edges to be looked at; what cut the list short is returned.
        least: Weaker paths are not looked for.

    Raises:
        ValueError: A shock is outside [0, 1], a row out of range, or `least` not above 0.
    """
    check_rows(np.array([row], np.int32), net.size, "node")
    seeds, start = _started(net, shock)
    most = _most(least)
    ahead, behind = _blank(net.size), _blank(net.size)
    goal = net.index.place[row]
    reached = _search(net.ahead, seeds, start, most, ahead)
    _search(net.behind, np.array([goal], np.int32), np.zeros(1, np.int64), most, behind)
    near = reached[(behind.settled[reached] > 0)]
    near = np.sort(near[ahead.cost[near] - 1 + behind.cost[near] - 1 <= most])
    local = np.zeros(net.size, np.int32)
    local[near] = np.arange(1, len(near) + 1, dtype=np.int32)
    if not local[goal]:
        return [], paths.Cut.NOTHING
    source, target, place, cost = _between(net.ahead, near, local, (ahead.cost, behind.cost), most)
    begin = local[seeds] > 0
    origin = np.zeros(int(begin.sum()), np.int32)
    ends = np.concatenate([origin, source]), np.concatenate([local[seeds[begin]], target])
    parts = np.maximum(np.concatenate([start[begin], cost]), 1) / _UNIT
    keyed = paths.Keyed(np.arange(len(near) + 1, dtype=np.uint64), np.arange(len(parts), dtype=np.uint64))
    walk = paths.walk(paths.adjacency(*ends, len(near) + 1), keyed, np.ones(len(parts), np.uint8))
    wider = paths.Limits(limits.hops + 1, limits.paths, limits.work)
    found = paths.cheapest_paths(
        walk, (0, int(local[goal])), paths.weights(parts), paths.scratch(len(near) + 1), wider
    )
    sizes = _sizes(net, shock)
    listed = [
        _named(net, near, place[np.array(path.edges[1:], np.int64) - len(origin)], path, sizes)
        for path in found.paths
    ]
    return listed, found.cut


def _sizes(net: Network, shock: Shock) -> dict[int, float]:
    return {
        int(net.index.place[node]): float(size) for node, size in zip(shock.node, shock.size, strict=True)
    }


def _named(net: Network, near: Rows, places: Wide, path: paths.Path, sizes: dict[int, float]) -> ShockPath:
    """A path of the local graph, whose first node stands for all shocks, in the caller's rows."""
    nodes = near[np.array(path.nodes[1:]) - 1]
    weights: Floats = np.minimum(net.ahead.weight[places], 1.0)
    return ShockPath(
        net.index.row[nodes].tolist(),
        net.index.edge[places].tolist(),
        float(np.prod(weights)) * sizes[int(nodes[0])],
    )
