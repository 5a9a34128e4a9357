"""Guarantee circles (担保圈): who guarantees whom in a circle, what it comes to, and what would break it.

A circle is a strongly connected component of two or more in the graph of guarantor to debtor. Its gross amount is the
sum of its guarantees, its net amount what is left when what two members guarantee for each other is set off. Chains
(担保链) are the longest paths that touch no circle. An amount not known (NaN) is counted as unknown and left out
of sums.

The cheapest way to break a circle is the minimum-weight feedback arc set. For few members it is exact, by dynamic
programming over sets of members (Lawler 1964); beyond that it is the greedy order of Eades, Lin and Smyth (1993) by
amounts. From either no edge can be put back without closing a circle. An unknown amount counts there as the largest
known amount of the circle (1 where none is known), for it would be no answer to break a circle at what nobody knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.algorithms.components import group, jit, strong_components
from graph.algorithms.diffusion import Floats, Index, Mask, Rows, Wide

EXACT_MEMBERS: Final = 18
"""Circles of so many members are broken exactly; each member more doubles the work."""
MOST_EFFECTS: Final = 2000
"""Most edges of one circle for which it is worked out what their removal alone would leave."""
_PRUNING_WORK: Final = 200_000_000


@dataclass(frozen=True)
class Circles:
    """All circles, those of the largest gross amount first, then those with more members, then by keys.

    Members of circle c are `member[first[c]:first[c + 1]]` in the order of their keys, its edges
    `edge[edge_first[c]:edge_first[c + 1]]` in the order of their ends' keys and their own, and pairs that guarantee
    each other `mutual[mutual_first[c]:mutual_first[c + 1]]`; all are the caller's rows. `given` and `received` are by
    member: known amounts inside the circle. `gross`, `net` and `unknown` (edges without an amount) are by circle.
    """

    first: Wide
    member: Rows
    given: Floats
    received: Floats
    edge_first: Wide
    edge: Rows
    source: Rows
    target: Rows
    amount: Floats
    mutual_first: Wide
    mutual: Rows
    gross: Floats
    net: Floats
    unknown: Wide

    def __len__(self) -> int:
        return len(self.gross)

    def members(self, circle: int) -> Rows:
        """Rows of a circle's members."""
        return self.member[self.first[circle] : self.first[circle + 1]]

    def edges(self, circle: int) -> Rows:
        """Rows of a circle's edges."""
        return self.edge[self.edge_first[circle] : self.edge_first[circle + 1]]

    def pairs(self, circle: int) -> list[tuple[int, int]]:
        """Rows of members that guarantee each other (互保)."""
        pairs = self.mutual[self.mutual_first[circle] : self.mutual_first[circle + 1]].tolist()
        return [(one, other) for one, other in pairs]


class _Totals(NamedTuple):
    given: Floats
    received: Floats
    gross: Floats
    net: Floats
    unknown: Wide
    pair_circle: Rows
    pair_one: Rows
    pair_other: Rows


def circles(edges: Index, amount: Floats, mask: Mask | None = None) -> Circles:
    """All circles among shown edges.

    Args:
        edges: Guarantees from guarantor (source) to debtor (target).
        amount: By the caller's row of the edge; NaN where it is not known.
        mask: 0 for edges that do not exist.

    Raises:
        ValueError: The amount of a shown edge is negative or infinite.
    """
    walked, by_place = _walked(edges, amount, mask)
    circle, count = _numbered(edges, walked)
    first, member = group(circle, count + 1)
    source = np.repeat(np.arange(edges.size, dtype=np.int32), np.diff(edges.first))
    inside = (walked > 0) & (circle[source] == circle[edges.target]) & (circle[source] < count)
    edge_first, at = group(np.where(inside, circle[source], count).astype(np.int32), count + 1)
    totals = _totals(edges.first, edges.target, by_place, inside.astype(np.uint8), circle, count)
    order = np.lexsort((member[first[:-2]], -np.diff(first)[:-1], -totals.gross))
    members = _joined(first, order)
    places = member[members]
    entries = at[_joined(edge_first, order)]
    pair_first, pair = group(totals.pair_circle, count)
    pairs = pair[_joined(np.append(pair_first, 0), order)]
    return Circles(
        _starts(first, order),
        edges.row[places],
        totals.given[places],
        totals.received[places],
        _starts(edge_first, order),
        edges.edge[entries],
        edges.row[source[entries]],
        edges.row[edges.target[entries]],
        by_place[entries],
        _starts(np.append(pair_first, 0), order),
        np.stack([edges.row[totals.pair_one[pairs]], edges.row[totals.pair_other[pairs]]], axis=1),
        totals.gross[order],
        totals.net[order],
        totals.unknown[order],
    )


