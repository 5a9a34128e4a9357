"""The largest paths by which an owner owns a company: chains of holdings in order of the product of their shares."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.algorithms import paths
from graph.algorithms.components import jit
from graph.algorithms.ownership import Upstream

_FREE: Final = 1 / paths.COST_UNIT

Rows = NDArray[np.int32]


class Chain(NamedTuple):
    """Nodes from the owner to the company, and the product of the shares between them."""

    nodes: list[int]
    share: float


def largest_paths(
    upstream: Upstream, ends: tuple[int, int], key: NDArray[np.uint64], limits: paths.Limits
) -> tuple[list[Chain], paths.Cut]:
    """The `limits.paths` largest chains without loops from an owner (the first of `ends`) to a company.

    Holdings of one pair count as one. The order is that of the logarithms to six places; chains as large as each
    other are in order of their nodes' keys.

    Args:
        upstream: What was solved above the company.
        ends: Rows of the owner and of the company.
        key: Stable key by node of the graph.
        limits: Most hops, chains, and holdings to be looked at.
    """
    node, holder, company, share = upstream.looked_through
    place = {int(row): at for at, row in enumerate(node)}
    if ends[0] not in place or ends[1] not in place:
        return [], paths.Cut.NOTHING
    keyed = paths.Keyed(key[node], np.arange(len(share), dtype=np.uint64))
    walk = paths.walk(paths.adjacency(holder, company, len(node)), keyed, np.ones(len(share), np.uint8))
    price = paths.weights(np.maximum(-np.log(np.minimum(share, 1.0)), _FREE))
    local = (place[ends[0]], place[ends[1]])
    found = paths.cheapest_paths(walk, local, price, paths.scratch(len(node)), limits)
    chains = [Chain(node[path.nodes].tolist(), float(np.prod(share[path.edges]))) for path in found.paths]
    return chains, found.cut


@dataclass(frozen=True)
class LargestChains:
    """The largest chain without loops from each owner to one company: the next step towards it, by place.

    `place` finds a node's place; `share` is that of the step to the next.
    """

    node: Rows
    place: dict[int, int]
    onward: Rows
    share: NDArray[np.float64]

    def chain(self, owner: int) -> Chain:
        """Nodes from an owner to the company; only the owner where nothing with a stated share leads there."""
        at = self.place.get(owner, -1)
        nodes, product = [owner], 1.0
        while at >= 0 and self.onward[at] >= 0:
            product *= self.share.item(at)
            at = self.onward.item(at)
            nodes.append(self.node.item(at))
        return Chain(nodes, product)


def largest_chains(upstream: Upstream, company: int, key: NDArray[np.uint64]) -> LargestChains:
    """The largest chain from every owner of a company; of equals the one with fewer steps, then by the nodes' keys.

    Logarithms of shares count to six places.
    """
    node, holder, held, share = upstream.looked_through
    place = {int(row): at for at, row in enumerate(node)}
    first = np.searchsorted(held, np.arange(len(node) + 1)).astype(np.int64)
    cost = np.rint(np.maximum(-np.log(np.minimum(share, 1.0)), _FREE) * paths.COST_UNIT).astype(np.int64)
    onward, step = _cheapest_onward(first, holder, cost, key[node], place[company])
    return LargestChains(
        node, place, onward, np.where(step >= 0, share[step], 0.0) if len(share) else np.zeros(len(node))
    )


@jit
def _cheapest_onward(
    first: NDArray[np.int64], holder: Rows, cost: NDArray[np.int64], key: NDArray[np.uint64], root: int
) -> tuple[Rows, NDArray[np.int64]]:
    """Dijkstra 1959, from the company up: the place of the next step towards it, and the number of that step."""
    size = len(first) - 1
    onward, step = np.full(size, -1, np.int32), np.full(size, -1, np.int64)
    total, hops = np.full(size, -1, np.int64), np.zeros(size, np.int64)
    done = np.zeros(size, np.uint8)
    total[root] = 0
    heap = [(np.int64(0), np.int64(0), np.int64(root))]
    while heap:
        spent, _, at = heappop(heap)
        if done[at]:
            continue
        done[at] = 1
        for number in range(first[at], first[at + 1]):
            other, there = holder[number], spent + cost[number]
            if done[other]:
                continue
            better = total[other] < 0 or there < total[other]
            if not better and there == total[other]:
                rival = onward[other]
                better = hops[at] + 1 < hops[other] or (hops[at] + 1 == hops[other] and key[at] < key[rival])
            if better:
                total[other], hops[other], onward[other], step[other] = there, hops[at] + 1, at, number
                heappush(heap, (np.int64(there), np.int64(hops[other]), np.int64(other)))
    return onward, step
