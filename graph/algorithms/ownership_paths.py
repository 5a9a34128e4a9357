"""The largest paths by which an owner owns a company: chains of holdings in order of the product of their shares."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.algorithms import paths
from graph.algorithms.ownership import Upstream

_FREE: Final = 1 / paths.COST_UNIT


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
    node, holder, company, share = upstream.looked_through()
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