def _walked(edges: Index, amount: Floats, mask: Mask | None) -> tuple[NDArray[np.uint8], Floats]:
    """Which edges exist (one to itself never does), and their amounts, by place."""
    if len(amount) != len(edges.edge) or (mask is not None and len(mask) != len(amount)):
        raise ValueError(f"{len(amount)} amounts for {len(edges.edge)} edges, or a mask of another length")
    shown = np.ones(len(amount), np.bool_) if mask is None else np.asarray(mask, np.bool_)
    bad = ((amount < 0) | np.isinf(amount)) & shown
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"edge {at} has the amount {amount[at]}; an amount is finite, from 0 up, or unknown (NaN)"
        )
    own = np.repeat(np.arange(edges.size, dtype=np.int32), np.diff(edges.first)) == edges.target
    return (shown[edges.edge] & ~own).astype(np.uint8), np.asarray(amount, np.float64)[edges.edge]


def _numbered(edges: Index, walked: NDArray[np.uint8]) -> tuple[Rows, int]:
    """The circle of each place in the order of first members (the number of circles for those in none)."""
    component, parts = strong_components(edges.first, edges.target, walked)
    large = np.bincount(component, minlength=parts) > 1
    inside = np.flatnonzero(large[component])
    found, begin = np.unique(component[inside], return_index=True)
    number = np.full(parts, len(found), np.int32)
    number[found[np.argsort(begin)]] = np.arange(len(found), dtype=np.int32)
    return number[component], len(found)


def _starts(first: Wide, order: Wide) -> Wide:
    """Where lists begin when they are put in another order."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum((first[1:] - first[:-1])[order])])


def _joined(first: Wide, order: Wide) -> Wide:
    """Places of all entries when lists are put in another order."""
    size = (first[1:] - first[:-1])[order]
    starts = np.cumsum(size) - size
    return np.repeat(first[:-1][order] - starts, size) + np.arange(size.sum())


@jit
def _run_of(first: Wide, target: Rows, node: int, other: int) -> int:
    """Place of a node's first edge to another, or where it would stand."""
    low, high = first[node], first[node + 1]
    while low < high:
        middle = (low + high) // 2
        if target[middle] < other:
            low = middle + 1
        else:
            high = middle
    return int(low)


@jit
def _sum_to(
    first: Wide, target: Rows, amount: Floats, inside: NDArray[np.uint8], ends: tuple[int, int]
) -> tuple[float, int]:
    """Known amounts of a node's edges to another, and how many edges there are."""
    node, other = ends
    total, count = 0.0, 0
    place = _run_of(first, target, node, other)
    while place < first[node + 1] and target[place] == other:
        if inside[place]:
            count += 1
            if not np.isnan(amount[place]):
                total += amount[place]
        place += 1
    return total, count


@jit
def _totals(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    first: Wide, target: Rows, amount: Floats, inside: NDArray[np.uint8], circle: Rows, count: int
) -> _Totals:
    size = len(first) - 1
    given, received = np.zeros(size), np.zeros(size)
    gross, net, unknown = np.zeros(count), np.zeros(count), np.zeros(count, np.int64)
    most = 0
    for place in range(len(inside)):
        most += inside[place]
    pair_circle, pair_one = np.empty(most, np.int32), np.empty(most, np.int32)
    pair_other = np.empty(most, np.int32)
    pairs = 0
    for node in range(size):
        if circle[node] == count:
            continue
        last = -1
        for place in range(first[node], first[node + 1]):
            if not inside[place]:
                continue
            other, number = target[place], circle[node]
            if np.isnan(amount[place]):
                unknown[number] += 1
            else:
                given[node] += amount[place]
                received[other] += amount[place]
                gross[number] += amount[place]
            if other == last:
                continue
            last = other
            forward, _ = _sum_to(first, target, amount, inside, (node, other))
            backward, answered = _sum_to(first, target, amount, inside, (other, node))
            if answered == 0:
                net[number] += forward
            elif node < other:
                net[number] += abs(forward - backward)
                pair_circle[pairs], pair_one[pairs], pair_other[pairs] = number, node, other
                pairs += 1
    return _Totals(
        given, received, gross, net, unknown, pair_circle[:pairs], pair_one[:pairs], pair_other[:pairs]
    )


@dataclass(frozen=True)
class Breaking:
    """What breaks a circle, as rows of edges, at which known amount, and how many of them have an unknown amount.

    `exact` says that no other set has a smaller sum. `effects` says by edge (the caller's row) how many members the
    circles have that are left when only that edge is gone, largest first; it lists every edge of the circle, or where
    those are too many (`all_effects` is false) only as many of the edges to be removed as allowed.
    """

    edge: list[int]
    amount: float
    unknown: int
    exact: bool
    effects: dict[int, list[int]]
    all_effects: bool


def breaking(found: Circles, circle: int, *, exact_members: int = EXACT_MEMBERS) -> Breaking:
    """The edges of the smallest amount without which nothing is left of a circle.

    Raises:
        ValueError: There is no such circle.
    """
    if not 0 <= circle < len(found):
        raise ValueError(f"there is no circle {circle}; there are {len(found)}")
    members, edge = found.members(circle), found.edges(circle)
    span = slice(int(found.edge_first[circle]), int(found.edge_first[circle + 1]))
    place = {int(row): at for at, row in enumerate(members)}
    source = np.array([place[row] for row in found.source[span].tolist()], np.int32)
    target = np.array([place[row] for row in found.target[span].tolist()], np.int32)
    amount = found.amount[span]
    known = ~np.isnan(amount)
    weight = np.where(known, amount, amount[known].max() if known.any() else 1.0)
    pair, number = np.unique(source.astype(np.int64) * len(members) + target, return_inverse=True)
    total = np.zeros(len(pair))
    np.add.at(total, number, weight)
    one, other = (pair // len(members)).astype(np.int32), (pair % len(members)).astype(np.int32)
    exact = len(members) <= exact_members
    if exact:
        matrix = np.zeros((len(members), len(members)))
        matrix[one, other] = total
        position = _best_order(matrix)
    else:
        position = _greedy_order(one, other, total, len(members))
    removed = _pruned(one, other, position, total, len(members))[number]
    chosen = np.flatnonzero(removed)
    everything = len(edge) <= MOST_EFFECTS
    looked = np.arange(len(edge)) if everything else chosen[:MOST_EFFECTS]
    effects = {int(edge[at]): _left(source, target, at, len(members)) for at in looked.tolist()}
    known_sum = float(amount[removed & known].sum())
    return Breaking(
        edge[chosen].tolist(), known_sum, int((removed & ~known).sum()), exact, effects, everything
    )


def _left(source: Rows, target: Rows, gone: int, size: int) -> list[int]:
    """Sizes of the circles that are left without one edge; edges are in the order of their sources."""
    first = np.searchsorted(source, np.arange(size + 1)).astype(np.int64)
    walked = np.ones(len(source), np.uint8)
    walked[gone] = 0
    number, count = strong_components(first, target, walked)
    sizes = np.bincount(number, minlength=count)
    left: list[int] = np.sort(sizes[sizes > 1])[::-1].tolist()
    return left


@jit
def _best_order(weight: Floats) -> Rows:
    """Positions of nodes such that edges that lead backward weigh least, by dynamic programming over sets of nodes."""
    size = len(weight)
    cost = np.full(1 << size, np.inf)
    last = np.zeros(1 << size, np.int8)
    cost[0] = 0.0
    for chosen in range(1 << size):
        for node in range(size):
            if chosen >> node & 1:
                continue
            spent = cost[chosen]
            for other in range(size):
                if chosen >> other & 1:
                    spent += weight[node, other]
            after = chosen | 1 << node
            if spent < cost[after]:
                cost[after], last[after] = spent, node
    position = np.zeros(size, np.int32)
    chosen = (1 << size) - 1
    for at in range(size - 1, -1, -1):
        position[last[chosen]] = at
        chosen ^= 1 << last[chosen]
    return position


def _greedy_order(one: Rows, other: Rows, weight: Floats, size: int) -> Rows:
    """Positions by Eades, Lin and Smyth (1993): sinks last, sources first, else who gives most more than it gets."""
    return _greedy(*group(one, size), *group(other, size), one, other, weight)


@jit
def _greedy(  # noqa: C901, PLR0912, PLR0913, PLR0917 - a kernel takes arrays
    first: Wide, out: Rows, back_first: Wide, back: Rows, one: Rows, other: Rows, weight: Floats
) -> Rows:
    size = len(first) - 1
    given, received = np.diff(first), np.diff(back_first)
    lead = np.zeros(size)
    for edge in range(len(one)):
        lead[one[edge]] += weight[edge]
        lead[other[edge]] -= weight[edge]
    heap = [(-lead[0], np.int64(0))]
    free = np.empty(3 * size, np.int64)
    waiting = 0
    for node in range(size):
        heappush(heap, (-lead[node], np.int64(node)))
        if given[node] == 0 or received[node] == 0:
            free[waiting] = node
            waiting += 1
    position = np.full(size, -1, np.int32)
    front, end = 0, size - 1
    for _ in range(size):
        node = -1
        while waiting > 0 and node < 0:
            waiting -= 1
            if position[free[waiting]] < 0:
                node = int(free[waiting])
        while node < 0:
            value, candidate = heappop(heap)
            if position[candidate] < 0 and -value == lead[candidate]:
                node = int(candidate)
        if given[node] == 0:
            position[node] = end
            end -= 1
        else:
            position[node] = front
            front += 1
        for at in range(first[node], first[node + 1]):
            near = other[out[at]]
            if position[near] < 0:
                received[near] -= 1
                lead[near] += weight[out[at]]
                heappush(heap, (-lead[near], np.int64(near)))
                if received[near] == 0:
                    free[waiting] = near
                    waiting += 1
        for at in range(back_first[node], back_first[node + 1]):
            near = one[back[at]]
            if position[near] < 0:
                given[near] -= 1
                lead[near] -= weight[back[at]]
                heappush(heap, (-lead[near], np.int64(near)))
                if given[near] == 0:
                    free[waiting] = near
                    waiting += 1
    return position


def _pruned(one: Rows, other: Rows, position: Rows, weight: Floats, size: int) -> NDArray[np.bool_]:
    """Edges that lead backward, less those that can be put back, the heaviest first, without closing a circle."""
    removed = position[one] > position[other]
    backward = np.flatnonzero(removed)
    order = backward[np.lexsort((backward, -weight[backward]))]
    order = order[: _PRUNING_WORK // max(len(one), 1)]
    _put_back(*group(one, size), one, other, removed, order)
    return removed


@jit
def _put_back(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    first: Wide, out: Rows, one: Rows, other: Rows, removed: NDArray[np.bool_], order: Wide
) -> None:
    size = len(first) - 1
    seen = np.full(size, -1, np.int64)
    stack = np.empty(size, np.int32)
    for number, edge in enumerate(order):
        goal, fill = one[edge], 1
        stack[0] = other[edge]
        seen[other[edge]] = number
        while fill > 0 and seen[goal] != number:
            fill -= 1
            node = stack[fill]
            for at in range(first[node], first[node + 1]):
                near = other[out[at]]
                if not removed[out[at]] and seen[near] != number:
                    seen[near] = number
                    stack[fill] = near
                    fill += 1
        if seen[goal] != number:
            removed[edge] = False


class Chain(NamedTuple):
    """Rows of nodes, each of which guarantees the next, and of the edges between them."""

    nodes: list[int]
    edges: list[int]


def chains(
    edges: Index, mask: Mask | None = None, *, at_least: int = 3, most: int = 100
) -> tuple[list[Chain], int]:
    """For each end of guarantees outside circles the longest chain that leads there, if it has enough edges.

    Args:
        edges: Guarantees from guarantor to debtor.
        mask: 0 for edges that do not exist.
        at_least: Fewest edges of a chain.
        most: How many chains are listed: the longest, ties in the order of the keys of their last nodes.

    Returns:
        The chains, and how many there are in all.
    """
    walked, _ = _walked(edges, np.zeros(len(edges.edge)), mask)
    circle, count = _numbered(edges, walked)
    length, came, is_end = _longest(edges.first, edges.target, walked, (circle < count).astype(np.uint8))
    ends = np.flatnonzero((is_end > 0) & (length >= max(at_least, 1)))
    listed = ends[np.lexsort((ends, -length[ends]))][:most]
    source = np.repeat(np.arange(edges.size, dtype=np.int32), np.diff(edges.first))
    found = []
    for end in listed.tolist():
        at, steps = end, list[int]()
        while came[at] >= 0:
            steps.append(int(came[at]))
            at = int(source[came[at]])
        steps.reverse()
        nodes = [at, *(int(edges.target[step]) for step in steps)]
        found.append(Chain(edges.row[nodes].tolist(), edges.edge[steps].tolist()))
    return found, len(ends)


@jit
def _longest(  # noqa: C901 - one pass in topological order
    first: Wide, target: Rows, walked: NDArray[np.uint8], circular: NDArray[np.uint8]
) -> tuple[Rows, Wide, NDArray[np.uint8]]:
    """By node outside circles: edges of the longest path to it, the last of them, and whether it is an end."""
    size = len(first) - 1
    waiting, length = np.zeros(size, np.int32), np.zeros(size, np.int32)
    came, is_end = np.full(size, -1, np.int64), np.zeros(size, np.uint8)
    for node in range(size):
        for place in range(first[node], first[node + 1]):
            if walked[place] and not circular[node] and not circular[target[place]]:
                waiting[target[place]] += 1
    queue = np.empty(size, np.int32)
    fill, begin = 0, 0
    for node in range(size):
        if waiting[node] == 0 and not circular[node]:
            queue[fill] = node
            fill += 1
    while begin < fill:
        node = queue[begin]
        begin += 1
        is_end[node] = 1
        for place in range(first[node], first[node + 1]):
            other = target[place]
            if not walked[place] or circular[other]:
                continue
            is_end[node] = 0
            longer = length[node] + 1 > length[other]
            if longer or (length[node] + 1 == length[other] and place < came[other]):
                length[other], came[other] = length[node] + 1, place
            waiting[other] -= 1
            if waiting[other] == 0:
                queue[fill] = other
                fill += 1
    return length, came, is_end
